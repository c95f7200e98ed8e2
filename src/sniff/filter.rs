//! BPF expressions: what halfspan makes of the suspect, and matching outside the kernel.

use std::fmt;
use std::sync::Arc;

use super::libpcap::{Libpcap, Program};
use super::{Own, SniffError, Suspect};
use crate::wire::ethernet::EtherType;
use crate::wire::link::LinkType;

/// How many of our own MACs are told to the kernel; a machine with containers can have hundreds.
const MAX_OWN_MACS: usize = 16;

/// Returns the expression for the suspect's own frames.
pub(super) fn of_suspect(suspect: &Suspect) -> String {
    match suspect {
        // The addresses stand before any tag.
        Suspect::Mac(mac) => format!("ether src {mac}"),
        // `src host` also matches the sender of an ARP packet.
        Suspect::Ip(ip) => behind_tags(&format!("src host {ip}")),
        Suspect::Filter(expression) => behind_tags(expression),
    }
}

/// Returns the expression for what only a mirror (or flooding) brings here.
pub(super) fn of_others(suspect: &Suspect, own: &Own) -> String {
    let mut expression = "ether[0] & 1 = 0".to_owned();
    for mac in own.macs.iter().take(MAX_OWN_MACS) {
        expression.push_str(&format!(" and not ether host {mac}"));
    }
    // Last, because the keyword `vlan` shifts the offsets of everything behind it.
    format!("{expression} and not ({})", of_suspect(suspect))
}

/// True where a tag comes next: `ether proto` looks behind the tags that `vlan` has passed.
const TAG_IS_NEXT: &str = "ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100";

/// Holds an expression against the packet of frames with no, one or two VLAN tags.
///
/// Before another tag it is not asked: no tag is from a host or to a port, and `not host` would be true of every tagged
/// frame. What comes next is read from the octets, which is right of live frames, too: the kernel takes the outermost tag
/// out of them, and `vlan` then passes it without going on.
///
/// Left alone where the expression itself looks into the layers below IP.
fn behind_tags(expression: &str) -> String {
    let words = expression.split(|c: char| !c.is_ascii_alphanumeric());
    let mut layers = words.filter(|word| matches!(*word, "vlan" | "mpls" | "pppoed" | "pppoes"));
    if layers.next().is_some() {
        return expression.to_owned();
    }
    let last = format!("not ({TAG_IS_NEXT}) and ({expression})");
    format!("({last}) or (vlan and (({last}) or (vlan and ({expression}))))")
}

/// A compiled expression that is matched by libpcap, outside the kernel.
pub(super) struct Filter {
    expression: String,
    program: Program,
}

/// A BPF expression for frames of any link type, matched by libpcap outside the kernel.
#[derive(Clone, Debug)]
pub struct FrameFilter {
    ethernet: Arc<Filter>,
    /// Of other link types, as they are met; `None` where the expression asks for what the link does not have.
    others: Vec<(LinkType, Option<Arc<Filter>>)>,
}

impl FrameFilter {
    /// Compiles an expression such as `udp port 14857`; it sees the packet of a frame behind up to two VLAN tags.
    ///
    /// # Errors
    /// [`SniffError::NoLibpcap`] or [`SniffError::BadFilter`].
    pub fn compile(expression: &str) -> Result<FrameFilter, SniffError> {
        Ok(FrameFilter {
            ethernet: Arc::new(Filter::compile(LinkType::ETHERNET, expression)?),
            others: Vec::new(),
        })
    }

    /// Tells whether a frame matches; `wire_len` is its whole length in octets.
    pub fn matches(&mut self, link_type: LinkType, bytes: &[u8], wire_len: u32) -> bool {
        if link_type == LinkType::ETHERNET {
            return self.ethernet.matches(bytes, wire_len);
        }
        let met = self.others.iter().position(|(met, _)| *met == link_type);
        let place = met.unwrap_or_else(|| {
            let filter = Filter::compile(link_type, &self.ethernet.expression).ok();
            self.others.push((link_type, filter.map(Arc::new)));
            self.others.len() - 1
        });
        let filter = self
            .others
            .get(place)
            .and_then(|(_, filter)| filter.as_ref());
        let untagged = without_tags(link_type, bytes);
        let bytes = untagged.as_deref().unwrap_or(bytes);
        filter.is_some_and(|filter| filter.matches(bytes, wire_len))
    }
}

/// Takes the tags out of a Linux cooked frame, for which libpcap knows no `vlan`; `None` if there are none.
fn without_tags(link_type: LinkType, bytes: &[u8]) -> Option<Vec<u8>> {
    // Where the EtherType stands in the header, and where the header ends.
    let (place, header_len) = match link_type {
        LinkType::LINUX_SLL => (14, 16),
        LinkType::LINUX_SLL2 => (0, 20),
        _ => return None,
    };
    let (header, mut rest) = bytes.split_at_checked(header_len)?;
    let outermost: [u8; 2] = *header.get(place..)?.first_chunk()?;
    let mut next = outermost;
    while EtherType(u16::from_be_bytes(next)).is_tag() {
        let (&[_, _, e1, e2], behind) = rest.split_first_chunk()?;
        (next, rest) = ([e1, e2], behind);
    }
    if next == outermost {
        return None;
    }
    let mut untagged = header.to_vec();
    *untagged.get_mut(place..)?.first_chunk_mut()? = next;
    untagged.extend(rest);
    Some(untagged)
}

impl Filter {
    /// Compiles an expression for frames of a link type.
    pub(super) fn compile(link_type: LinkType, expression: &str) -> Result<Filter, SniffError> {
        let pcap = Libpcap::get().ok_or_else(|| SniffError::NoLibpcap {
            what: format!("the filter `{expression}`"),
        })?;
        check(pcap, link_type, expression)?;
        let wider = match link_type {
            LinkType::ETHERNET => behind_tags(expression),
            _ => expression.to_owned(),
        };
        let program = pcap.compile_for(link_type, &wider);
        Ok(Filter {
            expression: expression.to_owned(),
            program: program.map_err(|reason| bad_filter(expression, reason))?,
        })
    }

    pub(super) fn matches(&self, bytes: &[u8], wire_len: u32) -> bool {
        self.program.matches(bytes, wire_len)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Filter").field(&self.expression).finish()
    }
}

/// Checks that an expression is one by itself, before it becomes a part of another.
pub(super) fn check(
    pcap: &'static Libpcap,
    link_type: LinkType,
    expression: &str,
) -> Result<(), SniffError> {
    if expression.trim().is_empty() {
        return Err(bad_filter(expression, "it is empty".to_owned()));
    }
    match pcap.compile_for(link_type, expression) {
        Ok(_) => Ok(()),
        Err(reason) => Err(bad_filter(expression, reason)),
    }
}

fn bad_filter(expression: &str, reason: String) -> SniffError {
    SniffError::BadFilter {
        expression: expression.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddrV4};

    use super::*;
    use crate::mac::Mac;
    use crate::wire::{ethernet, ethernet::Tag, ip, udp};

    const MAC: Mac = Mac([2, 0, 0, 0, 0, 0x57]);

    #[test]
    fn the_texts_for_the_kernel_match_tagged_frames_too() {
        assert_eq!(
            of_suspect(&Suspect::Mac(MAC)),
            "ether src 02:00:00:00:00:57"
        );
        let last = format!("not ({TAG_IS_NEXT}) and (udp port 14857)");
        assert_eq!(
            of_suspect(&Suspect::Filter("udp port 14857".to_owned())),
            format!("({last}) or (vlan and (({last}) or (vlan and (udp port 14857))))")
        );
        assert_eq!(
            of_suspect(&Suspect::Filter("vlan 5 and tcp".to_owned())),
            "vlan 5 and tcp"
        );
        let own = Own {
            macs: [Mac([2, 0, 0, 0, 0, 1])].into(),
            ..Own::default()
        };
        assert_eq!(
            of_others(&Suspect::Mac(MAC), &own),
            "ether[0] & 1 = 0 and not ether host 02:00:00:00:00:01 \
             and not (ether src 02:00:00:00:00:57)"
        );
    }

    const A: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 14857);
    const B: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 2), 9);
    const TAGS: [&[u16]; 4] = [&[], &[0x8100], &[0x88a8, 0x8100], &[0x9100, 0x9100]];

    /// A datagram from `a` to `b` behind tags.
    fn frame(a: SocketAddrV4, b: SocketAddrV4, tags: &[u16]) -> Vec<u8> {
        let datagram = udp::build_v4(a, b, b"");
        let packet = ip::build_v4(*a.ip(), *b.ip(), ip::Protocol::UDP, &datagram);
        let tags: Vec<Tag> = tags.iter().map(|&tpid| Tag { tpid, tci: 7 }).collect();
        ethernet::build(MAC, MAC, &tags, EtherType::IPV4, &packet)
    }

    #[test]
    #[ignore = "needs libpcap"]
    fn a_filter_and_its_negation_see_the_packet_behind_up_to_two_tags() {
        let other = SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 3), 14858);
        for expression in [
            "udp port 14857",
            "host 10.0.0.1",
            "src host 10.0.0.1 and udp",
        ] {
            let filter = Filter::compile(LinkType::ETHERNET, expression).unwrap();
            let negation = Filter::compile(LinkType::ETHERNET, &format!("not ({expression})"));
            let negation = negation.unwrap();
            for tags in TAGS {
                for (from, is_it) in [(A, true), (other, false)] {
                    let frame = frame(from, B, tags);
                    assert_eq!(filter.matches(&frame, 60), is_it, "{expression} {tags:?}");
                    assert_eq!(
                        negation.matches(&frame, 60),
                        !is_it,
                        "{expression} {tags:?}"
                    );
                }
            }
            assert!(!filter.matches(&[], 0));
        }
    }

    #[test]
    #[ignore = "needs libpcap"]
    fn on_links_other_than_ethernet_a_negation_holds_too() {
        let mut filter = FrameFilter::compile("not port 14857").unwrap();
        for (from, passes) in [(A, false), (B, true)] {
            let packet = &frame(from, B, &[])[14..];
            assert_eq!(filter.matches(LinkType::RAW, packet, 60), passes);
            for tags in TAGS {
                let frame = frame(from, B, tags);
                let (ether_type, behind) = frame[12..].split_at(2);
                let cooked = [&[0; 14][..], ether_type, behind].concat();
                assert_eq!(filter.matches(LinkType::LINUX_SLL, &cooked, 60), passes);
                let cooked_2 = [ether_type, &[0; 18], behind].concat();
                assert_eq!(filter.matches(LinkType::LINUX_SLL2, &cooked_2, 60), passes);
            }
        }
    }

    #[test]
    #[ignore = "needs libpcap"]
    fn a_bad_filter_is_named_as_it_was_typed() {
        for expression in ["udp prot 1", "udp) or (tcp", "", "ether src"] {
            match Filter::compile(LinkType::ETHERNET, expression) {
                Err(SniffError::BadFilter {
                    expression: said,
                    reason,
                }) => {
                    assert_eq!(said, expression);
                    assert!(!reason.is_empty());
                }
                other => panic!("{other:?}"),
            }
        }
    }
}
