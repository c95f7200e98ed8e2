//! The search: which ports to mirror next, and what follows from what was heard.
//!
//! A [`Search`] is a value without clock, socket or randomness: the same observations always give the same
//! plan. It runs live, in the simulator and in a replay of a recorded run alike.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::port::{PortId, PortSet};

/// What is asked of the search.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The ports the suspect may be on, each with the weight of its head start (1 where nothing is known).
    pub candidates: Vec<(PortId, f64)>,
    /// The most ports that can be mirrored at once; `None` if there is no limit.
    pub source_limit: Option<usize>,
    /// Whether copies of both directions arrive, because the switch cannot copy ingress alone.
    pub both_directions: bool,
    /// Time that one change of the mirror takes, in which nothing is heard.
    pub write_time: Duration,
    /// Additional time for each port whose state changes, on switches where every port is a row.
    pub row_time: Duration,
    /// The belief at which the answer may be given, e.g. 0.999.
    pub confidence: f64,
    /// The longest that the run may take.
    pub max_time: Duration,
    /// Draws the order of the off/on proof.
    pub seed: u64,
}

/// What an observation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Everything is mirrored: is the suspect heard, and how often?
    ControlAll,
    /// Nothing is mirrored: is it heard all the same?
    ControlNone,
    /// The set is narrowed.
    Narrow,
    /// The proof with the port mirrored.
    ProofOn,
    /// The proof with the port not mirrored.
    ProofOff,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Mirror `ports` and listen for at most `listen`.
    Observe {
        /// The ports to mirror. The same set as before costs no write.
        ports: PortSet,
        /// How long silence is worth listening to.
        listen: Duration,
        /// Whether the first sighting ends the window.
        stop_at_sighting: bool,
        /// What it is for.
        purpose: Purpose,
        /// Why, in one sentence that a person at a rack understands.
        why: String,
    },
    /// The search is over.
    Done(Verdict),
}

/// What came of an observation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Observed {
    /// The ports that were mirrored, as read back.
    pub ports: PortSet,
    /// When frames began to count: after the write and the drain.
    pub from: Moment,
    /// When listening ended.
    pub until: Moment,
    /// When the suspect was sighted, in order.
    pub sightings: Vec<Moment>,
    /// Whether silence in this window means anything.
    pub quality: Quality,
}

/// Whether silence in a window means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quality {
    /// The mirror was proven alive: other machines of the set were heard.
    Alive,
    /// Nobody else was heard, so the mirror may have been dead.
    Unproven,
    /// The capture lost frames, or the mirror was lost: silence says nothing.
    Unusable,
}

/// The answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The suspect is behind this port.
    Found {
        /// The port.
        port: PortId,
        /// The belief in it.
        confidence: f64,
        /// Off/on cycles that confirmed it; 0 if the proof could not be made.
        cycles: u32,
    },
    /// It was never heard on any mirrored port.
    NotSeen,
    /// It is heard, but from none of the candidates.
    Elsewhere {
        /// The belief in that.
        confidence: f64,
    },
    /// It is heard from several ports at once.
    SeveralPlaces(Vec<(PortId, f64)>),
    /// Time ran out; the likeliest ports and the belief in each.
    Undecided(Vec<(PortId, f64)>),
}

/// What the search believes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Belief {
    /// The probability of each candidate.
    pub ports: Vec<(PortId, f64)>,
    /// The probability of none of them.
    pub elsewhere: f64,
}
