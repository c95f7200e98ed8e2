//! Tables for people: columns side by side, a heading above.

use std::borrow::Cow;

use super::style::{STRONG, Styled};

/// A column and its heading.
pub(super) struct Column<'a> {
    pub(super) name: &'a str,
    pub(super) cells: Vec<Cow<'a, str>>,
}

impl Column<'_> {
    fn width(&self) -> usize {
        let widest = self.cells.iter().map(|cell| cell.chars().count()).max();
        self.name.chars().count().max(widest.unwrap_or(0))
    }
}

/// Lays columns out side by side; no blanks at the end of a line.
pub(super) fn table(columns: &[Column<'_>]) -> String {
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
