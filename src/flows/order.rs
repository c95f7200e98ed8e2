//! What hosts are ranked by.

use super::{Measure, Traffic};

/// What hosts are ranked by. The texts are the command line's help.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum HostOrder {
    /// Octets sent and received
    #[default]
    Bytes,
    /// Packets sent and received
    Packets,
    /// Octets sent
    Sent,
    /// Octets received
    Received,
    /// Packets sent
    SentPackets,
    /// Packets received
    ReceivedPackets,
}

impl HostOrder {
    /// Returns what of a host's traffic counts.
    #[must_use]
    pub fn rank(self) -> fn(&Traffic) -> u64 {
        match self {
            HostOrder::Bytes => |traffic| traffic.both().bytes,
            HostOrder::Packets => |traffic| traffic.both().packets,
            HostOrder::Sent => |traffic| traffic.sent.bytes,
            HostOrder::Received => |traffic| traffic.received.bytes,
            HostOrder::SentPackets => |traffic| traffic.sent.packets,
            HostOrder::ReceivedPackets => |traffic| traffic.received.packets,
        }
    }

    /// Returns what the lightest is told by, where memory runs out.
    #[must_use]
    pub fn measure(self) -> Measure {
        match self {
            HostOrder::Bytes | HostOrder::Sent | HostOrder::Received => Measure::Bytes,
            HostOrder::Packets | HostOrder::SentPackets | HostOrder::ReceivedPackets => {
                Measure::Packets
            }
        }
    }
}
