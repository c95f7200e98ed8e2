//! Who the suspect is, in terms of frames: an IP address becomes the MAC that sends them.

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
    desk: &mut dyn Desk,
) -> Result<Suspect, Failure> {
    let ip = match &task.target {
        Target::Mac(mac) => return Ok(Suspect::Mac(*mac)),
        Target::Filter(expression) => return Ok(Suspect::Filter(expression.clone())),
        Target::Ip(ip) => *ip,
    };
    let mut clients = router_clients(config, desk);
    let mut routers: Vec<KnownRouter<'_>> =
        clients.iter_mut().map(|(name, snmp)| KnownRouter { name, snmp }).collect();
    match suspect::resolve(ip, &mut routers, task.passive, &clock) {
        Ok(resolved) => {
            for trouble in &resolved.troubles {
                desk.show(&Event::Warning(with_cause(trouble)));
            }
            desk.show(&Event::Note(resolved.claims.to_string()));
            mac_of(&resolved.claims, desk).map(Suspect::Mac)
        }
        Err(SuspectError::Unknown { .. }) => {
            desk.show(&Event::Note(format!(
                "nobody knows the MAC of {ip}; listening for its packets instead, which finds it only in this network"
            )));
            Ok(Suspect::Ip(ip))
        }
        Err(error @ (SuspectError::NotAMachine { .. } | SuspectError::ThisMachine { .. })) => Err(error.into()),
    }
}

/// A router that cannot be asked is told and done without.
fn router_clients(config: &Config, desk: &mut dyn Desk) -> Vec<(String, Client)> {
    let mut clients = Vec::new();
    for router in config.routers.values() {
        match switches::connect(&router.name, &router.agent) {
            Ok(client) => clients.push((router.name.clone(), client)),
            Err(failure) => desk.show(&Event::Warning(format!("router {} is left out: {}", router.name, failure.error))),
        }
    }
    clients
}

/// Returns the MAC that all agree on, or lets the person choose.
fn mac_of(claims: &Claims, desk: &mut dyn Desk) -> Result<Mac, Failure> {
    match claims.resolution() {
        Resolution::One(mac) => Ok(mac),
        Resolution::Nobody | Resolution::Several(_) => {
            let macs: Vec<Mac> = claims.iter().map(|(mac, _)| mac).collect();
            let choices = macs.iter().map(|mac| format!("{mac}  ({})", claims.sources(*mac))).collect();
            let question = format!("Several machines claim {}. Which one is meant?", claims.ip());
            let chosen = desk.choose(&question, choices, "--mac")?;
            macs.get(chosen).copied().ok_or_else(|| SuspectError::NotAMachine { ip: claims.ip() }.into())
        }
    }
}

fn with_cause(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}
