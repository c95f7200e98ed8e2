//! A large capture out of many small ones: each taken several times, each time as if of another network.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::Dice;
use super::pcap::Pcap;
use halfspan::capture::Capture;
use halfspan::wire::link::{Link, LinkType, Network};

/// How often captures are taken.
#[derive(Clone, Copy)]
pub(crate) struct Copies {
    /// Every one.
    pub(crate) all: u8,
    /// Those with few packets a flow, so that there are as many flows as on a busy link.
    pub(crate) rich: u8,
}

/// In which order their frames are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    /// One capture after the other.
    Joined,
    /// By time, each beginning at some time of the hour.
    Merged,
}

/// At most so many packets a flow are few.
const FEW: u64 = 6;
/// How long the whole takes, in nanoseconds: the captures themselves are of many years.
const HOUR: u64 = 3_600_000_000_000;

/// A frame with the place of its addresses.
struct Kept {
    /// Nanoseconds since the capture's first frame.
    since: u64,
    bytes: Vec<u8>,
    wire_len: u32,
    addresses: Range<usize>,
}

/// Puts the Ethernet captures among `files` together.
pub(crate) fn write(out: &Path, order: Order, copies: Copies, files: &[PathBuf]) {
    let captures: Vec<(Vec<Kept>, bool)> = files.iter().map(|path| frames(path)).collect();
    let mut dice = Dice(0x1234_5677);
    let mut mixed: Vec<(u64, u8, &Kept)> = Vec::new();
    for pass in 0..copies.all.max(copies.rich) {
        for (frames, is_rich) in &captures {
            if pass < if *is_rich { copies.rich } else { copies.all } {
                let begin = dice.below(HOUR);
                // What does not fit begins the hour again.
                let at = |frame: &Kept| (begin + frame.since) % HOUR;
                mixed.extend(frames.iter().map(|frame| (at(frame), pass, frame)));
            }
        }
    }
    let packets = u64::try_from(mixed.len()).unwrap();
    match order {
        Order::Merged => mixed.sort_by_key(|(at, ..)| *at),
        // Times are made even, as those of the captures overlap.
        Order::Joined => mixed
            .iter_mut()
            .zip(0..)
            .for_each(|((at, ..), number)| *at = HOUR / packets * number),
    }
    let mut out = Pcap::create(out);
    for (at, pass, frame) in mixed {
        out.add(at, frame.wire_len, &elsewhere(frame, pass));
    }
    out.finish();
    eprintln!("{packets} packets of {} captures", captures.len());
}

/// Returns the frames of a file up to its damage, if any, and whether it has few packets a flow.
fn frames(path: &Path) -> (Vec<Kept>, bool) {
    let mut frames = Vec::new();
    let mut first = None;
    let mut count = halfspan::flows::Count::new(halfspan::flows::Settings::default());
    let Ok(mut capture) = Capture::open(path) else {
        return (frames, false);
    };
    while let Ok(Some(frame)) = capture.next_frame() {
        if frame.link_type == LinkType::ETHERNET {
            count.add(&frame);
            let first = *first.get_or_insert(frame.stamp);
            frames.push(Kept {
                since: u64::try_from(frame.stamp.saturating_sub(first)).unwrap_or(0) % HOUR,
                addresses: addresses(frame.bytes),
                bytes: frame.bytes.to_vec(),
                wire_len: frame.wire_len,
            });
        }
    }
    let flows = u64::try_from(count.into_census().flow_count()).unwrap();
    let packets = u64::try_from(frames.len()).unwrap();
    (frames, packets < flows * FEW)
}

/// Where in a frame source and destination address are.
fn addresses(bytes: &[u8]) -> Range<usize> {
    let Ok(Link {
        network: Network::Ip(packet),
        ..
    }) = Link::parse(LinkType::ETHERNET, bytes)
    else {
        return 0..0;
    };
    let start = bytes.len() - packet.len();
    match packet.first().map(|octet| octet >> 4) {
        Some(4) if packet.len() >= 20 => start + 12..start + 20,
        Some(6) if packet.len() >= 40 => start + 8..start + 40,
        _ => 0..0,
    }
}

/// Alters the second octet of both addresses.
fn elsewhere(frame: &Kept, pass: u8) -> Vec<u8> {
    let mut bytes = frame.bytes.clone();
    let both = &mut bytes[frame.addresses.clone()];
    let length = (both.len() / 2).max(1);
    for address in both.chunks_mut(length) {
        address[1] = address[1].wrapping_add(pass);
    }
    bytes
}
