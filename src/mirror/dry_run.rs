//! A mirror that plans and never writes: for `--dry-run`.

use crate::port::PortSet;

use super::agent::Agents;
use super::controls::Goal;
use super::open::{self, Found, OpenRequest};
use super::rules::Rules;
use super::{Mirror, MirrorError, MirrorLimits, Written};

/// Says what would be written to a switch, from the state that it is in now.
pub struct DryRun {
    found: Found,
    rules: Rules,
    limits: MirrorLimits,
    /// The ports that would be mirrored.
    sources: PortSet,
    planned: Vec<String>,
}

impl DryRun {
    /// Reads a switch's mirror, as [`open`](super::open()) does, and takes nothing over.
    ///
    /// # Errors
    /// As [`open`](super::open()).
    pub fn open(request: &OpenRequest<'_>, agents: impl Into<Agents>) -> Result<Self, MirrorError> {
        let found = open::look(request, agents.into())?;
        open::refuse_foreign(
            &found.controls,
            request.ports,
            &found.state,
            request.take_session,
        )?;
        Ok(DryRun {
            rules: request.rules(),
            limits: open::limits(request.profile),
            sources: PortSet::new(),
            planned: Vec::new(),
            found,
        })
    }

    /// Returns the requests that the last change would have sent, one line each: `portCopyStatus.5.24 = 4, …`.
    #[must_use]
    pub fn planned(&self) -> &[String] {
        &self.planned
    }
}

impl Mirror for DryRun {
    fn limits(&self) -> &MirrorLimits {
        &self.limits
    }

    fn set_sources(&mut self, wanted: &PortSet) -> Result<Written, MirrorError> {
        self.rules.check(wanted)?;
        let Found {
            controls, state, ..
        } = &self.found;
        let (numbers, nameless) = controls.objects.numbers(self.rules.ports(), wanted);
        if !nameless.is_empty() {
            return Err(self.rules.protected(&nameless, open::NO_NUMBER));
        }
        let writes = controls.plan(state, state, Goal::Sources(&numbers), 1);
        self.planned = writes
            .iter()
            .map(|write| controls.describe(write))
            .collect();
        self.sources = wanted.clone();
        Ok(Written::default())
    }

    fn sources(&mut self) -> Result<PortSet, MirrorError> {
        Ok(self.sources.clone())
    }

    fn restore(&mut self) -> Result<(), MirrorError> {
        Ok(())
    }
}
