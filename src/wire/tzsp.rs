//! TaZmen Sniffer Protocol: captured frames in UDP, port 37008 by custom.
//!
//! There is no RFC. The layout is that of Wireshark's dissector and of the switches and routers that send
//! it: version, type, encapsulated protocol (16 bits), tagged fields up to an END, then the frame. Integers
//! are big-endian.

use super::{Malformed, take};

/// What a TZSP packet is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind(pub u8);

impl Kind {
    /// A frame that the sensor received.
    pub const RECEIVED: Kind = Kind(0);
    /// A frame that the receiver of this packet is asked to transmit.
    pub const TRANSMIT: Kind = Kind(1);
    /// Nothing but a sign of life; without tagged fields and frame.
    pub const KEEPALIVE: Kind = Kind(4);
}

/// What the encapsulated frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Protocol(pub u16);

impl Protocol {
    /// Ethernet, without FCS.
    pub const ETHERNET: Protocol = Protocol(1);
}

const VERSION: u8 = 1;
const TAG_PADDING: u8 = 0;
const TAG_END: u8 = 1;
const TAG_ORIGINAL_LENGTH: u8 = 41;

/// A packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet<'a> {
    /// What it is for.
    pub kind: Kind,
    /// What the frame is.
    pub protocol: Protocol,
    /// The frame's length on the wire, if the sensor cut it and says so.
    pub original_length: Option<u16>,
    /// The frame; empty where [`Packet::kind`] carries none.
    pub frame: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Reads the payload of a UDP datagram.
    ///
    /// # Errors
    /// [`Malformed`], if the version is not 1 or the header with its tagged fields is not complete.
    pub fn parse(bytes: &'a [u8]) -> Result<Packet<'a>, Malformed> {
        let ([version, kind, protocol_1, protocol_2], rest) = take("TZSP header", bytes)?;
        if *version != VERSION {
            return Err(Malformed::Unexpected {
                what: "TZSP header",
                field: "version",
                value: (*version).into(),
            });
        }
        let mut packet = Packet {
            kind: Kind(*kind),
            protocol: Protocol(u16::from_be_bytes([*protocol_1, *protocol_2])),
            original_length: None,
            frame: &[],
        };
        if matches!(packet.kind, Kind::RECEIVED | Kind::TRANSMIT) {
            packet.read_fields(rest)?;
        }
        Ok(packet)
    }

    /// Reads the tagged fields; what follows them is the frame.
    fn read_fields(&mut self, mut rest: &'a [u8]) -> Result<(), Malformed> {
        const WHAT: &str = "TZSP tagged field";
        loop {
            let ([tag], after_tag) = take(WHAT, rest)?;
            match *tag {
                TAG_PADDING => rest = after_tag,
                TAG_END => {
                    self.frame = after_tag;
                    return Ok(());
                }
                tag => {
                    let ([length], value) = take(WHAT, after_tag)?;
                    let (value, after_value) =
                        value
                            .split_at_checked((*length).into())
                            .ok_or(Malformed::Truncated {
                                what: WHAT,
                                need: (*length).into(),
                                have: value.len(),
                            })?;
                    if let (TAG_ORIGINAL_LENGTH, Ok(length)) = (tag, value.try_into()) {
                        self.original_length = Some(u16::from_be_bytes(length));
                    }
                    rest = after_value;
                }
            }
        }
    }
}

/// Builds a packet with a received Ethernet frame.
#[must_use]
pub fn build(frame: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(5 + frame.len());
    bytes.extend([VERSION, Kind::RECEIVED.0]);
    bytes.extend(Protocol::ETHERNET.0.to_be_bytes());
    bytes.push(TAG_END);
    bytes.extend(frame);
    bytes
}

/// Builds a sign of life.
#[must_use]
pub fn build_keepalive() -> [u8; 4] {
    [VERSION, Kind::KEEPALIVE.0, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_read_as_it_was_built() {
        let bytes = build(b"frame");
        assert_eq!(bytes[..5], [1, 0, 0, 1, 1]);
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.kind, Kind::RECEIVED);
        assert_eq!(packet.protocol, Protocol::ETHERNET);
        assert_eq!(packet.frame, b"frame");
    }

    #[test]
    fn unknown_fields_and_padding_are_skipped_and_the_cut_is_told() {
        let mut bytes = vec![1, 0, 0, 1, 0, 10, 1, 99, 0, 41, 2, 5, 220, 200, 0, 1];
        bytes.extend(b"frame");
        let packet = Packet::parse(&bytes).unwrap();
        assert_eq!(packet.original_length, Some(1500));
        assert_eq!(packet.frame, b"frame");
    }

    #[test]
    fn a_sign_of_life_carries_no_frame() {
        let bytes = build_keepalive();
        let packet = Packet::parse(&bytes).map(|packet| (packet.kind, packet.frame));
        assert_eq!(packet, Ok((Kind::KEEPALIVE, &[][..])));
    }

    #[test]
    fn unknown_kinds_and_protocols_survive() {
        let packet = Packet::parse(&[1, 77, 4, 1]).unwrap();
        assert_eq!((packet.kind, packet.protocol), (Kind(77), Protocol(0x0401)));
    }

    #[test]
    fn what_is_cut_or_of_another_version_is_refused() {
        for cut in [
            &[][..],
            &[1, 0, 0],
            &[1, 0, 0, 1],
            &[1, 0, 0, 1, 41],
            &[1, 0, 0, 1, 41, 2, 0],
        ] {
            let error = Packet::parse(cut).unwrap_err();
            assert!(matches!(error, Malformed::Truncated { .. }), "{cut:?}");
        }
        let other = Packet::parse(&[2, 0, 0, 1, 1]);
        assert!(matches!(other, Err(Malformed::Unexpected { value: 2, .. })));
    }
}
