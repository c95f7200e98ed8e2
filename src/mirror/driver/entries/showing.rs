//! Which mirrors the entries make.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::mirror::driver::Seen;
use crate::mirror::state::State;
use crate::profile::Direction;
use crate::profile::http::{Entry, For, Reading};

use super::{Entries, of_kind};

/// A mirror by the switch's names.
struct Shown {
    session: Option<String>,
    destination: Option<String>,
    sources: BTreeMap<String, Direction>,
    active: bool,
}

/// Reads which mirrors there are.
pub(super) fn seen(driver: &Entries, state: &State) -> Vec<Seen> {
    let mut mirrors: BTreeMap<String, Shown> = BTreeMap::new();
    for entry in &driver.http.entries {
        for (key, value) in of_kind(entry, &state.entries) {
            note(driver, entry, key, value, &mut mirrors);
        }
    }
    let seen = mirrors.into_values().map(|shown| as_seen(driver, shown));
    seen.collect()
}

fn note(
    driver: &Entries,
    entry: &Entry,
    key: &str,
    value: &Json,
    mirrors: &mut BTreeMap<String, Shown>,
) {
    let Some((mut texts, by_key)) = entry.read_key(key) else {
        return;
    };
    let is_port = |name: &String| !name.is_empty() && Some(name) != driver.http.no_port.as_ref();
    let mut sources: Vec<(String, Direction)> = Vec::new();
    let own = entry.value.as_ref().map(|value| (value, entry.direction));
    let also = entry.also.iter().filter(|also| also.key.is_none());
    let also = also.filter_map(|also| Some((also.value.as_ref()?, also.direction)));
    for (template, direction) in own.into_iter().chain(also) {
        let Reading {
            texts: found,
            sources: listed,
            agrees,
        } = template.read(value);
        let by_key = if template.gaps().contains(&"source") {
            None
        } else {
            texts.get("source").filter(|_| agrees)
        };
        let by_value = found
            .get("source")
            .filter(|_| agrees || entry.each == For::Session);
        let alone = by_value.or(by_key).cloned();
        let alone = alone.map(|source| (source, found.get("direction").cloned()));
        for (source, word) in listed.into_iter().chain(alone) {
            let said = word.and_then(|word| entry.direction_of(&word));
            sources.push((source, said.or(direction).unwrap_or(Direction::Both)));
        }
        texts.extend(found);
    }
    if entry.value.is_none()
        && let Some(source) = texts.get("source")
    {
        let said = texts
            .get("direction")
            .and_then(|word| entry.direction_of(word));
        sources.push((source.clone(), said.or(by_key).unwrap_or(Direction::Both)));
    }
    // Such settings are there for every port; only one that names its source is a mirror.
    if entry.each == For::Destination && sources.is_empty() {
        return;
    }
    let session = texts.get("session").cloned();
    let destination = texts
        .get("destination")
        .filter(|name| is_port(name))
        .cloned();
    // A name that somebody else gave is no number of ours, though it may look like one.
    let other = texts.get("other").map(|name| format!("{name}, not ours"));
    let apart = match (other.or(session.clone()), &destination, entry.each) {
        (Some(name), _, _) => name,
        (None, Some(destination), For::Source | For::Destination) => destination.clone(),
        (None, _, _) => String::new(),
    };
    let shown = mirrors.entry(apart).or_insert(Shown {
        session: None,
        destination: None,
        sources: BTreeMap::new(),
        active: true,
    });
    shown.session = session.or(shown.session.take());
    shown.destination = destination.or(shown.destination.take());
    shown.active &= entry.active.as_ref().is_none_or(|sign| sign.shows(value));
    for (source, direction) in sources.into_iter().filter(|(name, _)| is_port(name)) {
        let known = shown.sources.entry(source).or_insert(direction);
        if *known != direction {
            *known = Direction::Both;
        }
    }
}

fn as_seen(driver: &Entries, shown: Shown) -> Seen {
    let number = |name: &String| driver.names.by_name.get(name).copied();
    let mut others = Vec::new();
    let mut sources = BTreeMap::new();
    for (name, direction) in &shown.sources {
        match number(name) {
            Some(number) => {
                sources.insert(number, *direction);
            }
            None => others.push(name.clone()),
        }
    }
    let copies = !shown.sources.is_empty() && shown.destination.is_some();
    Seen {
        session: shown.session.and_then(|session| session.parse().ok()),
        destination: shown.destination.as_ref().and_then(number),
        sources,
        others,
        active: shown.active && copies,
    }
}
