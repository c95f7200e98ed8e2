//! Why a map cannot be imported, and what to do about it.

use std::path::PathBuf;

use super::heading::option;
use crate::error::{Diagnosis, Exit};
use crate::patch::COLUMNS;

/// A column of the file, for messages: its number, from 1, and its heading.
pub(super) type Place = (usize, String);

/// Why a map cannot be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is not there or may not be read.
    #[error("cannot read {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
    /// The file is too large to be meant.
    #[error("{} is larger than {} MiB: is it the right file?", file.display(), limit / (1024 * 1024))]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The most octets that are read.
        limit: u64,
    },
    /// The file is a spreadsheet program's own format.
    #[error("{} is a workbook, not a CSV file", file.display())]
    Workbook {
        /// The file.
        file: PathBuf,
    },
    /// A line cannot be read as text, or as cells.
    #[error("{}:{line}: {what}", file.display())]
    Line {
        /// The file.
        file: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong, in words.
        what: String,
        /// What to do about it.
        remedy: &'static str,
    },
    /// No line has two cells.
    #[error("{} has no heading: no line of its beginning has two cells, with `,`, `;` or tabs between them", file.display())]
    NoHeading {
        /// The file.
        file: PathBuf,
    },
    /// Nothing in the heading is known as a column that is needed.
    #[error("{}:{line}: the heading has no column that is known as the {column}; it has {}", file.display(), listed(free))]
    NoColumn {
        /// The file.
        file: PathBuf,
        /// The heading's line.
        line: u64,
        /// The column that is needed.
        column: &'static str,
        /// The columns that it could be.
        free: Vec<(usize, String)>,
    },
    /// Several columns could be meant.
    #[error("{}:{line}: several columns could be the {column}: {}", file.display(), listed(places))]
    Ambiguous {
        /// The file.
        file: PathBuf,
        /// The heading's line.
        line: u64,
        /// The column.
        column: &'static str,
        /// The columns that it could be.
        places: Vec<(usize, String)>,
    },
    /// The command line names a column that is not there.
    #[error("{}:{line}: there is no column `{heading}` for the {column}; the heading has {}", file.display(), listed(places))]
    NoSuchColumn {
        /// The file.
        file: PathBuf,
        /// The heading's line.
        line: u64,
        /// The column of the patch list.
        column: &'static str,
        /// What the command line says.
        heading: String,
        /// The nearest heading there is.
        near: Option<String>,
        /// The columns that are there.
        places: Vec<(usize, String)>,
    },
    /// The command line names a switch, and the file does too.
    #[error("{}:{line}: column {} (`{}`) names the switches already", file.display(), place.0, place.1)]
    SwitchTwice {
        /// The file.
        file: PathBuf,
        /// The heading's line.
        line: u64,
        /// The column.
        place: (usize, String),
    },
    /// The command line says two things about one column.
    #[error("--column is given twice for `{0}`")]
    NamedTwice(String),
    /// The present list cannot be rewritten without guessing.
    #[error("{} has lines that cannot be read, the first is {line}: {what}", file.display())]
    Faulty {
        /// The list.
        file: PathBuf,
        /// The first line.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// Somebody else has written the list in the meantime.
    #[error("{} was changed by somebody else in the meantime; it is left as it is", file.display())]
    Overtaken {
        /// The list.
        file: PathBuf,
    },
    /// The list cannot be written.
    #[error("cannot write {}", file.display())]
    Unwritable {
        /// The list.
        file: PathBuf,
        /// The system's words.
        source: std::io::Error,
    },
}

fn listed(places: &[Place]) -> String {
    if places.is_empty() {
        return "no other column".to_owned();
    }
    let told: Vec<String> = places
        .iter()
        .map(|(number, heading)| format!("`{heading}` (column {number})"))
        .collect();
    told.join(", ")
}

/// Returns the options to choose from, ready to be pasted.
fn options(column: &str, places: &[Place]) -> String {
    // Equal headings are told apart by their number alone.
    let told = |(number, heading): &Place| {
        let same = |other: &&Place| other.1.to_lowercase() == heading.to_lowercase();
        if places.iter().filter(same).count() > 1 {
            option(column, &format!("#{number}"))
        } else {
            option(column, heading)
        }
    };
    let told: Vec<String> = places.iter().map(told).collect();
    told.join(" or ")
}

impl Diagnosis for ImportError {
    fn hint(&self) -> Option<String> {
        match self {
            ImportError::Unreadable { .. } => {
                Some("name the CSV file that was exported, and check its permissions".to_owned())
            }
            ImportError::TooLarge { .. } => None,
            ImportError::Workbook { .. } => {
                Some("save the sheet as CSV in the spreadsheet program and import that".to_owned())
            }
            ImportError::Line { remedy, .. } => Some((*remedy).to_owned()),
            ImportError::NoHeading { .. } => Some(format!(
                "the heading names the columns, for example: {}",
                COLUMNS.join(",")
            )),
            ImportError::NoColumn { column, free, .. } if *column == "switch" => {
                Some(match free.as_slice() {
                    [] => "name the switch of all lines: --switch NAME".to_owned(),
                    free => format!(
                        "name the switch of all lines, --switch NAME, or say which column it is: {}",
                        options(column, free)
                    ),
                })
            }
            ImportError::NoColumn { column, free, .. } if free.is_empty() => Some(format!(
                "add a column `{column}` to the file; if that line is no heading, take the lines above the heading out"
            )),
            ImportError::NoColumn { column, free, .. } => {
                Some(format!("say which column it is: {}", options(column, free)))
            }
            ImportError::Ambiguous { column, places, .. } => {
                Some(format!("say which one: {}", options(column, places)))
            }
            ImportError::NoSuchColumn {
                column,
                near: Some(near),
                ..
            } => Some(format!("did you mean {}?", option(column, near))),
            ImportError::NoSuchColumn { column, places, .. } => {
                Some(format!("one of: {}", options(column, places)))
            }
            ImportError::SwitchTwice { .. } => Some("leave --switch out".to_owned()),
            ImportError::NamedTwice(_) => Some("give it once for each column".to_owned()),
            ImportError::Faulty { .. } => {
                Some("put them right first: halfspan patch check".to_owned())
            }
            ImportError::Overtaken { .. } => Some("import again".to_owned()),
            ImportError::Unwritable { .. } => Some(
                "check the folder's permissions, or name another file: --output FILE".to_owned(),
            ),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}
