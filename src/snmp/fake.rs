//! An agent without a network, for the tests of what reads tables.

use std::collections::BTreeMap;

use super::{Oid, Snmp, SnmpError, Value, VarBind};

/// Answers from a list of instances; counts the requests.
#[derive(Default)]
pub(crate) struct FakeAgent {
    rows: BTreeMap<Oid, Value>,
    /// How many calls were made.
    pub(crate) requests: u32,
}

impl FakeAgent {
    /// Adds an instance.
    pub(crate) fn with(mut self, oid: &str, value: impl Into<Value>) -> Self {
        self.rows.insert(oid.parse().unwrap(), value.into());
        self
    }

    /// Adds the rows of a column, indexed from 1.
    pub(crate) fn column<V: Into<Value>>(
        self,
        base: &str,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let rows = (1..).zip(values);
        rows.fold(self, |agent, (index, value)| {
            agent.with(&format!("{base}.{index}"), value)
        })
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::Octets(text.as_bytes().to_vec())
    }
}

impl From<i32> for Value {
    fn from(n: i32) -> Self {
        Value::Integer(n)
    }
}

impl Snmp for FakeAgent {
    fn agent(&self) -> &str {
        "fake (127.0.0.1)"
    }

    fn get(&mut self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        self.requests += 1;
        let found = oids.iter().map(|oid| VarBind {
            oid: oid.clone(),
            value: self.rows.get(oid).cloned().unwrap_or(Value::NoSuchInstance),
        });
        Ok(found.collect())
    }

    fn walk(&mut self, base: &Oid) -> Result<Vec<VarBind>, SnmpError> {
        self.requests += 1;
        let below = self
            .rows
            .iter()
            .filter(|(oid, _)| oid.below(base).is_some_and(|rest| !rest.is_empty()));
        Ok(below
            .map(|(oid, value)| VarBind {
                oid: oid.clone(),
                value: value.clone(),
            })
            .collect())
    }

    fn set(&mut self, _: &[VarBind]) -> Result<(), SnmpError> {
        panic!("tables are never written")
    }
}
