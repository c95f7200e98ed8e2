//! What the `http` section has to hold together.

use serde_json::Value as Json;

use super::super::http::{Entry, For, GAPS, Http, Lie, Method, Request, Template, gaps_of};
use super::super::{Profile, Shape};
use super::{Fault, fault, fault_near};

/// Checks the section of a profile that has one.
pub(super) fn http(profile: &Profile, http: &Http) -> Result<(), Fault> {
    if !profile.objects.is_empty() {
        return fault(
            "http",
            "a switch is told by `objects` or by `http`, not by both",
        );
    }
    if http.entries.is_empty() {
        return fault(
            "http",
            "there are no `entries`: the old state must be known",
        );
    }
    for (place, entry) in http.entries.iter().enumerate() {
        if http
            .entries
            .iter()
            .take(place)
            .any(|other| other.name == entry.name)
        {
            return fault(&*entry.name, "there are two entries of this name");
        }
        check_entry(http, entry)?;
    }
    for gap in ["source", "destination"] {
        let many = gap == "source" && http.mentions("sources");
        if !http.mentions(gap) && !many {
            return fault("http", format!("no entry has the gap {{{gap}}}"));
        }
    }
    let commands = http.commands().next().is_some();
    let carrier = http.send.as_ref().and_then(|send| send.body.as_ref());
    match (commands, carrier) {
        (true, Some(body)) if body.gaps().contains(&"commands") => {}
        (true, _) => {
            return fault(
                "http",
                "commands need `send`, with [\"{commands}\"] in its body",
            );
        }
        (false, _) if http.send.is_some() => {
            return fault("http", "`send` carries commands, and no entry has any");
        }
        (false, _) => {}
    }
    let taken = taken(http);
    let known = |more: &[&'static str]| -> Vec<String> {
        let own = taken.iter().cloned();
        let fixed = ["token", "user", "password"].iter().chain(more);
        own.chain(fixed.map(|gap| (*gap).to_owned())).collect()
    };
    for step in http.before.iter().chain(&http.after) {
        request("http", &step.request, &known(&["session"]))?;
    }
    if let Some(send) = &http.send {
        request("http", send, &known(&["commands"]))?;
    }
    if let Some(login) = &http.login {
        request("http", &login.request, &known(&[]))?;
    }
    for text in http.headers.values() {
        gaps("http", &gaps_of(text), &known(&[]))?;
    }
    for entry in &http.entries {
        let all: Vec<&'static str> = GAPS.to_vec();
        for made in entry.writes() {
            request(&entry.name, made, &known(&all))?;
        }
    }
    limits(profile, http)
}

/// The gaps that the answers to the steps before a change fill.
fn taken(http: &Http) -> Vec<String> {
    let takes = http.before.iter().filter_map(|step| step.take.as_ref());
    let taken = takes.flat_map(Template::gaps).map(str::to_owned);
    taken.chain(http.given.iter().cloned()).collect()
}

fn check_entry(http: &Http, entry: &Entry) -> Result<(), Fault> {
    let name = entry.name.as_str();
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || !name.chars().all(plain) {
        return fault(
            "http",
            "an entry's name is made of letters, digits, `-` and `_`",
        );
    }
    if !["", "/"].contains(&entry.at.get(..1).unwrap_or("")) {
        return fault(name, "`at` is a JSON pointer and begins with `/`");
    }
    if matches!(entry.lie, Lie::Lines | Lie::Leaves) && entry.key.is_none() {
        return fault(
            name,
            "lines and leaves need a `key`: what those of the mirror look like",
        );
    }
    if entry.lie == Lie::Items && entry.key_at.is_none() {
        return fault(name, "items need `key_at`: what tells them apart");
    }
    if entry.key.is_none() && entry.value.is_none() {
        return fault(name, "there is neither a `key` nor a `value` with gaps");
    }
    if !entry.create.is_empty() && !entry.add.is_empty() {
        return fault(
            name,
            "an entry is made by `create` or by `add`, not by both",
        );
    }
    if entry.each == For::Other {
        if entry.writes().next().is_some() || !entry.add.is_empty() || !entry.remove.is_empty() {
            return fault(
                name,
                "what is somebody else's is never changed: no request or command",
            );
        }
    } else if entry.is_made() {
        let removes =
            !entry.delete.is_empty() || !entry.remove.is_empty() || entry.put_all.is_some();
        if !removes {
            return fault(
                name,
                "what is made must be removable: there is no `delete` or `remove`",
            );
        }
    } else if entry.idle.is_none() || entry.replace.is_empty() {
        return fault(
            name,
            "an entry that is always there needs `idle` and `replace`",
        );
    }
    if !entry.clear.is_empty() && entry.idle.is_none() {
        return fault(
            name,
            "`clear` brings a setting to `idle`, and there is none",
        );
    }
    let source = entry.mentions("source");
    if entry.each == For::Source && !source {
        return fault(name, "an entry for each source needs the gap {source}");
    }
    if entry.each == For::Destination && !entry.mentions("destination") {
        return fault(
            name,
            "a setting on the destination needs the gap {destination}: which port it belongs to",
        );
    }
    if entry.mentions("direction") && entry.directions.is_empty() {
        return fault(name, "the gap {direction} needs `directions`");
    }
    for word in entry.directions.keys() {
        let known = ["ingress", "egress", "both"];
        if !known.contains(&word.as_str()) {
            return fault_near(name, format!("`{word}` is no direction"), word, &known);
        }
    }
    if let Some(value) = &entry.value
        && let Some(stray) = stray_member(entry, value)
    {
        let what = format!("`value` has `{stray}`, which is not among what is kept");
        let keep: Vec<&str> = entry.keep.iter().map(String::as_str).collect();
        return fault_near(name, what, &stray, &keep);
    }
    let of_entries =
        ["session", "source", "sources", "destination", "direction"].map(str::to_owned);
    let key = entry.key.as_deref().map(gaps_of).unwrap_or_default();
    gaps(name, &key, &of_entries)?;
    let of_others: Vec<String> = of_entries
        .iter()
        .cloned()
        .chain(["other".to_owned()])
        .collect();
    for key in entry.also.iter().filter_map(|also| also.key.as_deref()) {
        gaps(name, &gaps_of(key), &of_others)?;
    }
    for value in entry.value.iter().chain(&entry.idle) {
        gaps(name, &value.gaps(), &of_entries)?;
    }
    let of_commands: Vec<String> = GAPS.iter().map(|gap| (*gap).to_owned()).collect();
    for command in entry.add.iter().chain(&entry.remove) {
        gaps(name, &command.gaps(), &of_commands)?;
    }
    let credentials = ["token", "user", "password"].map(str::to_owned);
    let known: Vec<String> = credentials.into_iter().chain(http.given.clone()).collect();
    request(name, &entry.read, &known)?;
    if let Some(all) = &entry.put_all
        && !all
            .body
            .as_ref()
            .is_some_and(|body| body.gaps().contains(&"entries"))
    {
        return fault(
            name,
            "`put_all` carries all of them: [\"{entries}\"] in its body",
        );
    }
    if entry.read.method != Method::Get && entry.read.body.is_none() {
        return fault(name, "`read` is a GET, or has a `body` that asks");
    }
    let also_saves = entry.writes().chain(&http.send).find(|r| saves(r));
    match also_saves {
        Some(found) => fault(
            name,
            format!(
                "`{}` saves for the next start; that is never sent",
                found.path
            ),
        ),
        None => Ok(()),
    }
}

/// Tells whether a request is one of those that are known to write the start-up configuration.
fn saves(request: &Request) -> bool {
    let path = request.path.to_lowercase();
    ["save-config", "config-file", "/startup", "copy-config"]
        .iter()
        .any(|word| path.contains(word))
}

/// A member of the value that is not kept, so that it would never read back as it was written.
fn stray_member(entry: &Entry, value: &Template) -> Option<String> {
    let Json::Object(members) = &value.0 else {
        return None;
    };
    let kept = |member: &&String| entry.keep.is_empty() || entry.keep.contains(member);
    members.keys().find(|member| !kept(member)).cloned()
}

fn request(place: &str, request: &Request, known: &[String]) -> Result<(), Fault> {
    if !request.path.starts_with('/') {
        return fault(
            place,
            format!("the path `{}` does not begin with `/`", request.path),
        );
    }
    gaps(place, &gaps_of(&request.path), known)?;
    match &request.body {
        Some(body) => gaps(place, &body.gaps(), known),
        None => Ok(()),
    }
}

fn gaps(place: &str, found: &[&str], known: &[String]) -> Result<(), Fault> {
    let name = |gap: &str| gap.split('.').next().unwrap_or_default().to_owned();
    match found.iter().find(|gap| !known.contains(&name(gap))) {
        None => Ok(()),
        Some(gap) => {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            fault_near(
                place,
                format!("nothing fills the gap {{{gap}}} here"),
                gap,
                &known,
            )
        }
    }
}

fn limits(profile: &Profile, http: &Http) -> Result<(), Fault> {
    let listed = http.mentions("sources")
        || http.entries.iter().any(|entry| entry.each == For::Source)
        || http
            .entries
            .iter()
            .any(|entry| entry.value.as_ref().is_some_and(lists_sources));
    if profile.shape == Shape::SingleSource && listed && http.entries.len() == 1 {
        return fault(
            "shape",
            "`single_source` mirrors 1 source, and the entry lists several",
        );
    }
    if !listed && profile.limits.sources != Some(1) {
        return fault(
            "limits",
            "the entry has room for one source: write `shape: single_source` or `sources: 1`",
        );
    }
    Ok(())
}

/// Tells whether {source} stands in something that is repeated.
fn lists_sources(template: &Template) -> bool {
    fn within(value: &Json, repeated: bool) -> bool {
        match value {
            Json::String(text) => repeated && gaps_of(text).contains(&"source"),
            Json::Array(items) => items.iter().any(|item| within(item, true)),
            Json::Object(members) => members
                .iter()
                .any(|(key, value)| gaps_of(key).contains(&"source") || within(value, repeated)),
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
        }
    }
    within(&template.0, false)
}
