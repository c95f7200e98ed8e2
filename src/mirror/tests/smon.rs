//! A strict portCopyTable (RFC 2613 with the RowStatus of RFC 2579).

use std::collections::BTreeMap;

use crate::mirror::{Mirror, MirrorError};
use crate::snmp::{ErrorStatus, Oid, Value, VarBind};

use super::fake::{FakeSwitch, Faults, Model, Refusal, integer};
use super::{Bench, DESTINATION, IF_OFFSET, PORTS, set};

pub(super) const DIRECTION: [u32; 12] = [1, 3, 6, 1, 2, 1, 16, 22, 1, 3, 1, 1];

fn column(n: u32) -> Oid {
    Oid::from(DIRECTION).child([n])
}

/// `ifIndex` of a panel port.
pub(super) fn if_index(port: u32) -> u32 {
    port + IF_OFFSET
}

/// Direction and status.
type Row = (i32, i32);
/// The first binding's OID, and the direction and status that a request sets.
type Asked = (Oid, Option<i32>, Option<i32>);

#[derive(Clone)]
pub(super) struct Smon {
    rows: BTreeMap<(u32, u32), Row>,
    up: BTreeMap<u32, bool>,
    pub(super) room: usize,
    drops: u32,
}

impl Smon {
    /// Rows are panel ports: source, destination, direction, status.
    pub(super) fn new(rows: &[(u32, u32, i32, i32)]) -> Self {
        let key = |row: &(u32, u32, i32, i32)| ((if_index(row.0), if_index(row.1)), (row.2, row.3));
        Smon {
            rows: rows.iter().map(key).collect(),
            up: (1..=PORTS)
                .map(|port| (if_index(port), port != 10))
                .collect(),
            room: 100,
            drops: 0,
        }
    }

    fn both_up(&self, pair: (u32, u32)) -> bool {
        self.up.get(&pair.0) == Some(&true) && self.up.get(&pair.1) == Some(&true)
    }

    fn change(
        &mut self,
        pair: (u32, u32),
        direction: Option<i32>,
        status: Option<i32>,
    ) -> Result<(), ErrorStatus> {
        if direction.is_some_and(|direction| !(1..=3).contains(&direction)) {
            return Err(ErrorStatus::WrongValue);
        }
        let known = self.up.contains_key(&pair.0) && self.up.contains_key(&pair.1);
        if !known || pair.0 == pair.1 {
            return Err(ErrorStatus::InconsistentName);
        }
        let exists = self.rows.contains_key(&pair);
        let up = self.both_up(pair);
        match status {
            Some(4 | 5) if exists => Err(ErrorStatus::InconsistentValue),
            Some(4 | 5) if self.rows.len() >= self.room => Err(ErrorStatus::ResourceUnavailable),
            Some(4) if !up => Err(ErrorStatus::InconsistentValue),
            Some(new @ (4 | 5)) => {
                let status = if new == 4 {
                    1
                } else if up {
                    2
                } else {
                    3
                };
                self.rows.insert(pair, (direction.unwrap_or(3), status));
                Ok(())
            }
            Some(6) => {
                self.rows.remove(&pair);
                Ok(())
            }
            Some(1) if exists && !up => Err(ErrorStatus::InconsistentValue),
            Some(1 | 2) | None => {
                let row = self
                    .rows
                    .get_mut(&pair)
                    .ok_or(ErrorStatus::InconsistentName)?;
                row.0 = direction.unwrap_or(row.0);
                row.1 = status.unwrap_or(row.1);
                Ok(())
            }
            Some(_) => Err(ErrorStatus::WrongValue),
        }
    }
}

impl Model for Smon {
    fn dump(&mut self) -> BTreeMap<Oid, Value> {
        self.drops += 1;
        let oper_status = Oid::from([1u32, 3, 6, 1, 2, 1, 2, 2, 1, 8]);
        let link = |(index, up): (&u32, &bool)| {
            let status = if *up { 1 } else { 2 };
            (oper_status.child([*index]), Value::Integer(status))
        };
        let mut dump: BTreeMap<Oid, Value> = self.up.iter().map(link).collect();
        for ((source, destination), (direction, status)) in &self.rows {
            let arcs = [*source, *destination];
            dump.insert(column(3).child(arcs), Value::Counter32(self.drops));
            dump.insert(column(4).child(arcs), Value::Integer(*direction));
            dump.insert(column(5).child(arcs), Value::Integer(*status));
        }
        dump
    }

    fn write(&mut self, bindings: &[VarBind]) -> Result<(), Refusal> {
        let mut rows: BTreeMap<(u32, u32), Asked> = BTreeMap::new();
        for binding in bindings {
            let refuse = |status| Refusal(status, binding.oid.clone());
            let Some([n, source, destination]) = binding.oid.below(&Oid::from(DIRECTION)) else {
                return Err(refuse(ErrorStatus::NotWritable));
            };
            let row =
                rows.entry((*source, *destination))
                    .or_insert((binding.oid.clone(), None, None));
            match n {
                4 => row.1 = Some(integer(binding)?),
                5 => row.2 = Some(integer(binding)?),
                _ => return Err(refuse(ErrorStatus::NotWritable)),
            }
        }
        let mut next = self.clone();
        for (pair, (oid, direction, status)) in rows {
            next.change(pair, direction, status)
                .map_err(|status| Refusal(status, oid))?;
        }
        *self = next;
        Ok(())
    }

    fn link(&mut self, port: u32, up: bool) {
        self.up.insert(if_index(port), up);
        for (pair, row) in &mut self.rows {
            if pair.0 == if_index(port) || pair.1 == if_index(port) {
                row.1 = if up { 1 } else { 3 };
            }
        }
    }
}

fn bench(rows: &[(u32, u32, i32, i32)]) -> Bench {
    Bench::new("smon-portcopy", FakeSwitch::new(Smon::new(rows)))
}

#[test]
fn a_change_writes_only_the_rows_that_differ_and_restoring_leaves_none() {
    let bench = bench(&[]);
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    let first = mirror.set_sources(&set(&[1, 2, 3, 4])).unwrap();
    assert_eq!(first.writes, 1, "four rows fit into one request");
    assert_eq!(mirror.sources().unwrap(), set(&[1, 2, 3, 4]));
    bench.switch.written();
    let second = mirror.set_sources(&set(&[3, 4, 5])).unwrap();
    assert_eq!(second.writes, 2);
    let oids: Vec<String> = bench
        .switch
        .written()
        .iter()
        .map(|b| b.oid.to_string())
        .collect();
    let row = |column: u32, port: u32| {
        format!("1.3.6.1.2.1.16.22.1.3.1.1.{column}.{}.60", port + IF_OFFSET)
    };
    assert_eq!(oids, [row(5, 1), row(5, 2), row(4, 5), row(5, 5)]);
    assert_eq!(mirror.set_sources(&set(&[3, 4, 5])).unwrap().writes, 0);
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
    assert!(!bench.has_journal());
    mirror.restore().unwrap();
}

#[test]
fn only_received_frames_are_asked_for() {
    let bench = bench(&[]);
    bench.open(false).unwrap().set_sources(&set(&[7])).unwrap();
    let directions: Vec<_> = bench
        .switch
        .written()
        .into_iter()
        .filter(|b| b.oid.below(&column(4)).is_some())
        .collect();
    assert!(
        directions
            .iter()
            .all(|binding| binding.value == Value::Integer(1))
    );
    assert_eq!(directions.len(), 1);
}

#[test]
fn a_lost_answer_is_read_back_and_not_repeated() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(Faults {
        lose_answer: [1].into(),
        ..Faults::default()
    });
    let written = mirror.set_sources(&set(&[1, 2])).unwrap();
    assert_eq!(written.writes, 1);
    assert_eq!(bench.switch.sets(), 1);
}

#[test]
fn a_lost_request_is_repeated() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(Faults {
        lose_request: [1].into(),
        ..Faults::default()
    });
    mirror.set_sources(&set(&[1, 2])).unwrap();
    assert_eq!(bench.switch.sets(), 2);
    assert_eq!(mirror.sources().unwrap(), set(&[1, 2]));
}

#[test]
fn a_port_that_lost_its_link_is_done_without_and_mirrored_again_once_it_is_back() {
    let bench = bench(&[]);
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1, 2, 3])).unwrap();
    bench.switch.link(2, false);
    let written = mirror.set_sources(&set(&[1, 2])).unwrap();
    assert_eq!(written.without_link, set(&[2]));
    assert_eq!(mirror.sources().unwrap(), set(&[1]));
    bench.switch.faults(Faults::default());
    let written = mirror.set_sources(&set(&[2, 4])).unwrap();
    assert_eq!(written.without_link, set(&[2]));
    assert_eq!(
        bench.switch.sets(),
        2,
        "what is known to be down is not tried"
    );
    bench.switch.link(2, true);
    let written = mirror.set_sources(&set(&[2, 4])).unwrap();
    assert_eq!(written.without_link, set(&[]));
    assert_eq!(mirror.sources().unwrap(), set(&[2, 4]));
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn a_refusal_that_no_lost_link_explains_is_an_error() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1])).unwrap();
    bench.switch.link(12, false); // the destination
    bench.switch.link(3, false);
    let error = mirror.set_sources(&set(&[2, 3])).unwrap_err();
    assert!(matches!(error, MirrorError::Snmp { .. }), "{error}");
}

#[test]
fn a_change_that_shows_late_is_waited_for() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(Faults {
        late_by: 5,
        ..Faults::default()
    });
    mirror.set_sources(&set(&[1, 2])).unwrap();
    assert_eq!(bench.switch.sets(), 1);
    assert_eq!(mirror.sources().unwrap(), set(&[1, 2]));
}

#[test]
fn a_port_that_is_refused_does_not_keep_the_others_out() {
    let bench = bench(&[]);
    let mut mirror = bench.open(false).unwrap();
    bench.switch.link(2, false);
    let written = mirror.set_sources(&set(&[1, 2, 3])).unwrap();
    assert_eq!(written.without_link, set(&[2]));
    assert_eq!(mirror.sources().unwrap(), set(&[1, 3]));
}

#[test]
fn a_full_table_is_told_and_what_fitted_is_put_back() {
    let mut smon = Smon::new(&[]);
    smon.room = 2;
    let bench = Bench::new("smon-portcopy", FakeSwitch::new(smon));
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    let error = mirror.set_sources(&set(&[1, 2, 3])).unwrap_err();
    assert!(
        crate::error::Diagnosis::hint(&error)
            .unwrap()
            .contains("another mirror session")
    );
    assert_eq!(mirror.sources().unwrap().len(), 2);
    drop(mirror);
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn rows_that_are_not_ready_stay_untouched() {
    let before_rows = [(10, 12, 3, 3), (10, 9, 2, 3)];
    let bench = bench(&before_rows);
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1, 2])).unwrap();
    mirror.set_sources(&set(&[])).unwrap();
    assert_eq!(bench.switch.dump(), before);
    assert!(
        bench
            .switch
            .written()
            .iter()
            .all(|b| !b.oid.to_string().contains(".58."))
    );
    mirror.restore().unwrap();
}

#[test]
fn a_borrowed_session_is_put_back_row_by_row() {
    let bench = bench(&[(1, 12, 3, 1), (2, 12, 1, 1), (3, 12, 2, 2), (4, 9, 3, 1)]);
    let before = bench.switch.dump();
    let mut mirror = bench.open(true).unwrap();
    mirror.set_sources(&set(&[1, 3, 5])).unwrap();
    assert_eq!(mirror.sources().unwrap(), set(&[1, 3, 5]));
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn a_port_that_lost_its_link_meanwhile_gets_its_row_back_asleep() {
    let bench = bench(&[(1, 12, 3, 1)]);
    let mut mirror = bench.open(true).unwrap();
    mirror.set_sources(&set(&[5])).unwrap();
    bench.switch.link(1, false);
    mirror.restore().unwrap();
    let status = column(5).child([if_index(1), if_index(u32::from(DESTINATION.0))]);
    assert_eq!(bench.switch.dump().get(&status), Some(&Value::Integer(3)));
}
