use std::cell::Cell;
use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::mac::Mac;
use crate::wire::{ethernet, ethernet::EtherType};

const SUSPECT: Mac = Mac([2, 0, 0, 0, 0, 0x57]);
const OTHER: Mac = Mac([2, 0, 0, 0, 0, 0x99]);

/// Time passes only by sleeping.
struct VirtualClock(Cell<Moment>);

impl Clock for VirtualClock {
    fn now(&self) -> Moment {
        self.0.get()
    }
    fn sleep_until(&self, until: Moment) {
        self.0.set(self.0.get().max(until));
    }
}

const OPENED: Moment = Moment(Duration::from_secs(100));

#[expect(clippy::unwrap_in_result, reason = "the result is what is tested")]
fn replay(bytes: &[u8]) -> Result<Replay<VirtualClock>, SniffError> {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(bytes).unwrap();
    let clock = VirtualClock(Cell::new(OPENED));
    Replay::open(file.path(), &Suspect::Mac(SUSPECT), clock, Own::default())
}

fn frame(src: Mac) -> Vec<u8> {
    ethernet::build(OTHER, src, &[], EtherType::IPV4, &[0; 46])
}

/// Writes integers in one of the two orders.
#[derive(Clone, Copy)]
struct Order {
    big: bool,
}

const ORDERS: [Order; 2] = [Order { big: false }, Order { big: true }];

impl Order {
    fn u16(self, value: u16) -> [u8; 2] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
    fn u32(self, value: u32) -> [u8; 4] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }
    fn u64(self, value: u64) -> [u8; 8] {
        if self.big {
            value.to_be_bytes()
        } else {
            value.to_le_bytes()
        }
    }

    fn pcap(self, magic: u32, link_type: u32, frames: &[(u32, u32, Vec<u8>)]) -> Vec<u8> {
        let mut bytes = [
            self.u32(magic).to_vec(),
            self.u16(2).to_vec(),
            self.u16(4).to_vec(),
        ]
        .concat();
        for value in [0, 0, 65535, link_type] {
            bytes.extend(self.u32(value));
        }
        for (seconds, fraction, frame) in frames {
            let length = u32::try_from(frame.len()).unwrap();
            for value in [*seconds, *fraction, length, 1500] {
                bytes.extend(self.u32(value));
            }
            bytes.extend(frame);
        }
        bytes
    }

    fn block(self, kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = self.u32(u32::try_from(padded + 12).unwrap());
        let mut bytes = [self.u32(kind), length].concat();
        bytes.extend(body);
        bytes.resize(8 + padded, 0);
        bytes.extend(length);
        bytes
    }

    fn section(self) -> Vec<u8> {
        let mut body = self.u32(0x1a2b_3c4d).to_vec();
        body.extend([self.u16(1), self.u16(0)].concat());
        body.extend(self.u64(u64::MAX));
        self.block(0x0a0d_0d0a, &body)
    }

    fn interface(self, link_type: u16, resolution: u8, offset: u64) -> Vec<u8> {
        let mut body = [self.u16(link_type), self.u16(0)].concat();
        body.extend(self.u32(0));
        body.extend([self.u16(9), self.u16(1)].concat());
        body.extend([resolution, 0, 0, 0]);
        body.extend([self.u16(14), self.u16(8)].concat());
        body.extend(self.u64(offset));
        body.extend([0; 4]);
        self.block(1, &body)
    }

    fn packet(self, interface: u32, units: u64, frame: &[u8]) -> Vec<u8> {
        let length = u32::try_from(frame.len()).unwrap();
        let high = u32::try_from(units >> 32).unwrap();
        let low = u32::try_from(units & 0xffff_ffff).unwrap();
        let mut body = [interface, high, low, length, 1500]
            .map(|v| self.u32(v))
            .concat();
        body.extend(frame);
        self.block(6, &body)
    }

    fn simple_packet(self, frame: &[u8]) -> Vec<u8> {
        let mut body = self.u32(u32::try_from(frame.len()).unwrap()).to_vec();
        body.extend(frame);
        self.block(3, &body)
    }

    /// Three interfaces: microseconds, 2^-10 seconds, and nanoseconds that begin at second 5.
    fn pcapng(self) -> Vec<u8> {
        [
            self.section(),
            self.interface(1, 6, 0),
            self.interface(1, 0x80 | 10, 0),
            self.interface(1, 9, 5),
            self.block(0x0bad, b"unknown"),
            self.packet(0, 10_000_000, &frame(OTHER)),
            self.packet(1, 10 * 1024 + 512, &frame(SUSPECT)),
            self.packet(2, 6_000_000_001, &frame(SUSPECT)),
            self.simple_packet(&frame(SUSPECT)),
        ]
        .concat()
    }
}

/// Replays everything; returns when the suspect was heard after the opening, in nanoseconds, and the rest.
fn hear_all(bytes: &[u8]) -> (Vec<u128>, Heard) {
    let mut seen = Vec::new();
    let heard = replay(bytes)
        .unwrap()
        .listen(OPENED + Duration::from_secs(60), &mut |sighting| {
            seen.push(sighting.at.since(OPENED).as_nanos());
            ControlFlow::Continue(())
        });
    (seen, heard.unwrap())
}

#[test]
fn pcap_of_both_orders_and_resolutions_is_heard_at_the_right_times() {
    for order in ORDERS {
        for (magic, unit) in [(0xa1b2_c3d4, 1000), (0xa1b2_3c4d, 1)] {
            let frames = [
                (7, 999_999, frame(OTHER)),
                (8, 1, frame(SUSPECT)),
                (7, 0, frame(SUSPECT)), // before the first one
            ];
            let (seen, heard) = hear_all(&order.pcap(magic, 1, &frames));
            let second = 1_000_000_000;
            assert_eq!(seen, [second + unit - 999_999 * unit, 0]);
            assert_eq!(heard.foreign_sources, [OTHER].into());
            assert!(heard.ended);
        }
    }
}

#[test]
fn pcapng_with_several_interfaces_is_heard_at_the_right_times() {
    for order in ORDERS {
        let (seen, heard) = hear_all(&order.pcapng());
        assert_eq!(seen, [500_000_000, 1_000_000_001, 1_000_000_001]);
        assert_eq!((heard.foreign_frames, heard.ended), (1, true));
    }
}

#[test]
fn frames_wait_for_their_window_and_the_end_is_said() {
    let frames = [(1, 0, frame(SUSPECT)), (4, 0, frame(SUSPECT))];
    let bytes = ORDERS[0].pcap(0xa1b2_c3d4, 1, &frames);
    let mut replay = replay(&bytes).unwrap();
    let mut windows = Vec::new();
    for end in [2, 3, 9] {
        let until = OPENED + Duration::from_secs(end);
        let mut seen = 0;
        let heard = replay.listen(until, &mut |sighting| {
            assert_eq!((sighting.src, sighting.wire_len), (Some(SUSPECT), 1500));
            seen += 1;
            ControlFlow::Continue(())
        });
        let now = replay.clock.now().since(OPENED).as_secs();
        windows.push((seen, heard.unwrap().ended, now));
    }
    assert_eq!(windows, [(1, false, 2), (0, false, 3), (1, true, 3)]);
}

#[test]
fn a_truncated_file_names_the_place() {
    let whole = ORDERS[0].pcap(
        0xa1b2_c3d4,
        1,
        &[(1, 0, frame(OTHER)), (1, 0, frame(OTHER))],
    );
    let second = 24 + 16 + 60;
    for end in [second + 1, second + 20, whole.len() - 1] {
        let result = replay(&whole[..end])
            .unwrap()
            .listen(OPENED + Duration::from_secs(9), &mut |_| {
                ControlFlow::Continue(())
            });
        match result {
            Err(SniffError::DamagedFile { offset, .. }) => assert_eq!(offset, second),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_is_no_capture_of_ethernet_is_said() {
    for (bytes, start) in [
        (&b""[..], "empty"),
        (b"text\nand more text, long enough", "neither"),
    ] {
        match replay(bytes).err() {
            Some(SniffError::DamagedFile { reason, .. }) => assert!(reason.contains(start)),
            other => panic!("{other:?}"),
        }
    }
    let cooked = ORDERS[1].pcap(0xa1b2_c3d4, 113, &[(1, 0, frame(OTHER))]);
    let result = replay(&cooked)
        .unwrap()
        .listen(OPENED, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(
        result,
        Err(SniffError::NotEthernet { link_type: 113, .. })
    ));
    let clock = VirtualClock(Cell::new(OPENED));
    let missing = Replay::open(
        Path::new("/nonexistent/file.pcap"),
        &Suspect::Mac(SUSPECT),
        clock,
        Own::default(),
    );
    assert!(matches!(
        missing.err(),
        Some(SniffError::UnreadableFile { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_file_never_panics(
        ng: bool,
        big: bool,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let order = Order { big };
        let mut bytes = if ng {
            order.pcapng()
        } else {
            order.pcap(0xa1b2_c3d4, 1, &[(1, 0, frame(OTHER)), (2, 0, frame(SUSPECT))])
        };
        for (place, value) in changes {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Ok(mut replay) = replay(&bytes) {
            let forever = Moment(Duration::MAX);
            let _heard = replay.listen(forever, &mut |_| ControlFlow::Continue(()));
        }
    }
}
