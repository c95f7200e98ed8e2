//! Which ports the suspect may be on. Pure.

use std::time::Duration;

use crate::config::{BadPortList, PortList, Switch};
use crate::error::{Diagnosis, Exit};
use crate::mirror::MirrorLimits;
use crate::port::{Link, PortId, PortSet, PortTable};

/// What the configuration and the command line say about a switch's ports, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortWishes {
    /// The port that the copies go to.
    pub destination: String,
    /// The only ports to consider; `None` for all that qualify.
    pub candidates: Option<PortList>,
    /// Ports to other switches; `None` if they are to be found out.
    pub uplinks: Option<PortList>,
    /// Ports that must never be mirrored.
    pub never: PortList,
}

impl PortWishes {
    /// Returns what the configuration says of a switch.
    pub(super) fn of(switch: &Switch) -> PortWishes {
        PortWishes {
            destination: switch.destination.clone(),
            candidates: switch.candidates.clone(),
            uplinks: switch.uplinks.clone(),
            never: switch.never.clone(),
        }
    }
}

/// The ports of a switch, sorted by what may be done with them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles {
    /// The port that the copies go to.
    pub destination: PortId,
    /// The ports that the suspect may be on.
    pub candidates: PortSet,
    /// Ports to other switches or routers.
    pub uplinks: PortSet,
    /// Everything that must not be mirrored: destination, uplinks and `never`.
    pub forbidden: PortSet,
    /// Candidates that were left out because their link is down.
    pub down: PortSet,
}

/// Why the ports do not add up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RolesError {
    /// A name in the configuration or on the command line that no port has, or a list that makes no sense.
    #[error("`{key}` of switch `{switch}` cannot be used")]
    BadName {
        /// The switch.
        switch: String,
        /// Where it was given.
        key: &'static str,
        /// What is wrong with it.
        source: BadPortList,
        /// The labels there are.
        have: String,
    },
    /// A port that must not be mirrored is asked for.
    #[error("port {port} of switch `{switch}` cannot be a candidate: it is {reason}")]
    Forbidden {
        /// The switch.
        switch: String,
        /// The port's label.
        port: String,
        /// Why not.
        reason: &'static str,
    },
    /// Nothing is left.
    #[error("switch `{switch}` has no port left on which the suspect could be")]
    NoCandidates {
        /// The switch.
        switch: String,
        /// Labels of the ports that are down.
        down: String,
    },
}

impl Diagnosis for RolesError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            RolesError::BadName { have, .. } => {
                format!("its ports are {have}; an ifIndex is written if:24")
            }
            RolesError::Forbidden { .. } => "take it out of `candidates`".to_owned(),
            RolesError::NoCandidates { down, .. } => {
                format!("check `candidates`, `uplinks` and `never`; without link are: {down}")
            }
        })
    }

    fn exit(&self) -> Exit {
        match self {
            RolesError::BadName { .. } | RolesError::NoCandidates { .. } => Exit::Usage,
            RolesError::Forbidden { .. } => Exit::Refused,
        }
    }
}

/// Sorts the ports of `switch`. `found_uplinks` are those that the switch's neighbour table names.
///
/// # Errors
/// [`RolesError`]
pub fn roles(
    switch: &str,
    ports: &PortTable,
    wishes: &PortWishes,
    found_uplinks: &PortSet,
) -> Result<Roles, RolesError> {
    let bad = |key, source| RolesError::BadName {
        switch: switch.to_owned(),
        key,
        source,
        have: ports.describe(&ports.iter().map(|port| port.id).collect()),
    };
    let find_all = |list: &PortList, key| list.resolve(ports).map_err(|source| bad(key, source));

    let destination = ports
        .by_name(&wishes.destination)
        .ok_or_else(|| {
            bad(
                "destination",
                BadPortList::Unknown(wishes.destination.clone()),
            )
        })?
        .id;
    let never = find_all(&wishes.never, "never")?;
    let mut uplinks = match &wishes.uplinks {
        Some(list) => find_all(list, "uplinks")?,
        None => found_uplinks.clone(),
    };
    uplinks.remove(destination);

    let why_not = |port: PortId| {
        if port == destination {
            Some("the destination of the mirror")
        } else if never.contains(port) {
            Some("listed under `never`")
        } else if uplinks.contains(port) {
            Some("an uplink")
        } else {
            None
        }
    };
    let wanted = match &wishes.candidates {
        None => ports
            .iter()
            .map(|port| port.id)
            .filter(|id| why_not(*id).is_none())
            .collect(),
        Some(list) => {
            let asked = find_all(list, "candidates")?;
            if let Some((port, reason)) = asked.iter().find_map(|id| Some((id, why_not(id)?))) {
                let port = ports.label(port).to_owned();
                return Err(RolesError::Forbidden {
                    switch: switch.to_owned(),
                    port,
                    reason,
                });
            }
            asked
        }
    };
    let down: PortSet = wanted
        .iter()
        .filter(|id| ports.get(*id).is_some_and(|port| port.link == Link::Down))
        .collect();
    let candidates = wanted.without(&down);
    if candidates.is_empty() {
        return Err(RolesError::NoCandidates {
            switch: switch.to_owned(),
            down: ports.describe(&down),
        });
    }
    let forbidden = uplinks
        .iter()
        .chain(never.iter())
        .chain([destination])
        .collect();
    Ok(Roles {
        destination,
        candidates,
        uplinks,
        forbidden,
        down,
    })
}

/// Off/on cycles that have to agree before a port is named.
pub const PROOF_CYCLES: u32 = 2;

/// The least that a change of the mirror is counted as, however fast the switch is: few writes are a promise to the
/// switch, and a second makes the search halve instead of grope (at most 7 changes for 24 ports).
const LEAST_COST: Duration = Duration::from_secs(1);

/// Returns what the search has to count for a change of the mirror. The profile's settle time is left out: the control
/// measures it, and on all but the slowest switches it is a fraction of the write.
#[must_use]
pub fn cost_of_change(limits: &MirrorLimits) -> Duration {
    limits.write_time.max(LEAST_COST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{IfIndex, PanelPort, SwitchPort};

    fn ports(count: u16, down: &[u16]) -> PortTable {
        let port = |n: u16| SwitchPort {
            id: PortId(n),
            label: PanelPort(n.to_string()),
            if_name: format!("port{n}"),
            alias: String::new(),
            if_index: Some(IfIndex(u32::from(n) + 48)),
            bridge_port: None,
            link: if down.contains(&n) {
                Link::Down
            } else {
                Link::Up
            },
        };
        PortTable::new((1..=count).map(port).collect())
    }

    fn set(ids: &[u16]) -> PortSet {
        ids.iter().copied().map(PortId).collect()
    }

    fn list(text: &str) -> PortList {
        text.parse().unwrap()
    }

    fn wishes(destination: &str) -> PortWishes {
        PortWishes {
            destination: destination.to_owned(),
            ..PortWishes::default()
        }
    }

    #[test]
    fn by_default_every_port_with_link_is_a_candidate_less_destination_and_uplinks() {
        let roles = roles("s", &ports(6, &[2]), &wishes("if:54"), &set(&[5])).unwrap();
        assert_eq!(roles.candidates, set(&[1, 3, 4]));
        assert_eq!(roles.forbidden, set(&[5, 6]));
        assert_eq!(roles.down, set(&[2]));
    }

    #[test]
    fn uplinks_that_are_configured_replace_those_that_were_found() {
        let wishes = PortWishes {
            uplinks: Some(list("4")),
            ..wishes("6")
        };
        let roles = roles("s", &ports(6, &[]), &wishes, &set(&[5])).unwrap();
        assert_eq!(roles.candidates, set(&[1, 2, 3, 5]));
    }

    #[test]
    fn a_forbidden_candidate_is_refused_with_the_reason() {
        let wishes = PortWishes {
            candidates: Some(list("1, 6")),
            ..wishes("6")
        };
        let error = roles("s", &ports(6, &[]), &wishes, &PortSet::new()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "port 6 of switch `s` cannot be a candidate: it is the destination of the mirror"
        );
        assert_eq!(error.exit(), Exit::Refused);
    }

    #[test]
    fn an_unknown_port_is_an_error_that_lists_the_ports() {
        let error = roles("s", &ports(6, &[]), &wishes("24"), &PortSet::new()).unwrap_err();
        insta::assert_snapshot!(crate::error::Failure::from(error.clone()), @r"
        error: `destination` of switch `s` cannot be used
        cause: the switch has no port `24`
        hint:  its ports are 1-6; an ifIndex is written if:24
        ");
        assert_eq!(error.exit(), Exit::Usage);
    }
}
