//! FOUNDRY-SN-SWITCH-GROUP-MIB snPortMonitorTable: each port has a row with a text of pairs, the ifIndex of a port that
//! gets its frames and a mode: off(0), rx(1), tx(2), both(3).
//!
//! A recorded ICX6430 shows a row with an empty text for every port. The text of the MIB: a pair that is written is
//! added or changed; with the mode off it is removed.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{Access, Arcs, Control, Direction, Hardware, Session, below, join, octets};
use crate::port::BridgePort;

/// The longest text that is taken.
const LONGEST: usize = 255;
const LIST: u32 = 2;

/// The table.
#[derive(Clone)]
pub(super) struct PairText {
    hardware: Arc<Hardware>,
    entry: Arcs,
    /// By source, then destination.
    rows: BTreeMap<u32, BTreeMap<u32, Direction>>,
}

impl PairText {
    pub(super) fn new(hardware: Arc<Hardware>, entry: &[u32]) -> Self {
        PairText {
            rows: hardware
                .numbers()
                .map(|port| (port, BTreeMap::new()))
                .collect(),
            hardware,
            entry: entry.to_vec(),
        }
    }

    fn set(&mut self, source: u32, value: &Value) -> Result<(), SetTestError> {
        let text = octets(value)?;
        if text.len() > LONGEST {
            return Err(SetTestError::WrongLength);
        }
        let text = std::str::from_utf8(text).map_err(|_| SetTestError::WrongValue)?;
        let numbers: Vec<u32> = text
            .split_ascii_whitespace()
            .map(|number| number.parse().map_err(|_| SetTestError::WrongValue))
            .collect::<Result<_, _>>()?;
        if numbers.is_empty() || !numbers.len().is_multiple_of(2) {
            return Err(SetTestError::WrongValue);
        }
        for pair in numbers.chunks_exact(2) {
            let [destination, mode] = *pair else {
                return Err(SetTestError::WrongValue);
            };
            self.set_pair(source, destination, mode)?;
        }
        Ok(())
    }

    fn set_pair(&mut self, source: u32, destination: u32, mode: u32) -> Result<(), SetTestError> {
        let port = self.hardware.port_of(destination);
        let destination = port.ok_or(SetTestError::WrongValue)?.0;
        let direction = match mode {
            0 => None,
            1 => Some(Direction::Ingress),
            2 => Some(Direction::Egress),
            3 => Some(Direction::Both),
            _ => return Err(SetTestError::WrongValue),
        };
        let is_destination = |port: u32| self.rows.values().any(|row| row.contains_key(&port));
        let is_source = self
            .rows
            .get(&destination)
            .is_some_and(|row| !row.is_empty());
        let crossed = source == destination || is_destination(source) || is_source;
        if direction.is_some() && crossed {
            return Err(SetTestError::InconsistentValue);
        }
        if direction.is_some_and(|direction| !self.hardware.can_copy(direction)) {
            return Err(SetTestError::WrongValue);
        }
        let row = self.rows.get_mut(&source).ok_or(SetTestError::NoCreation)?;
        match direction {
            Some(direction) => row.insert(destination, direction),
            None => row.remove(&destination),
        };
        Ok(())
    }

    fn text(&self, row: &BTreeMap<u32, Direction>) -> String {
        let pair = |(port, direction): (&u32, &Direction)| {
            let mode = match direction {
                Direction::Ingress => 1,
                Direction::Egress => 2,
                Direction::Both => 3,
            };
            format!("{} {mode}", self.hardware.if_index(*port))
        };
        row.iter().map(pair).collect::<Vec<_>>().join(" ")
    }
}

impl Control for PairText {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        let list = |(port, row): (&u32, &BTreeMap<u32, Direction>)| {
            let oid = join(&self.entry, &[LIST, self.hardware.if_index(*port)]);
            (oid, Value::OctetString(self.text(row).into_bytes().into()))
        };
        self.rows.iter().map(list).collect()
    }

    fn access(&self, oid: &[u32]) -> Access {
        match below(oid, &self.entry) {
            Some([LIST, ..]) => Access::Write,
            _ => Access::Unknown,
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        let Some(&[LIST, if_index]) = below(oid, &self.entry) else {
            return Err(SetTestError::NoCreation);
        };
        let source = self.hardware.port_of(if_index);
        self.set(source.ok_or(SetTestError::NoCreation)?.0, value)
    }

    fn sessions(&self) -> Vec<Session> {
        let mut sessions: BTreeMap<u32, BTreeMap<BridgePort, Direction>> = BTreeMap::new();
        for (source, row) in &self.rows {
            for (destination, direction) in row {
                sessions
                    .entry(*destination)
                    .or_default()
                    .insert(BridgePort(*source), *direction);
            }
        }
        let session = |(destination, sources)| Session {
            destination: BridgePort(destination),
            sources,
            active: true,
        };
        sessions.into_iter().map(session).collect()
    }

    fn cut(&mut self, most: usize) {
        for row in self.rows.values_mut().skip(most) {
            row.clear();
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

    fn text(text: &str) -> Value {
        Value::OctetString(text.as_bytes().to_vec().into())
    }

    #[test]
    fn pairs_are_added_and_removed_one_at_a_time() {
        let one_session = hardware(Directions::Any, None);
        let hardware = Arc::new(Hardware {
            sessions: 2,
            ..(*one_session).clone()
        });
        let entry = [1, 3, 6, 1, 4, 1, 1991, 1];
        let mut control: Box<dyn Control> = Box::new(PairText::new(Arc::clone(&hardware), &entry));
        let list = |port: u32| join(&entry, &[LIST, 48 + port]);
        let mut put = |port, value| set(&mut control, &hardware, &[(&list(port), value)]);
        assert_eq!(put(1, text("56 1")), Ok(()));
        assert_eq!(put(1, text("55 3")), Ok(()));
        assert_eq!(put(2, text("56 1 55 2")), Ok(()));
        let refused = Err(SetTestError::InconsistentValue);
        assert_eq!(put(8, text("55 1")), refused, "a destination");
        let wrong = Err(SetTestError::WrongValue);
        for value in ["56", "56 4", "99 1", "x 1", ""] {
            assert_eq!(put(1, text(value)), wrong, "{value}");
        }
        assert_eq!(put(9, text("56 1")), Err(SetTestError::NoCreation));
        assert_eq!(put(1, text("55 0")), Ok(()));
        let shown = control.objects(0);
        assert_eq!(shown.get(&list(1)), Some(&text("56 1")));
        assert_eq!(shown.get(&list(3)), Some(&text("")));
        assert_eq!(active_sources(&*control).len(), 3);
    }
}
