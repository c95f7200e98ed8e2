//! Live sources: a TZSP stream, and an interface.

use std::net::{Ipv4Addr, UdpSocket};
use std::process::Child;
use std::thread;
use std::time::Duration;

use halfspan::lab::vacant_address;

use crate::craft::{Machine, ethernet, ip4, mac, udp, v4};
use crate::program::{Site, counted};

fn listening(site: &Site, source: &str) -> Child {
    site.listening(&["talkers", "--json", "-i", source])
}

#[test]
fn frames_of_a_tzsp_stream_are_counted() {
    let address = vacant_address(Ipv4Addr::LOCALHOST.into()).unwrap();
    let site = Site::new();
    let child = listening(&site, &format!("tzsp://{address}"));
    let talker = Machine::new(7, "10.0.0.7");
    let packet = ip4(
        v4("10.0.0.7"),
        v4("10.0.0.1"),
        17,
        &udp(5, 14857, &[0; 100]),
    );
    let frame = ethernet(mac(1), talker.mac, 0x0800, &packet);
    let message = [&[1, 0, 0, 1, 1][..], &frame].concat();
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..10 {
        sender.send_to(&message, address).unwrap();
    }
    let counted = counted(child);
    assert_eq!(counted["packets"], 10);
    let host = &counted["hosts"][0];
    assert_eq!(
        (&host["ip"], &host["sent"]["bytes"]),
        (&"10.0.0.1".into(), &0.into())
    );
    assert_eq!(counted["hosts"][1]["sent"]["bytes"], 10 * frame.len());
    assert_eq!(counted["hosts"][1]["macs"][0], "02:00:00:00:00:07");
}

#[test]
#[ignore = "needs root and libpcap"]
fn frames_of_an_interface_are_counted() {
    let site = Site::new();
    let child = listening(&site, "lo");
    let receiver = UdpSocket::bind("127.0.0.99:0").unwrap();
    let sender = UdpSocket::bind("127.0.0.98:0").unwrap();
    for _ in 0..500 {
        sender
            .send_to(&[0; 100], receiver.local_addr().unwrap())
            .unwrap();
        thread::sleep(Duration::from_micros(100));
    }
    let counted = counted(child);
    let hosts = counted["hosts"].as_array().unwrap();
    let host = hosts
        .iter()
        .find(|host| host["ip"] == "127.0.0.98")
        .unwrap();
    assert_eq!(host["sent"]["packets"], 500);
    assert_eq!(host["sent"]["bytes"], 500 * (14 + 20 + 8 + 100));
}
