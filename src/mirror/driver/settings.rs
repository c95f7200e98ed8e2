//! What shapes with nothing but existing objects share: bringing values from one state to another in an order
//! that the switch accepts.
//!
//! A session is switched off before what may only change while it is off, sources leave before the destination
//! changes, and the session is switched on last.

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{Instance, OnlyWhile, Role};
use crate::snmp::{Oid, Value, VarBind};

use super::{Batch, Situation, requests};

/// When a value is written, within one session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    /// Ports that leave.
    Leave,
    /// The destination.
    Destination,
    /// Everything that has no place of its own.
    Main,
    /// Directions of ports that are sources by now.
    Direction,
}

/// Tells whether two values of an object mean the same.
pub(super) fn same(bound: &Bound, a: &Value, b: &Value) -> bool {
    if let (Some(bitmap), Some(a), Some(b)) = (&bound.object.bitmap, a.as_octets(), b.as_octets()) {
        return bitmap.decode(a) == bitmap.decode(b);
    }
    a == b || (a.as_i64().is_some() && a.as_i64() == b.as_i64())
}

/// Returns the source ports that the bitmaps of a session name.
pub(super) fn listed(objects: &Objects, state: &State, session: Option<u32>) -> BTreeSet<u32> {
    let instance = Instance {
        session,
        ..Instance::default()
    };
    let mut ports = BTreeSet::new();
    for bound in objects.role(Role::Sources) {
        let octets = bound
            .at(&instance)
            .and_then(|oid| state.get(&oid)?.as_octets());
        if let (Some(bitmap), Some(octets)) = (&bound.object.bitmap, octets) {
            ports.extend(bitmap.decode(octets));
        }
    }
    ports
}

/// Returns the object that switches a session, and whether the session is on.
pub(super) fn switch_of<'a>(
    objects: &'a Objects,
    state: &State,
    session: Option<u32>,
) -> Option<(&'a Bound, Oid, bool)> {
    let instance = Instance {
        session,
        ..Instance::default()
    };
    let bound = objects.role(Role::Enable).next()?;
    let oid = bound.at(&instance)?;
    let on = bound.object.word(state.get(&oid)?) == Some("on");
    Some((bound, oid, on))
}

/// Adds our destination, and what keeps its ordinary traffic going.
pub(super) fn aim(objects: &Objects, session: &Instance, port: u32, target: &mut State) {
    for bound in objects
        .role(Role::Knob)
        .chain(objects.role(Role::Destination))
    {
        let value = if bound.object.role == Role::Knob {
            bound.coded("pass")
        } else {
            bound.object.syntax.value(i64::from(port))
        };
        if let (Some(oid), Some(value)) = (bound.at(session), value) {
            target.put(oid, value);
        }
    }
}

/// Returns the writes that lead from the present values to those of `target`.
pub(super) fn batches(objects: &Objects, now: &State, target: &State, attempt: u32) -> Vec<Batch> {
    let mut sessions: BTreeMap<Option<u32>, Session<'_>> = BTreeMap::new();
    for (oid, value) in target.iter() {
        let Some((rank, bound)) = objects.of(oid) else {
            continue;
        };
        let Some(instance) = bound.instance(oid) else {
            continue;
        };
        if now
            .get(oid)
            .is_some_and(|present| same(bound, present, value))
        {
            continue;
        }
        let write = Write {
            rank,
            bound,
            instance,
            oid,
            value,
        };
        let session = sessions.entry(instance.session).or_insert_with(|| Session {
            objects,
            now,
            target,
            session: instance.session,
            writes: Vec::new(),
        });
        session.writes.push(write);
    }
    let per_request = if attempt > 1 {
        1
    } else {
        objects.rows_per_request
    };
    sessions
        .into_values()
        .flat_map(|session| session.batches(per_request))
        .collect()
}

/// Returns the writes that put every kept value back.
pub(super) fn restore(objects: &Objects, situation: Situation<'_>, now: &State) -> Vec<Batch> {
    if situation.attempt > 1
        && let Some(delete) = delete(objects, now, situation.then)
    {
        return vec![delete];
    }
    batches(objects, now, situation.then, situation.attempt)
}

/// Some switches refuse "no destination" as a value and want the session deleted instead.
fn delete(objects: &Objects, now: &State, then: &State) -> Option<Batch> {
    let enable = objects.role(Role::Enable).next()?;
    let value = enable.coded("delete")?;
    let destination = objects.role(Role::Destination).next()?;
    let none = destination.object.code("none")?;
    let (instance, _) = destination.rows(then).find(|(instance, old)| {
        let changed = destination.at(instance).and_then(|oid| now.get(&oid)) != Some(old);
        changed && old.as_i64() == Some(none) && listed(objects, then, instance.session).is_empty()
    })?;
    let bindings = vec![VarBind {
        oid: enable.at(&instance)?,
        value,
    }];
    Some(Batch {
        bindings,
        essential: true,
    })
}

/// Says which kept values differ; instances that came up since are not ours to judge, nothing can remove them.
pub(super) fn differences(objects: &Objects, now: &State, then: &State) -> Vec<String> {
    let differs = |(oid, old): (&Oid, &Value)| {
        let (_, bound) = objects.of(oid)?;
        match now.get(oid) {
            Some(value) if same(bound, value, old) => None,
            Some(_) => Some(format!("{} is not as it was", objects.name(oid))),
            None => Some(format!("{} is missing", objects.name(oid))),
        }
    };
    then.iter().filter_map(differs).collect()
}

struct Write<'a> {
    rank: usize,
    bound: &'a Bound,
    instance: Instance,
    oid: &'a Oid,
    value: &'a Value,
}

impl Write<'_> {
    fn binding(&self) -> VarBind {
        VarBind {
            oid: self.oid.clone(),
            value: self.value.clone(),
        }
    }

    fn turns_off(&self) -> bool {
        let may = matches!(self.bound.object.role, Role::Source | Role::Direction);
        may && self.bound.object.word(self.value) == Some("off")
    }
}

struct Session<'a> {
    objects: &'a Objects,
    now: &'a State,
    target: &'a State,
    session: Option<u32>,
    writes: Vec<Write<'a>>,
}

impl Session<'_> {
    fn batches(&self, per_request: usize) -> Vec<Batch> {
        let mut others: Vec<&Write<'_>> = self
            .writes
            .iter()
            .filter(|w| w.bound.object.role != Role::Enable)
            .collect();
        others.sort_by_key(|write| write.rank);
        let mut batches = Vec::new();
        let switch = switch_of(self.objects, self.now, self.session);
        let mut last = None;
        if let Some((bound, oid, on)) = switch {
            let present = self.now.get(&oid);
            let goal = self.target.get(&oid).or(present);
            let goal_is_off = goal.is_some_and(|goal| bound.object.word(goal) == Some("off"));
            let needs_quiet = others.iter().any(|write| {
                let object = &write.bound.object;
                object.only_while == Some(OnlyWhile::Off) || object.role == Role::Destination
            });
            let quiet = on && (goal_is_off || needs_quiet);
            if quiet && let Some(value) = bound.coded("off") {
                batches.push(one(oid.clone(), value));
            }
            if !(goal_is_off && (quiet || !on)) && (quiet || goal != present) {
                last = goal.map(|value| one(oid.clone(), value.clone()));
            }
        }
        batches.extend(self.vacate(&others));
        batches.extend(self.phased(&others, per_request));
        batches.extend(last);
        batches
    }

    /// A destination must not be a source: empties the lists first, where the new destination is in one.
    fn vacate(&self, others: &[&Write<'_>]) -> Vec<Batch> {
        let new = others
            .iter()
            .find(|write| write.bound.object.role == Role::Destination);
        let Some(port) = new
            .and_then(|w| w.value.as_i64())
            .and_then(|n| u32::try_from(n).ok())
        else {
            return Vec::new();
        };
        if !listed(self.objects, self.now, self.session).contains(&port) {
            return Vec::new();
        }
        let instance = Instance {
            session: self.session,
            ..Instance::default()
        };
        let empty = |bound: &Bound| {
            let oid = bound.at(&instance)?;
            let octets = self.now.get(&oid)?.as_octets()?;
            let none = bound
                .object
                .bitmap
                .as_ref()?
                .encode(&BTreeSet::new(), octets)?;
            Some(one(oid, Value::Octets(none)))
        };
        self.objects.role(Role::Sources).filter_map(empty).collect()
    }

    fn phase(&self, write: &Write<'_>, before: &BTreeSet<u32>, after: &BTreeSet<u32>) -> Phase {
        let is_in = |set: &BTreeSet<u32>| write.instance.source.is_some_and(|n| set.contains(&n));
        let role = write.bound.object.role;
        let has_lists = self.objects.role(Role::Sources).next().is_some();
        if write.turns_off() {
            Phase::Leave
        } else if role == Role::Destination {
            Phase::Destination
        } else if role != Role::Direction || !has_lists {
            Phase::Main
        } else if is_in(before) && !is_in(after) {
            Phase::Leave
        } else {
            Phase::Direction
        }
    }

    /// Groups what goes into one request and orders the groups.
    fn phased(&self, others: &[&Write<'_>], per_request: usize) -> Vec<Batch> {
        let before = listed(self.objects, self.now, self.session);
        let after = listed(self.objects, self.target, self.session);
        let mut rows: BTreeMap<(usize, Instance), (Phase, Vec<VarBind>)> = BTreeMap::new();
        for write in others {
            let phase = self.phase(write, &before, &after);
            let key = (self.group(write), write.instance);
            let row = rows.entry(key).or_insert((phase, Vec::new()));
            row.0 = row.0.min(phase);
            row.1.push(write.binding());
        }
        let mut groups: BTreeMap<(Phase, usize), Vec<Vec<VarBind>>> = BTreeMap::new();
        for ((group, _), (phase, row)) in rows {
            groups.entry((phase, group)).or_default().push(row);
        }
        let batch = |((phase, group), rows): ((Phase, usize), Vec<Vec<VarBind>>)| {
            let is_row = self
                .objects
                .iter()
                .nth(group)
                .is_some_and(|b| matches!(b.object.role, Role::Source | Role::Direction));
            requests(rows, per_request, phase == Phase::Destination || !is_row)
        };
        groups.into_iter().flat_map(batch).collect()
    }

    /// Returns the place of the first object that goes into the same request.
    fn group(&self, write: &Write<'_>) -> usize {
        let name = &write.bound.object.name;
        let with = &write.bound.object.with;
        self.objects
            .iter()
            .position(|other| with.contains(&other.object.name) || other.object.with.contains(name))
            .map_or(write.rank, |first| first.min(write.rank))
    }
}

fn one(oid: Oid, value: Value) -> Batch {
    Batch {
        bindings: vec![VarBind { oid, value }],
        essential: true,
    }
}
