//! From a file's octets and a list to the list's new octets.

use std::path::Path;

use super::plan::Plan;
use super::{Naming, Source, Target, from_ports, sheet};
use crate::patch::PatchList;
use crate::port::{IfIndex, Link, PanelPort, PortId, SwitchPort};

fn read(text: &[u8], options: &[&str], switch: Option<&str>) -> Result<Source, String> {
    let namings: Vec<Naming> = options.iter().map(|text| text.parse().unwrap()).collect();
    sheet::parse(Path::new("x.csv"), text, &namings, switch, &["office-1"])
        .map_err(|error| error.to_string())
}

/// What is read, one entry a line, and what is not.
fn told(source: &Source) -> String {
    let mut text = String::new();
    for incoming in &source.entries {
        let entry = &incoming.entry;
        let cells = crate::patch::COLUMNS.map(|column| entry.cell(column));
        text.push_str(&format!("{}: {}\n", entry.line, cells.join("|")));
    }
    for problem in &source.left_out {
        text.push_str(&format!("{}: left out: {}\n", problem.line, problem.what));
    }
    for problem in &source.contradictions {
        text.push_str(&format!("{}: {}\n", problem.line, problem.what));
    }
    text
}

/// A list on disk, imported into.
struct Kept {
    _folder: tempfile::TempDir,
    target: Target,
}

fn list(text: &str) -> Kept {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("patch.csv");
    std::fs::write(&file, text).unwrap();
    Kept {
        target: Target::open(&file).unwrap(),
        _folder: folder,
    }
}

/// The list's text after an import.
fn imported(present: &str, source: &str) -> String {
    let kept = list(present);
    let source = read(source.as_bytes(), &[], None).unwrap();
    let plan = Plan::new(&source, kept.target.list());
    String::from_utf8(kept.target.rewritten(&plan).unwrap()).unwrap()
}

#[test]
fn spreadsheets_may_export_it_as_they_like() {
    let wanted = read(b"switch,port,outlet\noffice-1,17,2.14-B\n", &[], None).unwrap();
    for text in [
        "Ger\u{e4}t;Port;Dose\r\nOFFICE-1;17;2.14-B\r\n;;\r\n",
        "\u{feff}Device\tInterface\tJack\noffice-1\t17\t\" 2.14-B \"\n",
        "sep=;\nswitch;port;prise\noffice-1;17;2.14-B",
        "Patch list, floor 2;;\n\nswitch;port;outlet\noffice-1;17;2.14-B\n",
    ] {
        let found = read(text.as_bytes(), &[], None).unwrap();
        let only = &found.entries[0].entry;
        assert_eq!(only.place, wanted.entries[0].entry.place, "{text}");
        assert_eq!(
            (only.switch.as_str(), only.port.as_str()),
            ("office-1", "17")
        );
        assert_eq!((found.entries.len(), found.left_out.len()), (1, 0));
    }
}

#[test]
fn a_line_that_cannot_be_used_is_left_out_and_told() {
    let text = "Port;Dose;Bemerkung\n1;x1;\n2;;\n;x3;\n4;=1+1;\n5;-2.14;+49 30 1\n6;-1+cmd|'x'!A0;\n1;x1;\n7;x7;;more\n8;x8;\"by the\nwindow\"\n1;x9;\n";
    let found = read(text.as_bytes(), &[], Some("office-1")).unwrap();
    insta::assert_snapshot!(told(&found), @r"
    2: office-1|1|||x1||
    6: office-1|5|||-2.14||+49 30 1
    10: office-1|8|||x8||by the window
    3: left out: it does not say where the cable ends
    4: left out: no port is named
    5: left out: the outlet is a formula
    7: left out: the outlet is a formula
    8: left out: office-1 port 1 is already in line 2
    9: left out: more cells than the heading has columns
    12: office-1 port 1 leads somewhere else than in line 2
    ");
    let plan = Plan::new(&found, None);
    assert!(plan.refusal(&found, true).is_some());
}

#[test]
fn what_would_lose_lines_is_an_error_with_its_line() {
    let error = |text: &[u8]| read(text, &[], None).unwrap_err();
    assert_eq!(
        error(b"switch,port,outlet\na,1,x1\na,2,\"x2\na,3,x3\n"),
        "x.csv:3: a cell runs over several lines: is a quote missing?"
    );
    let long = format!("switch,port,outlet\na,1,{}\n", "x".repeat(1001));
    assert_eq!(
        error(long.as_bytes()),
        "x.csv:2: a cell is longer than 1000 letters"
    );
    let wide = ",x".repeat(1000);
    assert_eq!(error(wide.as_bytes()), "x.csv:1: more than 256 cells");
    assert!(!error(b"a\x1b[2J,b\nx,y\n").contains('\x1b'));
    for text in ["", "port\n1\n", "\n\n"] {
        assert!(error(text.as_bytes()).contains("has no heading"), "{text}");
    }
}

#[test]
fn a_title_with_separators_is_never_taken_for_the_heading() {
    let error = read(b"Floor,2,2026\nswitch,port,outlet\na,1,x1\n", &[], None).unwrap_err();
    assert!(
        error.starts_with("x.csv:1: the heading has no column"),
        "{error}"
    );
}

#[test]
fn a_plan_tells_new_from_changed_from_same_from_kept() {
    let present = list(
        "switch,port,outlet,room\noffice-1,1,x1,\noffice-1,2,x2,\noffice-1,3,x3,\noffice-1,4,x4,\n",
    );
    let text = b"switch,port,outlet,room\noffice-1,1,x1,\noffice-1,2,y2,R\noffice-1,3,,R\noffice-1,5,x5,\n";
    let source = read(text, &[], None).unwrap();
    let plan = Plan::new(&source, present.target.list());
    let ports: Vec<_> = plan.new.iter().map(|entry| entry.port.as_str()).collect();
    let kept: Vec<_> = plan.kept.iter().map(|entry| entry.port.as_str()).collect();
    assert_eq!((ports, plan.same, kept), (vec!["5"], 1, vec!["4"]));
    let told: Vec<_> = plan
        .changed
        .iter()
        .flat_map(|change| change.fields.iter().map(move |field| (change, field)))
        .map(|(change, field)| {
            let conflict = if field.conflict { " lost" } else { "" };
            let lines = (change.line, change.source_line.unwrap());
            format!(
                "{lines:?} {}: {} -> {}{conflict}",
                field.column, field.old, field.new
            )
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    (3, 3) outlet: x2 -> y2 lost
    (3, 3) room:  -> R
    (4, 4) room:  -> R
    ");
    insta::assert_snapshot!(plan.refusal(&source, false).unwrap(), @"1 value of the list would be lost; to have it so: --replace");
    assert_eq!(plan.refusal(&source, true), None);
}

#[test]
fn what_is_not_changed_keeps_its_octets() {
    let present = "\u{feff}Cable;OUTLET;switch;port\r\n4711; x1 ;office-1;1\r\n\r\n\"47\";\"x2\";office-1;2;\r\n4713;x3;office-1;3";
    let source = "switch,port,outlet\noffice-1,2,y;2\noffice-1,9,x9\n";
    assert_eq!(
        imported(present, source),
        "\u{feff}Cable;OUTLET;switch;port\r\n4711; x1 ;office-1;1\r\n\r\n47;\"y;2\";office-1;2;\r\n4713;x3;office-1;3\r\n;x9;office-1;9\r\n"
    );
    assert_eq!(
        imported(present, "switch,port,outlet\noffice-1,1,x1\n"),
        present
    );
}

#[test]
fn a_column_that_the_list_lacks_is_added_behind_the_others() {
    assert_eq!(
        imported(
            "port,switch,outlet\n1,office-1,x1\n2,office-1\n",
            "switch,port,outlet,room\noffice-1,2,x2,R2\n"
        ),
        "port,switch,outlet,room\n1,office-1,x1\n2,office-1,x2,R2\n"
    );
}

#[test]
fn a_new_list_has_the_usual_heading() {
    assert_eq!(
        imported("", "switch;port;outlet\noffice-1;1;\"a,b\"\n"),
        "switch,port,panel,position,outlet,room,note\noffice-1,1,,,\"a,b\",,\n"
    );
}

#[test]
fn a_list_with_lines_that_cannot_be_read_is_not_rewritten() {
    let present = list("switch,port,outlet\noffice-1,1,x1\n,2,x2\n");
    let source = read(b"switch,port,outlet\noffice-1,3,x3\n", &[], None).unwrap();
    let plan = Plan::new(&source, present.target.list());
    let error = present.target.rewritten(&plan).unwrap_err().to_string();
    assert!(
        error.ends_with("the first is 3: no switch is named"),
        "{error}"
    );
}

#[test]
fn the_list_is_replaced_whole_with_its_rights_and_never_over_another_change() {
    use std::os::unix::fs::PermissionsExt;
    let present = list("switch,port\n");
    let file = &present.target.file;
    let link = file.with_file_name("link.csv");
    std::os::unix::fs::symlink(file, &link).unwrap();
    std::fs::set_permissions(file, PermissionsExt::from_mode(0o640)).unwrap();
    Target::open(&link)
        .unwrap()
        .write(b"switch,port,outlet\n")
        .unwrap();
    assert_eq!(std::fs::read(file).unwrap(), b"switch,port,outlet\n");
    assert_eq!(
        std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
        0o640
    );
    assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
    let error = present.target.write(b"mine\n").unwrap_err().to_string();
    assert!(error.contains("changed by somebody else"), "{error}");
    assert_eq!(std::fs::read(file).unwrap(), b"switch,port,outlet\n");
    let folder = std::fs::read_dir(file.parent().unwrap()).unwrap();
    assert_eq!(folder.count(), 2, "something is left beside the list");
}

#[test]
fn descriptions_become_entries_of_the_port_whatever_the_list_calls_it() {
    let port = |number: u32, alias: &str| SwitchPort {
        id: PortId(1),
        label: PanelPort(number.to_string()),
        if_name: format!("gi{number}"),
        alias: alias.to_owned(),
        if_index: Some(IfIndex(48 + number)),
        bridge_port: None,
        link: Link::Up,
    };
    let ports = [
        port(1, "B/01 x1"),
        port(2, "spare"),
        port(3, ""),
        port(4, "B/04 x4"),
        port(5, "B/=5 x5"),
    ];
    let pattern = "{panel}/{position} {outlet}".parse().unwrap();
    let source = from_ports("office-1", ports.iter(), &pattern);
    assert_eq!(source.without_description, 1);
    let words: Vec<_> = source
        .not_matched
        .iter()
        .map(|port| &port.description)
        .collect();
    assert_eq!(words, ["spare", "B/=5 x5"]);
    let present =
        list("switch,port,panel,position,outlet\noffice-1,Gi1,B,01,x1\noffice-1,if:52,B,04,y4\n");
    let plan = Plan::new(&source, present.target.list());
    assert_eq!((plan.new.len(), plan.same, plan.changed.len()), (0, 1, 1));
    assert_eq!(plan.changed[0].port, "if:52");
}

mod damage {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_octets_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read(&bytes, &["port=#1"], Some("office-1")).ok();
        }

        #[test]
        fn what_is_written_is_read_again(cells in proptest::collection::vec("[ -~äß]{1,12}", 1..20)) {
            let mut text = "switch\tport\toutlet\n".to_owned();
            for (number, cell) in cells.iter().enumerate() {
                text.push_str(&format!("office-1\t{number}\t\"{}\"\n", cell.replace('"', "\"\"")));
            }
            let source = read(text.as_bytes(), &[], None).unwrap();
            let present = "switch;port;panel;outlet\noffice-1;0;P;x\noffice-1;A;P;y\n";
            let kept = list(present);
            let plan = Plan::new(&source, kept.target.list());
            let text = kept.target.rewritten(&plan).unwrap();
            let after = PatchList::parse(Path::new("p"), &text).unwrap();
            prop_assert_eq!(after.problems(), &[]);
            let again = Plan::new(&source, Some(&after));
            prop_assert!(again.is_empty());
            prop_assert_eq!(again.same, source.entries.len());
            prop_assert!(after.named("office-1", "A").is_some());
        }
    }
}
