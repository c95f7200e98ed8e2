//! The coming and going of a machine at the end of a cable.

use std::fmt::Write;
use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use super::amount::grouped;
use super::style::{ERROR, GOOD, LABEL, STRONG, Styled, WARNING};
use super::text::clean;
use crate::locate::{Look, State, Watched};
use crate::mac::Mac;
use crate::sniff::Suspect;

/// The document of `watch`.
#[derive(Clone, Debug, Serialize)]
pub struct PresenceDocument {
    schema: &'static str,
    /// Whose frames were listened for: one of the three.
    #[serde(skip_serializing_if = "Option::is_none")]
    mac: Option<Mac>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<IpAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    switch: Option<String>,
    /// The port that was mirrored, as it is labelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    port: Option<String>,
    /// Frames of the suspect.
    frames: u64,
    changes: Vec<ChangeRow>,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct ChangeRow {
    /// Since the beginning: of silence the last frame, of talk the first.
    seconds: f64,
    state: &'static str,
}

impl From<&Watched> for PresenceDocument {
    fn from(watched: &Watched) -> Self {
        let (switch, port) = watched.mirrored.clone().unzip();
        let mut document = PresenceDocument {
            schema: "halfspan.watch/1",
            mac: None,
            ip: None,
            filter: None,
            switch,
            port,
            frames: watched.frames,
            changes: Vec::new(),
        };
        match &watched.suspect {
            Suspect::Mac(mac) => document.mac = Some(*mac),
            Suspect::Ip(ip) => document.ip = Some(*ip),
            Suspect::Filter(expression) => document.filter = Some(expression.clone()),
        }
        document.changes = watched
            .changes
            .iter()
            .map(|change| ChangeRow {
                seconds: change.after.as_secs_f64(),
                state: change.state.word(),
            })
            .collect();
        document
    }
}

/// Returns what is so now, in one line.
#[must_use]
pub fn presence_line(look: &Look) -> String {
    let (style, word) = match look.state {
        State::Waiting => (WARNING, "waiting"),
        State::Talking => (GOOD, "TALKING"),
        State::Silent => (ERROR, "silent "),
    };
    let lasts = span(look.lasts);
    let rest = match look.state {
        State::Waiting => "not heard yet".to_owned(),
        State::Talking | State::Silent => format!("{} frames", grouped(look.frames)),
    };
    format!("{} {lasts:>7}  {rest}", Styled(style, word))
}

/// Writes `4 s`, `1:07`, `1:02:03`.
fn span(lasts: Duration) -> String {
    match lasts.as_secs() {
        seconds @ ..60 => format!("{seconds} s"),
        seconds @ ..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        seconds => format!(
            "{}:{:02}:{:02}",
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60
        ),
    }
}

/// Returns everything that was seen, as text.
#[must_use]
pub fn presence(document: &PresenceDocument) -> String {
    let mac = document.mac.map(|mac| mac.to_string());
    let ip = document.ip.map(|ip| ip.to_string());
    let who = mac.or(ip).or_else(|| document.filter.clone());
    let mut text = Styled(STRONG, clean(&who.unwrap_or_default())).to_string();
    if let (Some(switch), Some(port)) = (&document.switch, &document.port) {
        text.push_str(&format!(" on {} port {}", clean(switch), clean(port)));
    }
    text.push_str(&format!(": {} frames\n", grouped(document.frames)));
    for change in &document.changes {
        // Writing into a String cannot fail.
        let _written = writeln!(
            text,
            "  {} {}",
            Styled(LABEL, format_args!("after {:>7.1} s", change.seconds)),
            change.state
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::locate::Change;

    #[test]
    fn comings_and_goings_are_told_with_their_times() {
        let change = |seconds, state| Change {
            after: Duration::from_secs_f64(seconds),
            state,
        };
        let watched = Watched {
            suspect: Suspect::Mac(Mac([4, 0xd4, 0xc4, 1, 2, 3])),
            mirrored: Some(("office-1".to_owned(), "17".to_owned())),
            frames: 4321,
            changes: vec![
                change(0.3, State::Talking),
                change(41.25, State::Silent),
                change(3671.0, State::Talking),
            ],
        };
        let text = presence(&PresenceDocument::from(&watched));
        let text = anstream::adapter::strip_str(&text).to_string();
        insta::assert_snapshot!(text, @r"
        04:d4:c4:01:02:03 on office-1 port 17: 4 321 frames
          after     0.3 s talking
          after    41.2 s silent
          after  3671.0 s talking
        ");
    }

    #[test]
    fn the_state_is_told_in_words_not_by_colour_alone() {
        let line = |state, seconds| {
            let look = Look {
                state,
                lasts: Duration::from_secs(seconds),
                is_new: false,
                frames: 12,
            };
            anstream::adapter::strip_str(&presence_line(&look)).to_string()
        };
        assert_eq!(line(State::Waiting, 3), "waiting     3 s  not heard yet");
        assert_eq!(line(State::Talking, 67), "TALKING    1:07  12 frames");
        assert_eq!(line(State::Silent, 3723), "silent  1:02:03  12 frames");
    }
}
