//! One that tries many: scans by port and by host.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::super::conversation::State;
use super::{Conversation, Evidence, Finding, Kind, Scene, count, is_group};

/// So many ports of one host, or hosts on one port, are a scan.
const MIN_TRIED: usize = 20;
/// If at least this share of them did not answer or refused, in per cent.
const MIN_IN_VAIN: usize = 50;

struct Tries<T> {
    tried: BTreeSet<T>,
    in_vain: BTreeSet<T>,
    evidence: Option<Evidence>,
}

impl<T: Ord + Copy> Tries<T> {
    fn none() -> Tries<T> {
        Tries {
            tried: BTreeSet::new(),
            in_vain: BTreeSet::new(),
            evidence: None,
        }
    }

    fn note(&mut self, what: T, flow: &Conversation) {
        self.tried.insert(what);
        if is_in_vain(flow) {
            self.in_vain.insert(what);
        }
        self.evidence = Evidence::grown(self.evidence, Evidence::of(flow));
    }

    fn are_a_scan(&self) -> bool {
        self.tried.len() >= MIN_TRIED && self.in_vain.len() * 100 >= self.tried.len() * MIN_IN_VAIN
    }
}

fn is_in_vain(flow: &Conversation) -> bool {
    match flow.state() {
        State::Unanswered | State::Refused | State::OneWay => true,
        // A reset is what a stealthy scan gets for an answer.
        State::Reset => !flow.a.has_data && !flow.b.has_data,
        State::Open | State::HalfClosed | State::Closed | State::Midstream | State::TwoWay => false,
    }
}

pub(super) fn scans(scene: &Scene<'_>) -> Vec<Finding> {
    let mut ports: BTreeMap<(IpAddr, IpAddr), Tries<(u8, u16)>> = BTreeMap::new();
    let mut hosts: BTreeMap<(IpAddr, u8, u16), Tries<IpAddr>> = BTreeMap::new();
    for flow in scene.census.conversations() {
        if is_group(flow.b.ip) || flow.b.port == 0 {
            continue;
        }
        let (source, target) = (flow.a.ip, flow.b.ip);
        let service = (flow.protocol, flow.b.port);
        ports
            .entry((source, target))
            .or_insert_with(Tries::none)
            .note(service, &flow);
        let by_port = (source, flow.protocol, flow.b.port);
        hosts
            .entry(by_port)
            .or_insert_with(Tries::none)
            .note(target, &flow);
    }
    let of_ports = ports.into_iter().filter(|(_, tries)| tries.are_a_scan());
    let of_ports = of_ports.filter_map(|((source, target), tries)| {
        let what = format!(
            "{source} tried {} of {target}; {} did not answer or refused",
            count(tries.tried.len(), "port"),
            tries.in_vain.len()
        );
        Some(scene.of_host(Kind::PortScan, source, what, tries.evidence?))
    });
    let of_hosts = hosts.into_iter().filter(|(_, tries)| tries.are_a_scan());
    let of_hosts = of_hosts.filter_map(|((source, protocol, port), tries)| {
        let what = format!(
            "{source} tried {} on {} port {port}; {} did not answer or refused",
            count(tries.tried.len(), "host"),
            super::super::conversation::protocol_name(protocol),
            tries.in_vain.len()
        );
        Some(scene.of_host(Kind::HostScan, source, what, tries.evidence?))
    });
    of_ports.chain(of_hosts).collect()
}
