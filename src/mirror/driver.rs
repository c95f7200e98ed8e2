//! One driver for each control shape: from the state that was read and the state that is wanted to the writes
//! between them. Pure: a driver neither sends nor waits.
//!
//! Every plan starts from a state just read, whatever brought it about: our own last write, one whose answer was
//! lost, half of one, a run that was killed, or somebody else. That is what makes a lost answer harmless and a
//! repair possible at any moment.

use std::collections::{BTreeMap, BTreeSet};

use crate::profile::{Direction, IndexPart, Instance, Profile, Shape};
use crate::snmp::VarBind;

use super::Copies;
use super::binding::Objects;
use super::state::State;

mod changes;
mod commands;
pub(crate) mod entries;
mod pairs;
mod rows;
mod settings;
mod showing;
mod source_row;
mod tables;
mod target;

/// The bindings of one SET request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Batch {
    pub(crate) bindings: Vec<VarBind>,
    /// Whether the batches after it make no sense if this one is refused.
    pub(crate) essential: bool,
}

/// A mirror that a switch shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The session's number, on switches that number them.
    pub(crate) session: Option<u32>,
    /// The destination port's number.
    pub(crate) destination: Option<u32>,
    /// The source ports' numbers and what is copied of each.
    pub(crate) sources: BTreeMap<u32, Direction>,
    /// What is copied besides and is no port: `Vlan10`.
    pub(crate) others: Vec<String>,
    /// Whether frames are copied now.
    pub(crate) active: bool,
}

/// What a plan may take into account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    /// The state just read.
    pub(crate) now: &'a State,
    /// The state before the run.
    pub(crate) then: &'a State,
    /// Counted from 1. From the second on, smaller requests and gentler ways are tried.
    pub(crate) attempt: u32,
}

impl Situation<'_> {
    /// Tells whether mirrors to other destinations have to make room for ours. They only do where a session was to be
    /// borrowed: at once, where the switch has room for one destination `alone`; else after a refusal.
    pub(super) fn makes_room(&self, alone: bool) -> bool {
        alone || self.attempt > 1
    }
}

/// What is the same for the whole run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Task {
    /// Our destination port's number.
    pub(crate) destination: u32,
    /// The session we use, on switches that number them.
    pub(crate) session: Option<u32>,
    /// What is copied of each source.
    pub(crate) copies: Direction,
}

impl Task {
    /// Tells whether a row that was not there before the run can be ours. The session says so where rows have one, else
    /// the destination; a row with neither belongs to the only mirror that there is.
    pub(super) fn may_own(&self, row: &Instance) -> bool {
        match (row.session, row.destination) {
            (Some(session), _) => Some(session) == self.session,
            (None, Some(destination)) => destination == self.destination,
            (None, None) => true,
        }
    }
}

/// Knows one control shape.
pub(crate) trait Driver {
    /// Reads which mirrors there are.
    fn seen(&self, state: &State) -> Vec<Seen>;

    /// Returns the writes after which exactly the ports with these numbers are mirrored to our destination; none,
    /// if that is so already.
    fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Batch>;

    /// Returns the writes after which everything is as before the run.
    fn plan_restore(&self, situation: Situation<'_>) -> Vec<Batch>;

    /// Says what differs from the state before the run, apart from what the switch itself changes.
    fn differences(&self, now: &State, then: &State) -> Vec<String>;
}

/// Makes the driver for a profile, or returns `None` if there is none that understands all of it yet.
pub(crate) fn driver_for(
    profile: &Profile,
    objects: Objects,
    task: Task,
) -> Option<Box<dyn Driver>> {
    let has_unit = |object: &crate::profile::Object| object.index.has(IndexPart::Unit);
    if profile.objects.iter().any(has_unit) {
        return None;
    }
    let alone = profile.limits.sessions == Some(1);
    match profile.shape {
        Shape::PairRows => Some(Box::new(pairs::Pairs::new(objects, task, alone)?)),
        Shape::SessionRows
        | Shape::Bitmap
        | Shape::PortFlags
        | Shape::PortList
        | Shape::SingleSource
        | Shape::Candidate
        | Shape::OnDestination
        | Shape::OnSource => Some(Box::new(tables::Tables::new(objects, task, alone))),
        Shape::SourceRow => Some(Box::new(source_row::SourceRow::new(objects, task, alone)?)),
        Shape::Command => Some(Box::new(commands::Commands::new(objects, task, alone))),
        Shape::Document
        | Shape::CliLines
        | Shape::Manual
        | Shape::TcFilters
        | Shape::OvsdbMirror => None,
    }
}

/// Returns what a profile's switch can copy: ingress alone, if it can do that.
pub(crate) fn copies(profile: &Profile) -> Copies {
    if profile.copies_ingress_alone() {
        Copies::Ingress
    } else {
        Copies::Both
    }
}

/// Cuts bindings, given row by row, into requests of `rows` rows.
fn requests(rows: Vec<Vec<VarBind>>, per_request: usize, essential: bool) -> Vec<Batch> {
    rows.chunks(per_request.max(1))
        .map(|rows| Batch {
            bindings: rows.concat(),
            essential,
        })
        .collect()
}
