//! Apple's PKTAP: what macOS's tcpdump writes for `-i pktap`. A header that tells interface and process stands before a
//! frame of another link type (`net/pktap.h` of XNU). Integers are little-endian.

use super::link::LinkType;
use super::{Malformed, take};

const HEADER: &str = "PKTAP header";
/// The record carries a packet.
const PACKET: u32 = 1;

/// Returns the link type of what is behind the header, and its octets.
///
/// # Errors
/// [`Malformed`], if the header is cut or carries no packet.
pub(super) fn inner(bytes: &[u8]) -> Result<(LinkType, &[u8]), Malformed> {
    let ([l1, l2, l3, l4, k1, k2, k3, k4, d1, d2, d3, d4], _) = take::<12>(HEADER, bytes)?;
    let length = u32::from_le_bytes([*l1, *l2, *l3, *l4]);
    let kind = u32::from_le_bytes([*k1, *k2, *k3, *k4]);
    let link_type = LinkType(u32::from_le_bytes([*d1, *d2, *d3, *d4]));
    let unexpected = |field, value| Malformed::Unexpected {
        what: HEADER,
        field,
        value,
    };
    if kind != PACKET {
        return Err(unexpected("record type", kind));
    }
    // Nothing taps a tap.
    if link_type == LinkType::PKTAP {
        return Err(unexpected("link type", link_type.0));
    }
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length < 12 {
        return Err(unexpected("length", u32::try_from(length).unwrap_or(0)));
    }
    let rest = bytes.get(length..).ok_or(Malformed::Truncated {
        what: HEADER,
        need: length,
        have: bytes.len(),
    })?;
    Ok((link_type, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(length: u32, kind: u32, link_type: u32) -> Vec<u8> {
        let words = [length, kind, link_type].map(u32::to_le_bytes).concat();
        let mut header = words;
        header.resize(108, 0);
        header
    }

    #[test]
    fn what_is_behind_the_header_has_its_own_link_type() {
        let mut frame = header(108, 1, 12);
        frame.extend([0x45, 0]);
        assert_eq!(inner(&frame), Ok((LinkType(12), &[0x45, 0][..])));
    }

    #[test]
    fn a_header_that_lies_is_an_error() {
        for frame in [
            header(108, 0, 1),
            header(4, 1, 1),
            header(109, 1, 1),
            header(u32::MAX, 1, 1),
            header(108, 1, 258),
            vec![108, 0, 0, 0, 1],
        ] {
            assert!(inner(&frame).is_err(), "{frame:?}");
        }
    }
}
