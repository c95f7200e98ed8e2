//! `halfspan profile`: the switch families, and the way to a profile for one more.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Context;
use super::prompt::Prompt;
use crate::error::{Exit, Failure};
use crate::locate::{self, Trial};
use crate::profile::{self, Object, Profile};
use crate::report::{self, ProfileRow};

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
    /// Check a profile's file; asks no switch
    Check {
        /// The file
        file: PathBuf,
    },
    /// Start a profile: a commented file to be filled in
    New {
        /// The file to be written
        file: PathBuf,
        /// How the switch is told what to mirror; see `docs/profiles.md`
        #[arg(long, value_name = "SHAPE")]
        shape: Option<String>,
        /// Read this switch of the configuration, so that the file begins with what it tells about itself
        #[arg(long, value_name = "NAME")]
        switch: Option<String>,
    },
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
        /// Write what was seen into this file, to be sent to those who keep the profiles
        #[arg(long, value_name = "FILE")]
        report: Option<PathBuf>,
        /// Answer questions with yes
        #[arg(long)]
        yes: bool,
    },
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
}

#[derive(Serialize)]
struct NewDocument<'a> {
    schema: &'static str,
    file: &'a Path,
    shape: &'a str,
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
        ProfileCommand::New {
            file,
            shape,
            switch,
        } => new(file, shape.as_deref(), switch.as_deref(), context),
        ProfileCommand::Try {
            profile,
            switch,
            port,
            report,
            yes,
        } => {
            let prompt = Prompt::new(*yes, context);
            try_out(
                profile,
                switch,
                port.as_deref(),
                report.as_deref(),
                &prompt,
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
    let text = format!(
        "{}: in order; {}, {} objects\n",
        file.display(),
        profile.about,
        profile.objects.len()
    );
    context.result(
        &text,
        &CheckDocument {
            schema: "halfspan.profile-check/1",
            file,
            name: &profile.name,
            objects: profile.objects.len(),
        },
    )?;
    Ok(Exit::Done)
}

fn new(
    file: &Path,
    shape: Option<&str>,
    switch: Option<&str>,
    context: &Context,
) -> Result<Exit, Failure> {
    if file.exists() {
        let what = format!("{} is there already", file.display());
        return Err(Failure::new(Exit::Usage, what).hint("choose another name, or remove it"));
    }
    let shape = match shape {
        Some(word) => word.to_owned(),
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
    let told = match switch {
        Some(name) => {
            let config = context.config()?;
            Some(locate::identity(config.switch(name)?)?)
        }
        None => None,
    };
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let text = profile::draft(&name, &shape, told.as_ref()).ok_or_else(|| {
        let known: Vec<&str> = profile::STARTERS.iter().map(|(word, _)| *word).collect();
        Failure::new(
            Exit::Usage,
            format!("`{shape}` is no shape that can be started"),
        )
        .hint(format!("there is: {}", known.join(", ")))
    })?;
    std::fs::write(file, text).map_err(|error| {
        Failure::new(
            Exit::Usage,
            format!("cannot write {}: {error}", file.display()),
        )
    })?;
    let done = format!(
        "{} is written; fill it in, then: halfspan profile check {0}\n",
        file.display()
    );
    context.result(
        &done,
        &NewDocument {
            schema: "halfspan.profile-new/1",
            file,
            shape: &shape,
        },
    )?;
    Ok(Exit::Done)
}

fn try_out(
    profile: &str,
    switch: &str,
    port: Option<&str>,
    file: Option<&Path>,
    prompt: &Prompt,
    context: &Context,
) -> Result<Exit, Failure> {
    let config = context.config()?;
    let found = config.switch(switch)?;
    let profile: Profile = profile::load(profile, Path::new("."))?;
    let question = format!(
        "Mirror one port of {switch} for some seconds and put everything back? The profile is {}.",
        profile.confidence.word()
    );
    if !prompt.confirm(&question)? {
        return Err(Failure::new(Exit::Refused, "nothing was written"));
    }
    let state = context.state_folder()?;
    let trial = locate::try_profile(found, &profile, port, &state, &mut |step| {
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
