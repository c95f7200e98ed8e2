//! The mirror state of a switch: the value of every kept object.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::snmp::{Oid, Value};

/// Instances of the profile's kept objects and their values, in the order of their OIDs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State(BTreeMap<Oid, Value>);

impl State {
    /// Returns the value of an instance.
    pub(crate) fn get(&self, oid: &Oid) -> Option<&Value> {
        self.0.get(oid)
    }

    /// Notes the value of an instance.
    pub(crate) fn put(&mut self, oid: Oid, value: Value) {
        self.0.insert(oid, value);
    }

    /// The instances, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Oid, &Value)> {
        self.0.iter()
    }

    /// The instances below `base`, each with the arcs after it.
    pub(crate) fn below<'a>(
        &'a self,
        base: &'a Oid,
    ) -> impl Iterator<Item = (&'a [u32], &'a Value)> {
        self.0
            .range(base.clone()..)
            .map_while(move |(oid, value)| oid.below(base).map(|arcs| (arcs, value)))
    }
}
