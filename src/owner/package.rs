//! Which package a file came with: dpkg's lists, else what rpm says.
//!
//! rpm keeps its lists in a database whose format changed twice; its own program is asked, which only reads.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DPKG_LISTS: &str = "/var/lib/dpkg/info";
const RPM: &str = "/usr/bin/rpm";

/// Returns the package that a file belongs to.
pub(super) fn of_file(file: &Path) -> Option<String> {
    let by_dpkg = in_lists(Path::new(DPKG_LISTS), file);
    by_dpkg.or_else(|| by_rpm(|| Command::new(RPM), file))
}

/// Asks the program `rpm`; `None` where there is none, or it knows no package.
fn by_rpm(rpm: impl Fn() -> Command, file: &Path) -> Option<String> {
    let ask = |spelling: PathBuf| {
        let output = rpm()
            .args(["-qf", "--queryformat", "%{NAME}\\n", "--"])
            .arg(spelling)
            .env_clear()
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .output()
            .ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        let name = text.lines().next()?;
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._+".contains(&octet);
        let is_name = !name.is_empty() && name.bytes().all(plain);
        (output.status.success() && is_name).then(|| name.to_owned())
    };
    spellings(file).into_iter().find_map(ask)
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

    #[test]
    fn rpm_is_asked_for_the_package_and_believed_only_if_it_names_one() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("rpm");
        let text = "case $5 in /bin/bash) echo bash; echo bash2;; /bin/odd) echo 'a b';; *) \
                    echo \"file $5 is not owned by any package\"; exit 1;; esac";
        fs::write(&script, text).unwrap();
        let rpm = || {
            let mut shell = Command::new("/bin/sh");
            shell.arg(&script);
            shell
        };
        let package = |file| by_rpm(rpm, Path::new(file));
        assert_eq!(package("/bin/bash").as_deref(), Some("bash"));
        assert_eq!(package("/usr/bin/bash").as_deref(), Some("bash"));
        assert_eq!(package("/bin/odd"), None);
        assert_eq!(package("/bin/none"), None);
        let nothing = || Command::new("/nonexistent/rpm");
        assert_eq!(by_rpm(nothing, Path::new("/bin/sh")), None);
    }
}
