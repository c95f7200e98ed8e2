//! The steps of a recorded run, drawn: how the belief moved from port to port.

use std::fmt::Write;

use serde::Serialize;

use super::replay::say;
use super::style::{STRONG, Styled};
use super::text::{count, percent, span};
use crate::locate::record::{Replay, Replayed};
use crate::port::PortTable;
use crate::search::{Belief, Quality, Verdict};

/// The ports whose belief is drawn in a step.
const DRAWN: usize = 4;

/// A belief of one is as many blocks.
const WIDTH: f64 = 24.0;

/// The document of `explain-run --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ExplainDocument<'a> {
    schema: &'static str,
    switch: &'a str,
    steps: Vec<StepRow<'a>>,
    verdict: Option<&'a Verdict>,
}

#[derive(Clone, Debug, Serialize)]
struct StepRow<'a> {
    /// Seconds since the start of the run.
    at: f64,
    /// Seconds of listening.
    seconds: f64,
    sources: Vec<&'a str>,
    heard: u32,
    /// Whether the window counted.
    usable: bool,
    why: &'a str,
    /// What was believed afterwards, the likeliest first.
    belief: Vec<BeliefRow<'a>>,
    elsewhere: f64,
}

#[derive(Clone, Debug, Serialize)]
struct BeliefRow<'a> {
    port: &'a str,
    chance: f64,
}

impl<'a> From<&'a Replay> for ExplainDocument<'a> {
    fn from(replay: &'a Replay) -> Self {
        ExplainDocument {
            schema: "halfspan.explain-run/1",
            switch: &replay.switch,
            steps: replay
                .windows
                .iter()
                .map(|step| row(step, &replay.ports))
                .collect(),
            verdict: replay.recorded.as_ref(),
        }
    }
}

fn row<'a>(step: &'a Replayed, ports: &'a PortTable) -> StepRow<'a> {
    let window = &step.window;
    let belief = likeliest(&step.belief, usize::MAX).into_iter();
    StepRow {
        at: window.from.0.as_secs_f64(),
        seconds: window.until.since(window.from).as_secs_f64(),
        sources: window.ports.iter().map(|port| ports.label(port)).collect(),
        heard: window.heard(),
        usable: window.quality != Quality::Unusable,
        why: &step.why,
        belief: belief
            .map(|(port, chance)| BeliefRow {
                port: ports.label(port),
                chance,
            })
            .collect(),
        elsewhere: step.belief.elsewhere,
    }
}

fn likeliest(belief: &Belief, most: usize) -> Vec<(crate::port::PortId, f64)> {
    let mut ports = belief.ports.clone();
    ports.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    ports.truncate(most);
    ports
}

/// Returns a drawing of every step, and the verdict.
#[must_use]
pub fn explain(replay: &Replay) -> String {
    let mut text = format!(
        "{}\n",
        Styled(STRONG, format_args!("{}, step by step", replay.switch))
    );
    for (place, step) in replay.windows.iter().enumerate() {
        // Writing into a String cannot fail.
        let _written = write!(text, "\n{}", drawn(place + 1, step, &replay.ports));
    }
    let verdict = replay.recorded.as_ref();
    let verdict = verdict.map_or("the run was broken off".to_owned(), |v| say(replay, v));
    let _written = writeln!(text, "\n{}", Styled(STRONG, verdict));
    text
}

fn drawn(number: usize, step: &Replayed, ports: &PortTable) -> String {
    let window = &step.window;
    let listened = span(window.until.since(window.from));
    let heard = match (window.heard(), window.quality) {
        (0, Quality::Unusable) => format!("{listened} that do not count"),
        (0, Quality::Alive | Quality::Unproven) => format!("silent for {listened}"),
        (frames, _) => {
            let frames = count(usize::try_from(frames).unwrap_or(usize::MAX), "frame");
            format!("{frames} in {listened}")
        }
    };
    let mut text = format!(
        "{number:>3}  {:>7}  {}\n              mirrored {}: {heard}\n",
        format!("{:.2} s", window.from.0.as_secs_f64()),
        step.why,
        ports.describe(&window.ports),
    );
    for (port, chance) in likeliest(&step.belief, DRAWN) {
        let _written = writeln!(
            text,
            "              {:>8}  {} {}",
            ports.label(port),
            bar(chance),
            percent(chance)
        );
    }
    let elsewhere = step.belief.elsewhere;
    let _written = writeln!(
        text,
        "              {:>8}  {} {}",
        "none",
        bar(elsewhere),
        percent(elsewhere)
    );
    text
}

/// Draws a probability as a bar; something is never nothing.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a number of blocks"
)]
fn bar(chance: f64) -> String {
    let blocks = (chance.clamp(0.0, 1.0) * WIDTH).round() as usize;
    let blank = WIDTH as usize - blocks;
    format!("{}{}", "█".repeat(blocks), "·".repeat(blank))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    use crate::clock::Moment;
    use crate::port::{Link, PanelPort, PortId, SwitchPort};
    use crate::search::{Knocks, Observed, Purpose};

    fn replay() -> Replay {
        let port = |n: u16| SwitchPort {
            id: PortId(n),
            label: PanelPort(n.to_string()),
            if_name: String::new(),
            alias: String::new(),
            if_index: None,
            bridge_port: None,
            link: Link::Up,
        };
        let at = |ms| Moment(Duration::from_millis(ms));
        Replay {
            switch: "office-1".to_owned(),
            ports: PortTable::new((1..=4).map(port).collect()),
            windows: vec![Replayed {
                window: Observed {
                    ports: [PortId(1), PortId(2)].into_iter().collect(),
                    from: at(1500),
                    until: at(1600),
                    sightings: vec![at(1600)],
                    quality: Quality::Alive,
                    knocks: Knocks::default(),
                },
                purpose: Purpose::Narrow,
                why: "2 ports hold 50 % of the belief".to_owned(),
                belief: Belief {
                    ports: vec![(PortId(1), 0.25), (PortId(2), 0.7)],
                    elsewhere: 0.05,
                },
                same: true,
            }],
            recorded: None,
            replayed: None,
        }
    }

    #[test]
    fn a_step_shows_the_set_what_was_heard_and_the_belief() {
        insta::assert_snapshot!(anstream::adapter::strip_str(&explain(&replay())), @r"
        office-1, step by step

          1   1.50 s  2 ports hold 50 % of the belief
                      mirrored 1, 2: 1 frame in 0.1 s
                             2  █████████████████······· 70 %
                             1  ██████·················· 25 %
                          none  █······················· 5 %

        the run was broken off
        ");
    }

    #[test]
    fn the_document_has_every_port_of_every_step() {
        let replay = replay();
        let document = serde_json::to_value(ExplainDocument::from(&replay)).unwrap();
        assert_eq!(document["schema"], "halfspan.explain-run/1");
        assert_eq!(document["steps"][0]["belief"][0]["port"], "2");
        assert_eq!(document["steps"][0]["heard"], 1);
    }
}
