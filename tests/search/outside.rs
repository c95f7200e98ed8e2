//! Worlds that the model does not know: an answer may be missing there, but it is never wrong, and there is an end.

use std::time::Duration;

use halfspan::port::{PortId, PortSet};
use halfspan::search::{Knocks, Observed, Quality, Question, Search, Step, Verdict};

use crate::question;
use crate::world::{Dice, Talk, World, moment};

const PORTS: u16 = 24;
const WORLDS: u64 = 30;
const LONGEST: Duration = Duration::from_secs(180);

/// Plays a search in a world that `change` may alter before each window.
fn play(
    world: &mut World,
    seed: u64,
    proof_cycles: u32,
    mut observe: impl FnMut(&mut World, &PortSet, Duration) -> Observed,
) -> Verdict {
    let mut search = Search::new(Question {
        seed,
        proof_cycles,
        max_time: LONGEST,
        ..question(PORTS)
    });
    loop {
        match search.next_step() {
            Step::Done(verdict) => return verdict,
            Step::Observe { ports, listen, .. } => search.record(observe(world, &ports, listen)),
        }
    }
}

fn world(seed: u64, talk: Talk) -> (World, PortId) {
    let mut dice = Dice::new(seed);
    let suspect = any_port(&mut dice);
    (World::new(dice, Some(suspect), talk, 0.01, 1.5), suspect)
}

#[expect(clippy::unwrap_used, reason = "a handful of ports and rhythms")]
fn any_port(dice: &mut Dice) -> PortId {
    PortId(1 + u16::try_from(dice.below(u64::from(PORTS))).unwrap())
}

/// The rhythms that are played, the one for the seed.
#[expect(clippy::unwrap_used, reason = "a handful of ports and rhythms")]
fn talk(seed: u64) -> Talk {
    let bursty = Talk::Bursty {
        rate: 50.0,
        lasting: 2.0,
        pausing: 20.0,
    };
    [Talk::Steady(20.0), Talk::Steady(1.0), bursty][usize::try_from(seed % 3).unwrap()]
}

/// The time at which a world changes.
fn some_time(dice: &mut Dice) -> f64 {
    2.0 + 40.0 * dice.uniform()
}

#[test]
fn a_suspect_that_moves_in_mid_run_is_never_said_to_be_where_it_was() {
    for seed in 0..WORLDS {
        let (mut world, old) = world(seed, talk(seed));
        let (when, new) = (some_time(&mut world.dice), any_port(&mut world.dice));
        let mut moved_for = 0.0;
        let verdict = play(&mut world, seed, 2, |world, ports, listen| {
            if world.now > when {
                world.suspect = Some(new);
                moved_for = world.now - when;
            }
            world.observe(ports, listen)
        });
        if let Verdict::Found { port, .. } = verdict {
            let there = if moved_for > 0.0 { new } else { old };
            assert_eq!(port, there, "seed {seed}: {moved_for} s after the move");
        }
    }
}

#[test]
fn a_suspect_that_stops_for_good_is_found_before_or_not_at_all() {
    for seed in 0..WORLDS {
        let (mut world, suspect) = world(seed, talk(seed));
        let when = some_time(&mut world.dice);
        for cycles in [0, 2] {
            let mut world = world.clone();
            let verdict = play(&mut world, seed, cycles, |world, ports, listen| {
                if world.now > when {
                    world.suspect = None;
                }
                world.observe(ports, listen)
            });
            assert_not_wrong(&verdict, suspect, seed);
        }
    }
}

#[test]
fn a_flood_that_ends_before_the_first_change_is_no_trap() {
    const FLOODED: f64 = 0.8;
    for seed in 0..WORLDS / 3 {
        let (mut world, suspect) = world(seed, Talk::Steady(20.0));
        let mut search = Search::new(Question {
            seed,
            proof_cycles: 2,
            max_time: LONGEST,
            ..question(PORTS)
        });
        world.now = FLOODED;
        search.record(Observed {
            ports: PortSet::new(),
            from: moment(0.0),
            until: moment(FLOODED),
            sightings: (0..16).map(|n| moment(0.05 * f64::from(n))).collect(),
            quality: Quality::Alive,
            knocks: Knocks::default(),
        });
        let verdict = loop {
            match search.next_step() {
                Step::Done(verdict) => break verdict,
                Step::Observe {
                    ports,
                    listen,
                    stop_at_sighting,
                    ..
                } => {
                    let end = world.now + listen.as_secs_f64();
                    let mut observed = world.observe(&ports, listen);
                    while !stop_at_sighting && world.now + 1e-3 < end {
                        let left = Duration::from_secs_f64(end - world.now);
                        let more = world.observe(&ports, left);
                        observed.until = more.until;
                        observed.sightings.extend(more.sightings);
                    }
                    search.record(observed);
                }
            }
        };
        assert!(
            matches!(verdict, Verdict::Found { port, .. } if port == suspect),
            "seed {seed}: {verdict:?}"
        );
        assert!(world.now < 120.0, "seed {seed}: {} s", world.now);
    }
}

#[test]
fn a_flood_of_strays_never_proves_a_wrong_port() {
    for seed in 0..WORLDS / 3 {
        for latest in [0.0, 0.25] {
            let (mut world, suspect) = world(seed, talk(seed));
            let when = latest * some_time(&mut world.dice);
            let strays = 0.5 + 5.0 * world.dice.uniform();
            let verdict = play(&mut world, seed, 2, |world, ports, listen| {
                if world.now >= when {
                    world.strays = strays;
                }
                world.observe(ports, listen)
            });
            assert_not_wrong(&verdict, suspect, seed);
        }
    }
}

#[test]
fn a_port_whose_mirror_is_dead_is_never_answered_with_another() {
    for seed in 0..WORLDS {
        for cycles in [0, 2] {
            let (mut world, suspect) = world(seed, talk(seed));
            let verdict = play(&mut world, seed, cycles, |world, ports, listen| {
                let mut copied = ports.clone();
                copied.remove(suspect);
                Observed {
                    ports: ports.clone(),
                    ..world.observe(&copied, listen)
                }
            });
            assert!(
                !matches!(verdict, Verdict::Found { port, .. } if port != suspect),
                "seed {seed}: {verdict:?}"
            );
        }
    }
}

fn assert_not_wrong(verdict: &Verdict, suspect: PortId, seed: u64) {
    let right = match verdict {
        Verdict::Found { port, .. } => *port == suspect,
        // Strays that come whatever is mirrored are heard from elsewhere.
        Verdict::Undecided(_) | Verdict::NotSeen | Verdict::Elsewhere { .. } => true,
        Verdict::SeveralPlaces(_) => false,
    };
    assert!(right, "seed {seed}: {verdict:?}, not {suspect:?}");
}
