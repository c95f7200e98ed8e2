//! Which switch family the lab plays.

use std::sync::OnceLock;

use super::control::Model;
use super::spec::MAX_PORTS;
use super::web::Family;

/// The family of mirror objects that the switch's agent has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// RFC 2613 portCopyTable: a row for each pair of source and destination.
    SmonPortcopy,
    /// NETGEAR-SWITCHING-MIB agentPortMirrorTable: a bit mask in a session's row.
    NetgearFastpath,
    /// D-Link DGS-1210 companyMirror: two bit masks in scalars.
    DlinkDgs1210,
    /// ZYXEL-MIRROR-MIB: a state for each port.
    Zyxel4x,
    /// A switch that is told by a description.
    Described(&'static Model),
    /// A switch that is told over HTTP.
    Web(Family),
}

impl Profile {
    /// The families with an agent of their own.
    pub const ALL: [Profile; 4] = [
        Profile::SmonPortcopy,
        Profile::NetgearFastpath,
        Profile::DlinkDgs1210,
        Profile::Zyxel4x,
    ];

    /// Every family that the lab plays, by name.
    #[must_use]
    pub fn every() -> Vec<Profile> {
        let mut every: Vec<Profile> = Profile::ALL.to_vec();
        every.extend(described().iter().map(Profile::Described));
        every.extend(Family::ALL.map(Profile::Web));
        every.sort_by_key(|profile| profile.name());
        every
    }

    /// Returns the name of the profile that drives such a switch.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Profile::SmonPortcopy => "smon-portcopy",
            Profile::NetgearFastpath => "netgear-fastpath",
            Profile::DlinkDgs1210 => "dlink-dgs1210",
            Profile::Zyxel4x => "zyxel-4x",
            Profile::Described(model) => &model.name,
            Profile::Web(family) => family.name(),
        }
    }

    /// Returns the family with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Profile> {
        let own = Profile::ALL.into_iter();
        own.chain(described().iter().map(Profile::Described))
            .chain(Family::ALL.map(Profile::Web))
            .find(|profile| profile.name() == name)
    }

    /// Returns the most ports that such a switch can have.
    #[must_use]
    pub fn most_ports(self) -> u32 {
        let Profile::Described(model) = self else {
            return MAX_PORTS;
        };
        model.most_ports.unwrap_or(MAX_PORTS)
    }

    /// Returns what is printed beside a port.
    #[must_use]
    pub fn port_label(self, port: u32) -> String {
        match self {
            Profile::Web(family) => family.port_label(port),
            Profile::SmonPortcopy
            | Profile::NetgearFastpath
            | Profile::DlinkDgs1210
            | Profile::Zyxel4x
            | Profile::Described(_) => port.to_string(),
        }
    }

    /// The `ifName` of a port.
    pub(super) fn port_name(self, port: u32) -> String {
        match self {
            Profile::Web(family) => family.if_name(port),
            Profile::SmonPortcopy
            | Profile::NetgearFastpath
            | Profile::DlinkDgs1210
            | Profile::Zyxel4x
            | Profile::Described(_) => format!("port{port}"),
        }
    }

    /// Reads the description of a switch that is not built in; it lives as long as the program.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn from_description(name: &str, text: &str) -> Result<Profile, String> {
        let model = Model::parse(name, text)?;
        Ok(Profile::Described(Box::leak(Box::new(model))))
    }
}

/// The built-in descriptions.
fn described() -> &'static [Model] {
    static MODELS: OnceLock<Vec<Model>> = OnceLock::new();
    MODELS.get_or_init(|| {
        let read = |(name, text): &(&str, &str)| {
            Model::parse(name, text).unwrap_or_else(|error| panic!("{name}: {error}"))
        };
        super::models::ALL.iter().map(read).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_is_found_by_its_name() {
        let every = Profile::every();
        assert!(every.len() > 60 && every.is_sorted_by_key(|profile| profile.name()));
        for profile in every {
            assert_eq!(Profile::by_name(profile.name()), Some(profile));
        }
        assert_eq!(Profile::by_name("cisco"), None);
    }
}
