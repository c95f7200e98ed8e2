//! Many runs of a row, and the Markdown that sums them up.

use crate::bound::bound;
use crate::halving::{Window, halving};
use crate::play::{self, Outcome, Run};
use crate::rows::Row;

/// Seeds below this were used while the search was tuned.
const FIRST_SEED: u64 = 1_000_000;

/// Prints the rows with every way of searching.
pub(crate) fn all_policies(rows: &[Row], runs: u64) {
    println!(
        "| row | strays/s | write s | bound s | mean s | p95 s | writes | wrong % | undecided % | halving 30 s: mean s | wrong % | halving by pace: mean s | wrong % |"
    );
    println!("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|");
    for row in rows {
        let ours = summary(&played(runs, |seed| play::search(row, seed)));
        let fixed = summary(&played(runs, |seed| {
            halving(row, Window::Fixed(30.0), seed)
        }));
        let paced = summary(&played(runs, |seed| halving(row, Window::Paced, seed)));
        println!(
            "| {} | {} | {} | {:.1} | {} | {} | {:.2} | {} | {:.2} |",
            row.name(),
            row.strays,
            row.write,
            bound(row),
            ours.cells(),
            number(fixed.mean),
            fixed.wrong,
            number(paced.mean),
            paced.wrong,
        );
    }
}

/// Prints the rows with the search alone.
pub(crate) fn search_only(rows: &[Row], runs: u64) {
    println!("| row | mean s | p95 s | writes | wrong % | undecided % |");
    println!("|---|--:|--:|--:|--:|--:|");
    for row in rows {
        let ours = summary(&played(runs, |seed| play::search(row, seed)));
        println!("| {} | {} |", row.name(), ours.cells());
    }
}

/// Plays the seeds of a row on two threads.
pub(crate) fn played<T: Send>(runs: u64, play: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let part = |seeds: std::ops::Range<u64>| -> Vec<T> {
        seeds.map(|run| play(FIRST_SEED + run)).collect()
    };
    std::thread::scope(|scope| {
        let second = scope.spawn(|| part(runs / 2..runs));
        let mut all = part(0..runs / 2);
        all.extend(second.join().unwrap());
        all
    })
}

struct Summary {
    mean: f64,
    p95: f64,
    writes: f64,
    wrong: f64,
    undecided: f64,
}

impl Summary {
    fn cells(&self) -> String {
        format!(
            "{} | {} | {:.1} | {:.2} | {:.2}",
            number(self.mean),
            number(self.p95),
            self.writes,
            self.wrong,
            self.undecided
        )
    }
}

fn summary(runs: &[Run]) -> Summary {
    let mean = |of: &dyn Fn(&Run) -> f64| runs.iter().map(of).sum::<f64>() / runs.len() as f64;
    let percent = |outcome: Outcome| {
        let counted = |run: &Run| if run.outcome == outcome { 100.0 } else { 0.0 };
        mean(&counted)
    };
    let mut seconds: Vec<f64> = runs.iter().map(|run| run.seconds).collect();
    seconds.sort_by(f64::total_cmp);
    Summary {
        mean: mean(&|run| run.seconds),
        p95: seconds[(seconds.len() * 95 / 100).min(seconds.len() - 1)],
        writes: mean(&|run| run.writes),
        wrong: percent(Outcome::Wrong),
        undecided: percent(Outcome::Undecided),
    }
}

/// Three digits are enough.
fn number(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}
