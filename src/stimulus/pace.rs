//! When to knock. Pure.

use std::time::Duration;

use crate::clock::Moment;

/// The mean time between two knocks.
///
/// Switches that inspect ARP shut a port down beyond 15 packets a second (the usual default of dynamic ARP inspection);
/// that holds for our port and for the suspect's. Ten a second, at least 70 ms apart, stay below it.
const GAP: Duration = Duration::from_millis(100);

/// How far the gap is drawn to both sides, so that answers can be told from a machine that talks like a clock.
const JITTER: Duration = Duration::from_millis(30);

/// Knocks at full pace; who has not been found by then is knocked at once a second.
const AT_FULL_PACE: u32 = 600;
const AFTERWARDS: Duration = Duration::from_secs(1);

/// The times of the knocks.
#[derive(Clone, Debug)]
pub struct Pace {
    random: fastrand::Rng,
    due: Moment,
    /// No knock before this moment, whatever the window.
    earliest: Moment,
    sent: u32,
}

impl Pace {
    /// A pace whose jitter is drawn from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Pace {
        Pace {
            random: fastrand::Rng::with_seed(seed),
            due: Moment::START,
            earliest: Moment::START,
            sent: 0,
        }
    }

    /// Begins a window: the first knock is due `grace` after `from`.
    pub fn begin(&mut self, from: Moment, grace: Duration) {
        self.due = (from + grace).max(self.earliest);
    }

    /// When the next knock is due.
    #[must_use]
    pub fn due(&self) -> Moment {
        self.due
    }

    /// Notes that a knock was sent.
    pub fn knocked(&mut self, now: Moment) {
        self.sent = self.sent.saturating_add(1);
        let gap = if self.sent > AT_FULL_PACE {
            AFTERWARDS
        } else {
            GAP
        };
        let jitter = JITTER.mul_f64(2.0 * self.random.f64());
        self.earliest = now + (gap - JITTER + jitter);
        self.due = self.earliest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knocks(pace: &mut Pace, count: u32) -> Vec<Moment> {
        (0..count)
            .map(|_| {
                let at = pace.due();
                pace.knocked(at);
                at
            })
            .collect()
    }

    #[test]
    fn no_second_holds_more_knocks_than_arp_inspection_allows() {
        for seed in 0..20 {
            let at = knocks(&mut Pace::new(seed), AT_FULL_PACE);
            for window in at.windows(15) {
                assert!(window[14].since(window[0]) > Duration::from_secs(1));
            }
        }
    }

    #[test]
    fn short_windows_do_not_make_it_knock_faster() {
        let mut pace = Pace::new(1);
        let first = pace.due();
        pace.knocked(first);
        pace.begin(first + Duration::from_millis(5), Duration::ZERO);
        assert!(pace.due().since(first) >= GAP - JITTER);
    }

    #[test]
    fn who_never_answers_is_soon_knocked_at_once_a_second() {
        let mut pace = Pace::new(1);
        let at = knocks(&mut pace, AT_FULL_PACE + 2);
        let last = at[at.len() - 1].since(at[at.len() - 2]);
        assert!(last >= Duration::from_millis(900), "{last:?}");
    }
}
