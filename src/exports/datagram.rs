//! Which protocol a datagram is of: they tell it in their first octets.

use super::sets::Dialect;
use super::{take_u16, take_u32};

/// A datagram behind its version.
pub(super) enum Datagram<'a> {
    NetFlow5(&'a [u8]),
    Sets(Dialect, &'a [u8]),
    SFlow(&'a [u8]),
}

impl<'a> Datagram<'a> {
    /// Tells the protocol, `None` if it is none of ours. sFlow's version has 32 bits, the others' 16.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Datagram<'a>> {
        let (version, body) = take_u16(bytes)?;
        Some(match version {
            0 => match take_u32(bytes)? {
                (5, body) => Datagram::SFlow(body),
                _ => return None,
            },
            5 => Datagram::NetFlow5(body),
            9 => Datagram::Sets(Dialect::V9, body),
            10 => Datagram::Sets(Dialect::Ipfix, body),
            _ => return None,
        })
    }
}
