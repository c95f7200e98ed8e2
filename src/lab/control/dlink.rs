//! `dlink-dgs1210`: the companyMirror scalars of the DGS-1210 MIB: state, target port, and a bit mask for each
//! direction.
//!
//! The target may be among the sources while mirroring is disabled; enabled, it may not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use super::{
    Access, Arcs, Control, Direction, FOREIGN, Hardware, Session, below, integer, join,
    mask_of_ports, octets, on_off, ports_of_mask, switched,
};
use crate::lab::spec::Directions;
use crate::port::BridgePort;

const BASE: &[u32] = &[1, 3, 6, 1, 4, 1, 171, 10, 76, 20, 1, 18];
const STATUS: u32 = 1;
const TARGET: u32 = 2;
const INGRESS: u32 = 3;
const EGRESS: u32 = 4;
/// sysSave: writing it would make the running configuration permanent.
const SAVE: &[u32] = &[1, 3, 6, 1, 4, 1, 171, 10, 76, 20, 1, 1, 10, 0];
/// The longest PortList that is taken at all.
const LONGEST_MASK: usize = 64;

/// The scalars.
#[derive(Clone)]
pub(super) struct Dlink {
    hardware: Arc<Hardware>,
    enabled: bool,
    target: u32,
    ingress: BTreeSet<u32>,
    egress: BTreeSet<u32>,
}

impl Dlink {
    pub(super) fn new(hardware: Arc<Hardware>, foreign: bool) -> Self {
        let (source, destination) = FOREIGN;
        let sources: BTreeSet<u32> = foreign.then_some(source).into_iter().collect();
        Dlink {
            hardware,
            enabled: foreign,
            target: if foreign { destination } else { 1 },
            ingress: sources.clone(),
            egress: sources,
        }
    }

    fn set_target(&mut self, value: &Value) -> Result<(), SetTestError> {
        let number = u32::try_from(integer(value)?).ok();
        let number = number.filter(|number| self.hardware.has(*number));
        self.target = number.ok_or(SetTestError::WrongValue)?;
        Ok(())
    }

    fn mask(&self, value: &Value) -> Result<BTreeSet<u32>, SetTestError> {
        let mask = octets(value)?;
        if mask.len() > LONGEST_MASK {
            return Err(SetTestError::WrongLength);
        }
        let ports = ports_of_mask(mask);
        if ports.iter().all(|port| self.hardware.has(*port)) {
            Ok(ports)
        } else {
            Err(SetTestError::WrongValue)
        }
    }

    fn set_egress(&mut self, value: &Value) -> Result<(), SetTestError> {
        let ports = self.mask(value)?;
        if !ports.is_empty() && self.hardware.directions == Directions::IngressOnly {
            return Err(SetTestError::WrongValue);
        }
        self.egress = ports;
        Ok(())
    }

    fn direction(&self, port: u32) -> Direction {
        let both = self.hardware.directions == Directions::BothOnly;
        match (self.ingress.contains(&port), self.egress.contains(&port)) {
            (true, true) => Direction::Both,
            _ if both => Direction::Both,
            (true, false) => Direction::Ingress,
            (false, _) => Direction::Egress,
        }
    }
}

fn scalar(object: u32) -> Arcs {
    join(BASE, &[object, 0])
}

impl Control for Dlink {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        let target = i32::try_from(self.target).unwrap_or(i32::MAX);
        let mask =
            |ports: &BTreeSet<u32>| mask_of_ports(ports.iter().copied(), self.hardware.ports);
        BTreeMap::from([
            (scalar(STATUS), on_off(self.enabled)),
            (scalar(TARGET), Value::Integer(target)),
            (scalar(INGRESS), mask(&self.ingress)),
            (scalar(EGRESS), mask(&self.egress)),
            (SAVE.to_vec(), on_off(false)),
        ])
    }

    fn access(&self, oid: &[u32]) -> Access {
        let object = below(oid, BASE).and_then(|rest| rest.first());
        let known = matches!(object, Some(STATUS..=EGRESS)) || oid.starts_with(&SAVE[..13]);
        if known {
            Access::Write
        } else {
            Access::Unknown
        }
    }

    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError> {
        if oid == SAVE {
            return switched(value).map(|_| ());
        }
        match below(oid, BASE) {
            Some([STATUS, 0]) => self.enabled = switched(value)?,
            Some([TARGET, 0]) => self.set_target(value)?,
            Some([INGRESS, 0]) => self.ingress = self.mask(value)?,
            Some([EGRESS, 0]) => self.set_egress(value)?,
            _ => return Err(SetTestError::NoCreation),
        }
        let target = self.target;
        if self.enabled && (self.ingress.contains(&target) || self.egress.contains(&target)) {
            return Err(SetTestError::InconsistentValue);
        }
        Ok(())
    }

    fn sessions(&self) -> Vec<Session> {
        let sources = self.ingress.union(&self.egress);
        let sources = sources.map(|port| (BridgePort(*port), self.direction(*port)));
        vec![Session {
            destination: BridgePort(self.target),
            sources: sources.collect(),
            active: self.enabled,
        }]
    }

    fn cut(&mut self, most: usize) {
        let all = self.ingress.union(&self.egress).copied();
        let kept: BTreeSet<u32> = all.take(most).collect();
        self.ingress.retain(|port| kept.contains(port));
        self.egress.retain(|port| kept.contains(port));
    }

    fn copy(&self) -> Box<dyn Control> {
        Box::new(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{active_sources, hardware, set};
    use super::*;

    fn scalars(directions: Directions) -> (Arc<Hardware>, Box<dyn Control>) {
        let hardware = hardware(directions, None);
        let control: Box<dyn Control> = Box::new(Dlink::new(Arc::clone(&hardware), false));
        (hardware, control)
    }

    fn mask(octet: u8) -> Value {
        Value::OctetString(vec![octet].into())
    }

    #[test]
    fn the_two_masks_are_the_two_directions() {
        let (hardware, mut control) = scalars(Directions::Any);
        let (target, ingress, egress) = (scalar(TARGET), scalar(INGRESS), scalar(EGRESS));
        let status = scalar(STATUS);
        let request = [
            (&target[..], Value::Integer(8)),
            (&ingress, mask(0b1100_0000)),
            (&egress, mask(0b0110_0000)),
            (&status, Value::Integer(1)),
        ];
        assert_eq!(set(&mut control, &hardware, &request), Ok(()));
        let expected = [
            (1, Direction::Ingress),
            (2, Direction::Both),
            (3, Direction::Egress),
        ];
        assert_eq!(active_sources(&*control), expected);
    }

    #[test]
    fn enabled_the_target_cannot_be_a_source() {
        let (hardware, mut control) = scalars(Directions::Any);
        let mut put = |object, value| set(&mut control, &hardware, &[(&scalar(object), value)]);
        let refused = Err(SetTestError::InconsistentValue);
        assert_eq!(put(INGRESS, mask(0b1000_0000)), Ok(()), "disabled");
        assert_eq!(put(STATUS, Value::Integer(1)), refused);
        assert_eq!(put(TARGET, Value::Integer(8)), Ok(()));
        assert_eq!(put(STATUS, Value::Integer(1)), Ok(()));
        assert_eq!(put(EGRESS, mask(0b0000_0001)), refused);
    }

    #[test]
    fn types_and_ranges_are_checked() {
        let (hardware, mut control) = scalars(Directions::IngressOnly);
        let mut put = |object, value| set(&mut control, &hardware, &[(&scalar(object), value)]);
        assert_eq!(put(TARGET, Value::Gauge32(8)), Err(SetTestError::WrongType));
        for number in [-1, 0, 9] {
            let refused = put(TARGET, Value::Integer(number));
            assert_eq!(refused, Err(SetTestError::WrongValue));
        }
        let too_many_bits = Value::OctetString(vec![0, 0x80].into());
        assert_eq!(put(INGRESS, too_many_bits), Err(SetTestError::WrongValue));
        let too_long = Value::OctetString(vec![0; 65].into());
        assert_eq!(put(INGRESS, too_long), Err(SetTestError::WrongLength));
        assert_eq!(put(EGRESS, mask(0x80)), Err(SetTestError::WrongValue));
        assert_eq!(
            put(STATUS, Value::Integer(3)),
            Err(SetTestError::WrongValue)
        );
        assert_eq!(put(5, Value::Integer(1)), Err(SetTestError::NotWritable));
        let instance = join(BASE, &[STATUS, 1]);
        let refused = set(&mut control, &hardware, &[(&instance, Value::Integer(1))]);
        assert_eq!(refused, Err(SetTestError::NoCreation));
    }
}
