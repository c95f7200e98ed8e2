//! Shape G: the source's row lists its destinations, as pairs of a port and a direction (Brocade, Ruckus ICX).
//!
//! What is written is not what is read: a write adds, changes or, with the direction "off", removes one pair.

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{Direction, Instance, Role};
use crate::snmp::{Value, VarBind};

use super::showing::direction_of;
use super::{Batch, Driver, Seen, Situation, Task, requests};

/// The direction's code of each destination of each source.
type Pairs = BTreeMap<(u32, u32), i64>;

/// Drives rows of sources.
pub(super) struct SourceRow {
    objects: Objects,
    list: Bound,
    task: Task,
    /// Whether the switch has room for a single destination only.
    alone: bool,
}

impl SourceRow {
    /// Returns `None` if the objects are not those of this shape.
    pub(super) fn new(objects: Objects, task: Task, alone: bool) -> Option<Self> {
        let list = objects.role(Role::Destinations).next()?.clone();
        list.object.list.as_ref()?;
        list.object.code("off")?;
        Some(SourceRow {
            objects,
            list,
            task,
            alone,
        })
    }

    /// The pairs of every row, by source and destination.
    fn pairs(&self, state: &State) -> Pairs {
        let mut pairs = Pairs::new();
        for (instance, value) in self.list.rows(state) {
            let codec = self.list.object.list.as_ref();
            let (Some(source), Some(octets), Some(codec)) =
                (instance.source, value.as_octets(), codec)
            else {
                continue;
            };
            for (destination, code) in codec.pairs(octets) {
                if Some(code) != self.list.object.code("off") {
                    pairs.insert((source, destination), code);
                }
            }
        }
        pairs
    }

    /// The pairs from before the run, and those that others have made since.
    fn before(&self, now: &Pairs, then: &State) -> Pairs {
        let mut before = self.pairs(then);
        let others = now
            .iter()
            .filter(|((_, destination), _)| *destination != self.task.destination);
        for (pair, code) in others {
            before.entry(*pair).or_insert(*code);
        }
        before
    }

    fn write(&self, (source, destination): (u32, u32), code: i64) -> Option<VarBind> {
        let instance = Instance {
            source: Some(source),
            ..Instance::default()
        };
        let text = self.list.object.list.as_ref()?.pair(destination, code);
        Some(VarBind {
            oid: self.list.at(&instance)?,
            value: Value::Octets(text),
        })
    }

    fn batches(&self, now: &Pairs, goal: &Pairs, attempt: u32) -> Vec<Batch> {
        let off = self.list.object.code("off").unwrap_or(0);
        let gone = now.keys().filter(|pair| !goal.contains_key(pair));
        let gone = gone.map(|pair| (*pair, off));
        let new = goal
            .iter()
            .filter(|(pair, code)| now.get(pair) != Some(code));
        let new = new.map(|(pair, code)| (*pair, *code));
        let rows = gone
            .chain(new)
            .filter_map(|(pair, code)| Some(vec![self.write(pair, code)?]))
            .collect();
        let per_request = if attempt > 1 {
            1
        } else {
            self.objects.rows_per_request
        };
        requests(rows, per_request, false)
    }
}

impl Driver for SourceRow {
    fn seen(&self, state: &State) -> Vec<Seen> {
        let mut seen: BTreeMap<u32, BTreeMap<u32, Direction>> = BTreeMap::new();
        for ((source, destination), code) in self.pairs(state) {
            let mut codes = self.list.object.codes.iter();
            let word = codes.find(|(_, known)| **known == code);
            let direction = word.and_then(|(word, _)| direction_of(word));
            seen.entry(destination)
                .or_default()
                .insert(source, direction.unwrap_or(Direction::Both));
        }
        let seen = seen.into_iter().map(|(destination, sources)| Seen {
            others: Vec::new(),
            session: None,
            destination: Some(destination),
            sources,
            active: true,
        });
        seen.collect()
    }

    fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Batch> {
        let now = self.pairs(situation.now);
        let code = self.list.object.code(self.task.copies.word()).unwrap_or(0);
        let ours = |(source, _): &(u32, u32)| (*source, self.task.destination);
        let mut goal = now.clone();
        let make_room = situation.makes_room(self.alone);
        goal.retain(|pair, _| !make_room && ours(pair) != *pair);
        goal.extend(wanted.iter().map(|source| (ours(&(*source, 0)), code)));
        self.batches(&now, &goal, situation.attempt)
    }

    fn plan_restore(&self, situation: Situation<'_>) -> Vec<Batch> {
        let now = self.pairs(situation.now);
        let goal = self.before(&now, situation.then);
        self.batches(&now, &goal, situation.attempt)
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        let now = self.pairs(now);
        let then = self.before(&now, then);
        let name = |(source, _): &(u32, u32)| format!("{}.{source}", self.list.object.name);
        let all: BTreeSet<&(u32, u32)> = now.keys().chain(then.keys()).collect();
        all.into_iter()
            .filter(|pair| now.get(pair) != then.get(pair))
            .map(|pair| format!("{} is not as it was", name(pair)))
            .collect()
    }
}
