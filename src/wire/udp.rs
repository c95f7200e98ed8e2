//! UDP (RFC 768).

use std::net::SocketAddrV4;

use super::{Malformed, checksum, ip::Protocol, length_field, take};

const HEADER_LEN: usize = 8;

/// A datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// The sender's port.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// What it carries, as much as the capture kept.
    pub payload: &'a [u8],
}

impl<'a> Datagram<'a> {
    /// Reads the payload of an IP packet. The checksum is not looked at: the sender's network card fills it
    /// in, so a capture on the sender holds wrong ones.
    ///
    /// # Errors
    /// [`Malformed::Truncated`], if the header is not complete.
    pub fn parse(bytes: &'a [u8]) -> Result<Datagram<'a>, Malformed> {
        let ([s1, s2, d1, d2, ..], payload) = take::<HEADER_LEN>("UDP header", bytes)?;
        Ok(Datagram {
            source_port: u16::from_be_bytes([*s1, *s2]),
            destination_port: u16::from_be_bytes([*d1, *d2]),
            payload,
        })
    }
}

/// Builds the payload of an IPv4 packet, with its checksum over the addresses.
///
/// The length field of a payload above 65 527 octets says 65 535.
#[must_use]
pub fn build_v4(source: SocketAddrV4, destination: SocketAddrV4, payload: &[u8]) -> Vec<u8> {
    let length = length_field(HEADER_LEN + payload.len());
    let sum = checksum(&[
        &source.ip().octets(),
        &destination.ip().octets(),
        &[0, Protocol::UDP.0],
        &length, // once for the pseudo header, once for the header
        &source.port().to_be_bytes(),
        &destination.port().to_be_bytes(),
        &length,
        payload,
    ]);
    // Zero would say that there is no checksum.
    let sum = if sum == 0 { u16::MAX } else { sum };
    let mut bytes = Vec::with_capacity(HEADER_LEN + payload.len());
    bytes.extend(source.port().to_be_bytes());
    bytes.extend(destination.port().to_be_bytes());
    bytes.extend(length);
    bytes.extend(sum.to_be_bytes());
    bytes.extend(payload);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_read_as_it_was_built() {
        let from = SocketAddrV4::new([10, 77, 0, 57].into(), 4711);
        let to = SocketAddrV4::new([10, 77, 0, 1].into(), 14857);
        let bytes = build_v4(from, to, b"odd");
        let datagram = Datagram::parse(&bytes).unwrap();
        assert_eq!(datagram.source_port, 4711);
        assert_eq!(datagram.destination_port, 14857);
        assert_eq!(datagram.payload, b"odd");
        assert!(Datagram::parse(&bytes[..7]).is_err());
    }

    #[test]
    fn the_receiver_finds_the_checksum_right() {
        let from = SocketAddrV4::new([10, 77, 0, 57].into(), 4711);
        let to = SocketAddrV4::new([10, 77, 0, 1].into(), 14857);
        for payload in [&b""[..], b"a", b"ab", &[0xff; 701]] {
            let bytes = build_v4(from, to, payload);
            let length = length_field(bytes.len());
            let pseudo = [
                &from.ip().octets()[..],
                &to.ip().octets(),
                &[0, 17],
                &length,
            ]
            .concat();
            assert_eq!(checksum(&[&pseudo, &bytes]), 0);
        }
    }
}
