//! Bringing values and rows from one state to another in an order that the switch accepts.
//!
//! A session is switched off before what may only change while it is off, rows and sources leave before the
//! destination changes, rows are made in the order of the profile, and the session is switched on last.

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{IndexPart, Instance, OnlyWhile, Role};
use crate::snmp::{Oid, Value, VarBind};

use super::changes::{Changes, Write};
use super::rows::{self, NewRow};
use super::target::{self, Target};
use super::{Batch, Task, requests};

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
    if bound.has_codec() && a.as_octets().is_some() && b.as_octets().is_some() {
        // What is no port is somebody's as well: it is the same only if it is written in the same way.
        return bound.decode(a) == bound.decode(b) && bound.strange(a) == bound.strange(b);
    }
    a == b || (a.as_i64().is_some() && a.as_i64() == b.as_i64())
}

/// Returns the source ports that the lists of a session name.
pub(super) fn listed(objects: &Objects, state: &State, session: Option<u32>) -> BTreeSet<u32> {
    lists(objects, state, session)
        .flat_map(|(bound, value)| bound.decode(value))
        .collect()
}

/// Returns what the lists of a session name beside ports of the panel.
pub(super) fn strange(objects: &Objects, state: &State, session: Option<u32>) -> Vec<String> {
    lists(objects, state, session)
        .flat_map(|(bound, value)| bound.strange(value))
        .collect()
}

fn lists<'a>(
    objects: &'a Objects,
    state: &'a State,
    session: Option<u32>,
) -> impl Iterator<Item = (&'a Bound, &'a Value)> {
    objects.role(Role::Sources).flat_map(move |bound| {
        bound
            .rows(state)
            .filter(move |(instance, _)| instance.session.is_none() || instance.session == session)
            .map(move |(_, value)| (bound, value))
    })
}

/// Returns the object that switches a session: one that does nothing else, or a direction of the whole session
/// that can also be "off".
pub(super) fn switch(objects: &Objects) -> Option<&Bound> {
    let of_session = |bound: &&Bound| !bound.object.index.has(IndexPart::Source);
    let direction = || {
        objects
            .role(Role::Direction)
            .filter(of_session)
            .find(|bound| bound.object.code("off").is_some())
    };
    objects
        .role(Role::Enable)
        .find(of_session)
        .or_else(direction)
}

/// Tells whether a session is switched on; false where there is no switch, or none yet.
pub(super) fn is_on(objects: &Objects, state: &State, session: Option<u32>) -> bool {
    let instance = Instance {
        session,
        ..Instance::default()
    };
    let Some(bound) = switch(objects) else {
        return false;
    };
    let value = bound.at(&instance).and_then(|oid| state.get(&oid));
    let word = value.and_then(|value| bound.object.word(value));
    if bound.object.role == Role::Direction {
        word.is_some_and(|word| word != "off")
    } else {
        word == Some("on")
    }
}

/// Returns the writes that lead from the present state to the target.
pub(super) fn batches(objects: &Objects, now: &State, target: &Target, attempt: u32) -> Vec<Batch> {
    let mut sessions: BTreeMap<Option<u32>, Session<'_>> = BTreeMap::new();
    let changes = Changes::find(objects, now, target);
    let blank = |session| Session {
        objects,
        now,
        target: &target.values,
        session,
        writes: Vec::new(),
        new: BTreeMap::new(),
        gone: Vec::new(),
    };
    for (rank, session, oid) in changes.gone {
        let session = sessions.entry(session).or_insert_with(|| blank(session));
        session.gone.push((rank, oid));
    }
    for (rank, session, row) in changes.new {
        let session = sessions.entry(session).or_insert_with(|| blank(session));
        session.new.entry(rank).or_default().push(row);
    }
    for write in changes.writes {
        let session = write.instance.session;
        let session = sessions.entry(session).or_insert_with(|| blank(session));
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

/// Some switches refuse "no destination" as a value and want the session deleted instead.
pub(super) fn delete(objects: &Objects, now: &State, then: &State) -> Option<Batch> {
    let enable = objects.role(Role::Enable).next()?;
    let value = enable.coded("delete")?;
    let destination = objects.role(Role::Destination).next()?;
    let none = destination.object.code("none")?;
    let (instance, _) = destination.rows(then).find(|(instance, old)| {
        let changed = destination.at(instance).and_then(|oid| now.get(&oid)) != Some(old);
        changed && old.as_i64() == Some(none) && listed(objects, then, instance.session).is_empty()
    })?;
    Some(one(enable.at(&instance)?, value))
}

/// Says which kept values differ; instances that came up since are not ours to judge, unless we may have made them.
pub(super) fn differences(objects: &Objects, task: Task, now: &State, then: &State) -> Vec<String> {
    let differs = |(oid, old): (&Oid, &Value)| {
        let (_, bound) = objects.of(oid)?;
        if !bound.object.role.is_kept() {
            return None;
        }
        if bound.object.role == Role::RowStatus {
            return row_differs(objects, bound, oid, now, old);
        }
        match now.get(oid) {
            Some(value) if same(bound, value, old) => None,
            Some(_) => Some(format!("{} is not as it was", objects.name(oid))),
            None => Some(format!("{} is missing", objects.name(oid))),
        }
    };
    let mut found: Vec<String> = then.iter().filter_map(differs).collect();
    let added = target::added(objects, task, now, then);
    found.extend(added.map(|oid| format!("{} is still there", objects.name(&oid))));
    found
}

fn row_differs(
    objects: &Objects,
    status: &Bound,
    oid: &Oid,
    now: &State,
    old: &Value,
) -> Option<String> {
    let value = now.get(oid);
    if !rows::exists(status, Some(old)) {
        return None;
    }
    if !rows::exists(status, value) {
        return Some(format!("{} is missing", objects.name(oid)));
    }
    let active = |value: &Value| rows::is_active(status, value);
    // What the switch itself holds back, or lets go, is not ours to judge.
    let held =
        |value: &Value| rows::is_row_status(status) && value.as_i64() == Some(rows::NOT_READY);
    let as_it_was =
        value.is_some_and(|value| active(value) == active(old) || held(value) || held(old));
    (!as_it_was).then(|| format!("{} is not as it was", objects.name(oid)))
}

struct Session<'a> {
    objects: &'a Objects,
    now: &'a State,
    target: &'a State,
    session: Option<u32>,
    writes: Vec<Write<'a>>,
    /// Rows to be made, by the place of their status in the profile.
    new: BTreeMap<usize, Vec<NewRow>>,
    gone: Vec<(usize, Oid)>,
}

impl Session<'_> {
    fn batches(&self, per_request: usize) -> Vec<Batch> {
        let switch = switch(self.objects);
        let is_switch = |bound: &Bound| switch.is_some_and(|switch| switch.oid == bound.oid);
        let mut others: Vec<&Write<'_>> = self
            .writes
            .iter()
            .filter(|write| !is_switch(write.bound))
            .collect();
        others.sort_by_key(|write| write.rank);
        let (quiet, last) = self.switching(&others);
        let mut batches: Vec<Batch> = quiet.into_iter().collect();
        batches.extend(self.removed(per_request));
        batches.extend(self.vacate(&others));
        batches.extend(self.phased(&others, per_request));
        for (rank, new) in &self.new {
            if let Some(status) = self.objects.iter().nth(*rank) {
                batches.extend(self.made(status, new, per_request));
            }
        }
        batches.extend(last);
        batches
    }

    /// The writes that switch the session off before the others, and on after them.
    fn switching(&self, others: &[&Write<'_>]) -> (Option<Batch>, Option<Batch>) {
        let instance = Instance {
            session: self.session,
            ..Instance::default()
        };
        let Some(bound) = switch(self.objects) else {
            return (None, None);
        };
        let Some(oid) = bound.at(&instance) else {
            return (None, None);
        };
        let on = is_on(self.objects, self.now, self.session);
        let present = self.now.get(&oid);
        let goal = self.target.get(&oid).or(present);
        let goal_is_off = goal.is_some_and(|goal| bound.object.word(goal) == Some("off"));
        let quiet_for = |bound: &Bound| {
            let index = &bound.object.index;
            let is_destinations_row =
                index.has(IndexPart::Destination) && !index.has(IndexPart::Source);
            is_destinations_row
                || bound.object.only_while == Some(OnlyWhile::Off)
                || matches!(bound.object.role, Role::Destination | Role::DestinationFlag)
        };
        let of_row = |rank: &usize| self.objects.iter().nth(*rank).is_some_and(quiet_for);
        let needs_quiet = others.iter().any(|write| quiet_for(write.bound))
            || self.gone.iter().any(|(rank, _)| of_row(rank))
            || self.new.keys().any(of_row);
        let row = rows::status_of(self.objects, bound).and_then(|status| status.at(&instance));
        let row_goes = row.is_some_and(|row| self.gone.iter().any(|(_, oid)| *oid == row));
        let quiet = on && (goal_is_off || needs_quiet || row_goes);
        let off = bound.coded("off").filter(|_| quiet);
        let stays_off = goal_is_off && (quiet || !on);
        let last = goal.filter(|_| !stays_off && !row_goes && (quiet || goal != present));
        (
            off.map(|value| one(oid.clone(), value)),
            last.map(|value| one(oid.clone(), value.clone())),
        )
    }

    /// The requests that remove rows, members before what they belong to.
    fn removed(&self, per_request: usize) -> Vec<Batch> {
        let mut by_table: BTreeMap<std::cmp::Reverse<usize>, Vec<Vec<VarBind>>> = BTreeMap::new();
        for (rank, oid) in &self.gone {
            if let Some(status) = self.objects.iter().nth(*rank) {
                let row = rows::destroy(status, oid).into_iter().collect();
                by_table
                    .entry(std::cmp::Reverse(*rank))
                    .or_default()
                    .push(row);
            }
        }
        by_table
            .into_values()
            .flat_map(|rows| requests(rows, per_request, false))
            .collect()
    }

    /// The requests that make the rows of one table; the destination's row, if it is among them, comes first.
    fn made(&self, status: &Bound, new: &[NewRow], per_request: usize) -> Vec<Batch> {
        let is_destination = |row: &&NewRow| {
            row.columns.iter().any(|binding| {
                self.objects.of(&binding.oid).is_some_and(|(_, column)| {
                    column.object.role == Role::Direction
                        && column.object.word(&binding.value) == Some("destination")
                })
            })
        };
        let (first, then): (Vec<&NewRow>, Vec<&NewRow>) = new.iter().partition(is_destination);
        [first, then]
            .into_iter()
            .filter(|rows| !rows.is_empty())
            .flat_map(|some| {
                let some: Vec<NewRow> = some.into_iter().cloned().collect();
                rows::create(self.objects, status, &some, per_request)
            })
            .collect()
    }

    /// A destination must not be a source: empties the lists first, where the new destination is in one.
    fn vacate(&self, others: &[&Write<'_>]) -> Vec<Batch> {
        let new = others
            .iter()
            .find(|write| write.bound.object.role == Role::Destination);
        let Some(port) = new.and_then(|write| write.bound.decode(write.value).first().copied())
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
            Some(one(oid, bound.encode(&BTreeSet::new(), octets)?))
        };
        self.objects
            .role(Role::Sources)
            .filter(|bound| bound.has_codec())
            .filter_map(empty)
            .collect()
    }

    fn phase(&self, write: &Write<'_>, before: &BTreeSet<u32>, after: &BTreeSet<u32>) -> Phase {
        let is_in = |set: &BTreeSet<u32>| write.instance.source.is_some_and(|n| set.contains(&n));
        let role = write.bound.object.role;
        let has_lists = self.objects.role(Role::Sources).next().is_some();
        let points_nowhere =
            role == Role::Destination && write.bound.decode(write.value).is_empty();
        if write.turns_off() || (points_nowhere && write.instance.source.is_some()) {
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

/// A request of one binding.
pub(super) fn one(oid: Oid, value: Value) -> Batch {
    Batch {
        bindings: vec![VarBind { oid, value }],
        essential: true,
    }
}
