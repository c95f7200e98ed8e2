//! A whole run on every family of switches, and with every version of SNMP.

use halfspan::lab::{Profile, Speaks};
use halfspan::snmp::AuthProtocol;
use serde_json::Value;

use crate::site::{SWITCH, Site, speak_v3};

/// The document's fields as the contract has them, of a run that found its suspect.
const FIELDS: [&str; 13] = [
    "schema",
    "outcome",
    "suspect",
    "switch",
    "port",
    "patch",
    "confidence",
    "confirmation",
    "path",
    "other_macs_on_port",
    "probes",
    "mirror",
    "elapsed_seconds",
];

fn keys(value: &Value) -> Vec<&str> {
    value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect()
}

fn finds_the_suspect_on(profile: Profile) {
    let site = Site::new(|spec| spec.profile = profile);
    let report = site
        .locate(&["--json", "--no-tables"])
        .assert_located(&site);
    let truth = site.lab.truth();
    let port = site.suspect_port();

    assert_eq!(keys(&report), FIELDS);
    assert_eq!(report["schema"], "halfspan.locate/1");
    let suspect = &report["suspect"];
    assert_eq!(keys(suspect), ["ip", "mac", "vendor", "kind", "names"]);
    assert_eq!(suspect["ip"], truth.ip.to_string());
    assert_eq!(suspect["mac"], truth.mac.to_string());
    assert_eq!(suspect["vendor"], "ASUSTek COMPUTER INC.");
    assert_eq!(suspect["names"][0]["source"], "netbios");
    assert_eq!(suspect["names"][0]["name"], "RECEPTION-PC");
    assert_eq!(suspect["names"][0]["group"], "WORKGROUP");

    let found = &report["port"];
    assert_eq!(keys(found), ["label", "if_name", "if_index", "alias"]);
    assert_eq!(found["label"], port.number.0.to_string());
    assert_eq!(found["if_name"], port.if_name);
    assert_eq!(found["alias"], port.outlet);
    let patch = &report["patch"];
    assert_eq!(keys(patch), ["panel", "position", "outlet", "room"]);
    assert_eq!(patch["panel"], port.panel);
    assert_eq!(patch["position"], port.position);
    assert_eq!(patch["outlet"], port.outlet);
    assert_eq!(patch["room"], port.room);

    let confidence = report["confidence"].as_f64().unwrap();
    assert!((0.999..=1.0).contains(&confidence), "{confidence}");
    assert_eq!(keys(&report["confirmation"]), ["confirmed", "cycles"]);
    let last = report["path"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["switch"], &last["port"]),
        (&SWITCH.into(), &found["label"])
    );
    assert_eq!(report["other_macs_on_port"], Value::Array(vec![]));
    for probe in report["probes"].as_array().unwrap() {
        let fields = ["switch", "sources", "seconds", "sightings", "why"];
        assert_eq!(keys(probe), fields);
    }
    assert_eq!(keys(&report["mirror"]), ["writes", "restored"]);
    let written = report["mirror"]["writes"].as_u64().unwrap();
    let requests = site.lab.write_attempts().len();
    assert!(written > 0 && written <= requests.try_into().unwrap());
}

#[test]
fn a_switch_with_a_port_copy_table_is_searched_and_put_back() {
    finds_the_suspect_on(Profile::SmonPortcopy);
}

#[test]
fn a_switch_with_fastpath_firmware_is_searched_and_put_back() {
    finds_the_suspect_on(Profile::NetgearFastpath);
}

#[test]
fn a_switch_with_two_bitmaps_is_searched_and_put_back() {
    finds_the_suspect_on(Profile::DlinkDgs1210);
}

#[test]
fn a_switch_with_a_state_for_every_port_is_searched_and_put_back() {
    finds_the_suspect_on(Profile::Zyxel4x);
}

/// Runs a whole search on every family that the lab plays, a few at a time.
#[test]
fn every_shipped_profile_finds_the_suspect_and_puts_the_switch_back() {
    let every = Profile::every();
    let left = std::sync::Mutex::new(every.clone());
    let failed = std::sync::Mutex::new(Vec::new());
    let next = || left.lock().unwrap().pop();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                while let Some(profile) = next() {
                    let run = std::panic::catch_unwind(|| {
                        let site = Site::new(|spec| {
                            spec.profile = profile;
                            // More ports than fit into one mirror, where that is limited.
                            let few = ["allied-atil2", "vsol-v1600d"].contains(&profile.name());
                            spec.ports = profile.most_ports().min(if few { 24 } else { 12 });
                            // On a switch that mirrors one port at a time, silence is only worth something while
                            // that one port is heard to be alive.
                            spec.background.chats = 8.0;
                        });
                        site.locate(&["--json", "--no-tables"])
                            .assert_located(&site);
                    });
                    if run.is_err() {
                        failed.lock().unwrap().push(profile.name());
                    }
                }
            });
        }
    });
    let shipped = halfspan::profile::EMBEDDED.iter().map(|(name, _)| *name);
    let played: Vec<&str> = every.iter().map(|profile| profile.name()).collect();
    let unplayed: Vec<&str> = shipped.filter(|name| !played.contains(name)).collect();
    let vendors: std::collections::BTreeSet<&str> = played
        .iter()
        .filter_map(|name| name.split('-').next())
        .collect();
    println!(
        "{} profiles of {} vendors played",
        played.len(),
        vendors.len()
    );
    assert_eq!(failed.into_inner().unwrap(), Vec::<&str>::new());
    // What the last two say is shown on a real bridge and a real Open vSwitch: `tests/lab/run`.
    assert_eq!(unplayed, ["linux-bridge-tc", "manual", "openvswitch"]);
}

#[test]
fn snmp_version_3_with_authentication_and_encryption_will_do() {
    let site = Site::new(|spec| speak_v3(spec, AuthProtocol::Sha256));
    site.locate(&["--json", "--no-tables"])
        .assert_located(&site);
}

#[test]
fn snmp_version_1_will_do() {
    let site = Site::new(|spec| {
        spec.agent.speaks = Speaks::V1;
        spec.profile = Profile::DlinkDgs1210;
    });
    site.locate(&["--json", "--no-tables"])
        .assert_located(&site);
}

#[test]
fn without_json_the_answer_is_text_on_stdout_and_the_progress_on_stderr() {
    let site = Site::new(|_| ());
    let ran = site.locate(&[]);
    ran.assert_exit(0);
    let (port, truth) = (site.suspect_port(), site.lab.truth());
    let answer = format!("{} is at {SWITCH} port {}\n", truth.ip, port.number.0);
    assert!(ran.out.starts_with(&answer), "{ran}");
    for told in [&port.outlet, "RECEPTION-PC", "confirmed", "put back"] {
        assert!(ran.out.contains(told), "no {told} in {ran}");
    }
    assert!(
        ran.err.contains("step 1:") && !ran.err.contains(&answer),
        "{ran}"
    );
    assert!(
        !ran.out.contains('\x1b') && !ran.err.contains('\x1b'),
        "{ran}"
    );
    site.assert_untouched();
}
