//! JSON with gaps: `{"output_port": "{destination}", "select_src_port": ["{source}"]}`.
//!
//! One template both makes a document and reads one: where `{source}` stands, the sources are written, and there they
//! are found again. A gap is `{name}`, or `{name:number}` for a JSON number, or `{name:url}` for a part of a URL. An
//! element of an array, or a member of an object, with the gap `{source}` is there once for each source. `{sources}`
//! is all of them in one text with commas between; `["{commands}"]` is every command, `["{entries}"]` every entry. `{entry.NAME}` is one member of
//! the entry that a request is about.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// The port names that a template may hold, and the other gaps, with what they stand for.
pub const GAPS: &[&str] = &[
    "session",
    "other",
    "source",
    "sources",
    "destination",
    "direction",
    "key",
    "entry",
    "commands",
    "entries",
    "user",
    "password",
    "token",
];

/// JSON with gaps.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Template(pub Json);

/// What gaps are filled with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Texts by the gap's name.
    pub texts: BTreeMap<String, String>,
    /// What `{source}` stands for, one after the other, where `texts` has no `source`.
    pub sources: Vec<String>,
    /// What `{entry}` stands for.
    pub entry: Option<Json>,
    /// What `["{commands}"]` stands for.
    pub commands: Vec<Json>,
    /// What `["{entries}"]` stands for.
    pub entries: Vec<Json>,
}

/// What a document says where a template has gaps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// Texts by the gap's name.
    pub texts: BTreeMap<String, String>,
    /// Each source, and the direction that stands beside it.
    pub sources: Vec<(String, Option<String>)>,
    /// Whether nothing in the document contradicts the template.
    pub agrees: bool,
}

/// A gap that there is nothing to fill with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is nothing to put in place of {{{0}}}")]
pub struct Unfilled(pub String);

/// How a gap is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Number,
    Url,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part<'a> {
    Literal(&'a str),
    Gap(&'a str, Form),
}

/// Cuts a text at its gaps. Braces around anything but a small-letter name are plain text.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut literal = 0;
    let mut from = 0;
    while let Some(open) = text.get(from..).and_then(|rest| rest.find('{')) {
        let open = from + open;
        let inside = text.get(open + 1..).unwrap_or_default();
        let gap = inside.find('}').and_then(|close| {
            let (name, form) = match inside.get(..close)?.split_once(':') {
                None => (inside.get(..close)?, Form::Plain),
                Some((name, "number")) => (name, Form::Number),
                Some((name, "url")) => (name, Form::Url),
                Some(_) => return None,
            };
            is_gap(name).then_some((name, form, open + 1 + close + 1))
        });
        let Some((name, form, end)) = gap else {
            from = open + 1;
            continue;
        };
        if literal < open {
            parts.push(Part::Literal(text.get(literal..open).unwrap_or_default()));
        }
        parts.push(Part::Gap(name, form));
        (literal, from) = (end, end);
    }
    if literal < text.len() {
        parts.push(Part::Literal(text.get(literal..).unwrap_or_default()));
    }
    parts
}

/// Tells whether braces hold the name of a gap: small letters, or `entry.` and the name of a member.
fn is_gap(name: &str) -> bool {
    let of_member = |octet: u8| octet.is_ascii_alphanumeric() || b"-_".contains(&octet);
    match name.strip_prefix("entry.") {
        Some(member) => !member.is_empty() && member.bytes().all(of_member),
        None => !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_lowercase()),
    }
}

/// Returns the names of the gaps in a text.
#[must_use]
pub fn gaps_of(text: &str) -> Vec<&str> {
    let gap = |part| match part {
        Part::Gap(name, _) => Some(name),
        Part::Literal(_) => None,
    };
    parts(text).into_iter().filter_map(gap).collect()
}

/// Fills the gaps of a text.
///
/// # Errors
/// [`Unfilled`]
pub fn fill_text(text: &str, scope: &Scope) -> Result<String, Unfilled> {
    let mut filled = String::new();
    for part in parts(text) {
        match part {
            Part::Literal(literal) => filled.push_str(literal),
            Part::Gap(name, form) => {
                let value = scope.text(name)?;
                match form {
                    Form::Url => filled.push_str(&escaped(&value)),
                    Form::Plain | Form::Number => filled.push_str(&value),
                }
            }
        }
    }
    Ok(filled)
}

/// Reads what stands in the gaps of a text, or returns `None` where the text is another one. What stands in a gap, but
/// for `{key}`, has no blanks in it.
#[must_use]
pub fn read_text(pattern: &str, text: &str) -> Option<BTreeMap<String, String>> {
    // With several gaps every split is tried: a switch that names a thing by a novel must not keep us busy.
    if text.len() > MAX_READ {
        return None;
    }
    let mut found = BTreeMap::new();
    fits(&parts(pattern), text, &mut found).then_some(found)
}

/// Longer texts are not read by a pattern, in octets: more than any line of a configuration.
const MAX_READ: usize = 1024;

fn fits(parts: &[Part<'_>], text: &str, found: &mut BTreeMap<String, String>) -> bool {
    match parts {
        [] => text.is_empty(),
        [Part::Literal(literal), rest @ ..] => text
            .strip_prefix(literal)
            .is_some_and(|text| fits(rest, text, found)),
        [Part::Gap(name, form), rest @ ..] => {
            let ends = text.char_indices().map(|(at, _)| at).skip(1);
            let ends = ends.chain([text.len()]).filter(|end| *end > 0);
            for end in ends {
                let Some((inside, after)) = text.split_at_checked(end) else {
                    continue;
                };
                // A key may be a whole line.
                if *name != "key" && inside.contains(char::is_whitespace) {
                    return false;
                }
                let value = match form {
                    Form::Url => unescaped(inside),
                    Form::Plain | Form::Number => inside.to_owned(),
                };
                let same = found.get(*name).is_none_or(|known| *known == value);
                if same && fits(rest, after, found) {
                    found.insert((*name).to_owned(), value);
                    return true;
                }
            }
            false
        }
    }
}

impl Scope {
    /// Returns this scope with one text more.
    #[must_use]
    pub fn with(mut self, name: &str, text: impl Into<String>) -> Self {
        self.texts.insert(name.to_owned(), text.into());
        self
    }

    fn text(&self, name: &str) -> Result<String, Unfilled> {
        if name == "sources" {
            return Ok(self.sources.join(","));
        }
        if let Some(member) = name.strip_prefix("entry.") {
            let value = self.entry.as_ref().and_then(|entry| entry.get(member));
            let text = value.and_then(leaf);
            return text.ok_or_else(|| Unfilled(name.to_owned()));
        }
        let only = match self.sources.as_slice() {
            [only] if name == "source" => Some(only),
            _ => None,
        };
        let known = self.texts.get(name).or(only);
        known.cloned().ok_or_else(|| Unfilled(name.to_owned()))
    }

    /// The scopes of a repeated element, one for each source.
    fn each(&self) -> impl Iterator<Item = Scope> + '_ {
        let sources = self.sources.iter();
        sources.map(|source| self.clone().with("source", source.clone()))
    }
}

impl Template {
    /// Fills the gaps.
    ///
    /// # Errors
    /// [`Unfilled`]
    pub fn fill(&self, scope: &Scope) -> Result<Json, Unfilled> {
        fill(&self.0, scope)
    }

    /// Reads what stands in the gaps of a document. What the template does not mention is not looked at.
    #[must_use]
    pub fn read(&self, document: &Json) -> Reading {
        let mut reading = Reading::default();
        reading.agrees = read(&self.0, document, &mut reading);
        reading
    }

    /// Tells whether this template can have made a document: everything but the gaps is the same.
    #[must_use]
    pub fn makes(&self, document: &Json) -> bool {
        makes(&self.0, document)
    }

    /// Returns the names of all gaps.
    #[must_use]
    pub fn gaps(&self) -> Vec<&str> {
        let mut found = Vec::new();
        gaps(&self.0, &mut found);
        found
    }
}

fn gaps<'a>(template: &'a Json, found: &mut Vec<&'a str>) {
    match template {
        Json::String(text) => found.extend(gaps_of(text)),
        Json::Array(items) => items.iter().for_each(|item| gaps(item, found)),
        Json::Object(members) => {
            for (key, value) in members {
                found.extend(gaps_of(key));
                gaps(value, found);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

/// Tells whether an element is there once for each source.
fn repeats(template: &Json) -> bool {
    let mut found = Vec::new();
    gaps(template, &mut found);
    found.contains(&"source")
}

fn fill(template: &Json, scope: &Scope) -> Result<Json, Unfilled> {
    let many = !scope.texts.contains_key("source");
    Ok(match template {
        Json::String(text) => return fill_leaf(text, scope),
        Json::Array(items) => {
            let mut filled = Vec::new();
            for item in items {
                if item.as_str() == Some("{commands}") {
                    filled.extend(scope.commands.iter().cloned());
                } else if item.as_str() == Some("{entries}") {
                    filled.extend(scope.entries.iter().cloned());
                } else if many && repeats(item) {
                    for scope in scope.each() {
                        filled.push(fill(item, &scope)?);
                    }
                } else {
                    filled.push(fill(item, scope)?);
                }
            }
            Json::Array(filled)
        }
        Json::Object(members) => {
            let mut filled = Map::new();
            for (key, value) in members {
                if many && gaps_of(key).contains(&"source") {
                    for scope in scope.each() {
                        filled.insert(fill_text(key, &scope)?, fill(value, &scope)?);
                    }
                } else {
                    filled.insert(fill_text(key, scope)?, fill(value, scope)?);
                }
            }
            Json::Object(filled)
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => template.clone(),
    })
}

fn fill_leaf(text: &str, scope: &Scope) -> Result<Json, Unfilled> {
    if text == "{entry}" {
        let entry = scope.entry.clone();
        return entry.ok_or_else(|| Unfilled("entry".to_owned()));
    }
    if let [Part::Gap(name, Form::Number)] = parts(text).as_slice() {
        let value = scope.text(name)?;
        let number = value.parse::<i64>();
        return Ok(number.map_or(Json::String(value), Json::from));
    }
    fill_text(text, scope).map(Json::String)
}

/// The text of a leaf, as it stands in a template.
fn leaf(value: &Json) -> Option<String> {
    match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        Json::Bool(flag) => Some(flag.to_string()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// Reads a document; returns whether nothing in it contradicts the template.
fn read(template: &Json, document: &Json, reading: &mut Reading) -> bool {
    match (template, document) {
        (Json::String(pattern), _) if !gaps_of(pattern).is_empty() => {
            let found = leaf(document).and_then(|text| read_text(pattern, &text));
            let Some(mut found) = found else {
                return false;
            };
            if let Some(all) = found.remove("sources") {
                let names = all
                    .split(',')
                    .map(str::trim)
                    .filter(|name| !name.is_empty());
                let names = names.map(|name| (name.to_owned(), None));
                reading.sources.extend(names);
            }
            reading.texts.extend(found);
            true
        }
        (Json::Array(items), Json::Array(values)) => {
            let mut rest = values.iter();
            let mut agrees = true;
            for item in items {
                if repeats(item) {
                    for value in rest.by_ref() {
                        repeated(reading, |one| read(item, value, one));
                    }
                } else if let Some(value) = rest.next() {
                    agrees &= read(item, value, reading);
                }
            }
            agrees
        }
        (Json::Object(members), Json::Object(values)) => {
            let mut agrees = true;
            for (key, member) in members {
                if gaps_of(key).is_empty() {
                    if let Some(value) = values.get(key) {
                        agrees &= read(member, value, reading);
                    }
                    continue;
                }
                let many = gaps_of(key).contains(&"source");
                for (name, value) in values {
                    let Some(texts) = read_text(key, name) else {
                        continue;
                    };
                    if many {
                        repeated(reading, |one| {
                            one.texts.extend(texts);
                            read(member, value, one)
                        });
                    } else if read(member, value, reading) {
                        reading.texts.extend(texts);
                    }
                }
            }
            agrees
        }
        _ => {
            template == document || leaf(template).is_some_and(|text| Some(text) == leaf(document))
        }
    }
}

/// Reads one of several sources.
fn repeated(reading: &mut Reading, read: impl FnOnce(&mut Reading) -> bool) {
    let mut one = Reading::default();
    if read(&mut one)
        && let Some(source) = one.texts.remove("source")
    {
        let direction = one.texts.remove("direction");
        reading.sources.push((source, direction));
        reading.texts.extend(one.texts);
    }
}

fn makes(template: &Json, document: &Json) -> bool {
    match (template, document) {
        (Json::String(text), _) if text == "{entry}" => true,
        (Json::String(pattern), _) if !gaps_of(pattern).is_empty() => {
            leaf(document).is_some_and(|text| read_text(pattern, &text).is_some())
        }
        (Json::Array(items), Json::Array(values)) => {
            let is_open = |item: &Json| item.as_str() == Some("{commands}") || repeats(item);
            let fixed = items.iter().filter(|item| !is_open(item)).count();
            let mut rest = values.iter();
            let mut open = values.len().saturating_sub(fixed);
            for item in items {
                if is_open(item) {
                    let values = rest.by_ref().take(open);
                    let is_command = item.as_str() == Some("{commands}");
                    // What the commands may be, their own templates say.
                    if !values
                        .into_iter()
                        .all(|value| is_command || makes(item, value))
                    {
                        return false;
                    }
                    open = 0;
                } else if !rest.next().is_some_and(|value| makes(item, value)) {
                    return false;
                }
            }
            rest.next().is_none()
        }
        (Json::Object(members), Json::Object(values)) => {
            let known = |name: &str, value: &Json| {
                members.iter().any(|(key, member)| {
                    (key == name || read_text(key, name).is_some()) && makes(member, value)
                })
            };
            let needed = members.keys().filter(|key| gaps_of(key).is_empty());
            values.iter().all(|(name, value)| known(name, value))
                && needed.into_iter().all(|key| values.contains_key(key))
        }
        _ => template == document,
    }
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Writes a text as a part of a URL's path or query (RFC 3986 §2.1).
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            escaped.push(char::from(octet));
        } else {
            escaped.push('%');
            for digit in [octet >> 4, octet & 15] {
                let digit = HEX.get(usize::from(digit)).copied().unwrap_or(b'0');
                escaped.push(char::from(digit));
            }
        }
    }
    escaped
}

/// Reads a part of a URL; what is no escape stays as it is.
#[must_use]
pub fn unescaped(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escape = after.get(..2).filter(|_| *first == b'%');
        let value = escape
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match value {
            Some(octet) => {
                octets.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope() -> Scope {
        Scope {
            sources: vec!["1/1/3".to_owned(), "1/1/4".to_owned()],
            ..Scope::default()
        }
        .with("session", "1")
        .with("destination", "1/1/24")
    }

    /// Fills a template and reads the result.
    #[track_caller]
    fn round(template: Json, filled: &Json) -> Reading {
        let template = Template(template);
        assert_eq!(template.fill(&scope()).unwrap(), *filled);
        assert!(template.makes(filled));
        template.read(filled)
    }

    fn sources(reading: &Reading) -> Vec<&str> {
        reading.sources.iter().map(|(name, _)| &**name).collect()
    }

    #[test]
    fn a_text_longer_than_any_line_is_not_read() {
        let long = format!("a {}", "b".repeat(MAX_READ));
        assert!(read_text("{session} {source}", &long).is_none());
        assert!(read_text("{session} {source}", &long[..MAX_READ]).is_some());
    }

    #[test]
    fn sources_in_a_map_are_written_and_found_again() {
        let reading = round(
            json!({"active": true, "to": "/if/{destination:url}", "from": {"{source}": "/if/{source:url}"}}),
            &json!({"active": true, "to": "/if/1%2F1%2F24",
                "from": {"1/1/3": "/if/1%2F1%2F3", "1/1/4": "/if/1%2F1%2F4"}}),
        );
        assert_eq!(sources(&reading), ["1/1/3", "1/1/4"]);
        assert_eq!(reading.texts["destination"], "1/1/24");
    }

    #[test]
    fn sources_in_a_list_and_numbers_are_written_and_found_again() {
        let reading = round(
            json!({"id": "{session:number}", "source": [{"name": "{source}"}], "ports": "{sources}"}),
            &json!({"id": 1, "source": [{"name": "1/1/3"}, {"name": "1/1/4"}], "ports": "1/1/3,1/1/4"}),
        );
        assert_eq!(reading.sources.len(), 4);
        assert_eq!(reading.texts["session"], "1");
    }

    #[test]
    fn a_line_is_taken_apart_by_its_words() {
        let pattern = "monitor session {session} source {source} {direction}";
        let found = read_text(pattern, "monitor session 7 source Ethernet3 rx").unwrap();
        assert_eq!(
            (&*found["source"], &*found["direction"]),
            ("Ethernet3", "rx")
        );
        for other in [
            "monitor session 7 source Ethernet3",
            "monitor session 7 destination Cpu",
            "monitor session 7 source Ethernet3 rx filter",
        ] {
            assert_eq!(read_text(pattern, other), None, "{other}");
        }
    }

    #[test]
    fn one_source_alone_needs_no_list() {
        let template = Template(json!({"from": "{source}", "to": "{destination}"}));
        let one = Scope {
            sources: vec!["ether5".to_owned()],
            ..scope()
        };
        let filled = json!({"from": "ether5", "to": "1/1/24"});
        assert_eq!(template.fill(&one), Ok(filled));
        assert_eq!(template.fill(&scope()), Err(Unfilled("source".to_owned())));
    }

    #[test]
    fn an_element_of_another_kind_is_no_source() {
        let template = Template(json!([{"type": "port", "name": "{source}"}]));
        let reading =
            template.read(&json!([{"type": "vlan", "name": "10"}, {"type": "port", "name": "p1"}]));
        assert_eq!(sources(&reading), ["p1"]);
    }

    #[test]
    fn commands_are_spliced_and_anything_else_in_the_request_is_fixed() {
        let template = Template(json!({"cmds": ["configure", "{commands}"]}));
        let scope = Scope {
            commands: vec![json!("a"), json!("b")],
            ..Scope::default()
        };
        let filled = template.fill(&scope).unwrap();
        assert_eq!(filled, json!({"cmds": ["configure", "a", "b"]}));
        assert!(template.makes(&filled));
        assert!(Template(json!("no {key}")).makes(&json!("no monitor session 1")));
        assert!(!template.makes(&json!({"cmds": ["enable", "a"]})));
        assert!(!template.makes(&json!({"cmds": ["configure"], "more": 1})));
    }

    #[test]
    fn a_gap_without_a_value_is_an_error_and_braces_elsewhere_are_text() {
        let unfilled = Template(json!("{token}")).fill(&Scope::default());
        assert_eq!(unfilled, Err(Unfilled("token".to_owned())));
        let text = Template(json!("a {b c} {")).fill(&Scope::default());
        assert_eq!(text, Ok(json!("a {b c} {")));
    }

    #[test]
    fn what_a_switch_sends_never_panics() {
        for text in ["", "%", "%4", "%zz", "é%C3", "{", "}{"] {
            let _read = (unescaped(text), read_text("{source}/{destination}é", text));
        }
    }
}
