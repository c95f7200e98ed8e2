//! What of a frame is counted.

use super::key::FlowKey;
use super::tally::Tally;
use crate::mac::Mac;
use crate::wire::ip::{Packet, Protocol};

/// Which way a packet goes in its flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// From the lower end.
    Up,
    /// From the higher end.
    Down,
}

/// TCP flags (RFC 9293 §3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from the sender.
    pub const FIN: TcpFlags = TcpFlags(1);
    /// The beginning of a connection.
    pub const SYN: TcpFlags = TcpFlags(2);
    /// The connection is broken off.
    pub const RST: TcpFlags = TcpFlags(4);
    /// Something is acknowledged.
    pub const ACK: TcpFlags = TcpFlags(16);

    /// Tells whether all of these are set.
    #[must_use]
    pub fn has(self, flags: TcpFlags) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Adds flags.
    #[must_use]
    pub fn with(self, flags: TcpFlags) -> TcpFlags {
        TcpFlags(self.0 | flags.0)
    }
}

/// A packet, as far as it is counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Digest {
    pub(super) key: FlowKey,
    pub(super) hash: u64,
    pub(super) way: Way,
    /// Nanoseconds since the start of 1970.
    pub(super) stamp: i64,
    /// The number of the frame in the whole reading, from 1, as other tools number them.
    pub(super) number: u64,
    /// Octets on the wire.
    pub(super) wire_len: u32,
    pub(super) src: Option<Mac>,
    pub(super) flags: TcpFlags,
    /// TCP: it carries data.
    pub(super) has_data: bool,
    /// IPv4: the identification is zero.
    pub(super) id_zero: bool,
}

/// Many packets of one direction of a flow, as an exporter tells of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Portion {
    /// The first of them; its length is not looked at.
    pub(super) head: Digest,
    pub(super) tally: Tally,
    /// When the last of them came.
    pub(super) last: i64,
}

/// What stands above IP.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Upper<'a> {
    source_port: u16,
    destination_port: u16,
    pub(super) flags: TcpFlags,
    pub(super) has_data: bool,
    /// What TCP or UDP carries, as much as the capture kept.
    pub(super) payload: &'a [u8],
}

impl<'a> Upper<'a> {
    #[inline]
    pub(super) fn read(packet: &Packet<'a>) -> Upper<'a> {
        let with_ports = matches!(
            packet.protocol,
            Protocol::TCP | Protocol::UDP | Protocol::SCTP
        );
        let (true, false, [s1, s2, d1, d2, rest @ ..]) =
            (with_ports, packet.is_later_fragment, packet.payload)
        else {
            return Upper::default();
        };
        let mut upper = Upper {
            source_port: u16::from_be_bytes([*s1, *s2]),
            destination_port: u16::from_be_bytes([*d1, *d2]),
            ..Upper::default()
        };
        match packet.protocol {
            Protocol::TCP => upper.read_tcp(packet, rest),
            Protocol::UDP => upper.payload = rest.get(4..).unwrap_or_default(),
            _ => {}
        }
        upper
    }

    /// Reads what follows the ports: sequence and acknowledgement numbers, length of the header, flags.
    #[inline]
    fn read_tcp(&mut self, packet: &Packet<'a>, rest: &'a [u8]) {
        let [_, _, _, _, _, _, _, _, offset, flags, ..] = rest else {
            return;
        };
        self.flags = TcpFlags(*flags);
        let header_len = usize::from(offset >> 4) * 4;
        self.has_data = packet.payload_len > header_len;
        self.payload = packet.payload.get(header_len..).unwrap_or_default();
    }

    /// Returns source and destination port.
    pub(super) fn ports(&self) -> [u16; 2] {
        [self.source_port, self.destination_port]
    }

    /// Returns the packet's flow, and which way it goes in it.
    #[inline]
    pub(super) fn flow(&self, packet: &Packet<'_>) -> (FlowKey, Way) {
        let source = (packet.source, self.source_port);
        let destination = (packet.destination, self.destination_port);
        FlowKey::between(source, destination, packet.protocol.0)
    }
}
