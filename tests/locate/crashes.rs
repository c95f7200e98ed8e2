//! Runs that are stopped: by a person, by the system, by a second run. The switch is put back all the same.

use std::net::UdpSocket;
use std::time::Duration;

use halfspan::snmp::AuthProtocol;
use nix::sys::signal::Signal;

use crate::site::{Running, SWITCH, Site, speak_v3, wait_for};

/// Starts a run and waits until it has written to the switch `writes` times.
fn run_until_written(site: &Site, writes: usize) -> Running {
    let before = site.lab.write_attempts().len();
    let mut run = site.start_locate(&["--json", "--no-tables"]);
    wait_for("the write", || {
        assert!(run.goes_on(), "it ended too soon");
        site.lab.write_attempts().len() >= before + writes
    });
    run
}

fn stopped_by(signal: Signal) {
    let site = Site::new(|_| ());
    let run = run_until_written(&site, 5);
    run.signal(signal);
    let ran = run.end();
    ran.assert_exit(130);
    let report = ran.json();
    assert_eq!(report["error"]["message"], "interrupted");
    assert_eq!(report["mirror"]["restored"], true);
    site.assert_untouched();
}

#[test]
fn ctrl_c_ends_the_run_and_puts_the_switch_back() {
    stopped_by(Signal::SIGINT);
}

#[test]
fn a_polite_kill_ends_the_run_and_puts_the_switch_back() {
    stopped_by(Signal::SIGTERM);
}

#[test]
fn a_closed_terminal_ends_the_run_and_puts_the_switch_back() {
    stopped_by(Signal::SIGHUP);
}

#[test]
fn ctrl_c_before_the_first_write_writes_nothing() {
    let site = Site::new(|_| ());
    let mut run = site.start_locate(&["--no-tables"]);
    wait_for("the lock", || {
        assert!(run.goes_on(), "it ended too soon");
        site.path("state/halfspan/journal").exists()
    });
    run.signal(Signal::SIGINT);
    run.end().assert_exit(130);
    site.assert_unwritten();
}

#[test]
fn ctrl_c_is_heard_while_the_switch_is_read() {
    for args in [&[] as &[_], &["--dry-run"]] {
        let site = Site::new(|_| ());
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = silent.local_addr().unwrap().to_string();
        site.reconfigure(&site.lab.addresses().switch.to_string(), &address);
        let run = site.start_locate(args);
        silent.recv(&mut [0; 1500]).unwrap();
        run.signal(Signal::SIGINT);
        run.end().assert_exit(130);
    }
}

/// Kills a run without any warning after so many writes.
fn killed_after(site: &Site, writes: usize) {
    let run = run_until_written(site, writes);
    run.signal(Signal::SIGKILL);
    assert_eq!(run.end().status.code(), None);
}

/// Kills a run after so many writes, restores, and restores again.
fn restored_after(writes: usize) {
    let site = Site::new(|_| ());
    killed_after(&site, writes);
    site.assert_changed();
    let ran = site.run(&["restore"]);
    assert!(ran.assert_exit(0).out.contains(SWITCH), "{ran}");
    site.assert_untouched();
    let again = site.run(&["restore", "--json"]);
    let report = again.assert_exit(0).json();
    assert_eq!(report["schema"], "halfspan.restore/1");
    assert_eq!(report["switches"], serde_json::json!([]));
}

#[test]
fn restore_puts_back_what_a_run_left_that_was_killed_at_its_first_write() {
    restored_after(1);
}

#[test]
fn restore_puts_back_what_a_run_left_that_was_killed_in_the_middle() {
    restored_after(25);
}

#[test]
fn restore_gives_somebody_elses_borrowed_session_back() {
    let site = Site::new(|spec| spec.mirror.foreign_session = true);
    let mut run = site.start_locate(&["--take-session"]);
    wait_for("the write", || {
        assert!(run.goes_on(), "it ended too soon");
        site.lab
            .sessions_copied()
            .iter()
            .any(|session| session.sources.len() > 1)
    });
    run.signal(Signal::SIGKILL);
    run.end();
    site.assert_changed();
    site.run(&["restore"]).assert_exit(0);
    site.assert_untouched();
}

#[test]
fn a_later_run_puts_the_switch_back_first_and_says_so() {
    let site = Site::new(|_| ());
    killed_after(&site, 8);
    let ran = site.locate(&["--json", "--no-tables"]);
    ran.assert_located(&site);
    assert!(ran.err.contains("was left changed by the run of"), "{ran}");
}

#[test]
fn a_later_run_that_cannot_log_in_to_put_the_switch_back_says_so() {
    let site = Site::new(|spec| speak_v3(spec, AuthProtocol::Sha1));
    killed_after(&site, 8);
    site.reconfigure("authpassword", "wrongpassword");
    let ran = site.locate(&["--json"]);
    let report = ran.assert_exit(5).json();
    assert_eq!(report["outcome"], "failed");
    assert_eq!(report["mirror"]["restored"], false);
    site.assert_changed();
    site.reconfigure("wrongpassword", "authpassword");
    site.run(&["restore"]).assert_exit(0);
    site.assert_untouched();
}

#[test]
fn looking_at_a_switch_changes_nothing_that_a_killed_run_left() {
    let site = Site::new(|_| ());
    killed_after(&site, 8);
    let left = site.mirror_objects();
    site.run(&["switch", "check", SWITCH]);
    site.run(&["switch", "ports", SWITCH]);
    site.locate(&["--dry-run"]);
    assert_eq!(site.mirror_objects(), left);
    site.assert_changed();
}

#[test]
fn what_cannot_be_put_back_stays_in_the_journal() {
    let site = Site::new(|_| ());
    killed_after(&site, 8);
    let address = site.lab.addresses().switch.to_string();
    site.reconfigure(&address, "127.77.0.3:9");
    let ran = site.run(&["restore"]);
    ran.assert_exit(5);
    assert!(format!("{}{}", ran.out, ran.err).contains(SWITCH), "{ran}");
    site.assert_changed();
    site.reconfigure("127.77.0.3:9", &address);
    site.run(&["restore"]).assert_exit(0);
    site.assert_untouched();
}

#[test]
fn a_journal_is_not_played_onto_another_switch_of_the_same_name() {
    let left = Site::new(|_| ());
    killed_after(&left, 8);
    let other = Site::new(|_| ());
    let runs_on_the_other = |args: &[&str]| {
        let mut command = other.command();
        command.env("XDG_STATE_HOME", left.path("state")).args(args);
        Running::start(&mut command).end()
    };
    let suspect = other.suspect().to_string();
    let told = runs_on_the_other(&["locate", "--yes", "--ip", &suspect])
        .assert_exit(5)
        .told_error();
    let changed = left.lab.addresses().switch.to_string();
    assert!(told.contains(&changed) && told.contains("agent"), "{told}");
    runs_on_the_other(&["restore"]).assert_exit(5);
    other.assert_unwritten();
    left.assert_changed();
    left.run(&["restore"]).assert_exit(0);
    left.assert_untouched();
}

#[test]
fn with_nothing_to_put_back_restore_is_content_without_a_configuration() {
    let site = Site::new(|_| ());
    std::fs::remove_file(site.path("halfspan.yaml")).unwrap();
    let ran = site.run(&["restore"]);
    ran.assert_exit(0);
    assert!(ran.out.contains("nothing"), "{ran}");
}

#[test]
fn a_journal_that_makes_no_sense_is_shown_and_kept() {
    let site = Site::new(|_| ());
    killed_after(&site, 8);
    let journal = site.journals().remove(0);
    std::fs::write(&journal, "{ \"schema\": ").unwrap();
    let ran = site.run(&["restore"]);
    ran.assert_exit(5);
    assert!(journal.exists());
    let ran = site.locate(&[]);
    ran.assert_exit(5);
    assert!(ran.told_error().contains("journal"), "{ran}");
    assert!(journal.exists());
}

#[test]
fn a_second_run_on_the_same_switch_is_refused_and_names_the_first() {
    let site = Site::new(|_| ());
    let first = run_until_written(&site, 1);
    let second = site.locate(&["--interface", "tzsp://127.0.0.1:0"]);
    let told = second.assert_exit(4).told_error();
    let pid = format!("pid {}", first.pid());
    assert!(told.contains(&pid), "{told}");
    let ran = first.end();
    ran.assert_located(&site);
}

#[test]
fn restore_waits_for_nobody_while_a_run_is_at_work() {
    let site = Site::new(|_| ());
    let first = run_until_written(&site, 1);
    let ran = site.run(&["restore"]);
    assert_ne!(ran.status.code(), Some(0), "{ran}");
    first.end().assert_located(&site);
}

#[test]
fn ctrl_c_is_heard_while_the_switch_is_silent() {
    use halfspan::lab::{Reboot, When};
    let site = Site::new(|spec| {
        spec.faults.reboot = Some(Reboot {
            at: When::Write(2),
            down: Duration::from_secs(9),
        });
    });
    let run = run_until_written(&site, 2);
    std::thread::sleep(Duration::from_secs(1));
    run.signal(Signal::SIGINT);
    run.end().assert_exit(130);
    site.assert_untouched();
}
