use std::cell::Cell;
use std::io::Write;

use proptest::prelude::*;

use super::*;
use crate::capture::CaptureError;
use crate::capture::testbed::{ORDERS, Order};
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

/// Three interfaces: microseconds, 2^-10 seconds, and nanoseconds that begin at second 5.
fn pcapng(order: Order) -> Vec<u8> {
    [
        order.section(),
        order.interface(1, 6, 0),
        order.interface(1, 0x80 | 10, 0),
        order.interface(1, 9, 5),
        order.block(0x0bad, b"unknown"),
        order.packet(0, 10_000_000, &frame(OTHER)),
        order.packet(1, 10 * 1024 + 512, &frame(SUSPECT)),
        order.packet(2, 6_000_000_001, &frame(SUSPECT)),
        order.simple_packet(&frame(SUSPECT)),
    ]
    .concat()
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
        let (seen, heard) = hear_all(&pcapng(order));
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
    let second: usize = 24 + 16 + 60;
    for end in [second + 1, second + 20, whole.len() - 1] {
        let result = replay(&whole[..end])
            .unwrap()
            .listen(OPENED + Duration::from_secs(9), &mut |_| {
                ControlFlow::Continue(())
            });
        match result {
            Err(SniffError::File(CaptureError::Damaged { offset, .. })) => {
                assert_eq!(offset, second as u64)
            }
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
            Some(SniffError::File(CaptureError::NoCapture { reason, .. })) => {
                assert!(reason.contains(start))
            }
            other => panic!("{other:?}"),
        }
    }
    let cooked = ORDERS[1].pcap(0xa1b2_c3d4, 113, &[(1, 0, frame(OTHER))]);
    let result = replay(&cooked)
        .unwrap()
        .listen(OPENED, &mut |_| ControlFlow::Continue(()));
    assert!(matches!(
        result,
        Err(SniffError::NotEthernet {
            link_type: LinkType::LINUX_SLL,
            ..
        })
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
        Some(SniffError::File(CaptureError::Unreadable { .. }))
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
            pcapng(order)
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
