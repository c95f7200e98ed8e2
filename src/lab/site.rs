//! The building around the switch: ports, panels, outlets and the machines that are plugged in. Drawn from the seed,
//! and fixed from then on.

use std::net::Ipv4Addr;

use fastrand::Rng;

use crate::mac::Mac;
use crate::port::BridgePort;

use super::control::FOREIGN;
use super::spec::{Place, Spec};

/// The router's address; its agent is bound to it.
pub(super) const ROUTER_IP: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 1);
/// The switch's address; its agent is bound to it.
pub(super) const SWITCH_IP: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 2);
/// The mask of the lab's network.
pub(super) const NETMASK: Ipv4Addr = Ipv4Addr::new(255, 255, 0, 0);
/// The network address.
pub(super) const NETWORK: Ipv4Addr = Ipv4Addr::new(127, 77, 0, 0);

/// The switch's own MAC, with an OUI of D-Link.
pub(super) const SWITCH_MAC: Mac = Mac([0x00, 0x1c, 0xf0, 0x4b, 0x10, 0x00]);
/// The router's MAC, with an OUI of DrayTek.
pub(super) const ROUTER_MAC: Mac = Mac([0x00, 0x1d, 0xaa, 0x5c, 0x20, 0x01]);
/// The switch behind the uplink, as LLDP tells of it; with an OUI of Hewlett Packard.
pub(super) const NEIGHBOUR_MAC: Mac = Mac([0x3c, 0x52, 0x82, 0x90, 0x00, 0x40]);
/// Where a suspect is that the router routes for; no neighbour of the router, which knows a way to it and not its MAC.
const FAR_NETWORK: Ipv4Addr = Ipv4Addr::new(127, 78, 0, 0);
const LAPTOP_MAC: Mac = Mac([0x8c, 0x16, 0x45, 0x3e, 0x71, 0x09]);
const SUSPECT_OUI: [u8; 3] = [0x04, 0xd4, 0xc4]; // ASUSTek COMPUTER INC.
const VIRTUAL_OUI: [u8; 3] = [0x52, 0x54, 0x00]; // what QEMU gives its machines
/// Intel, Raspberry Pi, Dell, Hewlett Packard, Brother.
const HOST_OUIS: [[u8; 3]; 5] = [
    [0x00, 0x1b, 0x21],
    [0xb8, 0x27, 0xeb],
    [0xf8, 0xb1, 0x56],
    [0x3c, 0x52, 0x82],
    [0x00, 0x80, 0x77],
];

/// A port of the switch and where its cable goes.
#[derive(Clone, Debug)]
pub(super) struct PortSite {
    pub(super) number: BridgePort,
    /// `ifName`, which has the number that is printed beside the port in it.
    pub(super) if_name: String,
    pub(super) up: bool,
    pub(super) panel: char,
    pub(super) position: u32,
    pub(super) outlet: String,
    pub(super) room: String,
}

impl PortSite {
    fn new(number: u32, if_name: String) -> Self {
        let place = number - 1;
        let panel = u8::try_from(place / 24).unwrap_or(u8::MAX);
        let pair = place / 2;
        let room = format!("{}.{:02}", 1 + pair / 20, 1 + pair % 20);
        let side = if place.is_multiple_of(2) { 'A' } else { 'B' };
        PortSite {
            number: BridgePort(number),
            if_name,
            up: true,
            panel: char::from(b'A'.saturating_add(panel)),
            position: 1 + place % 24,
            outlet: format!("{room}-{side}"),
            room,
        }
    }
}

/// What a machine is, as far as its behaviour goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Router,
    Server,
    Host,
    Suspect,
    /// Claims the suspect's IP address.
    Rival,
}

/// A machine and the port it is behind.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    pub(super) role: Role,
    /// What its frames here carry.
    pub(super) mac: Mac,
    pub(super) ip: Ipv4Addr,
    pub(super) port: BridgePort,
}

/// The building.
#[derive(Clone, Debug)]
pub(super) struct Site {
    pub(super) ports: Vec<PortSite>,
    /// The router comes first.
    pub(super) machines: Vec<Machine>,
    pub(super) suspect_ip: Ipv4Addr,
    /// Its own; a routed one's is not on its frames here.
    pub(super) suspect_mac: Mac,
    /// Whether the suspect is in another network, behind the router.
    pub(super) suspect_is_routed: bool,
    pub(super) laptop_mac: Mac,
    pub(super) uplink: BridgePort,
    pub(super) destination: BridgePort,
}

impl Site {
    /// Draws a building.
    pub(super) fn draw(spec: &Spec) -> Site {
        let mut rng = Rng::with_seed(spec.seed);
        let mut ports: Vec<PortSite> = (1..=spec.ports)
            .map(|port| PortSite::new(port, spec.profile.port_name(port)))
            .collect();
        let uplink = BridgePort(spec.ports - 1);
        let destination = BridgePort(spec.ports);
        for port in &mut ports {
            let special = port.number == uplink || port.number == destination;
            port.up = rng.f64() >= spec.down || special;
        }
        let suspect_port = suspect_port(spec, &ports, uplink, &mut rng);
        let foreign = [FOREIGN.0, FOREIGN.1].map(BridgePort);
        let foreign = foreign.into_iter().filter(|_| spec.mirror.foreign_session);
        for needed in suspect_port.into_iter().chain(foreign) {
            let port = ports.iter_mut().find(|port| port.number == needed);
            port.into_iter().for_each(|port| port.up = true);
        }
        let mut drawing = Drawing {
            rng,
            machines: vec![Machine {
                role: Role::Router,
                mac: ROUTER_MAC,
                ip: ROUTER_IP,
                port: suspect_port
                    .filter(|_| spec.suspect.routed)
                    .unwrap_or(uplink),
            }],
            addresses: 0,
        };
        for _ in 0..spec.background.servers {
            drawing.add(Role::Server, uplink);
        }
        let edge = ports
            .iter()
            .filter(|port| port.up && port.number != uplink && port.number != destination);
        let edge: Vec<BridgePort> = edge.map(|port| port.number).collect();
        for &port in &edge {
            if Some(port) != suspect_port {
                drawing.add(Role::Host, port);
            }
        }
        let (suspect_ip, suspect_mac) = drawing.add_suspect(spec, suspect_port, &edge);
        Site {
            ports,
            machines: drawing.machines,
            suspect_ip,
            suspect_mac,
            suspect_is_routed: spec.suspect.routed,
            laptop_mac: LAPTOP_MAC,
            uplink,
            destination,
        }
    }

    /// Returns the port with this number.
    pub(super) fn port(&self, number: BridgePort) -> Option<&PortSite> {
        self.ports
            .get(usize::try_from(number.0.checked_sub(1)?).ok()?)
    }

    /// Tells whether the port exists and its link is up.
    pub(super) fn is_up(&self, number: BridgePort) -> bool {
        self.port(number).is_some_and(|port| port.up)
    }

    /// The suspect, if it is plugged in anywhere.
    pub(super) fn suspect(&self) -> Option<&Machine> {
        self.machines
            .iter()
            .find(|machine| machine.role == Role::Suspect)
    }
}

/// Chooses the suspect's port, where it is on one.
fn suspect_port(
    spec: &Spec,
    ports: &[PortSite],
    uplink: BridgePort,
    rng: &mut Rng,
) -> Option<BridgePort> {
    match spec.suspect.place {
        Place::Port(port) => Some(port),
        Place::BehindUplink => Some(uplink),
        Place::Nowhere => None,
        Place::Drawn => {
            let edge = ports.iter().filter(|port| port.number < uplink);
            let up: Vec<BridgePort> = edge
                .filter(|port| port.up)
                .map(|port| port.number)
                .collect();
            Some(rng.choice(up).unwrap_or(BridgePort(1)))
        }
    }
}

struct Drawing {
    rng: Rng,
    machines: Vec<Machine>,
    addresses: u32,
}

impl Drawing {
    fn add(&mut self, role: Role, port: BridgePort) {
        let oui = HOST_OUIS[self.rng.usize(..HOST_OUIS.len())];
        let machine = Machine {
            role,
            mac: self.mac(oui),
            ip: self.next_ip(),
            port,
        };
        self.machines.push(machine);
    }

    fn add_suspect(
        &mut self,
        spec: &Spec,
        port: Option<BridgePort>,
        edge: &[BridgePort],
    ) -> (Ipv4Addr, Mac) {
        let mac = self.mac(if spec.suspect.is_virtual {
            VIRTUAL_OUI
        } else {
            SUSPECT_OUI
        });
        let routed = spec.suspect.routed;
        let ip = self.next_ip();
        let ip = if routed {
            Ipv4Addr::from_bits(ip.to_bits() - NETWORK.to_bits() + FAR_NETWORK.to_bits())
        } else {
            ip
        };
        if let Some(port) = port {
            for _ in 0..spec.suspect.hub_mates {
                self.add(Role::Host, port);
            }
            self.machines.push(Machine {
                role: Role::Suspect,
                mac: if routed { ROUTER_MAC } else { mac },
                ip,
                port,
            });
        }
        let elsewhere = edge.iter().copied().filter(|other| Some(*other) != port);
        let elsewhere: Vec<BridgePort> = elsewhere.collect();
        if spec.suspect.duplicate_ip
            && let Some(other) = self.rng.choice(elsewhere)
        {
            let mac = self.mac(HOST_OUIS[0]);
            self.machines.push(Machine {
                role: Role::Rival,
                mac,
                ip,
                port: other,
            });
        }
        (ip, mac)
    }

    fn mac(&mut self, oui: [u8; 3]) -> Mac {
        let [a, b, c] = oui;
        Mac([a, b, c, self.rng.u8(..), self.rng.u8(..), self.rng.u8(..)])
    }

    /// Hands out 127.77.0.20 to 127.77.0.219, 127.77.1.20 and so on, with gaps as in a real network.
    fn next_ip(&mut self) -> Ipv4Addr {
        let number = self.addresses;
        self.addresses += self.rng.u32(1..=2);
        Ipv4Addr::from_bits(NETWORK.to_bits() + (number / 200) * 256 + 20 + number % 200)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::lab::spec::{MAX_PORTS, Suspect};

    #[test]
    fn the_same_seed_draws_the_same_building() {
        let spec = Spec::default();
        let (a, b) = (Site::draw(&spec), Site::draw(&spec));
        assert_eq!(format!("{a:?}"), format!("{b:?}"));
        let other = Site::draw(&Spec { seed: 2, ..spec });
        assert_ne!(a.suspect_mac, other.suspect_mac);
    }

    #[test]
    fn addresses_and_outlets_are_unique_up_to_the_largest_switch() {
        let spec = Spec {
            ports: MAX_PORTS,
            down: 0.0,
            ..Spec::default()
        };
        let site = Site::draw(&spec);
        assert_eq!(site.machines.len(), 480 - 2 + 4);
        let ips: BTreeSet<_> = site.machines.iter().map(|machine| machine.ip).collect();
        let macs: BTreeSet<_> = site.machines.iter().map(|machine| machine.mac).collect();
        let outlets: BTreeSet<_> = site.ports.iter().map(|port| &port.outlet).collect();
        assert_eq!((ips.len(), macs.len()), (482, 482));
        assert_eq!(outlets.len(), 480);
    }

    #[test]
    fn the_suspect_is_where_it_was_put_and_that_port_is_up() {
        let place = |place| {
            let suspect = Suspect {
                place,
                ..Suspect::default()
            };
            let spec = Spec {
                suspect,
                down: 1.0,
                ..Spec::default()
            };
            let site = Site::draw(&spec);
            let port = site.suspect().map(|machine| machine.port);
            assert!(port.is_none_or(|port| site.is_up(port)));
            port
        };
        assert_eq!(place(Place::Port(BridgePort(7))), Some(BridgePort(7)));
        assert_eq!(place(Place::BehindUplink), Some(BridgePort(23)));
        assert_eq!(place(Place::Nowhere), None);
    }

    #[test]
    fn the_router_is_at_the_place_of_a_suspect_in_another_network() {
        let mut spec = Spec::default();
        spec.suspect.place = Place::Port(BridgePort(7));
        spec.suspect.routed = true;
        let site = Site::draw(&spec);
        let suspect = site.suspect().unwrap();
        assert_eq!((suspect.mac, suspect.port), (ROUTER_MAC, BridgePort(7)));
        assert_eq!(site.machines[0].port, BridgePort(7));
        assert_eq!(site.suspect_ip.octets()[..2], FAR_NETWORK.octets()[..2]);
        assert_ne!(site.suspect_mac, ROUTER_MAC);
    }

    #[test]
    fn two_machines_can_claim_the_suspects_address_on_different_ports() {
        let mut spec = Spec::default();
        spec.suspect.duplicate_ip = true;
        let site = Site::draw(&spec);
        let claim = site.machines.iter().filter(|m| m.ip == site.suspect_ip);
        let ports: BTreeSet<_> = claim.map(|machine| machine.port).collect();
        assert_eq!(ports.len(), 2);
    }
}
