//! Which MAC a router has for an address: `ipNetToMediaTable` and `ipNetToPhysicalTable` of IP-MIB (RFC 4293).

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::router::Router;
use super::{inet, mac};
use crate::mac::Mac;
use crate::snmp::{Oid, Snmp, SnmpError};

/// `ipNetToMediaTable`: IPv4 only, and all that older routers have.
const MEDIA: Table = Table {
    mac: &[1, 3, 6, 1, 2, 1, 4, 22, 1, 2],
    kind: &[1, 3, 6, 1, 2, 1, 4, 22, 1, 4],
    index_of: |ip| match ip {
        IpAddr::V4(ip) => Some(ip.octets().map(u32::from).to_vec()),
        IpAddr::V6(_) => None,
    },
    address_of: inet::v4,
};

/// `ipNetToPhysicalTable`: IPv4 and IPv6.
const PHYSICAL: Table = Table {
    mac: &[1, 3, 6, 1, 2, 1, 4, 35, 1, 4],
    kind: &[1, 3, 6, 1, 2, 1, 4, 35, 1, 6],
    index_of: |ip| Some(inet::index_of(ip)),
    address_of: |index| inet::split(index).map(|(ip, _)| ip),
};

/// `ipNetToMediaType`, `ipNetToPhysicalType`: the row is no longer used.
const INVALID: i64 = 2;

/// A table that is indexed by interface and address.
#[derive(Clone, Copy)]
struct Table {
    /// The column with the MAC.
    mac: &'static [u32],
    /// The column that tells how the row came to be.
    kind: &'static [u32],
    /// Writes an address as it stands in the index after the interface, if the table can hold it.
    index_of: fn(IpAddr) -> Option<Vec<u32>>,
    /// Reads the address out of the index after the interface.
    address_of: fn(&[u32]) -> Option<IpAddr>,
}

/// A row of a table.
struct Row {
    table: Table,
    index: Vec<u32>,
}

/// Asks a router which MACs it has for `ip`. More than one means several interfaces, or two machines that claim it.
///
/// Asks by index, and walks the tables only if that finds nothing.
///
/// # Errors
/// [`SnmpError`], if the router could not be asked. A router that does not know the address returns none.
pub fn resolve(
    snmp: &mut dyn Snmp,
    router: &Router,
    ip: IpAddr,
) -> Result<BTreeSet<Mac>, SnmpError> {
    let rows = likely_rows(router, ip);
    let macs = read(snmp, &rows)?;
    if !macs.is_empty() {
        return Ok(macs);
    }
    let rows = search(snmp, ip)?;
    read(snmp, &rows)
}

/// The rows that `ip` would have on each of the router's interfaces.
fn likely_rows(router: &Router, ip: IpAddr) -> Vec<Row> {
    let mut rows = Vec::new();
    for interface in router.interfaces_towards(ip) {
        for table in [MEDIA, PHYSICAL] {
            let index = (table.index_of)(ip);
            rows.extend(index.map(|index| Row {
                table,
                index: [interface].into_iter().chain(index).collect(),
            }));
        }
    }
    rows
}

/// Walks the tables for the rows of `ip`.
fn search(snmp: &mut dyn Snmp, ip: IpAddr) -> Result<Vec<Row>, SnmpError> {
    let mut rows = Vec::new();
    for table in [MEDIA, PHYSICAL] {
        if (table.index_of)(ip).is_none() {
            continue;
        }
        let base = Oid::from(table.mac);
        let found = snmp.walk(&base)?;
        let indexes = found.iter().filter_map(|row| row.oid.below(&base));
        let of_ip = indexes.filter(|index| {
            let after_interface = index.get(1..).unwrap_or_default();
            (table.address_of)(after_interface) == Some(ip)
        });
        rows.extend(of_ip.map(|index| Row {
            table,
            index: index.to_vec(),
        }));
    }
    Ok(rows)
}

/// Reads rows and keeps the MACs of those that are in use.
fn read(snmp: &mut dyn Snmp, rows: &[Row]) -> Result<BTreeSet<Mac>, SnmpError> {
    let cells = rows.iter().flat_map(|row| {
        let cell = |column: &[u32]| Oid::from(column).child(row.index.iter().copied());
        [cell(row.table.mac), cell(row.table.kind)]
    });
    let answers = snmp.get(&cells.collect::<Vec<_>>())?;
    let macs = answers.chunks_exact(2).filter_map(|cells| match cells {
        [address, kind] if kind.value.as_i64() != Some(INVALID) => mac(&address.value),
        _ => None,
    });
    Ok(macs.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::Value;
    use crate::snmp::fake::FakeAgent;
    use crate::tables::router::Subnet;

    const MAC: Mac = Mac([4, 212, 196, 18, 52, 86]);
    const MEDIA_MAC: &str = "1.3.6.1.2.1.4.22.1.2";
    const MEDIA_TYPE: &str = "1.3.6.1.2.1.4.22.1.4";
    const PHYSICAL_MAC: &str = "1.3.6.1.2.1.4.35.1.4";

    fn router() -> Router {
        let subnet = Subnet {
            address: "10.78.0.1".parse().unwrap(),
            prefix: 24,
            interface: 2,
        };
        Router {
            subnets: [subnet].into(),
            ..Router::default()
        }
    }

    fn octets(mac: Mac) -> Value {
        Value::Octets(mac.0.to_vec())
    }

    fn ask(agent: &mut FakeAgent, ip: &str) -> BTreeSet<Mac> {
        resolve(agent, &router(), ip.parse().unwrap()).unwrap()
    }

    #[test]
    fn an_address_is_asked_for_by_index() {
        let mut agent = FakeAgent::default()
            .with(&format!("{MEDIA_MAC}.2.10.78.0.57"), octets(MAC))
            .with(&format!("{MEDIA_TYPE}.2.10.78.0.57"), 3);
        assert_eq!(ask(&mut agent, "10.78.0.57"), [MAC].into());
        assert_eq!(agent.requests, 1);
    }

    #[test]
    fn the_newer_table_serves_as_well() {
        let mut agent =
            FakeAgent::default().with(&format!("{PHYSICAL_MAC}.2.1.4.10.78.0.57"), octets(MAC));
        assert_eq!(ask(&mut agent, "10.78.0.57"), [MAC].into());
    }

    #[test]
    fn an_interface_that_the_router_did_not_tell_is_found_by_a_walk() {
        let other = Mac([2, 0, 0, 0, 0, 1]);
        let v6 = "2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.87";
        let mut agent = FakeAgent::default()
            .with(&format!("{MEDIA_MAC}.7.10.78.0.57"), octets(MAC))
            .with(&format!("{MEDIA_MAC}.7.10.78.0.58"), octets(other))
            .with(&format!("{PHYSICAL_MAC}.7.{v6}"), octets(other));
        assert_eq!(ask(&mut agent, "10.78.0.57"), [MAC].into());
        assert_eq!(ask(&mut agent, "2001:db8::57"), [other].into());
        assert_eq!(ask(&mut agent, "10.78.0.59"), [].into());
    }

    #[test]
    fn a_row_that_is_no_longer_used_does_not_count() {
        let mut agent = FakeAgent::default()
            .with(&format!("{MEDIA_MAC}.2.10.78.0.57"), octets(MAC))
            .with(&format!("{MEDIA_TYPE}.2.10.78.0.57"), 2)
            .with(&format!("{MEDIA_MAC}.2.10.78.0.58"), octets(Mac([0; 6])));
        assert_eq!(ask(&mut agent, "10.78.0.57"), [].into());
        assert_eq!(ask(&mut agent, "10.78.0.58"), [].into());
    }

    #[test]
    fn two_macs_for_one_address_are_both_told() {
        let other = Mac([2, 0, 0, 0, 0, 1]);
        let mut agent = FakeAgent::default()
            .with(&format!("{MEDIA_MAC}.2.10.78.0.57"), octets(MAC))
            .with(&format!("{PHYSICAL_MAC}.2.1.4.10.78.0.57"), octets(other));
        assert_eq!(ask(&mut agent, "10.78.0.57"), [MAC, other].into());
    }
}
