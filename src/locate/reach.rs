//! Whether the switch can still be reached once the laptop's port is a mirror destination.

use std::collections::BTreeSet;
use std::net::{SocketAddr, UdpSocket};

use nix::ifaddrs::getifaddrs;

use crate::linux::links::{self, Links, MadeOf};

/// How this machine reaches the switch, compared with where it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagementPath {
    /// Requests leave by another interface than the one that listens: the mirror cannot cut them off.
    Apart,
    /// Requests leave by the very port that becomes the mirror's destination.
    ThroughDestination,
    /// The system would not say, or not all of it.
    Unknown,
}

/// Finds out by which interface requests to `switch` leave. Sends nothing: connecting a UDP socket only
/// makes the kernel choose a route.
#[must_use]
pub fn management_path(switch: SocketAddr, sniff_interface: &str) -> ManagementPath {
    let Some(local) = local_address_towards(switch) else {
        return ManagementPath::Unknown;
    };
    let Ok(addresses) = getifaddrs() else {
        return ManagementPath::Unknown;
    };
    let holders = addresses
        .filter(|entry| {
            entry.address.is_some_and(|address| {
                let v4 = address
                    .as_sockaddr_in()
                    .map(|a| SocketAddr::from((a.ip(), 0)).ip());
                let v6 = address
                    .as_sockaddr_in6()
                    .map(|a| SocketAddr::from((a.ip(), 0)).ip());
                v4.or(v6) == Some(local.ip())
            })
        })
        .map(|entry| entry.interface_name);
    let links = links::read();
    let paths: Vec<ManagementPath> = holders
        .map(|name| compare(&name, sniff_interface, &links))
        .collect();
    let worst = [ManagementPath::ThroughDestination, ManagementPath::Unknown];
    let worst = worst.into_iter().find(|path| paths.contains(path));
    match worst {
        Some(path) => path,
        None if paths.is_empty() => ManagementPath::Unknown,
        None => ManagementPath::Apart,
    }
}

/// Tells whether two interfaces share a cable: the same one, or because one lies on the other or both on a third.
fn compare(management: &str, sniff: &str, links: &Links) -> ManagementPath {
    // A second address of an interface may have a label: `eth0:1`.
    let management = management
        .split_once(':')
        .map_or(management, |(name, _)| name);
    let (ours, heard) = (Ends::of(management, links), Ends::of(sniff, links));
    if management == sniff || !ours.cables.is_disjoint(&heard.cables) {
        return ManagementPath::ThroughDestination;
    }
    // What leads out of a veth or a port of Open vSwitch is a member somewhere, and is not shown below it.
    let joined =
        (ours.has_software && heard.has_members) || (heard.has_software && ours.has_members);
    if ours.is_complete && heard.is_complete && !joined {
        ManagementPath::Apart
    } else {
        ManagementPath::Unknown
    }
}

/// What an interface sends through in the end.
struct Ends<'a> {
    cables: BTreeSet<&'a str>,
    /// Whether there can be no other.
    is_complete: bool,
    has_software: bool,
    /// Whether anything on the way is a member of something.
    has_members: bool,
}

impl<'a> Ends<'a> {
    fn of(name: &'a str, links: &'a Links) -> Ends<'a> {
        let mut ends = Ends {
            cables: BTreeSet::new(),
            is_complete: true,
            has_software: false,
            has_members: false,
        };
        let mut looked_at = BTreeSet::new();
        let mut names = vec![name];
        while let Some(name) = names.pop() {
            if !looked_at.insert(name) {
                continue;
            }
            let Some(link) = links.get(name) else {
                ends.is_complete = false;
                continue;
            };
            ends.has_members |= link.is_member;
            names.extend(link.below.iter().map(String::as_str));
            if link.below.is_empty() {
                ends.cables.insert(name);
                ends.has_software |= link.made_of == MadeOf::Software;
                ends.is_complete &= link.made_of != MadeOf::Tunnel;
            }
        }
        ends.is_complete &= !ends.cables.is_empty();
        ends
    }
}

fn local_address_towards(switch: SocketAddr) -> Option<SocketAddr> {
    let any: SocketAddr = if switch.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(any).ok()?;
    socket.connect(switch).ok()?;
    socket.local_addr().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linux::links::Link;

    /// Two cards, and what can be built on them: each with what is below it, whether it is a member, what it is made of.
    const MACHINE: &[(&str, &[&str], bool, MadeOf)] = &[
        ("eth0", &[], true, MadeOf::Hardware),
        ("eth1", &[], false, MadeOf::Hardware),
        ("wlan0", &[], false, MadeOf::Hardware),
        ("br0", &["eth0", "vnet0"], false, MadeOf::Software),
        ("vnet0", &[], true, MadeOf::Software),
        ("bond0", &["eth0", "eth1"], false, MadeOf::Software),
        ("office", &["br0"], false, MadeOf::Software),
        ("guests", &["eth1"], false, MadeOf::Software),
        ("inside", &[], false, MadeOf::Software),
        ("wg0", &[], false, MadeOf::Tunnel),
        ("half", &["gone"], false, MadeOf::Software),
        ("loop1", &["loop2"], false, MadeOf::Software),
        ("loop2", &["loop1"], false, MadeOf::Software),
    ];

    fn between(management: &str, sniff: &str) -> ManagementPath {
        let link = |&(name, below, is_member, made_of): &(&str, &[&str], bool, MadeOf)| {
            let below = below.iter().map(|&name| name.to_owned()).collect();
            let link = Link {
                below,
                is_member,
                made_of,
            };
            (name.to_owned(), link)
        };
        compare(management, sniff, &MACHINE.iter().map(link).collect())
    }

    #[test]
    fn a_switch_on_loopback_is_reached_by_loopback() {
        let switch = ([127, 77, 0, 2], 161).into();
        assert_eq!(
            management_path(switch, "lo"),
            ManagementPath::ThroughDestination
        );
    }

    #[test]
    fn bridges_bonds_vlans_and_labels_share_the_cable_that_they_lie_on() {
        for management in ["eth0", "eth0:1", "br0", "bond0", "office"] {
            let path = between(management, "eth0");
            assert_eq!(path, ManagementPath::ThroughDestination, "{management}");
        }
        assert_eq!(
            between("eth0", "br0"),
            ManagementPath::ThroughDestination,
            "heard on the bridge, managed by its member"
        );
    }

    #[test]
    fn another_card_is_another_way_whatever_lies_on_it() {
        for management in ["eth1", "wlan0", "guests"] {
            assert_eq!(between(management, "eth0"), ManagementPath::Apart);
        }
        assert_eq!(between("inside", "eth1"), ManagementPath::Apart);
    }

    #[test]
    fn a_way_that_is_not_shown_to_its_end_is_unknown() {
        for (management, sniff) in [
            ("wg0", "eth1"),
            ("half", "eth1"),
            ("nosuch0", "eth1"),
            ("eth1", "any"),
            // The other end of it may be in a bridge with the card that listens.
            ("inside", "eth0"),
        ] {
            let path = between(management, sniff);
            assert_eq!(path, ManagementPath::Unknown, "{management}");
        }
    }

    #[test]
    fn interfaces_that_seem_to_lie_on_each_other_end_the_search() {
        assert_eq!(between("loop1", "eth1"), ManagementPath::Unknown);
    }
}
