//! Hosts, added up from flows: in two halves, so that two cores can do it.

use std::net::IpAddr;
use std::thread;

use foldhash::fast::RandomState;

use super::Measure;
use super::key::FlowKey;
use super::ledger::{Flow, Side};
use super::table::Table;
use super::tally::{Span, Traffic};
use crate::mac::Mac;

/// A host, as counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct HostCount {
    pub(super) traffic: Traffic,
    pub(super) span: Span,
    /// The first MAC that was found to send from its address; others are kept aside.
    pub(super) mac: Option<Mac>,
}

/// All hosts.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    measure: Measure,
    /// By the hash's lowest bit; the table itself goes by the upper half.
    halves: [Table<IpAddr, HostCount>; 2],
}

/// A host and a MAC of its that is not its first.
type OtherMac = (IpAddr, Mac);

impl Hosts {
    pub(super) fn new(seed: &RandomState, limit: usize, measure: Measure) -> Hosts {
        Hosts {
            measure,
            halves: [0; 2].map(|_| Table::new(seed, limit / 2)),
        }
    }

    /// Adds what a flow means for its two ends; further MACs go to `others`.
    pub(super) fn add(&mut self, key: &FlowKey, flow: &Flow, others: &mut Vec<OtherMac>) {
        let measure = self.measure;
        for (number, half) in self.halves.iter_mut().enumerate() {
            add_half(half, number, (key, flow), measure, others);
        }
    }

    /// Adds all flows, with two cores.
    pub(super) fn add_all(&mut self, flows: &Table<FlowKey, Flow>) -> Vec<OtherMac> {
        let measure = self.measure;
        let sum_up = |half: &mut Table<IpAddr, HostCount>, number: usize| {
            let mut others = Vec::new();
            for (key, flow) in flows.iter() {
                add_half(half, number, (key, flow), measure, &mut others);
            }
            others
        };
        let [even, odd] = &mut self.halves;
        thread::scope(|scope| {
            let helper = scope.spawn(|| sum_up(odd, 1));
            let mut others = sum_up(even, 0);
            match helper.join() {
                Ok(more) => others.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
            others
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(IpAddr, HostCount)> {
        self.halves.iter().flat_map(Table::iter)
    }

    pub(super) fn get(&self, ip: &IpAddr) -> Option<&HostCount> {
        self.halves.iter().find_map(|half| half.get(ip))
    }

    pub(super) fn len(&self) -> usize {
        self.halves.iter().map(Table::len).sum()
    }

    pub(super) fn given_up(&self) -> u64 {
        self.halves.iter().map(Table::given_up).sum()
    }

    pub(super) fn error(&self) -> u64 {
        self.halves.iter().map(Table::error).max().unwrap_or(0)
    }
}

/// Adds what a flow means for those of its ends that belong to a half.
#[inline]
fn add_half(
    half: &mut Table<IpAddr, HostCount>,
    number: usize,
    (key, flow): (&FlowKey, &Flow),
    measure: Measure,
    others: &mut Vec<OtherMac>,
) {
    for (ip, own, other) in [
        (key.low.0, &flow.up, &flow.down),
        (key.high.0, &flow.down, &flow.up),
    ] {
        let hash = half.hash(&ip);
        if usize::try_from(hash & 1) == Ok(number) {
            if half.is_full() {
                half.relieve(|host| measure.of(host.traffic.both()), |_, _| {});
            }
            let share = (own, other, flow.span);
            others.extend(add_share(half, hash, ip, share).map(|mac| (ip, mac)));
        }
    }
}

/// Returns the MAC, if the host has another one already.
fn add_share(
    half: &mut Table<IpAddr, HostCount>,
    hash: u64,
    ip: IpAddr,
    (own, other, span): (&Side, &Side, Span),
) -> Option<Mac> {
    let host = half.entry(hash, &ip, || HostCount {
        traffic: Traffic::default(),
        span,
        mac: None,
    });
    host.traffic = host.traffic.plus(Traffic {
        sent: own.tally,
        received: other.tally,
    });
    host.span = host.span.with(span);
    let mac = own.mac()?;
    if host.mac.is_none() {
        host.mac = Some(mac);
    }
    (host.mac != Some(mac)).then_some(mac)
}
