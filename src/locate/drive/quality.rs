//! What silence is worth: whether the mirror was alive, and when it is called dead.

use std::time::Duration;

use super::aim::is_silence;
use super::{Catch, LocateError, Run, Window, control};
use crate::port::PortSet;
use crate::search::Quality;

impl Run<'_> {
    /// Decides what silence in a window means; a window in which nobody at all was heard makes the switch be
    /// asked whether the mirror is still there.
    pub(super) fn judge(&mut self, ports: &PortSet, catch: &Catch) -> Result<Quality, LocateError> {
        if catch.mirror_unproven && !catch.is_heard() {
            self.warn("the mirror does not show yet what was set: this window does not count");
            return Ok(Quality::Unusable);
        }
        if catch.heard.lost > 0 && !catch.is_heard() {
            self.warn(&format!(
                "the capture lost {} frames: this window does not count",
                catch.heard.lost
            ));
            return Ok(Quality::Unusable);
        }
        if catch.heard.foreign_frames > 0 || catch.is_heard() {
            return Ok(Quality::Alive);
        }
        let linked = ports.without(&self.without_link);
        if linked.is_empty() && !ports.is_empty() {
            return Ok(Quality::Alive); // no need to hear anybody to know that nobody is there
        }
        let known = self.mirrored.is_some() || linked != *ports;
        if !known || ports.is_empty() {
            return Ok(Quality::Unproven);
        }
        match self.instruments.mirror.sources() {
            Ok(found) if found == linked => Ok(Quality::Unproven),
            Ok(_) => {
                self.warn("the switch lost the mirror session; it is set again and this window does not count");
                self.mirrored = None;
                Ok(Quality::Unusable)
            }
            Err(error) if is_silence(&error) => {
                self.warn("the switch does not answer; this window does not count");
                self.mirrored = None;
                Ok(Quality::Unusable)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Ends a run long before its time is up if nobody at all is ever heard.
    pub(super) fn give_up_a_dead_mirror(&self) -> Result<(), LocateError> {
        match self.deaf_for() {
            Some(listened) if listened >= control::DEAF => {
                Err(LocateError::DeadMirror { listened })
            }
            _ => Ok(()),
        }
    }

    /// Returns how long ports were mirrored, if nothing whatever was heard of them: that says nothing about the
    /// suspect, and much about the mirror.
    pub(super) fn deaf_for(&self) -> Option<Duration> {
        let mirrored = |window: &&Window| !window.observed.ports.is_empty();
        let mut windows = self.evidence.windows.iter().filter(mirrored);
        let deaf = windows
            .clone()
            .all(|window| window.observed.quality != Quality::Alive);
        let span = |window: &Window| window.observed.until.since(window.observed.from);
        deaf.then(|| windows.by_ref().map(span).sum())
    }
}
