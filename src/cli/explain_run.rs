//! `halfspan explain-run`: draws the steps of a recorded run.

use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::error::{Exit, Failure};
use crate::locate::record;
use crate::report;

/// Draw a recorded run step by step: what was mirrored, heard and believed
#[derive(Debug, Args)]
pub(super) struct ExplainRunArgs {
    /// What `halfspan locate --record FILE` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

pub(super) fn run(args: &ExplainRunArgs, context: &Context) -> Result<Exit, Failure> {
    let replay = record::replay(&args.file)?;
    context.result(
        &report::explain(&replay),
        &report::ExplainDocument::from(&replay),
    )?;
    Ok(Exit::Done)
}
