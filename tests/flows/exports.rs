//! Flow records and samples, sent to the program by a writer of its own.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Child;
use std::thread;
use std::time::Duration;

use halfspan::lab::vacant_address;
use serde_json::Value;

use crate::craft::{ACK, SYN, ethernet, ip4, mac, tag, tcp, v4};
use crate::program::{self, Site};

/// The program, listening for exporters.
pub(crate) struct Collector {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Collector {
    pub(crate) fn start(site: &Site, args: &[&str]) -> Collector {
        let address = vacant_address(Ipv4Addr::LOCALHOST.into()).unwrap();
        let to = address.to_string();
        let child = site.listening(&[args, &["--json", "--netflow", &to]].concat());
        Collector { child, address }
    }

    pub(crate) fn send(&self, datagrams: &[Vec<u8>]) {
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for datagram in datagrams {
            sender.send_to(datagram, self.address).unwrap();
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Ends the listening; what was sent before counts.
    pub(crate) fn counted(self) -> Value {
        program::counted(self.child)
    }
}

const SENT: u32 = 1_700_000_000;
const UPTIME: u32 = 3_600_000;

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

fn halves(halves: &[u16]) -> Vec<u8> {
    halves.iter().flat_map(|half| half.to_be_bytes()).collect()
}

/// One direction: ends, packets, octets, and when, in seconds before the datagram was sent.
struct Way {
    from: ([u8; 4], u16),
    to: ([u8; 4], u16),
    packets: u32,
    bytes: u32,
    protocol: u8,
    flags: u8,
    began: u32,
    ended: u32,
}

const THERE: Way = Way {
    from: ([10, 0, 0, 7], 40_000),
    to: ([203, 0, 113, 9], 443),
    packets: 10,
    bytes: 1_500,
    protocol: 6,
    flags: SYN | ACK,
    began: 60,
    ended: 20,
};
const BACK: Way = Way {
    from: ([203, 0, 113, 9], 443),
    to: ([10, 0, 0, 7], 40_000),
    packets: 20,
    bytes: 28_000,
    began: 59,
    ..THERE
};

fn netflow_5(ways: &[Way], sampling: u16) -> Vec<u8> {
    let mut bytes = halves(&[5, u16::try_from(ways.len()).unwrap()]);
    bytes.extend(words(&[UPTIME, SENT, 0, 1]));
    bytes.extend([0, 0]);
    bytes.extend(halves(&[sampling]));
    for way in ways {
        bytes.extend([way.from.0, way.to.0, [0; 4]].concat());
        bytes.extend(halves(&[1, 2]));
        let times = [way.began, way.ended].map(|ago| UPTIME - ago * 1000);
        bytes.extend(words(&[way.packets, way.bytes, times[0], times[1]]));
        bytes.extend(halves(&[way.from.1, way.to.1]));
        bytes.extend([0, way.flags, way.protocol, 0, 0, 0, 0, 0, 24, 24, 0, 0]);
    }
    bytes
}

/// Addresses, ports, protocol, flags, packets, octets, first and last; the times as the dialect has them.
fn fields(times: [u16; 2], time_len: u16) -> Vec<u16> {
    #[rustfmt::skip]
    let fields = [
        8, 4, 12, 4, 7, 2, 11, 2, 4, 1, 6, 1, 2, 4, 1, 4, times[0], time_len, times[1], time_len,
    ];
    fields.to_vec()
}

fn values(way: &Way, time: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let mut bytes = [way.from.0, way.to.0].concat();
    bytes.extend(halves(&[way.from.1, way.to.1]));
    bytes.extend([way.protocol, way.flags]);
    bytes.extend(words(&[way.packets, way.bytes]));
    bytes.extend(time(way.began));
    bytes.extend(time(way.ended));
    bytes
}

fn set(id: u16, body: &[u8]) -> Vec<u8> {
    let padding = body.len().next_multiple_of(4) - body.len();
    let length = u16::try_from(4 + body.len() + padding).unwrap();
    [halves(&[id, length]), body.to_vec(), vec![0; padding]].concat()
}

fn netflow_9(ways: &[Way]) -> Vec<u8> {
    let template = [halves(&[256, 10]), halves(&fields([22, 21], 4))].concat();
    let time = |ago: u32| (UPTIME - ago * 1000).to_be_bytes().to_vec();
    let records: Vec<u8> = ways.iter().flat_map(|way| values(way, time)).collect();
    let mut bytes = halves(&[9, 3]);
    bytes.extend(words(&[UPTIME, SENT, 1, 7]));
    bytes.extend(set(0, &template));
    bytes.extend(set(256, &records));
    bytes
}

fn ipfix(ways: &[Way]) -> Vec<u8> {
    // A name of variable length, by an enterprise, stands first.
    let mut template = halves(&[256, 11, 0x8000 | 77, 65_535]);
    template.extend(words(&[9_999]));
    template.extend(halves(&fields([152, 153], 8)));
    let time = |ago: u32| (u64::from(SENT - ago) * 1000).to_be_bytes().to_vec();
    let records: Vec<u8> = ways
        .iter()
        .flat_map(|way| [b"\x04name".to_vec(), values(way, time)].concat())
        .collect();
    let sets = [set(2, &template), set(256, &records)].concat();
    let mut bytes = halves(&[10, u16::try_from(16 + sets.len()).unwrap()]);
    bytes.extend(words(&[SENT, 1, 7]));
    bytes.extend(sets);
    bytes
}

#[test]
fn every_kind_of_flow_record_is_counted_as_it_was_told() {
    let ways = [THERE, BACK];
    let kinds: [(&str, Vec<u8>); 4] = [
        ("NetFlow v5", netflow_5(&ways, 0)),
        ("NetFlow v5, the answer first", netflow_5(&[BACK, THERE], 0)),
        ("NetFlow v9", netflow_9(&ways)),
        ("IPFIX", ipfix(&ways)),
    ];
    for (kind, datagram) in kinds {
        let site = Site::new();
        let collector = Collector::start(&site, &["flows"]);
        collector.send(&[datagram]);
        let counted = collector.counted();
        assert_eq!(counted["flow_count"], 1, "{kind}: {counted:#}");
        let flow = &counted["flows"][0];
        assert_eq!(
            (&flow["a"], &flow["a_port"]),
            (&"10.0.0.7".into(), &40_000.into()),
            "{kind}"
        );
        assert_eq!(
            (&flow["b"], &flow["b_port"]),
            (&"203.0.113.9".into(), &443.into()),
            "{kind}"
        );
        assert_eq!(
            flow["a_to_b"],
            serde_json::json!({"packets": 10, "bytes": 1500}),
            "{kind}"
        );
        assert_eq!(
            flow["b_to_a"],
            serde_json::json!({"packets": 20, "bytes": 28_000}),
            "{kind}"
        );
        assert_eq!(flow["first"], "2023-11-14T22:12:20Z", "{kind}");
        assert_eq!(flow["last"], "2023-11-14T22:13:00Z", "{kind}");
        assert_eq!(flow["state"], "open", "{kind}");
        assert_eq!(counted["exported"]["records"], 2, "{kind}");
        assert_eq!(counted["exported"]["highest_rate"], 1, "{kind}");
    }
}

#[test]
fn the_type_of_an_icmp_message_is_no_port() {
    let there = Way {
        from: ([10, 0, 0, 7], 0),
        // Echo request, and no code: type times 256, as exporters tell it.
        to: ([203, 0, 113, 9], 8 << 8),
        protocol: 1,
        flags: 0,
        ..THERE
    };
    let back = Way {
        from: (there.to.0, 0),
        to: there.from,
        protocol: 1,
        flags: 0,
        ..BACK
    };
    let site = Site::new();
    let collector = Collector::start(&site, &["flows"]);
    collector.send(&[netflow_5(&[there, back], 0)]);
    let counted = collector.counted();
    let flow = &counted["flows"][0];
    assert_eq!(
        (&flow["state"], &flow["b_port"]),
        (&"two_way".into(), &0.into()),
        "{counted:#}"
    );
}

#[test]
fn a_sample_is_no_ground_to_say_that_nothing_was_answered() {
    let ask = |number: u8| Way {
        to: ([203, 0, 113, number], 443),
        flags: SYN,
        ..THERE
    };
    let ways: Vec<Way> = (1..=25).map(ask).collect();
    for (sampling, is_scan) in [(0, true), (1 << 14 | 100, false)] {
        let site = Site::new();
        let collector = Collector::start(&site, &["flows", "--anomalies"]);
        collector.send(&[netflow_5(&ways, sampling)]);
        let counted = collector.counted();
        let findings = counted["anomalies"].as_array().unwrap();
        let scan = findings
            .iter()
            .any(|finding| finding["kind"] == "host_scan");
        assert_eq!(scan, is_scan, "{counted:#}");
    }
}

#[test]
fn sampled_records_are_multiplied_and_spread_over_the_bins_of_their_time() {
    let site = Site::new();
    let collector = Collector::start(&site, &["talkers", "--bins", "10s"]);
    collector.send(&[netflow_5(&[THERE], 1 << 14 | 100)]);
    let counted = collector.counted();
    let host = &counted["hosts"].as_array().unwrap()[0];
    assert_eq!(counted["packets"], 1000);
    assert_eq!(counted["exported"]["lowest_rate"], 100);
    let bins = host["bins"].as_array().unwrap();
    assert_eq!(bins.len(), 5, "{bins:#?}");
    let of = |bin: &Value| {
        bin["sent"]["bytes"].as_u64().unwrap() + bin["received"]["bytes"].as_u64().unwrap()
    };
    assert_eq!(bins.iter().map(of).collect::<Vec<_>>(), [30_000; 5]);
}

fn sflow(frame: &[u8], frame_len: u32, rate: u32, is_expanded: bool) -> Vec<u8> {
    let mut header = words(&[1, frame_len + 4, 4, u32::try_from(frame.len()).unwrap()]);
    header.extend(frame);
    header.resize(header.len().next_multiple_of(4), 0);
    // Before it stands a record that is not known.
    let mut records = words(&[2, 99, 4, 0, 1, u32::try_from(header.len()).unwrap()]);
    records.extend(header);
    let head = if is_expanded {
        words(&[1, 0, 5, rate, 1000, 0, 0, 5, 0, 6])
    } else {
        words(&[1, 5, rate, 1000, 0, 5, 6])
    };
    let sample = [head, records].concat();
    let mut bytes = words(&[5, 1]);
    bytes.extend([192, 0, 2, 1]);
    // Two samples: counters of 4 octets, then ours.
    bytes.extend(words(&[0, 1, UPTIME, 2, 2, 4, 0]));
    bytes.extend(words(&[
        if is_expanded { 3 } else { 1 },
        u32::try_from(sample.len()).unwrap(),
    ]));
    bytes.extend(sample);
    bytes
}

#[test]
fn samples_of_sflow_stand_for_as_many_packets_as_were_passed_over() {
    let packet = ip4(
        v4("10.0.0.7"),
        v4("203.0.113.9"),
        6,
        &tcp(40_000, 443, ACK, &[0; 60]),
    );
    let frame = ethernet(mac(1), mac(7), 0x8100, &[tag(12, 0x0800), packet].concat());
    let site = Site::new();
    let collector = Collector::start(&site, &["talkers"]);
    collector.send(&[
        sflow(&frame, 1400, 512, false),
        sflow(&frame, 1400, 512, true),
    ]);
    let counted = collector.counted();
    assert_eq!(counted["packets"], 1024);
    assert_eq!(counted["bytes"], 1024 * 1400);
    let host = &counted["hosts"][0];
    assert_eq!(
        (&host["ip"], &host["sent"]["packets"]),
        (&"10.0.0.7".into(), &1024.into())
    );
    assert_eq!(host["macs"][0], "02:00:00:00:00:07");
    assert_eq!(counted["vlans"][0]["vlan"], "12");
    let exported = &counted["exported"];
    assert_eq!(
        (&exported["samples"], &exported["lowest_rate"]),
        (&2.into(), &512.into())
    );
}

#[test]
fn what_cannot_be_read_is_counted_and_does_no_harm() {
    let site = Site::new();
    let collector = Collector::start(&site, &["talkers"]);
    let whole = netflow_9(&[THERE, BACK]);
    let cut: Vec<Vec<u8>> = (0..whole.len())
        .step_by(7)
        .map(|end| whole[..end].to_vec())
        .collect();
    collector.send(&cut);
    collector.send(&[b"no export at all".to_vec()]);
    let counted = collector.counted();
    assert_eq!(counted["exported"]["datagrams"], cut.len() + 1);
    assert!(counted["exported"]["malformed"].as_u64().unwrap() > 5);
}
