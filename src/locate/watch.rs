//! Watching the end of a cable: is the suspect talking, while somebody pulls plug after plug behind a hub?
//!
//! The mirror of one port stays on until the person has seen enough. Where the laptop is plugged into the hub itself,
//! there is nothing to mirror: what passes the hub is heard anyway.

use std::ops::ControlFlow;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use super::candidates;
use super::desk::AtDesk;
use super::error::LocateError;
use super::event::Event;
use super::presence::{Presence, State};
use super::resolving;
use super::safety;
use super::survey::Wanted;
use super::switches::{self, Takeover};
use super::task::{Desk, Task};
use super::waking;
use crate::clock::{Clock, LiveClock, Moment};
use crate::config::{Config, Switch};
use crate::error::{Exit, Failure};
use crate::port::PortSet;
use crate::sniff::{self, Own, Sniffer, Source, Suspect};
use crate::stimulus::Stimulus;

/// How often the person is shown what is so.
const TICK: Duration = Duration::from_millis(250);
/// A machine that says nothing for so long is asked, and again each time.
const LEFT_ALONE: Duration = Duration::from_millis(500);

/// What is so at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Whether the suspect talks.
    pub state: State,
    /// For how long it is so: a silent one since its last frame.
    pub lasts: Duration,
    /// Whether it is so since the last look.
    pub is_new: bool,
    /// Frames of the suspect since the beginning.
    pub frames: u64,
}

/// A coming or going.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// Since the beginning.
    pub after: Duration,
    /// What began.
    pub state: State,
}

/// What was seen.
#[derive(Clone, Debug)]
pub struct Watched {
    /// Whose frames were listened for.
    pub suspect: Suspect,
    /// The switch and the port that it mirrored; `None` where nothing had to be mirrored.
    pub mirrored: Option<(String, String)>,
    /// Frames of the suspect.
    pub frames: u64,
    /// Every coming and going, in order.
    pub changes: Vec<Change>,
}

/// Watches the suspect of `task` until Ctrl-C, or until its time is over. Its first switch mirrors its one candidate; without
/// a switch its interface is listened to as it is.
///
/// # Errors
/// The switch cannot be asked, a rule or the person forbids it, or the switch could not be put back.
pub fn watch(
    config: &Config,
    task: &Task,
    state: &Path,
    desk: &dyn Desk,
    look: &mut dyn FnMut(&Look),
) -> Result<Watched, Failure> {
    let clock = LiveClock::start();
    let names = task.switches.iter();
    let switch = names.map(|name| config.switch(name)).next().transpose()?;
    if let Some(switch) = switch {
        switches::finish_interrupted_run(switch, state, false, clock, desk)?;
    }
    let suspect = resolving::resolve(config, task, clock, desk)?.suspect;
    desk.stop_if_interrupted()?;
    let scene = Scene {
        config,
        task,
        suspect,
        clock,
        desk,
    };
    match switch {
        Some(switch) => scene.by_mirror(switch, state, look),
        None => scene.directly(look),
    }
}

struct Scene<'a> {
    config: &'a Config,
    task: &'a Task,
    suspect: Suspect,
    clock: LiveClock,
    desk: &'a dyn Desk,
}

impl Scene<'_> {
    fn directly(self, look: &mut dyn FnMut(&Look)) -> Result<Watched, Failure> {
        let source: Source = self.task.interface.as_deref().unwrap_or_default().parse()?;
        let (mut sniffer, mut stimulus) = self.open(&source)?;
        let seen = self.listen(sniffer.as_mut(), stimulus.as_mut(), look)?;
        Ok(self.watched(None, seen))
    }

    fn by_mirror(
        self,
        switch: &Switch,
        state: &Path,
        look: &mut dyn FnMut(&Look),
    ) -> Result<Watched, Failure> {
        let mut opened = switches::open(switch, self.config)?;
        let wanted = Wanted {
            place_of: None,
            uplinks: switch.uplinks.is_none(),
        };
        let survey = opened.survey(wanted, &mut |event| self.desk.show(event))?;
        self.desk.stop_if_interrupted()?;
        let wishes = self.task.wishes(switch);
        let roles = candidates::roles(&switch.name, &survey.ports, &wishes, &survey.uplinks)?;
        let port = one(&roles.candidates)?;
        let source = self.task.source(switch)?;
        let reach = opened.management_path(&source);
        let traffic = opened.profile.destination_traffic;
        let takeover = Takeover {
            ports: &survey.ports,
            roles: &roles,
            state,
            take_session: self.task.take_session,
            clock: Rc::new(self.clock),
        };
        let mut mirror = opened.take_over(&takeover, Box::new(AtDesk(self.desk)))?;
        let (mut sniffer, mut stimulus) = self.open(&source)?;
        let label = survey.ports.label(port).to_owned();
        let destination = survey.ports.label(roles.destination);
        let opening = format!(
            "{} will mirror port {label} to port {destination} until you end it, and be put back afterwards.",
            switch.name
        );
        safety::ask(
            &switch.name,
            destination,
            opening,
            reach,
            traffic,
            self.desk,
        )?;
        let seen = match mirror.set_sources(&roles.candidates) {
            Ok(_) => self.listen(sniffer.as_mut(), stimulus.as_mut(), look),
            Err(error) => Err(error.into()),
        };
        self.desk.show(&Event::Restoring {
            switch: &switch.name,
        });
        mirror.restore().map_err(switches::not_put_back)?;
        self.desk.show(&Event::Restored {
            switch: &switch.name,
        });
        let seen = seen.map_err(|error| error.after_putting_back(&switch.name))?;
        Ok(self.watched(Some((switch.name.clone(), label)), seen))
    }

    /// Opens the capture and the way to make the suspect speak, and gives up the privilege that this takes.
    fn open(&self, source: &Source) -> Result<(Box<dyn Sniffer>, Option<Stimulus>), Failure> {
        let sniffer = sniff::open(source, &self.suspect, self.clock, Own::of_this_machine())?;
        let stimulus = waking::open(self.config, self.task, &self.suspect, source, self.desk);
        sniff::drop_privileges()?;
        Ok((sniffer, stimulus))
    }

    fn listen(
        &self,
        sniffer: &mut dyn Sniffer,
        mut stimulus: Option<&mut Stimulus>,
        look: &mut dyn FnMut(&Look),
    ) -> Result<Seen, LocateError> {
        let begin = self.clock.now();
        let mut seen = Seen {
            presence: Presence::new(begin),
            changes: Vec::new(),
        };
        let mut shown = State::Waiting;
        loop {
            let now = self.clock.now();
            if self.desk.interrupted() || now.since(begin) >= self.task.max_time {
                return Ok(seen);
            }
            if let Some(one) = &mut stimulus
                && let Err(error) = seen.ask_if_quiet(one, now)
            {
                stimulus = None;
                self.desk.show(&Event::Warning(format!(
                    "nothing more is sent to the suspect to wake it: {error}"
                )));
            }
            let heard = sniffer.listen(now + TICK, &mut |sighting| {
                seen.presence.hear(sighting.at);
                ControlFlow::Continue(())
            })?;
            let now = self.clock.now();
            let state = seen.presence.look(now);
            let is_new = state != shown;
            if is_new {
                shown = state;
                seen.changes.push(Change {
                    after: seen.presence.since().since(begin),
                    state,
                });
            }
            look(&Look {
                state,
                lasts: now.since(seen.presence.since()),
                is_new,
                frames: seen.presence.frames(),
            });
            if heard.ended {
                return Ok(seen);
            }
        }
    }

    fn watched(self, mirrored: Option<(String, String)>, seen: Seen) -> Watched {
        Watched {
            suspect: self.suspect,
            mirrored,
            frames: seen.presence.frames(),
            changes: seen.changes,
        }
    }
}

struct Seen {
    presence: Presence,
    changes: Vec<Change>,
}

impl Seen {
    fn ask_if_quiet(&self, stimulus: &mut Stimulus, now: Moment) -> std::io::Result<()> {
        let is_quiet = now.since(self.presence.last()) >= LEFT_ALONE;
        if is_quiet && stimulus.due() <= now {
            stimulus.knock(now)?;
            stimulus.begin(now, LEFT_ALONE);
        }
        Ok(())
    }
}

fn one(ports: &PortSet) -> Result<crate::port::PortId, Failure> {
    let mut all = ports.iter();
    match (all.next(), all.next()) {
        (Some(port), None) => Ok(port),
        _ => Err(Failure::new(
            Exit::Usage,
            "one port is watched, not several: the first place that is silent would be lost among them",
        )
        .hint("give --port one port: the one that `halfspan locate` named")),
    }
}
