//! Waking the suspect: polite knocks that make a machine speak which says little by itself.
//!
//! A knock is worth something only if its answer shows where the suspect is plugged in, so stimulus and evidence are
//! designed together. What is sent to us reaches us without any mirror. Hence two ways, of which one is taken:
//!
//! - [`ArpProbe`], by the interface that listens: an ARP request without a sender's address (RFC 5227), which no cache
//!   learns from, whose answer goes to a third machine that the switch knows. It passes the suspect's port and not ours.
//! - [`ByAddress`], where that is not to be had: a datagram and an echo request by whichever interface leads to the
//!   suspect. The answers count only if the control has shown that they do not reach the capture without a mirror.
//!
//! [`Pace`] keeps both at a rate that no switch takes for an attack.

use std::io;
use std::time::Duration;

use crate::clock::Moment;

mod arp;
mod by_address;
mod pace;

pub use arp::ArpProbe;
pub use by_address::ByAddress;
pub use pace::Pace;

/// How long a machine may take to answer: on one network it takes a millisecond or two.
pub const TIME_TO_ANSWER: Duration = Duration::from_millis(30);

/// A way to make the suspect speak.
pub trait Door {
    /// Says in a few words what is sent.
    fn describe(&self) -> String;

    /// Sends one knock.
    ///
    /// # Errors
    /// The system would not send it.
    fn knock(&mut self) -> io::Result<()>;

    /// Returns how many answers came to this machine since the last call, by whatever interface. Zero where
    /// answers go elsewhere.
    fn answers(&mut self) -> u32;
}

/// A door and the pace at which it is knocked at.
pub struct Stimulus {
    door: Box<dyn Door>,
    pace: Pace,
    answers: u32,
}

impl Stimulus {
    /// Will knock at `door`; `seed` draws the jitter.
    #[must_use]
    pub fn new(door: Box<dyn Door>, seed: u64) -> Stimulus {
        Stimulus {
            door,
            pace: Pace::new(seed),
            answers: 0,
        }
    }

    /// Says in a few words what is sent.
    #[must_use]
    pub fn describe(&self) -> String {
        self.door.describe()
    }

    /// Begins a window at `from`: knocking starts `grace` later, so that a suspect that talks by itself is left alone.
    pub fn begin(&mut self, from: Moment, grace: Duration) {
        self.pace.begin(from, grace);
    }

    /// When the next knock is due.
    #[must_use]
    pub fn due(&self) -> Moment {
        self.pace.due()
    }

    /// Knocks, at `now`.
    ///
    /// # Errors
    /// The system would not send it.
    pub fn knock(&mut self, now: Moment) -> io::Result<()> {
        self.pace.knocked(now);
        self.door.knock()
    }

    /// Returns how many answers have come to this machine, by whatever interface, since the stimulus exists.
    pub fn answers(&mut self) -> u32 {
        self.answers = self.answers.saturating_add(self.door.answers());
        self.answers
    }
}
