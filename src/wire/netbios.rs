//! NetBIOS node status: what a machine calls itself (RFC 1002 §4.2.17, §4.2.18).
//!
//! Integers are big-endian. Names are in the host's OEM code page, not UTF-8: bytes here, text in `identify`.

use super::{Malformed, first, take};
use crate::mac::Mac;

const HEADER_LEN: usize = 12;
/// OPCODE 0 with the response and the authoritative-answer bit (RFC 1002 §4.2.1.1).
const FLAGS_RESPONSE: u16 = 0x8400;
const RCODE: u16 = 0x000f;
const TYPE_NBSTAT: u16 = 0x0021;
const CLASS_IN: u16 = 0x0001;
/// One name in a response: 15 octets of name, 1 of suffix, 2 of flags.
const ENTRY_LEN: usize = 18;
const UNIT_ID_LEN: usize = 6;
/// The statistics that begin with the unit id; those after it are zero in ours.
const STATISTICS_LEN: usize = 46;

/// The wildcard name `*` in the first-level encoding of RFC 1001 §14.1: two letters an octet.
const WILDCARD: [u8; 34] = *b"\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0";

/// A name that a machine has registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Name {
    /// The name, padded with spaces.
    pub padded: [u8; 15],
    /// The sixteenth octet: what kind of service the name stands for.
    pub suffix: u8,
    /// NAME_FLAGS.
    pub flags: u16,
}

impl Name {
    const GROUP: u16 = 0x8000;
    const ACTIVE: u16 = 0x0400;

    /// Makes an active name; what is longer than 15 octets is cut.
    #[must_use]
    pub fn new(name: &str, suffix: u8, group: bool) -> Name {
        let mut padded = [b' '; 15];
        for (place, octet) in padded.iter_mut().zip(name.bytes()) {
            *place = octet;
        }
        let group = if group { Name::GROUP } else { 0 };
        Name {
            padded,
            suffix,
            flags: Name::ACTIVE | group,
        }
    }

    /// Tells whether the name belongs to a group of machines rather than to this one alone.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.flags & Name::GROUP != 0
    }

    /// Returns the name without its padding.
    #[must_use]
    pub fn text(&self) -> &[u8] {
        let text = self.padded.split(|&octet| octet == 0).next();
        text.unwrap_or_default().trim_ascii_end()
    }
}

/// A node status response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeStatus<'a> {
    /// NAME_TRN_ID: that of the request.
    pub transaction: u16,
    names: &'a [[u8; ENTRY_LEN]],
    /// The MAC that the machine says is its own. Samba answers zeros.
    pub unit_id: Mac,
}

impl<'a> NodeStatus<'a> {
    /// Reads the payload of a UDP datagram; ignores the counters after UNIT_ID.
    ///
    /// # Errors
    /// [`Malformed`], if it is cut short, is no response, or reports an error.
    pub fn parse(bytes: &'a [u8]) -> Result<NodeStatus<'a>, Malformed> {
        const WHAT: &str = "NetBIOS node status response";
        let header = Header::parse(WHAT, bytes)?;
        if header.flags & 0x8000 == 0 {
            return Err(unexpected(WHAT, "flags", header.flags));
        }
        if header.flags & RCODE != 0 {
            return Err(unexpected(WHAT, "RCODE", header.flags & RCODE));
        }
        if header.questions != 0 {
            return Err(unexpected(WHAT, "QDCOUNT", header.questions));
        }
        let rest = skip_name(WHAT, header.rest)?;
        let ([type_1, type_2, _, _, _, _, _, _, _, _], rdata) = take::<10>(WHAT, rest)?;
        let rr_type = u16::from_be_bytes([*type_1, *type_2]);
        if rr_type != TYPE_NBSTAT {
            return Err(unexpected(WHAT, "RR_TYPE", rr_type));
        }
        let ([count], body) = take(WHAT, rdata)?;
        let names_len = usize::from(*count) * ENTRY_LEN;
        let (names, _) = first(WHAT, body, names_len)?.as_chunks();
        let (unit_id, _) = take::<UNIT_ID_LEN>(WHAT, body.get(names_len..).unwrap_or_default())?;
        Ok(NodeStatus {
            transaction: header.transaction,
            names,
            unit_id: Mac(*unit_id),
        })
    }

    /// Returns the names in the order of the response.
    pub fn names(&self) -> impl Iterator<Item = Name> + use<'a> {
        self.names.iter().map(|entry| {
            let [padded @ .., suffix, flags_1, flags_2] = *entry;
            Name {
                padded,
                suffix,
                flags: u16::from_be_bytes([flags_1, flags_2]),
            }
        })
    }
}

/// Reads a node status request for the wildcard name and returns its NAME_TRN_ID.
///
/// # Errors
/// [`Malformed`], if it is anything else.
pub fn parse_status_request(bytes: &[u8]) -> Result<u16, Malformed> {
    const WHAT: &str = "NetBIOS node status request";
    let header = Header::parse(WHAT, bytes)?;
    if header.flags & 0x8000 != 0 {
        return Err(unexpected(WHAT, "flags", header.flags));
    }
    let (name, rest) = take(WHAT, header.rest)?;
    let ([type_1, type_2, ..], _) = take::<4>(WHAT, rest)?;
    let question_type = u16::from_be_bytes([*type_1, *type_2]);
    if *name != WILDCARD || question_type != TYPE_NBSTAT {
        return Err(unexpected(WHAT, "QUESTION_TYPE", question_type));
    }
    Ok(header.transaction)
}

/// Builds a request for all names of a machine.
#[must_use]
pub fn build_status_request(transaction: u16) -> Vec<u8> {
    let mut bytes = header(transaction, 0, 1, 0);
    bytes.extend(WILDCARD);
    bytes.extend(TYPE_NBSTAT.to_be_bytes());
    bytes.extend(CLASS_IN.to_be_bytes());
    bytes
}

/// Builds the answer; names beyond the 255th are left out.
#[must_use]
pub fn build_status_response(transaction: u16, names: &[Name], unit_id: Mac) -> Vec<u8> {
    let count = u8::try_from(names.len()).unwrap_or(u8::MAX);
    let rdata_len = 1 + usize::from(count) * ENTRY_LEN + STATISTICS_LEN;
    let mut bytes = header(transaction, FLAGS_RESPONSE, 0, 1);
    bytes.extend(WILDCARD);
    bytes.extend(TYPE_NBSTAT.to_be_bytes());
    bytes.extend(CLASS_IN.to_be_bytes());
    bytes.extend([0; 4]); // TTL
    bytes.extend(super::length_field(rdata_len));
    bytes.push(count);
    for name in names.iter().take(count.into()) {
        bytes.extend(name.padded);
        bytes.push(name.suffix);
        bytes.extend(name.flags.to_be_bytes());
    }
    bytes.extend(unit_id.0);
    bytes.extend([0; STATISTICS_LEN - UNIT_ID_LEN]);
    bytes
}

struct Header<'a> {
    transaction: u16,
    flags: u16,
    questions: u16,
    rest: &'a [u8],
}

impl<'a> Header<'a> {
    fn parse(what: &'static str, bytes: &'a [u8]) -> Result<Header<'a>, Malformed> {
        let ([t1, t2, f1, f2, q1, q2, ..], rest) = take::<HEADER_LEN>(what, bytes)?;
        Ok(Header {
            transaction: u16::from_be_bytes([*t1, *t2]),
            flags: u16::from_be_bytes([*f1, *f2]),
            questions: u16::from_be_bytes([*q1, *q2]),
            rest,
        })
    }
}

fn header(transaction: u16, flags: u16, questions: u16, answers: u16) -> Vec<u8> {
    let fields = [transaction, flags, questions, answers, 0, 0];
    fields.into_iter().flat_map(u16::to_be_bytes).collect()
}

/// Skips RR_NAME: labels up to the empty one or to a pointer (RFC 1002 §4.2.1.2, §4.2.1.3).
fn skip_name<'a>(what: &'static str, mut rest: &'a [u8]) -> Result<&'a [u8], Malformed> {
    loop {
        let ([length], after) = take(what, rest)?;
        match *length {
            0 => return Ok(after),
            1..=63 => {
                let label = first(what, after, (*length).into())?;
                rest = after.get(label.len()..).unwrap_or_default();
            }
            0xc0..=0xff => return take::<1>(what, after).map(|(_, rest)| rest),
            other => return Err(unexpected(what, "label length", other.into())),
        }
    }
}

fn unexpected(what: &'static str, field: &'static str, value: u16) -> Malformed {
    Malformed::Unexpected {
        what,
        field,
        value: value.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: Mac = Mac([4, 0xd4, 0xc4, 0x12, 0x34, 0x56]);

    fn names() -> [Name; 3] {
        [
            Name::new("RECEPTION-PC", 0x00, false),
            Name::new("WORKGROUP", 0x00, true),
            Name::new("A-NAME-THAT-IS-TOO-LONG", 0x20, false),
        ]
    }

    #[test]
    fn a_request_is_read_as_it_was_built() {
        let bytes = build_status_request(0x4711);
        assert_eq!(bytes.len(), 50);
        assert_eq!(parse_status_request(&bytes), Ok(0x4711));
        for end in 0..bytes.len() {
            assert!(parse_status_request(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn a_response_is_read_as_it_was_built() {
        let bytes = build_status_response(7, &names(), MAC);
        let status = NodeStatus::parse(&bytes).unwrap();
        assert_eq!((status.transaction, status.unit_id), (7, MAC));
        assert_eq!(status.names().collect::<Vec<_>>(), names());
        let texts: Vec<_> = status.names().map(|name| name.text().to_vec()).collect();
        assert_eq!(
            texts,
            [&b"RECEPTION-PC"[..], b"WORKGROUP", b"A-NAME-THAT-IS-"]
        );
        assert_eq!(status.names().filter(Name::is_group).count(), 1);
    }

    #[test]
    fn the_counters_may_be_missing_but_not_the_unit_id() {
        let bytes = build_status_response(7, &names(), MAC);
        let unit_id_end = bytes.len() - (STATISTICS_LEN - UNIT_ID_LEN);
        assert!(NodeStatus::parse(&bytes[..unit_id_end]).is_ok());
        for end in 0..unit_id_end {
            let cut = NodeStatus::parse(&bytes[..end]);
            assert!(matches!(cut, Err(Malformed::Truncated { .. })), "{end}");
        }
    }

    #[test]
    fn a_response_may_name_itself_by_a_pointer() {
        let mut bytes = build_status_response(7, &names(), MAC);
        bytes.splice(HEADER_LEN..HEADER_LEN + WILDCARD.len(), [0xc0, 0x0c]);
        assert_eq!(NodeStatus::parse(&bytes).unwrap().names().count(), 3);
    }

    #[test]
    fn a_request_an_error_and_another_record_are_no_status() {
        let request = build_status_request(7);
        assert!(matches!(
            NodeStatus::parse(&request),
            Err(Malformed::Unexpected { field: "flags", .. })
        ));
        let good = build_status_response(7, &names(), MAC);
        let mut error = good.clone();
        error[3] |= 3;
        assert!(matches!(
            NodeStatus::parse(&error),
            Err(Malformed::Unexpected {
                field: "RCODE",
                value: 3,
                ..
            })
        ));
        let mut other = good;
        other[HEADER_LEN + WILDCARD.len() + 1] = 0x20;
        assert!(matches!(
            NodeStatus::parse(&other),
            Err(Malformed::Unexpected {
                field: "RR_TYPE",
                value: 0x20,
                ..
            })
        ));
    }

    #[test]
    fn a_name_ends_at_a_nul_as_some_machines_pad_with_it() {
        let mut name = Name::new("PC", 0, false);
        name.padded[2] = 0;
        assert_eq!(name.text(), b"PC");
    }
}
