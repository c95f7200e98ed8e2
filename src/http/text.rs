//! How a request's body is written, and the switch's own words are taken out of an answer.

use serde_json::Value as Json;

use crate::profile::http::{Scope, escaped};

/// How much of a switch's own message is repeated.
const MOST_WORDS: usize = 200;

/// A form's body. A member that is no text is written as JSON.
pub(super) fn form(body: &Json) -> String {
    let members = body.as_object().into_iter().flatten();
    let pair =
        |(name, value): (&String, &Json)| format!("{}={}", escaped(name), escaped(&plain(value)));
    members.map(pair).collect::<Vec<_>>().join("&")
}

/// The texts of a list, one a line.
pub(super) fn lines(body: &Json) -> String {
    let items = body
        .as_array()
        .map_or(std::slice::from_ref(body), Vec::as_slice);
    items.iter().map(plain).collect::<Vec<_>>().join("\n")
}

/// Escapes what stands for {commands} (XML 1.0 §2.4).
pub(super) fn as_xml(mut scope: Scope) -> Scope {
    for command in &mut scope.commands {
        if let Json::String(text) = command {
            *text = text
                .replace('&', "&amp;")
                .replace('<', "&lt;")
                .replace('>', "&gt;");
        }
    }
    scope
}

/// What is left of XML without its tags.
pub(super) fn without_tags(text: &str) -> String {
    let pieces = text.split('<').map(|piece| match piece.split_once('>') {
        Some((_, after)) => after,
        None => piece,
    });
    pieces.skip(1).collect::<Vec<_>>().join(" ")
}

pub(super) fn plain(value: &Json) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

/// The switch's own words in an answer that is an error.
pub(super) fn words(octets: &[u8]) -> String {
    const KEYS: [&str; 6] = ["error-message", "message", "msg", "detail", "text", "error"];
    fn find(value: &Json, depth: u32) -> Option<String> {
        if depth > 8 {
            return None;
        }
        let inside: Vec<&Json> = match value {
            Json::Object(members) => {
                let told = KEYS.iter().find_map(|key| members.get(*key)?.as_str());
                if let Some(told) = told {
                    return Some(told.to_owned());
                }
                members.values().collect()
            }
            Json::Array(items) => items.iter().collect(),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Vec::new(),
        };
        inside.into_iter().find_map(|value| find(value, depth + 1))
    }
    let document = serde_json::from_slice::<Json>(octets).ok();
    let told = document.and_then(|document| find(&document, 0));
    short(&told.unwrap_or_else(|| String::from_utf8_lossy(octets).into_owned()))
}

/// One line of at most [`MOST_WORDS`] letters.
pub(super) fn short(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|letter| !letter.is_control()).collect();
    match line.char_indices().nth(MOST_WORDS) {
        Some((at, _)) => format!("{}…", line.get(..at).unwrap_or_default()),
        None => line,
    }
}
