//! Packets and capture files made octet by octet. The same seed makes the same file.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A MAC with this last octet.
pub(crate) const fn mac(last: u8) -> [u8; 6] {
    [2, 0, 0, 0, 0, last]
}

pub(crate) fn v4(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

/// An Ethernet frame.
pub(crate) fn ethernet(dst: [u8; 6], src: [u8; 6], ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = [dst, src].concat();
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}

/// What follows a tag's EtherType: VLAN, then what comes next.
pub(crate) fn tag(vlan: u16, next: u16) -> Vec<u8> {
    [(0x6000 | vlan).to_be_bytes(), next.to_be_bytes()].concat()
}

pub(crate) fn ip4(src: Ipv4Addr, dst: Ipv4Addr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    ip4_cut(src, dst, protocol, 7, 0, payload)
}

/// An IPv4 packet with an identification, and with the fragment field as it stands.
pub(crate) fn ip4_cut(
    src: Ipv4Addr,
    dst: Ipv4Addr,
    protocol: u8,
    id: u16,
    fragment: u16,
    payload: &[u8],
) -> Vec<u8> {
    let length = u16::try_from(20 + payload.len()).unwrap();
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend(id.to_be_bytes());
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend(src.octets());
    packet.extend(dst.octets());
    packet.extend(payload);
    packet
}

pub(crate) fn ip6(src: Ipv6Addr, dst: Ipv6Addr, next: u8, payload: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    packet.extend([next, 64]);
    packet.extend(src.octets());
    packet.extend(dst.octets());
    packet.extend(payload);
    packet
}

pub(crate) fn udp(src: u16, dst: u16, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(8 + payload.len()).unwrap();
    let mut datagram = [src, dst, length, 0].map(u16::to_be_bytes).concat();
    datagram.extend(payload);
    datagram
}

pub(crate) const FIN: u8 = 1;
pub(crate) const SYN: u8 = 2;
pub(crate) const RST: u8 = 4;
pub(crate) const ACK: u8 = 16;

pub(crate) fn tcp(src: u16, dst: u16, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut segment = [src, dst].map(u16::to_be_bytes).concat();
    segment.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 0x20, 0, 0, 0, 0, 0]);
    segment.extend(payload);
    segment
}

pub(crate) fn arp(operation: u8, sender: ([u8; 6], Ipv4Addr), target: Ipv4Addr) -> Vec<u8> {
    let mut packet = vec![0, 1, 8, 0, 6, 4, 0, operation];
    packet.extend(sender.0);
    packet.extend(sender.1.octets());
    packet.extend([0; 6]);
    packet.extend(target.octets());
    packet
}

/// A frame with its time.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    /// Nanoseconds since the start of 1970.
    pub(crate) at: i64,
    pub(crate) bytes: Vec<u8>,
    /// The length on the wire, where the capture cut the frame.
    pub(crate) wire_len: Option<u32>,
}

/// A capture in the making.
#[derive(Clone, Debug, Default)]
pub(crate) struct Film {
    pub(crate) shots: Vec<Shot>,
}

/// 2024-03-04 00:00:00 UTC, a Monday.
pub(crate) const MIDNIGHT: f64 = 1_709_510_400.0;

impl Film {
    /// Adds a frame at a time in seconds after [`MIDNIGHT`].
    pub(crate) fn shoot(&mut self, seconds: f64, bytes: Vec<u8>) {
        let at = ((MIDNIGHT + seconds) * 1e6).round() as i64 * 1000;
        self.shots.push(Shot {
            at,
            bytes,
            wire_len: None,
        });
    }

    /// Adds an IPv4 packet between two machines.
    pub(crate) fn packet(
        &mut self,
        seconds: f64,
        from: Machine,
        to: Machine,
        protocol: u8,
        upper: &[u8],
    ) {
        let packet = match (from.ip, to.ip) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (0x0800, ip4(a, b, protocol, upper)),
            (IpAddr::V6(a), IpAddr::V6(b)) => (0x86dd, ip6(a, b, protocol, upper)),
            _ => panic!("addresses of two kinds"),
        };
        self.shoot(seconds, ethernet(to.mac, from.mac, packet.0, &packet.1));
    }

    /// Cuts every frame, as a snap length does.
    pub(crate) fn cut(&mut self, snap_len: usize) {
        for shot in &mut self.shots {
            let length = u32::try_from(shot.bytes.len()).unwrap();
            if shot.bytes.len() > snap_len {
                shot.wire_len = Some(length);
                shot.bytes.truncate(snap_len);
            }
        }
    }

    pub(crate) fn in_order(mut self) -> Film {
        self.shots.sort_by_key(|shot| shot.at);
        self
    }

    /// As a little-endian pcap file with microseconds.
    pub(crate) fn pcap(&self, link_type: u32) -> Vec<u8> {
        let mut file = [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 65535, link_type]
            .map(u32::to_le_bytes)
            .concat();
        for shot in &self.shots {
            let length = u32::try_from(shot.bytes.len()).unwrap();
            let seconds = u32::try_from(shot.at / 1_000_000_000).unwrap();
            let micros = u32::try_from(shot.at % 1_000_000_000 / 1000).unwrap();
            let wire_len = shot.wire_len.unwrap_or(length);
            for word in [seconds, micros, length, wire_len] {
                file.extend(word.to_le_bytes());
            }
            file.extend(&shot.bytes);
        }
        file
    }

    /// As a big-endian pcapng file with nanoseconds.
    pub(crate) fn pcapng(&self, link_type: u16) -> Vec<u8> {
        let mut file = Vec::new();
        let mut section = [0x1a2b_3c4d_u32, 0x0001_0000]
            .map(u32::to_be_bytes)
            .concat();
        section.extend([0xff; 8]);
        block(&mut file, 0x0a0d_0d0a, &section);
        let mut interface = link_type.to_be_bytes().to_vec();
        interface.extend([0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 9, 0, 0, 0, 0, 0, 0, 0]);
        block(&mut file, 1, &interface);
        for shot in &self.shots {
            let stamp = u64::try_from(shot.at).unwrap();
            let length = u32::try_from(shot.bytes.len()).unwrap();
            let wire_len = shot.wire_len.unwrap_or(length);
            let mut body = [
                0,
                u32::try_from(stamp >> 32).unwrap(),
                u32::try_from(stamp & 0xffff_ffff).unwrap(),
                length,
                wire_len,
            ]
            .map(u32::to_be_bytes)
            .concat();
            body.extend(&shot.bytes);
            block(&mut file, 6, &body);
        }
        file
    }
}

fn block(file: &mut Vec<u8>, kind: u32, body: &[u8]) {
    let padded = body.len().next_multiple_of(4);
    let length = u32::try_from(padded + 12).unwrap().to_be_bytes();
    file.extend(kind.to_be_bytes());
    file.extend(length);
    file.extend(body);
    file.extend(vec![0; padded - body.len()]);
    file.extend(length);
}

/// A machine on the wire, or behind a router whose MAC it then has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) mac: [u8; 6],
    pub(crate) ip: IpAddr,
}

impl Machine {
    pub(crate) fn new(last: u8, ip: &str) -> Machine {
        Machine {
            mac: mac(last),
            ip: ip.parse().unwrap(),
        }
    }
}

/// A plain generator (Lehmer): the same everywhere and always.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(seed * 2 + 1)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0xda94_2042_e4dd_58b5);
        (self.0 >> 33) % limit
    }

    pub(crate) fn uniform(&mut self) -> f64 {
        self.below(1 << 30) as f64 / f64::from(1 << 30)
    }
}
