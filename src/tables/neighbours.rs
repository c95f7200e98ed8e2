//! What is plugged into the ports, as it says itself: the remote systems of LLDP-MIB (IEEE 802.1AB).

use std::collections::{BTreeMap, BTreeSet};

use super::{column, label};
use crate::mac::Mac;
use crate::port::{BridgePort, IfIndex, PortId, PortSet, PortTable, SwitchPort};
use crate::snmp::{Oid, Snmp, SnmpError, Value};

const LLDP_LOC_PORT_ID_SUBTYPE: [u32; 11] = [1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 2];
const LLDP_LOC_PORT_ID: [u32; 11] = [1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 3];
const LLDP_LOC_PORT_DESC: [u32; 11] = [1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 4];
const LLDP_REM_ENTRY: [u32; 10] = [1, 0, 8802, 1, 1, 2, 1, 4, 1, 1];

// Columns of lldpRemTable.
const CHASSIS_ID_SUBTYPE: u32 = 4;
const CHASSIS_ID: u32 = 5;
const SYS_NAME: u32 = 9;
const CAPABILITIES_SUPPORTED: u32 = 11;
const CAPABILITIES_ENABLED: u32 = 12;

/// A device that announces itself behind a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Our port.
    pub port: PortId,
    /// Its `sysName`; empty where it does not say.
    pub name: String,
    /// Its MAC, where it names itself by one.
    pub mac: Option<Mac>,
    /// What it does.
    pub does: Capabilities,
}

/// What a device does (`LldpSystemCapabilitiesMap`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// `bridge(2)`
    pub bridge: bool,
    /// `wlanAccessPoint(3)`
    pub access_point: bool,
    /// `router(4)`
    pub router: bool,
    /// `telephone(5)`
    pub telephone: bool,
}

impl Neighbour {
    /// Tells whether the port leads on into the network.
    ///
    /// Telephones and access points call themselves bridges as well, but a suspect behind one of them is at this port.
    #[must_use]
    pub fn is_uplink(&self) -> bool {
        (self.does.bridge || self.does.router) && !self.does.telephone && !self.does.access_point
    }
}

/// Returns the ports that lead on into the network.
#[must_use]
pub fn uplinks(neighbours: &[Neighbour]) -> PortSet {
    let uplinks = neighbours.iter().filter(|neighbour| neighbour.is_uplink());
    uplinks.map(|neighbour| neighbour.port).collect()
}

/// Reads what announces itself by LLDP, in the order of our ports. Neighbours of other interfaces are left out.
///
/// # Errors
/// [`SnmpError`], if the switch could not be asked. A switch without LLDP has no neighbours.
pub fn read(snmp: &mut dyn Snmp, ports: &PortTable) -> Result<Vec<Neighbour>, SnmpError> {
    let base = Oid::from(LLDP_REM_ENTRY);
    let mut remotes: BTreeMap<(u32, u32), Remote> = BTreeMap::new();
    for row in snmp.walk(&base)? {
        // Index: lldpRemTimeMark, lldpRemLocalPortNum, lldpRemIndex.
        if let Some(&[column, _, local, index]) = row.oid.below(&base) {
            let remote = remotes.entry((local, index)).or_default();
            remote.insert(column, row.value);
        }
    }
    if remotes.is_empty() {
        return Ok(Vec::new());
    }
    let numbers = remotes.keys().map(|(number, _)| *number).collect();
    let local = local_ports(snmp, ports, numbers)?;
    let mut neighbours: Vec<Neighbour> = remotes
        .into_iter()
        .filter_map(|((number, _), remote)| Some(neighbour(*local.get(&number)?, &remote)))
        .collect();
    neighbours.sort_by_key(|neighbour| neighbour.port);
    Ok(neighbours)
}

/// The columns of a row of lldpRemTable.
type Remote = BTreeMap<u32, Value>;

fn neighbour(port: PortId, remote: &Remote) -> Neighbour {
    const MAC_ADDRESS: i64 = 4;
    let by_mac = remote.get(&CHASSIS_ID_SUBTYPE).and_then(Value::as_i64) == Some(MAC_ADDRESS);
    let name = remote.get(&SYS_NAME).and_then(Value::as_text);
    Neighbour {
        port,
        name: name.unwrap_or_default().trim().to_owned(),
        mac: remote
            .get(&CHASSIS_ID)
            .filter(|_| by_mac)
            .and_then(super::mac),
        does: capabilities(remote),
    }
}

/// Reads the enabled capabilities, or the supported ones of a device that enables none.
fn capabilities(remote: &Remote) -> Capabilities {
    let bits = |column| {
        let octets = remote.get(&column).and_then(Value::as_octets);
        octets
            .and_then(|octets| octets.first().copied())
            .unwrap_or(0)
    };
    let bits = match bits(CAPABILITIES_ENABLED) {
        0 => bits(CAPABILITIES_SUPPORTED),
        enabled => enabled,
    };
    // BITS: bit 0 is the first octet's most significant.
    let has = |bit: u8| bits & (0x80 >> bit) != 0;
    Capabilities {
        bridge: has(2),
        access_point: has(3),
        router: has(4),
        telephone: has(5),
    }
}

/// Finds out which port each `lldpLocPortNum` is: those in `numbers`, which have neighbours, and all others.
///
/// The number itself is a bridge port on some switches, an `ifIndex` on others and neither on a third kind, so the names
/// come first.
fn local_ports(
    snmp: &mut dyn Snmp,
    ports: &PortTable,
    mut numbers: BTreeSet<u32>,
) -> Result<BTreeMap<u32, PortId>, SnmpError> {
    let subtypes = column(snmp, &LLDP_LOC_PORT_ID_SUBTYPE)?;
    let ids = column(snmp, &LLDP_LOC_PORT_ID)?;
    let descriptions = column(snmp, &LLDP_LOC_PORT_DESC)?;
    numbers.extend(ids.keys());
    let by_number = numbering(&numbers, ports);
    let named = numbers.into_iter().filter_map(|number| {
        let text = |column: &BTreeMap<u32, Value>| column.get(&number).and_then(Value::as_text);
        let subtype = subtypes.get(&number).and_then(Value::as_i64);
        let port = text(&ids)
            .and_then(|id| by_id(ports, subtype, id.trim()))
            .or_else(|| text(&descriptions).and_then(|name| ports.by_name(name.trim())))
            .or_else(|| by_number(number));
        Some((number, port?.id))
    });
    Ok(named.collect())
}

/// Finds a port by what it calls itself in its own announcements (`LldpPortIdSubtype`).
fn by_id<'a>(ports: &'a PortTable, subtype: Option<i64>, id: &str) -> Option<&'a SwitchPort> {
    const INTERFACE_ALIAS: i64 = 1;
    const INTERFACE_NAME: i64 = 5;
    const LOCAL: i64 = 7;
    match subtype {
        Some(INTERFACE_ALIAS) => {
            let mut with_alias = ports
                .iter()
                .filter(|port| !id.is_empty() && port.alias == id);
            let port = with_alias.next()?;
            with_alias.next().is_none().then_some(port)
        }
        // Some write `ifDescr` where `ifName` is meant: GigabitEthernet1/0/17 for gi1/0/17.
        Some(INTERFACE_NAME) => ports
            .by_name(id)
            .or_else(|| ports.by_name(&label::from_name(id)?)),
        // Whatever the maker likes: a name, or an ifIndex. A bare number may be either, so the numbering decides.
        Some(LOCAL) if id.parse::<u32>().is_err() => ports.by_name(id),
        _ => None,
    }
}

/// Returns how the local numbers are to be read: as bridge ports if most of them are some, else as `ifIndex`.
fn numbering<'a>(
    numbers: &BTreeSet<u32>,
    ports: &'a PortTable,
) -> impl Fn(u32) -> Option<&'a SwitchPort> + use<'a> {
    let bridge = |number| ports.by_bridge_port(BridgePort(number));
    let index = |number| ports.by_if_index(IfIndex(number));
    let fits = |rule: &dyn Fn(u32) -> Option<&'a SwitchPort>| {
        numbers
            .iter()
            .filter(|number| rule(**number).is_some())
            .count()
    };
    let as_bridge_ports = fits(&bridge) >= fits(&index);
    move |number| {
        if as_bridge_ports {
            bridge(number)
        } else {
            index(number)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{Link, PanelPort};
    use crate::snmp::fake::FakeAgent;

    const LOCAL: &str = "1.0.8802.1.1.2.1.3.7.1";
    const REMOTE: &str = "1.0.8802.1.1.2.1.4.1.1";

    /// Ports 1 to 4: ifIndex 49 to 52, bridge port 1 to 4.
    fn ports() -> PortTable {
        let port = |number: u32| SwitchPort {
            id: PortId(0),
            label: PanelPort(format!("1/0/{number}")),
            if_name: format!("gi1/0/{number}"),
            alias: format!("outlet {number}"),
            if_index: Some(IfIndex(48 + number)),
            bridge_port: Some(BridgePort(number)),
            link: Link::Up,
        };
        PortTable::new((1..=4).map(port).collect())
    }

    /// A switch with a neighbour behind each of these local numbers.
    fn with_neighbours(numbers: &[u32], capabilities: u8) -> FakeAgent {
        numbers.iter().fold(FakeAgent::default(), |agent, number| {
            agent
                .with(&format!("{REMOTE}.4.900.{number}.1"), 4)
                .with(
                    &format!("{REMOTE}.5.900.{number}.1"),
                    Value::Octets(vec![0, 1, 2, 3, 4, 5]),
                )
                .with(&format!("{REMOTE}.9.900.{number}.1"), "core")
                .with(
                    &format!("{REMOTE}.12.900.{number}.1"),
                    Value::Octets(vec![capabilities, 0]),
                )
        })
    }

    fn ports_of(neighbours: &[Neighbour]) -> Vec<u16> {
        neighbours
            .iter()
            .map(|neighbour| neighbour.port.0)
            .collect()
    }

    #[test]
    fn a_neighbour_has_a_name_a_mac_and_says_what_it_does() {
        let mut agent = with_neighbours(&[3], 0b0010_1000);
        let neighbours = read(&mut agent, &ports()).unwrap();
        let expected = Neighbour {
            port: PortId(3),
            name: "core".to_owned(),
            mac: Some(Mac([0, 1, 2, 3, 4, 5])),
            does: Capabilities {
                bridge: true,
                router: true,
                ..Capabilities::default()
            },
        };
        assert_eq!(neighbours, [expected]);
        assert_eq!(uplinks(&neighbours), [PortId(3)].into_iter().collect());
    }

    #[test]
    fn a_telephone_and_an_access_point_are_no_uplinks() {
        for bits in [0b0010_0100, 0b0011_0000, 0b0000_0001] {
            let mut agent = with_neighbours(&[3], bits);
            let neighbours = read(&mut agent, &ports()).unwrap();
            assert_eq!(ports_of(&neighbours), [3]);
            assert!(uplinks(&neighbours).is_empty(), "{bits:08b}");
        }
    }

    #[test]
    fn the_local_port_is_found_by_its_name_whatever_its_number() {
        for (subtype, id) in [
            (5, "gi1/0/2"),
            (5, "GigabitEthernet1/0/2"),
            (7, "GI1/0/2"),
            (1, "outlet 2"),
        ] {
            let mut agent = with_neighbours(&[1002], 0x20)
                .with(&format!("{LOCAL}.2.1002"), subtype)
                .with(&format!("{LOCAL}.3.1002"), id);
            assert_eq!(ports_of(&read(&mut agent, &ports()).unwrap()), [2], "{id}");
        }
    }

    #[test]
    fn nameless_local_ports_are_read_by_the_numbering_that_fits() {
        for (numbers, expected) in [([2, 4], [2, 4]), ([49, 51], [1, 3])] {
            let mut agent = with_neighbours(&numbers, 0x20);
            assert_eq!(ports_of(&read(&mut agent, &ports()).unwrap()), expected);
        }
    }

    #[test]
    fn neighbours_of_other_interfaces_are_left_out() {
        let mut agent = with_neighbours(&[900], 0x20);
        assert_eq!(read(&mut agent, &ports()).unwrap(), []);
    }

    #[test]
    fn a_switch_without_lldp_has_no_neighbours() {
        assert_eq!(read(&mut FakeAgent::default(), &ports()).unwrap(), []);
    }
}
