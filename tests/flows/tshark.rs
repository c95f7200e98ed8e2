//! Against tshark, a peer that decodes with code of its own.

use std::collections::BTreeMap;
use std::process::Command;

use crate::counts::fast;
use crate::mixed::{on_ethernet, on_link};
use crate::program::Site;
use crate::slow::{Slow, Sum};

const FIELDS: [&str; 8] = [
    "frame.len",
    "eth.src",
    "eth.dst",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "frame.protocols",
];

/// Counts what tshark prints of each frame: the first of each field is that of the outermost header.
fn by_tshark(site: &Site, file: &str) -> Slow {
    let mut command = Command::new("tshark");
    command.current_dir(site.path()).args(["-n", "-r", file]);
    // A fragment's payload belongs to the fragment, not to the packet it is put together to.
    command.args(["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"]);
    command.args(["-T", "fields", "-E", "occurrence=f", "-E", "separator=/t"]);
    for field in FIELDS {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut slow = Slow::default();
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let mut values = line.split('\t');
        let row: BTreeMap<&str, &str> = FIELDS
            .iter()
            .map(|field| (*field, values.next().unwrap_or("")))
            .collect();
        count(&mut slow, &row);
    }
    slow
}

fn count(slow: &mut Slow, row: &BTreeMap<&str, &str>) {
    let length: u64 = row["frame.len"].parse().unwrap();
    let add = |sum: &mut Sum| {
        sum.0 += 1;
        sum.1 += length;
    };
    add(&mut slow.total);
    if !row["eth.src"].is_empty() {
        add(&mut slow.macs.entry(row["eth.src"].to_owned()).or_default().0);
        add(&mut slow.macs.entry(row["eth.dst"].to_owned()).or_default().1);
    }
    // Of IP in IP, the outer one is whichever is named first.
    let stack = row["frame.protocols"];
    let outer = ["ip", "ipv6"].into_iter().min_by_key(|name| {
        let place = stack.split(':').position(|layer| layer == *name);
        place.unwrap_or(usize::MAX)
    });
    let (source, destination) = match outer {
        Some("ip") => (row["ip.src"], row["ip.dst"]),
        _ => (row["ipv6.src"], row["ipv6.dst"]),
    };
    if source.is_empty() {
        return;
    }
    add(&mut slow.hosts.entry(source.to_owned()).or_default().0);
    add(&mut slow.hosts.entry(destination.to_owned()).or_default().1);
}

fn assert_hosts_equal(site: &Site, name: &str) {
    let ours = fast(site, &["a.pcap"]);
    let theirs = by_tshark(site, "a.pcap");
    assert!(theirs.hosts.len() > 5, "{name}");
    assert_eq!(ours.total, theirs.total, "{name}");
    assert_eq!(ours.hosts, theirs.hosts, "{name}");
    if !theirs.macs.is_empty() {
        assert_eq!(ours.macs, theirs.macs, "{name}");
    }
}

#[test]
#[ignore = "needs tshark"]
fn hosts_and_macs_equal_those_of_tshark() {
    for seed in 21..24 {
        let site = Site::new();
        site.write("a.pcap", &on_ethernet(seed, 3000).pcap(1));
        assert_hosts_equal(&site, &format!("seed {seed}"));
    }
    let site = Site::new();
    let mut film = on_ethernet(24, 3000);
    film.cut(96);
    site.write("a.pcap", &film.pcap(1));
    assert_hosts_equal(&site, "cut");
    for link_type in [0, 101, 113, 276] {
        let site = Site::new();
        site.write("a.pcap", &on_link(link_type, 4, 2000).pcap(link_type));
        assert_hosts_equal(&site, &format!("link type {link_type}"));
    }
}

/// Reads `-z conv,tcp` and the like: two ends, frames and octets each way.
fn conversations(site: &Site, kind: &str) -> BTreeMap<(String, String), (Sum, Sum)> {
    let output = Command::new("tshark")
        .current_dir(site.path())
        .args(["-n", "-q", "-r", "a.pcap", "-z", &format!("conv,{kind}")])
        .args(["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut found = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains("<->")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        // Address <-> address, frames and octets with their unit: from right to left, left to right, together.
        let number = |place: usize| words[place].replace(',', "").parse::<u64>().unwrap();
        let octets = |place: usize| {
            assert_eq!(words[place + 1], "bytes", "{line}");
            number(place)
        };
        let (back, there) = ((number(3), octets(4)), (number(6), octets(7)));
        let end = |word: &str| {
            let (ip, port) = word.rsplit_once(':').unwrap();
            format!("{ip} {port}")
        };
        let (a, b) = (end(words[0]), end(words[2]));
        let (key, (there, back)) = if a <= b {
            ((a, b), (there, back))
        } else {
            ((b, a), (back, there))
        };
        // A second SYN begins a second row.
        let sums: &mut (Sum, Sum) = found.entry(key).or_default();
        sums.0 = (sums.0.0 + there.0, sums.0.1 + there.1);
        sums.1 = (sums.1.0 + back.0, sums.1.1 + back.1);
    }
    found
}

#[test]
#[ignore = "needs tshark"]
fn flows_equal_the_conversations_of_tshark() {
    let site = Site::new();
    // Tunnels count twice at tshark: once for each header. They are left out here.
    let mut film = on_ethernet(31, 4000);
    film.shots
        .retain(|shot| !shot.bytes.windows(2).any(|pair| pair == [64, 4]));
    site.write("a.pcap", &film.pcap(1));
    let ours = fast(&site, &["a.pcap"]);
    for (kind, protocol) in [("tcp", 6), ("udp", 17)] {
        let with_ports = ours
            .flows
            .iter()
            .filter(|((a, b, of), _)| *of == protocol && !(a.ends_with(" 0") && b.ends_with(" 0")));
        let mine: BTreeMap<_, _> = with_ports
            .map(|((a, b, _), sums)| ((a.clone(), b.clone()), *sums))
            .collect();
        let theirs = conversations(&site, kind);
        assert!(theirs.len() > 20, "{kind}");
        assert_eq!(mine, theirs, "{kind}");
    }
}
