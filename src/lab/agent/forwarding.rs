//! dot1dTpFdbTable (RFC 4188) and dot1qTpFdbTable (RFC 4363): what the bridge has learned, live.

use std::ops::Bound;

use async_snmp::Value;

use super::Branch;
use super::sheet::{int, text};
use crate::lab::control::Arcs;
use crate::lab::site::SWITCH_MAC;
use crate::lab::world::World;
use crate::mac::Mac;
use crate::port::BridgePort;

const ADDRESS: u32 = 1;
const PORT: u32 = 2;
const STATUS: u32 = 3;
/// How an entry came about: `learned(3)`, or `self(4)` for the switch's own address.
const LEARNED: u32 = 3;
const SELF: u32 = 4;

/// One of the two tables.
pub(super) struct ForwardingTable {
    entry: &'static [u32],
    columns: &'static [u32],
    /// What comes before the address in the index.
    before: &'static [u32],
}

impl ForwardingTable {
    pub(super) const DOT1D: ForwardingTable = ForwardingTable {
        entry: &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1],
        columns: &[ADDRESS, PORT, STATUS],
        before: &[],
    };

    /// Its address is not accessible; dot1qFdbId is that of the only VLAN.
    pub(super) const DOT1Q: ForwardingTable = ForwardingTable {
        entry: &[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1],
        columns: &[PORT, STATUS],
        before: &[1],
    };

    fn base(&self, column: u32) -> Arcs {
        [self.entry, &[column], self.before].concat()
    }
}

impl Branch for ForwardingTable {
    fn get(&self, world: &World, oid: &[u32]) -> Option<Value> {
        let column = oid.get(self.entry.len());
        let column = column.filter(|column| self.columns.contains(column))?;
        let index = oid.strip_prefix(self.base(*column).as_slice())?;
        let octets: Vec<u8> = index
            .iter()
            .map(|arc| u8::try_from(*arc).ok())
            .collect::<Option<_>>()?;
        let wanted = Mac(octets.try_into().ok()?);
        let (mac, port) = world.forwarding_from(Bound::Included(wanted))?;
        (mac == wanted).then(|| value(*column, mac, port))
    }

    fn knows(&self, _: &World, oid: &[u32]) -> bool {
        let column = oid.strip_prefix(self.entry).and_then(<[u32]>::first);
        column.is_some_and(|column| self.columns.contains(column))
    }

    fn next(&self, world: &World, after: &[u32]) -> Option<(Arcs, Value)> {
        self.columns.iter().find_map(|&column| {
            let mut oid = self.base(column);
            let start = match after.strip_prefix(oid.as_slice()) {
                Some(index) => first_mac_after(index),
                None if after < oid.as_slice() => Bound::Unbounded,
                None => return None,
            };
            let (mac, port) = world.forwarding_from(start)?;
            oid.extend(mac.0.map(u32::from));
            Some((oid, value(column, mac, port)))
        })
    }
}

/// Returns where the addresses begin whose arcs come after `index`, which may be short or no address at all.
fn first_mac_after(index: &[u32]) -> Bound<Mac> {
    let mut octets = [0; 6];
    for (place, arc) in index.iter().take(6).enumerate() {
        match u8::try_from(*arc) {
            Ok(octet) => octets[place] = octet,
            Err(_) => {
                octets[place..].fill(0xff);
                return Bound::Excluded(Mac(octets));
            }
        }
    }
    if index.len() < 6 {
        Bound::Included(Mac(octets))
    } else {
        Bound::Excluded(Mac(octets))
    }
}

fn value(column: u32, mac: Mac, port: BridgePort) -> Value {
    match column {
        ADDRESS => text(mac.0),
        PORT => int(port.0),
        _ if mac == SWITCH_MAC => int(SELF),
        _ => int(LEARNED),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_index_has_a_first_address_after_it() {
        let included = |octets| Bound::Included(Mac(octets));
        let excluded = |octets| Bound::Excluded(Mac(octets));
        assert_eq!(first_mac_after(&[]), included([0; 6]));
        assert_eq!(first_mac_after(&[4, 212]), included([4, 212, 0, 0, 0, 0]));
        let whole = [4, 212, 196, 1, 2, 3];
        assert_eq!(first_mac_after(&whole), excluded([4, 212, 196, 1, 2, 3]));
        assert_eq!(
            first_mac_after(&[4, 212, 196, 1, 2, 3, 9]),
            excluded([4, 212, 196, 1, 2, 3])
        );
        assert_eq!(
            first_mac_after(&[4, 300, 1]),
            excluded([4, 255, 255, 255, 255, 255])
        );
    }
}
