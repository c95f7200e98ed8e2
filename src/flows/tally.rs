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
    /// Returns the part with this number, from 0, of so many parts that add up to the whole.
    pub(super) fn share(self, part: u64, parts: u64) -> Tally {
        let share = |whole: u64| {
            let upto =
                |count: u64| u128::from(whole) * u128::from(count) / u128::from(parts.max(1));
            u64::try_from(upto(part + 1) - upto(part)).unwrap_or(whole)
        };
        Tally {
            packets: share(self.packets),
            bytes: share(self.bytes),
        }
    }

    /// Returns the sum.
    #[must_use]
    pub fn plus(self, other: Tally) -> Tally {
        Tally {
            packets: self.packets.saturating_add(other.packets),
            bytes: self.bytes.saturating_add(other.bytes),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_add_up_to_the_whole() {
        let whole = Tally {
            packets: 10,
            bytes: 1003,
        };
        for parts in [1, 2, 3, 7, 20] {
            let sum = (0..parts).fold(Tally::default(), |sum, part| {
                sum.plus(whole.share(part, parts))
            });
            assert_eq!(sum, whole);
        }
        assert_eq!(whole.share(0, 2).bytes, 501);
    }
}
