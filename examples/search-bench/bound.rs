//! What no way of searching can beat: the rhythm is known, there are no strays, one answer in a thousand may be wrong.

use crate::rows::Row;
use crate::world::Talk;

/// The share of answers that may be wrong.
const WRONG: f64 = 0.001;

/// Returns the bound on the mean seconds of a row.
pub(crate) fn bound(row: &Row) -> f64 {
    match row.talk {
        Talk::Steady(rate) => steady(f64::from(row.ports), rate, row.write),
        Talk::Bursty {
            lasting, pausing, ..
        } => bursty(f64::from(row.ports), lasting, pausing, row.write),
    }
}

/// The information that is needed (Fano) by the most that a write and a dwell can bring in a second.
fn steady(ports: f64, rate: f64, write: f64) -> f64 {
    let needed = ports.ln() - doubt(WRONG) - WRONG * (ports - 1.0).ln();
    let mut fastest: f64 = 0.0;
    for share in (1..100).map(|percent| f64::from(percent) / 100.0) {
        for step in 0..400 {
            let dwell = (1e-3 * (6e4_f64).powf(f64::from(step) / 399.0)) / rate;
            let missed = (-rate * dwell).exp();
            let gain = doubt(share * (1.0 - missed)) - share * doubt(missed);
            let spent = share * (1.0 - missed) / rate + (1.0 - share) * dwell;
            fastest = fastest.max(gain / (write + spent));
        }
    }
    needed / fastest
}

/// As if somebody told when a burst begins and ends: a bit for the set it begins in, one more for each write that fits.
fn bursty(ports: f64, lasting: f64, pausing: f64, write: f64) -> f64 {
    let bits_a_burst = 1.0 + 1.0 / ((write / lasting).exp() - 1.0);
    let bursts = (ports.log2() / bits_a_burst).max(1.0);
    let cycle = lasting + pausing;
    pausing * pausing / cycle + (bursts - 1.0) * cycle
}

fn doubt(chance: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    part(chance) + part(1.0 - chance)
}
