//! What is thought of a suspect's traffic before anything was heard: every rhythm with every rate of strays.

use super::rhythm::Rhythm;

/// A rhythm, how likely it is beforehand, and where its states are in a list of all states.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) rhythm: Rhythm,
    pub(super) prior: f64,
    pub(super) first: usize,
}

/// All hypotheses about the traffic: each rhythm together with each rate of strays.
#[derive(Clone, Debug)]
pub(super) struct Traffic {
    /// The rhythms.
    pub(super) rhythms: Vec<Entry>,
    /// The rates of strays a second, each with its probability beforehand.
    pub(super) strays: Vec<(f64, f64)>,
    /// The number of states of all rhythms together.
    pub(super) states: usize,
}

/// Belief beforehand in a suspect that talks at random, in bursts, or like a clock.
const STEADY: f64 = 0.72;
const BURSTS: f64 = 0.26;
const BEACONS: f64 = 0.02;

/// The slowest and the fastest steady rate thought of, in frames a second, and how many lie between them.
const SLOWEST: f64 = 0.02;
const FASTEST: f64 = 500.0;
const RATES: u32 = 14;

/// Below this rate a steady suspect is ever less likely beforehand, by the square root: a rate as slow as the strays
/// is the hypothesis that takes strays for the suspect.
const UNLIKELY_BELOW: f64 = 0.3;

/// Fast suspects are a little likelier beforehand than slow ones, by this power of the rate.
const TILT: f64 = 0.1;

/// Frames a second within a burst, and the mean lengths of bursts and pauses in seconds; the first two
/// each with its weight. A burst of a few frames looks like a slow steady suspect and makes its silence say less.
const BURST_RATES: [(f64, f64); 2] = [(7.0, 0.3), (70.0, 1.0)];
const LASTING: [(f64, f64); 3] = [(0.4, 0.3), (1.6, 1.0), (6.0, 1.0)];
const PAUSING: [f64; 3] = [6.0, 24.0, 80.0];

/// Periods of beacons in seconds.
const PERIODS: [f64; 5] = [0.25, 1.0, 4.0, 15.0, 60.0];

/// Strays a second and how likely each rate is beforehand. The last two are floods.
const STRAYS: [(f64, f64); 6] = [
    (1e-4, 0.05),
    (3e-3, 0.3),
    (0.013, 0.65),
    (0.04, 0.005),
    (0.3, 1e-4),
    (3.0, 1e-4),
];

impl Traffic {
    /// The hypotheses the search starts from.
    pub(super) fn unknown() -> Self {
        let mut bursts = Vec::new();
        for (rate, likely) in BURST_RATES {
            for (lasting, plausible) in LASTING {
                for pausing in PAUSING {
                    let rhythm = Rhythm::Bursts {
                        rate,
                        lasting,
                        pausing,
                    };
                    bursts.push((rhythm, likely * plausible));
                }
            }
        }
        let beacons = PERIODS.map(|period| (Rhythm::Beacon { period }, 1.0));
        let mut kinds = sharing(STEADY, steady());
        kinds.extend(sharing(BURSTS, bursts));
        kinds.extend(sharing(BEACONS, beacons.to_vec()));
        Self::new(kinds, STRAYS.to_vec())
    }

    fn new(kinds: Vec<(Rhythm, f64)>, strays: Vec<(f64, f64)>) -> Self {
        let mut first = 0;
        let place = |(rhythm, prior): (Rhythm, f64)| {
            let entry = Entry {
                rhythm,
                prior,
                first,
            };
            first += rhythm.states();
            entry
        };
        let rhythms = kinds.into_iter().map(place).collect();
        Traffic {
            rhythms,
            strays,
            states: first,
        }
    }

    /// Returns the number of weights that one port needs: states times rates of strays.
    pub(super) fn len(&self) -> usize {
        self.states * self.strays.len()
    }

    /// Returns the weights before anything was heard; the weights of one rate of strays stand together.
    pub(super) fn prior(&self) -> Vec<f64> {
        let mut weights = Vec::with_capacity(self.len());
        for (_, chance) in &self.strays {
            for entry in &self.rhythms {
                let states = 0..entry.rhythm.states();
                weights.extend(states.map(|s| chance * entry.prior * entry.rhythm.at_first(s)));
            }
        }
        weights
    }
}

/// Steady rates, evenly spread over their logarithm, each with its weight.
fn steady() -> Vec<(Rhythm, f64)> {
    let step = (FASTEST / SLOWEST).ln() / f64::from(RATES - 1);
    let rates = (0..RATES).map(|i| SLOWEST * (step * f64::from(i)).exp());
    let weight = |rate: f64| (rate / UNLIKELY_BELOW).min(1.0).sqrt() * rate.powf(TILT);
    rates
        .map(|rate| (Rhythm::Steady { rate }, weight(rate)))
        .collect()
}

/// Rhythms that share a belief by their weights.
fn sharing(belief: f64, rhythms: Vec<(Rhythm, f64)>) -> Vec<(Rhythm, f64)> {
    let total: f64 = rhythms.iter().map(|(_, weight)| weight).sum();
    let share = |(rhythm, weight)| (rhythm, belief * weight / total);
    rhythms.into_iter().map(share).collect()
}
