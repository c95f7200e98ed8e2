//! Trying a profile on a live switch: read, mirror one port, read back, listen, put back, compare.

use std::error::Error as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;

use super::checkup::roles_of;
use super::detect;
use super::error::LocateError;
use super::reading;
use super::safety;
use super::survey::Wanted;
use super::switches;
use super::task::Desk;
use crate::clock::{Clock, LiveClock, Moment};
use crate::config::Switch;
use crate::error::{Exit, Failure};
use crate::mirror::{MirrorError, OpenRequest};
use crate::port::{PortId, PortSet};
use crate::profile::{Profile, Shape, Told};
use crate::sniff::{self, Own, Sniffer, Source, Suspect};
use crate::tables::system;

/// How long is listened for the first copy.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a trial has shown.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    /// What was asked: the name and the address, or the bridge.
    pub agent: String,
    /// `sysDescr`; `None` where the switch is not asked over SNMP.
    pub sys_descr: Option<String>,
    /// `sysObjectID`
    pub sys_object_id: Option<String>,
    /// The port that was mirrored, as it is labelled.
    pub port: String,
    /// Requests that changed something, those of putting back not counted.
    pub writes: u32,
    /// From the first request until the read-back agreed, in seconds.
    pub write_seconds: f64,
    /// Why the port could not be mirrored, if it could not.
    pub trouble: Option<String>,
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

/// Reads what a switch tells about itself over SNMP.
///
/// # Errors
/// The switch cannot be asked, or not over SNMP.
pub fn identity(switch: &Switch) -> Result<Told, Failure> {
    let agent = reading::by_snmp(switch)?;
    Ok(detect::told(&mut switches::connect(&switch.name, agent)?)?)
}

/// Mirrors one port of a live switch and puts it back.
///
/// # Errors
/// The switch cannot be asked, the profile does not fit, a rule or the person at the `desk` forbids it or stops it, or the
/// switch could not be put back.
pub fn try_profile(
    switch: &Switch,
    profile: &Profile,
    port: Option<&str>,
    state: &Path,
    desk: &dyn Desk,
    tell: &mut dyn FnMut(&str),
) -> Result<Trial, Failure> {
    if profile.shape == Shape::Manual {
        return Err(Failure::new(
            Exit::Usage,
            "there is nothing to try: a person does what this profile says",
        ));
    }
    let mut opened = switches::open_as(switch, profile.clone())?;
    tell("1/5 reading the switch");
    let system = opened
        .client()
        .map(|client| system::read(client))
        .transpose()?;
    let agent = opened.agent();
    let wanted = Wanted {
        place_of: None,
        uplinks: switch.uplinks.is_none(),
    };
    let survey = opened.survey(wanted, &mut |_| {});
    desk.stop_if_interrupted()?;
    let survey = survey?;
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
    let clock = LiveClock::start();
    let source: Source = switch.sniff.parse()?;
    let reach = opened.management_path(&source);
    let nobody = Suspect::Mac(crate::mac::Mac([0; 6]));
    let mut sniffer = sniff::open(&source, &nobody, clock, Own::of_this_machine())?;
    let request = OpenRequest {
        switch: &switch.name,
        profile,
        ports: &survey.ports,
        destination: roles.destination,
        forbidden: &roles.forbidden,
        journal_dir: state,
        take_session: false,
        clock: Rc::new(clock),
    };
    let mut session = opened.take_over_as(&request)?;
    let wanted = PortSet::from_iter([chosen]);
    let label = survey.ports.label(chosen);
    let destination = survey.ports.label(roles.destination);
    let opening = format!(
        "{} will mirror port {label} to port {destination} for some seconds and be put back afterwards. The profile is {}.",
        switch.name,
        profile.confidence.word()
    );
    let traffic = profile.destination_traffic;
    safety::ask(&switch.name, destination, opening, reach, traffic, desk)?;
    desk.stop_if_interrupted()?;
    tell(&format!("2/5 mirroring port {label}"));
    // A refused write ends the trial, not the putting back.
    let written = session.set_sources(&wanted);
    let armed = clock.now();
    tell("3/5 reading back");
    let shown = session.sources();
    let answers = shown.is_ok();
    let read_back = written.is_ok() && shown.is_ok_and(|ports| ports == wanted);
    tell("4/5 listening");
    let heard = match &written {
        Ok(_) => listen(sniffer.as_mut(), clock, armed, desk),
        Err(_) => Ok((0, None)),
    };
    tell("5/5 putting back");
    session.restore().map_err(switches::not_put_back)?;
    let (frames, first) = heard.map_err(|error| error.after_putting_back(&switch.name))?;
    let trouble = written.as_ref().err().map(with_causes);
    let written = written.unwrap_or_default();
    Ok(Trial {
        agent,
        sys_descr: system.as_ref().map(|system| system.descr.clone()),
        sys_object_id: system
            .and_then(|system| system.object_id)
            .map(|id| id.to_string()),
        port: label.to_owned(),
        writes: written.writes,
        write_seconds: written.took.as_secs_f64(),
        trouble,
        read_back,
        frames,
        settle_seconds: first.map(|at| at.since(armed).as_secs_f64()),
        answers_while_mirroring: answers,
        put_back: true,
    })
}

/// Says what failed and why, in one line.
fn with_causes(error: &MirrorError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(why) = cause {
        text = format!("{text}: {why}");
        cause = why.source();
    }
    text
}

/// Listens for foreign frames until the first has come. What was heard before `armed` is not what is asked for.
fn listen(
    sniffer: &mut dyn Sniffer,
    clock: LiveClock,
    armed: Moment,
    desk: &dyn Desk,
) -> Result<(u64, Option<Moment>), LocateError> {
    sniffer.listen(armed, &mut |_| ControlFlow::Continue(()))?;
    let mut frames = 0;
    while clock.now().since(armed) < PATIENCE {
        desk.stop_if_interrupted()?;
        let until = clock.now() + Duration::from_millis(250);
        let heard = sniffer.listen(until, &mut |_| ControlFlow::Continue(()))?;
        frames += heard.foreign_frames;
        if heard.first_foreign.is_some() || heard.ended {
            return Ok((frames, heard.first_foreign));
        }
    }
    Ok((frames, None))
}
