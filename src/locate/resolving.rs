//! Who the suspect is, in terms of frames: an IP address becomes the MAC that sends them.

use std::net::IpAddr;

use super::claimants;
use super::event::Event;
use super::switches;
use super::task::{Desk, Target, Task};
use crate::clock::LiveClock;
use crate::config::Config;
use crate::error::Failure;
use crate::mac::Mac;
use crate::sniff::Suspect;
use crate::snmp::Client;
use crate::suspect::{self, Claims, KnownRouter, Resolution, Resolved, SuspectError};
use crate::tables::{self, router::Router};

/// Whose frames to listen for, and what the routers that were asked are connected to.
pub(super) struct Meant {
    pub(super) suspect: Suspect,
    /// By their names in the configuration; those that answered.
    pub(super) routers: Vec<(String, Router)>,
}

impl From<Suspect> for Meant {
    fn from(suspect: Suspect) -> Meant {
        Meant {
            suspect,
            routers: Vec::new(),
        }
    }
}

/// Finds out whose frames to listen for. Where nobody knows the MAC of an address, its packets are listened for.
///
/// # Errors
/// The address belongs to no other machine; or several machines claim it and nobody is there to choose.
pub(super) fn resolve(
    config: &Config,
    task: &Task,
    clock: LiveClock,
    desk: &dyn Desk,
) -> Result<Meant, Failure> {
    let ip = match &task.target {
        Target::Mac(mac) => return Ok(Suspect::Mac(*mac).into()),
        Target::Filter(expression) => return Ok(Suspect::Filter(expression.clone()).into()),
        Target::Ip(ip) => *ip,
    };
    let mut notes = Vec::new();
    let asked = ask_everybody(Some(config), ip, task.passive, clock, &mut notes);
    for note in notes {
        desk.show(&Event::Warning(note));
    }
    let (claims, routers) = match asked {
        Ok(resolved) => (resolved.claims, resolved.routers),
        Err(SuspectError::Unknown { routers, .. }) => (Claims::new(ip), routers),
        Err(error @ (SuspectError::NotAMachine { .. } | SuspectError::ThisMachine { .. })) => {
            return Err(error.into());
        }
    };
    let answering = claimants::on_the_wire(config, task, ip, clock);
    let claims = claims.with(answering, suspect::Source::Asked);
    let suspect = if claims.is_empty() {
        desk.show(&Event::Note(format!(
            "nobody knows the MAC of {ip}; listening for its packets instead, which finds it only in this network"
        )));
        Suspect::Ip(ip)
    } else {
        desk.show(&Event::Note(claims.to_string()));
        Suspect::Mac(choose(&claims, desk)?)
    };
    Ok(Meant { suspect, routers })
}

/// Reads what the configured routers are connected to, where no address had to be asked for. One that does not answer is
/// done without: what it would tell only explains what was heard.
pub(super) fn routers(config: &Config) -> Vec<(String, Router)> {
    let mut clients = clients(config, &mut Vec::new());
    let read = |(name, client): &mut (&str, Client)| {
        let router = tables::router::read(client).ok()?;
        Some(((*name).to_owned(), router))
    };
    clients.iter_mut().filter_map(read).collect()
}

/// The MAC of an address, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The MAC, if one and only one is claimed.
    pub mac: Option<Mac>,
    /// Who could not be asked, and who contradicts whom.
    pub notes: Vec<String>,
}

/// Finds the MAC of an address without asking anybody to choose.
///
/// # Errors
/// [`SuspectError`], if no other machine can have the address.
pub fn mac_of(
    config: Option<&Config>,
    ip: IpAddr,
    passive: bool,
    clock: LiveClock,
) -> Result<Found, SuspectError> {
    let mut found = Found::default();
    match ask_everybody(config, ip, passive, clock, &mut found.notes) {
        Ok(Resolved { claims, .. }) => match claims.resolution() {
            Resolution::One(mac) => found.mac = Some(mac),
            Resolution::Nobody | Resolution::Several(_) => found.notes.push(claims.to_string()),
        },
        Err(error @ SuspectError::Unknown { .. }) => found.notes.push(error.to_string()),
        Err(error @ (SuspectError::NotAMachine { .. } | SuspectError::ThisMachine { .. })) => {
            return Err(error);
        }
    }
    Ok(found)
}

/// Asks this machine, the network and the routers; a router that cannot be asked is noted and done without.
fn ask_everybody(
    config: Option<&Config>,
    ip: IpAddr,
    passive: bool,
    clock: LiveClock,
    notes: &mut Vec<String>,
) -> Result<Resolved, SuspectError> {
    let mut clients = config.map_or_else(Vec::new, |config| clients(config, notes));
    let mut routers: Vec<KnownRouter<'_>> = clients
        .iter_mut()
        .map(|(name, snmp)| KnownRouter { name, snmp })
        .collect();
    let resolved = suspect::resolve(ip, &mut routers, passive, &clock)?;
    notes.extend(resolved.troubles.iter().map(|trouble| with_cause(trouble)));
    Ok(resolved)
}

/// Reaches for every configured router; one that cannot be reached is noted.
fn clients<'a>(config: &'a Config, notes: &mut Vec<String>) -> Vec<(&'a str, Client)> {
    let mut clients = Vec::new();
    for router in config.routers.values() {
        match switches::connect(&router.name, &router.agent) {
            Ok(client) => clients.push((router.name.as_str(), client)),
            Err(failure) => notes.push(format!(
                "router {} is left out: {}",
                router.name, failure.error
            )),
        }
    }
    clients
}

/// Returns the MAC that all agree on, or lets the person choose.
fn choose(claims: &Claims, desk: &dyn Desk) -> Result<Mac, Failure> {
    match claims.resolution() {
        Resolution::One(mac) => Ok(mac),
        Resolution::Nobody | Resolution::Several(_) => {
            let macs: Vec<Mac> = claims.iter().map(|(mac, _)| mac).collect();
            let choices = macs
                .iter()
                .map(|mac| format!("{mac}  ({})", claims.sources(*mac)))
                .collect();
            let question = format!(
                "Several machines claim {}. Which one is meant?",
                claims.ip()
            );
            let chosen = desk.choose(&question, choices, "--mac")?;
            macs.get(chosen)
                .copied()
                .ok_or_else(|| SuspectError::NotAMachine { ip: claims.ip() }.into())
        }
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    error
        .source()
        .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
