//! Files that are read whole, and no further than such a file can be meant to be.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reads a file of at most `limit` octets; `None` if it is larger.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_whole_or_not_at_all() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "12345").unwrap();
        assert_eq!(
            read(file.path(), 5).unwrap().as_deref(),
            Some(&b"12345"[..])
        );
        assert_eq!(read(file.path(), 4).unwrap(), None);
        assert!(read(Path::new("/nowhere/at/all"), 4).is_err());
    }
}
