//! The patch list as a table, and what is wrong with it.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use super::style::{GOOD, STRONG, Styled};
use super::text::{clean, count};
use crate::patch::{COLUMNS, Entry, Problem};

/// Returns a table of the entries; columns that are empty throughout are left out.
#[must_use]
pub fn patch_table(entries: &[&Entry]) -> String {
    if entries.is_empty() {
        return "no such port in the patch list\n".to_owned();
    }
    let extra: BTreeSet<&str> = entries
        .iter()
        .flat_map(|entry| entry.place.extra.keys().map(String::as_str))
        .collect();
    let columns: Vec<Column<'_>> = COLUMNS
        .into_iter()
        .chain(extra)
        .map(|name| Column {
            name,
            cells: entries
                .iter()
                .map(|entry| clean(entry.cell(name)))
                .collect(),
        })
        .filter(|column| column.cells.iter().any(|cell| !cell.is_empty()))
        .collect();
    table(&columns)
}

struct Column<'a> {
    name: &'a str,
    cells: Vec<Cow<'a, str>>,
}

impl Column<'_> {
    fn width(&self) -> usize {
        let widest = self.cells.iter().map(|cell| cell.chars().count()).max();
        self.name.chars().count().max(widest.unwrap_or(0))
    }
}

/// Lays columns out side by side; no blanks at the end of a line.
fn table(columns: &[Column<'_>]) -> String {
    let widths: Vec<usize> = columns.iter().map(Column::width).collect();
    let line = |cells: Vec<&str>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let heading = line(columns.iter().map(|column| column.name).collect());
    let mut text = format!("{}\n", Styled(STRONG, heading));
    let rows = columns.first().map_or(0, |column| column.cells.len());
    for row in 0..rows {
        let cells = columns
            .iter()
            .map(|column| column.cells.get(row).map_or("", |cell| cell));
        text.push_str(&line(cells.collect()));
        text.push('\n');
    }
    text
}

/// Returns one line a problem, as `FILE:LINE: …`, and a last line that counts them.
#[must_use]
pub fn patch_problems(file: &Path, entries: usize, problems: &[Problem]) -> String {
    let file = file.display();
    let ports = count(entries, "port");
    if problems.is_empty() {
        return format!("{file}: {ports}, {}\n", Styled(GOOD, "no problem"));
    }
    let mut text: String = problems
        .iter()
        .map(|problem| format!("{file}:{}: {}\n", problem.line, problem.what))
        .collect();
    text.push_str(&format!(
        "{file}: {ports}, {}\n",
        count(problems.len(), "problem")
    ));
    text
}
