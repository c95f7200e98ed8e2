//! Sources that one machine makes up.

use std::net::IpAddr;

use super::groups::each_group;
use super::{Conversation, Evidence, Finding, Findings, Kind, Scene, Wanted, count, is_group};
use crate::mac::Mac;

/// From so many addresses on that are never answered, one MAC is suspected.
const MIN_SOURCES: usize = 16;
/// Of a MAC's addresses so many may be answered at most; a router's mostly are. In per cent.
const MAX_ANSWERED: usize = 20;

/// What one MAC sent from.
#[derive(Default)]
struct Sender {
    sources: usize,
    answered: usize,
    outside: usize,
    evidence: Option<Evidence>,
}

/// A router sends from many addresses as well, but they are spoken to.
pub(super) fn many_sources(scene: &Scene<'_>) -> Vec<Finding> {
    let mut findings = Findings::default();
    let mut current: Option<(Mac, Sender)> = None;
    let mut finish = |done: Option<(Mac, Sender)>| {
        findings.extend(done.and_then(|(mac, sender)| sender.finding(mac)));
    };
    let keys = |flow: &Conversation| {
        let ends = [flow.a, flow.b].into_iter();
        let senders = ends.filter(|end| end.sent.packets > 0);
        senders.filter_map(|end| Some((end.mac?, end.ip)))
    };
    each_group(scene.census, keys, |(mac, ip), flows| {
        if current.as_ref().is_none_or(|(known, _)| *known != mac) {
            finish(current.replace((mac, Sender::default())));
        }
        if let Some((_, sender)) = &mut current {
            sender.note(scene, ip, flows);
        }
    });
    finish(current);
    findings.into_gravest()
}

impl Sender {
    /// Counts one of its addresses, by the flows of it.
    fn note(
        &mut self,
        scene: &Scene<'_>,
        ip: IpAddr,
        flows: &mut dyn Iterator<Item = Conversation>,
    ) {
        let (mut is_answered, mut may_be_answered) = (false, false);
        for flow in flows {
            let other = if flow.a.ip == ip { flow.b } else { flow.a };
            // A group does not answer: a router that passes on what many send to one is no forger.
            may_be_answered |= !is_group(other.ip);
            if other.sent.packets > 0 {
                is_answered = true;
            } else {
                self.evidence = Evidence::grown(self.evidence, Evidence::of(&flow));
            }
        }
        if !may_be_answered {
            return;
        }
        self.sources += 1;
        self.answered += usize::from(is_answered);
        self.outside += usize::from(!scene.local.has(ip));
    }

    fn finding(self, mac: Mac) -> Option<Finding> {
        let (all, outside) = (self.sources, self.outside);
        let silent = all - self.answered;
        if silent < MIN_SOURCES || self.answered * 100 > all * MAX_ANSWERED {
            return None;
        }
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
