//! Plans of the shapes that are rows, texts, commands or candidates, on shipped profiles.

use crate::snmp::Value;

use super::built_in;
use super::planning::Table;

fn int(n: i32) -> Value {
    Value::Integer(n)
}

fn text(text: &str) -> Value {
    Value::Octets(text.as_bytes().to_vec())
}

#[test]
fn a_group_is_made_before_its_members_and_a_member_leaves_alone() {
    let base = "1.3.6.1.4.1.25506.2.68.1";
    let empty = Table::new(built_in("hpe-comware"), base, &[]);
    insta::assert_snapshot!(empty.plan(&[3, 4], 1), @r"
    hh3cMGType.1 = 1, hh3cMGRowStatus.1 = 4
    hh3cMGMonitorRowStatus.1.24 = 4
    hh3cMGMirrorRowStatus.1.3.1 = 4, hh3cMGMirrorRowStatus.1.4.1 = 4
    ");
    let rows = [
        ("hh3cMGType", "1", int(1)),
        ("hh3cMGRowStatus", "1", int(1)),
        ("hh3cMGMonitorRowStatus", "1.24", int(1)),
        ("hh3cMGMirrorRowStatus", "1.3.1", int(1)),
        ("hh3cMGMirrorRowStatus", "1.4.1", int(1)),
    ];
    let ours = Table::new(built_in("hpe-comware"), base, &rows);
    insta::assert_snapshot!(ours.plan(&[4], 1), @"hh3cMGMirrorRowStatus.1.3.1 = 6");
    assert_eq!(ours.plan(&[3, 4], 1), "");
}

#[test]
fn a_list_that_can_only_be_cleared_is_cleared_and_written_anew() {
    let base = "1.3.6.1.4.1.11863.6.11.1.1.1";
    let values = [
        ("tpPortMirrorDestination", "1", text("1/0/24")),
        ("tpPortMirrorIngressSource", "1", text("1/0/1-2")),
        ("tpPortMirrorEgressSource", "1", text("")),
        ("tpPortMirrorBothSource", "1", text("")),
    ];
    let table = Table::new(built_in("tplink-jetstream"), base, &values);
    assert_eq!(table.plan(&[1, 2], 1), "", "a range is what it stands for");
    insta::assert_snapshot!(table.plan(&[2], 1), @r"
    tpPortMirrorSessionState.1 = 3
    tpPortMirrorDestination.1 = 312f302f3234
    tpPortMirrorIngressSource.1 = 312f302f32
    ");
    insta::assert_snapshot!(table.plan(&[], 1), @"tpPortMirrorSessionState.1 = 3");
}

#[test]
fn what_a_list_names_beside_ports_is_somebodys_and_comes_back() {
    let base = "1.3.6.1.4.1.11863.6.11.1.1.1";
    let session = |ingress: &str| {
        let values = [
            ("tpPortMirrorDestination", "1", text("1/0/24")),
            ("tpPortMirrorIngressSource", "1", text(ingress)),
            ("tpPortMirrorEgressSource", "1", text("")),
            ("tpPortMirrorBothSource", "1", text("")),
        ];
        Table::new(built_in("tplink-jetstream"), base, &values)
    };
    let (theirs, empty) = (session("2/0/3"), session(""));
    let seen = &theirs.seen()[0];
    assert!(seen.active && seen.sources.is_empty());
    assert_eq!(seen.others, ["2/0/3"]);
    assert!(
        empty
            .restored(&theirs)
            .ends_with("tpPortMirrorIngressSource.1 = 322f302f33")
    );
    assert_eq!(theirs.restored(&theirs), "");
    assert_eq!(
        theirs
            .driver()
            .differences(&empty.state, &theirs.state)
            .len(),
        1
    );
}

#[test]
fn a_pair_is_taken_out_of_a_text_by_writing_it_with_no_direction() {
    let values = [
        ("snPortMonitorMirrorList", "1", text("24 1 30 3")),
        ("snPortMonitorMirrorList", "2", text("")),
    ];
    let table = Table::new(built_in("ruckus-icx"), "", &values);
    // "24 0" and "24 1"; what goes to port 30 is somebody else's.
    insta::assert_snapshot!(table.plan(&[2], 1), @"snPortMonitorMirrorList.1 = 32342030, snPortMonitorMirrorList.2 = 32342031");
}

#[test]
fn a_candidate_is_applied_also_when_only_that_was_lost() {
    let base = "1.3.6.1.4.1.26543.2.7.6";
    let profile = || built_in("lenovo-rackswitch");
    let off = [
        ("pmNewCfgPortMirrState", "0", int(2)),
        ("pmCurCfgPortMirrState", "0", int(2)),
    ];
    insta::assert_snapshot!(Table::new(profile(), base, &off).plan(&[3], 1), @r"
    pmNewCfgPmirrDirection.24.3 = 1
    pmNewCfgPortMirrState.0 = 1
    agApplyConfig.0 = 1
    ");
    let new = [
        ("pmNewCfgPortMirrState", "0", int(1)),
        ("pmNewCfgPmirrDirection", "24.3", int(1)),
        ("pmNewCfgPmirrDelete", "24.3", int(1)),
    ];
    let mut unapplied = new.to_vec();
    unapplied.push(("pmCurCfgPortMirrState", "0", int(2)));
    let unapplied = Table::new(profile(), base, &unapplied);
    assert_eq!(unapplied.plan(&[3], 1), "agApplyConfig.0 = 1");
    let mut applied = new.to_vec();
    applied.push(("pmCurCfgPortMirrState", "0", int(1)));
    applied.push(("pmCurCfgPmirrDirection", "24.3", int(1)));
    let applied = Table::new(profile(), base, &applied);
    assert_eq!(applied.plan(&[3], 1), "");
    insta::assert_snapshot!(applied.plan(&[], 1), @r"
    pmNewCfgPortMirrState.0 = 2
    agApplyConfig.0 = 1
    ");
}

#[test]
fn a_command_takes_its_arguments_in_one_request_and_singly_after_a_refusal() {
    let table = Table::new(built_in("vsol-v1600d"), "1.3.6.1.4.1.37950.1.1.5.10.1", &[]);
    insta::assert_snapshot!(table.plan(&[3], 1), @"mirrorSession.0 = 1, mirrorDstPort.0 = 24, mirrorSrcPort.0 = 3, mirrorType.0 = 2, mirrorAction.0 = 1");
    assert_eq!(table.plan(&[3], 2).lines().count(), 5);
    let shown = [
        ("portMirrorSession", "1", int(1)),
        ("portMirrorDstPort", "1", int(24)),
        ("portMirrorSrcPort", "1", int(3)),
        ("portMirrorType", "1", int(2)),
    ];
    let table = Table::new(
        built_in("vsol-v1600d"),
        "1.3.6.1.4.1.37950.1.1.5.10.1",
        &shown,
    );
    assert_eq!(table.plan(&[3], 1), "");
    insta::assert_snapshot!(table.plan(&[], 1), @"mirrorSession.0 = 1, mirrorDstPort.0 = 24, mirrorSrcPort.0 = 3, mirrorType.0 = 2, mirrorAction.0 = 2");
}

#[test]
fn sessions_and_destinations_of_others_that_came_up_since_are_not_put_back() {
    let base = "1.3.6.1.4.1.25506.2.68.1";
    let rows = [
        ("hh3cMGRowStatus", "1", int(1)),
        ("hh3cMGRowStatus", "2", int(1)),
        ("hh3cMGMonitorRowStatus", "1.24", int(1)),
        ("hh3cMGMonitorRowStatus", "2.30", int(1)),
        ("hh3cMGMirrorRowStatus", "1.3.1", int(1)),
        ("hh3cMGMirrorRowStatus", "2.3.1", int(1)),
    ];
    let (plan, differences) = Table::new(built_in("hpe-comware"), base, &rows).restore();
    insta::assert_snapshot!(plan, @r"
    hh3cMGMirrorRowStatus.1.3.1 = 6
    hh3cMGMonitorRowStatus.1.24 = 6
    hh3cMGRowStatus.1 = 6
    ");
    assert_eq!(differences.len(), 3, "{differences:?}");

    let pairs = [("snPortMonitorMirrorList", "1", text("24 1 30 3"))];
    let (plan, differences) = Table::new(built_in("ruckus-icx"), "", &pairs).restore();
    // "24 0"
    insta::assert_snapshot!(plan, @"snPortMonitorMirrorList.1 = 32342030");
    assert_eq!(differences.len(), 1, "{differences:?}");

    let shown = |row: &'static str, session: i32, destination: i32| {
        [
            ("portMirrorSession", row, int(session)),
            ("portMirrorDstPort", row, int(destination)),
            ("portMirrorSrcPort", row, int(3)),
            ("portMirrorType", row, int(2)),
        ]
    };
    let both = [shown("1", 1, 24), shown("2", 2, 30)].concat();
    let base = "1.3.6.1.4.1.37950.1.1.5.10.1";
    let (plan, differences) = Table::new(built_in("vsol-v1600d"), base, &both).restore();
    insta::assert_snapshot!(plan, @"mirrorSession.0 = 1, mirrorDstPort.0 = 24, mirrorSrcPort.0 = 3, mirrorType.0 = 2, mirrorAction.0 = 2");
    assert_eq!(differences.len(), 1, "{differences:?}");
}
