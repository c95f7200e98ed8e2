//! Switches and networks that misbehave. The answer is right, or there is none; the mirror is put back either way.

use std::time::Duration;

use halfspan::lab::{
    Beyond, Faults, Often, Place, Profile, Reboot, SourceLimit, When, WriteLatency,
};
use halfspan::port::BridgePort;

use crate::site::Site;

fn faulty(change: impl FnOnce(&mut Faults)) -> Site {
    Site::new(|spec| change(&mut spec.faults))
}

fn finds_it(site: &Site) {
    site.locate(&["--no-tables", "--json"]).assert_located(site);
}

#[test]
fn lost_requests_are_repeated() {
    finds_it(&faulty(|faults| faults.lost_requests = Often::Chance(0.1)));
}

#[test]
fn lost_answers_are_no_reason_to_write_twice() {
    finds_it(&faulty(|faults| faults.lost_replies = Often::Chance(0.1)));
}

#[test]
fn late_answers_are_waited_for() {
    finds_it(&faulty(|faults| {
        faults.late_replies = Some((Often::Chance(0.2), Duration::from_millis(300)));
    }));
}

#[test]
fn a_switch_that_answers_a_second_before_it_acts_is_not_believed_too_soon() {
    finds_it(&faulty(|faults| {
        faults.write_latency = Some(WriteLatency {
            effect: Duration::from_secs(1),
            answer: Duration::ZERO,
        });
    }));
}

#[test]
fn half_of_the_copies_are_enough() {
    finds_it(&faulty(|faults| faults.lost_copies = Often::Chance(0.5)));
}

#[test]
fn a_write_that_was_ignored_once_is_repeated() {
    finds_it(&faulty(|faults| faults.ignored_writes = Often::Nth(3)));
}

#[test]
fn a_session_that_is_lost_in_mid_run_names_no_wrong_port() {
    let site = faulty(|faults| faults.session_lost = Some(When::Write(9)));
    finds_it(&site);
}

#[test]
fn a_switch_that_restarts_in_mid_run_is_waited_for() {
    let site = faulty(|faults| {
        faults.reboot = Some(Reboot {
            at: When::Write(3),
            down: Duration::from_secs(12),
        });
    });
    let ran = site.locate(&["--no-tables", "--json"]);
    ran.assert_located(&site);
}

#[test]
fn a_switch_that_ignores_every_write_is_told_from_one_that_refuses() {
    let site = faulty(|faults| faults.ignored_writes = Often::Always);
    let ran = site.locate(&["--no-tables"]);
    insta::assert_snapshot!(site.told(ran.assert_exit(3)), @r"
    error: switch `office-1` acknowledged the change but still mirrors none, not 1-10
    hint:  the firmware ignores the write: see `halfspan switch check`
    state: the mirror of office-1 was put back as it was before the run
    ");
    site.assert_untouched();
}

#[test]
fn a_mirror_that_copies_nothing_is_told() {
    let site = faulty(|faults| faults.dead_mirror = true);
    let ran = site.locate(&["--no-tables", "--max-time", "5"]);
    let told = site.told(ran.assert_exit(3));
    assert!(told.contains("not one copied frame arrived"), "{told}");
    assert!(
        told.contains("destination") && told.contains("sniff"),
        "{told}"
    );
    site.assert_untouched();
}

#[test]
#[ignore = "takes minutes"]
fn a_dead_mirror_is_told_long_before_the_time_is_up() {
    let site = faulty(|faults| faults.dead_mirror = true);
    let ran = site.locate(&["--no-tables", "--json"]);
    let report = ran.assert_exit(3).json();
    let took = report["elapsed_seconds"].as_f64().unwrap();
    assert!(took < 200.0, "{took}");
    site.assert_untouched();
}

fn adapts_to(profile: Profile, beyond: Beyond) {
    let site = Site::new(|spec| {
        spec.profile = profile;
        spec.ports = 16;
        spec.suspect.place = Place::Port(BridgePort(13));
        spec.faults.source_limit = Some(SourceLimit { most: 8, beyond });
    });
    let mut args = vec!["--no-tables", "--json", "--record", "run.jsonl"];
    // Where never more than a part of the ports is heard, the rhythm is slow to learn and the proof long.
    args.extend(["--max-time", "60"]);
    let ran = site.locate(&args);
    let report = ran.assert_exit(0).json();
    let right = site.suspect_port().if_index;
    assert_eq!(report["port"]["if_index"], right, "{ran}");
    assert!(ran.err.contains("the search adapts to that"), "{ran}");
    site.assert_untouched();
    site.run(&["locate", "--replay", "run.jsonl"])
        .assert_exit(0);
}

#[test]
fn a_switch_that_refuses_more_than_eight_rows_is_adapted_to() {
    adapts_to(Profile::SmonPortcopy, Beyond::Refused);
}

#[test]
fn a_switch_that_refuses_a_bitmap_of_more_than_eight_is_adapted_to() {
    adapts_to(Profile::DlinkDgs1210, Beyond::Refused);
}

#[test]
fn a_switch_that_refuses_more_than_eight_states_is_adapted_to() {
    adapts_to(Profile::Zyxel4x, Beyond::Refused);
}

#[test]
fn a_switch_that_cuts_its_list_short_is_adapted_to() {
    adapts_to(Profile::DlinkDgs1210, Beyond::Cut);
}

#[test]
fn a_switch_that_cuts_its_list_short_and_does_not_show_it_misleads_nobody() {
    let site = Site::new(|spec| {
        spec.ports = 16;
        spec.suspect.place = Place::Port(BridgePort(13));
        spec.faults.source_limit = Some(SourceLimit {
            most: 8,
            beyond: Beyond::CutUnseen,
        });
    });
    let ran = site.locate(&["--no-tables", "--json", "--max-time", "15"]);
    let report = ran.json();
    let right = site.suspect_port().if_index;
    let port = &report["port"]["if_index"];
    assert!(port.is_null() || *port == right, "{ran}");
    site.assert_untouched();
}

#[test]
#[ignore = "takes a minute"]
fn a_write_community_that_the_switch_does_not_know_is_told_in_time() {
    let site = Site::new(|_| ());
    site.reconfigure("env:HALFSPAN_RW", "env:HALFSPAN_OTHER");
    let suspect = site.suspect().to_string();
    let mut command = site.command();
    command.env("HALFSPAN_OTHER", "unheard-of");
    command.args(["locate", "--yes", "--no-tables", "--json", "--ip", &suspect]);
    let ran = crate::site::Running::start(&mut command).end();
    let report = ran.assert_exit(3).json();
    let error = report["error"].to_string();
    assert!(
        error.contains("did not answer") && error.contains("community"),
        "{error}"
    );
    let took = report["elapsed_seconds"].as_f64().unwrap();
    assert!(took < 120.0, "{took}");
    site.assert_untouched();
}
