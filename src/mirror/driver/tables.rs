//! Every shape that is a matter of values and rows: bitmaps, lists and single ports (C, E, F), per-port flags (D),
//! sessions with member rows (B), settings on the source or the destination (L, M), and all of these written into a
//! candidate configuration that is then applied (I).

use std::collections::BTreeSet;

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{Instance, Role};
use crate::snmp::{Value, VarBind};

use super::settings::{self, listed};
use super::target::{self, Target};
use super::{Batch, Driver, Seen, Situation, Task, rows};

/// Drives values and rows.
pub(super) struct Tables {
    pub(super) objects: Objects,
    task: Task,
    /// Whether the switch has room for a single destination only.
    alone: bool,
}

impl Tables {
    pub(super) fn new(objects: Objects, task: Task, alone: bool) -> Self {
        Tables {
            objects,
            task,
            alone,
        }
    }

    /// The column of directions of sources that a list names.
    fn directions(&self) -> Option<&Bound> {
        self.objects.role(Role::Direction).next()
    }

    /// Forgets the directions of ports that are about to become sources, where joining resets them.
    fn without_reset(&self, now: &State, target: &State) -> State {
        let Some(directions) = self.directions() else {
            return now.clone();
        };
        let resets = |bound: &Bound| bound.object.clears.contains(&directions.object.name);
        if !self.objects.role(Role::Sources).any(resets) {
            return now.clone();
        }
        let mut known = State::default();
        for (oid, value) in now.iter() {
            let row = directions.instance(oid);
            let joins = row.is_some_and(|row| {
                let is_in = |state: &State| {
                    let ports = listed(&self.objects, state, row.session);
                    row.source.is_some_and(|source| ports.contains(&source))
                };
                is_in(target) && !is_in(now)
            });
            if !joins {
                known.put(oid.clone(), value.clone());
            }
        }
        known
    }

    /// What is in force, where that stands apart from what is written.
    fn live(&self, state: &State) -> State {
        let pairs: Vec<(&Bound, &Bound)> = self
            .objects
            .iter()
            .filter(|bound| bound.object.role.is_kept())
            .filter_map(|bound| {
                let name = bound.object.read_back.as_ref()?;
                Some((bound, self.objects.iter().find(|o| o.object.name == *name)?))
            })
            .collect();
        if pairs.is_empty() {
            return state.clone();
        }
        let candidate = |oid: &crate::snmp::Oid| {
            self.objects
                .of(oid)
                .is_some_and(|(_, bound)| bound.object.role.is_kept())
        };
        let mut live = State::default();
        for (oid, value) in state.iter().filter(|(oid, _)| !candidate(oid)) {
            live.put(oid.clone(), value.clone());
        }
        for (written, shown) in &pairs {
            for (instance, value) in shown.rows(state) {
                if let Some(oid) = written.at(&instance) {
                    live.put(oid, value.clone());
                }
                // The row's status is not shown again: a row that is in force is there.
                if let Some(status) = rows::status_of(&self.objects, written)
                    && let (Some(oid), Some(there)) = (status.at(&instance), rows::there(status))
                {
                    live.put(oid, there);
                }
            }
        }
        live
    }

    /// Completes a plan by what makes it live.
    fn applied(&self, mut batches: Vec<Batch>, now: &State, target: &Target) -> Vec<Batch> {
        let Some(apply) = self.objects.role(Role::Apply).next() else {
            return batches;
        };
        let live = self.live(now);
        let late = settings::batches(&self.objects, &live, target, 1);
        if batches.is_empty() && late.is_empty() {
            return batches;
        }
        if let (Some(oid), Some(value)) = (apply.at(&Instance::default()), apply.coded("apply")) {
            batches.push(settings::one(oid, value));
        }
        batches
    }

    /// The write that clears a session, where lists cannot be shortened otherwise.
    fn clear(&self) -> Option<(&Bound, Batch)> {
        let command = self.objects.role(Role::Command).next()?;
        let instance = Instance {
            session: self.task.session,
            ..Instance::default()
        };
        let batch = settings::one(command.at(&instance)?, command.coded("clear")?);
        Some((command, batch))
    }

    /// Plans with a clear in front, where something that it clears is set and has to change.
    fn cleared(&self, now: &State, target: &Target, attempt: u32) -> Vec<Batch> {
        let plain = settings::batches(&self.objects, now, target, attempt);
        let Some((command, clear)) = self.clear() else {
            return plain;
        };
        let is_cleared = |oid: &crate::snmp::Oid| {
            let (_, bound) = self.objects.of(oid)?;
            command
                .object
                .clears
                .contains(&bound.object.name)
                .then_some(bound)
        };
        let is_set = now.iter().any(|(oid, value)| {
            is_cleared(oid).is_some_and(|bound| {
                !bound.decode(value).is_empty() || !bound.strange(value).is_empty()
            })
        });
        let changes = plain
            .iter()
            .flat_map(|batch| &batch.bindings)
            .any(|binding| is_cleared(&binding.oid).is_some());
        if !is_set || !changes {
            return plain;
        }
        let mut empty = State::default();
        for (oid, value) in now.iter() {
            let value = match is_cleared(oid) {
                Some(bound) => bound.encode(&BTreeSet::new(), &[]),
                None => Some(value.clone()),
            };
            if let Some(value) = value {
                empty.put(oid.clone(), value);
            }
        }
        let mut batches = vec![clear];
        batches.extend(settings::batches(&self.objects, &empty, target, attempt));
        batches
    }
}

impl Driver for Tables {
    fn seen(&self, state: &State) -> Vec<Seen> {
        self.mirrors(&self.live(state))
    }

    fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Batch> {
        let target = target::target(
            &self.objects,
            self.task,
            situation.now,
            wanted,
            situation.makes_room(self.alone),
        );
        if wanted.is_empty()
            && let Some((_, clear)) = self.clear()
        {
            let seen = self.seen(situation.now);
            let ours = seen.iter().find(|seen| seen.session == self.task.session);
            let is_set = ours.is_some_and(|seen| !seen.sources.is_empty());
            return is_set.then_some(clear).into_iter().collect();
        }
        let now = self.without_reset(situation.now, &target.values);
        let batches = self.cleared(&now, &target, situation.attempt);
        self.applied(batches, situation.now, &target)
    }

    fn plan_restore(&self, situation: Situation<'_>) -> Vec<Batch> {
        if situation.attempt > 1
            && let Some(delete) = settings::delete(&self.objects, situation.now, situation.then)
        {
            return vec![delete];
        }
        let target = target::back(&self.objects, self.task, situation.now, situation.then);
        let now = self.without_reset(situation.now, &target.values);
        let batches = self.cleared(&now, &target, situation.attempt);
        self.applied(batches, situation.now, &target)
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        let mut found = settings::differences(&self.objects, self.task, now, then);
        if self.objects.role(Role::Apply).next().is_some() {
            let (now, then) = (self.live(now), self.live(then));
            let target = target::back(&self.objects, self.task, &now, &then);
            if !settings::batches(&self.objects, &now, &target, 1).is_empty() {
                found.push("what is in force is not as it was".to_owned());
            }
        }
        found
    }
}

/// The bindings of one request.
pub(super) fn request(bindings: Vec<VarBind>) -> Batch {
    Batch {
        bindings,
        essential: true,
    }
}

/// Returns a number, if the value is one that a port can have.
pub(super) fn port_number(value: &Value) -> Option<u32> {
    value.as_i64().and_then(|number| u32::try_from(number).ok())
}
