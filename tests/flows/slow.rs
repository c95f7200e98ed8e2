//! A second count, slow and simple, that shares no code with the program: it reads little-endian pcap in one piece and
//! adds up in maps of texts.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Packets and octets.
pub(crate) type Sum = (u64, u64);

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Slow {
    pub(crate) total: Sum,
    /// By address: sent, received.
    pub(crate) hosts: BTreeMap<String, (Sum, Sum)>,
    pub(crate) macs: BTreeMap<String, (Sum, Sum)>,
    /// By the two ends in order, and protocol: from the first to the second, and back.
    pub(crate) flows: BTreeMap<(String, String, u8), (Sum, Sum)>,
}

fn be16(bytes: &[u8], at: usize) -> Option<usize> {
    Some(usize::from(*bytes.get(at)?) << 8 | usize::from(*bytes.get(at + 1)?))
}

fn add(sum: &mut Sum, length: u64) {
    sum.0 += 1;
    sum.1 += length;
}

fn colons(octets: &[u8]) -> String {
    let pairs: Vec<String> = octets.iter().map(|o| format!("{o:02x}")).collect();
    pairs.join(":")
}

impl Slow {
    pub(crate) fn count(file: &[u8], link_type: u32) -> Slow {
        let mut slow = Slow::default();
        let le32 = |at: usize| u32::from_le_bytes(file[at..at + 4].try_into().unwrap());
        let mut at = 24;
        while at < file.len() {
            let kept = usize::try_from(le32(at + 8)).unwrap();
            let length = u64::from(le32(at + 12));
            slow.frame(&file[at + 16..at + 16 + kept], length, link_type);
            at += 16 + kept;
        }
        slow
    }

    fn frame(&mut self, frame: &[u8], length: u64, link_type: u32) {
        add(&mut self.total, length);
        if link_type == 1 && frame.len() >= 12 {
            add(
                &mut self.macs.entry(colons(&frame[6..12])).or_default().0,
                length,
            );
            add(
                &mut self.macs.entry(colons(&frame[..6])).or_default().1,
                length,
            );
        }
        // A cooked frame tells its sender only.
        let cooked = match link_type {
            113 => frame.get(6..12),
            276 => frame.get(12..18),
            _ => None,
        };
        if let Some(src) = cooked {
            add(&mut self.macs.entry(colons(src)).or_default().0, length);
        }
        if let Some(ends) = find_ip(frame, link_type).and_then(|at| ends(&frame[at..])) {
            let (source, destination, source_port, destination_port, protocol) = ends;
            add(&mut self.hosts.entry(source.clone()).or_default().0, length);
            add(
                &mut self.hosts.entry(destination.clone()).or_default().1,
                length,
            );
            let from = format!("{source} {source_port}");
            let to = format!("{destination} {destination_port}");
            if from <= to {
                add(
                    &mut self.flows.entry((from, to, protocol)).or_default().0,
                    length,
                );
            } else {
                add(
                    &mut self.flows.entry((to, from, protocol)).or_default().1,
                    length,
                );
            }
        }
    }
}

/// Returns where the IP header begins.
fn find_ip(frame: &[u8], link_type: u32) -> Option<usize> {
    let (mut kind, mut at) = match link_type {
        1 => (be16(frame, 12)?, 14),
        113 => (be16(frame, 14)?, 16),
        276 => (be16(frame, 0)?, 20),
        101 => return Some(0),
        0 => return Some(4),
        _ => panic!("link type {link_type}"),
    };
    loop {
        match kind {
            0x0800 | 0x86dd => return Some(at),
            0x8100 | 0x88a8 | 0x9100 => (kind, at) = (be16(frame, at + 2)?, at + 4),
            0x8909 => (kind, at) = (be16(frame, at + 6)?, at + 8),
            0x8864 => {
                let ppp = be16(frame, at + 6)?;
                return (ppp == 0x21 || ppp == 0x57).then_some(at + 8);
            }
            0x8847 => loop {
                let bottom = frame.get(at + 2)? & 1 == 1;
                at += 4;
                if bottom {
                    let version = frame.get(at)? >> 4;
                    return (version == 4 || version == 6).then_some(at);
                }
            },
            _ => return None,
        }
    }
}

type Ends = (String, String, usize, usize, u8);

fn ends(packet: &[u8]) -> Option<Ends> {
    let with_ports = |protocol: u8, at: usize, first: bool| {
        if first && [6, 17, 132].contains(&protocol) && packet.len() >= at + 4 {
            (be16(packet, at).unwrap(), be16(packet, at + 2).unwrap())
        } else {
            (0, 0)
        }
    };
    if packet.first()? >> 4 == 4 {
        let header = usize::from(packet[0] & 15) * 4;
        if header < 20 || packet.len() < header {
            return None;
        }
        let address = |at: usize| {
            Ipv4Addr::new(packet[at], packet[at + 1], packet[at + 2], packet[at + 3]).to_string()
        };
        let first = be16(packet, 6)? & 0x1fff == 0;
        let (a, b) = with_ports(packet[9], header, first);
        Some((address(12), address(16), a, b, packet[9]))
    } else {
        if packet.len() < 40 {
            return None;
        }
        let address = |at: usize| {
            let octets: [u8; 16] = packet[at..at + 16].try_into().unwrap();
            Ipv6Addr::from(octets).to_string()
        };
        let (mut next, mut at, mut first) = (packet[6], 40, true);
        while [0, 43, 44, 51, 60].contains(&next) && first && packet.len() >= at + 8 {
            let units = usize::from(packet[at + 1]);
            let length = match next {
                44 => {
                    first = be16(packet, at + 2)? >> 3 == 0;
                    8
                }
                51 => (units + 2) * 4,
                _ => (units + 1) * 8,
            };
            if packet.len() < at + length {
                break;
            }
            next = packet[at];
            at += length;
        }
        let (a, b) = with_ports(next, at, first);
        Some((address(8), address(24), a, b, next))
    }
}
