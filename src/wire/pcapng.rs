//! The blocks of a pcapng file that matter for frames (draft-ietf-opsawg-pcapng).

use super::link::LinkType;
use super::pcap::Order;
use super::{Malformed, take};

/// Octets before a block's body: type and total length.
pub const BLOCK_HEADER_LEN: usize = 8;
/// Octets of a block besides its body: the total length stands at its end once more.
pub const BLOCK_FRAME_LEN: u32 = 12;

/// What a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockType(pub u32);

impl BlockType {
    /// Section header, the same in both byte orders; interfaces are numbered anew.
    pub const SECTION: BlockType = BlockType(0x0a0d_0d0a);
    /// Interface description.
    pub const INTERFACE: BlockType = BlockType(1);
    /// Packet, obsolete.
    pub const OLD_PACKET: BlockType = BlockType(2);
    /// Simple packet: without a time stamp.
    pub const SIMPLE_PACKET: BlockType = BlockType(3);
    /// Enhanced packet.
    pub const PACKET: BlockType = BlockType(6);

    /// Tells whether the block carries a frame.
    #[must_use]
    pub fn is_packet(self) -> bool {
        matches!(
            self,
            BlockType::OLD_PACKET | BlockType::SIMPLE_PACKET | BlockType::PACKET
        )
    }
}

/// Reads the byte order of a section: the first four octets of its header's body.
#[must_use]
pub fn section_order(magic: [u8; 4]) -> Option<Order> {
    [Order::Little, Order::Big]
        .into_iter()
        .find(|order| order.u32(magic) == 0x1a2b_3c4d)
}

/// An interface of a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interface {
    /// What its frames begin with.
    pub link_type: LinkType,
    /// The most octets of a frame that were kept; zero for no limit.
    pub snap_len: u32,
    /// `if_tsresol`: units a second, as the draft encodes it.
    pub resolution: u8,
    /// `if_tsoffset`: seconds.
    pub offset: i64,
}

const OPTION_END: u16 = 0;
const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;
const MICROSECONDS: u8 = 6;

impl Interface {
    /// Reads the body of an interface description. Options that are cut short end the list.
    ///
    /// # Errors
    /// [`Malformed::Truncated`], if the fixed part is not complete.
    pub fn parse(order: Order, body: &[u8]) -> Result<Interface, Malformed> {
        let ([l1, l2, _, _, s1, s2, s3, s4], mut options) = take("pcapng interface", body)?;
        let mut interface = Interface {
            link_type: LinkType(order.u16([*l1, *l2]).into()),
            snap_len: order.u32([*s1, *s2, *s3, *s4]),
            resolution: MICROSECONDS,
            offset: 0,
        };
        while let Some(([c1, c2, n1, n2], rest)) = options.split_first_chunk() {
            let code = order.u16([*c1, *c2]);
            let length = usize::from(order.u16([*n1, *n2]));
            let Some(value) = rest.get(..length) else {
                break;
            };
            match (code, value) {
                (OPTION_END, _) => break,
                (OPTION_RESOLUTION, [resolution, ..]) => interface.resolution = *resolution,
                (OPTION_OFFSET, value) => {
                    if let Ok(value) = value.try_into() {
                        interface.offset = order.u64(value).cast_signed();
                    }
                }
                _ => {}
            }
            options = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(interface)
    }

    /// Returns the units a second, or `None` if 64 bits cannot count them.
    #[must_use]
    pub fn units_per_second(&self) -> Option<u64> {
        let base: u64 = if self.resolution & 0x80 == 0 { 10 } else { 2 };
        base.checked_pow(u32::from(self.resolution & 0x7f))
    }
}

/// A frame in a block, without its octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// The number of its interface within the section.
    pub interface: u32,
    /// The time stamp in units of the interface; a simple packet has none.
    pub units: Option<u64>,
    /// How many octets were kept; `None` if the block does not say (simple packets).
    pub captured: Option<u32>,
    /// How many octets the frame had on the wire.
    pub original: u32,
    /// Where in the block's body the octets begin.
    pub start: usize,
}

impl Packet {
    /// Reads the fixed part of the body of a block that carries a frame.
    ///
    /// # Errors
    /// [`Malformed::Truncated`], if it is not complete.
    #[inline]
    pub fn parse(order: Order, block: BlockType, body: &[u8]) -> Result<Packet, Malformed> {
        const WHAT: &str = "pcapng packet";
        if block == BlockType::SIMPLE_PACKET {
            let (original, _) = take(WHAT, body)?;
            return Ok(Packet {
                interface: 0,
                units: None,
                captured: None,
                original: order.u32(*original),
                start: 4,
            });
        }
        let (fixed, _) = take::<20>(WHAT, body)?;
        let (words, _) = fixed.as_chunks::<4>();
        let word = |place: usize| words.get(place).map_or(0, |&word| order.u32(word));
        let interface = match (block, fixed) {
            (BlockType::OLD_PACKET, [a, b, ..]) => order.u16([*a, *b]).into(),
            _ => word(0),
        };
        Ok(Packet {
            interface,
            units: Some(u64::from(word(1)) << 32 | u64::from(word(2))),
            captured: Some(word(3)),
            original: word(4),
            start: fixed.len(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_in_both_orders_and_a_cut_one_ends_the_list() {
        let big = [
            0, 1, 0, 0, 0, 0, 1, 0, // Ethernet, 256 octets
            0, 2, 0, 3, b'e', b'n', b'0', 0, // a name, padded
            0, 9, 0, 1, 9, 0, 0, 0, // nanoseconds
            0, 14, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, // five seconds
            0, 9, 0, 200, 6, 0, 0, 0, // cut
        ];
        let interface = Interface::parse(Order::Big, &big).unwrap();
        assert_eq!(interface.link_type, LinkType::ETHERNET);
        assert_eq!((interface.snap_len, interface.offset), (256, 5));
        assert_eq!(interface.units_per_second(), Some(1_000_000_000));
        let little = [1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 0x80 | 20, 0, 0, 0];
        let interface = Interface::parse(Order::Little, &little).unwrap();
        assert_eq!(interface.units_per_second(), Some(1 << 20));
        assert_eq!(
            Interface {
                resolution: 20,
                ..interface
            }
            .units_per_second(),
            None
        );
    }

    #[test]
    fn the_obsolete_packet_has_a_short_interface_number() {
        let mut body = vec![0, 3, 0xff, 0xff];
        body.extend([1u32, 2, 3, 4].map(u32::to_be_bytes).concat());
        let packet = Packet::parse(Order::Big, BlockType::OLD_PACKET, &body).unwrap();
        assert_eq!((packet.interface, packet.captured), (3, Some(3)));
        assert_eq!(packet.units, Some((1 << 32) + 2));
        assert!(Packet::parse(Order::Big, BlockType::PACKET, &body[..19]).is_err());
    }
}
