//! Telling the suspect's frames from those of others, where the kernel does not do it. Pure.

use std::net::IpAddr;

use super::{Addressee, Own, Sighting, SniffError, Suspect, filter::Filter};
use crate::clock::Moment;
use crate::mac::Mac;
use crate::wire::{
    arp::{Arp, Operation},
    ethernet,
    ethernet::EtherType,
    ip,
    link::LinkType,
};

/// What a frame means for the run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The suspect sent it.
    Suspect(Sighting),
    /// Others exchange it, and only a mirror (or flooding) brings it here.
    Foreign(Mac),
    /// It says nothing: ours, to us, to a group, or not readable.
    Nothing,
}

/// A frame as it was captured.
#[derive(Clone, Copy, Debug)]
pub(super) struct Captured<'a> {
    pub(super) at: Moment,
    pub(super) bytes: &'a [u8],
    /// The length on the wire in octets; at least that of `bytes`.
    pub(super) wire_len: u32,
}

/// Knows the suspect and ourselves.
#[derive(Debug)]
pub(super) struct Judge {
    suspect: Who,
    own: Own,
}

#[derive(Debug)]
enum Who {
    Mac(Mac),
    Ip(IpAddr),
    Filter(Filter),
}

impl Judge {
    /// Makes a judge; only a filter expression needs libpcap.
    pub(super) fn new(suspect: &Suspect, own: Own) -> Result<Judge, SniffError> {
        let suspect = match suspect {
            Suspect::Mac(mac) => Who::Mac(*mac),
            Suspect::Ip(ip) => Who::Ip(*ip),
            Suspect::Filter(expression) => {
                Who::Filter(Filter::compile(LinkType::ETHERNET, expression)?)
            }
        };
        Ok(Judge { suspect, own })
    }

    pub(super) fn role(&self, frame: Captured<'_>) -> Role {
        let ends = Ends::read(frame.bytes);
        let is_suspect = match &self.suspect {
            Who::Mac(mac) => ends.src == Some(*mac),
            Who::Ip(ip) => ends.src_ip == Some(*ip),
            Who::Filter(filter) => {
                filter.matches(frame.bytes, frame.wire_len) && !ends.is_from(&self.own)
            }
        };
        match ends.src {
            _ if is_suspect => Role::Suspect(ends.sighting(frame.at, frame.wire_len, &self.own)),
            Some(src) if !ends.is_from(&self.own) => match ends.addressee(&self.own) {
                Addressee::Other | Addressee::Prober => Role::Foreign(src),
                Addressee::Group | Addressee::Us => Role::Nothing,
            },
            _ => Role::Nothing,
        }
    }
}

/// Who exchanges a frame.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub(super) src: Option<Mac>,
    dst: Option<Mac>,
    src_ip: Option<IpAddr>,
    dst_ip: Option<IpAddr>,
    answers_probe: bool,
}

impl Ends {
    /// Reads as much as the frame holds.
    pub(super) fn read(bytes: &[u8]) -> Ends {
        let Ok(frame) = ethernet::Frame::parse(bytes) else {
            return Ends::default();
        };
        let (src_ip, dst_ip) = ip_ends(&frame).unzip();
        Ends {
            src: Some(frame.src),
            dst: Some(frame.dst),
            src_ip,
            dst_ip,
            answers_probe: answers_probe(&frame),
        }
    }

    pub(super) fn is_from(&self, own: &Own) -> bool {
        self.src.is_some_and(|src| own.macs.contains(&src))
    }

    fn addressee(&self, own: &Own) -> Addressee {
        if self.dst.is_some_and(Mac::is_group) {
            Addressee::Group
        } else if self.dst.is_some_and(|dst| own.macs.contains(&dst))
            || self.dst_ip.is_some_and(|dst| own.ips.contains(&dst))
        {
            Addressee::Us
        } else if self.answers_probe {
            Addressee::Prober
        } else {
            Addressee::Other
        }
    }

    pub(super) fn sighting(&self, at: Moment, wire_len: u32, own: &Own) -> Sighting {
        Sighting {
            at,
            src: self.src,
            dst: self.dst,
            src_ip: self.src_ip,
            wire_len,
            to: self.addressee(own),
        }
    }
}

fn answers_probe(frame: &ethernet::Frame<'_>) -> bool {
    frame.ether_type == EtherType::ARP
        && Arp::parse(frame.payload)
            .is_ok_and(|arp| arp.operation == Operation::REPLY && arp.target_ip.is_unspecified())
}

fn ip_ends(frame: &ethernet::Frame<'_>) -> Option<(IpAddr, IpAddr)> {
    match frame.ether_type {
        EtherType::ARP => {
            let arp = Arp::parse(frame.payload).ok()?;
            Some((arp.sender_ip.into(), arp.target_ip.into()))
        }
        EtherType::IPV4 | EtherType::IPV6 => {
            let packet = ip::Packet::parse(frame.payload).ok()?;
            Some((packet.source, packet.destination))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::wire::ethernet::Tag;

    const SUSPECT: Mac = Mac([2, 0, 0, 0, 0, 0x57]);
    const OTHER: Mac = Mac([2, 0, 0, 0, 0, 0x99]);
    const US: Mac = Mac([2, 0, 0, 0, 0, 0x01]);
    const SUSPECT_IP: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 57);
    const OTHER_IP: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 99);
    const OUR_IP: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
    const TAG: Tag = Tag {
        tpid: 0x8100,
        tci: 7,
    };

    fn judge(suspect: &Suspect) -> Judge {
        let own = Own {
            macs: [US].into(),
            ips: [OUR_IP.into()].into(),
        };
        Judge::new(suspect, own).unwrap()
    }

    fn role(suspect: &Suspect, bytes: &[u8]) -> Role {
        judge(suspect).role(Captured {
            at: Moment::START,
            bytes,
            wire_len: 60,
        })
    }

    fn ipv4(src: Mac, dst: Mac, from: Ipv4Addr, to: Ipv4Addr) -> Vec<u8> {
        let packet = ip::build_v4(from, to, ip::Protocol::UDP, &[0; 8]);
        ethernet::build(dst, src, &[TAG], EtherType::IPV4, &packet)
    }

    fn is_suspect(role: &Role) -> bool {
        matches!(role, Role::Suspect(_))
    }

    #[test]
    fn by_mac_the_frames_it_sends_count_and_not_those_it_receives() {
        let suspect = Suspect::Mac(SUSPECT);
        let sent = ipv4(SUSPECT, OTHER, SUSPECT_IP, OTHER_IP);
        let Role::Suspect(sighting) = role(&suspect, &sent) else {
            panic!("not recognised");
        };
        assert_eq!(sighting.src, Some(SUSPECT));
        assert_eq!(sighting.dst, Some(OTHER));
        assert_eq!(sighting.src_ip, Some(SUSPECT_IP.into()));
        assert_eq!(sighting.to, Addressee::Other);
        let received = ipv4(OTHER, SUSPECT, OTHER_IP, SUSPECT_IP);
        assert_eq!(role(&suspect, &received), Role::Foreign(OTHER));
    }

    #[test]
    fn by_ip_the_sender_of_a_packet_or_of_an_arp_counts() {
        let suspect = Suspect::Ip(SUSPECT_IP.into());
        let packet = ipv4(OTHER, SUSPECT, SUSPECT_IP, OTHER_IP);
        assert!(is_suspect(&role(&suspect, &packet)));
        let asks = Arp::request(SUSPECT, SUSPECT_IP, OTHER_IP);
        let arp = ethernet::build(Mac::BROADCAST, SUSPECT, &[], EtherType::ARP, &asks.build());
        assert!(is_suspect(&role(&suspect, &arp)));
        let asked = Arp::request(OTHER, OTHER_IP, SUSPECT_IP);
        let arp = ethernet::build(SUSPECT, OTHER, &[], EtherType::ARP, &asked.build());
        assert_eq!(role(&suspect, &arp), Role::Foreign(OTHER));
    }

    #[test]
    fn frames_to_a_group_or_to_us_are_told_from_those_to_others() {
        let suspect = Suspect::Mac(SUSPECT);
        for (dst, to, addressee) in [
            (Mac::BROADCAST, OTHER_IP, Addressee::Group),
            (US, OTHER_IP, Addressee::Us),
            (OTHER, OUR_IP, Addressee::Us), // by way of a router
        ] {
            match role(&suspect, &ipv4(SUSPECT, dst, SUSPECT_IP, to)) {
                Role::Suspect(sighting) => assert_eq!(sighting.to, addressee, "{dst} {to}"),
                other @ (Role::Foreign(_) | Role::Nothing) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn an_answer_to_a_probe_is_told_from_other_arp() {
        let suspect = Suspect::Mac(SUSPECT);
        for (asker_ip, addressee) in [
            (Ipv4Addr::UNSPECIFIED, Addressee::Prober),
            (OTHER_IP, Addressee::Other),
        ] {
            let answer = Arp::request(OTHER, asker_ip, SUSPECT_IP).reply(SUSPECT);
            let frame = ethernet::build(OTHER, SUSPECT, &[], EtherType::ARP, &answer.build());
            match role(&suspect, &frame) {
                Role::Suspect(sighting) => assert_eq!(sighting.to, addressee),
                other @ (Role::Foreign(_) | Role::Nothing) => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn what_proves_no_mirror_is_nothing() {
        let suspect = Suspect::Mac(SUSPECT);
        for frame in [
            ipv4(OTHER, Mac::BROADCAST, OTHER_IP, OTHER_IP),
            ipv4(OTHER, US, OTHER_IP, OUR_IP),
            ipv4(US, OTHER, OUR_IP, OTHER_IP),
            vec![0; 13],
        ] {
            assert_eq!(role(&suspect, &frame), Role::Nothing);
        }
    }
}
