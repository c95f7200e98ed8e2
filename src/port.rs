//! The ports of a switch and their several numbers, which must not be mixed.
//!
//! A switch numbers its ports in up to four ways: `ifIndex`, bridge port, the label on the front panel and
//! the LLDP local number. [`PortTable`] knows them all; everything else speaks of a port by [`PortId`].

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A port of one switch, as halfspan itself counts: its place in that switch's [`PortTable`], from 1.
///
/// Never shown to people and never sent to a switch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortId(pub u16);

/// The label on the front panel, e.g. `1/0/17`. The only port name people see.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PanelPort(pub String);

impl fmt::Display for PanelPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `ifIndex` of the IF-MIB (RFC 2863). Not [`BridgePort`]: on many switches they differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IfIndex(pub u32);

/// `dot1dBasePort` of the BRIDGE-MIB (RFC 4188): what the forwarding table answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct BridgePort(pub u32);

/// Whether frames can pass a port (`ifOperStatus`, RFC 2863).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Link {
    /// `up(1)`
    Up,
    /// `down(2)`, `notPresent(6)`, `lowerLayerDown(7)` or administratively down
    Down,
    /// The switch did not say.
    Unknown,
}

/// One physical port of a switch with all its names and numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchPort {
    /// Its place in the table.
    pub id: PortId,
    /// What is printed on the front panel.
    pub label: PanelPort,
    /// `ifName`, e.g. `gi1/0/17`; empty where the switch does not tell.
    pub if_name: String,
    /// `ifAlias`: the description that the admin gave the port.
    pub alias: String,
    /// `ifIndex`, if the switch is asked over SNMP.
    pub if_index: Option<IfIndex>,
    /// `dot1dBasePort`, if the port belongs to the bridge.
    pub bridge_port: Option<BridgePort>,
    /// Whether frames can pass.
    pub link: Link,
}

/// The physical ports of one switch, in panel order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortTable(Vec<SwitchPort>);

impl PortTable {
    /// Makes a table of `ports` and numbers them in the order given.
    ///
    /// # Panics
    /// If there are more than 65,535 ports.
    #[must_use]
    pub fn new(mut ports: Vec<SwitchPort>) -> Self {
        for (place, port) in ports.iter_mut().enumerate() {
            port.id = PortId(u16::try_from(place + 1).expect("a switch has at most 65,535 ports"));
        }
        PortTable(ports)
    }

    /// The ports, in panel order.
    pub fn iter(&self) -> impl Iterator<Item = &SwitchPort> {
        self.0.iter()
    }

    /// Returns how many ports there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether the switch has shown no port at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the port with this id.
    #[must_use]
    pub fn get(&self, id: PortId) -> Option<&SwitchPort> {
        self.0.get(usize::from(id.0).checked_sub(1)?)
    }

    /// Returns the port with this `ifIndex`.
    #[must_use]
    pub fn by_if_index(&self, index: IfIndex) -> Option<&SwitchPort> {
        self.0.iter().find(|port| port.if_index == Some(index))
    }

    /// Returns the port with this `dot1dBasePort`.
    #[must_use]
    pub fn by_bridge_port(&self, number: BridgePort) -> Option<&SwitchPort> {
        self.0.iter().find(|port| port.bridge_port == Some(number))
    }

    /// Returns the port that a person means by `name`: a panel label, an `ifName`, or `if:N` with an `ifIndex`.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<&SwitchPort> {
        if let Some(index) = name.strip_prefix("if:") {
            return self.by_if_index(IfIndex(index.parse().ok()?));
        }
        let labelled = self.0.iter().find(|port| port.label.0 == name);
        labelled.or_else(|| {
            self.0
                .iter()
                .find(|port| port.if_name.eq_ignore_ascii_case(name))
        })
    }

    /// Returns the label of a port, or `?` for one that is not in the table.
    #[must_use]
    pub fn label(&self, id: PortId) -> &str {
        self.get(id).map_or("?", |port| &port.label.0)
    }

    /// Writes a set of ports as people would: `1-4, 7, 1/0/9`.
    #[must_use]
    pub fn describe(&self, set: &PortSet) -> String {
        let ids: Vec<PortId> = set.iter().collect();
        let mut parts = Vec::new();
        for run in ids.chunk_by(|a, b| a.0 + 1 == b.0) {
            match run {
                [first, _, .., last] => {
                    parts.push(format!("{}-{}", self.label(*first), self.label(*last)));
                }
                few => parts.extend(few.iter().map(|id| self.label(*id).to_owned())),
            }
        }
        if parts.is_empty() {
            "none".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

/// A set of ports of one switch.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PortSet(BTreeSet<PortId>);

impl PortSet {
    /// The set with nothing in it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells whether `port` is in the set.
    #[must_use]
    pub fn contains(&self, port: PortId) -> bool {
        self.0.contains(&port)
    }

    /// Adds a port; returns whether it was new.
    pub fn insert(&mut self, port: PortId) -> bool {
        self.0.insert(port)
    }

    /// Takes a port out; returns whether it was there.
    pub fn remove(&mut self, port: PortId) -> bool {
        self.0.remove(&port)
    }

    /// The ports in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = PortId> {
        self.0.iter().copied()
    }

    /// Returns how many ports are in the set.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The ports that are in this set and not in `other`.
    #[must_use]
    pub fn without(&self, other: &PortSet) -> PortSet {
        self.0.difference(&other.0).copied().collect()
    }

    /// Returns in how many ports the two sets differ: the rows that a driver has to write to change one into the other.
    #[must_use]
    pub fn distance(&self, other: &PortSet) -> usize {
        self.0.symmetric_difference(&other.0).count()
    }
}

impl FromIterator<PortId> for PortSet {
    fn from_iter<I: IntoIterator<Item = PortId>>(ports: I) -> Self {
        PortSet(ports.into_iter().collect())
    }
}

impl Extend<PortId> for PortSet {
    fn extend<I: IntoIterator<Item = PortId>>(&mut self, ports: I) {
        self.0.extend(ports);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(labels: &[&str]) -> PortTable {
        let port = |(i, label): (usize, &&str)| SwitchPort {
            id: PortId(0),
            label: PanelPort((*label).to_owned()),
            if_name: format!("gi{label}"),
            alias: String::new(),
            if_index: Some(IfIndex(49 + u32::try_from(i).unwrap())),
            bridge_port: Some(BridgePort(1 + u32::try_from(i).unwrap())),
            link: Link::Up,
        };
        PortTable::new(labels.iter().enumerate().map(port).collect())
    }

    #[test]
    fn a_port_is_found_by_any_of_its_names() {
        let ports = table(&["1", "2", "3"]);
        for name in ["2", "GI2", "if:50"] {
            assert_eq!(ports.by_name(name).map(|p| p.id), Some(PortId(2)), "{name}");
        }
        assert_eq!(ports.by_name("if:2"), None);
        assert_eq!(ports.by_name("if:x"), None);
        assert_eq!(
            ports.by_bridge_port(BridgePort(3)).map(|p| p.id),
            Some(PortId(3))
        );
    }

    #[test]
    fn sets_are_described_by_label_and_in_runs() {
        let ports = table(&["1/0/1", "1/0/2", "1/0/3", "1/0/4", "1/0/5"]);
        let set = |ids: &[u16]| ids.iter().copied().map(PortId).collect::<PortSet>();
        assert_eq!(ports.describe(&set(&[1, 2, 3, 5])), "1/0/1-1/0/3, 1/0/5");
        assert_eq!(ports.describe(&set(&[1, 2])), "1/0/1, 1/0/2");
        assert_eq!(ports.describe(&PortSet::new()), "none");
    }

    #[test]
    fn the_distance_counts_the_rows_to_write() {
        let a: PortSet = [1, 2, 3].map(PortId).into_iter().collect();
        let b: PortSet = [3, 4].map(PortId).into_iter().collect();
        assert_eq!(a.distance(&b), 3);
        assert_eq!(a.without(&b), [1, 2].map(PortId).into_iter().collect());
    }
}
