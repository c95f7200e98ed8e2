//! What the control windows tell about the mirror itself: how late the switch applies a change. Pure.

use std::time::Duration;

use crate::clock::Moment;

/// How long is listened before anything is mirrored. Long enough for a flooded suspect that sends a few frames a
/// second to show; a slower one is left to the search, whose model knows of strays.
pub(super) const BEFORE_ANY_WRITE: Duration = Duration::from_millis(800);

/// How long is listened with everything mirrored, at most: silence then goes to the search as evidence, which
/// weighs it against the suspect's possible rhythms.
pub(super) const EVERYTHING_AT_LEAST: Duration = Duration::from_secs(3);

/// Sightings after which the control ends early: they show that the suspect talks and roughly how often.
pub(super) const ENOUGH_SIGHTINGS: u32 = 4;

/// How long is waited for the first copy of anybody, where nobody was heard at all. Switches that apply a
/// change seconds after answering are known (see `docs/measurements.md`).
pub(super) const FOR_A_SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// A switch that answers before it acts: the longest delay that is believed. Later copies are ordinary quiet.
const LATEST: Duration = Duration::from_secs(8);

/// How many mean gaps between frames the first copy may take before its lateness is the switch's doing: for
/// random traffic, one time in 150 (e^-5) chance alone takes longer.
const GAPS: f64 = 5.0;

/// How late copies begin after the switch has acknowledged a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Latency(Duration);

impl Latency {
    /// Measures from the answer to a change at `answered` and the `arrivals` of the first copies after it;
    /// `frames` came in all until `until`.
    ///
    /// Where the wait is no longer than the gaps of the traffic itself, the switch is taken to be prompt.
    pub(super) fn measure(
        answered: Moment,
        arrivals: &[Moment],
        frames: u64,
        until: Moment,
    ) -> Latency {
        let Some(first) = arrivals.first() else {
            return Latency(Duration::ZERO);
        };
        let wait = first.since(answered);
        #[expect(
            clippy::cast_precision_loss,
            reason = "a count of frames needs no more than 52 bits here"
        )]
        let mean_gap = until.since(*first).as_secs_f64() / (frames.max(1) as f64);
        if wait.as_secs_f64() > GAPS * mean_gap {
            Latency(wait.min(LATEST))
        } else {
            Latency(Duration::ZERO)
        }
    }

    /// Returns from when on copies could be expected, for a change answered at `answered`.
    pub(super) fn began(self, answered: Moment) -> Moment {
        answered + self.0
    }

    /// Returns how long to let frames pass unheeded after a change: half as long again as was measured, since
    /// switching off may take longer than switching on, and never less than `least`.
    pub(super) fn settle(self, least: Duration) -> Duration {
        least.max(self.0.mul_f64(1.5))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment(Duration::from_millis(ms))
    }

    #[test]
    fn a_long_wait_before_dense_traffic_is_the_switchs_delay() {
        let latency = Latency::measure(at(1000), &[at(3000)], 400, at(4000));
        assert_eq!(
            latency.settle(Duration::from_millis(20)),
            Duration::from_secs(3)
        );
        assert_eq!(latency.began(at(1000)), at(3000));
    }

    #[test]
    fn a_wait_as_long_as_the_usual_gap_is_no_delay() {
        let latency = Latency::measure(at(1000), &[at(2000)], 3, at(4000));
        assert_eq!(
            latency.settle(Duration::from_millis(20)),
            Duration::from_millis(20)
        );
    }

    #[test]
    fn silence_measures_nothing() {
        assert_eq!(
            Latency::measure(at(0), &[], 0, at(3000)),
            Latency(Duration::ZERO)
        );
    }
}
