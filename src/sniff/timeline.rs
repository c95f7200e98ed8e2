//! From the wall clock, by which kernels and captures stamp frames, to the run's own time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::clock::{Clock, LiveClock, Moment};

/// Places time stamps of the wall clock on the run's clock.
///
/// Each stamp is placed by its age at the time of reading, so that a step of the wall clock in mid-run
/// misplaces only the frames that were waiting to be read.
#[derive(Debug)]
pub(super) struct Timeline {
    clock: LiveClock,
    latest: Moment,
}

impl Timeline {
    pub(super) fn new(clock: LiveClock) -> Timeline {
        Timeline {
            clock,
            latest: Moment::START,
        }
    }

    pub(super) fn now(&self) -> Moment {
        self.clock.now()
    }

    /// Returns the moment of a stamp, counted from the start of 1970: never in the future, never before
    /// the one placed last, never before the run began.
    pub(super) fn place(&mut self, stamp: Duration) -> Moment {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or(stamp);
        let age = wall.saturating_sub(stamp);
        self.latest = Moment(self.now().0.saturating_sub(age)).max(self.latest);
        self.latest
    }

    /// Returns the moment of a frame that carries no stamp: the present.
    pub(super) fn place_unstamped(&mut self) -> Moment {
        self.latest = self.now().max(self.latest);
        self.latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wall() -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_stamp_keeps_its_age() {
        let mut timeline = Timeline::new(LiveClock::start());
        std::thread::sleep(Duration::from_millis(30));
        let at = timeline.place(wall() - Duration::from_millis(20));
        assert!(at.since(Moment::START) >= Duration::from_millis(10));
        assert!(timeline.now().since(at) >= Duration::from_millis(20));
    }

    #[test]
    fn time_goes_forward_and_stays_within_the_run() {
        let mut timeline = Timeline::new(LiveClock::start());
        assert_eq!(timeline.place(Duration::ZERO), Moment::START);
        let future = timeline.place(wall() + Duration::from_secs(3600));
        assert!(future <= timeline.now());
        assert_eq!(timeline.place(Duration::ZERO), future);
    }
}
