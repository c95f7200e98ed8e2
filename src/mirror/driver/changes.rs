//! What differs between the present state and a target: values to be written, rows to be made and to be removed.

use std::collections::BTreeSet;

use crate::mirror::binding::{Bound, Objects};
use crate::mirror::state::State;
use crate::profile::{Instance, OnlyWhile, Role};
use crate::snmp::{Oid, Value, VarBind};

use super::rows::{self, NewRow};
use super::settings::{same, switch};
use super::target::Target;

/// A value to be written.
pub(super) struct Write<'a> {
    /// The object's place in the profile.
    pub(super) rank: usize,
    pub(super) bound: &'a Bound,
    pub(super) instance: Instance,
    pub(super) oid: &'a Oid,
    pub(super) value: &'a Value,
}

impl Write<'_> {
    pub(super) fn binding(&self) -> VarBind {
        VarBind {
            oid: self.oid.clone(),
            value: self.value.clone(),
        }
    }

    /// Tells whether it takes a port out.
    pub(super) fn turns_off(&self) -> bool {
        let may = matches!(
            self.bound.object.role,
            Role::Source | Role::Direction | Role::DestinationFlag
        );
        may && self.bound.object.word(self.value) == Some("off")
    }
}

/// What has to change, in no order yet. Numbers are places in the profile.
pub(super) struct Changes<'a> {
    pub(super) writes: Vec<Write<'a>>,
    pub(super) new: Vec<(usize, Option<u32>, NewRow)>,
    pub(super) gone: Vec<(usize, Option<u32>, Oid)>,
}

impl<'a> Changes<'a> {
    pub(super) fn find(objects: &'a Objects, now: &State, target: &'a Target) -> Self {
        let mut changes = Changes {
            writes: Vec::new(),
            new: Vec::new(),
            gone: Vec::new(),
        };
        let mut anew: BTreeSet<Oid> = BTreeSet::new();
        for (oid, value) in target.values.iter() {
            let Some((rank, bound)) = objects.of(oid) else {
                continue;
            };
            if bound.object.role != Role::RowStatus || !rows::exists(bound, Some(value)) {
                continue;
            }
            let Some(instance) = bound.instance(oid) else {
                continue;
            };
            let is_there = rows::exists(bound, now.get(oid));
            if is_there && !must_be_made_anew(objects, bound, &instance, now, &target.values) {
                continue;
            }
            if is_there {
                changes.gone.push((rank, instance.session, oid.clone()));
            }
            let row = new_row(objects, bound, &instance, oid, value, &target.values);
            anew.insert(oid.clone());
            changes.new.push((rank, instance.session, row));
        }
        for oid in &target.gone {
            if let Some((rank, bound)) = objects.of(oid)
                && let Some(instance) = bound.instance(oid)
                && rows::exists(bound, now.get(oid))
            {
                changes.gone.push((rank, instance.session, oid.clone()));
            }
        }
        for (oid, value) in target.values.iter() {
            changes.value(objects, now, &anew, target, oid, value);
        }
        changes
    }

    fn value(
        &mut self,
        objects: &'a Objects,
        now: &State,
        anew: &BTreeSet<Oid>,
        target: &'a Target,
        oid: &'a Oid,
        value: &'a Value,
    ) {
        let Some((rank, bound)) = objects.of(oid) else {
            return;
        };
        let Some(instance) = bound.instance(oid).filter(|_| bound.object.role.is_kept()) else {
            return;
        };
        let is_status = bound.object.role == Role::RowStatus;
        if anew.contains(oid) || (is_status && !rows::exists(bound, Some(value))) {
            return;
        }
        let is_switch = switch(objects).is_some_and(|switch| switch.oid == bound.oid);
        if !is_status && !is_switch {
            let row = rows::status_of(objects, bound).and_then(|status| status.at(&instance));
            if row.is_some_and(|row| anew.contains(&row) || target.gone.contains(&row)) {
                return;
            }
        }
        let is_same = |present: &Value| {
            same(bound, present, value)
                || (is_status && rows::is_active(bound, present) == rows::is_active(bound, value))
        };
        if !now.get(oid).is_some_and(is_same) {
            self.writes.push(Write {
                rank,
                bound,
                instance,
                oid,
                value,
            });
        }
    }
}

/// Tells whether a column that can be set only while its row is made would have to change.
fn must_be_made_anew(
    objects: &Objects,
    status: &Bound,
    instance: &Instance,
    now: &State,
    target: &State,
) -> bool {
    rows::columns(objects, status)
        .filter(|column| column.object.only_while == Some(OnlyWhile::Creating))
        .any(|column| {
            let Some(oid) = column.at(instance) else {
                return false;
            };
            match (now.get(&oid), target.get(&oid)) {
                (Some(present), Some(goal)) => !same(column, present, goal),
                _ => false,
            }
        })
}

fn new_row(
    objects: &Objects,
    status: &Bound,
    instance: &Instance,
    oid: &Oid,
    value: &Value,
    target: &State,
) -> NewRow {
    let switch = switch(objects);
    let bind = |column: &Bound| {
        // The switch is thrown when everything else is in place.
        if switch.is_some_and(|switch| switch.oid == column.oid) {
            return None;
        }
        let oid = column.at(instance)?;
        let value = target.get(&oid)?.clone();
        Some(VarBind { oid, value })
    };
    NewRow {
        status: oid.clone(),
        columns: rows::columns(objects, status).filter_map(bind).collect(),
        active: rows::is_active(status, value),
    }
}
