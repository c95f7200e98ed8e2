//! One that tries many: scans by port and by host.

use super::super::conversation::State;
use super::groups::each_group;
use super::{Conversation, Evidence, Finding, Findings, Kind, Scene, count, is_group};

/// So many ports of one host, or hosts on one port, are a scan.
const MIN_TRIED: usize = 20;
/// If at least this share of them did not answer or refused, in per cent.
const MIN_IN_VAIN: usize = 50;

/// What was tried of one kind: ports of a host, or hosts on a port.
#[derive(Default)]
struct Tries {
    tried: usize,
    in_vain: usize,
    evidence: Option<Evidence>,
}

impl Tries {
    /// Counts one that was tried, by all flows to it.
    fn note(&mut self, flows: &mut dyn Iterator<Item = Conversation>) {
        let mut is_in_vain = false;
        for flow in flows {
            is_in_vain |= in_vain(&flow);
            self.evidence = Evidence::grown(self.evidence, Evidence::of(&flow));
        }
        self.tried += 1;
        self.in_vain += usize::from(is_in_vain);
    }

    fn are_a_scan(&self) -> bool {
        self.tried >= MIN_TRIED && self.in_vain * 100 >= self.tried * MIN_IN_VAIN
    }
}

fn in_vain(flow: &Conversation) -> bool {
    match flow.state() {
        State::Unanswered | State::Refused => true,
        // Where the answers are all that was seen, nothing was in vain.
        State::OneWay => flow.b.sent.packets == 0,
        // A reset is what a stealthy scan gets for an answer.
        State::Reset => !flow.a.has_data && !flow.b.has_data,
        State::Open | State::HalfClosed | State::Closed | State::Midstream | State::TwoWay => false,
    }
}

pub(super) fn scans(scene: &Scene<'_>) -> Vec<Finding> {
    let of_ports = by_kind(
        scene,
        |flow| ((flow.a.ip, flow.b.ip), (flow.protocol, flow.b.port)),
        |scene, (source, target), tries| {
            let what = format!(
                "{source} tried {} of {target}; {} did not answer or refused",
                count(tries.tried, "port"),
                tries.in_vain
            );
            Some(scene.of_host(Kind::PortScan, source, what, tries.evidence?))
        },
    );
    let of_hosts = by_kind(
        scene,
        |flow| ((flow.a.ip, flow.protocol, flow.b.port), flow.b.ip),
        |scene, (source, protocol, port), tries| {
            let what = format!(
                "{source} tried {} on {} port {port}; {} did not answer or refused",
                count(tries.tried, "host"),
                super::super::conversation::protocol_name(protocol),
                tries.in_vain
            );
            Some(scene.of_host(Kind::HostScan, source, what, tries.evidence?))
        },
    );
    of_ports.into_iter().chain(of_hosts).collect()
}

/// Tells the scans among flows that have the first part of a key in common; the second is what was tried.
fn by_kind<S: Ord + Copy, T: Ord + Copy>(
    scene: &Scene<'_>,
    key: impl Fn(&Conversation) -> (S, T),
    tell: impl Fn(&Scene<'_>, S, &Tries) -> Option<Finding>,
) -> Vec<Finding> {
    let mut findings = Findings::default();
    let mut current: Option<(S, Tries)> = None;
    let mut finish = |done: Option<(S, Tries)>| {
        let scan = done.filter(|(_, tries)| tries.are_a_scan());
        findings.extend(scan.and_then(|(shared, tries)| tell(scene, shared, &tries)));
    };
    let keys = |flow: &Conversation| {
        let has_target = !is_group(flow.b.ip) && flow.b.port != 0;
        has_target.then(|| key(flow))
    };
    each_group(scene.census, keys, |(shared, _), flows| {
        if current.as_ref().is_none_or(|(known, _)| *known != shared) {
            finish(current.replace((shared, Tries::default())));
        }
        if let Some((_, tries)) = &mut current {
            tries.note(flows);
        }
    });
    finish(current);
    findings.into_gravest()
}
