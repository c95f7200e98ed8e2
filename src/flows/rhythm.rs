//! How regularly one host turns to another: beacons.

use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::digest::{Digest, Way};
use super::table::Table;
use super::tally::{Span, Tally};

/// Who turns to whom: source, destination, protocol and the destination's port.
pub(super) type Errand = (IpAddr, IpAddr, u8, u16);

/// Packets nearer than this to the one before belong to the same visit, in nanoseconds.
const PAUSE: i64 = 2_000_000_000;
/// How many errands are watched at most.
const MAX_ERRANDS: usize = 1 << 16;

/// The visits of one errand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// From the first visit to the last packet.
    pub(super) span: Span,
    /// All packets of it.
    pub(super) tally: Tally,
    /// The number of the first packet.
    pub(super) number: u64,
    /// When the latest visit began.
    visit: i64,
    /// How many gaps between the beginnings of visits there were.
    pub(super) gaps: u64,
    /// Seconds.
    pub(super) mean: f64,
    /// The sum of the squared distances to the mean (Welford's method).
    squares: f64,
}

impl Rhythm {
    /// Returns the gaps' standard deviation in seconds.
    #[expect(clippy::cast_precision_loss, reason = "a count of gaps")]
    pub(super) fn deviation(&self) -> f64 {
        if self.gaps < 2 {
            f64::INFINITY
        } else {
            (self.squares / (self.gaps - 1) as f64).sqrt()
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "gaps are seconds, not years")]
    fn note(&mut self, stamp: i64) {
        let pause = stamp.saturating_sub(self.span.last);
        self.span.note(stamp);
        if pause < PAUSE {
            return;
        }
        let gap = stamp.saturating_sub(self.visit) as f64 / 1e9;
        self.visit = stamp;
        self.gaps += 1;
        let before = gap - self.mean;
        self.mean += before / self.gaps as f64;
        self.squares += before * (gap - self.mean);
    }
}

/// All errands.
#[derive(Clone, Debug)]
pub(super) struct Rhythms {
    pub(super) table: Table<Errand, Rhythm>,
}

impl Rhythms {
    pub(super) fn new(seed: &RandomState) -> Rhythms {
        Rhythms {
            table: Table::new(seed, MAX_ERRANDS),
        }
    }

    /// Notes a packet of whoever began the flow.
    pub(super) fn add(&mut self, digest: &Digest, tally: Tally, last: i64) {
        let (source, destination) = match digest.way {
            Way::Up => (digest.key.low, digest.key.high),
            Way::Down => (digest.key.high, digest.key.low),
        };
        let errand = (source.0, destination.0, digest.key.protocol, destination.1);
        if self.table.is_full() {
            self.table.relieve(|rhythm| rhythm.gaps, |_, _| {});
        }
        let hash = self.table.hash(&errand);
        let rhythm = self.table.entry(hash, &errand, || Rhythm {
            span: Span::at(digest.stamp),
            tally: Tally::default(),
            number: digest.number,
            visit: digest.stamp,
            gaps: 0,
            mean: 0.0,
            squares: 0.0,
        });
        rhythm.tally = rhythm.tally.plus(tally);
        rhythm.note(digest.stamp);
        rhythm.span.note(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visits(milliseconds: &[i64]) -> Rhythm {
        let nanoseconds = milliseconds.iter().map(|&ms| ms * 1_000_000);
        let mut all = nanoseconds.clone();
        let first = all.next().unwrap();
        let mut rhythm = Rhythm {
            span: Span::at(first),
            tally: Tally::default(),
            number: 1,
            visit: first,
            gaps: 0,
            mean: 0.0,
            squares: 0.0,
        };
        nanoseconds.for_each(|stamp| rhythm.note(stamp));
        rhythm
    }

    #[test]
    fn packets_of_one_visit_are_no_gaps() {
        let rhythm = visits(&[0, 100, 1_900, 60_000, 60_500, 120_000]);
        assert_eq!((rhythm.gaps, rhythm.mean), (2, 60.0));
        assert!(rhythm.deviation() < 1e-9);
    }

    #[test]
    fn irregular_visits_deviate() {
        let rhythm = visits(&[0, 10_000, 40_000, 45_000]);
        assert_eq!(rhythm.gaps, 3);
        assert!((rhythm.deviation() - 13.229).abs() < 0.01);
        assert!(visits(&[0, 10_000]).deviation().is_infinite());
    }
}
