//! `halfspan patch import`: a map that is kept elsewhere, brought into the patch list.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::cli::Context;
use crate::config::Config;
use crate::error::{Diagnosis, Exit, Failure};
use crate::locate::Wanted;
use crate::locate::switches;
use crate::patch::AliasPattern;
use crate::patch::import::{Naming, Plan, Source, Target, from_file, from_ports};
use crate::report::{self, ImportDocument, ImportSource};
use crate::shell;

#[derive(Debug, Args)]
pub(super) struct ImportArgs {
    /// The CSV file that a spreadsheet or another program has exported
    #[arg(
        required_unless_present = "from_switch",
        conflicts_with = "from_switch"
    )]
    file: Option<PathBuf>,
    /// Take the map from the port descriptions of this switch of the configuration; only reads it
    #[arg(long, value_name = "NAME")]
    from_switch: Option<String>,
    /// How the descriptions are written: "{panel}/{position} {outlet}" [default: patch_from_alias of the configuration]
    #[arg(long, requires = "from_switch")]
    pattern: Option<AliasPattern>,
    /// The switch of all lines, for a file that does not name it
    #[arg(long, value_name = "NAME", conflicts_with = "from_switch")]
    switch: Option<String>,
    /// Say which column of the file is which: outlet=Dose, or outlet=#4 for the fourth; may be repeated
    #[arg(
        long = "column",
        value_name = "COLUMN=HEADING",
        conflicts_with = "from_switch"
    )]
    columns: Vec<Naming>,
    /// Import into this list instead of the one that `patch:` names
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the list; without it only what would change is shown
    #[arg(long)]
    write: bool,
    /// Replace values of the list by other ones of the source
    #[arg(long)]
    replace: bool,
}

pub(super) fn run(args: &ImportArgs, context: &Context) -> Result<Exit, Failure> {
    let config = if args.from_switch.is_some() || context.global().config.is_some() {
        Some(context.config()?)
    } else {
        context.optional_config()?
    };
    let target = Target::open(&target_file(args, config.as_ref())?)?;
    let source = read(args, config.as_ref())?;
    for warning in &source.warnings {
        context.warn(warning);
    }
    let plan = Plan::new(&source, target.list());
    let command = command(args, context, plan.conflicts() > 0);
    let mut document = ImportDocument::new(from(args), &target.file, &source, &plan);
    // What is only shown may replace values; the command that writes it says so.
    let refusal = plan.refusal(&source, args.replace || !args.write);
    if plan.is_empty() {
        document.refused = refusal;
        return finish(document, context);
    }
    let text = match target.rewritten(&plan) {
        Ok(text) => text,
        Err(error) if args.write => return Err(error.into()),
        Err(error) => {
            let remedy = error.hint().map(|hint| format!("; {hint}"));
            document.refuse(format!("{error}{}", remedy.unwrap_or_default()));
            return finish(document, context);
        }
    };
    if let Some(config) = &config {
        let switches: BTreeSet<&str> = config.switches.keys().map(String::as_str).collect();
        document.problems_after = target.problems_after(&text, &switches)?;
    }
    match (args.write, refusal) {
        (_, Some(why)) => document.refuse(why),
        (false, None) => document.command = Some(command),
        (true, None) => {
            target.write(&text)?;
            document.written = true;
        }
    }
    finish(document, context)
}

fn finish(document: ImportDocument<'_>, context: &Context) -> Result<Exit, Failure> {
    context.result(&report::patch_import(&document), &document)?;
    Ok(if document.refused.is_some() {
        Exit::Usage
    } else if document.is_empty() {
        Exit::NoAnswer
    } else {
        Exit::Done
    })
}

fn target_file(args: &ImportArgs, config: Option<&Config>) -> Result<PathBuf, Failure> {
    if let Some(file) = &args.output {
        return Ok(file.clone());
    }
    let what = match config {
        Some(config) => match &config.patch {
            Some(file) => return Ok(file.clone()),
            None => format!(
                "{} names no patch list to import into",
                config.file.display()
            ),
        },
        None => "there is no configuration that names the patch list".to_owned(),
    };
    Err(Failure::new(Exit::Usage, what).hint(
        "name it with --output patch.csv, and add `patch: patch.csv` to halfspan.yaml for the other commands",
    ))
}

fn read(args: &ImportArgs, config: Option<&Config>) -> Result<Source, Failure> {
    let names: Vec<&str> = config
        .into_iter()
        .flat_map(|config| config.switches.keys().map(String::as_str))
        .collect();
    match (&args.file, &args.from_switch, config) {
        (_, Some(name), Some(config)) => read_switch(name, args, config),
        (Some(file), _, _) => Ok(from_file(
            file,
            &args.columns,
            args.switch.as_deref(),
            &names,
        )?),
        // The parser demands one of the two, and a switch demands the configuration.
        (None, _, _) => Err(Failure::new(Exit::Usage, "name a file or a switch")),
    }
}

fn read_switch(name: &str, args: &ImportArgs, config: &Config) -> Result<Source, Failure> {
    let switch = config.switch(name)?;
    let mut opened = switches::open(switch, config)?;
    let wanted = Wanted {
        place_of: None,
        uplinks: false,
    };
    let survey = opened.survey(wanted, &mut |_| {})?;
    let pattern = args.pattern.as_ref().unwrap_or(&config.patch_from_alias);
    Ok(from_ports(name, survey.ports.iter(), pattern))
}

fn from(args: &ImportArgs) -> ImportSource<'_> {
    match (&args.file, &args.from_switch) {
        (Some(file), _) => ImportSource::File(file),
        (None, switch) => ImportSource::Switch(switch.as_deref().unwrap_or_default()),
    }
}

/// Returns the command that writes what was shown.
fn command(args: &ImportArgs, context: &Context, replace: bool) -> String {
    let mut words = vec!["halfspan".to_owned()];
    let mut add = |flag: &str, value: &str| {
        words.push(flag.to_owned());
        words.push(shell::word(value));
    };
    let text = |path: &Path| path.display().to_string();
    if let Some(config) = &context.global().config {
        add("--config", &text(config));
    }
    add("patch", "import");
    if let Some(name) = &args.from_switch {
        add("--from-switch", name);
    }
    if let Some(pattern) = &args.pattern {
        add("--pattern", &pattern.to_string());
    }
    if let Some(name) = &args.switch {
        add("--switch", name);
    }
    for naming in &args.columns {
        add("--column", &format!("{}={}", naming.column, naming.heading));
    }
    if let Some(file) = &args.output {
        add("--output", &text(file));
    }
    words.push("--write".to_owned());
    if replace {
        words.push("--replace".to_owned());
    }
    if let Some(file) = &args.file {
        words.push(shell::word(&text(file)));
    }
    words.join(" ")
}
