//! Real exporters: what they tell of a capture adds up to what the capture holds.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::craft::{ACK, Dice, Film, Machine, SYN, tcp, udp};
use crate::exports::Collector;
use crate::program::Site;

const ETHERNET: u64 = 14;

/// Conversations of IPv4 and IPv6, without anything that a flow record does not tell.
fn film() -> Film {
    let mut film = Film::default();
    let mut dice = Dice::new(5);
    for number in 0..400_u16 {
        let last = u8::try_from(1 + dice.below(20)).unwrap();
        let net = if number % 3 == 0 { "fd00::" } else { "10.0.0." };
        let client = Machine::new(last, &format!("{net}{last}"));
        let server = Machine::new(200, &format!("{net}{}", 100 + number % 7));
        let at = f64::from(number) * 0.01;
        for packet in 0..2 + dice.below(12) {
            let data = vec![0; usize::try_from(dice.below(1200)).unwrap()];
            let (from, to, ports) = if packet % 3 == 1 {
                (server, client, (443, 20_000 + number))
            } else {
                (client, server, (20_000 + number, 443))
            };
            let flags = if packet < 2 { SYN | ACK } else { ACK };
            let upper = match number % 2 {
                0 => tcp(ports.0, ports.1, flags, &data),
                _ => udp(ports.0, ports.1, &data),
            };
            let protocol = if number % 2 == 0 { 6 } else { 17 };
            film.packet(at + packet as f64 * 1e-3, from, to, protocol, &upper);
        }
    }
    film.in_order()
}

fn only_v4(film: Film) -> Film {
    let shots = film.shots.into_iter();
    let shots = shots.filter(|shot| shot.bytes[12..14] == [8, 0]);
    Film {
        shots: shots.collect(),
    }
}

/// Packets and octets that each host sent; `header` octets of each packet are not counted.
fn sent(document: &Value, header: u64) -> BTreeMap<String, (u64, u64)> {
    let hosts = document["hosts"].as_array().unwrap().iter();
    hosts
        .map(|host| {
            let packets = host["sent"]["packets"].as_u64().unwrap();
            let bytes = host["sent"]["bytes"].as_u64().unwrap() - header * packets;
            (host["ip"].as_str().unwrap().to_owned(), (packets, bytes))
        })
        .collect()
}

fn run(command: &mut Command) {
    let output = command.stdin(Stdio::null()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

#[test]
#[ignore = "needs softflowd"]
fn softflowd_tells_the_same_numbers_in_every_version() {
    for version in ["5", "9", "10"] {
        let site = Site::new();
        let film = if version == "5" {
            only_v4(film())
        } else {
            film()
        };
        site.write("a.pcap", &film.pcap(1));
        let truth = site.json(&["talkers", "-r", "a.pcap"]);
        let collector = Collector::start(&site, &["talkers"]);
        let mut exporter = Command::new("softflowd");
        exporter
            .current_dir(site.path())
            .args(["-r", "a.pcap", "-d", "-6"]);
        exporter.args(["-v", version, "-n", &collector.address.to_string()]);
        exporter.args(["-p", "pid", "-c", "none"]);
        run(&mut exporter);
        let counted = collector.counted();
        assert_eq!(
            sent(&counted, 0),
            sent(&truth, ETHERNET),
            "version {version}"
        );
        assert_eq!(counted["exported"]["malformed"], 0, "version {version}");
    }
}

#[test]
#[ignore = "needs nfdump"]
fn nfreplay_tells_the_same_numbers_as_the_capture_its_file_is_of() {
    for version in ["5", "9"] {
        let site = Site::new();
        let film = only_v4(film());
        site.write("a.pcap", &film.pcap(1));
        let truth = site.json(&["talkers", "-r", "a.pcap"]);
        let folder = site.path().join("flows");
        fs::create_dir(&folder).unwrap();
        let mut writer = Command::new("nfpcapd");
        run(writer
            .current_dir(site.path())
            .args(["-r", "a.pcap", "-w", "flows"]));
        let collector = Collector::start(&site, &["talkers"]);
        for file in files(&folder) {
            let mut exporter = Command::new("nfreplay");
            exporter.args([
                "-H",
                "127.0.0.1",
                "-p",
                &collector.address.port().to_string(),
            ]);
            run(exporter.args(["-v", version, "-r"]).arg(file));
        }
        let counted = collector.counted();
        assert_eq!(
            sent(&counted, 0),
            sent(&truth, ETHERNET),
            "version {version}"
        );
    }
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort_unstable();
    files
}

#[test]
#[ignore = "needs pmacct"]
fn samples_of_an_sflow_agent_stand_for_the_whole_capture() {
    for rate in [1_u64, 4] {
        let site = Site::new();
        site.write("a.pcap", &film().pcap(1));
        let truth = site.json(&["talkers", "-r", "a.pcap"]);
        let collector = Collector::start(&site, &["talkers"]);
        let settings = format!(
            "daemonize: false\npcap_savefile: {}\nplugins: sfprobe\nsfprobe_receiver: {}\n\
             sampling_rate: {rate}\nsfprobe_agentip: 192.0.2.1\n",
            site.path().join("a.pcap").display(),
            collector.address
        );
        let file = site.write("pmacctd.conf", settings.as_bytes());
        // It never ends by itself, and what it says when it is ended depends on which of its processes is faster.
        let mut exporter = Command::new("timeout");
        exporter.args(["-s", "INT", "6", "pmacctd", "-f"]).arg(file);
        exporter.output().unwrap();
        let counted = collector.counted();
        let exported = &counted["exported"];
        assert_eq!(
            (&exported["malformed"], &exported["highest_rate"]),
            (&0.into(), &rate.into())
        );
        let total = |document: &Value| document["packets"].as_u64().unwrap();
        let (ours, whole) = (total(&counted), total(&truth));
        if rate == 1 {
            // The samples that wait to fill its last datagram are lost with it.
            assert!(ours <= whole && whole - ours < 16, "{ours} of {whole}");
            let (ours, truth) = (sent(&counted, 0), sent(&truth, 0));
            let equal = ours.iter().filter(|(ip, sums)| truth[*ip] == **sums);
            assert!(equal.count() + 16 > truth.len(), "{ours:?} {truth:?}");
        } else {
            // Some 700 of 2,800 packets are picked: the deviation of their sum is 3 per cent.
            let ratio = ours as f64 / whole as f64;
            assert!((ratio - 1.0).abs() < 0.15, "{ours} of {whole}");
        }
    }
}
