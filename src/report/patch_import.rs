//! What an import changes in the patch list, or would change.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

use serde::Serialize;

use super::style::{GOOD, LABEL, STRONG, Styled, WARNING};
use super::table::{Column, table};
use super::text::{clean, count};
use crate::patch::import::{
    Change, ColumnLeft, ColumnTaken, NewEntry, Plan, PortNotMatched, Source,
};
use crate::patch::{COLUMNS, Entry, Problem};

/// Of each kind of line so many are shown; JSON has them all. Values that are replaced are all shown.
const MAX_LINES: usize = 20;

/// Where a map comes from.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportSource<'a> {
    /// A file.
    File(&'a Path),
    /// A switch's port descriptions.
    Switch(&'a str),
}

/// The document of an import.
#[derive(Clone, Debug, Serialize)]
pub struct ImportDocument<'a> {
    schema: &'static str,
    source: ImportSource<'a>,
    list: &'a Path,
    /// Whether the list was written.
    pub written: bool,
    /// Why it was not, or cannot be.
    pub refused: Option<String>,
    new: &'a [NewEntry],
    changed: &'a [Change],
    same: usize,
    kept: &'a [Entry],
    columns: &'a [ColumnTaken],
    columns_not_taken: &'a [ColumnLeft],
    left_out: &'a [Problem],
    contradictions: &'a [Problem],
    ports_not_matched: &'a [PortNotMatched],
    ports_without_description: usize,
    #[serde(skip)]
    spoken_of: BTreeSet<&'a str>,
    warnings: &'a [String],
    /// What `patch check` will say of the new list and does not say of the present one.
    pub problems_after: Vec<Problem>,
    /// The command that writes what was shown.
    pub command: Option<String>,
}

impl<'a> ImportDocument<'a> {
    /// Describes an import that has not been written.
    #[must_use]
    pub fn new(
        from: ImportSource<'a>,
        list: &'a Path,
        source: &'a Source,
        plan: &'a Plan,
    ) -> ImportDocument<'a> {
        let switches = source
            .entries
            .iter()
            .map(|incoming| incoming.entry.switch.as_str());
        ImportDocument {
            schema: "halfspan.patch-import/1",
            source: from,
            list,
            written: false,
            refused: None,
            new: &plan.new,
            changed: &plan.changed,
            same: plan.same,
            kept: &plan.kept,
            columns: &source.columns,
            columns_not_taken: &source.columns_not_taken,
            left_out: &source.left_out,
            contradictions: &source.contradictions,
            ports_not_matched: &source.not_matched,
            ports_without_description: source.without_description,
            spoken_of: switches.collect(),
            warnings: &source.warnings,
            problems_after: Vec::new(),
            command: None,
        }
    }

    /// Notes why nothing is written.
    pub fn refuse(&mut self, why: String) {
        self.refused = Some(why);
    }

    /// Tells whether the source has nothing to import.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty() && self.same == 0
    }
}

/// Returns what an import changes, or would change, for people.
#[must_use]
pub fn patch_import(import: &ImportDocument<'_>) -> String {
    let parts = [source, new, changed, kept, after, summary];
    let text: String = parts.iter().map(|part| part(import)).collect();
    // Every part but the first begins with an empty line, which is one too many where it is the first that says anything.
    text.trim_start_matches('\n').to_owned()
}

fn name(import: &ImportDocument<'_>) -> String {
    match import.source {
        ImportSource::File(file) => file.display().to_string(),
        ImportSource::Switch(name) => name.to_owned(),
    }
}

/// What was read, and what was not.
fn source(import: &ImportDocument<'_>) -> String {
    let name = name(import);
    let mut text = String::new();
    if !import.columns.is_empty() {
        let told = |taken: &ColumnTaken| format!("{} = `{}`", taken.column, clean(&taken.heading));
        let told: Vec<String> = import.columns.iter().map(told).collect();
        text.push_str(&format!("columns:        {}\n", told.join(", ")));
    }
    if !import.columns_not_taken.is_empty() {
        let told =
            |left: &ColumnLeft| format!("`{}` (column {})", clean(&left.heading), left.number);
        let told: Vec<String> = import.columns_not_taken.iter().map(told).collect();
        text.push_str(&format!("not taken over: {}\n", told.join(", ")));
    }
    let lines = |problems: &[Problem], word: &str| {
        let line = |problem: &Problem| {
            format!(
                "{name}:{}: {word}: {}\n",
                problem.line,
                clean(&problem.what)
            )
        };
        shown(problems, line)
    };
    text.push_str(&lines(import.left_out, "left out"));
    text.push_str(&lines(import.contradictions, "contradiction"));
    text.push_str(&shown(import.ports_not_matched, |port| {
        let (label, words) = (clean(&port.port), clean(&port.description));
        format!("{name} port {label}: the description does not fit the pattern: {words}\n")
    }));
    if import.ports_without_description > 0 {
        let ports = count(import.ports_without_description, "port");
        text.push_str(&format!("{name}: {ports} without a description\n"));
    }
    text
}

fn shown<T>(items: &[T], line: impl Fn(&T) -> String) -> String {
    let mut text: String = items.iter().take(MAX_LINES).map(line).collect();
    if let Some(more @ 1..) = items.len().checked_sub(MAX_LINES) {
        text.push_str(&format!("... and {more} more (--json has them all)\n"));
    }
    text
}

fn part(title: &str, body: &str) -> String {
    format!("\n{}\n{body}", Styled(STRONG, format_args!("{title}:")))
}

fn new(import: &ImportDocument<'_>) -> String {
    if import.new.is_empty() {
        return String::new();
    }
    let cell = |entry: &NewEntry, column: &str| entry.cell(column).to_owned();
    let columns = COLUMNS.map(|name| (name, name));
    part("new", &rows(import.new, &columns, MAX_LINES, cell))
}

fn changed(import: &ImportDocument<'_>) -> String {
    let fields: Vec<_> = import
        .changed
        .iter()
        .flat_map(|change| change.fields.iter().map(move |field| (change, field)))
        .collect();
    if fields.is_empty() {
        return String::new();
    }
    let source = match import.source {
        ImportSource::File(_) => "line there",
        ImportSource::Switch(_) => "",
    };
    let columns = [
        ("line", "line"),
        ("switch", "switch"),
        ("port", "port"),
        ("column", "column"),
        ("old", "in the list"),
        ("new", "in the source"),
        ("source", source),
    ];
    let body = rows(
        &fields,
        &columns,
        usize::MAX,
        |(change, field), column| match column {
            "line" => change.line.to_string(),
            "switch" => change.switch.clone(),
            "port" => change.port.clone(),
            "column" => field.column.to_owned(),
            "old" if field.old.is_empty() => "(empty)".to_owned(),
            "old" => field.old.clone(),
            "new" => field.new.clone(),
            _ => change
                .source_line
                .map_or_else(String::new, |line| line.to_string()),
        },
    );
    part("changed", &body)
}

/// The lines that the source lacks. Those of switches that it does not speak of are counted only.
fn kept(import: &ImportDocument<'_>) -> String {
    let kept = import.kept.iter();
    let (near, far): (Vec<&Entry>, Vec<&Entry>) =
        kept.partition(|entry| import.spoken_of.contains(entry.switch.as_str()));
    let mut body = String::new();
    if !near.is_empty() {
        let columns = [
            "line", "switch", "port", "panel", "position", "outlet", "room",
        ];
        body = rows(
            &near,
            &columns.map(|name| (name, name)),
            MAX_LINES,
            |entry, column| match column {
                "line" => entry.line.to_string(),
                column => entry.cell(column).to_owned(),
            },
        );
    }
    if !far.is_empty() && !near.is_empty() {
        let more = format!("... and {} of other switches\n", count(far.len(), "line"));
        body.push_str(&more);
    }
    if body.is_empty() {
        return body;
    }
    part("kept, though the source does not have them", &body)
}

fn rows<T>(
    items: &[T],
    columns: &[(&'static str, &'static str)],
    limit: usize,
    cell: impl Fn(&T, &str) -> String,
) -> String {
    let columns: Vec<Column<'_>> = columns
        .iter()
        .map(|(column, name)| Column {
            name,
            cells: items
                .iter()
                .take(limit)
                .map(|item| Cow::Owned(clean(&cell(item, column)).into_owned()))
                .collect(),
        })
        .filter(|column| column.cells.iter().any(|cell| !cell.is_empty()))
        .collect();
    let mut text = table(&columns);
    if let Some(more @ 1..) = items.len().checked_sub(limit) {
        text.push_str(&format!("... and {more} more (--json has them all)\n"));
    }
    text
}

fn after(import: &ImportDocument<'_>) -> String {
    if import.problems_after.is_empty() {
        return String::new();
    }
    let file = import.list.display();
    let body = shown(&import.problems_after, |problem| {
        format!("{file}:{}: {}\n", problem.line, clean(&problem.what))
    });
    part("`halfspan patch check` will say", &body)
}

fn summary(import: &ImportDocument<'_>) -> String {
    let list = import.list.display();
    let counts = format!(
        "{} new, {} changed, {} the same, {} kept",
        import.new.len(),
        import.changed.len(),
        import.same,
        import.kept.len()
    );
    let changes = !import.new.is_empty() || !import.changed.is_empty();
    let end = match &import.refused {
        Some(why) => format!("{}: {}", Styled(WARNING, "nothing is written"), clean(why)),
        None if import.written => Styled(GOOD, "written").to_string(),
        None if import.is_empty() => "there is nothing to import".to_owned(),
        None if !changes => Styled(GOOD, "there is nothing to change").to_string(),
        None => "nothing is written yet".to_owned(),
    };
    let mut text = format!("\n{list}: {counts}; {end}\n");
    if let Some(command) = &import.command {
        text.push_str(&format!("{} {command}\n", Styled(LABEL, "to write it:")));
    }
    text
}
