//! The list that an import goes to: read once, compared, and replaced in one step or not at all.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::error::ImportError;
use super::plan::Plan;
use super::rewrite;
use crate::patch::check::check;
use crate::patch::list::{PatchError, PatchList, Problem, octets};

/// The list that an import goes to.
#[derive(Clone, Debug)]
pub struct Target {
    /// The file.
    pub file: PathBuf,
    present: Option<(Vec<u8>, PatchList)>,
}

impl Target {
    /// Reads the present list, if there is one.
    ///
    /// # Errors
    /// [`PatchError`], if there is a file that is no patch list or cannot be read.
    pub fn open(file: &Path) -> Result<Target, PatchError> {
        let present = match octets(file) {
            Ok(bytes) => {
                // An empty file, such as `touch` leaves, is as good as none; it is replaced all the same.
                let list = (!bytes.is_empty())
                    .then(|| PatchList::parse(file, &bytes))
                    .transpose()?;
                list.map(|list| (bytes, list))
            }
            Err(PatchError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => {
                None
            }
            Err(error) => return Err(error),
        };
        Ok(Target {
            file: file.to_owned(),
            present,
        })
    }

    /// The present list, if there is one.
    #[must_use]
    pub fn list(&self) -> Option<&PatchList> {
        self.present.as_ref().map(|(_, list)| list)
    }

    /// Returns the list's text after an import.
    ///
    /// # Errors
    /// [`ImportError::Faulty`]: what cannot be read cannot be kept right.
    pub fn rewritten(&self, plan: &Plan) -> Result<Vec<u8>, ImportError> {
        let Some((bytes, list)) = &self.present else {
            return Ok(rewrite::written(plan));
        };
        match list.problems().first() {
            None => Ok(rewrite::rewritten(bytes, list, plan)),
            Some(problem) => Err(ImportError::Faulty {
                file: self.file.clone(),
                line: problem.line,
                what: problem.what.clone(),
            }),
        }
    }

    /// Returns what [`check`] will say of a new text and does not say of the present list.
    ///
    /// # Errors
    /// As [`PatchList::read`].
    pub fn problems_after(
        &self,
        text: &[u8],
        switches: &BTreeSet<&str>,
    ) -> Result<Vec<Problem>, PatchError> {
        let before = self.list().map(|list| check(list, switches));
        let before = before.unwrap_or_default();
        let mut after = check(&PatchList::parse(&self.file, text)?, switches);
        after.retain(|problem| !before.contains(problem));
        Ok(after)
    }

    /// Replaces the list by a new text: a crash leaves the old or the new one, never a part.
    ///
    /// # Errors
    /// [`ImportError::Overtaken`] and [`ImportError::Unwritable`]; the list is then as it was.
    pub fn write(&self, text: &[u8]) -> Result<(), ImportError> {
        // Where the list is a link, what it leads to is replaced, not the link.
        let path = fs::canonicalize(&self.file).unwrap_or_else(|_| self.file.clone());
        let put = || -> io::Result<bool> {
            let folder = match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder,
                _ => Path::new("."),
            };
            let mut beside = tempfile::Builder::new()
                .prefix(".halfspan-patch-")
                .permissions(Permissions::from_mode(0o666))
                .tempfile_in(folder)?;
            beside.write_all(text)?;
            match fs::metadata(&path) {
                Ok(old) => take_after(&old, beside.as_file())?,
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
            beside.as_file().sync_all()?;
            if !self.is_as_read(&path)? {
                return Ok(false);
            }
            beside.persist(&path).map_err(|error| error.error)?;
            File::open(folder)?.sync_all()?;
            Ok(true)
        };
        match put() {
            Ok(true) => Ok(()),
            Ok(false) => Err(ImportError::Overtaken {
                file: self.file.clone(),
            }),
            Err(source) => Err(ImportError::Unwritable {
                file: self.file.clone(),
                source,
            }),
        }
    }

    fn is_as_read(&self, path: &Path) -> io::Result<bool> {
        let read = self.present.as_ref().map_or(&[][..], |(bytes, _)| bytes);
        match fs::metadata(path) {
            Ok(now) if now.len() != read.len() as u64 => Ok(false),
            Ok(_) => Ok(fs::read(path)? == read),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(self.present.is_none()),
            Err(error) => Err(error),
        }
    }
}

/// Gives a new file the rights of the old one.
fn take_after(old: &Metadata, new: &File) -> io::Result<()> {
    let own = new.metadata()?;
    if (own.uid(), own.gid()) != (old.uid(), old.gid()) {
        // Under sudo the list stays its owner's. Who may not give files away keeps it, and loses nothing by that.
        fchown(new, Some(old.uid()), Some(old.gid())).ok();
    }
    new.set_permissions(Permissions::from_mode(old.mode() & 0o7777))
}
