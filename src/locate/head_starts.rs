//! How likely each candidate is before anything was heard. Pure.
//!
//! Every head start is a weight that may be wrong: frames decide all the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::mac::Mac;
use crate::port::{PortId, PortSet};

/// The share of belief that a forwarding table's row gets: tables are good nine times in ten.
const TABLE_SHARE: f64 = 0.9;

/// The share of belief that the port of the last search gets: machines are moved, outlets patched anew.
const LAST_SEARCH_SHARE: f64 = 0.75;

/// The most that a port gets whatever speaks for it, so that it is never cheaper to believe than to listen.
const MOST: f64 = 0.97;

/// Machines on a port beyond which more of them make it no likelier.
const MANY: usize = 32;

/// What is known before anything was heard.
#[derive(Clone, Debug, Default)]
pub(super) struct HeadStarts<'a> {
    /// Where the forwarding table has the suspect.
    pub(super) table_says: Option<PortId>,
    /// Where the last search found it.
    pub(super) last_search: Option<PortId>,
    /// Whom the switch has learned on each port, where that was read.
    pub(super) learned: Option<&'a BTreeMap<PortId, BTreeSet<Mac>>>,
}

impl HeadStarts<'_> {
    /// Weighs the candidates; 1 is the weight of a port of which nothing is known.
    ///
    /// A port with many machines behind it is likelier to be the one of any machine that the table does not name, in
    /// proportion to their number.
    #[must_use]
    pub(super) fn weigh(&self, candidates: &PortSet) -> BTreeMap<PortId, f64> {
        let machines = |port: PortId| {
            let learned = self.learned.and_then(|learned| learned.get(&port));
            learned.map_or(0, BTreeSet::len).clamp(1, MANY)
        };
        #[expect(clippy::cast_precision_loss, reason = "at most MANY")]
        let mut weights: BTreeMap<PortId, f64> = candidates
            .iter()
            .map(|port| (port, machines(port) as f64))
            .collect();
        for (port, share) in [
            (self.last_search, LAST_SEARCH_SHARE),
            (self.table_says, TABLE_SHARE),
        ] {
            if let Some(port) = port {
                favour(&mut weights, port, share);
            }
        }
        weights
    }
}

/// Gives `port` so large a share of the belief, more if it was the likeliest already.
fn favour(weights: &mut BTreeMap<PortId, f64>, port: PortId, share: f64) {
    let all: f64 = weights.values().sum();
    let Some(own) = weights.get_mut(&port) else {
        return;
    };
    let others = all - *own;
    if others <= 0.0 {
        return; // it is the only one
    }
    // Said against all others together, however many they are.
    let odds = share / (1.0 - share) * (*own / others).max(1.0);
    *own = others * odds.min(MOST / (1.0 - MOST));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(ids: &[u16]) -> PortSet {
        ids.iter().copied().map(PortId).collect()
    }

    fn share(weights: &BTreeMap<PortId, f64>, port: u16) -> f64 {
        weights[&PortId(port)] / weights.values().sum::<f64>()
    }

    #[test]
    fn the_table_favours_its_port_nine_to_one_and_only_a_candidate() {
        let says = |port| HeadStarts {
            table_says: Some(PortId(port)),
            ..HeadStarts::default()
        };
        let weights = says(2).weigh(&set(&[1, 2, 3]));
        assert!((share(&weights, 2) - 0.9).abs() < 1e-9);
        let weights = says(9).weigh(&set(&[1, 2, 3]));
        assert!(weights.values().all(|w| (*w - 1.0).abs() < f64::EPSILON));
    }

    #[test]
    fn the_last_search_is_believed_less_than_the_table() {
        let both = HeadStarts {
            table_says: Some(PortId(2)),
            last_search: Some(PortId(3)),
            learned: None,
        };
        let weights = both.weigh(&set(&[1, 2, 3, 4]));
        assert!(share(&weights, 2) > share(&weights, 3));
        assert!(share(&weights, 3) > share(&weights, 1));
    }

    #[test]
    fn what_agrees_counts_more_than_each_but_never_all() {
        let both = HeadStarts {
            table_says: Some(PortId(2)),
            last_search: Some(PortId(2)),
            learned: None,
        };
        let weights = both.weigh(&set(&(1..=24).collect::<Vec<_>>()));
        assert!(share(&weights, 2) > 0.9 && share(&weights, 2) <= MOST + 1e-9);
    }

    #[test]
    fn a_port_with_many_machines_is_likelier() {
        let macs = |count: u8| (0..count).map(|n| Mac([2, 0, 0, 0, 0, n])).collect();
        let learned = BTreeMap::from([(PortId(1), macs(6)), (PortId(2), macs(1))]);
        let starts = HeadStarts {
            learned: Some(&learned),
            ..HeadStarts::default()
        };
        let weights = starts.weigh(&set(&[1, 2, 3]));
        assert!((share(&weights, 1) - 0.75).abs() < 1e-9);
    }
}
