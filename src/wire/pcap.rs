//! The classic capture file: a header, then records (draft-ietf-opsawg-pcap).
//!
//! Written in the byte order of whoever captured; the magic number tells which, and whether the fractions of a
//! second are micro- or nanoseconds.

use super::link::LinkType;
use super::{Malformed, take};

/// Octets of the header of a file.
pub const FILE_HEADER_LEN: usize = 24;
/// Octets of the header of a record; the frame follows.
pub const RECORD_HEADER_LEN: usize = 16;

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;

/// The byte order of a file's integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The least significant octet first.
    Little,
    /// The most significant octet first.
    Big,
}

impl Order {
    /// Reads 16 bits.
    #[must_use]
    pub fn u16(self, octets: [u8; 2]) -> u16 {
        match self {
            Order::Little => u16::from_le_bytes(octets),
            Order::Big => u16::from_be_bytes(octets),
        }
    }

    /// Reads 32 bits.
    #[must_use]
    pub fn u32(self, octets: [u8; 4]) -> u32 {
        match self {
            Order::Little => u32::from_le_bytes(octets),
            Order::Big => u32::from_be_bytes(octets),
        }
    }

    /// Reads 64 bits.
    #[must_use]
    pub fn u64(self, octets: [u8; 8]) -> u64 {
        match self {
            Order::Little => u64::from_le_bytes(octets),
            Order::Big => u64::from_be_bytes(octets),
        }
    }
}

/// The header of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    /// The order of every integer in the file.
    pub order: Order,
    /// Nanoseconds that a unit of [`RecordHeader::fraction`] lasts: 1 or 1000.
    pub unit: u32,
    /// What the frames begin with.
    pub link_type: LinkType,
}

impl FileHeader {
    /// Reads a header.
    ///
    /// # Errors
    /// [`Malformed`], if it is cut short or begins with no known magic number.
    pub fn parse(bytes: &[u8]) -> Result<FileHeader, Malformed> {
        const WHAT: &str = "pcap file header";
        let (header, _) = take::<FILE_HEADER_LEN>(WHAT, bytes)?;
        #[rustfmt::skip]
        let [m1, m2, m3, m4, .., l1, l2, l3, l4] = *header;
        let magic = [m1, m2, m3, m4];
        let known =
            [Order::Little, Order::Big]
                .into_iter()
                .find_map(|order| match order.u32(magic) {
                    MICROSECONDS => Some((order, 1000)),
                    NANOSECONDS => Some((order, 1)),
                    _ => None,
                });
        let (order, unit) = known.ok_or(Malformed::Unexpected {
            what: WHAT,
            field: "magic number",
            value: u32::from_be_bytes(magic),
        })?;
        Ok(FileHeader {
            order,
            unit,
            // The upper half tells the length of the FCS.
            link_type: LinkType(order.u32([l1, l2, l3, l4]) & 0xffff),
        })
    }
}

/// The header of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordHeader {
    /// Seconds since the start of 1970.
    pub seconds: u32,
    /// Units of [`FileHeader::unit`] on top.
    pub fraction: u32,
    /// How many octets of the frame follow.
    pub captured: u32,
    /// How many octets the frame had on the wire.
    pub original: u32,
}

impl RecordHeader {
    /// Reads a header.
    #[must_use]
    #[inline]
    pub fn read(order: Order, bytes: &[u8; RECORD_HEADER_LEN]) -> RecordHeader {
        let (words, _) = bytes.as_chunks::<4>();
        let word = |place: usize| words.get(place).map_or(0, |&word| order.u32(word));
        RecordHeader {
            seconds: word(0),
            fraction: word(1),
            captured: word(2),
            original: word(3),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_resolution_follow_from_the_magic_number() {
        let header = |magic: u32, little: bool| {
            let word = |value: u32| {
                if little {
                    value.to_le_bytes()
                } else {
                    value.to_be_bytes()
                }
            };
            [magic, 0x0004_0002, 0, 0, 65535, 0xf000_0001]
                .map(word)
                .concat()
        };
        for (magic, unit) in [(MICROSECONDS, 1000), (NANOSECONDS, 1)] {
            for (little, order) in [(true, Order::Little), (false, Order::Big)] {
                let read = FileHeader::parse(&header(magic, little)).unwrap();
                let link_type = LinkType::ETHERNET;
                assert_eq!(
                    read,
                    FileHeader {
                        order,
                        unit,
                        link_type
                    }
                );
            }
        }
        assert!(matches!(
            FileHeader::parse(&header(0x1234_5678, true)),
            Err(Malformed::Unexpected { .. })
        ));
        assert!(matches!(
            FileHeader::parse(&header(MICROSECONDS, true)[..23]),
            Err(Malformed::Truncated { .. })
        ));
    }
}
