//! The physical ports of a switch: IF-MIB (RFC 2863) and `dot1dBasePortTable` of BRIDGE-MIB (RFC 4188).

use std::collections::{BTreeMap, BTreeSet};

use super::label::{Names, labels};
use super::{Column, column};
use crate::port::{BridgePort, IfIndex, Link, PanelPort, PortId, PortTable, SwitchPort};
use crate::snmp::{Oid, Snmp, SnmpError, Value};

const IF_DESCR: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 2];
const IF_TYPE: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 3];
const IF_ADMIN_STATUS: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 7];
const IF_OPER_STATUS: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 8];
const IF_NAME: [u32; 11] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
const IF_ALIAS: [u32; 11] = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18];
const DOT1D_BASE_PORT_IF_INDEX: [u32; 11] = [1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2];

/// `ifType` of what has a socket for an Ethernet cable (IANAifType-MIB): ethernetCsmacd and, on old switches,
/// iso88023Csmacd, fastEther, fastEtherFX, gigabitEthernet.
const ETHERNET: [i64; 5] = [6, 7, 62, 69, 117];

/// First words of the names of interfaces that some agents pass off as Ethernet though nobody can plug anything in, or
/// only the management network.
const NOT_ON_THE_PANEL: [&str; 25] = [
    "ae",
    "bond",
    "br",
    "bridge",
    "bridge-aggregation",
    "cpu",
    "dummy",
    "eth-trunk",
    "inband",
    "lag",
    "lo",
    "loopback",
    "management",
    "me",
    "mgmt",
    "mgmteth",
    "null",
    "oob",
    "oobm",
    "ovs-netdev",
    "ovs-system",
    "po",
    "port-channel",
    "trk",
    "vlan",
];

/// The columns as the agent sent them.
#[derive(Debug, Default)]
struct Columns {
    descr: Column,
    kind: Column,
    admin: Column,
    oper: Column,
    name: Column,
    alias: Column,
    /// `ifIndex` by bridge port.
    bridge: Column,
}

/// Reads the switch's physical ports in panel order.
///
/// # Errors
/// [`SnmpError`], if the switch could not be asked. A switch that shows no port gives an empty table.
pub fn read(snmp: &mut dyn Snmp) -> Result<PortTable, SnmpError> {
    let columns = Columns {
        descr: column(snmp, &IF_DESCR)?,
        kind: column(snmp, &IF_TYPE)?,
        admin: column(snmp, &IF_ADMIN_STATUS)?,
        oper: column(snmp, &IF_OPER_STATUS)?,
        name: column(snmp, &IF_NAME)?,
        alias: column(snmp, &IF_ALIAS)?,
        bridge: column(snmp, &DOT1D_BASE_PORT_IF_INDEX)?,
    };
    Ok(assemble(&columns))
}

/// Reads anew which ports are up; two PDUs for a switch of ten ports.
///
/// # Errors
/// [`SnmpError`], if the switch could not be asked.
pub fn read_links(
    snmp: &mut dyn Snmp,
    ports: &PortTable,
) -> Result<BTreeMap<PortId, Link>, SnmpError> {
    let indexed: Vec<(PortId, u32)> = ports
        .iter()
        .filter_map(|port| Some((port.id, port.if_index?.0)))
        .collect();
    let oids: Vec<Oid> = indexed
        .iter()
        .flat_map(|(_, index)| {
            [IF_ADMIN_STATUS, IF_OPER_STATUS].map(|column| Oid::from(column).child([*index]))
        })
        .collect();
    let answers = snmp.get(&oids)?;
    let links = indexed
        .iter()
        .zip(answers.chunks_exact(2))
        .map(|((id, _), pair)| {
            let [admin, oper] = [0, 1].map(|at| pair.get(at).map(|binding| &binding.value));
            (*id, link(admin, oper))
        });
    Ok(links.collect())
}

/// Makes the port table of the columns.
fn assemble(columns: &Columns) -> PortTable {
    let mut interfaces: Vec<Interface> = columns
        .kind
        .iter()
        .filter(|(_, kind)| kind.as_i64().is_some_and(|kind| ETHERNET.contains(&kind)))
        .map(|(index, _)| Interface::new(columns, *index))
        .filter(|interface| !NOT_ON_THE_PANEL.contains(&interface.stem().word.as_str()))
        .collect();
    keep_bridge_ports(&mut interfaces);

    let names: Vec<Names<'_>> = interfaces.iter().map(Interface::names).collect();
    let labels = labels(&names);
    let mut labelled: Vec<(String, Interface)> = labels.into_iter().zip(interfaces).collect();
    labelled.sort_by_cached_key(|(label, interface)| (natural(label), interface.index));
    labelled.truncate(usize::from(u16::MAX));
    let ports = labelled.into_iter().map(|(label, interface)| SwitchPort {
        id: PortId(0),
        label: PanelPort(label),
        if_name: interface.name,
        alias: interface.alias,
        if_index: Some(IfIndex(interface.index)),
        bridge_port: interface.bridge_port,
        link: interface.link,
    });
    PortTable::new(ports.collect())
}

/// An interface that may be a port.
struct Interface {
    index: u32,
    name: String,
    descr: String,
    alias: String,
    bridge_port: Option<BridgePort>,
    link: Link,
}

impl Interface {
    fn new(columns: &Columns, index: u32) -> Self {
        let text = |column: &Column| {
            let text = column.get(&index).and_then(Value::as_text);
            text.unwrap_or_default().trim().to_owned()
        };
        let bridge = columns
            .bridge
            .iter()
            .find(|(_, value)| value.as_i64() == Some(i64::from(index)));
        Interface {
            index,
            name: text(&columns.name),
            descr: text(&columns.descr),
            alias: text(&columns.alias),
            bridge_port: bridge.map(|(number, _)| BridgePort(*number)),
            link: link(columns.admin.get(&index), columns.oper.get(&index)),
        }
    }

    fn names(&self) -> Names<'_> {
        Names {
            if_name: &self.name,
            descr: &self.descr,
            index: self.index,
        }
    }

    /// What the names of ports of one kind have in common.
    fn stem(&self) -> Stem {
        let name = if self.name.is_empty() {
            &self.descr
        } else {
            &self.name
        };
        let word: String = name
            .chars()
            .take_while(|c| c.is_ascii_alphabetic() || *c == '-')
            .collect();
        let is_digit = |c: &char| c.is_ascii_digit();
        let chars: Vec<char> = name.chars().collect();
        let numbers = chars
            .chunk_by(|a, b| is_digit(a) == is_digit(b))
            .filter(|run| run.first().is_some_and(is_digit))
            .count();
        Stem {
            word: word.trim_end_matches('-').to_ascii_lowercase(),
            numbers,
        }
    }
}

/// `gi1/0/17` has the word `gi` and 3 numbers.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stem {
    word: String,
    numbers: usize,
}

/// Where the switch has a bridge, leaves out what does not belong to it, such as a management socket.
///
/// Members of a LAG are no bridge ports, and Cisco shows only those of VLAN 1: an interface that is named like a bridge
/// port is a port all the same.
fn keep_bridge_ports(interfaces: &mut Vec<Interface>) {
    let in_bridge = interfaces.iter().filter(|i| i.bridge_port.is_some());
    let stems: BTreeSet<Stem> = in_bridge.map(Interface::stem).collect();
    if !stems.is_empty() {
        interfaces.retain(|i| i.bridge_port.is_some() || stems.contains(&i.stem()));
    }
}

/// Tells whether frames can pass (`ifAdminStatus`, `ifOperStatus`).
fn link(admin: Option<&Value>, oper: Option<&Value>) -> Link {
    const ADMIN_DOWN: i64 = 2;
    if admin.and_then(Value::as_i64) == Some(ADMIN_DOWN) {
        return Link::Down;
    }
    match oper.and_then(Value::as_i64) {
        Some(1) => Link::Up,
        // down, notPresent, lowerLayerDown
        Some(2 | 6 | 7) => Link::Down,
        _ => Link::Unknown,
    }
}

/// A key that sorts `1/0/9` before `1/0/10`.
pub(super) fn natural(label: &str) -> Vec<(String, u64)> {
    let mut key = Vec::new();
    let mut rest = label;
    while !rest.is_empty() {
        let text_end = rest
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (text, tail) = rest.split_at(text_end);
        let digits_end = tail
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (digits, tail) = tail.split_at(digits_end);
        key.push((text.to_owned(), digits.parse().unwrap_or(u64::MAX)));
        rest = tail;
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::fake::FakeAgent;

    const DESCR: &str = "1.3.6.1.2.1.2.2.1.2";
    const TYPE: &str = "1.3.6.1.2.1.2.2.1.3";
    const ADMIN: &str = "1.3.6.1.2.1.2.2.1.7";
    const OPER: &str = "1.3.6.1.2.1.2.2.1.8";
    const NAME: &str = "1.3.6.1.2.1.31.1.1.1.1";
    const ALIAS: &str = "1.3.6.1.2.1.31.1.1.1.18";
    const BRIDGE: &str = "1.3.6.1.2.1.17.1.4.1.2";

    fn labels_of(ports: &PortTable) -> Vec<&str> {
        ports.iter().map(|port| port.label.0.as_str()).collect()
    }

    #[test]
    fn a_port_has_all_its_names_and_numbers() {
        let mut agent = FakeAgent::default()
            .with(&format!("{DESCR}.49"), "GigabitEthernet1/0/1")
            .with(&format!("{TYPE}.49"), 6)
            .with(&format!("{ADMIN}.49"), 1)
            .with(&format!("{OPER}.49"), 1)
            .with(&format!("{NAME}.49"), "gi1/0/1")
            .with(&format!("{ALIAS}.49"), "2.14-B")
            .with(&format!("{BRIDGE}.1"), 49);
        let ports = read(&mut agent).unwrap();
        let expected = SwitchPort {
            id: PortId(1),
            label: PanelPort("1/0/1".to_owned()),
            if_name: "gi1/0/1".to_owned(),
            alias: "2.14-B".to_owned(),
            if_index: Some(IfIndex(49)),
            bridge_port: Some(BridgePort(1)),
            link: Link::Up,
        };
        assert_eq!(ports, PortTable::new(vec![expected]));
    }

    #[test]
    fn what_is_not_on_the_panel_is_left_out() {
        let names = ["gi1", "gi2", "Po1", "vlan1", "lo0", "cpu0", "eth0"];
        let mut agent = FakeAgent::default()
            .column(NAME, names)
            .column(TYPE, [6, 117, 161, 136, 24, 6, 6])
            .column(BRIDGE, [1, 2, 3]);
        assert_eq!(labels_of(&read(&mut agent).unwrap()), ["1", "2"]);
    }

    #[test]
    fn a_member_of_a_lag_is_a_port_though_the_bridge_shows_only_the_lag() {
        let mut agent = FakeAgent::default()
            .column(NAME, ["gi1/1", "gi1/2", "mgmt0", "gi9"])
            .column(TYPE, [6, 6, 6, 6])
            .column(BRIDGE, [1]);
        assert_eq!(labels_of(&read(&mut agent).unwrap()), ["1/1", "1/2"]);
    }

    #[test]
    fn an_agent_without_if_x_table_and_bridge_is_read_by_its_descriptions() {
        let mut agent = FakeAgent::default()
            .column(DESCR, ["Port 1", "Port 2", "Port 3", "CPU"])
            .column(TYPE, [6, 6, 6, 1])
            .column(OPER, [1, 2, 4]);
        let ports = read(&mut agent).unwrap();
        assert_eq!(labels_of(&ports), ["1", "2", "3"]);
        let links: Vec<Link> = ports.iter().map(|port| port.link).collect();
        assert_eq!(links, [Link::Up, Link::Down, Link::Unknown]);
    }

    #[test]
    fn ports_come_in_panel_order_whatever_their_if_index() {
        let mut agent = FakeAgent::default()
            .column(NAME, ["1/0/10", "2/0/1", "1/0/9"])
            .column(TYPE, [6, 6, 6]);
        let ports = read(&mut agent).unwrap();
        assert_eq!(labels_of(&ports), ["1/0/9", "1/0/10", "2/0/1"]);
    }

    #[test]
    fn the_links_are_read_anew_by_index() {
        let mut agent = FakeAgent::default()
            .column(NAME, ["port1", "port2", "port3"])
            .column(TYPE, [6, 6, 6])
            .column(ADMIN, [1, 2, 1])
            .column(OPER, [1, 1, 7]);
        let ports = read(&mut agent).unwrap();
        let links = read_links(&mut agent, &ports).unwrap();
        let states: Vec<Link> = links.into_values().collect();
        assert_eq!(states, [Link::Up, Link::Down, Link::Down]);
    }

    #[test]
    fn a_switch_that_shows_nothing_gives_an_empty_table() {
        assert!(read(&mut FakeAgent::default()).unwrap().is_empty());
    }
}
