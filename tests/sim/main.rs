//! Scenarios for the whole loop, on a virtual clock: each file in `scenarios/` describes a switch, its hosts and
//! faults, and what has to come out. A scenario is data; adding one needs no Rust.

#![expect(
    clippy::unwrap_used,
    reason = "a scenario that cannot be read has to fail loudly"
)]

mod random;
mod scenario;
mod world;

use std::collections::BTreeSet;
use std::path::Path;

use halfspan::clock::Clock;
use halfspan::locate::candidates::{PROOF_CYCLES, cost_of_change};
use halfspan::locate::{Evidence, Instruments, LocateError, drive};
use halfspan::mirror::Mirror;
use halfspan::port::{PortId, PortSet};
use halfspan::search::{Purpose, Question, Verdict};
use halfspan::stimulus::Stimulus;

use scenario::{Expected, Scenario};
use world::{FakeDoor, World};

/// Plays one scenario with one seed; returns what came out and how often the switch was written to.
fn play(scenario: &Scenario, seed: u64) -> Played {
    let world = World::new(scenario, seed);
    let candidates: PortSet = (1..=scenario.switch.ports).map(PortId).collect();
    let (mut mirror, mut sniffer, clock) = world.instruments();
    let limits = mirror.limits().clone();
    let question = Question {
        candidates: candidates.iter().map(|port| (port, 1.0)).collect(),
        source_limit: limits.sources,
        both_directions: false,
        write_time: cost_of_change(&limits),
        row_time: limits.row_time,
        confidence: 0.999,
        max_time: scenario.max_time(),
        seed,
        proof_cycles: PROOF_CYCLES,
    };
    let door = Box::new(FakeDoor(world.clone()));
    let knocks = scenario.suspect.answers.is_some();
    let mut stimulus = knocks.then(|| Stimulus::new(door, seed));
    let instruments = Instruments {
        mirror: &mut mirror,
        borrowed: false,
        sniffer: &mut sniffer,
        stimulus: stimulus.as_mut(),
        whereabouts: None,
        clock: &clock,
        interrupted: &|| false,
        observer: &mut |_| {},
        recorder: None,
    };
    let mut evidence = Evidence::default();
    let result = drive(question, instruments, &mut evidence);
    let seconds = clock.now().0.as_secs_f64();
    let restored = mirror.restore().is_ok() && mirror.sources().is_ok_and(|left| left.is_empty());
    match result {
        Ok(verdict) => {
            let before_proof = evidence
                .windows
                .iter()
                .take_while(|w| !matches!(w.purpose, Purpose::ProofOn | Purpose::ProofOff))
                .map(|w| w.observed.ports.clone())
                .fold((0, PortSet::new()), |(changes, last), now| {
                    (changes + u32::from(now != last), now)
                })
                .0;
            Played {
                outcome: outcome(&verdict),
                changes: before_proof,
                seconds,
                restored,
            }
        }
        Err(error) => Played {
            outcome: Expected::Error(kind(&error)),
            changes: 0,
            seconds,
            restored,
        },
    }
}

struct Played {
    outcome: Expected,
    changes: u32,
    seconds: f64,
    restored: bool,
}

fn outcome(verdict: &Verdict) -> Expected {
    match verdict {
        Verdict::Found { port, .. } => Expected::Found(port.0),
        Verdict::NotSeen => Expected::NotSeen,
        Verdict::Elsewhere { .. } => Expected::Elsewhere,
        Verdict::SeveralPlaces(ports) => Expected::SeveralPlaces(
            ports
                .iter()
                .map(|(port, _)| port.0)
                .collect::<BTreeSet<_>>(),
        ),
        Verdict::Undecided(_) => Expected::Undecided,
    }
}

fn kind(error: &LocateError) -> String {
    match error {
        LocateError::DeadMirror { .. } => "dead_mirror".to_owned(),
        LocateError::Mirror(_)
        | LocateError::Sniff(_)
        | LocateError::Interrupted
        | LocateError::Record(_) => error.to_string(),
    }
}

#[test]
fn every_scenario_ends_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty());
    let mut failures = Vec::new();
    for file in &files {
        let scenario = Scenario::load(file);
        for seed in 0..scenario.seeds {
            let played = play(&scenario, seed);
            let name = file.file_stem().unwrap().to_string_lossy();
            if !scenario.expect.accepts(&played.outcome) {
                failures.push(format!("{name}, seed {seed}: {:?}", played.outcome));
            }
            if played.changes > scenario.expect.mirror_changes_at_most {
                failures.push(format!(
                    "{name}, seed {seed}: {} mirror changes before the proof",
                    played.changes
                ));
            }
            if played.seconds > scenario.expect.seconds_at_most.into() {
                failures.push(format!(
                    "{name}, seed {seed}: it took {:.0} s",
                    played.seconds
                ));
            }
            if !played.restored {
                failures.push(format!("{name}, seed {seed}: the mirror was left changed"));
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} failures:\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// How much longer a suspect may take that says nothing by itself.
const WOKEN_AT_MOST: f64 = 1.3;

#[test]
fn a_suspect_that_has_to_be_woken_takes_hardly_longer_than_a_steady_one() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/scenarios");
    let seconds = |name: &str| -> f64 {
        let scenario = Scenario::load(&folder.join(name));
        (0..scenario.seeds)
            .map(|seed| play(&scenario, seed).seconds)
            .sum()
    };
    let ratio = seconds("slow_switch_woken.yaml") / seconds("slow_switch_steady.yaml");
    assert!(ratio <= WOKEN_AT_MOST, "{ratio:.2} times as long");
}
