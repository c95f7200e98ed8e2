//! One run per switch at a time: a locked file that also says who holds it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

use super::MirrorError;
use super::journal::file_name;

/// Holds a switch until it is dropped, or the process ends in whatever way.
#[derive(Debug)]
pub(super) struct SwitchLock(File);

impl Drop for SwitchLock {
    /// Closing the file is not enough: a program that is being started holds a copy of it until it runs.
    fn drop(&mut self) {
        drop(self.0.unlock());
    }
}

impl SwitchLock {
    /// Locks a switch; the lock file lies beside its journal.
    ///
    /// # Errors
    /// [`MirrorError::Busy`], or [`MirrorError::Journal`] if the folder cannot be used.
    pub(super) fn take(folder: &Path, switch: &str) -> Result<Self, MirrorError> {
        let path = folder.join(file_name(switch, "lock"));
        let failed = |source| MirrorError::Journal {
            path: path.clone(),
            doing: "locked",
            source,
        };
        fs::create_dir_all(folder).map_err(failed)?;
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(MirrorError::Busy {
                    switch: switch.to_owned(),
                    pid: holder(&mut file),
                });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let note = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        note(&mut file).map_err(failed)?;
        Ok(SwitchLock(file))
    }
}

/// Reads the pid that the holder has noted.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_the_file_in_a_program_that_is_being_started_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let lock = SwitchLock::take(folder.path(), "office-1").unwrap();
        let _copy = lock.0.try_clone().unwrap();
        let busy = SwitchLock::take(folder.path(), "office-1");
        assert!(
            matches!(busy, Err(MirrorError::Busy { pid: Some(pid), .. }) if pid == std::process::id())
        );
        drop(lock);
        SwitchLock::take(folder.path(), "office-1").unwrap();
    }
}
