//! Where the file is looked for.

use std::path::PathBuf;

use etcetera::BaseStrategy;

use super::ConfigError;

/// The file's name in the present folder and in the user's configuration folder.
pub const FILE_NAME: &str = "halfspan.yaml";

/// The environment variable that names the file.
const VARIABLE: &str = "HALFSPAN_CONFIG";

/// The places in the order in which they are asked.
#[derive(Clone, Debug, Default)]
pub struct Lookup {
    /// `--config FILE` or `$HALFSPAN_CONFIG`: this one and no other.
    pub named: Option<PathBuf>,
    /// Tried one after the other where none was named.
    pub usual: Vec<PathBuf>,
}

impl Lookup {
    /// Takes the flag, the environment and the user's folders into account.
    #[must_use]
    pub fn new(flag: Option<PathBuf>) -> Self {
        let variable = std::env::var_os(VARIABLE).filter(|text| !text.is_empty());
        let user = etcetera::choose_base_strategy()
            .ok()
            .map(|folders| folders.config_dir().join("halfspan").join(FILE_NAME));
        Lookup {
            named: flag.or(variable.map(PathBuf::from)),
            usual: std::iter::once(PathBuf::from(FILE_NAME))
                .chain(user)
                .collect(),
        }
    }

    /// Returns the file to read.
    ///
    /// # Errors
    /// [`ConfigError::NoFile`], if none was named and none of the usual ones exists.
    pub fn find(&self) -> Result<PathBuf, ConfigError> {
        if let Some(file) = &self.named {
            return Ok(file.clone());
        }
        let there = self.usual.iter().find(|file| file.exists());
        there.cloned().ok_or_else(|| ConfigError::NoFile {
            looked: self.usual.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_file_is_taken_even_where_another_one_lies_in_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let usual = folder.path().join(FILE_NAME);
        std::fs::write(&usual, "").unwrap();
        let mut lookup = Lookup {
            named: Some(PathBuf::from("/nowhere/other.yaml")),
            usual: vec![folder.path().join("missing.yaml"), usual.clone()],
        };
        assert_eq!(lookup.find().unwrap(), PathBuf::from("/nowhere/other.yaml"));
        lookup.named = None;
        assert_eq!(lookup.find().unwrap(), usual);
    }

    #[test]
    fn without_any_file_the_places_are_named() {
        let lookup = Lookup {
            named: None,
            usual: vec![PathBuf::from("/nowhere/halfspan.yaml")],
        };
        let error = lookup.find().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no configuration file; looked for /nowhere/halfspan.yaml"
        );
    }
}
