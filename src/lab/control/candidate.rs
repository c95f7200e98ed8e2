//! BLADETYPE2 and LENOVO port mirroring: a new configuration that is edited, and a current one that is in force. The
//! apply object makes the new one current, all of it, whoever wrote it; revert throws it away; save is another object.
//!
//! A direction that is written makes its row; the row's delete object removes it. Both live in the new configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{Access, Arcs, Control, Direction, Hardware, Session, below, integer, join};
use crate::port::BridgePort;

/// Where a family has these objects, below its root.
#[derive(Clone, Debug)]
struct Places {
    current_state: Arcs,
    new_state: Arcs,
    current_entry: Arcs,
    new_entry: Arcs,
    pending: Arcs,
    apply: Arcs,
    revert: Arcs,
    save: Arcs,
}

const DIRECTION: u32 = 3;
const DELETE: u32 = 4;
/// Values of agApplyConfig.
const APPLY: i32 = 1;
const IDLE: i32 = 2;
const COMPLETE: i32 = 4;

#[derive(Clone, Default, PartialEq, Eq)]
struct Configuration {
    enabled: bool,
    /// By destination and source.
    rows: BTreeMap<(u32, u32), Direction>,
}

/// Both configurations.
#[derive(Clone)]
pub(super) struct Candidate {
    hardware: Arc<Hardware>,
    places: Places,
    new: Configuration,
    current: Configuration,
    applied: bool,
}

impl Candidate {
    pub(super) fn new(hardware: Arc<Hardware>, root: &[u32]) -> Self {
        let at = |arcs: &[u32]| join(root, arcs);
        Candidate {
            hardware,
            places: Places {
                current_state: at(&[2, 1, 4, 1, 1]),
                new_state: at(&[2, 1, 4, 1, 2]),
                current_entry: at(&[2, 1, 4, 1, 3, 1]),
                new_entry: at(&[2, 1, 4, 1, 4, 1]),
                pending: at(&[1, 1, 8, 1]),
                apply: at(&[1, 1, 8, 2]),
                revert: at(&[1, 1, 1, 5]),
                save: at(&[1, 1, 1, 4]),
            },
            new: Configuration::default(),
            current: Configuration::default(),
            applied: false,
        }
    }

    fn write_row(&mut self, column: u32, row: (u32, u32), value: i32) -> Result<(), SetTestError> {
        let (destination, source) = row;
        let known = self.hardware.has(destination) && self.hardware.has(source);
        if !known || destination == source {
            return Err(SetTestError::NoCreation);
        }
        match (column, value) {
            (DIRECTION, 1..=3) => {
                let direction = match value {
                    1 => Direction::Ingress,
                    2 => Direction::Egress,
                    _ => Direction::Both,
                };
                if !self.hardware.can_copy(direction) {
                    return Err(SetTestError::WrongValue);
                }
                let rows = &self.new.rows;
                let crossed = rows
                    .keys()
                    .any(|(to, from)| *to == source || *from == destination);
                if crossed {
                    return Err(SetTestError::InconsistentValue);
                }
                self.new.rows.insert(row, direction);
            }
            (DELETE, 2) => {
                self.new
                    .rows
                    .remove(&row)
                    .ok_or(SetTestError::InconsistentName)?;
            }
            (DELETE, 1) if self.new.rows.contains_key(&row) => {}
            (DELETE, 1) => return Err(SetTestError::InconsistentName),
            _ => return Err(SetTestError::WrongValue),
        }
        self.applied = false;
        Ok(())
    }

    fn write_scalar(&mut self, oid: &[u32], value: i32) -> Result<(), SetTestError> {
        let is = |place: &[u32]| oid.strip_suffix(&[0]) == Some(place);
        if is(&self.places.new_state) {
            self.new.enabled = match value {
                1 => true,
                2 => false,
                _ => return Err(SetTestError::WrongValue),
            };
            self.applied = false;
        } else if is(&self.places.apply) {
            if value != APPLY {
                return Err(SetTestError::WrongValue);
            }
            self.current = self.new.clone();
            self.applied = true;
        } else if is(&self.places.revert) {
            match value {
                1 => {}
                2 => self.new = self.current.clone(),
                _ => return Err(SetTestError::WrongValue),
            }
        } else if is(&self.places.save) {
            return if (1..=3).contains(&value) {
                Ok(())
            } else {
                Err(SetTestError::WrongValue)
            };
        } else {
            return Err(SetTestError::NoCreation);
        }
        Ok(())
    }
}

fn code(direction: Direction) -> Value {
    Value::Integer(match direction {
        Direction::Ingress => 1,
        Direction::Egress => 2,
        Direction::Both => 3,
    })
}

impl Control for Candidate {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        let state = |on| Value::Integer(if on { 1 } else { 2 });
        let waiting = self.new != self.current;
        let places = &self.places;
        let scalars = [
            (&places.current_state, state(self.current.enabled)),
            (&places.new_state, state(self.new.enabled)),
            (&places.pending, Value::Integer(if waiting { 2 } else { 3 })),
            (
                &places.apply,
                Value::Integer(if self.applied { COMPLETE } else { IDLE }),
            ),
            (&places.revert, Value::Integer(1)),
            (&places.save, Value::Integer(1)),
        ];
        let mut objects: BTreeMap<Arcs, Value> = scalars
            .into_iter()
            .map(|(place, value)| (join(place, &[0]), value))
            .collect();
        for ((destination, source), direction) in &self.current.rows {
            let oid = join(&places.current_entry, &[DIRECTION, *destination, *source]);
            objects.insert(oid, code(*direction));
        }
        for ((destination, source), direction) in &self.new.rows {
            let at = |column| join(&places.new_entry, &[column, *destination, *source]);
            objects.insert(at(DIRECTION), code(*direction));
            objects.insert(at(DELETE), Value::Integer(1));
        }
        objects
    }

    fn access(&self, oid: &[u32]) -> Access {
        let places = &self.places;
        let writable = [
            &places.new_state,
            &places.apply,
            &places.revert,
            &places.save,
        ];
        let readable = [&places.current_state, &places.pending];
        let is_below = |place: &&Arcs| oid.starts_with(place);
        let column = below(oid, &places.new_entry).and_then(|rest| rest.first());
        if matches!(column, Some(&(DIRECTION | DELETE))) || writable.iter().any(is_below) {
            Access::Write
        } else if readable.iter().any(is_below) || oid.starts_with(&places.current_entry) {
            Access::Read
        } else {
            Access::Unknown
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        match below(oid, &self.places.new_entry) {
            Some(&[column, destination, source]) => {
                self.write_row(column, (destination, source), integer(value)?)
            }
            _ => self.write_scalar(oid, integer(value)?),
        }
    }

    fn sessions(&self) -> Vec<Session> {
        let mut sessions: BTreeMap<u32, Session> = BTreeMap::new();
        for ((destination, source), direction) in &self.current.rows {
            let session = sessions.entry(*destination).or_insert_with(|| Session {
                destination: BridgePort(*destination),
                sources: BTreeMap::new(),
                active: self.current.enabled,
            });
            session.sources.insert(BridgePort(*source), *direction);
        }
        sessions.into_values().collect()
    }

    fn cut(&mut self, most: usize) {
        for rows in [&mut self.new.rows, &mut self.current.rows] {
            *rows = std::mem::take(rows).into_iter().take(most).collect();
        }
    }

    fn copy(&self) -> Box<dyn Control> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{active_sources, hardware, set};
    use super::*;
    use crate::lab::spec::Directions;

    #[test]
    fn nothing_is_in_force_before_it_is_applied() {
        let hardware = hardware(Directions::Any, None);
        let root = [1, 3, 6, 1, 4, 1, 26543, 2, 7, 6];
        let mut control: Box<dyn Control> = Box::new(Candidate::new(Arc::clone(&hardware), &root));
        let row = |column| join(&root, &[2, 1, 4, 1, 4, 1, column, 8, 1]);
        let state = join(&root, &[2, 1, 4, 1, 2, 0]);
        let pending = join(&root, &[1, 1, 8, 1, 0]);
        let apply = join(&root, &[1, 1, 8, 2, 0]);
        let number = Value::Integer;
        let edits = [(&row(DIRECTION)[..], number(1)), (&state, number(1))];
        assert_eq!(set(&mut control, &hardware, &edits), Ok(()));
        assert_eq!(active_sources(&*control), []);
        assert_eq!(control.objects(0).get(&pending), Some(&number(2)));
        assert_eq!(set(&mut control, &hardware, &[(&apply, number(1))]), Ok(()));
        assert_eq!(active_sources(&*control), [(1, Direction::Ingress)]);
        assert_eq!(control.objects(0).get(&pending), Some(&number(3)));
        let mut put = |oid: &[u32], value| set(&mut control, &hardware, &[(oid, number(value))]);
        assert_eq!(put(&row(DELETE), 2), Ok(()));
        assert_eq!(put(&row(DELETE), 2), Err(SetTestError::InconsistentName));
        let revert = join(&root, &[1, 1, 1, 5, 0]);
        assert_eq!(put(&revert, 2), Ok(()));
        assert!(control.objects(0).contains_key(&row(DIRECTION)));
    }
}
