//! `halfspan profile` against a virtual switch: starting a profile, trying one, recognising the switch.

use std::fs;

use halfspan::lab::{Family, Profile};
use nix::sys::signal::Signal;

use crate::site::{Running, SWITCH, Site, wait_for};

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
fn a_trial_that_is_stopped_puts_the_switch_back() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        // Nothing is heard, so it listens for as long as it can.
        let site = Site::new(|spec| spec.faults.dead_mirror = true);
        let args = ["profile", "try", "smon-portcopy", "--switch", SWITCH];
        let mut run = Running::start(site.command().args(args).args(["--port", "5", "--yes"]));
        wait_for("the mirror", || {
            assert!(run.goes_on(), "it ended too soon");
            site.lab
                .sessions_shown()
                .iter()
                .any(|session| session.active)
        });
        run.signal(signal);
        let ran = run.end();
        let told = ran.assert_exit(130).told_error();
        assert!(
            told.contains("the mirror of office-1 was put back"),
            "{told}"
        );
        site.assert_untouched();
    }
}

#[test]
#[ignore = "needs root and libpcap"]
fn a_trial_that_would_cut_this_machine_off_from_the_switch_is_refused() {
    let site = Site::new(|_| ());
    let text = include_str!("../../switch-profiles/smon-portcopy.yaml");
    let line = "destination_traffic: unknown\n";
    assert!(text.contains(line));
    let text = text.replace(line, "destination_traffic: block\n");
    fs::write(site.path("blocks.yaml"), text).unwrap();
    let capture = format!("tzsp://{}", site.lab.addresses().capture);
    site.reconfigure(&capture, "lo");
    let ran = site.run(&["profile", "try", "blocks.yaml", "--switch", SWITCH, "--yes"]);
    let told = ran.assert_exit(4).told_error();
    assert!(told.contains("is managed through port 12"), "{told}");
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

#[test]
fn a_switch_without_a_profile_is_recognised_and_searched() {
    let site = Site::new(|spec| spec.profile = Profile::by_name("raisecom").unwrap());
    site.reconfigure("    profile: raisecom\n", "");
    let ran = site.run(&["switch", "check", SWITCH]);
    ran.assert_exit(0);
    let row = |what: &str| ran.out.lines().find(|line| line.contains(what)).unwrap();
    assert!(
        row("profile ").contains("raisecom: Raisecom switches"),
        "{ran}"
    );
    assert!(row("recognised").contains("asked, it answers"), "{ran}");
    site.assert_unwritten();
    let ran = site.locate(&["--no-tables"]);
    assert!(
        ran.assert_exit(0).err.contains("recognised as raisecom"),
        "{ran}"
    );
    site.assert_untouched();
}

#[test]
fn a_switch_that_no_profile_fits_is_told_with_what_was_read_and_how_to_start() {
    let model = include_str!("unseen/acme-bits.lab.yaml");
    let site = Site::new(|spec| {
        spec.profile = Profile::from_description("acme-bits", model).unwrap();
    });
    site.reconfigure("profile: acme-bits", "profile: auto");
    let ran = site.run(&["switch", "check", SWITCH]);
    let told = ran.assert_exit(2).told_error();
    assert!(
        told.contains("no built-in profile fits `office-1`: sysObjectID"),
        "{told}"
    );
    assert!(
        told.contains("halfspan profile new office-1.yaml --switch office-1"),
        "{told}"
    );
    site.assert_unwritten();
}

#[test]
fn a_switch_with_a_web_interface_and_no_snmp_can_be_tried() {
    let site = Site::new(|spec| {
        spec.profile = Profile::Web(Family::AosCx);
        spec.agent.web_only = true;
        spec.background.chats = 8.0;
    });
    let ran = site.run(&[
        "profile", "try", "aos-cx", "--switch", SWITCH, "--port", "1/1/5", "--yes", "--json",
    ]);
    let trial = ran.assert_exit(0).json();
    assert_eq!(trial["read_back"], true, "{ran}");
    assert_eq!(trial["sys_object_id"], serde_json::Value::Null);
    assert!(trial["frames"].as_u64().unwrap() > 0);
    site.assert_untouched();
}

#[test]
fn a_profile_is_started_from_the_objects_that_a_switch_shows() {
    let site = Site::new(|spec| spec.profile = Profile::by_name("raisecom").unwrap());
    let ran = site.run(&["profile", "new", "mine.yaml", "--switch", SWITCH, "--json"]);
    let told = ran.assert_exit(0).json();
    assert_eq!(told["shape"], "bitmap");
    let why = told["why"].as_str().unwrap();
    assert!(why.contains("of the built-in profile raisecom"), "{why}");
    site.run(&["profile", "check", "mine.yaml"]).assert_exit(0);
    site.reconfigure("profile: raisecom", "profile: ./mine.yaml");
    site.run(&["switch", "check", SWITCH]).assert_exit(0);
    site.assert_unwritten();
}

#[test]
fn a_walk_of_a_switch_that_nobody_knows_gives_a_file_with_marked_lines() {
    let site = Site::new(|_| ());
    let walk = "\
.1.3.6.1.2.1.1.1.0 = STRING: Acme AC-24
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.99999.1.24
.1.3.6.1.2.1.2.2.1.1.1 = INTEGER: 1
.1.3.6.1.2.1.2.2.1.1.2 = INTEGER: 2
.1.3.6.1.4.1.99999.5.1.0 = INTEGER: 2
.1.3.6.1.4.1.99999.5.2.0 = INTEGER: 0
.1.3.6.1.4.1.99999.5.3.0 = Hex-STRING: 00 00
";
    fs::write(site.path("walk.txt"), walk).unwrap();
    let ran = site.run(&["profile", "new", "acme.yaml", "--from-walk", "walk.txt"]);
    assert!(
        ran.assert_exit(0).out.contains("look like a mirror"),
        "{ran}"
    );
    let ran = site.run(&["profile", "check", "acme.yaml"]);
    assert!(
        ran.assert_exit(0)
            .out
            .contains("not certain: which number is on?"),
        "{ran}"
    );
    fs::write(site.path("page.html"), "<html>").unwrap();
    let ran = site.run(&["profile", "new", "b.yaml", "--from-walk", "page.html"]);
    let told = ran.assert_exit(2).told_error();
    assert!(told.contains("snmpwalk -v2c"), "{told}");
    let address = site.lab.addresses().switch.to_string();
    let ran = site.run(&[
        "profile",
        "new",
        "c.yaml",
        "--address",
        &address,
        "--community",
        "env:HALFSPAN_RO",
    ]);
    ran.assert_exit(0);
    site.assert_unwritten();
}
