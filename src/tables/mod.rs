//! What a switch or router knows already: ports, forwarding, ARP/ND, neighbours. Read over SNMP, never written.
//!
//! Each table is read in two steps: one asks for its columns, the other makes sense of them and touches no socket. An
//! agent that lacks a table yields an empty one; only an agent that cannot be asked is an error.

use std::collections::BTreeMap;

use crate::mac::Mac;
use crate::snmp::{Oid, Snmp, SnmpError, Value, VarBind};

pub mod arp;
pub mod direct;
pub mod forwarding;
mod inet;
mod label;
pub mod neighbours;
pub mod ports;
pub mod router;
pub mod standby;
pub mod system;
pub mod web_ports;

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

/// Reads a MAC of an octet string; `None` for another length and for addresses no machine can have.
fn mac(value: &Value) -> Option<Mac> {
    let mac = Mac(value.as_octets()?.try_into().ok()?);
    (mac != Mac([0; 6]) && !mac.is_group()).then_some(mac)
}

/// Reads `N` octets out of the arcs of an index.
fn octets<const N: usize>(arcs: &[u32]) -> Option<[u8; N]> {
    let octets = arcs.iter().map(|arc| u8::try_from(*arc).ok());
    octets.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
