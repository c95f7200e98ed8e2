//! Bringing values and rows from one state to another in an order that the switch accepts.
//!
//! A session is switched off before what may only change while it is off, rows and sources leave before the
//! destination changes, rows are made in the order of the profile, and the session is switched on last.

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{IndexPart, Instance, OnlyWhile, Role};
use crate::snmp::{Oid, Value, VarBind};

use super::rows::{self, NewRow};
use super::target::Target;
use super::{Batch, requests};

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
        return bound.decode(a) == bound.decode(b);
    }
    a == b || (a.as_i64().is_some() && a.as_i64() == b.as_i64())
}

/// Returns the source ports that the lists of a session name.
pub(super) fn listed(objects: &Objects, state: &State, session: Option<u32>) -> BTreeSet<u32> {
    objects
        .role(Role::Sources)
        .flat_map(|bound| {
            bound
                .rows(state)
                .filter(|(instance, _)| instance.session.is_none() || instance.session == session)
                .flat_map(|(_, value)| bound.decode(value))
        })
        .collect()
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
    match bound.object.role {
        Role::Direction => word.is_some_and(|word| word != "off"),
        _ => word == Some("on"),
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

/// Says which kept values differ; instances that came up since are not ours to judge, unless we can remove them.
pub(super) fn differences(objects: &Objects, now: &State, then: &State) -> Vec<String> {
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
    for status in objects.role(Role::RowStatus) {
        for (instance, value) in status.rows(now) {
            let Some(oid) = status.at(&instance) else {
                continue;
            };
            if rows::exists(status, Some(value)) && !rows::exists(status, then.get(&oid)) {
                found.push(format!("{} is still there", objects.name(&oid)));
            }
        }
    }
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

/// What has to change, in no order yet. Numbers are places in the profile.
struct Changes<'a> {
    writes: Vec<Write<'a>>,
    new: Vec<(usize, Option<u32>, NewRow)>,
    gone: Vec<(usize, Option<u32>, Oid)>,
}

impl<'a> Changes<'a> {
    fn find(objects: &'a Objects, now: &State, target: &'a Target) -> Self {
        let mut changes = Changes {
            writes: Vec::new(),
            new: Vec::new(),
            gone: Vec::new(),
        };
        let mut anew: BTreeSet<Oid> = BTreeSet::new();
        for (oid, value) in target.values.iter() {
            let Some((rank, bound)) = objects.of(oid) else {
                continue;
            };
            if bound.object.role != Role::RowStatus || !rows::exists(bound, Some(value)) {
                continue;
            }
            let Some(instance) = bound.instance(oid) else {
                continue;
            };
            let is_there = rows::exists(bound, now.get(oid));
            if is_there && !must_be_made_anew(objects, bound, &instance, now, &target.values) {
                continue;
            }
            if is_there {
                changes.gone.push((rank, instance.session, oid.clone()));
            }
            let row = new_row(objects, bound, &instance, oid, value, &target.values);
            anew.insert(oid.clone());
            changes.new.push((rank, instance.session, row));
        }
        for oid in &target.gone {
            if let Some((rank, bound)) = objects.of(oid)
                && let Some(instance) = bound.instance(oid)
                && rows::exists(bound, now.get(oid))
            {
                changes.gone.push((rank, instance.session, oid.clone()));
            }
        }
        for (oid, value) in target.values.iter() {
            changes.value(objects, now, &anew, target, oid, value);
        }
        changes
    }

    fn value(
        &mut self,
        objects: &'a Objects,
        now: &State,
        anew: &BTreeSet<Oid>,
        target: &'a Target,
        oid: &'a Oid,
        value: &'a Value,
    ) {
        let Some((rank, bound)) = objects.of(oid) else {
            return;
        };
        let Some(instance) = bound.instance(oid).filter(|_| bound.object.role.is_kept()) else {
            return;
        };
        let is_status = bound.object.role == Role::RowStatus;
        if anew.contains(oid) || (is_status && !rows::exists(bound, Some(value))) {
            return;
        }
        let is_switch = switch(objects).is_some_and(|switch| switch.oid == bound.oid);
        if !is_status && !is_switch {
            let row = rows::status_of(objects, bound).and_then(|status| status.at(&instance));
            if row.is_some_and(|row| anew.contains(&row) || target.gone.contains(&row)) {
                return;
            }
        }
        let is_same = |present: &Value| {
            same(bound, present, value)
                || (is_status && rows::is_active(bound, present) == rows::is_active(bound, value))
        };
        if !now.get(oid).is_some_and(is_same) {
            self.writes.push(Write {
                rank,
                bound,
                instance,
                oid,
                value,
            });
        }
    }
}

/// Tells whether a column that can be set only while its row is made would have to change.
fn must_be_made_anew(
    objects: &Objects,
    status: &Bound,
    instance: &Instance,
    now: &State,
    target: &State,
) -> bool {
    rows::columns(objects, status)
        .filter(|column| column.object.only_while == Some(OnlyWhile::Creating))
        .any(|column| {
            let Some(oid) = column.at(instance) else {
                return false;
            };
            match (now.get(&oid), target.get(&oid)) {
                (Some(present), Some(goal)) => !same(column, present, goal),
                _ => false,
            }
        })
}

fn new_row(
    objects: &Objects,
    status: &Bound,
    instance: &Instance,
    oid: &Oid,
    value: &Value,
    target: &State,
) -> NewRow {
    let switch = switch(objects);
    let bind = |column: &Bound| {
        // The switch is thrown when everything else is in place.
        if switch.is_some_and(|switch| switch.oid == column.oid) {
            return None;
        }
        let oid = column.at(instance)?;
        let value = target.get(&oid)?.clone();
        Some(VarBind { oid, value })
    };
    NewRow {
        status: oid.clone(),
        columns: rows::columns(objects, status).filter_map(bind).collect(),
        active: rows::is_active(status, value),
    }
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
        let may = matches!(
            self.bound.object.role,
            Role::Source | Role::Direction | Role::DestinationFlag
        );
        may && self.bound.object.word(self.value) == Some("off")
    }
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
            bound.object.only_while == Some(OnlyWhile::Off)
                || bound.object.role == Role::Destination
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

/// A request of one binding.
pub(super) fn one(oid: Oid, value: Value) -> Batch {
    Batch {
        bindings: vec![VarBind { oid, value }],
        essential: true,
    }
}
