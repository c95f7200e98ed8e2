//! The mirror of such a switch taken over for the time of a run, with all promises that this makes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::hand::Hand;
use super::{Device, Goal, Plane, Shown, ovs, tc};
use crate::clock::Clock;
use crate::mirror::controls::direction_words;
use crate::mirror::cost::Cost;
use crate::mirror::journal::{self, Journal, Kept};
use crate::mirror::lock::SwitchLock;
use crate::mirror::open::{self, Inspection, OpenRequest};
use crate::mirror::rules::{Rules, port_words};
use crate::mirror::{Mirror, MirrorError, MirrorLimits, Written};
use crate::port::{PortId, PortSet, PortTable};
use crate::profile::{Direction, Profile};

/// Takes over the mirror of a switch. Reads only: the first write comes with the first set of sources.
///
/// # Errors
/// As [`open`](crate::mirror::open()).
pub fn open(request: &OpenRequest<'_>, device: Device) -> Result<Box<dyn Mirror>, MirrorError> {
    let destination = destination(request)?;
    let agent = device.agent();
    Ok(match device {
        Device::Linux { bridge } => {
            let plane = tc::Tc::new(&bridge, &destination);
            Box::new(Session::open(request, plane, agent)?)
        }
        Device::Ovs { remote, bridge } => {
            let plane = ovs::Ovs::new(remote, &bridge, &destination);
            Box::new(Session::open(request, plane, agent)?)
        }
    })
}

/// Says what mirroring `wanted` would write, one line each; writes nothing.
///
/// # Errors
/// As [`open()`].
pub fn plan(
    request: &OpenRequest<'_>,
    device: Device,
    wanted: &PortSet,
) -> Result<Vec<String>, MirrorError> {
    let destination = destination(request)?;
    match device {
        Device::Linux { bridge } => plan_with(request, tc::Tc::new(&bridge, &destination), wanted),
        Device::Ovs { remote, bridge } => {
            let plane = ovs::Ovs::new(remote, &bridge, &destination);
            plan_with(request, plane, wanted)
        }
    }
}

/// Looks at a switch's mirrors and writes nothing.
///
/// # Errors
/// [`MirrorError`], if the switch cannot be read.
pub fn inspect(
    switch: &str,
    profile: &Profile,
    ports: &PortTable,
    device: Device,
    clock: Rc<dyn Clock>,
) -> Result<Inspection, MirrorError> {
    let shown = match device {
        Device::Linux { bridge } => read_mirrors(switch, profile, tc::Tc::new(&bridge, ""), clock),
        Device::Ovs { remote, bridge } => {
            let plane = ovs::Ovs::new(remote, &bridge, "");
            read_mirrors(switch, profile, plane, clock)
        }
    }?;
    let sessions: Vec<String> = shown.iter().map(|mirror| words(ports, mirror)).collect();
    Ok(Inspection {
        foreign: sessions.first().cloned(),
        sessions,
        limits: open::limits(profile),
        destination_traffic: profile.destination_traffic,
        capable: Some(true),
    })
}

/// Puts a switch back as a journal says.
pub(in crate::mirror) fn repair(
    journal: &Journal,
    folder: &Path,
    (destination, state): (&str, &serde_json::Value),
    device: Device,
    profile: &Profile,
    clock: Rc<dyn Clock>,
) -> Result<(), MirrorError> {
    match device {
        Device::Linux { bridge } => {
            let plane = tc::Tc::new(&bridge, destination);
            repair_with(journal, folder, state, plane, profile, clock)
        }
        Device::Ovs { remote, bridge } => {
            let plane = ovs::Ovs::new(remote, &bridge, destination);
            repair_with(journal, folder, state, plane, profile, clock)
        }
    }
}

fn repair_with<P: Plane>(
    journal: &Journal,
    folder: &Path,
    state: &serde_json::Value,
    plane: P,
    profile: &Profile,
    clock: Rc<dyn Clock>,
) -> Result<(), MirrorError> {
    let then: P::State = serde_json::from_value(state.clone())
        .map_err(|error| journal.damaged(folder, error.to_string()))?;
    Hand::new(&journal.switch, plane, clock, profile.timing.spacing).put_back(&then)
}

fn read_mirrors<P: Plane>(
    switch: &str,
    profile: &Profile,
    plane: P,
    clock: Rc<dyn Clock>,
) -> Result<Vec<Shown>, MirrorError> {
    let mut hand = Hand::new(switch, plane, clock, profile.timing.spacing);
    let state = hand.read()?;
    Ok(hand.plane.shown(&state))
}

fn plan_with<P: Plane>(
    request: &OpenRequest<'_>,
    plane: P,
    wanted: &PortSet,
) -> Result<Vec<String>, MirrorError> {
    request.rules().check(wanted)?;
    let mut hand = hand_for(request, plane);
    let now = hand.read()?;
    let destination = destination(request)?;
    let take = request.take_session.then_some(destination.as_str());
    refuse_foreign(&hand, request.ports, take, &now)?;
    let names = names_of(request.ports, wanted);
    let steps = hand.plane.plan(&now, &now, Goal::Sources(&names));
    Ok(steps.iter().map(ToString::to_string).collect())
}

fn hand_for<P: Plane>(request: &OpenRequest<'_>, plane: P) -> Hand<P> {
    let clock = Rc::clone(&request.clock);
    Hand::new(request.switch, plane, clock, request.profile.timing.spacing)
}

fn destination(request: &OpenRequest<'_>) -> Result<String, MirrorError> {
    let port = request.ports.get(request.destination);
    port.map(|port| port.if_name.clone())
        .ok_or_else(|| MirrorError::Unfit {
            switch: request.switch.to_owned(),
            profile: request.profile.name.clone(),
            what: "it has no such destination port".to_owned(),
        })
}

fn names_of(ports: &PortTable, set: &PortSet) -> BTreeSet<String> {
    let known = set.iter().filter_map(|id| ports.get(id));
    known.map(|port| port.if_name.clone()).collect()
}

fn id_of(ports: &PortTable, name: &str) -> Option<PortId> {
    ports
        .iter()
        .find(|port| port.if_name == name)
        .map(|port| port.id)
}

/// Refuses a switch that copies frames for somebody else, unless that is allowed and does not get in the way.
fn refuse_foreign<P: Plane>(
    hand: &Hand<P>,
    ports: &PortTable,
    take: Option<&str>,
    state: &P::State,
) -> Result<(), MirrorError> {
    let mirrors = hand.plane.shown(state);
    let in_the_way = |mirror: &&Shown| match take {
        None => true,
        Some(to) => mirror.destination.as_deref() == Some(to) && !hand.plane.can_borrow(),
    };
    match mirrors.iter().find(in_the_way) {
        None => Ok(()),
        Some(mirror) if take.is_none() => Err(MirrorError::Foreign {
            switch: hand.switch.clone(),
            session: words(ports, mirror),
        }),
        Some(mirror) => Err(MirrorError::NotToBeBorrowed {
            switch: hand.switch.clone(),
            session: words(ports, mirror),
        }),
    }
}

/// Says what a mirror does: "ports 1-4 to port 24 (frames received)".
fn words(ports: &PortTable, mirror: &Shown) -> String {
    let place = |name: &String| match id_of(ports, name) {
        Some(id) => port_words(ports, &PortSet::from_iter([id])),
        None => format!("interface {name}"),
    };
    let known: PortSet = mirror
        .sources
        .keys()
        .filter_map(|name| id_of(ports, name))
        .collect();
    let mut sources = Vec::new();
    if !known.is_empty() {
        sources.push(port_words(ports, &known));
    }
    let unknown = mirror
        .sources
        .keys()
        .filter(|name| id_of(ports, name).is_none());
    sources.extend(unknown.map(place));
    let mut directions: Vec<&str> = mirror
        .sources
        .values()
        .map(|&way| direction_words(way))
        .collect();
    directions.dedup();
    let what = match directions.as_slice() {
        [one] => format!(" (frames {one})"),
        _ => String::new(),
    };
    let name = mirror
        .name
        .as_ref()
        .map(|name| format!("`{name}`: "))
        .unwrap_or_default();
    let to = mirror
        .destination
        .as_ref()
        .map_or("nowhere".to_owned(), place);
    let left = if mirror.ours {
        ", made by a halfspan whose journal is gone"
    } else {
        ""
    };
    format!("{name}{} to {to}{what}{left}", sources.join(", "))
}

/// The mirror of a switch that is reached without SNMP.
///
/// Dropping it puts the switch back as a last resort; [`Mirror::restore`] can also say whether that worked.
struct Session<P: Plane> {
    hand: Hand<P>,
    agent: String,
    profile: Profile,
    rules: Rules,
    destination: String,
    take_session: bool,
    journal_dir: PathBuf,
    limits: MirrorLimits,
    cost: Cost,
    /// The state before the run.
    then: P::State,
    /// The sources after the last change.
    mirrored: BTreeSet<String>,
    /// Whether the journal is on disk and the switch may have been changed.
    dirty: bool,
    _lock: SwitchLock,
}

impl<P: Plane> Session<P> {
    fn open(request: &OpenRequest<'_>, plane: P, agent: String) -> Result<Self, MirrorError> {
        let lock = SwitchLock::take(request.journal_dir, request.switch)?;
        if journal::load(request.journal_dir, request.switch)?.is_some() {
            return Err(MirrorError::Interrupted {
                switch: request.switch.to_owned(),
            });
        }
        let mut hand = hand_for(request, plane);
        let then = hand.read()?;
        let destination = destination(request)?;
        let take = request.take_session.then_some(destination.as_str());
        refuse_foreign(&hand, request.ports, take, &then)?;
        let timing = &request.profile.timing;
        Ok(Session {
            hand,
            agent,
            profile: request.profile.clone(),
            rules: request.rules(),
            take_session: request.take_session,
            journal_dir: request.journal_dir.to_owned(),
            limits: open::limits(request.profile),
            cost: Cost::guess(timing.write, timing.row),
            mirrored: BTreeSet::new(),
            then,
            destination,
            dirty: false,
            _lock: lock,
        })
    }

    /// Puts the journal on disk, with the state as it is right before the first write.
    fn keep_state(&mut self, now: P::State) -> Result<(), MirrorError> {
        let take = self.take_session.then_some(self.destination.as_str());
        refuse_foreign(&self.hand, self.rules.ports(), take, &now)?;
        let state = serde_json::to_value(&now);
        self.then = now;
        let kept = Kept::Direct {
            destination: self.destination.clone(),
            state: state.map_err(|error| self.cannot_write(error.into()))?,
        };
        let journal = Journal::new(&self.hand.switch, &self.agent, &self.profile, kept);
        journal.write(&self.journal_dir)?;
        self.dirty = true;
        Ok(())
    }

    fn cannot_write(&self, source: std::io::Error) -> MirrorError {
        MirrorError::Journal {
            path: Path::new(&self.journal_dir).to_owned(),
            doing: "written",
            source,
        }
    }

    /// The ports whose received frames are copied to our destination.
    fn sources_in(&self, state: &P::State) -> PortSet {
        let to_us = |mirror: &Shown| mirror.destination.as_ref() == Some(&self.destination);
        let mirrors = self.hand.plane.shown(state).into_iter().filter(to_us);
        let sources: BTreeMap<String, Direction> =
            mirrors.flat_map(|mirror| mirror.sources).collect();
        let received = sources.iter().filter(|(_, way)| **way != Direction::Egress);
        received
            .filter_map(|(name, _)| id_of(self.rules.ports(), name))
            .collect()
    }

    fn put_back(&mut self) -> Result<(), MirrorError> {
        self.hand.put_back(&self.then)?;
        self.dirty = false;
        journal::delete(&self.journal_dir, &self.hand.switch)
    }
}

impl<P: Plane> Mirror for Session<P> {
    fn limits(&self) -> &MirrorLimits {
        &self.limits
    }

    fn set_sources(&mut self, wanted: &PortSet) -> Result<Written, MirrorError> {
        self.rules.check(wanted)?;
        let names = names_of(self.rules.ports(), wanted);
        let goal = Goal::Sources(&names);
        let started = self.hand.clock.now();
        if !self.dirty {
            let now = self.hand.read()?;
            if self.hand.plane.plan(&now, &self.then, goal).is_empty() {
                return Ok(Written::default());
            }
            self.keep_state(now)?;
        }
        let reached = self.hand.reach(goal, &self.then);
        let took = self.hand.clock.now().since(started);
        let found = reached
            .now
            .as_ref()
            .map(|now| self.sources_in(now))
            .unwrap_or_default();
        if reached.done && found == *wanted {
            let before = std::mem::replace(&mut self.mirrored, names);
            if reached.writes > 0 {
                let rows = before.symmetric_difference(&self.mirrored).count();
                self.cost.note(rows, took);
                (self.limits.write_time, self.limits.row_time) = self.cost.fit();
            }
            return Ok(Written {
                writes: reached.writes,
                took,
                without_link: PortSet::new(),
            });
        }
        Err(match reached.trouble {
            Some(source) => self.hand.failed("change the mirrored ports", source),
            None => MirrorError::NotApplied {
                switch: self.hand.switch.clone(),
                wanted: self.rules.ports().describe(wanted),
                found: self.rules.ports().describe(&found),
            },
        })
    }

    fn sources(&mut self) -> Result<PortSet, MirrorError> {
        let state = self.hand.read()?;
        Ok(self.sources_in(&state))
    }

    fn restore(&mut self) -> Result<(), MirrorError> {
        if self.dirty { self.put_back() } else { Ok(()) }
    }
}

impl<P: Plane> Drop for Session<P> {
    fn drop(&mut self) {
        if self.dirty
            && let Err(error) = self.put_back()
        {
            tracing::error!(switch = %self.hand.switch, "{error}");
        }
    }
}
