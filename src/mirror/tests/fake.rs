//! An SNMP agent in memory, with faults.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::snmp::{ErrorStatus, Oid, Snmp, SnmpError, Value, VarBind};

/// Why a model refuses a request.
pub(super) struct Refusal(pub(super) ErrorStatus, pub(super) Oid);

/// What a switch does with values, written from the switch's side.
pub(super) trait Model: Send {
    /// All instances.
    fn dump(&mut self) -> BTreeMap<Oid, Value>;
    /// Carries out a SET; what the model keeps after a refusal is its own business.
    fn write(&mut self, bindings: &[VarBind]) -> Result<(), Refusal>;
    /// A change on the front panel.
    fn link(&mut self, _port: u32, _up: bool) {}
}

/// What goes wrong. SETs are counted from 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults {
    /// Done, but the answer is lost.
    pub(super) lose_answer: BTreeSet<u32>,
    /// Lost before it was done.
    pub(super) lose_request: BTreeSet<u32>,
    /// Acknowledged and not done.
    pub(super) ignore: BTreeSet<u32>,
    /// Acknowledged and done only this many reads later.
    pub(super) late_by: u32,
    /// Nothing gets through after this many requests of any kind.
    pub(super) dead_after: Option<u32>,
    /// The first request that gets no answer then is still done.
    pub(super) last_is_done: bool,
    /// Reads show nothing, as where the credential's view leaves it all out.
    pub(super) hidden: bool,
}

struct Inner {
    model: Box<dyn Model>,
    faults: Faults,
    requests: u32,
    sets: u32,
    late: Vec<(u32, Vec<VarBind>)>,
    written: Vec<VarBind>,
}

/// A handle on the agent; clones are the same agent.
#[derive(Clone)]
pub(super) struct FakeSwitch(Arc<Mutex<Inner>>);

impl FakeSwitch {
    pub(super) fn new(model: impl Model + 'static) -> Self {
        FakeSwitch(Arc::new(Mutex::new(Inner {
            model: Box::new(model),
            faults: Faults::default(),
            requests: 0,
            sets: 0,
            late: Vec::new(),
            written: Vec::new(),
        })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap()
    }

    /// All instances without counters, as `snmpwalk` would show them.
    pub(super) fn dump(&self) -> BTreeMap<Oid, Value> {
        let mut dump = self.inner().model.dump();
        dump.retain(|_, value| !matches!(value, Value::Counter32(_)));
        dump
    }

    /// Replaces the faults; the counts start anew.
    pub(super) fn faults(&self, faults: Faults) {
        let mut inner = self.inner();
        inner.faults = faults;
        (inner.requests, inner.sets) = (0, 0);
    }

    pub(super) fn sets(&self) -> u32 {
        self.inner().sets
    }

    /// Everything that was written since the last call.
    pub(super) fn written(&self) -> Vec<VarBind> {
        std::mem::take(&mut self.inner().written)
    }

    /// Writes as another manager would.
    pub(super) fn as_admin(&self, bindings: &[VarBind]) {
        assert!(self.inner().model.write(bindings).is_ok());
    }

    pub(super) fn link(&self, port: u32, up: bool) {
        self.inner().model.link(port, up);
    }
}

fn lost() -> SnmpError {
    SnmpError::Lost {
        agent: "fake".to_owned(),
        attempts: 3,
        seconds: 3.0,
    }
}

impl Inner {
    fn arrives(&mut self) -> Result<(), SnmpError> {
        self.requests += 1;
        if self.faults.dead_after.is_some_and(|n| self.requests > n) {
            return Err(lost());
        }
        Ok(())
    }

    fn catch_up(&mut self) {
        for (left, bindings) in std::mem::take(&mut self.late) {
            if left == 0 {
                // Refused too late for anybody to hear of it.
                drop(self.model.write(&bindings));
            } else {
                self.late.push((left - 1, bindings));
            }
        }
    }
}

impl Snmp for FakeSwitch {
    fn agent(&self) -> &str {
        "fake (192.0.2.1)"
    }

    fn get(&mut self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        let mut inner = self.inner();
        inner.arrives()?;
        inner.catch_up();
        let dump = inner.model.dump();
        let hidden = inner.faults.hidden;
        let value = |oid: &Oid| match dump.get(oid) {
            _ if hidden => Value::NoSuchObject,
            Some(value) => value.clone(),
            None => Value::NoSuchInstance,
        };
        let bind = |oid: &Oid| VarBind {
            oid: oid.clone(),
            value: value(oid),
        };
        Ok(oids.iter().map(bind).collect())
    }

    fn walk(&mut self, base: &Oid) -> Result<Vec<VarBind>, SnmpError> {
        let mut inner = self.inner();
        inner.arrives()?;
        inner.catch_up();
        let hidden = inner.faults.hidden;
        let below = inner
            .model
            .dump()
            .into_iter()
            .filter(|(oid, _)| oid.below(base).is_some() && !hidden);
        Ok(below.map(|(oid, value)| VarBind { oid, value }).collect())
    }

    fn set(&mut self, bindings: &[VarBind]) -> Result<(), SnmpError> {
        let mut inner = self.inner();
        let arrived = inner.arrives();
        if arrived.is_err() {
            let is_first = inner
                .faults
                .dead_after
                .is_some_and(|n| inner.requests == n + 1);
            if is_first && inner.faults.last_is_done {
                drop(inner.model.write(bindings));
            }
            return arrived;
        }
        inner.sets += 1;
        let nth = inner.sets;
        inner.written.extend_from_slice(bindings);
        if inner.faults.lose_request.contains(&nth) {
            return Err(lost());
        }
        if inner.faults.ignore.contains(&nth) {
            return Ok(());
        }
        if inner.faults.late_by > 0 {
            let late_by = inner.faults.late_by;
            inner.late.push((late_by, bindings.to_vec()));
            return Ok(());
        }
        let result = inner.model.write(bindings);
        if inner.faults.lose_answer.contains(&nth) {
            return Err(lost());
        }
        result.map_err(|Refusal(status, oid)| SnmpError::Refused {
            agent: "fake".to_owned(),
            status,
            oid: Some(oid),
            write: true,
        })
    }
}

/// Takes an `INTEGER` out of a binding or refuses.
pub(super) fn integer(binding: &VarBind) -> Result<i32, Refusal> {
    if let Value::Integer(n) = binding.value {
        return Ok(n);
    }
    Err(Refusal(ErrorStatus::WrongType, binding.oid.clone()))
}

/// Takes an `OCTET STRING` out of a binding or refuses.
pub(super) fn octets(binding: &VarBind) -> Result<Vec<u8>, Refusal> {
    let octets = binding.value.as_octets().map(<[u8]>::to_vec);
    octets.ok_or_else(|| Refusal(ErrorStatus::WrongType, binding.oid.clone()))
}

/// The ports of a bitmap whose highest bit is port 1.
pub(super) fn bits(octets: &[u8]) -> BTreeSet<u32> {
    let mut ports = BTreeSet::new();
    for (place, octet) in octets.iter().enumerate() {
        for bit in 0..8u32 {
            if octet & (0x80 >> bit) != 0 {
                ports.insert(u32::try_from(place).unwrap() * 8 + bit + 1);
            }
        }
    }
    ports
}

/// The bitmap of some ports, whose highest bit is port 1.
pub(super) fn bitmap(ports: &BTreeSet<u32>, length: usize) -> Vec<u8> {
    let mut octets = vec![0u8; length];
    for port in ports {
        let bit = usize::try_from(port - 1).unwrap();
        octets[bit / 8] |= 0x80 >> (bit % 8);
    }
    octets
}
