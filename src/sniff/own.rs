//! The addresses of the machine that listens.

use std::collections::BTreeSet;
use std::net::IpAddr;

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;
use nix::sys::socket::SockaddrStorage;

use crate::mac::Mac;

/// The addresses of the machine that listens: frames to them come without any mirror.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The MACs of its interfaces.
    pub macs: BTreeSet<Mac>,
    /// Its IP addresses.
    pub ips: BTreeSet<IpAddr>,
}

impl Own {
    /// Asks the system for the addresses of all interfaces; empty if it does not tell.
    #[must_use]
    pub fn of_this_machine() -> Own {
        let mut own = Own::default();
        for address in getifaddrs().into_iter().flatten() {
            let Some(address) = address.address else {
                continue;
            };
            own.macs.extend(mac_of(&address));
            own.ips.extend(ip_of(&address));
        }
        own
    }
}

/// Returns the MAC of an interface of this machine.
pub(super) fn mac_of_interface(name: &str) -> Option<Mac> {
    getifaddrs()
        .into_iter()
        .flatten()
        .filter(|address| address.interface_name == name)
        .find_map(|address| mac_of(&address.address?))
}

fn mac_of(address: &SockaddrStorage) -> Option<Mac> {
    let mac = Mac(address.as_link_addr()?.addr()?);
    (mac != Mac([0; 6])).then_some(mac)
}

fn ip_of(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|v4| v4.ip().into());
    v4.or_else(|| address.as_sockaddr_in6().map(|v6| v6.ip().into()))
}

/// An interface as the system lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) is_up: bool,
}

/// Lists the interfaces of this machine by name.
pub(super) fn interfaces() -> Vec<Listed> {
    let mut listed: Vec<Listed> = getifaddrs()
        .into_iter()
        .flatten()
        .map(|address| Listed {
            name: address.interface_name,
            is_up: address.flags.contains(InterfaceFlags::IFF_UP),
        })
        .collect();
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    listed.dedup();
    listed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_loopback_address_and_no_empty_mac() {
        let own = Own::of_this_machine();
        assert!(own.ips.contains(&IpAddr::from([127, 0, 0, 1])));
        assert!(!own.macs.contains(&Mac([0; 6])));
        let names: Vec<_> = interfaces().into_iter().map(|listed| listed.name).collect();
        assert!(names.contains(&"lo".to_owned()), "{names:?}");
    }
}
