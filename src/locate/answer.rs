//! From what a run heard to what its report says. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::drive::{Evidence, Window};
use super::outcome::{CandidateReport, Confirmation, Outcome, PortReport, ProbeReport};
use crate::mac::Mac;
use crate::port::{PortId, PortTable};
use crate::search::{Purpose, Verdict};

/// How the search's verdict reads in the report.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// How the run ended.
    pub outcome: Outcome,
    /// The port and the belief in it.
    pub port: Option<(PortId, f64)>,
    /// The off/on proof.
    pub confirmation: Option<Confirmation>,
    /// What remains, if it is not one port.
    pub shortlist: Vec<(PortId, f64)>,
}

impl From<&Verdict> for Answer {
    fn from(verdict: &Verdict) -> Answer {
        let nothing = Answer {
            outcome: Outcome::NotSeen,
            port: None,
            confirmation: None,
            shortlist: Vec::new(),
        };
        match verdict {
            Verdict::Found {
                port,
                confidence,
                cycles,
            } => Answer {
                outcome: Outcome::Located,
                port: Some((*port, *confidence)),
                confirmation: Some(Confirmation {
                    confirmed: *cycles > 0,
                    cycles: *cycles,
                }),
                ..nothing
            },
            Verdict::NotSeen | Verdict::Elsewhere { .. } => nothing,
            Verdict::SeveralPlaces(ports) => Answer {
                outcome: Outcome::SeveralPlaces,
                shortlist: ports.clone(),
                ..nothing
            },
            Verdict::Undecided(ports) => Answer {
                outcome: Outcome::Undecided,
                shortlist: ports.clone(),
                ..nothing
            },
        }
    }
}

impl Answer {
    /// Returns what a verdict comes to, given what was heard.
    ///
    /// A suspect that was never heard is not seen, also where the time was too short for the search to be sure of it:
    /// a shortlist would only name the ports that were listened to least.
    #[must_use]
    pub fn of(verdict: &Verdict, evidence: &Evidence) -> Answer {
        let heard = evidence
            .windows
            .iter()
            .any(|window| window.observed.is_heard());
        Answer::from(if heard { verdict } else { &Verdict::NotSeen })
    }

    /// The shortlist with labels instead of numbers.
    #[must_use]
    pub fn candidates(&self, switch: &str, ports: &PortTable) -> Vec<CandidateReport> {
        let row = |&(port, belief): &(PortId, f64)| CandidateReport {
            switch: switch.to_owned(),
            port: ports.label(port).to_owned(),
            belief,
        };
        self.shortlist.iter().map(row).collect()
    }
}

/// A port with all its names.
#[must_use]
pub fn port_report(ports: &PortTable, id: PortId) -> Option<PortReport> {
    let port = ports.get(id)?;
    let told = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Some(PortReport {
        label: port.label.0.clone(),
        if_name: told(&port.if_name),
        if_index: port.if_index.map(|index| index.0),
        alias: told(&port.alias),
    })
}

/// Every window as a line of the report.
#[must_use]
pub fn probes(switch: &str, ports: &PortTable, windows: &[Window]) -> Vec<ProbeReport> {
    let row = |window: &Window| ProbeReport {
        switch: switch.to_owned(),
        sources: window
            .observed
            .ports
            .iter()
            .map(|port| ports.label(port).to_owned())
            .collect(),
        seconds: window
            .observed
            .until
            .since(window.observed.from)
            .as_secs_f64(),
        sightings: window.observed.heard(),
        why: window.why.clone(),
    };
    windows.iter().map(row).collect()
}

/// The other machines behind `port`: those heard while it alone was mirrored, and not while it was not.
///
/// Only a switch that copies ingress alone allows this; copies of both directions show everybody whom the
/// machine talks to.
#[must_use]
pub fn neighbours(evidence: &Evidence, port: PortId) -> BTreeSet<Mac> {
    let alone = |window: &&Window| {
        window.observed.ports.len() == 1
            && window.observed.ports.contains(port)
            && matches!(window.purpose, Purpose::ProofOn | Purpose::Narrow)
    };
    let with: BTreeSet<Mac> = evidence
        .windows
        .iter()
        .filter(alone)
        .flat_map(|w| w.others.iter().copied())
        .collect();
    let without: BTreeSet<Mac> = evidence
        .windows
        .iter()
        .filter(|window| !window.observed.ports.contains(port))
        .flat_map(|w| w.others.iter().copied())
        .collect();
    with.difference(&without)
        .copied()
        .filter(|mac| !mac.is_group())
        .collect()
}

/// Says what stands between a port and the suspect, judging by how many others are behind it.
#[must_use]
pub fn what_is_behind(others: usize) -> Option<String> {
    match others {
        0 => None,
        1 => Some("a hub, a small switch or a phone: 1 other machine shares the port".to_owned()),
        2..=15 => Some(format!(
            "a hub or a small switch: {others} other machines share the port"
        )),
        many => Some(format!(
            "a switch, or a machine that forges its address: {many} other addresses share the port"
        )),
    }
}

/// Says what hosts a virtual machine, judging by the maker of its MAC and by how many others are on the port.
#[must_use]
pub fn a_virtual_host(maker: &str, others: usize) -> String {
    match others {
        1 => format!("a host of virtual machines ({maker}): 1 other address shares the port"),
        many => {
            format!("a host of virtual machines ({maker}): {many} other addresses share the port")
        }
    }
}

/// The MACs that the suspect's frames came from.
#[must_use]
pub fn suspect_macs(evidence: &Evidence) -> BTreeSet<Mac> {
    evidence
        .windows
        .iter()
        .flat_map(|window| window.suspect_macs.iter().copied())
        .collect()
}

/// The addresses that the suspect's frames had at `port`: those heard while it alone was mirrored, or else with others.
#[must_use]
pub fn suspect_at(evidence: &Evidence, port: PortId) -> (BTreeSet<Mac>, BTreeSet<IpAddr>) {
    let windows = || {
        let with = evidence.windows.iter();
        with.filter(|window| window.observed.is_heard() && window.observed.ports.contains(port))
    };
    let has_alone = windows().any(|window| window.observed.ports.len() == 1);
    let chosen = || windows().filter(|window| !has_alone || window.observed.ports.len() == 1);
    (
        chosen()
            .flat_map(|w| w.suspect_macs.iter().copied())
            .collect(),
        chosen()
            .flat_map(|w| w.suspect_ips.iter().copied())
            .collect(),
    )
}

/// The IP address of a suspect that uses only one.
#[must_use]
pub fn only_ip(evidence: &Evidence) -> Option<IpAddr> {
    let ips: BTreeSet<IpAddr> = evidence
        .windows
        .iter()
        .flat_map(|window| window.suspect_ips.iter().copied())
        .collect();
    let mut v4_first = ips.into_iter();
    let first = v4_first.next()?;
    if v4_first.any(|other| other.is_ipv4()) {
        None
    } else {
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::search::{Knocks, Observed, Quality};

    fn mac(last: u8) -> Mac {
        Mac([4, 0xd4, 0xc4, 0, 0, last])
    }

    fn window(purpose: Purpose, ports: &[u16], others: &[u8]) -> Window {
        Window {
            purpose,
            why: String::new(),
            observed: Observed {
                ports: ports.iter().copied().map(PortId).collect(),
                from: Moment::START,
                until: Moment::START,
                sightings: Vec::new(),
                quality: Quality::Alive,
                knocks: Knocks::default(),
            },
            suspect_macs: BTreeSet::new(),
            suspect_ips: BTreeSet::new(),
            others: others.iter().copied().map(mac).collect(),
        }
    }

    #[test]
    fn neighbours_are_those_heard_with_the_port_alone_and_never_without_it() {
        let evidence = Evidence {
            windows: vec![
                window(Purpose::Narrow, &[1, 2], &[1, 2, 3]),
                window(Purpose::ProofOn, &[2], &[2, 3]),
                window(Purpose::ProofOff, &[1], &[1, 3]),
            ],
            writes: 3,
        };
        assert_eq!(neighbours(&evidence, PortId(2)), BTreeSet::from([mac(2)]));
    }

    #[test]
    fn the_suspects_addresses_at_a_port_are_those_heard_there_alone() {
        let heard = |ports: &[u16], from: u8| {
            let mut window = window(Purpose::Narrow, ports, &[]);
            window.observed.sightings = vec![Moment::START];
            window.suspect_macs = [mac(from)].into();
            window.suspect_ips = [IpAddr::from([10, 0, 0, from])].into();
            window
        };
        let silent = window(Purpose::ProofOff, &[2], &[]);
        let mut evidence = Evidence {
            windows: vec![heard(&[1, 2], 1), heard(&[1], 3), silent],
            writes: 2,
        };
        let (macs, _) = suspect_at(&evidence, PortId(2));
        assert_eq!(macs, [mac(1)].into());
        evidence.windows.push(heard(&[2], 2));
        let (macs, ips) = suspect_at(&evidence, PortId(2));
        assert_eq!(macs, [mac(2)].into());
        assert_eq!(ips, [IpAddr::from([10, 0, 0, 2])].into());
    }

    #[test]
    fn a_suspect_that_was_never_heard_has_no_shortlist() {
        let verdict = Verdict::Undecided(vec![(PortId(1), 0.4), (PortId(2), 0.3)]);
        let mut evidence = Evidence {
            windows: vec![window(Purpose::Narrow, &[1, 2], &[3])],
            writes: 1,
        };
        let answer = Answer::of(&verdict, &evidence);
        assert_eq!(
            (answer.outcome, answer.shortlist.len()),
            (Outcome::NotSeen, 0)
        );
        evidence.windows[0].observed.sightings = vec![Moment::START];
        let answer = Answer::of(&verdict, &evidence);
        assert_eq!(
            (answer.outcome, answer.shortlist.len()),
            (Outcome::Undecided, 2)
        );
    }

    #[test]
    fn a_lone_machine_has_nothing_in_between() {
        assert_eq!(what_is_behind(0), None);
        assert_eq!(
            what_is_behind(3).unwrap(),
            "a hub or a small switch: 3 other machines share the port"
        );
    }
}
