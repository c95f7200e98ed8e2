//! The promises, whatever the shape.

use crate::error::{Diagnosis, Exit};
use crate::mirror::{Mirror, MirrorError, inspect};
use crate::snmp::{Oid, Value};

use super::dgs1210::Dgs;
use super::fake::{FakeSwitch, Faults};
use super::smon::{Smon, if_index};
use super::{Bench, DESTINATION, DOWN, UPLINK, clock, ports, set};

fn bench(rows: &[(u32, u32, i32, i32)]) -> Bench {
    Bench::new("smon-portcopy", FakeSwitch::new(Smon::new(rows)))
}

#[test]
fn opening_writes_nothing_and_leaves_no_journal() {
    let bench = bench(&[]);
    drop(bench.open(false).unwrap());
    assert_eq!(bench.switch.sets(), 0);
    assert!(!bench.has_journal());
}

#[test]
fn the_journal_is_on_disk_before_the_first_write() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(Faults {
        lose_request: (1..100).collect(),
        ..Faults::default()
    });
    assert!(mirror.set_sources(&set(&[1])).is_err());
    assert!(bench.has_journal());
}

#[test]
fn a_foreign_session_is_refused_in_words() {
    let bench = bench(&[(1, 9, 3, 1), (2, 9, 3, 1)]);
    let error = bench.open(false).err().unwrap();
    assert_eq!(error.exit(), Exit::Refused);
    assert_eq!(
        error.to_string(),
        "switch `office-1` already has a mirror session that is not ours: ports 1, 2 to port 9 (frames received and sent)"
    );
    assert_eq!(bench.switch.sets(), 0);
}

#[test]
fn destination_uplinks_and_ports_that_are_down_are_never_mirrored() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    for port in [DESTINATION, UPLINK, DOWN] {
        let error = mirror
            .set_sources(&[port].into_iter().collect())
            .unwrap_err();
        assert!(matches!(error, MirrorError::Protected { .. }), "{error}");
        assert_eq!(error.exit(), Exit::Refused);
    }
    assert_eq!(bench.switch.sets(), 0);
}

#[test]
fn a_switch_that_acknowledges_and_ignores_is_told() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(Faults {
        ignore: (1..100).collect(),
        ..Faults::default()
    });
    let error = mirror.set_sources(&set(&[1, 2])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "switch `office-1` acknowledged the change but still mirrors none, not 1, 2"
    );
    assert!(bench.switch.sets() <= 2, "it is not hammered");
}

#[test]
fn what_was_ignored_needs_no_putting_back() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(Faults {
        ignore: (1..100).collect(),
        ..Faults::default()
    });
    assert!(mirror.set_sources(&set(&[1, 2])).is_err());
    mirror.restore().unwrap();
    assert!(!bench.has_journal());
}

#[test]
fn what_was_taken_and_cannot_be_read_is_not_called_put_back() {
    let bench = bench(&[]);
    let before = bench.switch.dump();
    let hidden = Faults {
        hidden: true,
        ..Faults::default()
    };
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(hidden.clone());
    assert!(mirror.set_sources(&set(&[1, 2])).is_err());
    assert!(bench.switch.dump() != before, "it was taken");
    let error = mirror.restore().unwrap_err();
    assert_eq!(error.exit(), Exit::NotRestored);
    assert_eq!(
        error.to_string(),
        "switch `office-1` took changes of portCopyDirection.50.60, portCopyStatus.50.60 and does not show them: \
         nobody can tell whether it is as it was"
    );
    mirror.killed();
    let later = bench.repair().unwrap_err();
    assert!(matches!(later, MirrorError::NotShown { .. }), "{later}");
    assert!(later.hint().unwrap().contains("office-1.json"));
    assert!(bench.has_journal());
    bench.switch.faults(Faults::default());
    bench.repair().unwrap();
    assert_eq!(bench.switch.dump(), before);
    assert!(!bench.has_journal());
}

#[test]
fn a_state_that_lacks_what_is_always_there_is_not_written_over() {
    let bench = Bench::new("dlink-dgs1210", FakeSwitch::new(Dgs::idle()));
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(Faults {
        hidden: true,
        ..Faults::default()
    });
    let error = mirror.set_sources(&set(&[1])).unwrap_err();
    assert!(matches!(error, MirrorError::Unfit { .. }), "{error}");
    assert_eq!(bench.switch.sets(), 0);
    assert!(!bench.has_journal());
}

#[test]
fn two_runs_on_one_switch_exclude_each_other() {
    let bench = bench(&[]);
    let first = bench.open(false).unwrap();
    let error = bench.open(false).err().unwrap();
    let pid = std::process::id();
    assert_eq!(
        error.to_string(),
        format!("another halfspan (pid {pid}) is using `office-1`")
    );
    assert_eq!(error.exit(), Exit::Refused);
    drop(first);
    bench.open(false).unwrap();
}

#[test]
fn dropping_puts_the_switch_back() {
    let bench = bench(&[]);
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1, 2])).unwrap();
    drop(mirror);
    assert_eq!(bench.switch.dump(), before);
    assert!(!bench.has_journal());
}

#[test]
fn an_unreachable_switch_keeps_its_journal_and_the_next_run_is_told() {
    let bench = bench(&[]);
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1, 2])).unwrap();
    bench.switch.faults(Faults {
        dead_after: Some(0),
        ..Faults::default()
    });
    let error = mirror.restore().unwrap_err();
    assert_eq!(error.exit(), Exit::NotRestored);
    assert_eq!(
        error.to_string(),
        "switch `office-1` is NOT as it was: it cannot be reached"
    );
    assert_eq!(
        error.hint().unwrap(),
        "run: halfspan restore --switch office-1"
    );
    drop(mirror);
    bench.switch.faults(Faults::default());
    assert!(matches!(
        bench.open(false),
        Err(MirrorError::Interrupted { .. })
    ));
    bench.repair().unwrap();
    assert_eq!(bench.switch.dump(), before);
    bench.open(false).unwrap();
}

#[test]
fn a_stolen_session_shows() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1, 2])).unwrap();
    let status: Oid = "1.3.6.1.2.1.16.22.1.3.1.1.5".parse().unwrap();
    let row = status.child([if_index(1), if_index(12)]);
    bench.switch.as_admin(&[crate::snmp::VarBind {
        oid: row,
        value: Value::Integer(6),
    }]);
    assert_eq!(mirror.sources().unwrap(), set(&[2]));
    mirror.set_sources(&set(&[1, 2])).unwrap();
    assert_eq!(mirror.sources().unwrap(), set(&[1, 2]));
}

#[test]
fn a_session_that_came_up_after_opening_is_seen_before_the_first_write() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    let base: Oid = "1.3.6.1.2.1.16.22.1.3.1.1.5".parse().unwrap();
    let row = base.child([if_index(3), if_index(9)]);
    bench.switch.as_admin(&[crate::snmp::VarBind {
        oid: row,
        value: Value::Integer(4),
    }]);
    assert!(matches!(
        mirror.set_sources(&set(&[1])),
        Err(MirrorError::Foreign { .. })
    ));
    assert_eq!(bench.switch.sets(), 0);
}

#[test]
fn inspecting_tells_what_is_there_and_writes_nothing() {
    let bench = bench(&[(1, 9, 1, 1), (10, 12, 3, 3)]);
    let seen = inspect(
        "office-1",
        &bench.profile,
        &ports(),
        Box::new(bench.switch.clone()),
        clock(),
    )
    .unwrap();
    assert_eq!(
        seen.foreign.as_deref(),
        Some("port 1 to port 9 (frames received)")
    );
    assert_eq!(seen.sessions.len(), 2);
    assert!(seen.sessions[1].ends_with(", off"), "{:?}", seen.sessions);
    assert_eq!(seen.capable, None);
    assert_eq!(bench.switch.sets(), 0);
}

#[test]
fn a_dry_run_says_what_it_would_write_and_writes_nothing() {
    let bench = bench(&[]);
    let request = crate::mirror::OpenRequest {
        switch: "office-1",
        profile: &bench.profile,
        ports: &ports(),
        destination: DESTINATION,
        forbidden: &set(&[UPLINK.0]),
        journal_dir: bench.folder.path(),
        take_session: false,
        clock: clock(),
    };
    let mut dry = crate::mirror::DryRun::open(&request, Box::new(bench.switch.clone())).unwrap();
    dry.set_sources(&set(&[1, 2])).unwrap();
    assert_eq!(
        dry.planned(),
        [
            "portCopyDirection.49.60 = 1, portCopyStatus.49.60 = 4, portCopyDirection.50.60 = 1, portCopyStatus.50.60 = 4"
        ]
    );
    assert_eq!(dry.sources().unwrap(), set(&[1, 2]));
    assert!(dry.set_sources(&set(&[UPLINK.0])).is_err());
    dry.restore().unwrap();
    assert_eq!(bench.switch.sets(), 0);
    assert!(!bench.has_journal());
}

#[test]
fn a_profile_without_a_driver_names_what_works_instead() {
    let text = include_str!("../../../switch-profiles/smon-portcopy.yaml");
    let text = text.replace(
        "index: source.destination",
        "index: unit.source.destination",
    );
    let mut bench = bench(&[]);
    bench.profile = crate::profile::parse(&text, "stacked").unwrap();
    let error = bench.open(false).err().unwrap();
    assert!(matches!(error, MirrorError::NoDriver { .. }), "{error}");
    assert_eq!(
        error.hint().unwrap(),
        "use the profile `manual`: it tells you which ports to tick"
    );
}

#[test]
fn a_profile_over_http_needs_a_credential_for_it() {
    let mut bench = bench(&[]);
    bench.profile = super::built_in("aos-cx");
    let error = bench.open(false).err().unwrap();
    let failure = crate::error::Failure::from(error).to_string();
    assert_eq!(
        failure,
        "error: cannot read the mirror state of switch `office-1`\n\
         cause: the profile needs `http`, and the switch's credential has none\n\
         hint:  add `http:` to the credential"
    );
}

#[test]
fn measured_times_replace_the_guesses() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    let guess = mirror.limits().clone();
    bench.switch.faults(Faults {
        late_by: 7,
        ..Faults::default()
    });
    for ports in [[1, 2], [3, 4], [1, 2], [3, 4]] {
        mirror.set_sources(&set(&ports)).unwrap();
    }
    assert!(
        mirror.limits().write_time > guess.write_time,
        "{:?}",
        mirror.limits()
    );
    mirror.measured_settle(std::time::Duration::from_millis(10));
    assert_eq!(mirror.limits().settle, std::time::Duration::from_millis(10));
}
