//! The only way to write: nothing but the profile's mirror objects, and not too fast.

use std::rc::Rc;
use std::time::Duration;

use crate::clock::{Clock, Moment};
use crate::profile::Role;
use crate::snmp::{Oid, Snmp, SnmpError, VarBind};

use super::binding::Objects;

/// Why a write did not go out, or did not succeed.
#[derive(Debug)]
pub(super) enum Blocked {
    /// It is not below a declared, writable mirror object. Nothing was sent.
    Outside(Oid),
    /// It was sent.
    Sent(SnmpError),
}

/// An agent that can be read freely and written only where the profile allows it.
pub(super) struct Guard {
    snmp: Box<dyn Snmp>,
    clock: Rc<dyn Clock>,
    spacing: Duration,
    next_write: Moment,
}

impl Guard {
    /// Puts the guard before an agent; two writes are at least `spacing` apart.
    pub(super) fn new(snmp: Box<dyn Snmp>, clock: Rc<dyn Clock>, spacing: Duration) -> Self {
        Guard {
            snmp,
            clock,
            spacing,
            next_write: Moment::START,
        }
    }

    /// For reading.
    pub(super) fn reader(&mut self) -> &mut dyn Snmp {
        self.snmp.as_mut()
    }

    /// Writes the bindings if every one of them is an instance of a declared, writable object.
    pub(super) fn set(&mut self, objects: &Objects, bindings: &[VarBind]) -> Result<(), Blocked> {
        if let Some(binding) = bindings
            .iter()
            .find(|binding| !may_write(objects, &binding.oid))
        {
            return Err(Blocked::Outside(binding.oid.clone()));
        }
        self.clock.sleep_until(self.next_write);
        let result = self.snmp.set(bindings).map_err(Blocked::Sent);
        self.next_write = self.clock.now() + self.spacing;
        result
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
