//! The other commands, against a switch that answers.

use std::fs;

use crate::site::{Ran, Running, SWITCH, Site, program};

/// The text of a run without what no two labs share.
fn text(site: &Site, ran: &Ran) -> String {
    let addresses = site.lab.addresses();
    ran.out
        .replace(&addresses.switch.to_string(), "SWITCH")
        .replace(&addresses.capture.to_string(), "CAPTURE")
}

#[test]
fn the_demo_finds_its_suspect_without_any_configuration() {
    let folder = tempfile::tempdir().unwrap();
    for seed in ["1", "2"] {
        let mut command = program(folder.path());
        command.args(["demo", "--json", "--ports", "8", "--seed", seed]);
        let ran = Running::start(&mut command).end();
        let report = ran.assert_exit(0).json();
        assert_eq!(report["outcome"], "located");
        assert_eq!(report["confirmation"]["confirmed"], true);
    }
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_configured_switches_are_listed_without_asking_them() {
    let site = Site::new(|_| ());
    let ran = site.run(&["switch", "list"]);
    let told = text(&site, ran.assert_exit(0));
    let columns: Vec<&str> = told.lines().nth(1).unwrap().split_whitespace().collect();
    let row = [SWITCH, "smon-portcopy", "SWITCH", "12", "tzsp://CAPTURE"];
    assert_eq!(columns[..5], row);
}

#[test]
fn a_switch_is_checked_without_a_write() {
    let site = Site::new(|_| ());
    let ran = site.run(&["switch", "check", SWITCH]);
    insta::assert_snapshot!(text(&site, ran.assert_exit(0)), @r"
    office-1
      ok   answers      office-1 (Switch with RFC 2613 port copy (virtual))
      ok   profile      smon-portcopy: Any switch with a writable portCopyTable (RFC 2613) (taken from the MIB; not yet seen on a real switch)
      note family       sysObjectID 1.3.6.1.4.1.89 points to marvell-span, radlan-ros, the configuration says smon-portcopy
      ok   candidates   1-10
      ok   destination  12
      ok   uplinks      11
      ok   mirror       free
      ok   abilities    mirrors any number of ports at once; copies what a port receives
      ok   rights       the credential can write; whether the switch allows it shows at the first write
      ok   management   by another way than the destination port
      ok   capture      tzsp://CAPTURE
    ");
    site.assert_unwritten();
}

#[test]
fn a_check_of_a_switch_that_a_person_sets_speaks_of_no_credential_and_no_address() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = "\
switches:
  office-1: { profile: manual, destination: \"8\", sniff: \"tzsp://127.0.0.1:0\" }
";
    fs::write(folder.path().join("halfspan.yaml"), yaml).unwrap();
    let mut command = program(folder.path());
    let ran = Running::start(command.args(["switch", "check", SWITCH])).end();
    insta::assert_snapshot!(ran.assert_exit(0).out, @r"
    office-1
      note answers      operated by a person, nothing to ask
      ok   profile      manual: Any switch whose mirror a person can set (seen on a real switch)
      ok   candidates   1-7, 9-24
      ok   destination  8
      note rights       a person sets the mirror
      ok   capture      tzsp://127.0.0.1:0
    ");
}

#[test]
fn a_check_tells_what_a_run_would_stumble_over() {
    let site = Site::new(|spec| spec.mirror.foreign_session = true);
    site.reconfigure(", write: \"env:HALFSPAN_RW\"", "");
    let ran = site.run(&["switch", "check", SWITCH, "--json"]);
    let report = ran.assert_exit(3).json();
    assert_eq!(report["schema"], "halfspan.switch-check/1");
    assert_eq!(report["ready"], false);
    let said = report["checks"].to_string();
    assert!(said.contains("--take-session"), "{said}");
    assert!(said.contains("no `write` community"), "{said}");
    site.assert_unwritten();
}

#[test]
fn a_check_of_a_switch_that_does_not_answer_says_so_once() {
    let site = Site::new(|_| ());
    let address = site.lab.addresses().switch.to_string();
    site.reconfigure(&address, "127.77.0.3:9");
    let ran = site.run(&["switch", "check", SWITCH]);
    ran.assert_exit(3);
    let all = format!("{}{}", ran.out, ran.err);
    assert_eq!(all.matches("did not answer").count(), 1, "{ran}");
}

#[test]
fn the_ports_of_a_switch_are_shown_with_role_and_outlet() {
    let site = Site::new(|spec| spec.ports = 8);
    let ran = site.run(&["switch", "ports", SWITCH]);
    insta::assert_snapshot!(text(&site, ran.assert_exit(0)), @r"
    port  ifName  ifIndex  bridge  link  role         outlet  description
    1     port1   49       1       up    candidate    1.01-A  1.01-A
    2     port2   50       2       up    candidate    1.01-B  1.01-B
    3     port3   51       3       up    candidate    1.02-A  1.02-A
    4     port4   52       4       up    candidate    1.02-B  1.02-B
    5     port5   53       5       up    candidate    1.03-A  1.03-A
    6     port6   54       6       up    candidate    1.03-B  1.03-B
    7     port7   55       7       up    uplink       1.04-A  uplink to core-1
    8     port8   56       8       up    destination  1.04-B  analyzer
    ");
    site.assert_unwritten();
}

#[test]
fn an_address_is_identified() {
    let site = Site::new(|_| ());
    let suspect = site.suspect().to_string();
    let ran = site.run(&["identify", &suspect]);
    let mac = site.lab.truth().mac.to_string();
    for told in [
        &suspect,
        &mac,
        "ASUSTek COMPUTER INC.",
        "RECEPTION-PC",
        "WORKGROUP",
        "likely   a computer: a user is logged on to it",
    ] {
        assert!(ran.assert_exit(0).out.contains(told), "no {told} in {ran}");
    }
    let ran = site.run(&["identify", "--json", &suspect]);
    let kind = &ran.assert_exit(0).json()["kind"];
    assert_eq!(kind["name"], "computer");
    assert_eq!(kind["because"], "a user is logged on to it");
    let ran = site.run(&["identify", "--json", &mac]);
    let report = ran.assert_exit(0).json();
    assert_eq!(report["vendor"], "ASUSTek COMPUTER INC.");
    assert!(report.get("kind").is_none(), "{report:#}");
    site.assert_unwritten();
}

#[test]
fn the_labs_patch_list_has_no_fault() {
    let site = Site::new(|_| ());
    let ran = site.run(&["patch", "check"]);
    assert_eq!(ran.assert_exit(0).out, "patch.csv: 12 ports, no problem\n");
    let ran = site.run(&["patch", "show", SWITCH, "5"]);
    insta::assert_snapshot!(ran.assert_exit(0).out, @r"
    switch    port  panel  position  outlet  room
    office-1  5     A      05        1.03-A  1.03
    ");
}

#[test]
fn the_descriptions_of_the_ports_are_imported_into_a_list() {
    let site = Site::new(|spec| spec.ports = 8);
    fs::write(
        site.path("patch.csv"),
        "switch,port,outlet,note\noffice-1,port2,1.01-B,mine\noffice-1,3,9.99-Z,\n",
    )
    .unwrap();
    let import = ["patch", "import", "--from-switch", SWITCH];
    let ran = site.run(&import);
    insta::assert_snapshot!(ran.assert_exit(0).out, @r"
    office-1 port 7: the description does not fit the pattern: uplink to core-1
    office-1 port 8: the description does not fit the pattern: analyzer

    new:
    switch    port  outlet
    office-1  1     1.01-A
    office-1  4     1.02-B
    office-1  5     1.03-A
    office-1  6     1.03-B

    changed:
    line  switch    port  column  in the list  in the source
    3     office-1  3     outlet  9.99-Z       1.02-A

    patch.csv: 4 new, 1 changed, 1 the same, 0 kept; nothing is written yet
    to write it: halfspan patch import --from-switch office-1 --write --replace
    ");
    let ran = site.run(&[&import[..], &["--write"]].concat());
    assert!(
        ran.assert_exit(2)
            .out
            .contains("1 value of the list would be lost")
    );
    let ran = site.run(&[&import[..], &["--write", "--replace"]].concat());
    assert!(ran.assert_exit(0).out.ends_with("0 kept; written\n"));
    assert_eq!(
        fs::read_to_string(site.path("patch.csv")).unwrap(),
        "switch,port,outlet,note\noffice-1,port2,1.01-B,mine\noffice-1,3,1.02-A,\n\
         office-1,1,1.01-A,\noffice-1,4,1.02-B,\noffice-1,5,1.03-A,\noffice-1,6,1.03-B,\n"
    );
    let ran = site.run(&[&import[..], &["--json", "--pattern", "{room}-{outlet}"]].concat());
    let report = ran.assert_exit(1).json();
    assert_eq!(report["ports_not_matched"].as_array().unwrap().len(), 8);
    site.assert_unwritten();
}

#[test]
fn with_json_every_command_prints_one_document_with_its_schema() {
    let site = Site::new(|_| ());
    let suspect = site.suspect().to_string();
    let commands: [(&[&str], &str); 9] = [
        (&["switch", "list"], "halfspan.switch-list/1"),
        (&["switch", "check", SWITCH], "halfspan.switch-check/1"),
        (&["switch", "ports", SWITCH], "halfspan.switch-ports/1"),
        (&["identify", &suspect], "halfspan.identify/1"),
        (&["patch", "show"], "halfspan.patch/1"),
        (&["patch", "check"], "halfspan.patch-check/1"),
        (&["patch", "import", "patch.csv"], "halfspan.patch-import/1"),
        (&["restore"], "halfspan.restore/1"),
        (
            &["locate", "--ip", &suspect, "--dry-run"],
            "halfspan.locate/1",
        ),
    ];
    for (args, schema) in commands {
        let ran = site.run(&[args, &["--json"]].concat());
        assert_eq!(ran.assert_exit(0).json()["schema"], schema, "{ran}");
    }
}

#[test]
fn with_json_every_failure_is_one_document_too() {
    let site = Site::new(|_| ());
    let commands: [(&[&str], i32); 4] = [
        (&["switch", "check", "nosuch"], 2),
        (
            &["locate", "--mac", "02:00:00:00:00:01", "--switch", "nosuch"],
            2,
        ),
        (&["locate", "--replay", "nosuch"], 2),
        (&["locate", "--ip", "127.0.0.1"], 2),
    ];
    for (args, code) in commands {
        let ran = site.run(&[args, &["--json"]].concat());
        let report = ran.assert_exit(code).json();
        let schema = report["schema"].as_str().unwrap();
        assert!(["halfspan.failure/1", "halfspan.locate/1"].contains(&schema));
        assert!(report["error"]["message"].is_string(), "{ran}");
    }
}
