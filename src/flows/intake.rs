//! Takes frames in: decodes them, and counts what needs no flow.

use std::collections::BTreeMap;
use std::net::IpAddr;

use foldhash::fast::RandomState;

use super::Settings;
use super::digest::{Digest, Portion, TcpFlags, Upper};
use super::hint;
use super::key::{FlowKey, Key};
use super::macs::Macs;
use super::parcel::Parcel;
use super::table::Table;
use super::tally::{Span, Tally};
use crate::capture::Frame;
use crate::exports::Record;
use crate::mac::Mac;
use crate::wire::arp::{Arp, Operation};
use crate::wire::ip::{Packet, Protocol};
use crate::wire::link::{Link, LinkType, Network, Vlans};

/// Why a frame has no place among hosts and flows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Skipped {
    /// ARP: it has no IP header.
    Arp,
    /// Another protocol than IP.
    NotIp,
    /// The capture cut it before the end of the IP header.
    CutShort,
    /// A header contradicts itself.
    Malformed,
    /// The link type is not one that is read.
    UnknownLink,
}

impl Skipped {
    /// Returns the reason as the report has it.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Skipped::Arp => "arp",
            Skipped::NotIp => "not_ip",
            Skipped::CutShort => "cut_short",
            Skipped::Malformed => "malformed",
            Skipped::UnknownLink => "unknown_link_type",
        }
    }
}

impl From<crate::wire::Malformed> for Skipped {
    fn from(malformed: crate::wire::Malformed) -> Skipped {
        match malformed {
            crate::wire::Malformed::Truncated { .. } => Skipped::CutShort,
            crate::wire::Malformed::Unexpected { .. } => Skipped::Malformed,
        }
    }
}

/// What was asked of an address by ARP.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sought {
    /// Requests for it.
    pub(super) requests: u64,
    /// Whether it answered, or spoke by itself.
    pub(super) is_there: bool,
}

/// What is counted of every frame.
#[derive(Clone, Debug)]
pub(super) struct Intake {
    settings: Settings,
    seed: RandomState,
    /// How many frames there were, counted or not.
    number: u64,
    pub(super) total: Tally,
    pub(super) span: Option<Span>,
    pub(super) skipped: BTreeMap<Skipped, u64>,
    pub(super) macs: Macs,
    pub(super) vlans: BTreeMap<Vlans, Tally>,
    pub(super) sought: Table<IpAddr, Sought>,
}

/// How many addresses sought by ARP are counted at most.
const MAX_SOUGHT: usize = 1 << 16;
/// From here on only the outer tag of a frame is told apart.
const MAX_VLANS: usize = 1 << 12;
/// IP and TCP headers with some options, in octets, of IPv4 and IPv6.
const BARE_TCP: [u64; 2] = [60, 80];

impl Intake {
    pub(super) fn new(settings: Settings, seed: &RandomState) -> Intake {
        Intake {
            settings,
            seed: seed.clone(),
            number: 0,
            total: Tally::default(),
            span: None,
            skipped: BTreeMap::new(),
            macs: Macs::new(seed),
            vlans: BTreeMap::new(),
            sought: Table::new(seed, MAX_SOUGHT),
        }
    }

    /// Lets a frame pass that is not to be counted.
    #[inline]
    pub(super) fn pass(&mut self) {
        self.number += 1;
    }

    /// Goes on behind so many frames, some of which others have counted.
    pub(super) fn begin_behind(&mut self, frames: u64) {
        self.number = frames;
    }

    /// Adds what another one counted.
    pub(super) fn merge(&mut self, other: Intake) {
        self.number = self.number.max(other.number);
        self.total = self.total.plus(other.total);
        self.span = match (self.span, other.span) {
            (Some(span), Some(more)) => Some(span.with(more)),
            (span, more) => span.or(more),
        };
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_insert(0) += count;
        }
        for (vlans, tally) in other.vlans {
            self.note_vlans(vlans, tally);
        }
        self.macs.merge(other.macs);
        for (address, sought) in other.sought.iter() {
            let sum = self.sought_entry(*address);
            sum.requests += sought.requests;
            sum.is_there |= sought.is_there;
        }
    }

    /// Counts a frame; what is to be counted of its flow, if it is IP, goes into the parcel.
    #[inline]
    pub(super) fn take(&mut self, frame: &Frame<'_>, parcel: &mut Parcel) {
        let tally = Tally {
            packets: 1,
            bytes: frame.wire_len.into(),
        };
        self.take_many(frame, tally, parcel);
    }

    /// Counts a frame that was picked out of `rate`; returns what is to be counted of its flow, if it is IP.
    pub(super) fn take_sample(&mut self, frame: &Frame<'_>, rate: u32) -> Option<Portion> {
        let tally = Tally {
            packets: rate.into(),
            bytes: u64::from(rate) * u64::from(frame.wire_len),
        };
        let mut parcel = Parcel::default();
        self.take_many(frame, tally, &mut parcel);
        let head = parcel.digests.pop()?;
        Some(Portion {
            tally,
            last: head.stamp,
            head,
        })
    }

    /// Counts what an exporter told of a flow; returns what is to be counted of it.
    pub(super) fn take_record(&mut self, record: &Record) -> Portion {
        let tally = Tally {
            packets: record.packets,
            bytes: record.bytes,
        };
        self.note(
            Span {
                first: record.first,
                last: record.last,
            },
            tally,
        );
        self.macs.note(record.source_mac, None, tally);
        // Of ICMP exporters tell type and code in the place of a port.
        let has_ports = [Protocol::TCP, Protocol::UDP, Protocol::SCTP];
        let has_ports = has_ports.contains(&Protocol(record.protocol));
        let end = |(ip, port): (IpAddr, u16)| (ip, if has_ports { port } else { 0 });
        let (source, destination) = (end(record.source), end(record.destination));
        let (key, way) = FlowKey::between(source, destination, record.protocol);
        let is_tcp = record.protocol == Protocol::TCP.0;
        let bare = BARE_TCP[usize::from(source.0.is_ipv6())];
        let head = Digest {
            key,
            hash: key.hash(&self.seed),
            way,
            stamp: record.first,
            number: self.number,
            wire_len: 0,
            src: record.source_mac,
            flags: TcpFlags(if is_tcp { record.tcp_flags } else { 0 }),
            // Larger than headers with all their options on average.
            has_data: is_tcp && tally.bytes > tally.packets.saturating_mul(bare),
            id_zero: false,
        };
        Portion {
            head,
            tally,
            last: record.last,
        }
    }

    #[inline]
    fn note(&mut self, span: Span, tally: Tally) {
        self.number += 1;
        self.total = self.total.plus(tally);
        self.span = Some(self.span.map_or(span, |known| known.with(span)));
    }

    #[inline]
    fn take_many(&mut self, frame: &Frame<'_>, tally: Tally, parcel: &mut Parcel) {
        self.note(Span::at(frame.stamp), tally);
        if let Err(reason) = self.read(frame, tally, parcel) {
            *self.skipped.entry(reason).or_insert(0) += tally.packets;
        }
    }

    #[inline]
    fn read(
        &mut self,
        frame: &Frame<'_>,
        tally: Tally,
        parcel: &mut Parcel,
    ) -> Result<(), Skipped> {
        let link = match Link::parse(frame.link_type, frame.bytes) {
            Ok(link) => link,
            Err(malformed) => return Err(self.without_network(frame, tally, malformed)),
        };
        self.macs.note(link.src, link.dst, tally);
        self.note_vlans(link.vlans, tally);
        let octets = match link.network {
            Network::Ip(octets) => octets,
            Network::Arp(octets) => {
                self.note_arp(octets);
                return Err(Skipped::Arp);
            }
            Network::Other => return Err(Skipped::NotIp),
        };
        let packet = Packet::parse(octets)?;
        let upper = Upper::read(&packet);
        let (key, way) = upper.flow(&packet);
        if self.settings.hints {
            parcel.note_hint(hint::read(&packet, &upper));
        }
        parcel.add(Digest {
            key,
            hash: key.hash(&self.seed),
            way,
            stamp: frame.stamp,
            number: self.number,
            wire_len: frame.wire_len,
            src: link.src,
            flags: upper.flags,
            has_data: upper.has_data,
            id_zero: packet.identification == Some(0),
        });
        Ok(())
    }

    /// A frame that is cut within its headers may still tell who sent it to whom.
    fn without_network(
        &mut self,
        frame: &Frame<'_>,
        tally: Tally,
        malformed: crate::wire::Malformed,
    ) -> Skipped {
        if !frame.link_type.is_known() {
            return Skipped::UnknownLink;
        }
        let macs = frame.bytes.first_chunk::<12>();
        if let (LinkType::ETHERNET, Some([d1, d2, d3, d4, d5, d6, s1, s2, s3, s4, s5, s6])) =
            (frame.link_type, macs)
        {
            let dst = Mac([*d1, *d2, *d3, *d4, *d5, *d6]);
            let src = Mac([*s1, *s2, *s3, *s4, *s5, *s6]);
            self.macs.note(Some(src), Some(dst), tally);
        }
        malformed.into()
    }

    #[inline]
    fn note_vlans(&mut self, vlans: Vlans, tally: Tally) {
        if vlans == Vlans::default() {
            return;
        }
        if let Some(sum) = self.vlans.get_mut(&vlans) {
            *sum = sum.plus(tally);
            return;
        }
        // Forged double tags come in 16 million kinds.
        let outer = Vlans {
            inner: None,
            ..vlans
        };
        let has_room = self.vlans.len() < MAX_VLANS;
        let counted = if has_room { vlans } else { outer };
        let sum = self.vlans.entry(counted).or_default();
        *sum = sum.plus(tally);
    }

    fn note_arp(&mut self, octets: &[u8]) {
        let Ok(arp) = Arp::parse(octets) else {
            return;
        };
        if !arp.sender_ip.is_unspecified() {
            self.sought_entry(arp.sender_ip.into()).is_there = true;
        }
        let gratuitous = arp.sender_ip == arp.target_ip;
        if arp.operation == Operation::REQUEST && !gratuitous {
            self.sought_entry(arp.target_ip.into()).requests += 1;
        }
    }

    fn sought_entry(&mut self, address: IpAddr) -> &mut Sought {
        if self.sought.is_full() {
            // That somebody is there outweighs every question: what is forgotten may be taken for nobody.
            let weigh = |sought: &Sought| sought.requests | u64::from(sought.is_there) << 63;
            self.sought.relieve(weigh, |_, _| {});
        }
        let hash = self.sought.hash(&address);
        self.sought.entry(hash, &address, Sought::default)
    }
}
