//! The built program: what it prints, where, and how it exits.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on shall panic")]

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// Runs the program in `folder`, without any of the user's own settings.
fn halfspan(folder: &Path, args: &[&str]) -> Output {
    command(folder).args(args).output().unwrap()
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("halfspan"));
    command
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .stdin(Stdio::null());
    command
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A folder with a good configuration and patch list.
fn site() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("halfspan.yaml"), CONFIG).unwrap();
    fs::write(folder.path().join("patch.csv"), PATCH).unwrap();
    folder
}

const CONFIG: &str = "\
switches:
  office-1:
    profile: smon-portcopy
    address: 10.78.0.2
    credentials: office
    destination: \"24\"
    sniff: eth0
credentials:
  office:
    snmp: { version: 2c, read: \"env:OFFICE_RO\", write: \"env:OFFICE_RW\" }
patch: patch.csv
";

const PATCH: &str = "\
switch,port,panel,position,outlet,room,note,cable
office-1,16,B,04,2.14-A,2.14,,
office-1,17,B,05,2.14-B,2.14,reception,4711
";

#[test]
fn help_shows_the_commands_that_work() {
    let folder = tempfile::tempdir().unwrap();
    let output = halfspan(folder.path(), &["--help"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("help", out(&output));
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    for args in [
        &["lokate"][..],
        &["patch", "show", "--jsn"],
        &[],
        &["patch"],
    ] {
        let output = halfspan(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty());
    }
}

#[test]
fn a_typo_in_the_configuration_names_line_column_and_the_nearest_key() {
    let site = site();
    let typo = CONFIG.replace("destination:", "destinaton:");
    fs::write(site.path().join("halfspan.yaml"), typo).unwrap();
    let output = halfspan(site.path(), &["patch", "check"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(out(&output), "");
    insta::assert_snapshot!(err(&output), @r"
    error: halfspan.yaml:6:5: there is no key `destinaton` here
      6 |     destinaton…
        |     ^^^^^^^^^^
    hint:  did you mean `destination`?
    ");
}

#[test]
fn a_failure_with_json_is_one_document() {
    let folder = tempfile::tempdir().unwrap();
    let output = halfspan(folder.path(), &["patch", "check", "--json"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(err(&output), "");
    let text = out(&output).replace(&folder.path().display().to_string(), "HOME");
    insta::assert_snapshot!(text, @r#"
    {
      "schema": "halfspan.failure/1",
      "error": {
        "message": "there is no configuration file; looked for halfspan.yaml, HOME/.config/halfspan/halfspan.yaml",
        "hint": "write one, or name it with --config FILE or HALFSPAN_CONFIG"
      },
      "exit_code": 2
    }
    "#);
}

#[test]
fn the_configuration_is_named_by_flag_then_environment() {
    let site = site();
    let other = site.path().join("other.yaml");
    fs::write(&other, "patch: none.csv\n").unwrap();
    let by_flag = halfspan(site.path(), &["patch", "check", "--config", "other.yaml"]);
    let by_variable = command(site.path())
        .args(["patch", "check"])
        .env("HALFSPAN_CONFIG", &other)
        .output()
        .unwrap();
    for output in [by_flag, by_variable] {
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains("none.csv"), "{}", err(&output));
    }
}

#[test]
fn the_patch_list_is_shown_with_all_its_columns() {
    let site = site();
    let output = halfspan(site.path(), &["patch", "show"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(out(&output), @r"
    switch    port  panel  position  outlet  room  note       cable
    office-1  16    B      04        2.14-A  2.14
    office-1  17    B      05        2.14-B  2.14  reception  4711
    ");
    let output = halfspan(site.path(), &["patch", "show", "office-1", "17", "--json"]);
    insta::assert_snapshot!(out(&output), @r#"
    {
      "schema": "halfspan.patch/1",
      "file": "patch.csv",
      "entries": [
        {
          "line": 3,
          "switch": "office-1",
          "port": "17",
          "panel": "B",
          "position": "05",
          "outlet": "2.14-B",
          "room": "2.14",
          "note": "reception",
          "cable": "4711"
        }
      ]
    }
    "#);
    let output = halfspan(site.path(), &["patch", "show", "office-1", "99"]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn the_patch_list_is_checked_line_by_line() {
    let site = site();
    let output = halfspan(site.path(), &["patch", "check"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(out(&output), @"patch.csv: 2 ports, no problem");
    let broken = format!("{PATCH}office-1,17,B,06,2.14-C,2.14,,\ncellar,1,,,,,,\n,5,,,x,,,\n");
    fs::write(site.path().join("patch.csv"), broken).unwrap();
    let output = halfspan(site.path(), &["patch", "check"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(out(&output), @r"
    patch.csv:4: office-1 port 17 is already in line 3, which counts
    patch.csv:5: no switch `cellar` in halfspan.yaml
    patch.csv:5: no outlet for cellar port 1
    patch.csv:6: no switch is named
    patch.csv: 3 ports, 4 problems
    ");
}

#[test]
fn the_help_of_an_import_tells_what_it_takes() {
    let folder = tempfile::tempdir().unwrap();
    let output = halfspan(folder.path(), &["patch", "import", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("patch_import_help", out(&output));
    for args in [
        &["patch", "import"][..],
        &["patch", "import", "x.csv", "--from-switch", "a"],
        &["patch", "import", "x.csv", "--column", "outlt=Dose"],
        &["patch", "import", "x.csv", "--pattern", "{outlet}"],
    ] {
        let output = halfspan(folder.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn a_map_is_imported_checked_and_shown() {
    let site = site();
    fs::remove_file(site.path().join("patch.csv")).unwrap();
    // As Excel exports it on a German Windows.
    let map = b"Ger\xe4t;Port;Patchfeld;Dose;Raum;Kabel\r\nOffice-1;16;B;2.14-A;B\xfcro;1\r\nOffice-1;17;B;2.14-B;B\xfcro;2\r\n";
    fs::write(site.path().join("map.csv"), map).unwrap();
    let import = |args: &[&str]| {
        let args = [&["patch", "import", "map.csv"], args].concat();
        let output = halfspan(site.path(), &args);
        (output.status.code().unwrap(), out(&output), err(&output))
    };
    let (code, text, warning) = import(&[]);
    assert_eq!(code, 0);
    insta::assert_snapshot!(text, @r"
    columns:        switch = `Gerät`, port = `Port`, panel = `Patchfeld`, outlet = `Dose`, room = `Raum`
    not taken over: `Kabel` (column 6)

    new:
    switch    port  panel  outlet  room
    office-1  16    B      2.14-A  Büro
    office-1  17    B      2.14-B  Büro

    patch.csv: 2 new, 0 changed, 0 the same, 0 kept; nothing is written yet
    to write it: halfspan patch import --write map.csv
    ");
    insta::assert_snapshot!(warning, @"warning: map.csv is not UTF-8 and is read as Windows-1252 (western European letters); look whether line 1 is right: Gerät;Port;Patchfeld;Dose;Raum;Kabel");
    assert!(!site.path().join("patch.csv").exists());
    assert_eq!(import(&["--write"]).0, 0);
    let output = halfspan(site.path(), &["patch", "check"]);
    insta::assert_snapshot!(out(&output), @"patch.csv: 2 ports, no problem");
    let output = halfspan(site.path(), &["patch", "show"]);
    insta::assert_snapshot!(out(&output), @r"
    switch    port  panel  outlet  room
    office-1  16    B      2.14-A  Büro
    office-1  17    B      2.14-B  Büro
    ");
    let (code, text, _) = import(&["--write"]);
    assert_eq!(code, 0);
    assert!(text.ends_with(
        "patch.csv: 0 new, 0 changed, 2 the same, 0 kept; there is nothing to change\n"
    ));

    let other = String::from_utf8_lossy(map).replace("2.14-B", "3.01-A");
    fs::write(site.path().join("map.csv"), other.replace('\u{fffd}', "ä")).unwrap();
    let before = fs::read(site.path().join("patch.csv")).unwrap();
    let (code, text, _) = import(&["--write"]);
    assert_eq!(code, 2);
    insta::assert_snapshot!(text, @r"
    columns:        switch = `Gerät`, port = `Port`, panel = `Patchfeld`, outlet = `Dose`, room = `Raum`
    not taken over: `Kabel` (column 6)

    changed:
    line  switch    port  column  in the list  in the source  line there
    2     office-1  16    room    Büro         Bäro           2
    3     office-1  17    outlet  2.14-B       3.01-A         3
    3     office-1  17    room    Büro         Bäro           3

    patch.csv: 0 new, 2 changed, 0 the same, 0 kept; nothing is written: 3 values of the list would be lost; to have it so: --replace
    ");
    assert_eq!(fs::read(site.path().join("patch.csv")).unwrap(), before);
    let (code, document, _) = import(&["--write", "--replace", "--json"]);
    assert_eq!(code, 0);
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["schema"], "halfspan.patch-import/1");
    assert_eq!(document["written"], true);
    let field = &document["changed"][1]["fields"][0];
    assert_eq!(
        (&field["old"], &field["new"]),
        (&"2.14-B".into(), &"3.01-A".into())
    );
    let output = halfspan(site.path(), &["patch", "show", "office-1", "17", "--json"]);
    assert!(out(&output).contains("3.01-A"));
}

#[test]
fn an_import_without_a_list_says_how_to_name_one() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("map.csv"), PATCH).unwrap();
    let output = halfspan(folder.path(), &["patch", "import", "map.csv"]);
    assert_eq!(output.status.code(), Some(2));
    insta::assert_snapshot!(err(&output), @r"
    error: there is no configuration that names the patch list
    hint:  name it with --output patch.csv, and add `patch: patch.csv` to halfspan.yaml for the other commands
    ");
    let args = [
        "patch", "import", "map.csv", "--output", "new.csv", "--write",
    ];
    let output = halfspan(folder.path(), &args);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        fs::read_to_string(folder.path().join("new.csv")).unwrap(),
        "switch,port,panel,position,outlet,room,note\n\
         office-1,16,B,04,2.14-A,2.14,\noffice-1,17,B,05,2.14-B,2.14,reception\n"
    );
}

#[test]
fn a_mistake_in_an_import_comes_with_its_remedy() {
    let site = site();
    fs::write(
        site.path().join("map.csv"),
        "Patch list 2026;;\nSwitch;Buchse;Dose\noffice-1;17;2.14-B\n",
    )
    .unwrap();
    let told = |args: &[&str]| {
        let output = halfspan(site.path(), &[&["patch", "import"], args].concat());
        assert_eq!(
            (output.status.code(), out(&output)),
            (Some(2), String::new())
        );
        err(&output)
    };
    insta::assert_snapshot!(told(&["map.csv"]), @r"
    error: map.csv:2: the heading has no column that is known as the port; it has `Buchse` (column 2)
    hint:  say which column it is: --column port=Buchse
    ");
    insta::assert_snapshot!(told(&["map.csv", "--column", "port=Busche"]), @r"
    error: map.csv:2: there is no column `Busche` for the port; the heading has `Switch` (column 1), `Buchse` (column 2), `Dose` (column 3)
    hint:  did you mean --column port=Buchse?
    ");
    let twice = "Port;Dose\n17;2.14-B\n17;2.14-C\n";
    fs::write(site.path().join("twice.csv"), twice).unwrap();
    let args = ["patch", "import", "twice.csv", "--switch", "office-1"];
    let output = halfspan(site.path(), &args);
    assert_eq!(output.status.code(), Some(2));
    assert!(out(&output).contains("contradicts itself in 1 line"));
    insta::assert_snapshot!(told(&["nosuch.csv"]), @r"
    error: cannot read nosuch.csv
    cause: No such file or directory (os error 2)
    hint:  name the CSV file that was exported, and check its permissions
    ");
    insta::assert_snapshot!(told(&["--from-switch", "office-2"]), @r"
    error: there is no switch `office-2` in halfspan.yaml
    hint:  did you mean `office-1`?
    ");
}

#[test]
fn colour_comes_only_when_asked_for() {
    let site = site();
    let plain = out(&halfspan(site.path(), &["patch", "show"]));
    assert!(!plain.contains('\x1b'));
    let colored = out(&halfspan(
        site.path(),
        &["patch", "show", "--color", "always"],
    ));
    assert!(colored.contains('\x1b'));
    assert_eq!(anstream::adapter::strip_str(&colored).to_string(), plain);
}

#[test]
fn a_plain_text_secret_is_warned_of_unless_quiet() {
    let site = site();
    let literal = CONFIG.replace("env:OFFICE_RO", "hunter2");
    fs::write(site.path().join("halfspan.yaml"), literal).unwrap();
    let output = halfspan(site.path(), &["patch", "check"]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!(err(&output), @"warning: halfspan.yaml:10: `read` of credential `office` stands there in plain text; better env:NAME, file:PATH or cmd:COMMAND");
    let output = halfspan(site.path(), &["patch", "check", "-q"]);
    assert_eq!(err(&output), "");
}

#[test]
fn completions_and_manual_pages_come_from_the_parser() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let output = halfspan(folder.path(), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(out(&output).contains("patch"), "{shell}");
    }
    let page = out(&halfspan(folder.path(), &["man"]));
    assert!(page.contains(".TH halfspan 1") && page.contains("Exit codes"));
    let page = out(&halfspan(folder.path(), &["man", "patch", "show"]));
    assert!(page.contains(".TH halfspan-patch-show 1"), "{page}");
    let output = halfspan(folder.path(), &["man", "lokate"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for args in [&["man"][..], &["completions", "bash"], &["--help"]] {
        let mut child = command(folder.path())
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut told = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut told)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{args:?}");
        assert_eq!(told, "", "{args:?}");
    }
}
