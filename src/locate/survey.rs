//! What a switch tells about itself before anything is written: its ports, its uplinks, and where it has learned
//! the suspect. Read only.

use std::collections::{BTreeMap, BTreeSet};

use super::event::Event;
use crate::mac::Mac;
use crate::port::{PortId, PortSet, PortTable};
use crate::snmp::{Snmp, SnmpError};
use crate::tables::{forwarding, neighbours, ports};

/// A port with so many learned addresses that no hub or desk switch explains it, if it also holds most of all the
/// addresses that the switch knows. A machine that forges its address can look like that, so the run says so.
const CROWD: usize = 32;

/// A switch as its tables show it.
#[derive(Clone, Debug, Default)]
pub struct Survey {
    /// Its ports.
    pub ports: PortTable,
    /// Ports to other switches and routers.
    pub uplinks: PortSet,
    /// Who is announced behind a port: a switch, a router, an access point, a telephone.
    pub neighbours: Vec<neighbours::Neighbour>,
    /// Where the forwarding table has the suspect.
    pub table_says: Option<PortId>,
    /// Whom the forwarding table has on each port, if all of it had to be read.
    pub learned: BTreeMap<PortId, BTreeSet<Mac>>,
}

impl Survey {
    /// Reads everything. Tables that the switch does not have, or does not show, are empty.
    ///
    /// # Errors
    /// [`SnmpError`], if the switch cannot even tell its ports.
    pub fn read(
        snmp: &mut dyn Snmp,
        wanted: Wanted,
        tell: &mut dyn FnMut(&Event<'_>),
    ) -> Result<Survey, SnmpError> {
        let ports = ports::read(snmp)?;
        let mut survey = Survey {
            ports,
            ..Survey::default()
        };
        if let Some(found) = optional(
            neighbours::read(snmp, &survey.ports),
            "neighbour table",
            tell,
        ) {
            survey.uplinks = neighbours::uplinks(&found);
            survey.neighbours = found;
        }
        if let Some(mac) = wanted.place_of {
            survey.table_says = optional(
                learned_at(snmp, &survey.ports, mac),
                "forwarding table",
                tell,
            )
            .flatten();
        }
        if wanted.uplinks {
            survey.add_crowded_port(snmp, tell);
        }
        Ok(survey)
    }

    fn add_crowded_port(&mut self, snmp: &mut dyn Snmp, tell: &mut dyn FnMut(&Event<'_>)) {
        let learned = optional(
            forwarding::learned(snmp, &self.ports),
            "forwarding table",
            tell,
        );
        self.learned = learned.unwrap_or_default();
        self.find_crowd(tell);
    }

    /// Makes use of a whole forwarding table that was read in another way than over SNMP.
    pub(super) fn take_in_learned(
        &mut self,
        learned: BTreeMap<PortId, BTreeSet<Mac>>,
        wanted: Wanted,
        tell: &mut dyn FnMut(&Event<'_>),
    ) {
        self.learned = learned;
        if let Some(mac) = wanted.place_of {
            let mut places = self.learned.iter().filter(|(_, macs)| macs.contains(&mac));
            self.table_says = match (places.next(), places.next()) {
                (Some((port, _)), None) => Some(*port),
                _ => None,
            };
        }
        if wanted.uplinks {
            self.find_crowd(tell);
        }
    }

    fn find_crowd(&mut self, tell: &mut dyn FnMut(&Event<'_>)) {
        let Some(port) = crowded(&self.learned) else {
            return;
        };
        if self.uplinks.insert(port) {
            let (label, many) = (
                self.ports.label(port),
                self.learned.get(&port).map_or(0, BTreeSet::len),
            );
            tell(&Event::Warning(format!(
                "port {label} is taken for an uplink: {many} addresses were learned there; `uplinks: []` in the configuration overrules that"
            )));
        }
    }
}

/// What a survey has to find out besides the ports.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The suspect, if its place in the forwarding table is wanted as a head start.
    pub place_of: Option<Mac>,
    /// Whether uplinks have to be found, because the configuration does not name them.
    pub uplinks: bool,
}

/// Asks for one row by its index, in every forwarding database: two requests instead of a walk. Several ports
/// contradict each other and count as none.
fn learned_at(
    snmp: &mut dyn Snmp,
    ports: &PortTable,
    mac: Mac,
) -> Result<Option<PortId>, SnmpError> {
    let databases = forwarding::databases(snmp)?;
    let places = forwarding::whereabouts(snmp, ports, &databases, mac)?;
    let mut found = places.ports.iter();
    let first = found.next();
    Ok(if found.next().is_none() && places.others.is_empty() {
        first
    } else {
        None
    })
}

/// Returns the port that holds most of a crowd, if there is one.
fn crowded(learned: &BTreeMap<PortId, BTreeSet<Mac>>) -> Option<PortId> {
    let all: usize = learned.values().map(BTreeSet::len).sum();
    let (port, macs) = learned.iter().max_by_key(|(_, macs)| macs.len())?;
    (macs.len() >= CROWD && macs.len() * 2 > all).then_some(*port)
}

/// A table that is missing is no reason to stop: it would only have been a head start.
fn optional<T>(
    table: Result<T, SnmpError>,
    name: &str,
    tell: &mut dyn FnMut(&Event<'_>),
) -> Option<T> {
    table
        .map_err(|error| {
            tell(&Event::Warning(format!(
                "the {name} cannot be read and is done without: {error}"
            )))
        })
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(rows: &[(u16, usize)]) -> BTreeMap<PortId, BTreeSet<Mac>> {
        let macs = |port: u16, count: usize| {
            (0..count)
                .map(|n| Mac([2, 0, port.to_be_bytes()[1], 0, 0, u8::try_from(n).unwrap()]))
                .collect()
        };
        rows.iter()
            .map(|&(port, count)| (PortId(port), macs(port, count)))
            .collect()
    }

    #[test]
    fn a_port_with_most_of_a_crowd_is_an_uplink_and_a_hub_is_not() {
        assert_eq!(
            crowded(&learned(&[(1, 1), (2, 8), (23, 40)])),
            Some(PortId(23))
        );
        assert_eq!(crowded(&learned(&[(1, 1), (2, 8)])), None);
        assert_eq!(crowded(&learned(&[(1, 40), (2, 40)])), None);
    }
}
