//! What is asked of the search, and what is remembered of its answer.

use super::super::candidates::{self, Roles};
use super::super::head_starts::HeadStarts;
use super::super::memory::{self, Found};
use super::super::outcome::Outcome;
use super::super::survey::Survey;
use super::Job;
use crate::clock::Clock;
use crate::config::Switch;
use crate::mirror::{Copies, Mirror};
use crate::port::{PortId, PortTable};
use crate::search::Question;

impl Job<'_> {
    pub(super) fn question(
        &self,
        survey: &Survey,
        roles: &Roles,
        mirror: &dyn Mirror,
        last_search: Option<PortId>,
    ) -> Question {
        let limits = mirror.limits();
        let starts = HeadStarts {
            table_says: survey.table_says,
            last_search,
            learned: (!self.task.no_tables).then_some(&survey.learned),
        };
        Question {
            candidates: starts.weigh(&roles.candidates).into_iter().collect(),
            source_limit: limits.sources,
            both_directions: limits.copies == Copies::Both,
            write_time: candidates::cost_of_change(limits),
            row_time: limits.row_time,
            confidence: self.task.confidence,
            max_time: self.clock.now().0 + self.task.max_time,
            proof_cycles: candidates::PROOF_CYCLES,
            seed: self.task.seed,
        }
    }

    /// The port of this switch on which the suspect was found last.
    pub(super) fn last_search(
        &self,
        switch: &Switch,
        ports: &PortTable,
    ) -> Option<(PortId, jiff::Timestamp)> {
        let mac = self.report.suspect.mac.filter(|_| !self.task.no_tables)?;
        let found = memory::recall(self.state, mac).filter(|found| found.switch == switch.name)?;
        Some((ports.by_name(&found.port)?.id, found.at))
    }

    /// Remembers where the suspect was found, as a head start for the next search.
    pub(super) fn remember(&mut self) {
        let (Outcome::Located, Some(mac)) = (self.report.outcome, self.report.suspect.mac) else {
            return;
        };
        let (Some(switch), Some(port)) = (&self.report.switch, &self.report.port) else {
            return;
        };
        let found = Found {
            switch: switch.clone(),
            port: port.label.clone(),
            at: jiff::Timestamp::now(),
        };
        if let Err(error) = memory::note(self.state, mac, &found) {
            self.warn(format!(
                "the next search will not know where this one found {mac}: {error}"
            ));
        }
    }
}
