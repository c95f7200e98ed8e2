//! What a set is worth: the seconds of the rest of the search that it is expected to save.
//!
//! The rest of the search costs its narrowing (so much for each nat of surprise about the true place), its certainty (so
//! much for the odds that are lacking) and, for a port that was not yet heard alone, the write that mirrors it alone.

use std::f64::consts::LN_2;
use std::ops::Range;

use crate::port::PortId;

use super::curves::{Curve, DWELLS, doubt};

/// Belief below which places are left out of the reckoning.
pub(super) const NEGLIGIBLE: f64 = 1e-9;

/// What a nat about the suspect's rhythm is worth beside one about its place: later dwells are chosen better.
const RHYTHM: f64 = 0.1;

/// The least belief with which a single port may come to hold more than half of it after one window.
const MAY_LEAD: f64 = 1e-3;

/// What the rest of the search costs in seconds, by what is believed about the traffic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Price {
    /// For each nat of surprise.
    pub(super) narrow: f64,
    /// From even odds to certainty.
    pub(super) sure: f64,
    /// A write.
    pub(super) write: f64,
    /// Log-odds beyond which certainty is worth nothing more.
    pub(super) enough: f64,
}

impl Price {
    /// What is saved, beside the narrowing, by a place that has come to hold `mass` of `total`.
    ///
    /// With more than half of the belief it is the place that is tried first: surprise costs it half as much then.
    fn lead(&self, mass: f64, total: f64, alone: bool) -> f64 {
        let rest = (total - mass).max(1e-300);
        if mass <= rest {
            return 0.0;
        }
        let surprise = (total / mass).ln();
        let odds = (mass / rest).ln().min(self.enough);
        let write = if alone {
            self.write * mass / total
        } else {
            0.0
        };
        mass * (self.narrow * 0.5 * (surprise - LN_2) + self.sure * odds / self.enough + write)
    }
}

/// One place in one situation: mirrored still, mirrored now, or not.
#[derive(Clone, Debug)]
pub(super) struct Branch {
    /// The probability that it is the place and is silent so long.
    silent: Curve,
    /// The sum of p ln p over this and its opposite, and what is learnt about the rhythm.
    known: Curve,
}

impl Branch {
    /// A place of probability `chance` with the chances of `silent`; `open` is what they leave open.
    pub(super) fn new(
        silent: &Curve,
        open: Option<&Curve>,
        chance: f64,
        range: &Range<usize>,
    ) -> Self {
        let mut branch = Branch {
            silent: silent.map(|silent| chance * silent),
            known: [0.0; DWELLS],
        };
        for i in range.clone() {
            let quiet = branch.silent[i];
            let learnt = open.map_or(0.0, |open| (doubt(silent[i]) - open[i]).max(0.0));
            branch.known[i] = plogp(quiet) + plogp(chance - quiet) + RHYTHM * chance * learnt;
        }
        branch
    }
}

/// Ports of one class with equal head starts, or one place that no set can hold.
#[derive(Clone, Debug)]
pub(super) struct Group {
    /// The ports; none if no set can hold the place.
    pub(super) members: Vec<PortId>,
    /// How many places they are.
    pub(super) count: usize,
    /// Whether they are mirrored at present.
    pub(super) mirrored: bool,
    /// The probability of each.
    pub(super) chance: f64,
    pub(super) stay: Branch,
    pub(super) into: Branch,
    pub(super) out: Branch,
    /// Whether it is a single port that was heard alone before.
    pub(super) proven: bool,
}

/// A set that may be mirrored next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Choice<'a> {
    /// How many ports of each group it takes; `None` for the present set.
    pub(super) taken: Option<&'a [usize]>,
    /// Seconds that the change takes.
    pub(super) cost: f64,
    /// Whether it is a single port.
    pub(super) alone: bool,
}

/// The belief that the choices of one plan are valued against.
pub(super) struct Scene<'a> {
    groups: &'a [Group],
    price: Price,
    dwells: &'a Curve,
    range: Range<usize>,
    /// The sum of all probabilities.
    all: f64,
    /// The worth of what is known already.
    base: f64,
}

/// A place that may hold more than half of the belief after the window.
struct Leader<'a> {
    chance: f64,
    silent: &'a Curve,
    /// Whether it will have been heard alone, if there is silence and if it is heard.
    proven: bool,
    proven_if_heard: bool,
}

impl<'a> Scene<'a> {
    pub(super) fn new(
        groups: &'a [Group],
        price: Price,
        dwells: &'a Curve,
        range: Range<usize>,
    ) -> Self {
        let sum = |of: fn(&Group) -> f64| groups.iter().map(|g| g.count as f64 * of(g)).sum();
        let all: f64 = sum(|group| group.chance);
        let known: f64 = sum(|group| plogp(group.chance));
        let leader = groups.iter().filter(|g| g.count == 1);
        let lead: f64 = leader.map(|g| price.lead(g.chance, all, g.proven)).sum();
        Scene {
            base: price.narrow * (known - plogp(all)) + lead,
            groups,
            price,
            dwells,
            range,
            all,
        }
    }

    /// Returns the most seconds that a choice saves for each that it takes, and how long to listen for that.
    pub(super) fn value(&self, choice: Choice<'_>) -> (f64, f64) {
        let mut silent = [0.0; DWELLS];
        let mut known = [0.0; DWELLS];
        let mut leaders = Vec::new();
        for (count, branch, group) in self.parts(choice) {
            for i in 0..self.range.end {
                silent[i] += count * branch.silent[i];
                known[i] += count * branch.known[i];
            }
            if count == 1.0 && group.chance > MAY_LEAD {
                let mirrored = match choice.taken {
                    None => group.mirrored && !group.members.is_empty(),
                    Some(_) => std::ptr::eq(branch, &raw const group.into),
                };
                leaders.push(Leader {
                    chance: group.chance,
                    silent: &branch.silent,
                    proven: group.proven,
                    proven_if_heard: group.proven || (choice.alone && mirrored),
                });
            }
        }
        self.best_dwell(choice.cost, &silent, &known, &leaders)
    }

    /// The groups as the choice splits them, negligible ones left out.
    fn parts(&self, choice: Choice<'_>) -> impl Iterator<Item = (f64, &Branch, &Group)> {
        let worth = |group: &&Group| group.chance * group.count as f64 >= NEGLIGIBLE;
        let split = move |(index, group): (usize, &'a Group)| {
            let inside = choice.taken.map_or(0, |taken| taken[index]);
            let outside = group.count - inside;
            match choice.taken {
                None => [(group.count, &group.stay, group), (0, &group.stay, group)],
                Some(_) => [(inside, &group.into, group), (outside, &group.out, group)],
            }
        };
        let groups = self.groups.iter().enumerate();
        groups
            .filter(move |(_, group)| worth(group))
            .flat_map(split)
            .filter(|(count, _, _)| *count > 0)
            .map(|(count, branch, group)| (count as f64, branch, group))
    }

    fn best_dwell(
        &self,
        cost: f64,
        silent: &Curve,
        known: &Curve,
        leaders: &[Leader<'_>],
    ) -> (f64, f64) {
        let (mut spent, mut before, mut at) = (cost, self.all, 0.0);
        let mut best = (f64::MIN, self.dwells[self.range.start]);
        for i in 0..self.range.end {
            spent += (self.dwells[i] - at) * 0.5 * (before + silent[i]);
            (before, at) = (silent[i], self.dwells[i]);
            if i < self.range.start {
                continue;
            }
            let (quiet, heard) = (silent[i], (self.all - silent[i]).max(0.0));
            let mut worth = self.price.narrow * (known[i] - plogp(quiet) - plogp(heard));
            for leader in leaders {
                let mass = leader.silent[i];
                worth += self.price.lead(mass, quiet, leader.proven);
                let mass = leader.chance - mass;
                worth += self.price.lead(mass, heard, leader.proven_if_heard);
            }
            let rate = (worth - self.base) / spent;
            if rate > best.0 {
                best = (rate, self.dwells[i]);
            }
        }
        best
    }
}

/// Returns p ln p.
fn plogp(p: f64) -> f64 {
    if p > 0.0 { p * p.ln() } else { 0.0 }
}
