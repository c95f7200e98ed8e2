//! `halfspan profile`: the switch families, and the way to a profile for one more.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Context;
use super::desk::TerminalDesk;
use super::prompt::Prompt;
use crate::config::{ConfigError, SecretSource};
use crate::error::{Exit, Failure};
use crate::locate::{self, Trial};
use crate::profile::{self, Object, Profile, Walk};
use crate::report::{self, ProfileRow};
use crate::snmp::{Client, SnmpCredentials, Timing};

/// No walk is longer, in octets; a large switch's has some 20 MB.
const LONGEST_WALK: u64 = 256 * 1024 * 1024;

/// List, show, check, start and try switch profiles
#[derive(Debug, Args)]
pub(super) struct ProfileArgs {
    #[command(subcommand)]
    command: ProfileCommand,
}

#[derive(Debug, Subcommand)]
enum ProfileCommand {
    /// List the built-in profiles, or print the JSON Schema of the format
    List {
        /// Print the JSON Schema of a profile, for editors
        #[arg(long, conflicts_with = "markdown")]
        schema: bool,
        /// Print the families as a Markdown table
        #[arg(long)]
        markdown: bool,
    },
    /// Show a profile as it is written
    Show {
        /// The name of a built-in profile, or a file
        profile: String,
    },
    /// Check a profile's file; contacts no switch
    Check {
        /// The file
        file: PathBuf,
    },
    /// Start a profile: a commented file to be filled in
    New(NewArgs),
    /// Try a profile on a switch: read, mirror one port, read back, listen, put back, compare
    Try {
        /// The name of a profile, or a file
        profile: String,
        /// The switch's name in the configuration
        #[arg(long, value_name = "NAME")]
        switch: String,
        /// The port to be mirrored [default: the first candidate]
        #[arg(long, value_name = "PORT")]
        port: Option<String>,
        /// Write what was seen into this file, to attach to a bug report
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Answer every yes/no question with yes; needed without a terminal
        #[arg(short, long)]
        yes: bool,
    },
}

#[derive(Debug, Args)]
struct NewArgs {
    /// The file to be written
    file: PathBuf,
    /// Write the commented skeleton of this shape: bitmap, port_flags, ... (an unknown word lists them)
    #[arg(long, value_name = "SHAPE")]
    shape: Option<String>,
    /// Read this switch of the configuration: without --shape, its objects are looked through for a mirror
    #[arg(long, value_name = "NAME", conflicts_with_all = ["from_walk", "address"])]
    switch: Option<String>,
    /// The same for a switch that is not in the configuration, over SNMPv2c
    #[arg(long, value_name = "HOST", requires = "community", conflicts_with_all = ["from_walk", "shape"])]
    address: Option<String>,
    /// Its community: env:NAME, file:PATH, cmd:COMMAND or the text itself
    #[arg(long, value_name = "SECRET", requires = "address")]
    community: Option<String>,
    /// Look through a walk of the switch: what `snmpwalk -On` of net-snmp has written
    #[arg(long, value_name = "WALK", conflicts_with = "shape")]
    from_walk: Option<PathBuf>,
}

#[derive(Serialize)]
struct ListDocument {
    schema: &'static str,
    profiles: Vec<ProfileRow>,
}

#[derive(Serialize)]
struct ShowDocument<'a> {
    schema: &'static str,
    #[serde(flatten)]
    profile: ProfileRow,
    source: &'a str,
    objects: Vec<ObjectDocument>,
    text: &'a str,
}

#[derive(Serialize)]
struct ObjectDocument {
    name: String,
    oids: Vec<String>,
    role: profile::Role,
    syntax: profile::Syntax,
    codes: Vec<i64>,
    written: bool,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    schema: &'static str,
    file: &'a Path,
    name: &'a str,
    objects: usize,
    open: Vec<OpenLine<'a>>,
}

/// A line that is marked as uncertain.
#[derive(Serialize)]
struct OpenLine<'a> {
    line: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct NewDocument<'a> {
    schema: &'static str,
    file: &'a Path,
    shape: &'a str,
    why: Option<&'a str>,
    open: Vec<OpenLine<'a>>,
}

#[derive(Serialize)]
struct TryDocument<'a> {
    schema: &'static str,
    profile: &'a str,
    switch: &'a str,
    #[serde(flatten)]
    trial: &'a Trial,
}

pub(super) fn run(args: &ProfileArgs, context: &Context) -> Result<Exit, Failure> {
    match &args.command {
        ProfileCommand::List { schema, markdown } => list(*schema, *markdown, context),
        ProfileCommand::Show { profile } => show(profile, context),
        ProfileCommand::Check { file } => check(file, context),
        ProfileCommand::New(args) => new(args, context),
        ProfileCommand::Try {
            profile,
            switch,
            port,
            report,
            yes,
        } => {
            let desk = TerminalDesk::new(*yes, context);
            try_out(
                profile,
                switch,
                port.as_deref(),
                report.as_deref(),
                &desk,
                context,
            )
        }
    }
}

fn list(schema: bool, markdown: bool, context: &Context) -> Result<Exit, Failure> {
    if schema {
        let schema = profile::schema();
        let text = format!("{schema:#}\n");
        context.result(&text, &schema)?;
        return Ok(Exit::Done);
    }
    let profiles: Vec<ProfileRow> = profile::built_in().iter().map(ProfileRow::of).collect();
    let text = if markdown {
        report::profile_markdown(&profiles)
    } else {
        report::profile_list(&profiles)
    };
    context.result(
        &text,
        &ListDocument {
            schema: "halfspan.profile-list/1",
            profiles,
        },
    )?;
    Ok(Exit::Done)
}

fn show(name: &str, context: &Context) -> Result<Exit, Failure> {
    let profile = profile::load(name, Path::new("."))?;
    let object = |object: &Object| ObjectDocument {
        name: object.name.clone(),
        oids: profile
            .oids(object)
            .iter()
            .map(ToString::to_string)
            .collect(),
        role: object.role,
        syntax: object.syntax,
        codes: object.codes.values().copied().collect(),
        written: object.role.is_writable(),
    };
    context.result(
        &profile.text,
        &ShowDocument {
            schema: "halfspan.profile/1",
            profile: ProfileRow::of(&profile),
            source: &profile.source,
            objects: profile.objects.iter().map(object).collect(),
            text: &profile.text,
        },
    )?;
    Ok(Exit::Done)
}

fn check(file: &Path, context: &Context) -> Result<Exit, Failure> {
    let profile = profile::load_file(file)?;
    let open = open_lines(&profile.text);
    let mut text = format!(
        "{}: in order; {}, {} objects\n",
        file.display(),
        profile.about,
        profile.objects.len()
    );
    for OpenLine { line, text: what } in &open {
        let what = if what.is_empty() {
            "to be looked at"
        } else {
            what
        };
        text.push_str(&format!("{}:{line}: not certain: {what}\n", file.display()));
    }
    context.result(
        &text,
        &CheckDocument {
            schema: "halfspan.profile-check/1",
            file,
            name: &profile.name,
            objects: profile.objects.len(),
            open,
        },
    )?;
    Ok(Exit::Done)
}

fn open_lines(text: &str) -> Vec<OpenLine<'_>> {
    profile::marked(text)
        .map(|(line, text)| OpenLine { line, text })
        .collect()
}

fn new(args: &NewArgs, context: &Context) -> Result<Exit, Failure> {
    let file = args.file.as_path();
    if file.exists() {
        let what = format!("{} is there already", file.display());
        return Err(Failure::new(Exit::Usage, what).hint("choose another name, or remove it"));
    }
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let (shape, text, why) = match walked(args, context)? {
        Some(walk) => {
            let proposal = profile::propose(&name, &walk);
            (proposal.shape, proposal.text, Some(proposal.why))
        }
        None => {
            let (shape, text) = skeleton(&name, args, context)?;
            (shape, text, None)
        }
    };
    std::fs::write(file, &text).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot write {}: {error}", file.display()),
        )
    })?;
    let open = open_lines(&text);
    let mut done = String::new();
    if let Some(why) = &why {
        done.push_str(&format!("{why}\n"));
    }
    let left = match open.len() {
        0 => "look it over".to_owned(),
        1 => "1 line in it is to be looked at; fill it in".to_owned(),
        lines => format!("{lines} lines in it are to be looked at; fill it in"),
    };
    let written = file.display();
    done.push_str(&format!(
        "{written} is written; {left}, then: halfspan profile check {written}\n"
    ));
    context.result(
        &done,
        &NewDocument {
            schema: "halfspan.profile-new/1",
            file,
            shape: &shape,
            why: why.as_deref(),
            open,
        },
    )?;
    Ok(Exit::Done)
}

/// Reads the walk that a profile is to be made from; `None` if it is made from a shape.
fn walked(args: &NewArgs, context: &Context) -> Result<Option<Walk>, Failure> {
    let mut tell = |step: &str| context.tell(step);
    if let Some(file) = &args.from_walk {
        return Ok(Some(read_walk(file)?));
    }
    if let (Some(address), Some(community)) = (&args.address, &args.community) {
        let secret = SecretSource::new(community, Path::new("."));
        let credentials = SnmpCredentials::Community {
            v1: false,
            read: secret.fetch().map_err(|source| ConfigError::Secret {
                credential: "--community".to_owned(),
                key: "read",
                source,
            })?,
            write: None,
        };
        let mut client = Client::connect("switch", address, &credentials, Timing::default())?;
        return Ok(Some(locate::walk_agent(&mut client, &mut tell)?));
    }
    match (&args.switch, &args.shape) {
        (Some(name), None) => {
            let config = context.config()?;
            Ok(Some(locate::walk(config.switch(name)?, &mut tell)?))
        }
        (_, _) => Ok(None),
    }
}

fn read_walk(file: &Path) -> Result<Walk, Failure> {
    let failed = |why: String| {
        let what = format!("cannot read the walk {}: {why}", file.display());
        Failure::new(Exit::Usage, what)
    };
    let size = std::fs::metadata(file).map_err(|error| failed(error.to_string()))?;
    if size.len() > LONGEST_WALK {
        return Err(failed(format!("it has more than {LONGEST_WALK} octets")));
    }
    let octets = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
    let walk = Walk::parse(&String::from_utf8_lossy(&octets));
    if walk.is_empty() {
        return Err(
            failed("there is no line such as `.1.3.6.1.2.1.1.1.0 = STRING: …`".to_owned())
                .hint("write it with: snmpwalk -v2c -c COMMUNITY -On HOST .1 > FILE"),
        );
    }
    Ok(walk)
}

/// Starts a profile from a shape.
fn skeleton(name: &str, args: &NewArgs, context: &Context) -> Result<(String, String), Failure> {
    let shape = match &args.shape {
        Some(word) => word.clone(),
        None => {
            let choices = profile::STARTERS
                .iter()
                .map(|(word, what)| format!("{word}: {what}"));
            let prompt = Prompt::new(false, context);
            let place = prompt.choose(
                "How is the switch told what to mirror?",
                choices.collect(),
                "--shape",
            )?;
            profile::STARTERS
                .get(place)
                .map(|(word, _)| *word)
                .unwrap_or_default()
                .to_owned()
        }
    };
    let told = match &args.switch {
        Some(name) => Some(locate::identity(context.config()?.switch(name)?)?),
        None => None,
    };
    let text = profile::draft(name, &shape, told.as_ref()).ok_or_else(|| {
        let known: Vec<&str> = profile::STARTERS.iter().map(|(word, _)| *word).collect();
        Failure::new(
            Exit::Usage,
            format!("there is no skeleton for the shape `{shape}`"),
        )
        .hint(format!("there are: {}", known.join(", ")))
    })?;
    Ok((shape, text))
}

fn try_out(
    profile: &str,
    switch: &str,
    port: Option<&str>,
    file: Option<&Path>,
    desk: &TerminalDesk,
    context: &Context,
) -> Result<Exit, Failure> {
    let config = context.config()?;
    let found = config.switch(switch)?;
    let profile: Profile = profile::load(profile, Path::new("."))?;
    let state = context.state_folder()?;
    let trial = locate::try_profile(found, &profile, port, &state, desk, &mut |step| {
        context.tell(step);
    })?;
    let text = report::profile_trial(&profile.name, switch, &trial);
    if let Some(file) = file {
        std::fs::write(file, &text).map_err(|error| {
            Failure::new(
                Exit::Usage,
                format!("cannot write {}: {error}", file.display()),
            )
        })?;
    }
    context.result(
        &text,
        &TryDocument {
            schema: "halfspan.profile-try/1",
            profile: &profile.name,
            switch,
            trial: &trial,
        },
    )?;
    Ok(if trial.is_good() {
        Exit::Done
    } else {
        Exit::Device
    })
}
