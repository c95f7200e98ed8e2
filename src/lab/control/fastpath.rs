//! `netgear-fastpath`: NETGEAR-SWITCHING-MIB agentPortMirrorTable, a fixed number of session rows with a bit mask of
//! sources, and agentPortMirrorTypeTable with a direction for each source.
//!
//! The MIB leaves open which number the destination is; here it is that of the mask, as on a switch that is not
//! stacked. A session's destination can only be changed while the session is disabled.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{
    Access, Arcs, Control, Direction, FOREIGN, Hardware, Session, below, integer, join,
    mask_of_ports, octets, on_off, ports_of_mask, switched, unsigned,
};
use crate::lab::spec::Directions;
use crate::port::BridgePort;

/// Where NETGEAR's managed switches have the objects; other vendors have them below nodes of their own.
pub(super) const NETGEAR: &[u32] = &[1, 3, 6, 1, 4, 1, 4526, 10, 1];
/// agentPortMirrorEntry, below the vendor's node.
const ENTRY: &[u32] = &[2, 10, 4, 1];
const DESTINATION: u32 = 2;
const MASK: u32 = 3;
const MODE: u32 = 4;
const TYPE_COLUMN: &[u32] = &[2, 10, 5, 1, 2];
/// agentSaveConfig: writing it would make the running configuration permanent.
const SAVE: &[u32] = &[3, 1, 0];
/// No switch of the family has a longer mask.
const LONGEST_MASK: usize = 128;

#[derive(Clone, Default)]
struct Row {
    /// 0 is none.
    destination: u32,
    sources: BTreeMap<u32, Direction>,
    enabled: bool,
}

/// The tables.
#[derive(Clone)]
pub(super) struct Fastpath {
    hardware: Arc<Hardware>,
    /// The vendor's node.
    root: Arcs,
    rows: BTreeMap<u32, Row>,
}

impl Fastpath {
    pub(super) fn new(hardware: Arc<Hardware>, root: &[u32], foreign: bool) -> Self {
        let mut rows: BTreeMap<u32, Row> = (1..=hardware.sessions)
            .map(|session| (session, Row::default()))
            .collect();
        if let Some(row) = rows.get_mut(&1).filter(|_| foreign) {
            let (source, destination) = FOREIGN;
            row.destination = destination;
            row.sources.insert(source, Direction::Both);
            row.enabled = true;
        }
        Fastpath {
            hardware,
            root: root.to_vec(),
            rows,
        }
    }

    fn set_destination(&mut self, session: u32, value: &Value) -> Result<(), SetTestError> {
        let destination = unsigned(value)?;
        if destination != 0 && !self.hardware.has(destination) {
            return Err(SetTestError::WrongValue);
        }
        let is_source = self
            .rows
            .values()
            .any(|row| row.sources.contains_key(&destination));
        let row = self.row(session)?;
        if is_source || (row.enabled && row.destination != destination) {
            return Err(SetTestError::InconsistentValue);
        }
        row.destination = destination;
        Ok(())
    }

    fn set_mask(&mut self, session: u32, value: &Value) -> Result<(), SetTestError> {
        let mask = octets(value)?;
        if mask.is_empty() || mask.len() > LONGEST_MASK {
            return Err(SetTestError::WrongLength);
        }
        // Bits outside the valid ports are ignored, says the textual convention.
        let mut ports = ports_of_mask(mask);
        ports.retain(|port| self.hardware.has(*port));
        let destinations: BTreeSet<u32> = self.rows.values().map(|row| row.destination).collect();
        if !ports.is_disjoint(&destinations) {
            return Err(SetTestError::InconsistentValue);
        }
        let default = match self.hardware.directions {
            Directions::Any | Directions::BothOnly => Direction::Both,
            Directions::IngressOnly => Direction::Ingress,
        };
        let row = self.row(session)?;
        let old = std::mem::take(&mut row.sources);
        row.sources = ports
            .into_iter()
            .map(|port| (port, old.get(&port).copied().unwrap_or(default)))
            .collect();
        Ok(())
    }

    fn set_mode(&mut self, session: u32, value: &Value) -> Result<(), SetTestError> {
        let row = self.row(session)?;
        if integer(value)? == 3 {
            *row = Row::default();
            return Ok(());
        }
        let enable = switched(value)?;
        if enable && row.destination == 0 {
            return Err(SetTestError::InconsistentValue);
        }
        row.enabled = enable;
        Ok(())
    }

    fn set_type(&mut self, session: u32, port: u32, value: &Value) -> Result<(), SetTestError> {
        let direction = match integer(value)? {
            1 => Direction::Egress,
            2 => Direction::Ingress,
            3 => Direction::Both,
            _ => return Err(SetTestError::WrongValue),
        };
        if !self.hardware.can_copy(direction) {
            return Err(SetTestError::WrongValue);
        }
        let source = self.row(session)?.sources.get_mut(&port);
        *source.ok_or(SetTestError::InconsistentName)? = direction;
        Ok(())
    }

    fn at(&self, arcs: &[u32]) -> Arcs {
        join(&self.root, arcs)
    }

    fn row(&mut self, session: u32) -> Result<&mut Row, SetTestError> {
        self.rows.get_mut(&session).ok_or(SetTestError::NoCreation)
    }
}

impl Control for Fastpath {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        let mut objects = BTreeMap::from([(self.at(SAVE), on_off(false))]);
        for (&session, row) in &self.rows {
            let mask = mask_of_ports(row.sources.keys().copied(), self.hardware.ports);
            let values = [
                (DESTINATION, Value::Gauge32(row.destination)),
                (MASK, mask),
                (MODE, on_off(row.enabled)),
            ];
            for (column, value) in values {
                objects.insert(join(&self.at(ENTRY), &[column, session]), value);
            }
            for (&port, direction) in &row.sources {
                let code = match direction {
                    Direction::Egress => 1,
                    Direction::Ingress => 2,
                    Direction::Both => 3,
                };
                let oid = join(&self.at(TYPE_COLUMN), &[session, port]);
                objects.insert(oid, Value::Integer(code));
            }
        }
        objects
    }

    fn access(&self, oid: &[u32]) -> Access {
        let Some(oid) = below(oid, &self.root) else {
            return Access::Unknown;
        };
        let column = below(oid, ENTRY).and_then(|rest| rest.first());
        let known = matches!(column, Some(&(DESTINATION | MASK | MODE)))
            || oid.starts_with(TYPE_COLUMN)
            || oid.starts_with(&SAVE[..2]);
        if known {
            Access::Write
        } else {
            Access::Unknown
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        let oid = below(oid, &self.root).ok_or(SetTestError::NoCreation)?;
        if let Some(&[session, port]) = below(oid, TYPE_COLUMN) {
            return self.set_type(session, port, value);
        }
        if oid == SAVE {
            return switched(value).map(|_| ());
        }
        match below(oid, ENTRY) {
            Some(&[DESTINATION, session]) => self.set_destination(session, value),
            Some(&[MASK, session]) => self.set_mask(session, value),
            Some(&[MODE, session]) => self.set_mode(session, value),
            _ => Err(SetTestError::NoCreation),
        }
    }

    fn sessions(&self) -> Vec<Session> {
        let configured = self.rows.values().filter(|row| row.destination != 0);
        configured
            .map(|row| Session {
                destination: BridgePort(row.destination),
                sources: row
                    .sources
                    .iter()
                    .map(|(port, direction)| (BridgePort(*port), *direction))
                    .collect(),
                active: row.enabled,
            })
            .collect()
    }

    fn cut(&mut self, most: usize) {
        for row in self.rows.values_mut() {
            if let Some(&beyond) = row.sources.keys().nth(most) {
                row.sources.split_off(&beyond);
            }
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

    fn column(column: u32) -> Arcs {
        join(&join(NETGEAR, ENTRY), &[column, 1])
    }

    fn mask(octet: u8) -> Value {
        Value::OctetString(vec![octet].into())
    }

    fn session(directions: Directions) -> (Arc<Hardware>, Box<dyn Control>) {
        let hardware = hardware(directions, None);
        let control: Box<dyn Control> =
            Box::new(Fastpath::new(Arc::clone(&hardware), NETGEAR, false));
        (hardware, control)
    }

    #[test]
    fn a_session_is_set_up_enabled_and_deleted() {
        let (hardware, mut control) = session(Directions::Any);
        let (destination, sources, mode) = (column(DESTINATION), column(MASK), column(MODE));
        let enable_first = set(&mut control, &hardware, &[(&mode, Value::Integer(1))]);
        assert_eq!(enable_first, Err(SetTestError::InconsistentValue));
        let request = [
            (&destination[..], Value::Gauge32(8)),
            (&sources, mask(0b1100_0000)),
            (&mode, Value::Integer(1)),
        ];
        assert_eq!(set(&mut control, &hardware, &request), Ok(()));
        let both = [(1, Direction::Both), (2, Direction::Both)];
        assert_eq!(active_sources(&*control), both);
        let rx = join(&join(NETGEAR, TYPE_COLUMN), &[1, 2]);
        assert_eq!(
            set(&mut control, &hardware, &[(&rx, Value::Integer(2))]),
            Ok(())
        );
        assert_eq!(active_sources(&*control)[1], (2, Direction::Ingress));
        assert_eq!(
            set(&mut control, &hardware, &[(&mode, Value::Integer(3))]),
            Ok(())
        );
        assert_eq!(control.sessions(), []);
        assert_eq!(control.objects(0).get(&mode), Some(&Value::Integer(2)));
    }

    #[test]
    fn the_destination_cannot_be_a_source_nor_change_while_enabled() {
        let (hardware, mut control) = session(Directions::Any);
        let (destination, sources, mode) = (column(DESTINATION), column(MASK), column(MODE));
        let request = [
            (&destination[..], Value::Gauge32(8)),
            (&sources, mask(0b1000_0000)),
            (&mode, Value::Integer(1)),
        ];
        set(&mut control, &hardware, &request).unwrap();
        let mut put = |oid: &[u32], value| set(&mut control, &hardware, &[(oid, value)]);
        let refused = Err(SetTestError::InconsistentValue);
        assert_eq!(put(&sources, mask(0b0000_0001)), refused);
        assert_eq!(put(&destination, Value::Gauge32(7)), refused);
        assert_eq!(put(&destination, Value::Gauge32(8)), Ok(()));
        put(&mode, Value::Integer(2)).unwrap();
        assert_eq!(put(&destination, Value::Gauge32(1)), refused);
        assert_eq!(put(&destination, Value::Gauge32(7)), Ok(()));
    }

    #[test]
    fn types_ranges_and_instances_are_checked() {
        let (hardware, mut control) = session(Directions::IngressOnly);
        let mut put = |oid: &[u32], value| set(&mut control, &hardware, &[(oid, value)]);
        let destination = column(DESTINATION);
        let wrong_type = Err(SetTestError::WrongType);
        assert_eq!(put(&destination, Value::Integer(8)), wrong_type);
        let wrong_value = Err(SetTestError::WrongValue);
        assert_eq!(put(&destination, Value::Gauge32(9)), wrong_value);
        let empty = Value::OctetString(vec![].into());
        assert_eq!(put(&column(MASK), empty), Err(SetTestError::WrongLength));
        let second = join(&join(NETGEAR, ENTRY), &[MODE, 2]);
        assert_eq!(
            put(&second, Value::Integer(1)),
            Err(SetTestError::NoCreation)
        );
        let type_row = join(&join(NETGEAR, TYPE_COLUMN), &[1, 3]);
        let not_a_source = put(&type_row, Value::Integer(2));
        assert_eq!(not_a_source, Err(SetTestError::InconsistentName));
        assert_eq!(put(&type_row, Value::Integer(3)), wrong_value);
    }

    #[test]
    fn bits_without_a_port_are_ignored() {
        let (hardware, mut control) = session(Directions::Any);
        let sources = column(MASK);
        let wide = Value::OctetString(vec![0x80, 0xff].into());
        assert_eq!(set(&mut control, &hardware, &[(&sources, wide)]), Ok(()));
        assert_eq!(control.objects(0).get(&sources), Some(&mask(0x80)));
    }

    #[test]
    fn more_sources_than_the_switch_has_resources_for_are_refused_or_cut() {
        let hardware = hardware(Directions::Any, Some(2));
        let mut control: Box<dyn Control> =
            Box::new(Fastpath::new(Arc::clone(&hardware), NETGEAR, false));
        let (destination, sources) = (column(DESTINATION), column(MASK));
        let request = [
            (&destination[..], Value::Gauge32(8)),
            (&sources, mask(0b1110_0000)),
        ];
        let refused = set(&mut control, &hardware, &request);
        assert_eq!(refused, Err(SetTestError::ResourceUnavailable));
        control.write(&sources, &mask(0b1110_0000)).unwrap();
        control.cut(2);
        assert_eq!(control.objects(0).get(&sources), Some(&mask(0b1100_0000)));
    }
}
