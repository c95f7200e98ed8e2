//! The real kernel: two network namespaces with a cable between them.

use std::net::IpAddr;
use std::process::Command;

use super::{KnownRouter, Resolution, Surroundings, SuspectError, resolve};
use crate::clock::{Clock, LiveClock};
use crate::mac::Mac;

/// Set in the copy of this test program that runs inside the namespace; holds the name of the other one.
const INSIDE: &str = "HALFSPAN_TEST_INSIDE_NAMESPACE";

const PEER: Mac = Mac([2, 0, 0, 0, 0, 2]);
const KNOWN: Mac = Mac([4, 0xd4, 0xc4, 0x12, 0x34, 0x56]);

/// Two namespaces, taken down at the end.
struct Namespaces {
    ours: String,
    theirs: String,
}

impl Namespaces {
    fn make() -> Self {
        let id = std::process::id();
        let names = Namespaces {
            ours: format!("halfspan-a{id}"),
            theirs: format!("halfspan-b{id}"),
        };
        let (a, b) = (&names.ours, &names.theirs);
        for command in [
            format!("netns add {a}"),
            format!("netns add {b}"),
            format!("-n {a} link add v0 type veth peer name v1 netns {b} address {PEER}"),
            format!("-n {a} addr add 10.99.0.1/24 dev v0"),
            format!("-n {b} addr add 10.99.0.2/24 dev v1"),
            format!("-n {a} addr add fd00:99::1/64 dev v0 nodad"),
            format!("-n {b} addr add fd00:99::2/64 dev v1 nodad"),
            format!("-n {a} link set v0 up"),
            format!("-n {b} link set v1 up"),
            format!("-n {a} route add default via 10.99.0.2"),
            format!("-n {a} route add 10.99.0.128/25 via 10.99.0.2"),
            format!("-n {a} neigh add 10.99.0.57 lladdr {KNOWN} dev v0"),
            format!("-n {a} neigh add fd00:99::57 lladdr {KNOWN} dev v0"),
        ] {
            ip(&command);
        }
        names
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        for name in [&self.ours, &self.theirs] {
            Command::new("ip")
                .args(["netns", "del", name])
                .status()
                .ok();
        }
    }
}

fn ip(command: &str) {
    let status = Command::new("ip").args(command.split(' ')).status();
    assert!(
        status.expect("iproute2 is installed").success(),
        "ip {command}"
    );
}

/// Counts the IPv4 packets that arrived in a namespace (`Ip: InReceives` of /proc/net/snmp).
fn packets_in(namespace: &str) -> u64 {
    let command = ["netns", "exec", namespace, "cat", "/proc/net/snmp"];
    let output = Command::new("ip").args(command).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let values = text.lines().filter(|line| line.starts_with("Ip:")).nth(1);
    values.unwrap().split(' ').nth(3).unwrap().parse().unwrap()
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn ask(ip: &str, passive: bool) -> Result<(Mac, String), SuspectError> {
    let mut nobody: [KnownRouter<'_>; 0] = [];
    let resolved = resolve(address(ip), &mut nobody, passive, &LiveClock::start())?;
    assert!(resolved.troubles.is_empty(), "{:?}", resolved.troubles);
    let Resolution::One(mac) = resolved.claims.resolution() else {
        panic!("{}", resolved.claims);
    };
    Ok((mac, resolved.claims.sources(mac)))
}

/// Asks up to three times: on a busy machine both of the kernel's requests can be late within our patience.
fn ask_until_told(ip: &str) -> (Mac, String) {
    let mut asked = (0..3).map(|_| ask(ip, false));
    asked.find_map(Result::ok).expect("the peer answers")
}

#[test]
#[ignore = "needs root and network namespaces"]
fn the_kernel_tells_asks_and_never_goes_through_a_gateway() {
    let Ok(peer) = std::env::var(INSIDE) else {
        let namespaces = Namespaces::make();
        let name =
            "suspect::namespace_tests::the_kernel_tells_asks_and_never_goes_through_a_gateway";
        let status = Command::new("ip")
            .args(["netns", "exec", &namespaces.ours])
            .arg(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", name, "--nocapture"])
            .env(INSIDE, &namespaces.theirs)
            .status();
        assert!(status.unwrap().success());
        return;
    };
    let table = "this machine's neighbour table".to_owned();
    assert_eq!(ask("10.99.0.57", true).unwrap(), (KNOWN, table.clone()));
    assert_eq!(ask("fd00:99::57", true).unwrap(), (KNOWN, table));

    assert!(ask("10.99.0.2", true).is_err(), "passive asks nobody");
    let by_arp = (PEER, "asked by ARP".to_owned());
    assert_eq!(ask_until_told("10.99.0.2"), by_arp);
    let around = Surroundings::read();
    assert_eq!(around.gateways, [(address("10.99.0.2"), PEER)]);
    assert!(around.is_near(address("10.99.0.77")) && !around.is_near(address("192.0.2.1")));
    let by_discovery = (PEER, "asked by neighbour discovery".to_owned());
    assert_eq!(ask_until_told("fd00:99::2"), by_discovery);

    let before = packets_in(&peer);
    for (stranger, why) in [
        ("10.99.0.3", "nobody answers"),
        ("192.0.2.1", "behind the default gateway"),
        ("10.99.0.200", "in our subnet, but routed through a gateway"),
    ] {
        let clock = LiveClock::start();
        let outcome = ask(stranger, false);
        assert!(
            matches!(outcome, Err(SuspectError::Unknown { .. })),
            "{why}"
        );
        assert!(clock.now().0.as_secs() < 3, "{why}");
    }
    assert_eq!(packets_in(&peer), before, "the gateway was given nothing");
    let own = ask("10.99.0.1", false);
    assert!(matches!(own, Err(SuspectError::ThisMachine { .. })));
}
