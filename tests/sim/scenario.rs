//! What a scenario file says.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scenario {
    /// One sentence: what is special here.
    #[expect(dead_code, reason = "for people, and in a failure")]
    pub(crate) about: String,
    pub(crate) switch: Switch,
    pub(crate) suspect: Host,
    #[serde(default)]
    pub(crate) twin: Option<Host>,
    /// Frames per second of each other machine; there is one on every port.
    #[serde(default = "one")]
    pub(crate) background_per_s: f64,
    /// The suspect's frames that reach the laptop whatever is mirrored, per second.
    #[serde(default)]
    pub(crate) strays_per_s: f64,
    #[serde(default)]
    pub(crate) faults: Vec<Fault>,
    /// How many seeds are played.
    #[serde(default = "five")]
    pub(crate) seeds: u64,
    #[serde(default)]
    pub(crate) max_time_s: Option<u64>,
    pub(crate) expect: Expect,
}

fn one() -> f64 {
    1.0
}

fn prompt() -> u64 {
    20
}

fn five() -> u64 {
    5
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    pub(crate) ports: u16,
    /// How long a SET takes until it is answered.
    #[serde(default)]
    pub(crate) write_ms: u64,
    /// How much longer it takes for each port whose state changes.
    #[serde(default)]
    pub(crate) row_ms: u64,
    /// How long after the answer the change takes effect.
    #[serde(default)]
    pub(crate) late_ms: u64,
    /// How long after the answer it takes effect, as the profile tells it.
    #[serde(default = "prompt")]
    pub(crate) settle_ms: u64,
    /// The most sources, as the profile tells it.
    #[serde(default)]
    pub(crate) sources: Option<usize>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Host {
    /// 0: behind none of the candidates.
    pub(crate) port: u16,
    /// The share of knocks that it answers; `None` where nobody knocks.
    #[serde(default)]
    pub(crate) answers: Option<f64>,
    pub(crate) sends: Sends,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Sends {
    Nothing,
    /// At random, so many frames a second on average.
    PerSecond(f64),
    /// Like a clock.
    EverySeconds(f64),
    /// On for so long, off for so long (both random with this mean), so many frames a second while on.
    Bursts {
        on_s: f64,
        off_s: f64,
        per_s: f64,
    },
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// Which change of the sources, from 1; every one from there on if `then` says so.
    pub(crate) nth: u32,
    #[serde(default)]
    pub(crate) onwards: bool,
    #[serde(rename = "do")]
    pub(crate) what: FaultKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FaultKind {
    /// The session vanishes two seconds after the change, as after a reboot.
    LoseSession,
    /// The change is acknowledged and shown, and nothing is copied.
    CopyNothing,
    /// A fifth of a second after the change nothing is copied any more, though the session is still shown; the next
    /// change that is one revives it.
    LoseCopies,
    /// The switch does not answer for twenty seconds and has then forgotten the session.
    Reboot,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// Any of these will do.
    pub(crate) outcome: Vec<Expected>,
    #[serde(default = "many")]
    pub(crate) mirror_changes_at_most: u32,
    /// Of the virtual clock.
    #[serde(default = "many")]
    pub(crate) seconds_at_most: u32,
}

fn many() -> u32 {
    u32::MAX
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expected {
    Found(u16),
    NotSeen,
    Elsewhere,
    Undecided,
    SeveralPlaces(BTreeSet<u16>),
    Error(String),
}

impl Expect {
    /// No expectation that a file would state.
    pub(crate) fn anything() -> Expect {
        Expect {
            outcome: Vec::new(),
            mirror_changes_at_most: u32::MAX,
            seconds_at_most: u32::MAX,
        }
    }

    pub(crate) fn accepts(&self, outcome: &Expected) -> bool {
        self.outcome.contains(outcome)
    }
}

impl Scenario {
    pub(crate) fn load(path: &Path) -> Scenario {
        let text = std::fs::read_to_string(path).unwrap();
        serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    pub(crate) fn max_time(&self) -> Duration {
        Duration::from_secs(self.max_time_s.unwrap_or(1800))
    }
}
