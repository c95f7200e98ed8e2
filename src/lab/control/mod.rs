//! The objects with which a switch's mirror is told what to do, one file for each family.
//!
//! Written from what the MIBs and vendors say about the *switch*: types, ranges, instances and transitions are checked
//! as strictly as their texts allow. Nothing here knows how a manager drives it.
//!
//! The bindings of one request are tried one after the other on a copy, which replaces the present state only if all
//! of them are accepted. So order counts where the texts leave it open, with one exception: a column of a row that
//! only a later binding creates is kept until then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;

use crate::port::BridgePort;

use super::family::Profile;
use super::faults::Beyond;
use super::spec::{Directions, Spec};
use super::web::{Api, Ports};

mod action;
mod add_remove;
mod candidate;
mod dlink;
mod fastpath;
pub(in crate::lab) mod modelled;
mod pair_text;
mod smon;
mod zyxel;

pub use modelled::Model;
use modelled::model::PlayedBy;

/// The arcs of an object identifier.
pub(super) type Arcs = Vec<u32>;

/// Which frames of a source port are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Those that the port receives: what the machine behind it sends.
    Ingress,
    /// Those that leave by the port.
    Egress,
    /// All.
    Both,
}

impl Direction {
    pub(super) fn ingress(self) -> bool {
        self != Direction::Egress
    }

    pub(super) fn egress(self) -> bool {
        self != Direction::Ingress
    }
}

/// A mirror session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Where the copies go.
    pub destination: BridgePort,
    /// What is copied.
    pub sources: BTreeMap<BridgePort, Direction>,
    /// Whether it is switched on.
    pub active: bool,
}

/// What the switch's hardware can do, as far as the agent checks it.
#[derive(Clone, Debug)]
pub(super) struct Hardware {
    ports: u32,
    up: BTreeSet<BridgePort>,
    if_index_offset: u32,
    sessions: u32,
    directions: Directions,
    /// The most sources of a session that a write may ask for.
    most_sources: Option<usize>,
}

impl Hardware {
    pub(super) fn new(spec: &Spec, up: BTreeSet<BridgePort>) -> Self {
        let refuse = spec.faults.source_limit;
        let refuse = refuse.filter(|limit| limit.beyond == Beyond::Refused);
        Hardware {
            ports: spec.ports,
            up,
            if_index_offset: spec.agent.if_index_offset,
            sessions: spec.mirror.sessions,
            directions: spec.mirror.directions,
            most_sources: refuse.map(|limit| limit.most),
        }
    }

    pub(super) fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        1..=self.ports
    }

    pub(super) fn is_up(&self, port: BridgePort) -> bool {
        self.up.contains(&port)
    }

    fn has(&self, number: u32) -> bool {
        (1..=self.ports).contains(&number)
    }

    fn port_of(&self, if_index: u32) -> Option<BridgePort> {
        let number = if_index.checked_sub(self.if_index_offset)?;
        self.has(number).then_some(BridgePort(number))
    }

    fn if_index(&self, port: u32) -> u32 {
        port + self.if_index_offset
    }

    fn can_copy(&self, direction: Direction) -> bool {
        match self.directions {
            Directions::Any => true,
            Directions::IngressOnly => direction == Direction::Ingress,
            Directions::BothOnly => direction == Direction::Both,
        }
    }
}

/// The mirror objects of one family, with their present values.
pub(super) trait Control: Send + Sync {
    /// Returns every instance and its value. `drops` is how many copies were lost for want of resources.
    fn objects(&self, drops: u32) -> BTreeMap<Arcs, Value>;

    /// Tells what the agent knows of an OID's object, whether or not this instance exists.
    fn access(&self, oid: &[u32]) -> Access;

    /// Writes one instance of a writable object.
    ///
    /// # Errors
    /// The error-status; the state is then not to be used any more.
    fn write(&mut self, oid: &[u32], value: &Value) -> Result<(), SetTestError>;

    /// Tells whether what was written to `oid` has found its row.
    fn is_complete(&self, _oid: &[u32]) -> bool {
        true
    }

    /// Returns the sessions, the inactive ones included.
    fn sessions(&self) -> Vec<Session>;

    /// Leaves each session no more than its first `most` sources.
    fn cut(&mut self, most: usize);

    /// Makes a copy to try writes on.
    fn copy(&self) -> Box<dyn Control>;

    /// The web interface, on a switch that is told over HTTP.
    fn web(&mut self) -> Option<&mut dyn Api> {
        None
    }

    /// What the web interface shows of the mirror's configuration.
    fn dump(&self) -> serde_json::Value {
        serde_json::Value::Null
    }
}

/// What may be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    /// There is no such object.
    Unknown,
    /// It can be read.
    Read,
    /// It can be written or created, too.
    Write,
}

/// Makes the mirror objects of a family in the state in which the switch starts.
pub(super) fn start(spec: &Spec, hardware: &Arc<Hardware>) -> Box<dyn Control> {
    let foreign = spec.mirror.foreign_session;
    let hardware = Arc::clone(hardware);
    match spec.profile {
        Profile::SmonPortcopy => Box::new(smon::Smon::new(hardware, foreign)),
        Profile::NetgearFastpath => Box::new(fastpath::Fastpath::new(
            hardware,
            fastpath::NETGEAR,
            foreign,
        )),
        Profile::DlinkDgs1210 => Box::new(dlink::Dlink::new(hardware, foreign)),
        Profile::Zyxel4x => Box::new(zyxel::Zyxel::new(hardware, foreign)),
        Profile::Described(model) => described(model, hardware),
        Profile::Web(family) => family.start(Ports { family, hardware }, foreign),
    }
}

/// Makes the mirror objects of a described switch.
fn described(model: &'static Model, hardware: Arc<Hardware>) -> Box<dyn Control> {
    let root = &model.root;
    match model.played_by {
        None => Box::new(modelled::Modelled::new(model, hardware)),
        Some(PlayedBy::Fastpath) => Box::new(fastpath::Fastpath::new(hardware, root, false)),
        Some(PlayedBy::Candidate) => Box::new(candidate::Candidate::new(hardware, root)),
        Some(PlayedBy::PairText) => Box::new(pair_text::PairText::new(hardware, root)),
        Some(PlayedBy::Action) => Box::new(action::Action::new(hardware, root)),
        Some(PlayedBy::AddRemove) => Box::new(add_remove::AddRemove::new(hardware, root)),
    }
}

/// Writes one instance and checks that the hardware can do what then is configured.
///
/// # Errors
/// The error-status.
pub(super) fn write(
    control: &mut dyn Control,
    hardware: &Hardware,
    oid: &[u32],
    value: &Value,
) -> Result<(), SetTestError> {
    if control.access(oid) != Access::Write {
        return Err(SetTestError::NotWritable);
    }
    control.write(oid, value)?;
    if fits(control, hardware) {
        Ok(())
    } else {
        Err(SetTestError::ResourceUnavailable)
    }
}

/// Tells whether the hardware can do what is configured.
pub(super) fn fits(control: &dyn Control, hardware: &Hardware) -> bool {
    let sessions = control.sessions();
    let active = sessions.iter().filter(|session| session.active).count();
    let sources = sessions.iter().map(|session| session.sources.len()).max();
    let too_many_sources = hardware
        .most_sources
        .is_some_and(|most| sources.unwrap_or(0) > most);
    let sessions_left = usize::try_from(hardware.sessions).unwrap_or(usize::MAX);
    active <= sessions_left && !too_many_sources
}

/// The source and the destination of a session that somebody else has left on the switch.
pub(super) const FOREIGN: (u32, u32) = (1, 2);

fn integer(value: &Value) -> Result<i32, SetTestError> {
    if let Value::Integer(number) = value {
        Ok(*number)
    } else {
        Err(SetTestError::WrongType)
    }
}

fn unsigned(value: &Value) -> Result<u32, SetTestError> {
    if let Value::Gauge32(number) = value {
        Ok(*number)
    } else {
        Err(SetTestError::WrongType)
    }
}

fn octets(value: &Value) -> Result<&[u8], SetTestError> {
    if let Value::OctetString(octets) = value {
        Ok(octets)
    } else {
        Err(SetTestError::WrongType)
    }
}

/// Returns the arcs of `oid` below `base`, if it is below it.
fn below<'a>(oid: &'a [u32], base: &[u32]) -> Option<&'a [u32]> {
    oid.strip_prefix(base)
}

fn join(base: &[u32], rest: &[u32]) -> Arcs {
    [base, rest].concat()
}

/// Reads a PortList (RFC 4363): the first octet holds ports 1 to 8, its most significant bit port 1.
fn ports_of_mask(mask: &[u8]) -> BTreeSet<u32> {
    let bits = mask
        .iter()
        .flat_map(|octet| (0..8).map(move |bit| octet & (0x80 >> bit) != 0));
    (1..)
        .zip(bits)
        .filter_map(|(port, set)| set.then_some(port))
        .collect()
}

/// Writes a PortList that has room for `ports` ports.
pub(super) fn mask_of_ports(set: impl IntoIterator<Item = u32>, ports: u32) -> Value {
    let length = usize::try_from(ports.div_ceil(8)).unwrap_or(0);
    let mut mask = vec![0u8; length];
    for port in set {
        let place = usize::try_from((port - 1) / 8).unwrap_or(usize::MAX);
        if let Some(octet) = mask.get_mut(place) {
            *octet |= 0x80 >> ((port - 1) % 8);
        }
    }
    Value::OctetString(mask.into())
}

/// A switch's on/off object whose values are 1 and 2.
fn switched(value: &Value) -> Result<bool, SetTestError> {
    match integer(value)? {
        1 => Ok(true),
        2 => Ok(false),
        _ => Err(SetTestError::WrongValue),
    }
}

fn on_off(on: bool) -> Value {
    Value::Integer(if on { 1 } else { 2 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_significant_bit_is_the_lowest_port() {
        let ports = ports_of_mask(&[0x80, 0x01]);
        assert_eq!(ports, BTreeSet::from([1, 16]));
        let mask = mask_of_ports([1, 16], 24);
        assert_eq!(mask, Value::OctetString(vec![0x80, 0x01, 0].into()));
    }
}

/// What the tests of the families share: a small switch, and writes as a manager sends them.
#[cfg(test)]
mod testing {
    use super::*;

    pub(super) fn hardware(directions: Directions, most_sources: Option<usize>) -> Arc<Hardware> {
        Arc::new(Hardware {
            ports: 8,
            up: (1..=7).map(BridgePort).collect(),
            if_index_offset: 48,
            sessions: 1,
            directions,
            most_sources,
        })
    }

    /// Sends one request: all bindings or none.
    pub(super) fn set(
        control: &mut Box<dyn Control>,
        hardware: &Hardware,
        bindings: &[(&[u32], Value)],
    ) -> Result<(), SetTestError> {
        let mut draft = control.copy();
        for (oid, value) in bindings {
            write(&mut *draft, hardware, oid, value)?;
        }
        *control = draft;
        Ok(())
    }

    pub(super) fn active_sources(control: &dyn Control) -> Vec<(u32, Direction)> {
        let sessions = control.sessions();
        let active = sessions.iter().filter(|session| session.active);
        active
            .flat_map(|session| &session.sources)
            .map(|(port, direction)| (port.0, *direction))
            .collect()
    }
}
