//! MACs: what each sent and received, within bounded memory.

use foldhash::fast::RandomState;

use super::table::Table;
use super::tally::{Tally, Traffic};
use crate::mac::Mac;

/// How many MACs are counted at most.
const MAX_MACS: usize = 1 << 16;
/// How many pairs may be under way. A power of two.
const RUNS: usize = 64;

/// What MACs sent and received.
///
/// Frames come in runs between the same two stations: these are added up by pair first, so that not every frame costs
/// two look-ups.
#[derive(Clone, Debug)]
pub(super) struct Macs {
    table: Table<Mac, Traffic>,
    runs: [Run; RUNS],
}

/// Frames from one station to another that are not in the table yet.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    src: Option<Mac>,
    dst: Option<Mac>,
    tally: Tally,
}

impl Macs {
    pub(super) fn new(seed: &RandomState) -> Macs {
        Macs {
            table: Table::new(seed, MAX_MACS),
            runs: [Run::default(); RUNS],
        }
    }

    /// Counts frames.
    #[inline]
    pub(super) fn note(&mut self, src: Option<Mac>, dst: Option<Mac>, tally: Tally) {
        let run = &mut self.runs[place(src, dst)];
        if run.src == src && run.dst == dst {
            run.tally = run.tally.plus(tally);
        } else {
            let ended = std::mem::replace(run, Run { src, dst, tally });
            self.enter(ended);
        }
    }

    /// Adds what another one counted.
    pub(super) fn merge(&mut self, other: Macs) {
        let table = other.into_table();
        self.table.add_lost(&table);
        for (mac, traffic) in table.iter() {
            let sum = self.of(*mac);
            *sum = sum.plus(*traffic);
        }
    }

    /// Ends the counting.
    pub(super) fn into_table(mut self) -> Table<Mac, Traffic> {
        for run in self.runs {
            self.enter(run);
        }
        self.table
    }

    fn enter(&mut self, run: Run) {
        if let Some(src) = run.src {
            let sent = &mut self.of(src).sent;
            *sent = sent.plus(run.tally);
        }
        if let Some(dst) = run.dst {
            let received = &mut self.of(dst).received;
            *received = received.plus(run.tally);
        }
    }

    fn of(&mut self, mac: Mac) -> &mut Traffic {
        if self.table.is_full() {
            self.table
                .relieve(|traffic| traffic.both().bytes, |_, _| {});
        }
        let hash = self.table.hash(&mac);
        self.table.entry(hash, &mac, Traffic::default)
    }
}

/// Any place will do, if it is soon found: two pairs with the same one only make each other's runs short.
#[inline]
fn place(src: Option<Mac>, dst: Option<Mac>) -> usize {
    let last = |mac: Option<Mac>| usize::from(mac.map_or(0, |mac| mac.0[5]));
    (last(src) ^ (last(dst) << 1)) % RUNS
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn runs_change_no_sum() {
        let mut macs = Macs::new(&RandomState::default());
        let mut other = Macs::new(&RandomState::default());
        let mut truth: HashMap<Mac, Traffic> = HashMap::new();
        for number in 0..10_000_u64 {
            // Runs of three between stations of which many share a place.
            let run = number / 3 * 2_654_435_761;
            let mac = |bits: u64| Mac([2, 0, 0, 0, (bits % 7) as u8, (bits % 251) as u8]);
            let (src, dst) = (mac(run), (run % 5 > 0).then(|| mac(run >> 8)));
            let tally = Tally {
                packets: 1,
                bytes: number,
            };
            let half = if number % 2 == 0 {
                &mut macs
            } else {
                &mut other
            };
            half.note(Some(src), dst, tally);
            let sent = &mut truth.entry(src).or_default().sent;
            *sent = sent.plus(tally);
            if let Some(dst) = dst {
                let received = &mut truth.entry(dst).or_default().received;
                *received = received.plus(tally);
            }
        }
        macs.merge(other);
        let table = macs.into_table();
        assert_eq!(table.len(), truth.len());
        assert!(table.iter().all(|(mac, traffic)| truth[mac] == *traffic));
    }
}
