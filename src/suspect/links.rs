//! The addresses of this machine, and which others are on the same link.

use std::io;
use std::net::{IpAddr, Ipv6Addr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::SockaddrStorage;

use super::SuspectError;
use crate::tables::router::in_prefix;

/// An address of this machine and the subnet around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LocalAddress {
    /// The interface's name.
    pub(super) interface: String,
    /// The interface's number, which link-local IPv6 addresses need.
    pub(super) index: u32,
    /// The address.
    pub(super) ip: IpAddr,
    /// The length of the subnet's prefix in bits.
    pub(super) prefix: u8,
    /// Whether neighbours are found by ARP or neighbour discovery here: not on loopback, point-to-point links and
    /// interfaces that are down.
    pub(super) asks: bool,
}

/// Reads this machine's addresses.
pub(super) fn read() -> io::Result<Vec<LocalAddress>> {
    let addresses = getifaddrs()?.filter_map(|entry| {
        let ip = ip_of(&entry.address?)?;
        let mask = ip_of(&entry.netmask?)?;
        let index = if_nametoindex(entry.interface_name.as_str()).ok()?;
        let mute = InterfaceFlags::IFF_LOOPBACK
            | InterfaceFlags::IFF_POINTOPOINT
            | InterfaceFlags::IFF_NOARP;
        Some(LocalAddress {
            interface: entry.interface_name,
            index,
            ip,
            prefix: prefix_of(mask),
            asks: entry.flags.contains(InterfaceFlags::IFF_UP) && !entry.flags.intersects(mute),
        })
    });
    Ok(addresses.collect())
}

/// Sees to it that another machine can have the address.
/// A loopback address that is not bound to an interface may belong to a virtual machine or a lab on this host.
pub(super) fn check(ip: IpAddr, addresses: &[LocalAddress]) -> Result<(), SuspectError> {
    let broadcast = match ip {
        IpAddr::V4(v4) => v4.is_broadcast() || addresses.iter().any(|own| own.is_edge(ip)),
        IpAddr::V6(_) => false,
    };
    // All of 127.0.0.0/8 is loopback, but of ::/127 only one address is.
    let only_this_machine = ip == IpAddr::V6(Ipv6Addr::LOCALHOST);
    if ip.is_unspecified() || ip.is_multicast() || broadcast || only_this_machine {
        return Err(SuspectError::NotAMachine { ip });
    }
    match addresses.iter().find(|own| own.ip == ip) {
        Some(own) => Err(SuspectError::ThisMachine {
            ip,
            interface: own.interface.clone(),
        }),
        None => Ok(()),
    }
}

/// Returns the addresses by which `ip` is reached without a gateway.
pub(super) fn towards(ip: IpAddr, addresses: &[LocalAddress]) -> Vec<&LocalAddress> {
    let near = addresses.iter().filter(|own| {
        // A /32 or /128 has no neighbours: whatever it reaches goes through a gateway.
        own.asks && own.prefix < own.bits() && in_prefix(own.ip, own.prefix, ip)
    });
    near.collect()
}

impl LocalAddress {
    fn bits(&self) -> u8 {
        if self.ip.is_ipv4() { 32 } else { 128 }
    }

    /// Tells whether `ip` is the first or last address of this IPv4 subnet: the network's, or the broadcast address.
    /// A /31 has neither (RFC 3021).
    fn is_edge(&self, ip: IpAddr) -> bool {
        let (IpAddr::V4(own), IpAddr::V4(ip)) = (self.ip, ip) else {
            return false;
        };
        let host_bits = u32::MAX.checked_shr(self.prefix.into()).unwrap_or(0);
        let host = ip.to_bits() & host_bits;
        self.prefix < 31
            && in_prefix(own.into(), self.prefix, ip.into())
            && (host == 0 || host == host_bits)
    }
}

fn ip_of(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| address.ip().into());
    v4.or_else(|| address.as_sockaddr_in6().map(|address| address.ip().into()))
}

fn prefix_of(mask: IpAddr) -> u8 {
    let ones = match mask {
        IpAddr::V4(mask) => mask.to_bits().leading_ones(),
        IpAddr::V6(mask) => mask.to_bits().leading_ones(),
    };
    u8::try_from(ones).expect("a mask has at most 128 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(interface: &str, ip: &str, prefix: u8, asks: bool) -> LocalAddress {
        LocalAddress {
            interface: interface.to_owned(),
            index: 1,
            ip: ip.parse().unwrap(),
            prefix,
            asks,
        }
    }

    fn machine() -> Vec<LocalAddress> {
        vec![
            own("lo", "127.0.0.1", 8, false),
            own("eth0", "10.0.0.5", 24, true),
            own("eth0", "fe80::5", 64, true),
            own("tun0", "10.8.0.2", 24, false),
            own("eth1", "192.0.2.1", 32, true),
            own("eth2", "198.51.100.0", 31, true),
        ]
    }

    #[test]
    fn only_neighbours_on_a_link_that_asks_are_asked_for() {
        let machine = machine();
        for (ip, interfaces) in [
            ("10.0.0.57", vec!["eth0"]),
            ("fe80::57", vec!["eth0"]),
            ("10.0.1.57", vec![]),
            ("127.0.0.9", vec![]),
            ("10.8.0.9", vec![]),
            ("192.0.2.1", vec![]),
            ("198.51.100.1", vec!["eth2"]),
            ("2001:db8::57", vec![]),
        ] {
            let links = towards(ip.parse().unwrap(), &machine);
            let names: Vec<&str> = links.iter().map(|own| own.interface.as_str()).collect();
            assert_eq!(names, interfaces, "{ip}");
        }
    }

    #[test]
    fn addresses_that_no_other_machine_has_are_refused() {
        let machine = machine();
        for ip in [
            "0.0.0.0",
            "::",
            "224.0.0.1",
            "ff02::1",
            "::1",
            "255.255.255.255",
            "10.0.0.255",
            "10.0.0.0",
        ] {
            let refusal = check(ip.parse().unwrap(), &machine);
            assert!(
                matches!(refusal, Err(SuspectError::NotAMachine { .. })),
                "{ip}"
            );
        }
        let refusal = check("10.0.0.5".parse().unwrap(), &machine);
        assert!(matches!(refusal, Err(SuspectError::ThisMachine { .. })));
        for ip in ["10.0.0.57", "10.0.1.255", "198.51.100.1", "2001:db8::57"] {
            assert!(check(ip.parse().unwrap(), &machine).is_ok(), "{ip}");
        }
    }

    #[test]
    fn this_machine_has_a_loopback_address_that_nobody_is_asked_through() {
        let addresses = read().unwrap();
        let loopback = addresses.iter().find(|own| own.ip.is_loopback()).unwrap();
        assert!(!loopback.asks);
    }
}
