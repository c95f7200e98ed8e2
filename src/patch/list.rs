//! The patch list: a CSV file with the heading `switch,port,panel,position,outlet,room,note`.
//!
//! Spreadsheets write it in many ways, so a byte order mark, CRLF, `;` or tabs, any order of columns and columns
//! of one's own are all fine. A line that makes no sense is left out and told; it does not stop a run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::rows::{Row, Rows, quoted};
use crate::bounded;
use crate::error::{Diagnosis, Exit};
use crate::locate::PatchReport;
use crate::port::SwitchPort;

/// The columns that halfspan knows, in their usual order.
pub const COLUMNS: [&str; 7] = [
    "switch", "port", "panel", "position", "outlet", "room", "note",
];

/// The largest file that is read: some hundred thousand ports.
pub(super) const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// The mark that some programs put before UTF-8.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// The patch list as read.
#[derive(Clone, Debug)]
pub struct PatchList {
    separator: char,
    heading: Vec<String>,
    entries: Vec<Entry>,
    by_port: BTreeMap<(String, String), usize>,
    problems: Vec<Problem>,
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The line in the file, from 1.
    pub line: u64,
    /// The switch.
    pub switch: String,
    /// The port: its label, its `ifName` or `if:N`.
    pub port: String,
    /// Where the cable ends.
    #[serde(flatten)]
    pub place: PatchReport,
}

/// Something wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The line in the file, from 1.
    pub line: u64,
    /// What is wrong, in words.
    pub what: String,
}

/// Why the list cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum PatchError {
    /// The file is not there or may not be read.
    #[error("cannot read the patch list {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is too large to be meant.
    #[error("the patch list {} is larger than {} MiB: is it the right file?", file.display(), limit / (1024 * 1024))]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The most octets that are read.
        limit: u64,
    },
    /// The heading lacks a column without which nothing can be looked up.
    #[error("{}:1: the heading has no column `{column}`", file.display())]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The column.
        column: &'static str,
    },
}

impl Diagnosis for PatchError {
    fn hint(&self) -> Option<String> {
        match self {
            PatchError::Unreadable { .. } => {
                Some("check `patch:` in halfspan.yaml and the file's permissions".to_owned())
            }
            PatchError::TooLarge { .. } => None,
            PatchError::NoColumn { .. } => {
                Some(format!("the first line is: {}", COLUMNS.join(",")))
            }
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl PatchList {
    /// Reads a file.
    ///
    /// # Errors
    /// [`PatchError`]; mistakes in single lines are no error but [`PatchList::problems`].
    pub fn read(path: &Path) -> Result<PatchList, PatchError> {
        PatchList::parse(path, &octets(path)?)
    }

    /// Reads the text of a file; `path` is for messages.
    ///
    /// # Errors
    /// [`PatchError::NoColumn`]
    pub(super) fn parse(path: &Path, bytes: &[u8]) -> Result<PatchList, PatchError> {
        let bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
        let separator = separator(bytes);
        let mut list = PatchList {
            separator: char::from(separator),
            heading: Vec::new(),
            entries: Vec::new(),
            by_port: BTreeMap::new(),
            problems: Vec::new(),
        };
        for Row { line, record, .. } in Rows::new(bytes, separator) {
            let cells = list.cells(line, &record);
            if list.heading.is_empty() {
                list.heading = heading(&cells);
                list.demand(path, "switch")?;
                list.demand(path, "port")?;
            } else if cells.iter().any(|cell| !cell.is_empty()) {
                list.add(line, &cells);
            }
        }
        if list.heading.is_empty() {
            list.demand(path, "switch")?;
        }
        Ok(list)
    }

    fn demand(&self, file: &Path, column: &'static str) -> Result<(), PatchError> {
        if self.heading.iter().any(|name| name == column) {
            return Ok(());
        }
        Err(PatchError::NoColumn {
            file: file.to_owned(),
            column,
        })
    }

    fn cells(&mut self, line: u64, record: &csv::ByteRecord) -> Vec<String> {
        let mut cells = Vec::with_capacity(record.len());
        for cell in record {
            let text = String::from_utf8_lossy(cell);
            if text.contains(char::REPLACEMENT_CHARACTER) {
                self.problem(line, "not UTF-8 text: save the file as UTF-8");
            }
            if text.trim().contains('\n') {
                self.problem(line, "a cell runs over several lines: is a quote missing?");
            }
            cells.push(text.trim().to_owned());
        }
        cells
    }

    fn add(&mut self, line: u64, cells: &[String]) {
        if cells.len() > self.heading.len()
            && cells
                .iter()
                .skip(self.heading.len())
                .any(|cell| !cell.is_empty())
        {
            self.problem(line, "more cells than the heading has columns");
        }
        let mut entry = Entry {
            line,
            switch: String::new(),
            port: String::new(),
            place: PatchReport::default(),
        };
        for (column, cell) in self.heading.iter().zip(cells) {
            entry.store(column, cell);
        }
        match (entry.switch.is_empty(), entry.port.is_empty()) {
            (true, _) => self.problem(line, "no switch is named"),
            (false, true) => self.problem(line, "no port is named"),
            (false, false) => self.index(entry),
        }
    }

    fn index(&mut self, entry: Entry) {
        let key = (entry.switch.clone(), entry.port.to_lowercase());
        let first = self
            .by_port
            .get(&key)
            .and_then(|&place| self.entries.get(place));
        if let Some(first) = first {
            let what = format!(
                "{} port {} is already in line {}, which counts",
                entry.switch, entry.port, first.line
            );
            self.problem(entry.line, what);
        } else {
            self.by_port.insert(key, self.entries.len());
            self.entries.push(entry);
        }
    }

    fn problem(&mut self, line: u64, what: impl Into<String>) {
        let what = what.into();
        self.problems.push(Problem { line, what });
    }

    /// The usable lines, in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What is wrong with the other lines, in the order of the file.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The names of the columns, in the order of the file.
    pub(super) fn heading(&self) -> &[String] {
        &self.heading
    }

    /// What stands between two cells.
    pub(super) fn separator(&self) -> char {
        self.separator
    }

    /// Returns the line of a port, by one of its names as the list may write it.
    pub(super) fn named(&self, switch: &str, port: &str) -> Option<&Entry> {
        let key = (switch.to_owned(), port.to_lowercase());
        self.entries.get(*self.by_port.get(&key)?)
    }

    /// Returns the line of a port, by its label, its `ifName` or its `ifIndex`.
    #[must_use]
    pub fn look_up(&self, switch: &str, port: &SwitchPort) -> Option<&Entry> {
        let index = port.if_index.map(|index| format!("if:{}", index.0));
        let names = [Some(&port.label.0), Some(&port.if_name), index.as_ref()];
        names
            .into_iter()
            .flatten()
            .find_map(|name| self.named(switch, name))
    }

    /// Returns the line to append for a port, with the places to fill in upper case.
    pub(super) fn line_for(&self, switch: &str, port: &str) -> String {
        let cell = |column: &String| match column.as_str() {
            "switch" => quoted(switch, self.separator),
            "port" => quoted(port, self.separator),
            "panel" | "position" | "outlet" | "room" => column.to_uppercase(),
            _ => String::new(),
        };
        let cells: Vec<String> = self.heading.iter().map(cell).collect();
        cells.join(&self.separator.to_string())
    }
}

impl Entry {
    /// Returns the cell of a column, empty where the line has none.
    #[must_use]
    pub fn cell(&self, column: &str) -> &str {
        match column {
            "switch" => &self.switch,
            "port" => &self.port,
            of_the_place => self.place.cell(of_the_place),
        }
    }

    pub(super) fn store(&mut self, column: &str, cell: &str) {
        let place = &mut self.place;
        let slot = match column {
            "switch" => &mut self.switch,
            "port" => &mut self.port,
            "panel" => &mut place.panel,
            "position" => &mut place.position,
            "outlet" => &mut place.outlet,
            "room" => &mut place.room,
            "note" => &mut place.note,
            "" => return,
            _ if cell.is_empty() => return,
            other => place.extra.entry(other.to_owned()).or_default(),
        };
        cell.clone_into(slot);
    }
}

/// Reads a file that may not be larger than a list can be.
pub(super) fn octets(path: &Path) -> Result<Vec<u8>, PatchError> {
    let unreadable = |source| PatchError::Unreadable {
        file: path.to_owned(),
        source,
    };
    let too_large = || PatchError::TooLarge {
        file: path.to_owned(),
        limit: MAX_BYTES,
    };
    bounded::read(path, MAX_BYTES)
        .map_err(unreadable)?
        .ok_or_else(too_large)
}

/// Headings are compared without regard to case; those of one's own keep theirs.
fn heading(cells: &[String]) -> Vec<String> {
    let known = |cell: &String| {
        let lower = cell.to_lowercase();
        if COLUMNS.contains(&lower.as_str()) {
            lower
        } else {
            cell.clone()
        }
    };
    cells.iter().map(known).collect()
}

/// Returns whichever of `,`, `;` and tab the first line has most of.
fn separator(bytes: &[u8]) -> u8 {
    let first = bytes
        .split(|&byte| byte == b'\n')
        .find(|line| !line.is_empty());
    let count = |separator: u8| {
        let line = first.unwrap_or_default();
        line.iter().filter(|&&byte| byte == separator).count()
    };
    // `max_by_key` takes the last of equals, so the comma stands last.
    [b'\t', b';', b',']
        .into_iter()
        .max_by_key(|&separator| count(separator))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{IfIndex, Link, PanelPort, PortId};

    fn parse(bytes: &[u8]) -> PatchList {
        PatchList::parse(Path::new("patch.csv"), bytes).unwrap()
    }

    fn port(label: &str, if_name: &str, if_index: u32) -> SwitchPort {
        SwitchPort {
            id: PortId(1),
            label: PanelPort(label.to_owned()),
            if_name: if_name.to_owned(),
            alias: String::new(),
            if_index: Some(IfIndex(if_index)),
            bridge_port: None,
            link: Link::Up,
        }
    }

    #[test]
    fn spreadsheets_may_write_it_as_they_like() {
        let plain = "switch,port,panel,position,outlet,room,note\noffice-1,17,B,05,2.14-B,2.14,\n";
        let excel = "\u{feff}Outlet;PORT;switch;Panel;position;room\r\n2.14-B;17;office-1;B;05;2.14\r\n;;;;;\r\n";
        let tabs =
            "switch\tport\toutlet\tpanel\tposition\troom\noffice-1\t17\t2.14-B\tB\t05\t2.14\n";
        let wanted = parse(plain.as_bytes());
        for text in [excel, tabs] {
            let list = parse(text.as_bytes());
            assert_eq!(list.entries(), wanted.entries());
            assert_eq!(list.problems(), []);
        }
    }

    #[test]
    fn columns_of_one_s_own_are_kept() {
        let list = parse(b"switch,port,outlet,Cable Nr\na,1,x1,4711\na,2,x2,\n");
        let extra: Vec<_> = list
            .entries()
            .iter()
            .map(|entry| &entry.place.extra)
            .collect();
        assert_eq!(extra[0].get("Cable Nr").map(String::as_str), Some("4711"));
        assert!(extra[1].is_empty());
    }

    #[test]
    fn a_port_is_found_by_label_name_or_index() {
        let list = parse(b"switch,port,outlet\na,1/0/1,x1\na,Gi1/0/2,x2\na,if:53,x3\nb,1/0/1,y1\n");
        let outlet = |switch, port: &SwitchPort| {
            let entry = list.look_up(switch, port)?;
            Some(entry.place.outlet.clone())
        };
        assert_eq!(
            outlet("a", &port("1/0/1", "gi1/0/1", 51)).as_deref(),
            Some("x1")
        );
        assert_eq!(
            outlet("a", &port("1/0/2", "gi1/0/2", 52)).as_deref(),
            Some("x2")
        );
        assert_eq!(
            outlet("a", &port("1/0/3", "gi1/0/3", 53)).as_deref(),
            Some("x3")
        );
        assert_eq!(
            outlet("b", &port("1/0/1", "gi1/0/1", 51)).as_deref(),
            Some("y1")
        );
        assert_eq!(outlet("c", &port("1/0/1", "gi1/0/1", 51)), None);
    }

    #[test]
    fn lines_that_make_no_sense_are_told_and_left_out() {
        let list = parse(
            b"switch,port,outlet\n\na,1,x1\n,2,x2\na,,x3\na,1,x4\na,5,x5,more\na,6,B\xfcro\na,7,\"x7\na,8,x8\n",
        );
        let told: Vec<_> = list
            .problems()
            .iter()
            .map(|problem| format!("{}: {}", problem.line, problem.what))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r"
        4: no switch is named
        5: no port is named
        6: a port 1 is already in line 3, which counts
        7: more cells than the heading has columns
        8: not UTF-8 text: save the file as UTF-8
        9: a cell runs over several lines: is a quote missing?
        ");
        let ports: Vec<_> = list
            .entries()
            .iter()
            .map(|entry| entry.port.as_str())
            .collect();
        assert_eq!(ports, ["1", "5", "6", "7"]);
    }

    #[test]
    fn without_its_two_columns_it_is_no_list() {
        for (text, column) in [
            ("", "switch"),
            ("port,outlet\n", "switch"),
            ("switch\na\n", "port"),
        ] {
            let error = PatchList::parse(Path::new("p.csv"), text.as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("p.csv:1: the heading has no column `{column}`")
            );
        }
    }
}
