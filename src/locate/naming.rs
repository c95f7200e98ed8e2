//! What the found machine and its port are called: vendor, names, patch panel, outlet.

use crate::config::Config;
use crate::identify::{self, Identity, Vendor};
use crate::patch::{Patch, Place};
use crate::port::SwitchPort;

use super::outcome::{NameReport, Outcome, PatchReport, Report};
use super::task::Task;

/// Fills in who the suspect is. Asks the machine itself, unless the run is passive.
pub(super) fn name(config: &Config, task: &Task, report: &mut Report) {
    let options = identify::Options {
        netbios_port: config.netbios_port,
        passive: task.passive,
        ..identify::Options::default()
    };
    let identity = identify::identify(report.suspect.ip, report.suspect.mac, &options);
    report.suspect.names = names(&identity);
    if report.outcome == Outcome::BeyondRouter {
        // The MAC on the wire is the router's, and so is its vendor: neither says anything about the suspect.
        report.suspect.kind = identity.kind(None);
        let routers = report.suspect.mac.take();
        report.other_macs_on_port.extend(routers);
        report.other_macs_on_port.sort_unstable();
        return;
    }
    report.suspect.kind = identity.kind(report.suspect.mac);
    report.suspect.vendor = identity.vendor.map(|vendor| vendor.to_string());
    report.warnings.extend(identity.warning());
    if identity.vendor == Some(Vendor::Group) {
        report
            .warnings
            .push("the MAC is a group address, which no honest machine sends from".to_owned());
    }
}

/// Every name that was found, by who says it.
#[must_use]
pub fn names(identity: &Identity) -> Vec<NameReport> {
    let netbios = identity.netbios_names().and_then(|names| {
        Some(NameReport {
            source: "netbios",
            name: names.computer.clone()?,
            group: names.group.clone(),
            user: names.user.clone(),
            claimed_mac: identity.claimed_mac,
        })
    });
    let others = [("mdns", &identity.mdns), ("dns", &identity.dns)];
    let others = others.into_iter().filter_map(|(source, name)| {
        Some(NameReport {
            source,
            name: name.clone()?,
            group: None,
            user: None,
            claimed_mac: None,
        })
    });
    netbios.into_iter().chain(others).collect()
}

/// Returns where a port's cable ends, or a sentence that says that nobody knows and how to add it.
pub(super) fn place(
    config: &Config,
    switch: &str,
    port: &SwitchPort,
) -> Result<PatchReport, String> {
    let patch = Patch::open(config.patch.as_deref(), config.patch_from_alias.clone())
        .map_err(|error| format!("the patch list cannot be used: {error}"))?;
    match patch.look_up(switch, port) {
        Place::Listed(place) | Place::Described(place) => Ok(place),
        Place::Unknown(sentence) => Err(sentence),
    }
}
