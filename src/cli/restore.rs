//! `halfspan restore`: puts back every switch that an interrupted run left changed.

use std::path::Path;

use clap::Args;
use serde::Serialize;

use super::Context;
use crate::clock::LiveClock;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::locate::switches;
use crate::mirror::{self, Journal};
use crate::report;

/// Put back every switch that an interrupted run left changed
#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    /// Only this switch (repeatable)
    #[arg(long, value_name = "NAME")]
    switch: Vec<String>,
}

#[derive(Serialize)]
struct RestoreDocument {
    schema: &'static str,
    switches: Vec<report::RestoreRow>,
    /// Switches that were not named and have a journal, too.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    others: Vec<String>,
}

pub(super) fn run(args: &RestoreArgs, context: &Context) -> Result<Exit, Failure> {
    let folder = context.state_folder()?;
    let mut rows = Vec::new();
    let mut others = Vec::new();
    let mut config = None;
    for journal in mirror::pending_journals(&folder)? {
        match journal {
            Err(error) => rows.push(report::RestoreRow::damaged(&Failure::from(error))),
            Ok(journal) if !args.switch.is_empty() && !args.switch.contains(&journal.switch) => {
                others.push(journal.switch);
            }
            Ok(journal) => {
                // Only now: with nothing to put back, no configuration is needed.
                if config.is_none() {
                    config = Some(context.config()?);
                }
                let put_back = config
                    .as_ref()
                    .map_or(Ok(()), |config| put_back(config, &journal, &folder));
                rows.push(report::RestoreRow::new(&journal, put_back.err().as_ref()));
            }
        }
    }
    for name in &args.switch {
        let has_journal = rows.iter().any(|row| row.switch.as_ref() == Some(name));
        if !has_journal {
            // Nothing to put back on a switch that does not exist would be a false comfort.
            context.config()?.switch(name)?;
        }
    }
    let failed = rows.iter().any(|row| !row.restored);
    context.result(
        &report::restore(&rows, &others, &folder),
        &RestoreDocument {
            schema: "halfspan.restore/1",
            switches: rows,
            others,
        },
    )?;
    Ok(if failed {
        Exit::NotRestored
    } else {
        Exit::Done
    })
}

fn put_back(config: &Config, journal: &Journal, folder: &Path) -> Result<(), Failure> {
    let switch = config.switch(&journal.switch)?;
    switches::put_back(switch, journal, folder, LiveClock::start())
}
