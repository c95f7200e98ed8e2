//! The kernel's list of sockets, octet by octet: `linux/inet_diag.h`, `linux/sock_diag.h` (sock_diag(7)).

use std::net::{Ipv4Addr, Ipv6Addr};

use super::socket::{Protocol, Socket, State, end};
use crate::netlink;

/// `SOCK_DIAG_BY_FAMILY`: of requests, answers, and news of sockets that ended.
pub(super) const BY_FAMILY: u16 = 20;
/// Groups that tell of sockets that end: TCP and UDP of IPv4, then of IPv6 (`SKNLGRP_INET_TCP_DESTROY` and so on).
pub(super) const DESTROY_GROUPS: u32 = 0b1111;

const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;
const IPPROTO_TCP: u8 = 6;
const IPPROTO_UDP: u8 = 17;
/// `struct inet_diag_req_v2`.
const REQUEST_LEN: usize = 56;
/// `struct inet_diag_msg`.
const MESSAGE_LEN: usize = 72;
/// `INET_DIAG_PROTOCOL`: told in news, where no request says it.
const ATTRIBUTE_PROTOCOL: u16 = 10;

/// Makes the request for all sockets of a family and protocol that may have a process.
pub(super) fn request(protocol: Protocol, is_v6: bool) -> Vec<u8> {
    let protocol = match protocol {
        Protocol::Tcp => IPPROTO_TCP,
        Protocol::Udp => IPPROTO_UDP,
    };
    let without = 1_u32 << State::TIME_WAIT.0 | 1 << State::NEW_SYN_RECV.0;
    let mut body = vec![if is_v6 { AF_INET6 } else { AF_INET }, protocol, 0, 0];
    body.extend((!without).to_ne_bytes());
    body.resize(REQUEST_LEN, 0);
    netlink::dump_request(BY_FAMILY, &body)
}

/// Reads a socket of an answer about `protocol`; `None` if it is cut short or of no IP family.
pub(super) fn socket(protocol: Protocol, body: &[u8]) -> Option<Socket> {
    let body = body.first_chunk::<MESSAGE_LEN>()?;
    let number = |place: usize| -> Option<u32> {
        Some(u32::from_ne_bytes(*body.get(place..)?.first_chunk()?))
    };
    let port = |place: usize| -> Option<u16> {
        Some(u16::from_be_bytes(*body.get(place..)?.first_chunk()?))
    };
    let address = |place: usize, port: u16| {
        let octets = body.get(place..)?;
        match *body.first()? {
            AF_INET => Some(end(Ipv4Addr::from(*octets.first_chunk::<4>()?), port)),
            AF_INET6 => Some(end(Ipv6Addr::from(*octets.first_chunk::<16>()?), port)),
            _ => None,
        }
    };
    Some(Socket {
        protocol,
        state: State(*body.get(1)?),
        local: address(8, port(4)?)?,
        remote: address(24, port(6)?)?,
        cookie: u64::from(number(44)?) | u64::from(number(48)?) << 32,
        uid: number(64)?,
        inode: number(68)?.into(),
    })
}

/// Reads a socket that has ended; the kernel tells neither user nor inode then.
pub(super) fn ended(body: &[u8]) -> Option<Socket> {
    let mut told = netlink::attributes(body.get(MESSAGE_LEN..)?);
    let (_, protocol) = told.find(|(kind, _)| *kind == ATTRIBUTE_PROTOCOL)?;
    let protocol = match *protocol.first()? {
        IPPROTO_TCP => Protocol::Tcp,
        IPPROTO_UDP => Protocol::Udp,
        _ => return None,
    };
    socket(protocol, body)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::netlink::testbed::attribute;

    fn message(family: u8, state: u8, src: &[u8], dst: &[u8]) -> Vec<u8> {
        let mut body = vec![family, state, 0, 0];
        body.extend([0x9c, 0x40, 0x01, 0xbb]); // 40000, 443
        for address in [src, dst] {
            let mut field = address.to_vec();
            field.resize(16, 0);
            body.extend(field);
        }
        body.extend([0; 4]);
        body.extend(7_u32.to_ne_bytes());
        body.extend(1_u32.to_ne_bytes());
        body.extend([0; 12]);
        body.extend(1000_u32.to_ne_bytes());
        body.extend(4711_u32.to_ne_bytes());
        body
    }

    #[test]
    fn sockets_of_both_families_are_read() {
        let v4 = message(AF_INET, 1, &[10, 0, 0, 1], &[203, 0, 113, 9]);
        let read = socket(Protocol::Tcp, &v4).unwrap();
        assert_eq!(read.local, "10.0.0.1:40000".parse().unwrap());
        assert_eq!(read.remote, "203.0.113.9:443".parse().unwrap());
        assert_eq!((read.uid, read.inode), (1000, 4711));
        assert_eq!(read.cookie, 1 << 32 | 7);
        assert_eq!(read.state, State::ESTABLISHED);
        let one = Ipv6Addr::LOCALHOST.octets();
        let v6 = message(AF_INET6, 2, &one, &one);
        let read = socket(Protocol::Udp, &v6).unwrap();
        assert_eq!(read.remote, "[::1]:443".parse().unwrap());
    }

    #[test]
    fn ipv4_that_is_mapped_into_ipv6_is_told_as_ipv4() {
        let mapped = Ipv4Addr::new(203, 0, 113, 9).to_ipv6_mapped().octets();
        let body = message(AF_INET6, 1, &mapped, &mapped);
        let read = socket(Protocol::Tcp, &body).unwrap();
        assert_eq!(read.remote, "203.0.113.9:443".parse().unwrap());
    }

    #[test]
    fn a_socket_that_ended_tells_its_protocol_itself() {
        let mut body = message(AF_INET, 7, &[10, 0, 0, 1], &[203, 0, 113, 9]);
        assert_eq!(ended(&body), None);
        body.extend(attribute(8, &[0]));
        body.extend(attribute(ATTRIBUTE_PROTOCOL, &[IPPROTO_UDP]));
        assert_eq!(ended(&body).unwrap().protocol, Protocol::Udp);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            socket(Protocol::Tcp, &bytes);
            ended(&bytes);
        }
    }
}
