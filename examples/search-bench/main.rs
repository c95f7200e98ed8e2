//! Plays the search in a seeded world on a virtual clock.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation
)]

mod world;

use std::time::Duration;

use halfspan::port::PortId;
use halfspan::search::{Question, Search, Step, Verdict};
use world::{Dice, Talk, World};

#[derive(Clone, Copy)]
struct Row {
    ports: u16,
    name: &'static str,
    talk: Talk,
    strays: f64,
    write: f64,
    hint: Option<f64>,
}

#[derive(Default, Clone, Copy)]
struct Run {
    seconds: f64,
    writes: f64,
    steps: f64,
    wrong: bool,
    undecided: bool,
}

fn play(row: &Row, seed: u64, verbose: bool) -> Run {
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
        confidence: std::env::var("CONF")
            .ok()
            .and_then(|c| c.parse().ok())
            .unwrap_or(0.999),
        max_time: Duration::from_secs(3600),
        proof_cycles: 0,
        seed,
    });
    let mut steps = 0.0;
    if verbose {
        println!("suspect {suspect:?}");
    }
    let verdict = loop {
        match search.next_step() {
            Step::Done(verdict) => break verdict,
            Step::Observe {
                ports, listen, why, ..
            } => {
                steps += 1.0;
                let o = world.observe(&ports, listen);
                if verbose {
                    let mut b = search.belief().ports;
                    b.sort_by(|a, b| b.1.total_cmp(&a.1));
                    println!(
                        "{:8.2} {} in {} listen {:.2} heard {} | {:.2?} else {:.3} {why}",
                        world.now,
                        ports.len(),
                        ports.contains(suspect),
                        listen.as_secs_f64(),
                        o.sightings.len(),
                        b.iter().take(4).map(|x| (x.0.0, x.1)).collect::<Vec<_>>(),
                        search.belief().elsewhere
                    );
                }
                search.record(o);
            }
        }
    };
    if verbose {
        println!("{verdict:?} at {}", world.now);
    }
    let (wrong, undecided) = match verdict {
        Verdict::Found { port, .. } => (port != suspect, false),
        Verdict::Undecided(_) => (false, true),
        _ => (true, false),
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
    let args: Vec<String> = std::env::args().collect();
    let runs: u64 = args.get(1).map_or(200, |a| a.parse().unwrap());
    let only: Vec<&str> = args.get(2).map_or(vec![], |a| a.split(',').collect());
    let verbose = args.get(3).is_some();
    let talks = [
        ("100/s", Talk::Steady(100.0)),
        ("1/s", Talk::Steady(1.0)),
        ("0.2/s", Talk::Steady(0.2)),
        (
            "bursty",
            Talk::Bursty {
                rate: 50.0,
                lasting: 2.0,
                pausing: 20.0,
            },
        ),
    ];
    for ports in [24, 48] {
        for (name, talk) in talks {
            for hint in [None, Some(0.9), Some(0.0)] {
                let key = format!(
                    "{ports}:{name}:{}",
                    hint.map_or("-".into(), |h| format!("{h}"))
                );
                if !only.is_empty() && !only.iter().any(|o| key.starts_with(o)) {
                    continue;
                }
                if only.is_empty() && hint.is_some() {
                    continue;
                }
                let row = Row {
                    ports,
                    name,
                    talk,
                    strays: 0.01,
                    write: 1.5,
                    hint,
                };
                let t = std::time::Instant::now();
                let half = runs / 2;
                let work = |r: std::ops::Range<u64>| {
                    r.map(|s| play(&row, s + 1, verbose)).collect::<Vec<_>>()
                };
                let mut all: Vec<Run> = std::thread::scope(|s| {
                    let a = s.spawn(|| work(0..half));
                    let b = s.spawn(|| work(half..runs));
                    let mut a = a.join().unwrap();
                    a.extend(b.join().unwrap());
                    a
                });
                let n = all.len() as f64;
                all.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
                let mean = all.iter().map(|r| r.seconds).sum::<f64>() / n;
                let sd =
                    (all.iter().map(|r| (r.seconds - mean).powi(2)).sum::<f64>() / n / n).sqrt();
                println!(
                    "{key:16} mean {mean:7.2} ±{sd:.2} p95 {:7.1} writes {:5.1} steps {:6.1} wrong {:5.2} % undecided {:5.2} %  [{:.1} s]",
                    all[(all.len() * 95 / 100).min(all.len() - 1)].seconds,
                    all.iter().map(|r| r.writes).sum::<f64>() / n,
                    all.iter().map(|r| r.steps).sum::<f64>() / n,
                    100.0 * all.iter().filter(|r| r.wrong).count() as f64 / n,
                    100.0 * all.iter().filter(|r| r.undecided).count() as f64 / n,
                    t.elapsed().as_secs_f64(),
                );
            }
        }
    }
}
