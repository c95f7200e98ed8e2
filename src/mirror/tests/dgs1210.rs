//! Strict scalars of a DGS-1210 (DGS-1210-28_CX), 28 ports.

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::{Mirror, MirrorError};
use crate::snmp::{ErrorStatus, Oid, Value, VarBind};

use super::fake::{FakeSwitch, Faults, Model, Refusal, bitmap, bits, integer, octets};
use super::{Bench, set};

const NODE: [u32; 11] = [1, 3, 6, 1, 4, 1, 171, 10, 76, 20, 1];
const HIGHEST: u32 = 28;

#[derive(Clone)]
pub(super) struct Dgs {
    pub(super) status: i32,
    pub(super) target: i32,
    pub(super) ingress: BTreeSet<u32>,
    pub(super) egress: BTreeSet<u32>,
    /// More sources than this are dropped without a word.
    pub(super) cap: usize,
}

impl Dgs {
    pub(super) fn idle() -> Self {
        Dgs {
            status: 2,
            target: 1,
            ingress: [].into(),
            egress: [].into(),
            cap: 28,
        }
    }

    fn list(&self, binding: &VarBind) -> Result<BTreeSet<u32>, Refusal> {
        let octets = octets(binding)?;
        let ports = bits(&octets);
        if octets.len() != 4 || ports.iter().any(|port| *port > HIGHEST) {
            return Err(Refusal(ErrorStatus::WrongLength, binding.oid.clone()));
        }
        Ok(ports.into_iter().take(self.cap).collect())
    }

    fn one(&mut self, binding: &VarBind) -> Result<(), Refusal> {
        let refuse = |status| Err(Refusal(status, binding.oid.clone()));
        match binding.oid.below(&Oid::from(NODE)) {
            Some([18, 1, 0]) => match integer(binding)? {
                status @ (1 | 2) => self.status = status,
                _ => return refuse(ErrorStatus::WrongValue),
            },
            Some([18, 2, 0]) => match integer(binding)? {
                target if (1..=28).contains(&target) => self.target = target,
                _ => return refuse(ErrorStatus::WrongValue),
            },
            Some([18, 3, 0]) => self.ingress = self.list(binding)?,
            Some([18, 4, 0]) => self.egress = self.list(binding)?,
            _ => return refuse(ErrorStatus::NotWritable),
        }
        let target = self.target.unsigned_abs();
        let is_source = self.ingress.contains(&target) || self.egress.contains(&target);
        if self.status == 1 && is_source {
            return refuse(ErrorStatus::InconsistentValue);
        }
        Ok(())
    }
}

impl Model for Dgs {
    fn dump(&mut self) -> BTreeMap<Oid, Value> {
        let node = Oid::from(NODE);
        let at = |n: u32| node.child([18, n, 0]);
        BTreeMap::from([
            (
                Oid::from([1, 3, 6, 1, 2, 1, 1, 1, 0]),
                Value::Octets(b"DGS-1210-28".to_vec()),
            ),
            (
                Oid::from([1, 3, 6, 1, 2, 1, 1, 2, 0]),
                Value::ObjectId(node.clone()),
            ),
            (at(1), Value::Integer(self.status)),
            (at(2), Value::Integer(self.target)),
            (at(3), Value::Octets(bitmap(&self.ingress, 4))),
            (at(4), Value::Octets(bitmap(&self.egress, 4))),
            (node.child([1, 10, 0]), Value::Integer(2)),
        ])
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

fn bench(model: Dgs) -> Bench {
    Bench::new("dlink-dgs1210", FakeSwitch::new(model))
}

#[test]
fn the_base_is_the_sys_object_id_and_a_change_is_one_write() {
    let bench = bench(Dgs::idle());
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    let first = mirror.set_sources(&set(&[1, 2, 3])).unwrap();
    assert_eq!(first.writes, 3, "destination, list, state");
    assert_eq!(mirror.set_sources(&set(&[1])).unwrap().writes, 1);
    assert_eq!(mirror.set_sources(&set(&[])).unwrap().writes, 1);
    assert_eq!(mirror.sources().unwrap(), set(&[]));
    assert_eq!(mirror.set_sources(&set(&[1])).unwrap().writes, 1);
    assert_eq!(mirror.sources().unwrap(), set(&[1]));
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn a_borrowed_session_is_switched_off_before_its_destination_changes() {
    let busy = Dgs {
        status: 1,
        target: 9,
        ingress: [1, 2].into(),
        egress: [2, 12].into(),
        cap: 28,
    };
    let bench = bench(busy);
    let before = bench.switch.dump();
    assert!(matches!(
        bench.open(false),
        Err(MirrorError::Foreign { .. })
    ));
    let mut mirror = bench.open(true).unwrap();
    mirror.set_sources(&set(&[1, 9])).unwrap();
    assert_eq!(mirror.sources().unwrap(), set(&[1, 9]));
    let first = bench.switch.written().into_iter().next().unwrap();
    assert_eq!(
        (first.oid.0.last_chunk(), first.value),
        (Some(&[18, 1, 0]), Value::Integer(2))
    );
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn a_list_that_is_cut_silently_is_told() {
    let bench = bench(Dgs {
        cap: 3,
        ..Dgs::idle()
    });
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    let error = mirror.set_sources(&set(&[1, 2, 3, 4, 5])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "switch `office-1` acknowledged the change but still mirrors 1-3, not 1-5"
    );
    assert_eq!(mirror.sources().unwrap(), set(&[1, 2, 3]));
    mirror.set_sources(&set(&[4, 5])).unwrap();
    drop(mirror);
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn the_save_object_is_never_written() {
    let bench = bench(Dgs::idle());
    let mut mirror = bench.open(false).unwrap();
    bench.switch.faults(Faults {
        lose_answer: [1, 3].into(),
        ..Faults::default()
    });
    mirror.set_sources(&set(&[1, 2])).unwrap();
    mirror.restore().unwrap();
    let node = Oid::from(NODE);
    assert!(
        bench
            .switch
            .written()
            .iter()
            .all(|b| b.oid.below(&node.child([18])).is_some())
    );
}

#[test]
fn another_switch_does_not_fit_the_profile() {
    let bench = Bench::new(
        "dlink-dgs1210",
        FakeSwitch::new(super::smon::Smon::new(&[])),
    );
    let error = bench.open(false).err().unwrap();
    assert!(matches!(error, MirrorError::Unfit { .. }), "{error}");
}
