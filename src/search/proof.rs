//! The proof: the one port off and on, in an order that nobody knows beforehand.
//!
//! On: nothing but the port is mirrored and the suspect is heard. Off: everything else is mirrored, it is
//! overdue, and it is not heard. Every window of the proof is evidence like any other; a proof only counts
//! what was asked while the belief was already there.

use crate::port::{PortId, PortSet};

use super::{Observed, Purpose, Search, Step, seconds, verdict, why};

/// In a silent `off`, the chance that the suspect would have been as silent by itself.
const OFF_BY_CHANCE: f64 = 0.03;

/// In a window of `on`, the chance that the suspect stays silent although it is there.
const ON_MISSED: f64 = 0.02;

/// The belief at which the proof may begin. Little is left to narrow then: the port alone is the next set worth a write,
/// and that is the proof's own `on`. Waiting for the confidence asked would mirror it once before and once for the proof.
const NEARLY: f64 = 0.95;

/// How far the proof of a port has come.
#[derive(Clone, Debug)]
pub(super) struct Proof {
    seed: u64,
    port: Option<PortId>,
    cycles: u32,
    heard_on: bool,
    /// Seconds of silence so far with the port off.
    silent_off: f64,
    /// Seconds that this silence has to last, fixed when it began: while the port is off, the model can only
    /// learn that the suspect may have paused meanwhile, so a goal that moved would never be reached.
    off_goal: f64,
    /// Whether the suspect was heard in the last window, so that silence is telling now.
    fresh: bool,
}

impl Proof {
    pub(super) fn new(seed: u64) -> Self {
        Proof {
            seed,
            port: None,
            cycles: 0,
            heard_on: false,
            silent_off: 0.0,
            off_goal: 0.0,
            fresh: false,
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

    /// Whether the coming cycle begins with the port mirrored: drawn, unless the suspect may be pausing. Silence
    /// tells nothing then, so it has to be heard first; and so it has while the belief is not all there yet.
    fn on_first(&self, sure: bool) -> bool {
        !sure || !self.fresh || mixed(self.seed.wrapping_add(u64::from(self.cycles))) & 1 == 1
    }
}

/// Returns the port whose proof is due: believed in, or nearly so, but not yet proven as often as asked.
pub(super) fn subject(search: &Search) -> Option<PortId> {
    let (port, _) = verdict::likeliest(search, search.question.confidence.min(NEARLY))?;
    (search.proof.cycles(port) < search.question.proof_cycles).then_some(port)
}

/// Returns the next window of the proof, if one is due.
pub(super) fn step(search: &Search) -> Option<Step> {
    let port = subject(search)?;
    let proof = &search.proof;
    let fresh = proof.port != Some(port);
    let heard_on = !fresh && proof.heard_on;
    let silent_off = if fresh { 0.0 } else { proof.silent_off };
    let off_needed = if silent_off > 0.0 {
        proof.off_goal - silent_off
    } else {
        off_time(search, port)
    };
    let on = if off_needed <= 0.0 {
        true
    } else {
        !heard_on && proof.on_first(verdict::believed(search).is_some())
    };
    let (ports, wanted) = if on {
        let alone = PortSet::from_iter([port]);
        (
            alone,
            search.planner.overdue(&search.filter, port, ON_MISSED),
        )
    } else {
        (others(search, port), off_needed)
    };
    let listen = seconds(wanted.min(search.left()));
    Some(Step::Observe {
        why: why::proof(
            on,
            ports.len(),
            proof.cycles(port) + 1,
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

/// Looks at a window that is about to be recorded; returns the port whose proof it may belong to.
pub(super) fn begin(search: &mut Search, observed: &Observed) -> Option<PortId> {
    let port = subject(search)?;
    let opens_silence = observed.ports == others(search, port);
    let goal = off_time(search, port);
    let proof = &mut search.proof;
    if proof.port != Some(port) {
        *proof = Proof {
            port: Some(port),
            fresh: proof.fresh,
            ..Proof::new(proof.seed)
        };
    }
    if opens_silence && proof.silent_off <= 0.0 {
        proof.off_goal = goal;
    }
    Some(port)
}

/// Counts a window that was recorded while the proof of `proving` was due.
pub(super) fn note(search: &mut Search, proving: Option<PortId>, observed: &Observed) {
    let heard = observed.is_heard();
    search.proof.fresh = heard;
    let Some(port) = proving else { return };
    let others = others(search, port);
    let proof = &mut search.proof;
    if observed.ports == PortSet::from_iter([port]) {
        proof.heard_on |= heard;
        if !heard {
            // It had paused: the silence before this was its own.
            proof.silent_off = 0.0;
        }
    } else if observed.ports == others {
        let lasted = observed.until.since(observed.from).as_secs_f64();
        proof.silent_off = if heard {
            0.0
        } else {
            proof.silent_off + lasted
        };
    }
    if proof.heard_on && proof.silent_off > 0.0 && proof.silent_off + 1e-6 >= proof.off_goal {
        proof.cycles += 1;
        proof.heard_on = false;
        proof.silent_off = 0.0;
    }
}

/// How long silence has to last while everything but `port` is mirrored.
fn off_time(search: &Search, port: PortId) -> f64 {
    search.planner.overdue(&search.filter, port, OFF_BY_CHANCE)
}

/// Everything but `port`, or the likeliest of it where the switch allows no more.
fn others(search: &Search, port: PortId) -> PortSet {
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
