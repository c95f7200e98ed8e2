//! The entries that are wanted: those that are there, with ours as they are to be.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::mirror::driver::Situation;
use crate::mirror::state::EntryMap;
use crate::profile::http::{Entry, For, Scope, Template, fill_text, gaps_of};

use super::{Entries, id, of_kind};

/// The key of an entry that the switch will name itself.
const UNNAMED: &str = "new";

/// Returns the entries that there are when exactly these ports are mirrored to our destination.
pub(super) fn goal(driver: &Entries, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> EntryMap {
    let names = wanted
        .iter()
        .filter_map(|number| driver.names.by_number.get(number));
    let mut builder = Builder {
        driver,
        situation,
        wanted: names.cloned().collect(),
        goal: situation.now.entries.clone(),
    };
    for entry in &driver.http.entries {
        match (entry.is_made(), entry.each) {
            (_, For::Other) => {}
            (true, For::Source) => builder.sources(entry),
            (_, For::Destination) => builder.destination(entry),
            (true, For::Session) => builder.session(entry),
            (false, For::Session | For::Source) => builder.settings(entry),
        }
    }
    builder.goal
}

struct Builder<'a> {
    driver: &'a Entries,
    situation: Situation<'a>,
    /// The wanted ports' names.
    wanted: Vec<String>,
    goal: EntryMap,
}

impl Builder<'_> {
    fn scope(&self, entry: &Entry) -> Scope {
        let mut scope = self.driver.scope();
        if let Some(word) = entry.directions.get(self.driver.task.copies.word()) {
            scope = scope.with("direction", word);
        }
        if entry.each != For::Source {
            scope.sources = self.wanted.clone();
        }
        scope
    }

    /// Takes out the entries of a kind that are ours, and returns their keys.
    fn take_out(&mut self, entry: &Entry) -> Vec<String> {
        let all = of_kind(entry, &self.situation.now.entries);
        let ours = all.filter(|(key, value)| self.driver.is_ours(entry, key, value));
        let keys: Vec<String> = ours.map(|(key, _)| key.to_owned()).collect();
        for key in &keys {
            self.goal.remove(&id(entry, key));
        }
        keys
    }

    fn put(&mut self, entry: &Entry, key: &str, scope: &Scope) {
        let value = entry
            .value
            .as_ref()
            .map_or(Some(Json::Null), |value| value.fill(scope).ok());
        if let Some(value) = value {
            self.goal.insert(id(entry, key), value);
        }
    }

    /// An entry of the session, made while something is mirrored.
    fn session(&mut self, entry: &Entry) {
        if entry.key.is_none() {
            self.unnamed(entry);
            return;
        }
        self.take_out(entry);
        let scope = self.scope(entry);
        let key = entry
            .key
            .as_deref()
            .and_then(|key| fill_text(key, &scope).ok());
        let Some(key) = key else {
            return;
        };
        // What says nothing of sources and was there before stays: somebody may have set more in it than is kept.
        let then = &self.situation.then.entries;
        let stays = !entry.mentions_sources() && then.contains_key(&id(entry, &key));
        if !self.wanted.is_empty() || stays {
            self.put(entry, &key, &scope);
        }
    }

    /// An entry whose key is the switch's own affair: ours is the one that was not there before.
    fn unnamed(&mut self, entry: &Entry) {
        let then = &self.situation.then.entries;
        let all = of_kind(entry, &self.situation.now.entries);
        let new = all.filter(|(key, _)| !then.contains_key(&id(entry, key)));
        let new: Vec<String> = new.map(|(key, _)| key.to_owned()).collect();
        for key in &new {
            self.goal.remove(&id(entry, key));
        }
        if !self.wanted.is_empty() {
            let key = new.first().map_or(UNNAMED, String::as_str).to_owned();
            self.put(entry, &key, &self.scope(entry));
        }
    }

    /// One entry for each source.
    fn sources(&mut self, entry: &Entry) {
        self.take_out(entry);
        for name in self.wanted.clone() {
            let scope = self.scope(entry).with("source", name);
            let key = entry
                .key
                .as_deref()
                .and_then(|key| fill_text(key, &scope).ok());
            if let Some(key) = key {
                self.put(entry, &key, &scope);
            }
        }
    }

    /// The setting on our destination port. One that does not name its source stays on until the end: taking it off
    /// between two sets would give the port back to the network each time. One that does is off as it was before the
    /// run or, where it was on then, as `idle` says.
    fn destination(&mut self, entry: &Entry) {
        let scope = self.scope(entry);
        let key = entry.key.as_deref().map(|key| fill_text(key, &scope));
        let Some(Ok(key)) = key else {
            return;
        };
        let id = id(entry, &key);
        let there = self.situation.now.entries.get(&id);
        let before = self.situation.then.entries.get(&id);
        let Some(template) = entry.value.as_ref() else {
            return;
        };
        let wanted = match (template.fill(&scope), there) {
            (Ok(on), Some(there)) => Some(merged(there.clone(), on)),
            (Ok(on), None) => entry.is_made().then_some(on),
            (Err(_), _) => before.map(|before| off(entry, template, before)),
        };
        match wanted {
            Some(wanted) => self.goal.insert(id, wanted),
            None => self.goal.remove(&id),
        };
    }

    /// Entries that are always there.
    fn settings(&mut self, entry: &Entry) {
        let all = of_kind(entry, &self.situation.now.entries);
        let all: Vec<(String, Json)> = all
            .map(|(key, value)| (key.to_owned(), value.clone()))
            .collect();
        for (key, value) in all {
            let scope = self.scope(entry);
            let on = if entry.each == For::Source {
                let name = named(entry, &key, &value, "source");
                let name = name.filter(|name| self.wanted.contains(name));
                name.map(|name| scope.with("source", name))
            } else {
                (!self.wanted.is_empty()).then_some(scope)
            };
            let (template, scope) = match on {
                Some(scope) => (entry.value.as_ref(), scope),
                None => (entry.idle.as_ref(), Scope::default()),
            };
            let wanted = template.and_then(|template: &Template| template.fill(&scope).ok());
            if let Some(wanted) = wanted {
                let goal = entry.meant(merged(value, wanted));
                self.goal.insert(id(entry, &key), goal);
            }
        }
    }
}

/// Which port an entry belongs to: the one in this gap of its key or value.
fn named(entry: &Entry, key: &str, value: &Json, gap: &str) -> Option<String> {
    let by_key = entry
        .read_key(key)
        .and_then(|(mut texts, _)| texts.remove(gap));
    let by_value = || entry.value.as_ref()?.read(value).texts.remove(gap);
    by_key.or_else(by_value)
}

/// A setting as it was before, or without what makes it a mirror.
fn off(entry: &Entry, template: &Template, before: &Json) -> Json {
    if !template.read(before).agrees {
        return before.clone();
    }
    let mut off = before.clone();
    if let (Json::Object(members), Json::Object(own)) = (&mut off, &template.0) {
        let names_port =
            |member: &Json| gaps_of(member.as_str().unwrap_or_default()) == ["destination"];
        members.retain(|name, _| own.get(name).is_none_or(names_port));
    }
    let idle = entry.idle.as_ref().map(|idle| idle.0.clone());
    idle.map_or(off.clone(), |idle| merged(off, idle))
}

/// Sets members of a value and leaves the others.
fn merged(value: Json, wanted: Json) -> Json {
    match (value, wanted) {
        (Json::Object(mut members), Json::Object(wanted)) => {
            members.extend(wanted);
            Json::Object(members)
        }
        (_, wanted) => wanted,
    }
}
