//! How a suspect may talk, and how each rhythm lets time pass.
//!
//! Every rhythm is a small Markov chain that makes a sound at some of its moves. Three things can be asked
//! of it: what becomes of its state in a time in which it makes no sound, in a time in which it is not
//! listened to, and at a sound. Which rhythms are thought of is in [`super::traffic`]; ports, sets and beliefs do not
//! belong here.

/// Steps from one frame of a beacon to the next; more steps mean less jitter (6: 40 % of the period).
pub(super) const BEACON_STEPS: usize = 6;

/// The most states that a rhythm has.
const MOST_STATES: usize = BEACON_STEPS;

/// A square matrix over the states of one rhythm, of which the first rows and columns are used.
pub(super) type Matrix = [[f64; MOST_STATES]; MOST_STATES];

/// A way of talking.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Rhythm {
    /// Frames at random with so many a second.
    Steady {
        /// Frames a second.
        rate: f64,
    },
    /// Silence, and now and then a burst of frames at random.
    Bursts {
        /// Frames a second within a burst.
        rate: f64,
        /// Mean length of a burst in seconds.
        lasting: f64,
        /// Mean silence between bursts in seconds.
        pausing: f64,
    },
    /// A frame every so often, with some jitter.
    Beacon {
        /// Mean seconds from frame to frame.
        period: f64,
    },
}

impl Rhythm {
    /// Returns how many states the chain has.
    pub(super) fn states(self) -> usize {
        match self {
            Rhythm::Steady { .. } => 1,
            Rhythm::Bursts { .. } => 2,
            Rhythm::Beacon { .. } => BEACON_STEPS,
        }
    }

    /// Returns the probability of a state when nothing is known about the phase.
    pub(super) fn at_first(self, state: usize) -> f64 {
        match self {
            Rhythm::Steady { .. } => 1.0,
            Rhythm::Bursts {
                lasting, pausing, ..
            } => {
                let talking = lasting / (lasting + pausing);
                if state == 0 { talking } else { 1.0 - talking }
            }
            #[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
            Rhythm::Beacon { .. } => 1.0 / BEACON_STEPS as f64,
        }
    }

    /// Returns the moves over `seconds` without a sound: rows from, columns to; rows sum to its probability.
    pub(super) fn silent(self, seconds: f64) -> Matrix {
        let mut moves = Matrix::default();
        match self {
            Rhythm::Steady { rate } => moves[0][0] = (-rate * seconds).exp(),
            Rhythm::Bursts {
                rate,
                lasting,
                pausing,
            } => {
                burst_moves(&mut moves, rate, lasting, pausing, seconds);
            }
            Rhythm::Beacon { period } => {
                let steps = step_counts(period, seconds);
                for (from, row) in moves.iter_mut().enumerate() {
                    for (to, cell) in row.iter_mut().enumerate().skip(from) {
                        *cell = steps.get(to - from).copied().unwrap_or(0.0);
                    }
                }
            }
        }
        moves
    }

    /// Returns the moves over `seconds` in which nobody listens; rows sum to 1.
    pub(super) fn unheard(self, seconds: f64) -> Matrix {
        let mut moves = Matrix::default();
        match self {
            Rhythm::Steady { .. } => moves[0][0] = 1.0,
            Rhythm::Bursts {
                lasting, pausing, ..
            } => {
                burst_moves(&mut moves, 0.0, lasting, pausing, seconds);
            }
            Rhythm::Beacon { period } => {
                let mut gone = [0.0; BEACON_STEPS];
                for (steps, chance) in step_counts(period, seconds).iter().enumerate() {
                    gone[steps % BEACON_STEPS] += chance;
                }
                for (from, row) in moves.iter_mut().enumerate() {
                    for (steps, chance) in gone.iter().enumerate() {
                        row[(from + steps) % BEACON_STEPS] = *chance;
                    }
                }
            }
        }
        moves
    }

    /// Turns the weights of the states into those after a sound, which is also a stray at `strays` a second.
    pub(super) fn sound(self, weights: &mut [f64], strays: f64) {
        match (self, weights) {
            (Rhythm::Steady { rate }, [only]) => *only *= rate + strays,
            (Rhythm::Bursts { rate, .. }, [talking, pausing]) => {
                *talking *= rate + strays;
                *pausing *= strays;
            }
            (Rhythm::Beacon { period }, weights) => {
                let due = weights.last().copied().unwrap_or(0.0) * step_rate(period);
                weights.iter_mut().for_each(|weight| *weight *= strays);
                if let Some(first) = weights.first_mut() {
                    *first += due;
                }
            }
            (Rhythm::Steady { .. } | Rhythm::Bursts { .. }, _) => {}
        }
    }
}

/// Steps a second of a beacon's chain.
#[expect(clippy::cast_precision_loss, reason = "a handful of steps")]
fn step_rate(period: f64) -> f64 {
    BEACON_STEPS as f64 / period
}

/// Returns the probability of 0, 1, 2, … steps of a beacon's chain in `seconds`.
fn step_counts(period: f64, seconds: f64) -> Vec<f64> {
    /// Beyond this many expected steps nothing is known about the phase any more.
    const FORGOTTEN: f64 = 150.0;
    let mean = (step_rate(period) * seconds).min(FORGOTTEN);
    let mut chance = (-mean).exp();
    let mut counts = Vec::with_capacity(BEACON_STEPS);
    let mut steps = 0.0;
    while steps <= mean || chance > 1e-12 || counts.len() < BEACON_STEPS {
        counts.push(chance);
        steps += 1.0;
        chance *= mean / steps;
    }
    counts
}

/// Fills in e^(Q·seconds) for the two states of a burst (0 talking, 1 pausing) that is killed at `rate` while talking.
fn burst_moves(moves: &mut Matrix, rate: f64, lasting: f64, pausing: f64, seconds: f64) {
    let (stop, start) = (1.0 / lasting, 1.0 / pausing);
    let (on, off) = (-stop - rate, -start);
    let middle = 0.5 * (on + off);
    let spread = (0.25 * (on - off).powi(2) + stop * start).sqrt();
    let slow = ((middle + spread) * seconds).exp();
    let fast = ((middle - spread) * seconds).exp();
    let (even, odd) = (0.5 * (slow + fast), 0.5 * (slow - fast) / spread);
    moves[0][0] = even + odd * (on - middle);
    moves[0][1] = odd * stop;
    moves[1][0] = odd * start;
    moves[1][1] = even + odd * (off - middle);
}
