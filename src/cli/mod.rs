//! One file a command: flags to a call; no logic.
//!
//! A command is an `Args` struct with its help, and a function `run(args, context)` that calls the library, prints
//! through [`Context`] and returns how the process ends. It is listed in `Command` once it works.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::error::{Exit, Failure};

pub use context::Context;
pub use prompt::Prompt;

mod completions;
mod context;
mod counting;
mod demo;
mod desk;
mod explain_run;
mod flows;
mod identify;
mod lab;
mod locate;
mod man;
mod owner;
mod patch;
mod profile;
mod prompt;
mod restore;
mod store;
mod suspect;
mod switch;
mod talkers;
mod watch;

/// Finds the physical machine behind an address by driving a switch's port mirror
#[derive(Debug, Parser)]
#[command(
    name = "halfspan",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 found or done, 1 no answer, 2 usage or configuration, 3 device or network,\n\
                  4 refused by a safety rule, 5 a switch could not be put back, 130 interrupted"
)]
pub struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// The flags of every command.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Read this configuration [default: $HALFSPAN_CONFIG, ./halfspan.yaml, ~/.config/halfspan/halfspan.yaml]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long, global = true)]
    pub json: bool,
    /// Colour the output: auto (on a terminal, unless NO_COLOR is set), always or never
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value_t,
        hide_possible_values = true
    )]
    pub color: Color,
    /// Tell more about what is done: -v, -vv, -vvv
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Print results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,
}

/// When output is coloured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
enum Command {
    Locate(Box<locate::LocateArgs>),
    Watch(Box<watch::WatchArgs>),
    Identify(identify::IdentifyArgs),
    Talkers(Box<talkers::TalkersArgs>),
    Flows(Box<flows::FlowsArgs>),
    Owner(owner::OwnerArgs),
    Switch(switch::SwitchArgs),
    Profile(profile::ProfileArgs),
    Patch(patch::PatchArgs),
    Restore(restore::RestoreArgs),
    ExplainRun(explain_run::ExplainRunArgs),
    Lab(lab::LabArgs),
    Demo(demo::DemoArgs),
    Completions(completions::CompletionsArgs),
    Man(man::ManArgs),
}

impl Cli {
    /// Runs the command and prints its failure, if it fails: the one place where that is done.
    #[must_use]
    pub fn run(self) -> Exit {
        let context = Context::new(self.global);
        match self.command.run(&context) {
            Ok(exit) => exit,
            Err(failure) => context.fail(&failure),
        }
    }
}

impl Command {
    fn run(self, context: &Context) -> Result<Exit, Failure> {
        match self {
            Command::Locate(args) => locate::run(&args, context),
            Command::Watch(args) => watch::run(&args, context),
            Command::Identify(args) => identify::run(&args, context),
            Command::Talkers(args) => talkers::run(&args, context),
            Command::Flows(args) => flows::run(&args, context),
            Command::Owner(args) => owner::run(&args, context),
            Command::Restore(args) => restore::run(&args, context),
            Command::ExplainRun(args) => explain_run::run(&args, context),
            Command::Switch(args) => switch::run(&args, context),
            Command::Lab(args) => lab::run(&args, context),
            Command::Demo(args) => demo::run(&args, context),
            Command::Profile(args) => profile::run(&args, context),
            Command::Patch(args) => patch::run(&args, context),
            Command::Completions(args) => completions::run(&args, context),
            Command::Man(args) => man::run(&args, context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
