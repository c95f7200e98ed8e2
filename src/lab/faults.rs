//! What can go wrong in a lab. Everything here is off by default.

use std::time::Duration;

use fastrand::Rng;

/// The faults of a lab.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    /// Requests that never reach the switch's agent.
    pub lost_requests: Often,
    /// Answers that never reach the asker: what was asked for has been done.
    pub lost_replies: Often,
    /// Answers that come late, by this much.
    pub late_replies: Option<(Often, Duration)>,
    /// Time from a write to its effect on the copies.
    pub write_latency: Option<WriteLatency>,
    /// Writes (requests, counted from 1) that are acknowledged and then ignored: reading back shows the old state.
    pub ignored_writes: Often,
    /// Copies that are lost on their way to the destination.
    pub lost_copies: Often,
    /// Nothing is copied at all, whatever the agent says.
    pub dead_mirror: bool,
    /// The most source ports, and what happens to more.
    pub source_limit: Option<SourceLimit>,
    /// Whether nobody may write, whatever the community or user.
    pub read_only: bool,
    /// The switch restarts.
    pub reboot: Option<Reboot>,
    /// The mirror stops copying at this moment, while the agent goes on showing it; the next write revives it.
    pub session_lost: Option<When>,
}

/// How often a fault strikes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Often {
    /// Never.
    #[default]
    Never,
    /// Each time with this probability.
    Chance(f64),
    /// Only the nth time, counted from 1.
    Nth(u64),
    /// Always.
    Always,
}

/// When a fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At the nth write request that is carried out, counted from 1.
    Write(u64),
    /// So long after the start.
    After(Duration),
}

/// How slowly a write takes effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WriteLatency {
    /// Time from the write to the change of the copies. Reading back shows the new state at once.
    pub effect: Duration,
    /// Time from the write to the answer.
    pub answer: Duration,
}

/// A limit on source ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceLimit {
    /// The most source ports of a session.
    pub most: usize,
    /// What happens to more.
    pub beyond: Beyond,
}

/// What happens to more sources than the switch can mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beyond {
    /// The write is refused with `resourceUnavailable`.
    Refused,
    /// The write succeeds, and reading back shows the first ones only.
    Cut,
    /// The write succeeds and reading back shows all, but only the first ones are copied.
    CutUnseen,
}

/// A restart of the switch. The mirror is then as it was when the lab started, tables are empty and sysUpTime
/// begins anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reboot {
    /// When. At a write, the write is done but its answer never leaves.
    pub at: When,
    /// How long the switch forwards and answers nothing.
    pub down: Duration,
}

/// Counts the times a fault could strike and decides for each.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    often: Often,
    count: u64,
    rng: Rng,
}

impl Dice {
    pub(super) fn new(often: Often, seed: u64) -> Self {
        Dice {
            often,
            count: 0,
            rng: Rng::with_seed(seed),
        }
    }

    /// Tells whether the fault strikes this time.
    pub(super) fn strikes(&mut self) -> bool {
        self.count += 1;
        match self.often {
            Often::Never => false,
            Often::Chance(chance) => self.rng.f64() < chance,
            Often::Nth(nth) => self.count == nth,
            Often::Always => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strikes(often: Often) -> Vec<bool> {
        let mut dice = Dice::new(often, 7);
        (0..4).map(|_| dice.strikes()).collect()
    }

    #[test]
    fn a_fault_strikes_as_often_as_was_said() {
        assert_eq!(strikes(Often::Never), [false; 4]);
        assert_eq!(strikes(Often::Always), [true; 4]);
        assert_eq!(strikes(Often::Nth(3)), [false, false, true, false]);
        let mut dice = Dice::new(Often::Chance(0.25), 7);
        let hits = (0..4000).filter(|_| dice.strikes()).count();
        assert!((900..1100).contains(&hits), "{hits}");
    }
}
