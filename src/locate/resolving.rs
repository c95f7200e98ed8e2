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
use crate::suspect::{self, Claims, KnownRouter, Resolution, SuspectError};

/// Finds out whose frames to listen for. Where nobody knows the MAC of an address, its packets are listened for.
///
/// # Errors
/// The address belongs to no other machine; or several machines claim it and nobody is there to choose.
pub(super) fn resolve(
    config: &Config,
    task: &Task,
    clock: LiveClock,
    desk: &dyn Desk,
) -> Result<Suspect, Failure> {
    let ip = match &task.target {
        Target::Mac(mac) => return Ok(Suspect::Mac(*mac)),
        Target::Filter(expression) => return Ok(Suspect::Filter(expression.clone())),
        Target::Ip(ip) => *ip,
    };
    let mut notes = Vec::new();
    let claims = ask_everybody(Some(config), ip, task.passive, clock, &mut notes);
    for note in notes {
        desk.show(&Event::Warning(note));
    }
    let answering = claimants::on_the_wire(config, task, ip, clock);
    let claims = match claims {
        Err(SuspectError::Unknown { .. }) if !answering.is_empty() => Ok(Claims::new(ip)),
        claims => claims,
    };
    match claims.map(|claims| claims.with(answering, suspect::Source::Asked)) {
        Ok(claims) => {
            desk.show(&Event::Note(claims.to_string()));
            choose(&claims, desk).map(Suspect::Mac)
        }
        Err(SuspectError::Unknown { .. }) => {
            desk.show(&Event::Note(format!(
                "nobody knows the MAC of {ip}; listening for its packets instead, which finds it only in this network"
            )));
            Ok(Suspect::Ip(ip))
        }
        Err(error @ (SuspectError::NotAMachine { .. } | SuspectError::ThisMachine { .. })) => {
            Err(error.into())
        }
    }
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
        Ok(claims) => match claims.resolution() {
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
) -> Result<Claims, SuspectError> {
    let mut clients: Vec<(&str, Client)> = Vec::new();
    for router in config.iter().flat_map(|config| config.routers.values()) {
        match switches::connect(&router.name, &router.agent) {
            Ok(client) => clients.push((&router.name, client)),
            Err(failure) => notes.push(format!(
                "router {} is left out: {}",
                router.name, failure.error
            )),
        }
    }
    let mut routers: Vec<KnownRouter<'_>> = clients
        .iter_mut()
        .map(|(name, snmp)| KnownRouter { name, snmp })
        .collect();
    let resolved = suspect::resolve(ip, &mut routers, passive, &clock)?;
    notes.extend(resolved.troubles.iter().map(|trouble| with_cause(trouble)));
    Ok(resolved.claims)
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
