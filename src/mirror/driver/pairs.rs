//! Shape A: one row for each pair of source and destination, with a row status (SMON portCopyTable, RFC 2613).

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{CreateBy, Direction, IndexPart, Instance, OnlyWhile, Role, Syntax};
use crate::snmp::{Oid, Value, VarBind};

use super::rows::{ACTIVE, CREATE_AND_GO, CREATE_AND_WAIT, DESTROY};
use super::settings;
use super::showing::direction_of;
use super::target::Target;
use super::{Batch, Driver, Seen, Situation, Task, requests};

/// Source and destination number of a row.
type Pair = (u32, u32);

/// What matters of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    /// The columns besides the status.
    columns: BTreeMap<Oid, Value>,
    direction: Option<Direction>,
    active: bool,
    /// The status is notReady(3): the switch itself holds the row back, e.g. because a link is down.
    held_back: bool,
}

/// Drives a table of pairs.
pub(super) struct Pairs {
    objects: Objects,
    status: Bound,
    /// The columns besides the status.
    columns: Vec<Bound>,
    task: Task,
    /// Whether the switch has room for a single destination only.
    alone: bool,
}

impl Pairs {
    /// Returns `None` if the objects are not those of this shape.
    pub(super) fn new(objects: Objects, task: Task, alone: bool) -> Option<Self> {
        let is_pair = |bound: &&Bound| {
            let index = &bound.object.index;
            index.has(IndexPart::Source) && index.has(IndexPart::Destination)
        };
        let status = objects.role(Role::RowStatus).find(is_pair)?.clone();
        let columns = objects
            .iter()
            .filter(is_pair)
            .filter(|bound| bound.object.role.is_kept() && bound.oid != status.oid)
            .cloned()
            .collect();
        Some(Pairs {
            objects,
            status,
            columns,
            task,
            alone,
        })
    }

    /// The objects beside the pairs: what decides whether the destination keeps its ordinary traffic.
    fn beside(&self, state: &State) -> State {
        let mut beside = State::default();
        for (oid, value) in state.iter() {
            let is_pair = |bound: &Bound| {
                bound.oid == self.status.oid || self.columns.iter().any(|c| c.oid == bound.oid)
            };
            if self
                .objects
                .of(oid)
                .is_some_and(|(_, bound)| !is_pair(bound))
            {
                beside.put(oid.clone(), value.clone());
            }
        }
        beside
    }

    /// The writes that let the destination keep its ordinary traffic, where the switch can be told so.
    fn let_pass(&self, now: &State, attempt: u32) -> Vec<Batch> {
        let mut target = Target::default();
        for knob in self.objects.role(Role::Knob) {
            let oid = knob
                .at(&Instance::default())
                .filter(|oid| now.get(oid).is_some());
            if let (Some(oid), Some(pass)) = (oid, knob.coded("pass")) {
                target.values.put(oid, pass);
            }
        }
        settings::batches(&self.objects, now, &target, attempt)
    }

    fn rows(&self, state: &State) -> BTreeMap<Pair, Row> {
        let mut rows = BTreeMap::new();
        for (instance, value) in self.status.rows(state) {
            let (Some(source), Some(destination)) = (instance.source, instance.destination) else {
                continue;
            };
            let mut columns = BTreeMap::new();
            let mut direction = None;
            for column in &self.columns {
                let Some(oid) = column.at(&instance) else {
                    continue;
                };
                let Some(value) = state.get(&oid) else {
                    continue;
                };
                if column.object.role == Role::Direction {
                    direction = column.object.word(value).and_then(direction_of);
                }
                columns.insert(oid, value.clone());
            }
            let code = value.as_i64();
            let active = code == Some(self.code(ACTIVE, "create"));
            let held_back = self.is_row_status() && code == Some(3);
            rows.insert(
                (source, destination),
                Row {
                    columns,
                    direction,
                    active,
                    held_back,
                },
            );
        }
        rows
    }

    fn is_row_status(&self) -> bool {
        self.status.object.syntax == Syntax::RowStatus
    }

    /// Returns the code of RFC 2579, or the profile's word for it where the column is no RowStatus.
    fn code(&self, rfc: i64, word: &str) -> i64 {
        if self.is_row_status() {
            rfc
        } else {
            self.status.object.code(word).unwrap_or(rfc)
        }
    }

    fn bind_status(&self, pair: Pair, code: i64) -> Option<VarBind> {
        Some(VarBind {
            oid: self.status.at(&instance_of(pair))?,
            value: self.status.object.syntax.value(code)?,
        })
    }

    fn destroy(&self, pair: Pair) -> Vec<VarBind> {
        self.bind_status(pair, self.code(DESTROY, "remove"))
            .into_iter()
            .collect()
    }

    /// The columns of a new row of ours.
    fn our_columns(&self, pair: Pair) -> Vec<VarBind> {
        let value = |column: &Bound| {
            let object = &column.object;
            if object.role == Role::Direction {
                return column.coded(self.task.copies.word());
            }
            let session = (object.role == Role::Session).then_some(1);
            object.syntax.value(object.value.or(session)?)
        };
        let bind = |column: &Bound| {
            Some(VarBind {
                oid: column.at(&instance_of(pair))?,
                value: value(column)?,
            })
        };
        self.columns.iter().filter_map(bind).collect()
    }

    fn creates_in_steps(&self) -> bool {
        self.status.object.create == CreateBy::CreateAndWait
            || self
                .columns
                .iter()
                .any(|column| column.object.only_while == Some(OnlyWhile::Creating))
    }

    /// The requests that make rows with the given columns.
    fn create(&self, rows: &[(Pair, Vec<VarBind>)], per_request: usize) -> Vec<Batch> {
        if !self.creates_in_steps() {
            let whole = |(pair, columns): &(Pair, Vec<VarBind>)| {
                let mut row = columns.clone();
                row.extend(self.bind_status(*pair, self.code(CREATE_AND_GO, "create")));
                row
            };
            return requests(rows.iter().map(whole).collect(), per_request, false);
        }
        let status = |code: i64| -> Vec<Vec<VarBind>> {
            rows.iter()
                .map(|(pair, _)| self.bind_status(*pair, code).into_iter().collect())
                .collect()
        };
        let mut batches = requests(status(CREATE_AND_WAIT), per_request, false);
        let columns = rows.iter().map(|(_, columns)| columns.clone()).collect();
        batches.extend(requests(columns, per_request, false));
        batches.extend(requests(status(ACTIVE), per_request, false));
        batches
    }

    fn per_request(&self, attempt: u32) -> usize {
        if attempt > 1 {
            1
        } else {
            self.objects.rows_per_request
        }
    }

    /// Tells whether a row may be removed for the time of the run. What is somebody else's goes only if the switch
    /// is known to have no room beside it, or has `refused`; and then only what was there when the run was allowed
    /// to borrow it.
    fn is_in_the_way(
        &self,
        pair: Pair,
        row: &Row,
        then: &BTreeMap<Pair, Row>,
        refused: bool,
    ) -> bool {
        if self.is_ours(pair) {
            // Somebody's inactive row copies nothing and stays; one of ours that a link held back goes.
            row.active || !then.contains_key(&pair)
        } else {
            row.active && (self.alone || refused && then.get(&pair).is_some_and(|old| old.active))
        }
    }

    fn is_ours(&self, pair: Pair) -> bool {
        pair.1 == self.task.destination
    }

    /// Tells whether a row is as it was, apart from what only the switch itself can have changed.
    fn same(&self, pair: Pair, now: &Row, then: &Row) -> bool {
        let status = now.active == then.active
            || (then.active && now.held_back)
            || (!then.active && pair.1 != self.task.destination);
        status && now.columns == then.columns
    }
}

fn instance_of((source, destination): Pair) -> Instance {
    Instance {
        source: Some(source),
        destination: Some(destination),
        ..Instance::default()
    }
}

impl Driver for Pairs {
    fn seen(&self, state: &State) -> Vec<Seen> {
        let mut seen: BTreeMap<(u32, bool), BTreeMap<u32, Direction>> = BTreeMap::new();
        for ((source, destination), row) in self.rows(state) {
            let direction = row.direction.unwrap_or(Direction::Both);
            seen.entry((destination, row.active))
                .or_default()
                .insert(source, direction);
        }
        let seen_of = |((destination, active), sources)| Seen {
            others: Vec::new(),
            session: None,
            destination: Some(destination),
            sources,
            active,
        };
        seen.into_iter().map(seen_of).collect()
    }

    fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Batch> {
        let now = self.rows(situation.now);
        let then = self.rows(situation.then);
        let right = |row: &Row| row.active && row.direction == Some(self.task.copies);
        let ours = |source: &u32| (*source, self.task.destination);
        let refused = situation.attempt > 1;
        let mut gone = Vec::new();
        for (pair, row) in &now {
            let kept = pair.1 == self.task.destination && wanted.contains(&pair.0);
            if (kept && !right(row)) || (!kept && self.is_in_the_way(*pair, row, &then, refused)) {
                gone.push(self.destroy(*pair));
            }
        }
        let new: Vec<_> = wanted
            .iter()
            .map(ours)
            .filter(|pair| !now.get(pair).is_some_and(right))
            .map(|pair| (pair, self.our_columns(pair)))
            .collect();
        let per_request = self.per_request(situation.attempt);
        let mut batches = requests(gone, per_request, false);
        if !wanted.is_empty() {
            batches.extend(self.let_pass(situation.now, situation.attempt));
        }
        batches.extend(self.create(&new, per_request));
        batches
    }

    fn plan_restore(&self, situation: Situation<'_>) -> Vec<Batch> {
        let now = self.rows(situation.now);
        let then = self.rows(situation.then);
        let mut gone = Vec::new();
        let mut lost = Vec::new();
        for (pair, row) in &now {
            match then.get(pair) {
                Some(old) if self.same(*pair, row, old) => {}
                Some(old) if old.active && row.columns == old.columns => {
                    gone.extend(self.bind_status(*pair, ACTIVE).map(|status| vec![status]));
                }
                Some(old) => {
                    gone.push(self.destroy(*pair));
                    lost.push((*pair, old));
                }
                None if self.is_ours(*pair) => gone.push(self.destroy(*pair)),
                // Somebody has made it since.
                None => {}
            }
        }
        lost.extend(
            then.iter()
                .filter(|(pair, _)| !now.contains_key(pair))
                .map(|(p, old)| (*p, old)),
        );
        // While a link is down, a row can be made but not made active: better asleep than lost.
        let (awake, asleep): (Vec<_>, Vec<_>) = lost
            .into_iter()
            .partition(|(_, old)| old.active && situation.attempt < 3);
        let with_columns = |(pair, old): (Pair, &Row)| {
            let bind = |(oid, value): (&Oid, &Value)| VarBind {
                oid: oid.clone(),
                value: value.clone(),
            };
            (pair, old.columns.iter().map(bind).collect::<Vec<_>>())
        };
        let new: Vec<_> = awake.into_iter().map(with_columns).collect();
        let to_sleep = |(pair, mut row): (Pair, Vec<VarBind>)| {
            row.extend(self.bind_status(pair, self.code(CREATE_AND_WAIT, "create")));
            row
        };
        let asleep = asleep.into_iter().map(with_columns).map(to_sleep).collect();
        let per_request = self.per_request(situation.attempt);
        let mut batches = requests(gone, per_request, false);
        batches.extend(self.create(&new, per_request));
        batches.extend(requests(asleep, per_request, false));
        let target = Target {
            values: self.beside(situation.then),
            ..Target::default()
        };
        let beside = settings::batches(&self.objects, situation.now, &target, situation.attempt);
        batches.extend(beside);
        batches
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        let (beside, was) = (self.beside(now), self.beside(then));
        let others = settings::differences(&self.objects, self.task, &beside, &was);
        let now = self.rows(now);
        let then = self.rows(then);
        let name = |pair: &Pair| format!("{}.{}.{}", self.status.object.name, pair.0, pair.1);
        let mut found: Vec<String> = then
            .iter()
            .filter_map(|(pair, old)| match now.get(pair) {
                None => Some(format!("{} is missing", name(pair))),
                Some(row) if self.same(*pair, row, old) => None,
                Some(_) => Some(format!("{} is not as it was", name(pair))),
            })
            .collect();
        let extra = now
            .keys()
            .filter(|pair| self.is_ours(**pair) && !then.contains_key(pair));
        found.extend(extra.map(|pair| format!("{} is still there", name(pair))));
        found.extend(others);
        found
    }
}
