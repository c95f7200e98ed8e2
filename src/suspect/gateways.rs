//! This machine's default gateways: the kernel's routes, read by netlink (rtnetlink(7), `RTM_GETROUTE`).

use std::io;
use std::net::IpAddr;

use nix::sys::socket::SockProtocol;

use super::neighbours::address;
use crate::netlink::{self, Asking};

// linux/rtnetlink.h
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTMSG: usize = 12;
const RTA_GATEWAY: u16 = 5;
const RTN_UNICAST: u8 = 1;

/// Reads the gateways of all default routes, IPv4 and IPv6.
pub(super) fn read() -> io::Result<Vec<IpAddr>> {
    let mut gateways = Vec::new();
    let request = netlink::dump_request(RTM_GETROUTE, &[0; RTMSG]);
    Asking::open(SockProtocol::NetlinkRoute)?.dump(&request, &mut |kind, body| {
        if kind == RTM_NEWROUTE {
            gateways.extend(gateway(body));
        }
    })?;
    Ok(gateways)
}

/// Reads `rtmsg` and its attributes; `None` for a route that is not the default one, or has no gateway of its own.
fn gateway(body: &[u8]) -> Option<IpAddr> {
    let [family, prefix, _, _, _, _, _, kind, ..] = *body.first_chunk::<RTMSG>()?;
    if prefix != 0 || kind != RTN_UNICAST {
        return None;
    }
    let mut attributes = netlink::attributes(body.get(RTMSG..)?);
    let (_, value) = attributes.find(|(kind, _)| *kind == RTA_GATEWAY)?;
    address(family, value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::netlink::testbed::attribute;

    const RTA_OIF: u16 = 4;

    fn route(family: u8, prefix: u8, kind: u8, gateway: &[u8]) -> Vec<u8> {
        let mut body = vec![family, prefix, 0, 0, 254, 3, 0, kind, 0, 0, 0, 0];
        body.extend(attribute(RTA_OIF, &2_u32.to_ne_bytes()));
        body.extend(attribute(RTA_GATEWAY, gateway));
        body
    }

    #[test]
    fn the_gateway_of_a_default_route_is_read_and_no_other() {
        let v4 = [10, 0, 0, 1];
        let v6: std::net::Ipv6Addr = "fe80::1".parse().unwrap();
        let default = route(2, 0, RTN_UNICAST, &v4);
        assert_eq!(gateway(&default), Some(v4.into()));
        let default_v6 = route(10, 0, RTN_UNICAST, &v6.octets());
        assert_eq!(gateway(&default_v6), Some(v6.into()));
        assert_eq!(gateway(&route(2, 24, RTN_UNICAST, &v4)), None);
        let blackhole = 6;
        assert_eq!(gateway(&route(2, 0, blackhole, &v4)), None);
        assert_eq!(gateway(&route(2, 0, RTN_UNICAST, &v4[..3])), None);
        for length in 0..default.len() {
            assert_eq!(gateway(&default[..length]), None, "{length}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            gateway(&bytes);
        }
    }

    #[test]
    fn the_kernel_answers_a_dump() {
        read().unwrap();
    }
}
