//! A recorded run played again, for people and for scripts.

use std::fmt::Write;
use std::time::Duration;

use serde::Serialize;

use super::style::{GOOD, STRONG, Styled, WARNING};
use super::text::{count, percent, span};
use crate::locate::record::Replay;
use crate::search::Verdict;

/// The document of `locate --replay --json`.
#[derive(Clone, Debug, Serialize)]
pub struct ReplayDocument<'a> {
    schema: &'static str,
    switch: &'a str,
    windows: usize,
    /// Whether today's search takes every decision as recorded.
    faithful: bool,
    recorded: Option<&'a Verdict>,
    replayed: Option<&'a Verdict>,
}

impl<'a> From<&'a Replay> for ReplayDocument<'a> {
    fn from(replay: &'a Replay) -> Self {
        ReplayDocument {
            schema: "halfspan.replay/1",
            switch: &replay.switch,
            windows: replay.windows.len(),
            faithful: replay.is_faithful(),
            recorded: replay.recorded.as_ref(),
            replayed: replay.replayed.as_ref(),
        }
    }
}

/// Returns a line for each window and the verdicts.
#[must_use]
pub fn replay(replay: &Replay) -> String {
    let mut text = format!(
        "{}\n",
        Styled(STRONG, format_args!("{}, recorded run", replay.switch))
    );
    for (place, step) in replay.windows.iter().enumerate() {
        let window = &step.window;
        let listened: Duration = window.until.since(window.from);
        let heard = count(
            usize::try_from(window.heard()).unwrap_or(usize::MAX),
            "frame",
        );
        let mark = if step.same { " " } else { "!" };
        // Writing into a String cannot fail.
        let _written = writeln!(
            text,
            "{mark} {:>3}  {:>8}  ports {}: {heard} in {}  ({})",
            place + 1,
            format!("{:.1} s", window.from.0.as_secs_f64()),
            replay.ports.describe(&window.ports),
            span(listened),
            step.why
        );
    }
    let words =
        |verdict: Option<&Verdict>| verdict.map_or("none yet".to_owned(), |v| say(replay, v));
    let _written = writeln!(text, "recorded: {}", words(replay.recorded.as_ref()));
    let _written = writeln!(text, "replayed: {}", words(replay.replayed.as_ref()));
    let (style, sentence) = if replay.is_faithful() {
        (GOOD, "every decision is the same")
    } else {
        (
            WARNING,
            "today's search decides differently (lines marked !)",
        )
    };
    let _written = writeln!(text, "{}", Styled(style, sentence));
    text
}

/// Says a verdict in the switch's own labels.
pub(super) fn say(replay: &Replay, verdict: &Verdict) -> String {
    let list = |ports: &[(crate::port::PortId, f64)]| {
        let each = ports
            .iter()
            .map(|(port, belief)| format!("{} ({})", replay.ports.label(*port), percent(*belief)));
        each.collect::<Vec<_>>().join(", ")
    };
    match verdict {
        Verdict::Found {
            port, confidence, ..
        } => format!(
            "port {}, {}",
            replay.ports.label(*port),
            percent(*confidence)
        ),
        Verdict::NotSeen => "not seen".to_owned(),
        Verdict::Elsewhere { confidence } => format!(
            "heard from none of the candidates, {}",
            percent(*confidence)
        ),
        Verdict::SeveralPlaces(ports) => format!("several ports: {}", list(ports)),
        Verdict::Undecided(ports) => format!("undecided: {}", list(ports)),
    }
}
