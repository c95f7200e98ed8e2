//! The values of the protocol's columns (RFC 7047 §5.1): UUIDs, sets and maps, and the rows that hold them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// Writes a reference to a row.
#[must_use]
pub fn uuid(id: &str) -> Value {
    json!(["uuid", id])
}

/// Writes a set of references to rows.
#[must_use]
pub fn uuids<'a>(ids: impl IntoIterator<Item = &'a String>) -> Value {
    json!([
        "set",
        ids.into_iter().map(|id| uuid(id)).collect::<Vec<_>>()
    ])
}

/// Reads the elements of a set; a lone value is a set of one (RFC 7047 §5.1, `<set>`).
#[must_use]
pub fn elements(value: &Value) -> Vec<&Value> {
    match tagged(value, "set") {
        Some(Value::Array(elements)) => elements.iter().collect(),
        Some(_) => Vec::new(),
        None => vec![value],
    }
}

/// Reads a reference to a row.
#[must_use]
pub fn row_id(value: &Value) -> Option<&str> {
    tagged(value, "uuid")?.as_str()
}

/// Reads a set of references to rows.
#[must_use]
pub fn row_ids(value: &Value) -> BTreeSet<String> {
    let ids = elements(value).into_iter().filter_map(row_id);
    ids.map(str::to_owned).collect()
}

/// Reads a map of texts.
#[must_use]
pub fn texts(value: &Value) -> BTreeMap<String, String> {
    let Some(Value::Array(pairs)) = tagged(value, "map") else {
        return BTreeMap::new();
    };
    let text = |pair: &Value, at: usize| pair.get(at)?.as_str().map(str::to_owned);
    pairs
        .iter()
        .filter_map(|pair| Some((text(pair, 0)?, text(pair, 1)?)))
        .collect()
}

/// The second element of a pair that begins with this tag.
fn tagged<'a>(value: &'a Value, tag: &str) -> Option<&'a Value> {
    match value.as_array()?.as_slice() {
        [first, second] if first == tag => Some(second),
        _ => None,
    }
}

/// Returns the rows that the operation at this place of a transaction selected (RFC 7047 §5.2.2).
#[must_use]
pub fn rows(results: &[Value], at: usize) -> Vec<&Map<String, Value>> {
    let rows = results
        .get(at)
        .and_then(|result| result.get("rows")?.as_array());
    rows.into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_one_may_be_written_as_its_element() {
        let one = json!(["uuid", "a"]);
        assert_eq!(row_ids(&one), BTreeSet::from(["a".to_owned()]));
        assert_eq!(row_ids(&json!(["set", [one, ["uuid", "b"]]])).len(), 2);
        assert!(row_ids(&json!(["set", []])).is_empty());
    }

    #[test]
    fn what_is_written_is_what_is_read() {
        let ids = BTreeSet::from(["a".to_owned(), "b".to_owned()]);
        assert_eq!(row_ids(&uuids(&ids)), ids);
        assert_eq!(row_id(&uuid("a")), Some("a"));
    }

    #[test]
    fn odd_values_are_empty_and_no_panic() {
        for odd in [
            json!(null),
            json!([]),
            json!(["set"]),
            json!(["map", 3]),
            json!({}),
        ] {
            assert!(row_ids(&odd).is_empty() && texts(&odd).is_empty(), "{odd}");
        }
        let map = json!(["map", [["a", "b"], ["c"], 3]]);
        assert_eq!(
            texts(&map),
            BTreeMap::from([("a".to_owned(), "b".to_owned())])
        );
    }
}
