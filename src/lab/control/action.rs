//! V1600D mirror scalars: session, destination, source and type are written, then the action; portMirrorTable shows
//! what came of it.
//!
//! Arguments keep what was written last. The table has sixteen rows, of which those in use are shown.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{Access, Arcs, Control, Direction, Hardware, Session, below, integer, join};
use crate::port::BridgePort;

const ARGUMENTS: u32 = 3;
const SESSION: u32 = 1;
const DESTINATION: u32 = 2;
const SOURCE: u32 = 3;
const TYPE: u32 = 4;
const ACTION: u32 = 5;
/// portMirrorEntry, below the root.
const TABLE: &[u32] = &[4, 1];
const SESSIONS: i32 = 4;
const ROWS: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
struct Row {
    session: i32,
    destination: i32,
    source: i32,
    kind: i32,
}

/// The scalars and the table.
#[derive(Clone)]
pub(super) struct Action {
    hardware: Arc<Hardware>,
    root: Arcs,
    /// Session, destination, source, type.
    arguments: BTreeMap<u32, i32>,
    rows: Vec<Row>,
}

impl Action {
    pub(super) fn new(hardware: Arc<Hardware>, root: &[u32]) -> Self {
        Action {
            hardware,
            root: root.to_vec(),
            arguments: (SESSION..=TYPE).map(|argument| (argument, 1)).collect(),
            rows: Vec::new(),
        }
    }

    fn set(&mut self, argument: u32, value: i32) -> Result<(), SetTestError> {
        let port = u32::try_from(value).is_ok_and(|port| self.hardware.has(port));
        let known = match argument {
            SESSION => (1..=SESSIONS).contains(&value),
            DESTINATION | SOURCE => port,
            TYPE => (1..=3).contains(&value),
            _ => false,
        };
        if !known {
            return Err(SetTestError::WrongValue);
        }
        self.arguments.insert(argument, value);
        Ok(())
    }

    fn act(&mut self, action: i32) -> Result<(), SetTestError> {
        let argument = |argument| self.arguments.get(&argument).copied().unwrap_or(1);
        let row = Row {
            session: argument(SESSION),
            destination: argument(DESTINATION),
            source: argument(SOURCE),
            kind: argument(TYPE),
        };
        match action {
            1 => self.add(row)?,
            2 => {
                let before = self.rows.len();
                self.rows
                    .retain(|other| (other.session, other.source) != (row.session, row.source));
                if self.rows.len() == before {
                    return Err(SetTestError::InconsistentValue);
                }
            }
            3 => self.rows.retain(|other| other.session != row.session),
            4 => self.rows.clear(),
            _ => return Err(SetTestError::WrongValue),
        }
        Ok(())
    }

    fn add(&mut self, row: Row) -> Result<(), SetTestError> {
        let crossed =
            |other: &Row| other.destination == row.source || other.source == row.destination;
        let elsewhere =
            |other: &Row| other.session == row.session && other.destination != row.destination;
        let refused = row.source == row.destination
            || self
                .rows
                .iter()
                .any(|other| crossed(other) || elsewhere(other));
        if refused || !self.hardware.can_copy(direction(row.kind)) {
            return Err(SetTestError::InconsistentValue);
        }
        self.rows
            .retain(|other| (other.session, other.source) != (row.session, row.source));
        if self.rows.len() == ROWS {
            return Err(SetTestError::ResourceUnavailable);
        }
        self.rows.push(row);
        Ok(())
    }
}

fn direction(kind: i32) -> Direction {
    match kind {
        2 => Direction::Ingress,
        3 => Direction::Egress,
        _ => Direction::Both,
    }
}

impl Control for Action {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        let mut objects = BTreeMap::new();
        for (argument, value) in &self.arguments {
            let oid = join(&self.root, &[ARGUMENTS, *argument, 0]);
            objects.insert(oid, Value::Integer(*value));
        }
        objects.insert(join(&self.root, &[ARGUMENTS, ACTION, 0]), Value::Integer(0));
        for (place, row) in (1u32..).zip(&self.rows) {
            let columns = [row.session, row.destination, row.source, row.kind];
            // The columns of the table are the index, then session, destination, source and type.
            for (column, value) in (2u32..).zip(columns) {
                let oid = [&self.root, TABLE, &[column, place]].concat();
                objects.insert(oid, Value::Integer(value));
            }
        }
        objects
    }

    fn access(&self, oid: &[u32]) -> Access {
        match below(oid, &self.root) {
            Some([ARGUMENTS, SESSION..=ACTION, ..]) => Access::Write,
            Some([4, 1, 2..=5, ..]) => Access::Read,
            _ => Access::Unknown,
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        match below(oid, &self.root) {
            Some([ARGUMENTS, ACTION, 0]) => self.act(integer(value)?),
            Some([ARGUMENTS, argument, 0]) => self.set(*argument, integer(value)?),
            _ => Err(SetTestError::NoCreation),
        }
    }

    fn sessions(&self) -> Vec<Session> {
        let mut sessions: BTreeMap<i32, Session> = BTreeMap::new();
        let port = |number: i32| BridgePort(u32::try_from(number).unwrap_or(0));
        for row in &self.rows {
            let session = sessions.entry(row.session).or_insert_with(|| Session {
                destination: port(row.destination),
                sources: BTreeMap::new(),
                active: true,
            });
            session
                .sources
                .insert(port(row.source), direction(row.kind));
        }
        sessions.into_values().collect()
    }

    fn cut(&mut self, most: usize) {
        self.rows.truncate(most);
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
    fn an_action_takes_the_arguments_that_stand_there() {
        let hardware = hardware(Directions::Any, None);
        let root = [1, 3, 6, 1, 4, 1, 37950, 1];
        let mut control: Box<dyn Control> = Box::new(Action::new(Arc::clone(&hardware), &root));
        let scalar = |number| join(&root, &[ARGUMENTS, number, 0]);
        let mut put = |bindings: &[(u32, i32)]| {
            let oids: Vec<Arcs> = bindings.iter().map(|(number, _)| scalar(*number)).collect();
            let request: Vec<(&[u32], Value)> = oids
                .iter()
                .zip(bindings)
                .map(|(oid, (_, value))| (oid.as_slice(), Value::Integer(*value)))
                .collect();
            set(&mut control, &hardware, &request)
        };
        assert_eq!(
            put(&[(DESTINATION, 8), (SOURCE, 3), (TYPE, 2), (ACTION, 1)]),
            Ok(())
        );
        assert_eq!(put(&[(SOURCE, 4), (ACTION, 1)]), Ok(()));
        let refused = Err(SetTestError::InconsistentValue);
        assert_eq!(put(&[(SOURCE, 8), (ACTION, 1)]), refused);
        assert_eq!(put(&[(SOURCE, 5), (ACTION, 2)]), refused, "not there");
        assert_eq!(put(&[(SOURCE, 9)]), Err(SetTestError::WrongValue));
        assert_eq!(put(&[(ACTION, 5)]), Err(SetTestError::WrongValue));
        assert_eq!(put(&[(SOURCE, 3), (ACTION, 2)]), Ok(()));
        assert_eq!(active_sources(&*control), [(4, Direction::Ingress)]);
        assert_eq!(
            set(
                &mut control,
                &hardware,
                &[(&scalar(ACTION), Value::Integer(4))]
            ),
            Ok(())
        );
        assert_eq!(active_sources(&*control), []);
    }
}
