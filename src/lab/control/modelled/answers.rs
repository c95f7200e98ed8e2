//! What the agent answers for each object.

use async_snmp::Value;

use super::model::{Column, Is, RowsAre, Table};
use super::{Modelled, State};
use crate::lab::control::Arcs;

impl Modelled {
    /// The instances of a column and what the agent answers for them.
    pub(super) fn shown(
        &self,
        place: usize,
        table: &Table,
        number: u32,
        column: &Column,
    ) -> Vec<(Arcs, Value)> {
        match column.is {
            Some(Is::Status) => self
                .states
                .iter()
                .filter(|((of, _), state)| *of == place && **state != State::Waiting)
                .map(|((_, index), state)| {
                    let code = column
                        .status
                        .as_ref()
                        .map_or(1, |status| status.shown(*state as i32));
                    (index.clone(), Value::Integer(code))
                })
                .collect(),
            Some(Is::ShowsActive) => self
                .rows_of(place, table)
                .into_iter()
                .map(|index| {
                    let word = if self.is_whole_session(table, &index) {
                        "on"
                    } else {
                        "off"
                    };
                    let code = column.code(word).unwrap_or_default();
                    (index, Value::Integer(code))
                })
                .collect(),
            _ => self
                .values
                .iter()
                .filter(|(((of, _), other), _)| *of == place && *other == number)
                .filter(|((row, _), _)| self.states.get(row) != Some(&State::Waiting))
                .map(|(((_, index), _), value)| (index.clone(), value.clone()))
                .collect(),
        }
    }

    fn rows_of(&self, place: usize, table: &Table) -> Vec<Arcs> {
        if table.rows != RowsAre::Made {
            return self.fixed_rows(table);
        }
        let rows = self.states.iter().filter(|((of, _), _)| *of == place);
        rows.filter(|(_, state)| **state != State::Waiting)
            .map(|((_, index), _)| index.clone())
            .collect()
    }

    fn is_whole_session(&self, table: &Table, index: &[u32]) -> bool {
        let key = self.key(table, &self.at(table, index));
        let all = self.known();
        all.get(&key).is_some_and(|known| {
            known.destination.is_some()
                && !known.sources.is_empty()
                && known.switched.unwrap_or(true)
        })
    }
}
