//! `smon-portcopy`: SMON-MIB portCopyTable (RFC 2613), a row for each pair of source and destination ifIndex.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{Access, Arcs, Control, Direction, FOREIGN, Hardware, Session, below, integer, join};
use crate::lab::spec::Directions;
use crate::port::BridgePort;

const ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 16, 22, 1, 3, 1, 1];
const DEST_DROP_EVENTS: u32 = 3;
const DIRECTION: u32 = 4;
const STATUS: u32 = 5;

/// dataSourceCapsEntry; its index is the OID of ifIndex of the interface, without a length (IMPLIED).
const CAPS_ENTRY: &[u32] = &[1, 3, 6, 1, 2, 1, 16, 22, 1, 1, 1, 1];
const IF_INDEX: &[u32] = &[1, 3, 6, 1, 2, 1, 2, 2, 1, 1];
const SMON_CAPABILITIES: &[u32] = &[1, 3, 6, 1, 2, 1, 16, 19, 15, 0];

/// The row states that are stored (RFC 2579, RowStatus).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Active = 1,
    NotInService = 2,
}

#[derive(Clone, Copy, Debug)]
struct Row {
    direction: Direction,
    status: Status,
}

/// The table.
#[derive(Clone)]
pub(super) struct Smon {
    hardware: Arc<Hardware>,
    /// By source and destination ifIndex.
    rows: BTreeMap<(u32, u32), Row>,
    /// Directions of rows that a later binding of the same request has to create.
    waiting: BTreeMap<(u32, u32), Direction>,
}

impl Smon {
    pub(super) fn new(hardware: Arc<Hardware>, foreign: bool) -> Self {
        let mut rows = BTreeMap::new();
        if foreign {
            let (source, destination) = FOREIGN;
            let row = Row {
                direction: Direction::Both,
                status: Status::Active,
            };
            let index = (hardware.if_index(source), hardware.if_index(destination));
            rows.insert(index, row);
        }
        Smon {
            hardware,
            rows,
            waiting: BTreeMap::new(),
        }
    }

    fn set_direction(&mut self, index: (u32, u32), value: &Value) -> Result<(), SetTestError> {
        let direction = match integer(value)? {
            1 => Direction::Ingress,
            2 => Direction::Egress,
            3 => Direction::Both,
            _ => return Err(SetTestError::WrongValue),
        };
        if !self.hardware.can_copy(direction) {
            return Err(SetTestError::WrongValue);
        }
        if let Some(row) = self.rows.get_mut(&index) {
            row.direction = direction;
        } else {
            self.check_new(index)?;
            self.waiting.insert(index, direction);
        }
        Ok(())
    }

    fn set_status(&mut self, index: (u32, u32), value: &Value) -> Result<(), SetTestError> {
        match (integer(value)?, self.rows.contains_key(&index)) {
            (1, true) => {
                self.check_ports_up(index)?;
                self.put_status(index, Status::Active);
            }
            (2, true) => self.put_status(index, Status::NotInService),
            (4, false) => {
                self.check_ports_up(index)?;
                self.create(index, Status::Active)?;
            }
            (5, false) => self.create(index, Status::NotInService)?,
            (6, _) => {
                self.rows.remove(&index);
                self.waiting.remove(&index);
            }
            (1 | 2, false) | (4 | 5, true) => return Err(SetTestError::InconsistentValue),
            _ => return Err(SetTestError::WrongValue),
        }
        Ok(())
    }

    fn put_status(&mut self, index: (u32, u32), status: Status) {
        if let Some(row) = self.rows.get_mut(&index) {
            row.status = status;
        }
    }

    fn create(&mut self, index: (u32, u32), status: Status) -> Result<(), SetTestError> {
        self.check_new(index)?;
        // portCopyDirection has a DEFVAL, so a row is never notReady for want of it.
        let direction = self.waiting.remove(&index).unwrap_or(Direction::Both);
        if !self.hardware.can_copy(direction) {
            return Err(SetTestError::InconsistentValue);
        }
        self.rows.insert(index, Row { direction, status });
        Ok(())
    }

    /// Checks that a row with this index can exist beside the others.
    fn check_new(&self, (source, destination): (u32, u32)) -> Result<(), SetTestError> {
        let known = |if_index| self.hardware.port_of(if_index).is_some();
        if source == destination || !known(source) || !known(destination) {
            return Err(SetTestError::NoCreation);
        }
        let crossed = self.rows.keys().any(|&(other_source, other_destination)| {
            other_source == destination || other_destination == source
        });
        if crossed {
            return Err(SetTestError::InconsistentName);
        }
        Ok(())
    }

    fn check_ports_up(&self, (source, destination): (u32, u32)) -> Result<(), SetTestError> {
        let up = |if_index| {
            let port = self.hardware.port_of(if_index);
            port.is_none_or(|port| self.hardware.up.contains(&port))
        };
        if up(source) && up(destination) {
            Ok(())
        } else {
            Err(SetTestError::InconsistentValue)
        }
    }

    /// dataSourceCopyCaps: source, destination, tx, rx, drop events counted, all good frames; bit 0 is the highest.
    fn copy_caps(&self) -> u8 {
        match self.hardware.directions {
            Directions::Any | Directions::BothOnly => 0b1111_1001,
            Directions::IngressOnly => 0b1101_1001,
        }
    }
}

impl Control for Smon {
    fn objects(&self, drops: u32) -> BTreeMap<Arcs, Value> {
        let bits = |octet: u8| Value::OctetString(vec![octet].into());
        // dataSource(2) and portCopy(4)
        let mut objects = BTreeMap::from([(SMON_CAPABILITIES.to_vec(), bits(0b0010_1000))]);
        for port in self.hardware.numbers() {
            let if_index = self.hardware.if_index(port);
            let number = i32::try_from(if_index).unwrap_or(i32::MAX);
            let values = [
                (2, bits(0)),
                (3, bits(self.copy_caps())),
                (4, Value::Integer(number)),
            ];
            for (column, value) in values {
                let index = join(IF_INDEX, &[if_index]);
                objects.insert([CAPS_ENTRY, &[column], &index].concat(), value);
            }
        }
        for (&(source, destination), row) in &self.rows {
            let mut put = |column, value| {
                objects.insert(join(ENTRY, &[column, source, destination]), value);
            };
            put(DEST_DROP_EVENTS, Value::Counter32(drops));
            put(DIRECTION, Value::Integer(code(row.direction)));
            put(STATUS, Value::Integer(row.status as i32));
        }
        objects
    }

    fn access(&self, oid: &[u32]) -> Access {
        let column = |base: &[u32]| below(oid, base).and_then(|rest| rest.first().copied());
        match (column(ENTRY), column(CAPS_ENTRY)) {
            (Some(DIRECTION | STATUS), _) => Access::Write,
            (Some(DEST_DROP_EVENTS), _) | (_, Some(2..=4)) => Access::Read,
            _ if oid.starts_with(&SMON_CAPABILITIES[..9]) => Access::Read,
            _ => Access::Unknown,
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        match below(oid, ENTRY) {
            Some(&[DIRECTION, source, destination]) => {
                self.set_direction((source, destination), value)
            }
            Some(&[STATUS, source, destination]) => self.set_status((source, destination), value),
            _ => Err(SetTestError::NoCreation),
        }
    }

    fn is_complete(&self, oid: &[u32]) -> bool {
        match below(oid, ENTRY) {
            Some(&[_, source, destination]) => !self.waiting.contains_key(&(source, destination)),
            _ => true,
        }
    }

    fn sessions(&self) -> Vec<Session> {
        let mut sessions: BTreeMap<(BridgePort, bool), Session> = BTreeMap::new();
        for (&(source, destination), row) in &self.rows {
            let ports = (
                self.hardware.port_of(source),
                self.hardware.port_of(destination),
            );
            let (Some(source), Some(destination)) = ports else {
                continue;
            };
            let active = row.status == Status::Active;
            let session = sessions
                .entry((destination, active))
                .or_insert_with(|| Session {
                    destination,
                    sources: BTreeMap::new(),
                    active,
                });
            session.sources.insert(source, row.direction);
        }
        sessions.into_values().collect()
    }

    fn cut(&mut self, most: usize) {
        let mut kept: BTreeMap<u32, usize> = BTreeMap::new();
        self.rows.retain(|(_, destination), _| {
            let count = kept.entry(*destination).or_default();
            *count += 1;
            *count <= most
        });
    }

    fn copy(&self) -> Box<dyn Control> {
        Box::new(self.clone())
    }
}

/// portCopyDirection.
fn code(direction: Direction) -> i32 {
    match direction {
        Direction::Ingress => 1,
        Direction::Egress => 2,
        Direction::Both => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{active_sources, hardware, set};
    use super::*;

    fn direction(source: u32, destination: u32) -> Arcs {
        join(ENTRY, &[DIRECTION, source + 48, destination + 48])
    }

    fn status(source: u32, destination: u32) -> Arcs {
        join(ENTRY, &[STATUS, source + 48, destination + 48])
    }

    fn table(directions: Directions) -> (Arc<Hardware>, Box<dyn Control>) {
        let hardware = hardware(directions, None);
        let smon: Box<dyn Control> = Box::new(Smon::new(Arc::clone(&hardware), false));
        (hardware, smon)
    }

    #[test]
    fn a_row_is_created_whichever_column_comes_first() {
        let (hardware, mut smon) = table(Directions::Any);
        let (one, go) = (Value::Integer(1), Value::Integer(4));
        let (d, s) = (direction(1, 7), status(1, 7));
        let request: [(&[u32], Value); 2] = [(&d, one.clone()), (&s, go.clone())];
        assert_eq!(set(&mut smon, &hardware, &request), Ok(()));
        let (d, s) = (direction(2, 7), status(2, 7));
        assert_eq!(set(&mut smon, &hardware, &[(&s, go), (&d, one)]), Ok(()));
        let expected = [(1, Direction::Ingress), (2, Direction::Ingress)];
        assert_eq!(active_sources(&*smon), expected);
    }

    #[test]
    fn rows_go_through_their_states() {
        let (hardware, mut smon) = table(Directions::Any);
        let s = status(1, 7);
        let mut put = |value| set(&mut smon, &hardware, &[(&s, Value::Integer(value))]);
        assert_eq!(put(1), Err(SetTestError::InconsistentValue));
        assert_eq!(put(6), Ok(()), "destroying what is not there is fine");
        assert_eq!(put(5), Ok(()));
        assert_eq!(put(4), Err(SetTestError::InconsistentValue));
        assert_eq!(put(3), Err(SetTestError::WrongValue));
        assert_eq!(put(7), Err(SetTestError::WrongValue));
        assert_eq!(put(1), Ok(()));
        assert_eq!(put(2), Ok(()));
        assert!(active_sources(&*smon).is_empty());
        assert_eq!(smon.objects(0).get(&s), Some(&Value::Integer(2)));
    }

    #[test]
    fn indexes_that_cannot_be_are_not_created() {
        let (hardware, mut smon) = table(Directions::Any);
        let mut create = |source, destination| {
            let s = status(source, destination);
            set(&mut smon, &hardware, &[(&s, Value::Integer(4))])
        };
        assert_eq!(create(1, 7), Ok(()));
        assert_eq!(create(7, 7), Err(SetTestError::NoCreation));
        assert_eq!(create(1, 99), Err(SetTestError::NoCreation));
        assert_eq!(create(7, 6), Err(SetTestError::InconsistentName));
        assert_eq!(create(2, 1), Err(SetTestError::InconsistentName));
        assert_eq!(create(8, 7), Err(SetTestError::InconsistentValue), "down");
        let second_destination = create(2, 6);
        assert_eq!(second_destination, Err(SetTestError::ResourceUnavailable));
    }

    #[test]
    fn types_and_directions_are_checked() {
        let (hardware, mut smon) = table(Directions::BothOnly);
        let (d, s) = (direction(1, 7), status(1, 7));
        let text = Value::OctetString(vec![b'4'].into());
        let wrong = set(&mut smon, &hardware, &[(&s, text)]);
        assert_eq!(wrong, Err(SetTestError::WrongType));
        let ingress = [(&d[..], Value::Integer(1)), (&s, Value::Integer(4))];
        let refused = set(&mut smon, &hardware, &ingress);
        assert_eq!(refused, Err(SetTestError::WrongValue));
        let drops = join(ENTRY, &[DEST_DROP_EVENTS, 49, 55]);
        let refused = set(&mut smon, &hardware, &[(&drops, Value::Counter32(0))]);
        assert_eq!(refused, Err(SetTestError::NotWritable));
    }

    #[test]
    fn a_direction_without_its_row_is_not_complete() {
        let (hardware, mut smon) = table(Directions::Any);
        let d = direction(1, 7);
        assert_eq!(
            set(&mut smon, &hardware, &[(&d, Value::Integer(1))]),
            Ok(())
        );
        assert!(!smon.is_complete(&d));
    }

    #[test]
    fn a_cut_keeps_the_first_rows() {
        let (hardware, mut smon) = table(Directions::Any);
        for source in 1..=4 {
            let s = status(source, 7);
            set(&mut smon, &hardware, &[(&s, Value::Integer(4))]).unwrap();
        }
        smon.cut(2);
        let left: Vec<u32> = active_sources(&*smon)
            .iter()
            .map(|(port, _)| *port)
            .collect();
        assert_eq!(left, [1, 2]);
    }
}
