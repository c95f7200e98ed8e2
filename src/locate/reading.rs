//! Reading of a switch what a profile can be made from.

use std::collections::BTreeSet;

use crate::config::{Agent, Switch};
use crate::error::{Exit, Failure};
use crate::profile::{self, Walk};
use crate::snmp::{Client, Oid, Snmp};

use super::switches;

/// The system group, `ifIndex`, `ifType`, and what RFC 2613 has of port copy.
const STANDARD: [&[u32]; 5] = [
    &[1, 3, 6, 1, 2, 1, 1],
    &[1, 3, 6, 1, 2, 1, 2, 2, 1, 1],
    &[1, 3, 6, 1, 2, 1, 2, 2, 1, 3],
    &[1, 3, 6, 1, 2, 1, 16, 19, 15],
    &[1, 3, 6, 1, 2, 1, 16, 22],
];
/// How many arcs the node of a vendor has: 1.3.6.1.4.1.N.
const VENDOR_ARCS: usize = 7;

/// Reads the objects of a switch's vendor, and of every vendor whose mirror objects are known. Writes nothing.
///
/// # Errors
/// The switch cannot be asked, or not over SNMP.
pub fn walk(switch: &Switch, tell: &mut dyn FnMut(&str)) -> Result<Walk, Failure> {
    let client = &mut switches::connect(&switch.name, by_snmp(switch)?)?;
    walk_agent(client, tell)
}

/// As [`walk`], of an agent that the configuration does not name.
///
/// # Errors
/// The agent cannot be asked.
pub fn walk_agent(client: &mut Client, tell: &mut dyn FnMut(&str)) -> Result<Walk, Failure> {
    let mut walk = Walk::default();
    for root in STANDARD {
        walk.take_in(client.walk(&Oid::from(root))?);
    }
    for vendor in vendors(&walk.told().sys_object_id) {
        let found = client.walk(&vendor)?;
        if !found.is_empty() {
            tell(&format!("{} objects below {vendor}", found.len()));
        }
        walk.take_in(found);
    }
    Ok(walk)
}

/// Returns how a switch is asked over SNMP.
pub(super) fn by_snmp(switch: &Switch) -> Result<&Agent, Failure> {
    let agent = switch.agent.as_ref().filter(|a| a.credential.has_snmp());
    agent.ok_or_else(|| {
        let what = format!("`{}` is not asked over SNMP", switch.name);
        Failure::new(Exit::Usage, what).hint("leave `--switch` out, and choose a `--shape`")
    })
}

/// The nodes of the switch's vendor and of those that made a family that is known.
fn vendors(own: &Oid) -> BTreeSet<Oid> {
    let enterprises = Oid::from([1, 3, 6, 1, 4, 1]);
    let objects = profile::built_in()
        .iter()
        .flat_map(|profile| profile.objects.iter().flat_map(|o| profile.oids(o)));
    objects
        .chain([own.clone()])
        .filter(|oid| oid.below(&enterprises).is_some())
        .filter_map(|oid| oid.0.get(..VENDOR_ARCS).map(Oid::from))
        .collect()
}
