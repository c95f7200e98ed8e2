//! Whether stated confidence means what it says: mixed worlds, mixed demands.

use crate::play::{self, Outcome};
use crate::rows::{Row, usual};
use crate::table::played;
use crate::world::{Dice, Talk};

/// The lower ends of the classes of stated confidence.
const CLASSES: [f64; 6] = [0.9, 0.95, 0.98, 0.99, 0.995, 0.999];

/// Prints the share that was right for each class of stated confidence.
pub(crate) fn print(runs: u64) {
    let mut answers: Vec<(f64, bool)> = played(runs, |seed| play::search(&mixed(seed), seed))
        .into_iter()
        .filter(|run| run.outcome != Outcome::Undecided)
        .map(|run| (run.stated, run.outcome == Outcome::Right))
        .collect();
    answers.sort_by(|a, b| a.0.total_cmp(&b.0));
    println!("| stated | answers | mean stated | right | off by |");
    println!("|---|--:|--:|--:|--:|");
    for (index, from) in CLASSES.iter().enumerate() {
        let below = CLASSES.get(index + 1).copied().unwrap_or(f64::INFINITY);
        let class = answers.iter().filter(|a| a.0 >= *from && a.0 < below);
        let count = class.clone().count() as f64;
        if count == 0.0 {
            continue; // what is demanded is hardly ever met exactly
        }
        let stated = class.clone().map(|a| a.0).sum::<f64>() / count;
        let right = class.filter(|a| a.1).count() as f64 / count;
        println!(
            "| from {from} | {count} | {stated:.4} | {right:.4} | {:+.4} |",
            right - stated
        );
    }
}

/// A world and a demand drawn from a seed.
fn mixed(seed: u64) -> Row {
    let mut dice = Dice::new(seed ^ 0x5EED_CA11);
    let mut between = |low: f64, high: f64| low * (high / low).powf(dice.uniform());
    let steady = Talk::Steady(between(0.05, 300.0));
    let bursty = Talk::Bursty {
        rate: between(5.0, 100.0),
        lasting: between(0.5, 6.0),
        pausing: between(6.0, 60.0),
    };
    let (strays, write) = (between(0.001, 0.02), between(0.2, 5.0));
    let ports = [8, 16, 24, 48];
    let talks = [steady, steady, bursty];
    let demands = [0.9, 0.95, 0.98, 0.99, 0.995, 0.999];
    let mut any = |count: usize| usize::try_from(dice.below(count as u64)).unwrap();
    Row {
        strays: [0.0, strays, strays][any(3)],
        write,
        confidence: demands[any(demands.len())],
        ..usual(ports[any(ports.len())], talks[any(talks.len())])
    }
}
