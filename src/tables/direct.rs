//! The ports of switches that are read without SNMP: a bridge of this machine, a bridge of Open vSwitch.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::label::{Names, labels};
use super::ports::natural;
use crate::linux::bridge::Interface;
use crate::ovsdb::value::{row_id, row_ids, rows};
use crate::ovsdb::{Client, OvsdbError};
use crate::port::{BridgePort, IfIndex, Link, PanelPort, PortId, PortTable, SwitchPort};

/// Types of interfaces that lead to other bridges or hosts: nobody can plug anything in there.
const NOT_ON_THE_PANEL: [&str; 10] = [
    "patch", "vxlan", "gre", "geneve", "erspan", "stt", "lisp", "gtpu", "bareudp", "srv6",
];

/// Returns the ports of a Linux bridge in panel order. `also` is an interface outside the bridge that has a place in
/// the table, too: the copies may go to one end of a cable that only this machine sees. Its label is its name.
#[must_use]
pub fn linux_ports(interfaces: &[Interface], bridge: &str, also: &str) -> PortTable {
    let is_port = |interface: &&Interface| interface.master.as_deref() == Some(bridge);
    let port = |interface: &Interface| SwitchPort {
        id: PortId(0),
        label: PanelPort(interface.name.clone()),
        if_name: interface.name.clone(),
        alias: interface.alias.clone(),
        if_index: Some(IfIndex(interface.index)),
        bridge_port: interface.bridge_port.map(BridgePort),
        link: if interface.up { Link::Up } else { Link::Down },
    };
    let of_bridge: Vec<SwitchPort> = interfaces
        .iter()
        .filter(is_port)
        .filter(|interface| is_plain(&interface.name))
        .map(port)
        .collect();
    let outside = interfaces
        .iter()
        .find(|interface| interface.name == also && !is_port(interface) && is_plain(also));
    in_panel_order(of_bridge, outside.map(port))
}

/// Tells whether a name can stand on a line of tc without being taken for something else.
fn is_plain(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || "._-@:+".contains(c);
    !name.is_empty() && !name.starts_with('-') && name.chars().all(letter)
}

/// Reads the ports of a bridge of Open vSwitch in panel order. The bridge's own port is none of them.
///
/// # Errors
/// [`OvsdbError`]
pub fn ovs_ports(client: &mut Client, bridge: &str) -> Result<PortTable, OvsdbError> {
    let name = json!([["name", "==", bridge]]);
    let results = client.transact(&[
        json!({"op": "select", "table": "Bridge", "where": name, "columns": ["ports"]}),
        json!({"op": "select", "table": "Port", "where": [], "columns": ["_uuid", "name", "interfaces"]}),
        json!({"op": "select", "table": "Interface", "where": [],
               "columns": ["_uuid", "type", "ifindex", "ofport", "admin_state", "link_state", "external_ids"]}),
    ])?;
    Ok(assemble(&results, bridge))
}

/// Reads the names of the bridges of an Open vSwitch.
///
/// # Errors
/// [`OvsdbError`]
pub fn ovs_bridges(client: &mut Client) -> Result<Vec<String>, OvsdbError> {
    let every = json!({"op": "select", "table": "Bridge", "where": [], "columns": ["name"]});
    let results = client.transact(&[every])?;
    let names = rows(&results, 0)
        .into_iter()
        .filter_map(|row| text(row, "name"));
    Ok(names.map(str::to_owned).collect())
}

fn text<'a>(row: &'a Map<String, Value>, column: &str) -> Option<&'a str> {
    row.get(column)?.as_str()
}

fn number(row: &Map<String, Value>, column: &str) -> Option<u32> {
    row.get(column)?.as_u64()?.try_into().ok()
}

fn ids(row: &Map<String, Value>, column: &str) -> BTreeSet<String> {
    row.get(column).map(row_ids).unwrap_or_default()
}

fn assemble(results: &[Value], bridge: &str) -> PortTable {
    let of_bridge = rows(results, 0)
        .first()
        .map(|row| ids(row, "ports"))
        .unwrap_or_default();
    let interfaces: BTreeMap<&str, &Map<String, Value>> = rows(results, 2)
        .into_iter()
        .filter_map(|row| Some((row.get("_uuid").and_then(row_id)?, row)))
        .collect();
    let ports = rows(results, 1).into_iter().filter_map(|row| {
        let name = text(row, "name")?;
        let id = row.get("_uuid").and_then(row_id)?;
        let members: Vec<_> = ids(row, "interfaces")
            .iter()
            .filter_map(|id| interfaces.get(id.as_str()).copied())
            .collect();
        let first = *members.first()?;
        let leads_on = NOT_ON_THE_PANEL.contains(&text(first, "type").unwrap_or_default());
        if !of_bridge.contains(id) || name == bridge || leads_on {
            return None;
        }
        Some(SwitchPort {
            id: PortId(0),
            label: PanelPort(name.to_owned()),
            if_name: name.to_owned(),
            alias: String::new(),
            if_index: number(first, "ifindex").map(IfIndex),
            bridge_port: number(first, "ofport").map(BridgePort),
            link: link(&members),
        })
    });
    in_panel_order(ports.collect(), None)
}

/// A bond is up if one of its members is.
fn link(members: &[&Map<String, Value>]) -> Link {
    let state = |column: &str, word: &str| {
        let mut members = members.iter();
        members.any(|member| text(member, column) == Some(word))
    };
    if state("link_state", "up") {
        Link::Up
    } else if state("link_state", "down") || state("admin_state", "down") {
        Link::Down
    } else {
        Link::Unknown
    }
}

/// Labels the ports by their names and sorts them; `outside` comes last, by its own name.
fn in_panel_order(mut ports: Vec<SwitchPort>, outside: Option<SwitchPort>) -> PortTable {
    let names: Vec<Names<'_>> = ports
        .iter()
        .map(|port| Names {
            if_name: &port.if_name,
            descr: "",
            index: port.if_index.map_or(0, |index| index.0),
        })
        .collect();
    let labels = labels(&names);
    for (port, label) in ports.iter_mut().zip(labels) {
        port.label = PanelPort(label);
    }
    ports.sort_by_cached_key(|port| natural(&port.label.0));
    ports.extend(outside);
    ports.truncate(usize::from(u16::MAX));
    PortTable::new(ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, index: u32, master: Option<&str>) -> Interface {
        Interface {
            name: name.to_owned(),
            index,
            alias: String::new(),
            up: index != 4,
            master: master.map(str::to_owned),
            bridge_port: master.map(|_| index - 1),
            is_bridge: false,
        }
    }

    #[test]
    fn a_bridges_ports_are_labelled_by_their_numbers_and_the_listener_by_its_name() {
        let all = [
            interface("lan10", 2, Some("br0")),
            interface("lan2", 3, Some("br0")),
            interface("lan1", 4, Some("br0")),
            interface("eth9", 5, Some("br1")),
            interface("mir1", 6, None),
            interface("# x", 7, Some("br0")),
        ];
        let ports = linux_ports(&all, "br0", "mir1");
        let labels: Vec<&str> = ports.iter().map(|port| port.label.0.as_str()).collect();
        assert_eq!(labels, ["1", "2", "10", "mir1"]);
        assert_eq!(ports.by_name("1").unwrap().link, Link::Down);
        assert_eq!(linux_ports(&all, "br0", "lan2").len(), 3);
    }

    #[test]
    fn a_port_of_open_vswitch_is_one_that_a_cable_goes_into() {
        let port = |id: &str, name: &str| json!({"_uuid": ["uuid", id], "name": name, "interfaces": ["uuid", format!("i-{id}")]});
        let interface = |id: &str, kind: &str, link: Value| json!({"_uuid": ["uuid", format!("i-{id}")], "type": kind, "ifindex": 7, "ofport": 3, "link_state": link});
        let results = [
            json!({"rows": [{"ports": ["set", [["uuid", "a"], ["uuid", "b"], ["uuid", "c"], ["uuid", "d"]]]}]}),
            json!({"rows": [port("a", "port1"), port("b", "br0"), port("c", "tun2"), port("d", "port3"), port("e", "other4")]}),
            json!({"rows": [
                interface("a", "", json!("up")), interface("b", "internal", json!("up")),
                interface("c", "vxlan", json!("up")), interface("d", "", json!(["set", []])), interface("e", "", json!("up")),
            ]}),
        ];
        let ports = assemble(&results, "br0");
        let told: Vec<_> = ports
            .iter()
            .map(|port| (port.label.0.as_str(), port.link))
            .collect();
        assert_eq!(told, [("1", Link::Up), ("3", Link::Unknown)]);
    }

    #[test]
    fn an_odd_answer_is_a_switch_without_ports() {
        for odd in [
            vec![],
            vec![json!({}), json!(3), json!(null)],
            vec![json!({"rows": [{}]})],
        ] {
            assert!(assemble(&odd, "br0").is_empty());
        }
    }
}
