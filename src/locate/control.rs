//! What the control windows tell about the mirror itself: how late the switch applies a change. Pure.

use std::time::Duration;

use crate::clock::Moment;

/// How long is listened before anything is mirrored. Long enough for a flooded suspect that sends a few frames a
/// second to show; a slower one is left to the search, whose model knows of strays.
pub(super) const BEFORE_ANY_WRITE: Duration = Duration::from_millis(800);

/// How long is listened with everything mirrored, at most: silence then goes to the search as evidence, which
/// weighs it against the suspect's possible rhythms.
pub(super) const EVERYTHING_AT_LEAST: Duration = Duration::from_secs(3);

/// Tells whether the control may end early: the suspect was heard often enough, and for long enough, to show how
/// often it talks. A handful of frames in 10 ms may be chance, and a rate taken for four times what it is makes
/// the windows that follow too short; a quarter of a second costs less than one change of the mirror.
pub(super) fn shows_the_rhythm(sightings: &[Moment]) -> bool {
    let (Some(first), Some(last)) = (sightings.first(), sightings.last()) else {
        return false;
    };
    sightings.len() >= 4 && last.since(*first) >= Duration::from_millis(250)
}

/// How long the suspect is left alone in the control: one that talks by itself needs no knocks.
pub(super) const LEFT_ALONE: Duration = Duration::from_millis(300);

/// How long a suspect that was heard to talk by itself is listened to before it is knocked at after all.
pub(super) const A_TALKERS_PAUSE: Duration = Duration::from_millis(150);

/// Answers that make the control of the stimulus end early.
pub(super) const ENOUGH_ANSWERS: usize = 4;

/// How many answers have to have come to this machine by its other interfaces, and none of them to the capture, before
/// its own conversation is believed to need the mirror.
pub(super) const ANSWERED_ELSEWHERE: u32 = 2;

/// How long is waited for the first copy of anybody, where nobody was heard at all. Switches that apply a
/// change seconds after answering are known (see `docs/measurements.md`).
pub(super) const FOR_A_SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// How long is listened to mirrored ports before a mirror that brought nothing whatever is called dead. Even idle
/// machines exchange a frame with somebody every minute or so: answers to ARP, time, mail.
pub(super) const DEAF: Duration = Duration::from_secs(120);

/// A switch that answers before it acts: the longest delay that is believed. Later copies are ordinary quiet.
const LATEST: Duration = Duration::from_secs(8);

/// How many mean gaps between frames the first copy may take before its lateness is the switch's doing: for
/// random traffic, one time in 150 (e^-5) chance alone takes longer.
const GAPS: f64 = 5.0;

/// The shortest time that frames of the old set are given to pass, however prompt the switch is: queues in the switch
/// and in this machine empty within a few milliseconds, and 20 ms cost nothing beside a write.
const AT_LEAST: Duration = Duration::from_millis(20);

/// What the first copies after a change say about how late the switch applies it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Latency {
    /// Nothing came, so nothing is known.
    Unknown,
    /// A copy came so soon after the answer that the switch is at least that prompt.
    AtMost(Duration),
    /// Copies came much later than the gaps of the traffic explain: the switch answers before it acts.
    Late(Duration),
}

impl Latency {
    /// Measures from the answer to a change at `answered` and the `arrivals` of the first copies after it;
    /// `frames` came in all until `until`.
    pub(super) fn measure(
        answered: Moment,
        arrivals: &[Moment],
        frames: u64,
        until: Moment,
    ) -> Latency {
        let Some(first) = arrivals.first() else {
            return Latency::Unknown;
        };
        let wait = first.since(answered);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of frames needs no more than 52 bits here"
        )]
        let mean_gap = until.since(*first).as_secs_f64() / (frames.max(1) as f64);
        if wait > AT_LEAST && wait.as_secs_f64() > GAPS * mean_gap {
            Latency::Late(wait.min(LATEST))
        } else {
            Latency::AtMost(wait)
        }
    }

    /// Returns from when on copies could be expected, for a change answered at `answered`.
    pub(super) fn began(self, answered: Moment) -> Moment {
        match self {
            Latency::Late(late) => answered + late,
            Latency::Unknown | Latency::AtMost(_) => answered,
        }
    }

    /// Returns how long to let frames pass unheeded after a change, where `guess` is the profile's. Switching off may
    /// take longer than switching on, so a measured delay is taken half as long again, and promptness twice.
    pub(super) fn settle(self, guess: Duration) -> Duration {
        match self {
            Latency::Unknown => guess,
            Latency::AtMost(wait) => guess.min(AT_LEAST.max(2 * wait)),
            Latency::Late(late) => late.mul_f64(1.5).max(AT_LEAST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment(Duration::from_millis(ms))
    }

    const GUESS: Duration = Duration::from_millis(500);

    #[test]
    fn a_long_wait_before_dense_traffic_is_the_switchs_delay() {
        let latency = Latency::measure(at(1000), &[at(3000)], 400, at(4000));
        assert_eq!(latency.settle(GUESS), Duration::from_secs(3));
        assert_eq!(latency.began(at(1000)), at(3000));
    }

    #[test]
    fn a_wait_as_long_as_the_usual_gap_is_no_delay() {
        let latency = Latency::measure(at(1000), &[at(2000)], 3, at(4000));
        assert_eq!(latency.settle(GUESS), GUESS);
        assert_eq!(latency.began(at(1000)), at(1000));
    }

    #[test]
    fn a_prompt_switch_is_not_waited_for_as_long_as_the_profile_fears() {
        let latency = Latency::measure(at(1000), &[at(1015)], 400, at(4000));
        assert_eq!(latency.settle(GUESS), Duration::from_millis(30));
    }

    #[test]
    fn silence_measures_nothing() {
        let latency = Latency::measure(at(0), &[], 0, at(3000));
        assert_eq!(latency.settle(GUESS), GUESS);
    }
}
