//! Plays the search in seeded worlds on a virtual clock and prints, as Markdown, what it takes.
//!
//! `cargo run --release --example search-bench -- [PART [RUNS]]`, where PART is `table` (the default), `hints`,
//! `limits`, `curve`, `calibration` or `planning`, or part of a row's name, or `main` for the first eight rows. Beside the search stand two ways of halving and the bound.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a program for developers that prints tables"
)]

mod bound;
mod calibration;
mod halving;
mod planning;
mod play;
mod rows;
mod table;
mod world;

fn main() {
    let mut args = std::env::args().skip(1);
    let part = args.next().unwrap_or_else(|| "table".to_owned());
    let runs = args.next().map(|runs| runs.parse().unwrap());
    match part.as_str() {
        "table" => table::all_policies(&rows::table(), runs.unwrap_or(2_000)),
        "hints" => table::search_only(&rows::hints(), runs.unwrap_or(2_000)),
        "limits" => table::search_only(&rows::limits(), runs.unwrap_or(500)),
        "curve" => table::search_only(&rows::curve(), runs.unwrap_or(1_000)),
        "calibration" => calibration::print(runs.unwrap_or(20_000)),
        "planning" => planning::print(),
        other => {
            let rows = rows::matching(other);
            assert!(!rows.is_empty(), "no part and no row is called {other}");
            table::all_policies(&rows, runs.unwrap_or(500));
        }
    }
}
