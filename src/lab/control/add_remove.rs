//! CISCO-C2900-MIB: in the destination port's row, writing a port's number to one object adds it as a source, writing it
//! to another one removes it; a bit map shows the sources. Zero cannot be written, and both directions are copied.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{
    Access, Arcs, Control, Direction, Hardware, Session, below, integer, join, mask_of_ports,
};
use crate::port::BridgePort;

const ADD: u32 = 28;
const MAP: u32 = 30;
const REMOVE: u32 = 34;

/// The columns of the port table.
#[derive(Clone)]
pub(super) struct AddRemove {
    hardware: Arc<Hardware>,
    entry: Arcs,
    /// The sources of each destination.
    maps: BTreeMap<u32, BTreeSet<u32>>,
}

impl AddRemove {
    pub(super) fn new(hardware: Arc<Hardware>, entry: &[u32]) -> Self {
        AddRemove {
            maps: hardware
                .numbers()
                .map(|port| (port, BTreeSet::new()))
                .collect(),
            hardware,
            entry: entry.to_vec(),
        }
    }

    fn change(&mut self, destination: u32, source: i32, adds: bool) -> Result<(), SetTestError> {
        let source = u32::try_from(source)
            .ok()
            .filter(|port| self.hardware.has(*port));
        let source = source.ok_or(SetTestError::WrongValue)?;
        let is_used = |port: u32| {
            let monitors = self.maps.get(&port).is_some_and(|map| !map.is_empty());
            monitors || (port == destination && self.maps.values().any(|map| map.contains(&port)))
        };
        if adds && (source == destination || is_used(source)) {
            return Err(SetTestError::InconsistentValue);
        }
        let map = self
            .maps
            .get_mut(&destination)
            .ok_or(SetTestError::NoCreation)?;
        if adds {
            map.insert(source);
        } else if !map.remove(&source) {
            return Err(SetTestError::InconsistentValue);
        }
        Ok(())
    }
}

impl Control for AddRemove {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        let mut objects = BTreeMap::new();
        for (port, map) in &self.maps {
            let mask = mask_of_ports(map.iter().copied(), self.hardware.ports);
            let columns = [
                (ADD, Value::Integer(0)),
                (MAP, mask),
                (REMOVE, Value::Integer(0)),
            ];
            for (column, value) in columns {
                objects.insert(join(&self.entry, &[column, *port]), value);
            }
        }
        objects
    }

    fn access(&self, oid: &[u32]) -> Access {
        match below(oid, &self.entry) {
            Some([ADD | REMOVE, ..]) => Access::Write,
            Some([MAP, ..]) => Access::Read,
            _ => Access::Unknown,
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        match below(oid, &self.entry) {
            Some(&[column @ (ADD | REMOVE), port]) if self.hardware.has(port) => {
                self.change(port, integer(value)?, column == ADD)
            }
            _ => Err(SetTestError::NoCreation),
        }
    }

    fn sessions(&self) -> Vec<Session> {
        let used = self.maps.iter().filter(|(_, map)| !map.is_empty());
        let session = |(destination, map): (&u32, &BTreeSet<u32>)| Session {
            destination: BridgePort(*destination),
            sources: map
                .iter()
                .map(|port| (BridgePort(*port), Direction::Both))
                .collect(),
            active: true,
        };
        used.map(session).collect()
    }

    fn cut(&mut self, most: usize) {
        for map in self.maps.values_mut() {
            *map = map.iter().copied().take(most).collect();
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
    fn one_object_adds_and_another_one_removes() {
        let hardware = hardware(Directions::Any, None);
        let entry = [1, 3, 6, 1, 4, 1, 9, 9, 87, 1, 4, 1, 1];
        let mut control: Box<dyn Control> = Box::new(AddRemove::new(Arc::clone(&hardware), &entry));
        let mut put = |column, port, value| {
            let oid = join(&entry, &[column, port]);
            set(&mut control, &hardware, &[(&oid, Value::Integer(value))])
        };
        assert_eq!(put(ADD, 8, 1), Ok(()));
        assert_eq!(put(ADD, 8, 2), Ok(()));
        assert_eq!(put(ADD, 8, 0), Err(SetTestError::WrongValue));
        assert_eq!(put(ADD, 8, 8), Err(SetTestError::InconsistentValue));
        assert_eq!(put(REMOVE, 8, 3), Err(SetTestError::InconsistentValue));
        assert_eq!(put(MAP, 8, 3), Err(SetTestError::NotWritable));
        assert_eq!(put(ADD, 9, 1), Err(SetTestError::NoCreation));
        assert_eq!(put(REMOVE, 8, 1), Ok(()));
        assert_eq!(active_sources(&*control), [(2, Direction::Both)]);
    }
}
