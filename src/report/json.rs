//! Documents for scripts.

use serde::Serialize;

/// Returns the document as indented JSON with a line end.
///
/// # Panics
/// If a map in it has keys that are not text: none of ours has.
#[must_use]
pub fn json(document: &impl Serialize) -> String {
    let mut text =
        serde_json::to_string_pretty(document).expect("our documents have only text as keys");
    text.push('\n');
    text
}
