//! Which stimulus fits a run, if any.

use std::net::IpAddr;

use super::event::Event;
use super::task::{Desk, Target, Task};
use crate::config::Config;
use crate::mac::Mac;
use crate::sniff::{Injector, Source, Suspect};
use crate::stimulus::{ArpProbe, ByAddress, Door, Stimulus};
use crate::suspect;

/// Opens the way to make the suspect speak, and says so; `None` where there is none. Has to be called while this process
/// may still open captures.
pub(super) fn open(
    config: &Config,
    task: &Task,
    suspect: &Suspect,
    source: &Source,
    desk: &dyn Desk,
) -> Option<Stimulus> {
    let opened = stimulus(config, task, suspect, source)?;
    desk.show(&Event::Note(match &opened {
        Ok(stimulus) => format!(
            "if the suspect is quiet it is woken by {} (not with --passive)",
            stimulus.describe()
        ),
        Err(why) => format!("a quiet suspect cannot be woken: {why}"),
    }));
    opened.ok()
}

/// Opens it; `None` in a passive run, and where the suspect's address is not known.
///
/// `Err` is a sentence about why a suspect that says little cannot be woken.
fn stimulus(
    config: &Config,
    task: &Task,
    suspect: &Suspect,
    source: &Source,
) -> Option<Result<Stimulus, String>> {
    // A capture file is what was heard once.
    if task.passive || matches!(source, Source::File(_)) {
        return None;
    }
    let mac = match suspect {
        Suspect::Mac(mac) => Some(*mac),
        Suspect::Ip(_) => None,
        // Whoever forges addresses does not answer at them.
        Suspect::Filter(_) => return None,
    };
    let ip = match (&task.target, mac) {
        (Target::Ip(ip), _) => *ip,
        (Target::Mac(_), Some(mac)) => suspect::address_of(mac)?,
        (Target::Mac(_) | Target::Filter(_), _) => return None,
    };
    let door = match third_party(config, source, ip, mac) {
        Some((interface, third)) => by_arp(interface, ip, mac, third),
        None => by_address(ip, config.netbios_port),
    };
    Some(door.map(|door| Stimulus::new(door, task.seed)))
}

/// Returns the interface that listens and the machine that answers to ARP probes can go to, if the suspect is on the
/// subnet there: a router of the configuration, else the neighbour with the lowest address, which often is one.
fn third_party<'a>(
    config: &Config,
    source: &'a Source,
    suspect: IpAddr,
    mac: Option<Mac>,
) -> Option<(&'a str, Mac)> {
    let (Source::Interface(interface), IpAddr::V4(_)) = (source, suspect) else {
        return None;
    };
    let mut near = suspect::neighbours_on(interface, suspect);
    near.retain(|(ip, other)| ip.is_ipv4() && Some(*other) != mac && *ip != suspect);
    let is_router = |ip: &IpAddr| {
        let mut routers = config.routers.values();
        routers.any(|router| router.agent.address.host.parse() == Ok(*ip))
    };
    near.sort_by_key(|(ip, _)| (!is_router(ip), *ip));
    near.first().map(|(_, third)| (interface.as_str(), *third))
}

fn by_arp(
    interface: &str,
    ip: IpAddr,
    mac: Option<Mac>,
    third: Mac,
) -> Result<Box<dyn Door>, String> {
    let IpAddr::V4(ip) = ip else {
        return Err(format!("{ip} cannot be asked by ARP"));
    };
    let injector = Injector::open(interface).map_err(|error| error.to_string())?;
    Ok(Box::new(ArpProbe::new(injector, ip, mac, third)))
}

fn by_address(ip: IpAddr, netbios_port: u16) -> Result<Box<dyn Door>, String> {
    match ByAddress::open(ip, netbios_port) {
        Ok(door) => Ok(Box::new(door)),
        Err(error) => Err(format!("no way leads to {ip}: {error}")),
    }
}
