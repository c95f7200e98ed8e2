//! How fast each rhythm lets the search go: what knowledge costs in seconds.

use super::curves::{Curve, doubt};
use super::planner::Costs;
use super::rhythm::Rhythm;
use super::traffic::Traffic;

/// Strays a second that the prices reckon with.
const STRAYS: f64 = 0.01;

/// Shares of the belief that a set may hold, for the best of which the price is made.
const SHARES: [f64; 4] = [0.3, 0.4, 0.5, 0.6];

/// What one rhythm costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// Seconds for each nat while several ports are in question.
    pub(super) narrow: f64,
    /// Seconds from even odds to the certainty asked for, with the port mirrored alone.
    pub(super) sure: f64,
}

impl Pace {
    /// Returns the pace of every rhythm, given the chances of silence where nothing is known about the phase.
    pub(super) fn all(
        traffic: &Traffic,
        costs: &Costs,
        dwells: &Curve,
        silent: &[Curve],
    ) -> Vec<Pace> {
        let of = |(entry, silent): (&super::traffic::Entry, &Curve)| Pace {
            narrow: narrow(costs.write, dwells, silent),
            sure: sure(entry.rhythm, costs.enough),
        };
        traffic.rhythms.iter().zip(silent).map(of).collect()
    }
}

/// The fewest seconds a nat that a write and a dwell can take.
fn narrow(write: f64, dwells: &Curve, silent: &Curve) -> f64 {
    let mut best: f64 = 1e-6;
    for share in SHARES {
        let (mut spent, mut before, mut at) = (0.0, 1.0, 0.0);
        for (dwell, silent) in dwells.iter().zip(silent) {
            let quiet = share * silent + 1.0 - share;
            spent += (dwell - at) * 0.5 * (before + quiet);
            (before, at) = (quiet, *dwell);
            best = best.max((doubt(quiet) - share * doubt(*silent)) / (write + spent));
        }
    }
    1.0 / best
}

/// The wait for a first frame, and for as many more as certainty needs.
fn sure(rhythm: Rhythm, enough: f64) -> f64 {
    let (rate, first) = match rhythm {
        Rhythm::Steady { rate } => (rate, 1.0 / rate),
        Rhythm::Beacon { period } => (1.0 / period, 0.5 * period),
        Rhythm::Bursts { rate, pausing, .. } => (rate, pausing),
    };
    let nats_a_frame = (1.0 + rate / STRAYS).ln();
    first + (enough / nats_a_frame - 1.0).max(0.0) / rate
}
