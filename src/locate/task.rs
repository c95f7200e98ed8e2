//! What a person asks `locate` to do.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::candidates::PortWishes;
use super::error::LocateError;
use super::event::Event;
use crate::config::{PortList, Switch};
use crate::error::Failure;
use crate::mac::Mac;
use crate::sniff::{SniffError, Source};

/// Who is looked for, as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An IP address, to be resolved to a MAC.
    Ip(IpAddr),
    /// A MAC.
    Mac(Mac),
    /// A BPF expression, for machines that forge their addresses.
    Filter(String),
}

/// A whole `locate`.
#[derive(Clone, Debug)]
pub struct Task {
    /// Who is looked for.
    pub target: Target,
    /// The switches to ask, by name; empty for all that are configured.
    pub switches: Vec<String>,
    /// Replaces `sniff` of the configuration.
    pub interface: Option<String>,
    /// Replaces `destination` of the configuration.
    pub destination: Option<String>,
    /// Replaces `candidates` of the configuration.
    pub candidates: Option<PortList>,
    /// The belief at which the answer may be given.
    pub confidence: f64,
    /// The longest that the search on one switch may take.
    pub max_time: Duration,
    /// Send nothing to the suspect.
    pub passive: bool,
    /// Plan only; write nothing.
    pub dry_run: bool,
    /// Use no head start: neither forwarding tables nor the place where the suspect was found last.
    pub no_tables: bool,
    /// Borrow a mirror session that somebody else has set up.
    pub take_session: bool,
    /// Where to record the run.
    pub record: Option<PathBuf>,
    /// Draws the order of the proof.
    pub seed: u64,
}

impl Task {
    /// Returns what is wished of a switch's ports: what was asked for goes before what is configured.
    pub(super) fn wishes(&self, switch: &Switch) -> PortWishes {
        let configured = PortWishes::of(switch);
        PortWishes {
            destination: self.destination.clone().unwrap_or(configured.destination),
            candidates: self.candidates.clone().or(configured.candidates),
            ..configured
        }
    }

    /// Returns where the copies of a switch are heard.
    pub(super) fn source(&self, switch: &Switch) -> Result<Source, SniffError> {
        self.interface.as_deref().unwrap_or(&switch.sniff).parse()
    }
}

/// The person at the rack, as a run sees them.
pub trait Desk {
    /// Shows what is happening.
    fn show(&self, event: &Event<'_>);

    /// Asks a yes/no question.
    ///
    /// # Errors
    /// Without a terminal and without `--yes`: a refusal that names the missing flag.
    fn confirm(&self, question: &str) -> Result<bool, Failure>;

    /// Lets the person choose; returns the place in `choices`. `flag` would have answered beforehand.
    ///
    /// # Errors
    /// Without a terminal: a refusal that names `flag`.
    fn choose(&self, question: &str, choices: Vec<String>, flag: &str) -> Result<usize, Failure>;

    /// Asks the person to do something, and waits until it is done; `false` if they give up.
    ///
    /// # Errors
    /// Without a terminal: a refusal, since nobody is there to do it.
    fn have_done(&self, instruction: &str) -> Result<bool, Failure>;

    /// Tells whether the person wants to stop.
    fn interrupted(&self) -> bool;

    /// Ends what is being done if the person wants to stop.
    ///
    /// # Errors
    /// [`LocateError::Interrupted`]
    fn stop_if_interrupted(&self) -> Result<(), LocateError> {
        if self.interrupted() {
            Err(LocateError::Interrupted)
        } else {
            Ok(())
        }
    }
}
