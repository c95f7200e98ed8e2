//! From a captured frame to the network layer: what stands between the wire and IP or ARP.
//!
//! Ethernet with any sequence of 802.1Q, 802.1ad and 0x9100 tags, Cisco metadata and VN-Tags, PPPoE sessions and
//! MPLS labels;
//! Linux cooked captures, raw IP, BSD loopback and PPP. Where IP is carried inside IP, the outer one is found.

use super::ethernet::{EtherType, Frame};
use super::{Malformed, pktap, take};
use crate::mac::Mac;

/// What a captured frame begins with: the registry of <https://www.tcpdump.org/linktypes.html>.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkType(pub u32);

impl LinkType {
    /// BSD loopback: the address family in the byte order of the machine that captured.
    pub const NULL: LinkType = LinkType(0);
    /// Ethernet.
    pub const ETHERNET: LinkType = LinkType(1);
    /// PPP, with or without address and control field.
    pub const PPP: LinkType = LinkType(9);
    /// PPP in HDLC-like framing (RFC 1662).
    pub const PPP_HDLC: LinkType = LinkType(50);
    /// PPPoE without the Ethernet header.
    pub const PPP_ETHER: LinkType = LinkType(51);
    /// IPv4 or IPv6 without any link header.
    pub const RAW: LinkType = LinkType(101);
    /// Cisco HDLC: address, control, and an EtherType.
    pub const CISCO_HDLC: LinkType = LinkType(104);
    /// OpenBSD loopback: the address family in network byte order.
    pub const LOOP: LinkType = LinkType(108);
    /// Linux cooked capture.
    pub const LINUX_SLL: LinkType = LinkType(113);
    /// IPv4 only.
    pub const IPV4: LinkType = LinkType(228);
    /// IPv6 only.
    pub const IPV6: LinkType = LinkType(229);
    /// Apple's header with interface and process before a frame of another type.
    pub const PKTAP: LinkType = LinkType(258);
    /// Linux cooked capture, second version.
    pub const LINUX_SLL2: LinkType = LinkType(276);

    /// What some systems write into files for [`LinkType::RAW`].
    const RAW_ELSEWHERE: [LinkType; 2] = [LinkType(12), LinkType(14)];

    /// Tells whether [`Link::parse`] can read such frames.
    #[must_use]
    pub fn is_known(self) -> bool {
        matches!(
            self,
            LinkType::NULL
                | LinkType::ETHERNET
                | LinkType::PPP
                | LinkType::PPP_HDLC
                | LinkType::PPP_ETHER
                | LinkType::CISCO_HDLC
                | LinkType::RAW
                | LinkType::LOOP
                | LinkType::LINUX_SLL
                | LinkType::IPV4
                | LinkType::IPV6
                | LinkType::PKTAP
                | LinkType::LINUX_SLL2
        ) || LinkType::RAW_ELSEWHERE.contains(&self)
    }
}

/// What is above the link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Network<'a> {
    /// IPv4 or IPv6, as its first octet says.
    Ip(&'a [u8]),
    /// ARP.
    Arp(&'a [u8]),
    /// Something else.
    Other,
}

/// The VLANs that a frame is in, outermost first; at most two are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vlans {
    /// The outermost tag's VLAN.
    pub outer: Option<u16>,
    /// The next one's.
    pub inner: Option<u16>,
}

impl std::fmt::Display for Vlans {
    /// Writes `100`, `100.7` or `untagged`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.outer, self.inner) {
            (Some(outer), Some(inner)) => write!(f, "{outer}.{inner}"),
            (Some(vlan), None) | (None, Some(vlan)) => write!(f, "{vlan}"),
            (None, None) => f.write_str("untagged"),
        }
    }
}

impl Vlans {
    fn note(&mut self, vlan: u16) {
        if self.outer.is_none() {
            self.outer = Some(vlan);
        } else if self.inner.is_none() {
            self.inner = Some(vlan);
        }
    }
}

/// A frame, read up to the network layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// The sender, where the link tells it.
    pub src: Option<Mac>,
    /// The receiver, where the link tells it.
    pub dst: Option<Mac>,
    /// The VLANs.
    pub vlans: Vlans,
    /// What the frame carries.
    pub network: Network<'a>,
}

const CISCO_METADATA: EtherType = EtherType(0x8909);
/// Cisco's VN-Tag: which virtual interfaces a frame goes between, and an EtherType.
const VN_TAG: EtherType = EtherType(0x8926);
const PPPOE_SESSION: EtherType = EtherType(0x8864);
const MPLS_UNICAST: EtherType = EtherType(0x8847);
const MPLS_MULTICAST: EtherType = EtherType(0x8848);
/// Below are lengths of IEEE 802.3 frames.
const FIRST_ETHER_TYPE: u16 = 0x0600;

impl<'a> Link<'a> {
    /// Reads a frame of a known link type.
    ///
    /// # Errors
    /// [`Malformed`], if a header is not complete, or if the link type is not one of [`LinkType::is_known`].
    // Always: what it returns is large, and passing it through memory took as long as reading it.
    #[inline(always)]
    pub fn parse(link_type: LinkType, bytes: &'a [u8]) -> Result<Link<'a>, Malformed> {
        match link_type {
            LinkType::ETHERNET => Link::ethernet(bytes),
            LinkType::LINUX_SLL => Link::cooked(bytes),
            LinkType::LINUX_SLL2 => Link::cooked_2(bytes),
            LinkType::NULL | LinkType::LOOP => {
                let (family, packet) = take("loopback header", bytes)?;
                Ok(Link::bare(by_family(*family, packet)))
            }
            LinkType::PPP | LinkType::PPP_HDLC => Ok(Link::bare(ppp(bytes)?)),
            LinkType::CISCO_HDLC => {
                let ([_, _, e1, e2], rest) = take("HDLC header", bytes)?;
                let ether_type = EtherType(u16::from_be_bytes([*e1, *e2]));
                let mut vlans = Vlans::default();
                Ok(Link::bare(above(ether_type, rest, &mut vlans)?))
            }
            LinkType::PPP_ETHER => Ok(Link::bare(pppoe(bytes)?)),
            LinkType::PKTAP => Link::tapped(bytes),
            LinkType::IPV4 => of_version(4, bytes),
            LinkType::IPV6 => of_version(6, bytes),
            raw if raw.is_known() => Ok(Link::bare(Network::Ip(bytes))),
            LinkType(number) => Err(Malformed::Unexpected {
                what: "frame",
                field: "link type",
                value: number,
            }),
        }
    }

    #[cold]
    fn tapped(bytes: &'a [u8]) -> Result<Link<'a>, Malformed> {
        let (link_type, frame) = pktap::inner(bytes)?;
        Link::parse(link_type, frame)
    }

    fn bare(network: Network<'a>) -> Link<'a> {
        Link {
            src: None,
            dst: None,
            vlans: Vlans::default(),
            network,
        }
    }

    #[inline(always)]
    fn ethernet(bytes: &'a [u8]) -> Result<Link<'a>, Malformed> {
        let frame = Frame::parse(bytes)?;
        let mut vlans = Vlans::default();
        for tag in frame.tags() {
            vlans.note(tag.vlan());
        }
        Ok(Link {
            src: Some(frame.src),
            dst: Some(frame.dst),
            network: above(frame.ether_type, frame.payload, &mut vlans)?,
            vlans,
        })
    }

    /// `LINKTYPE_LINUX_SLL`: kind, hardware type, length of the address, address, protocol.
    fn cooked(bytes: &'a [u8]) -> Result<Link<'a>, Malformed> {
        let (header, rest) = take::<16>("cooked header", bytes)?;
        let [_, _, _, _, _, length, a, b, c, d, e, f, _, _, p1, p2] = *header;
        let protocol = EtherType(u16::from_be_bytes([p1, p2]));
        Link::of_cooked(length, [a, b, c, d, e, f], protocol, rest)
    }

    /// `LINKTYPE_LINUX_SLL2`: protocol, reserved, interface, hardware type, kind, length of the address, address.
    fn cooked_2(bytes: &'a [u8]) -> Result<Link<'a>, Malformed> {
        let (header, rest) = take::<20>("cooked header", bytes)?;
        #[rustfmt::skip]
        let [p1, p2, _, _, _, _, _, _, _, _, _, length, a, b, c, d, e, f, _, _] = *header;
        let protocol = EtherType(u16::from_be_bytes([p1, p2]));
        Link::of_cooked(length, [a, b, c, d, e, f], protocol, rest)
    }

    fn of_cooked(
        address_len: u8,
        address: [u8; 6],
        protocol: EtherType,
        payload: &'a [u8],
    ) -> Result<Link<'a>, Malformed> {
        let mut vlans = Vlans::default();
        Ok(Link {
            // Loopback and tunnels have none, or zeros.
            src: (address_len == 6 && address != [0; 6]).then_some(Mac(address)),
            dst: None,
            network: above(protocol, payload, &mut vlans)?,
            vlans,
        })
    }
}

/// Goes on from an EtherType to the network layer. Each step consumes octets, so it ends.
#[inline(always)]
fn above<'a>(
    mut ether_type: EtherType,
    mut bytes: &'a [u8],
    vlans: &mut Vlans,
) -> Result<Network<'a>, Malformed> {
    loop {
        match ether_type {
            EtherType::IPV4 | EtherType::IPV6 => return Ok(Network::Ip(bytes)),
            EtherType::ARP => return Ok(Network::Arp(bytes)),
            PPPOE_SESSION => return pppoe(bytes),
            MPLS_UNICAST | MPLS_MULTICAST => return mpls(bytes),
            tag if tag.is_tag() => {
                let ([t1, t2, e1, e2], rest) = take("VLAN tag", bytes)?;
                vlans.note(u16::from_be_bytes([*t1, *t2]) & 0x0fff);
                (ether_type, bytes) = (EtherType(u16::from_be_bytes([*e1, *e2])), rest);
            }
            CISCO_METADATA => {
                let ([.., e1, e2], rest) = take::<8>("Cisco metadata", bytes)?;
                (ether_type, bytes) = (EtherType(u16::from_be_bytes([*e1, *e2])), rest);
            }
            VN_TAG => {
                let ([.., e1, e2], rest) = take::<6>("VN-Tag", bytes)?;
                (ether_type, bytes) = (EtherType(u16::from_be_bytes([*e1, *e2])), rest);
            }
            EtherType(length) if length < FIRST_ETHER_TYPE => match bytes {
                // LLC with SNAP, of the organisation whose protocols are EtherTypes (RFC 1042).
                [0xaa, 0xaa, 3, 0, 0, 0, e1, e2, rest @ ..] => {
                    (ether_type, bytes) = (EtherType(u16::from_be_bytes([*e1, *e2])), rest);
                }
                _ => return Ok(Network::Other),
            },
            _ => return Ok(Network::Other),
        }
    }
}

/// A PPPoE session packet: version, type, code, session, length (RFC 2516 §4).
fn pppoe(bytes: &[u8]) -> Result<Network<'_>, Malformed> {
    let ([_, code, ..], rest) = take::<6>("PPPoE header", bytes)?;
    if *code == 0 {
        ppp(rest)
    } else {
        Ok(Network::Other)
    }
}

/// PPP: the address and control field may be left out, the protocol may be one octet (RFC 1661 §6.5, §6.6).
fn ppp(bytes: &[u8]) -> Result<Network<'_>, Malformed> {
    let bytes = bytes.strip_prefix(&[0xff, 0x03]).unwrap_or(bytes);
    Ok(match bytes {
        [0x00, 0x21 | 0x57, rest @ ..] | [0x21 | 0x57, rest @ ..] => Network::Ip(rest),
        // MPLS, unicast and multicast (RFC 3032 §4.3).
        [0x02, 0x81 | 0x83, rest @ ..] => return mpls(rest),
        [_, _, ..] => Network::Other,
        short => {
            return Err(Malformed::Truncated {
                what: "PPP header",
                need: 2,
                have: short.len(),
            });
        }
    })
}

/// MPLS labels up to the bottom of the stack (RFC 3032). Nothing says what follows; IP shows its version.
fn mpls(mut bytes: &[u8]) -> Result<Network<'_>, Malformed> {
    loop {
        let ([_, _, bottom, _], rest) = take("MPLS label", bytes)?;
        bytes = rest;
        if bottom & 1 == 1 {
            return Ok(match bytes.first().map(|first| first >> 4) {
                Some(4 | 6) => Network::Ip(bytes),
                _ => Network::Other,
            });
        }
    }
}

/// Reads a packet without a link, of the version that the link type promises.
fn of_version(version: u8, bytes: &[u8]) -> Result<Link<'_>, Malformed> {
    match bytes.first().map(|first| first >> 4) {
        Some(other) if other != version => Err(Malformed::Unexpected {
            what: "packet",
            field: "version",
            value: other.into(),
        }),
        _ => Ok(Link::bare(Network::Ip(bytes))),
    }
}

/// The address families of loopback captures: those of IPv6 differ between systems.
fn by_family(family: [u8; 4], packet: &[u8]) -> Network<'_> {
    let known = |number: u32| matches!(number, 2 | 10 | 24 | 28 | 30);
    if known(u32::from_le_bytes(family)) || known(u32::from_be_bytes(family)) {
        Network::Ip(packet)
    } else {
        Network::Other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ethernet::{Tag, build};

    const SRC: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const DST: Mac = Mac([2, 0, 0, 0, 0, 2]);
    /// Only its first octet is looked at.
    const PACKET: &[u8] = &[0x45, 1, 2, 3];

    fn read(link_type: LinkType, bytes: &[u8]) -> (Option<Mac>, Vlans, Network<'_>) {
        let link = Link::parse(link_type, bytes).unwrap();
        (link.src, link.vlans, link.network)
    }

    fn framed(ether_type: u16, header: &[u8]) -> Vec<u8> {
        let payload = [header, PACKET].concat();
        build(DST, SRC, &[], EtherType(ether_type), &payload)
    }

    #[test]
    fn everything_between_ethernet_and_ip_is_passed() {
        let label = |bottom: u8| [0, 1, 0x20 | bottom, 64];
        let mut metadata_then_tag = vec![1, 1, 0, 1, 0, 9, 0x81, 0];
        metadata_then_tag.extend([0, 42, 8, 0]);
        for (name, frame, vlans) in [
            ("IP", framed(0x0800, &[]), "untagged"),
            (
                "PPPoE",
                framed(0x8864, &[0x11, 0, 0, 7, 0, 6, 0, 0x21]),
                "untagged",
            ),
            (
                "MPLS",
                framed(0x8847, &[label(0), label(1)].concat()),
                "untagged",
            ),
            ("metadata", framed(0x8909, &metadata_then_tag), "42"),
            (
                "VN-Tag",
                framed(0x8926, &[0, 0, 0, 0x33, 0x81, 0, 0, 250, 8, 0]),
                "250",
            ),
            (
                "SNAP",
                framed(12, &[0xaa, 0xaa, 3, 0, 0, 0, 8, 0]),
                "untagged",
            ),
            (
                "tags",
                framed(0x88a8, &[0, 100, 0x91, 0, 0, 7, 0x81, 0, 0, 9, 8, 0]),
                "100.7",
            ),
        ] {
            let (src, seen, network) = read(LinkType::ETHERNET, &frame);
            assert_eq!(network, Network::Ip(PACKET), "{name}");
            assert_eq!(seen.to_string(), vlans, "{name}");
            assert_eq!(src, Some(SRC));
        }
        let tag = |vlan: u16| Tag {
            tpid: 0x8100,
            tci: 0xe000 | vlan,
        };
        let frame = build(DST, SRC, &[tag(5)], EtherType::ARP, b"arp");
        let (_, vlans, network) = read(LinkType::ETHERNET, &frame);
        assert_eq!((vlans.outer, vlans.inner), (Some(5), None));
        assert_eq!(network, Network::Arp(b"arp"));
    }

    #[test]
    fn what_carries_no_ip_is_other() {
        for frame in [
            framed(0x88cc, &[]),                                // LLDP
            framed(4, &[0x42, 0x42, 3]),                        // spanning tree
            framed(0x8863, &[]),                                // PPPoE discovery
            framed(0x8864, &[0x11, 0, 0, 7, 0, 6, 0xc0, 0x21]), // LCP
            framed(0x8847, &[0, 0, 1, 0, 0]),                   // a pseudowire's control word
        ] {
            assert_eq!(read(LinkType::ETHERNET, &frame).2, Network::Other);
        }
    }

    #[test]
    fn a_packet_of_another_version_than_the_link_promises_is_malformed() {
        let read = Link::parse(LinkType::IPV6, PACKET);
        assert!(matches!(read, Err(Malformed::Unexpected { value: 4, .. })));
    }

    #[test]
    fn links_without_ethernet_are_read() {
        let mut cooked = vec![0, 4, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 8, 0];
        cooked.extend(PACKET);
        let mut cooked_2 = vec![
            0x81, 0, 0, 0, 0, 0, 0, 3, 0, 1, 4, 6, 2, 0, 0, 0, 0, 1, 0, 0,
        ];
        cooked_2.extend([0, 7, 8, 0]);
        cooked_2.extend(PACKET);
        let vlan = Vlans {
            outer: Some(7),
            inner: None,
        };
        for (link_type, header, src, vlans) in [
            (LinkType::LINUX_SLL, cooked, Some(SRC), Vlans::default()),
            (LinkType::LINUX_SLL2, cooked_2, Some(SRC), vlan),
            (
                LinkType::NULL,
                [&[30, 0, 0, 0], PACKET].concat(),
                None,
                Vlans::default(),
            ),
            (
                LinkType::LOOP,
                [&[0, 0, 0, 2], PACKET].concat(),
                None,
                Vlans::default(),
            ),
            (
                LinkType::PPP,
                [&[0xff, 3, 0, 0x21], PACKET].concat(),
                None,
                Vlans::default(),
            ),
            (
                LinkType::PPP,
                [&[0xff, 3, 2, 0x81, 0, 1, 0x21, 64], PACKET].concat(),
                None,
                Vlans::default(),
            ),
            (LinkType::IPV4, PACKET.to_vec(), None, Vlans::default()),
            (
                LinkType::CISCO_HDLC,
                [&[0x0f, 0, 8, 0], PACKET].concat(),
                None,
                Vlans::default(),
            ),
            (LinkType::RAW, PACKET.to_vec(), None, Vlans::default()),
            (LinkType(12), PACKET.to_vec(), None, Vlans::default()),
        ] {
            let seen = read(link_type, &header);
            assert_eq!(seen, (src, vlans, Network::Ip(PACKET)), "{link_type:?}");
        }
    }

    #[test]
    fn a_header_that_is_cut_is_an_error() {
        for frame in [
            framed(0x8864, &[0x11, 0])[..16].to_vec(),
            framed(0x8847, &[])[..16].to_vec(),
            framed(0x8909, &[])[..18].to_vec(),
        ] {
            assert!(Link::parse(LinkType::ETHERNET, &frame).is_err());
        }
        assert!(Link::parse(LinkType(147), PACKET).is_err());
    }
}
