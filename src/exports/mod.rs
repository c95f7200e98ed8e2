//! Flow records and packet samples that switches and routers send: NetFlow v5 and v9, IPFIX, sFlow v5. No I/O.
//!
//! An [`Exporters`] takes datagrams in, remembers each exporter's templates and sampling rate, and hands over what was
//! told. Memory is bounded: so many exporters, so many templates of each; the longest unheard gives way.
//!
//! Sources: NetFlow v5 as Cisco's "NetFlow Export Datagram Format" has it, v9 is RFC 3954, IPFIX RFC 7011, its fields
//! are those of the IANA's registry, reverse fields RFC 5103; sFlow v5 is <https://sflow.org/sflow_version_5.txt>.

mod datagram;
mod exporters;
mod fields;
mod netflow5;
mod sets;
mod sflow;

pub use exporters::{Exporters, Took};
pub use fields::Record;
pub use sflow::Sample;

/// Splits off the first `N` octets.
fn take<const N: usize>(bytes: &[u8]) -> Option<(&[u8; N], &[u8])> {
    bytes.split_first_chunk()
}

/// Splits off a 16-bit number in network order.
fn take_u16(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (octets, rest) = take(bytes)?;
    Some((u16::from_be_bytes(*octets), rest))
}

/// Splits off a 32-bit number in network order.
fn take_u32(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (octets, rest) = take(bytes)?;
    Some((u32::from_be_bytes(*octets), rest))
}

/// Splits off `count` octets.
fn split(bytes: &[u8], count: usize) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(count)
}
