//! Telling a switch what to mirror, and putting it back.
//!
//! A driver knows how one kind of switch is told; it knows nothing of belief.

use std::time::Duration;

use crate::port::PortSet;

/// Which frames of a source port are copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copies {
    /// Only frames that the port receives: what the machine behind it sends.
    Ingress,
    /// Both directions, because the switch cannot copy ingress alone: an uplink "sees" every machine behind the others.
    Both,
}

/// What a mirror can do and what it costs.
#[derive(Clone, Debug, PartialEq)]
pub struct MirrorLimits {
    /// The most source ports at once; `None` if the profile names no limit.
    pub sources: Option<usize>,
    /// Which frames are copied.
    pub copies: Copies,
    /// Typical time that one change takes, whatever its size.
    pub write_time: Duration,
    /// Additional time for each port whose state changes, on switches where every port is a row.
    pub row_time: Duration,
    /// How long after a change frames of the old set may still arrive.
    pub settle: Duration,
}

/// What a change of the sources has done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Requests sent that changed something.
    pub writes: u32,
    /// Time from the first request to the successful read-back.
    pub took: Duration,
    /// Ports that were asked for and have lost their link, which the switch therefore does not mirror. Nothing can come
    /// from them: a set without them is as good.
    pub without_link: PortSet,
}

/// The mirror of one switch, taken over for the time of a run.
///
/// Every write is read back before it is believed.
pub trait Mirror {
    /// Returns what the mirror can do.
    fn limits(&self) -> &MirrorLimits;

    /// Replaces the mirrored ports; frames of the old set may arrive for [`MirrorLimits::settle`].
    ///
    /// # Errors
    /// [`MirrorError`]; the sources are then what [`Mirror::sources`] reads.
    fn set_sources(&mut self, ports: &PortSet) -> Result<Written, MirrorError>;

    /// Reads from the switch which ports it now mirrors to our destination.
    ///
    /// # Errors
    /// [`MirrorError`], if the switch cannot be read.
    fn sources(&mut self) -> Result<PortSet, MirrorError>;

    /// Puts back what was there before the run, reads it back and compares. Twice is fine.
    ///
    /// # Errors
    /// [`MirrorError`], if the switch could not be put back: the journal then stays for `halfspan restore`.
    fn restore(&mut self) -> Result<(), MirrorError>;
}

mod agent;
mod binding;
mod controls;
mod cost;
pub mod direct;
mod driver;
mod dry_run;
mod error;
mod fitting;
mod guard;
mod journal;
mod lock;
mod manual;
mod open;
mod rules;
mod session;
mod sight;
mod state;

pub use agent::{AgentError, Agents};
pub use dry_run::DryRun;
pub use error::MirrorError;
pub use fitting::{Fit, Grade, fit_entries, fit_objects};
pub use journal::{Journal, Way, load as load_journal, pending as pending_journals, repair};
pub use manual::{ManualMirror, ManualRequest, Operator, numbered_ports};
pub use open::{Inspection, OpenRequest, inspect, open};
pub use session::MirrorSession;

#[cfg(test)]
mod tests;
