//! Whether what was written can be seen at all. A credential may be allowed to write what it is not shown, and then every
//! read says that nothing has changed.

use std::collections::{BTreeMap, BTreeSet};

use crate::snmp::{Oid, VarBind};

use super::binding::Objects;
use super::state::State;

/// Which objects were written and which were seen.
#[derive(Default)]
pub(super) struct Sight {
    /// An instance of each object that an acknowledged write went to.
    written: BTreeMap<Oid, Oid>,
    /// Objects of which a read has shown an instance.
    seen: BTreeSet<Oid>,
}

impl Sight {
    /// Notes what a read has shown.
    pub(super) fn read(&mut self, objects: &Objects, state: &State) {
        let shown = objects
            .iter()
            .filter(|bound| state.below(&bound.oid).next().is_some());
        self.seen.extend(shown.map(|bound| bound.oid.clone()));
    }

    /// Notes a write that the switch has acknowledged. Objects that need not be there are no sign.
    pub(super) fn wrote(&mut self, objects: &Objects, bindings: &[VarBind]) {
        for binding in bindings {
            if let Some((_, bound)) = objects.of(&binding.oid)
                && bound.object.role.is_kept()
                && !bound.object.optional
            {
                self.written.insert(bound.oid.clone(), binding.oid.clone());
            }
        }
    }

    /// Notes what an earlier process has written and not seen.
    pub(super) fn recall(&mut self, objects: &Objects, unseen: &[Oid]) {
        for oid in unseen {
            if let Some((_, bound)) = objects.of(oid) {
                self.written.insert(bound.oid.clone(), oid.clone());
            }
        }
    }

    /// Returns an instance of each object that was written and that no read has shown.
    pub(super) fn unseen(&self) -> Vec<Oid> {
        let unseen = self
            .written
            .iter()
            .filter(|(object, _)| !self.seen.contains(*object));
        unseen.map(|(_, instance)| instance.clone()).collect()
    }
}
