//! What is refused before anything is written: wrong words, wrong rights, other people's sessions.

use std::fs;

use halfspan::snmp::AuthProtocol;

use crate::site::{SWITCH, Site, speak_v3};

#[test]
fn without_a_terminal_and_without_yes_nothing_is_changed() {
    let site = Site::new(|_| ());
    let suspect = site.suspect().to_string();
    let ran = site.run(&["locate", "--ip", &suspect]);
    let told = ran.assert_exit(4).told_error();
    insta::assert_snapshot!(told, @r"
    error: there is no terminal to ask on: office-1 will mirror ports 1-10 to port 12 and be put back afterwards. Go on?
    hint:  answer beforehand with --yes
    ");
    site.assert_unwritten();
}

#[test]
fn an_unknown_switch_is_named_with_the_nearest_one() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--switch", "ofice-1"]);
    insta::assert_snapshot!(ran.assert_exit(2).told_error(), @r"
    error: there is no switch `ofice-1` in halfspan.yaml
    hint:  did you mean `office-1`?
    ");
    site.assert_unwritten();
}

#[test]
fn a_typo_in_the_configuration_is_shown_where_it_is() {
    let site = Site::new(|_| ());
    site.reconfigure("destination:", "destinaton:");
    let ran = site.locate(&[]);
    insta::assert_snapshot!(ran.assert_exit(2).told_error(), @r"
    error: halfspan.yaml:6:5: there is no key `destinaton` here
      6 |     destinaton…
        |     ^^^^^^^^^^
    hint:  did you mean `destination`?
    ");
    site.assert_unwritten();
}

#[test]
fn a_destination_that_the_switch_does_not_have_is_named() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--destination", "24"]);
    insta::assert_snapshot!(ran.assert_exit(2).told_error(), @r"
    error: `destination` of switch `office-1` cannot be used
    cause: the switch has no port `24`
    hint:  its ports are 1-12; an ifIndex is written if:24
    ");
    site.assert_unwritten();
}

#[test]
fn the_destination_is_no_candidate() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--candidates", "1-5,12"]);
    insta::assert_snapshot!(ran.assert_exit(4).told_error(), @r"
    error: port 12 of switch `office-1` cannot be a candidate: it is the destination of the mirror
    hint:  take it out of `candidates`
    ");
    site.assert_unwritten();
}

#[test]
fn the_uplink_is_no_candidate() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--candidates", "11"]);
    insta::assert_snapshot!(ran.assert_exit(4).told_error(), @r"
    error: port 11 of switch `office-1` cannot be a candidate: it is an uplink
    hint:  take it out of `candidates`
    ");
    site.assert_unwritten();
}

/// Adds a second switch to the configuration.
fn add_switch(site: &Site, address: &str) {
    let second = format!(
        "switches:\n  office-2: {{ profile: smon-portcopy, address: \"{address}\", credentials: lab, destination: \"12\", sniff: \"tzsp://127.0.0.1:0\" }}\n"
    );
    site.reconfigure("switches:\n", &second);
}

#[test]
fn what_is_wrong_on_the_command_line_is_told_with_several_switches_as_with_one() {
    let site = Site::new(|_| ());
    add_switch(&site, &site.lab.addresses().switch.to_string());
    let ran = site.locate(&["--candidates", "11"]);
    let told = ran.assert_exit(4).told_error();
    assert!(told.contains("it is an uplink"), "{told}");
    let ran = site.locate(&["--destination", "24"]);
    let told = ran.assert_exit(2).told_error();
    assert!(told.contains("has no port `24`"), "{told}");
    site.assert_unwritten();
}

#[test]
fn a_switch_that_does_not_answer_is_left_out_where_there_is_another() {
    let site = Site::new(|_| ());
    add_switch(&site, "127.77.0.3:9");
    let ran = site.locate(&["--dry-run"]);
    ran.assert_exit(0);
    assert!(ran.err.contains("office-2 is left out"), "{ran}");
    site.assert_unwritten();
}

#[test]
fn a_community_that_the_switch_does_not_know_looks_like_a_switch_that_is_not_there() {
    let site = Site::new(|_| ());
    site.reconfigure("env:HALFSPAN_RO", "literal");
    let ran = site.locate(&["--no-tables"]);
    let told = site.told(ran.assert_exit(3));
    let silent = "error: office-1 (ADDRESS) did not answer (4 attempts in ";
    assert!(told.starts_with(silent), "{told}");
    assert!(
        told.contains("hint:  check the address, the community"),
        "{told}"
    );
    site.assert_unwritten();
}

#[test]
fn a_wrong_v3_password_is_told_from_a_switch_that_is_not_there() {
    let site = Site::new(|spec| speak_v3(spec, AuthProtocol::Sha1));
    site.reconfigure("authpassword", "wrongpassword");
    let ran = site.locate(&["-q"]);
    insta::assert_snapshot!(site.told(ran.assert_exit(3)), @r"
    error: office-1 (ADDRESS) rejects the SNMPv3 credentials: wrong `auth` password or protocol
    hint:  check user, auth and priv of the credential against the switch
    ");
    site.assert_unwritten();
}

#[test]
fn a_switch_that_does_not_answer_is_named() {
    let site = Site::new(|_| ());
    let address = site.lab.addresses().switch.to_string();
    site.reconfigure(&address, "127.77.0.3:9");
    let ran = site.locate(&[]);
    let told = ran.assert_exit(3).told_error();
    assert!(
        told.starts_with("error: office-1 (127.77.0.3:9) did not answer"),
        "{told}"
    );
    site.assert_unwritten();
}

#[test]
fn a_credential_that_cannot_write_is_told_before_anything_is_written() {
    let site = Site::new(|_| ());
    site.reconfigure(", write: \"env:HALFSPAN_RW\"", "");
    let ran = site.locate(&[]);
    insta::assert_snapshot!(site.told(ran.assert_exit(3)), @r"
    error: the credential for office-1 (ADDRESS) may only read
    hint:  add `write:` with the read-write community to the credential's `snmp`
    ");
    site.assert_unwritten();
}

#[test]
fn a_community_that_may_only_read_is_told_apart() {
    let site = Site::new(|_| ());
    site.reconfigure("env:HALFSPAN_RW", "env:HALFSPAN_RO");
    let ran = site.locate(&[]);
    insta::assert_snapshot!(site.told(ran.assert_exit(3)), @r"
    error: cannot change the mirrored ports of switch `office-1`
    cause: office-1 (ADDRESS) refused: these credentials have no access to the object (noAccess) (1.3.6.1.2.1.16.22.1.3.1.1.4.58.60)
    hint:  the community or user is probably read-only: set `write` of the credential to one that may write
    state: the mirror of office-1 was put back as it was before the run
    ");
    site.assert_untouched();
}

#[test]
fn a_switch_that_lets_nobody_write_is_told() {
    let site = Site::new(|spec| spec.faults.read_only = true);
    let ran = site.locate(&[]);
    insta::assert_snapshot!(site.told(ran.assert_exit(3)), @r"
    error: cannot change the mirrored ports of switch `office-1`
    cause: office-1 (ADDRESS) refused: these credentials have no access to the object (noAccess) (1.3.6.1.2.1.16.22.1.3.1.1.4.58.60)
    hint:  the community or user is probably read-only: set `write` of the credential to one that may write
    state: the mirror of office-1 was put back as it was before the run
    ");
    site.assert_untouched();
}

#[test]
fn somebody_elses_session_is_not_touched() {
    let site = Site::new(|spec| spec.mirror.foreign_session = true);
    let before = site.lab.sessions_shown();
    let ran = site.locate(&[]);
    insta::assert_snapshot!(ran.assert_exit(4).told_error(), @r"
    error: switch `office-1` already has a mirror session that is not ours: port 1 to port 2 (frames received and sent)
    hint:  ask who uses it; `--take-session` borrows it and puts it back afterwards
    ");
    assert_eq!(site.lab.sessions_shown(), before);
    site.assert_unwritten();
}

#[test]
fn somebody_elses_session_can_be_borrowed_and_is_given_back() {
    let site = Site::new(|spec| spec.mirror.foreign_session = true);
    let before = site.lab.sessions_shown();
    assert!(before.iter().any(|session| session.active));
    let ran = site.locate(&["--take-session", "--json"]);
    ran.assert_located(&site);
    assert_eq!(site.lab.sessions_shown(), before);
}

#[test]
fn a_filter_that_is_none_is_told_before_anything_is_written() {
    let site = Site::new(|_| ());
    let ran = site.run(&["locate", "--yes", "--filter", "udp prot 7"]);
    // Without libpcap nobody can tell a good filter from a bad one.
    assert!(matches!(ran.status.code(), Some(2 | 3)), "{ran}");
    let told = ran.told_error();
    assert!(told.contains("udp prot 7"), "{told}");
    site.assert_unwritten();
}

#[test]
fn an_interface_that_is_not_there_is_told_before_anything_is_written() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--interface", "nosuch0"]);
    let told = ran.assert_exit(3).told_error();
    let no_library = told.contains("libpcap");
    assert!(no_library || told.contains("nosuch0"), "{told}");
    site.assert_unwritten();
}

#[test]
fn a_capture_address_of_another_machine_is_told_before_anything_is_written() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--interface", "tzsp://203.0.113.9:37008"]);
    insta::assert_snapshot!(ran.assert_exit(3).told_error(), @r"
    error: cannot listen on tzsp://203.0.113.9:37008
    cause: Cannot assign requested address (os error 99)
    hint:  another program may use the port: see ss -ulpn; else check that the address is this machine's
    ");
    site.assert_unwritten();
}

#[test]
fn a_capture_source_that_is_none_is_a_matter_of_usage() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--interface", "tzsp://nowhere"]);
    insta::assert_snapshot!(ran.assert_exit(2).told_error(), @"error: `tzsp://nowhere` is not a capture source; write an interface, tzsp://ADDRESS:PORT or pcap:FILE");
    site.assert_unwritten();
}

#[test]
fn a_state_folder_that_cannot_be_written_keeps_the_switch_as_it_is() {
    let site = Site::new(|_| ());
    fs::write(site.path("state"), "a file where the folder should be").unwrap();
    let ran = site.locate(&[]);
    let told = ran.assert_exit(3).told_error();
    assert!(told.contains("journal"), "{told}");
    site.assert_unwritten();
}

#[test]
fn with_json_a_refusal_is_one_document_that_says_why() {
    let site = Site::new(|spec| spec.mirror.foreign_session = true);
    let ran = site.locate(&["--json"]);
    let report = ran.assert_exit(4).json();
    assert_eq!(report["schema"], "halfspan.locate/1");
    assert_eq!(report["outcome"], "refused");
    assert_eq!(report["mirror"]["restored"], true);
    let error = &report["error"];
    assert!(error["message"].as_str().unwrap().contains(SWITCH), "{ran}");
    assert!(
        error["hint"].as_str().unwrap().contains("--take-session"),
        "{ran}"
    );
    assert!(!ran.err.contains("error:"), "{ran}");
    site.assert_unwritten();
}
