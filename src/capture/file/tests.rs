use std::io::Write;

use proptest::prelude::*;

use super::super::testbed::{ORDERS, Order};
use super::*;

/// Stamp, length on the wire, link type, octets.
type Seen = (i64, u32, u32, Vec<u8>);

/// Reads everything; returns the frames and how it ended.
fn read(bytes: &[u8]) -> (Vec<Seen>, Option<CaptureError>) {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let mut seen = Vec::new();
    let mut capture = match Capture::open(file.path()) {
        Ok(capture) => capture,
        Err(error) => return (seen, Some(error)),
    };
    loop {
        match capture.next_frame() {
            Ok(Some(frame)) => seen.push((
                frame.stamp,
                frame.wire_len,
                frame.link_type.0,
                frame.bytes.to_vec(),
            )),
            Ok(None) => return (seen, None),
            Err(error) => return (seen, Some(error)),
        }
    }
}

fn pcap() -> Vec<u8> {
    ORDERS[0].pcap(
        0xa1b2_c3d4,
        1,
        &[(1, 0, vec![7; 60]), (2, 999_999, vec![8; 61])],
    )
}

fn pcapng(order: Order) -> Vec<u8> {
    [
        order.section(),
        order.interface(1, 6, 0),
        order.interface(113, 0x80 | 10, 5),
        order.block(0x0bad, &[1; 5]),
        order.packet(1, 1536, &[9; 33]),
        order.packet(0, 7, &[8; 60]),
        order.simple_packet(&[7; 62]),
    ]
    .concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
}

#[test]
fn frames_are_read_from_pcap() {
    let (seen, end) = read(&pcap());
    assert!(end.is_none());
    assert_eq!(seen[0], (1_000_000_000, 1500, 1, vec![7; 60]));
    assert_eq!(seen[1], (2_999_999_000, 1500, 1, vec![8; 61]));
}

#[test]
fn a_section_in_the_other_order_begins_anew() {
    let bytes = [pcapng(ORDERS[0]), pcapng(ORDERS[1])].concat();
    let (seen, end) = read(&bytes);
    assert!(end.is_none());
    assert_eq!(seen.len(), 6);
    assert_eq!(seen[..3], seen[3..]);
    assert_eq!(seen[0], (6_500_000_000, 1500, 113, vec![9; 33]));
    assert_eq!(seen[1], (7_000, 1500, 1, vec![8; 60]));
    assert_eq!(seen[2], (7_000, 62, 1, vec![7; 62]));
}

#[test]
fn packed_files_are_unpacked() {
    let plain = pcap();
    for packed in [gzip(&plain), zstd(&plain)] {
        let (seen, end) = read(&packed);
        assert!(end.is_none(), "{end:?}");
        assert_eq!(seen, read(&plain).0);
        let (seen, end) = read(&packed[..packed.len() - 3]);
        assert_eq!(seen.len(), 2);
        match end {
            Some(CaptureError::Damaged {
                offset,
                is_unpacked,
                reason,
                ..
            }) => {
                assert_eq!(offset, plain.len() as u64);
                assert!(is_unpacked);
                assert_eq!(reason, "the packed data end too early");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_record_across_packed_frames_is_whole() {
    let plain = pcap();
    let aside = [0x50, 0x2a, 0x4d, 0x18, 4, 0, 0, 0, 1, 2, 3, 4];
    let (first, rest) = plain.split_at(24 + 16 + 30);
    let parts = [&aside[..], &zstd(first), &aside, &zstd(rest)];
    let (seen, end) = read(&parts.concat());
    assert!(end.is_none(), "{end:?}");
    assert_eq!(seen, read(&plain).0);
}

#[test]
fn frames_before_the_damage_are_read_and_its_place_is_told() {
    let whole = pcap();
    let mut large = whole.clone();
    large[24 + 16 + 60 + 8..][..4].copy_from_slice(&[0xff; 4]);
    for damaged in [
        &whole[..whole.len() - 1],
        &whole[..24 + 16 + 60 + 9],
        &large,
    ] {
        let (seen, end) = read(damaged);
        assert_eq!(seen.len(), 1);
        match end {
            Some(CaptureError::Damaged { offset, .. }) => assert_eq!(offset, 24 + 16 + 60),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn damaged_blocks_are_told_apart() {
    let order = ORDERS[1];
    let start = [order.section(), order.interface(1, 6, 0)].concat();
    let good = order.packet(0, 1, &[1; 60]);
    let mut two_lengths = good.clone();
    let last = two_lengths.len() - 1;
    two_lengths[last] ^= 4;
    let mut longer = good.clone();
    longer[8 + 12 + 3] = 200;
    for (block, words) in [
        (two_lengths, "two lengths differ"),
        (longer, "longer than its block"),
        (order.packet(1, 1, &[1; 60]), "not described"),
        (good[..30].to_vec(), "middle of a block"),
        (vec![0, 0, 0, 6, 0, 0, 0, 9], "length is impossible"),
        (vec![0, 0, 0, 6, 0xf0, 0, 0, 0], "too large"),
        (order.interface(1, 64, 0), "resolution is impossible"),
    ] {
        let (seen, end) = read(&[&start[..], &good, &block].concat());
        assert_eq!(seen.len(), 1, "{words}");
        let text = end.unwrap().to_string();
        assert!(text.contains(words), "{text}");
        let place = format!("at byte {}:", start.len() + good.len());
        assert!(text.contains(&place), "{text}");
    }
}

#[test]
fn a_frame_across_the_buffers_end_is_whole() {
    let frames: Vec<_> = (0..200)
        .map(|number: u32| {
            let length = 1 + usize::try_from(number).unwrap() * 37;
            (number, 0, vec![u8::try_from(number).unwrap(); length])
        })
        .collect();
    let (seen, end) = read(&ORDERS[1].pcap(0xa1b2_3c4d, 1, &frames));
    assert!(end.is_none());
    assert_eq!(seen.len(), frames.len());
    for ((_, _, frame), (_, _, _, bytes)) in frames.iter().zip(&seen) {
        assert_eq!(frame, bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn damage_in_a_packed_file_never_panics(
        which in 0..2usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let many: Vec<_> = (0..300)
            .map(|number: u32| (number, 0, number.wrapping_mul(77_777).to_le_bytes().repeat(20)))
            .collect();
        let plain = ORDERS[0].pcap(0xa1b2_c3d4, 1, &many);
        let mut bytes = vec![gzip(&plain), zstd(&plain)].swap_remove(which);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        read(&bytes);
    }

    #[test]
    fn a_damaged_file_never_panics(
        which in 0..3usize,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = vec![pcap(), pcapng(ORDERS[0]), pcapng(ORDERS[1])].swap_remove(which);
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        let (seen, _) = read(&bytes);
        prop_assert!(seen.len() <= 3);
    }
}

#[test]
fn the_length_on_the_wire_is_as_recorded_even_where_it_is_wrong() {
    let mut bytes = pcap();
    bytes[24 + 12..][..4].copy_from_slice(&32_u32.to_le_bytes());
    let (seen, _) = read(&bytes);
    assert_eq!((seen[0].1, seen[0].3.len()), (32, 60));
}
