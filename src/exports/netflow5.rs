//! NetFlow v5: a header of 24 octets and records of 48.

use std::net::Ipv4Addr;

use super::fields::{Header, Record, SECOND};
use super::{split, take};

const RECORD_LEN: usize = 48;

/// Reads a datagram behind its version; `None` if it is cut short.
pub(super) fn read(body: &[u8], tell: &mut dyn FnMut(Record)) -> Option<()> {
    let (header, mut rest) = take::<22>(body)?;
    let number = |place: usize| Some(u32::from_be_bytes(*header.get(place..)?.first_chunk()?));
    let count = u16::from_be_bytes(*header.first_chunk()?);
    let [.., s1, s2] = *header;
    // The two upper bits are the way of sampling.
    let sampling = u32::from(u16::from_be_bytes([s1, s2]) & 0x3fff).max(1);
    let header = Header {
        uptime: Some(number(2)?),
        sent: i64::from(number(6)?) * SECOND + i64::from(number(10)?),
    };
    for _ in 0..count {
        let (record, after) = split(rest, RECORD_LEN)?;
        rest = after;
        if let Some(record) =
            read_record(record, header, sampling).filter(|record| record.packets > 0)
        {
            tell(record);
        }
    }
    Some(())
}

fn read_record(record: &[u8], header: Header, sampling: u32) -> Option<Record> {
    let number = |place: usize| Some(u32::from_be_bytes(*record.get(place..)?.first_chunk()?));
    let port = |place: usize| Some(u16::from_be_bytes(*record.get(place..)?.first_chunk()?));
    let last = header.at(number(28)?)?;
    Some(Record {
        source: (Ipv4Addr::from_bits(number(0)?).into(), port(32)?),
        destination: (Ipv4Addr::from_bits(number(4)?).into(), port(34)?),
        protocol: *record.get(38)?,
        tcp_flags: *record.get(37)?,
        packets: u64::from(number(16)?) * u64::from(sampling),
        bytes: u64::from(number(20)?) * u64::from(sampling),
        first: header.at(number(24)?)?.min(last),
        last,
        source_mac: None,
        sampling,
    })
}
