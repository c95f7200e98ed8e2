//! What a change costs: the profile's guess first, then what was measured.

use std::time::Duration;

/// How many changes the profile's guess weighs as much as: little, it is only a guess.
const GUESS_WEIGHT: f64 = 0.25;

/// A line through the changes seen so far: time over rows written.
#[derive(Clone, Debug, Default)]
pub(super) struct Cost {
    n: f64,
    rows: f64,
    seconds: f64,
    rows_squared: f64,
    rows_seconds: f64,
}

impl Cost {
    /// Starts from the profile's guess for a change of no rows and one of many.
    pub(super) fn guess(write: Duration, row: Duration) -> Self {
        let mut cost = Cost::default();
        for rows in [0.0, 8.0] {
            cost.add(
                rows,
                write.as_secs_f64() + rows * row.as_secs_f64(),
                GUESS_WEIGHT / 2.0,
            );
        }
        cost
    }

    /// Notes a change.
    pub(super) fn note(&mut self, rows: usize, took: Duration) {
        let rows = u32::try_from(rows).map_or(f64::from(u32::MAX), f64::from);
        self.add(rows, took.as_secs_f64(), 1.0);
    }

    fn add(&mut self, rows: f64, seconds: f64, weight: f64) {
        self.n += weight;
        self.rows += weight * rows;
        self.seconds += weight * seconds;
        self.rows_squared += weight * rows * rows;
        self.rows_seconds += weight * rows * seconds;
    }

    /// Returns the time of one change and the additional time of each row, neither below zero.
    pub(super) fn fit(&self) -> (Duration, Duration) {
        let spread = self.n * self.rows_squared - self.rows * self.rows;
        let slope = if spread > f64::EPSILON {
            ((self.n * self.rows_seconds - self.rows * self.seconds) / spread).max(0.0)
        } else {
            0.0
        };
        let fixed = ((self.seconds - slope * self.rows) / self.n.max(f64::EPSILON)).max(0.0);
        let duration = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
        (duration(fixed), duration(slope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Duration, ms: u64) -> bool {
        a.abs_diff(Duration::from_millis(ms)) < Duration::from_millis(15)
    }

    #[test]
    fn before_any_change_the_guess_holds() {
        let (write, row) = Cost::guess(Duration::from_millis(200), Duration::from_millis(20)).fit();
        assert!(near(write, 200) && near(row, 20), "{write:?} {row:?}");
    }

    #[test]
    fn measurement_takes_over() {
        let mut cost = Cost::guess(Duration::from_millis(200), Duration::from_millis(20));
        for rows in [24, 12, 6, 3, 2, 1, 1, 24, 12, 6, 3, 2] {
            cost.note(rows, Duration::from_millis(1500 + 100 * rows as u64));
        }
        let (write, row) = cost.fit();
        assert!(write > Duration::from_millis(1350), "{write:?}");
        assert!(
            row > Duration::from_millis(95) && row < Duration::from_millis(115),
            "{row:?}"
        );
    }
}
