//! A strict FASTPATH session table (NETGEAR-SWITCHING-MIB).

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::{Mirror, MirrorError};
use crate::snmp::{ErrorStatus, Oid, Value, VarBind};

use super::fake::{FakeSwitch, Faults, Model, Refusal, bitmap, bits, integer, octets};
use super::{Bench, PORTS, set};

const SUFFIX: [u32; 10] = [1, 3, 6, 1, 4, 1, 4526, 10, 1, 2];
const ON: i32 = 1;
const OFF: i32 = 2;

/// One mirror session.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) destination: u32,
    pub(super) mode: i32,
    /// The mask, with the direction of each port in it.
    pub(super) mask: BTreeMap<u32, i32>,
}

impl Session {
    pub(super) fn idle() -> Self {
        Session {
            destination: 0,
            mode: OFF,
            mask: BTreeMap::new(),
        }
    }
}

#[derive(Clone)]
pub(super) struct Fastpath {
    pub(super) sessions: BTreeMap<u32, Session>,
    /// "No destination" cannot be written; the session has to be deleted.
    pub(super) zero_is_refused: bool,
    /// Ports that the mask has a bit for but the switch does not have.
    pub(super) gaps: BTreeSet<u32>,
}

impl Fastpath {
    pub(super) fn new(sessions: &[Session]) -> Self {
        Fastpath {
            sessions: (1..).zip(sessions.iter().cloned()).collect(),
            zero_is_refused: false,
            gaps: BTreeSet::new(),
        }
    }

    /// Returns whether an invalid port made the write fail although the others were applied.
    fn one(&mut self, binding: &VarBind) -> Result<bool, Refusal> {
        let refuse = |status| Err(Refusal(status, binding.oid.clone()));
        let (table, column, session, port) = match binding.oid.below(&Oid::from(SUFFIX)) {
            Some([10, 4, 1, column, session]) => (4, *column, *session, 0),
            Some([10, 5, 1, 2, session, port]) => (5, 2, *session, *port),
            _ => return refuse(ErrorStatus::NotWritable),
        };
        let zero_is_refused = self.zero_is_refused;
        let gaps = self.gaps.clone();
        let Some(session) = self.sessions.get_mut(&session) else {
            return refuse(ErrorStatus::NoCreation);
        };
        if table == 4 && column != 4 && session.mode == ON {
            return refuse(ErrorStatus::InconsistentValue);
        }
        match (table, column) {
            (4, 2) => {
                let Value::Unsigned32(port) = binding.value else {
                    return refuse(ErrorStatus::WrongType);
                };
                if port > PORTS || (port == 0 && zero_is_refused) {
                    return refuse(ErrorStatus::WrongValue);
                }
                if session.mask.contains_key(&port) {
                    return refuse(ErrorStatus::InconsistentValue);
                }
                session.destination = port;
            }
            (4, 3) => {
                let mut ports = bits(&octets(binding)?);
                if ports.contains(&session.destination) {
                    return refuse(ErrorStatus::InconsistentValue);
                }
                let asked = ports.len();
                ports.retain(|port| *port <= PORTS && !gaps.contains(port));
                session.mask.retain(|port, _| ports.contains(port));
                for port in &ports {
                    session.mask.entry(*port).or_insert(3);
                }
                return Ok(ports.len() < asked);
            }
            (4, 4) => match integer(binding)? {
                ON if session.destination == 0 || session.mask.is_empty() => {
                    return refuse(ErrorStatus::InconsistentValue);
                }
                mode @ (ON | OFF) => session.mode = mode,
                3 => *session = Session::idle(),
                _ => return refuse(ErrorStatus::WrongValue),
            },
            (5, _) => {
                let direction = integer(binding)?;
                match session.mask.get_mut(&port) {
                    None => return refuse(ErrorStatus::NoCreation),
                    Some(_) if !(1..=3).contains(&direction) => {
                        return refuse(ErrorStatus::WrongValue);
                    }
                    Some(known) => *known = direction,
                }
            }
            _ => return refuse(ErrorStatus::NotWritable),
        }
        Ok(false)
    }
}

impl Model for Fastpath {
    fn dump(&mut self) -> BTreeMap<Oid, Value> {
        let base = Oid::from(SUFFIX);
        let mut dump = BTreeMap::new();
        for (n, session) in &self.sessions {
            let ports = session.mask.keys().copied().collect();
            dump.insert(
                base.child([10, 4, 1, 2, *n]),
                Value::Unsigned32(session.destination),
            );
            dump.insert(
                base.child([10, 4, 1, 3, *n]),
                Value::Octets(bitmap(&ports, 8)),
            );
            dump.insert(base.child([10, 4, 1, 4, *n]), Value::Integer(session.mode));
            for (port, direction) in &session.mask {
                dump.insert(
                    base.child([10, 5, 1, 2, *n, *port]),
                    Value::Integer(*direction),
                );
            }
        }
        dump
    }

    fn write(&mut self, bindings: &[VarBind]) -> Result<(), Refusal> {
        let mut next = self.clone();
        let mut partial = None;
        for binding in bindings {
            if next.one(binding)? {
                partial = Some(Refusal(ErrorStatus::GenErr, binding.oid.clone()));
            }
        }
        *self = next;
        partial.map_or(Ok(()), Err)
    }
}

fn bench(model: Fastpath) -> Bench {
    Bench::new("netgear-fastpath", FakeSwitch::new(model))
}

fn busy(destination: u32, mask: &[(u32, i32)]) -> Session {
    Session {
        destination,
        mode: ON,
        mask: mask.iter().copied().collect(),
    }
}

#[test]
fn mask_and_destination_are_written_while_the_session_is_off() {
    let bench = bench(Fastpath::new(&[Session::idle()]));
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    assert_eq!(mirror.set_sources(&set(&[1, 2, 3])).unwrap().writes, 4);
    assert_eq!(mirror.sources().unwrap(), set(&[1, 2, 3]));
    assert_eq!(
        mirror.set_sources(&set(&[1, 2])).unwrap().writes,
        3,
        "off, mask, on"
    );
    assert_eq!(mirror.set_sources(&set(&[])).unwrap().writes, 1);
    assert_eq!(mirror.sources().unwrap(), set(&[]));
    assert_eq!(mirror.set_sources(&set(&[1, 2])).unwrap().writes, 1);
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn each_source_is_set_to_received_frames_only() {
    let bench = bench(Fastpath::new(&[Session::idle()]));
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[4, 5])).unwrap();
    let types = Oid::from(SUFFIX).child([10, 5, 1, 2, 1]);
    for port in [4, 5] {
        assert_eq!(
            bench.switch.dump().get(&types.child([port])),
            Some(&Value::Integer(2))
        );
    }
}

#[test]
fn a_free_session_is_preferred_and_the_busy_one_is_refused() {
    let sessions = [busy(9, &[(1, 3)]), Session::idle()];
    let bench = bench(Fastpath::new(&sessions));
    let error = bench.open(false).err().unwrap();
    assert!(
        error.to_string().contains("session 1: port 1 to port 9"),
        "{error}"
    );
}

#[test]
fn a_borrowed_session_whose_sources_and_destination_cross_ours_is_put_back() {
    let bench = bench(Fastpath::new(&[busy(9, &[(1, 1), (2, 3), (12, 2)])]));
    let before = bench.switch.dump();
    let mut mirror = bench.open(true).unwrap();
    mirror.set_sources(&set(&[2, 9])).unwrap();
    assert_eq!(mirror.sources().unwrap(), set(&[2, 9]));
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn a_session_that_was_empty_is_deleted_where_no_destination_cannot_be_written() {
    let mut model = Fastpath::new(&[Session::idle()]);
    model.zero_is_refused = true;
    let bench = bench(model);
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    mirror.set_sources(&set(&[1])).unwrap();
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn a_failed_write_that_applied_the_valid_ports_is_read_back() {
    let mut model = Fastpath::new(&[Session::idle()]);
    model.gaps = [5].into();
    let bench = bench(model);
    let before = bench.switch.dump();
    let mut mirror = bench.open(false).unwrap();
    assert!(matches!(
        mirror.set_sources(&set(&[4, 5])),
        Err(MirrorError::Snmp { .. })
    ));
    mirror.set_sources(&set(&[4])).unwrap();
    assert_eq!(mirror.sources().unwrap(), set(&[4]));
    mirror.restore().unwrap();
    assert_eq!(bench.switch.dump(), before);
}

#[test]
fn lost_answers_at_every_step_are_harmless() {
    for nth in 1..=8 {
        let bench = bench(Fastpath::new(&[busy(9, &[(1, 1)])]));
        let before = bench.switch.dump();
        let mut mirror = bench.open(true).unwrap();
        bench.switch.faults(Faults {
            lose_answer: [nth].into(),
            ..Faults::default()
        });
        mirror.set_sources(&set(&[1, 2, 3])).unwrap();
        mirror.restore().unwrap();
        assert_eq!(bench.switch.dump(), before, "answer {nth} lost");
    }
}
