//! Loading: what is built in, what is refused and in which words.

use std::fs;
use std::path::Path;

use super::*;
use crate::error::Diagnosis;

const SMON: &str = include_str!("../../switch-profiles/smon-portcopy.yaml");

/// The error of a changed `smon-portcopy`, with its hint.
fn error_of(from: &str, to: &str) -> String {
    assert!(SMON.contains(from), "{from}");
    let error = parse(&SMON.replacen(from, to, 1), "test.yaml").unwrap_err();
    match error.hint() {
        Some(hint) => format!("{error}\n{hint}"),
        None => error.to_string(),
    }
}

#[test]
fn every_built_in_profile_loads_under_its_own_name() {
    for (name, text) in EMBEDDED {
        let profile = load(name, Path::new("/nonexistent")).unwrap();
        assert_eq!(profile.name, *name);
        assert_eq!(profile.text, *text);
    }
    assert!(EMBEDDED.is_sorted_by_key(|(name, _)| *name));
}

#[test]
fn an_unknown_key_is_named_with_line_and_nearest() {
    insta::assert_snapshot!(error_of("    role: direction", "    rolle: direction"), @r"
    test.yaml:26:5: there is no key `rolle` here
    did you mean `role`?
    ");
}

#[test]
fn an_unknown_word_is_named_with_line_and_nearest() {
    insta::assert_snapshot!(error_of("role: direction", "role: directon"), @r"
    test.yaml:26:11: `directon` is not one of destination, destination_flag, sources, source, direction, enable, row_status, session, fixed, destinations, argument, command, add, remove, apply, pending, revert, save, knob, match, keep, status, counter
    did you mean `direction`?
    ");
}

#[test]
fn a_bad_oid_is_named_with_its_line() {
    insta::assert_snapshot!(error_of("oid: 1.3.6.1.2.1.16.22.1.3.1.1.4", "oid: 1.3.6.portCopy"), @"test.yaml:25:10: `1.3.6.portCopy` is not an OID; write numbers with dots, like 1.3.6.1.2.1.16.22.1.3.1.1");
}

#[test]
fn a_bad_index_is_named_with_its_line() {
    insta::assert_snapshot!(error_of("index: source.destination", "index: source.dest"), @"test.yaml:28:12: `dest` cannot stand in an index; did you mean `destination`?");
}

#[test]
fn a_missing_key_is_named() {
    insta::assert_snapshot!(error_of("shape: pair_rows\n", ""), @"test.yaml:22:1: the key `shape` is missing");
}

#[test]
fn a_code_of_another_role_is_named() {
    insta::assert_snapshot!(error_of("{ ingress: 1,", "{ ingres: 1,"), @r"
    test.yaml:24:5: portCopyDirection: `ingres` is no code of this role
    did you mean `ingress`?
    ");
}

#[test]
fn a_misspelt_companion_is_named() {
    insta::assert_snapshot!(error_of("[portCopyStatus]", "[portCopyState]"), @r"
    test.yaml:24:5: portCopyDirection: there is no object `portCopyState`
    did you mean `portCopyStatus`?
    ");
}

#[test]
fn a_shape_without_its_objects_is_told_what_is_missing() {
    insta::assert_snapshot!(error_of("shape: pair_rows", "shape: bitmap"), @"test.yaml:23:1: objects: there are no `sources` with a `bitmap`");
}

#[test]
fn a_key_twice_is_refused() {
    insta::assert_snapshot!(error_of("name: smon-portcopy", "name: smon-portcopy\nname: other"), @"test.yaml:4:1: the key `name` is there twice");
}

#[test]
fn an_anchor_is_refused_and_cannot_be_a_bomb() {
    insta::assert_snapshot!(error_of("name: smon-portcopy", "name: &a smon-portcopy"), @"test.yaml:3:10: it has anchors or aliases, or is far larger than any profile; write it out");
    let bomb = format!("a: &a [x]\n{}", "b: [*a, *a]\n".repeat(100));
    assert!(parse(&bomb, "bomb.yaml").is_err());
}

#[test]
fn a_merge_key_is_refused() {
    insta::assert_snapshot!(error_of("limits:\n", "limits:\n  <<: { sources: 1 }\n"), @"test.yaml:14:3: merge keys (`<<`) are not read; write it out");
}

#[test]
fn a_newer_format_is_refused() {
    insta::assert_snapshot!(error_of("format: 1", "format: 2"), @"test.yaml:2:1: format: this program reads format 1, not 2");
}

#[test]
fn a_file_goes_before_a_built_in_profile_and_a_path_is_taken_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let own = SMON.replace("about: Any switch", "about: My switch");
    fs::create_dir(folder.path().join("switch-profiles")).unwrap();
    fs::write(
        folder.path().join("switch-profiles/smon-portcopy.yaml"),
        &own,
    )
    .unwrap();
    fs::write(folder.path().join("mine.yaml"), &own).unwrap();
    let path = folder.path().join("mine.yaml");
    for name in ["smon-portcopy", &path.display().to_string()] {
        let profile = load(name, folder.path()).unwrap();
        assert!(profile.about.starts_with("My switch"), "{name}");
    }
    assert!(matches!(
        load("none.yaml", folder.path()),
        Err(ProfileError::Read { .. })
    ));
}

#[test]
fn a_misspelt_profile_gets_the_nearest_name() {
    let error = load("smon-portcpy", Path::new("/nonexistent")).unwrap_err();
    assert_eq!(error.to_string(), "there is no profile `smon-portcpy`");
    assert_eq!(
        error.hint().unwrap(),
        "did you mean `smon-portcopy`? see `halfspan profile list`"
    );
}

#[test]
fn a_huge_file_is_refused_before_it_is_parsed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("huge.yaml");
    fs::write(&path, "# ".repeat(40_000)).unwrap();
    assert!(matches!(
        load(&path.display().to_string(), folder.path()),
        Err(ProfileError::TooLarge { .. })
    ));
}

#[test]
fn a_switch_is_recognised_by_id_or_description() {
    let profile = load("netgear-fastpath", Path::new("/nonexistent")).unwrap();
    let id = |text: &str| text.parse::<Oid>().unwrap();
    assert!(
        profile
            .identify
            .matches(&id("1.3.6.1.4.1.4526.100.1.13"), "")
    );
    assert!(
        profile
            .identify
            .matches(&id("1.3.6.1.4.1.1.1"), "Broadcom fastpath switching")
    );
    assert!(
        !profile
            .identify
            .matches(&id("1.3.6.1.4.1.4526.101"), "GS108T")
    );
}

/// What the shapes without a driver have to be able to say: each loads and checks.
#[test]
fn every_shape_can_be_written() {
    for (shape, rest) in OTHER_SHAPES {
        let mut text = format!(
            "format: 1\nname: x\nabout: x\nshape: {shape}\nconfidence: mib\nsource: x\n{rest}"
        );
        if !text.contains("destination_traffic") {
            text.push_str("destination_traffic: unknown\n");
        }
        if let Err(error) = parse(&text, shape) {
            panic!("{error}");
        }
    }
}

const OTHER_SHAPES: &[(&str, &str)] = &[
    (
        "session_rows", // Comware: the direction is in the index
        "
objects:
  - { name: hh3cMGType, oid: 1.3.6.1.4.1.25506.2.68.1.1.1.1.2, role: fixed, value: 1, syntax: integer, index: session }
  - { name: hh3cMGRowStatus, oid: 1.3.6.1.4.1.25506.2.68.1.1.1.1.4, role: row_status, syntax: row_status, index: session }
  - { name: hh3cMGMirrorRowStatus, oid: 1.3.6.1.4.1.25506.2.68.1.2.1.1.3, role: row_status, syntax: row_status, index: session.source.direction, index_codes: { ingress: 1, egress: 2, both: 3 } }
  - { name: hh3cMGMonitorRowStatus, oid: 1.3.6.1.4.1.25506.2.68.1.3.1.1.2, role: row_status, syntax: row_status, index: session.destination }
  - { name: hh3cMGStatus, oid: 1.3.6.1.4.1.25506.2.68.1.1.1.1.3, role: status, syntax: integer, index: session }
",
    ),
    (
        "session_rows", // Cisco SB: a type in the index, a knob on the destination
        "
destination_traffic: knob
objects:
  - { name: rlSpanDestinationIfIndex, oid: .2.1.2, role: destination, syntax: integer, index: session }
  - { name: rlSpanDestinationPortType, oid: .2.1.4, role: knob, syntax: integer, index: session, codes: { block: 1, pass: 2 } }
  - { name: rlSpanDestinationRowStatus, oid: .2.1.6, role: row_status, syntax: row_status, index: session }
  - { name: rlSpanSourceDirection, oid: .3.1.4, role: direction, syntax: integer, index: session.1.source, codes: { ingress: 1, egress: 2, both: 3 }, with: [rlSpanSourceRowStatus] }
  - { name: rlSpanSourceRowStatus, oid: .3.1.5, role: row_status, syntax: row_status, index: session.1.source }
base: { models: [{ sys_descr: Catalyst, base: 1.3.6.1.4.1.9.6.1.101.219 }, { base: 1.3.6.1.4.1.89.219 }] }
",
    ),
    (
        "pair_rows", // ProCurve: the session can be set only while the row is made; Edge-Core's valid/invalid
        "
objects:
  - { name: hpicfBridgeMirrorSessionID, oid: 1.3.6.1.4.1.11.2.14.11.5.1.12.1.6.2.1.1.1, role: session, syntax: integer, index: source.destination, only_while: creating }
  - { name: portCopyDirection, oid: 1.3.6.1.2.1.16.22.1.3.1.1.4, role: direction, syntax: integer, index: source.destination, codes: { ingress: 1, both: 3 } }
  - { name: portCopyStatus, oid: 1.3.6.1.2.1.16.22.1.3.1.1.5, role: row_status, syntax: row_status, index: source.destination, create: create_and_wait }
",
    ),
    (
        "pair_rows",
        "
objects:
  - { name: mirrorType, oid: .8.1.1.3, role: direction, syntax: integer, index: destination.source, codes: { ingress: 1, both: 3 }, with: [mirrorStatus] }
  - { name: mirrorStatus, oid: .8.1.1.4, role: row_status, syntax: integer, index: destination.source, codes: { create: 1, remove: 2 } }
base: { sys_object_id: { take: 11, append: .1 } }
",
    ),
    (
        "bitmap", // Microchip: low bit first, port 0, trimmed; the destination is a bitmap too
        "
objects:
  - { name: Mode, oid: 1.3.6.1.4.1.9.9.832.1.15.1.2.1.1.2, role: enable, syntax: integer, index: session, codes: { on: 1, off: 2 } }
  - { name: DestinationPortList, oid: 1.3.6.1.4.1.9.9.832.1.15.1.2.1.1.15, role: destination, syntax: octets, index: session, bitmap: { order: low_first, first_port: 0, trim: true, per_unit: { octets: 8, ports: 64 } } }
  - { name: SourcePortListRx, oid: 1.3.6.1.4.1.9.9.832.1.15.1.2.1.1.11, role: sources, direction: ingress, syntax: octets, index: session, bitmap: { order: low_first, first_port: 0, trim: true, per_unit: { octets: 8, ports: 64 } } }
",
    ),
    (
        "port_flags", // ME1200: one column says source or destination
        "
objects:
  - { name: Mode, oid: 1.3.6.1.4.1.9.9.815.1.1.2.1, role: enable, syntax: integer, codes: { on: 1, off: 2 } }
  - { name: Type, oid: 1.3.6.1.4.1.9.9.815.1.1.2.2.1.2, role: direction, syntax: integer, index: source, codes: { off: 0, egress: 1, ingress: 2, both: 3 } }
  - { name: Dest, oid: 1.3.6.1.4.1.9.9.815.1.1.2.3, role: destination, syntax: integer }
",
    ),
    (
        "port_list", // JetStream: a text in the switch's own port names; clearing clears the destination too
        "
numbering: \"1/0/{n}\"
limits: { sessions_per_source: 1 }
objects:
  - { name: tpPortMirrorDestination, oid: 1.3.6.1.4.1.11863.6.11.1.1.1.2, role: destination, syntax: text, index: session, list: { form: names } }
  - { name: tpPortMirrorIngressSource, oid: 1.3.6.1.4.1.11863.6.11.1.1.1.3, role: sources, direction: ingress, syntax: text, index: session, list: { form: names, separator: \",\", range: \"-\" } }
  - { name: tpPortMirrorSessionState, oid: 1.3.6.1.4.1.11863.6.11.1.1.1.6, role: command, syntax: integer, index: session, codes: { clear: 3 }, clears: [tpPortMirrorDestination, tpPortMirrorIngressSource] }
",
    ),
    (
        "port_list", // old Comware: a count, then 32-bit ifIndexes
        "
objects:
  - { name: MonitorIfIndex, oid: 1.3.6.1.4.1.25506.8.35.16.2.28.1.1, role: destination, syntax: integer, index: session }
  - { name: InboundIfIndexList, oid: 1.3.6.1.4.1.25506.8.35.16.2.27.1.1, role: sources, direction: ingress, syntax: octets, index: session, list: { form: counted_words } }
",
    ),
    (
        "single_source", // Moxa
        "
objects:
  - { name: targetPort, oid: 1.3.6.1.4.1.8691.7.69.1.13.1, role: sources, syntax: integer }
  - { name: mirroringPort, oid: 1.3.6.1.4.1.8691.7.69.1.13.2, role: destination, syntax: integer }
  - { name: monitorDirection, oid: 1.3.6.1.4.1.8691.7.69.1.13.3, role: direction, syntax: integer, codes: { ingress: 0, egress: 1, both: 2 } }
",
    ),
    (
        "source_row", // ICX: pairs of destination and direction in a text on the source's row
        "
objects:
  - { name: snPortMonitorMirrorList, oid: 1.3.6.1.4.1.1991.1.1.3.25.1.1.2, role: destinations, syntax: text, index: source, list: { form: pairs, separator: \" \" } }
",
    ),
    (
        "command", // VSOL: arguments, then an action; a table is the read-back
        "
objects:
  - { name: mirrorSrcPort, oid: .3.3, role: argument, carries: source, syntax: integer }
  - { name: mirrorDstPort, oid: .3.2, role: argument, carries: destination, syntax: integer }
  - { name: mirrorType, oid: .3.4, role: argument, carries: direction, syntax: integer }
  - { name: mirrorAction, oid: .3.5, role: command, syntax: integer, codes: { add: 1, remove: 2, clear: 3 } }
  - { name: portMirrorSrcPort, oid: .4.1.4, role: status, carries: source, syntax: integer, index: session.row }
base: { literal: 1.3.6.1.4.1.37950.1.1.5.10.1 }
",
    ),
    (
        "candidate", // Lenovo: apply, which is not save
        "
objects:
  - { name: pmNewCfgPmirrDirection, oid: .2.1.4.1.4.1.3, role: direction, syntax: integer, index: destination.source, codes: { ingress: 1, egress: 2, both: 3 }, read_back: pmCurCfgPmirrDirection }
  - { name: pmCurCfgPmirrDirection, oid: .2.1.4.1.3.1.3, role: status, syntax: integer, index: destination.source }
  - { name: agApplyPending, oid: .1.1.8.1, role: pending, syntax: integer, codes: { waiting: 2, none: 3 } }
  - { name: agApplyConfig, oid: .1.1.8.2, role: apply, syntax: integer, codes: { apply: 1, busy: 3, done: 4, failed: 5 } }
  - { name: agSaveConfiguration, oid: .1.1.1.4, role: save, syntax: integer }
base: { literal: 1.3.6.1.4.1.26543.2.7.6 }
",
    ),
    (
        "document", // AOS-CX
        "
numbering: if_name
http:
  entries:
    - name: session
      for: session
      read: { method: GET, path: /rest/v10.08/system/mirrors }
      lie: members
      key: '{session}'
      value: { output_port: '{destination}', select_src_port: ['{source}'] }
      direction: ingress
      create: [{ method: POST, path: /rest/v10.08/system/mirrors, body: '{entry}' }]
      replace: [{ method: PUT, path: '/rest/v10.08/system/mirrors/{session}', body: '{entry}' }]
      delete: [{ method: DELETE, path: '/rest/v10.08/system/mirrors/{session}' }]
",
    ),
    (
        "cli_lines", // EOS
        "
numbering: if_name
http:
  send: { method: POST, path: /command-api, body: [configure, '{commands}'] }
  entries:
    - name: source
      for: source
      read: { method: POST, path: /command-api, body: [show running-config] }
      lie: members
      key: 'monitor session {session} source {source} {direction} to {destination}'
      directions: { ingress: rx, egress: tx, both: both }
      add: ['{key}']
      remove: ['no {key}']
",
    ),
    (
        "on_destination",
        "
limits: { sources: 1 }
objects:
  - { name: mirrorSource, oid: 1.3.6.1.4.1.9.9.87.1.4.1.1.28, role: sources, syntax: integer, index: destination }
",
    ),
    (
        "on_source", // VyOS: both directions are two settings; copies of one frame in eight
        "
both_as: two_rows
copied: { tags: kept, link_header: true, one_in: 8 }
numbering: if_name
http:
  send: { method: POST, path: /configure, body: ['{commands}'] }
  entries:
    - name: source
      for: source
      read: { method: POST, path: /retrieve, body: [interfaces] }
      lie: leaves
      key: '{source} mirror {direction} {destination}'
      directions: { ingress: ingress, egress: egress }
      add: [{ op: set, path: ['{source}', mirror, '{direction}', '{destination}'] }]
      remove: [{ op: delete, path: ['{source}', mirror, '{direction}'] }]
",
    ),
];
