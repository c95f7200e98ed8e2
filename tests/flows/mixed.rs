//! A capture of every kind of frame that is read, drawn by a seed.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::craft::{ACK, Dice, Film, SYN, arp, ethernet, ip4, ip4_cut, ip6, mac, tag, tcp, udp};

/// An upper layer of some protocol.
fn upper(dice: &mut Dice) -> (u8, Vec<u8>) {
    let payload = vec![b'x'; usize::try_from(dice.below(900)).unwrap()];
    let port = 1024 + u16::try_from(dice.below(5)).unwrap();
    let service = [53, 80, 443, 14857][usize::try_from(dice.below(4)).unwrap()];
    let (a, b) = if dice.below(2) == 0 {
        (port, service)
    } else {
        (service, port)
    };
    match dice.below(5) {
        0 => (6, tcp(a, b, SYN, &[])),
        1 => (6, tcp(a, b, ACK, &payload)),
        2 => (17, udp(a, b, &payload)),
        3 => {
            let mut chunk = [a, b].map(u16::to_be_bytes).concat();
            chunk.extend([0; 20]);
            (132, chunk)
        }
        _ => (47, vec![0, 0, 0, 0]),
    }
}

fn host4(dice: &mut Dice) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, u8::try_from(1 + dice.below(9)).unwrap())
}

fn host6(dice: &mut Dice) -> Ipv6Addr {
    Ipv6Addr::new(
        0xfd00,
        0,
        0,
        0,
        0,
        0,
        0,
        u16::try_from(1 + dice.below(9)).unwrap(),
    )
}

/// An IP packet and its EtherType.
fn packet(dice: &mut Dice) -> (u16, Vec<u8>) {
    let (protocol, inner) = upper(dice);
    if dice.below(3) > 0 {
        let (src, dst) = (host4(dice), host4(dice));
        let packet = match dice.below(8) {
            0 => ip4_cut(src, dst, protocol, 9, 0x2000, &inner),
            1 => ip4_cut(src, dst, protocol, 9, 0x0010, &inner),
            2 => ip4(
                src,
                dst,
                4,
                &ip4(host4(dice), host4(dice), protocol, &inner),
            ),
            _ => ip4(src, dst, protocol, &inner),
        };
        (0x0800, packet)
    } else {
        let (src, dst) = (host6(dice), host6(dice));
        let with = |header: &[u8]| [header, &inner].concat();
        let packet = match dice.below(6) {
            0 => ip6(src, dst, 0, &with(&[protocol, 0, 1, 4, 0, 0, 0, 0])),
            1 => ip6(src, dst, 44, &with(&[protocol, 0, 0, 1, 0, 0, 0, 9])),
            2 => ip6(src, dst, 44, &with(&[protocol, 0, 0x05, 0xa8, 0, 0, 0, 9])),
            3 => ip6(src, dst, 60, &with(&[protocol, 0, 1, 4, 0, 0, 0, 0])),
            _ => ip6(src, dst, protocol, &inner),
        };
        (0x86dd, packet)
    }
}

/// What stands before the packet on Ethernet.
fn wrapped(dice: &mut Dice) -> (u16, Vec<u8>) {
    let (kind, packet) = packet(dice);
    let before = |header: Vec<u8>| [header, packet.clone()].concat();
    let vlan = u16::try_from(1 + dice.below(3)).unwrap();
    match dice.below(9) {
        0 => (0x8100, before(tag(vlan, kind))),
        1 => (0x88a8, before([tag(100, 0x8100), tag(vlan, kind)].concat())),
        2 => (0x9100, before([tag(100, 0x9100), tag(vlan, kind)].concat())),
        3 => {
            let protocol = if kind == 0x0800 { 0x21 } else { 0x57 };
            let length = u16::try_from(packet.len() + 2).unwrap().to_be_bytes();
            let header = [0x11, 0, 0, 7, length[0], length[1], 0, protocol];
            (0x8864, before(header.to_vec()))
        }
        4 => (0x8847, before(vec![0, 1, 0x20, 64, 0, 1, 0x31, 64])),
        5 => {
            let kind = kind.to_be_bytes();
            (0x8909, before(vec![1, 1, 0, 1, 0, 9, kind[0], kind[1]]))
        }
        _ => (kind, packet),
    }
}

/// Frames on Ethernet; some are no IP at all.
pub(crate) fn on_ethernet(seed: u64, frames: usize) -> Film {
    let mut dice = Dice::new(seed);
    let mut film = Film::default();
    for number in 0..frames {
        let [src, dst] = [0; 2].map(|_| mac(u8::try_from(dice.below(6)).unwrap()));
        let frame = match dice.below(20) {
            0 => ethernet(
                [0xff; 6],
                src,
                0x0806,
                &arp(1, (src, host4(&mut dice)), host4(&mut dice)),
            ),
            1 => ethernet(dst, src, 0x88cc, &[0; 46]),
            _ => {
                let (kind, payload) = wrapped(&mut dice);
                ethernet(dst, src, kind, &payload)
            }
        };
        film.shoot(number as f64 * 0.01, frame);
    }
    film
}

/// Packets behind another link header: 113 and 276 cooked, 101 raw, 0 loopback.
pub(crate) fn on_link(link_type: u32, seed: u64, frames: usize) -> Film {
    let mut dice = Dice::new(seed);
    let mut film = Film::default();
    for number in 0..frames {
        let (kind, packet) = packet(&mut dice);
        let kind_octets = kind.to_be_bytes();
        let mut frame = match link_type {
            113 => {
                let mut header = vec![0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 5, 0, 0];
                header.extend(kind_octets);
                header
            }
            276 => {
                let mut header = kind_octets.to_vec();
                header.extend([0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 5, 0, 0]);
                header
            }
            0 => vec![if kind == 0x0800 { 2 } else { 30 }, 0, 0, 0],
            _ => Vec::new(),
        };
        frame.extend(packet);
        film.shoot(number as f64 * 0.01, frame);
    }
    film
}
