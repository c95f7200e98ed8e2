//! How long the search thinks about a step.

use std::time::{Duration, Instant};

use halfspan::search::{Search, Step};

use crate::play::{question, world};
use crate::rows::{BURSTY, usual};
use crate::world::Talk;

/// Runs that are timed for each row.
const RUNS: u64 = 20;

/// Prints the time from an observation to the next step.
#[expect(
    clippy::disallowed_methods,
    reason = "the time of this machine is what is measured"
)]
pub(crate) fn print() {
    println!("| ports | traffic | steps | mean ms | worst ms |");
    println!("|--:|---|--:|--:|--:|");
    for ports in [24, 48, 480] {
        for (name, talk) in [("1/s", Talk::Steady(1.0)), ("bursty", BURSTY)] {
            let row = usual(ports, talk);
            let mut thought = Vec::new();
            for seed in 0..RUNS {
                let (mut world, suspect) = world(&row, seed);
                let mut search = Search::new(question(&row, suspect, seed));
                loop {
                    let begun = Instant::now();
                    let step = search.next_step();
                    let planned = begun.elapsed();
                    let Step::Observe { ports, listen, .. } = step else {
                        break;
                    };
                    let observed = world.observe(&ports, listen);
                    let begun = Instant::now();
                    search.record(observed);
                    thought.push(planned + begun.elapsed());
                }
            }
            let milliseconds = |span: Duration| 1e3 * span.as_secs_f64();
            let mean = thought.iter().sum::<Duration>() / u32::try_from(thought.len()).unwrap();
            let worst = thought.iter().max().copied().unwrap_or_default();
            println!(
                "| {ports} | {name} | {} | {:.3} | {:.2} |",
                thought.len(),
                milliseconds(mean),
                milliseconds(worst)
            );
        }
    }
}
