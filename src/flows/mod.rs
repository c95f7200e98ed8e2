//! Who is it: hosts, MACs and flows counted from frames, and what is odd about them. No I/O, no clock.
//!
//! ```text
//! frames ─> intake ─> parcels ─> ledger ─┬─> census ─> talkers
//!           decodes, MACs, VLANs         │             conversations, services
//!           (one for each core)   flows  └─────────────> anomalies
//! ```
//!
//! Terms: bytes are the length on the wire as recorded, without FCS. A host is an address in the outermost IP header
//! after Ethernet, VLAN tags, Cisco metadata, PPPoE session and MPLS labels. A flow is an unordered pair of
//! (address, port) and a protocol; ports are those of TCP, UDP and SCTP in packets that carry them, else 0.
//! What hosts sent and received is added up from flows, so that both always agree.

mod anomalies;
mod census;
mod conversation;
mod digest;
mod hint;
mod hosts;
mod intake;
mod key;
mod ledger;
mod live;
mod macs;
mod order;
mod parcel;
mod pipeline;
mod rhythm;
mod service;
mod subnet;
mod table;
mod tally;
mod window;

pub use anomalies::{Cause, Evidence, Finding, HOUR, Kind, Wanted};
pub use census::{Census, Host, HostBins, Lost, MacRow};
pub use conversation::{Conversation, End, State};
pub use digest::TcpFlags;
pub use intake::Skipped;
pub use live::{Count, Exported};
pub use order::HostOrder;
pub use pipeline::count;
pub use service::Service;
pub use subnet::{BadSubnet, Subnet};
pub use tally::{Span, Tally, Traffic};
pub use window::{BadWindow, Window};

/// What a ranking is by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Measure {
    /// Octets on the wire.
    #[default]
    Bytes,
    /// Packets.
    Packets,
}

impl Measure {
    /// Returns what counts of a tally.
    #[must_use]
    pub fn of(self, tally: Tally) -> u64 {
        match self {
            Measure::Bytes => tally.bytes,
            Measure::Packets => tally.packets,
        }
    }
}

/// What is counted, and with how much memory.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// What the lightest is told by, where memory runs out.
    pub measure: Measure,
    /// About how many octets the tables may take.
    pub memory: usize,
    /// The width of the bins that hosts are counted in, in nanoseconds.
    pub bin: Option<i64>,
    /// Whether to read names and announcements in payloads.
    pub hints: bool,
    /// Whether to watch for beacons.
    pub rhythms: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            measure: Measure::Bytes,
            memory: Settings::DEFAULT_MEMORY,
            bin: None,
            hints: false,
            rhythms: false,
        }
    }
}

/// Octets of an entry with its slots, at their most.
const FLOW_SIZE: usize = 156;
/// What one rule needs for a flow at the most: two keys that name two addresses.
const RULES_SIZE: usize = 120;
const HOST_SIZE: usize = 115;
const BIN_SIZE: usize = 100;

impl Settings {
    /// Room for 860,000 flows and 580,000 hosts at once.
    pub const DEFAULT_MEMORY: usize = 256 << 20;

    /// Half of the memory is for flows, and for what the rules of anomalies need for each.
    fn max_flows(&self) -> usize {
        let rules = if self.rhythms { RULES_SIZE } else { 0 };
        self.memory / 2 / (FLOW_SIZE + rules)
    }

    /// A quarter is for hosts.
    fn max_hosts(&self) -> usize {
        self.memory / 4 / HOST_SIZE
    }

    /// An eighth is for bins; the rest is for what is small.
    fn max_bins(&self) -> usize {
        self.memory / 8 / BIN_SIZE
    }
}
