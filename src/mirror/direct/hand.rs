//! The loop that brings a switch into a state: read, plan, write, read back, until it is there.

use std::rc::Rc;
use std::time::Duration;

use super::{DirectError, Goal, Plane};
use crate::clock::{Clock, Moment};
use crate::mirror::MirrorError;

/// Rounds of writing before a change is given up. A kernel without the first way of matching takes a second one, a
/// database that somebody else changes at the same time more.
const CHANGE_ROUNDS: u32 = 4;
/// Rounds for putting back, where giving up is worse than waiting.
const RESTORE_ROUNDS: u32 = 8;
/// Pause before a switch that failed is asked again while putting back.
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// A switch at hand.
pub(super) struct Hand<P: Plane> {
    /// Its name in the configuration.
    pub(super) switch: String,
    pub(super) plane: P,
    pub(super) clock: Rc<dyn Clock>,
    /// The least time between two writes.
    spacing: Duration,
    next_write: Moment,
}

/// How bringing the switch there ended.
pub(super) struct Reached<S> {
    /// Steps carried out or tried.
    pub(super) writes: u32,
    /// The state that was read last.
    pub(super) now: Option<S>,
    /// Whether the goal is reached.
    pub(super) done: bool,
    /// The last thing that went wrong on the way.
    pub(super) trouble: Option<DirectError>,
}

impl<P: Plane> Hand<P> {
    pub(super) fn new(switch: &str, plane: P, clock: Rc<dyn Clock>, spacing: Duration) -> Self {
        Hand {
            switch: switch.to_owned(),
            plane,
            clock,
            spacing,
            next_write: Moment::START,
        }
    }

    /// Reads the switch.
    pub(super) fn read(&mut self) -> Result<P::State, MirrorError> {
        let read = self.plane.read();
        read.map_err(|source| self.failed("read the mirror state", source))
    }

    pub(super) fn failed(&self, doing: &'static str, source: DirectError) -> MirrorError {
        MirrorError::Direct {
            switch: self.switch.clone(),
            doing,
            source,
        }
    }

    /// Brings the switch to the goal, from whatever state it is in now.
    pub(super) fn reach(&mut self, goal: Goal<'_>, then: &P::State) -> Reached<P::State> {
        let mut reached = Reached {
            writes: 0,
            now: None,
            done: false,
            trouble: None,
        };
        let rounds = match goal {
            Goal::Sources(_) => CHANGE_ROUNDS,
            Goal::AsBefore => RESTORE_ROUNDS,
        };
        for round in 0..=rounds {
            match self.plane.read() {
                Ok(now) => {
                    let steps = self.plane.plan(&now, then, goal);
                    reached.done = steps.is_empty();
                    reached.now = Some(now);
                    if reached.done || round == rounds {
                        return reached;
                    }
                    reached.trouble = self.run(&steps, &mut reached.writes).or(reached.trouble);
                }
                Err(error) => reached.trouble = Some(error),
            }
            if reached.trouble.is_some() && matches!(goal, Goal::AsBefore) {
                self.clock.sleep_until(self.clock.now() + RETRY_PAUSE);
            }
        }
        reached
    }

    /// Carries out the steps; returns what went wrong, which ends it.
    fn run(&mut self, steps: &[P::Step], writes: &mut u32) -> Option<DirectError> {
        for step in steps {
            tracing::debug!(switch = %self.switch, "{step}");
            self.clock.sleep_until(self.next_write);
            *writes += 1;
            let done = self.plane.run(step);
            self.next_write = self.clock.now() + self.spacing;
            if let Err(error) = done {
                tracing::debug!(switch = %self.switch, "{error}");
                return Some(error);
            }
        }
        None
    }

    /// Puts the switch back, reads it back and compares.
    pub(super) fn put_back(&mut self, then: &P::State) -> Result<(), MirrorError> {
        let reached = self.reach(Goal::AsBefore, then);
        let differences = match &reached.now {
            None => vec!["it cannot be read".to_owned()],
            Some(now) => self.plane.differences(now, then),
        };
        if reached.done && differences.is_empty() {
            return Ok(());
        }
        let mut difference = differences.join(", ");
        if let Some(trouble) = reached.trouble {
            difference = format!("{difference} ({trouble})");
        }
        Err(MirrorError::NotRestored {
            switch: self.switch.clone(),
            difference,
            source: None,
        })
    }
}
