//! Behind which port a switch has learned a MAC: the forwarding tables of Q-BRIDGE-MIB and BRIDGE-MIB (RFC 4363, RFC 4188).
//!
//! It is a head start, never proof: tables age, are forged into, and name the uplink for everything behind it.

use std::collections::{BTreeMap, BTreeSet};

use super::octets;
use crate::mac::Mac;
use crate::port::{BridgePort, IfIndex, PortId, PortSet, PortTable};
use crate::snmp::{Oid, Snmp, SnmpError, Value, VarBind};

const DOT1Q_FDB_DYNAMIC_COUNT: [u32; 13] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 1, 1, 2];
const DOT1Q_VLAN_FDB_ID: [u32; 13] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1, 3];
const DOT1Q_VLAN_STATIC_ROW_STATUS: [u32; 13] = [1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1, 5];

/// `dot1qTpFdbTable`, indexed by FID and MAC.
const BY_FID: Table = Table {
    port: &[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2],
    status: &[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 3],
};
/// `dot1dTpFdbTable`, indexed by MAC: switches that know no VLANs, and those that keep it for old managers.
const PLAIN: Table = Table {
    port: &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2],
    status: &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 3],
};

/// `dot1dTpFdbStatus`, `dot1qTpFdbStatus`: learned from traffic. Other rows are the switch's own or the admin's.
const LEARNED: i64 = 3;

/// The columns of a forwarding table.
#[derive(Clone, Copy)]
struct Table {
    port: &'static [u32],
    status: &'static [u32],
}

/// The forwarding databases of a switch: one for all VLANs, one for each, or something in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Databases(BTreeSet<u32>);

/// Where a switch has learned a MAC.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// The ports; several if the MAC shows in several VLANs.
    pub ports: PortSet,
    /// Bridge ports that are none of the physical ports, such as a LAG.
    pub others: BTreeSet<BridgePort>,
}

/// Reads which forwarding databases (FIDs) the switch has. None is normal for one without VLANs.
///
/// # Errors
/// [`SnmpError`], if the switch could not be asked.
pub fn databases(snmp: &mut dyn Snmp) -> Result<Databases, SnmpError> {
    let mut fids = last_arcs(snmp, &DOT1Q_FDB_DYNAMIC_COUNT)?;
    let base = Oid::from(DOT1Q_VLAN_FDB_ID);
    fids.extend(
        snmp.walk(&base)?
            .iter()
            .filter_map(|row| number(&row.value)),
    );
    if fids.is_empty() {
        // Where the switch tells neither, most number their databases like the VLANs.
        fids = last_arcs(snmp, &DOT1Q_VLAN_STATIC_ROW_STATUS)?;
    }
    Ok(Databases(fids))
}

/// Asks where one MAC is: its row by index in every database, instead of a walk through all of them.
///
/// # Errors
/// [`SnmpError`], if the switch could not be asked.
pub fn whereabouts(
    snmp: &mut dyn Snmp,
    ports: &PortTable,
    databases: &Databases,
    mac: Mac,
) -> Result<Whereabouts, SnmpError> {
    let arcs = mac.0.map(u32::from);
    let by_fid = databases.0.iter().map(|fid| {
        let index: Vec<u32> = [*fid].into_iter().chain(arcs).collect();
        (BY_FID, index)
    });
    let rows: Vec<(Table, Vec<u32>)> = by_fid.chain([(PLAIN, arcs.to_vec())]).collect();
    let cells = |column: fn(&Table) -> &'static [u32], rows: &[(Table, Vec<u32>)]| -> Vec<Oid> {
        let cells = rows
            .iter()
            .map(|(table, index)| Oid::from(column(table)).child(index.iter().copied()));
        cells.collect()
    };

    let answers = snmp.get(&cells(|table| table.port, &rows))?;
    let found: Vec<(BridgePort, (Table, Vec<u32>))> = answers
        .iter()
        .zip(rows)
        .filter_map(|(answer, row)| Some((bridge_port(&answer.value)?, row)))
        .collect();
    let (numbers, rows): (Vec<BridgePort>, Vec<(Table, Vec<u32>)>) = found.into_iter().unzip();
    if rows.is_empty() {
        return Ok(Whereabouts::default());
    }
    let statuses = snmp.get(&cells(|table| table.status, &rows))?;
    let mut whereabouts = Whereabouts::default();
    for (number, status) in numbers.into_iter().zip(statuses) {
        match port_of(ports, number) {
            _ if !is_learned(&status.value) => {}
            Some(port) => {
                whereabouts.ports.insert(port);
            }
            None => {
                whereabouts.others.insert(number);
            }
        }
    }
    Ok(whereabouts)
}

/// Reads all MACs that the switch has learned, by port. Many on one port make it an uplink, or a forger's.
///
/// This walks the whole table: seconds on a large switch.
///
/// # Errors
/// [`SnmpError`], if the switch could not be asked.
pub fn learned(
    snmp: &mut dyn Snmp,
    ports: &PortTable,
) -> Result<BTreeMap<PortId, BTreeSet<Mac>>, SnmpError> {
    let mut table = BY_FID;
    let mut numbers = walk(snmp, table.port)?;
    if numbers.is_empty() {
        table = PLAIN;
        numbers = walk(snmp, table.port)?;
    }
    let statuses: BTreeMap<Vec<u32>, Value> = walk(snmp, table.status)?.into_iter().collect();
    let mut learned: BTreeMap<PortId, BTreeSet<Mac>> = BTreeMap::new();
    for (index, number) in numbers {
        let (_, arcs) = index.split_at(index.len().saturating_sub(6));
        let port = bridge_port(&number).and_then(|number| port_of(ports, number));
        let by_traffic = statuses.get(&index).is_none_or(is_learned);
        if let (Some(port), Some(mac), true) = (port, octets(arcs).map(Mac), by_traffic) {
            learned.entry(port).or_default().insert(mac);
        }
    }
    Ok(learned)
}

/// Tells whether a row came from traffic. A switch without the status column has shown the row, and that must do.
fn is_learned(status: &Value) -> bool {
    status.is_absent() || status.as_i64() == Some(LEARNED)
}

/// Finds the port that the bridge calls `number`. A switch that does not tell its bridge ports means `ifIndex` by them.
fn port_of(ports: &PortTable, number: BridgePort) -> Option<PortId> {
    let tells = ports.iter().any(|port| port.bridge_port.is_some());
    let port = if tells {
        ports.by_bridge_port(number)
    } else {
        ports.by_if_index(IfIndex(number.0))
    };
    port.map(|port| port.id)
}

/// Reads a bridge port; 0 means that the switch has forgotten it.
fn bridge_port(value: &Value) -> Option<BridgePort> {
    number(value).filter(|number| *number != 0).map(BridgePort)
}

fn number(value: &Value) -> Option<u32> {
    value.as_i64().and_then(|number| u32::try_from(number).ok())
}

/// Walks a column; returns index and value of each row.
fn walk(snmp: &mut dyn Snmp, base: &[u32]) -> Result<Vec<(Vec<u32>, Value)>, SnmpError> {
    let base = Oid::from(base);
    let split = |row: VarBind| Some((row.oid.below(&base)?.to_vec(), row.value));
    Ok(snmp.walk(&base)?.into_iter().filter_map(split).collect())
}

/// Walks a column for the last number of its indexes.
fn last_arcs(snmp: &mut dyn Snmp, base: &[u32]) -> Result<BTreeSet<u32>, SnmpError> {
    let rows = walk(snmp, base)?;
    Ok(rows
        .iter()
        .filter_map(|(index, _)| index.last().copied())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{Link, PanelPort, SwitchPort};
    use crate::snmp::fake::FakeAgent;

    const DYNAMIC_COUNT: &str = "1.3.6.1.2.1.17.7.1.2.1.1.2";
    const VLAN_FDB_ID: &str = "1.3.6.1.2.1.17.7.1.4.2.1.3";
    const STATIC_VLAN: &str = "1.3.6.1.2.1.17.7.1.4.3.1.5";
    const Q_PORT: &str = "1.3.6.1.2.1.17.7.1.2.2.1.2";
    const Q_STATUS: &str = "1.3.6.1.2.1.17.7.1.2.2.1.3";
    const D_PORT: &str = "1.3.6.1.2.1.17.4.3.1.2";
    const D_STATUS: &str = "1.3.6.1.2.1.17.4.3.1.3";

    const SUSPECT: Mac = Mac([4, 212, 196, 18, 52, 86]);
    const INDEX: &str = "4.212.196.18.52.86";

    /// Ports 1 to 4: ifIndex 49 to 52, bridge port 1 to 4 where the switch tells.
    fn ports(tells_bridge_ports: bool) -> PortTable {
        let port = |number: u32| SwitchPort {
            id: PortId(0),
            label: PanelPort(number.to_string()),
            if_name: String::new(),
            alias: String::new(),
            if_index: Some(IfIndex(48 + number)),
            bridge_port: tells_bridge_ports.then_some(BridgePort(number)),
            link: Link::Up,
        };
        PortTable::new((1..=4).map(port).collect())
    }

    fn set(ids: &[u16]) -> PortSet {
        ids.iter().copied().map(PortId).collect()
    }

    fn ask(agent: &mut FakeAgent, ports: &PortTable) -> Whereabouts {
        let databases = databases(agent).unwrap();
        whereabouts(agent, ports, &databases, SUSPECT).unwrap()
    }

    #[test]
    fn a_mac_is_asked_for_by_index_in_every_database() {
        let mut agent = FakeAgent::default()
            .with(&format!("{DYNAMIC_COUNT}.1"), Value::Counter32(9))
            .with(&format!("{VLAN_FDB_ID}.0.20"), Value::Unsigned32(7))
            .with(&format!("{Q_PORT}.7.{INDEX}"), 3)
            .with(&format!("{Q_STATUS}.7.{INDEX}"), 3);
        let known = databases(&mut agent).unwrap();
        assert_eq!(known, Databases([1, 7].into()));
        agent.requests = 0;
        let found = whereabouts(&mut agent, &ports(true), &known, SUSPECT).unwrap();
        assert_eq!(found.ports, set(&[3]));
        assert_eq!(agent.requests, 2);
    }

    #[test]
    fn databases_are_numbered_like_vlans_where_the_switch_tells_neither() {
        let mut agent = FakeAgent::default()
            .with(&format!("{STATIC_VLAN}.20"), 1)
            .with(&format!("{Q_PORT}.20.{INDEX}"), 2);
        assert_eq!(ask(&mut agent, &ports(true)).ports, set(&[2]));
    }

    #[test]
    fn a_switch_without_vlans_is_asked_in_its_plain_table() {
        let mut agent = FakeAgent::default()
            .with(&format!("{D_PORT}.{INDEX}"), 4)
            .with(&format!("{D_STATUS}.{INDEX}"), 3);
        assert_eq!(ask(&mut agent, &ports(true)).ports, set(&[4]));
    }

    #[test]
    fn without_bridge_ports_the_number_is_an_if_index() {
        let mut agent = FakeAgent::default().with(&format!("{D_PORT}.{INDEX}"), 50);
        assert_eq!(ask(&mut agent, &ports(false)).ports, set(&[2]));
        assert_eq!(ask(&mut agent, &ports(true)).ports, set(&[]));
    }

    #[test]
    fn only_what_was_learned_from_traffic_counts() {
        for status in [1, 2, 4, 5] {
            let mut agent = FakeAgent::default()
                .with(&format!("{D_PORT}.{INDEX}"), 4)
                .with(&format!("{D_STATUS}.{INDEX}"), status);
            assert_eq!(ask(&mut agent, &ports(true)), Whereabouts::default());
            assert!(learned(&mut agent, &ports(true)).unwrap().is_empty());
        }
    }

    #[test]
    fn a_mac_behind_a_lag_is_told_apart_from_an_unknown_one() {
        let mut agent = FakeAgent::default().with(&format!("{D_PORT}.{INDEX}"), 99);
        let found = ask(&mut agent, &ports(true));
        assert_eq!(found.others, [BridgePort(99)].into());
        let mut forgotten = FakeAgent::default().with(&format!("{D_PORT}.{INDEX}"), 0);
        assert_eq!(ask(&mut forgotten, &ports(true)), Whereabouts::default());
    }

    #[test]
    fn the_macs_of_all_vlans_are_gathered_by_port() {
        let mut agent = FakeAgent::default()
            .with(&format!("{Q_PORT}.1.{INDEX}"), 3)
            .with(&format!("{Q_PORT}.2.{INDEX}"), 3)
            .with(&format!("{Q_PORT}.1.2.0.0.0.0.9"), 3)
            .with(&format!("{Q_PORT}.1.2.0.0.0.0.8"), 1)
            .with(&format!("{Q_PORT}.1.2.0.0.0.0.256"), 1)
            .with(&format!("{Q_PORT}.1"), 1);
        let macs = learned(&mut agent, &ports(true)).unwrap();
        let expected = BTreeMap::from([
            (PortId(1), BTreeSet::from([Mac([2, 0, 0, 0, 0, 8])])),
            (
                PortId(3),
                BTreeSet::from([SUSPECT, Mac([2, 0, 0, 0, 0, 9])]),
            ),
        ]);
        assert_eq!(macs, expected);
    }
}
