//! The list's text after an import. What the plan does not touch keeps its octets.

use std::collections::BTreeMap;

use super::plan::{Change, NewEntry, Plan};
use crate::patch::list::{BOM, COLUMNS, PatchList};
use crate::patch::rows::{Rows, quoted};

/// Returns the text of a list that was not there before.
pub(super) fn written(plan: &Plan) -> Vec<u8> {
    let heading: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
    let mut text = format!("{}\n", COLUMNS.join(","));
    for entry in &plan.new {
        text.push_str(&line(&new_cells(entry, &heading), ','));
        text.push('\n');
    }
    text.into_bytes()
}

/// Returns the new text of a list that is there as `bytes` and was read as `list`.
pub(super) fn rewritten(bytes: &[u8], list: &PatchList, plan: &Plan) -> Vec<u8> {
    let separator = list.separator();
    let octet = u8::try_from(separator).unwrap_or(b',');
    let (mark, text) = match bytes.strip_prefix(BOM) {
        Some(text) => (BOM, text),
        None => (&[][..], bytes),
    };
    let missing = missing_columns(list, plan);
    let heading: Vec<String> = list
        .heading()
        .iter()
        .cloned()
        .chain(missing.clone())
        .collect();
    let changes: BTreeMap<u64, &Change> = plan
        .changed
        .iter()
        .map(|change| (change.line, change))
        .collect();
    let mut out = mark.to_vec();
    let mut copied = 0;
    for (number, row) in Rows::new(text, octet).enumerate() {
        let replacement = match changes.get(&row.line) {
            _ if number == 0 && missing.is_empty() => continue,
            _ if number == 0 => {
                let old = text.get(row.range.clone()).unwrap_or_default();
                let old = String::from_utf8_lossy(old).into_owned();
                std::iter::once(old)
                    .chain(missing.iter().cloned())
                    .collect::<Vec<_>>()
                    .join(&separator.to_string())
            }
            Some(change) => line(&changed_cells(&row.record, change, &heading), separator),
            None => continue,
        };
        out.extend_from_slice(text.get(copied..row.range.start).unwrap_or_default());
        out.extend_from_slice(replacement.as_bytes());
        copied = row.range.end;
    }
    out.extend_from_slice(text.get(copied..).unwrap_or_default());
    let end = line_end(text);
    if !plan.new.is_empty() && !out.ends_with(b"\n") {
        out.extend_from_slice(end.as_bytes());
    }
    for entry in &plan.new {
        out.extend_from_slice(line(&new_cells(entry, &heading), separator).as_bytes());
        out.extend_from_slice(end.as_bytes());
    }
    out
}

/// Returns the columns that the plan needs and the list has not.
fn missing_columns(list: &PatchList, plan: &Plan) -> Vec<String> {
    let needed = |column: &str| {
        let fields = plan.changed.iter().flat_map(|change| &change.fields);
        fields.clone().any(|field| field.column == column)
            || plan.new.iter().any(|entry| !entry.cell(column).is_empty())
    };
    COLUMNS
        .into_iter()
        .filter(|column| !list.heading().iter().any(|name| name == column) && needed(column))
        .map(str::to_owned)
        .collect()
}

fn new_cells(entry: &NewEntry, heading: &[String]) -> Vec<String> {
    let cells = heading.iter().map(|column| entry.cell(column).to_owned());
    cells.collect()
}

fn changed_cells(record: &csv::ByteRecord, change: &Change, heading: &[String]) -> Vec<String> {
    let mut cells: Vec<String> = record
        .iter()
        .map(|cell| String::from_utf8_lossy(cell).into_owned())
        .collect();
    for field in &change.fields {
        // Of two columns with one name the reader believes the last.
        let Some(place) = heading.iter().rposition(|name| name == field.column) else {
            continue;
        };
        if cells.len() <= place {
            cells.resize(place + 1, String::new());
        }
        if let Some(cell) = cells.get_mut(place) {
            cell.clone_from(&field.new);
        }
    }
    cells
}

fn line(cells: &[String], separator: char) -> String {
    let cells: Vec<String> = cells.iter().map(|cell| quoted(cell, separator)).collect();
    cells.join(&separator.to_string())
}

/// Returns the line end that the list's first line has.
fn line_end(text: &[u8]) -> &'static str {
    let end = text.iter().position(|byte| *byte == b'\n');
    let before = end.and_then(|end| end.checked_sub(1));
    match before.and_then(|before| text.get(before)) {
        Some(b'\r') => "\r\n",
        _ => "\n",
    }
}
