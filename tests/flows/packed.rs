//! Captures that are packed: whole, cut and damaged.

use std::io::{Read, Write};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::Value;

use crate::mixed::on_ethernet;
use crate::program::Site;

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn zstd(octets: &[u8]) -> Vec<u8> {
    compress_to_vec(octets, CompressionLevel::Fastest)
}

/// Returns where in a zstd frame the headers of its blocks are.
fn zstd_blocks(frame: &[u8]) -> Vec<usize> {
    let descriptor = frame[4];
    let window = usize::from(descriptor & 0x20 == 0);
    let size = [1 - window, 2, 4, 8][usize::from(descriptor >> 6)];
    let mut place = 5 + window + size;
    let mut places = Vec::new();
    loop {
        places.push(place);
        let header = u32::from_le_bytes([frame[place], frame[place + 1], frame[place + 2], 0]);
        let is_run = (header >> 1) & 3 == 1;
        place += 3 + if is_run { 1 } else { (header >> 3) as usize };
        if header & 1 == 1 {
            return places;
        }
    }
}

/// What a block of zstd holds at most, and all but the last of ours do.
const ZSTD_BLOCK: usize = 128 << 10;

/// Returns how many whole records the first octets of a capture hold.
fn whole_within(pcap: &[u8], length: usize) -> usize {
    record_ends(pcap).filter(|end| *end <= length).count()
}

/// Returns where the records of a capture end.
fn record_ends(pcap: &[u8]) -> impl Iterator<Item = usize> {
    let mut place = 24;
    std::iter::from_fn(move || {
        let length = pcap.get(place + 8..place + 12)?;
        place += 16 + u32::from_le_bytes(length.try_into().unwrap()) as usize;
        Some(place)
    })
}

/// Reads a packed capture that is damaged; so many of its packets have to be counted, and these words said.
fn expect_damage(
    (name, packed): (&str, &[u8]),
    pcap: &[u8],
    packets: RangeInclusive<usize>,
    [reason, cause]: [&str; 2],
) {
    let site = Site::new();
    site.write(name, packed);
    let output = site.run(&["talkers", "-r", name, "--json"]);
    assert_eq!(output.status.code(), Some(3), "{name}");
    let counted: Value = serde_json::from_slice(&output.stdout).unwrap();
    let count = usize::try_from(counted["packets"].as_u64().unwrap()).unwrap();
    assert!(packets.contains(&count), "{name}: {count} of {packets:?}");
    let place = record_ends(pcap).nth(count - 1).unwrap();
    let said = format!(
        "the capture file {name} is damaged at byte {place} of the unpacked data: {reason}"
    );
    assert_eq!(counted["errors"][0], *said);
    let hint = "copy or capture it again; `gzip -t` and `zstd -t` tell whether it is whole";
    assert_eq!(
        String::from_utf8(output.stderr).unwrap(),
        format!("error: {said}\ncause: {cause}\nhint:  {hint}\n")
    );
}

#[test]
fn what_was_unpacked_before_a_cut_is_counted_and_the_place_is_told() {
    let pcap = on_ethernet(3, 3000).pcap(1);
    let early = "the packed data end too early";

    let packed = gzip(&pcap);
    let cut = &packed[..packed.len() / 2];
    let mut unpacked = Vec::new();
    MultiGzDecoder::new(cut)
        .read_to_end(&mut unpacked)
        .unwrap_err();
    let packets = whole_within(&pcap, unpacked.len());
    assert!((1000..2000).contains(&packets));
    expect_damage(
        ("cut.pcap.gz", cut),
        &pcap,
        packets..=packets,
        [early, "incomplete deflate stream"],
    );

    let packed = zstd(&pcap);
    let fifth = zstd_blocks(&packed)[5];
    let packets = whole_within(&pcap, 5 * ZSTD_BLOCK);
    for cut in [fifth + 1, fifth + 100] {
        expect_damage(
            ("cut.pcap.zst", &packed[..cut]),
            &pcap,
            packets..=packets,
            [early, "failed to fill whole buffer"],
        );
    }
}

#[test]
fn what_was_unpacked_before_flipped_bits_is_counted_and_the_place_is_told() {
    let pcap = on_ethernet(4, 3000).pcap(1);
    let damaged = "it cannot be unpacked";

    // Behind a flush a block begins, with its type in these bits.
    let half = pcap.len() / 2;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&pcap[..half]).unwrap();
    encoder.flush().unwrap();
    let place = encoder.get_ref().len();
    encoder.write_all(&pcap[half..]).unwrap();
    let mut packed = encoder.finish().unwrap();
    packed[place] |= 6;
    let packets = whole_within(&pcap, half);
    expect_damage(
        ("flipped.pcap.gz", &packed),
        &pcap,
        packets * 9 / 10..=packets,
        [damaged, "corrupt deflate stream"],
    );

    let mut packed = zstd(&pcap);
    let place = zstd_blocks(&packed)[5];
    packed[place] |= 6;
    let packets = whole_within(&pcap, 5 * ZSTD_BLOCK);
    let cause = "Reserved block occured. This is considered corruption by the documentation";
    expect_damage(
        ("flipped.pcap.zst", &packed),
        &pcap,
        packets..=packets,
        [damaged, cause],
    );
}

#[test]
fn a_checksum_that_does_not_fit_is_told_behind_the_last_packet() {
    let pcap = on_ethernet(5, 3000).pcap(1);
    for (name, mut packed, behind, cause) in [
        (
            "sum.pcap.gz",
            gzip(&pcap),
            8,
            "corrupt gzip stream does not have a matching checksum",
        ),
        (
            "sum.pcap.zst",
            zstd(&pcap),
            4,
            "the checksum of the unpacked data is another one",
        ),
    ] {
        let place = packed.len() - behind;
        packed[place] ^= 1;
        expect_damage(
            (name, &packed),
            &pcap,
            3000..=3000,
            ["it cannot be unpacked", cause],
        );
    }
}

#[test]
fn what_is_behind_the_last_frame_and_is_none_is_told() {
    let pcap = on_ethernet(6, 300).pcap(1);
    let packed = [zstd(&pcap), b"and some text".to_vec()].concat();
    expect_damage(
        ("more.pcap.zst", &packed),
        &pcap,
        300..=300,
        [
            "it cannot be unpacked",
            "Read wrong magic number: 0x20646E61",
        ],
    );
}

#[test]
fn a_packed_stream_that_cannot_be_read_on_is_not_called_damaged() {
    let pcap = on_ethernet(7, 3000).pcap(1);
    for packed in [gzip(&pcap), zstd(&pcap)] {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        // An end that is closed with something unread in it is a broken connection for the other.
        (&theirs).write_all(b"unread").unwrap();
        let child = Command::new(assert_cmd::cargo::cargo_bin!("halfspan"))
            .args(["talkers", "-r", "-", "--json"])
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        ours.write_all(&packed[..packed.len() / 2]).unwrap();
        drop(ours);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let counted: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(counted["packets"].as_u64().unwrap() > 1000);
        assert_eq!(
            String::from_utf8(output.stderr).unwrap(),
            "error: cannot read the capture file -\n\
             cause: Connection reset by peer (os error 104)\n\
             hint:  check the path and that the file may be read\n"
        );
    }
}
