//! `halfspan switch`: the configured switches, looked at and never written to.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::Context;
use crate::config::{Config, Switch};
use crate::error::{Exit, Failure};
use crate::locate::switches::{self, Rights};
use crate::locate::{self, Checkup, ManagementPath, Survey, Wanted};
use crate::patch::{Patch, Place};
use crate::port::{Link, SwitchPort};
use crate::profile::{DestinationTraffic, Page};
use crate::report::{self, CheckRow, Finding, PortRow, SwitchRow};
use crate::tables::system::System;

/// List the configured switches, check one, show its ports
#[derive(Debug, Args)]
pub(super) struct SwitchArgs {
    #[command(subcommand)]
    command: SwitchCommand,
}

#[derive(Debug, Subcommand)]
enum SwitchCommand {
    /// List the configured switches; contacts none of them
    List,
    /// Check what a run would need: reachability, ports, mirror, rights, capture; writes nothing
    Check {
        /// The switch's name in the configuration
        name: String,
    },
    /// Show the ports of a switch with all their names and numbers
    Ports {
        /// The switch's name in the configuration
        name: String,
    },
}

#[derive(Serialize)]
struct ListDocument {
    schema: &'static str,
    switches: Vec<SwitchRow>,
}

#[derive(Serialize)]
struct PortsDocument<'a> {
    schema: &'static str,
    switch: &'a str,
    ports: Vec<PortRow>,
}

#[derive(Serialize)]
struct CheckDocument<'a> {
    schema: &'static str,
    switch: &'a str,
    ready: bool,
    checks: Vec<CheckRow>,
}

pub(super) fn run(args: &SwitchArgs, context: &Context) -> Result<Exit, Failure> {
    let config = context.config()?;
    match &args.command {
        SwitchCommand::List => list(&config, context),
        SwitchCommand::Check { name } => check(&config, name, context),
        SwitchCommand::Ports { name } => ports(&config, name, context),
    }
}

fn list(config: &Config, context: &Context) -> Result<Exit, Failure> {
    let row = |switch: &Switch| SwitchRow {
        name: switch.name.clone(),
        profile: switch.profile.clone(),
        address: switch.address(),
        destination: switch.destination.clone(),
        sniff: switch.sniff.clone(),
        candidates: switch
            .candidates
            .as_ref()
            .map_or("all that are up".to_owned(), ToString::to_string),
    };
    let switches: Vec<SwitchRow> = config.switches.values().map(row).collect();
    let text = report::switch_list(&switches);
    context.result(
        &text,
        &ListDocument {
            schema: "halfspan.switch-list/1",
            switches,
        },
    )?;
    Ok(Exit::Done)
}

fn ports(config: &Config, name: &str, context: &Context) -> Result<Exit, Failure> {
    let switch = config.switch(name)?;
    let mut opened = switches::open(switch, config)?;
    let wanted = Wanted {
        place_of: None,
        uplinks: switch.uplinks.is_none(),
    };
    let survey = opened.survey(wanted, &mut |_| {})?;
    let patch = Patch::open(config.patch.as_deref(), config.patch_from_alias.clone())?;
    let roles = locate::roles_of(switch, &survey);
    let ports: Vec<PortRow> = survey
        .ports
        .iter()
        .map(|port| port_row(switch, port, &survey, &roles, &patch))
        .collect();
    let text = report::switch_ports(&ports);
    context.result(
        &text,
        &PortsDocument {
            schema: "halfspan.switch-ports/1",
            switch: name,
            ports,
        },
    )?;
    Ok(Exit::Done)
}

fn port_row(
    switch: &Switch,
    port: &SwitchPort,
    survey: &Survey,
    roles: &Result<locate::candidates::Roles, Failure>,
    patch: &Patch,
) -> PortRow {
    let role = match roles {
        Ok(roles) if port.id == roles.destination => "destination",
        Ok(roles) if roles.uplinks.contains(port.id) => "uplink",
        Ok(roles) if roles.forbidden.contains(port.id) => "never",
        Ok(roles) if roles.candidates.contains(port.id) => "candidate",
        Ok(_) => "-",
        Err(_) if survey.uplinks.contains(port.id) => "uplink",
        Err(_) => "-",
    };
    let outlet = match patch.look_up(&switch.name, port) {
        Place::Listed(place) | Place::Described(place) => place.outlet,
        Place::Unknown(_) => String::new(),
    };
    PortRow {
        label: port.label.0.clone(),
        if_name: port.if_name.clone(),
        if_index: port.if_index.map(|index| index.0),
        bridge_port: port.bridge_port.map(|number| number.0),
        link: match port.link {
            Link::Up => "up",
            Link::Down => "down",
            Link::Unknown => "unknown",
        },
        role,
        outlet,
        alias: port.alias.clone(),
    }
}

fn check(config: &Config, name: &str, context: &Context) -> Result<Exit, Failure> {
    let switch = config.switch(name)?;
    let checks = rows(switch, &locate::check(config, switch)?);
    let ready = checks.iter().all(|row| row.finding != Finding::Bad);
    let text = report::switch_check(name, &checks);
    context.result(
        &text,
        &CheckDocument {
            schema: "halfspan.switch-check/1",
            switch: name,
            ready,
            checks,
        },
    )?;
    Ok(if ready { Exit::Done } else { Exit::Device })
}

fn rows(switch: &Switch, found: &Checkup) -> Vec<CheckRow> {
    let mut rows = Vec::new();
    let mut row = |what, finding, text: String| {
        rows.push(CheckRow {
            what,
            finding,
            text,
        })
    };
    match (&found.system, &found.device) {
        (Some(system), _) => row(
            "answers",
            Finding::Good,
            format!("{} ({})", system.name, system.descr),
        ),
        (None, Some(device)) => row("answers", Finding::Good, device.clone()),
        (None, None) if found.pages.is_some() => {
            row("answers", Finding::Good, "over HTTP".to_owned());
        }
        (None, None) => row(
            "answers",
            Finding::Note,
            "operated by a person, nothing to ask".to_owned(),
        ),
    }
    row(
        "profile",
        Finding::Good,
        format!("{}: {}", found.profile, found.about),
    );
    if let Some(why) = &found.found {
        row("recognised", Finding::Good, why.clone());
    }
    let whose = match (&found.system, &found.pages) {
        (Some(system), _) => Some(family(switch, found, system)),
        (None, Some(pages)) => Some(family_by_pages(found, pages)),
        (None, None) => None,
    };
    if let Some((finding, text)) = whose {
        row("family", finding, text);
    }
    match &found.roles {
        Ok(roles) => {
            let ports = &found.survey.ports;
            row(
                "candidates",
                Finding::Good,
                ports.describe(&roles.candidates),
            );
            row(
                "destination",
                Finding::Good,
                ports.label(roles.destination).to_owned(),
            );
            if !roles.uplinks.is_empty() {
                row("uplinks", Finding::Good, ports.describe(&roles.uplinks));
            }
            if !roles.down.is_empty() {
                row(
                    "no link",
                    Finding::Note,
                    format!("{} (left out)", ports.describe(&roles.down)),
                );
            }
        }
        Err(failure) => row("ports", Finding::Bad, told(failure)),
    }
    match &found.mirror {
        None => {}
        Some(Err(failure)) => row("mirror", Finding::Bad, told(failure)),
        Some(Ok(mirror)) => {
            match &mirror.foreign {
                Some(session) => row(
                    "mirror",
                    Finding::Bad,
                    format!("in use by somebody else: {session}; --take-session borrows it"),
                ),
                None => row("mirror", Finding::Good, "free".to_owned()),
            }
            row("abilities", Finding::Good, locate::abilities(mirror));
            if mirror.capable == Some(false) {
                row(
                    "abilities",
                    Finding::Bad,
                    "the switch says that it cannot mirror".to_owned(),
                );
            }
        }
    }
    let (finding, text) = rights(found.rights);
    row("rights", finding, text.to_owned());
    if found.rights != Rights::Person {
        let (finding, text) = management(found.path, found.destination_traffic);
        row("management", finding, text.to_owned());
    }
    match &found.capture {
        Ok(source) => row("capture", Finding::Good, source.clone()),
        Err(failure) => row("capture", Finding::Bad, told(failure)),
    }
    rows
}

/// Compares the configured profile with those that the switch's own words point to.
fn family(switch: &Switch, found: &Checkup, system: &System) -> (Finding, String) {
    let id = system.object_id.clone().unwrap_or_default();
    let others = || found.families.join(", ");
    match found.families.first() {
        None => (
            Finding::Note,
            format!(
                "sysObjectID {id} points to no built-in profile; to start one: halfspan profile new FILE --switch {}",
                switch.name
            ),
        ),
        Some(_) if found.families.contains(&found.profile) => (
            Finding::Good,
            format!("what the switch says points to {}", others()),
        ),
        Some(_) => (
            Finding::Note,
            format!(
                "sysObjectID {id} points to {}, the configuration says {}",
                others(),
                found.profile
            ),
        ),
    }
}

/// Compares the configured profile with those that the switch's web pages point to.
fn family_by_pages(found: &Checkup, pages: &[Page]) -> (Finding, String) {
    let others = || found.families.join(", ");
    if found.families.contains(&found.profile) {
        return (
            Finding::Good,
            format!("its web pages point to {}", others()),
        );
    }
    if !found.families.is_empty() {
        let text = format!(
            "its web pages point to {}, the configuration says {}",
            others(),
            found.profile
        );
        return (Finding::Note, text);
    }
    let read = pages.iter().filter(|page| page.status != 404);
    let read: Vec<String> = read
        .map(|page| format!("GET {} {}", page.path, page.status))
        .collect();
    let read = match read.as_slice() {
        [] => format!("none of {} pages is there", pages.len()),
        pages => pages.join(", "),
    };
    let text = format!(
        "its web pages point to no built-in profile ({read}); to start one: halfspan profile new FILE --shape document"
    );
    (Finding::Note, text)
}

fn rights(rights: Rights) -> (Finding, &'static str) {
    match rights {
        Rights::Person => (Finding::Note, "a person sets the mirror"),
        Rights::NoLogin => (
            Finding::Note,
            "there is no login; whether the system allows a write shows at the first one",
        ),
        Rights::CanWrite => (
            Finding::Good,
            "the credential can write; whether the switch allows it shows at the first write",
        ),
        Rights::CannotWrite => (Finding::Bad, "the credential has no `write` community"),
    }
}

fn management(path: ManagementPath, traffic: DestinationTraffic) -> (Finding, &'static str) {
    match (path, traffic) {
        (ManagementPath::Apart, _) => (Finding::Good, "by another way than the destination port"),
        (ManagementPath::Unknown, _) => (Finding::Note, "the way to the switch cannot be told"),
        (ManagementPath::ThroughDestination, DestinationTraffic::Pass) => (
            Finding::Good,
            "through the destination port, which keeps working",
        ),
        (ManagementPath::ThroughDestination, DestinationTraffic::Block) => (
            Finding::Bad,
            "through the destination port, which the switch cuts off: use another interface",
        ),
        (
            ManagementPath::ThroughDestination,
            DestinationTraffic::Knob | DestinationTraffic::Unknown,
        ) => (
            Finding::Note,
            "through the destination port, which may be cut off while it mirrors",
        ),
    }
}

fn told(failure: &Failure) -> String {
    match &failure.hint {
        Some(hint) => format!("{}; {hint}", failure.error),
        None => failure.error.to_string(),
    }
}
