//! Addresses as they stand in the index of a table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::octets;

const IPV4: u32 = 1;
const IPV6: u32 = 2;
const IPV4_WITH_ZONE: u32 = 3;
const IPV6_WITH_ZONE: u32 = 4;

/// Writes `InetAddressType` and `InetAddress` (RFC 4001): type, length, octets.
pub(super) fn index_of(ip: IpAddr) -> Vec<u32> {
    let (kind, octets) = match ip {
        IpAddr::V4(ip) => (IPV4, ip.octets().to_vec()),
        IpAddr::V6(ip) => (IPV6, ip.octets().to_vec()),
    };
    let length = u32::try_from(octets.len()).expect("an address has 4 or 16 octets");
    let octets = octets.into_iter().map(u32::from);
    [kind, length].into_iter().chain(octets).collect()
}

/// Reads `InetAddressType` and `InetAddress`; returns the address without its zone, and what follows.
pub(super) fn split(index: &[u32]) -> Option<(IpAddr, &[u32])> {
    let (&[kind, length], rest) = index.split_first_chunk()?;
    let (address, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    let ip = match kind {
        IPV4 => v4(address)?,
        IPV4_WITH_ZONE => v4(address.get(..4)?)?,
        IPV6 => v6(address)?,
        IPV6_WITH_ZONE => v6(address.get(..16)?)?,
        _ => return None,
    };
    Some((ip, rest))
}

/// Reads four arcs.
pub(super) fn v4(arcs: &[u32]) -> Option<IpAddr> {
    octets::<4>(arcs).map(|octets| Ipv4Addr::from(octets).into())
}

fn v6(arcs: &[u32]) -> Option<IpAddr> {
    octets::<16>(arcs).map(|octets| Ipv6Addr::from(octets).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_was_written() {
        for text in ["10.0.0.57", "2001:db8::57"] {
            let ip: IpAddr = text.parse().unwrap();
            let mut index = index_of(ip);
            index.push(64);
            assert_eq!(split(&index), Some((ip, [64].as_slice())));
        }
    }

    #[test]
    fn a_zone_is_no_part_of_the_address() {
        let index = [3, 8, 10, 0, 0, 57, 0, 0, 0, 2];
        assert_eq!(
            split(&index),
            Some(("10.0.0.57".parse().unwrap(), [].as_slice()))
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for index in [
            [].as_slice(),
            &[1],
            &[1, 4, 10, 0, 0],
            &[1, 4, 10, 0, 0, 256],
            &[1, 5, 10, 0, 0, 1, 1],
            &[3, 2, 10, 0],
            &[9, 4, 10, 0, 0, 1],
            &[1, u32::MAX, 10],
        ] {
            assert_eq!(split(index), None, "{index:?}");
        }
    }
}
