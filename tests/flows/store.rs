//! Rankings from a real ClickHouse engine, equal to a count of the same records by hand.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, TcpStream};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::craft::Dice;
use crate::program::Site;
use crate::slow::Sum;

/// The engine behind its HTTP interface.
struct Engine {
    child: Child,
    port: u16,
    /// What the engine puts on disk; it does not clean up when it is killed.
    _folder: tempfile::TempDir,
}

impl Engine {
    fn start() -> Engine {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new("python3")
            .env("TMPDIR", folder.path())
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/flows/clickhouse.py"
            ))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        said.read_line(&mut line).unwrap();
        let port = line.trim().parse().expect("chdb is there");
        Engine {
            child,
            port,
            _folder: folder,
        }
    }

    fn change(&self, sql: &str) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!("POST / HTTP/1.0\r\nContent-Length: {}\r\n\r\n", sql.len());
        stream.write_all((head + sql).as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    }

    fn url(&self, rest: &str) -> String {
        format!("clickhouse://127.0.0.1:{}/{rest}", self.port)
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A flow record.
#[derive(Clone, Copy)]
struct Record {
    /// Seconds since the start of 1970.
    at: u64,
    rate: u64,
    bytes: u64,
    packets: u64,
    ends: [IpAddr; 2],
    macs: [u8; 2],
    vlan: u16,
    protocol: u8,
    ports: [u16; 2],
}

/// The beginning of 2024-03-04, UTC.
const MIDNIGHT: u64 = 1_709_510_400;

fn records() -> Vec<Record> {
    let mut dice = Dice::new(3);
    let below = |dice: &mut Dice, limit: u32| u32::try_from(dice.below(limit.into())).unwrap();
    let mut one = || {
        let v6 = below(&mut dice, 3) == 0;
        let end = |dice: &mut Dice| -> IpAddr {
            let number = 1 + below(dice, 300);
            if v6 {
                format!("fd00::{}:{number:x}", number % 3).parse().unwrap()
            } else {
                std::net::Ipv4Addr::from_bits(0x0a00_0000 + number).into()
            }
        };
        let ends = [end(&mut dice), end(&mut dice)];
        let macs = ends.map(|ip| match ip {
            IpAddr::V4(ip) => ip.octets()[3] % 5,
            IpAddr::V6(ip) => ip.octets()[15] % 5,
        });
        let packets = u64::from(1 + below(&mut dice, 50));
        Record {
            at: MIDNIGHT + u64::from(below(&mut dice, 3 * 86_400)),
            rate: [1, 1, 1000][usize::try_from(below(&mut dice, 3)).unwrap()],
            bytes: packets * u64::from(64 + below(&mut dice, 1400)),
            packets,
            ends,
            macs,
            vlan: u16::try_from(below(&mut dice, 4)).unwrap(),
            protocol: [6, 17][usize::try_from(below(&mut dice, 2)).unwrap()],
            ports: [0; 2].map(|_| [53, 443, 14857][usize::try_from(below(&mut dice, 3)).unwrap()]),
        }
    };
    (0..3000).map(|_| one()).collect()
}

type Sums = BTreeMap<String, (Sum, Sum)>;

/// Adds up what is `wanted` by a key of each end.
fn by_hand(
    records: &[Record],
    wanted: impl Fn(&Record) -> bool,
    key: impl Fn(&Record, usize) -> String,
) -> Sums {
    let mut sums = Sums::new();
    for record in records.iter().filter(|record| wanted(record)) {
        for end in 0..2 {
            let sum = sums.entry(key(record, end)).or_default();
            let side = if end == 0 { &mut sum.0 } else { &mut sum.1 };
            side.0 += record.packets * record.rate;
            side.1 += record.bytes * record.rate;
        }
    }
    sums
}

fn told(rows: &Value, name: &str) -> Sums {
    let sum = |value: &Value| {
        let number = |of: &str| value[of].as_u64().unwrap();
        (number("packets"), number("bytes"))
    };
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| {
        let key = row[name].as_str().unwrap().to_owned();
        (key, (sum(&row["sent"]), sum(&row["received"])))
    })
    .collect()
}

/// Tables as Akvorado and goflow2's example make them, with the columns that are looked at.
fn fill(engine: &Engine, records: &[Record]) {
    engine.change("CREATE DATABASE d");
    engine.change(
        "CREATE TABLE d.flows (TimeReceived DateTime('UTC'), SamplingRate UInt64, SrcAddr IPv6, DstAddr IPv6, \
         SrcVlan UInt16, DstVlan UInt16, EType UInt32, Proto UInt32, SrcPort UInt16, DstPort UInt16, Bytes UInt64, \
         Packets UInt64, SrcMAC UInt64, DstMAC UInt64) ENGINE = MergeTree ORDER BY TimeReceived",
    );
    engine.change(
        "CREATE TABLE d.flows_raw (time_received_ns DateTime64(9, 'UTC'), sampling_rate UInt64, src_addr FixedString(16), \
         dst_addr FixedString(16), etype UInt32, proto UInt32, src_port UInt32, dst_port UInt32, bytes UInt64, \
         packets UInt64) ENGINE = MergeTree ORDER BY time_received_ns",
    );
    let mapped = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped(),
        IpAddr::V6(ip) => ip,
    };
    // As Protobuf's octets come into a FixedString(16): IPv4 fills the first four.
    let octets = |ip: IpAddr| match ip {
        IpAddr::V4(ip) => format!("unhex('{:08x}')", ip.to_bits()),
        IpAddr::V6(ip) => format!("unhex('{:032x}')", ip.to_bits()),
    };
    let mut akvorado = String::new();
    let mut goflow = String::new();
    for record in records {
        let Record {
            at,
            rate,
            bytes,
            packets,
            ends: [a, b],
            macs: [x, y],
            vlan,
            protocol,
            ports: [s, t],
        } = *record;
        let kind = if a.is_ipv4() { 0x0800 } else { 0x86dd };
        let mac = |last: u8| 0x0200_0000_0000_u64 + u64::from(last);
        akvorado += &format!(
            "({at},{rate},'{}','{}',{vlan},{vlan},{kind},{protocol},{s},{t},{bytes},{packets},{},{}),",
            mapped(a),
            mapped(b),
            mac(x),
            mac(y)
        );
        goflow += &format!(
            "(fromUnixTimestamp64Nano({at}000000000),{rate},{},{},{kind},{protocol},{s},{t},{bytes},{packets}),",
            octets(a),
            octets(b)
        );
    }
    engine.change(&format!(
        "INSERT INTO d.flows VALUES {}",
        akvorado.trim_end_matches(',')
    ));
    engine.change(&format!(
        "INSERT INTO d.flows_raw VALUES {}",
        goflow.trim_end_matches(',')
    ));
}

#[test]
#[ignore = "needs chdb"]
fn a_real_engine_ranks_as_a_count_by_hand_does() {
    let engine = Engine::start();
    let records = records();
    fill(&engine, &records);
    let site = Site::new();
    let ip = |record: &Record, end: usize| record.ends[end].to_string();
    let whole = by_hand(&records, |_| true, ip);
    for table in [
        "d?schema=akvorado",
        "d?schema=akvorado-l2&table=flows",
        "d?schema=goflow2",
    ] {
        let document = site.json(&["talkers", "--from", &engine.url(table)]);
        assert_eq!(told(&document["hosts"], "ip"), whole, "{table}");
        assert_eq!(document["host_count"], whole.len());
        assert_eq!(document["flow_count"], 3000);
        assert_eq!(document["exported"]["highest_rate"], 1000);
    }
    let url = engine.url("d?schema=akvorado-l2");
    let ask = |args: &[&str]| site.json(&[&["talkers", "--from", &url], args].concat());

    let document = ask(&["--subnet", "24,112"]);
    let net = |record: &Record, end: usize| match record.ends[end] {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(ip) => match ip.segments()[6] {
            0 => "fd00::/112".to_owned(),
            number => format!("fd00::{number:x}:0/112"),
        },
    };
    assert_eq!(
        told(&document["subnets"], "subnet"),
        by_hand(&records, |_| true, net)
    );
    let mac = |record: &Record, end: usize| format!("02:00:00:00:00:{:02x}", record.macs[end]);
    assert_eq!(
        told(&document["macs"], "mac"),
        by_hand(&records, |_| true, mac)
    );
    for row in document["vlans"].as_array().unwrap() {
        let of_vlan = records
            .iter()
            .filter(|record| row["vlan"].as_str().unwrap().parse() == Ok(record.vlan));
        assert_eq!(
            row["bytes"],
            of_vlan
                .map(|record| record.bytes * record.rate)
                .sum::<u64>()
        );
    }
    assert_eq!(document["vlans"].as_array().unwrap().len(), 3);

    let in_net = |ip: IpAddr| matches!(ip, IpAddr::V4(ip) if ip.octets()[2] == 0);
    let document = ask(&[
        "--filter",
        "udp and not dst port 53 and src net 10.0.0.0/24",
    ]);
    let wanted = |r: &Record| r.protocol == 17 && r.ports[1] != 53 && in_net(r.ends[0]);
    assert_eq!(
        told(&document["hosts"], "ip"),
        by_hand(&records, wanted, ip)
    );
    let document = ask(&[
        "--window",
        "22:00-06:00",
        "--utc",
        "--filter",
        "ip6 and vlan 2",
    ]);
    let wanted = |r: &Record| {
        let hour = r.at % 86_400 / 3600;
        !(6..22).contains(&hour) && r.ends[0].is_ipv6() && r.vlan == 2
    };
    assert_eq!(
        told(&document["hosts"], "ip"),
        by_hand(&records, wanted, ip)
    );

    let document = ask(&["--by", "sent-packets", "--top", "5"]);
    let mut most: Vec<u64> = whole.values().map(|(sent, _)| sent.0).collect();
    most.sort_unstable_by(|a, b| b.cmp(a));
    let rows = document["hosts"].as_array().unwrap();
    let sent: Vec<u64> = rows
        .iter()
        .map(|row| row["sent"]["packets"].as_u64().unwrap())
        .collect();
    assert_eq!(sent, most[..5]);
    // All records are old: nothing came in the last day.
    assert_eq!(ask(&["--since", "1h"])["packets"], 0);
}

#[test]
#[ignore = "needs chdb"]
fn the_engines_refusals_are_told_and_a_credential_opens_the_door() {
    let engine = Engine::start();
    fill(&engine, &records()[..10]);
    let site = Site::new();
    let refused = |url: &str, words: &str, code: i32| {
        let output = site.run(&["talkers", "--from", url]);
        let told = String::from_utf8(output.stderr).unwrap();
        assert!(told.contains(words), "{told}");
        assert_eq!(output.status.code(), Some(code), "{told}");
    };
    refused(&engine.url("d?table=nope"), "Code: 60", 3);
    refused(
        &engine.url("d?schema=goflow2&table=flows"),
        "Unknown expression",
        3,
    );
    refused(
        &engine.url("d?table=flows%60%20WHERE%201"),
        "no name of letters",
        2,
    );
    let other = engine.url("d").replace("//", "//other@");
    refused(&other, "does not accept the login", 3);
    site.write(
        "halfspan.yaml",
        b"credentials:\n  store: { http: { user: reader, password: \"file:pw\", plain: true } }\n",
    );
    let secret = site.write("pw", b"d3-pw\n");
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(secret, private).unwrap();
    let document = site.json(&["talkers", "--from", &engine.url("d?credentials=store")]);
    assert_eq!(document["flow_count"], 10);
}
