//! `halfspan watch` against a virtual switch: one mirrored port, until the person has seen enough.

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::site::{Running, SWITCH, Site, wait_for};

/// Watches the suspect's address on a port.
fn watching(site: &Site, port: &str, args: &[&str]) -> Running {
    let suspect = site.suspect().to_string();
    let mut command = site.command();
    command.args(["watch", "--ip", &suspect, "--switch", SWITCH]);
    Running::start(command.args(["--port", port]).args(args))
}

fn wait_for_the_mirror(site: &Site, run: &mut Running) {
    wait_for("the mirror", || {
        assert!(run.goes_on(), "it ended too soon");
        !site.lab.sessions_copied().is_empty()
    });
}

#[test]
fn a_machine_that_talks_is_seen_to_talk() {
    let site = Site::new(|_| ());
    let ran = watching(&site, "5", &["--yes", "--json", "--for", "3s"]).end();
    let seen = ran.assert_exit(0).json();
    assert_eq!(
        (&seen["switch"], &seen["port"]),
        (&SWITCH.into(), &"5".into())
    );
    assert_eq!(seen["mac"], site.lab.truth().mac.to_string());
    assert!(seen["frames"].as_u64().unwrap() > 0, "{seen:#}");
    assert_eq!(states(&seen), ["talking"]);
    assert!(ran.err.contains("TALKING"), "{ran}");
    site.assert_untouched();
}

#[test]
fn the_person_ends_it_and_the_switch_is_put_back() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let site = Site::new(|_| ());
        let mut run = watching(&site, "5", &["--yes"]);
        wait_for_the_mirror(&site, &mut run);
        run.signal(signal);
        // Whether it was heard by then is not what is asked here.
        let code = run.end().status.code();
        assert!(matches!(code, Some(0 | 1)), "{code:?}");
        site.assert_untouched();
    }
}

#[test]
fn where_the_suspect_is_not_it_is_waited_for_as_long_as_was_said() {
    let site = Site::new(|_| ());
    let seen = watching(&site, "6", &["--yes", "--json", "--for", "2s"]).end();
    let seen = seen.assert_exit(1).json();
    assert_eq!(seen["frames"], 0);
    assert!(states(&seen).is_empty());
    site.assert_untouched();
}

#[test]
fn a_watch_that_is_killed_is_put_back_by_restore() {
    let site = Site::new(|_| ());
    let mut run = watching(&site, "5", &["--yes"]);
    wait_for_the_mirror(&site, &mut run);
    run.signal(Signal::SIGKILL);
    run.end();
    site.assert_changed();
    site.run(&["restore"]).assert_exit(0);
    site.assert_untouched();
}

#[test]
fn nothing_is_written_unasked_or_for_several_ports() {
    let site = Site::new(|_| ());
    let told = watching(&site, "5", &[]).end().assert_exit(4).told_error();
    assert!(told.contains("--yes"), "{told}");
    let several = watching(&site, "4-5", &["--yes"]).end();
    let told = several.assert_exit(2).told_error();
    assert!(told.contains("one port is watched"), "{told}");
    let to_itself = watching(&site, "12", &["--yes"]).end();
    to_itself.assert_exit(4);
    site.assert_unwritten();
}

#[test]
fn at_the_hub_itself_nothing_is_mirrored_and_no_configuration_is_needed() {
    let site = Site::new(|_| ());
    std::fs::remove_file(site.path("halfspan.yaml")).unwrap();
    let capture = format!("tzsp://{}", site.lab.addresses().capture);
    let mac = site.lab.truth().mac.to_string();
    let args = [
        "watch", "--json", "--mac", &mac, "-i", &capture, "--for", "1s",
    ];
    let ran = site.run(&args);
    assert_eq!(ran.assert_exit(1).json()["frames"], 0);
    site.assert_unwritten();
}

fn states(seen: &Value) -> Vec<&str> {
    let changes = seen["changes"].as_array().unwrap().iter();
    changes
        .map(|change| change["state"].as_str().unwrap())
        .collect()
}
