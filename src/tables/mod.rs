//! What a switch or router knows already: ports, forwarding, ARP/ND, neighbours. Read over SNMP, never written.
//!
//! Each table is read in two steps: one asks for its columns, the other makes sense of them and touches no socket. An
//! agent that lacks a table yields an empty one; only an agent that cannot be asked is an error.

use std::collections::BTreeMap;

use crate::snmp::{Oid, Snmp, SnmpError, Value, VarBind};

mod label;
pub mod ports;

/// A column whose index is a single number, such as `ifDescr`.
type Column = BTreeMap<u32, Value>;

/// Reads a column whose index is a single number.
fn column(snmp: &mut dyn Snmp, base: &[u32]) -> Result<Column, SnmpError> {
    let base = Oid::from(base);
    Ok(by_number(&base, snmp.walk(&base)?))
}

/// Sorts the rows of a column by their index; rows with another kind of index are left out.
fn by_number(base: &Oid, rows: Vec<VarBind>) -> Column {
    let indexed = rows
        .into_iter()
        .filter_map(|row| match row.oid.below(base) {
            Some(&[index]) => Some((index, row.value)),
            _ => None,
        });
    indexed.collect()
}
