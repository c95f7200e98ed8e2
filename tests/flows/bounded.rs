//! More hosts and flows than there is memory for.

use std::net::Ipv4Addr;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::craft::{Dice, Film, Machine, SYN, tcp, udp};
use crate::program::Site;
use crate::slow::Slow;

/// Packets with sources that never come again; every twentieth is of one of five talkers. All go to 10.0.0.1.
fn flood(packets: u32) -> Film {
    let mut film = Film::default();
    let mut dice = Dice::new(1);
    let server = Machine::new(1, "10.0.0.1");
    for number in 0..packets {
        let at = f64::from(number) * 1e-4;
        if number % 20 == 0 {
            let last = u8::try_from(2 + dice.below(5)).unwrap();
            let talker = Machine::new(last, &format!("10.0.0.{last}"));
            film.packet(at, talker, server, 17, &udp(9, 9, &[0; 1200]));
        } else {
            let forged = Machine::new(9, &Ipv4Addr::from_bits(0x0b00_0000 + number).to_string());
            film.packet(at, forged, server, 6, &tcp(9, 80, SYN, &[]));
        }
    }
    film
}

#[test]
fn with_little_memory_the_heavy_hosts_stay_right_within_the_stated_error() {
    let site = Site::new();
    let pcap = flood(300_000).pcap(1);
    site.write("flood.pcap", &pcap);
    let slow = Slow::count(&pcap, 1);
    let counted = site.json(&["talkers", "-r", "flood.pcap", "--memory", "8", "--top", "6"]);
    assert!(counted["lost"]["hosts"].as_u64().unwrap() > 0);
    let error = counted["lost"]["host_error"].as_u64().unwrap();
    let smallest = 15_000 / 5 * 1200 / 2;
    assert!(error < smallest, "{error}");
    let hosts = slow.hosts.iter();
    let mut heaviest: Vec<_> = hosts.map(|(ip, (s, r))| (s.1 + r.1, ip)).collect();
    heaviest.sort_unstable();
    let rows = counted["hosts"].as_array().unwrap();
    for (row, (bytes, ip)) in rows.iter().zip(heaviest.iter().rev()) {
        assert_eq!(row["ip"], **ip);
        let found =
            row["sent"]["bytes"].as_u64().unwrap() + row["received"]["bytes"].as_u64().unwrap();
        assert!(found <= *bytes && *bytes <= found + error, "{ip}");
    }
}

/// What the kernel lets a process have for `--memory 8`, in KiB: the tables, the program's own data, threads and chunks
/// of the file. Without bounds the flood of the test takes 150 MB for the rules of anomalies alone.
const LIMIT: &str = "49152";

/// Runs with the limit.
fn within_the_limit(site: &Site, args: &[&str]) -> Value {
    let output = Command::new("sh")
        .args(["-c", "ulimit -d $0; exec \"$@\"", LIMIT])
        .arg(assert_cmd::cargo::cargo_bin!("halfspan"))
        .args(args)
        .args(["-r", "flood.pcap", "--memory", "8", "--json"])
        .current_dir(site.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{args:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn forged_sources_take_no_more_memory_than_allowed_and_the_findings_say_what_was_not_kept() {
    let site = Site::new();
    site.write("flood.pcap", &flood(200_000).pcap(1));
    for args in [["talkers", "--bins", "1s"], ["flows", "--by", "packets"]] {
        let counted = within_the_limit(&site, &args);
        assert_eq!(counted["packets"], 200_000);
        assert!(counted["lost"]["flows"].as_u64().unwrap() > 0);
    }
    let odd = within_the_limit(&site, &["flows", "--anomalies"]);
    let lost = odd["lost"]["flows"].as_u64().unwrap();
    let findings = odd["anomalies"].as_array().unwrap();
    let forged = findings.iter().find(|row| row["kind"] == "forged_sources");
    let forged = forged.unwrap();
    assert_eq!(forged["suspect"], "02:00:00:00:00:09");
    let what = forged["what"].as_str().unwrap();
    let caveat = format!("{lost} of the smallest flows were given up");
    assert!(
        what.contains("at least") && what.contains(&caveat),
        "{what}"
    );
}
