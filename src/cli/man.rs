//! `halfspan man`: the manual pages.

use clap::{Args, CommandFactory};

use super::{Cli, Context};
use crate::error::{Exit, Failure};

/// Print the manual page, in roff
#[derive(Debug, Args)]
#[command(after_help = "Example: halfspan man patch check | man -l -")]
pub(super) struct ManArgs {
    /// The command to print the page of; without one, the page of halfspan
    command: Vec<String>,
}

pub(super) fn run(args: &ManArgs, context: &Context) -> Result<Exit, Failure> {
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            Failure::new(Exit::Usage, format!("there is no command `{name}`"))
                .hint("see `halfspan --help`")
        })?;
    }
    // The page is named like the file it goes to: halfspan-patch-check.1.
    let name = command.get_display_name().unwrap_or("halfspan").to_owned();
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .title(name)
        .render(&mut page)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    context.raw(&page)?;
    Ok(Exit::Done)
}
