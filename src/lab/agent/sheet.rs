//! A list of instances that are always there; some of their values are live.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::time::Duration;

use async_snmp::Value;

use super::Branch;
use crate::lab::control::Arcs;
use crate::lab::world::{Counters, World};
use crate::port::BridgePort;

/// Reads one of a port's counters.
pub(super) type Count = fn(&Counters) -> u64;

/// What is in a place of the list.
#[derive(Clone)]
pub(super) enum Cell {
    /// A value that does not change.
    Is(Value),
    /// sysUpTime of the switch.
    SwitchUptime,
    /// sysUpTime of the router, which never restarts.
    RouterUptime,
    /// A 32-bit counter of a port.
    Count32(BridgePort, Count),
    /// A 64-bit counter of a port.
    Count64(BridgePort, Count),
}

/// The list.
#[derive(Default)]
pub(super) struct Sheet {
    cells: BTreeMap<Arcs, Cell>,
    objects: BTreeSet<Arcs>,
}

impl Sheet {
    /// Puts an instance of an object into the list.
    pub(super) fn put(&mut self, object: &[u32], index: &[u32], cell: Cell) {
        self.objects.insert(object.to_vec());
        self.cells.insert([object, index].concat(), cell);
    }

    /// Puts in a scalar.
    pub(super) fn scalar(&mut self, object: &[u32], value: Value) {
        self.put(object, &[0], Cell::Is(value));
    }

    /// Puts in a table's row: its columns with their values.
    pub(super) fn row<const N: usize>(
        &mut self,
        entry: &[u32],
        index: &[u32],
        columns: [(u32, Value); N],
    ) {
        for (column, value) in columns {
            self.put(&[entry, &[column]].concat(), index, Cell::Is(value));
        }
    }
}

impl Branch for Sheet {
    fn get(&self, world: &World, oid: &[u32]) -> Option<Value> {
        self.cells.get(oid).map(|cell| value(cell, world))
    }

    fn knows(&self, _: &World, oid: &[u32]) -> bool {
        (1..=oid.len()).any(|length| self.objects.contains(&oid[..length]))
    }

    fn next(&self, world: &World, after: &[u32]) -> Option<(Arcs, Value)> {
        first_after(&self.cells, after).map(|(oid, cell)| (oid, value(&cell, world)))
    }
}

/// Returns the first entry whose OID is greater than `after`.
pub(super) fn first_after<T: Clone>(map: &BTreeMap<Arcs, T>, after: &[u32]) -> Option<(Arcs, T)> {
    let mut rest = map.range::<[u32], _>((Excluded(after), Unbounded));
    rest.next().map(|(oid, entry)| (oid.clone(), entry.clone()))
}

fn value(cell: &Cell, world: &World) -> Value {
    let now = crate::clock::Clock::now(&world.clock);
    match cell {
        Cell::Is(value) => value.clone(),
        Cell::SwitchUptime => ticks(world.uptime(now)),
        Cell::RouterUptime => ticks(ROUTER_UPTIME_AT_START + now.0),
        // SNMP counters wrap (RFC 2578 §7.1.6).
        Cell::Count32(port, count) => Value::Counter32(wrapped(count(&world.counters(*port)))),
        Cell::Count64(port, count) => Value::Counter64(count(&world.counters(*port))),
    }
}

const ROUTER_UPTIME_AT_START: Duration = Duration::from_secs(41 * 86_400);

/// TimeTicks are hundredths of a second, modulo 2^32.
fn ticks(span: Duration) -> Value {
    Value::TimeTicks(wrapped(
        u64::try_from(span.as_millis() / 10).unwrap_or(u64::MAX),
    ))
}

fn wrapped(count: u64) -> u32 {
    u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// An octet string.
pub(super) fn text(text: impl AsRef<[u8]>) -> Value {
    Value::OctetString(text.as_ref().to_vec().into())
}

/// An INTEGER.
pub(super) fn int(number: u32) -> Value {
    Value::Integer(i32::try_from(number).unwrap_or(i32::MAX))
}
