//! Finding the entries in what the switch answers.

use serde_json::Value as Json;

use crate::http::{Http, HttpError, Purpose};
use crate::mirror::state::State;
use crate::profile::http::{Entry, Http as Described, Lie, Request, Scope, columns};

use super::id;

/// A tree is not followed deeper; no configuration of a mirror is.
const DEEPEST: usize = 32;

/// Reads every kept entry; a request that several kinds share is sent once.
pub(crate) fn read(described: &Described, switch: &mut dyn Http) -> Result<State, HttpError> {
    let mut answers: Vec<(&Request, Json)> = Vec::new();
    let mut state = State::default();
    for entry in &described.entries {
        if !answers.iter().any(|(request, _)| **request == entry.read) {
            let answer = switch.send(&entry.read, &Scope::default(), Purpose::Read)?;
            answers.push((&entry.read, answer.body));
        }
        let answer = answers.iter().find(|(request, _)| **request == entry.read);
        let Some(place) = answer.and_then(|(_, body)| body.pointer(&entry.at)) else {
            continue;
        };
        for (key, value) in laid(entry, place) {
            if entry.read_key(&key).is_some() {
                state.entries.insert(id(entry, &key), kept(entry, value));
            }
        }
    }
    Ok(state)
}

/// Takes a place apart into keys and values.
fn laid(entry: &Entry, place: &Json) -> Vec<(String, Json)> {
    match (entry.lie, place) {
        (Lie::Members, Json::Object(members)) => {
            let members = members.iter();
            members
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        }
        (Lie::Items, Json::Array(items)) => {
            let keyed = |item: &Json| {
                let key = item.pointer(entry.key_at.as_deref()?)?;
                let text = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                let value = item.pointer(entry.value_at.as_deref().unwrap_or_default())?;
                Some((text, value.clone()))
            };
            items.iter().filter_map(keyed).collect()
        }
        (Lie::Columns, Json::Object(lists)) => columns(lists)
            .into_iter()
            .zip(1..)
            .map(|(value, place): (Json, u32)| (place.to_string(), value))
            .collect(),
        (Lie::Whole, value) if !value.is_null() => vec![(String::new(), value.clone())],
        (Lie::Lines, Json::String(text)) => lines(text)
            .into_iter()
            .map(|line| (line, Json::Null))
            .collect(),
        (Lie::Leaves, tree) => {
            let mut found = Vec::new();
            leaves(tree, &mut Vec::new(), &mut found);
            found.into_iter().map(|leaf| (leaf, Json::Null)).collect()
        }
        _ => Vec::new(),
    }
}

/// Joins each line to the lines that it is indented below.
fn lines(text: &str) -> Vec<String> {
    let mut above: Vec<(usize, &str)> = Vec::new();
    let mut found = Vec::new();
    for line in text.lines() {
        let words = line.trim();
        if words.is_empty() || words.starts_with('!') {
            continue;
        }
        let depth = line.len() - line.trim_start().len();
        above.retain(|(other, _)| *other < depth);
        above.truncate(DEEPEST);
        let joined: Vec<&str> = above
            .iter()
            .map(|(_, words)| *words)
            .chain([words])
            .collect();
        found.push(joined.join(" "));
        above.push((depth, words));
    }
    found
}

/// Writes each leaf of a tree with the way to it.
fn leaves<'a>(tree: &'a Json, way: &mut Vec<&'a str>, found: &mut Vec<String>) {
    if way.len() > DEEPEST {
        return;
    }
    match tree {
        Json::Object(members) => {
            for (key, value) in members {
                way.push(key);
                leaves(value, way, found);
                way.pop();
            }
        }
        Json::Array(items) => items.iter().for_each(|item| leaves(item, way, found)),
        Json::String(leaf) => found.push(format!("{} {leaf}", way.join(" "))),
        Json::Number(_) | Json::Bool(_) => found.push(format!("{} {tree}", way.join(" "))),
        Json::Null => found.push(way.join(" ")),
    }
}

/// Keeps of a value what the profile keeps.
fn kept(entry: &Entry, mut value: Json) -> Json {
    if !entry.ignore.is_empty() {
        drop_members(&mut value, &entry.ignore, 0);
    }
    if let Json::Object(mut members) = value {
        if !entry.keep.is_empty() {
            members.retain(|key, _| entry.keep.contains(key));
        }
        return entry.meant(Json::Object(members));
    }
    value
}

fn drop_members(value: &mut Json, names: &[String], depth: usize) {
    if depth > DEEPEST {
        return;
    }
    match value {
        Json::Object(members) => {
            members.retain(|key, _| !names.contains(key));
            let inside = members.values_mut();
            inside.for_each(|value| drop_members(value, names, depth + 1));
        }
        Json::Array(items) => {
            let inside = items.iter_mut();
            inside.for_each(|value| drop_members(value, names, depth + 1));
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn indented_lines_are_read_with_the_lines_above_them() {
        let text = "!Command: show run\nmonitor session 1\n  source interface Ethernet1/1 rx\n  no shut\nmonitor session 2\n";
        assert_eq!(
            lines(text),
            [
                "monitor session 1",
                "monitor session 1 source interface Ethernet1/1 rx",
                "monitor session 1 no shut",
                "monitor session 2",
            ]
        );
    }

    #[test]
    fn a_tree_is_read_as_its_leaves() {
        let tree = json!({"eth1": {"mirror": {"ingress": "eth7"}, "mtu": 1500}, "eth2": {}});
        let mut found = Vec::new();
        leaves(&tree, &mut Vec::new(), &mut found);
        assert_eq!(found, ["eth1 mirror ingress eth7", "eth1 mtu 1500"]);
    }
}
