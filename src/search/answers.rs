//! What answers to knocks tell: the suspect is asked to speak, and only the mirror can show its answer.
//!
//! How often it answers is unknown at first and learnt from all windows together; a machine answers alike whatever port
//! it is on. Where it is, each window tells apart: an answer points to the mirrored ports, a knock without one away from
//! them. Its own frames are weighed by [`super::traffic`], not here.

use super::Knocks;

/// The chances that a knock is answered, each with the belief in it beforehand.
const READY: [(f64, f64); 4] = [(0.0, 0.4), (0.5, 0.1), (0.9, 0.2), (0.99, 0.3)];

/// The chance that a machine that answers stays mute for a whole window: asleep, busy, or told to by a firewall.
///
/// It bounds what any number of knocks in one window can tell, as they are not independent.
const MUTE: f64 = 0.01;

/// The chance that an answer is heard though the port is not mirrored: it was flooded.
const FLOODED: f64 = 1e-3;

/// What no silence can take from the belief in a chance of an answer: who was mute may wake up, and a mirror that showed
/// nothing for a while is no machine that never answers.
const FLOOR: f64 = 1e-4;

/// The belief in each chance of an answer.
#[derive(Clone, Debug)]
pub(super) struct Readiness {
    belief: [f64; READY.len()],
    /// Whether a knock was ever answered: nothing is planned on answers before.
    proven: bool,
}

impl Readiness {
    /// Nothing is known yet.
    pub(super) fn unknown() -> Self {
        Readiness {
            belief: READY.map(|(_, belief)| belief),
            proven: false,
        }
    }

    /// Returns how likely a window's knocks were to be answered so, by a suspect whose copies arrive or do not.
    pub(super) fn likelihood(&self, copied: bool, knocks: Knocks) -> f64 {
        let chances = READY.iter().zip(self.belief);
        let likely = |chance| {
            if copied {
                answered(chance, knocks)
            } else {
                flooded(chance, knocks)
            }
        };
        chances
            .map(|((chance, _), belief)| belief * likely(*chance))
            .sum()
    }

    /// Learns from a window in which the suspect's copies arrive with probability `copied`.
    pub(super) fn learn(&mut self, copied: f64, knocks: Knocks) {
        self.proven |= knocks.answered > 0 && copied > 0.5;
        for ((chance, _), belief) in READY.iter().zip(&mut self.belief) {
            *belief *=
                copied * answered(*chance, knocks) + (1.0 - copied) * flooded(*chance, knocks);
        }
        let total: f64 = self.belief.iter().sum();
        if total > f64::MIN_POSITIVE {
            let floored = |belief: f64| (belief / total).max(FLOOR);
            self.belief
                .iter_mut()
                .for_each(|belief| *belief = floored(*belief));
        } else {
            *self = Readiness::unknown();
        }
    }

    /// Returns the chance that a suspect that is mirrored leaves so many knocks unanswered.
    pub(super) fn silent_after(&self, sent: u32) -> f64 {
        if self.proven {
            self.likelihood(true, Knocks { sent, answered: 0 })
        } else {
            1.0
        }
    }
}

/// The probability of a window's answers if each knock is answered with `chance`.
fn answered(chance: f64, knocks: Knocks) -> f64 {
    let mute = if knocks.answered == 0 { MUTE } else { 0.0 };
    mute + (1.0 - MUTE) * binomial(chance, knocks)
}

/// The same where no copies arrive: an answer has to be given, and flooded besides, so one that is heard never points
/// away from what is mirrored.
fn flooded(chance: f64, knocks: Knocks) -> f64 {
    // One answer in a window is evidence; a flood of answers to one that is flooded once is not more of it.
    let once = Knocks {
        answered: knocks.answered.min(1),
        sent: knocks.sent - knocks.answered.min(knocks.sent).saturating_sub(1),
    };
    binomial(chance * FLOODED, once)
}

/// Up to the number of ways to choose, which is the same for every chance.
fn binomial(chance: f64, knocks: Knocks) -> f64 {
    let answered = knocks.answered.min(knocks.sent);
    let power = |base: f64, n: u32| base.powi(i32::try_from(n).unwrap_or(i32::MAX));
    power(chance, answered) * power(1.0 - chance, knocks.sent.saturating_sub(answered))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knocks(sent: u32, answered: u32) -> Knocks {
        Knocks { sent, answered }
    }

    /// How much likelier a window's knocks make the ports that are mirrored than the others.
    fn tells(readiness: &Readiness, knocks: Knocks) -> f64 {
        readiness.likelihood(true, knocks) / readiness.likelihood(false, knocks)
    }

    #[test]
    fn nothing_is_planned_on_answers_before_there_was_one() {
        let mut readiness = Readiness::unknown();
        assert!((readiness.silent_after(5) - 1.0).abs() < f64::EPSILON);
        readiness.learn(0.98, knocks(4, 4));
        assert!(readiness.silent_after(1) < 0.1);
    }

    #[test]
    fn many_knocks_in_one_window_never_rule_a_port_out() {
        let mut readiness = Readiness::unknown();
        readiness.learn(0.98, knocks(5, 5));
        let few = readiness.likelihood(true, knocks(3, 0));
        let many = readiness.likelihood(true, knocks(1_000_000, 0));
        assert!(many >= MUTE && few < 0.05);
    }

    #[test]
    fn a_suspect_that_never_answers_makes_knocking_say_nothing() {
        let mut readiness = Readiness::unknown();
        for _ in 0..10 {
            readiness.learn(0.98, knocks(5, 0));
        }
        let tells = tells(&readiness, knocks(5, 0));
        assert!((tells - 1.0).abs() < 0.02, "{tells}");
    }

    #[test]
    fn an_answer_points_to_what_is_mirrored() {
        let readiness = Readiness::unknown();
        let tells = tells(&readiness, knocks(1, 1));
        assert!(tells > 100.0, "{tells}");
    }

    #[test]
    fn nor_does_an_answer_point_elsewhere_after_a_long_silence() {
        // 25 s with everything mirrored, and nothing copied.
        let mut readiness = Readiness::unknown();
        for _ in 0..140 {
            readiness.learn(0.7, knocks(3, 0));
        }
        let tells = tells(&readiness, knocks(1, 1));
        assert!(tells > 100.0, "{tells}");
        readiness.learn(0.98, knocks(1, 1));
        readiness.learn(0.98, knocks(1, 1));
        assert!(
            readiness.silent_after(3) < 0.1,
            "{}",
            readiness.silent_after(3)
        );
    }
}
