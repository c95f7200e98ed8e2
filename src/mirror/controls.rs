//! The loop that brings a switch into a state: read, plan, write, read back, until it is there.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::Clock;
use crate::port::PortTable;
use crate::profile::http::Scope;
use crate::profile::{Direction, Profile};
use crate::snmp::{Oid, Snmp, Value};

use super::MirrorError;
use super::agent::{AgentError, Agents};
use super::binding::Objects;
use super::driver::entries::{self, Call, Entries};
use super::driver::{self, Batch, Driver, Seen, Situation, Task};
use super::guard::{Blocked, Guard};
use super::sight::Sight;
use super::state::State;

/// Rounds of writing before a change is given up. A second one is needed after a lost answer or a refused
/// request of many rows, a third after both.
const CHANGE_ROUNDS: u32 = 4;
/// Rounds for putting back, where giving up is worse than waiting.
const RESTORE_ROUNDS: u32 = 8;
/// How long is waited for an acknowledged change to show, in growing steps. Slow switches answer before they act.
const PATIENCE: [Duration; 6] = [
    Duration::ZERO,
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1600),
];
/// How long a step around a change may take until it shows that it is done, and how often that is looked at.
const STEP_PATIENCE: Duration = Duration::from_secs(30);
const STEP_PAUSE: Duration = Duration::from_millis(300);
/// Pause before an unreachable switch is asked again while putting back.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Where the switch is to be brought.
#[derive(Clone, Copy)]
pub(super) enum Goal<'a> {
    /// Exactly these source numbers are mirrored to our destination.
    Sources(&'a BTreeSet<u32>),
    /// Everything is as before the run.
    AsBefore,
}

/// How bringing the switch there ended.
pub(super) struct Reached {
    /// Requests sent that may have changed something.
    pub(super) writes: u32,
    /// The state that was read last; `None` if the switch could not be read at all.
    pub(super) now: Option<State>,
    /// Whether the goal is reached.
    pub(super) done: bool,
    /// The last thing that went wrong on the way.
    pub(super) trouble: Option<AgentError>,
}

/// One request that changes the switch.
pub(super) enum Write {
    /// A SET.
    Set(Batch),
    /// An HTTP request.
    Call(Box<Call>),
}

/// How the switch is told.
enum Driven {
    ByObjects(Box<dyn Driver>),
    ByEntries(Box<Entries>),
}

/// The mirror objects of one switch, at hand.
pub(super) struct Controls {
    /// The switch's name in the configuration.
    pub(super) switch: String,
    pub(super) objects: Objects,
    guard: Guard,
    driver: Driven,
    sight: Sight,
    clock: Rc<dyn Clock>,
}

impl Controls {
    /// Takes hold of a switch's mirror: its objects below `base`, or its entries. Only putting back needs no `ports`.
    pub(super) fn new(
        switch: &str,
        profile: &Profile,
        base: Option<&Oid>,
        (task, ports): (Task, Option<&PortTable>),
        agents: Agents,
        clock: Rc<dyn Clock>,
    ) -> Result<Self, MirrorError> {
        let objects = Objects::bind(profile, base);
        let driver = match &profile.http {
            Some(http) => Driven::ByEntries(Box::new(Entries::new(http, profile, ports, task))),
            None => Driven::ByObjects(drive(profile, &objects, task)?),
        };
        Ok(Controls {
            switch: switch.to_owned(),
            driver,
            objects,
            guard: Guard::new(agents, Rc::clone(&clock), profile.timing.spacing),
            sight: Sight::default(),
            clock,
        })
    }

    /// Goes on with another task: which session is ours shows only once the state was read.
    pub(super) fn use_task(&mut self, profile: &Profile, task: Task) -> Result<(), MirrorError> {
        match &mut self.driver {
            Driven::ByEntries(entries) => entries.use_task(task),
            Driven::ByObjects(driver) => *driver = drive(profile, &self.objects, task)?,
        }
        Ok(())
    }

    /// Reads every kept object or entry.
    pub(super) fn read(&mut self) -> Result<State, MirrorError> {
        let read = self.try_read();
        read.map_err(|error| MirrorError::asking(&self.switch, "read the mirror state", error))
    }

    fn try_read(&mut self) -> Result<State, AgentError> {
        match &self.driver {
            Driven::ByObjects(_) => {
                let state = self.objects.read(self.guard.snmp()?)?;
                self.sight.read(&self.objects, &state);
                Ok(state)
            }
            Driven::ByEntries(driver) => Ok(entries::read(&driver.http, self.guard.http()?)?),
        }
    }

    /// Returns what the switch calls the destination port, where it goes by names.
    pub(super) fn destination(&self) -> Option<&String> {
        match &self.driver {
            Driven::ByEntries(entries) => entries.destination(),
            Driven::ByObjects(_) => None,
        }
    }

    /// Notes what the switch calls the destination port, where there is no port table.
    pub(super) fn call_destination(&mut self, name: &str) {
        if let Driven::ByEntries(entries) = &mut self.driver {
            entries.call_destination(name);
        }
    }

    /// Goes on with what an earlier process has written and not seen.
    pub(super) fn recall(&mut self, unseen: &[Oid]) {
        self.sight.recall(&self.objects, unseen);
    }

    /// Returns an instance of each object that has taken a write and may not be read. An agent says of a row that is not
    /// there that there is no such instance, and of what it does not show that there is no such object.
    pub(super) fn hidden(&mut self) -> Vec<Oid> {
        let unseen = self.sight.unseen();
        if unseen.is_empty() {
            return unseen;
        }
        let answers = self
            .guard
            .snmp()
            .and_then(|snmp| Ok(snmp.get_as_writer(&unseen)?));
        let Ok(answers) = answers else {
            return unseen;
        };
        answers
            .into_iter()
            .filter(|answer| answer.value == Value::NoSuchObject)
            .map(|answer| answer.oid)
            .collect()
    }

    /// Returns the names of what is always there and that a state does not hold: it was not read, or not whole.
    pub(super) fn missing(&self, state: &State) -> Vec<&str> {
        match &self.driver {
            Driven::ByObjects(_) => self.objects.missing(state),
            Driven::ByEntries(entries) => entries.missing(state),
        }
    }

    /// For reading what is no mirror object, where the switch has an SNMP agent.
    pub(super) fn reader(&mut self) -> Option<&mut dyn Snmp> {
        self.guard.snmp().ok()
    }

    /// Reads which mirrors a state holds.
    pub(super) fn seen(&self, state: &State) -> Vec<Seen> {
        match &self.driver {
            Driven::ByObjects(driver) => driver.seen(state),
            Driven::ByEntries(entries) => entries.seen(state),
        }
    }

    /// Tells whether somebody's edits wait to be applied: ours would make them live, too.
    pub(super) fn somebody_edits(&self, state: &State) -> bool {
        self.objects
            .role(crate::profile::Role::Pending)
            .any(|bound| {
                bound
                    .rows(state)
                    .any(|(_, value)| bound.object.word(value) == Some("waiting"))
            })
    }

    /// Returns what would be written first.
    pub(super) fn plan(
        &self,
        now: &State,
        then: &State,
        goal: Goal<'_>,
        attempt: u32,
    ) -> Vec<Write> {
        let situation = Situation { now, then, attempt };
        match &self.driver {
            Driven::ByObjects(driver) => {
                let batches = match goal {
                    Goal::Sources(wanted) => driver.plan(situation, wanted),
                    Goal::AsBefore => driver.plan_restore(situation),
                };
                batches.into_iter().map(Write::Set).collect()
            }
            Driven::ByEntries(entries) => {
                let calls = match goal {
                    Goal::Sources(wanted) => entries.plan(situation, wanted),
                    Goal::AsBefore => entries.plan_restore(situation),
                };
                calls
                    .into_iter()
                    .map(|call| Write::Call(Box::new(call)))
                    .collect()
            }
        }
    }

    /// Says what differs from the state before the run.
    pub(super) fn differences(&self, now: &State, then: &State) -> Vec<String> {
        match &self.driver {
            Driven::ByObjects(driver) => driver.differences(now, then),
            Driven::ByEntries(entries) => entries.differences(now, then),
        }
    }

    fn is_there(&self, now: &State, then: &State, goal: Goal<'_>) -> bool {
        match goal {
            Goal::Sources(_) => self.plan(now, then, goal, 1).is_empty(),
            Goal::AsBefore => self.differences(now, then).is_empty(),
        }
    }

    /// Brings the switch to the goal. Every round starts from what was just read, so that nothing is repeated
    /// that has happened already.
    ///
    /// # Errors
    /// [`MirrorError::OutsideProfile`], and while changing also a switch that cannot be read.
    pub(super) fn reach(&mut self, goal: Goal<'_>, then: &State) -> Result<Reached, MirrorError> {
        let rounds = match goal {
            Goal::Sources(_) => CHANGE_ROUNDS,
            Goal::AsBefore => RESTORE_ROUNDS,
        };
        let mut reached = Reached {
            writes: 0,
            now: None,
            done: false,
            trouble: None,
        };
        let mut attempt = 1;
        let mut idle = 0;
        for _ in 0..rounds {
            let Some(now) = self.read_or_wait(goal, &mut reached)? else {
                continue;
            };
            if self.is_there(&now, then, goal) {
                reached.now = Some(now);
                reached.done = true;
                return Ok(reached);
            }
            let writes = self.plan(&now, then, goal, attempt);
            reached.now = Some(now);
            let trouble = self.send(&writes, &mut reached.writes)?;
            if trouble.as_ref().is_some_and(AgentError::is_refusal) {
                attempt += 1;
            }
            let acknowledged = trouble.is_none();
            reached.trouble = trouble.or(reached.trouble);
            if acknowledged {
                let changed = self.wait_for_it(goal, then, &mut reached)?;
                if reached.done {
                    return Ok(reached);
                }
                idle = if changed { 0 } else { idle + 1 };
                if idle == 2 {
                    return Ok(reached);
                }
            }
        }
        if let Some(now) = self.read_or_wait(goal, &mut reached)? {
            reached.done = self.is_there(&now, then, goal);
            reached.now = Some(now);
        }
        Ok(reached)
    }

    /// Reads; while putting back, a switch that cannot be reached gets another chance later.
    fn read_or_wait(
        &mut self,
        goal: Goal<'_>,
        reached: &mut Reached,
    ) -> Result<Option<State>, MirrorError> {
        match (self.read(), goal) {
            (Ok(state), _) => Ok(Some(state)),
            (Err(error), Goal::AsBefore) => {
                let trouble = error.into_trouble()?;
                reached.trouble = Some(trouble);
                self.clock.sleep_until(self.clock.now() + RETRY_PAUSE);
                Ok(None)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Sends what is to be written; returns what went wrong, if anything did.
    fn send(
        &mut self,
        list: &[Write],
        writes: &mut u32,
    ) -> Result<Option<AgentError>, MirrorError> {
        let mut trouble = None;
        let mut brought = Scope::default();
        for write in list {
            tracing::debug!(switch = %self.switch, "{}", self.describe(write));
            let (sent, essential) = match write {
                Write::Set(batch) => (
                    self.guard.set(&self.objects, &batch.bindings),
                    batch.essential,
                ),
                Write::Call(call) => (self.call(call, &mut brought), true),
            };
            match sent {
                Ok(()) => {
                    *writes += 1;
                    if let Write::Set(batch) = write {
                        self.sight.wrote(&self.objects, &batch.bindings);
                    }
                }
                Err(Blocked::Outside(what)) => {
                    return Err(MirrorError::OutsideProfile {
                        switch: self.switch.clone(),
                        what,
                    });
                }
                Err(Blocked::Sent(error)) if error.is_refusal() => {
                    trouble = Some(error);
                    if essential {
                        break;
                    }
                }
                Err(Blocked::Sent(error)) => {
                    // Whether it was done, only reading can tell.
                    *writes += 1;
                    return Ok(Some(error));
                }
            }
        }
        Ok(trouble)
    }

    /// Sends one HTTP request, keeps what its answer brings, and waits until it is done where it says when that is.
    fn call(&mut self, call: &Call, brought: &mut Scope) -> Result<(), Blocked> {
        let Driven::ByEntries(entries) = &self.driver else {
            return Err(Blocked::Outside(call.request.path.clone()));
        };
        let mut scope = call.scope.clone();
        scope.texts.extend(brought.texts.clone());
        let until = self.clock.now() + STEP_PATIENCE;
        loop {
            let answer = self.guard.call(entries, call, &scope)?;
            if let Some(take) = &call.take {
                brought.texts.extend(take.read(&answer.body).texts);
            }
            let done = call
                .until
                .as_ref()
                .is_none_or(|sign| sign.shows(&answer.body));
            // A step that never shows its end is seen in what is read back.
            if done || self.clock.now() >= until {
                return Ok(());
            }
            self.clock.sleep_until(self.clock.now() + STEP_PAUSE);
        }
    }

    /// Waits until acknowledged writes show; returns whether anything has changed at all.
    fn wait_for_it(
        &mut self,
        goal: Goal<'_>,
        then: &State,
        reached: &mut Reached,
    ) -> Result<bool, MirrorError> {
        let before = reached.now.take();
        for pause in PATIENCE {
            self.clock.sleep_until(self.clock.now() + pause);
            let Some(now) = self.read_or_wait(goal, reached)? else {
                continue;
            };
            reached.done = self.is_there(&now, then, goal);
            let changed = before.as_ref() != Some(&now);
            reached.now = Some(now);
            if reached.done || changed {
                return Ok(changed);
            }
        }
        Ok(false)
    }

    /// Writes a request as a person would: `portCopyStatus.5.24 = 4`, `PUT /rest/v10.08/system/mirrors/1 {…}`.
    pub(super) fn describe(&self, write: &Write) -> String {
        let part = |binding: &crate::snmp::VarBind| {
            let value = match (&binding.value.as_i64(), binding.value.as_octets()) {
                (Some(number), _) => number.to_string(),
                (None, Some(octets)) => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
                (None, None) => format!("{:?}", binding.value),
            };
            format!("{} = {value}", self.objects.name(&binding.oid))
        };
        match write {
            Write::Set(batch) => {
                let parts: Vec<String> = batch.bindings.iter().map(part).collect();
                parts.join(", ")
            }
            Write::Call(call) => call.to_string(),
        }
    }
}

fn drive(profile: &Profile, objects: &Objects, task: Task) -> Result<Box<dyn Driver>, MirrorError> {
    driver::driver_for(profile, objects.clone(), task).ok_or_else(|| MirrorError::NoDriver {
        profile: profile.name.clone(),
    })
}

/// Returns the word for what is copied, for people.
pub(super) fn direction_words(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "received",
        Direction::Egress => "sent",
        Direction::Both => "received and sent",
    }
}
