//! Who carries too much of one thing: a port, or a direction.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::Host;
use super::super::conversation::protocol_name;
use super::super::service::usual_on;
use super::groups::each_group;
use super::{Conversation, Evidence, Finding, Kind, Scene, is_share};

/// How many of the largest hosts are looked at.
const LARGEST: usize = 50;
/// A host matters from this share of all octets on, in per cent.
const MIN_OF_ALL: u64 = 2;
/// One port carries nearly all from this share of a host's octets on, in per cent.
const MIN_OF_HOST: u64 = 80;
/// A host is out of balance from this producer/consumer ratio on, either way: a download with all its
/// acknowledgements stays below.
const MIN_RATIO: f64 = 0.98;

/// A protocol and a port.
type Port = (u8, u16);

pub(super) fn volumes(scene: &Scene<'_>) -> Vec<Finding> {
    let largest = scene.census.hosts(|traffic| traffic.both().bytes, LARGEST);
    let matters = |host: &Host| {
        let bytes = host.traffic.both().bytes;
        scene.local.has(host.ip) && is_share(bytes, scene.census.total.bytes, MIN_OF_ALL)
    };
    let hosts: BTreeMap<IpAddr, Host> = largest
        .into_iter()
        .filter(matters)
        .map(|host| (host.ip, host))
        .collect();
    let mut evidence: BTreeMap<IpAddr, Evidence> = BTreeMap::new();
    for flow in scene.census.conversations() {
        for ip in [flow.a.ip, flow.b.ip] {
            if hosts.contains_key(&ip) {
                let more = Evidence::of(&flow);
                let all = evidence.entry(ip).or_insert(more);
                *all = Evidence {
                    tally: all.tally,
                    ..all.with(more)
                };
            }
        }
    }
    let mut findings = imbalances(scene, &hosts, &evidence);
    let keys = |flow: &Conversation| {
        let ends = [flow.a.ip, flow.b.ip].into_iter();
        let ours: Vec<IpAddr> = ends.filter(|ip| hosts.contains_key(ip)).collect();
        let mut ports = vec![flow.a.port, flow.b.port];
        ports.dedup();
        let protocol = flow.protocol;
        let with_ports = move |ip| {
            ports
                .clone()
                .into_iter()
                .map(move |port| (ip, (protocol, port)))
        };
        ours.into_iter().flat_map(with_ports)
    };
    each_group(scene.census, keys, |(ip, port): (IpAddr, Port), flows| {
        let sum = flows.fold(None, |sum, flow| Evidence::grown(sum, Evidence::of(&flow)));
        let host = hosts.get(&ip);
        findings.extend(
            sum.zip(host)
                .and_then(|(sum, host)| one_port(scene, host, port, sum)),
        );
    });
    findings
}

fn one_port(scene: &Scene<'_>, host: &Host, port: Port, evidence: Evidence) -> Option<Finding> {
    let all = host.traffic.both().bytes;
    let bytes = evidence.tally.bytes;
    let is_odd = port.1 != 0 && usual_on(port.0, port.1).is_none();
    let what = format!(
        "{} port {} carries {bytes} of the {all} bytes of {}",
        protocol_name(port.0),
        port.1,
        host.ip
    );
    (is_odd && is_share(bytes, all, MIN_OF_HOST))
        .then(|| scene.of_host(Kind::OnePort, host.ip, what, evidence))
}

fn imbalances(
    scene: &Scene<'_>,
    hosts: &BTreeMap<IpAddr, Host>,
    evidence: &BTreeMap<IpAddr, Evidence>,
) -> Vec<Finding> {
    let unbalanced = hosts
        .values()
        .filter(|host| host.traffic.pcr().abs() >= MIN_RATIO);
    let findings = unbalanced.filter_map(|host| {
        let way = if host.traffic.pcr() > 0.0 {
            "sends"
        } else {
            "receives"
        };
        let what = format!(
            "{} nearly only {way}: {} bytes sent, {} received (producer/consumer ratio {:+.2})",
            host.ip,
            host.traffic.sent.bytes,
            host.traffic.received.bytes,
            host.traffic.pcr()
        );
        let evidence = Evidence {
            tally: host.traffic.both(),
            ..*evidence.get(&host.ip)?
        };
        Some(scene.of_host(Kind::Imbalance, host.ip, what, evidence))
    });
    findings.collect()
}
