//! `halfspan patch`: the list of switch ports, panels and outlets.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::Context;
use crate::config::Config;
use crate::error::{Exit, Failure};
use crate::patch::{Entry, PatchList, Problem, check};
use crate::report;

mod import;

/// Show and check where the ports' cables end, bring a map into the list
#[derive(Debug, Args)]
pub(super) struct PatchArgs {
    #[command(subcommand)]
    command: PatchCommand,
}

#[derive(Debug, Subcommand)]
enum PatchCommand {
    /// Show the patch list
    Show {
        /// Only the ports of this switch
        switch: Option<String>,
        /// Only this port
        #[arg(requires = "switch")]
        port: Option<String>,
    },
    /// Check the patch list line by line
    Check,
    /// Bring a map that is kept elsewhere into the patch list: a CSV file, or a switch's port descriptions
    ///
    /// Shows what would change: ports that are new, values that are other ones, lines that the source lacks and that
    /// are kept. Nothing is written without --write, no value of the list is replaced without --replace.
    Import(Box<import::ImportArgs>),
}

#[derive(Serialize)]
struct ShowDocument<'a> {
    schema: &'static str,
    file: &'a Path,
    entries: Vec<&'a Entry>,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    schema: &'static str,
    file: &'a Path,
    entries: usize,
    problems: &'a [Problem],
}

pub(super) fn run(args: &PatchArgs, context: &Context) -> Result<Exit, Failure> {
    match &args.command {
        PatchCommand::Show { switch, port } => {
            let (_, file, list) = present(context)?;
            show(context, &file, &list, switch.as_deref(), port.as_deref())
        }
        PatchCommand::Check => {
            let (config, file, list) = present(context)?;
            let switches = config.switches.keys().map(String::as_str).collect();
            check_all(context, &file, &list, &switches)
        }
        PatchCommand::Import(args) => import::run(args, context),
    }
}

/// Returns the configuration, and the list that it names.
fn present(context: &Context) -> Result<(Config, PathBuf, PatchList), Failure> {
    let config = context.config()?;
    let file = list_file(&config)?;
    let list = PatchList::read(&file)?;
    Ok((config, file, list))
}

fn list_file(config: &Config) -> Result<PathBuf, Failure> {
    config.patch.clone().ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("{} names no patch list", config.file.display()),
        )
        .hint("add `patch: patch.csv`")
    })
}

fn show(
    context: &Context,
    file: &Path,
    list: &PatchList,
    switch: Option<&str>,
    port: Option<&str>,
) -> Result<Exit, Failure> {
    let wanted = |entry: &&Entry| {
        switch.is_none_or(|name| entry.switch == name)
            && port.is_none_or(|name| entry.port.eq_ignore_ascii_case(name))
    };
    let entries: Vec<&Entry> = list.entries().iter().filter(wanted).collect();
    let document = ShowDocument {
        schema: "halfspan.patch/1",
        file,
        entries,
    };
    context.result(&report::patch_table(&document.entries), &document)?;
    if document.entries.is_empty() {
        return Ok(Exit::NoAnswer);
    }
    Ok(Exit::Done)
}

fn check_all(
    context: &Context,
    file: &Path,
    list: &PatchList,
    switches: &BTreeSet<&str>,
) -> Result<Exit, Failure> {
    let problems = check(list, switches);
    let document = CheckDocument {
        schema: "halfspan.patch-check/1",
        file,
        entries: list.entries().len(),
        problems: &problems,
    };
    let text = report::patch_problems(file, list.entries().len(), &problems);
    context.result(&text, &document)?;
    Ok(if problems.is_empty() {
        Exit::Done
    } else {
        Exit::Usage
    })
}
