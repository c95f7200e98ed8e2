//! Every shape that is a matter of values and rows: bitmaps, lists and single ports (C, E, F), per-port flags (D),
//! sessions with member rows (B), settings on the source or the destination (L, M), and all of these written into a
//! candidate configuration that is then applied (I).

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{Direction, IndexPart, Instance, Role};
use crate::snmp::{Value, VarBind};

use super::settings::{self, listed, switch};
use super::target::{self, Target};
use super::{Batch, Driver, Seen, Situation, Task, rows};

/// Drives values and rows.
pub(super) struct Tables {
    objects: Objects,
    task: Task,
}

impl Tables {
    pub(super) fn new(objects: Objects, task: Task) -> Self {
        Tables { objects, task }
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
            is_cleared(oid).is_some_and(|bound| !bound.decode(value).is_empty())
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

    fn sources(&self, state: &State, session: Option<u32>) -> BTreeMap<u32, Direction> {
        let mut sources = Sources::default();
        for bound in self.objects.iter() {
            let rows = bound
                .rows(state)
                .filter(|(instance, _)| instance.session.is_none() || instance.session == session);
            for (instance, value) in rows {
                match bound.object.role {
                    Role::Sources => {
                        for port in bound.decode(value) {
                            let row = Instance {
                                source: Some(port),
                                ..instance
                            };
                            let told = self.told(state, bound, &row);
                            sources.add(port, told);
                        }
                    }
                    Role::Source if bound.object.word(value) == Some("on") => {
                        let told = self.told(state, bound, &instance);
                        sources.add_some(instance.source, told);
                    }
                    Role::RowStatus if rows::is_active(bound, value) => {
                        if self.is_destination_row(state, bound, &instance) {
                            continue;
                        }
                        let told = self.told(state, bound, &instance);
                        sources.add_some(instance.source, told);
                    }
                    Role::Direction if self.is_flag(bound) => {
                        if let Some(direction) = bound.object.word(value).and_then(direction_of) {
                            sources.add_some(instance.source, direction);
                        }
                    }
                    _ => {}
                }
            }
        }
        sources.0
    }

    /// Tells whether a column of directions says by itself which ports are sources.
    fn is_flag(&self, bound: &Bound) -> bool {
        let others = self
            .objects
            .iter()
            .any(|other| matches!(other.object.role, Role::Sources | Role::Source));
        bound.object.index.has(IndexPart::Source)
            && !others
            && rows::status_of(&self.objects, bound).is_none()
    }

    fn is_destination_row(&self, state: &State, status: &Bound, instance: &Instance) -> bool {
        rows::columns(&self.objects, status).any(|column| {
            let value = column.at(instance).and_then(|oid| state.get(&oid));
            column.object.role == Role::Direction
                && value.and_then(|value| column.object.word(value)) == Some("destination")
        })
    }

    /// What is copied of a source: said by the object, by its index, or by a column of directions.
    fn told(&self, state: &State, bound: &Bound, row: &Instance) -> Direction {
        if let Some(direction) = bound.object.direction {
            return direction;
        }
        let of_index = row.direction.and_then(|code| {
            let codes = bound.object.index_codes.iter();
            let mut words = codes.filter(|(_, number)| **number == i64::from(code));
            direction_of(words.next()?.0)
        });
        if let Some(direction) = of_index {
            return direction;
        }
        self.objects
            .role(Role::Direction)
            .find_map(|column| {
                let oid = column.at(row)?;
                direction_of(column.object.word(state.get(&oid)?)?)
            })
            .unwrap_or(Direction::Both)
    }

    /// The destination of a session.
    fn destination(&self, state: &State, session: Option<u32>) -> Option<u32> {
        self.objects.iter().find_map(|bound| {
            let per_source = bound.object.index.has(IndexPart::Source);
            bound
                .rows(state)
                .filter(|(instance, _)| instance.session.is_none() || instance.session == session)
                .find_map(|(instance, value)| {
                    let is = |word| bound.object.word(value) == Some(word);
                    match bound.object.role {
                        Role::Destination if !is("none") => bound.decode(value).first().copied(),
                        Role::RowStatus if !per_source && rows::is_active(bound, value) => {
                            instance.destination
                        }
                        Role::DestinationFlag if is("on") => instance.destination,
                        Role::Direction if is("destination") => instance.source,
                        _ => None,
                    }
                })
        })
    }

    /// The sessions of which the state shows anything.
    fn sessions(&self, state: &State) -> BTreeSet<Option<u32>> {
        let numbered: BTreeSet<Option<u32>> = self
            .objects
            .iter()
            .filter(|bound| bound.object.index.has(IndexPart::Session))
            .flat_map(|bound| {
                bound.rows(state).filter(|(_, value)| {
                    bound.object.role != Role::RowStatus || rows::exists(bound, Some(value))
                })
            })
            .map(|(instance, _)| instance.session)
            .collect();
        let any_numbered = self
            .objects
            .iter()
            .any(|bound| bound.object.index.has(IndexPart::Session));
        if any_numbered {
            numbered
        } else {
            BTreeSet::from([None])
        }
    }

    /// Tells whether the session mirrors something that is no port, e.g. a VLAN.
    fn has_other_use(&self, state: &State, session: Option<u32>) -> bool {
        self.objects.role(Role::Keep).any(|bound| {
            let Some(unused) = bound.object.code("unused") else {
                return false;
            };
            bound
                .rows(state)
                .filter(|(instance, _)| instance.session == session)
                .any(|(_, value)| value.as_i64() != Some(unused))
        })
    }

    /// The mirrors of a switch on which each source says by itself where its copies go.
    fn aimed(&self, state: &State, bound: &Bound) -> Vec<Seen> {
        let mut seen: BTreeMap<u32, BTreeMap<u32, Direction>> = BTreeMap::new();
        for (instance, value) in bound.rows(state) {
            let none = bound.object.word(value) == Some("none");
            let Some(port) = bound.decode(value).first().copied().filter(|_| !none) else {
                continue;
            };
            if let Some(source) = instance.source {
                let direction = self.told(state, bound, &instance);
                seen.entry(port).or_default().insert(source, direction);
            }
        }
        let seen = seen.into_iter().map(|(destination, sources)| Seen {
            session: None,
            destination: Some(destination),
            active: !sources.is_empty(),
            sources,
        });
        seen.collect()
    }
}

impl Tables {
    /// The mirrors of a switch with a row for each pair of source and destination.
    fn paired(&self, state: &State, status: &Bound) -> Vec<Seen> {
        let mut seen: BTreeMap<u32, BTreeMap<u32, Direction>> = BTreeMap::new();
        for (instance, value) in status.rows(state) {
            let (Some(source), Some(destination)) = (instance.source, instance.destination) else {
                continue;
            };
            if rows::is_active(status, value) {
                let direction = self.told(state, status, &instance);
                seen.entry(destination)
                    .or_default()
                    .insert(source, direction);
            }
        }
        let on = switch(&self.objects).is_none() || settings::is_on(&self.objects, state, None);
        let seen = seen.into_iter().map(|(destination, sources)| Seen {
            session: None,
            destination: Some(destination),
            sources,
            active: on,
        });
        seen.collect()
    }
}

/// The word of a direction, as a direction.
pub(super) fn direction_of(word: &str) -> Option<Direction> {
    [Direction::Ingress, Direction::Egress, Direction::Both]
        .into_iter()
        .find(|direction| direction.word() == word)
}

/// Sources by number; one that is told twice is copied in both directions.
#[derive(Default)]
struct Sources(BTreeMap<u32, Direction>);

impl Sources {
    fn add(&mut self, port: u32, direction: Direction) {
        self.0
            .entry(port)
            .and_modify(|known| {
                if *known != direction {
                    *known = Direction::Both;
                }
            })
            .or_insert(direction);
    }

    fn add_some(&mut self, port: Option<u32>, direction: Direction) {
        if let Some(port) = port {
            self.add(port, direction);
        }
    }
}

impl Driver for Tables {
    fn seen(&self, state: &State) -> Vec<Seen> {
        let state = self.live(state);
        let aimed = self
            .objects
            .role(Role::Destination)
            .find(|bound| bound.object.index.has(IndexPart::Source));
        if let Some(bound) = aimed {
            return self.aimed(&state, bound);
        }
        let is_pair = |bound: &&Bound| {
            let index = &bound.object.index;
            index.has(IndexPart::Source) && index.has(IndexPart::Destination)
        };
        if let Some(status) = self.objects.role(Role::RowStatus).find(is_pair) {
            return self.paired(&state, status);
        }
        let seen = |session| {
            let sources = self.sources(&state, session);
            let destination = self.destination(&state, session);
            let used = !sources.is_empty() || self.has_other_use(&state, session);
            let on = settings::is_on(&self.objects, &state, session);
            let has_switch = switch(&self.objects).is_some();
            let active = used
                && if has_switch {
                    on
                } else {
                    destination.is_some()
                };
            Seen {
                session,
                destination,
                sources,
                active,
            }
        };
        self.sessions(&state).into_iter().map(seen).collect()
    }

    fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Batch> {
        let target = target::target(&self.objects, self.task, situation.now, wanted);
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
        let target = target::back(&self.objects, situation.now, situation.then);
        let now = self.without_reset(situation.now, &target.values);
        let batches = self.cleared(&now, &target, situation.attempt);
        self.applied(batches, situation.now, &target)
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        let mut found = settings::differences(&self.objects, now, then);
        if self.objects.role(Role::Apply).next().is_some() {
            let target = target::back(&self.objects, &self.live(now), &self.live(then));
            if !settings::batches(&self.objects, &self.live(now), &target, 1).is_empty() {
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
