//! Names and addresses in DNS messages (RFC 1035); mDNS and LLMNR look the same.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::Range;

const HEADER_LEN: usize = 12;
const A: u16 = 1;
const PTR: u16 = 12;
const AAAA: u16 = 28;
const INTERNET: u16 = 1;
/// The most records that are looked at.
const MAX_RECORDS: u16 = 64;
/// The most labels and pointers of a name: more than any name needs, and the end of every loop.
const MAX_STEPS: usize = 130;

/// A message, as far as it tells names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What was asked for.
    pub question: String,
    /// The addresses that were answered.
    pub addresses: Vec<IpAddr>,
}

/// Reads the first question and the addresses of the answers, as far as the capture kept them.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Message> {
    let (header, _) = bytes.split_first_chunk::<HEADER_LEN>()?;
    let [_, _, flags, _, q1, q2, a1, a2, ..] = *header;
    let standard_query = flags & 0x78 == 0;
    if !standard_query || [q1, q2] != [0, 1] {
        return None;
    }
    let (question, mut place) = name(bytes, HEADER_LEN)?;
    super::host_name(question.as_bytes())?;
    place += 4; // type and class
    let mut addresses = Vec::new();
    for _ in 0..u16::from_be_bytes([a1, a2]).min(MAX_RECORDS) {
        let Some(next) = record(bytes, place, &mut addresses) else {
            break;
        };
        place = next;
    }
    Some(Message {
        question,
        addresses,
    })
}

/// Makes a question for the name of an address (RFC 1035 §3.5, RFC 3596 §2.5).
#[must_use]
pub fn build_reverse_question(transaction: u16, ip: IpAddr) -> Vec<u8> {
    let labels: Vec<String> = match ip {
        IpAddr::V4(ip) => ip.octets().iter().rev().map(u8::to_string).collect(),
        IpAddr::V6(ip) => {
            let halves = ip.octets().into_iter().rev();
            let halves = halves.flat_map(|octet| [octet & 0xf, octet >> 4]);
            halves.map(|half| format!("{half:x}")).collect()
        }
    };
    let zone = if ip.is_ipv4() { "in-addr" } else { "ip6" };
    let labels = labels.iter().map(String::as_str);
    pointer_question(transaction, labels.chain([zone, "arpa"]))
}

/// Makes a question for the types of service that are announced (RFC 6763 §9).
#[must_use]
pub fn build_services_question(transaction: u16) -> Vec<u8> {
    pointer_question(transaction, ["_services", "_dns-sd", "_udp", "local"])
}

/// Makes a question for what a name of short labels points to.
fn pointer_question<'a>(transaction: u16, labels: impl IntoIterator<Item = &'a str>) -> Vec<u8> {
    let mut bytes = transaction.to_be_bytes().to_vec();
    bytes.extend([0, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in labels {
        bytes.push(u8::try_from(label.len()).unwrap_or(0));
        bytes.extend(label.bytes());
    }
    bytes.push(0);
    bytes.extend([PTR, INTERNET].iter().flat_map(|half| half.to_be_bytes()));
    bytes
}

/// Reads the names in the answer to such a question, as far as it can be read; `None` if it is another answer.
#[must_use]
pub fn parse_pointers(bytes: &[u8], transaction: u16) -> Option<Vec<String>> {
    let (header, _) = bytes.split_first_chunk::<HEADER_LEN>()?;
    let [t1, t2, flags, _, q1, q2, a1, a2, ..] = *header;
    if u16::from_be_bytes([t1, t2]) != transaction || flags & 0x80 == 0 {
        return None;
    }
    let mut place = HEADER_LEN;
    for _ in 0..u16::from_be_bytes([q1, q2]).min(MAX_RECORDS) {
        (_, place) = name(bytes, place)?;
        place += 4; // type and class
    }
    let mut names = Vec::new();
    for _ in 0..u16::from_be_bytes([a1, a2]).min(MAX_RECORDS) {
        let Some((kind, data)) = fields(bytes, place) else {
            break;
        };
        place = data.end;
        if kind == PTR {
            names.extend(name(bytes, data.start).map(|(text, _)| text));
        }
    }
    Some(names)
}

/// Reads a record's type, and where its data are.
fn fields(bytes: &[u8], place: usize) -> Option<(u16, Range<usize>)> {
    let (_, place) = name(bytes, place)?;
    let (fixed, rest) = bytes.get(place..)?.split_first_chunk::<10>()?;
    let [t1, t2, _, _, _, _, _, _, l1, l2] = *fixed;
    let length = usize::from(u16::from_be_bytes([l1, l2]));
    rest.get(..length)?;
    let start = place + fixed.len();
    Some((u16::from_be_bytes([t1, t2]), start..start + length))
}

/// Reads a record; returns where the next one begins.
fn record(bytes: &[u8], place: usize, addresses: &mut Vec<IpAddr>) -> Option<usize> {
    let (kind, place) = fields(bytes, place)?;
    let data = bytes.get(place.clone())?;
    match kind {
        A => addresses.extend(
            data.first_chunk()
                .map(|&four| IpAddr::V4(Ipv4Addr::from(four))),
        ),
        AAAA => {
            addresses.extend(
                data.first_chunk()
                    .map(|&all| IpAddr::V6(Ipv6Addr::from(all))),
            );
        }
        _ => {}
    }
    Some(place.end)
}

/// Reads a name; returns it with the place behind it.
fn name(bytes: &[u8], start: usize) -> Option<(String, usize)> {
    let mut text = String::new();
    let mut place = start;
    let mut behind = None;
    for _ in 0..MAX_STEPS {
        let length = usize::from(*bytes.get(place)?);
        match length {
            0 => return Some((text, behind.unwrap_or(place + 1))),
            1..=63 => {
                if !text.is_empty() {
                    text.push('.');
                }
                let label = bytes.get(place + 1..place + 1 + length)?;
                text.push_str(std::str::from_utf8(label).ok()?);
                place += 1 + length;
            }
            0xc0.. => {
                behind = behind.or(Some(place + 2));
                place = (length & 0x3f) << 8 | usize::from(*bytes.get(place + 1)?);
            }
            _ => return None,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response() -> Vec<u8> {
        let mut bytes = vec![0, 7, 0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0];
        bytes.extend(b"\x03www\x07example\x03org\x00\x00\x01\x00\x01");
        bytes.extend(b"\xc0\x0c\x00\x05\x00\x01\x00\x00\x00\x09\x00\x06\x03cdn\xc0\x10");
        bytes.extend(b"\xc0\x2d\x00\x01\x00\x01\x00\x00\x00\x09\x00\x04\xc0\x00\x02\x07");
        bytes
    }

    #[test]
    fn the_question_and_the_addresses_are_read_as_far_as_they_go() {
        let whole = response();
        let question = "www.example.org".to_owned();
        let addresses = vec![IpAddr::from([192, 0, 2, 7])];
        assert_eq!(
            parse(&whole),
            Some(Message {
                question: question.clone(),
                addresses
            })
        );
        for end in 0..whole.len() {
            if let Some(message) = parse(&whole[..end]) {
                assert_eq!(message.question, question);
                assert!(message.addresses.is_empty(), "{end}");
            }
        }
    }

    #[test]
    fn the_name_of_an_address_is_asked_for_and_read() {
        let question = build_reverse_question(7, IpAddr::from([10, 0, 0, 57]));
        let asked = parse(&question).unwrap().question;
        assert_eq!(asked, "57.0.0.10.in-addr.arpa");
        let of_v6 = build_reverse_question(7, "fe80::12".parse().unwrap());
        let asked = parse(&of_v6).unwrap().question;
        assert!(asked.starts_with("2.1.0.0.") && asked.ends_with(".0.8.e.f.ip6.arpa"));

        // The question again, then a pointer that ends by pointing at a label of the question.
        let mut answer = question.clone();
        answer[2] = 0x84;
        answer[7] = 1;
        answer.extend(b"\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x0a\x00\x0d\x05hal-9\x05local\x00");
        assert_eq!(parse_pointers(&answer, 7).unwrap(), ["hal-9.local"]);
        assert_eq!(parse_pointers(&answer, 8), None, "another question's");
        assert_eq!(parse_pointers(&question, 7), None, "no answer");
        for end in 0..answer.len() {
            assert!(parse_pointers(&answer[..end], 7).is_none_or(|names| names.is_empty()));
        }
    }

    /// The answer to a question for services: it, and so many pointers to `data`.
    fn services(count: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = build_services_question(7);
        bytes[2] = 0x84;
        bytes[6..8].copy_from_slice(&count.to_be_bytes());
        for _ in 0..count {
            bytes.extend(b"\xc0\x0c\x00\x0c\x00\x01\x00\x00\x00\x0a");
            bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend(data);
        }
        bytes
    }

    #[test]
    fn the_types_of_service_are_asked_for_and_read() {
        let question = build_services_question(7);
        let asked = parse(&question).unwrap().question;
        assert_eq!(asked, "_services._dns-sd._udp.local");
        // "local" of the question, behind its header and three labels.
        let answer = services(2, b"\x04_ipp\x04_tcp\xc0\x23");
        assert_eq!(
            parse_pointers(&answer, 7).unwrap(),
            ["_ipp._tcp.local", "_ipp._tcp.local"]
        );
    }

    #[test]
    fn an_answer_that_means_no_good_is_read_to_a_bound() {
        let many = parse_pointers(&services(1000, b"\x04_ipp\x04_tcp\xc0\x23"), 7);
        assert_eq!(many.unwrap().len(), usize::from(MAX_RECORDS));
        // Each name points to itself: the first record's data begin behind the question and twelve octets.
        let place = u8::try_from(build_services_question(7).len() + 12).unwrap();
        let looped = parse_pointers(&services(1, &[0xc0, place]), 7);
        assert_eq!(looped.unwrap(), [""; 0]);
        // Labels that lead back to the first of them.
        let back = [&[63; 64][..], &[0xc0, place]].concat();
        assert_eq!(parse_pointers(&services(1, &back), 7).unwrap(), [""; 0]);
        let mut short = services(1, b"\x04_ipp\x04_tcp\xc0\x23");
        short[6..8].copy_from_slice(&u16::MAX.to_be_bytes());
        assert_eq!(parse_pointers(&short, 7).unwrap().len(), 1);
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_the_parser_panic_or_grow(
            rest in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400),
        ) {
            let mut bytes = vec![0, 7, 0x84, 0];
            bytes.extend(rest);
            let names = parse_pointers(&bytes, 7).unwrap_or_default();
            proptest::prop_assert!(names.len() <= usize::from(MAX_RECORDS));
        }
    }

    #[test]
    fn a_name_that_points_to_itself_ends() {
        let mut bytes = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        bytes.extend([0xc0, 12, 0, 1, 0, 1]);
        assert_eq!(parse(&bytes), None);
    }
}
