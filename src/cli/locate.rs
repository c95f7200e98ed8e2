//! `halfspan locate`: the main job.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{ArgGroup, Args};

use super::Context;
use super::desk::TerminalDesk;
use super::suspect::SuspectArgs;
use crate::config::{Config, PortList};
use crate::error::{Exit, Failure};
use crate::locate::{self, Ended, Target, Task};
use crate::report;

/// Find the switch port and the wall outlet of a suspect
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("suspect").required(true).args(["ip", "mac", "filter", "replay"]))]
pub(super) struct LocateArgs {
    #[command(flatten)]
    suspect: SuspectArgs,
    /// Search only this switch (repeatable) [default: all configured; head starts decide the order]
    #[arg(long, value_name = "NAME")]
    switch: Vec<String>,
    /// Listen here instead of the configured `sniff`: an interface, tzsp://ADDRESS:PORT or pcap:FILE
    #[arg(short, long, value_name = "SOURCE")]
    interface: Option<String>,
    /// The mirror's destination port, where this machine is plugged in, instead of the configured `destination`
    #[arg(long, value_name = "PORT")]
    destination: Option<String>,
    /// The ports the suspect may be on, e.g. "1-12,15"
    #[arg(long, value_name = "LIST")]
    candidates: Option<PortList>,
    /// How sure the answer has to be, 0.5 to 0.999999
    #[arg(long, value_name = "P", default_value = "0.999", value_parser = probability)]
    confidence: f64,
    /// Give up after so many seconds on a switch
    #[arg(long, value_name = "SECONDS", default_value = "900", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    max_time: u64,
    /// Send nothing to the suspect
    #[arg(long)]
    passive: bool,
    /// Plan only: read everything, write nothing
    #[arg(long)]
    dry_run: bool,
    /// Use no head start: neither the forwarding table nor the place where the suspect was found last
    #[arg(long)]
    no_tables: bool,
    /// Borrow a mirror session that somebody else has set up, and put it back afterwards
    #[arg(long)]
    take_session: bool,
    /// Answer every yes/no question with yes; needed without a terminal
    #[arg(short, long)]
    yes: bool,
    /// Write the report as an HTML file too
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    /// Record every step of the search in this file
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Play the decisions of a recorded run again; touches no switch
    #[arg(long, value_name = "FILE", conflicts_with_all = ["switch", "interface", "record"])]
    replay: Option<PathBuf>,
    /// Seed of the proof's order
    #[arg(long, value_name = "N", hide_short_help = true)]
    seed: Option<u64>,
}

fn probability(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(p) if (0.5..=0.999_999).contains(&p) => Ok(p),
        _ => Err("write a number from 0.5 to 0.999999, e.g. 0.999".to_owned()),
    }
}

impl LocateArgs {
    fn task(&self, target: Target) -> Task {
        Task {
            target,
            switches: self.switch.clone(),
            interface: self.interface.clone(),
            destination: self.destination.clone(),
            candidates: self.candidates.clone(),
            confidence: self.confidence,
            max_time: Duration::from_secs(self.max_time),
            passive: self.passive,
            dry_run: self.dry_run,
            no_tables: self.no_tables,
            take_session: self.take_session,
            record: self.record.clone(),
            seed: self.seed.unwrap_or_else(|| fastrand::u64(..)),
        }
    }
}

pub(super) fn run(args: &LocateArgs, context: &Context) -> Result<Exit, Failure> {
    match (&args.replay, args.suspect.target()) {
        (Some(file), _) => {
            let replay = locate::record::replay(file)?;
            context.result(
                &report::replay(&replay),
                &report::ReplayDocument::from(&replay),
            )?;
            Ok(if replay.is_faithful() {
                Exit::Done
            } else {
                Exit::NoAnswer
            })
        }
        (None, Some(target)) => {
            let config = context.config()?;
            let state = context.state_folder()?;
            // Before the run: a file that cannot be written must not cost the answer.
            let file = args.report.as_deref().map(create).transpose()?;
            let ended = at_terminal(&config, &args.task(target), &state, args.yes, context);
            if let Some(mut file) = file {
                let written = file.write_all(report::html(&ended.report).as_bytes());
                written.unwrap_or_else(|error| {
                    context.warn(&format!("the HTML report is not complete: {error}"))
                });
            }
            print(ended, context)
        }
        (None, None) => {
            Err(Failure::new(Exit::Usage, "nobody to look for")
                .hint("give --ip, --mac or --filter"))
        }
    }
}

fn create(path: &Path) -> Result<File, Failure> {
    File::create(path).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot write {}: {error}", path.display()),
        )
        .hint("choose another file for --report")
    })
}

/// Runs a task; also what `demo` does with its lab. Journals and locks are in `state`.
pub(super) fn at_terminal(
    config: &Config,
    task: &Task,
    state: &Path,
    yes: bool,
    context: &Context,
) -> Ended {
    // Dropped at the end, which takes the picture away before the report is printed.
    let desk = TerminalDesk::new(yes, context);
    locate::locate(config, task, state, &desk)
}

/// Prints the report of a run.
pub(super) fn print(ended: Ended, context: &Context) -> Result<Exit, Failure> {
    let exit = ended.exit();
    match ended.failure {
        // With --json the report is the one document, and it holds the error.
        Some(failure) if !context.global().json => Err(failure),
        _ => {
            context.result(&report::locate(&ended.report), &ended.report)?;
            Ok(exit)
        }
    }
}
