//! What must not be mirrored, whoever asks for it.

use crate::port::{Link, PortId, PortSet, PortTable};
use crate::profile::{Must, Profile};

use super::MirrorError;

/// The rules for the sources of one switch.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    switch: String,
    ports: PortTable,
    forbidden: PortSet,
    must_be_up: bool,
    limit: Option<usize>,
}

impl Rules {
    /// Makes the rules; the destination is never a source of itself.
    pub(super) fn new(
        switch: &str,
        profile: &Profile,
        ports: &PortTable,
        destination: PortId,
        forbidden: &PortSet,
    ) -> Self {
        let mut forbidden = forbidden.clone();
        forbidden.insert(destination);
        Rules {
            switch: switch.to_owned(),
            ports: ports.clone(),
            forbidden,
            must_be_up: profile.sources_must.contains(&Must::BeUp),
            limit: profile.limits.sources,
        }
    }

    /// Refuses a set that breaks a rule.
    pub(super) fn check(&self, wanted: &PortSet) -> Result<(), MirrorError> {
        let forbidden: PortSet = wanted
            .iter()
            .filter(|p| self.forbidden.contains(*p))
            .collect();
        if !forbidden.is_empty() {
            return Err(self.protected(&forbidden, "destination, uplink or `never`"));
        }
        let is_down = |id: &PortId| self.ports.get(*id).is_some_and(|p| p.link == Link::Down);
        let down: PortSet = wanted.iter().filter(is_down).collect();
        if self.must_be_up && !down.is_empty() {
            return Err(self.protected(&down, "the switch mirrors only ports that are up"));
        }
        match self.limit {
            Some(limit) if wanted.len() > limit => Err(MirrorError::TooMany {
                switch: self.switch.clone(),
                limit,
                wanted: wanted.len(),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// Says that ports may not be mirrored.
    pub(super) fn protected(&self, ports: &PortSet, why: &'static str) -> MirrorError {
        MirrorError::Protected {
            switch: self.switch.clone(),
            ports: port_words(&self.ports, ports),
            why,
        }
    }

    pub(super) fn ports(&self) -> &PortTable {
        &self.ports
    }
}

/// Names ports: "port 7", "ports 1-4, 7".
pub(super) fn port_words(ports: &PortTable, set: &PortSet) -> String {
    let plural = if set.len() == 1 { "" } else { "s" };
    format!("port{plural} {}", ports.describe(set))
}
