//! What an import would change.

use std::collections::BTreeSet;

use serde::Serialize;

use super::Source;
use crate::locate::PatchReport;
use crate::patch::list::{COLUMNS, Entry, PatchList};

/// What an import would change in a list. Nothing is ever taken out of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Ports that the list lacks.
    pub new: Vec<NewEntry>,
    /// Ports of which the source says something else, or more.
    pub changed: Vec<Change>,
    /// How many ports the list has as the source has them.
    pub same: usize,
    /// The list's lines of which the source says nothing.
    pub kept: Vec<Entry>,
}

/// A port that the list lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NewEntry {
    /// Its line in the source, if that is a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_line: Option<u64>,
    /// The switch.
    pub switch: String,
    /// The port.
    pub port: String,
    /// Where the cable ends.
    #[serde(flatten)]
    pub place: PatchReport,
}

impl NewEntry {
    /// Returns the cell of a column of the patch list, empty where there is none.
    #[must_use]
    pub fn cell(&self, column: &str) -> &str {
        match column {
            "switch" => &self.switch,
            "port" => &self.port,
            of_the_place => self.place.cell(of_the_place),
        }
    }
}

/// A port of which the source says something else, or more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Its line in the list.
    pub line: u64,
    /// Its line in the source, if that is a file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_line: Option<u64>,
    /// The switch.
    pub switch: String,
    /// The port, as the list names it.
    pub port: String,
    /// What is different.
    pub fields: Vec<FieldChange>,
}

/// A cell that is different.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The column.
    pub column: &'static str,
    /// What the list has; empty if it has nothing.
    pub old: String,
    /// What the source has.
    pub new: String,
    /// Whether a value would be lost: then it takes `--replace`.
    pub conflict: bool,
}

impl Plan {
    /// Compares a source with the present list. An empty cell of the source says nothing.
    #[must_use]
    pub fn new(source: &Source, list: Option<&PatchList>) -> Plan {
        let mut plan = Plan::default();
        let mut met = BTreeSet::new();
        for incoming in &source.entries {
            let entry = &incoming.entry;
            let names = std::iter::once(&entry.port).chain(&incoming.other_names);
            let present = list.and_then(|list| {
                let mut found = names.filter_map(|name| list.named(&entry.switch, name));
                found.next()
            });
            let source_line = (entry.line > 0).then_some(entry.line);
            let Some(present) = present else {
                plan.new.push(NewEntry {
                    source_line,
                    switch: entry.switch.clone(),
                    port: entry.port.clone(),
                    place: entry.place.clone(),
                });
                continue;
            };
            met.insert(present.line);
            let fields = differences(present, entry);
            if fields.is_empty() {
                plan.same += 1;
            } else {
                plan.changed.push(Change {
                    line: present.line,
                    source_line,
                    switch: present.switch.clone(),
                    port: present.port.clone(),
                    fields,
                });
            }
        }
        let entries = list.map_or(&[][..], PatchList::entries);
        plan.kept = entries
            .iter()
            .filter(|entry| !met.contains(&entry.line))
            .cloned()
            .collect();
        plan
    }

    /// Returns how many values of the list would be lost.
    #[must_use]
    pub fn conflicts(&self) -> usize {
        let fields = self.changed.iter().flat_map(|change| &change.fields);
        fields.filter(|field| field.conflict).count()
    }

    /// Says why the plan may not be written, if it may not.
    ///
    /// Values that would be lost are lost by `replace`; a source that contradicts itself helps nobody.
    #[must_use]
    pub fn refusal(&self, source: &Source, replace: bool) -> Option<String> {
        let (conflicts, contradictions) = (self.conflicts(), source.contradictions.len());
        let ending = |number| if number == 1 { "" } else { "s" };
        if contradictions > 0 {
            return Some(format!(
                "the source contradicts itself in {contradictions} line{}; put that right first",
                ending(contradictions)
            ));
        }
        (conflicts > 0 && !replace).then(|| {
            format!(
                "{conflicts} value{} of the list would be lost; to have it so: --replace",
                ending(conflicts)
            )
        })
    }

    /// Tells whether there is anything to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.new.is_empty() && self.changed.is_empty()
    }
}

fn differences(present: &Entry, incoming: &Entry) -> Vec<FieldChange> {
    let places = COLUMNS
        .into_iter()
        .filter(|column| !["switch", "port"].contains(column));
    places
        .filter_map(|column| {
            let (old, new) = (present.cell(column), incoming.cell(column));
            (!new.is_empty() && old != new).then(|| FieldChange {
                column,
                old: old.to_owned(),
                new: new.to_owned(),
                conflict: !old.is_empty(),
            })
        })
        .collect()
}
