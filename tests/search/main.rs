//! Plays and random worlds for the search, on a virtual clock.

#[path = "../../examples/search-bench/world.rs"]
#[allow(dead_code, reason = "the bench uses the rest of it")]
mod world;

mod cost;
mod outside;

use std::time::Duration;

use halfspan::port::{PortId, PortSet};
use halfspan::search::{Knocks, Observed, Quality, Question, Search, Step, Verdict};
use world::{Dice, Talk, World, moment};

fn question(ports: u16) -> Question {
    Question {
        candidates: (1..=ports).map(|port| (PortId(port), 1.0)).collect(),
        source_limit: None,
        both_directions: false,
        write_time: Duration::from_millis(1500),
        row_time: Duration::ZERO,
        confidence: 0.999,
        max_time: Duration::from_secs(600),
        proof_cycles: 0,
        seed: 1,
    }
}

/// Plays a search to its end in a world where `heard` tells whether a set would sound within the window.
fn play(question: Question, mut hear: impl FnMut(&PortSet, f64) -> Option<f64>) -> (Verdict, f64) {
    let mut search = Search::new(question.clone());
    let mut mirrored = PortSet::new();
    let mut now = 0.0;
    loop {
        let (ports, listen) = match search.next_step() {
            Step::Done(verdict) => return (verdict, now),
            Step::Observe { ports, listen, .. } => (ports, listen.as_secs_f64()),
        };
        if ports != mirrored {
            now += question.write_time.as_secs_f64();
            mirrored = ports.clone();
        }
        let heard = hear(&ports, now).filter(|after| *after < listen);
        let until = moment(now + heard.unwrap_or(listen));
        search.record(Observed {
            ports,
            from: moment(now),
            until,
            sightings: heard.map(|_| until).into_iter().collect(),
            quality: Quality::Alive,
            knocks: Knocks::default(),
        });
        now = until.0.as_secs_f64();
    }
}

fn steady(port: u16) -> impl FnMut(&PortSet, f64) -> Option<f64> {
    move |ports, _| ports.contains(PortId(port)).then_some(0.01)
}

#[test]
fn a_steady_suspect_is_found_with_as_many_cycles_as_asked() {
    for cycles in [0, 1, 3] {
        let question = Question {
            proof_cycles: cycles,
            ..question(24)
        };
        let (verdict, _) = play(question, steady(17));
        let Verdict::Found {
            port, cycles: made, ..
        } = verdict
        else {
            panic!("{verdict:?}")
        };
        assert_eq!((port, made), (PortId(17), cycles));
    }
}

#[test]
fn a_lone_candidate_is_proven_against_nothing_mirrored() {
    let question = Question {
        proof_cycles: 2,
        ..question(1)
    };
    let (verdict, _) = play(question, steady(1));
    let Verdict::Found { cycles, .. } = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(cycles, 2);
}

#[test]
fn a_suspect_that_is_never_heard_is_not_seen() {
    let (verdict, seconds) = play(question(24), |_, _| None);
    assert_eq!(verdict, Verdict::NotSeen, "after {seconds} s");
}

#[test]
fn a_suspect_heard_without_any_mirror_is_elsewhere() {
    let (verdict, _) = play(question(24), |_, _| Some(0.01));
    assert!(matches!(verdict, Verdict::Elsewhere { .. }), "{verdict:?}");
}

#[test]
fn two_ports_that_are_heard_in_turn_are_both_named() {
    let question = Question {
        proof_cycles: 1,
        ..question(24)
    };
    let both = |ports: &PortSet, _| {
        (ports.contains(PortId(3)) || ports.contains(PortId(20))).then_some(0.01)
    };
    let (verdict, _) = play(question, both);
    let Verdict::SeveralPlaces(ports) = verdict else {
        panic!("{verdict:?}")
    };
    assert_eq!(
        ports.iter().map(|(port, _)| port.0).collect::<Vec<_>>(),
        [3, 20]
    );
}

#[test]
fn seeded_worlds_end_with_the_right_port() {
    for seed in 0..40 {
        let suspect = PortId(1 + u16::try_from(seed % 24).unwrap());
        let mut world = World::new(Dice::new(seed), Some(suspect), Talk::Steady(1.0), 0.01, 1.5);
        let mut search = Search::new(Question {
            seed,
            proof_cycles: 1,
            ..question(24)
        });
        let verdict = loop {
            match search.next_step() {
                Step::Done(verdict) => break verdict,
                Step::Observe { ports, listen, .. } => search.record(world.observe(&ports, listen)),
            }
        };
        assert!(
            matches!(verdict, Verdict::Found { port, .. } if port == suspect),
            "{verdict:?}"
        );
    }
}

#[test]
fn no_set_is_larger_than_the_switch_allows() {
    for limit in [1, 4, 8] {
        for seed in 0..10 {
            let suspect = PortId(1 + u16::try_from(seed % 24).unwrap());
            let mut world =
                World::new(Dice::new(seed), Some(suspect), Talk::Steady(5.0), 0.01, 1.5);
            let mut search = Search::new(Question {
                seed,
                proof_cycles: 1,
                source_limit: Some(limit),
                ..question(24)
            });
            let verdict = loop {
                match search.next_step() {
                    Step::Done(verdict) => break verdict,
                    Step::Observe { ports, listen, .. } => {
                        assert!(ports.len() <= limit, "{} of {limit}", ports.len());
                        search.record(world.observe(&ports, listen));
                    }
                }
            };
            assert!(
                matches!(verdict, Verdict::Found { port, .. } if port == suspect),
                "limit {limit}, seed {seed}: {verdict:?}"
            );
        }
    }
}

#[test]
fn a_head_start_that_is_wrong_costs_time_but_not_the_answer() {
    for seed in 0..30 {
        let suspect = PortId(1 + u16::try_from(seed % 24).unwrap());
        let mut wrong = question(24);
        wrong.candidates[usize::try_from((seed + 5) % 24).unwrap()].1 = 9.0 * 23.0;
        let mut world = World::new(
            Dice::new(seed),
            Some(suspect),
            Talk::Steady(100.0),
            0.01,
            1.5,
        );
        let mut search = Search::new(wrong);
        let verdict = loop {
            match search.next_step() {
                Step::Done(verdict) => break verdict,
                Step::Observe { ports, listen, .. } => search.record(world.observe(&ports, listen)),
            }
        };
        assert!(
            matches!(verdict, Verdict::Found { port, .. } if port == suspect),
            "seed {seed}: {verdict:?}"
        );
    }
}
