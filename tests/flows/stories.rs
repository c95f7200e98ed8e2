//! Five stories of practitioners, each on a capture built for it: the command that a user would type names the host.

use serde_json::Value;

use crate::craft::{
    ACK, Dice, FIN, Film, MIDNIGHT, Machine, RST, SYN, arp, ethernet, mac, tcp, udp, v4,
};
use crate::program::Site;

const HOUR: f64 = 3600.0;
const DAY: f64 = 86_400.0;

fn router() -> Machine {
    Machine::new(254, "10.0.0.254")
}

/// A host of the Internet, seen with the router's MAC.
fn outside(ip: &str) -> Machine {
    Machine {
        mac: router().mac,
        ip: ip.parse().unwrap(),
    }
}

fn workstation(number: u8) -> Machine {
    Machine::new(number, &format!("10.0.0.{number}"))
}

/// A TCP connection with a request and so many data packets back.
fn connection(film: &mut Film, at: f64, client: (Machine, u16), server: (Machine, u16), back: u32) {
    let up = |flags, data: &[u8]| tcp(client.1, server.1, flags, data);
    let down = |flags, data: &[u8]| tcp(server.1, client.1, flags, data);
    film.packet(at, client.0, server.0, 6, &up(SYN, &[]));
    film.packet(at + 0.01, server.0, client.0, 6, &down(SYN | ACK, &[]));
    film.packet(at + 0.02, client.0, server.0, 6, &up(ACK, &[b'q'; 200]));
    for number in 0..back {
        film.packet(
            at + 0.03 + f64::from(number) * 1e-3,
            server.0,
            client.0,
            6,
            &down(ACK, &[0; 1200]),
        );
    }
    let end = at + 0.04 + f64::from(back) * 1e-3;
    film.packet(end, client.0, server.0, 6, &up(FIN | ACK, &[]));
    film.packet(end + 0.01, server.0, client.0, 6, &down(FIN | ACK, &[]));
}

/// An office that works from 8 to 18 o'clock, and its mail and web at all times.
fn office(film: &mut Film, dice: &mut Dice, days: u32) {
    let web = outside("198.51.100.80");
    let mail = outside("198.51.100.25");
    for day in 0..days {
        for number in 0..200 {
            let at = f64::from(day) * DAY + (8.0 + dice.uniform() * 10.0) * HOUR;
            let client = workstation(10 + u8::try_from(dice.below(8)).unwrap());
            let port = 20_000 + number;
            let service = if dice.below(4) == 0 {
                (mail, 25)
            } else {
                (web, 80)
            };
            connection(
                film,
                at,
                (client, port),
                service,
                u32::try_from(dice.below(20)).unwrap(),
            );
        }
    }
}

fn findings(site: &Site, args: &[&str]) -> Vec<Value> {
    let document = site.json(&[&["flows", "--anomalies", "--top", "0", "-r"], args].concat());
    document["anomalies"].as_array().unwrap().clone()
}

fn of_kind<'a>(findings: &'a [Value], kind: &str) -> Vec<&'a Value> {
    findings
        .iter()
        .filter(|finding| finding["kind"] == kind)
        .collect()
}

/// The one finding of a kind.
fn only<'a>(findings: &'a [Value], kind: &str) -> &'a Value {
    let found = of_kind(findings, kind);
    assert_eq!(found.len(), 1, "{kind}: {findings:#?}");
    found[0]
}

#[test]
fn an_argus_user_finds_the_host_of_a_nightly_transfer_and_its_control_connection() {
    let mut film = Film::default();
    let mut dice = Dice::new(1);
    office(&mut film, &mut dice, 2);
    let (host, server) = (workstation(17), outside("203.0.113.21"));
    for day in 0..2 {
        let at = f64::from(day) * DAY + 3.2 * HOUR;
        let (control, data) = (40_000 + day, 51_213);
        connection(&mut film, at, (host, control), (server, 21), 0);
        let reply = b"227 Entering Passive Mode (203,0,113,21,200,13)\r\n";
        film.packet(at + 0.02, server, host, 6, &tcp(21, control, ACK, reply));
        connection(
            &mut film,
            at + 1.0,
            (host, 41_000 + day),
            (server, data),
            900,
        );
    }
    let site = Site::new();
    site.write("full.pcap", &film.in_order().pcap(1));
    let window = ["--window", "03:00-04:00", "--utc"];

    let talkers = site.json(
        &[
            &["talkers", "-r", "full.pcap", "--by", "packets"],
            &window[..],
        ]
        .concat(),
    );
    let top: Vec<_> = (0..2)
        .map(|place| talkers["hosts"][place]["ip"].clone())
        .collect();
    assert!(top.contains(&"10.0.0.17".into()), "{top:?}");

    let read = [
        "flows",
        "-r",
        "full.pcap",
        "--not-port",
        "25,80",
        "--by",
        "packets",
    ];
    let flows = site.json(&[&read[..], &["--host", "10.0.0.17"], &window[..]].concat());
    let first = &flows["flows"][0];
    assert_eq!(
        (&first["a"], &first["b"]),
        (&"10.0.0.17".into(), &"203.0.113.21".into())
    );
    assert_eq!(first["b_port"], 51_213);
    let service = first["service"].as_str().unwrap();
    assert!(
        service.starts_with("ftp-data (passive), control 10.0.0.17:4000"),
        "{service}"
    );
    assert!(service.ends_with("-> 203.0.113.21:21"), "{service}");
    assert_eq!(first["state"], "closed");

    let text = site.text(&["talkers", "-r", "full.pcap", "--bins", "1h", "--top", "3"]);
    assert!(text.contains("10.0.0.17") && text.contains('█'), "{text}");
}

#[test]
fn an_nfsen_user_finds_the_host_on_udp_port_14857() {
    let mut film = Film::default();
    let mut dice = Dice::new(2);
    office(&mut film, &mut dice, 1);
    let (host, target) = (workstation(12), outside("203.0.113.66"));
    for number in 0..2000 {
        let at = 12.0 * HOUR + f64::from(number) * 0.4;
        film.packet(at, host, target, 17, &udp(14857, 14857, &[0; 900]));
        if number % 10 == 0 {
            film.packet(
                at + 0.1,
                workstation(13),
                outside("192.0.2.53"),
                17,
                &udp(5000, 53, &[0; 40]),
            );
        }
    }
    let site = Site::new();
    site.write("noon.pcap", &film.in_order().pcap(1));
    let read = ["talkers", "-r", "noon.pcap", "--by", "sent", "--top", "1"];
    let talkers = site.json(&[&read[..], &["--window", "12:00-13:00", "--utc"]].concat());
    assert_eq!(talkers["hosts"][0]["ip"], "10.0.0.12");
    assert_eq!(talkers["hosts"][0]["macs"][0], "02:00:00:00:00:0c");
    assert!(talkers["hosts"][0]["pcr"].as_f64().unwrap() > 0.9);

    let findings = findings(&site, &["noon.pcap"]);
    let port = only(&findings, "one_port");
    assert_eq!(port["suspect"], "10.0.0.12");
    assert!(
        port["what"].as_str().unwrap().contains("udp port 14857"),
        "{port}"
    );
    assert_eq!(port["locate"], "halfspan locate --ip 10.0.0.12");
    let one_way = only(&findings, "one_way");
    assert_eq!(
        (&one_way["suspect"], &one_way["packets"]),
        (&"10.0.0.12".into(), &2000.into())
    );
}

#[test]
fn a_flat_link_and_a_one_sided_one_are_told_with_the_causes_by_kind_of_host() {
    let mut film = Film::default();
    let mut dice = Dice::new(3);
    office(&mut film, &mut dice, 4);
    let camera = workstation(30);
    for number in 0..4 * 24 * 60 {
        let at = f64::from(number) * 60.0 + dice.uniform() * 20.0;
        film.packet(
            at,
            camera,
            outside("203.0.113.9"),
            17,
            &udp(6000, 6001, &[0; 1300]),
        );
    }
    let site = Site::new();
    site.write("days.pcapng", &film.in_order().pcapng(1));
    let findings = findings(&site, &["days.pcapng"]);
    let flat = only(&findings, "no_night");
    assert_eq!(flat["suspect"], "10.0.0.30");
    let one_sided = of_kind(&findings, "imbalance");
    assert!(
        one_sided
            .iter()
            .any(|finding| finding["suspect"] == "10.0.0.30")
    );
    let hosts = flat["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| &cause["host"]);
    let hosts: Vec<_> = hosts.collect();
    for kind in ["workstation", "web server", "FTP server"] {
        assert!(hosts.contains(&&kind.into()), "{hosts:?}");
    }
}

#[test]
fn sources_from_all_over_the_subnet_are_traced_to_the_mac_that_forged_them() {
    let mut film = Film::default();
    let mut dice = Dice::new(4);
    office(&mut film, &mut dice, 1);
    let (forger, victim) = (mac(0x66), outside("203.0.113.80"));
    for number in 0..3000_u32 {
        let last = u8::try_from(100 + dice.below(100)).unwrap();
        let forged = Machine {
            mac: forger,
            ip: v4(&format!("10.0.0.{last}")).into(),
        };
        film.packet(
            9.0 * HOUR + f64::from(number) * 0.01,
            forged,
            victim,
            17,
            &udp(999, 80, &[0; 10]),
        );
    }
    let site = Site::new();
    site.write("forged.pcap", &film.in_order().pcap(1));
    let findings = findings(&site, &["forged.pcap"]);
    let forged = only(&findings, "forged_sources");
    assert_eq!(forged["suspect"], "02:00:00:00:00:66");
    assert_eq!(forged["locate"], "halfspan locate --mac 02:00:00:00:00:66");
    assert_eq!(forged["packets"], 3000);
    let talkers = site.json(&["talkers", "-r", "forged.pcap", "--mac"]);
    let macs = talkers["macs"].as_array().unwrap();
    let row = macs
        .iter()
        .find(|row| row["mac"] == "02:00:00:00:00:66")
        .unwrap();
    assert_eq!(row["ips"], 100);
}

#[test]
fn a_security_officer_sees_data_without_syn_to_an_unused_address_with_identification_zero() {
    let mut film = Film::default();
    let mut dice = Dice::new(5);
    office(&mut film, &mut dice, 1);
    let attacker = outside("192.0.2.99");
    let unused = v4("10.0.0.77");
    for number in 0..30_u16 {
        let at = 10.0 * HOUR + f64::from(number) * 97.0 * dice.uniform();
        let exploit = tcp(
            30_000 + number,
            80,
            ACK,
            b"GET /scripts/..%255c../cmd.exe HTTP/1.0\r\n\r\n",
        );
        let packet = crate::craft::ip4_cut(v4("192.0.2.99"), unused, 6, 0, 0, &exploit);
        film.shoot(at, ethernet(mac(200), attacker.mac, 0x0800, &packet));
        let request = arp(1, (router().mac, v4("10.0.0.254")), unused);
        film.shoot(
            at - 0.001,
            ethernet([0xff; 6], router().mac, 0x0806, &request),
        );
    }
    let first = (MIDNIGHT + 10.0 * HOUR) as i64 * 1_000_000_000;
    let film = film.in_order();
    let place = film
        .shots
        .iter()
        .position(|shot| shot.at >= first && shot.bytes[30..34] == [10, 0, 0, 77]);
    let site = Site::new();
    site.write("tap.pcap", &film.pcap(1));
    let findings = findings(&site, &["tap.pcap"]);
    let data = only(&findings, "data_without_syn");
    assert_eq!(
        (&data["suspect"], &data["packets"]),
        (&"192.0.2.99".into(), &30.into())
    );
    assert!(
        data["what"].as_str().unwrap().ends_with("identification 0"),
        "{data}"
    );
    assert_eq!(data["first_packet"], place.unwrap() + 1);
    assert_eq!(data["locate"], Value::Null);
    let unused = only(&findings, "unused_destination");
    let what = unused["what"].as_str().unwrap();
    assert!(
        what.contains("10.0.0.77 (30 ARP requests for it in vain)"),
        "{what}"
    );
    let text = site.text(&["flows", "-r", "tap.pcap", "--anomalies"]);
    assert!(text.contains("data_without_syn: 192.0.2.99"), "{text}");
}

#[test]
fn scans_and_beacons_are_told_and_an_ordinary_office_is_not() {
    let mut film = Film::default();
    let mut dice = Dice::new(6);
    office(&mut film, &mut dice, 1);
    let site = Site::new();
    site.write("calm.pcap", &film.clone().in_order().pcap(1));
    assert_eq!(findings(&site, &["calm.pcap"]), Vec::<Value>::new());

    let (scanner, spreader, bot) = (workstation(40), workstation(41), workstation(42));
    for port in 1..200_u16 {
        let at = 9.0 * HOUR + f64::from(port) * 0.05;
        film.packet(
            at,
            scanner,
            workstation(10),
            6,
            &tcp(50_000, port, SYN, &[]),
        );
        film.packet(
            at + 0.001,
            workstation(10),
            scanner,
            6,
            &tcp(port, 50_000, RST | ACK, &[]),
        );
    }
    for last in 50..150_u8 {
        let at = 10.0 * HOUR + f64::from(last) * 0.5;
        film.packet(
            at,
            spreader,
            outside(&format!("198.51.100.{last}")),
            6,
            &tcp(50_000, 445, SYN, &[]),
        );
    }
    for number in 0..40_u16 {
        let at = 8.0 * HOUR + f64::from(number) * 600.0 + dice.uniform() * 8.0;
        connection(
            &mut film,
            at,
            (bot, 30_000 + number),
            (outside("203.0.113.5"), 8443),
            1,
        );
    }
    site.write("busy.pcap", &film.in_order().pcap(1));
    let findings = findings(&site, &["busy.pcap"]);
    let suspect = |kind| only(&findings, kind)["suspect"].clone();
    assert_eq!(suspect("port_scan"), "10.0.0.40");
    assert_eq!(suspect("host_scan"), "10.0.0.41");
    assert_eq!(suspect("unanswered"), "10.0.0.41");
    assert_eq!(suspect("beacon"), "10.0.0.42");
    let what = only(&findings, "beacon")["what"].to_string();
    assert!(
        what.contains("203.0.113.5 tcp port 8443 every 599.8 s"),
        "{what}"
    );
}

#[test]
fn who_answers_many_is_no_scanner_though_the_answers_are_all_that_is_seen() {
    let (client, device) = (workstation(40), workstation(41));
    let mut film = Film::default();
    for number in 0..40_u16 {
        let at = 9.0 * HOUR + f64::from(number);
        let port = 50_000 + number;
        // One direction of many connections: the servers' side, from its beginning and from the middle.
        let server = outside(&format!("198.51.100.{}", number + 1));
        let flags = if number % 2 == 0 { SYN | ACK } else { ACK };
        film.packet(at, server, client, 6, &tcp(443, port, flags, &[]));
        film.packet(at + 0.1, server, client, 6, &tcp(443, port, ACK, b"data"));
        // A device that is found by a question to a group, and answers to the client alone.
        film.packet(at, device, client, 17, &udp(1900, port, b"HTTP/1.1 200 OK"));
    }
    let site = Site::new();
    site.write("answers.pcap", &film.in_order().pcap(1));
    let findings = findings(&site, &["answers.pcap"]);
    for kind in ["host_scan", "port_scan", "unanswered"] {
        assert!(of_kind(&findings, kind).is_empty(), "{findings:#?}");
    }
}
