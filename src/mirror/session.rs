//! A switch's mirror taken over for the time of a run, with all promises that this makes.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use crate::clock::Clock;
use crate::port::{Link, PortId, PortSet};
use crate::profile::Profile;
use crate::snmp::{ErrorStatus, Oid};
use crate::tables::ports::read_links;

use super::controls::{Controls, Goal};
use super::cost::Cost;
use super::driver::Task;
use super::journal::{self, Journal, Kept};
use super::lock::SwitchLock;
use super::open::{self, Found, OpenRequest};
use super::rules::Rules;
use super::state::State;
use super::{Mirror, MirrorError, MirrorLimits, Written};

/// Pauses before each look at the links after a change was refused: what snmpd tells of them may be 3 s old.
const LINKS_SHOW_AFTER: &[Duration] = &[
    Duration::ZERO,
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// The mirror of one switch, taken over over SNMP or HTTP.
///
/// Dropping it puts the switch back as a last resort; [`Mirror::restore`] can also say whether that worked.
pub struct MirrorSession {
    controls: Controls,
    profile: Profile,
    rules: Rules,
    agent: String,
    base: Option<Oid>,
    task: Task,
    take_session: bool,
    journal_dir: PathBuf,
    clock: Rc<dyn Clock>,
    limits: MirrorLimits,
    cost: Cost,
    /// The state before the run.
    then: State,
    /// The source numbers after the last change.
    mirrored: BTreeSet<u32>,
    /// Ports that had lost their link when they were wanted last.
    without_link: PortSet,
    /// Whether the journal is on disk and the switch may have been changed.
    dirty: bool,
    _lock: SwitchLock,
}

impl MirrorSession {
    pub(super) fn new(request: &OpenRequest<'_>, found: Found, lock: SwitchLock) -> Self {
        let timing = &request.profile.timing;
        MirrorSession {
            profile: request.profile.clone(),
            rules: request.rules(),
            agent: found.agent,
            base: found.base,
            task: found.task,
            take_session: request.take_session,
            journal_dir: request.journal_dir.to_owned(),
            clock: Rc::clone(&request.clock),
            limits: open::limits(request.profile),
            cost: Cost::guess(timing.write, timing.row),
            mirrored: open::mirrored_numbers(&found.controls.seen(&found.state), found.task),
            then: found.state,
            controls: found.controls,
            without_link: PortSet::new(),
            dirty: false,
            _lock: lock,
        }
    }

    /// Notes how long frames of the old set really went on, as the control has measured.
    pub fn measured_settle(&mut self, settle: Duration) {
        self.limits.settle = settle;
    }

    /// Puts the journal on disk, with the state as it is right before the first write.
    fn keep_state(&mut self) -> Result<(), MirrorError> {
        let state = self.controls.read()?;
        open::refuse_incomplete(&self.controls, &self.profile, &state)?;
        if state != self.then {
            open::refuse_foreign(
                &self.controls,
                self.rules.ports(),
                &state,
                self.take_session,
            )?;
            self.then = state;
        }
        self.write_journal(Vec::new())?;
        self.dirty = true;
        Ok(())
    }

    fn write_journal(&self, unseen: Vec<Oid>) -> Result<(), MirrorError> {
        let kept = Kept::Objects {
            base: self.base.clone(),
            destination: self.task.destination,
            called: self.controls.destination().cloned(),
            session: self.task.session,
            state: self.then.clone(),
            unseen,
        };
        let switch = &self.controls.switch;
        Journal::new(switch, &self.agent, &self.profile, kept).write(&self.journal_dir)
    }

    fn mirrored(&self, state: &State) -> PortSet {
        let numbers = open::mirrored_numbers(&self.controls.seen(state), self.task);
        self.controls.objects.ports(self.rules.ports(), &numbers).0
    }

    /// Ends as a killed process does: nothing is put back, and the system takes the lock away.
    #[cfg(test)]
    pub(super) fn killed(mut self) {
        self.dirty = false;
    }

    /// Makes the switch mirror exactly `wanted`; adds to `written` what that took.
    fn change_to(&mut self, wanted: &PortSet, written: &mut Written) -> Result<(), MirrorError> {
        let (numbers, nameless) = self.controls.objects.numbers(self.rules.ports(), wanted);
        if !nameless.is_empty() {
            return Err(self.rules.protected(&nameless, open::NO_NUMBER));
        }
        let goal = Goal::Sources(&numbers);
        let started = self.clock.now();
        if !self.dirty {
            let now = self.controls.read()?;
            if self.controls.plan(&now, &self.then, goal, 1).is_empty() {
                return Ok(());
            }
            self.keep_state()?;
        }
        let reached = self.controls.reach(goal, &self.then)?;
        let took = self.clock.now().since(started);
        let found = reached
            .now
            .as_ref()
            .map(|now| self.mirrored(now))
            .unwrap_or_default();
        written.writes += reached.writes;
        written.took += took;
        if reached.done && found == *wanted {
            let before = std::mem::replace(&mut self.mirrored, numbers.clone());
            if reached.writes > 0 {
                self.cost
                    .note(before.symmetric_difference(&numbers).count(), took);
                (self.limits.write_time, self.limits.row_time) = self.cost.fit();
            }
            return Ok(());
        }
        // Another process could take the old state that it reads for one that was put back.
        let hidden = self.controls.hidden();
        if !hidden.is_empty() {
            self.write_journal(hidden)?;
        }
        let switch = self.controls.switch.clone();
        Err(match reached.trouble {
            Some(source) => MirrorError::asking(&switch, "change the mirrored ports", source),
            None => MirrorError::NotApplied {
                switch,
                wanted: self.rules.ports().describe(wanted),
                found: self.rules.ports().describe(&found),
            },
        })
    }

    /// Asks which ports have lost their link, if that can be why they were not mirrored. The part of an agent that
    /// tells of links may know it seconds after the part that refuses.
    fn links_behind(&mut self, error: &MirrorError, ports: &PortSet) -> PortSet {
        let pauses = if is_refusal(error, ErrorStatus::InconsistentValue) {
            LINKS_SHOW_AFTER
        } else if matches!(
            error,
            MirrorError::NotApplied { .. } | MirrorError::Http { .. }
        ) {
            &LINKS_SHOW_AFTER[..1]
        } else {
            &[]
        };
        for pause in pauses {
            self.clock.sleep_until(self.clock.now() + *pause);
            let down = self.down_among(ports);
            if !down.is_empty() {
                return down;
            }
        }
        PortSet::new()
    }

    /// Asks which of some ports have no link now. On a switch that does not say so, none of them.
    fn down_among(&mut self, ports: &PortSet) -> PortSet {
        if ports.is_empty() {
            return PortSet::new();
        }
        let Some(snmp) = self.controls.reader() else {
            return PortSet::new();
        };
        let links = read_links(snmp, self.rules.ports()).unwrap_or_default();
        let is_down = |port: &PortId| links.get(port) == Some(&Link::Down);
        ports.iter().filter(is_down).collect()
    }

    fn put_back(&mut self) -> Result<(), MirrorError> {
        journal::put_back(&mut self.controls, &self.then, &self.journal_dir)?;
        self.dirty = false;
        journal::delete(&self.journal_dir, &self.controls.switch)
    }
}

impl Mirror for MirrorSession {
    fn limits(&self) -> &MirrorLimits {
        &self.limits
    }

    fn set_sources(&mut self, wanted: &PortSet) -> Result<Written, MirrorError> {
        self.rules.check(wanted)?;
        let known: PortSet = wanted
            .iter()
            .filter(|port| self.without_link.contains(*port))
            .collect();
        let mut down = self.down_among(&known);
        let mut written = Written::default();
        loop {
            let there = wanted.without(&down);
            let result = self.change_to(&there, &mut written);
            let Err(error) = result else {
                self.without_link = self.without_link.without(wanted);
                self.without_link.extend(down.iter());
                written.without_link = down;
                return Ok(written);
            };
            let more = self.links_behind(&error, &there);
            if more.is_empty() {
                return Err(error);
            }
            down.extend(more.iter());
        }
    }

    fn sources(&mut self) -> Result<PortSet, MirrorError> {
        let state = self.controls.read()?;
        Ok(self.mirrored(&state))
    }

    fn restore(&mut self) -> Result<(), MirrorError> {
        if self.dirty { self.put_back() } else { Ok(()) }
    }
}

impl Drop for MirrorSession {
    fn drop(&mut self) {
        if self.dirty
            && let Err(error) = self.put_back()
        {
            tracing::error!(switch = %self.controls.switch, "{error}");
        }
    }
}

fn is_refusal(error: &MirrorError, status: ErrorStatus) -> bool {
    matches!(error, MirrorError::Snmp { source, .. } if source.refusal() == Some(status))
}
