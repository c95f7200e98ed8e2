//! Profiles with one mistake each: one error, with line and column, in words that help.

use super::*;
use crate::error::Diagnosis;

const SMON: &str = include_str!("../../switch-profiles/smon-portcopy.yaml");
const DGS1210: &str = include_str!("../../switch-profiles/dlink-dgs1210.yaml");
const TPLINK: &str = include_str!("../../switch-profiles/tplink-jetstream.yaml");

const AOS_CX: &str = include_str!("../../switch-profiles/aos-cx.yaml");
const EASY: &str = include_str!("../../switch-profiles/tplink-easysmart.yaml");
const NXOS: &str = include_str!("../../switch-profiles/cisco-nxos.yaml");
const UNIFI: &str = include_str!("../../switch-profiles/ubnt-unifi.yaml");
const ARISTA: &str = include_str!("../../switch-profiles/arista-eos.yaml");

/// A mistake: the profile it is made in, what is replaced, by what, and what the error says.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    (
        SMON,
        "shape: pair_rows",
        "shpae: pair_rows",
        "there is no key `shpae` here",
    ),
    (
        SMON,
        "shape: pair_rows",
        "shape: pairrows",
        "`pairrows` is not one of",
    ),
    (SMON, "format: 1", "format: one", "invalid u32"),
    (
        SMON,
        "format: 1",
        "format: 1\nformat: 1",
        "the key `format` is there twice",
    ),
    (
        SMON,
        "confidence: mib",
        "confidence: sure",
        "`sure` is not one of",
    ),
    (
        SMON,
        "index: source.destination",
        "index: source destination",
        "cannot stand in an index",
    ),
    (
        SMON,
        "syntax: row_status",
        "syntax: rowstatus",
        "`rowstatus` is not one of",
    ),
    (
        SMON,
        "codes: { ingress: 1, egress: 2, both: 3 }",
        "codes: { ingress: 1, egress: 1 }",
        "two codes have the same number",
    ),
    (
        SMON,
        "numbering: if_index",
        "numbering: ifindex",
        "is not a way to number ports",
    ),
    (SMON, "limits:\n  rows_per_request: 16", "limits: 16", ""),
    (
        SMON,
        "role: row_status",
        "role: counter",
        "there is no `row_status`",
    ),
    (SMON, "objects:\n", "objects: &a\n", "anchors or aliases"),
    (
        SMON,
        "destination_traffic: unknown",
        "destination_traffic: knob",
        "`knob` needs an object",
    ),
    (
        DGS1210,
        "role: destination\n    syntax: integer\n    codes: { none: 0 }",
        "role: keep\n    syntax: integer",
        "there is no `destination`",
    ),
    (
        DGS1210,
        "    syntax: octets\n    bitmap: { order: high_first, first_port: 1 }",
        "    syntax: octets\n    bitmap: { order: middle_first }",
        "`middle_first` is not one of",
    ),
    (
        DGS1210,
        "    syntax: octets\n    bitmap: { order: high_first, first_port: 1 }",
        "    syntax: octets\n    bitmap: { octets: 0 }",
        "`octets` must be 1 to 512",
    ),
    (
        DGS1210,
        "    syntax: octets\n    bitmap: { order: high_first, first_port: 1 }",
        "    syntax: octets\n    codec: { form: bits }",
        "there is no key `codec` here",
    ),
    (
        DGS1210,
        "limits: { sessions: 1 }",
        "limits: { sources: 1 }",
        "a bitmap holds many sources",
    ),
    (
        DGS1210,
        "    codes: { on: 1, off: 2 }",
        "    codes: { on: 1, off: 2 }\n    with: [sysSave]",
        "saves the configuration and is never written",
    ),
    (DGS1210, "oid: .18.1", "oid: 18.1.x", "is not an OID"),
    (
        DGS1210,
        "base: { sys_object_id",
        "# base: { sys_object_id",
        "needs `base`",
    ),
    (
        TPLINK,
        "list: { form: names }",
        "list: { form: name }",
        "`name` is not one of",
    ),
    (
        TPLINK,
        "clears: [tpPortMirrorDestination",
        "clears: [tpPortMirrorDest",
        "there is no object `tpPortMirrorDest`",
    ),
    (
        TPLINK,
        "list: { form: names, range: \"-\" }",
        "list: { form: pairs }",
        "pairs are the form of `destinations`",
    ),
    (TPLINK, "objects:", "objects: [", ""),
    (
        AOS_CX,
        "method: GET, path: \"/rest/v10.08/system/mirrors",
        "method: FETCH, path: \"/rest/v10.08/system/mirrors",
        "`FETCH` is not one of GET, POST, PUT, PATCH, DELETE",
    ),
    (
        AOS_CX,
        "{ \"{destination}\": \"/rest/v10.08/system/interfaces/{destination:url}\" }",
        "{ \"{destnation}\": \"/rest\" }",
        "session: nothing fills the gap {destnation} here",
    ),
    (
        AOS_CX,
        "path: \"/rest/v10.08/system/mirrors/{key:url}\", body: { active: false }",
        "path: rest/v10.08, body: { active: false }",
        "session: the path `rest/v10.08` does not begin with `/`",
    ),
    (
        ARISTA,
        "cmds: [enable, configure, \"{commands}\"]",
        "cmds: [enable, configure]",
        "http: commands need `send`, with [\"{commands}\"] in its body",
    ),
    (
        ARISTA,
        "      directions: { ingress: rx, egress: tx, both: both }\n",
        "",
        "source: the gap {direction} needs `directions`",
    ),
    (
        ARISTA,
        "      add: [\"{key}\"]\n      remove: [\"no {key}\"]\n",
        "      add: [\"{key}\"]\n",
        "destination: what is made must be removable",
    ),
    (
        NXOS,
        "      key: \"{destination}\"\n      keep: [id, spanMode]\n      value: { id: \"{destination}\", spanMode: span-dest }",
        "      key: \"{session}\"\n      keep: [id, spanMode]\n      value: { spanMode: span-dest }",
        "destination: a setting on the destination needs the gap {destination}: which port it belongs to",
    ),
    (
        NXOS,
        "      keep: [vlan, direction]",
        "      keep: [vlan, direction]\n      delete: [{ method: DELETE, path: /vlan }]",
        "vlan: what is somebody else's is never changed: no request or command",
    ),
    (
        EASY,
        "answer: script",
        "answer: scrip",
        "`scrip` is not one of json, script, text",
    ),
    (
        UNIFI,
        "[\"{entries}\"]",
        "[\"{entry}\"]",
        "override: `put_all` carries all of them: [\"{entries}\"] in its body",
    ),
    (
        UNIFI,
        "given: [site, device]",
        "given: [site]",
        "override: nothing fills the gap {device} here",
    ),
    (
        ARISTA,
        "refused_at:",
        "refusedat:",
        "there is no key `refusedat` here",
    ),
];

#[test]
fn each_of_many_mistakes_gives_one_error_with_line_and_column() {
    assert!(MISTAKES.len() >= 20);
    for (text, from, to, says) in MISTAKES {
        assert!(text.contains(from), "{from}");
        let error = parse(&text.replacen(from, to, 1), "my.yaml").unwrap_err();
        let told = error.to_string();
        let mut parts = told.split(':');
        let place = (parts.next(), parts.next(), parts.next());
        let number = |part: Option<&str>| part.and_then(|part| part.parse::<usize>().ok());
        assert_eq!(place.0, Some("my.yaml"), "{told}");
        assert!(number(place.1).is_some_and(|line| line > 0), "{told}");
        assert!(number(place.2).is_some_and(|column| column > 0), "{told}");
        assert!(told.contains(says), "{says:?} is not in: {told}");
        assert!(!told.contains('\n'), "{told}");
        assert_eq!(error.exit(), crate::error::Exit::Usage);
    }
}

/// The error of a file with this text.
fn loaded(text: &[u8]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.yaml");
    std::fs::write(&path, text).unwrap();
    let error = load_file(&path).unwrap_err().to_string();
    error.replace(&path.display().to_string(), "big.yaml")
}

#[test]
fn a_file_of_fifty_megabytes_is_refused_without_being_read() {
    let told = loaded(&vec![b'a'; 50_000_000]);
    assert_eq!(
        told,
        "big.yaml:1:1: a profile has at most 65536 octets, and this is more"
    );
}

#[test]
fn bombs_of_aliases_and_of_depth_are_refused_at_once() {
    let aliases = format!(
        "a: &a [x, x]\nb: &b [*a, *a]\n{}",
        "c: [*b, *b]\n".repeat(500)
    );
    let deep = "[".repeat(30_000);
    let wide = format!("objects: [{}]", "{},".repeat(15_000));
    for text in [aliases, deep, wide] {
        let told = loaded(text.as_bytes());
        assert!(told.starts_with("big.yaml:"), "{told}");
    }
    let told = loaded(&[0xff, 0xfe, 0x00, 0x80]);
    assert!(told.contains("cannot read the profile"), "{told}");
}
