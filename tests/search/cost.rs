//! What the search costs in mirror changes, as a table: a change of behaviour shows in review.

use std::fmt::Write;
use std::time::Duration;

use halfspan::port::PortId;
use halfspan::search::{Purpose, Question, Search, Step, Verdict};

use crate::question;
use crate::world::{Dice, Talk, World};

const RUNS: u64 = 25;

/// Frames a second that the suspect sends; a mirror that misses some of them shows fewer.
const RATE: f64 = 20.0;

/// Plays one run; returns how often the mirror was changed.
#[expect(clippy::unwrap_used, reason = "a handful of ports")]
fn changes(ports: u16, missed: f64, strays: f64, seed: u64) -> u32 {
    let mut dice = Dice::new(seed);
    let suspect = PortId(1 + u16::try_from(dice.below(u64::from(ports))).unwrap());
    let heard = Talk::Steady(RATE * (1.0 - missed));
    let mut world = World::new(dice, Some(suspect), heard, strays, 1.5);
    let mut search = Search::new(Question {
        seed,
        ..question(ports)
    });
    loop {
        match search.next_step() {
            Step::Observe { ports, listen, .. } => search.record(world.observe(&ports, listen)),
            Step::Done(verdict) => {
                assert!(
                    matches!(verdict, Verdict::Found { port, .. } if port == suspect),
                    "seed {seed}: {verdict:?}"
                );
                return world.writes;
            }
        }
    }
}

#[test]
fn mirror_changes_stay_what_they_are() {
    let mut table = String::from("ports  missed  strays/s  median  95 %\n");
    for ports in [8, 24, 48] {
        for missed in [0.0, 0.95] {
            for strays in [0.0, 0.03] {
                let mut all: Vec<u32> = (0..RUNS)
                    .map(|seed| changes(ports, missed, strays, seed))
                    .collect();
                all.sort_unstable();
                let at = |share: usize| all[all.len() * share / 100];
                writeln!(
                    table,
                    "{ports:>5}{missed:>8}{strays:>10}{:>8}{:>6}",
                    at(50),
                    at(95)
                )
                .unwrap();
            }
        }
    }
    insta::assert_snapshot!(table, @r"
    ports  missed  strays/s  median  95 %
        8       0         0       4     7
        8       0      0.03       4     4
        8    0.95         0       6     9
        8    0.95      0.03       7    10
       24       0         0       6    10
       24       0      0.03       5     6
       24    0.95         0       9    14
       24    0.95      0.03       9    15
       48       0         0       6     7
       48       0      0.03       6     7
       48    0.95         0      10    14
       48    0.95      0.03      11    18
    ");
}

/// The most mirror changes before the proof that a steady suspect on a switch of 24 ports may cost.
const MOST_CHANGES_STEADY: u32 = 7;

/// Plays a run on a quick switch whose mirror takes a row for each port; returns the changes before the first step of
/// the proof.
#[expect(clippy::unwrap_used, reason = "a handful of ports")]
fn changes_before_the_proof(seed: u64) -> u32 {
    let mut dice = Dice::new(seed);
    let suspect = PortId(1 + u16::try_from(dice.below(22)).unwrap());
    let mut world = World::new(dice, Some(suspect), Talk::Steady(100.0), 0.0, 0.1);
    let mut search = Search::new(Question {
        write_time: Duration::from_secs(1),
        row_time: Duration::from_millis(20),
        proof_cycles: 2,
        seed,
        ..question(22)
    });
    loop {
        match search.next_step() {
            Step::Observe {
                purpose: Purpose::ProofOn | Purpose::ProofOff,
                ..
            } => return world.writes,
            Step::Observe { ports, listen, .. } => search.record(world.observe(&ports, listen)),
            Step::Done(verdict) => panic!("seed {seed}: {verdict:?} without a proof"),
        }
    }
}

#[test]
fn a_steady_suspect_costs_few_changes() {
    for seed in 0..100 {
        let changes = changes_before_the_proof(seed);
        assert!(
            changes <= MOST_CHANGES_STEADY,
            "seed {seed}: {changes} changes"
        );
    }
}
