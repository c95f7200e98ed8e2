//! Keeps the books of flows: everything that is counted by what a packet belongs to.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::digest::{Digest, Portion, TcpFlags, Way};
use super::hint::Hints;
use super::hosts::Hosts;
use super::key::FlowKey;
use super::parcel::Parcel;
use super::rhythm::Rhythms;
use super::table::{GROUP, Table};
use super::tally::{Span, Tally, Traffic};
use super::{Measure, Settings};
use crate::mac::Mac;

/// A flow, as counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flow {
    /// What the lower end sent.
    pub(super) up: Side,
    /// What the higher end sent.
    pub(super) down: Side,
    pub(super) span: Span,
    /// The number of the first packet.
    pub(super) number: u64,
}

/// What one end of a flow sent: packed, as there are millions of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    pub(super) tally: Tally,
    /// The MAC that sent the last of it, if [`Side::HAS_MAC`].
    mac: [u8; 6],
    /// All TCP flags that were seen.
    pub(super) flags: TcpFlags,
    marks: u8,
}

impl Side {
    const HAS_MAC: u8 = 1;
    /// TCP: data was seen.
    pub(super) const HAS_DATA: u8 = 2;
    /// A packet had another identification than zero.
    pub(super) const HAS_ID: u8 = 4;
    /// It sent the packet that was seen first.
    pub(super) const OPENED: u8 = 8;

    /// Makes a side with marks that has sent nothing yet.
    pub(super) fn marked(marks: u8) -> Side {
        Side {
            marks,
            ..Side::default()
        }
    }

    pub(super) fn is(&self, mark: u8) -> bool {
        self.marks & mark != 0
    }

    #[inline]
    fn mark(&mut self, mark: u8, is_so: bool) {
        self.marks |= mark * u8::from(is_so);
    }

    /// Returns the MAC that sent the last of it.
    #[inline]
    pub(super) fn mac(&self) -> Option<Mac> {
        self.is(Side::HAS_MAC).then_some(Mac(self.mac))
    }

    #[inline]
    fn set_mac(&mut self, mac: Option<Mac>) {
        self.marks &= !Side::HAS_MAC;
        if let Some(Mac(octets)) = mac {
            self.mac = octets;
            self.marks |= Side::HAS_MAC;
        }
    }
}

impl Flow {
    fn new(digest: &Digest) -> Flow {
        let side = |way| Side::marked(if digest.way == way { Side::OPENED } else { 0 });
        Flow {
            up: side(Way::Up),
            down: side(Way::Down),
            span: Span::at(digest.stamp),
            number: digest.number,
        }
    }

    /// Notes who sent the earliest packet.
    fn opened_by(&mut self, way: Way) {
        self.up.marks &= !Side::OPENED;
        self.down.marks &= !Side::OPENED;
        let side = match way {
            Way::Up => &mut self.up,
            Way::Down => &mut self.down,
        };
        side.marks |= Side::OPENED;
    }

    pub(super) fn both(&self) -> Tally {
        self.up.tally.plus(self.down.tally)
    }
}

/// Everything counted by flow.
#[derive(Clone, Debug)]
pub(super) struct Ledger {
    settings: Settings,
    pub(super) flows: Table<FlowKey, Flow>,
    /// What hosts had in flows that were given up; when all is counted, in the others as well.
    pub(super) hosts: Hosts,
    /// MACs that sent from an address before another did in the same flow, or in flows that were given up.
    pub(super) past_macs: BTreeMap<IpAddr, BTreeSet<Mac>>,
    /// How many pairs of address and MAC these are.
    past_mac_count: usize,
    /// Some of them were not kept.
    pub(super) lost_macs: bool,
    pub(super) bins: Option<Bins>,
    pub(super) hints: Hints,
    pub(super) rhythms: Option<Rhythms>,
}

/// How many pairs of address and MAC are kept aside at most.
const MAX_PAST_MACS: usize = 1 << 16;
/// How many MACs are kept of an address at most.
const MAX_MACS_OF_HOST: usize = 256;

impl Ledger {
    pub(super) fn new(settings: Settings, seed: &RandomState) -> Ledger {
        Ledger {
            flows: Table::new(seed, settings.max_flows()),
            hosts: Hosts::new(seed, settings.max_hosts(), settings.measure),
            past_macs: BTreeMap::new(),
            past_mac_count: 0,
            lost_macs: false,
            bins: settings.bin.map(|width| Bins::new(width, seed, settings)),
            hints: Hints::default(),
            rhythms: settings.rhythms.then(|| Rhythms::new(seed)),
            settings,
        }
    }

    /// Counts packets, and leaves the parcel empty.
    pub(super) fn enter(&mut self, parcel: &mut Parcel) {
        for group in parcel.digests.chunks(GROUP) {
            let hashes = group.iter().map(|digest| digest.hash);
            self.flows.fetch(hashes, |(key, flow)| {
                u64::from(key.low.1) ^ flow.down.tally.bytes
            });
            for digest in group {
                self.add(digest);
            }
        }
        for (digest, hint) in parcel.take_hints() {
            self.hints.note(digest, hint);
        }
        parcel.clear();
    }

    pub(super) fn settings(&self) -> Settings {
        self.settings
    }

    #[inline]
    fn add(&mut self, digest: &Digest) {
        let tally = Tally {
            packets: 1,
            bytes: digest.wire_len.into(),
        };
        self.count(digest, tally, digest.stamp);
    }

    /// Counts many packets of one direction of a flow.
    pub(super) fn add_portion(&mut self, portion: &Portion) {
        self.count(&portion.head, portion.tally, portion.last);
    }

    #[inline]
    fn count(&mut self, digest: &Digest, tally: Tally, last: i64) {
        if self.flows.is_full() {
            self.relieve();
        }
        let flow = self
            .flows
            .entry(digest.hash, &digest.key, || Flow::new(digest));
        if digest.stamp < flow.span.first {
            // Exporters tell of both ways in any order.
            flow.opened_by(digest.way);
        }
        flow.span.note(digest.stamp);
        flow.span.note(last);
        let (side, source) = match digest.way {
            Way::Up => (&mut flow.up, digest.key.low.0),
            Way::Down => (&mut flow.down, digest.key.high.0),
        };
        side.tally = side.tally.plus(tally);
        side.flags = side.flags.with(digest.flags);
        side.mark(Side::HAS_DATA, digest.has_data);
        side.mark(Side::HAS_ID, !digest.id_zero);
        let opens = side.is(Side::OPENED);
        let before = side.mac();
        if before != digest.src {
            side.set_mac(digest.src);
            if let Some(before) = before {
                self.note_past_mac(source, before);
            }
        }
        if let Some(bins) = &mut self.bins {
            bins.add(digest, tally, last);
        }
        if let (Some(rhythms), true) = (&mut self.rhythms, opens) {
            rhythms.add(digest, tally, last);
        }
    }

    pub(super) fn note_past_mac(&mut self, address: IpAddr, mac: Mac) {
        let known = self.past_macs.get(&address);
        if known.is_some_and(|macs| macs.contains(&mac)) {
            return;
        }
        let of_host = known.map_or(0, BTreeSet::len);
        if self.past_mac_count >= MAX_PAST_MACS || of_host >= MAX_MACS_OF_HOST {
            self.lost_macs = true;
            return;
        }
        self.past_macs.entry(address).or_default().insert(mac);
        self.past_mac_count += 1;
    }

    /// Makes room among the flows. What leaves goes on to count for its hosts.
    #[cold]
    fn relieve(&mut self) {
        let measure = self.settings.measure;
        let mut macs = Vec::new();
        let hosts = &mut self.hosts;
        self.flows.relieve(
            |flow| measure.of(flow.both()),
            |key, flow| {
                hosts.add(key, flow, &mut macs);
                // Forged ones come in millions: what cannot be kept anyway is not collected.
                macs.truncate(MAX_PAST_MACS);
            },
        );
        for (address, mac) in macs {
            self.note_past_mac(address, mac);
        }
    }
}

/// Over so many bins at most a flow record is spread: a wrong time must not fill the table.
const MAX_SPREAD: i64 = 4096;

/// What hosts sent and received in each stretch of time.
#[derive(Clone, Debug)]
pub(super) struct Bins {
    /// Nanoseconds.
    pub(super) width: i64,
    measure: Measure,
    pub(super) table: Table<(IpAddr, i64), Traffic>,
}

impl Bins {
    fn new(width: i64, seed: &RandomState, settings: Settings) -> Bins {
        Bins {
            width: width.max(1),
            measure: settings.measure,
            table: Table::new(seed, settings.max_bins()),
        }
    }

    /// Adds packets to the bins from their first to their last, to each the same share.
    fn add(&mut self, digest: &Digest, tally: Tally, last: i64) {
        let (source, destination) = match digest.way {
            Way::Up => (digest.key.low.0, digest.key.high.0),
            Way::Down => (digest.key.high.0, digest.key.low.0),
        };
        let first = digest.stamp.div_euclid(self.width);
        let bins = (last.div_euclid(self.width).saturating_sub(first) + 1).clamp(1, MAX_SPREAD);
        for place in 0..bins {
            let share = tally.share(place.unsigned_abs(), bins.unsigned_abs());
            let bin = first.saturating_add(place);
            let sent = &mut self.entry(source, bin).sent;
            *sent = sent.plus(share);
            let received = &mut self.entry(destination, bin).received;
            *received = received.plus(share);
        }
    }

    fn entry(&mut self, address: IpAddr, bin: i64) -> &mut Traffic {
        if self.table.is_full() {
            let measure = self.measure;
            self.table
                .relieve(|traffic| measure.of(traffic.both()), |_, _| {});
        }
        let key = (address, bin);
        let hash = self.table.hash(&key);
        self.table.entry(hash, &key, Traffic::default)
    }
}
