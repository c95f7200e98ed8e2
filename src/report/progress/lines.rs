//! One line an event, for logs and for terminals on which nothing can be drawn.

use super::state::State;
use crate::locate::Event;
use crate::report::text::{count, percent, span};
use crate::search::Belief;

/// Returns the line of an event; `state` has taken it in already. Most of them have none.
pub(super) fn line(event: &Event<'_>, state: &State) -> Option<String> {
    Some(match event {
        Event::Note(sentence) | Event::Warning(sentence) => sentence.clone(),
        Event::LinkLost(ports) => format!(
            "no link any more on port {}: whoever was there is unplugged or switched off",
            state.describe(ports)
        ),
        Event::Tick { .. } => return None,
        Event::Panel {
            switch,
            candidates,
            destination,
            uplinks,
            ..
        } => {
            let uplinks = if uplinks.is_empty() {
                String::new()
            } else {
                format!(", not searched: uplink {}", state.describe(uplinks))
            };
            format!(
                "{switch}: {} to search ({}), copies go to port {}{uplinks}",
                count(candidates.len(), "port"),
                state.describe(candidates),
                state.label(*destination),
            )
        }
        Event::Step {
            number,
            ports,
            listen,
            why,
            ..
        } => format!(
            "step {number}: {why}; mirrored: {}, for up to {}",
            state.describe(ports),
            span(*listen)
        ),
        Event::Heard {
            sightings,
            usable,
            belief,
            ..
        } => format!(
            "  {}; {}",
            heard(*sightings, *usable),
            likeliest(belief, state)
        ),
        Event::Restoring { switch } => format!("putting the mirror of {switch} back"),
        Event::Restored { switch } => format!("{switch} is as it was"),
    })
}

fn heard(sightings: u32, usable: bool) -> String {
    match (sightings, usable) {
        (0, true) => "silent".to_owned(),
        (0, false) => "silent, which does not count: the mirror was not proven alive".to_owned(),
        (some, _) => format!(
            "heard {}",
            count(usize::try_from(some).unwrap_or(usize::MAX), "time")
        ),
    }
}

fn likeliest(belief: &Belief, state: &State) -> String {
    match state.likeliest(1).first() {
        Some((port, p)) if *p >= belief.elsewhere => {
            format!("likeliest: port {} ({})", state.label(*port), percent(*p))
        }
        Some(_) | None => format!(
            "likeliest: none of these ports ({})",
            percent(belief.elsewhere)
        ),
    }
}
