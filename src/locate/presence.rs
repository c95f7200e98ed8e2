//! Whether a machine is talking, while somebody unplugs cables. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;

/// A pause shorter than this is none: frames come in bursts.
const SHORTEST_PAUSE: Duration = Duration::from_millis(200);
/// How many pauses are remembered.
const REMEMBERED: usize = 10;
/// A machine is silent after so long at the earliest, ...
const LEAST_PATIENCE: Duration = Duration::from_secs(2);
/// ... and at the latest.
const MOST_PATIENCE: Duration = Duration::from_secs(30);

/// What is known of a machine at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has not been heard yet.
    Waiting,
    /// It talks.
    Talking,
    /// It has not been heard for longer than it is used to pause.
    Silent,
}

impl State {
    /// Returns the state as the report has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Talking => "talking",
            State::Silent => "silent",
        }
    }
}

/// A machine's coming and going.
#[derive(Clone, Debug)]
pub(super) struct Presence {
    state: State,
    since: Moment,
    last: Moment,
    frames: u64,
    /// The pauses that it made so far, the latest last.
    pauses: VecDeque<Duration>,
}

impl Presence {
    /// Begins to listen at `now`.
    #[must_use]
    pub(super) fn new(now: Moment) -> Presence {
        Presence {
            state: State::Waiting,
            since: now,
            last: now,
            frames: 0,
            pauses: VecDeque::new(),
        }
    }

    /// Notes a frame of the machine.
    pub(super) fn hear(&mut self, at: Moment) {
        let pause = at.since(self.last);
        if self.state != State::Waiting && pause >= SHORTEST_PAUSE {
            self.pauses.push_back(pause);
            if self.pauses.len() > REMEMBERED {
                self.pauses.pop_front();
            }
        }
        self.frames += 1;
        self.last = self.last.max(at);
        if self.state != State::Talking {
            self.state = State::Talking;
            self.since = at;
        }
    }

    /// Returns what is so `now`.
    pub(super) fn look(&mut self, now: Moment) -> State {
        if self.state == State::Talking && now.since(self.last) >= self.patience() {
            self.state = State::Silent;
            self.since = self.last;
        }
        self.state
    }

    /// Since when the state is what it is: the last frame of a silent machine, the first of one that talks.
    #[must_use]
    pub(super) fn since(&self) -> Moment {
        self.since
    }

    /// When it was heard last, or the listening began.
    #[must_use]
    pub(super) fn last(&self) -> Moment {
        self.last
    }

    /// How many frames were heard.
    #[must_use]
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }

    /// How long it may say nothing before it counts as silent: twice the longest pause but one. The longest may be that of
    /// a cable that was pulled.
    fn patience(&self) -> Duration {
        let mut pauses: Vec<Duration> = self.pauses.iter().copied().collect();
        pauses.sort_unstable();
        let usual = pauses.iter().rev().nth(1).copied().unwrap_or_default();
        (usual * 2).clamp(LEAST_PATIENCE, MOST_PATIENCE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Moment {
        Moment::START + Duration::from_secs_f64(seconds)
    }

    /// A machine that talked every `gap` seconds until `end`.
    fn talker(gap: f64, end: f64) -> Presence {
        let mut presence = Presence::new(at(0.0));
        let mut now = gap;
        while now <= end {
            presence.look(at(now));
            presence.hear(at(now));
            now += gap;
        }
        presence
    }

    #[test]
    fn a_machine_is_waited_for_then_talks_then_is_silent_since_its_last_frame() {
        let mut presence = Presence::new(at(0.0));
        assert_eq!(presence.look(at(60.0)), State::Waiting);
        presence.hear(at(61.0));
        assert_eq!(presence.look(at(62.9)), State::Talking);
        assert_eq!(presence.look(at(63.0)), State::Silent);
        assert_eq!((presence.since(), presence.frames()), (at(61.0), 1));
        presence.hear(at(70.0));
        assert_eq!(presence.look(at(70.1)), State::Talking);
        assert_eq!(presence.since(), at(70.0));
    }

    #[test]
    fn a_rare_talker_is_not_called_silent_between_two_frames() {
        let mut presence = talker(6.0, 60.0);
        assert_eq!(presence.look(at(71.0)), State::Talking);
        assert_eq!(presence.look(at(72.0)), State::Silent);
    }

    #[test]
    fn a_cable_that_was_out_once_makes_nobody_more_patient() {
        let mut presence = talker(0.01, 10.0);
        assert_eq!(presence.look(at(12.1)), State::Silent);
        presence.hear(at(30.0));
        assert_eq!(presence.look(at(32.0)), State::Silent);
    }
}
