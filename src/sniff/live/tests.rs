//! Real frames on a pair of virtual interfaces in a network namespace that each test makes for itself.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, OwnedFd};
use std::process::Command;

use nix::ifaddrs::getifaddrs;
use nix::sched::{CloneFlags, unshare};
use nix::sys::socket::{
    AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, bind, send, socket,
};

use super::*;
use crate::clock::Clock;
use crate::mac::Mac;
use crate::sniff::Addressee;
use crate::sniff::drop_privileges;
use crate::wire::ethernet::{EtherType, Tag};
use crate::wire::{ethernet, ip, udp};

const SUSPECT: Mac = Mac([2, 0, 0, 0, 0, 0x57]);
const OTHER: Mac = Mac([2, 0, 0, 0, 0, 0x99]);
const SUSPECT_IP: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 57);
const OTHER_IP: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 99);
const PORT: u16 = 14857;
const SHORT: Duration = Duration::from_millis(200);

/// A cable with us at one end and everybody else at the other.
struct Cable {
    clock: LiveClock,
    far_end: OwnedFd,
}

fn run(command: &str) {
    let mut words = command.split(' ');
    let status = Command::new(words.next().unwrap()).args(words).status();
    assert!(status.unwrap().success(), "{command}");
}

impl Cable {
    /// Lays a cable between `near` and `far` in a namespace of this thread alone.
    fn lay() -> Cable {
        unshare(CloneFlags::CLONE_NEWNET).unwrap();
        run("ip link add near type veth peer name far");
        run("ip link set near up");
        run("ip link set far up");
        let is_far = |address: &LinkAddr| address.addr().is_some();
        let far = getifaddrs()
            .unwrap()
            .filter(|listed| listed.interface_name == "far")
            .find_map(|listed| listed.address?.as_link_addr().copied().filter(is_far))
            .unwrap();
        let far_end = socket(
            AddressFamily::Packet,
            SockType::Raw,
            SockFlag::empty(),
            SockProtocol::EthAll,
        )
        .unwrap();
        bind(far_end.as_raw_fd(), &far).unwrap();
        Cable {
            clock: LiveClock::start(),
            far_end,
        }
    }

    fn send(&self, frame: &[u8]) {
        let sent = send(self.far_end.as_raw_fd(), frame, MsgFlags::empty());
        assert_eq!(sent.unwrap(), frame.len());
    }

    fn open(&self, suspect: &Suspect) -> Interface {
        Interface::open("near", suspect, self.clock, Own::of_this_machine()).unwrap()
    }

    fn listen(&self, interface: &mut Interface) -> (Vec<Sighting>, Heard) {
        let mut seen = Vec::new();
        let heard = interface.listen(self.clock.now() + SHORT, &mut |sighting| {
            seen.push(sighting.clone());
            ControlFlow::Continue(())
        });
        (seen, heard.unwrap())
    }
}

fn frame(src: Mac, dst: Mac, from: Ipv4Addr, tags: &[u16]) -> Vec<u8> {
    let (a, b) = (
        SocketAddrV4::new(from, PORT),
        SocketAddrV4::new(OTHER_IP, 9),
    );
    let payload = ip::build_v4(
        from,
        OTHER_IP,
        ip::Protocol::UDP,
        &udp::build_v4(a, b, &[7; 400]),
    );
    let tags: Vec<Tag> = tags.iter().map(|&tpid| Tag { tpid, tci: 7 }).collect();
    ethernet::build(dst, src, &tags, EtherType::IPV4, &payload)
}

#[test]
#[ignore = "needs root and libpcap"]
fn the_suspect_is_sighted_behind_any_tags_and_others_are_counted() {
    let cable = Cable::lay();
    let gateway = Mac([2, 0, 0, 0, 0, 1]);
    let tags = [&[][..], &[0x8100], &[0x88a8, 0x8100], &[0x8100, 0x8100]];
    for suspect in [
        Suspect::Mac(SUSPECT),
        Suspect::Ip(SUSPECT_IP.into()),
        Suspect::Filter(format!("udp port {PORT} and src host {SUSPECT_IP}")),
        // Without the machine's own IPv6, which nobody here sends on purpose.
        Suspect::Filter(format!("not ip6 and not src host {OTHER_IP}")),
    ] {
        let mut interface = cable.open(&suspect);
        let before = cable.clock.now();
        for tags in tags {
            cable.send(&frame(SUSPECT, gateway, SUSPECT_IP, tags));
            cable.send(&frame(OTHER, gateway, OTHER_IP, tags));
        }
        cable.send(&frame(SUSPECT, Mac::BROADCAST, SUSPECT_IP, &[]));
        let (seen, heard) = cable.listen(&mut interface);
        let after = cable.clock.now();
        assert_eq!(seen.len(), 5, "{suspect:?}: {seen:?}");
        for (sighting, tags) in seen.iter().zip(tags) {
            assert_eq!(sighting.src, Some(SUSPECT), "{suspect:?} {tags:?}");
            assert_eq!(sighting.src_ip, Some(SUSPECT_IP.into()));
            assert_eq!(sighting.wire_len as usize, 14 + 428 + 4 * tags.len());
            assert_eq!(sighting.to, Addressee::Other);
            let slack = Duration::from_millis(1);
            assert!(sighting.at + slack >= before && sighting.at <= after);
        }
        assert_eq!(seen[4].to, Addressee::Group);
        assert_eq!((heard.foreign_frames, heard.lost), (4, 0), "{suspect:?}");
        assert_eq!(heard.foreign_sources, [OTHER].into());
    }
}

#[test]
#[ignore = "needs root and libpcap"]
fn losses_and_foreign_frames_are_counted_to_the_last_one() {
    const SENT: usize = 100_000;
    let cable = Cable::lay();
    let mut interface = cable.open(&Suspect::Mac(SUSPECT));
    let (mine, others) = (
        frame(SUSPECT, OTHER, SUSPECT_IP, &[]),
        frame(OTHER, SUSPECT, OTHER_IP, &[]),
    );
    for _ in 0..SENT {
        cable.send(&mine);
        cable.send(&others);
    }
    let (seen, heard) = cable.listen(&mut interface);
    assert_eq!(seen.len() as u64 + heard.lost, SENT as u64);
    assert!(heard.lost > 0, "the buffer held all of {SENT} frames");
    assert_eq!(heard.foreign_frames, SENT as u64);
    assert_eq!(heard.foreign_sources, [OTHER].into());
    assert_eq!(cable.listen(&mut interface), (vec![], Heard::default()));
}

#[test]
#[ignore = "needs root and libpcap"]
fn a_frame_after_the_window_and_one_after_a_break_are_kept() {
    let cable = Cable::lay();
    let mut interface = cable.open(&Suspect::Mac(SUSPECT));
    let until = cable.clock.now();
    std::thread::sleep(Duration::from_millis(20));
    for _ in 0..3 {
        cable.send(&frame(SUSPECT, OTHER, SUSPECT_IP, &[]));
    }
    let none = interface.listen(until, &mut |_| panic!("too early"));
    assert!(none.is_ok());
    let mut calls = 0;
    let forever = cable.clock.now() + Duration::from_secs(60);
    let one = interface.listen(forever, &mut |_| {
        calls += 1;
        ControlFlow::Break(())
    });
    assert!(one.is_ok());
    assert_eq!((calls, cable.listen(&mut interface).0.len()), (1, 2));
}

#[test]
#[ignore = "needs root and libpcap"]
fn listening_goes_on_without_privileges_and_opening_does_not() {
    let cable = Cable::lay();
    let suspect = Suspect::Mac(SUSPECT);
    let mut interface = cable.open(&suspect);
    drop_privileges().unwrap();
    cable.send(&frame(SUSPECT, OTHER, SUSPECT_IP, &[]));
    assert_eq!(cable.listen(&mut interface).0.len(), 1);
    let refused = Interface::open("near", &suspect, cable.clock, Own::default());
    assert!(matches!(
        refused.err(),
        Some(SniffError::NoPermission { interface }) if interface == "near"
    ));
}

#[test]
#[ignore = "needs root and libpcap"]
fn an_interface_that_is_missing_down_or_removed_is_said() {
    let cable = Cable::lay();
    let suspect = Suspect::Mac(SUSPECT);
    let open = |name| Interface::open(name, &suspect, cable.clock, Own::default());
    match open("nowhere").err() {
        Some(SniffError::NoInterface { have, .. }) => assert_eq!(have, ["far", "lo", "near"]),
        other => panic!("{other:?}"),
    }
    let mut interface = open("near").unwrap();
    run("ip link set near down");
    let down = interface.listen(
        cable.clock.now() + SHORT,
        &mut |_| ControlFlow::Continue(()),
    );
    assert!(
        matches!(down, Err(SniffError::InterfaceDown { .. })),
        "{down:?}"
    );
    assert!(matches!(
        open("near").err(),
        Some(SniffError::InterfaceDown { .. })
    ));
    run("ip link set near up");
    let mut interface = open("near").unwrap();
    run("ip link del near");
    let gone = interface.listen(
        cable.clock.now() + SHORT,
        &mut |_| ControlFlow::Continue(()),
    );
    assert!(gone.is_err(), "{gone:?}");
}

#[test]
#[ignore = "needs root and libpcap"]
fn a_bad_filter_is_named_as_it_was_typed() {
    let cable = Cable::lay();
    let suspect = Suspect::Filter("udp) or (tcp".to_owned());
    let error = Interface::open("near", &suspect, cable.clock, Own::default());
    assert!(matches!(
        error.err(),
        Some(SniffError::BadFilter { expression, .. }) if expression == "udp) or (tcp"
    ));
}

#[test]
fn a_counter_that_wrapped_went_on() {
    assert_eq!(grown(u32::MAX, 2), 3);
    assert_eq!(grown(7, 7), 0);
}
