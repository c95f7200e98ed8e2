//! Reading a CSV file that another program has exported.

use std::collections::BTreeMap;
use std::path::Path;

use super::encoding::decode;
use super::error::ImportError;
use super::heading::{Heading, Naming};
use super::{ColumnTaken, Incoming, Source};
use crate::bounded;
use crate::locate::PatchReport;
use crate::patch::list::{Entry, MAX_BYTES, Problem};
use crate::patch::rows::{Row, Rows};

/// In how many rows the heading is looked for: titles above it are few.
const ROWS_TO_HEADING: usize = 20;

/// More ports than any site has.
const MAX_ROWS: usize = 200_000;

/// More columns than anybody's sheet has.
const MAX_COLUMNS: usize = 256;

/// A cell is no longer than this, in letters: what is longer has swallowed its neighbours.
const MAX_LETTERS: usize = 1000;

const QUOTE: &str = "put the quotes in that line right, or export the file again";

/// Reads a file.
///
/// `namings` say which column is which, `switch` is the switch of all lines, and `switches` are the configured ones.
///
/// # Errors
/// [`ImportError`]; lines that cannot be used are no error but [`Source::left_out`].
pub fn from_file(
    file: &Path,
    namings: &[Naming],
    switch: Option<&str>,
    switches: &[&str],
) -> Result<Source, ImportError> {
    let unreadable = |source| ImportError::Unreadable {
        file: file.to_owned(),
        source,
    };
    let too_large = || ImportError::TooLarge {
        file: file.to_owned(),
        limit: MAX_BYTES,
    };
    let bytes = bounded::read(file, MAX_BYTES)
        .map_err(unreadable)?
        .ok_or_else(too_large)?;
    parse(file, &bytes, namings, switch, switches)
}

/// Reads the octets of a file; `file` is for messages.
pub(super) fn parse(
    file: &Path,
    bytes: &[u8],
    namings: &[Naming],
    switch: Option<&str>,
    switches: &[&str],
) -> Result<Source, ImportError> {
    let decoded = decode(file, bytes)?;
    let text = decoded.text.as_bytes();
    let sheet = Sheet { file, text };
    let (separator, line, cells) = sheet.heading(namings)?;
    let heading = Heading::new(line, &cells, namings);
    let columns = heading.columns(file, switch)?;
    let mut source = Source {
        columns_not_taken: heading.left(&columns),
        warnings: decoded.warning.into_iter().collect(),
        ..Source::default()
    };
    let mut ports = BTreeMap::new();
    let below = Rows::new(text, separator).filter(|row| row.line > line);
    for (count, row) in below.enumerate() {
        if count >= MAX_ROWS {
            return Err(sheet.error(
                row.line,
                format!("more than {MAX_ROWS} lines"),
                "import it in parts, if it is the right file",
            ));
        }
        let found = sheet.cells(&row, separator)?;
        if found.iter().all(String::is_empty) {
            continue;
        }
        let read = entry(row.line, &found, &columns, cells.len(), switch);
        let read = read.map(|entry| as_configured(entry, switches));
        match read.and_then(|entry| once(entry, &mut ports)) {
            Ok(entry) => source.entries.push(Incoming {
                entry,
                other_names: Vec::new(),
            }),
            Err(Unusable::Contradicts(what)) => source.contradictions.push(Problem {
                line: row.line,
                what,
            }),
            Err(Unusable::LeftOut(what)) => source.left_out.push(Problem {
                line: row.line,
                what,
            }),
        }
    }
    source.columns = columns;
    Ok(source)
}

/// Why a line gives no entry.
enum Unusable {
    LeftOut(String),
    Contradicts(String),
}

fn left_out<T>(what: impl Into<String>) -> Result<T, Unusable> {
    Err(Unusable::LeftOut(what.into()))
}

struct Sheet<'a> {
    file: &'a Path,
    text: &'a [u8],
}

impl Sheet<'_> {
    fn error(&self, line: u64, what: impl Into<String>, remedy: &'static str) -> ImportError {
        ImportError::Line {
            file: self.file.to_owned(),
            line,
            what: what.into(),
            remedy,
        }
    }

    /// Returns the separator, and the line and the cells of the heading.
    ///
    /// The heading is the first row with two cells: above it are titles, which have one. That separator is right by
    /// which most columns are known.
    fn heading(&self, namings: &[Naming]) -> Result<(u8, u64, Vec<String>), ImportError> {
        let mut best = None;
        let mut failed = None;
        let mut most = (0, 0);
        for separator in [b',', b';', b'\t'] {
            let mut rows = Rows::new(self.text, separator).take(ROWS_TO_HEADING);
            let first = rows.find(|row| row.record.iter().filter(|cell| !blank(cell)).count() > 1);
            let Some(row) = first else { continue };
            // A quote that is never closed makes a cell of the whole file, with a separator that is not the file's.
            let mut cells = match self.cells(&row, separator) {
                Ok(cells) => cells,
                Err(error) => {
                    failed.get_or_insert(error);
                    continue;
                }
            };
            // They are told in errors, and must not steer the terminal.
            for cell in &mut cells {
                *cell = cell.replace(char::is_control, "?");
            }
            let known = Heading::new(row.line, &cells, namings).known();
            if (known, cells.len()) > most {
                most = (known, cells.len());
                best = Some((separator, row.line, cells));
            }
        }
        best.ok_or_else(|| {
            failed.unwrap_or_else(|| ImportError::NoHeading {
                file: self.file.to_owned(),
            })
        })
    }

    /// Returns the cells of a row, each in one line.
    fn cells(&self, row: &Row, separator: u8) -> Result<Vec<String>, ImportError> {
        if row.record.len() > MAX_COLUMNS {
            let what = format!("more than {MAX_COLUMNS} cells");
            return Err(self.error(row.line, what, QUOTE));
        }
        let mut cells = Vec::with_capacity(row.record.len());
        for cell in &row.record {
            let cell = String::from_utf8_lossy(cell);
            let cell = cell.trim();
            // A cell of several lines is somebody's long note; with a separator in it, it is a quote that was never
            // closed, and the lines in it would be lost.
            if cell.contains(['\n', '\r']) && cell.contains([char::from(separator), '"']) {
                let what = "a cell runs over several lines: is a quote missing?";
                return Err(self.error(row.line, what, QUOTE));
            }
            if cell.chars().count() > MAX_LETTERS {
                let what = format!("a cell is longer than {MAX_LETTERS} letters");
                return Err(self.error(row.line, what, QUOTE));
            }
            let lines: Vec<&str> = cell.split(['\n', '\r']).map(str::trim).collect();
            let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
            cells.push(lines.join(" "));
        }
        Ok(cells)
    }
}

fn blank(cell: &[u8]) -> bool {
    String::from_utf8_lossy(cell).trim().is_empty()
}

fn entry(
    line: u64,
    cells: &[String],
    columns: &[ColumnTaken],
    width: usize,
    switch: Option<&str>,
) -> Result<Entry, Unusable> {
    if cells.iter().skip(width).any(|cell| !cell.is_empty()) {
        return left_out("more cells than the heading has columns");
    }
    let mut entry = Entry {
        line,
        switch: switch.unwrap_or_default().to_owned(),
        port: String::new(),
        place: PatchReport::default(),
    };
    for taken in columns {
        let cell = cells.get(taken.number - 1).map_or("", String::as_str);
        if let Some(why) = unfit(cell) {
            return left_out(format!("the {} {why}", taken.column));
        }
        entry.store(taken.column, cell);
    }
    if entry.port.is_empty() {
        return left_out("no port is named");
    }
    if entry.switch.is_empty() {
        return left_out("no switch is named");
    }
    if entry.place == PatchReport::default() {
        return left_out("it does not say where the cable ends");
    }
    Ok(entry)
}

/// Says why a text cannot stand in the list, which people open in a spreadsheet: it must not compute there.
pub(super) fn unfit(cell: &str) -> Option<&'static str> {
    if cell.contains(char::is_control) {
        return Some("holds a control character");
    }
    // `-2.14` and `+49 30 1234` are ordinary; without a call or a command they can do nothing.
    let signed = cell.starts_with(['+', '-']) && cell.contains(['(', '|', '!']);
    if cell.starts_with(['=', '@']) || signed {
        return Some("is a formula");
    }
    None
}

/// Writes the switch as the configuration does: spreadsheets are careless with capitals.
fn as_configured(mut entry: Entry, switches: &[&str]) -> Entry {
    if !switches.contains(&entry.switch.as_str()) {
        let alike = |name: &&&str| name.to_lowercase() == entry.switch.to_lowercase();
        let mut alike = switches.iter().filter(alike);
        if let (Some(name), None) = (alike.next(), alike.next()) {
            entry.switch = (*name).to_owned();
        }
    }
    entry
}

fn once(entry: Entry, ports: &mut BTreeMap<(String, String), Entry>) -> Result<Entry, Unusable> {
    let key = (entry.switch.clone(), entry.port.to_lowercase());
    let Some(first) = ports.get(&key) else {
        ports.insert(key, entry.clone());
        return Ok(entry);
    };
    let port = format!("{} port {}", entry.switch, entry.port);
    if first.place == entry.place {
        left_out(format!("{port} is already in line {}", first.line))
    } else {
        Err(Unusable::Contradicts(format!(
            "{port} leads somewhere else than in line {}",
            first.line
        )))
    }
}
