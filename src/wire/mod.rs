//! Bytes to values and back: frames and packets. No I/O; nothing here panics on what a network sends.
//!
//! Parsers return views that borrow from the input and were checked once. A frame that the capture cut short
//! is read as far as it goes: only the header asked for has to be there. Values that are not known survive.
//! Builders make the few packets that halfspan and its lab send.

pub mod arp;
pub mod dns;
pub mod ethernet;
pub mod ftp;
pub mod http;
pub mod ip;
pub mod link;
pub mod netbios;
pub mod pcap;
pub mod pcapng;
mod pktap;
pub mod tls;
pub mod tzsp;
pub mod udp;

/// Why bytes could not be read as what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// The bytes end too early.
    #[error("{what} is cut short: {need} octets are needed, {have} are there")]
    Truncated {
        /// What was being read.
        what: &'static str,
        /// How many octets it takes at least.
        need: usize,
        /// How many there are.
        have: usize,
    },
    /// A field has a value with which the rest cannot be read.
    #[error("{what} has {field} {value}")]
    Unexpected {
        /// What was being read.
        what: &'static str,
        /// The field, as its specification calls it.
        field: &'static str,
        /// Its value.
        value: u32,
    },
}

/// Splits off the first `N` octets.
fn take<'a, const N: usize>(
    what: &'static str,
    bytes: &'a [u8],
) -> Result<(&'a [u8; N], &'a [u8]), Malformed> {
    bytes.split_first_chunk().ok_or(Malformed::Truncated {
        what,
        need: N,
        have: bytes.len(),
    })
}

/// Returns the first `need` octets.
fn first<'a>(what: &'static str, bytes: &'a [u8], need: usize) -> Result<&'a [u8], Malformed> {
    bytes.get(..need).ok_or(Malformed::Truncated {
        what,
        need,
        have: bytes.len(),
    })
}

/// Returns a host's name as text, if it is one: it will be printed.
fn host_name(octets: &[u8]) -> Option<&str> {
    const LONGEST: usize = 253;
    let plausible = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.*".contains(octet);
    let fits = !octets.is_empty() && octets.len() <= LONGEST && octets.iter().all(plausible);
    fits.then(|| std::str::from_utf8(octets).ok()).flatten()
}

/// The Internet checksum of the parts, as if they stood one after the other (RFC 1071).
///
/// Every part but the last has to have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let words = parts.iter().flat_map(|part| part.chunks(2));
    let sum: u64 = words
        .map(|word| match *word {
            [high, low] => u64::from(u16::from_be_bytes([high, low])),
            [high] => u64::from(high) << 8,
            _ => 0,
        })
        .sum();
    // Adding the carries back in is the same as taking the remainder of 0xffff, except that a sum
    // that is a multiple of it (but not zero) has to stay 0xffff.
    match sum {
        0 => 0xffff,
        sum => !u16::try_from((sum - 1) % 0xffff + 1).unwrap_or(0xffff),
    }
}

/// A length for a 16-bit field; what does not fit becomes the largest value.
fn length_field(length: usize) -> [u8; 2] {
    u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_checksum_agrees_with_the_example_of_the_rfc() {
        let example = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&[&example]), !0xddf2);
        assert_eq!(checksum(&[&example[..4], &example[4..]]), !0xddf2);
        assert_eq!(checksum(&[&[0xff, 0xff]]), 0);
        assert_eq!(checksum(&[&[0, 0], &[]]), 0xffff);
    }

    /// Reads bytes in every way there is; what counts is that it returns.
    fn read_everything(bytes: &[u8]) {
        if let Ok(frame) = ethernet::Frame::parse(bytes) {
            assert!(frame.payload.len() <= bytes.len());
            let _vlans = frame.tags().map(|tag| tag.vlan()).max();
        }
        let _arp = arp::Arp::parse(bytes);
        if let Ok(packet) = ip::Packet::parse(bytes) {
            assert!(packet.payload.len() <= bytes.len());
        }
        let _udp = udp::Datagram::parse(bytes);
        let _tzsp = tzsp::Packet::parse(bytes);
        let _request = netbios::parse_status_request(bytes);
        for number in [0, 1, 9, 51, 101, 108, 113, 276] {
            let _link = link::Link::parse(link::LinkType(number), bytes);
        }
        let _interface = pcapng::Interface::parse(pcap::Order::Big, bytes);
        let _message = dns::parse(bytes);
        let _names = dns::parse_pointers(bytes, 0);
        let _name = tls::server_name(bytes);
        let _host = http::host(bytes);
        let _announced = ftp::announced(bytes);
        if let Ok(status) = netbios::NodeStatus::parse(bytes) {
            let _names = status.names().map(|name| name.text().len()).max();
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            read_everything(&bytes);
        }

        #[test]
        fn packets_with_a_few_wrong_octets_never_panic(
            which in 0..6usize,
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
            cut in any::<proptest::sample::Index>(),
        ) {
            let mut bytes = valid_packet(which);
            for (place, value) in changes {
                let place = place.index(bytes.len());
                bytes[place] = value;
            }
            let end = cut.index(bytes.len() + 1);
            for bytes in [&bytes[..], &bytes[..end]] {
                read_everything(bytes);
            }
        }

        #[test]
        fn an_ipv6_chain_of_arbitrary_extensions_never_panics(
            next in prop::sample::select(vec![0u8, 43, 44, 51, 60]),
            rest in proptest::collection::vec(
                prop::sample::select(vec![0u8, 1, 17, 43, 44, 51, 60, 255]), 0..200),
        ) {
            let mut bytes = vec![0x60, 0, 0, 0, 0xff, 0xff, next, 64];
            bytes.extend([0; 32]);
            bytes.extend(rest);
            read_everything(&bytes);
        }
    }

    fn valid_packet(which: usize) -> Vec<u8> {
        let mac = crate::mac::Mac([2, 0, 0, 0, 0, 1]);
        let a = std::net::SocketAddrV4::new([10, 77, 0, 57].into(), 137);
        let datagram = udp::build_v4(a, a, b"hello");
        let packet = ip::build_v4(*a.ip(), *a.ip(), ip::Protocol::UDP, &datagram);
        let tag = ethernet::Tag {
            tpid: 0x88a8,
            tci: 7,
        };
        match which {
            0 => arp::Arp::request(mac, *a.ip(), *a.ip()).build().to_vec(),
            1 => packet,
            2 => ethernet::build(mac, mac, &[tag, tag], ethernet::EtherType::IPV4, &packet),
            3 => tzsp::build(&packet),
            4 => netbios::build_status_request(7).to_vec(),
            _ => netbios::build_status_response(7, &[netbios::Name::new("PC", 0, false)], mac),
        }
    }
}
