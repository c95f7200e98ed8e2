//! One run of the search in one seeded world.

use std::time::Duration;

use halfspan::port::PortId;
use halfspan::search::{Question, Search, Step, Verdict};

use crate::rows::Row;
use crate::world::{Dice, World};

/// No run takes longer than this.
pub(crate) const LONGEST: f64 = 3600.0;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Outcome {
    Right,
    Wrong,
    Undecided,
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    pub(crate) writes: f64,
    pub(crate) outcome: Outcome,
    /// The confidence stated with an answer.
    pub(crate) stated: f64,
}

/// The world of a seed, with the suspect on a port drawn from it.
pub(crate) fn world(row: &Row, seed: u64) -> (World, PortId) {
    let mut dice = Dice::new(seed);
    let suspect = port(dice.below(u64::from(row.ports)));
    let world = World::new(dice, Some(suspect), row.talk, row.strays, row.write);
    (world, suspect)
}

/// Returns the port with an index.
pub(crate) fn port(index: u64) -> PortId {
    PortId(u16::try_from(index + 1).unwrap())
}

/// Plays the search.
pub(crate) fn search(row: &Row, seed: u64) -> Run {
    let (mut world, suspect) = world(row, seed);
    let mut search = Search::new(question(row, suspect, seed));
    let verdict = loop {
        match search.next_step() {
            Step::Done(verdict) => break verdict,
            Step::Observe { ports, listen, .. } => search.record(world.observe(&ports, listen)),
        }
    };
    let (outcome, stated) = match verdict {
        Verdict::Found {
            port, confidence, ..
        } if port == suspect => (Outcome::Right, confidence),
        Verdict::Found { confidence, .. } | Verdict::Elsewhere { confidence } => {
            (Outcome::Wrong, confidence)
        }
        Verdict::Undecided(_) => (Outcome::Undecided, 0.0),
        Verdict::NotSeen | Verdict::SeveralPlaces(_) => (Outcome::Wrong, 1.0),
    };
    Run {
        seconds: world.now,
        writes: f64::from(world.writes),
        outcome,
        stated,
    }
}

/// What a row asks of the search. A head start holds nine tenths of the belief.
pub(crate) fn question(row: &Row, suspect: PortId, seed: u64) -> Question {
    let ports = u64::from(row.ports);
    let mut candidates: Vec<(PortId, f64)> = (0..ports).map(|i| (port(i), 1.0)).collect();
    if let Some(right) = row.hint {
        // The world's own dice must not depend on the hint, so that rows are played in the same worlds.
        let mut dice = Dice::new(!seed);
        let hinted = if dice.uniform() < right {
            suspect
        } else {
            let others = candidates.iter().filter(|(port, _)| *port != suspect);
            let other = dice.below(ports - 1);
            others
                .map(|(port, _)| *port)
                .nth(usize::try_from(other).unwrap())
                .unwrap()
        };
        candidates[usize::from(hinted.0) - 1].1 = 9.0 * (ports - 1) as f64;
    }
    Question {
        candidates,
        source_limit: row.limit,
        both_directions: false,
        write_time: Duration::from_secs_f64(row.write),
        row_time: Duration::ZERO,
        confidence: row.confidence,
        max_time: Duration::from_secs_f64(LONGEST),
        proof_cycles: 0,
        seed,
    }
}
