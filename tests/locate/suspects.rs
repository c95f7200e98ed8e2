//! Every kind of suspect, and what is said of each.

use halfspan::lab::{Bridge, Directions, Forges, Forwarding, Lab, Place, Spec, Talk};
use halfspan::port::BridgePort;

use crate::site::{Ran, Site};

fn nowhere_found(site: &Site, ran: &Ran) -> serde_json::Value {
    ran.assert_exit(1);
    let report = ran.json();
    assert_eq!(report["outcome"], "not_seen", "{ran}");
    assert_eq!(report["mirror"]["restored"], true);
    assert!(report.get("port").is_none() && report.get("error").is_none());
    site.assert_untouched();
    report
}

#[test]
fn a_suspect_is_found_without_the_switchs_tables() {
    let site = Site::new(|_| ());
    site.locate(&["--no-tables", "--json"])
        .assert_located(&site);
}

#[test]
fn a_suspect_is_found_though_the_forwarding_table_names_another_port() {
    let site = Site::new(|spec| {
        spec.bridge = Bridge {
            answers: Forwarding::Wrong(BridgePort(2)),
            ..Bridge::default()
        };
    });
    site.locate(&["--json"]).assert_located(&site);
}

#[test]
fn a_mac_will_do_in_any_notation() {
    let site = Site::new(|_| ());
    let mac = site.lab.truth().mac.to_string();
    let bare: String = mac.split(':').collect();
    let ran = site.run(&["locate", "--yes", "--json", "--mac", &bare.to_uppercase()]);
    let report = ran.assert_located(&site);
    assert_eq!(report["suspect"]["mac"], mac);
    assert_eq!(
        report["suspect"]["ip"],
        site.suspect().to_string(),
        "learnt from its frames"
    );
}

#[test]
fn machines_behind_the_same_hub_are_named() {
    let site = Site::new(|spec| spec.suspect.hub_mates = 2);
    let report = site.locate(&["--json"]).assert_located(&site);
    let others = report["other_macs_on_port"].as_array().unwrap();
    assert_eq!(others.len(), 2, "{others:?}");
    let suspect = site.lab.truth().mac.to_string();
    assert!(!others.iter().any(|mac| *mac == *suspect));
    let behind = "a hub or a small switch: 2 other machines share the port";
    assert_eq!(report["behind"], behind);
}

#[test]
fn a_virtual_machine_is_told_with_its_host() {
    let site = Site::new(|spec| {
        spec.suspect.is_virtual = true;
        spec.suspect.hub_mates = 2;
    });
    let report = site.locate(&["--json"]).assert_exit(0).json();
    assert_eq!(report["outcome"], "virtual_host", "{report:#}");
    assert_eq!(
        report["port"]["if_index"],
        site.suspect_port().if_index,
        "{report:#}"
    );
    let behind = "a host of virtual machines (QEMU/KVM): 2 other addresses share the port";
    assert_eq!(report["behind"], behind);
    assert_eq!(report["suspect"]["kind"]["name"], "virtual machine");
    site.assert_untouched();
}

#[test]
fn a_suspect_beyond_a_router_is_told_with_the_routers_port() {
    let site = Site::new(|spec| spec.suspect.routed = true);
    let report = site.locate(&["--json"]).assert_exit(0).json();
    assert_eq!(report["outcome"], "beyond_router", "{report:#}");
    assert_eq!(report["port"]["if_index"], site.suspect_port().if_index);
    assert_eq!(report["confirmation"]["confirmed"], true);
    let behind = report["behind"].as_str().unwrap();
    assert!(
        behind.starts_with("router gw: its packets come in frames from 00:1d:aa:5c:20:01")
            && behind.ends_with("is none of its own addresses"),
        "{behind}"
    );
    assert!(
        report["suspect"].get("mac").is_none() && report["suspect"].get("vendor").is_none(),
        "the router's are not the suspect's: {report:#}"
    );
    let own = site.lab.truth().mac.to_string();
    assert_eq!(report["suspect"]["names"][0]["claimed_mac"], own);
    assert_eq!(report["suspect"]["kind"]["name"], "computer");
    site.assert_untouched();

    let told = site.locate(&[]);
    let next = format!("halfspan locate --mac {own} --switch NAME");
    assert!(told.assert_exit(0).out.contains(&next), "{told}");
}

#[test]
#[ignore = "needs libpcap"]
fn a_flood_with_forged_senders_is_traced_to_the_router_that_it_comes_through() {
    let site = Site::new(|spec| {
        spec.suspect.routed = true;
        spec.suspect.forges = Forges::Ip;
    });
    let filter = ["--filter", "udp port 14857"];
    let ran = site.run(&[&["locate", "--yes", "--json"], &filter[..]].concat());
    let report = ran.assert_exit(0).json();
    assert_eq!(report["outcome"], "beyond_router", "{report:#}");
    assert_eq!(report["port"]["if_index"], site.suspect_port().if_index);
}

#[test]
fn a_router_that_is_looked_for_itself_is_located() {
    let site = Site::new(|spec| spec.suspect.routed = true);
    let router = site.lab.addresses().router.ip().to_string();
    let mac = "00:1d:aa:5c:20:01";
    for suspect in [["--ip", &router], ["--mac", mac]] {
        let ran = site.run(&[&["locate", "--yes", "--json"], &suspect[..]].concat());
        let report = ran.assert_located(&site);
        assert_eq!(report["suspect"]["mac"], mac);
    }
}

#[test]
fn a_suspect_that_forges_its_address_is_found_by_its_mac() {
    let site = Site::new(|spec| spec.suspect.forges = Forges::Ip);
    let mac = site.lab.truth().mac.to_string();
    let ran = site.run(&["locate", "--yes", "--json", "--mac", &mac]);
    let report = ran.assert_located(&site);
    assert!(
        report["suspect"].get("ip").is_none(),
        "it has used many: {ran}"
    );
}

#[test]
fn an_address_that_two_machines_claim_is_not_guessed_at() {
    let site = Site::new(|spec| spec.suspect.duplicate_ip = true);
    let (mac, ip) = (site.lab.truth().mac, site.suspect());
    // Another router, which knows another machine by the same address.
    let rival = (2..).map(|seed| {
        let spec = Spec {
            seed,
            ports: 12,
            ..Spec::default()
        };
        Lab::start(spec.on_free_ports()).unwrap()
    });
    let rival = rival.into_iter().find(|lab| lab.truth().ip == ip).unwrap();
    let router = rival.addresses().router;
    let second = format!("routers:\n  gw-2: {{ address: \"{router}\", credentials: lab }}\n");
    site.reconfigure("routers:\n", &second);

    let ran = site.locate(&[]);
    let told = ran.assert_exit(4).told_error();
    for mac in [mac, rival.truth().mac] {
        assert!(told.contains(&mac.to_string()), "{told}");
    }
    assert!(told.contains("--mac"), "{told}");
    site.assert_unwritten();

    let ran = site.run(&["locate", "--yes", "--json", "--mac", &mac.to_string()]);
    ran.assert_located(&site);
}

#[test]
fn a_suspect_that_is_nowhere_is_not_seen() {
    let site = Site::new(|spec| spec.suspect.place = Place::Nowhere);
    let ran = site.locate(&["--json", "--max-time", "8"]);
    nowhere_found(&site, &ran);
}

#[test]
fn a_silent_suspect_is_not_seen() {
    let site = Site::new(|spec| spec.suspect.talk = Talk::Silent);
    let ran = site.locate(&["--json", "--passive", "--no-tables", "--max-time", "8"]);
    nowhere_found(&site, &ran);
}

#[test]
fn a_suspect_behind_the_uplink_is_not_seen_and_the_uplink_is_named() {
    let site = Site::new(|spec| spec.suspect.place = Place::BehindUplink);
    let ran = site.locate(&["--json", "--max-time", "8"]);
    let report = nowhere_found(&site, &ran);
    let warnings = report["warnings"].to_string();
    assert!(warnings.contains("port 11, an uplink"), "{warnings}");
    assert_eq!(report["path"][0]["port"], "11");
}

#[test]
fn a_suspect_behind_the_uplink_is_not_blamed_on_a_port_that_copies_both_directions() {
    let site = Site::new(|spec| {
        spec.suspect.place = Place::BehindUplink;
        spec.mirror.directions = Directions::BothOnly;
    });
    let ran = site.locate(&["--json", "--max-time", "8"]);
    assert_ne!(ran.json()["outcome"], "located", "{ran}");
    site.assert_untouched();
}

#[test]
#[ignore = "takes minutes"]
fn a_bursty_suspect_is_found() {
    let site = Site::new(|spec| spec.suspect.talk = Talk::BURSTY);
    site.locate(&["--no-tables", "--json"])
        .assert_located(&site);
}

#[test]
#[ignore = "takes minutes"]
fn a_rare_suspect_is_found() {
    let site = Site::new(|spec| spec.suspect.talk = Talk::RARE);
    site.locate(&["--no-tables", "--json"])
        .assert_located(&site);
}
