//! The kernel's neighbour table: ARP and neighbour discovery, read by netlink (rtnetlink(7), `RTM_GETNEIGH`).
//!
//! `/proc/net/arp` has no IPv6. Numbers in netlink messages are in the machine's own byte order.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, sendto,
    setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;

use crate::mac::Mac;

// linux/netlink.h
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const HEADER: usize = 16;

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

/// What one datagram from the kernel held.
#[derive(Debug, Default, PartialEq, Eq)]
struct Part {
    neighbours: Vec<Neighbour>,
    /// The dump is complete.
    done: bool,
    /// The kernel refused, with this errno.
    error: Option<i32>,
}

/// Reads the whole table, IPv4 and IPv6.
pub(super) fn read() -> io::Result<Vec<Neighbour>> {
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )?;
    let kernel = NetlinkAddr::new(0, 0);
    bind(socket.as_raw_fd(), &kernel)?;
    // The kernel answers at once; without a limit a kernel that does not would hold up the run.
    setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::new(2, 0))?;
    sendto(socket.as_raw_fd(), &request(), &kernel, MsgFlags::empty())?;

    let mut neighbours = Vec::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty())?;
        let part = parse(buffer.get(..length).unwrap_or_default());
        neighbours.extend(part.neighbours);
        if let Some(errno) = part.error {
            return Err(io::Error::from_raw_os_error(errno));
        }
        if part.done {
            return Ok(neighbours);
        }
    }
}

/// The request for all neighbours of all families: `nlmsghdr` and an empty `ndmsg`.
fn request() -> Vec<u8> {
    let length = u32::try_from(HEADER + NDMSG).expect("28 fits");
    let mut bytes = Vec::from(length.to_ne_bytes());
    bytes.extend(RTM_GETNEIGH.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes.resize(HEADER + NDMSG, 0);
    bytes
}

/// Reads a datagram from the kernel. What is cut short or of another kind is left out.
fn parse(mut datagram: &[u8]) -> Part {
    let mut part = Part::default();
    while let Some((kind, body, rest)) = message(datagram) {
        match kind {
            RTM_NEWNEIGH => part.neighbours.extend(neighbour(body)),
            NLMSG_DONE => part.done = true,
            NLMSG_ERROR => {
                let errno = body
                    .first_chunk()
                    .map_or(0, |code| i32::from_ne_bytes(*code));
                part.error = Some(errno.saturating_neg());
            }
            _ => {}
        }
        datagram = rest;
    }
    part
}

/// Splits off a message: its kind, what follows its header, and the rest of the datagram.
fn message(datagram: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (length, rest) = datagram.split_first_chunk()?;
    let kind = rest.first_chunk()?;
    let length = usize::try_from(u32::from_ne_bytes(*length)).ok()?;
    let body = datagram.get(HEADER..length)?;
    let rest = datagram.get(aligned(length)..).unwrap_or_default();
    Some((u16::from_ne_bytes(*kind), body, rest))
}

/// Reads `ndmsg` and its attributes; `None` for families other than IP.
fn neighbour(body: &[u8]) -> Option<Neighbour> {
    let family = *body.first()?;
    let state = u16::from_ne_bytes(*body.get(8..)?.first_chunk()?);
    let mut attributes = body.get(NDMSG..)?;
    let (mut ip, mut mac) = (None, None);
    while let Some((kind, value, rest)) = attribute(attributes) {
        match kind {
            NDA_DST => ip = address(family, value),
            NDA_LLADDR => mac = value.try_into().ok().map(Mac),
            _ => {}
        }
        attributes = rest;
    }
    let valid = NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT;
    Some(Neighbour {
        ip: ip?,
        mac: mac.filter(|mac| state & valid != 0 && *mac != Mac([0; 6]) && !mac.is_group()),
    })
}

/// Splits off an attribute: its kind, its value, and the rest.
fn attribute(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let kind = rest.first_chunk()?;
    let length = usize::from(u16::from_ne_bytes(*length));
    let value = bytes.get(4..length)?;
    let rest = bytes.get(aligned(length)..).unwrap_or_default();
    Some((u16::from_ne_bytes(*kind), value, rest))
}

fn address(family: u8, value: &[u8]) -> Option<IpAddr> {
    match family {
        AF_INET => Some(Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?).into()),
        AF_INET6 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).into()),
        _ => None,
    }
}

/// Rounds up to the 4 octets at which netlink begins messages and attributes.
fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn attribute_bytes(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(4 + value.len()).unwrap();
        let mut bytes = Vec::from(length.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn message_bytes(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut bytes = Vec::from(length.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend(body);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    fn neighbour_bytes(family: u8, state: u16, ip: &[u8], mac: &[u8]) -> Vec<u8> {
        let mut body = vec![family, 0, 0, 0, 2, 0, 0, 0];
        body.extend(state.to_ne_bytes());
        body.extend([0, 1]);
        body.extend(attribute_bytes(NDA_DST, ip));
        body.extend(attribute_bytes(NDA_LLADDR, mac));
        message_bytes(RTM_NEWNEIGH, &body)
    }

    const MAC: [u8; 6] = [4, 0xd4, 0xc4, 0x12, 0x34, 0x56];

    fn v4(state: u16, mac: &[u8]) -> Vec<u8> {
        neighbour_bytes(AF_INET, state, &[10, 0, 0, 57], mac)
    }

    #[test]
    fn both_families_are_read_until_the_kernel_is_done() {
        let v6: Ipv6Addr = "2001:db8::57".parse().unwrap();
        let datagram = [
            v4(NUD_REACHABLE, &MAC),
            message_bytes(99, &[1, 2, 3]),
            neighbour_bytes(AF_INET6, NUD_STALE, &v6.octets(), &MAC),
            message_bytes(NLMSG_DONE, &[0; 4]),
        ]
        .concat();
        let part = parse(&datagram);
        let mac = Some(Mac(MAC));
        let expected = ["10.0.0.57".parse().unwrap(), v6.into()].map(|ip| Neighbour { ip, mac });
        assert_eq!(part.neighbours, expected);
        assert!(part.done && part.error.is_none());
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
            let neighbours = parse(&v4(state, mac)).neighbours;
            let macs: Vec<Option<Mac>> = neighbours.iter().map(|neighbour| neighbour.mac).collect();
            assert_eq!(macs, [None], "{state:#x} {mac:?}");
        }
    }

    #[test]
    fn a_refusal_of_the_kernel_is_an_error() {
        const EPERM: i32 = 1;
        let part = parse(&message_bytes(NLMSG_ERROR, &(-EPERM).to_ne_bytes()));
        assert_eq!(part.error, Some(EPERM));
    }

    #[test]
    fn other_families_and_cut_messages_are_left_out() {
        assert_eq!(
            parse(&neighbour_bytes(7, NUD_REACHABLE, &[10, 0, 0, 57], &MAC)),
            Part::default()
        );
        let whole = v4(NUD_REACHABLE, &MAC);
        for length in 0..whole.len() - 1 {
            assert!(parse(&whole[..length]).neighbours.is_empty(), "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            parse(&bytes);
        }
    }

    #[test]
    fn the_kernel_answers_a_dump() {
        read().unwrap();
    }
}
