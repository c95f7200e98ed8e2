//! Writes a capture to measure the counting with:
//! `cargo run --release --example flows-bench -- FILE [PACKETS [forged|scattered]]`, or
//! `cargo run --release --example flows-bench -- FILE merged|joined ALL RICH CAPTURE...` for one that is made of real ones: each
//! taken `ALL` times, those with few packets a flow `RICH` times, as if all were of one hour or one after the other.
//!
//! The same numbers make the same file. Flows that are made up come and go as on an office's uplink: most are short, a few
//! carry most of the bytes; a third is IPv6 or tagged. With `forged` every packet has a source of its own, with
//! `scattered` also a destination and a MAC. What to compare with is in `compare` beside this file.
#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a program for developers"
)]

use std::path::{Path, PathBuf};

use pcap::Pcap;

mod mix;
mod pcap;

/// A plain generator: the same everywhere.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0xda94_2042_e4dd_58b5);
        (self.0 >> 33) % limit
    }
}

/// A flow under way.
#[derive(Clone)]
struct Flow {
    client: u32,
    server: u32,
    ports: (u16, u16),
    protocol: u8,
    shape: Shape,
    left: u64,
}

#[derive(Clone, Copy)]
enum Shape {
    Plain,
    Tagged,
    V6,
}

/// What every packet has for itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forgery {
    Nothing,
    /// Its source address.
    Source,
    /// Source, destination and MAC.
    All,
}

/// Flows at a time.
const UNDER_WAY: usize = 20_000;

impl Flow {
    fn new(dice: &mut Dice) -> Flow {
        let port = |dice: &mut Dice| u16::try_from(1024 + dice.below(60_000)).unwrap();
        let service = [443, 80, 53, 25, 445, 14857][usize::try_from(dice.below(6)).unwrap()];
        let left = match dice.below(100) {
            0 => 200 + dice.below(600),
            1..=9 => 10 + dice.below(30),
            _ => 1 + dice.below(5),
        };
        Flow {
            client: u32::try_from(dice.below(2_000)).unwrap(),
            server: u32::try_from(dice.below(40_000)).unwrap(),
            ports: (port(dice), service),
            protocol: if service == 53 { 17 } else { 6 },
            shape: [Shape::Plain, Shape::Plain, Shape::Tagged, Shape::V6]
                [usize::try_from(dice.below(4)).unwrap()],
            left,
        }
    }

    /// A packet one way or the other, with its length on the wire.
    fn packet(&self, dice: &mut Dice, forgery: Forgery, number: u32) -> Vec<u8> {
        let back = forgery == Forgery::Nothing && dice.below(3) > 0;
        let size = match (self.left > 10, dice.below(10)) {
            (true, 0..=5) => 1400,
            (_, roll) => usize::try_from(20 + roll * 12).unwrap(),
        };
        let mac = |client: u32| {
            let number = match forgery {
                Forgery::All => number,
                Forgery::Nothing | Forgery::Source => client % 300,
            };
            let [a, b, c, d] = number.to_be_bytes();
            [2, 0, a, b, c, d]
        };
        let client = match forgery {
            Forgery::Nothing => 0x0a00_0000 + self.client,
            Forgery::Source | Forgery::All => 0x0b00_0000_u32.wrapping_add(number),
        };
        let server = match forgery {
            Forgery::All => 0x5000_0000_u32.wrapping_add(number),
            Forgery::Nothing | Forgery::Source => 0x5000_0000 + self.server,
        };
        let (src, dst) = if back {
            (server, client)
        } else {
            (client, server)
        };
        let (a, b) = if back {
            (self.ports.1, self.ports.0)
        } else {
            self.ports
        };
        let router = [2, 1, 0, 0, 0xff, 1];
        let (src_mac, dst_mac) = if back {
            (router, mac(self.client))
        } else {
            (mac(self.client), router)
        };
        let mut frame = [dst_mac, src_mac].concat();
        let upper_len = u16::try_from(20 + size).unwrap();
        match self.shape {
            Shape::Plain => frame.extend([8, 0]),
            Shape::Tagged => frame.extend([0x81, 0, 0, 7, 8, 0]),
            Shape::V6 => frame.extend([0x86, 0xdd]),
        }
        if let Shape::V6 = self.shape {
            let length = upper_len.to_be_bytes();
            frame.extend([0x60, 0, 0, 0, length[0], length[1], self.protocol, 64]);
            for end in [src, dst] {
                frame.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
                frame.extend(end.to_be_bytes());
            }
        } else {
            let length = (upper_len + 20).to_be_bytes();
            frame.extend([
                0x45,
                0,
                length[0],
                length[1],
                0,
                7,
                0x40,
                0,
                64,
                self.protocol,
                0,
                0,
            ]);
            frame.extend(src.to_be_bytes());
            frame.extend(dst.to_be_bytes());
        }
        frame.extend(a.to_be_bytes());
        frame.extend(b.to_be_bytes());
        frame.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x10, 1, 0, 0, 0, 0, 0]);
        frame.resize(frame.len() + size, 0);
        frame
    }
}

fn main() {
    let mut args = std::env::args().skip(1);
    let path = PathBuf::from(args.next().expect("name the file to write"));
    let next = args.next();
    let order = match next.as_deref() {
        Some("merged") => Some(mix::Order::Merged),
        Some("joined") => Some(mix::Order::Joined),
        _ => None,
    };
    if let Some(order) = order {
        let mut copies = || args.next().expect("say how often").parse().unwrap();
        let copies = mix::Copies {
            all: copies(),
            rich: copies(),
        };
        let files: Vec<PathBuf> = args.map(PathBuf::from).collect();
        mix::write(&path, order, copies, &files);
        return;
    }
    let packets: u32 = next.map_or(3_000_000, |text| text.parse().unwrap());
    let forgery = match args.next().as_deref() {
        None => Forgery::Nothing,
        Some("forged") => Forgery::Source,
        Some("scattered") => Forgery::All,
        Some(other) => panic!("`{other}` is neither forged nor scattered"),
    };
    make_up(&path, packets, forgery);
}

fn make_up(path: &Path, packets: u32, forgery: Forgery) {
    let mut out = Pcap::create(path);
    let mut dice = Dice(0x1234_5677);
    let mut flows: Vec<Flow> = (0..UNDER_WAY).map(|_| Flow::new(&mut dice)).collect();
    for number in 0..packets {
        let place = usize::try_from(dice.below(u64::try_from(UNDER_WAY).unwrap())).unwrap();
        let frame = flows[place].packet(&mut dice, forgery, number);
        let length = u32::try_from(frame.len()).unwrap();
        out.add(u64::from(number) * 200_000, length, &frame);
        flows[place].left -= 1;
        if flows[place].left == 0 {
            flows[place] = Flow::new(&mut dice);
        }
    }
    out.finish();
}
