//! Which column of a foreign heading is which.
//!
//! The words are few and sure on purpose: one that means two things to two people is better said with `--column`.

use std::collections::BTreeSet;
use std::path::Path;
use std::str::FromStr;

use super::error::{ImportError, Place};
use super::{ColumnLeft, ColumnTaken};
use crate::patch::COLUMNS;
use crate::shell;

/// The headings by which each column is known, as [`simple`] writes them; `docs/configuration.md` lists them.
const WORDS: [(&str, &[&str]); 7] = [
    ("switch", &["switch", "switch name", "device", "gerät"]),
    (
        "port",
        &["port", "switch port", "switchport", "interface", "ifname"],
    ),
    (
        "panel",
        &[
            "panel",
            "patch panel",
            "patchpanel",
            "patchfeld",
            "rangierfeld",
        ],
    ),
    (
        "position",
        &["position", "pos", "panel port", "panel position"],
    ),
    (
        "outlet",
        &[
            "outlet",
            "wall outlet",
            "socket",
            "wall socket",
            "jack",
            "wall jack",
            "dose",
            "anschlussdose",
            "datendose",
            "netzwerkdose",
            "prise",
        ],
    ),
    ("room", &["room", "raum", "zimmer", "salle"]),
    (
        "note",
        &[
            "note",
            "notes",
            "comment",
            "comments",
            "remark",
            "remarks",
            "bemerkung",
            "notiz",
            "kommentar",
            "remarque",
            "commentaire",
        ],
    ),
];

/// The columns of which one has to be there: without them a line says nothing.
const PLACES: [&str; 4] = ["outlet", "panel", "position", "room"];

/// What the command line says about a column: `outlet=Dose`, or `outlet=#4` for the fourth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naming {
    /// The patch list's column.
    pub column: &'static str,
    /// The file's heading.
    pub heading: String,
}

/// The text is no `COLUMN=HEADING`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write COLUMN=HEADING, where COLUMN is one of {}", COLUMNS.join(", "))]
pub struct BadNaming;

impl FromStr for Naming {
    type Err = BadNaming;

    fn from_str(text: &str) -> Result<Naming, BadNaming> {
        let (column, heading) = text.split_once('=').ok_or(BadNaming)?;
        let wanted = column.trim().to_lowercase();
        let known = COLUMNS.into_iter().find(|known| *known == wanted);
        match (known, heading.trim()) {
            (Some(column), heading) if !heading.is_empty() => Ok(Naming {
                column,
                heading: heading.to_owned(),
            }),
            _ => Err(BadNaming),
        }
    }
}

/// Returns the option that names a column, ready to be pasted into a shell.
pub(super) fn option(column: &str, heading: &str) -> String {
    format!("--column {}", shell::word(&format!("{column}={heading}")))
}

/// Which column is which.
#[derive(Clone, Debug)]
pub(super) struct Heading<'a> {
    /// The heading's line in the file.
    pub(super) line: u64,
    cells: &'a [String],
    namings: &'a [Naming],
}

impl<'a> Heading<'a> {
    pub(super) fn new(line: u64, cells: &'a [String], namings: &'a [Naming]) -> Self {
        Heading {
            line,
            cells,
            namings,
        }
    }

    /// Returns how many columns are known: none, if not even the port is.
    pub(super) fn known(&self) -> usize {
        let known = |column: &str| !self.candidates(column).is_empty();
        if known("port") {
            COLUMNS.iter().filter(|column| known(column)).count()
        } else {
            0
        }
    }

    /// Returns the one column for each of the patch list's, in its order.
    ///
    /// `switch` is what the command line says of all lines.
    pub(super) fn columns(
        &self,
        file: &Path,
        switch: Option<&str>,
    ) -> Result<Vec<ColumnTaken>, ImportError> {
        let mut seen = BTreeSet::new();
        for naming in self.namings {
            if !seen.insert(naming.column) {
                return Err(ImportError::NamedTwice(naming.column.to_owned()));
            }
            if self.named(naming).is_empty() {
                return Err(self.no_such_column(file, naming));
            }
        }
        let mut taken = Vec::new();
        let mut used = BTreeSet::new();
        for column in COLUMNS {
            let places: Vec<Place> = self
                .candidates(column)
                .into_iter()
                .map(|index| self.place(index))
                .collect();
            match places.as_slice() {
                [] => {}
                [(number, heading)] => {
                    if !used.insert(*number) {
                        return Err(ImportError::NamedTwice(heading.clone()));
                    }
                    taken.push(ColumnTaken {
                        column,
                        heading: heading.clone(),
                        number: *number,
                    });
                }
                _ => {
                    return Err(ImportError::Ambiguous {
                        file: file.to_owned(),
                        line: self.line,
                        column,
                        places,
                    });
                }
            }
        }
        let has = |column: &str| taken.iter().find(|taken| taken.column == column);
        let missing = |column| ImportError::NoColumn {
            file: file.to_owned(),
            line: self.line,
            column,
            free: self
                .left(&taken)
                .into_iter()
                .map(|left| (left.number, left.heading))
                .collect(),
        };
        if has("port").is_none() {
            return Err(missing("port"));
        }
        match (has("switch"), switch) {
            (None, None) => return Err(missing("switch")),
            (Some(column), Some(_)) => {
                return Err(ImportError::SwitchTwice {
                    file: file.to_owned(),
                    line: self.line,
                    place: (column.number, column.heading.clone()),
                });
            }
            (Some(_), None) | (None, Some(_)) => {}
        }
        if !PLACES.iter().any(|column| has(column).is_some()) {
            return Err(missing("outlet"));
        }
        Ok(taken)
    }

    /// Returns the columns with a heading that are not taken over.
    pub(super) fn left(&self, taken: &[ColumnTaken]) -> Vec<ColumnLeft> {
        let free = |number: usize| taken.iter().all(|column| column.number != number);
        (0..self.cells.len())
            .map(|index| self.place(index))
            .filter(|(number, heading)| free(*number) && !heading.is_empty())
            .map(|(number, heading)| ColumnLeft { heading, number })
            .collect()
    }

    fn place(&self, index: usize) -> Place {
        (
            index + 1,
            self.cells.get(index).cloned().unwrap_or_default(),
        )
    }

    /// What the command line says goes before what a word usually means.
    fn candidates(&self, column: &str) -> Vec<usize> {
        if let Some(naming) = self.namings.iter().find(|naming| naming.column == column) {
            return self.named(naming);
        }
        let words = WORDS.iter().find(|(name, _)| *name == column);
        let words = words.map_or(&[][..], |(_, words)| words);
        let claimed = |index: usize| {
            let mut namings = self.namings.iter();
            namings.any(|naming| self.named(naming).contains(&index))
        };
        let cells = self.cells.iter().enumerate();
        cells
            .filter(|(index, cell)| words.contains(&simple(cell).as_str()) && !claimed(*index))
            .map(|(index, _)| index)
            .collect()
    }

    fn named(&self, naming: &Naming) -> Vec<usize> {
        let wanted = simple(&naming.heading);
        let cells = self.cells.iter().enumerate();
        let found: Vec<usize> = cells
            .filter(|(_, cell)| simple(cell) == wanted)
            .map(|(index, _)| index)
            .collect();
        if !found.is_empty() {
            return found;
        }
        let number = naming.heading.strip_prefix('#');
        let number = number.and_then(|number| number.parse::<usize>().ok());
        let index = number.and_then(|number| number.checked_sub(1));
        index
            .filter(|index| *index < self.cells.len())
            .into_iter()
            .collect()
    }

    fn no_such_column(&self, file: &Path, naming: &Naming) -> ImportError {
        let wanted = simple(&naming.heading);
        let distance = |cell: &&String| strsim::damerau_levenshtein(&simple(cell), &wanted);
        let near = self.cells.iter().filter(|cell| !cell.is_empty());
        let near = near
            .min_by_key(distance)
            .filter(|cell| distance(cell) <= 1 + wanted.chars().count() / 4);
        ImportError::NoSuchColumn {
            file: file.to_owned(),
            line: self.line,
            column: naming.column,
            heading: naming.heading.clone(),
            near: near.cloned(),
            places: self
                .left(&[])
                .into_iter()
                .map(|left| (left.number, left.heading))
                .collect(),
        }
    }
}

/// Writes a heading in small letters with single blanks: `Switch_Port` and `switch  port` are the same word.
fn simple(heading: &str) -> String {
    let lower = heading.to_lowercase();
    let words =
        lower.split(|letter: char| letter.is_whitespace() || letter == '_' || letter == '-');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Diagnosis;

    fn columns(heading: &str, options: &[&str], switch: Option<&str>) -> Result<String, String> {
        let cells: Vec<String> = heading.split(';').map(str::to_owned).collect();
        let namings: Vec<Naming> = options.iter().map(|text| text.parse().unwrap()).collect();
        let heading = Heading::new(3, &cells, &namings);
        match heading.columns(Path::new("x.csv"), switch) {
            Ok(taken) => Ok(taken
                .iter()
                .map(|taken| format!("{}:{}", taken.column, taken.number))
                .collect::<Vec<_>>()
                .join(" ")),
            Err(error) => Err(format!("{error}\n{}", error.hint().unwrap())),
        }
    }

    #[test]
    fn plain_words_are_known_in_any_case() {
        assert_eq!(
            columns(
                "Gerät;SWITCH_PORT;Patchfeld;Pos;Dose;Raum;Bemerkung",
                &[],
                None
            )
            .unwrap(),
            "switch:1 port:2 panel:3 position:4 outlet:5 room:6 note:7"
        );
        assert_eq!(
            columns("Interface;Wall outlet;Kabel", &[], Some("office-1")).unwrap(),
            "port:1 outlet:2"
        );
    }

    #[test]
    fn the_command_line_goes_before_the_words() {
        let heading = "Device;Name;Port;Outlet;Ziel";
        assert_eq!(
            columns(
                heading,
                &["port=name", "outlet=Ziel", "position=port"],
                None
            )
            .unwrap(),
            "switch:1 port:2 position:3 outlet:5"
        );
        assert_eq!(
            columns("Device;Port;Port;Dose", &["port=#3"], None).unwrap(),
            "switch:1 port:3 outlet:4"
        );
    }

    #[test]
    fn what_is_missing_or_in_doubt_comes_with_the_option_that_helps() {
        let told =
            |heading, options: &[&str], switch| columns(heading, options, switch).unwrap_err();
        insta::assert_snapshot!(told("Device;Buchse;Kabel Nr;Dose", &[], None), @r"
        x.csv:3: the heading has no column that is known as the port; it has `Buchse` (column 2), `Kabel Nr` (column 3)
        say which column it is: --column port=Buchse or --column 'port=Kabel Nr'
        ");
        insta::assert_snapshot!(told("Device;Port;Interface;Dose", &[], None), @r"
        x.csv:3: several columns could be the port: `Port` (column 2), `Interface` (column 3)
        say which one: --column port=Port or --column port=Interface
        ");
        insta::assert_snapshot!(told("Device;Port;port;Dose", &[], None), @r"
        x.csv:3: several columns could be the port: `Port` (column 2), `port` (column 3)
        say which one: --column 'port=#2' or --column 'port=#3'
        ");
        insta::assert_snapshot!(told("Device;Port;Dose", &["outlet=Dsoe"], None), @r"
        x.csv:3: there is no column `Dsoe` for the outlet; the heading has `Device` (column 1), `Port` (column 2), `Dose` (column 3)
        did you mean --column outlet=Dose?
        ");
        insta::assert_snapshot!(told("Port;Dose", &[], None), @r"
        x.csv:3: the heading has no column that is known as the switch; it has no other column
        name the switch of all lines: --switch NAME
        ");
        insta::assert_snapshot!(told("Device;Port;Dose", &[], Some("a")), @r"
        x.csv:3: column 1 (`Device`) names the switches already
        leave --switch out
        ");
        insta::assert_snapshot!(told("Device;Port;Kabel", &[], None), @r"
        x.csv:3: the heading has no column that is known as the outlet; it has `Kabel` (column 3)
        say which column it is: --column outlet=Kabel
        ");
        insta::assert_snapshot!(told("Device;Port;Dose", &["outlet=Dose", "note=dose"], None), @r"
        --column is given twice for `Dose`
        give it once for each column
        ");
    }

    #[test]
    fn the_documentation_lists_every_word() {
        let page = include_str!("../../../docs/configuration.md").to_lowercase();
        for (column, words) in WORDS {
            let row = format!("\n| `{column}` | ");
            let (_, row) = page.split_once(&row).unwrap();
            let row = row.split([';', '|']).next().unwrap().trim();
            assert_eq!(row, words.join(", "), "{column}");
        }
    }

    #[test]
    fn the_option_names_a_column_that_there_is() {
        for text in ["outlet", "outlt=Dose", "outlet="] {
            assert_eq!(text.parse::<Naming>(), Err(BadNaming), "{text}");
        }
        assert_eq!("Outlet=a=b".parse::<Naming>().unwrap().heading, "a=b");
    }
}
