//! A flow record, put together of the fields of a template.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::mac::Mac;

/// What an exporter told about one direction of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who sent it.
    pub source: (IpAddr, u16),
    /// Who received it.
    pub destination: (IpAddr, u16),
    /// The protocol's number at the IANA.
    pub protocol: u8,
    /// All TCP flags.
    pub tcp_flags: u8,
    /// Packets, already multiplied by the sampling rate.
    pub packets: u64,
    /// Octets of the IP packets, without link headers; already multiplied by the sampling rate.
    pub bytes: u64,
    /// The first packet, in nanoseconds since the start of 1970.
    pub first: i64,
    /// The last one.
    pub last: i64,
    /// Who sent it on the link, if that was told.
    pub source_mac: Option<Mac>,
    /// One packet in so many was counted; 1: all were.
    pub sampling: u32,
}

/// The enterprise of reverse fields (RFC 5103 §6.1).
const REVERSE: u32 = 29_305;

/// When a datagram was sent, as its header tells, and what its times count from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// Nanoseconds since the start of 1970.
    pub(super) sent: i64,
    /// Milliseconds since the exporter started, when it was sent; `None` in IPFIX.
    pub(super) uptime: Option<u32>,
}

pub(super) const MILLISECOND: i64 = 1_000_000;
pub(super) const SECOND: i64 = 1_000_000_000;

impl Header {
    /// Returns the moment of an uptime. It wraps every 50 days; flows are shorter.
    pub(super) fn at(self, uptime: u32) -> Option<i64> {
        let before = i64::from(self.uptime?.wrapping_sub(uptime).cast_signed());
        Some(self.sent.saturating_sub(before * MILLISECOND))
    }
}

/// A number of packets or octets. Of the ways to tell it, the first that was used counts: the others are the same seen
/// elsewhere, or told before.
#[derive(Clone, Copy, Debug, Default)]
struct Amount {
    /// Since the last record.
    delta: Option<u64>,
    /// The same behind the exporter, as it sent it on.
    post: Option<u64>,
    /// Since the flow began.
    total: Option<u64>,
}

impl Amount {
    fn value(self) -> Option<u64> {
        self.delta.or(self.post).or(self.total)
    }
}

/// What fields of a record tell; nothing is known at first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Told {
    source: Option<IpAddr>,
    destination: Option<IpAddr>,
    ports: [u16; 2],
    protocol: u8,
    tcp_flags: u8,
    packets: Amount,
    bytes: Amount,
    reverse_packets: Amount,
    reverse_bytes: Amount,
    first: Option<i64>,
    last: Option<i64>,
    source_mac: Option<Mac>,
    boot: Option<i64>,
    uptimes: [Option<u32>; 2],
    /// One in so many, as the record itself or a record of options tells.
    pub(super) sampling: Option<u32>,
    /// So many are counted …
    sampled: Option<u32>,
    /// … and then so many are passed over.
    passed: Option<u32>,
}

impl Told {
    /// Takes in a field. What is not known, or has an impossible length, tells nothing.
    pub(super) fn note(&mut self, header: Header, (number, enterprise): (u16, u32), value: &[u8]) {
        match (enterprise, number) {
            (REVERSE, 1) => self.reverse_bytes.delta = Some(unsigned(value)),
            (REVERSE, 2) => self.reverse_packets.delta = Some(unsigned(value)),
            (REVERSE, 23) => self.reverse_bytes.post = Some(unsigned(value)),
            (REVERSE, 24) => self.reverse_packets.post = Some(unsigned(value)),
            (REVERSE, 85) => self.reverse_bytes.total = Some(unsigned(value)),
            (REVERSE, 86) => self.reverse_packets.total = Some(unsigned(value)),
            (0, number) => self.note_standard(header, number, value),
            _ => {}
        }
    }

    fn note_standard(&mut self, header: Header, number: u16, value: &[u8]) {
        let narrow = || u32::try_from(unsigned(value)).ok();
        let since_1970 = |unit: i64| i64::try_from(unsigned(value)).ok()?.checked_mul(unit);
        match number {
            1 => self.bytes.delta = Some(unsigned(value)),
            2 => self.packets.delta = Some(unsigned(value)),
            23 => self.bytes.post = Some(unsigned(value)),
            24 => self.packets.post = Some(unsigned(value)),
            85 => self.bytes.total = Some(unsigned(value)),
            86 => self.packets.total = Some(unsigned(value)),
            4 => self.protocol = narrow().and_then(|v| v.try_into().ok()).unwrap_or(0),
            6 => self.tcp_flags = unsigned(value).to_be_bytes()[7],
            7 | 180 | 182 => self.ports[0] = port(value).unwrap_or(self.ports[0]),
            11 | 181 | 183 => self.ports[1] = port(value).unwrap_or(self.ports[1]),
            8 => self.source = v4(value).or(self.source),
            12 => self.destination = v4(value).or(self.destination),
            27 => self.source = v6(value).or(self.source),
            28 => self.destination = v6(value).or(self.destination),
            56 => self.source_mac = value.try_into().ok().map(Mac),
            21 => self.uptimes[1] = narrow(),
            22 => self.uptimes[0] = narrow(),
            34 | 50 => self.sampling = narrow(),
            305 => self.sampled = narrow(),
            306 => self.passed = narrow(),
            150 => self.first = since_1970(SECOND),
            151 => self.last = since_1970(SECOND),
            152 => self.first = since_1970(MILLISECOND),
            153 => self.last = since_1970(MILLISECOND),
            154 | 156 => self.first = ntp(value),
            155 | 157 => self.last = ntp(value),
            158 => self.first = Some(header.sent.saturating_sub(microseconds(value))),
            159 => self.last = Some(header.sent.saturating_sub(microseconds(value))),
            160 => self.boot = since_1970(MILLISECOND),
            _ => {}
        }
    }

    /// Returns the sampling rate that a record of options tells.
    pub(super) fn rate(&self) -> Option<u32> {
        let counted = self.sampled.filter(|counted| *counted > 0);
        let spaced =
            counted.map(|counted| self.passed.unwrap_or(0).saturating_add(counted) / counted);
        self.sampling.or(spaced).filter(|rate| *rate > 0)
    }

    /// Returns when the exporter started, if a record of options tells.
    pub(super) fn boot(&self) -> Option<i64> {
        self.boot
    }

    /// Returns the flow's directions that have packets: the second only where both ways are in one record. `None` if
    /// the record does not tell who sent to whom, or no number of packets.
    pub(super) fn records(
        &self,
        header: Header,
        (sampling, boot): (u32, Option<i64>),
    ) -> Option<[Option<Record>; 2]> {
        let (source, destination) = (self.source?, self.destination?);
        let [packets, reverse_packets] = [self.packets, self.reverse_packets].map(Amount::value);
        packets.or(reverse_packets)?;
        let of = |number: Option<u64>| number.unwrap_or(0);
        let sampling = self.rate().unwrap_or(sampling).max(1);
        let at = |told: Option<i64>, uptime: Option<u32>| {
            let boot = self.boot.or(boot);
            let since_boot =
                |uptime: u32| Some(boot?.saturating_add(i64::from(uptime) * MILLISECOND));
            let of_uptime = |uptime| header.at(uptime).or_else(|| since_boot(uptime));
            told.or_else(|| uptime.and_then(of_uptime))
        };
        let last = at(self.last, self.uptimes[1]).unwrap_or(header.sent);
        let first = at(self.first, self.uptimes[0]).unwrap_or(last).min(last);
        let record = |packets: u64, bytes: Amount| Record {
            source: (source, self.ports[0]),
            destination: (destination, self.ports[1]),
            protocol: self.protocol,
            tcp_flags: self.tcp_flags,
            packets: packets.saturating_mul(sampling.into()),
            bytes: of(bytes.value()).saturating_mul(sampling.into()),
            first,
            last,
            source_mac: self.source_mac,
            sampling,
        };
        let there = (of(packets) > 0).then(|| record(of(packets), self.bytes));
        let back = (of(reverse_packets) > 0).then(|| Record {
            source: (destination, self.ports[1]),
            destination: (source, self.ports[0]),
            // Flags and link address are those of the way there.
            tcp_flags: 0,
            source_mac: None,
            ..record(of(reverse_packets), self.reverse_bytes)
        });
        Some([there, back])
    }
}

/// Numbers may be sent shorter than they are (RFC 7011 §6.2). What is longer than 8 octets is none.
fn unsigned(value: &[u8]) -> u64 {
    if value.len() > 8 {
        return 0;
    }
    value
        .iter()
        .fold(0, |sum, octet| sum << 8 | u64::from(*octet))
}

fn port(value: &[u8]) -> Option<u16> {
    u16::try_from(unsigned(value)).ok()
}

fn v4(value: &[u8]) -> Option<IpAddr> {
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(value).ok()?).into())
}

fn v6(value: &[u8]) -> Option<IpAddr> {
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).into())
}

fn microseconds(value: &[u8]) -> i64 {
    i64::try_from(unsigned(value))
        .unwrap_or(0)
        .saturating_mul(1000)
}

/// Seconds since 1900 and a fraction (RFC 5905 §6).
fn ntp(value: &[u8]) -> Option<i64> {
    const TO_1970: i64 = 2_208_988_800;
    let value = u64::from_be_bytes(value.try_into().ok()?);
    let fraction = ((value & u64::from(u32::MAX)) * 1_000_000_000) >> 32;
    let seconds = i64::try_from(value >> 32).ok()? - TO_1970;
    Some(seconds * SECOND + i64::try_from(fraction).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header = Header {
        sent: 1_700_000_000 * SECOND,
        uptime: Some(50_000),
    };

    fn told(fields: &[(u16, u32, &[u8])]) -> Told {
        let mut told = Told::default();
        let ends: [(u16, u32, &[u8]); 2] = [(8, 0, &[10, 0, 0, 1]), (12, 0, &[10, 0, 0, 2])];
        for (number, enterprise, value) in ends.iter().chain(fields) {
            told.note(HEADER, (*number, *enterprise), value);
        }
        told
    }

    fn first_record(told: &Told, state: (u32, Option<i64>)) -> Record {
        told.records(HEADER, state).unwrap()[0].unwrap()
    }

    #[test]
    fn times_are_told_in_many_ways() {
        let sent = HEADER.sent;
        let late = (1_700_000_000_u64 + 2_208_988_800) << 32 | 1 << 31;
        for (first, last) in [
            (
                [(22, 30_000), (21, 40_000)],
                [sent - 20 * SECOND, sent - 10 * SECOND],
            ),
            (
                [(150, 1_699_999_990), (151, 1_699_999_995)],
                [sent - 10 * SECOND, sent - 5 * SECOND],
            ),
            (
                [(152, 1_699_999_990_500), (153, 1_699_999_995_000)],
                [sent - 9_500_000_000, sent - 5 * SECOND],
            ),
            ([(154, late), (157, late)], [sent + SECOND / 2; 2]),
            (
                [(158, 3_000_000), (159, 1_000_000)],
                [sent - 3 * SECOND, sent - SECOND],
            ),
        ] {
            let values = first.map(|(number, value): (u16, u64)| (number, value.to_be_bytes()));
            let fields = values
                .each_ref()
                .map(|(number, value)| (*number, 0, &value[..]));
            let mut fields = fields.to_vec();
            fields.push((2, 0, &[1]));
            let record = first_record(&told(&fields), (1, None));
            assert_eq!([record.first, record.last], last, "{first:?}");
        }
    }

    #[test]
    fn an_uptime_that_has_wrapped_is_still_before_the_datagram() {
        let header = Header {
            sent: SECOND * 100,
            uptime: Some(500),
        };
        assert_eq!(header.at(u32::MAX - 499), Some(99 * SECOND));
    }

    #[test]
    fn counts_are_multiplied_by_the_sampling_rate_the_records_own_first() {
        let counts: [(u16, u32, &[u8]); 2] = [(1, 0, &[3, 232]), (2, 0, &[2])];
        let record = first_record(&told(&counts), (100, None));
        assert_eq!(
            (record.packets, record.bytes, record.sampling),
            (200, 100_000, 100)
        );
        let own = [counts[0], counts[1], (34, 0, &[0, 10])];
        assert_eq!(first_record(&told(&own), (100, None)).packets, 20);
        let spaced = told(&[(305, 0, &[1]), (306, 0, &[99])]);
        assert_eq!(spaced.rate(), Some(100));
    }

    #[test]
    fn both_ways_in_one_record_become_two() {
        let told = told(&[
            (7, 0, &[0x9c, 0x40]),
            (11, 0, &[0, 80]),
            (2, 0, &[3]),
            (1, 0, &[90]),
            (2, REVERSE, &[2]),
            (1, REVERSE, &[60]),
        ]);
        let [there, back] = told.records(HEADER, (1, None)).unwrap().map(Option::unwrap);
        assert_eq!((there.source, there.bytes), (back.destination, 90));
        assert_eq!((back.source.1, back.packets, back.bytes), (80, 2, 60));
    }

    #[test]
    fn without_addresses_or_packets_there_is_no_record() {
        let mut no_ends = Told::default();
        no_ends.note(HEADER, (2, 0), &[1]);
        assert!(no_ends.records(HEADER, (1, None)).is_none());
        assert!(told(&[(1, 0, &[90])]).records(HEADER, (1, None)).is_none());
        assert_eq!(
            told(&[(2, 0, &[0])]).records(HEADER, (1, None)),
            Some([None, None])
        );
    }

    #[test]
    fn what_came_since_the_last_record_goes_before_what_came_in_all() {
        let both = told(&[(2, 0, &[3]), (86, 0, &[50]), (85, 0, &[200]), (1, 0, &[90])]);
        let record = first_record(&both, (1, None));
        assert_eq!((record.packets, record.bytes), (3, 90));
        let sent_on = told(&[(24, 0, &[4]), (23, 0, &[80])]);
        assert_eq!(first_record(&sent_on, (1, None)).packets, 4);
        let in_all = told(&[(86, 0, &[50]), (85, 0, &[200])]);
        assert_eq!(first_record(&in_all, (1, None)).bytes, 200);
    }

    #[test]
    fn no_number_is_too_large() {
        let most = u64::MAX.to_be_bytes();
        let late = (i64::MAX / MILLISECOND).to_be_bytes();
        let huge = told(&[(2, 0, &most), (1, 0, &most), (160, 0, &late), (22, 0, &[1])]);
        let header = Header {
            uptime: None,
            ..HEADER
        };
        let [there, _] = huge.records(header, (1000, None)).unwrap();
        assert_eq!(there.unwrap().packets, u64::MAX);
    }
}
