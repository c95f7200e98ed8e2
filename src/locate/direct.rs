//! Switches that are asked without SNMP: which bridge is meant, and what it tells about itself. Read only.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{SocketAddr, ToSocketAddrs};

use super::event::Event;
use super::survey::{Survey, Wanted};
use crate::config::{Direct, DirectAddress, Switch};
use crate::error::{Exit, Failure};
use crate::linux::bridge;
use crate::mac::Mac;
use crate::mirror::direct::Device;
use crate::ovsdb::{Client, Remote};
use crate::port::{PortId, PortTable};
use crate::profile::{Profile, Shape};
use crate::tables::direct as tables;

/// Makes sure that profile and address belong together: an address without a login is for one shape alone.
///
/// # Errors
/// [`Exit::Usage`], if they do not.
pub(super) fn fits(switch: &Switch, profile: &Profile) -> Result<(), Failure> {
    let local =
        matches!(&switch.direct, Some(direct) if direct.address == DirectAddress::ThisMachine);
    let wanted = if profile.shape == Shape::TcFilters {
        (!local).then_some("`address: local`")
    } else if profile.shape == Shape::OvsdbMirror {
        let database = switch.direct.is_some() && !local;
        (!database).then_some("`address: unix:PATH`, `tcp:HOST` or `ssl:HOST`")
    } else {
        let direct = switch.direct.is_some();
        direct.then_some("the address of an agent, and `credentials`")
    };
    let Some(wanted) = wanted else {
        return Ok(());
    };
    let what = format!(
        "the profile `{}` of switch `{}` needs {wanted}",
        profile.name, switch.name
    );
    Err(Failure::new(Exit::Usage, what))
}

/// Finds the bridge that is meant.
///
/// # Errors
/// It cannot be asked, there is no such bridge, or there are several and none is named.
pub(super) fn open(direct: &Direct) -> Result<Device, Failure> {
    let wanted = direct.bridge.as_deref();
    if direct.address == DirectAddress::ThisMachine {
        let bridges = bridge::interfaces()?
            .into_iter()
            .filter(|one| one.is_bridge);
        let bridge = pick(bridges.map(|one| one.name).collect(), wanted)?;
        return Ok(Device::Linux { bridge });
    }
    let remote = remote(direct)?;
    let bridges = tables::ovs_bridges(&mut Client::connect(&remote)?)?;
    let bridge = pick(bridges, wanted)?;
    Ok(Device::Ovs { remote, bridge })
}

fn pick(there: Vec<String>, wanted: Option<&str>) -> Result<String, Failure> {
    let failure = |what: &str| {
        let names = there.join(", ");
        let hint = if names.is_empty() {
            "make one, or look at `address:`".to_owned()
        } else {
            format!("there is: {names}; choose by `bridge:`")
        };
        Failure::new(Exit::Usage, what.to_owned()).hint(hint)
    };
    match (wanted, there.as_slice()) {
        (Some(name), _) if there.iter().any(|one| one == name) => Ok(name.to_owned()),
        (Some(name), _) => Err(failure(&format!("there is no bridge `{name}`"))),
        (None, [only]) => Ok(only.clone()),
        (None, []) => Err(failure("there is no bridge")),
        (None, _) => Err(failure("there are several bridges")),
    }
}

fn remote(direct: &Direct) -> Result<Remote, Failure> {
    match (&direct.address, &direct.credential) {
        (DirectAddress::Socket(path), _) => Ok(Remote::Unix(path.clone())),
        (DirectAddress::Tcp { host, port }, _) => Ok(Remote::Tcp(look_up(host, *port)?)),
        (DirectAddress::Tls { host, port }, Some(credential)) => Ok(Remote::Tls {
            access: Box::new(credential.tls()?),
            address: look_up(host, *port)?,
        }),
        (DirectAddress::Tls { .. }, None) => Err(Failure::new(
            Exit::Usage,
            "an address `ssl:HOST` needs `credentials`",
        )),
        (DirectAddress::ThisMachine, _) => Err(Failure::new(
            Exit::Usage,
            "this machine's bridges are in no database",
        )),
    }
}

fn look_up(host: &str, port: u16) -> Result<SocketAddr, Failure> {
    let unknown = |cause: String| {
        Failure::new(
            Exit::Device,
            format!("the host `{host}` is not known: {cause}"),
        )
    };
    let mut found = (host, port)
        .to_socket_addrs()
        .map_err(|error| unknown(error.to_string()))?;
    found.next().ok_or_else(|| unknown("no address".to_owned()))
}

/// Over which address it is managed; `None` if the network has no part in that.
pub(super) fn managed_at(device: &Device) -> Option<SocketAddr> {
    match device {
        Device::Ovs {
            remote: Remote::Tcp(address) | Remote::Tls { address, .. },
            ..
        } => Some(*address),
        Device::Ovs { .. } | Device::Linux { .. } => None,
    }
}

/// Reads ports, and what the bridge has learned if it tells. `destination` may be an interface outside the bridge.
///
/// # Errors
/// It cannot be asked.
pub(super) fn survey(
    device: &Device,
    destination: &str,
    wanted: Wanted,
    tell: &mut dyn FnMut(&Event<'_>),
) -> Result<Survey, Failure> {
    let mut survey = Survey::default();
    match device {
        Device::Linux { bridge } => {
            survey.ports = tables::linux_ports(&bridge::interfaces()?, bridge, destination);
            survey.take_in_learned(
                by_port(&survey.ports, bridge::learned(bridge)?),
                wanted,
                tell,
            );
        }
        // Its forwarding table is not in the database.
        Device::Ovs { remote, bridge } => {
            survey.ports = tables::ovs_ports(&mut Client::connect(remote)?, bridge)?;
        }
    }
    Ok(survey)
}

fn by_port(
    ports: &PortTable,
    learned: BTreeMap<String, BTreeSet<Mac>>,
) -> BTreeMap<PortId, BTreeSet<Mac>> {
    let id = |name: &str| {
        ports
            .iter()
            .find(|port| port.if_name == name)
            .map(|port| port.id)
    };
    let rows = learned.into_iter();
    rows.filter_map(|(name, macs)| Some((id(&name)?, macs)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_bridge_need_not_be_named_and_several_must() {
        let names = |all: &[&str]| all.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        assert_eq!(pick(names(&["br0"]), None).unwrap(), "br0");
        assert_eq!(pick(names(&["br0", "br1"]), Some("br1")).unwrap(), "br1");
        let failure = pick(names(&["br0", "br1"]), None).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert_eq!(
            failure.hint.as_deref(),
            Some("there is: br0, br1; choose by `bridge:`")
        );
        assert!(pick(names(&["br0"]), Some("br7")).is_err());
        assert!(pick(names(&[]), None).is_err());
    }
}
