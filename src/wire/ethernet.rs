//! Ethernet II frames with any number of VLAN tags (IEEE 802.3, IEEE 802.1Q).

use super::{Malformed, take};
use crate::mac::Mac;

/// What an Ethernet frame carries. A value below 1536 is a length instead (IEEE 802.3 §3.2.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EtherType(pub u16);

impl EtherType {
    /// IPv4 (RFC 894).
    pub const IPV4: EtherType = EtherType(0x0800);
    /// ARP (RFC 826).
    pub const ARP: EtherType = EtherType(0x0806);
    /// IPv6 (RFC 2464).
    pub const IPV6: EtherType = EtherType(0x86dd);

    /// Tells whether a VLAN tag follows: 802.1Q, 802.1ad, or the older 0x9100 of stacked tags.
    #[must_use]
    pub fn is_tag(self) -> bool {
        matches!(self.0, 0x8100 | 0x88a8 | 0x9100)
    }
}

/// A VLAN tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The tag protocol identifier: 0x8100, 0x88a8 or 0x9100.
    pub tpid: u16,
    /// The tag control information: priority, drop eligibility and VLAN identifier.
    pub tci: u16,
}

impl Tag {
    /// Returns the VLAN identifier, 0 to 4095.
    #[must_use]
    pub fn vlan(self) -> u16 {
        self.tci & 0x0fff
    }
}

const TAG_LEN: usize = 4;

/// A frame, without FCS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The destination.
    pub dst: Mac,
    /// The source.
    pub src: Mac,
    /// The tags: [`TAG_LEN`] octets each.
    tags: &'a [u8],
    /// What the payload is, after all tags.
    pub ether_type: EtherType,
    /// What follows the header, padding included; as much as the capture kept.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads a frame.
    ///
    /// # Errors
    /// [`Malformed::Truncated`], if the header with its tags is not complete.
    #[inline(always)]
    pub fn parse(bytes: &'a [u8]) -> Result<Frame<'a>, Malformed> {
        let (dst, rest) = take("Ethernet header", bytes)?;
        let (src, after_macs) = take("Ethernet header", rest)?;
        let mut tags_len = 0;
        let mut rest = after_macs;
        loop {
            let (ether_type, payload) = take("Ethernet header", rest)?;
            let ether_type = EtherType(u16::from_be_bytes(*ether_type));
            if !ether_type.is_tag() {
                return Ok(Frame {
                    dst: Mac(*dst),
                    src: Mac(*src),
                    tags: after_macs.get(..tags_len).unwrap_or_default(),
                    ether_type,
                    payload,
                });
            }
            (_, rest) = take::<2>("VLAN tag", payload)?;
            tags_len += TAG_LEN;
        }
    }

    /// Returns the tags, outermost first.
    pub fn tags(&self) -> impl Iterator<Item = Tag> + use<'a> {
        let (tags, _) = self.tags.as_chunks::<TAG_LEN>();
        tags.iter().map(|&[a, b, c, d]| Tag {
            tpid: u16::from_be_bytes([a, b]),
            tci: u16::from_be_bytes([c, d]),
        })
    }
}

/// Builds a frame with tags from the outermost to the innermost; without padding and FCS.
#[must_use]
pub fn build(dst: Mac, src: Mac, tags: &[Tag], ether_type: EtherType, payload: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(14 + tags.len() * TAG_LEN + payload.len());
    bytes.extend(dst.0);
    bytes.extend(src.0);
    for tag in tags {
        bytes.extend(tag.tpid.to_be_bytes());
        bytes.extend(tag.tci.to_be_bytes());
    }
    bytes.extend(ether_type.0.to_be_bytes());
    bytes.extend(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const SRC: Mac = Mac([2, 0, 0, 0, 0, 1]);

    #[test]
    fn a_frame_with_stacked_tags_is_read_as_it_was_built() {
        let tags = [
            Tag {
                tpid: 0x9100,
                tci: 0x6fff,
            },
            Tag {
                tpid: 0x88a8,
                tci: 3,
            },
            Tag {
                tpid: 0x8100,
                tci: 0xe001,
            },
        ];
        let bytes = build(Mac::BROADCAST, SRC, &tags, EtherType::ARP, b"payload");
        let frame = Frame::parse(&bytes).unwrap();
        assert_eq!((frame.dst, frame.src), (Mac::BROADCAST, SRC));
        assert_eq!(frame.ether_type, EtherType::ARP);
        assert_eq!(frame.payload, b"payload");
        assert_eq!(frame.tags().collect::<Vec<_>>(), tags);
        let vlans: Vec<_> = frame.tags().map(Tag::vlan).collect();
        assert_eq!(vlans, [4095, 3, 1]);
    }

    #[test]
    fn an_unknown_ether_type_survives() {
        let bytes = build(SRC, SRC, &[], EtherType(0x4711), &[]);
        assert_eq!(Frame::parse(&bytes).unwrap().ether_type, EtherType(0x4711));
    }

    #[test]
    fn a_header_that_ends_early_is_truncated() {
        let tag = Tag {
            tpid: 0x8100,
            tci: 1,
        };
        let bytes = build(SRC, SRC, &[tag], EtherType::IPV4, &[]);
        for end in 0..bytes.len() {
            let cut = Frame::parse(&bytes[..end]);
            assert!(matches!(cut, Err(Malformed::Truncated { .. })), "{end}");
        }
    }
}
