//! Sources that one machine makes up.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::{Evidence, Finding, Kind, Scene, Wanted, count};
use crate::mac::Mac;

/// From so many addresses on that are never answered, one MAC is suspected.
const MIN_SOURCES: usize = 16;
/// Of a MAC's addresses so many may be answered at most; a router's mostly are. In per cent.
const MAX_ANSWERED: usize = 20;

#[derive(Default)]
struct Sender {
    /// Whether anything went to the address, too.
    sources: BTreeMap<IpAddr, bool>,
    evidence: Option<Evidence>,
}

/// A router sends from many addresses as well, but they are spoken to.
pub(super) fn many_sources(scene: &Scene<'_>) -> Vec<Finding> {
    let mut senders: BTreeMap<Mac, Sender> = BTreeMap::new();
    for flow in scene.census.conversations() {
        for (own, other) in [(&flow.a, &flow.b), (&flow.b, &flow.a)] {
            let Some(mac) = own.mac.filter(|_| own.sent.packets > 0) else {
                continue;
            };
            let sender = senders.entry(mac).or_default();
            let answered = other.sent.packets > 0;
            *sender.sources.entry(own.ip).or_insert(false) |= answered;
            if !answered {
                sender.evidence = Evidence::grown(sender.evidence, Evidence::of(&flow));
            }
        }
    }
    senders
        .into_iter()
        .filter_map(|(mac, sender)| sender.finding(scene, mac))
        .collect()
}

impl Sender {
    fn finding(self, scene: &Scene<'_>, mac: Mac) -> Option<Finding> {
        let all = self.sources.len();
        let answered = self.sources.values().filter(|&&answered| answered).count();
        let silent = all - answered;
        if silent < MIN_SOURCES || answered * 100 > all * MAX_ANSWERED {
            return None;
        }
        let outside = self
            .sources
            .keys()
            .filter(|&&ip| !scene.local.has(ip))
            .count();
        let what = format!(
            "{mac} sent from {}, {outside} of them outside the local subnets; {silent} were never answered",
            count(all, "address"),
        );
        Some(Finding {
            kind: Kind::ForgedSources,
            wanted: Wanted::Mac(mac),
            macs: vec![mac],
            what,
            evidence: self.evidence?,
            is_local: true,
        })
    }
}
