//! A switch whose mirror objects are told by a description, a file in `src/lab/models`: scalars and tables with their
//! types, ranges and rows, what each of them means to the mirror, and which combinations the switch refuses.
//!
//! A description is written from the texts about the *switch*, never from a profile; nothing here reads profiles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{Access, Arcs, Control, Hardware, Session, below, integer, join};

pub use model::Model;
use model::{Column, Is, Kind, Part, RowsAre, Status, Table};

mod answers;
mod codec;
mod meaning;
pub(in crate::lab) mod model;
#[cfg(test)]
mod tests;

/// The states of a row that is made (RFC 2579, RowStatus).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Active = 1,
    NotInService = 2,
    NotReady = 3,
    /// Columns came in the same request before the status that makes the row.
    Waiting = 0,
}

/// A row of one of the model's tables: the table's place and the row's index.
type RowKey = (usize, Arcs);

/// Where an OID is in the model.
struct Place<'a> {
    table: usize,
    number: u32,
    column: &'a Column,
    index: Arcs,
}

/// The mirror objects of a described switch.
#[derive(Clone)]
pub(super) struct Modelled {
    model: &'static Model,
    hardware: Arc<Hardware>,
    /// The value of each column of each row that is there.
    values: BTreeMap<(RowKey, u32), Value>,
    states: BTreeMap<RowKey, State>,
}

impl Modelled {
    pub(super) fn new(model: &'static Model, hardware: Arc<Hardware>) -> Self {
        let mut modelled = Modelled {
            model,
            hardware,
            values: BTreeMap::new(),
            states: BTreeMap::new(),
        };
        for (place, table) in model.tables.iter().enumerate() {
            for index in modelled.fixed_rows(table) {
                modelled.fill((place, index), table);
            }
        }
        modelled
    }

    /// The indexes of the rows that are always there.
    fn fixed_rows(&self, table: &Table) -> Vec<Arcs> {
        if table.rows == RowsAre::Made {
            return Vec::new();
        }
        let mut rows = vec![Arcs::new()];
        for part in &table.index {
            let arcs = self.arcs(table, *part);
            rows = rows
                .iter()
                .flat_map(|row| arcs.iter().map(move |arc| join(row, &[*arc])))
                .collect();
        }
        rows
    }

    /// Every arc that may stand for a part of an index.
    fn arcs(&self, table: &Table, part: Part) -> Vec<u32> {
        match part {
            Part::Session => (1..=self.model.sessions).collect(),
            Part::Source | Part::Destination => self
                .hardware
                .numbers()
                .map(|port| self.number(port, None))
                .collect(),
            Part::Direction => table
                .directions
                .values()
                .filter_map(|code| u32::try_from(*code).ok())
                .collect(),
            Part::Literal(arc) => vec![arc],
        }
    }

    /// How the switch numbers a port, in this column or in general.
    fn number(&self, port: u32, column: Option<&Column>) -> u32 {
        let numbers = column.and_then(|column| column.numbers);
        numbers
            .unwrap_or(self.model.numbers)
            .of(port, &self.hardware)
    }

    fn port(&self, number: u32, column: Option<&Column>) -> Option<u32> {
        let mut numbers = self.hardware.numbers();
        numbers.find(|port| self.number(*port, column) == number)
    }

    /// Puts the values with which a row starts.
    fn fill(&mut self, row: RowKey, table: &Table) {
        for (number, column) in &table.columns {
            if matches!(column.is, Some(Is::Status | Is::ShowsActive)) {
                continue;
            }
            let set = self.values.contains_key(&(row.clone(), *number));
            if !set && !column.required {
                let value = self.start(column);
                self.values.insert((row.clone(), *number), value);
            }
        }
    }

    fn start(&self, column: &Column) -> Value {
        match column.kind {
            Kind::Integer => Value::Integer(column.start),
            Kind::Gauge => Value::Gauge32(u32::try_from(column.start).unwrap_or(0)),
            Kind::Octets => self.written(column, &BTreeSet::new()),
        }
    }

    fn place(&self, oid: &[u32]) -> Option<Place<'_>> {
        self.model
            .tables
            .iter()
            .enumerate()
            .find_map(|(table, of)| {
                of.columns.iter().find_map(|(number, column)| {
                    Some(Place {
                        table,
                        number: *number,
                        column,
                        index: below(oid, &column.oid)?.to_vec(),
                    })
                })
            })
    }

    fn is_there(&self, row: &RowKey) -> bool {
        match self.model.tables.get(row.0).map(|table| &table.rows) {
            Some(RowsAre::Made) => self.states.contains_key(row),
            _ => self.values.keys().any(|(other, _)| other == row) || self.only_shown(row),
        }
    }

    /// Tells whether a fixed row has no column but computed ones.
    fn only_shown(&self, row: &RowKey) -> bool {
        let table = self.model.tables.get(row.0);
        table.is_some_and(|table| self.fixed_rows(table).contains(&row.1))
    }

    /// Checks that a row may have this index.
    fn check_index(&self, table: &Table, index: &[u32]) -> Result<(), SetTestError> {
        let fits = index.len() == table.index.len()
            && index
                .iter()
                .zip(&table.index)
                .all(|(arc, part)| self.arcs(table, *part).contains(arc));
        let arc_of = |part: Part| {
            let place = table.index.iter().position(|other| *other == part)?;
            index.get(place)
        };
        let (source, destination) = (arc_of(Part::Source), arc_of(Part::Destination));
        if !fits || (source.is_some() && source == destination) {
            return Err(SetTestError::NoCreation);
        }
        Ok(())
    }

    fn check_up(&self, table: &Table, index: &[u32]) -> Result<(), SetTestError> {
        if !self.model.rules.must_be_up {
            return Ok(());
        }
        let is_down = |(arc, part): (&u32, &Part)| {
            let port = self.port(*arc, None).map(crate::port::BridgePort);
            matches!(part, Part::Source | Part::Destination)
                && port.is_some_and(|port| !self.hardware.up.contains(&port))
        };
        if index.iter().zip(&table.index).any(is_down) {
            return Err(SetTestError::InconsistentValue);
        }
        Ok(())
    }

    /// Tells whether every column is set that a row needs before it can be used.
    fn is_whole(&self, row: &RowKey, table: &Table) -> bool {
        let required = table.columns.iter().filter(|(_, column)| column.required);
        let mut unset =
            required.filter(|(number, _)| !self.values.contains_key(&(row.clone(), **number)));
        unset.next().is_none()
    }

    fn set_status(
        &mut self,
        place: &Place<'_>,
        status: &Status,
        value: &Value,
    ) -> Result<(), SetTestError> {
        let table = self.table(place.table)?;
        let row: RowKey = (place.table, place.index.clone());
        let code = integer(value)?;
        if !place.column.values.is_empty() && !place.column.values.contains(&code) {
            return Err(SetTestError::WrongValue);
        }
        let present = self.states.get(&row).copied();
        let action = match status {
            Status::RowStatus => Action::of_row_status(code, present)?,
            Status::Own { gone, .. } if code == *gone => Action::Remove,
            Status::Own { there, .. } if Some(code) == *there => Action::Use,
            // A value without effect.
            Status::Own { .. } => Action::Nothing,
        };
        match action {
            Action::Nothing => {}
            Action::Remove => {
                self.states.remove(&row);
                self.values.retain(|(other, _), _| *other != row);
            }
            Action::Hold => {
                self.states.insert(row, State::NotInService);
            }
            Action::Wait => {
                self.check_index(table, &place.index)?;
                self.states.insert(row.clone(), State::NotInService);
                self.fill(row.clone(), table);
                self.settle(&row, table);
            }
            Action::Use => {
                self.check_index(table, &place.index)?;
                self.check_up(table, &place.index)?;
                self.fill(row.clone(), table);
                let of_session = table.index == [Part::Session];
                let bare = self.model.rules.session_needs_members
                    && of_session
                    && !self.has_members(table, &place.index);
                if bare || !self.is_whole(&row, table) {
                    return Err(SetTestError::InconsistentValue);
                }
                self.states.insert(row, State::Active);
            }
        }
        Ok(())
    }

    /// A row that lacks something is not ready; one that has everything is merely not in service.
    fn settle(&mut self, row: &RowKey, table: &Table) {
        let whole = self.is_whole(row, table);
        if let Some(state) = self.states.get_mut(row) {
            *state = match *state {
                State::NotReady if whole => State::NotInService,
                State::NotInService if !whole => State::NotReady,
                State::Active | State::NotInService | State::NotReady | State::Waiting => *state,
            };
        }
    }

    fn set_column(&mut self, place: &Place<'_>, value: &Value) -> Result<(), SetTestError> {
        let table = self.table(place.table)?;
        let row: RowKey = (place.table, place.index.clone());
        let value = self.checked(place.column, value)?;
        if !self.is_there(&row) {
            if table.rows != RowsAre::Made {
                return Err(SetTestError::NoCreation);
            }
            self.check_index(table, &place.index)?;
            let state = if place.column.makes {
                State::Active
            } else {
                State::Waiting
            };
            self.states.insert(row.clone(), state);
            if state == State::Active {
                self.fill(row.clone(), table);
            }
        }
        let state = self.states.get(&row).copied();
        if place.column.while_waiting && state == Some(State::Active) {
            return Err(SetTestError::InconsistentValue);
        }
        let key = (row.clone(), place.number);
        let changes = self.values.get(&key) != Some(&value);
        if place.column.while_off && changes && self.is_in_use(place) {
            return Err(SetTestError::InconsistentValue);
        }
        let resets = place.column.code("reset");
        if resets.is_some_and(|code| value == Value::Integer(code)) {
            self.wipe(place);
            return Ok(());
        }
        self.values.insert(key, value);
        self.settle(&row, table);
        Ok(())
    }

    /// Empties what a reset empties, in the same row.
    fn wipe(&mut self, place: &Place<'_>) {
        let Ok(table) = self.table(place.table) else {
            return;
        };
        for (number, column) in &table.columns {
            if place.column.wipes.contains(&column.name) {
                let value = self.start(column);
                let row = (place.table, place.index.clone());
                self.values.insert((row, *number), value);
            }
        }
    }

    fn table(&self, place: usize) -> Result<&'static Table, SetTestError> {
        self.model.tables.get(place).ok_or(SetTestError::NoCreation)
    }

    /// Checks a value against the column's syntax, and returns it as the switch keeps it.
    fn checked(&self, column: &Column, value: &Value) -> Result<Value, SetTestError> {
        match (column.kind, value) {
            (Kind::Integer, Value::Integer(number)) => {
                self.check_number(column, i64::from(*number))?
            }
            (Kind::Gauge, Value::Gauge32(number)) => {
                self.check_number(column, i64::from(*number))?
            }
            (Kind::Octets, Value::OctetString(octets)) => return self.check_octets(column, octets),
            _ => return Err(SetTestError::WrongType),
        }
        Ok(value.clone())
    }

    fn check_number(&self, column: &Column, number: i64) -> Result<(), SetTestError> {
        let listed = column.values.is_empty()
            || column
                .values
                .iter()
                .any(|value| i64::from(*value) == number);
        let ranged = column
            .range
            .is_none_or(|(least, most)| (least..=most).contains(&number));
        let holds_port = matches!(column.is, Some(Is::Destination | Is::Sources | Is::Target));
        let none = column.code("none").map(i64::from);
        let is_port = || u32::try_from(number).is_ok_and(|n| self.port(n, Some(column)).is_some());
        let known = !holds_port || none == Some(number) || is_port();
        if listed && ranged && known {
            Ok(())
        } else {
            Err(SetTestError::WrongValue)
        }
    }
}

/// What a row status does.
enum Action {
    Nothing,
    Remove,
    Hold,
    Wait,
    Use,
}

impl Action {
    fn of_row_status(code: i32, present: Option<State>) -> Result<Action, SetTestError> {
        let there = present.filter(|state| *state != State::Waiting);
        match (code, there) {
            (1, Some(_)) | (4, None) => Ok(Action::Use),
            (2, Some(_)) => Ok(Action::Hold),
            (5, None) => Ok(Action::Wait),
            (6, _) => Ok(Action::Remove),
            (1 | 2, None) | (4 | 5, Some(_)) => Err(SetTestError::InconsistentValue),
            _ => Err(SetTestError::WrongValue),
        }
    }
}

impl Control for Modelled {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        let mut objects = BTreeMap::new();
        for (place, table) in self.model.tables.iter().enumerate() {
            for (number, column) in &table.columns {
                for (index, value) in self.shown(place, table, *number, column) {
                    objects.insert(join(&column.oid, &index), value);
                }
            }
        }
        objects
    }

    fn access(&self, oid: &[u32]) -> Access {
        match self.place(oid) {
            Some(place) if place.column.readonly => Access::Read,
            Some(_) => Access::Write,
            None => Access::Unknown,
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        let model = self.model;
        let place = self.place(oid).ok_or(SetTestError::NoCreation)?;
        // Outlives `self`: it is the model's, which is static.
        let column = model
            .tables
            .get(place.table)
            .and_then(|table| table.columns.get(&place.number))
            .ok_or(SetTestError::NoCreation)?;
        let place = Place {
            table: place.table,
            number: place.number,
            column,
            index: place.index.clone(),
        };
        match (&column.is, &column.status) {
            (Some(Is::Status), Some(status)) => self.set_status(&place, status, value)?,
            _ => self.set_column(&place, value)?,
        }
        self.check_rules()
    }

    fn is_complete(&self, oid: &[u32]) -> bool {
        self.place(oid).is_none_or(|place| {
            self.states.get(&(place.table, place.index)) != Some(&State::Waiting)
        })
    }

    fn sessions(&self) -> Vec<Session> {
        self.meaning()
    }

    /// A described switch has no room that could run out: [`Spec::check`](crate::lab::Spec) refuses the fault.
    fn cut(&mut self, _most: usize) {}

    fn copy(&self) -> Box<dyn Control> {
        Box::new(self.clone())
    }
}
