//! Runs on paper: planned without a write, recorded, played again.

use std::fs;

use halfspan::lab::Profile;

use crate::site::Site;

#[test]
fn a_recorded_run_is_replayed_without_any_switch_and_decides_the_same() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--no-tables", "--json", "--record", "run.jsonl"]);
    let report = ran.assert_located(&site);
    let requests = site.lab.write_attempts().len();

    let ran = site.run(&["locate", "--json", "--replay", "run.jsonl"]);
    let replay = ran.assert_exit(0).json();
    assert_eq!(replay["schema"], "halfspan.replay/1");
    assert_eq!(replay["faithful"], true, "{ran}");
    assert_eq!(site.lab.write_attempts().len(), requests);

    let ran = site.run(&["locate", "--replay", "run.jsonl"]);
    ran.assert_exit(0);
    let port = format!("port {}", report["port"]["label"].as_str().unwrap());
    assert!(ran.out.contains(&port), "{ran}");
}

#[test]
fn the_record_of_a_killed_run_can_be_replayed() {
    let site = Site::new(|_| ());
    site.locate(&["--no-tables", "--record", "run.jsonl"])
        .assert_exit(0);
    let text = fs::read_to_string(site.path("run.jsonl")).unwrap();
    let begun: Vec<&str> = text.lines().take(4).collect();
    fs::write(site.path("begun.jsonl"), begun.join("\n")).unwrap();
    let ran = site.run(&["locate", "--replay", "begun.jsonl"]);
    ran.assert_exit(0);
}

#[test]
fn a_broken_record_is_told_with_its_line() {
    let site = Site::new(|_| ());
    site.locate(&["--no-tables", "--record", "run.jsonl"])
        .assert_exit(0);
    let text = fs::read_to_string(site.path("run.jsonl")).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[2] = "{\"window\": 7}";
    fs::write(site.path("run.jsonl"), lines.join("\n")).unwrap();
    let ran = site.run(&["locate", "--replay", "run.jsonl"]);
    let told = ran.assert_exit(2).told_error();
    assert!(told.contains("run.jsonl, line 3,"), "{told}");
}

#[test]
fn a_record_that_is_not_there_is_a_matter_of_usage() {
    let site = Site::new(|_| ());
    let ran = site.run(&["locate", "--replay", "none.jsonl"]);
    insta::assert_snapshot!(ran.assert_exit(2).told_error(), @r"
    error: cannot read the record none.jsonl
    cause: No such file or directory (os error 2)
    ");
}

#[test]
fn a_record_that_cannot_be_written_stops_the_run_before_the_first_write() {
    let site = Site::new(|_| ());
    let ran = site.locate(&["--record", "no/such/folder.jsonl"]);
    insta::assert_snapshot!(ran.assert_exit(3).told_error(), @r"
    error: cannot write the record
    cause: No such file or directory (os error 2)
    hint:  choose another file for --record
    ");
    site.assert_unwritten();
}

#[test]
fn a_dry_run_shows_the_first_writes_and_makes_none() {
    for profile in Profile::ALL {
        let site = Site::new(|spec| spec.profile = profile);
        let suspect = site.suspect().to_string();
        // Nobody has to be asked, as nothing is changed.
        let ran = site.run(&["locate", "--ip", &suspect, "--dry-run", "--json"]);
        let report = ran.assert_exit(0).json();
        let plan = report["plan"].as_array().unwrap();
        assert!(plan.len() > 1, "{ran}");
        assert_eq!(report["mirror"]["writes"], 0);
        site.assert_unwritten();
    }
}

#[test]
fn the_plan_names_the_objects_that_would_be_written() {
    let site = Site::new(|spec| spec.profile = Profile::DlinkDgs1210);
    let ran = site.locate(&["--dry-run", "--no-tables"]);
    let plan = ran
        .assert_exit(0)
        .out
        .replace(&site.suspect().to_string(), "SUSPECT");
    let told: Vec<&str> = plan.lines().filter(|line| !line.contains("took")).collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    the plan for SUSPECT; nothing was written
      device   RECEPTION-PC  WORKGROUP  04:d4:c4:69:c3:9f  ASUSTek COMPUTER INC.
      likely   a computer: a user is logged on to it
      user     FRONTDESK
      1.       office-1: mirror ports 1-10 to port 12, listen, then narrow them
      2.       office-1: write sysMirrorTargetPort.0 = 12
      3.       office-1: write sysMirrorCtrlIngressMirroring.0 = ffc0
      4.       office-1: write sysMirrorStatus.0 = 1
    ");
}
