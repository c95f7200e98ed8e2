//! What is looked up, and its hash under a seed that the network does not know.

use std::hash::{BuildHasher, Hasher};
use std::net::IpAddr;

use foldhash::fast::{FoldHasher, RandomState};

use super::digest::Way;
use crate::mac::Mac;

/// What can be looked up.
pub(super) trait Key: Copy + Eq {
    /// Gives the key to the hasher in few and wide words: it is done for every packet.
    fn feed(&self, hasher: &mut FoldHasher<'_>);

    /// Returns the key's hash.
    #[inline]
    fn hash(&self, seed: &RandomState) -> u64 {
        let mut hasher = seed.build_hasher();
        self.feed(&mut hasher);
        hasher.finish()
    }
}

impl Key for IpAddr {
    #[inline]
    fn feed(&self, hasher: &mut FoldHasher<'_>) {
        match self {
            IpAddr::V4(address) => hasher.write_u32(address.to_bits()),
            IpAddr::V6(address) => hasher.write_u128(address.to_bits()),
        }
    }
}

impl Key for Mac {
    #[inline]
    fn feed(&self, hasher: &mut FoldHasher<'_>) {
        let Mac([a, b, c, d, e, f]) = *self;
        hasher.write_u64(u64::from_be_bytes([0, 0, a, b, c, d, e, f]));
    }
}

impl Key for u64 {
    #[inline]
    fn feed(&self, hasher: &mut FoldHasher<'_>) {
        hasher.write_u64(*self);
    }
}

/// An address and the number of a bin.
impl Key for (IpAddr, i64) {
    #[inline]
    fn feed(&self, hasher: &mut FoldHasher<'_>) {
        self.0.feed(hasher);
        hasher.write_i64(self.1);
    }
}

/// Source, destination, protocol and port.
impl Key for (IpAddr, IpAddr, u8, u16) {
    #[inline]
    fn feed(&self, hasher: &mut FoldHasher<'_>) {
        self.0.feed(hasher);
        self.1.feed(hasher);
        hasher.write_u32(u32::from(self.2) << 16 | u32::from(self.3));
    }
}

/// A flow: an unordered pair of address and port, and a protocol.
///
/// Ports are those of TCP, UDP and SCTP in packets that carry them; else 0, as in fragments but the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FlowKey {
    /// The lower end.
    pub(super) low: (IpAddr, u16),
    /// The higher end.
    pub(super) high: (IpAddr, u16),
    pub(super) protocol: u8,
}

impl FlowKey {
    /// Returns the flow between two ends, and which way it goes from the first to the second.
    #[inline]
    pub(super) fn between(
        source: (IpAddr, u16),
        destination: (IpAddr, u16),
        protocol: u8,
    ) -> (FlowKey, Way) {
        // As `source <= destination`, but by whole words: it is done for every packet.
        let is_up = match (source.0, destination.0) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                (a.to_bits(), source.1) <= (b.to_bits(), destination.1)
            }
            (IpAddr::V6(a), IpAddr::V6(b)) => {
                (a.to_bits(), source.1) <= (b.to_bits(), destination.1)
            }
            (IpAddr::V4(_), IpAddr::V6(_)) => true,
            (IpAddr::V6(_), IpAddr::V4(_)) => false,
        };
        let (low, high, way) = if is_up {
            (source, destination, Way::Up)
        } else {
            (destination, source, Way::Down)
        };
        let key = FlowKey {
            low,
            high,
            protocol,
        };
        (key, way)
    }
}

impl Key for FlowKey {
    #[inline]
    fn feed(&self, hasher: &mut FoldHasher<'_>) {
        match (self.low.0, self.high.0) {
            (IpAddr::V4(a), IpAddr::V4(b)) => {
                hasher.write_u64(u64::from(a.to_bits()) << 32 | u64::from(b.to_bits()));
            }
            (a, b) => {
                a.feed(hasher);
                b.feed(hasher);
            }
        }
        let ports = u64::from(self.low.1) << 16 | u64::from(self.high.1);
        hasher.write_u64(ports << 8 | u64::from(self.protocol));
    }
}
