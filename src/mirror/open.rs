//! Looking at a switch's mirror before anything is changed: does the profile fit, who uses it, which part is ours.

use std::collections::BTreeSet;
use std::path::Path;
use std::rc::Rc;

use crate::clock::Clock;
use crate::port::{PortId, PortSet, PortTable};
use crate::profile::http::Http;
use crate::profile::{Carries, DestinationTraffic, Direction, IndexPart, Profile, Role, Shape};
use crate::snmp::{Oid, Snmp, SnmpError};

use super::agent::Agents;
use super::binding::{Objects, find_base};
use super::controls::{Controls, direction_words};
use super::driver::{self, Seen, Task};
use super::journal;
use super::lock::SwitchLock;
use super::rules::{Rules, port_words};
use super::session::MirrorSession;
use super::state::State;
use super::{Copies, MirrorError, MirrorLimits};

/// What is asked of [`open`].
pub struct OpenRequest<'a> {
    /// The switch's name in the configuration.
    pub switch: &'a str,
    /// Its family's profile.
    pub profile: &'a Profile,
    /// Its ports.
    pub ports: &'a PortTable,
    /// The port that the sniffer is plugged into.
    pub destination: PortId,
    /// Ports that are never mirrored: uplinks and `never`.
    pub forbidden: &'a PortSet,
    /// Where journals and locks are kept: `$XDG_STATE_HOME/halfspan/journal`.
    pub journal_dir: &'a Path,
    /// Whether somebody else's mirror session may be borrowed.
    pub take_session: bool,
    /// Tells the time.
    pub clock: Rc<dyn Clock>,
}

impl OpenRequest<'_> {
    pub(super) fn rules(&self) -> Rules {
        Rules::new(
            self.switch,
            self.profile,
            self.ports,
            self.destination,
            self.forbidden,
        )
    }
}

/// Why a port that the switch's mirror has no number for cannot be mirrored.
pub(super) const NO_NUMBER: &str = "the switch has no number for them in its mirror";

/// What was found on a switch that fits its profile.
pub(super) struct Found {
    pub(super) agent: String,
    pub(super) base: Option<Oid>,
    pub(super) task: Task,
    pub(super) state: State,
    pub(super) controls: Controls,
}

/// What a switch's mirror looks like, for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Inspection {
    /// The mirrors there are, one sentence each; empty if there is none.
    pub sessions: Vec<String>,
    /// The session that is not ours and copies frames now, in words.
    pub foreign: Option<String>,
    /// What the mirror can do and, by the profile's guess, what it costs.
    pub limits: MirrorLimits,
    /// Whether the destination port still carries ordinary traffic.
    pub destination_traffic: DestinationTraffic,
    /// What the switch says about being able to mirror; `None` if the profile names no such object, or it is absent.
    pub capable: Option<bool>,
}

/// Takes over the mirror of a switch. Reads only: the first write comes with the first set of sources.
///
/// # Errors
/// [`MirrorError`]: somebody else's session, another run, a switch that an interrupted run left changed, a
/// profile that does not fit, or a switch that cannot be read.
pub fn open(
    request: &OpenRequest<'_>,
    agents: impl Into<Agents>,
) -> Result<MirrorSession, MirrorError> {
    let lock = SwitchLock::take(request.journal_dir, request.switch)?;
    if journal::load(request.journal_dir, request.switch)?.is_some() {
        return Err(MirrorError::Interrupted {
            switch: request.switch.to_owned(),
        });
    }
    let found = look(request, agents.into())?;
    refuse_foreign(
        &found.controls,
        request.ports,
        &found.state,
        request.take_session,
    )?;
    Ok(MirrorSession::new(request, found, lock))
}

/// Looks at a switch's mirror and writes nothing.
///
/// # Errors
/// [`MirrorError::Unfit`], [`MirrorError::NoDriver`] or a switch that cannot be read.
pub fn inspect(
    switch: &str,
    profile: &Profile,
    ports: &PortTable,
    agents: impl Into<Agents>,
    clock: Rc<dyn Clock>,
) -> Result<Inspection, MirrorError> {
    let mut agents = agents.into();
    let capable = match &profile.probe {
        None => None,
        Some(_) => agents
            .snmp()
            .and_then(|snmp| Ok(probe(profile, snmp)?))
            .map_err(|error| MirrorError::asking(switch, "read the mirror ability", error))?,
    };
    let task = Task {
        destination: 0,
        session: None,
        copies: copies_direction(profile),
    };
    let (_, controls, state) = bind(switch, profile, (task, ports), agents, clock)?;
    let seen = controls.seen(&state);
    let words = |seen: &Seen| words(&controls.objects, ports, seen);
    Ok(Inspection {
        sessions: seen
            .iter()
            .filter(|seen| !(seen.sources.is_empty() && seen.others.is_empty()))
            .map(words)
            .collect(),
        foreign: seen.iter().find(|seen| seen.active).map(words),
        limits: limits(profile),
        destination_traffic: profile.destination_traffic,
        capable,
    })
}

/// What a profile says its mirror can do and costs.
pub(super) fn limits(profile: &Profile) -> MirrorLimits {
    MirrorLimits {
        sources: profile.limits.sources,
        copies: driver::copies(profile),
        write_time: profile.timing.write,
        row_time: profile.timing.row,
        settle: profile.timing.settle,
    }
}

fn copies_direction(profile: &Profile) -> Direction {
    match driver::copies(profile) {
        Copies::Ingress => Direction::Ingress,
        Copies::Both => Direction::Both,
    }
}

/// Finds the base, checks that the objects are there, and reads them.
fn bind(
    switch: &str,
    profile: &Profile,
    (task, ports): (Task, &PortTable),
    mut agents: Agents,
    clock: Rc<dyn Clock>,
) -> Result<(Option<Oid>, Controls, State), MirrorError> {
    let unfit = |what: String| MirrorError::Unfit {
        switch: switch.to_owned(),
        profile: profile.name.clone(),
        what,
    };
    if profile.shape == Shape::Manual {
        return Err(unfit("it is for a person, not for a program".to_owned()));
    }
    let base = match &profile.base {
        None => None,
        Some(_) => agents
            .snmp()
            .and_then(|snmp| Ok(find_base(profile, snmp)?))
            .map_err(|error| MirrorError::asking(switch, "read the model", error))?,
    };
    if profile.base.is_some() && base.is_none() {
        return Err(unfit(
            "no rule for the base of its objects fits this switch".to_owned(),
        ));
    }
    let mut controls = Controls::new(
        switch,
        profile,
        base.as_ref(),
        (task, Some(ports)),
        agents,
        clock,
    )?;
    let state = controls.read()?;
    refuse_incomplete(&controls, profile, &state)?;
    Ok((base, controls, state))
}

/// Refuses a state that lacks what is always there: it could not be put back from.
pub(super) fn refuse_incomplete(
    controls: &Controls,
    profile: &Profile,
    state: &State,
) -> Result<(), MirrorError> {
    let missing = controls.missing(state);
    if missing.is_empty() {
        return Ok(());
    }
    Err(MirrorError::Unfit {
        switch: controls.switch.clone(),
        profile: profile.name.clone(),
        what: format!("it does not answer {}", missing.join(", ")),
    })
}

pub(super) fn look(request: &OpenRequest<'_>, agents: Agents) -> Result<Found, MirrorError> {
    let profile = request.profile;
    let agent = agents.device();
    let objects = Objects::bind(profile, Some(&Oid::default()));
    let destination =
        destination_number(&objects, request.ports, request.destination).ok_or_else(|| {
            MirrorError::Unfit {
                switch: request.switch.to_owned(),
                profile: profile.name.clone(),
                what: "the destination port has no number in its mirror".to_owned(),
            }
        })?;
    let task = Task {
        destination,
        session: None,
        copies: copies_direction(profile),
    };
    let clock = Rc::clone(&request.clock);
    let (base, mut controls, state) = bind(
        request.switch,
        profile,
        (task, request.ports),
        agents,
        clock,
    )?;
    let session = choose_session(
        profile,
        &controls.seen(&state),
        destination,
        request.take_session,
    );
    let task = Task { session, ..task };
    controls.use_task(profile, task)?;
    Ok(Found {
        agent,
        base,
        task,
        state,
        controls,
    })
}

fn destination_number(objects: &Objects, ports: &PortTable, id: PortId) -> Option<u32> {
    let port = ports.get(id)?;
    let holder = [Role::Destination, Role::Argument, Role::RowStatus]
        .into_iter()
        .find_map(|role| {
            objects.role(role).find(|bound| {
                role != Role::Argument || bound.object.carries == Some(Carries::Destination)
            })
        });
    objects.number(holder, port)
}

/// Picks the mirror session to use, where the switch numbers them: a free one, or the one to be borrowed.
fn choose_session(profile: &Profile, seen: &[Seen], destination: u32, take: bool) -> Option<u32> {
    let over_http = profile.http.as_ref();
    let numbered = over_http.is_some_and(Http::has_sessions)
        || profile.objects.iter().any(|object| {
            object.index.has(IndexPart::Session)
                || object.role == Role::Session
                || object.carries == Some(Carries::Session)
        });
    if !numbered || profile.shape == Shape::PairRows {
        return None;
    }
    let rank = |seen: &&Seen| {
        let to_us = seen.destination == Some(destination);
        match (
            seen.active,
            seen.sources.is_empty() && seen.others.is_empty(),
        ) {
            (true, _) if take => usize::from(!to_us),
            (false, true) => 2,
            (false, false) => 4,
            (true, _) => 5,
        }
    };
    // Where sessions are made when they are used, one that nobody has made is better than another's, even than one that
    // seems to be empty: it may hold what the profile does not read.
    let are_made = over_http.is_some()
        || profile
            .objects
            .iter()
            .any(|object| object.role == Role::RowStatus && object.index.has(IndexPart::Session));
    let good_enough = if are_made { 1 } else { 3 };
    let is_made = |number: &u32| seen.iter().any(|seen| seen.session == Some(*number));
    let unmade = (1..=profile.limits.sessions.unwrap_or(1)).find(|number| !is_made(number));
    let best = seen
        .iter()
        .filter(|seen| seen.session.is_some())
        .min_by_key(rank);
    match (best, unmade) {
        (Some(best), Some(unmade)) if rank(&best) > good_enough => Some(unmade),
        (Some(best), _) => best.session,
        (None, unmade) => unmade.or(Some(1)),
    }
}

/// Refuses a switch whose mirror copies frames for somebody else.
pub(super) fn refuse_foreign(
    controls: &Controls,
    ports: &PortTable,
    state: &State,
    take: bool,
) -> Result<(), MirrorError> {
    if controls.somebody_edits(state) {
        return Err(MirrorError::Unapplied {
            switch: controls.switch.clone(),
        });
    }
    let seen = controls.seen(state);
    match seen.iter().find(|seen| seen.active) {
        Some(foreign) if !take => Err(MirrorError::Foreign {
            switch: controls.switch.clone(),
            session: words(&controls.objects, ports, foreign),
        }),
        Some(_) | None => Ok(()),
    }
}

/// Returns the numbers of the ports whose received frames are copied to our destination.
pub(super) fn mirrored_numbers(seen: &[Seen], task: Task) -> BTreeSet<u32> {
    let ours = seen
        .iter()
        .filter(|seen| seen.active && seen.destination == Some(task.destination));
    ours.flat_map(|seen| &seen.sources)
        .filter(|(_, direction)| **direction != Direction::Egress)
        .map(|(number, _)| *number)
        .collect()
}

/// Says what a mirror does: "ports 1-4, 7 to port 24 (received frames)".
fn words(objects: &Objects, ports: &PortTable, seen: &Seen) -> String {
    let numbers: BTreeSet<u32> = seen.sources.keys().copied().collect();
    let (known, unknown) = objects.ports(ports, &numbers);
    let mut sources = Vec::new();
    if !known.is_empty() {
        sources.push(port_words(ports, &known));
    }
    sources.extend(unknown.iter().map(|number| format!("interface {number}")));
    sources.extend(seen.others.iter().cloned());
    if sources.is_empty() {
        sources.push("something that is no port".to_owned());
    }
    let destination = seen.destination.map_or("nowhere".to_owned(), |number| {
        let (set, _) = objects.ports(ports, &BTreeSet::from([number]));
        if set.is_empty() {
            format!("interface {number}")
        } else {
            port_words(ports, &set)
        }
    });
    let mut directions: Vec<&str> = seen
        .sources
        .values()
        .map(|direction| direction_words(*direction))
        .collect();
    directions.dedup();
    let session = seen
        .session
        .map(|n| format!("session {n}: "))
        .unwrap_or_default();
    let what = match directions.as_slice() {
        [one] => format!(" (frames {one})"),
        _ => String::new(),
    };
    let off = if seen.active { "" } else { ", off" };
    format!(
        "{session}{} to {destination}{what}{off}",
        sources.join(", ")
    )
}

/// Asks the switch whether it can mirror at all; `None` if the profile names no object that tells, or it is absent.
pub(super) fn probe(profile: &Profile, snmp: &mut dyn Snmp) -> Result<Option<bool>, SnmpError> {
    let Some(probe) = &profile.probe else {
        return Ok(None);
    };
    let answers = snmp.get(std::slice::from_ref(&probe.oid))?;
    let value = answers.into_iter().next().map(|binding| binding.value);
    Ok(match (value, probe.bit) {
        (Some(value), _) if value.is_absent() => None,
        (Some(_), None) => Some(true),
        (Some(value), Some(bit)) => {
            let octet = usize::try_from(bit / 8)
                .ok()
                .and_then(|n| value.as_octets()?.get(n).copied());
            octet.map(|octet| octet & (0x80 >> (bit % 8)) != 0)
        }
        (None, _) => None,
    })
}
