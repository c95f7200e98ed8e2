//! A strict zyxelMirrorTable (ZYXEL-MIRROR-MIB).

use std::collections::BTreeMap;

use crate::mirror::{Mirror, MirrorError};
use crate::snmp::{ErrorStatus, Oid, Value, VarBind};

use super::fake::{FakeSwitch, Faults, Model, Refusal, integer};
use super::{Bench, PORTS, set};

const SETUP: [u32; 12] = [1, 3, 6, 1, 4, 1, 890, 1, 15, 3, 65, 1];

#[derive(Clone)]
pub(super) struct Zyxel {
    state: i32,
    monitor: i32,
    /// State and direction of each port.
    rows: BTreeMap<u32, (i32, i32)>,
    room: usize,
}

impl Zyxel {
    pub(super) fn new(state: i32, monitor: i32, mirrored: &[(u32, i32)]) -> Self {
        let mut rows: BTreeMap<u32, (i32, i32)> = (1..=PORTS).map(|port| (port, (2, 2))).collect();
        rows.extend(
            mirrored
                .iter()
                .map(|(port, direction)| (*port, (1, *direction))),
        );
        Zyxel {
            state,
            monitor,
            rows,
            room: 50,
        }
    }

    fn one(&mut self, binding: &VarBind) -> Result<(), Refusal> {
        let refuse = |status| Err(Refusal(status, binding.oid.clone()));
        let number = integer(binding)?;
        match binding.oid.below(&Oid::from(SETUP)) {
            Some([1, 0]) if (1..=2).contains(&number) => self.state = number,
            Some([2, 0]) if (0..=12).contains(&number) => self.monitor = number,
            Some([3, 1, column @ (1 | 2), port]) => {
                let Some(row) = self.rows.get_mut(port) else {
                    return refuse(ErrorStatus::NoCreation);
                };
                match column {
                    1 if (1..=2).contains(&number) => row.0 = number,
                    2 if (0..=2).contains(&number) => row.1 = number,
                    _ => return refuse(ErrorStatus::WrongValue),
                }
            }
            Some([1 | 2, 0]) => return refuse(ErrorStatus::WrongValue),
            _ => return refuse(ErrorStatus::NotWritable),
        }
        let monitor = self.monitor.unsigned_abs();
        if self.rows.get(&monitor).is_some_and(|row| row.0 == 1) {
            return refuse(ErrorStatus::InconsistentValue);
        }
        if self.rows.values().filter(|row| row.0 == 1).count() > self.room {
            return refuse(ErrorStatus::ResourceUnavailable);
        }
        Ok(())
    }
}

impl Model for Zyxel {
    fn dump(&mut self) -> BTreeMap<Oid, Value> {
        let setup = Oid::from(SETUP);
        let mut dump = BTreeMap::from([
            (setup.child([1, 0]), Value::Integer(self.state)),
            (setup.child([2, 0]), Value::Integer(self.monitor)),
        ]);
        for (port, (state, direction)) in &self.rows {
            dump.insert(setup.child([3, 1, 1, *port]), Value::Integer(*state));
            dump.insert(setup.child([3, 1, 2, *port]), Value::Integer(*direction));
        }
        dump
    }

    fn write(&mut self, bindings: &[VarBind]) -> Result<(), Refusal> {
        let mut next = self.clone();
        for binding in bindings {
            next.one(binding)?;
        }
        *self = next;
        Ok(())
    }
}

fn bench(model: Zyxel) -> Bench {
    Bench::new("zyxel-4x", FakeSwitch::new(model))
}

#[test]
fn only_ports_whose_flag_differs_are_written() {
    let bench = bench(Zyxel::new(2, 1, &[]));
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1, 2, 3])).unwrap();
    assert_eq!(mirror.sources().unwrap(), set(&[1, 2, 3]));
    bench.switch.written();
    mirror.set_sources(&set(&[2, 3, 4])).unwrap();
    let ports: Vec<Option<u32>> = bench
        .switch
        .written()
        .iter()
        .map(|b| b.oid.0.last().copied())
        .collect();
    assert_eq!(
        ports,
        [Some(1), Some(4), Some(4)],
        "port 1 leaves first, 4 joins in one request"
    );
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn mirroring_nothing_switches_the_mirror_off_in_one_write() {
    let bench = bench(Zyxel::new(2, 0, &[]));
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[5])).unwrap();
    assert_eq!(mirror.set_sources(&set(&[])).unwrap().writes, 1);
    assert_eq!(mirror.sources().unwrap(), set(&[]));
    assert_eq!(mirror.set_sources(&set(&[5])).unwrap().writes, 1);
}

#[test]
fn a_borrowed_session_comes_back_with_destination_and_directions() {
    let bench = bench(Zyxel::new(1, 3, &[(1, 0), (2, 1), (12, 2)]));
    let before = bench.switch.dump();
    assert!(matches!(
        bench.open(false),
        Err(MirrorError::Foreign { .. })
    ));
    let mut mirror = bench.open(true).unwrap();
    mirror.set_sources(&set(&[2, 3])).unwrap();
    assert_eq!(mirror.sources().unwrap(), set(&[2, 3]));
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn a_switch_with_little_room_is_told_and_put_back() {
    let bench = bench(Zyxel {
        room: 2,
        ..Zyxel::new(2, 1, &[])
    });
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    assert!(mirror.set_sources(&set(&[2, 3, 4])).is_err());
    bench.switch.faults(Faults {
        lose_answer: [2].into(),
        lose_request: [1].into(),
        ..Faults::default()
    });
    mirror.set_sources(&set(&[4, 5])).unwrap();
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}
