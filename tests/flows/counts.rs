//! Equal, number for number, to a second count.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::craft::Film;
use crate::mixed::{on_ethernet, on_link};
use crate::program::Site;
use crate::slow::{Slow, Sum};

fn sum(value: &Value) -> Sum {
    (
        value["packets"].as_u64().unwrap(),
        value["bytes"].as_u64().unwrap(),
    )
}

/// What the program counted, in the form of the slow count.
pub(crate) fn fast(site: &Site, files: &[&str]) -> Slow {
    let read = [&["talkers", "-r"], files].concat();
    let talkers = site.json(&read);
    let flows = site.json(&[&["flows", "-r"], files].concat());
    let by = |list: &Value, name: &str| -> BTreeMap<String, (Sum, Sum)> {
        let rows = list.as_array().unwrap().iter();
        rows.map(|row| {
            let key = row[name].as_str().unwrap().to_owned();
            (key, (sum(&row["sent"]), sum(&row["received"])))
        })
        .collect()
    };
    let mut counted = Slow {
        total: sum(&talkers),
        hosts: by(&talkers["hosts"], "ip"),
        macs: by(&talkers["macs"], "mac"),
        flows: BTreeMap::new(),
    };
    for row in flows["flows"].as_array().unwrap() {
        let end = |ip: &str, port: &str| format!("{} {}", row[ip].as_str().unwrap(), row[port]);
        let (a, b) = (end("a", "a_port"), end("b", "b_port"));
        let protocol = match row["proto"].as_str().unwrap() {
            "tcp" => 6,
            "udp" => 17,
            "sctp" => 132,
            "gre" => 47,
            "ipip" => 4,
            "icmp" => 1,
            "icmpv6" => 58,
            "igmp" => 2,
            other => other.parse().unwrap(),
        };
        let (there, back) = (sum(&row["a_to_b"]), sum(&row["b_to_a"]));
        let (key, sums) = if a <= b {
            ((a, b, protocol), (there, back))
        } else {
            ((b, a, protocol), (back, there))
        };
        assert!(counted.flows.insert(key, sums).is_none(), "a flow twice");
    }
    counted
}

fn assert_equal(film: &Film, link_type: u32, name: &str) {
    let site = Site::new();
    let pcap = film.pcap(link_type);
    site.write("a.pcap", &pcap);
    let slow = Slow::count(&pcap, link_type);
    assert!(slow.hosts.len() > 5, "{name}");
    assert_eq!(fast(&site, &["a.pcap"]), slow, "{name}");
    site.write("a.pcapng", &film.pcapng(u16::try_from(link_type).unwrap()));
    assert_eq!(fast(&site, &["a.pcapng"]), slow, "{name}, pcapng");
}

#[test]
fn every_kind_of_frame_on_ethernet_is_counted_as_the_slow_count_does() {
    for seed in 1..=6 {
        assert_equal(&on_ethernet(seed, 3000), 1, &format!("seed {seed}"));
    }
}

#[test]
fn every_other_link_is_counted_as_the_slow_count_does() {
    for link_type in [0, 101, 113, 276] {
        let name = format!("link type {link_type}");
        assert_equal(&on_link(link_type, 9, 2000), link_type, &name);
    }
}

#[test]
fn frames_cut_by_the_snap_length_count_with_their_length_on_the_wire() {
    for snap_len in [96, 60, 44, 38, 30, 20, 13] {
        let mut film = on_ethernet(7, 2000);
        film.cut(snap_len);
        let site = Site::new();
        let pcap = film.pcap(1);
        site.write("cut.pcap", &pcap);
        let slow = Slow::count(&pcap, 1);
        assert_eq!(fast(&site, &["cut.pcap"]), slow, "{snap_len}");
    }
}

#[test]
fn several_files_are_counted_as_one_in_their_order() {
    let site = Site::new();
    let film = on_ethernet(11, 2000);
    let (first, second) = film.shots.split_at(700);
    let part = |shots: &[_]| Film {
        shots: shots.to_vec(),
    };
    site.write("1.pcap", &part(first).pcap(1));
    site.write("2.pcapng", &part(second).pcapng(1));
    let slow = Slow::count(&film.pcap(1), 1);
    assert_eq!(fast(&site, &["1.pcap", "2.pcapng"]), slow);
}

#[test]
fn the_window_counts_the_same_hours_of_every_day() {
    let site = Site::new();
    let mut film = on_ethernet(5, 1000);
    // A frame every ten minutes: a week.
    for (shot, number) in film.shots.iter_mut().zip(0..) {
        shot.at = crate::craft::MIDNIGHT as i64 * 1_000_000_000 + number * 600 * 1_000_000_000;
    }
    site.write("week.pcap", &film.pcap(1));
    let counted = site.json(&[
        "talkers",
        "-r",
        "week.pcap",
        "--window",
        "03:00-04:00",
        "--utc",
    ]);
    let of_the_hour = film
        .shots
        .iter()
        .filter(|shot| shot.at / 1_000_000_000 % 86_400 / 3600 == 3);
    assert_eq!(counted["packets"], of_the_hour.count());
    assert_eq!(counted["packets"], 42);
}

#[test]
fn bins_add_up_to_the_host() {
    let site = Site::new();
    site.write("a.pcap", &on_ethernet(3, 1000).pcap(1));
    let counted = site.json(&["talkers", "-r", "a.pcap", "--bins", "2s"]);
    assert_eq!(counted["bin_seconds"], 2.0);
    for host in counted["hosts"].as_array().unwrap() {
        let bins = host["bins"].as_array().unwrap();
        assert!(bins.len() <= 6, "{bins:?}");
        for side in ["sent", "received"] {
            let bytes = bins.iter().map(|bin| bin[side]["bytes"].as_u64().unwrap());
            assert_eq!(host[side]["bytes"], bytes.sum::<u64>());
        }
    }
}
