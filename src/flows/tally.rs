//! The small sums that everything is made of.

/// Packets and octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tally {
    /// Packets.
    pub packets: u64,
    /// Octets on the wire, without FCS.
    pub bytes: u64,
}

impl Tally {
    /// Adds a packet.
    #[inline]
    pub(super) fn add(&mut self, wire_len: u32) {
        self.packets += 1;
        self.bytes += u64::from(wire_len);
    }

    /// Returns the sum.
    #[must_use]
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            packets: self.packets + other.packets,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// What was sent and what was received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Traffic {
    /// Sent.
    pub sent: Tally,
    /// Received.
    pub received: Tally,
}

impl Traffic {
    /// Returns both together.
    #[must_use]
    pub fn both(&self) -> Tally {
        self.sent.plus(self.received)
    }

    /// Returns the sum.
    #[must_use]
    pub fn plus(self, other: Traffic) -> Traffic {
        Traffic {
            sent: self.sent.plus(other.sent),
            received: self.received.plus(other.received),
        }
    }

    /// Returns the producer/consumer ratio: 1 only sends, -1 only receives, 0 as much as the other.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a ratio of sums")]
    pub fn pcr(&self) -> f64 {
        let (sent, received) = (self.sent.bytes as f64, self.received.bytes as f64);
        let both = sent + received;
        if both > 0.0 {
            (sent - received) / both
        } else {
            0.0
        }
    }
}

/// The first and the last time of something, in nanoseconds since the start of 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The earliest.
    pub first: i64,
    /// The latest.
    pub last: i64,
}

impl Span {
    /// A span of one moment.
    #[must_use]
    pub fn at(stamp: i64) -> Span {
        Span {
            first: stamp,
            last: stamp,
        }
    }

    /// Widens the span to hold a moment.
    #[inline]
    pub(super) fn note(&mut self, stamp: i64) {
        self.first = self.first.min(stamp);
        self.last = self.last.max(stamp);
    }

    /// Returns the span that holds both.
    #[must_use]
    pub fn with(self, other: Span) -> Span {
        Span {
            first: self.first.min(other.first),
            last: self.last.max(other.last),
        }
    }

    /// Returns its length in seconds.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "shown with a few digits")]
    pub fn seconds(self) -> f64 {
        self.last.saturating_sub(self.first) as f64 / 1e9
    }
}
