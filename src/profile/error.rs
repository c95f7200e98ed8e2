//! What can be wrong with a profile, and the nearest known word for a misspelt one.

use std::path::PathBuf;

use crate::error::{Diagnosis, Exit};

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// There is no such profile.
    #[error("there is no profile `{name}`")]
    NotFound {
        /// As asked for.
        name: String,
        /// The built-in profile with the most similar name.
        nearest: Option<String>,
    },
    /// The file cannot be read.
    #[error("cannot read the profile {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is far larger than any profile.
    #[error("{}:1:1: a profile has at most {limit} octets, and this is more", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in octets.
        limit: u64,
    },
    /// The YAML is not that of a profile.
    #[error("{origin}:{line}:{column}: {what}")]
    Yaml {
        /// The file or the built-in profile's name.
        origin: String,
        /// Counted from 1; 0 if unknown.
        line: u64,
        /// Counted from 1; 0 if unknown.
        column: u64,
        /// What is wrong.
        what: String,
        /// The nearest known word for a misspelt one.
        nearest: Option<String>,
    },
    /// The YAML is well-formed, but what it says does not hold together.
    #[error("{origin}:{line}:{column}: {place}: {what}")]
    Invalid {
        /// The file or the built-in profile's name.
        origin: String,
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
        /// The key, or the object.
        place: String,
        /// What is wrong.
        what: String,
        /// What to write instead.
        hint: Option<String>,
    },
}

impl Diagnosis for ProfileError {
    fn hint(&self) -> Option<String> {
        match self {
            ProfileError::NotFound { nearest, .. } => Some(match nearest {
                Some(name) => format!("did you mean `{name}`? see `halfspan profile list`"),
                None => "see `halfspan profile list`".to_owned(),
            }),
            ProfileError::Yaml { nearest, .. } => nearest
                .as_ref()
                .map(|word| format!("did you mean `{word}`?")),
            ProfileError::Invalid { hint, .. } => hint.clone(),
            ProfileError::Read { .. } | ProfileError::TooLarge { .. } => None,
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

/// Returns the known word that is most similar to `word` or that `word` abbreviates, if there is one.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |candidate: &str| {
        if word.len() >= 3 && candidate.starts_with(word) {
            return 1;
        }
        strsim::damerau_levenshtein(word, candidate)
    };
    known
        .into_iter()
        .map(|candidate| (distance(candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
