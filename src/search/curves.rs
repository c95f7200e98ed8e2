//! How likely silence is, for every rhythm and every length of listening: the tables that a plan is made from.
//!
//! What silence would be worth is not decided here.

use super::answers::Readiness;
use super::filter::{Class, DEAD_WHILE_ALIVE};
use super::traffic::Traffic;

/// How many lengths of listening are weighed, from [`SHORTEST`] seconds on, each [`RATIO`] times the one before: up to
/// two minutes, finely enough that the best one is missed by a few per cent of time only.
pub(super) const DWELLS: usize = 26;
const SHORTEST: f64 = 0.01;
const RATIO: f64 = 1.46;

/// How knocks are planned on: the first at once, then so many a second, each answered within a few milliseconds. What
/// was really sent is told in [`super::Knocks`].
const KNOCKS_PER_SECOND: f64 = 10.0;
const TIME_TO_ANSWER: f64 = 0.03;

/// Weights below this share of their class cannot move a curve by as much as a choice needs.
const NEGLIGIBLE: f64 = 1e-6;

/// One number for each length of listening.
pub(super) type Curve = [f64; DWELLS];

/// The tables, worked out once.
#[derive(Clone, Debug)]
pub(super) struct Curves {
    /// The lengths of listening in seconds.
    pub(super) dwells: Curve,
    /// For each state of each rhythm, the chance of silence: from now on, and after a write.
    stay: Vec<Curve>,
    into: Vec<Curve>,
    /// What is not known beforehand about whether there will be silence, in nats, if the state is known.
    stay_open: Vec<Curve>,
    into_open: Vec<Curve>,
    /// For each rate of strays, the chance that there is none.
    quiet: Vec<Curve>,
}

/// What is expected of a class of places if its ports stay mirrored, are mirrored by a write, or are not mirrored.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// The chances of silence.
    pub(super) stay: Curve,
    pub(super) into: Curve,
    pub(super) out: Curve,
    /// What is not known beforehand about silence, in nats, once place, rhythm and state are.
    pub(super) stay_open: Curve,
    pub(super) into_open: Curve,
}

impl Expected {
    /// A place so unlikely that nothing is expected of it.
    pub(super) const NOTHING: Expected = Expected {
        stay: [1.0; DWELLS],
        into: [1.0; DWELLS],
        out: [1.0; DWELLS],
        stay_open: [0.0; DWELLS],
        into_open: [0.0; DWELLS],
    };
}

impl Curves {
    /// Works out the tables for writes that take so many seconds.
    pub(super) fn new(traffic: &Traffic, write: f64) -> Self {
        let mut dwells = [0.0; DWELLS];
        let mut dwell = SHORTEST;
        for cell in &mut dwells {
            *cell = dwell;
            dwell *= RATIO;
        }
        let mut stay = Vec::with_capacity(traffic.states);
        let mut into = Vec::with_capacity(traffic.states);
        for entry in &traffic.rhythms {
            let states = entry.rhythm.states();
            let silent = dwells.map(|dwell| entry.rhythm.silent(dwell));
            let here = |state: usize| silent.map(|moves| moves[state].iter().sum::<f64>());
            let moved = entry.rhythm.unheard(write);
            stay.extend((0..states).map(here));
            into.extend(moved.iter().take(states).map(|row| {
                let mut after = [0.0; DWELLS];
                for (state, chance) in row.iter().enumerate().take(states) {
                    add(&mut after, &here(state), *chance);
                }
                after
            }));
        }
        let open = |curves: &[Curve]| curves.iter().map(|curve| curve.map(doubt)).collect();
        Curves {
            dwells,
            stay_open: open(&stay),
            into_open: open(&into),
            stay,
            into,
            quiet: traffic
                .strays
                .iter()
                .map(|(rate, _)| dwells.map(|dwell| (-rate * dwell).exp()))
                .collect(),
        }
    }

    /// Returns the chance of silence after a write for each rhythm, when nothing is known about its phase.
    pub(super) fn typical(&self, traffic: &Traffic) -> Vec<Curve> {
        let of = |entry: &super::traffic::Entry| {
            let mut typical = [0.0; DWELLS];
            for state in 0..entry.rhythm.states() {
                let share = entry.rhythm.at_first(state);
                add(&mut typical, &self.stay[entry.first + state], share);
            }
            typical
        };
        traffic.rhythms.iter().map(of).collect()
    }

    /// The chance that a mirrored suspect leaves the knocks of each length of listening unanswered.
    pub(super) fn unanswered(&self, readiness: &Readiness) -> Curve {
        self.dwells
            .map(|dwell| readiness.silent_after(knocks_within(dwell)))
    }

    /// Returns what is expected of `class`.
    pub(super) fn expected(&self, class: &Class, unanswered: &Curve) -> Expected {
        let mass = class.mass();
        let all = class.weights();
        let out = self.strays_only(&all);
        let mut into = self.mix(&all, &self.into, mass);
        for ((cell, out), unanswered) in into.iter_mut().zip(out).zip(unanswered) {
            *cell = *cell * (1.0 - DEAD_WHILE_ALIVE) * unanswered + out * DEAD_WHILE_ALIVE;
        }
        let (mut stay, mut stay_open) = (out, [0.0; DWELLS]);
        if class.mirrored {
            stay = self.mix(class.weights_heard(), &self.stay, mass);
            let missed = self.strays_only(class.weights_missed());
            for ((cell, unanswered), missed) in stay.iter_mut().zip(unanswered).zip(missed) {
                *cell = *cell * unanswered + missed;
            }
            stay_open = self.mix(class.weights_heard(), &self.stay_open, mass);
        }
        let of_one = |curve: Curve| curve.map(|value| (value / mass).min(1.0));
        Expected {
            stay: of_one(stay),
            into: of_one(into),
            out: of_one(out),
            stay_open: of_one(stay_open),
            into_open: of_one(self.mix(&all, &self.into_open, mass)),
        }
    }

    /// Returns the chance of silence of a suspect of `class` that is heard from this moment on, without a write before.
    pub(super) fn expected_at_once(&self, class: &Class, unanswered: &Curve) -> Curve {
        let mass = class.mass();
        let mut silent = self.mix(&class.weights(), &self.stay, mass);
        for (cell, unanswered) in silent.iter_mut().zip(unanswered) {
            *cell = (*cell * unanswered / mass).min(1.0);
        }
        silent
    }

    /// Sums up a table, weighed by what is believed about the traffic.
    fn mix(&self, weights: &[f64], table: &[Curve], mass: f64) -> Curve {
        let mut total = [0.0; DWELLS];
        for (layer, quiet) in weights.chunks_exact(table.len()).zip(&self.quiet) {
            let mut sum = [0.0; DWELLS];
            for (weight, curve) in layer.iter().zip(table) {
                if *weight >= mass * NEGLIGIBLE {
                    add(&mut sum, curve, *weight);
                }
            }
            for ((cell, value), quiet) in total.iter_mut().zip(sum).zip(quiet) {
                *cell += value * quiet;
            }
        }
        total
    }

    /// The chance of silence where only strays are heard.
    fn strays_only(&self, weights: &[f64]) -> Curve {
        let mut total = [0.0; DWELLS];
        for (layer, quiet) in weights.chunks_exact(self.stay.len()).zip(&self.quiet) {
            add(&mut total, quiet, layer.iter().sum());
        }
        total
    }
}

/// Returns how open a question with that chance is, in nats.
pub(super) fn doubt(chance: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.ln() } else { 0.0 };
    part(chance) + part(1.0 - chance)
}

fn add(total: &mut Curve, curve: &Curve, weight: f64) {
    for (cell, value) in total.iter_mut().zip(curve) {
        *cell += weight * value;
    }
}

/// How many knocks leave time for an answer in so many seconds of listening.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small count, rounded down"
)]
fn knocks_within(seconds: f64) -> u32 {
    if seconds < TIME_TO_ANSWER {
        0
    } else {
        1 + ((seconds - TIME_TO_ANSWER) * KNOCKS_PER_SECOND) as u32
    }
}
