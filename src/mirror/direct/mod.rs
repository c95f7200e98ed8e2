//! Switches that are told without SNMP: a bridge of this machine by tc, Open vSwitch by its database.
//!
//! A `Plane` knows one of them: from the state that was read and the state that is wanted to the steps between them.
//! All promises (journal, lock, read-back, putting back) are kept by `session`, which is the same for each.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Diagnosis, Exit};
use crate::linux::ToolError;
use crate::ovsdb::{self, OvsdbError};
use crate::profile::Direction;

mod hand;
mod ovs;
mod session;
mod tc;

pub(super) use session::repair;
pub use session::{inspect, open, plan};

/// A switch that is reached without SNMP.
#[derive(Clone, Debug)]
pub enum Device {
    /// A bridge of this machine, by its name.
    Linux {
        /// The bridge.
        bridge: String,
    },
    /// A bridge of Open vSwitch.
    Ovs {
        /// Where its database is served.
        remote: ovsdb::Remote,
        /// The bridge.
        bridge: String,
    },
}

impl Device {
    /// Who is asked, for people.
    #[must_use]
    pub fn agent(&self) -> String {
        match self {
            Device::Linux { bridge } => format!("bridge {bridge} of this machine"),
            Device::Ovs { remote, bridge } => format!("bridge {bridge} at {remote}"),
        }
    }
}

/// Why a switch could not be read or told.
#[derive(Debug, thiserror::Error)]
pub enum DirectError {
    /// One of this machine's programs failed.
    #[error(transparent)]
    Tool(#[from] ToolError),
    /// The database server failed.
    #[error(transparent)]
    Ovsdb(#[from] OvsdbError),
    /// The bridge is not, or no longer, there.
    #[error("there is no bridge `{0}`")]
    NoBridge(String),
}

impl Diagnosis for DirectError {
    fn hint(&self) -> Option<String> {
        match self {
            DirectError::Tool(error) => error.hint(),
            DirectError::Ovsdb(error) => error.hint(),
            DirectError::NoBridge(_) => Some("look at `bridge:` in the configuration".to_owned()),
        }
    }

    fn exit(&self) -> Exit {
        Exit::Device
    }
}

/// A mirror that a switch shows; ports by their interfaces' names.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    /// Its name, where mirrors have names.
    name: Option<String>,
    /// Where the copies go.
    destination: Option<String>,
    /// The sources and what is copied of each.
    sources: BTreeMap<String, Direction>,
    /// Whether halfspan has made it.
    ours: bool,
}

/// Where the switch is to be brought.
#[derive(Clone, Copy)]
enum Goal<'a> {
    /// Exactly these ports are mirrored to our destination.
    Sources(&'a BTreeSet<String>),
    /// Everything is as before the run.
    AsBefore,
}

/// Knows one kind of switch. Every plan starts from a state just read, so that nothing is repeated that has happened.
trait Plane {
    /// All that a mirror of ours can change, and every other mirror.
    type State: Clone + PartialEq + Serialize + DeserializeOwned;
    /// One write. What it displays is what a person would recognise in the switch's own words.
    type Step: fmt::Display;

    /// Reads the switch.
    fn read(&mut self) -> Result<Self::State, DirectError>;

    /// Says which mirrors copy frames.
    fn shown(&self, state: &Self::State) -> Vec<Shown>;

    /// Tells whether a mirror of somebody else that goes to our destination can be used and put back.
    fn can_borrow(&self) -> bool;

    /// Returns the writes after which the goal is reached; none, if it is reached already.
    fn plan(&self, now: &Self::State, then: &Self::State, goal: Goal<'_>) -> Vec<Self::Step>;

    /// Says what of our doing differs from the state before the run.
    fn differences(&self, now: &Self::State, then: &Self::State) -> Vec<String>;

    /// Carries out one write.
    fn run(&mut self, step: &Self::Step) -> Result<(), DirectError>;
}
