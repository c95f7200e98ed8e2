//! Cron jobs: the line of a table that a command came from.

use std::fs;
use std::path::{Path, PathBuf};

/// A line of a cron table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) file: PathBuf,
    /// From 1.
    pub(super) line: usize,
    pub(super) text: String,
}

/// Where tables are: the system's, packages', users'.
const TABLES: [&str; 5] = [
    "/etc/crontab",
    "/etc/anacrontab",
    "/etc/cron.d",
    "/var/spool/cron/crontabs",
    "/var/spool/cron",
];
/// A table that is larger is none, in octets.
const MAX_TABLE: u64 = 1 << 20;

/// Tells whether a process of this name runs jobs at their times.
pub(super) fn is_daemon(name: &str) -> bool {
    ["cron", "crond", "anacron", "atd", "fcron", "cronie"]
        .iter()
        .any(|daemon| name.eq_ignore_ascii_case(daemon))
}

/// Looks for the line that a command stands in.
pub(super) fn entry_of(command: &str) -> Option<Entry> {
    let tables = TABLES.iter().flat_map(|place| tables(Path::new(place)));
    tables.into_iter().find_map(|file| {
        let is_small = fs::metadata(&file).is_ok_and(|about| about.len() <= MAX_TABLE);
        let text = is_small.then(|| fs::read(&file).ok()).flatten()?;
        let (line, text) = line_with(&String::from_utf8_lossy(&text), command)?;
        Some(Entry { file, line, text })
    })
}

/// Returns a table, or the tables in a folder.
fn tables(place: &Path) -> Vec<PathBuf> {
    if place.is_file() {
        return vec![place.to_owned()];
    }
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort_unstable();
    files
}

/// Returns the number and the text of the line that ends with the command. Cron hands all behind an unescaped `%` to
/// the command as its input.
fn line_with(table: &str, command: &str) -> Option<(usize, String)> {
    let command = command.trim();
    if command.is_empty() {
        return None;
    }
    let mut lines = table.lines().map(str::trim).zip(1..);
    let found = lines.find(|(line, _)| {
        let is_job = !line.starts_with('#') && !line.is_empty();
        is_job && command_of(line).ends_with(command)
    });
    found.map(|(line, number)| (number, line.to_owned()))
}

fn command_of(line: &str) -> String {
    let mut command = String::new();
    let mut is_escaped = false;
    for letter in line.chars() {
        if letter == '%' && !is_escaped {
            break;
        }
        if letter == '%' {
            command.pop();
        }
        is_escaped = letter == '\\';
        command.push(letter);
    }
    command.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_a_command_is_found() {
        let table = "# m h dom mon dow user command\nSHELL=/bin/sh\n\n#*/5 * * * * root /opt/a --old\n\
                     */5 * * * * root  /opt/a --now \n@reboot me date +\\%F >>/tmp/l%input\n";
        let line = |command| line_with(table, command).map(|(line, _)| line);
        assert_eq!(line("/opt/a --now"), Some(5));
        assert_eq!(line("/opt/a --old"), None);
        assert_eq!(line("date +%F >>/tmp/l"), Some(6));
        assert_eq!(line(""), None);
    }

    #[test]
    fn daemons_are_told_by_name() {
        assert!(is_daemon("CRON") && is_daemon("crond"));
        assert!(!is_daemon("cronolog"));
    }
}
