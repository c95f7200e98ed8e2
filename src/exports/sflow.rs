//! sFlow v5: the beginnings of packets, one in so many.

use super::{split, take, take_u32};
use crate::wire::link::LinkType;

/// A packet that was picked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample<'a> {
    /// What the octets begin with.
    pub link_type: LinkType,
    /// The packet's length on the wire, without FCS.
    pub wire_len: u32,
    /// Its beginning.
    pub bytes: &'a [u8],
    /// It stands for so many.
    pub rate: u32,
}

const FLOW_SAMPLE: u32 = 1;
const EXPANDED_FLOW_SAMPLE: u32 = 3;
const RAW_HEADER: u32 = 1;
/// More in one datagram are not believed.
const MAX_PARTS: u32 = 4096;

/// Reads a datagram behind its version; `None` if it is cut short. Counters and what else there is are passed over.
pub(super) fn read<'a>(body: &'a [u8], tell: &mut dyn FnMut(Sample<'a>)) -> Option<()> {
    let (kind, rest) = take_u32(body)?;
    let address_len = match kind {
        1 => 4,
        2 => 16,
        _ => return None,
    };
    let (_, rest) = split(rest, address_len)?;
    // Sub-agent, sequence number, uptime.
    let (_, rest) = take::<12>(rest)?;
    each_part(rest, &mut |format, body| match format {
        FLOW_SAMPLE => sample(body, false, tell),
        EXPANDED_FLOW_SAMPLE => sample(body, true, tell),
        _ => Some(()),
    })
}

/// Goes through a counted list of parts, each with its format and length.
fn each_part<'a>(
    list: &'a [u8],
    take_part: &mut dyn FnMut(u32, &'a [u8]) -> Option<()>,
) -> Option<()> {
    let (count, mut rest) = take_u32(list)?;
    for _ in 0..count.min(MAX_PARTS) {
        let (format, after) = take_u32(rest)?;
        let (length, after) = take_u32(after)?;
        let (body, after) = split(after, usize::try_from(length).ok()?)?;
        take_part(format, body)?;
        rest = after;
    }
    Some(())
}

fn sample<'a>(body: &'a [u8], is_expanded: bool, tell: &mut dyn FnMut(Sample<'a>)) -> Option<()> {
    // Sequence number and source, which takes two numbers in the expanded form, as do input and output behind.
    let (before, after) = if is_expanded { (12, 24) } else { (8, 16) };
    let (_, rest) = split(body, before)?;
    let (rate, rest) = take_u32(rest)?;
    let (_, records) = split(rest, after)?;
    each_part(records, &mut |format, record| {
        if format == RAW_HEADER {
            tell(raw_header(record, rate.max(1))?);
        }
        Some(())
    })
}

fn raw_header(record: &[u8], rate: u32) -> Option<Sample<'_>> {
    let (protocol, rest) = take_u32(record)?;
    let (frame_len, rest) = take_u32(rest)?;
    // What was taken off before the header, such as the FCS, which the length counts.
    let (stripped, rest) = take_u32(rest)?;
    let (header_len, rest) = take_u32(rest)?;
    let (bytes, _) = split(rest, usize::try_from(header_len).ok()?)?;
    let link_type = match protocol {
        1 => LinkType::ETHERNET,
        7 => LinkType::PPP,
        11 => LinkType::IPV4,
        12 => LinkType::IPV6,
        // No link type has this number: it is counted as one that is not known.
        _ => LinkType(u32::MAX),
    };
    Some(Sample {
        link_type,
        wire_len: frame_len.saturating_sub(stripped),
        bytes,
        rate,
    })
}
