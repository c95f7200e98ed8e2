//! What the objects of a switch should hold so that exactly the wanted ports are mirrored to our destination.

use std::collections::BTreeSet;

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{IndexPart, Instance, Role};
use crate::snmp::{Oid, Value};

use super::Task;
use super::rows::{self, ACTIVE};
use super::settings::switch;

/// Values to be reached, and rows to be removed. What is in neither is left alone.
#[derive(Clone, Debug, Default)]
pub(super) struct Target {
    pub(super) values: State,
    /// Row statuses of rows that are to go.
    pub(super) gone: BTreeSet<Oid>,
}

/// Makes the target for a set of source numbers. With `make_room`, mirrors to other destinations go as well.
pub(super) fn target(
    objects: &Objects,
    task: Task,
    now: &State,
    wanted: &BTreeSet<u32>,
    make_room: bool,
) -> Target {
    let mut builder = Builder {
        objects,
        task,
        now,
        wanted,
        make_room,
        target: Target::default(),
    };
    builder.build();
    builder.target
}

struct Builder<'a> {
    objects: &'a Objects,
    task: Task,
    now: &'a State,
    wanted: &'a BTreeSet<u32>,
    make_room: bool,
    target: Target,
}

impl Builder<'_> {
    fn build(&mut self) {
        if let Some(bound) = switch(self.objects) {
            let word = match (self.wanted.is_empty(), bound.object.role) {
                (true, _) => "off",
                (false, Role::Direction) => self.task.copies.word(),
                (false, _) => "on",
            };
            if let Some(oid) = bound.at(&self.base(bound))
                && (!self.wanted.is_empty() || self.now.get(&oid).is_some())
            {
                self.put(oid, bound.coded(word));
            }
            if self.wanted.is_empty() {
                return;
            }
        }
        for bound in self.objects.iter() {
            if bound.object.role.is_kept() {
                self.object(bound);
            }
        }
    }

    fn put(&mut self, oid: Oid, value: Option<Value>) {
        if let Some(value) = value {
            self.target.values.put(oid, value);
        }
    }

    fn put_at(&mut self, bound: &Bound, instance: &Instance, value: Option<Value>) {
        if let Some(oid) = bound.at(instance) {
            self.put(oid, value);
        }
    }

    /// The instance that is ours, apart from a source.
    fn base(&self, bound: &Bound) -> Instance {
        let code = bound.object.index_codes.get(self.task.copies.word());
        Instance {
            session: self.task.session,
            destination: Some(self.task.destination),
            direction: code.and_then(|code| u32::try_from(*code).ok()),
            ..Instance::default()
        }
    }

    fn at_source(&self, bound: &Bound, source: u32) -> Instance {
        Instance {
            source: Some(source),
            ..self.base(bound)
        }
    }

    /// The instances that the switch shows and that belong to our session.
    fn present(&self, bound: &Bound) -> Vec<(Instance, Value)> {
        bound
            .rows(self.now)
            .filter(|(instance, _)| {
                instance.session.is_none() || instance.session == self.task.session
            })
            .map(|(instance, value)| (instance, value.clone()))
            .collect()
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other roles say nothing about it"
    )]
    fn object(&mut self, bound: &Bound) {
        let per_source = bound.object.index.has(IndexPart::Source);
        match bound.object.role {
            Role::RowStatus if per_source => self.source_rows(bound),
            Role::RowStatus => self.one_row(bound),
            Role::Sources => self.list(bound),
            Role::Source => self.flags(bound),
            Role::Direction => self.directions(bound),
            Role::Destination if per_source => self.aimed_sources(bound),
            Role::Destination if !self.wanted.is_empty() => {
                let value = bound.encode(&BTreeSet::from([self.task.destination]), &[]);
                self.put_at(bound, &self.base(bound), value);
            }
            Role::DestinationFlag => self.flagged_destination(bound),
            Role::Knob if !self.wanted.is_empty() => {
                self.put_at(bound, &self.base(bound), bound.coded("pass"));
            }
            Role::Fixed => {
                let value = bound
                    .object
                    .value
                    .and_then(|n| bound.object.syntax.value(n));
                self.for_each_row(bound, value);
            }
            Role::Session => {
                let value = self.task.session.unwrap_or(1);
                let value = bound.object.syntax.value(i64::from(value));
                self.for_each_row(bound, value);
            }
            _ => {}
        }
    }

    /// Puts a value at our instance, or at that of each wanted source.
    fn for_each_row(&mut self, bound: &Bound, value: Option<Value>) {
        if bound.object.index.has(IndexPart::Source) {
            for source in self.wanted.clone() {
                self.put_at(bound, &self.at_source(bound, source), value.clone());
            }
        } else if !self.wanted.is_empty() {
            self.put_at(bound, &self.base(bound), value);
        }
    }

    /// Tells whether a column shares its row with the destination, which is a row of its own kind.
    fn names_destination(&self, status: &Bound) -> bool {
        rows::columns(self.objects, status).any(|column| {
            column.object.role == Role::Direction && column.object.code("destination").is_some()
        })
    }

    fn is_elsewhere(&self, instance: &Instance) -> bool {
        let destination = instance.destination;
        destination.is_some_and(|port| port != self.task.destination)
    }

    fn source_rows(&mut self, bound: &Bound) {
        let mut ours: BTreeSet<Oid> = BTreeSet::new();
        let mut sources = self.wanted.clone();
        if !sources.is_empty() && self.names_destination(bound) {
            sources.insert(self.task.destination);
        }
        for source in sources {
            if let Some(oid) = bound.at(&self.at_source(bound, source)) {
                ours.insert(oid.clone());
                self.put(oid, rows::there(bound));
            }
        }
        for (instance, value) in self.present(bound) {
            let stays = !self.make_room && self.is_elsewhere(&instance);
            let oid = bound.at(&instance);
            if let Some(oid) = oid.filter(|oid| !stays && !ours.contains(oid))
                && rows::exists(bound, Some(&value))
            {
                self.target.gone.insert(oid);
            }
        }
    }

    /// A row of the session, or of the destination.
    fn one_row(&mut self, bound: &Bound) {
        let Some(oid) = bound.at(&self.base(bound)) else {
            return;
        };
        if !self.wanted.is_empty() {
            self.put(oid, rows::there(bound));
            self.other_destinations(bound);
            return;
        }
        let holds_sources =
            rows::columns(self.objects, bound).any(|column| column.object.role == Role::Sources);
        if holds_sources && rows::exists(bound, self.now.get(&oid)) {
            self.target.gone.insert(oid);
        }
    }

    /// A session has one destination: that of somebody else's mirror goes while its session is borrowed.
    fn other_destinations(&mut self, bound: &Bound) {
        if !self.make_room && !bound.object.index.has(IndexPart::Session) {
            return;
        }
        for (instance, value) in self.present(bound) {
            let is_there = rows::exists(bound, Some(&value));
            let oid = bound.at(&instance);
            if let Some(oid) = oid.filter(|_| is_there && self.is_elsewhere(&instance)) {
                self.target.gone.insert(oid);
            }
        }
    }

    fn list(&mut self, bound: &Bound) {
        let direction = bound.object.direction;
        let ours = direction.is_none_or(|direction| direction == self.task.copies);
        let ports = if ours {
            self.wanted.clone()
        } else {
            BTreeSet::new()
        };
        let Some(oid) = bound.at(&self.base(bound)) else {
            return;
        };
        let in_row = rows::status_of(self.objects, bound).is_some();
        if in_row && self.wanted.is_empty() {
            return;
        }
        let present = self.now.get(&oid);
        if ports.is_empty() && present.is_none() {
            return;
        }
        let like = present
            .and_then(Value::as_octets)
            .unwrap_or_default()
            .to_vec();
        self.put(oid, bound.encode(&ports, &like));
    }

    fn flags(&mut self, bound: &Bound) {
        let ours = bound
            .object
            .direction
            .is_none_or(|direction| direction == self.task.copies);
        for (instance, _) in self.present(bound) {
            let is_source = instance.source.is_some_and(|n| self.wanted.contains(&n));
            let word = if ours && is_source { "on" } else { "off" };
            self.put_at(bound, &instance, bound.coded(word));
        }
    }

    fn directions(&mut self, bound: &Bound) {
        let value = bound.coded(self.task.copies.word());
        let is_switch = switch(self.objects).is_some_and(|switch| switch.oid == bound.oid);
        if is_switch {
            return;
        }
        if !bound.object.index.has(IndexPart::Source) {
            self.for_each_row(bound, value);
            return;
        }
        let beside = |role| {
            self.objects
                .role(role)
                .any(|other| role == Role::Sources || other.object.index.has(IndexPart::Source))
        };
        let is_flag = rows::status_of(self.objects, bound).is_none()
            && !beside(Role::Sources)
            && !beside(Role::Source);
        if is_flag {
            for (instance, _) in self.present(bound) {
                let is = |port: u32| instance.source == Some(port);
                let is_destination = !self.wanted.is_empty() && is(self.task.destination);
                let word = if self.wanted.iter().any(|port| is(*port)) {
                    self.task.copies.word()
                } else if is_destination && bound.object.code("destination").is_some() {
                    "destination"
                } else {
                    "off"
                };
                self.put_at(bound, &instance, bound.coded(word));
            }
            return;
        }
        self.for_each_row(bound, value);
        if !self.wanted.is_empty() && bound.object.code("destination").is_some() {
            let instance = self.at_source(bound, self.task.destination);
            self.put_at(bound, &instance, bound.coded("destination"));
        }
    }

    fn aimed_sources(&mut self, bound: &Bound) {
        let ours = BTreeSet::from([self.task.destination]);
        for (instance, value) in self.present(bound) {
            let is_source = instance.source.is_some_and(|n| self.wanted.contains(&n));
            if is_source {
                let value = bound.encode(&ours, &[]);
                self.put_at(bound, &instance, value);
            } else if self.make_room || bound.decode(&value) == ours {
                self.put_at(bound, &instance, bound.coded("none"));
            }
        }
    }

    fn flagged_destination(&mut self, bound: &Bound) {
        if self.wanted.is_empty() {
            return;
        }
        for (instance, _) in self.present(bound) {
            let is_ours = instance.destination == Some(self.task.destination);
            self.put_at(
                bound,
                &instance,
                bound.coded(if is_ours { "on" } else { "off" }),
            );
        }
    }
}

/// The statuses of rows that a run may have made. What others have made since is theirs.
pub(super) fn added<'a>(
    objects: &'a Objects,
    task: Task,
    now: &'a State,
    then: &'a State,
) -> impl Iterator<Item = Oid> + 'a {
    objects.role(Role::RowStatus).flat_map(move |status| {
        status.rows(now).filter_map(move |(row, value)| {
            let oid = status.at(&row)?;
            let is_new = rows::exists(status, Some(value)) && !rows::exists(status, then.get(&oid));
            (is_new && task.may_own(&row)).then_some(oid)
        })
    })
}

/// Tells the values of rows that are there and would stay, for the rows of a table that is put back.
pub(super) fn back(objects: &Objects, task: Task, now: &State, then: &State) -> Target {
    let gone = added(objects, task, now, then).collect();
    let mut values = State::default();
    for (oid, value) in then.iter() {
        let Some((_, bound)) = objects.of(oid) else {
            continue;
        };
        // A row that was not ready then is put back as one that is not in service: nobody can write "not ready".
        let held = bound.object.role == Role::RowStatus
            && rows::is_row_status(bound)
            && value.as_i64() == Some(rows::NOT_READY);
        let there = rows::there_as(bound, if held { rows::NOT_IN_SERVICE } else { ACTIVE });
        let value = if held { there } else { Some(value.clone()) };
        if let Some(value) = value {
            values.put(oid.clone(), value);
        }
    }
    Target { values, gone }
}
