//! What anyone would write: halve the candidates until one is left, then off and on again.

use halfspan::port::{PortId, PortSet};

use crate::play::{LONGEST, Outcome, Run, port, world};
use crate::rows::Row;
use crate::world::World;

/// How long a set is listened to.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Window {
    /// So many seconds.
    Fixed(f64),
    /// Long enough for the pace of a few frames heard first, with everything mirrored.
    Paced,
}

/// Frames that the pace is taken from, and how long they are waited for, in seconds.
const PACE_FRAMES: u32 = 4;
const PACE_WAIT: f64 = 60.0;

/// Plays halving, confirmed by on, off and on; it starts anew where that fails.
pub(crate) fn halving(row: &Row, window: Window, seed: u64) -> Run {
    let (mut world, suspect) = world(row, seed);
    let all: Vec<PortId> = (0..u64::from(row.ports)).map(port).collect();
    while world.now < LONGEST {
        let Some(span) = span(&mut world, window, &all) else {
            continue;
        };
        let last = narrow(&mut world, &all, span);
        if world.now < LONGEST && confirmed(&mut world, last, &all, span) {
            let right = last == suspect;
            return run(
                &world,
                if right {
                    Outcome::Right
                } else {
                    Outcome::Wrong
                },
            );
        }
    }
    run(&world, Outcome::Undecided)
}

fn span(world: &mut World, window: Window, all: &[PortId]) -> Option<f64> {
    match window {
        Window::Fixed(seconds) => Some(seconds),
        Window::Paced => pace(world, all),
    }
}

/// Listens to everything; returns a window in which silence would be rare.
fn pace(world: &mut World, all: &[PortId]) -> Option<f64> {
    world.mirror(&all.iter().copied().collect());
    let begun = world.now;
    let (mut heard, mut last, mut gap) = (0_u32, begun, 0.0_f64);
    while heard < PACE_FRAMES && world.now < begun + PACE_WAIT {
        if world.listen(begun + PACE_WAIT - world.now) {
            heard += 1;
            gap = gap.max(world.now - last);
            last = world.now;
        }
    }
    let mean = (world.now - begun) / f64::from(heard.max(1));
    (heard > 0).then(|| (100.0_f64.ln() * mean).max(1.5 * gap).clamp(0.05, 120.0))
}

fn narrow(world: &mut World, all: &[PortId], span: f64) -> PortId {
    let mut left = all.to_vec();
    while left.len() > 1 {
        let rest = left.split_off(left.len() / 2);
        world.mirror(&left.iter().copied().collect());
        if !world.listen(span) {
            left = rest;
        }
    }
    left[0]
}

fn confirmed(world: &mut World, last: PortId, all: &[PortId], span: f64) -> bool {
    let alone = PortSet::from_iter([last]);
    let others: PortSet = all.iter().copied().filter(|port| *port != last).collect();
    let mut hears = |ports: &PortSet| {
        world.mirror(ports);
        world.listen(span)
    };
    hears(&alone) && !hears(&others) && hears(&alone)
}

fn run(world: &World, outcome: Outcome) -> Run {
    Run {
        seconds: world.now.min(LONGEST),
        writes: f64::from(world.writes),
        outcome,
        stated: 1.0,
    }
}
