//! The loop that brings a switch into a state: read, plan, write, read back, until it is there.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::Clock;
use crate::profile::{Direction, Profile};
use crate::snmp::{Oid, Snmp, SnmpError};

use super::MirrorError;
use super::binding::Objects;
use super::driver::{self, Batch, Driver, Seen, Situation, Task};
use super::guard::{Blocked, Guard};
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
    pub(super) trouble: Option<SnmpError>,
}

/// The mirror objects of one switch, at hand.
pub(super) struct Controls {
    /// The switch's name in the configuration.
    pub(super) switch: String,
    pub(super) objects: Objects,
    guard: Guard,
    driver: Box<dyn Driver>,
    clock: Rc<dyn Clock>,
}

impl Controls {
    /// Takes hold of a switch's mirror objects below `base`.
    pub(super) fn new(
        switch: &str,
        profile: &Profile,
        base: Option<&Oid>,
        task: Task,
        snmp: Box<dyn Snmp>,
        clock: Rc<dyn Clock>,
    ) -> Result<Self, MirrorError> {
        let objects = Objects::bind(profile, base);
        Ok(Controls {
            switch: switch.to_owned(),
            driver: drive(profile, &objects, task)?,
            objects,
            guard: Guard::new(snmp, Rc::clone(&clock), profile.timing.spacing),
            clock,
        })
    }

    /// Goes on with another task: which session is ours shows only once the state was read.
    pub(super) fn use_task(&mut self, profile: &Profile, task: Task) -> Result<(), MirrorError> {
        self.driver = drive(profile, &self.objects, task)?;
        Ok(())
    }

    /// Reads every kept object.
    pub(super) fn read(&mut self) -> Result<State, MirrorError> {
        let objects = &self.objects;
        objects
            .read(self.guard.reader())
            .map_err(|source| MirrorError::Snmp {
                switch: self.switch.clone(),
                doing: "read the mirror state",
                source,
            })
    }

    /// For reading what is no mirror object.
    pub(super) fn reader(&mut self) -> &mut dyn Snmp {
        self.guard.reader()
    }

    /// Reads which mirrors a state holds.
    pub(super) fn seen(&self, state: &State) -> Vec<Seen> {
        self.driver.seen(state)
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
    ) -> Vec<Batch> {
        let situation = Situation { now, then, attempt };
        match goal {
            Goal::Sources(wanted) => self.driver.plan(situation, wanted),
            Goal::AsBefore => self.driver.plan_restore(situation),
        }
    }

    /// Says what differs from the state before the run.
    pub(super) fn differences(&self, now: &State, then: &State) -> Vec<String> {
        self.driver.differences(now, then)
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
            let batches = self.plan(&now, then, goal, attempt);
            reached.now = Some(now);
            let trouble = self.send(&batches, &mut reached.writes)?;
            if matches!(trouble, Some(SnmpError::Refused { .. })) {
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
            (Err(MirrorError::Snmp { source, .. }), Goal::AsBefore) => {
                reached.trouble = Some(source);
                self.clock.sleep_until(self.clock.now() + RETRY_PAUSE);
                Ok(None)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Sends the batches; returns what went wrong, if anything did.
    fn send(
        &mut self,
        batches: &[Batch],
        writes: &mut u32,
    ) -> Result<Option<SnmpError>, MirrorError> {
        let mut trouble = None;
        for batch in batches {
            tracing::debug!(switch = %self.switch, "SET {}", self.describe(batch));
            match self.guard.set(&self.objects, &batch.bindings) {
                Ok(()) => *writes += 1,
                Err(Blocked::Outside(oid)) => {
                    return Err(MirrorError::OutsideProfile {
                        switch: self.switch.clone(),
                        oid,
                    });
                }
                Err(Blocked::Sent(error @ SnmpError::Refused { .. })) => {
                    trouble = Some(error);
                    if batch.essential {
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

    /// Writes a batch as a person would: `portCopyStatus.5.24 = 4`.
    pub(super) fn describe(&self, batch: &Batch) -> String {
        let part = |binding: &crate::snmp::VarBind| {
            let value = match (&binding.value.as_i64(), binding.value.as_octets()) {
                (Some(number), _) => number.to_string(),
                (None, Some(octets)) => octets.iter().map(|octet| format!("{octet:02x}")).collect(),
                (None, None) => format!("{:?}", binding.value),
            };
            format!("{} = {value}", self.objects.name(&binding.oid))
        };
        batch
            .bindings
            .iter()
            .map(part)
            .collect::<Vec<_>>()
            .join(", ")
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
