//! `zyxel-4x`: ZYXEL-MIRROR-MIB, two scalars and a row for each dot1dBasePort that is always there.
//!
//! The monitor port may be among the sources while mirroring is disabled; enabled, it may not.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{
    Access, Arcs, Control, Direction, FOREIGN, Hardware, Session, below, integer, join, on_off,
    switched,
};
use crate::lab::spec::Directions;
use crate::port::BridgePort;

const STATE: &[u32] = &[1, 3, 6, 1, 4, 1, 890, 1, 15, 3, 65, 1, 1];
const MONITOR_PORT: &[u32] = &[1, 3, 6, 1, 4, 1, 890, 1, 15, 3, 65, 1, 2];
const ENTRY: &[u32] = &[1, 3, 6, 1, 4, 1, 890, 1, 15, 3, 65, 1, 3, 1];
const MIRRORED_STATE: u32 = 1;
const DIRECTION: u32 = 2;

#[derive(Clone)]
struct Row {
    mirrored: bool,
    direction: Direction,
}

/// The scalars and the table.
#[derive(Clone)]
pub(super) struct Zyxel {
    hardware: Arc<Hardware>,
    enabled: bool,
    monitor: u32,
    rows: BTreeMap<u32, Row>,
}

impl Zyxel {
    pub(super) fn new(hardware: Arc<Hardware>, foreign: bool) -> Self {
        let direction = match hardware.directions {
            Directions::Any | Directions::IngressOnly => Direction::Ingress,
            Directions::BothOnly => Direction::Both,
        };
        let (source, destination) = FOREIGN;
        let row = |port| Row {
            mirrored: foreign && port == source,
            direction,
        };
        Zyxel {
            enabled: foreign,
            monitor: if foreign { destination } else { 1 },
            rows: hardware.numbers().map(|port| (port, row(port))).collect(),
            hardware,
        }
    }

    fn set_monitor(&mut self, value: &Value) -> Result<(), SetTestError> {
        let number = u32::try_from(integer(value)?).ok();
        let number = number.filter(|number| self.hardware.has(*number));
        self.monitor = number.ok_or(SetTestError::WrongValue)?;
        Ok(())
    }

    fn set_direction(&mut self, port: u32, value: &Value) -> Result<(), SetTestError> {
        let direction = match integer(value)? {
            0 => Direction::Ingress,
            1 => Direction::Egress,
            2 => Direction::Both,
            _ => return Err(SetTestError::WrongValue),
        };
        if !self.hardware.can_copy(direction) {
            return Err(SetTestError::WrongValue);
        }
        self.row(port)?.direction = direction;
        Ok(())
    }

    fn row(&mut self, port: u32) -> Result<&mut Row, SetTestError> {
        self.rows.get_mut(&port).ok_or(SetTestError::NoCreation)
    }
}

impl Control for Zyxel {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        let monitor = i32::try_from(self.monitor).unwrap_or(i32::MAX);
        let mut objects = BTreeMap::from([
            (join(STATE, &[0]), on_off(self.enabled)),
            (join(MONITOR_PORT, &[0]), Value::Integer(monitor)),
        ]);
        for (&port, row) in &self.rows {
            let code = match row.direction {
                Direction::Ingress => 0,
                Direction::Egress => 1,
                Direction::Both => 2,
            };
            let state = join(ENTRY, &[MIRRORED_STATE, port]);
            objects.insert(state, on_off(row.mirrored));
            objects.insert(join(ENTRY, &[DIRECTION, port]), Value::Integer(code));
        }
        objects
    }

    fn access(&self, oid: &[u32]) -> Access {
        let column = below(oid, ENTRY).and_then(|rest| rest.first());
        let known = matches!(column, Some(&(MIRRORED_STATE | DIRECTION)))
            || oid.starts_with(STATE)
            || oid.starts_with(MONITOR_PORT);
        if known {
            Access::Write
        } else {
            Access::Unknown
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        match below(oid, ENTRY) {
            Some(&[MIRRORED_STATE, port]) => self.row(port)?.mirrored = switched(value)?,
            Some(&[DIRECTION, port]) => self.set_direction(port, value)?,
            _ if below(oid, STATE) == Some(&[0]) => self.enabled = switched(value)?,
            _ if below(oid, MONITOR_PORT) == Some(&[0]) => self.set_monitor(value)?,
            _ => return Err(SetTestError::NoCreation),
        }
        let monitor = self.rows.get(&self.monitor);
        if self.enabled && monitor.is_some_and(|row| row.mirrored) {
            return Err(SetTestError::InconsistentValue);
        }
        Ok(())
    }

    fn sessions(&self) -> Vec<Session> {
        let mirrored = self.rows.iter().filter(|(_, row)| row.mirrored);
        vec![Session {
            destination: BridgePort(self.monitor),
            sources: mirrored
                .map(|(port, row)| (BridgePort(*port), row.direction))
                .collect(),
            active: self.enabled,
        }]
    }

    fn cut(&mut self, most: usize) {
        let mirrored = self.rows.values_mut().filter(|row| row.mirrored);
        for row in mirrored.skip(most) {
            row.mirrored = false;
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

    fn row(column: u32, port: u32) -> Arcs {
        join(ENTRY, &[column, port])
    }

    fn switch(directions: Directions) -> (Arc<Hardware>, Box<dyn Control>) {
        let hardware = hardware(directions, None);
        let control: Box<dyn Control> = Box::new(Zyxel::new(Arc::clone(&hardware), false));
        (hardware, control)
    }

    #[test]
    fn ports_are_mirrored_one_by_one() {
        let (hardware, mut control) = switch(Directions::Any);
        let (state, monitor) = (join(STATE, &[0]), join(MONITOR_PORT, &[0]));
        let (two, three) = (row(MIRRORED_STATE, 2), row(MIRRORED_STATE, 3));
        let both = row(DIRECTION, 3);
        let request = [
            (&monitor[..], Value::Integer(8)),
            (&two, Value::Integer(1)),
            (&three, Value::Integer(1)),
            (&both, Value::Integer(2)),
            (&state, Value::Integer(1)),
        ];
        assert_eq!(set(&mut control, &hardware, &request), Ok(()));
        let expected = [(2, Direction::Ingress), (3, Direction::Both)];
        assert_eq!(active_sources(&*control), expected);
        control.cut(1);
        assert_eq!(active_sources(&*control), [(2, Direction::Ingress)]);
    }

    #[test]
    fn enabled_the_monitor_port_cannot_be_a_source() {
        let (hardware, mut control) = switch(Directions::Any);
        let mut put = |oid: &[u32], value| {
            let value = Value::Integer(value);
            set(&mut control, &hardware, &[(oid, value)])
        };
        let (state, monitor) = (join(STATE, &[0]), join(MONITOR_PORT, &[0]));
        let refused = Err(SetTestError::InconsistentValue);
        assert_eq!(put(&row(MIRRORED_STATE, 1), 1), Ok(()), "disabled");
        assert_eq!(put(&state, 1), refused);
        assert_eq!(put(&monitor, 8), Ok(()));
        assert_eq!(put(&state, 1), Ok(()));
        assert_eq!(put(&row(MIRRORED_STATE, 8), 1), refused);
    }

    #[test]
    fn types_ranges_and_instances_are_checked() {
        let (hardware, mut control) = switch(Directions::IngressOnly);
        let mut put = |oid: &[u32], value| set(&mut control, &hardware, &[(oid, value)]);
        let monitor = join(MONITOR_PORT, &[0]);
        let wrong_value = Err(SetTestError::WrongValue);
        assert_eq!(put(&monitor, Value::Integer(0)), wrong_value);
        let gauge = put(&monitor, Value::Gauge32(8));
        assert_eq!(gauge, Err(SetTestError::WrongType));
        assert_eq!(put(&row(DIRECTION, 2), Value::Integer(2)), wrong_value);
        let no_port = put(&row(DIRECTION, 9), Value::Integer(0));
        assert_eq!(no_port, Err(SetTestError::NoCreation));
        assert_eq!(put(&row(MIRRORED_STATE, 2), Value::Integer(0)), wrong_value);
    }
}
