//! Who carries too much of one thing: a port, or a direction.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::conversation::protocol_name;
use super::super::service::usual_on;
use super::super::{Host, Tally};
use super::{Evidence, Finding, Kind, Scene};

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
        scene.local.has(host.ip) && bytes * 100 >= scene.census.total.bytes * MIN_OF_ALL
    };
    let hosts: BTreeMap<IpAddr, Host> = largest
        .into_iter()
        .filter(matters)
        .map(|host| (host.ip, host))
        .collect();
    let mut ports: BTreeMap<(IpAddr, Port), (Tally, Evidence)> = BTreeMap::new();
    let mut evidence: BTreeMap<IpAddr, Evidence> = BTreeMap::new();
    for flow in scene.census.conversations() {
        for ip in [flow.a.ip, flow.b.ip] {
            if !hosts.contains_key(&ip) {
                continue;
            }
            let more = Evidence::of(&flow);
            let all = evidence.entry(ip).or_insert(more);
            *all = Evidence {
                tally: all.tally,
                ..all.with(more)
            };
            let mut of_flow = vec![flow.a.port, flow.b.port];
            of_flow.dedup();
            for port in of_flow {
                let sum = ports.entry((ip, (flow.protocol, port)));
                let sum = sum.or_insert((Tally::default(), more));
                *sum = (sum.0.plus(more.tally), sum.1.with(more));
            }
        }
    }
    let mut findings = imbalances(scene, &hosts, &evidence);
    for ((ip, port), (tally, evidence)) in ports {
        let Some(host) = hosts.get(&ip) else {
            continue;
        };
        let all = host.traffic.both().bytes;
        if port.1 != 0
            && usual_on(port.0, port.1).is_none()
            && tally.bytes * 100 >= all * MIN_OF_HOST
        {
            let what = format!(
                "{} port {} carries {} of the {all} bytes of {ip}",
                protocol_name(port.0),
                port.1,
                tally.bytes
            );
            let evidence = Evidence { tally, ..evidence };
            findings.push(scene.of_host(Kind::OnePort, ip, what, evidence));
        }
    }
    findings
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
