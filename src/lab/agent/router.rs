//! What the router's agent shows: itself, its addresses, and which MAC each address of the network has.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use async_snmp::{Oid, Value};

use super::Mib;
use super::sheet::{Cell, Sheet, int, text};
use crate::lab::site::{NETMASK, ROUTER_IP, ROUTER_MAC, Role, Site};
use crate::lab::world::World;

const SYSTEM: &[u32] = &[1, 3, 6, 1, 2, 1, 1];
const IF_NUMBER: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 1];
const IF_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1];
const IF_X_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1];
const IP_FORWARDING: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 1];
const IP_ADDR_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 20, 1];
const IP_NET_TO_MEDIA_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 22, 1];
const IP_NET_TO_PHYSICAL_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 35, 1];
/// The interface to the lab's network.
const LAN: u32 = 1;
/// Media and neighbour types: dynamic(3), static or local.
const DYNAMIC: u32 = 3;
/// ipNetToPhysicalState reachable(1), or unknown(6).
const REACHABLE: u32 = 1;
/// InetAddressType ipv4(1) and its length.
const IPV4: [u32; 2] = [1, 4];

/// Makes what the router's agent shows.
pub(in crate::lab) fn router_mib(site: &Site, world: &Arc<Mutex<World>>) -> Mib {
    let mut sheet = Sheet::default();
    system(&mut sheet);
    sheet.scalar(IF_NUMBER, int(1));
    let columns = [
        (1, int(LAN)),
        (2, text("LAN")),
        (3, int(6)), // ethernetCsmacd
        (4, int(1500)),
        (5, Value::Gauge32(1_000_000_000)),
        (6, text(ROUTER_MAC.0)), // ifPhysAddress
        (7, int(1)),
        (8, int(1)),
    ];
    sheet.row(IF_ENTRY, &[LAN], columns);
    sheet.row(IF_X_ENTRY, &[LAN], [(1, text("lan0")), (18, text(""))]);
    sheet.scalar(IP_FORWARDING, int(1));
    let address = [
        (1, Value::IpAddress(ROUTER_IP.octets())),
        (2, int(LAN)),
        (3, Value::IpAddress(NETMASK.octets())),
        (4, int(1)),
    ];
    sheet.row(IP_ADDR_ENTRY, &arcs(ROUTER_IP), address);
    neighbours(&mut sheet, site);
    Mib::new(Arc::clone(world), vec![Box::new(sheet)])
}

fn system(sheet: &mut Sheet) {
    let object = |number| [SYSTEM, &[number]].concat();
    sheet.scalar(&object(1), text("Virtual router"));
    let nobody = Value::ObjectIdentifier(Oid::from_slice(&[0, 0]));
    sheet.scalar(&object(2), nobody);
    sheet.put(&object(3), &[0], Cell::RouterUptime);
    sheet.scalar(&object(4), text("halfspan lab"));
    sheet.scalar(&object(5), text("gw"));
    sheet.scalar(&object(6), text("virtual"));
    sheet.scalar(&object(7), int(4)); // internet (RFC 3418, sysServices)
}

/// ipNetToMediaTable and ipNetToPhysicalTable (RFC 4293). The suspect is in them even where it is plugged in nowhere:
/// the router has heard of it. One in a network further away is not: the next router on the way is the neighbour.
fn neighbours(sheet: &mut Sheet, site: &Site) {
    let machines = site.machines.iter();
    // Of two machines with one address, the router knows the suspect.
    let others = machines
        .filter(|machine| !matches!(machine.role, Role::Router | Role::Suspect | Role::Rival));
    let known = others.map(|machine| (machine.ip, machine.mac));
    let suspect = (!site.suspect_is_routed).then_some((site.suspect_ip, site.suspect_mac));
    for (ip, mac) in known.chain(suspect) {
        let media = [
            (1, int(LAN)),
            (2, text(mac.0)),
            (3, Value::IpAddress(ip.octets())),
            (4, int(DYNAMIC)),
        ];
        let index = [&[LAN], &arcs(ip)[..]].concat();
        sheet.row(IP_NET_TO_MEDIA_ENTRY, &index, media);
        let physical = [
            (4, text(mac.0)),
            (5, Value::TimeTicks(0)),
            (6, int(DYNAMIC)),
            (7, int(REACHABLE)),
            (8, int(1)),
        ];
        let index = [&[LAN], &IPV4[..], &arcs(ip)].concat();
        sheet.row(IP_NET_TO_PHYSICAL_ENTRY, &index, physical);
    }
}

fn arcs(ip: Ipv4Addr) -> [u32; 4] {
    ip.octets().map(u32::from)
}
