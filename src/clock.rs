//! Time as the run sees it: how long since it began.
//!
//! Nothing but a [`Clock`] tells the time, so that a whole `locate` can be played on a virtual clock.

use std::fmt;
use std::ops::Add;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// A point in time, counted from the start of the run.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Moment(pub Duration);

impl Moment {
    /// The start of the run.
    pub const START: Moment = Moment(Duration::ZERO);

    /// Returns the time from `earlier` to this moment, zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Moment) -> Duration {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Moment {
    type Output = Moment;
    fn add(self, span: Duration) -> Moment {
        Moment(self.0.saturating_add(span))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.0.as_secs_f64())
    }
}

/// Tells the time and lets it pass.
pub trait Clock {
    /// Returns the present moment.
    fn now(&self) -> Moment;
    /// Returns once `until` has come.
    fn sleep_until(&self, until: Moment);
}

/// The machine's monotonic clock, started with the run.
#[derive(Clone, Copy, Debug)]
pub struct LiveClock(Instant);

impl LiveClock {
    /// Starts the clock: the present is [`Moment::START`].
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place where the run's clock starts"
    )]
    pub fn start() -> Self {
        LiveClock(Instant::now())
    }
}

impl Clock for LiveClock {
    fn now(&self) -> Moment {
        Moment(self.0.elapsed())
    }

    fn sleep_until(&self, until: Moment) {
        std::thread::sleep(until.since(self.now()));
    }
}
