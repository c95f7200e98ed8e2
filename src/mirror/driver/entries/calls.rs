//! The requests between two sets of entries.

use serde_json::Value as Json;

use crate::mirror::state::EntryMap;
use crate::profile::http::{Entry, Http, Request, Scope, Step, Template};

use super::{Call, id, of_kind};

/// Returns the requests that lead from the entries that are there to those that are wanted: what goes first, what
/// stays and changes, and what comes. From the second attempt on, commands go one by one.
pub(super) fn between(
    http: &Http,
    ours: &Scope,
    now: &EntryMap,
    goal: &EntryMap,
    attempt: u32,
) -> Vec<Call> {
    let mut calls = Vec::new();
    let mut commands = Vec::new();
    let single = |entry: &&Entry| entry.put_all.is_none();
    for entry in http.entries.iter().rev().filter(single) {
        for (key, value) in of_kind(entry, now) {
            if !goal.contains_key(&id(entry, key)) {
                let scope = scope(entry, ours, key, value);
                calls.extend(requests(&entry.delete, &scope));
                commands.extend(filled(&entry.remove, &scope));
            }
        }
    }
    for entry in &http.entries {
        calls.extend(all_at_once(entry, ours, now, goal));
        for (key, value) in of_kind(entry, goal).filter(|_| entry.put_all.is_none()) {
            let scope = scope(entry, ours, key, value);
            match now.get(&id(entry, key)) {
                Some(present) if present == value => {}
                Some(_) => calls.extend(requests(changing(entry, value), &scope)),
                None => {
                    calls.extend(requests(&entry.create, &scope));
                    commands.extend(filled(&entry.add, &scope));
                }
            }
        }
    }
    calls.extend(carried(http, ours, commands, attempt));
    if calls.is_empty() {
        return calls;
    }
    let step = |step: &Step| Call {
        request: step.request.clone(),
        scope: ours.clone(),
        take: step.take.clone(),
        until: step.until.clone(),
    };
    let before: Vec<Call> = http.before.iter().map(step).collect();
    let after = http.after.iter().map(step);
    before.into_iter().chain(calls).chain(after).collect()
}

/// The request that brings all entries of a kind, where one of them is to be another.
fn all_at_once(entry: &Entry, ours: &Scope, now: &EntryMap, goal: &EntryMap) -> Option<Call> {
    let request = entry.put_all.as_ref()?;
    if of_kind(entry, now).eq(of_kind(entry, goal)) {
        return None;
    }
    let mut all: Vec<(&str, &Json)> = of_kind(entry, goal).collect();
    all.sort_by_key(|(key, _)| (key.parse::<u64>().unwrap_or(u64::MAX), *key));
    Some(Call {
        request: request.clone(),
        scope: Scope {
            entries: all
                .into_iter()
                .map(|(_, value)| sent(entry, value))
                .collect(),
            ..ours.clone()
        },
        take: None,
        until: None,
    })
}

/// The requests that bring an entry to a value.
fn changing<'a>(entry: &'a Entry, value: &Json) -> &'a [Request] {
    let idle = entry.idle.as_ref().is_some_and(|idle| idle.makes(value));
    if idle && !entry.clear.is_empty() {
        &entry.clear
    } else {
        &entry.replace
    }
}

/// What fills the gaps of one entry's requests.
fn scope(entry: &Entry, ours: &Scope, key: &str, value: &Json) -> Scope {
    let mut scope = ours.clone().with("key", key);
    if let Some((texts, _)) = entry.read_key(key) {
        scope.texts.extend(texts);
    }
    if let Some(template) = &entry.value {
        scope.texts.extend(template.read(value).texts);
    }
    scope.entry = Some(sent(entry, value));
    scope
}

/// The part of a value that is sent.
fn sent(entry: &Entry, value: &Json) -> Json {
    let mut value = value.clone();
    if let Json::Object(members) = &mut value {
        members.retain(|member, _| !entry.never_sent.contains(member));
    }
    value
}

fn requests(requests: &[Request], scope: &Scope) -> Vec<Call> {
    let call = |request: &Request| Call {
        request: request.clone(),
        scope: scope.clone(),
        take: None,
        until: None,
    };
    requests.iter().map(call).collect()
}

/// A checked profile has no gap that is not filled here.
fn filled(commands: &[Template], scope: &Scope) -> Vec<Json> {
    commands
        .iter()
        .filter_map(|command| command.fill(scope).ok())
        .collect()
}

/// The requests that carry commands.
fn carried(http: &Http, ours: &Scope, commands: Vec<Json>, attempt: u32) -> Vec<Call> {
    let Some(send) = &http.send else {
        return Vec::new();
    };
    let at_once = if attempt > 1 {
        1
    } else {
        commands.len().max(1)
    };
    let call = |commands: &[Json]| Call {
        request: send.clone(),
        scope: Scope {
            commands: commands.to_vec(),
            ..ours.clone()
        },
        take: None,
        until: None,
    };
    commands.chunks(at_once).map(call).collect()
}
