//! Whether the switch can still be reached once the laptop's port is a mirror destination.

use std::net::{SocketAddr, UdpSocket};

use nix::ifaddrs::getifaddrs;

/// How this machine reaches the switch, compared with where it listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagementPath {
    /// Requests leave by another interface than the one that listens: the mirror cannot cut them off.
    Apart,
    /// Requests leave by the very port that becomes the mirror's destination.
    ThroughDestination,
    /// The system would not say.
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
    let mut holders = addresses
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
        .map(|entry| entry.interface_name)
        .peekable();
    if holders.peek().is_none() {
        return ManagementPath::Unknown;
    }
    if holders.any(|name| same_cable(&name, sniff_interface)) {
        ManagementPath::ThroughDestination
    } else {
        ManagementPath::Apart
    }
}

/// Tells whether two interfaces share a cable: the same one, or a VLAN on top of it (`eth0.20`).
fn same_cable(a: &str, b: &str) -> bool {
    let base = |name: &str| {
        name.split_once('.')
            .map_or_else(|| name.to_owned(), |(base, _)| base.to_owned())
    };
    base(a) == base(b)
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

    #[test]
    fn a_switch_on_loopback_is_reached_by_loopback_and_by_nothing_else() {
        let switch = ([127, 77, 0, 2], 161).into();
        assert_eq!(
            management_path(switch, "lo"),
            ManagementPath::ThroughDestination
        );
        assert_eq!(management_path(switch, "eth7"), ManagementPath::Apart);
    }

    #[test]
    fn a_vlan_on_the_listening_interface_shares_its_cable() {
        assert!(same_cable("eth0.20", "eth0"));
        assert!(!same_cable("eth1", "eth0"));
    }
}
