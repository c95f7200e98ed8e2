//! Hosts, added up from flows: in two halves, so that two cores can do it.

use std::net::IpAddr;
use std::thread;

use foldhash::fast::RandomState;

use super::Measure;
use super::key::FlowKey;
use super::ledger::{Flow, Side};
use super::table::{GROUP, Table};
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
        for (number, half) in self.halves.iter_mut().enumerate() {
            let shares = Share::both(half, (key, flow));
            for share in shares.into_iter().filter(|share| share.is_in(number)) {
                add(half, &share, self.measure, others);
            }
        }
    }

    /// Adds all flows, with two cores.
    pub(super) fn add_all(&mut self, flows: &Table<FlowKey, Flow>) -> Vec<OtherMac> {
        let measure = self.measure;
        let sum_up = |half: &mut Table<IpAddr, HostCount>, number: usize| {
            let mut others = Vec::new();
            let mut shares = Vec::with_capacity(2 * GROUP);
            for group in flows.groups() {
                let all = group
                    .iter()
                    .flat_map(|(key, flow)| Share::both(half, (key, flow)));
                shares.extend(all.filter(|share| share.is_in(number)));
                let hashes = shares.iter().map(|share| share.hash);
                half.fetch(hashes, |(_, host)| host.traffic.sent.bytes);
                for share in shares.drain(..) {
                    add(half, &share, measure, &mut others);
                }
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

/// What a flow means for one of its ends.
struct Share<'a> {
    ip: IpAddr,
    hash: u64,
    own: &'a Side,
    other: &'a Side,
    span: Span,
}

impl<'a> Share<'a> {
    #[inline]
    fn both(half: &Table<IpAddr, HostCount>, (key, flow): (&FlowKey, &'a Flow)) -> [Share<'a>; 2] {
        let share = |ip: IpAddr, own, other| Share {
            ip,
            hash: half.hash(&ip),
            own,
            other,
            span: flow.span,
        };
        [
            share(key.low.0, &flow.up, &flow.down),
            share(key.high.0, &flow.down, &flow.up),
        ]
    }

    /// Tells whether the end belongs to the half with this number.
    #[inline]
    fn is_in(&self, number: usize) -> bool {
        usize::try_from(self.hash & 1) == Ok(number)
    }
}

/// Adds a share to its host. The MAC goes to `others`, if the host has another one already.
#[inline]
fn add(
    half: &mut Table<IpAddr, HostCount>,
    share: &Share<'_>,
    measure: Measure,
    others: &mut Vec<OtherMac>,
) {
    if half.is_full() {
        half.relieve(|host| measure.of(host.traffic.both()), |_, _| {});
    }
    let host = half.entry(share.hash, &share.ip, || HostCount {
        traffic: Traffic::default(),
        span: share.span,
        mac: None,
    });
    host.traffic = host.traffic.plus(Traffic {
        sent: share.own.tally,
        received: share.other.tally,
    });
    host.span = host.span.with(share.span);
    if let Some(mac) = share.own.mac() {
        let first = *host.mac.get_or_insert(mac);
        if first != mac {
            others.push((share.ip, mac));
        }
    }
}
