//! What the control windows tell about the mirror itself: how late the switch applies a change. Pure.

use std::time::Duration;

use super::receivers::Seen;
use crate::clock::Moment;
use crate::port::PortSet;

/// How long is listened before anything is mirrored. Long enough for a flooded suspect that sends a few frames a
/// second to show; a slower one is left to the search, whose model knows of strays.
pub(super) const BEFORE_ANY_WRITE: Duration = Duration::from_millis(800);

/// How long is listened with everything mirrored, at most: silence then goes to the search as evidence, which
/// weighs it against the suspect's possible rhythms.
pub(super) const EVERYTHING_AT_LEAST: Duration = Duration::from_secs(3);

/// As [`EVERYTHING_AT_LEAST`], for a part of the candidates, where the switch cannot mirror them all, and besides the time
/// that the switch may take to act; and how many parts are tried before it is left to the search to hear anybody.
pub(super) const PART_AT_LEAST: Duration = Duration::from_millis(1500);
pub(super) const PARTS: usize = 3;

/// How often everything is mirrored for the control, where the first time did not show how late the switch acts, and the
/// mirror has to be set from nothing once more.
pub(super) const CONTROLS: u32 = 3;

/// Tells whether the control may end early: the suspect was heard often enough, and for long enough, to show how
/// often it talks. A handful of frames in 10 ms may be chance, and a rate taken for four times what it is makes
/// the windows that follow too short; a quarter of a second costs less than one change of the mirror.
pub(super) fn shows_the_rhythm(sightings: &[Seen]) -> bool {
    let (Some(first), Some(last)) = (sightings.first(), sightings.last()) else {
        return false;
    };
    sightings.len() >= 4 && last.at.since(first.at) >= Duration::from_millis(250)
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

/// How many frames of others tell that a set is mirrored: one or two may have been flooded.
pub(super) const OTHERS_TELL: u64 = 3;

/// Tells whether [`OTHERS_TELL`] frames of a set that brings `rate` frames a second are sure to come within [`LATEST`],
/// but one time in a thousand: if they do not, the set is not mirrored.
pub(super) fn others_tell(rate: f64) -> bool {
    /// Mean gaps within which three random frames come 999 times in 1000.
    const GAPS: f64 = 12.0;
    GAPS <= rate * LATEST.as_secs_f64()
}

/// Frames of others that have to be missing, at the rate at which they came, before a mirror is doubted.
pub(super) const MISSING: f64 = 30.0;

/// How much others were heard, and of which set.
#[derive(Clone, Debug)]
pub(super) struct Others {
    /// What was mirrored.
    pub(super) of: PortSet,
    /// Frames a second.
    pub(super) rate: f64,
}

impl Others {
    /// Returns for how long nobody at all may be heard before the mirror is taken for dead though the switch shows it;
    /// twice as long each time that it was `revived`, as machines may fall silent together.
    pub(super) fn patience(&self, revived: u32) -> Duration {
        /// Machines at rest say something together, and then nothing for seconds.
        const AT_LEAST: Duration = Duration::from_secs(4);
        let gaps = Duration::try_from_secs_f64(MISSING / self.rate).unwrap_or(Duration::MAX);
        gaps.max(AT_LEAST).saturating_mul(1 << revived.min(16))
    }
}

/// Returns the settle time that follows from others having been heard `late` after a change. Up to twice the present
/// one it may be their own gaps.
pub(super) fn margin(late: Duration, settle: Duration) -> Duration {
    if late > 2 * settle.max(AT_LEAST) + Duration::from_millis(200) {
        late.min(LATEST).mul_f64(1.5)
    } else {
        settle
    }
}

/// How long is waited for the first copy of anybody, where nobody was heard at all. Switches that apply a
/// change seconds after answering are known (see `docs/measurements.md`).
pub(super) const FOR_A_SIGN_OF_LIFE: Duration = Duration::from_secs(10);

/// How much longer is listened, at most, where the first frame came so late that it may have been the switch.
pub(super) const AS_LONG_AGAIN: Duration = Duration::from_secs(3);

/// How long is listened to mirrored ports before a mirror that brought nothing whatever is called dead. Even idle
/// machines exchange a frame with somebody every minute or so: answers to ARP, time, mail.
pub(super) const DEAF: Duration = Duration::from_secs(120);

/// A switch that answers before it acts: the longest delay that is believed. Later copies are ordinary quiet.
pub(super) const LATEST: Duration = Duration::from_secs(8);

/// How finely arrivals are told apart in time while the mirror's delay is measured.
pub(super) const BIN: Duration = Duration::from_millis(25);

/// How much likelier (as a logarithm) arrivals have to be with a beginning than without one: with 120 bins, chance alone
/// shows that one time in 70 (120 e^-9).
const CLEAR: f64 = 9.0;

/// The share of the later rate that may arrive before the mirror works: what is flooded, or broadcast by mistake.
const ANYWAY: f64 = 0.05;

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
    /// Measures from the answer to a change at `answered` until `until`, by the suspect's own frames and by everybody else's.
    ///
    /// A single early frame may have been flooded, and a single late one be chance: what tells is that hardly
    /// anything came for a while, and then much.
    pub(super) fn measure(
        answered: Moment,
        until: Moment,
        own: &[Moment],
        others: &[(Moment, u64)],
    ) -> Latency {
        let own: Vec<(Moment, u64)> = own.iter().map(|at| (*at, 1)).collect();
        let listened = until.since(answered);
        let bins = |arrivals: &[(Moment, u64)]| in_bins(answered, listened, arrivals);
        let late = [bins(&own), bins(others)]
            .iter()
            .filter_map(|bins| beginning(bins))
            .max();
        if let Some(late) = late.filter(|late| *late > AT_LEAST) {
            return Latency::Late(late.min(LATEST));
        }
        let arrived = own.iter().chain(others).filter(|(_, count)| *count > 0);
        match arrived.map(|(at, _)| at.since(answered)).min() {
            Some(wait) => Latency::AtMost(wait),
            None => Latency::Unknown,
        }
    }

    /// Returns from when on copies could be expected, for a change answered at `answered`.
    pub(super) fn began(self, answered: Moment) -> Moment {
        match self {
            Latency::Late(late) => answered + late,
            Latency::Unknown | Latency::AtMost(_) => answered,
        }
    }

    /// Tells whether the settle time that follows was measured, and is no mere guess.
    pub(super) fn proves(self, guess: Duration) -> bool {
        match self {
            Latency::Unknown => false,
            Latency::AtMost(wait) => wait <= guess,
            Latency::Late(_) => true,
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

/// Returns how long after a change at `answered` the suspect was still heard, if it clearly fell silent before `until`:
/// not for its usual gaps, but for ten times as long, and a second at least.
pub(super) fn fell_silent_after(
    answered: Moment,
    until: Moment,
    heard: &[Moment],
) -> Option<Duration> {
    const GAPS: u32 = 10;
    const AT_LEAST: Duration = Duration::from_secs(1);
    const FRAMES: u32 = 3;
    let (first, last) = (heard.iter().min()?, heard.iter().max()?);
    let frames = u32::try_from(heard.len()).unwrap_or(u32::MAX);
    let gap = last.since(*first) / frames.saturating_sub(1).max(1);
    let silent = until.since(*last);
    (frames >= FRAMES && silent >= AT_LEAST.max(GAPS * gap)).then(|| last.since(answered))
}

/// Counts arrivals in bins of [`BIN`] from `answered` on.
fn in_bins(answered: Moment, listened: Duration, arrivals: &[(Moment, u64)]) -> Vec<u64> {
    let index = |span: Duration| usize::try_from(span.as_millis() / BIN.as_millis()).unwrap_or(0);
    let mut bins = vec![0; index(listened) + 1];
    for (at, count) in arrivals {
        if let Some(bin) = bins.get_mut(index(at.since(answered))) {
            *bin += count;
        }
    }
    bins
}

/// Returns after how long arrivals began, if they clearly did not come from the start: the most likely change from hardly
/// any to many.
#[expect(
    clippy::cast_precision_loss,
    reason = "counts of frames and of bins need no more than 52 bits here"
)]
fn beginning(bins: &[u64]) -> Option<Duration> {
    let all: u64 = bins.iter().sum();
    let constant = log_likelihood(all, bins.len());
    let mut before = 0;
    let mut best: Option<(f64, usize)> = None;
    for (place, count) in bins.iter().enumerate() {
        let after = all - before;
        let rate = |count: u64, bins: usize| count as f64 / bins.max(1) as f64;
        let quiet = rate(before, place) <= ANYWAY * rate(after, bins.len() - place);
        let gain =
            log_likelihood(before, place) + log_likelihood(after, bins.len() - place) - constant;
        if quiet && gain > CLEAR && best.is_none_or(|(most, _)| gain > most) {
            best = Some((gain, place));
        }
        before += count;
    }
    let (_, place) = best?;
    Some(BIN * u32::try_from(place).ok()?)
}

/// The logarithm of the likelihood of so many arrivals at the rate that fits them best, but for what all rates share.
#[expect(clippy::cast_precision_loss, reason = "as above")]
fn log_likelihood(count: u64, bins: usize) -> f64 {
    if count == 0 {
        return 0.0;
    }
    let count = count as f64;
    count * (count / bins as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Moment {
        Moment(Duration::from_millis(ms))
    }

    const GUESS: Duration = Duration::from_millis(500);

    fn every(ms: u64, from: u64, until: u64) -> Vec<(Moment, u64)> {
        (from..until)
            .step_by(usize::try_from(ms).unwrap())
            .map(|ms| (at(ms), 1))
            .collect()
    }

    #[test]
    fn a_long_wait_before_dense_traffic_is_the_switchs_delay() {
        let others = every(10, 3_000, 4_000);
        let latency = Latency::measure(at(1000), at(4000), &[], &others);
        assert_eq!(latency.settle(GUESS), Duration::from_secs(3));
        assert_eq!(latency.began(at(1000)), at(3000));
    }

    #[test]
    fn a_frame_that_was_flooded_before_does_not_hide_the_delay() {
        let mut others = every(20, 2_000, 2_600);
        others.insert(0, (at(1_050), 1));
        let latency = Latency::measure(at(1000), at(2600), &[], &others);
        assert_eq!(latency, Latency::Late(Duration::from_secs(1)));
        let own: Vec<Moment> = every(10, 2_010, 2_300).iter().map(|(at, _)| *at).collect();
        let latency = Latency::measure(at(1000), at(2300), &own, &[(at(1_050), 1)]);
        assert_eq!(latency, Latency::Late(Duration::from_secs(1)));
    }

    #[test]
    fn a_wait_as_long_as_the_usual_gap_is_no_delay() {
        let own = [at(2000), at(2900), at(3800)];
        let latency = Latency::measure(at(1000), at(4000), &own, &[]);
        assert_eq!(latency.settle(GUESS), GUESS);
        assert_eq!(latency.began(at(1000)), at(1000));
    }

    #[test]
    fn a_suspect_that_falls_silent_after_a_change_tells_how_late_the_switch_is() {
        let heard = |until| -> Vec<Moment> {
            let times = every(100, 1_500, until);
            times.iter().map(|(at, _)| *at).collect()
        };
        let late = fell_silent_after(at(1_000), at(9_000), &heard(3_001));
        assert_eq!(late, Some(Duration::from_secs(2)));
        assert_eq!(fell_silent_after(at(1_000), at(9_000), &heard(8_500)), None);
        assert_eq!(fell_silent_after(at(1_000), at(9_000), &heard(1_650)), None);
        assert_eq!(fell_silent_after(at(1_000), at(9_000), &[]), None);
    }

    #[test]
    fn traffic_that_merely_grows_is_no_delay() {
        let mut others = every(50, 1_000, 3_000);
        others.extend(every(5, 3_000, 4_000));
        let latency = Latency::measure(at(1000), at(4000), &[], &others);
        assert_eq!(latency, Latency::AtMost(Duration::ZERO));
    }

    #[test]
    fn a_prompt_switch_is_not_waited_for_as_long_as_the_profile_fears() {
        let latency = Latency::measure(at(1000), at(4000), &[], &every(10, 1_015, 4_000));
        assert_eq!(latency.settle(GUESS), Duration::from_millis(30));
    }

    #[test]
    fn a_mirror_is_given_longer_the_quieter_it_was_and_each_time_it_was_set_anew() {
        let heard = |rate| Others {
            of: PortSet::new(),
            rate,
        };
        assert_eq!(heard(100.0).patience(0), Duration::from_secs(4));
        assert_eq!(heard(1.0).patience(0), Duration::from_secs(30));
        assert_eq!(heard(1.0).patience(2), Duration::from_secs(120));
        assert_eq!(heard(0.0).patience(0), Duration::MAX);
    }

    #[test]
    fn silence_measures_nothing() {
        let latency = Latency::measure(at(0), at(3000), &[], &[]);
        assert_eq!(latency.settle(GUESS), GUESS);
        assert!(!latency.proves(GUESS));
    }

    #[test]
    fn a_first_frame_later_than_the_guess_proves_no_guess() {
        let first = |ms| Latency::measure(at(0), at(3000), &[], &[(at(ms), 1)]);
        assert!(first(400).proves(GUESS));
        assert!(!first(600).proves(GUESS));
    }
}
