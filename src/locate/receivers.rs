//! Receivers that tell nothing: frames to them are heard here whatever is mirrored. Pure.
//!
//! A switch floods what is sent to a machine that it has not learned, to every port and so to ours; and one that copies
//! both directions shows a frame at the receiver's port as well as at the sender's. Such frames say nothing about where
//! the suspect is. Left out is the receiver, from the whole run: were its frames left out only while they are flooded, the
//! suspect would seem to fall silent when they are not.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Moment;
use crate::mac::Mac;
use crate::port::PortSet;

/// Frames to one receiver, heard with nothing mirrored, that give it away. One or two are flooded by every switch now and
/// then, until the receiver answers.
const FLOODED: u32 = 3;

/// Receivers that are kept count of: far more than a machine talks to while it is looked for.
const MOST_RECEIVERS: usize = 1024;

/// A frame of the suspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) at: Moment,
    /// Whom it was sent to, if the copy has a link header.
    pub(super) receiver: Option<Mac>,
}

/// Whom the suspect sends to.
#[derive(Debug, Default)]
pub(super) struct Receivers {
    unmirrored: BTreeMap<Mac, u32>,
    asked_about: BTreeSet<Mac>,
    telling_nothing: BTreeSet<Mac>,
}

impl Receivers {
    /// Takes in what was heard while `ports` were mirrored; returns the receivers that turn out to tell nothing.
    pub(super) fn note(&mut self, ports: &PortSet, seen: &[Seen]) -> BTreeSet<Mac> {
        let mut found_out = BTreeSet::new();
        if !ports.is_empty() {
            return found_out;
        }
        for receiver in seen.iter().filter_map(|seen| seen.receiver) {
            if self.unmirrored.len() >= MOST_RECEIVERS && !self.unmirrored.contains_key(&receiver) {
                continue;
            }
            let count = self.unmirrored.entry(receiver).or_default();
            *count = count.saturating_add(1);
            if *count >= FLOODED && self.telling_nothing.insert(receiver) {
                found_out.insert(receiver);
            }
        }
        found_out
    }

    /// Returns the receivers of these frames that the switch has not been asked about, and notes that it is now.
    pub(super) fn unasked(&mut self, seen: &[Seen]) -> BTreeSet<Mac> {
        let mut new: BTreeSet<Mac> = seen.iter().filter_map(|seen| seen.receiver).collect();
        new.retain(|receiver| {
            self.asked_about.len() < MOST_RECEIVERS && self.asked_about.insert(*receiver)
        });
        new
    }

    /// Notes that frames to `receiver` show at its own port as well.
    pub(super) fn is_near(&mut self, receiver: Mac) {
        self.telling_nothing.insert(receiver);
    }

    /// Those that tell nothing.
    pub(super) fn telling_nothing(&self) -> &BTreeSet<Mac> {
        &self.telling_nothing
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::port::PortId;

    const ROUTER: Mac = Mac([2, 0, 0, 0, 0, 1]);
    const GHOST: Mac = Mac([2, 0, 0, 0, 0, 2]);

    fn frames(receiver: Mac, count: usize) -> Vec<Seen> {
        let frame = Seen {
            at: Moment(Duration::from_millis(5)),
            receiver: Some(receiver),
        };
        vec![frame; count]
    }

    #[test]
    fn a_receiver_whose_frames_come_without_a_mirror_tells_nothing() {
        let mut receivers = Receivers::default();
        let nothing = PortSet::new();
        assert!(receivers.note(&nothing, &frames(GHOST, 2)).is_empty());
        assert_eq!(receivers.note(&nothing, &frames(GHOST, 1)), [GHOST].into());
        assert!(receivers.note(&nothing, &frames(ROUTER, 1)).is_empty());
        assert_eq!(receivers.telling_nothing(), &[GHOST].into());
    }

    #[test]
    fn the_switch_is_asked_about_each_receiver_once() {
        let mut receivers = Receivers::default();
        let frames = [frames(GHOST, 2), frames(ROUTER, 2)].concat();
        assert_eq!(receivers.unasked(&frames), [ROUTER, GHOST].into());
        assert!(receivers.unasked(&frames).is_empty());
    }

    #[test]
    fn what_a_mirror_shows_gives_nobody_away() {
        let mut receivers = Receivers::default();
        let mirrored = PortSet::from_iter([PortId(4)]);
        assert!(receivers.note(&mirrored, &frames(ROUTER, 50)).is_empty());
    }
}
