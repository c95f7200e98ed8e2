//! What `switch check` finds out: everything that `locate` would stumble over, without writing anything.

use super::candidates::{self, PortWishes, Roles};
use super::reach::ManagementPath;
use super::survey::{Survey, Wanted};
use super::switches::{self, Rights};
use super::{detect, pages};
use crate::clock::LiveClock;
use crate::config::{Config, Switch};
use crate::error::Failure;
use crate::mirror::direct::Device;
use crate::mirror::{Copies, Inspection};
use crate::profile::{self, DestinationTraffic, Page, Profile};
use crate::sniff::{self, Own, Source, Suspect};
use crate::tables::system::{self, System};

/// A switch as it was found.
pub struct Checkup {
    /// What it is.
    pub system: Option<System>,
    /// What it is, if it is told without SNMP.
    pub device: Option<String>,
    /// Its ports and neighbours.
    pub survey: Survey,
    /// What may be done with its ports.
    pub roles: Result<Roles, Failure>,
    /// Its mirror.
    pub mirror: Option<Result<Inspection, Failure>>,
    /// Who or what may set its mirror.
    pub rights: Rights,
    /// Whether the laptop's port carries ordinary traffic while it is a destination.
    pub destination_traffic: DestinationTraffic,
    /// How the switch is reached.
    pub path: ManagementPath,
    /// Whether copies can be heard on this machine.
    pub capture: Result<String, Failure>,
    /// The profile's name.
    pub profile: String,
    /// How it was found, where the configuration names none.
    pub found: Option<String>,
    /// What the profile is for and how sure its writer was, in words.
    pub about: String,
    /// The built-in profiles that what the switch tells about itself fits, the most particular one first.
    pub families: Vec<String>,
    /// What its web interface shows without a login, where it is asked over HTTP alone.
    pub pages: Option<Vec<Page>>,
}

/// Looks a switch over. Reads only.
///
/// # Errors
/// The switch cannot be asked at all, or its profile is wrong.
pub fn check(config: &Config, switch: &Switch) -> Result<Checkup, Failure> {
    let mut opened = switches::open(switch, config)?;
    let source: Result<Source, Failure> = switch.sniff.parse().map_err(Failure::from);
    let path = source.as_ref().map_or(ManagementPath::Unknown, |source| {
        opened.management_path(source)
    });
    let system = opened
        .client()
        .map(|client| system::read(client))
        .transpose()?;
    let wanted = Wanted {
        place_of: None,
        uplinks: switch.uplinks.is_none(),
    };
    let pages = opened.is_web_only().then(|| pages::read(switch));
    let pages = pages.transpose()?;
    let (survey, roles) = match (opened.survey(wanted, &mut |_| {}), &pages) {
        (Ok(survey), _) => {
            let roles = roles_of(switch, &survey);
            (survey, roles)
        }
        // The profile may be the wrong one: what the pages point to has to be said all the same.
        (Err(failure), Some(_)) => (Survey::default(), Err(failure)),
        (Err(failure), None) => return Err(failure),
    };
    let profile = &opened.profile;
    let rights = opened.rights();
    let destination_traffic = profile.destination_traffic;
    let families = match (&system, &pages) {
        (Some(system), _) => names(profile::matching(&detect::told_by(system))),
        (None, Some(pages)) => names(profile::showing(pages)),
        (None, None) => Vec::new(),
    };
    let words = format!("{} ({})", profile.about, profile.confidence.word());
    Ok(Checkup {
        system,
        roles,
        rights,
        destination_traffic,
        path,
        capture: source.and_then(|source| try_capture(&source)),
        profile: profile.name.clone(),
        found: opened.found().map(str::to_owned),
        about: words,
        families,
        device: opened.device().map(Device::agent),
        mirror: match &pages {
            Some(_) if survey.ports.iter().next().is_none() => None,
            Some(_) | None => opened.inspect(&survey.ports),
        },
        pages,
        survey,
    })
}

fn names(profiles: Vec<Profile>) -> Vec<String> {
    let profiles = profiles.into_iter();
    profiles.map(|profile| profile.name).collect()
}

/// Sorts the ports of a switch as its configuration says.
///
/// # Errors
/// A port that does not exist, or none left to search.
pub fn roles_of(switch: &Switch, survey: &Survey) -> Result<Roles, Failure> {
    Ok(candidates::roles(
        &switch.name,
        &survey.ports,
        &PortWishes::of(switch),
        &survey.uplinks,
    )?)
}

/// Opens the capture for a moment, so that missing rights show before a run.
fn try_capture(source: &Source) -> Result<String, Failure> {
    let nobody = Suspect::Mac(crate::mac::Mac([0; 6]));
    let sniffer = sniff::open(source, &nobody, LiveClock::start(), Own::of_this_machine())?;
    Ok(sniffer.source().to_owned())
}

/// Says what a mirror can do.
#[must_use]
pub fn abilities(inspection: &Inspection) -> String {
    let limits = &inspection.limits;
    let sources = limits.sources.map_or(
        "any number of ports at once".to_owned(),
        |most| match most {
            1 => "one port at a time, so the search is a scan".to_owned(),
            most => format!("at most {most} ports at once"),
        },
    );
    let copies = match limits.copies {
        Copies::Ingress => "what a port receives",
        Copies::Both => "both directions together, so an uplink would hear everybody",
    };
    format!("mirrors {sources}; copies {copies}")
}
