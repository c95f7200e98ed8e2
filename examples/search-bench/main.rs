//! Plays the search in a seeded world on a virtual clock and prints what it takes.
//!
//! `cargo run --release --example search-bench -- [RUNS [KEYS]]`, where KEYS picks rows: `24:100/s,48:bursty`. A row
//! ending in `:0.9` has a head start that is right nine times in ten, in `:0` one that is always wrong.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a program for developers that prints a table"
)]

mod world;

use std::time::Duration;

use halfspan::port::PortId;
use halfspan::search::{Question, Search, Step, Verdict};
use world::{Dice, Talk, World};

/// A row of the table.
#[derive(Clone, Copy)]
struct Row {
    ports: u16,
    talk: Talk,
    strays: f64,
    write: f64,
    hint: Option<f64>,
}

/// What one run took.
#[derive(Default, Clone, Copy)]
struct Run {
    seconds: f64,
    writes: f64,
    steps: f64,
    wrong: bool,
    undecided: bool,
}

/// Plays one run.
fn play(row: &Row, seed: u64) -> Run {
    let mut dice = Dice::new(seed);
    let n = u64::from(row.ports);
    let port = |i: u64| PortId(u16::try_from(i + 1).unwrap());
    let suspect = port(dice.below(n));
    let mut candidates: Vec<(PortId, f64)> = (0..n).map(|i| (port(i), 1.0)).collect();
    if let Some(right) = row.hint {
        let hinted = if dice.uniform() < right {
            suspect
        } else {
            loop {
                let p = port(dice.below(n));
                if p != suspect {
                    break p;
                }
            }
        };
        candidates[usize::from(hinted.0) - 1].1 = 9.0 * (n - 1) as f64;
    }
    let mut world = World::new(dice, Some(suspect), row.talk, row.strays, row.write);
    let mut search = Search::new(Question {
        candidates,
        source_limit: None,
        both_directions: false,
        write_time: Duration::from_secs_f64(row.write),
        row_time: Duration::ZERO,
        confidence: 0.999,
        max_time: Duration::from_secs(3600),
        proof_cycles: 0,
        seed,
    });
    let mut steps = 0.0;
    let verdict = loop {
        match search.next_step() {
            Step::Done(verdict) => break verdict,
            Step::Observe { ports, listen, .. } => {
                steps += 1.0;
                let o = world.observe(&ports, listen);
                search.record(o);
            }
        }
    };
    let (wrong, undecided) = match verdict {
        Verdict::Found { port, .. } => (port != suspect, false),
        Verdict::Undecided(_) => (false, true),
        Verdict::NotSeen | Verdict::Elsewhere { .. } | Verdict::SeveralPlaces(_) => (true, false),
    };
    Run {
        seconds: world.now,
        writes: f64::from(world.writes),
        steps,
        wrong,
        undecided,
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let runs: u64 = args.next().map_or(200, |runs| runs.parse().unwrap());
    let keys = args.next().unwrap_or_default();
    let bursty = Talk::Bursty {
        rate: 50.0,
        lasting: 2.0,
        pausing: 20.0,
    };
    let talks = [
        ("100/s", Talk::Steady(100.0)),
        ("1/s", Talk::Steady(1.0)),
        ("0.2/s", Talk::Steady(0.2)),
        ("bursty", bursty),
    ];
    println!(
        "{:<16}{:>9}{:>9}{:>8}{:>8}{:>9}{:>12}",
        "row", "mean s", "p95 s", "writes", "steps", "wrong %", "undecided %"
    );
    for ports in [24, 48] {
        for (name, talk) in talks {
            for hint in [None, Some(0.9), Some(0.0)] {
                let key = hint.map_or(format!("{ports}:{name}"), |right| {
                    format!("{ports}:{name}:{right}")
                });
                if keys.is_empty() && hint.is_none() || keys.split(',').any(|wanted| wanted == key)
                {
                    print_row(
                        &key,
                        &Row {
                            ports,
                            talk,
                            strays: 0.01,
                            write: 1.5,
                            hint,
                        },
                        runs,
                    );
                }
            }
        }
    }
}

fn print_row(key: &str, row: &Row, runs: u64) {
    let half =
        |seeds: std::ops::Range<u64>| seeds.map(|seed| play(row, seed + 1)).collect::<Vec<Run>>();
    let mut all = std::thread::scope(|scope| {
        let second = scope.spawn(|| half(runs / 2..runs));
        let mut all = half(0..runs / 2);
        all.extend(second.join().unwrap());
        all
    });
    all.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    let mean = |of: fn(&Run) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
    println!(
        "{key:<16}{:>9.2}{:>9.1}{:>8.1}{:>8.1}{:>9.2}{:>12.2}",
        mean(|run| run.seconds),
        all[(all.len() * 95 / 100).min(all.len() - 1)].seconds,
        mean(|run| run.writes),
        mean(|run| run.steps),
        mean(|run| 100.0 * f64::from(u8::from(run.wrong))),
        mean(|run| 100.0 * f64::from(u8::from(run.undecided))),
    );
}
