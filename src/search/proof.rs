//! The proof: the one port off and on, in an order that nobody knows beforehand.
//!
//! A cycle is a silence between two sightings: the port alone is mirrored and the suspect is heard; everything else is
//! mirrored, a suspect that talks is overdue, and is not heard; the port alone again, and it is heard at once. A pause of
//! its own would have to begin and end with our changes of the mirror. Every window of the proof is evidence like any
//! other; a proof only counts what was asked while the belief was already there.

use crate::port::{PortId, PortSet};

use super::{Observed, Purpose, Search, Step, seconds, verdict, why};

/// In a silent `off`, the chance that a suspect that talks would have been as silent by itself.
const OFF_BY_CHANCE: f64 = 0.03;

/// The same where it costs no more than a change of the mirror, and once an `off` was not silent. The rate is that of the
/// whole belief: of two machines that share an address each talks half as often, and is silent as long far more often.
const OFF_BY_RARE_CHANCE: f64 = 1e-3;

/// In a window of `on`, the chance that the suspect stays silent although it is there.
const ON_MISSED: f64 = 0.02;

/// The belief at which the proof may begin. Little is left to narrow then: the port alone is the next set worth a write,
/// and that is the proof's own `on`. Waiting for the confidence asked would mirror it once before and once for the proof.
const NEARLY: f64 = 0.9;

/// How far the proof of a port has come.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    seed: u64,
    port: Option<PortId>,
    cycles: u32,
    /// Windows so far, which number the draws.
    windows: u64,
    /// Whether the suspect was heard in the last window, so that silence is telling now.
    fresh: bool,
    /// Whether something was heard with the port off.
    contradicted: bool,
    /// Seconds of silence so far with the port off.
    silent_off: f64,
    /// How long that silence has to last, and how soon the suspect has to be heard after it. Fixed when it began: while
    /// the port is off, the model can only learn that the suspect may have paused, so a goal that moved would never be
    /// reached.
    goals: Goals,
}

#[derive(Clone, Copy, Debug, Default)]
struct Goals {
    off: f64,
    on_again: f64,
}

impl Proof {
    pub(super) fn new(seed: u64) -> Self {
        Proof {
            seed,
            port: None,
            cycles: 0,
            windows: 0,
            fresh: false,
            contradicted: false,
            silent_off: 0.0,
            goals: Goals::default(),
        }
    }

    /// Returns the off/on cycles that agreed on `port`.
    pub(super) fn cycles(&self, port: PortId) -> u32 {
        if self.port == Some(port) {
            self.cycles
        } else {
            0
        }
    }

    /// Seconds of silence still to come with the port off; `None` if there was none yet.
    fn off_left(&self, port: PortId) -> Option<f64> {
        let begun = self.port == Some(port) && self.silent_off > 0.0;
        begun.then_some(self.goals.off - self.silent_off)
    }

    /// Whether the port is listened to once more before it is switched off: drawn, so that no rhythm can follow.
    fn lingers(&self) -> bool {
        mixed(self.seed.wrapping_add(self.windows)) & 1 == 1
    }
}

/// Returns the port whose proof is due: believed in, or nearly so, but not yet proven as often as asked.
pub(super) fn subject(search: &Search) -> Option<PortId> {
    let (port, _) = verdict::likeliest(search, search.question.confidence.min(NEARLY))?;
    (search.proof.cycles(port) < search.question.proof_cycles).then_some(port)
}

/// What the next window of the proof mirrors.
enum Turn {
    On { listen: f64 },
    Off { listen: f64 },
}

fn turn(search: &Search, port: PortId) -> Turn {
    let proof = &search.proof;
    let on = |chance| search.planner.overdue(&search.filter, port, chance);
    match proof.off_left(port) {
        Some(left) if left > TOLERANCE => Turn::Off { listen: left },
        Some(_) => Turn::On {
            listen: proof.goals.on_again,
        },
        // Silence tells nothing of a suspect that may be pausing, nor of one that was never heard from the port alone.
        None if !proof.fresh || !heard_alone(search, port) || proof.lingers() => Turn::On {
            listen: on(ON_MISSED),
        },
        None => Turn::Off {
            listen: goals(search, port).off,
        },
    }
}

fn heard_alone(search: &Search, port: PortId) -> bool {
    search.tally.alone.contains_key(&port)
}

/// Rounding of the times that were listened.
const TOLERANCE: f64 = 1e-6;

/// How long a suspect that talks at this moment may be silent.
fn goals(search: &Search, port: PortId) -> Goals {
    let overdue = |chance| {
        search
            .planner
            .overdue_if_talking(&search.filter, port, chance)
    };
    let surer = overdue(OFF_BY_RARE_CHANCE);
    let cheap = surer <= search.question.write_time.as_secs_f64();
    Goals {
        off: if cheap || search.proof.contradicted {
            surer
        } else {
            overdue(OFF_BY_CHANCE)
        },
        on_again: overdue(ON_MISSED),
    }
}

/// Returns the next window of the proof, if one is due.
pub(super) fn step(search: &Search) -> Option<Step> {
    let port = subject(search)?;
    let (ports, wanted, on) = match turn(search, port) {
        Turn::On { listen } => (PortSet::from_iter([port]), listen, true),
        Turn::Off { listen } => (others(search, port), listen, false),
    };
    let listen = seconds(wanted.min(search.left()));
    Some(Step::Observe {
        why: why::proof(
            on,
            ports.len(),
            search.proof.cycles(port) + 1,
            search.question.proof_cycles,
            listen,
        ),
        ports,
        listen,
        stop_at_sighting: true,
        purpose: if on {
            Purpose::ProofOn
        } else {
            Purpose::ProofOff
        },
    })
}

/// What a window is to the proof of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// The port alone.
    On,
    /// Everything but the port, or as much of it as the switch allows.
    Off,
    /// Something else.
    Neither,
}

fn part(search: &Search, port: PortId, mirrored: &PortSet) -> Part {
    let most = search.limit().min(search.question.candidates.len() - 1);
    if *mirrored == PortSet::from_iter([port]) {
        Part::On
    } else if !mirrored.contains(port) && mirrored.len() == most {
        Part::Off
    } else {
        Part::Neither
    }
}

/// Looks at a window that is about to be recorded; returns the port whose proof it may belong to.
pub(super) fn begin(search: &mut Search, observed: &Observed) -> Option<PortId> {
    let port = subject(search)?;
    let opens_silence = part(search, port, &observed.ports) == Part::Off;
    let goals = goals(search, port);
    let proof = &mut search.proof;
    if proof.port != Some(port) {
        *proof = Proof {
            port: Some(port),
            fresh: proof.fresh,
            windows: proof.windows,
            ..Proof::new(proof.seed)
        };
    }
    if opens_silence && proof.silent_off <= 0.0 {
        proof.goals = goals;
    }
    Some(port)
}

/// Counts a window that was recorded while the proof of `proving` was due.
pub(super) fn note(search: &mut Search, proving: Option<PortId>, observed: &Observed) {
    let heard = observed.is_heard();
    search.proof.windows += 1;
    let was_fresh = std::mem::replace(&mut search.proof.fresh, heard);
    let Some(port) = proving else { return };
    let part = part(search, port, &observed.ports);
    let proof = &mut search.proof;
    let silent_off = std::mem::take(&mut proof.silent_off);
    match part {
        // Heard too late, it had paused: the silence before this was its own.
        Part::On => {
            let enough = silent_off > 0.0 && silent_off + TOLERANCE >= proof.goals.off;
            proof.cycles += u32::from(heard && enough);
        }
        Part::Off if !heard && (was_fresh || silent_off > 0.0) => {
            let lasted = observed.until.since(observed.from).as_secs_f64();
            proof.silent_off = silent_off + lasted;
        }
        Part::Off => proof.contradicted |= heard,
        Part::Neither => {}
    }
}

/// Everything but `port`, or the likeliest of it where the switch allows no more.
pub(super) fn others(search: &Search, port: PortId) -> PortSet {
    let mut others = search.belief().ports;
    others.retain(|(other, _)| *other != port);
    others.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    others
        .into_iter()
        .take(search.limit())
        .map(|(other, _)| other)
        .collect()
}

/// Stirs a number until no bit of it can be foreseen (splitmix64).
fn mixed(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
