//! What is never answered.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::conversation::State;
use super::super::digest::TcpFlags;
use super::groups::each_group;
use super::{Conversation, Evidence, Finding, Findings, Kind, Scene, count, is_group, is_share};
use crate::wire::ip::Protocol;

/// So many connections asked for in vain are told.
const MIN_UNANSWERED: usize = 10;
/// So many flows without an answer, or so many packets in them, are told.
const MIN_ONE_WAY_FLOWS: usize = 20;
const MIN_ONE_WAY_PACKETS: u64 = 100;
/// If they are at least this share of the host's flows or of its packets, in per cent.
const MIN_SHARE: u64 = 50;
/// So many packets of data without a beginning are told: fewer may be what a connection sent just before the capture ended.
const MIN_WITHOUT_SYN: u64 = 3;
/// So many packets to an address that nobody asked for by ARP are told: fewer may be one question to a machine that is
/// slow, or elsewhere.
const MIN_TO_NOBODY: u64 = 10;

#[derive(Default)]
struct Sum {
    flows: usize,
    evidence: Option<Evidence>,
    targets: BTreeSet<IpAddr>,
    ids_zero: bool,
}

impl Sum {
    fn note(&mut self, flow: &Conversation) {
        self.ids_zero = flow.a.ids_zero && (self.flows == 0 || self.ids_zero);
        self.flows += 1;
        self.evidence = Evidence::grown(self.evidence, Evidence::of(flow));
        self.targets.insert(flow.b.ip);
    }

    fn packets(&self) -> u64 {
        self.evidence.map_or(0, |evidence| evidence.tally.packets)
    }
}

/// The flows that a host began.
#[derive(Default)]
struct Begun {
    all: u64,
    packets: u64,
    one_way: Sum,
    unanswered: Sum,
    without_syn: Sum,
}

pub(super) fn silences(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    each_group(
        scene.census,
        |flow| Some(flow.a.ip),
        |ip, flows| {
            let mut begun = Begun::default();
            flows.for_each(|flow| begun.note(&flow));
            findings.extend(begun.findings(scene, ip));
        },
    );
    findings.into_gravest()
}

impl Begun {
    fn note(&mut self, flow: &Conversation) {
        self.all += 1;
        self.packets = self.packets.saturating_add(flow.both().packets);
        let silent = flow.b.sent.packets == 0 && !is_group(flow.b.ip);
        // ICMP reports and routing protocols expect no answer; later fragments belong to another flow.
        let expects_answer = flow.b.port != 0;
        if !silent || !expects_answer {
            return;
        }
        self.one_way.note(flow);
        if flow.state() == State::Unanswered {
            self.unanswered.note(flow);
        }
        if flow.is_tcp() && flow.a.has_data && !flow.a.flags.has(TcpFlags::SYN) {
            self.without_syn.note(flow);
        }
    }

    fn findings(self, scene: &Scene<'_>, ip: IpAddr) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut find = |kind, sum: &Sum, what: String| {
            if let Some(evidence) = sum.evidence {
                findings.push(scene.of_host(kind, ip, what, evidence));
            }
        };
        let sum = &self.without_syn;
        if sum.packets() >= MIN_WITHOUT_SYN {
            let ids = if sum.ids_zero {
                "; every packet has the IP identification 0"
            } else {
                ""
            };
            let what = format!(
                "{ip} sent TCP data to {} in {} that nobody had opened and nobody answered{ids}",
                count(sum.targets.len(), "address"),
                count(sum.flows, "flow"),
            );
            find(Kind::DataWithoutSyn, sum, what);
        }
        let sum = &self.unanswered;
        if sum.flows >= MIN_UNANSWERED {
            let what = format!(
                "{ip} asked for {} to {} and got no answer",
                count(sum.flows, "connection"),
                count(sum.targets.len(), "address"),
            );
            find(Kind::Unanswered, sum, what);
        }
        let sum = &self.one_way;
        let many_flows = sum.flows >= MIN_ONE_WAY_FLOWS
            && is_share(u64::try_from(sum.flows).unwrap_or(0), self.all, MIN_SHARE);
        let many_packets = sum.packets() >= MIN_ONE_WAY_PACKETS
            && is_share(sum.packets(), self.packets, MIN_SHARE);
        if many_flows || many_packets {
            let what = format!(
                "{ip} sent {} to {} in {}, and nothing came back",
                count(
                    usize::try_from(sum.packets()).unwrap_or(usize::MAX),
                    "packet"
                ),
                count(sum.targets.len(), "address"),
                count(sum.flows, "flow"),
            );
            find(Kind::OneWay, sum, what);
        }
        findings
    }
}

/// Packets to local addresses that never say anything, not even by ARP.
pub(super) fn unused_destinations(scene: &Scene<'_>) -> Vec<Finding> {
    let to_nobody = |flow: &Conversation| {
        let target = flow.b.ip;
        let is_silent = scene.local.has(target) && !is_group(target) && never_speaks(scene, target);
        (is_silent && Protocol(flow.protocol) != Protocol::ICMP_V6).then_some(flow.a.ip)
    };
    let mut findings = Findings::default();
    each_group(scene.census, to_nobody, |ip, flows| {
        let mut sum = Sum::default();
        flows.for_each(|flow| sum.note(&flow));
        findings.extend(sum.to_nobody(scene, ip));
    });
    findings.into_gravest()
}

/// Tells whether an address sent nothing, not even ARP. Of a host that was given up nobody knows.
fn never_speaks(scene: &Scene<'_>, ip: IpAddr) -> bool {
    let census = scene.census;
    let sought = census.sought.get(&ip);
    let answered = sought.is_some_and(|sought| sought.is_there);
    let host = census.ledger.hosts.get(&ip);
    !answered && host.is_some_and(|host| host.traffic.sent.packets == 0)
}

impl Sum {
    fn to_nobody(&self, scene: &Scene<'_>, ip: IpAddr) -> Option<Finding> {
        let requests = |ip: &IpAddr| {
            let sought = scene.census.sought.get(ip);
            sought.map_or(0, |sought| sought.requests)
        };
        // One that was asked for shows best that nobody is there.
        let example = self.targets.iter().rev().max_by_key(|ip| requests(ip))?;
        let sought = match requests(example) {
            0 if self.packets() < MIN_TO_NOBODY => return None,
            0 => String::new(),
            1 => " (1 ARP request for it in vain)".to_owned(),
            requests => format!(" ({requests} ARP requests for it in vain)"),
        };
        let what = format!(
            "{ip} sent {} to {} that never said anything, such as {example}{sought}",
            count(
                usize::try_from(self.packets()).unwrap_or(usize::MAX),
                "packet"
            ),
            count(self.targets.len(), "local address"),
        );
        Some(scene.of_host(Kind::UnusedDestination, ip, what, self.evidence?))
    }
}
