//! The kernel's neighbour table: ARP and neighbour discovery, read by netlink (rtnetlink(7), `RTM_GETNEIGH`).
//!
//! `/proc/net/arp` has no IPv6.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use nix::sys::socket::SockProtocol;

use crate::mac::Mac;
use crate::netlink::{self, Asking};

// linux/rtnetlink.h, linux/neighbour.h
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const NDMSG: usize = 12;
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;
const NUD_REACHABLE: u16 = 0x02;
const NUD_STALE: u16 = 0x04;
const NUD_DELAY: u16 = 0x08;
const NUD_PROBE: u16 = 0x10;
const NUD_PERMANENT: u16 = 0x80;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// A row of the neighbour table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Neighbour {
    /// The neighbour's address.
    pub(super) ip: IpAddr,
    /// Its MAC; `None` while it is asked for, or after it did not answer.
    pub(super) mac: Option<Mac>,
}

/// Reads the whole table, IPv4 and IPv6.
pub(super) fn read() -> io::Result<Vec<Neighbour>> {
    let mut neighbours = Vec::new();
    let request = netlink::dump_request(RTM_GETNEIGH, &[0; NDMSG]);
    Asking::open(SockProtocol::NetlinkRoute)?.dump(&request, &mut |kind, body| {
        if kind == RTM_NEWNEIGH {
            neighbours.extend(neighbour(body));
        }
    })?;
    Ok(neighbours)
}

/// Reads `ndmsg` and its attributes; `None` for families other than IP.
fn neighbour(body: &[u8]) -> Option<Neighbour> {
    let family = *body.first()?;
    let state = u16::from_ne_bytes(*body.get(8..)?.first_chunk()?);
    let (mut ip, mut mac) = (None, None);
    for (kind, value) in netlink::attributes(body.get(NDMSG..)?) {
        match kind {
            NDA_DST => ip = address(family, value),
            NDA_LLADDR => mac = value.try_into().ok().map(Mac),
            _ => {}
        }
    }
    let valid = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
    Some(Neighbour {
        ip: ip?,
        mac: mac.filter(|mac| state & valid != 0 && *mac != Mac([0; 6]) && !mac.is_group()),
    })
}

/// Reads an address of either family.
pub(super) fn address(family: u8, value: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => Some(Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?).into()),
        AF_INET6 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).into()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::netlink::testbed::attribute;

    fn row(family: u8, state: u16, ip: &[u8], mac: &[u8]) -> Vec<u8> {
        let mut body = vec![family, 0, 0, 0, 2, 0, 0, 0];
        body.extend(state.to_ne_bytes());
        body.extend([0, 1]);
        body.extend(attribute(NDA_DST, ip));
        body.extend(attribute(NDA_LLADDR, mac));
        body
    }

    const MAC: [u8; 6] = [4, 0xd4, 0xc4, 0x12, 0x34, 0x56];

    fn v4(state: u16, mac: &[u8]) -> Vec<u8> {
        row(AF_INET, state, &[10, 0, 0, 57], mac)
    }

    #[test]
    fn both_families_are_read() {
        let mac = Some(Mac(MAC));
        let v6: Ipv6Addr = "2001:db8::57".parse().unwrap();
        let ip = "10.0.0.57".parse().unwrap();
        assert_eq!(
            neighbour(&v4(NUD_REACHABLE, &MAC)),
            Some(Neighbour { ip, mac })
        );
        let ip = v6.into();
        let body = row(AF_INET6, NUD_STALE, &v6.octets(), &MAC);
        assert_eq!(neighbour(&body), Some(Neighbour { ip, mac }));
    }

    #[test]
    fn a_neighbour_that_did_not_answer_has_no_mac() {
        const NUD_INCOMPLETE: u16 = 0x01;
        const NUD_FAILED: u16 = 0x20;
        for (state, mac) in [
            (NUD_INCOMPLETE, MAC.as_slice()),
            (NUD_FAILED, &MAC),
            (NUD_REACHABLE, &[0; 6]),
            (NUD_REACHABLE, &[0xff; 6]),
            (NUD_REACHABLE, &[1, 2, 3]),
        ] {
            let found = neighbour(&v4(state, mac)).unwrap();
            assert_eq!(found.mac, None, "{state:#x} {mac:?}");
        }
    }

    #[test]
    fn other_families_and_cut_rows_are_left_out() {
        assert_eq!(
            neighbour(&row(7, NUD_REACHABLE, &[10, 0, 0, 57], &MAC)),
            None
        );
        let whole = v4(NUD_REACHABLE, &MAC);
        for length in 0..NDMSG + 8 {
            assert_eq!(neighbour(&whole[..length]), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            neighbour(&bytes);
        }
    }

    #[test]
    fn the_kernel_answers_a_dump() {
        read().unwrap();
    }
}
