//! Shape C: port bitmaps name the sources; destination and state stand apart, as scalars (D-Link DGS-1210) or as
//! columns of a session table (FASTPATH, with the directions in a table of their own).

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{Direction, Instance, Role};
use crate::snmp::Value;

use super::settings::{self, listed, switch_of};
use super::{Batch, Driver, Seen, Situation, Task};

/// Drives source bitmaps.
pub(super) struct Lists {
    objects: Objects,
    task: Task,
}

impl Lists {
    pub(super) fn new(objects: Objects, task: Task) -> Self {
        Lists { objects, task }
    }

    fn session(&self) -> Instance {
        Instance {
            session: self.task.session,
            ..Instance::default()
        }
    }

    /// The column of directions, where they are not told by the lists themselves.
    fn directions(&self) -> Option<&Bound> {
        self.objects.role(Role::Direction).next()
    }

    fn target(&self, now: &State, wanted: &BTreeSet<u32>) -> State {
        let mut target = State::default();
        let switch = switch_of(&self.objects, now, self.task.session);
        if let Some((bound, oid, _)) = switch {
            let word = if wanted.is_empty() { "off" } else { "on" };
            if let Some(value) = bound.coded(word) {
                target.put(oid, value);
            }
            if wanted.is_empty() {
                return target;
            }
        }
        let instance = self.session();
        if !wanted.is_empty() {
            settings::aim(&self.objects, &instance, self.task.destination, &mut target);
        }
        for bound in self.objects.role(Role::Sources) {
            let ours = bound
                .object
                .direction
                .is_none_or(|direction| direction == self.task.copies);
            let ports = if ours {
                wanted.clone()
            } else {
                BTreeSet::new()
            };
            let Some(oid) = bound.at(&instance) else {
                continue;
            };
            let present = now.get(&oid).and_then(Value::as_octets).unwrap_or_default();
            let bitmap = bound.object.bitmap.as_ref();
            if let Some(octets) = bitmap.and_then(|bitmap| bitmap.encode(&ports, present)) {
                target.put(oid, Value::Octets(octets));
            }
        }
        if let Some(bound) = self.directions() {
            for source in wanted {
                let row = Instance {
                    source: Some(*source),
                    ..instance
                };
                let value = bound.coded(self.task.copies.word());
                if let (Some(oid), Some(value)) = (bound.at(&row), value) {
                    target.put(oid, value);
                }
            }
        }
        target
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

    fn sources(&self, state: &State, session: Option<u32>) -> BTreeMap<u32, Direction> {
        let mut sources = BTreeMap::new();
        let instance = Instance {
            session,
            ..Instance::default()
        };
        for bound in self.objects.role(Role::Sources) {
            let octets = bound
                .at(&instance)
                .and_then(|oid| state.get(&oid)?.as_octets());
            let (Some(bitmap), Some(octets)) = (&bound.object.bitmap, octets) else {
                continue;
            };
            for port in bitmap.decode(octets) {
                let direction = match bound.object.direction {
                    Some(direction) => direction,
                    None => self.direction(
                        state,
                        Instance {
                            source: Some(port),
                            ..instance
                        },
                    ),
                };
                sources
                    .entry(port)
                    .and_modify(|known| {
                        if *known != direction {
                            *known = Direction::Both;
                        }
                    })
                    .or_insert(direction);
            }
        }
        sources
    }

    fn direction(&self, state: &State, row: Instance) -> Direction {
        let word = self.directions().and_then(|bound| {
            let oid = bound.at(&row)?;
            bound.object.word(state.get(&oid)?)
        });
        match word {
            Some("ingress") => Direction::Ingress,
            Some("egress") => Direction::Egress,
            _ => Direction::Both,
        }
    }

    /// Tells whether the session mirrors something that is no port, e.g. a VLAN.
    fn has_other_use(&self, state: &State, session: Option<u32>) -> bool {
        let instance = Instance {
            session,
            ..Instance::default()
        };
        self.objects.role(Role::Keep).any(|bound| {
            let value = bound.at(&instance).and_then(|oid| state.get(&oid));
            value.is_some_and(|value| value.as_i64() != bound.object.code("unused"))
        })
    }
}

impl Driver for Lists {
    fn seen(&self, state: &State) -> Vec<Seen> {
        let Some(destination) = self.objects.role(Role::Destination).next() else {
            return Vec::new();
        };
        let none = destination.object.code("none");
        let seen = |(instance, value): (Instance, &Value)| {
            let number = value.as_i64().filter(|number| Some(*number) != none);
            let sources = self.sources(state, instance.session);
            let on = switch_of(&self.objects, state, instance.session).is_none_or(|(_, _, on)| on);
            let used = !sources.is_empty() || self.has_other_use(state, instance.session);
            Seen {
                session: instance.session,
                destination: number.and_then(|number| u32::try_from(number).ok()),
                sources,
                active: on && used,
            }
        };
        destination.rows(state).map(seen).collect()
    }

    fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Batch> {
        let target = self.target(situation.now, wanted);
        let now = self.without_reset(situation.now, &target);
        settings::batches(&self.objects, &now, &target, situation.attempt)
    }

    fn plan_restore(&self, situation: Situation<'_>) -> Vec<Batch> {
        let now = self.without_reset(situation.now, situation.then);
        settings::restore(&self.objects, situation, &now)
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        settings::differences(&self.objects, now, then)
    }
}
