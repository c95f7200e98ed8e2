//! IPv4 (RFC 791) and IPv6 (RFC 8200): who sends what to whom.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Malformed, checksum, first, length_field, take};

/// The protocol above IP, by its number at the IANA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Protocol(pub u8);

impl Protocol {
    /// ICMP (RFC 792).
    pub const ICMP: Protocol = Protocol(1);
    /// TCP (RFC 9293).
    pub const TCP: Protocol = Protocol(6);
    /// UDP (RFC 768).
    pub const UDP: Protocol = Protocol(17);
    /// ICMP for IPv6 (RFC 4443).
    pub const ICMP_V6: Protocol = Protocol(58);
    /// SCTP (RFC 9260).
    pub const SCTP: Protocol = Protocol(132);

    const HOP_BY_HOP: Protocol = Protocol(0);
    const ROUTING: Protocol = Protocol(43);
    const FRAGMENT: Protocol = Protocol(44);
    const AUTHENTICATION: Protocol = Protocol(51);
    const DESTINATION_OPTIONS: Protocol = Protocol(60);
}

/// A packet of either version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// The sender.
    pub source: IpAddr,
    /// The receiver.
    pub destination: IpAddr,
    /// The protocol of the payload. Where an IPv6 packet ends within its extension headers, the number
    /// of the header that is not complete.
    pub protocol: Protocol,
    /// Tells that this is a fragment other than the first: the payload does not begin with the
    /// protocol's header, so there are no ports to be read.
    pub is_later_fragment: bool,
    /// The identification; IPv6 has none outside fragments.
    pub identification: Option<u16>,
    /// How many octets the payload has by the header's own word, whatever the capture kept of them.
    pub payload_len: usize,
    /// What follows the IP header, without the frame's padding; as much as the capture kept.
    pub payload: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads a packet by the version in its first octet.
    ///
    /// # Errors
    /// [`Malformed`], if the fixed header (IPv4: with its options) is not complete or of another version.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Packet<'a>, Malformed> {
        let ([version, ..], _) = take::<1>("IP header", bytes)?;
        match version >> 4 {
            4 => parse_v4(bytes),
            6 => parse_v6(bytes),
            other => Err(Malformed::Unexpected {
                what: "IP header",
                field: "version",
                value: other.into(),
            }),
        }
    }
}

const V4_HEADER: &str = "IPv4 header";
const V4_HEADER_LEN: usize = 20;

#[inline]
fn parse_v4(bytes: &[u8]) -> Result<Packet<'_>, Malformed> {
    let (header, _) = take::<V4_HEADER_LEN>(V4_HEADER, bytes)?;
    #[rustfmt::skip]
    let [version_ihl, _, length_1, length_2, id_1, id_2, fragment_1, fragment_2, _, protocol, _, _,
         s1, s2, s3, s4, d1, d2, d3, d4] = *header;
    let header_len = usize::from(version_ihl & 0x0f) * 4;
    if header_len < V4_HEADER_LEN {
        return Err(Malformed::Unexpected {
            what: V4_HEADER,
            field: "IHL",
            value: (version_ihl & 0x0f).into(),
        });
    }
    first(V4_HEADER, bytes, header_len)?;
    let total = usize::from(u16::from_be_bytes([length_1, length_2]));
    // Segmentation offload leaves a zero; the packet is then as long as the frame.
    let end = if total == 0 { bytes.len() } else { total };
    let fragment_offset = u16::from_be_bytes([fragment_1, fragment_2]) & 0x1fff;
    Ok(Packet {
        source: Ipv4Addr::new(s1, s2, s3, s4).into(),
        destination: Ipv4Addr::new(d1, d2, d3, d4).into(),
        protocol: Protocol(protocol),
        is_later_fragment: fragment_offset != 0,
        identification: Some(u16::from_be_bytes([id_1, id_2])),
        payload_len: end.saturating_sub(header_len),
        payload: between(bytes, header_len, end),
    })
}

const V6_HEADER: &str = "IPv6 header";
const V6_HEADER_LEN: usize = 40;

fn parse_v6(bytes: &[u8]) -> Result<Packet<'_>, Malformed> {
    let ([_, _, _, _, length_1, length_2, next, _], rest) = take::<8>(V6_HEADER, bytes)?;
    let (source, rest) = take::<16>(V6_HEADER, rest)?;
    let (destination, _) = take::<16>(V6_HEADER, rest)?;
    let length = usize::from(u16::from_be_bytes([*length_1, *length_2]));
    // A jumbogram (RFC 2675) has a zero here, as has segmentation offload.
    let end = if length == 0 {
        bytes.len()
    } else {
        V6_HEADER_LEN + length
    };
    let upper = skip_extensions(Protocol(*next), between(bytes, V6_HEADER_LEN, end));
    Ok(Packet {
        source: Ipv6Addr::from(*source).into(),
        destination: Ipv6Addr::from(*destination).into(),
        protocol: upper.protocol,
        is_later_fragment: upper.is_later_fragment,
        identification: None,
        payload_len: end.saturating_sub(V6_HEADER_LEN + upper.skipped),
        payload: upper.payload,
    })
}

struct UpperLayer<'a> {
    protocol: Protocol,
    is_later_fragment: bool,
    /// Octets of the extension headers.
    skipped: usize,
    payload: &'a [u8],
}

/// Walks the extension headers (RFC 8200 §4). Each step consumes at least 8 octets, so it ends.
fn skip_extensions(first_header: Protocol, bytes: &[u8]) -> UpperLayer<'_> {
    let mut upper = UpperLayer {
        protocol: first_header,
        is_later_fragment: false,
        skipped: 0,
        payload: bytes,
    };
    loop {
        let Some(([next, length, offset_1, offset_2, ..], _)) =
            upper.payload.split_first_chunk::<8>()
        else {
            return upper;
        };
        let header_len = match upper.protocol {
            Protocol::HOP_BY_HOP | Protocol::ROUTING | Protocol::DESTINATION_OPTIONS => {
                8 + usize::from(*length) * 8
            }
            Protocol::AUTHENTICATION => 8 + usize::from(*length) * 4,
            Protocol::FRAGMENT => {
                upper.is_later_fragment = u16::from_be_bytes([*offset_1, *offset_2]) >> 3 != 0;
                8
            }
            _ => return upper,
        };
        let Some(rest) = upper.payload.get(header_len..) else {
            return upper;
        };
        upper.protocol = Protocol(*next);
        upper.payload = rest;
        upper.skipped += header_len;
        if upper.is_later_fragment {
            return upper;
        }
    }
}

/// Returns the octets from `start` to `end`, as far as they are there.
fn between(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    let end = end.min(bytes.len());
    bytes.get(start..end).unwrap_or_default()
}

/// Builds an IPv4 packet without options: time to live 64, never to be fragmented.
///
/// The length field of a payload above 65 515 octets says 65 535.
#[must_use]
pub fn build_v4(
    source: Ipv4Addr,
    destination: Ipv4Addr,
    protocol: Protocol,
    payload: &[u8],
) -> Vec<u8> {
    let [length_1, length_2] = length_field(V4_HEADER_LEN + payload.len());
    let [s1, s2, s3, s4] = source.octets();
    let [d1, d2, d3, d4] = destination.octets();
    let with_checksum = |[sum_1, sum_2]: [u8; 2]| {
        #[rustfmt::skip]
        let header = [
            0x45, 0, length_1, length_2,
            0, 0, 0x40, 0, // no identification is needed where fragments are forbidden (RFC 6864)
            64, protocol.0, sum_1, sum_2,
            s1, s2, s3, s4,
            d1, d2, d3, d4,
        ];
        header
    };
    let sum = checksum(&[&with_checksum([0, 0])]);
    let mut bytes = with_checksum(sum.to_be_bytes()).to_vec();
    bytes.extend(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 57);
    const B: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);

    #[test]
    fn an_ipv4_packet_is_read_as_it_was_built() {
        let mut bytes = build_v4(A, B, Protocol(200), b"payload");
        assert_eq!(
            checksum(&[&bytes[..20]]),
            0,
            "a right header sums up to nothing"
        );
        bytes.extend([0; 19]); // the padding of a short frame
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.source, packet.destination), (A.into(), B.into()));
        assert_eq!(packet.protocol, Protocol(200));
        assert_eq!(packet.payload, b"payload");
        assert!(!packet.is_later_fragment);
    }

    #[test]
    fn a_packet_cut_by_the_snap_length_keeps_its_addresses() {
        let bytes = build_v4(A, B, Protocol::UDP, &[7; 1000]);
        assert_eq!(Packet::parse(&bytes[..96]).unwrap().payload, [7; 76]);
        let cut = Packet::parse(&bytes[..19]);
        assert!(matches!(
            cut,
            Err(Malformed::Truncated {
                need: 20,
                have: 19,
                ..
            })
        ));
    }

    #[test]
    fn a_later_fragment_is_told_from_the_first() {
        let mut bytes = build_v4(A, B, Protocol::UDP, &[0; 8]);
        bytes[6] = 0x20; // more fragments
        assert!(!Packet::parse(&bytes).unwrap().is_later_fragment);
        bytes[7] = 1;
        assert!(Packet::parse(&bytes).unwrap().is_later_fragment);
    }

    #[test]
    fn impossible_headers_are_refused() {
        let mut bytes = build_v4(A, B, Protocol::UDP, &[]);
        bytes[0] = 0x44;
        assert!(matches!(
            Packet::parse(&bytes),
            Err(Malformed::Unexpected { field: "IHL", .. })
        ));
        bytes[0] = 0x4f;
        assert!(matches!(
            Packet::parse(&bytes),
            Err(Malformed::Truncated { need: 60, .. })
        ));
        bytes[0] = 0x55;
        assert!(matches!(
            Packet::parse(&bytes),
            Err(Malformed::Unexpected {
                field: "version",
                value: 5,
                ..
            })
        ));
    }

    fn v6(next: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x60, 0, 0, 0];
        bytes.extend(length_field(payload.len()));
        bytes.extend([next, 64]);
        bytes.extend(Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, 1).octets());
        bytes.extend(Ipv6Addr::LOCALHOST.octets());
        bytes.extend(payload);
        bytes
    }

    #[test]
    fn extension_headers_of_ipv6_are_skipped() {
        let mut payload = vec![60, 0, 0, 0, 0, 0, 0, 0]; // hop by hop, then destination options
        payload.extend([51, 1, 0, 0, 0, 0, 0, 0]); // 16 octets, then authentication
        payload.extend([0; 8]);
        payload.extend([17, 4, 0, 0, 0, 0, 0, 0]); // 24 octets, then UDP
        payload.extend([0; 16]);
        payload.extend(b"upper");
        let bytes = v6(0, &payload);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.source, IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, 1]));
        assert_eq!(packet.protocol, Protocol::UDP);
        assert_eq!(packet.payload, b"upper");
    }

    #[test]
    fn a_later_fragment_of_ipv6_ends_the_walk() {
        let first = [17, 0, 0, 1, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8];
        let bytes = v6(44, &first);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(
            (packet.protocol, packet.is_later_fragment),
            (Protocol::UDP, false)
        );
        let later = [60, 0, 0, 8, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8];
        let bytes = v6(44, &later);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!((packet.protocol.0, packet.is_later_fragment), (60, true));
        assert_eq!(packet.payload, [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn an_extension_header_that_is_cut_leaves_the_addresses() {
        let bytes = v6(0, &[17, 200, 0, 0, 0, 0, 0, 0, 1]);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.destination, IpAddr::from(Ipv6Addr::LOCALHOST));
        assert_eq!(packet.protocol, Protocol::HOP_BY_HOP);
    }
}
