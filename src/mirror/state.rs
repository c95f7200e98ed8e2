//! The mirror state of a switch: the value of every kept object, or every entry of its configuration that is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::snmp::{Oid, Value};

/// Entries of a switch that is told over HTTP: the kind and the key with a blank between, and the value.
pub(crate) type EntryMap = BTreeMap<String, Json>;

/// Instances of the profile's kept objects and their values, in the order of their OIDs; or entries and theirs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    #[serde(flatten)]
    objects: BTreeMap<Oid, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) entries: EntryMap,
}

impl State {
    /// Returns the value of an instance.
    pub(crate) fn get(&self, oid: &Oid) -> Option<&Value> {
        self.objects.get(oid)
    }

    /// Notes the value of an instance.
    pub(crate) fn put(&mut self, oid: Oid, value: Value) {
        self.objects.insert(oid, value);
    }

    /// The instances, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Oid, &Value)> {
        self.objects.iter()
    }

    /// The instances below `base`, each with the arcs after it.
    pub(crate) fn below<'a>(
        &'a self,
        base: &'a Oid,
    ) -> impl Iterator<Item = (&'a [u32], &'a Value)> {
        self.objects
            .range(base.clone()..)
            .map_while(move |(oid, value)| oid.below(base).map(|arcs| (arcs, value)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_of_objects_is_written_as_it_always_was() {
        let mut state = State::default();
        state.put(Oid::from([1, 3, 6]), Value::Integer(4));
        let text = json!({"1.3.6": {"type": "integer", "value": 4}});
        assert_eq!(serde_json::to_value(&state).unwrap(), text);
        assert_eq!(serde_json::from_value::<State>(text).unwrap(), state);
    }

    #[test]
    fn a_state_of_entries_reads_back_as_it_was_written() {
        let mut state = State::default();
        let value = json!({"active": true, "id": 1});
        state.entries.insert("session 1".to_owned(), value);
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<State>(&text).unwrap(), state);
    }
}
