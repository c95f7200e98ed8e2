//! Shape D: every port has a row that says whether it is mirrored, and no row is ever made (Zyxel).

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{Direction, IndexPart, Instance, Role};
use crate::snmp::Value;

use super::settings::{self, switch_of};
use super::{Batch, Driver, Seen, Situation, Task};

/// Drives per-port flags.
pub(super) struct Flags {
    objects: Objects,
    /// The column whose `off` means "not mirrored".
    flag: Bound,
    /// The column of directions, if it is not the flag itself.
    direction: Option<Bound>,
    task: Task,
}

impl Flags {
    /// Returns `None` if the objects are not those of this shape.
    pub(super) fn new(objects: Objects, task: Task) -> Option<Self> {
        let per_port = |bound: &&Bound| bound.object.index.has(IndexPart::Source);
        let direction = objects.role(Role::Direction).find(per_port).cloned();
        let flag = objects.role(Role::Source).find(per_port).cloned();
        match flag {
            Some(flag) => Some(Flags {
                objects,
                flag,
                direction,
                task,
            }),
            None => Some(Flags {
                objects,
                flag: direction?,
                direction: None,
                task,
            }),
        }
    }

    /// The word that makes a port a source.
    fn on(&self) -> &'static str {
        if self.flag.object.role == Role::Source {
            "on"
        } else {
            self.task.copies.word()
        }
    }

    fn target(&self, now: &State, wanted: &BTreeSet<u32>) -> State {
        let mut target = State::default();
        let mut put = |bound: &Bound, instance: &Instance, value: Option<Value>| {
            if let (Some(oid), Some(value)) = (bound.at(instance), value) {
                target.put(oid, value);
            }
        };
        let session = Instance {
            session: self.task.session,
            ..Instance::default()
        };
        if let Some((bound, _, _)) = switch_of(&self.objects, now, self.task.session) {
            if wanted.is_empty() {
                put(bound, &session, bound.coded("off"));
                return target;
            }
            put(bound, &session, bound.coded("on"));
        }
        for (instance, _) in self.flag.rows(now) {
            let is_source = instance
                .source
                .is_some_and(|source| wanted.contains(&source));
            let word = if is_source { self.on() } else { "off" };
            put(&self.flag, &instance, self.flag.coded(word));
            if let (true, Some(direction)) = (is_source, &self.direction) {
                put(
                    direction,
                    &instance,
                    direction.coded(self.task.copies.word()),
                );
            }
        }
        if !wanted.is_empty() {
            settings::aim(&self.objects, &session, self.task.destination, &mut target);
        }
        target
    }

    fn sources(&self, state: &State) -> BTreeMap<u32, Direction> {
        let mut sources = BTreeMap::new();
        for (instance, value) in self.flag.rows(state) {
            let word = self.flag.object.word(value);
            let Some(source) = instance
                .source
                .filter(|_| word.is_some_and(|word| word != "off"))
            else {
                continue;
            };
            let told = self.direction.as_ref().map_or(word, |direction| {
                let oid = direction.at(&instance)?;
                direction.object.word(state.get(&oid)?)
            });
            match told {
                Some("destination") => {}
                Some("ingress") => {
                    sources.insert(source, Direction::Ingress);
                }
                Some("egress") => {
                    sources.insert(source, Direction::Egress);
                }
                _ => {
                    sources.insert(source, Direction::Both);
                }
            }
        }
        sources
    }
}

impl Driver for Flags {
    fn seen(&self, state: &State) -> Vec<Seen> {
        let destination = self
            .objects
            .role(Role::Destination)
            .next()
            .and_then(|bound| {
                let (_, value) = bound.rows(state).next()?;
                let number = value
                    .as_i64()
                    .filter(|number| Some(*number) != bound.object.code("none"))?;
                u32::try_from(number).ok()
            });
        let sources = self.sources(state);
        let on = switch_of(&self.objects, state, None).is_none_or(|(_, _, on)| on);
        let active = on && !sources.is_empty();
        vec![Seen {
            session: None,
            destination,
            sources,
            active,
        }]
    }

    fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Batch> {
        let target = self.target(situation.now, wanted);
        settings::batches(&self.objects, situation.now, &target, situation.attempt)
    }

    fn plan_restore(&self, situation: Situation<'_>) -> Vec<Batch> {
        settings::restore(&self.objects, situation, situation.now)
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        settings::differences(&self.objects, now, then)
    }
}
