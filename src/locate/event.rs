//! What a run tells while it works, for whoever draws it.

use std::time::Duration;

use crate::clock::Moment;
use crate::port::{PortId, PortSet, PortTable};
use crate::search::{Belief, Purpose};

/// Something that a person following the run wants to see.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A sentence worth a line: "10.0.0.57 is 04:d4:c4:12:34:56 (router gw)".
    Note(String),
    /// Something is odd but the run goes on: "credential `office` holds a secret in plain text".
    Warning(String),
    /// These candidates have lost their link since the switch was read.
    LinkLost(&'a PortSet),
    /// The switch was read and the candidates are known; the front panel can be drawn from here on.
    Panel {
        /// Its name in the configuration.
        switch: &'a str,
        /// All its ports.
        ports: &'a PortTable,
        /// The ports that the suspect may be on.
        candidates: &'a PortSet,
        /// The port that the copies go to.
        destination: PortId,
        /// Ports that are never mirrored because they lead to other switches.
        uplinks: &'a PortSet,
    },
    /// A window opens.
    Step {
        /// Counted from 1.
        number: u32,
        /// What it is for.
        purpose: Purpose,
        /// The ports being mirrored.
        ports: &'a PortSet,
        /// How long silence will be listened to.
        listen: Duration,
        /// Why, in one sentence.
        why: &'a str,
        /// When, for the clock on the screen.
        at: Moment,
    },
    /// Time passes inside a window; comes a few times a second.
    Tick {
        /// The present.
        at: Moment,
        /// Frames of the suspect heard in this window.
        sightings: u32,
        /// Frames of others heard in this window.
        others: u64,
    },
    /// A window closed and the belief moved.
    Heard {
        /// Frames of the suspect.
        sightings: u32,
        /// Whether silence counted.
        usable: bool,
        /// What is believed now.
        belief: &'a Belief,
        /// The present.
        at: Moment,
    },
    /// The old mirror state is being put back.
    Restoring {
        /// Which switch.
        switch: &'a str,
    },
    /// The old mirror state was put back, read back and compared.
    Restored {
        /// Which switch.
        switch: &'a str,
    },
}
