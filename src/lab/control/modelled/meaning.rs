//! What the objects' present values make the hardware do.

use std::collections::BTreeMap;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::model::{Column, Is, NoSource, Part, RowsAre, Table, Way};
use super::{Modelled, Place, RowKey, State};
use crate::lab::control::{Arcs, Direction, Session};
use crate::port::BridgePort;

/// What is known of one session while the objects are gone through.
#[derive(Clone, Default)]
pub(super) struct Known {
    pub(super) destination: Option<u32>,
    pub(super) sources: BTreeMap<u32, Direction>,
    pub(super) switched: Option<bool>,
}

/// The numbers in a row's index, by what they stand for.
#[derive(Clone, Copy, Default)]
pub(super) struct At {
    session: Option<u32>,
    source: Option<u32>,
    destination: Option<u32>,
    direction: Option<Direction>,
}

impl Known {
    fn add(&mut self, port: u32, direction: Direction) {
        self.sources
            .entry(port)
            .and_modify(|known| {
                if *known != direction {
                    *known = Direction::Both;
                }
            })
            .or_insert(direction);
    }
}

impl Modelled {
    pub(super) fn at(&self, table: &Table, index: &[u32]) -> At {
        let mut at = At::default();
        for (arc, part) in index.iter().zip(&table.index) {
            match part {
                Part::Session => at.session = Some(*arc),
                Part::Source => at.source = self.port(*arc, None),
                Part::Destination => at.destination = self.port(*arc, None),
                Part::Direction => {
                    let code = |(_, code): &(&Way, &i32)| u32::try_from(**code) == Ok(*arc);
                    at.direction = table
                        .directions
                        .iter()
                        .find(code)
                        .map(|(way, _)| way.copies());
                }
                Part::Literal(_) => {}
            }
        }
        at
    }

    /// The session of a row: its number, and on switches with a row for each pair its destination.
    pub(super) fn key(&self, table: &Table, at: &At) -> (u32, u32) {
        let pair = table.index.contains(&Part::Source) && table.index.contains(&Part::Destination);
        let destination = at.destination.filter(|_| pair);
        (at.session.unwrap_or(0), destination.unwrap_or(0))
    }

    fn is_used(&self, row: &RowKey, table: &Table) -> bool {
        table.rows != RowsAre::Made || self.states.get(row) == Some(&State::Active)
    }

    fn any_column(&self, is: Is) -> bool {
        let mut columns = self
            .model
            .tables
            .iter()
            .flat_map(|table| table.columns.values());
        columns.any(|column| column.is == Some(is))
    }

    /// Goes through all objects.
    pub(super) fn known(&self) -> BTreeMap<(u32, u32), Known> {
        let mut all: BTreeMap<(u32, u32), Known> = BTreeMap::new();
        for (place, table) in self.model.tables.iter().enumerate() {
            if table.rows != RowsAre::Made {
                continue;
            }
            for (row, _) in self.states.iter().filter(|((of, _), _)| *of == place) {
                if self.is_used(row, table) {
                    self.row_means(table, row, &mut all);
                }
            }
        }
        for ((row, number), value) in &self.values {
            let Some(table) = self.model.tables.get(row.0) else {
                continue;
            };
            let column = table
                .columns
                .get(number)
                .filter(|_| self.is_used(row, table));
            if let Some(column) = column {
                self.value_means(table, row, column, value, &mut all);
            }
        }
        all
    }

    /// What it means that a row is there.
    fn row_means(&self, table: &Table, row: &RowKey, all: &mut BTreeMap<(u32, u32), Known>) {
        let at = self.at(table, &row.1);
        let known = all.entry(self.key(table, &at)).or_default();
        if let Some(destination) = at.destination {
            known.destination = Some(destination);
        }
        if let Some(source) = at.source {
            match self.direction(&at) {
                Told::Copies(direction) => known.add(source, direction),
                Told::Destination => known.destination = Some(source),
                Told::Nothing => {}
            }
        }
    }

    fn value_means(
        &self,
        table: &Table,
        row: &RowKey,
        column: &Column,
        value: &Value,
        all: &mut BTreeMap<(u32, u32), Known>,
    ) {
        let at = self.at(table, &row.1);
        let key = self.key(table, &at);
        let is = |word: &str| {
            column
                .code(word)
                .is_some_and(|code| *value == Value::Integer(code))
        };
        match column.is {
            Some(Is::Destination) => {
                let port = self.ports_of(column, value).first().copied();
                let known = all.entry(key).or_default();
                known.destination = known.destination.or(port);
            }
            Some(Is::Sources) => {
                for port in self.ports_of(column, value) {
                    let of_port = At {
                        source: Some(port),
                        ..at
                    };
                    if let Some(direction) = self.told(column, &of_port) {
                        all.entry(key).or_default().add(port, direction);
                    }
                }
            }
            Some(Is::Source) if is("on") => {
                if let (Some(port), Some(direction)) = (at.source, self.told(column, &at)) {
                    all.entry(key).or_default().add(port, direction);
                }
            }
            Some(Is::DestinationFlag) if is("on") => {
                all.entry(key).or_default().destination = at.destination.or(at.source);
            }
            Some(Is::Switch) => all.entry(key).or_default().switched = Some(is("on")),
            Some(Is::Direction) => self.direction_means(table, column, value, &at, all),
            Some(Is::Target) => {
                let port = self.ports_of(column, value).first().copied();
                if let (Some(source), Some(port)) = (at.source, port) {
                    let known = all.entry((0, port)).or_default();
                    known.destination = Some(port);
                    let direction = column.copies.map_or(Direction::Both, Way::copies);
                    known.add(source, direction);
                }
            }
            Some(Is::Source | Is::DestinationFlag | Is::Status | Is::ShowsActive) | None => {}
        }
    }

    /// A direction that stands alone in a port's row makes the port a source; one of a whole session can switch it off.
    fn direction_means(
        &self,
        table: &Table,
        column: &Column,
        value: &Value,
        at: &At,
        all: &mut BTreeMap<(u32, u32), Known>,
    ) {
        let key = self.key(table, at);
        let told = told_by(column, value);
        let of_session = !table.index.contains(&Part::Source);
        if of_session {
            if column.code("none").is_some() {
                all.entry(key).or_default().switched = Some(told != Told::Nothing);
            }
            return;
        }
        let alone = table.rows != RowsAre::Made
            && !self.any_column(Is::Sources)
            && !self.any_column(Is::Source);
        let Some(port) = at.source.filter(|_| alone) else {
            return;
        };
        let session = self.session_of_port(table, at);
        let known = all.entry((session.unwrap_or(key.0), key.1)).or_default();
        match told {
            Told::Copies(direction) => known.add(port, direction),
            Told::Destination => known.destination = Some(port),
            Told::Nothing => {}
        }
    }

    /// On some switches a port's row says which session it is in.
    fn session_of_port(&self, table: &Table, at: &At) -> Option<u32> {
        let (number, _) = table
            .columns
            .iter()
            .find(|(_, column)| column.names_session)?;
        let place = self
            .model
            .tables
            .iter()
            .position(|other| std::ptr::eq(other, table))?;
        let index = self.index_of(table, at)?;
        let value = self.values.get(&((place, index), *number))?;
        if let Value::Integer(session) = value {
            u32::try_from(*session).ok()
        } else {
            None
        }
    }

    fn told(&self, column: &Column, at: &At) -> Option<Direction> {
        if let Some(way) = column.copies {
            return Some(way.copies());
        }
        match self.direction(at) {
            Told::Copies(direction) => Some(direction),
            Told::Destination | Told::Nothing => None,
        }
    }

    fn index_of(&self, table: &Table, at: &At) -> Option<Arcs> {
        let arc = |part: &Part| match part {
            Part::Session => at.session,
            Part::Source => Some(self.number(at.source?, None)),
            Part::Destination => Some(self.number(at.destination?, None)),
            Part::Direction => table
                .directions
                .iter()
                .find(|(way, _)| Some(way.copies()) == at.direction)
                .and_then(|(_, code)| u32::try_from(*code).ok()),
            Part::Literal(arc) => Some(*arc),
        };
        table.index.iter().map(arc).collect()
    }

    /// What is copied of a source: its index says, or a column of directions.
    fn direction(&self, at: &At) -> Told {
        if let Some(direction) = at.direction {
            return Told::Copies(direction);
        }
        for (place, table) in self.model.tables.iter().enumerate() {
            for (number, column) in &table.columns {
                let Some(index) = self
                    .index_of(table, at)
                    .filter(|_| column.is == Some(Is::Direction))
                else {
                    continue;
                };
                if let Some(value) = self.values.get(&((place, index), *number)) {
                    return told_by(column, value);
                }
            }
        }
        Told::Copies(Direction::Both)
    }

    /// The sessions as the hardware has them.
    pub(super) fn meaning(&self) -> Vec<Session> {
        let all = self.known();
        let numbered = all.keys().any(|key| *key != (0, 0));
        let general = all.get(&(0, 0)).cloned().unwrap_or_default();
        let mut sessions = Vec::new();
        for (key, known) in &all {
            if numbered && *key == (0, 0) {
                continue;
            }
            let mut sources = known.sources.clone();
            for (port, direction) in &general.sources {
                sources.entry(*port).or_insert(*direction);
            }
            let Some(destination) = known.destination.or(general.destination) else {
                continue;
            };
            let on = |known: &Known| known.switched.unwrap_or(true);
            sessions.push(Session {
                destination: BridgePort(destination),
                active: on(known) && on(&general),
                sources: sources
                    .into_iter()
                    .map(|(port, direction)| (BridgePort(port), direction))
                    .collect(),
            });
        }
        sessions
    }

    /// Tells whether the session of a place copies frames now, by its switch or, where there is none, by being whole.
    pub(super) fn is_in_use(&self, place: &Place<'_>) -> bool {
        let Some(table) = self.model.tables.get(place.table) else {
            return false;
        };
        let at = self.at(table, &place.index);
        let all = self.known();
        let general = all.get(&(0, 0)).cloned().unwrap_or_default();
        let key = self.key(table, &at);
        let known = all.get(&key).cloned().unwrap_or_default();
        match known.switched.or(general.switched) {
            Some(on) => on,
            None => known.destination.is_some() && !known.sources.is_empty(),
        }
    }

    /// The rules that no write may break.
    pub(super) fn check_rules(&self) -> Result<(), SetTestError> {
        let rules = &self.model.rules;
        let all = self.known();
        let general = all.get(&(0, 0)).cloned().unwrap_or_default();
        for known in all.values() {
            let on = known.switched.or(general.switched);
            let destination = known.destination.or(general.destination);
            let looped = destination.is_some_and(|port| known.sources.contains_key(&port));
            let watched = match rules.destination_is_no_source {
                NoSource::Never => false,
                NoSource::Active => on.unwrap_or(true),
                NoSource::Always => true,
            };
            let aimless =
                rules.switch_needs_destination && on == Some(true) && destination.is_none();
            if (looped && watched) || aimless {
                return Err(SetTestError::InconsistentValue);
            }
            let able = known
                .sources
                .values()
                .all(|way| self.hardware.can_copy(*way));
            if !able {
                return Err(SetTestError::WrongValue);
            }
        }
        self.check_rows()
    }

    /// Rules about how many rows there may be beside each other.
    fn check_rows(&self) -> Result<(), SetTestError> {
        let mut destinations: BTreeMap<u32, u32> = BTreeMap::new();
        for ((place, index), state) in &self.states {
            let Some(table) = self.model.tables.get(*place) else {
                continue;
            };
            let at = self.at(table, index);
            let aims = at.destination.is_some() && at.source.is_none() && *state == State::Active;
            if aims {
                *destinations.entry(at.session.unwrap_or(0)).or_default() += 1;
            }
            let alone = self.model.rules.members_need_session && table.index.len() > 1;
            if alone && *state == State::Active && !self.has_session_row(at.session) {
                return Err(SetTestError::InconsistentName);
            }
        }
        if destinations.values().any(|count| *count > 1) {
            return Err(SetTestError::InconsistentValue);
        }
        Ok(())
    }

    /// Tells whether a session that is about to be used has what it is made of.
    pub(super) fn has_members(&self, table: &Table, index: &[u32]) -> bool {
        let key = self.key(table, &self.at(table, index));
        self.known()
            .get(&key)
            .is_some_and(|known| known.destination.is_some() && !known.sources.is_empty())
    }

    fn has_session_row(&self, session: Option<u32>) -> bool {
        self.states.iter().any(|((place, index), state)| {
            let table = self.model.tables.get(*place);
            table.is_some_and(|table| table.index == [Part::Session])
                && index.first().copied() == session
                && *state != State::Waiting
        })
    }
}

/// What a direction's value says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Copies(Direction),
    Destination,
    Nothing,
}

fn told_by(column: &Column, value: &Value) -> Told {
    let is = |word: &str| {
        column
            .code(word)
            .is_some_and(|code| *value == Value::Integer(code))
    };
    for way in [Way::Rx, Way::Tx, Way::Both] {
        if is(way.word()) {
            return Told::Copies(way.copies());
        }
    }
    if is("destination") {
        return Told::Destination;
    }
    Told::Nothing
}
