//! What the switch's agent shows besides its mirror: system, interfaces, bridge, VLAN and LLDP groups.

use std::sync::{Arc, Mutex};

use async_snmp::{Oid, Value};

use super::forwarding::ForwardingTable;
use super::sheet::{Cell, Count, Sheet, int, text};
use super::{Mib, Mirror};
use crate::lab::control::mask_of_ports;
use crate::lab::family::Profile;
use crate::lab::site::{NEIGHBOUR_MAC, PortSite, SWITCH_MAC, Site};
use crate::lab::spec::Spec;
use crate::lab::world::World;
use crate::port::BridgePort;

const SYSTEM: &[u32] = &[1, 3, 6, 1, 2, 1, 1];
const IF_NUMBER: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 1];
const IF_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1];
const IF_X_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1];
const DOT1D_BASE: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 1];
const DOT1D_BASE_PORT_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 1, 4, 1];
const DOT1D_TP: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 4];
const DOT1Q_BASE: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 1];
const DOT1Q_VLAN_CURRENT_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 2, 1];
const DOT1Q_VLAN_STATIC_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1];
const DOT1Q_PORT_VLAN_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1];
const LLDP_LOCAL: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 3];
const LLDP_LOCAL_PORT_ENTRY: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 3, 7, 1];
const LLDP_REMOTE_ENTRY: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1];

/// The LLDP local port number of a port is its bridge port plus this: one more way in which ports are numbered.
const LLDP_OFFSET: u32 = 100;
/// The only VLAN.
const VLAN: u32 = 1;

/// ifIndex of the interfaces that are no ports; the largest switch's ports end below the first.
const VLAN_IF_INDEX: u32 = 100_001;
const LAG_IF_INDEX: u32 = 100_501;
const CPU_IF_INDEX: u32 = 101_001;
/// ifType values of the IANAifType-MIB.
const OTHER: u32 = 1;
const ETHERNET_CSMACD: u32 = 6;
const PROP_VIRTUAL: u32 = 53;
const IEEE8023AD_LAG: u32 = 161;

/// Makes what the switch's agent shows.
pub(in crate::lab) fn switch_mib(spec: &Spec, site: &Site, world: &Arc<Mutex<World>>) -> Mib {
    let mut sheet = Sheet::default();
    system(&mut sheet, spec.profile);
    interfaces(&mut sheet, spec, site);
    bridge(&mut sheet, spec, site);
    vlan(&mut sheet, site);
    lldp(&mut sheet, spec.profile, site);
    let mut mib = Mib::new(
        Arc::clone(world),
        vec![
            Box::new(sheet),
            Box::new(ForwardingTable::DOT1D),
            Box::new(ForwardingTable::DOT1Q),
            Box::new(Mirror),
        ],
    );
    let latency = spec.faults.write_latency;
    mib.answers_after = latency.map(|latency| latency.answer).unwrap_or_default();
    mib
}

/// sysDescr and sysObjectID of a switch of the family.
fn identity(profile: Profile) -> (&'static str, &'static [u32]) {
    match profile {
        Profile::SmonPortcopy => (
            "Switch with RFC 2613 port copy (virtual)",
            &[1, 3, 6, 1, 4, 1, 89],
        ),
        Profile::NetgearFastpath => (
            "M5300-28G3 (virtual)",
            &[1, 3, 6, 1, 4, 1, 4526, 100, 1, 18],
        ),
        Profile::DlinkDgs1210 => (
            "DGS-1210-28 (virtual)",
            &[1, 3, 6, 1, 4, 1, 171, 10, 76, 20, 1],
        ),
        Profile::Zyxel4x => ("GS2210-24 (virtual)", &[1, 3, 6, 1, 4, 1, 890, 1, 15]),
        Profile::Described(model) => (&model.sys_descr, &model.sys_object_id),
        Profile::Web(family) => family.identity(),
    }
}

fn system(sheet: &mut Sheet, profile: Profile) {
    let (description, object_id) = identity(profile);
    let object = |number| [SYSTEM, &[number]].concat();
    sheet.scalar(&object(1), text(description));
    sheet.scalar(
        &object(2),
        Value::ObjectIdentifier(Oid::from_slice(object_id)),
    );
    sheet.put(&object(3), &[0], Cell::SwitchUptime);
    sheet.scalar(&object(4), text("halfspan lab"));
    sheet.scalar(&object(5), text("office-1"));
    sheet.scalar(&object(6), text("virtual"));
    sheet.scalar(&object(7), int(2)); // data link (RFC 3418, sysServices)
}

/// An interface of whatever kind.
struct Interface<'a> {
    if_index: u32,
    name: &'a str,
    description: &'a str,
    alias: &'a str,
    if_type: u32,
    up: bool,
}

impl Interface<'_> {
    /// Puts in its rows of ifTable and ifXTable (RFC 2863), without the counters.
    fn put(&self, sheet: &mut Sheet) {
        let is_port = self.if_type == ETHERNET_CSMACD;
        let truth = |yes| int(if yes { 1 } else { 2 });
        let columns = [
            (1, int(self.if_index)),
            (2, text(self.description)),
            (3, int(self.if_type)),
            (4, int(1500)),
            (5, Value::Gauge32(if self.up { 1_000_000_000 } else { 0 })),
            (6, text(SWITCH_MAC.0)),
            (7, int(1)), // ifAdminStatus up
            (8, truth(self.up)),
            (9, Value::TimeTicks(0)),
        ];
        sheet.row(IF_ENTRY, &[self.if_index], columns);
        let columns = [
            (1, text(self.name)),
            (15, Value::Gauge32(if self.up { 1000 } else { 0 })),
            (16, truth(false)),
            (17, truth(is_port)),
            (18, text(self.alias)),
        ];
        sheet.row(IF_X_ENTRY, &[self.if_index], columns);
    }
}

fn interfaces(sheet: &mut Sheet, spec: &Spec, site: &Site) {
    for port in &site.ports {
        let if_index = port.number.0 + spec.agent.if_index_offset;
        Interface {
            if_index,
            name: &port.if_name,
            description: &format!("Port {} 1000BASE-T", port.number.0),
            alias: alias(port, site),
            if_type: ETHERNET_CSMACD,
            up: port.up,
        }
        .put(sheet);
        counters(sheet, if_index, port.number);
    }
    let others = [
        (VLAN_IF_INDEX, "vlan1", PROP_VIRTUAL, true),
        (LAG_IF_INDEX, "lag1", IEEE8023AD_LAG, false),
        (CPU_IF_INDEX, "cpu", OTHER, true),
    ];
    for (if_index, name, if_type, up) in others {
        Interface {
            if_index,
            name,
            description: name,
            alias: "",
            if_type,
            up,
        }
        .put(sheet);
    }
    let number = site.ports.len() + others.len();
    sheet.scalar(IF_NUMBER, int(u32::try_from(number).unwrap_or(u32::MAX)));
}

/// The description that the admin gave a port: its outlet, where there is one.
fn alias<'a>(port: &'a PortSite, site: &Site) -> &'a str {
    match port.number {
        number if number == site.uplink => "uplink to core-1",
        number if number == site.destination => "analyzer",
        _ => &port.outlet,
    }
}

fn counters(sheet: &mut Sheet, if_index: u32, port: BridgePort) {
    let counts: [(u32, Count); 8] = [
        (10, |counters| counters.in_octets),
        (11, |counters| counters.in_unicast),
        (13, |_| 0),
        (14, |_| 0),
        (16, |counters| counters.out_octets),
        (17, |counters| counters.out_unicast),
        (19, |_| 0),
        (20, |_| 0),
    ];
    for (column, count) in counts {
        let object = [IF_ENTRY, &[column]].concat();
        sheet.put(&object, &[if_index], Cell::Count32(port, count));
    }
    let counts: [(u32, Count); 6] = [
        (6, |counters| counters.in_octets),
        (7, |counters| counters.in_unicast),
        (9, |counters| counters.in_group),
        (10, |counters| counters.out_octets),
        (11, |counters| counters.out_unicast),
        (13, |counters| counters.out_group),
    ];
    for (column, count) in counts {
        let object = [IF_X_ENTRY, &[column]].concat();
        sheet.put(&object, &[if_index], Cell::Count64(port, count));
    }
}

/// dot1dBase and the scalars of dot1dTp (RFC 4188).
fn bridge(sheet: &mut Sheet, spec: &Spec, site: &Site) {
    let object = |number| [DOT1D_BASE, &[number]].concat();
    let ports = u32::try_from(site.ports.len()).unwrap_or(u32::MAX);
    sheet.scalar(&object(1), text(SWITCH_MAC.0));
    sheet.scalar(&object(2), int(ports));
    sheet.scalar(&object(3), int(2)); // transparent-only
    for BridgePort(number) in site.ports.iter().map(|port| port.number) {
        let columns = [
            (1, int(number)),
            (2, int(number + spec.agent.if_index_offset)),
            (3, Value::ObjectIdentifier(Oid::from_slice(&[0, 0]))),
            (4, Value::Counter32(0)),
            (5, Value::Counter32(0)),
        ];
        sheet.row(DOT1D_BASE_PORT_ENTRY, &[number], columns);
    }
    let ageing = u32::try_from(spec.bridge.ageing.as_secs()).unwrap_or(u32::MAX);
    sheet.scalar(&[DOT1D_TP, &[1]].concat(), Value::Counter32(0));
    sheet.scalar(&[DOT1D_TP, &[2]].concat(), int(ageing));
}

/// The least of the Q-BRIDGE-MIB (RFC 4363): one VLAN with all ports, untagged.
fn vlan(sheet: &mut Sheet, site: &Site) {
    let ports = u32::try_from(site.ports.len()).unwrap_or(u32::MAX);
    let all = mask_of_ports(1..=ports, ports);
    let object = |number| [DOT1Q_BASE, &[number]].concat();
    sheet.scalar(&object(1), int(1));
    sheet.scalar(&object(2), int(4094));
    sheet.scalar(&object(3), Value::Gauge32(256));
    sheet.scalar(&object(4), Value::Gauge32(1));
    sheet.scalar(&object(5), int(2)); // GVRP is off
    let current = [
        (3, Value::Gauge32(VLAN)),
        (4, all.clone()),
        (5, all.clone()),
        (6, int(2)), // permanent
        (7, Value::TimeTicks(0)),
    ];
    // The first index is dot1qVlanTimeMark.
    sheet.row(DOT1Q_VLAN_CURRENT_ENTRY, &[0, VLAN], current);
    let fixed = [
        (1, text("default")),
        (2, all.clone()),
        (3, mask_of_ports([], ports)),
        (4, all),
        (5, int(1)), // active
    ];
    sheet.row(DOT1Q_VLAN_STATIC_ENTRY, &[VLAN], fixed);
    for number in 1..=ports {
        sheet.row(
            DOT1Q_PORT_VLAN_ENTRY,
            &[number],
            [(1, Value::Gauge32(VLAN))],
        );
    }
}

/// The local system and the neighbour at the uplink (LLDP-MIB of IEEE 802.1AB-2005).
fn lldp(sheet: &mut Sheet, profile: Profile, site: &Site) {
    const SUBTYPE_MAC: u32 = 4;
    const SUBTYPE_IF_NAME: u32 = 5;
    let bridge = || text([0b0010_0000, 0]);
    let object = |number| [LLDP_LOCAL, &[number]].concat();
    sheet.scalar(&object(1), int(SUBTYPE_MAC));
    sheet.scalar(&object(2), text(SWITCH_MAC.0));
    sheet.scalar(&object(3), text("office-1"));
    sheet.scalar(&object(4), text(identity(profile).0));
    sheet.scalar(&object(5), bridge());
    sheet.scalar(&object(6), bridge());
    for port in &site.ports {
        let name = &port.if_name;
        let columns = [(2, int(SUBTYPE_IF_NAME)), (3, text(name)), (4, text(name))];
        sheet.row(
            LLDP_LOCAL_PORT_ENTRY,
            &[port.number.0 + LLDP_OFFSET],
            columns,
        );
    }
    let neighbour = [
        (4, int(SUBTYPE_MAC)),
        (5, text(NEIGHBOUR_MAC.0)),
        (6, int(SUBTYPE_IF_NAME)),
        (7, text("3")),
        (8, text("to office-1")),
        (9, text("core-1")),
        (10, text("core switch (virtual)")),
        (11, text([0b0010_1000, 0])), // bridge and router
        (12, text([0b0010_1000, 0])),
    ];
    let index = [0, site.uplink.0 + LLDP_OFFSET, 1];
    sheet.row(LLDP_REMOTE_ENTRY, &index, neighbour);
}
