//! What was heard on a switch becomes what the report says.

use std::collections::BTreeSet;

use super::answer::{self, Answer};
use super::beyond::{Finding, Heard, Routers};
use super::drive::Evidence;
use super::naming;
use super::outcome::{Outcome, Report};
use super::survey::Survey;
use super::task::Target;
use crate::config::{Config, Switch};
use crate::identify;
use crate::mac::Mac;
use crate::mirror::Copies;
use crate::port::PortId;
use crate::search::Verdict;

/// A switch that was searched.
#[derive(Clone, Copy)]
pub(super) struct Searched<'a> {
    pub(super) switch: &'a Switch,
    pub(super) survey: &'a Survey,
    pub(super) copies: Copies,
    /// Who was looked for, as given.
    pub(super) target: &'a Target,
    pub(super) routers: &'a Routers,
}

/// Adds to the report what was done to a switch and heard there, also if the run broke off.
pub(super) fn log(report: &mut Report, switch: &Switch, survey: &Survey, evidence: &Evidence) {
    report.probes.extend(answer::probes(
        &switch.name,
        &survey.ports,
        &evidence.windows,
    ));
    report.mirror.writes += evidence.writes;
}

/// Adds to the report what the search of a switch has shown.
pub(super) fn take_in(
    report: &mut Report,
    config: &Config,
    searched: Searched<'_>,
    verdict: &Verdict,
    evidence: &Evidence,
) {
    let Searched {
        switch,
        survey,
        copies,
        ..
    } = searched;
    let answer = Answer::of(verdict, evidence);
    let macs = answer::suspect_macs(evidence);
    report.outcome = answer.outcome;
    report.confirmation = answer.confirmation;
    report.candidates = answer.candidates(&switch.name, &survey.ports);
    report.suspect.ip = report.suspect.ip.or_else(|| answer::only_ip(evidence));
    report.suspect.mac = report.suspect.mac.or_else(|| only(&macs));
    match (answer.port, survey.table_says) {
        (Some((port, confidence)), _) => {
            report.switch = Some(switch.name.clone());
            report.port = answer::port_report(&survey.ports, port);
            report.confidence = Some(confidence);
            let mut others = match copies {
                Copies::Ingress => answer::neighbours(evidence, port),
                Copies::Both => BTreeSet::new(),
            };
            // The windows of a quick search are too short for machines that talk seldom.
            others.extend(survey.learned.get(&port).into_iter().flatten());
            let suspect = macs.into_iter().chain(report.suspect.mac).collect();
            report.other_macs_on_port = others.difference(&suspect).copied().collect();
            tell_what_is_behind(report, survey, port);
            tell_the_router(report, searched, evidence, port);
            tell_the_outlet(report, config, searched, port);
        }
        (None, Some(port))
            if survey.uplinks.contains(port) && answer.outcome == Outcome::NotSeen =>
        {
            report.warnings.push(format!(
                "{} has learned the suspect on port {}, an uplink: look on the switch behind it",
                switch.name,
                survey.ports.label(port)
            ));
        }
        (None, _) => {}
    }
}

/// A device that announces itself tells more than the number of addresses.
fn tell_what_is_behind(report: &mut Report, survey: &Survey, port: PortId) {
    let announced = survey
        .neighbours
        .iter()
        .find(|neighbour| neighbour.port == port);
    let others = report.other_macs_on_port.len();
    // A virtual machine that has a port to itself was given it whole, or its host is silent: nothing stands between.
    let host = report.suspect.mac.and_then(identify::hypervisor);
    let host = host.filter(|_| others > 0 || announced.is_some());
    if announced.is_some_and(|neighbour| neighbour.does.access_point) {
        report.outcome = Outcome::AccessPoint;
    } else if host.is_some() {
        report.outcome = Outcome::VirtualHost;
    }
    report.behind = match (announced, host) {
        (Some(neighbour), _) => Some(format!("{} announces itself there", neighbour.name)),
        (None, Some(maker)) => Some(answer::a_virtual_host(maker, others)),
        (None, None) => answer::what_is_behind(others),
    };
}

/// Whoever asks for a MAC gets the machine that has it: a router, if it is one's.
fn tell_the_router(report: &mut Report, searched: Searched<'_>, evidence: &Evidence, port: PortId) {
    let (macs, heard) = answer::suspect_at(evidence, port);
    let ips = match searched.target {
        Target::Ip(ip) => BTreeSet::from([*ip]),
        Target::Filter(_) => heard.clone(),
        Target::Mac(_) => return,
    };
    let mut announced = searched.survey.neighbours.iter();
    let finding = searched.routers.judge(&Heard {
        packets: !ips.is_disjoint(&heard),
        ips: &ips,
        macs: &macs,
        announced: announced.find(|neighbour| neighbour.port == port),
    });
    match finding {
        Finding::Direct => {}
        Finding::Unclear(sentence) => report.warnings.push(sentence),
        Finding::Beyond(sentence) => {
            report.outcome = Outcome::BeyondRouter;
            report.behind = Some(sentence);
        }
    }
}

fn tell_the_outlet(report: &mut Report, config: &Config, searched: Searched<'_>, port: PortId) {
    let Some(port) = searched.survey.ports.get(port) else {
        return;
    };
    match naming::place(config, &searched.switch.name, port) {
        Ok(place) => report.patch = Some(place),
        Err(sentence) => report.warnings.push(sentence),
    }
}

fn only(macs: &BTreeSet<Mac>) -> Option<Mac> {
    if macs.len() == 1 {
        macs.first().copied()
    } else {
        None
    }
}
