//! `halfspan completions`: the shell's completion script.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Context};
use crate::error::{Exit, Failure};

/// Print the completion script of a shell
#[derive(Debug, Args)]
#[command(after_help = "Example: halfspan completions bash > /etc/bash_completion.d/halfspan")]
pub(super) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, context: &Context) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "halfspan", &mut script);
    context.raw(&script)?;
    Ok(Exit::Done)
}
