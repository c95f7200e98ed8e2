//! Where suspects were found before, as a head start for the next search.
//!
//! One small file for each MAC, below the folder of the journals: `found/04d4c4123456.json`. Nothing depends on it: one
//! that cannot be read counts as none.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::mac::Mac;

const FOLDER: &str = "found";

/// No such file is larger.
const MAX_OCTETS: u64 = 64 * 1024;

/// Where a suspect was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Found {
    /// The switch's name in the configuration.
    pub(super) switch: String,
    /// The port's label.
    pub(super) port: String,
    /// When.
    pub(super) at: jiff::Timestamp,
}

/// Returns where `mac` was found last.
pub(super) fn recall(state: &Path, mac: Mac) -> Option<Found> {
    let path = path(state, mac);
    let small = fs::metadata(&path).is_ok_and(|file| file.len() <= MAX_OCTETS);
    let text = fs::read(&path).ok().filter(|_| small)?;
    serde_json::from_slice(&text).ok()
}

/// Notes where `mac` was found.
///
/// # Errors
/// The file cannot be written.
pub(super) fn note(state: &Path, mac: Mac, found: &Found) -> io::Result<()> {
    let path = path(state, mac);
    let folder = path.parent().unwrap_or(state);
    fs::create_dir_all(folder)?;
    // Beside its place and renamed, so that it is never half a file.
    let mut beside = tempfile::NamedTempFile::new_in(folder)?;
    beside.write_all(&serde_json::to_vec(found)?)?;
    beside.persist(&path)?;
    Ok(())
}

fn path(state: &Path, mac: Mac) -> PathBuf {
    let name: String = mac.0.iter().map(|octet| format!("{octet:02x}")).collect();
    state.join(FOLDER).join(name).with_extension("json")
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 0x57]);

    fn found(port: &str) -> Found {
        Found {
            switch: "office-1".to_owned(),
            port: port.to_owned(),
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn the_last_place_is_remembered() {
        let state = tempfile::tempdir().unwrap();
        assert_eq!(recall(state.path(), MAC), None);
        note(state.path(), MAC, &found("7")).unwrap();
        note(state.path(), MAC, &found("9")).unwrap();
        assert_eq!(recall(state.path(), MAC), Some(found("9")));
    }

    #[test]
    fn a_file_that_makes_no_sense_counts_as_none() {
        let state = tempfile::tempdir().unwrap();
        note(state.path(), MAC, &found("7")).unwrap();
        fs::write(path(state.path(), MAC), "{").unwrap();
        assert_eq!(recall(state.path(), MAC), None);
    }
}
