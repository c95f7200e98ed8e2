//! The result: hosts, MACs, VLANs, and the flows they are added up from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::conversation::Conversation;
use super::hosts::HostCount;
use super::intake::{Intake, Skipped, Sought};
use super::key::FlowKey;
use super::ledger::Ledger;
use super::live::Exported;
use super::service::FTP;
use super::subnet::Subnet;
use super::table::Table;
use super::tally::{Span, Tally, Traffic};
use super::{Measure, Settings};
use crate::mac::Mac;
use crate::wire::link::Vlans;

/// Everything that was counted.
#[derive(Clone, Debug)]
pub struct Census {
    settings: Settings,
    /// All frames that were counted.
    pub total: Tally,
    /// From the first to the last of them.
    pub span: Option<Span>,
    /// Frames that belong to no host, by reason.
    pub skipped: BTreeMap<Skipped, u64>,
    /// What each VLAN carried.
    pub vlans: BTreeMap<Vlans, Tally>,
    /// What came of exporters, if any was listened to.
    pub exported: Option<Exported>,
    pub(super) ledger: Ledger,
    pub(super) sought: BTreeMap<IpAddr, Sought>,
    macs: Table<Mac, Traffic>,
    /// How many addresses a MAC sent from.
    ips_of_mac: HashMap<Mac, u64, RandomState>,
    flow_count: usize,
    /// Hosts that have an FTP control connection with each other.
    pub(super) ftp_controls: BTreeMap<(IpAddr, IpAddr), (FlowKey, Span)>,
}

/// A host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its address.
    pub ip: IpAddr,
    /// What it sent and received.
    pub traffic: Traffic,
    /// When it was seen.
    pub span: Span,
    /// The MACs that sent from its address.
    pub macs: Vec<Mac>,
}

/// A MAC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MacRow {
    /// The address; a group address only receives.
    pub mac: Mac,
    /// What it sent and received, frames without IP included.
    pub traffic: Traffic,
    /// How many IP addresses it sent from.
    pub ips: u64,
}

/// What a host sent and received in each stretch of time, with the bin's beginning in nanoseconds, in order.
pub type HostBins = Vec<(i64, Traffic)>;

/// What counting within bounded memory lost: all zero unless the tables were full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Lost {
    /// Flows that were given up; their packets still count for their hosts.
    pub flows: u64,
    /// The most that a flow which is listed, or one that is missing, may have on top, in the measure of the ranking.
    pub flow_error: u64,
    /// Hosts that were given up.
    pub hosts: u64,
    /// As `flow_error`, for hosts.
    pub host_error: u64,
    /// MACs that were given up.
    pub macs: u64,
    /// As `flow_error`, for MACs.
    pub mac_error: u64,
    /// Bins of hosts that were given up.
    pub bins: u64,
    /// The most that is missing in a bin, in the measure of the ranking.
    pub bin_error: u64,
    /// Of some hosts not all MACs that sent from their address are known.
    pub macs_of_hosts: bool,
}

/// How many pairs of hosts with an FTP control connection are remembered.
const MAX_CONTROLS: usize = 1 << 16;

impl Census {
    pub(super) fn new(intake: Intake, ledger: Ledger) -> Census {
        let mut census = Census {
            settings: ledger.settings(),
            total: intake.total,
            span: intake.span,
            skipped: intake.skipped,
            vlans: intake.vlans,
            exported: None,
            sought: intake.sought.iter().copied().collect(),
            macs: intake.macs.into_table(),
            ips_of_mac: HashMap::default(),
            flow_count: ledger.flows.len(),
            ftp_controls: BTreeMap::new(),
            ledger,
        };
        census.add_up();
        census
    }

    pub(super) fn with_exported(mut self, exported: Option<Exported>) -> Census {
        self.exported = exported;
        self
    }

    /// Adds up hosts from flows, and addresses by MAC.
    fn add_up(&mut self) {
        let more_macs = self.ledger.hosts.add_all(&self.ledger.flows);
        for (address, mac) in more_macs {
            self.ledger.note_past_mac(address, mac);
        }
        for (_, host) in self.ledger.hosts.iter() {
            if let Some(mac) = host.mac {
                *self.ips_of_mac.entry(mac).or_insert(0) += 1;
            }
        }
        for (address, past) in &self.ledger.past_macs {
            let Some(host) = self.ledger.hosts.get(address) else {
                continue;
            };
            for mac in past.iter().filter(|mac| host.mac != Some(**mac)) {
                *self.ips_of_mac.entry(*mac).or_insert(0) += 1;
            }
        }
        if self.settings.hints {
            self.note_ftp_controls();
        }
    }

    fn note_ftp_controls(&mut self) {
        for (key, flow) in self.ledger.flows.iter() {
            let is_control = key.low.1 == FTP || key.high.1 == FTP;
            if is_control && self.ftp_controls.len() < MAX_CONTROLS {
                let ends = (key.low.0, key.high.0);
                self.ftp_controls.insert(ends, (*key, flow.span));
            }
        }
    }

    fn macs_of(&self, address: IpAddr, host: &HostCount) -> BTreeSet<Mac> {
        let past = self.ledger.past_macs.get(&address);
        let past = past.into_iter().flatten().copied();
        host.mac.into_iter().chain(past).collect()
    }

    /// Returns the MACs that sent from a host's address.
    #[must_use]
    pub fn macs_of_host(&self, ip: IpAddr) -> Vec<Mac> {
        let host = self.ledger.hosts.get(&ip);
        let macs = host.map(|host| self.macs_of(ip, host));
        macs.into_iter().flatten().collect()
    }

    /// Returns the hosts by `rank`, highest first, then by address; at most `top`.
    #[must_use]
    pub fn hosts(&self, rank: impl Fn(&Traffic) -> u64, top: usize) -> Vec<Host> {
        let hosts = self.ledger.hosts.iter();
        let ranked = hosts.map(|(ip, host)| (rank(&host.traffic), *ip, host));
        let order = first_of(ranked, top, |&(weight, ip, _)| {
            (std::cmp::Reverse(weight), ip)
        });
        let row = |(_, ip, host): (u64, IpAddr, &HostCount)| Host {
            ip,
            traffic: host.traffic,
            span: host.span,
            macs: self.macs_of(ip, host).into_iter().collect(),
        };
        order.into_iter().map(row).collect()
    }

    /// Returns how many hosts there are.
    #[must_use]
    pub fn host_count(&self) -> usize {
        self.ledger.hosts.len()
    }

    /// Returns the MACs by `rank`, highest first, then by address; at most `top`.
    #[must_use]
    pub fn macs(&self, rank: impl Fn(&Traffic) -> u64, top: usize) -> Vec<MacRow> {
        let macs = self.macs.iter();
        let ranked = macs.map(|&(mac, traffic)| (rank(&traffic), mac, traffic));
        let order = first_of(ranked, top, |&(weight, mac, _)| {
            (std::cmp::Reverse(weight), mac)
        });
        let row = |(_, mac, traffic)| MacRow {
            mac,
            traffic,
            ips: self.ips_of_mac.get(&mac).copied().unwrap_or(0),
        };
        order.into_iter().map(row).collect()
    }

    /// Returns what each subnet's hosts sent and received, by `rank`, highest first; at most `top`.
    #[must_use]
    pub fn subnets(
        &self,
        prefix: (u8, u8),
        rank: impl Fn(&Traffic) -> u64,
        top: usize,
    ) -> Vec<(Subnet, Traffic, u64)> {
        let mut sums: BTreeMap<Subnet, (Traffic, u64)> = BTreeMap::new();
        for (ip, host) in self.ledger.hosts.iter() {
            let sum = sums.entry(Subnet::around(*ip, prefix)).or_default();
            sum.0 = sum.0.plus(host.traffic);
            sum.1 += 1;
        }
        let rows = sums
            .into_iter()
            .map(|(net, (sum, hosts))| (net, sum, hosts));
        first_of(rows, top, |(net, traffic, _)| {
            (std::cmp::Reverse(rank(traffic)), *net)
        })
    }

    /// Returns the flows, in the order in which they began.
    pub fn conversations(&self) -> impl Iterator<Item = Conversation> + '_ {
        let flows = self.ledger.flows.iter();
        flows.map(|(key, flow)| Conversation::new(key, flow))
    }

    /// Returns a flow by its place among [`Census::conversations`].
    #[must_use]
    pub fn conversation(&self, place: usize) -> Option<Conversation> {
        let (key, flow) = self.ledger.flows.at(place)?;
        Some(Conversation::new(key, flow))
    }

    /// Returns the places of the flows that are `wanted`, by `rank`, lowest first; at most `top`.
    pub fn ranked<K: Ord + Copy>(
        &self,
        wanted: impl Fn(&Conversation) -> bool,
        rank: impl Fn(&Conversation) -> K,
        top: usize,
    ) -> Vec<usize> {
        let all = self.conversations().enumerate();
        let wanted = all.filter(|(_, flow)| wanted(flow));
        let ranked = wanted.map(|(place, flow)| (rank(&flow), place));
        let order = first_of(ranked, top, |&ranked| ranked);
        order.into_iter().map(|(_, place)| place).collect()
    }

    /// Returns how many flows there are.
    #[must_use]
    pub fn flow_count(&self) -> usize {
        self.flow_count
    }

    /// Returns what each of these hosts sent and received in each bin.
    #[must_use]
    pub fn bins(&self, hosts: &BTreeSet<IpAddr>) -> BTreeMap<IpAddr, HostBins> {
        let mut found: BTreeMap<IpAddr, HostBins> = BTreeMap::new();
        if let Some(bins) = &self.ledger.bins {
            for ((ip, bin), traffic) in bins.table.iter() {
                if hosts.contains(ip) {
                    let begin = bin.saturating_mul(bins.width);
                    let of_host = found.entry(*ip).or_default();
                    // One at a time: most of many hosts have one bin, and memory counts here.
                    of_host.reserve_exact(1 + of_host.len() / 2);
                    of_host.push((begin, *traffic));
                }
            }
        }
        for of_host in found.values_mut() {
            of_host.sort_unstable_by_key(|(begin, _)| *begin);
        }
        found
    }

    /// Gives up the flows, and their memory: what is left is enough for rankings of hosts, MACs and VLANs.
    #[must_use]
    pub fn without_flows(mut self) -> Census {
        self.ledger.flows.release();
        self
    }

    /// Returns what bounded memory lost.
    #[must_use]
    pub fn lost(&self) -> Lost {
        let flows = &self.ledger.flows;
        let bins = self.ledger.bins.as_ref().map(|bins| &bins.table);
        Lost {
            flows: flows.given_up(),
            flow_error: flows.error(),
            hosts: self.ledger.hosts.given_up(),
            host_error: self.ledger.hosts.error(),
            macs: self.macs.given_up(),
            mac_error: self.macs.error(),
            bins: bins.map_or(0, Table::given_up),
            bin_error: bins.map_or(0, Table::error),
            macs_of_hosts: self.ledger.lost_macs,
        }
    }

    /// Returns what the ranking is by, where memory ran out.
    #[must_use]
    pub fn measure(&self) -> Measure {
        self.settings.measure
    }
}

/// Returns the first `top` by `key`, in its order, with memory for little more than these.
fn first_of<T, K: Ord>(rows: impl Iterator<Item = T>, top: usize, key: impl Fn(&T) -> K) -> Vec<T> {
    let cut = |kept: &mut Vec<T>| {
        if top == 0 {
            kept.clear();
        } else if kept.len() > top {
            kept.select_nth_unstable_by_key(top - 1, &key);
            kept.truncate(top);
        }
    };
    let enough = top.saturating_add(top.max(1024));
    let mut kept = Vec::new();
    for row in rows {
        kept.push(row);
        if kept.len() >= enough {
            cut(&mut kept);
        }
    }
    cut(&mut kept);
    kept.sort_unstable_by_key(key);
    kept
}
