//! Trying a profile on a live switch: read, mirror one port, read back, listen, put back, compare.

use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;

use super::checkup::roles_of;
use super::survey::Wanted;
use super::switches;
use crate::clock::{Clock, LiveClock};
use crate::config::{Config, Switch};
use crate::error::{Exit, Failure};
use crate::mirror::{self, Mirror, OpenRequest};
use crate::port::{PortId, PortSet};
use crate::profile::{Profile, Shape, Told};
use crate::sniff::{self, Own, Source, Suspect};
use crate::tables::system;

/// How long is listened for the first copy.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a trial has shown.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// `sysDescr`
    pub sys_descr: String,
    /// `sysObjectID`
    pub sys_object_id: String,
    /// The port that was mirrored, as it is labelled.
    pub port: String,
    /// Requests that changed something, those of putting back not counted.
    pub writes: u32,
    /// From the first request until the read-back agreed, in seconds.
    pub write_seconds: f64,
    /// Whether the switch showed the port as mirrored.
    pub read_back: bool,
    /// Foreign frames that were heard while it was mirrored.
    pub frames: u64,
    /// From the end of the write to the first of them, in seconds; `None` if none came.
    pub settle_seconds: Option<f64>,
    /// Whether the switch could be asked while the laptop's port was a destination.
    pub answers_while_mirroring: bool,
    /// Whether everything was as before at the end.
    pub put_back: bool,
}

impl Trial {
    /// Tells whether the profile fits: the write took, frames came, and all was put back.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.read_back && self.frames > 0 && self.put_back
    }
}

/// Reads what a switch tells about itself.
///
/// # Errors
/// The switch cannot be asked.
pub fn identity(config: &Config, switch: &Switch) -> Result<Told, Failure> {
    let mut opened = switches::open(switch, config)?;
    let client = opened.client().ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("{} is operated by a person", switch.name),
        )
    })?;
    let system = system::read(client)?;
    Ok(Told {
        sys_object_id: system.object_id.unwrap_or_default(),
        sys_descr: system.descr,
    })
}

/// Mirrors one port of a live switch and puts it back.
///
/// # Errors
/// The switch cannot be asked, the profile does not fit, a rule forbids it, or the switch could not be put back.
pub fn try_profile(
    config: &Config,
    switch: &Switch,
    profile: &Profile,
    port: Option<&str>,
    state: &Path,
    tell: &mut dyn FnMut(&str),
) -> Result<Trial, Failure> {
    if profile.shape == Shape::Manual {
        return Err(Failure::new(
            Exit::Usage,
            "there is nothing to try: a person does what this profile says",
        ));
    }
    let told = identity(config, switch)?;
    let mut opened = switches::open(switch, config)?;
    tell("1/5 reading the switch");
    let wanted = Wanted {
        place_of: None,
        uplinks: switch.uplinks.is_none(),
    };
    let survey = opened.survey(wanted, &mut |_| {})?;
    let roles = roles_of(switch, &survey)?;
    let chosen: PortId = match port {
        Some(label) => survey
            .ports
            .iter()
            .find(|port| port.label.0 == label || port.if_name == label)
            .map(|port| port.id)
            .ok_or_else(|| Failure::new(Exit::Usage, format!("there is no port `{label}`")))?,
        None => roles
            .candidates
            .iter()
            .next()
            .ok_or_else(|| Failure::new(Exit::Usage, "there is no port to mirror"))?,
    };
    let (name, _, agents) = opened.into_parts();
    let agents = agents.ok_or_else(|| Failure::new(Exit::Usage, "the switch has no address"))?;
    let clock = LiveClock::start();
    let source: Source = switch.sniff.parse()?;
    let nobody = Suspect::Mac(crate::mac::Mac([0; 6]));
    let mut sniffer = sniff::open(&source, &nobody, clock, Own::of_this_machine())?;
    let request = OpenRequest {
        switch: &name,
        profile,
        ports: &survey.ports,
        destination: roles.destination,
        forbidden: &roles.forbidden,
        journal_dir: state,
        take_session: false,
        clock: Rc::new(clock),
    };
    let mut session = mirror::open(&request, agents)?;
    tell(&format!(
        "2/5 mirroring port {}",
        survey.ports.label(chosen)
    ));
    let written = session.set_sources(&PortSet::from_iter([chosen]))?;
    let armed = clock.now();
    tell("3/5 reading back");
    let shown = session.sources();
    let answers = shown.is_ok();
    let read_back = shown.is_ok_and(|ports| ports == PortSet::from_iter([chosen]));
    tell("4/5 listening");
    // What was heard before the mirror stood is not what is asked for.
    sniffer.listen(armed, &mut |_| ControlFlow::Continue(()))?;
    let mut frames = 0;
    let mut settle = None;
    while settle.is_none() && clock.now().since(armed) < PATIENCE {
        let until = clock.now() + Duration::from_millis(250);
        let heard = sniffer.listen(until, &mut |_| ControlFlow::Continue(()))?;
        frames += heard.foreign_frames;
        settle = settle.or(heard.first_foreign);
        if heard.ended {
            break;
        }
    }
    tell("5/5 putting back");
    session.restore()?;
    Ok(Trial {
        sys_descr: told.sys_descr,
        sys_object_id: told.sys_object_id.to_string(),
        port: survey.ports.label(chosen).to_owned(),
        writes: written.writes,
        write_seconds: written.took.as_secs_f64(),
        read_back,
        frames,
        settle_seconds: settle.map(|at| at.since(armed).as_secs_f64()),
        answers_while_mirroring: answers,
        put_back: true,
    })
}
