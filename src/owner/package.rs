//! Which package a file came with: dpkg's lists.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};

const DPKG_LISTS: &str = "/var/lib/dpkg/info";

/// Returns the package that a file belongs to.
pub(super) fn of_file(file: &Path) -> Option<String> {
    in_lists(Path::new(DPKG_LISTS), file)
}

fn in_lists(lists: &Path, file: &Path) -> Option<String> {
    let spellings = spellings(file);
    let mut lists: Vec<_> = fs::read_dir(lists)
        .ok()?
        .flatten()
        .map(|entry| entry.path())
        .collect();
    lists.sort_unstable();
    lists.into_iter().find_map(|list| {
        let package = list
            .file_name()?
            .to_str()?
            .strip_suffix(".list")?
            .to_owned();
        let lines = BufReader::new(File::open(&list).ok()?).lines();
        let mut lines = lines.map_while(Result::ok);
        let has_it = lines.any(|line| spellings.iter().any(|path| Path::new(&line) == path));
        has_it.then_some(package)
    })
}

/// Lists may name a file by where it was before `/bin` and `/lib` were moved below `/usr`.
fn spellings(file: &Path) -> Vec<PathBuf> {
    let mut spellings = vec![file.to_owned()];
    if let Ok(below) = file.strip_prefix("/usr") {
        spellings.push(Path::new("/").join(below));
    }
    spellings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_package_whose_list_names_the_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text| fs::write(folder.path().join(name), text).unwrap();
        write("curl.list", "/.\n/usr/bin\n/usr/bin/curl\n");
        write("dash:amd64.list", "/bin/sh\n/bin/dash\n");
        write("dash.md5sums", "/usr/bin/other\n");
        let package = |file| in_lists(folder.path(), Path::new(file));
        assert_eq!(package("/usr/bin/curl").as_deref(), Some("curl"));
        assert_eq!(package("/usr/bin/dash").as_deref(), Some("dash:amd64"));
        assert_eq!(package("/usr/bin/other"), None);
        assert_eq!(package("/usr/bin/cur"), None);
    }
}
