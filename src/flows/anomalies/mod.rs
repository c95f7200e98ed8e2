//! What is odd, who it is, and how to find the machine. Pure: findings follow from a census.
//!
//! Every rule has thresholds with names. A finding is a reason to look, no proof of guilt: each comes with the ordinary
//! causes it may have.

use std::fmt;
use std::net::IpAddr;

use super::conversation::Conversation;
use super::tally::{Span, Tally};
use super::{Census, Exported, Subnet};
use crate::mac::Mac;

mod causes;
mod forged;
mod groups;
mod local;
mod reach;
mod silence;
mod time;
mod volume;

pub use causes::Cause;
pub use time::HOUR;

use local::Local;

/// What kind of oddity it is, gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Many source addresses from one MAC, none of which is ever answered.
    ForgedSources,
    /// One host tries many ports of another.
    PortScan,
    /// One host tries the same port of many others.
    HostScan,
    /// TCP data without a beginning, never answered.
    DataWithoutSyn,
    /// Packets to local addresses where nobody is.
    UnusedDestination,
    /// Connections asked for and never answered.
    Unanswered,
    /// Flows without anything coming back.
    OneWay,
    /// A host that turns to another at regular times.
    Beacon,
    /// One unusual port carries nearly all of a host's bytes.
    OnePort,
    /// As much traffic at night as by day.
    NoNight,
    /// A host that nearly only sends, or nearly only receives.
    Imbalance,
}

/// Whom to look for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wanted {
    /// A host by its address.
    Ip(IpAddr),
    /// A host by its MAC.
    Mac(Mac),
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Wanted::Ip(ip) => ip.fmt(f),
            Wanted::Mac(mac) => mac.fmt(f),
        }
    }
}

/// The packets that show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// How many, and their octets.
    pub tally: Tally,
    /// When.
    pub span: Span,
    /// The number of the first of them in the reading, from 1.
    pub number: u64,
}

impl Evidence {
    fn of(flow: &Conversation) -> Evidence {
        Evidence {
            tally: flow.both(),
            span: flow.span,
            number: flow.number,
        }
    }

    fn with(self, other: Evidence) -> Evidence {
        Evidence {
            tally: self.tally.plus(other.tally),
            span: self.span.with(other.span),
            number: self.number.min(other.number),
        }
    }

    /// Adds up the evidence of several flows.
    fn grown(sum: Option<Evidence>, more: Evidence) -> Option<Evidence> {
        Some(sum.map_or(more, |sum| sum.with(more)))
    }
}

/// Something odd.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What kind.
    pub kind: Kind,
    /// Whose it is.
    pub wanted: Wanted,
    /// The MACs that sent it, as far as they are known.
    pub macs: Vec<Mac>,
    /// What was seen, in one sentence without a full stop.
    pub what: String,
    /// The packets.
    pub evidence: Evidence,
    /// Whether the host is one of ours, so that it can be located here.
    pub is_local: bool,
}

impl Finding {
    /// Returns the command that finds the machine, or `None` for a host that is not here.
    #[must_use]
    pub fn locate(&self) -> Option<String> {
        let command = match &self.wanted {
            Wanted::Ip(ip) => format!("halfspan locate --ip {ip}"),
            Wanted::Mac(mac) => format!("halfspan locate --mac {mac}"),
        };
        self.is_local.then_some(command)
    }
}

/// The most findings of a kind that are told.
const MAX_OF_KIND: usize = 20;

/// What the rules look at.
struct Scene<'a> {
    census: &'a Census,
    local: Local,
}

type Rule = fn(&Scene<'_>) -> Vec<Finding>;

/// What is odd by what was seen.
const RULES_OF_WHAT_IS_THERE: [Rule; 3] = [time::beacons, time::no_night, volume::volumes];

/// What is odd by what was not seen: an answer, a beginning.
const RULES_OF_WHAT_IS_MISSING: [Rule; 4] = [
    forged::many_sources,
    reach::scans,
    silence::silences,
    silence::unused_destinations,
];

impl Census {
    /// Looks for what is odd; `local` are our subnets, if they are known. Gravest first.
    #[must_use]
    pub fn findings(&self, local: &[Subnet]) -> Vec<Finding> {
        let scene = Scene {
            census: self,
            local: Local::new(self, local),
        };
        let mut findings = Findings::default();
        for rule in RULES_OF_WHAT_IS_THERE {
            findings.extend(rule(&scene));
        }
        // Of a sample most flows are one packet: that nothing came back says nothing.
        if !self.exported.is_some_and(Exported::is_sampled) {
            for rule in RULES_OF_WHAT_IS_MISSING {
                findings.extend(rule(&scene));
            }
        }
        let mut findings = findings.into_gravest();
        let given_up = self.lost().flows;
        if given_up > 0 {
            for finding in &mut findings {
                finding.what.push_str(&format!(
                    "; at least: memory was full, and {given_up} of the smallest flows were given up"
                ));
            }
        }
        findings
    }
}

/// Findings in the making. Every forged source may make one: only those that will be told are kept.
#[derive(Default)]
struct Findings(Vec<Finding>);

/// So many may wait to be sorted.
const MAX_WAITING: usize = 4096;

impl Findings {
    fn extend(&mut self, more: impl IntoIterator<Item = Finding>) {
        for finding in more {
            self.0.push(finding);
            if self.0.len() >= MAX_WAITING {
                self.keep_gravest();
            }
        }
    }

    /// Sorts by kind, gravest first, then by packets, most first; keeps the first of each kind.
    fn keep_gravest(&mut self) {
        self.0.sort_by(|a, b| {
            let order = |finding: &Finding| (finding.kind, finding.evidence.tally.packets);
            let ((a_kind, a_size), (b_kind, b_size)) = (order(a), order(b));
            (a_kind, b_size, &a.wanted).cmp(&(b_kind, a_size, &b.wanted))
        });
        let mut of_kind = (None, 0);
        self.0.retain(|finding| {
            if of_kind.0 != Some(finding.kind) {
                of_kind = (Some(finding.kind), 0);
            }
            of_kind.1 += 1;
            of_kind.1 <= MAX_OF_KIND
        });
    }

    fn into_gravest(mut self) -> Vec<Finding> {
        self.keep_gravest();
        self.0
    }
}

impl Scene<'_> {
    /// Makes a finding about a host.
    fn of_host(&self, kind: Kind, ip: IpAddr, what: String, evidence: Evidence) -> Finding {
        Finding {
            kind,
            wanted: Wanted::Ip(ip),
            macs: self.census.macs_of_host(ip),
            what,
            evidence,
            is_local: self.local.has(ip),
        }
    }
}

/// Tells whether an address is meant for many.
fn is_group(ip: IpAddr) -> bool {
    match ip {
        // The last octet stands for the broadcast of any usual subnet.
        IpAddr::V4(ip) => ip.is_multicast() || ip.is_broadcast() || ip.octets()[3] == 255,
        IpAddr::V6(ip) => ip.is_multicast(),
    }
}

/// Tells whether a part is at least so many per cent of the whole. Exporters tell numbers of any size.
fn is_share(part: u64, whole: u64, per_cent: u64) -> bool {
    u128::from(part) * 100 >= u128::from(whole) * u128::from(per_cent)
}

/// Writes `1 port`, `2 ports`.
fn count(number: usize, thing: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    // "address" is the one word here that takes another ending.
    let plural = if plural == "s" && thing.ends_with('s') {
        "es"
    } else {
        plural
    };
    format!("{number} {thing}{plural}")
}
