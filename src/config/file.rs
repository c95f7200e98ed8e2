//! The file's bytes to raw values, bounded.

use std::path::Path;

use serde_saphyr::Error as YamlError;
use serde_saphyr::options::MergeKeyPolicy;

use super::error::{ConfigError, Source, nearest};
use super::raw::RawConfig;
use crate::bounded;

/// The largest file that is read: some ten thousand switches.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// Reads a file as text.
pub(super) fn read_text(path: &Path) -> Result<String, ConfigError> {
    let unreadable = |source| ConfigError::Unreadable {
        file: path.to_owned(),
        source,
    };
    let too_large = || ConfigError::TooLarge {
        file: path.to_owned(),
        limit: MAX_BYTES,
    };
    let bytes = bounded::read(path, MAX_BYTES)
        .map_err(unreadable)?
        .ok_or_else(too_large)?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let before = error.as_bytes().get(..good).unwrap_or_default();
        ConfigError::NotText {
            file: path.to_owned(),
            line: 1 + before
                .split(|&byte| byte == b'\n')
                .count()
                .saturating_sub(1),
        }
    })?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Reads the YAML. An empty file is an empty configuration.
pub(super) fn parse(source: &Source<'_>) -> Result<RawConfig, ConfigError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 64,
            max_documents: 1,
            max_aliases: 10_000,
            max_anchors: 1_000,
            max_total_scalar_bytes: 16 * 1024 * 1024,
            enforce_alias_anchor_ratio: false, // a hundred switches may share one anchor
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 100_000 },
        merge_keys: MergeKeyPolicy::Error,
        with_snippet: false,
    };
    let parsed: Result<Option<RawConfig>, YamlError> =
        serde_saphyr::from_str_with_options(source.text(), options);
    match parsed {
        Ok(Some(raw)) => Ok(raw),
        Ok(None) => parse(&Source::new(source.file(), "{}")),
        Err(error) => Err(explain(&error, source)),
    }
}

/// Says what the YAML reader found, without repeating a value: it may be a secret.
fn explain(error: &YamlError, source: &Source<'_>) -> ConfigError {
    let (what, hint) = sentence(error);
    source.wrong(error.location(), what, hint)
}

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the reader knows seventy errors; those that people meet are worded here"
)]
fn sentence(error: &YamlError) -> (String, Option<String>) {
    match error {
        YamlError::AliasError { error, .. } => sentence(error),
        YamlError::SerdeUnknownField {
            field, expected, ..
        } => (
            format!("there is no key `{field}` here"),
            Some(match nearest(field, expected.iter().copied()) {
                Some(name) => format!("did you mean `{name}`?"),
                None => list("keys", expected),
            }),
        ),
        YamlError::SerdeUnknownVariant {
            variant, expected, ..
        } => match nearest(variant, expected.iter().copied()) {
            Some(name) => (
                format!("`{variant}` is not known here"),
                Some(format!("did you mean `{name}`?")),
            ),
            // A word so far from all of them may be the secret that belongs beside them.
            None => (
                "no known name stands here".to_owned(),
                Some(list("names", expected)),
            ),
        },
        YamlError::SerdeMissingField { field, .. } => {
            (format!("the key `{field}` is missing here"), None)
        }
        YamlError::DuplicateMappingKey { key, .. } => (
            match key {
                Some(key) => format!("the key `{key}` is there a second time"),
                None => "a key is there a second time".to_owned(),
            },
            Some("keep one of the two".to_owned()),
        ),
        YamlError::SerdeInvalidType { expected, .. }
        | YamlError::SerdeInvalidValue { expected, .. } => (format!("expected {expected}"), None),
        YamlError::MergeKeyNotAllowed { .. } => (
            "the merge key `<<` is not supported".to_owned(),
            Some("write the keys out".to_owned()),
        ),
        YamlError::Budget { .. }
        | YamlError::AliasReplayLimitExceeded { .. }
        | YamlError::AliasReplayCounterOverflow { .. }
        | YamlError::AliasExpansionLimitExceeded { .. }
        | YamlError::AliasReplayStackDepthExceeded { .. } => (
            "the aliases (`*name`) or the nesting grow beyond all bounds here".to_owned(),
            Some("write the values out".to_owned()),
        ),
        YamlError::MultipleDocuments { .. } => (
            "a second document begins here".to_owned(),
            Some("remove the line `---`".to_owned()),
        ),
        YamlError::NullIntoString { .. } => ("a value is missing here".to_owned(), None),
        YamlError::Unexpected { expected, .. } if *expected == "mapping start" => (
            "expected keys with values here, like `address: 10.78.0.2`".to_owned(),
            None,
        ),
        other => in_the_readers_words(&without_place(&other.to_string())),
    }
}

/// Says what the reader says, and what to do where that is clear.
fn in_the_readers_words(text: &str) -> (String, Option<String>) {
    let hint = text
        .starts_with("tabs ")
        .then(|| "indent with spaces, not with tabs".to_owned());
    (text.to_owned(), hint)
}

/// Cuts off the place at the end, which stands in front already.
fn without_place(text: &str) -> String {
    let mut lines = text.split(" at line ");
    match (lines.next(), lines.next(), lines.next()) {
        (Some(what), Some(place), None) if place.contains("column") => what.to_owned(),
        _ => text.to_owned(),
    }
}

fn list(what: &str, expected: &[&'static str]) -> String {
    format!("the {what} known here are: {}", expected.join(", "))
}
