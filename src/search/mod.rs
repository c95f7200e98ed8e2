//! The search: which ports to mirror next, and what follows from what was heard.
//!
//! A [`Search`] is a value without clock, socket or randomness: the same observations always give the same
//! plan. It runs live, in the simulator and in a replay of a recorded run alike.

mod answers;
mod curves;
mod filter;
mod pace;
mod planner;
mod proof;
mod rhythm;
mod several;
mod traffic;
mod value;
mod verdict;
mod why;

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Moment;
use crate::port::{PortId, PortSet};

use self::filter::{Filter, Place};
use self::planner::{Costs, Planner, Request};
use self::proof::Proof;
use self::several::Several;
use self::traffic::Traffic;
use self::verdict::Tally;

/// What is asked of the search.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Off/on cycles asked for before a port is named, whatever the belief; 0 leaves it to the evidence.
    pub proof_cycles: u32,
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
    /// How often the suspect was asked to speak, and did.
    #[serde(default)]
    pub knocks: Knocks,
}

impl Observed {
    /// Returns how often the suspect was heard: its own frames, and its answers.
    #[must_use]
    pub fn heard(&self) -> u32 {
        u32::try_from(self.sightings.len())
            .unwrap_or(u32::MAX)
            .saturating_add(self.knocks.answered)
    }

    /// Tells whether the suspect was heard at all.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        self.heard() > 0
    }
}

/// A window's knocks: frames that ask the suspect for an answer which only the mirror can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knocks {
    /// Knocks that left the suspect time to answer.
    pub sent: u32,
    /// Those that were answered.
    pub answered: u32,
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

/// A search under way.
///
/// ```text
/// loop {
///     match search.next_step() {
///         Step::Done(verdict) => break verdict,
///         Step::Observe { ports, listen, .. } => search.record(mirror and listen),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Search {
    question: Question,
    filter: Filter,
    planner: Planner,
    now: Moment,
    tally: Tally,
    proof: Proof,
    several: Several,
}

impl Search {
    /// Begins a search with nothing mirrored at the start of the run.
    #[must_use]
    pub fn new(question: Question) -> Self {
        let traffic = Traffic::unknown();
        let planner = Planner::new(&traffic, Costs::of(&question));
        let filter = Filter::new(traffic, places(&question.candidates));
        Search {
            proof: Proof::new(question.seed),
            several: Several::default(),
            tally: Tally::default(),
            now: Moment::START,
            filter,
            planner,
            question,
        }
    }

    /// Returns what to do next. Asking twice without [`Search::record`] in between gives the same step.
    #[must_use]
    pub fn next_step(&self) -> Step {
        if let Some(verdict) = verdict::reached(self) {
            return Step::Done(verdict);
        }
        verdict::moved(self)
            .or_else(|| proof::step(self))
            .or_else(|| several::step(self))
            .or_else(|| verdict::control(self))
            .unwrap_or_else(|| self.narrow())
    }

    /// The set that saves most for the time it takes.
    fn narrow(&self) -> Step {
        let left = self.left();
        let request = Request {
            proven: &self.tally.heard_alone(),
            shortest: self.shortest(),
            longest: left,
        };
        let plan = self.planner.plan(&self.filter, request);
        let all = plan.ports.len() == self.question.candidates.len();
        let listen = seconds(plan.listen.min(left));
        Step::Observe {
            why: why::narrow(self, &plan.ports, listen),
            ports: plan.ports,
            listen,
            stop_at_sighting: true,
            purpose: if all {
                Purpose::ControlAll
            } else {
                Purpose::Narrow
            },
        }
    }

    /// Takes in what was observed, whether or not it was what the last step asked for.
    pub fn record(&mut self, observed: Observed) {
        let proving = proof::begin(self, &observed);
        self.filter.record(self.now, &observed);
        if observed.quality != Quality::Unusable {
            self.tally.note(&observed);
            proof::note(self, proving, &observed);
        }
        several::note(self, &observed);
        self.now = self.now.max(observed.from).max(observed.until);
        self.tally.windows += 1;
    }

    /// Returns what is believed now.
    #[must_use]
    pub fn belief(&self) -> Belief {
        let mut belief = Belief {
            ports: Vec::new(),
            elsewhere: 0.0,
        };
        for (place, chance) in self.filter.places() {
            match place {
                Place::Port(port) => belief.ports.push((port, chance)),
                Place::Elsewhere | Place::Everywhere => belief.elsewhere += chance,
            }
        }
        belief.ports.sort_by_key(|(port, _)| *port);
        belief
    }

    /// The shortest listening in seconds that is worth asking for.
    fn shortest(&self) -> f64 {
        (SHORTEST_SHARE * self.now.0.as_secs_f64()).min(self.left())
    }

    /// Seconds until time runs out.
    fn left(&self) -> f64 {
        self.question
            .max_time
            .saturating_sub(self.now.0)
            .as_secs_f64()
    }

    /// All candidates.
    fn candidates(&self) -> PortSet {
        self.question
            .candidates
            .iter()
            .map(|(port, _)| *port)
            .collect()
    }

    /// The most ports that can be mirrored at once.
    fn limit(&self) -> usize {
        self.question.source_limit.unwrap_or(usize::MAX).max(1)
    }
}

/// Belief beforehand in none of the candidates.
const ELSEWHERE: f64 = 0.02;

/// Belief beforehand that it is heard whatever is mirrored.
const EVERYWHERE: f64 = 0.0002;

/// The shortest window worth a thought, as a share of the time spent so far.
const SHORTEST_SHARE: f64 = 0.01;

/// The shortest window that is ever asked for.
const SHORTEST: Duration = Duration::from_millis(5);

/// Makes a listening time of a number of seconds.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds)
        .unwrap_or(SHORTEST)
        .max(SHORTEST)
}

/// The places in question with their probabilities beforehand. A head start that makes no sense counts as none.
fn places(candidates: &[(PortId, f64)]) -> Vec<(Place, f64)> {
    let sane = |weight: f64| {
        if weight.is_finite() {
            weight.clamp(1e-6, 1e6)
        } else {
            1.0
        }
    };
    let total: f64 = candidates.iter().map(|(_, weight)| sane(*weight)).sum();
    let share = |weight: f64| sane(weight) / total * (1.0 - ELSEWHERE - EVERYWHERE);
    let mut places = vec![
        (Place::Elsewhere, ELSEWHERE),
        (Place::Everywhere, EVERYWHERE),
    ];
    places.extend(
        candidates
            .iter()
            .map(|(port, weight)| (Place::Port(*port), share(*weight))),
    );
    places
}
