//! Switches, their ports and what is known of their mirror, for people.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Serialize;

use super::style::{ERROR, GOOD, LABEL, STRONG, Styled, WARNING};
use super::table::{Column, table};
use super::text::clean;

/// A configured switch.
#[derive(Clone, Debug, Serialize)]
pub struct SwitchRow {
    /// Its name in the configuration.
    pub name: String,
    /// Its profile.
    pub profile: String,
    /// Where it is asked; empty if a person operates it.
    pub address: String,
    /// The port the sniffer is plugged into.
    pub destination: String,
    /// Where copies are heard.
    pub sniff: String,
    /// Its ports that may be searched, as configured.
    pub candidates: String,
}

/// A port of a switch.
#[derive(Clone, Debug, Serialize)]
pub struct PortRow {
    /// The label on the front panel.
    pub label: String,
    /// `ifName`.
    pub if_name: String,
    /// `ifIndex`.
    pub if_index: Option<u32>,
    /// `dot1dBasePort`.
    pub bridge_port: Option<u32>,
    /// `up`, `down` or `unknown`.
    pub link: &'static str,
    /// `candidate`, `destination`, `uplink`, `never` or `-`.
    pub role: &'static str,
    /// Where the cable ends.
    pub outlet: String,
    /// `ifAlias`.
    pub alias: String,
}

/// How one thing about a switch was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// As it should be.
    Good,
    /// It works, but the person should know.
    Note,
    /// `locate` would stop here.
    Bad,
}

/// One thing that was checked.
#[derive(Clone, Debug, Serialize)]
pub struct CheckRow {
    /// What was looked at: "answers", "ports", "mirror".
    pub what: &'static str,
    /// How it was found.
    pub finding: Finding,
    /// What was found.
    pub text: String,
}

/// Returns the configured switches as a table.
#[must_use]
pub fn switch_list(rows: &[SwitchRow]) -> String {
    columns(
        rows,
        &[
            ("switch", |row| row.name.as_str()),
            ("profile", |row| row.profile.as_str()),
            ("address", |row| row.address.as_str()),
            ("destination", |row| row.destination.as_str()),
            ("sniff", |row| row.sniff.as_str()),
            ("candidates", |row| row.candidates.as_str()),
        ],
    )
}

/// Returns the ports of a switch as a table.
#[must_use]
pub fn switch_ports(rows: &[PortRow]) -> String {
    let number = |number: Option<u32>| number.map(|n| n.to_string()).unwrap_or_default();
    let indexes: Vec<String> = rows.iter().map(|row| number(row.if_index)).collect();
    let bridges: Vec<String> = rows.iter().map(|row| number(row.bridge_port)).collect();
    let text = |name, cell: fn(&PortRow) -> &str| Column {
        name,
        cells: rows.iter().map(|row| clean(cell(row))).collect(),
    };
    let numbers = |name, cells: &[String]| Column {
        name,
        cells: cells.iter().map(|n| Cow::Owned(n.clone())).collect(),
    };
    table(&[
        text("port", |row| &row.label),
        text("ifName", |row| &row.if_name),
        numbers("ifIndex", &indexes),
        numbers("bridge", &bridges),
        text("link", |row| row.link),
        text("role", |row| row.role),
        text("outlet", |row| &row.outlet),
        text("description", |row| &row.alias),
    ])
}

/// Returns what was checked, one line each, marked `ok`, `note` or `BAD`.
#[must_use]
pub fn switch_check(name: &str, rows: &[CheckRow]) -> String {
    let mut text = format!("{}\n", Styled(STRONG, name));
    for row in rows {
        let (style, mark) = match row.finding {
            Finding::Good => (GOOD, "ok  "),
            Finding::Note => (WARNING, "note"),
            Finding::Bad => (ERROR, "BAD "),
        };
        let label = Styled(LABEL, format_args!("{:<12}", row.what));
        // Writing into a String cannot fail.
        let _written = writeln!(
            text,
            "  {} {label} {}",
            Styled(style, mark),
            clean(&row.text)
        );
    }
    text
}

/// A heading and how to read the cell of a row.
type Cell<T> = (&'static str, fn(&T) -> &str);

fn columns<T>(rows: &[T], columns: &[Cell<T>]) -> String {
    let columns: Vec<Column<'_>> = columns
        .iter()
        .map(|(name, cell)| Column {
            name,
            cells: rows.iter().map(|row| clean(cell(row))).collect(),
        })
        .collect();
    table(&columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_reads_without_colour() {
        let row = |what, finding, text: &str| CheckRow {
            what,
            finding,
            text: text.to_owned(),
        };
        let rows = [
            row("answers", Finding::Good, "LAB-24, up 3 min"),
            row("rights", Finding::Bad, "the credential has no `write`"),
        ];
        let plain = anstream::adapter::strip_str(&switch_check("office-1", &rows)).to_string();
        insta::assert_snapshot!(plain, @r"
        office-1
          ok   answers      LAB-24, up 3 min
          BAD  rights       the credential has no `write`
        ");
    }
}
