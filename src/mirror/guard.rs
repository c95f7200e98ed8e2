//! The only way to write: nothing but the profile's mirror objects, and not too fast.

use std::rc::Rc;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::http::{Answer, Http, HttpError, Purpose};
use crate::profile::Role;
use crate::profile::http::Scope;
use crate::snmp::{Oid, Snmp, VarBind};

use super::agent::{AgentError, Agents};
use super::binding::Objects;
use super::driver::entries::{Call, Entries};

/// Why a write did not go out, or did not succeed.
#[derive(Debug)]
pub(super) enum Blocked {
    /// It is no declared, writable mirror object, or no request of the profile. Nothing was sent.
    Outside(String),
    /// It was sent.
    Sent(AgentError),
}

/// An agent that can be read freely and written only where the profile allows it.
pub(super) struct Guard {
    agents: Agents,
    clock: Rc<dyn Clock>,
    spacing: Duration,
    next_write: Moment,
}

impl Guard {
    /// Puts the guard before a switch; two writes are at least `spacing` apart.
    pub(super) fn new(agents: Agents, clock: Rc<dyn Clock>, spacing: Duration) -> Self {
        Guard {
            agents,
            clock,
            spacing,
            next_write: Moment::START,
        }
    }

    /// For reading objects.
    pub(super) fn snmp(&mut self) -> Result<&mut dyn Snmp, AgentError> {
        self.agents.snmp()
    }

    /// For reading entries.
    pub(super) fn http(&mut self) -> Result<&mut dyn Http, AgentError> {
        self.agents.http()
    }

    /// Sends a request if it is one of the profile's. `scope` is the call's, with what earlier answers have brought.
    pub(super) fn call(
        &mut self,
        entries: &Entries,
        call: &Call,
        scope: &Scope,
    ) -> Result<Answer, Blocked> {
        if !entries.allows(call) {
            return Err(Blocked::Outside(call.request.path.clone()));
        }
        self.clock.sleep_until(self.next_write);
        let http = self.agents.http().map_err(Blocked::Sent)?;
        let sent = http.send(&call.request, scope, Purpose::Write);
        self.next_write = self.clock.now() + self.spacing;
        sent.map_err(|error: HttpError| Blocked::Sent(error.into()))
    }

    /// Writes the bindings if every one of them is an instance of a declared, writable object.
    pub(super) fn set(&mut self, objects: &Objects, bindings: &[VarBind]) -> Result<(), Blocked> {
        if let Some(binding) = bindings
            .iter()
            .find(|binding| !may_write(objects, &binding.oid))
        {
            return Err(Blocked::Outside(binding.oid.to_string()));
        }
        self.clock.sleep_until(self.next_write);
        let snmp = self.agents.snmp().map_err(Blocked::Sent)?;
        let result = snmp.set(bindings);
        self.next_write = self.clock.now() + self.spacing;
        result.map_err(|error| Blocked::Sent(error.into()))
    }
}

/// Tells whether an instance belongs to a mirror object that may be written.
fn may_write(objects: &Objects, oid: &Oid) -> bool {
    let saves = objects
        .role(Role::Save)
        .any(|save| oid.below(&save.oid).is_some());
    let declared = objects
        .iter()
        .any(|bound| bound.object.role.is_writable() && bound.instance(oid).is_some());
    declared && !saves
}
