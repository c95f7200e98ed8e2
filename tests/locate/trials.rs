//! `halfspan profile` against a virtual switch: starting a profile, trying one, recognising the switch.

use std::fs;

use halfspan::lab::Profile;

use crate::site::{SWITCH, Site};

#[test]
fn a_trial_mirrors_one_port_hears_it_and_puts_the_switch_back() {
    let site = Site::new(|spec| spec.profile = Profile::by_name("raisecom").unwrap());
    let ran = site.run(&[
        "profile", "try", "raisecom", "--switch", SWITCH, "--port", "5", "--yes", "--json",
    ]);
    let trial = ran.assert_exit(0).json();
    assert_eq!(trial["port"], "5");
    assert_eq!(trial["read_back"], true);
    assert_eq!(trial["put_back"], true);
    assert!(trial["frames"].as_u64().unwrap() > 0);
    assert!(trial["settle_seconds"].as_f64().is_some());
    site.assert_untouched();
}

#[test]
fn a_trial_without_a_yes_or_a_terminal_writes_nothing() {
    let site = Site::new(|_| ());
    let ran = site.run(&["profile", "try", "smon-portcopy", "--switch", SWITCH]);
    ran.assert_exit(4);
    site.assert_unwritten();
}

#[test]
fn a_started_profile_begins_with_what_the_switch_tells_and_passes_the_check() {
    let site = Site::new(|spec| spec.profile = Profile::by_name("huawei-vrp").unwrap());
    let args = [
        "profile",
        "new",
        "mine.yaml",
        "--shape",
        "session_rows",
        "--switch",
        SWITCH,
    ];
    site.run(&args).assert_exit(0);
    let text = fs::read_to_string(site.path("mine.yaml")).unwrap();
    assert!(
        text.contains("sys_object_id: [1.3.6.1.4.1.2011.2.23.95]"),
        "{text}"
    );
    site.run(&["profile", "check", "mine.yaml"]).assert_exit(0);
    site.run(&args).assert_exit(2);
    site.assert_unwritten();
}

#[test]
fn a_check_says_which_family_the_switch_points_to() {
    let site = Site::new(|spec| spec.profile = Profile::by_name("tplink-jetstream").unwrap());
    let ran = site.run(&["switch", "check", SWITCH]);
    ran.assert_exit(0);
    assert!(
        ran.out
            .contains("what the switch says points to tplink-jetstream"),
        "{ran}"
    );
    site.reconfigure("profile: tplink-jetstream", "profile: zyxel-4x");
    let ran = site.run(&["switch", "check", SWITCH]);
    let says = "points to tplink-jetstream, the configuration says zyxel-4x";
    assert!(ran.out.contains(says), "{ran}");
    site.assert_unwritten();
}

#[test]
fn what_somebody_has_edited_but_not_applied_is_left_alone() {
    let site = Site::new(|spec| spec.profile = Profile::by_name("lenovo-rackswitch").unwrap());
    // Somebody switches mirroring on in the new configuration.
    let edited = site.set(&[1, 3, 6, 1, 4, 1, 26543, 2, 7, 6, 2, 1, 4, 1, 2, 0], 1);
    assert!(edited);
    let before = site.mirror_objects();
    let ran = site.locate(&[]);
    ran.assert_exit(4);
    assert!(
        ran.err.contains("edits that somebody has not applied yet"),
        "{ran}"
    );
    assert_eq!(site.mirror_objects(), before);
}
