//! Plans without any agent: from a state and a wanted set to the requests, as a person would write them.

use std::collections::BTreeSet;

use crate::mirror::binding::Objects;
use crate::mirror::driver::{Batch, Driver, Seen, Situation, Task, driver_for};
use crate::mirror::state::State;
use crate::profile::{self, Direction, IndexPart, Profile};
use crate::snmp::{Oid, Value};

use super::built_in;

const HEAD: &str =
    "format: 1\nname: x\nabout: x\nconfidence: mib\nsource: x\ndestination_traffic: unknown\n";

/// Plans for one wanted set after another; each plan starts from the state given.
pub(super) struct Table {
    profile: Profile,
    objects: Objects,
    pub(super) state: State,
}

impl Table {
    pub(super) fn new(profile: Profile, base: &str, values: &[(&str, &str, Value)]) -> Self {
        let base: Option<Oid> = base.parse().ok();
        let objects = Objects::bind(&profile, base.as_ref());
        let mut state = State::default();
        for (name, instance, value) in values {
            let bound = objects
                .iter()
                .find(|bound| bound.object.name == *name)
                .unwrap();
            let arcs = instance.split('.').map(|arc| arc.parse::<u32>().unwrap());
            state.put(bound.oid.child(arcs), value.clone());
        }
        Table {
            profile,
            objects,
            state,
        }
    }

    fn text(yaml: &str, values: &[(&str, &str, Value)]) -> Self {
        let profile = profile::parse(&format!("{HEAD}{yaml}"), "test.yaml").unwrap();
        Table::new(profile, "1.3.6.1.4.1.1", values)
    }

    pub(super) fn plan(&self, wanted: &[u32], attempt: u32) -> String {
        let wanted: BTreeSet<u32> = wanted.iter().copied().collect();
        let then = State::default();
        self.words(&self.driver().plan(self.since(&then, attempt), &wanted))
    }

    /// The requests that bring back a state in which nothing was mirrored, and what they have to mend.
    pub(super) fn restore(&self) -> (String, Vec<String>) {
        let then = State::default();
        let driver = self.driver();
        let batches = driver.plan_restore(self.since(&then, 1));
        (self.words(&batches), driver.differences(&self.state, &then))
    }

    fn since<'a>(&'a self, then: &'a State, attempt: u32) -> Situation<'a> {
        Situation {
            now: &self.state,
            then,
            attempt,
        }
    }

    /// Plans to put this state back to what it was `then`.
    pub(super) fn restored(&self, then: &Table) -> String {
        self.words(&self.driver().plan_restore(self.since(&then.state, 1)))
    }

    pub(super) fn driver(&self) -> Box<dyn Driver> {
        let mut objects = self.profile.objects.iter();
        let session = objects
            .any(|object| object.index.has(IndexPart::Session))
            .then_some(1);
        let task = Task {
            destination: 24,
            session,
            copies: Direction::Ingress,
        };
        driver_for(&self.profile, self.objects.clone(), task).unwrap()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.driver().seen(&self.state)
    }

    fn words(&self, batches: &[Batch]) -> String {
        let line = |batch: &Batch| {
            let part = |binding: &crate::snmp::VarBind| {
                let octets = binding.value.as_octets();
                let hex = octets.map(|o| o.iter().map(|o| format!("{o:02x}")).collect::<String>());
                let value = hex
                    .or_else(|| Some(binding.value.as_i64()?.to_string()))
                    .unwrap();
                format!("{} = {value}", self.objects.name(&binding.oid))
            };
            batch
                .bindings
                .iter()
                .map(part)
                .collect::<Vec<_>>()
                .join(", ")
        };
        batches.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

fn int(n: i32) -> Value {
    Value::Integer(n)
}

#[test]
fn pairs_go_before_they_come_and_rows_share_a_request() {
    let rows = [
        ("portCopyDirection", "1.24", int(1)),
        ("portCopyStatus", "1.24", int(1)),
        ("portCopyDirection", "2.24", int(3)),
        ("portCopyStatus", "2.24", int(1)),
    ];
    let table = Table::new(built_in("smon-portcopy"), "", &rows);
    insta::assert_snapshot!(table.plan(&[2, 3], 1), @r"
        portCopyStatus.1.24 = 6, portCopyStatus.2.24 = 6
        portCopyDirection.2.24 = 1, portCopyStatus.2.24 = 4, portCopyDirection.3.24 = 1, portCopyStatus.3.24 = 4
        ");
    insta::assert_snapshot!(table.plan(&[2, 3], 2), @r"
        portCopyStatus.1.24 = 6
        portCopyStatus.2.24 = 6
        portCopyDirection.2.24 = 1, portCopyStatus.2.24 = 4
        portCopyDirection.3.24 = 1, portCopyStatus.3.24 = 4
        ");
    assert_eq!(
        table.plan(&[1, 2], 1).lines().count(),
        2,
        "row 2 copies both directions"
    );
}

#[test]
fn where_a_column_can_only_be_set_while_creating_the_row_is_made_in_three_steps() {
    let procurve = "
shape: pair_rows
limits: { rows_per_request: 8 }
objects:
  - { name: sessionID, oid: .6.1, role: session, syntax: integer, index: source.destination, only_while: creating }
  - { name: direction, oid: .1.4, role: direction, syntax: integer, index: source.destination, codes: { ingress: 1, both: 3 } }
  - { name: status, oid: .1.5, role: row_status, syntax: row_status, index: source.destination }
base: { literal: 1.3.6.1.4.1.1 }
";
    insta::assert_snapshot!(Table::text(procurve, &[]).plan(&[5, 6], 1), @r"
        status.5.24 = 5, status.6.24 = 5
        sessionID.5.24 = 1, direction.5.24 = 1, sessionID.6.24 = 1, direction.6.24 = 1
        status.5.24 = 1, status.6.24 = 1
        ");
}

#[test]
fn a_private_row_status_and_an_index_the_other_way_round() {
    let edgecore = "
shape: pair_rows
objects:
  - { name: mirrorType, oid: .3, role: direction, syntax: integer, index: destination.source, codes: { ingress: 1, egress: 2, both: 3 } }
  - { name: mirrorStatus, oid: .4, role: row_status, syntax: integer, index: destination.source, codes: { create: 1, remove: 2 } }
base: { literal: 1.3.6.1.4.1.1 }
";
    let rows = [
        ("mirrorType", "24.1", int(1)),
        ("mirrorStatus", "24.1", int(1)),
    ];
    insta::assert_snapshot!(Table::text(edgecore, &rows).plan(&[5], 1), @r"
        mirrorStatus.24.1 = 2
        mirrorType.24.5 = 1, mirrorStatus.24.5 = 1
        ");
}

fn fastpath(mode: i32, mask: u8, types: &[(&'static str, i32)]) -> Table {
    let mut values = vec![
        ("agentPortMirrorAdminMode", "1", int(mode)),
        ("agentPortMirrorDestinationPort", "1", Value::Unsigned32(24)),
        (
            "agentPortMirrorSourcePortMask",
            "1",
            Value::Octets(vec![mask, 0, 0, 0]),
        ),
    ];
    values.extend(
        types
            .iter()
            .map(|(row, n)| ("agentPortMirrorTypeType", *row, int(*n))),
    );
    Table::new(
        built_in("netgear-fastpath"),
        "1.3.6.1.4.1.4526.10.1",
        &values,
    )
}

#[test]
fn a_mask_is_written_while_the_session_is_off_and_directions_after_it() {
    let table = fastpath(1, 0xc0, &[("1.1", 2), ("1.2", 2)]);
    insta::assert_snapshot!(table.plan(&[2, 3], 1), @r"
        agentPortMirrorAdminMode.1 = 2
        agentPortMirrorSourcePortMask.1 = 60000000
        agentPortMirrorTypeType.1.3 = 2
        agentPortMirrorAdminMode.1 = 1
        ");
    insta::assert_snapshot!(table.plan(&[], 1), @"agentPortMirrorAdminMode.1 = 2");
    assert_eq!(table.plan(&[1, 2], 1), "");
}

#[test]
fn a_direction_alone_is_set_right_without_switching_off() {
    let table = fastpath(1, 0xc0, &[("1.1", 2), ("1.2", 3)]);
    insta::assert_snapshot!(table.plan(&[1, 2], 1), @"agentPortMirrorTypeType.1.2 = 2");
}

#[test]
fn the_list_of_the_other_direction_is_emptied() {
    let values = [
        ("sysMirrorStatus", "0", int(2)),
        ("sysMirrorTargetPort", "0", int(24)),
        (
            "sysMirrorCtrlIngressMirroring",
            "0",
            Value::Octets(vec![0, 0, 0, 0]),
        ),
        (
            "sysMirrorCtrlEgressMirroring",
            "0",
            Value::Octets(vec![0x20, 0, 0, 0]),
        ),
    ];
    let table = Table::new(
        built_in("dlink-dgs1210"),
        "1.3.6.1.4.1.171.10.76.20.1",
        &values,
    );
    insta::assert_snapshot!(table.plan(&[1], 1), @r"
        sysMirrorCtrlIngressMirroring.0 = 80000000
        sysMirrorCtrlEgressMirroring.0 = 00000000
        sysMirrorStatus.0 = 1
        ");
}

#[test]
fn a_flag_and_its_direction_go_together_and_leavers_go_first() {
    let mut values = vec![
        ("zyMirrorState", "0", int(1)),
        ("zyMirrorMonitorPort", "0", int(24)),
    ];
    for (port, state) in [("1", 1), ("2", 1), ("3", 2), ("4", 2)] {
        values.push(("zyMirrorMirroredState", port, int(state)));
        values.push((
            "zyMirrorDirection",
            port,
            int(if state == 1 { 0 } else { 2 }),
        ));
    }
    let base = "1.3.6.1.4.1.890.1.15.3.65.1";
    let table = Table::new(built_in("zyxel-4x"), base, &values);
    insta::assert_snapshot!(table.plan(&[2, 3, 4], 1), @r"
        zyMirrorMirroredState.1 = 2
        zyMirrorDirection.3 = 0, zyMirrorMirroredState.3 = 1, zyMirrorDirection.4 = 0, zyMirrorMirroredState.4 = 1
        ");
    insta::assert_snapshot!(table.plan(&[2, 3, 4], 2), @r"
        zyMirrorMirroredState.1 = 2
        zyMirrorDirection.3 = 0, zyMirrorMirroredState.3 = 1
        zyMirrorDirection.4 = 0, zyMirrorMirroredState.4 = 1
        ");
    insta::assert_snapshot!(table.plan(&[], 1), @"zyMirrorState.0 = 2");
}

#[test]
fn a_direction_column_can_be_the_flag_and_a_knob_is_turned_to_pass() {
    let lancom = "
shape: port_flags
destination_must: []
objects:
  - { name: allowIngress, oid: .9, role: knob, syntax: integer, codes: { pass: 1, block: 2 } }
  - { name: monitor, oid: .1, role: destination, syntax: integer, codes: { none: 0 } }
  - { name: mode, oid: .2, role: direction, syntax: integer, index: source, codes: { off: 0, both: 1, ingress: 2, egress: 3 } }
base: { literal: 1.3.6.1.4.1.1 }
";
    let values = [
        ("allowIngress", "0", int(2)),
        ("monitor", "0", int(0)),
        ("mode", "1", int(1)),
        ("mode", "2", int(0)),
    ];
    let table = Table::text(lancom, &values);
    insta::assert_snapshot!(table.plan(&[2], 1), @r"
        mode.1 = 0
        monitor.0 = 24
        allowIngress.0 = 1
        mode.2 = 2
        ");
    insta::assert_snapshot!(table.plan(&[], 1), @"mode.1 = 0");
}

#[test]
fn what_a_driver_would_ignore_has_no_driver() {
    let stack = "
shape: bitmap
objects:
  - { name: to, oid: .1, role: destination, syntax: integer, index: unit }
  - { name: from, oid: .2, role: sources, syntax: octets, index: unit, bitmap: {} }
base: { literal: 1.3.6.1.4.1.1 }
";
    let profile = profile::parse(&format!("{HEAD}{stack}"), "test.yaml").unwrap();
    let objects = Objects::bind(&profile, Some(&Oid::from([1, 3])));
    let task = Task {
        destination: 24,
        session: None,
        copies: Direction::Both,
    };
    assert!(driver_for(&profile, objects, task).is_none());
}
