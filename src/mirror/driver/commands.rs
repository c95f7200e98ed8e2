//! Shape H: arguments are written into scalars, then an action is written that carries them out; what is mirrored is
//! shown elsewhere. Or one object adds the port that is written to it, and another one removes it.
//!
//! What is put back is what the arguments brought about, and then they themselves: they do nothing without the action.

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{Carries, Direction, Instance, Role};
use crate::snmp::{Oid, VarBind};

use super::showing::direction_of;
use super::tables::{port_number, request};
use super::{Batch, Driver, Seen, Situation, Task};

/// Session, destination and source of a mirrored port.
type Mirrored = (Option<u32>, u32, u32);

/// Drives commands.
pub(super) struct Commands {
    objects: Objects,
    task: Task,
    /// Whether the switch has room for a single destination only.
    alone: bool,
}

impl Commands {
    pub(super) fn new(objects: Objects, task: Task, alone: bool) -> Self {
        Commands {
            objects,
            task,
            alone,
        }
    }

    /// What the read-back shows.
    fn mirrored(&self, state: &State) -> BTreeMap<Mirrored, Direction> {
        let mut rows: BTreeMap<Instance, Shown> = BTreeMap::new();
        for bound in self.objects.role(Role::Status) {
            for (instance, value) in bound.rows(state) {
                let row = rows.entry(instance).or_default();
                match bound.object.carries {
                    Some(Carries::Destination) => row.destination = port_number(value),
                    Some(Carries::Session) => row.session = port_number(value),
                    Some(Carries::Direction) => {
                        row.direction = bound.object.word(value).and_then(direction_of);
                    }
                    Some(Carries::Source) | None => {
                        row.sources.extend(bound.decode(value));
                        row.direction = row.direction.or(bound.object.direction);
                    }
                }
            }
        }
        let mut mirrored = BTreeMap::new();
        for (instance, row) in rows {
            let session = row.session.or(instance.session);
            let Some(destination) = row.destination.or(instance.destination) else {
                continue;
            };
            for source in row.sources {
                let direction = row.direction.unwrap_or(Direction::Both);
                mirrored.insert((session, destination, source), direction);
            }
        }
        mirrored
    }

    /// What was mirrored before the run, and what others have mirrored since.
    fn before(
        &self,
        now: &BTreeMap<Mirrored, Direction>,
        then: &State,
    ) -> BTreeMap<Mirrored, Direction> {
        let may_be_ours = |(session, destination, _): &Mirrored| {
            let ours = session.is_some() && *session == self.task.session;
            ours || *destination == self.task.destination
        };
        let mut before = self.mirrored(then);
        for (mirrored, direction) in now.iter().filter(|(mirrored, _)| !may_be_ours(mirrored)) {
            before.entry(*mirrored).or_insert(*direction);
        }
        before
    }

    /// The arguments that are not what they were, with their old values.
    fn changed_arguments(&self, now: &State, then: &State) -> Vec<VarBind> {
        let is_argument = |oid: &Oid| {
            let found = self.objects.of(oid);
            found.is_some_and(|(_, bound)| bound.object.role == Role::Argument)
        };
        then.iter()
            .filter(|(oid, value)| is_argument(oid) && now.get(oid) != Some(*value))
            .map(|(oid, value)| VarBind {
                oid: oid.clone(),
                value: value.clone(),
            })
            .collect()
    }

    /// The request, or requests, that add or remove one source.
    fn command(
        &self,
        (session, destination, source): Mirrored,
        direction: Direction,
        adds: bool,
        attempt: u32,
    ) -> Vec<Batch> {
        let instance = Instance {
            session,
            source: Some(source),
            destination: Some(destination),
            ..Instance::default()
        };
        let number = |bound: &Bound, number: u32| {
            Some(VarBind {
                oid: bound.at(&instance)?,
                value: bound.object.syntax.value(i64::from(number))?,
            })
        };
        let alone = if adds { Role::Add } else { Role::Remove };
        if let Some(bound) = self.objects.role(alone).next() {
            return number(bound, source)
                .map(|binding| request(vec![binding]))
                .into_iter()
                .collect();
        }
        let argument = |bound: &Bound| match bound.object.carries? {
            Carries::Source => number(bound, source),
            Carries::Destination => number(bound, destination),
            Carries::Session => number(bound, session.or(self.task.session).unwrap_or(1)),
            Carries::Direction => Some(VarBind {
                oid: bound.at(&instance)?,
                value: bound.coded(direction.word())?,
            }),
        };
        let mut bindings: Vec<VarBind> = self
            .objects
            .role(Role::Argument)
            .filter_map(argument)
            .collect();
        let word = if adds { "add" } else { "remove" };
        let action = self.objects.role(Role::Command).next().and_then(|bound| {
            Some(VarBind {
                oid: bound.at(&instance)?,
                value: bound.coded(word)?,
            })
        });
        // Some switches carry a request out in another order than it is written in: then one at a time.
        if attempt > 1 {
            let all = bindings.into_iter().chain(action);
            return all.map(|binding| request(vec![binding])).collect();
        }
        bindings.extend(action);
        vec![request(bindings)]
    }

    fn batches(
        &self,
        now: &BTreeMap<Mirrored, Direction>,
        goal: &BTreeMap<Mirrored, Direction>,
        attempt: u32,
    ) -> Vec<Batch> {
        let gone = now
            .iter()
            .filter(|(mirrored, direction)| goal.get(mirrored) != Some(direction));
        let new = goal
            .iter()
            .filter(|(mirrored, direction)| now.get(mirrored) != Some(direction));
        let gone = gone
            .flat_map(|(mirrored, direction)| self.command(*mirrored, *direction, false, attempt));
        let new = new
            .flat_map(|(mirrored, direction)| self.command(*mirrored, *direction, true, attempt));
        gone.chain(new).collect()
    }
}

/// One row of the read-back.
#[derive(Default)]
struct Shown {
    session: Option<u32>,
    destination: Option<u32>,
    sources: BTreeSet<u32>,
    direction: Option<Direction>,
}

impl Driver for Commands {
    fn seen(&self, state: &State) -> Vec<Seen> {
        let mut seen: BTreeMap<(Option<u32>, u32), BTreeMap<u32, Direction>> = BTreeMap::new();
        for ((session, destination, source), direction) in self.mirrored(state) {
            seen.entry((session, destination))
                .or_default()
                .insert(source, direction);
        }
        let seen = seen
            .into_iter()
            .map(|((session, destination), sources)| Seen {
                others: Vec::new(),
                session,
                destination: Some(destination),
                sources,
                active: true,
            });
        seen.collect()
    }

    fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Batch> {
        let now = self.mirrored(situation.now);
        let Task {
            destination,
            session,
            copies,
        } = self.task;
        let mut goal = now.clone();
        let make_room = situation.makes_room(self.alone);
        goal.retain(|(_, port, _), _| !make_room && *port != destination);
        let ours = now.keys().find(|(_, port, _)| *port == destination);
        let session = ours.map_or(session, |(session, _, _)| *session);
        goal.extend(wanted.iter().map(|source| {
            let key = (session, destination, *source);
            (key, copies)
        }));
        self.batches(&now, &goal, situation.attempt)
    }

    fn plan_restore(&self, situation: Situation<'_>) -> Vec<Batch> {
        let now = self.mirrored(situation.now);
        let goal = self.before(&now, situation.then);
        let batches = self.batches(&now, &goal, situation.attempt);
        if !batches.is_empty() {
            return batches;
        }
        let arguments: Vec<VarBind> = self.changed_arguments(situation.now, situation.then);
        arguments
            .into_iter()
            .map(|binding| request(vec![binding]))
            .collect()
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        let arguments = self.changed_arguments(now, then).into_iter();
        let arguments = arguments
            .map(|binding| format!("{} is not as it was", self.objects.name(&binding.oid)));
        let now = self.mirrored(now);
        let then = self.before(&now, then);
        let name = |(_, destination, source): &Mirrored| {
            format!("the mirror of {source} to {destination}")
        };
        let all: BTreeSet<&Mirrored> = now.keys().chain(then.keys()).collect();
        all.into_iter()
            .filter(|mirrored| now.get(mirrored) != then.get(mirrored))
            .map(|mirrored| format!("{} is not as it was", name(mirrored)))
            .chain(arguments)
            .collect()
    }
}
