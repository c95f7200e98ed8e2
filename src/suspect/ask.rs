//! Letting the kernel ask for a MAC by ARP or neighbour discovery, which needs no privilege.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use super::links::LocalAddress;
use super::neighbours;
use crate::clock::Clock;
use crate::mac::Mac;

/// The port of the discard service (RFC 863): whoever has it throws the datagram away.
const DISCARD: u16 = 9;

/// Between two looks at the neighbour table; a machine on the link answers within a few milliseconds.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Sends an empty datagram to `ip`, before which the kernel has to ask for the MAC, and waits for what it learns.
///
/// The caller has seen to it that the kernel does not know the MAC yet: else it would not ask. Nothing leaves through a
/// gateway, whatever the routes say.
pub(super) fn ask(
    ip: IpAddr,
    links: &[&LocalAddress],
    patience: Duration,
    clock: &dyn Clock,
) -> io::Result<BTreeSet<Mac>> {
    for link in links {
        knock(ip, link)?;
    }
    let deadline = clock.now() + patience;
    loop {
        let known = neighbours::read()?
            .into_iter()
            .filter(|neighbour| neighbour.ip == ip);
        let macs: BTreeSet<Mac> = known.filter_map(|neighbour| neighbour.mac).collect();
        if !macs.is_empty() || clock.now() >= deadline {
            return Ok(macs);
        }
        clock.sleep_until(clock.now() + LOOK_EVERY);
    }
}

/// Sends an empty datagram from one of our addresses.
fn knock(ip: IpAddr, link: &LocalAddress) -> io::Result<()> {
    let (any, target) = match ip {
        IpAddr::V4(_) => (Ipv4Addr::UNSPECIFIED.into(), SocketAddr::new(ip, DISCARD)),
        IpAddr::V6(v6) => {
            let scope = if v6.is_unicast_link_local() {
                link.index
            } else {
                0
            };
            let target = SocketAddrV6::new(v6, DISCARD, 0, scope);
            (IpAddr::from(Ipv6Addr::UNSPECIFIED), target.into())
        }
    };
    let socket = UdpSocket::bind((any, 0))?;
    // Only to machines on the link: a route to this subnet through a gateway is not followed.
    setsockopt(&socket, sockopt::DontRoute, &true)?;
    socket.send_to(&[], target)?;
    Ok(())
}
