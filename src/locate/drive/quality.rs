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
        if let Some(at) = catch.last_heard() {
            self.heard_last = at;
            let dead = self.is_dead_though_shown(ports, catch)?;
            return Ok(if catch.is_heard() || ports.is_empty() {
                Quality::Alive
            } else if dead {
                Quality::Unusable
            } else if catch.fell_mute() {
                Quality::Unproven
            } else {
                Quality::Alive
            });
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
            Ok(found) if found == linked => {
                let dead = self.is_dead_though_shown(ports, catch)?;
                Ok(if dead {
                    Quality::Unusable
                } else {
                    Quality::Unproven
                })
            }
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

    /// Tells whether everybody has fallen silent with the set that brought much before, though the switch still shows it: a
    /// data plane that forgot what it was told. The mirror is then taken away, so that the next window sets it anew.
    fn is_dead_though_shown(
        &mut self,
        ports: &PortSet,
        catch: &Catch,
    ) -> Result<bool, LocateError> {
        let Some(usual) = self.others.as_ref().filter(|usual| usual.of == *ports) else {
            return Ok(false);
        };
        let silent = catch.until.since(self.heard_last.max(self.settled_at));
        if silent < usual.patience(self.revivals) {
            return Ok(false);
        }
        self.warn("nobody at all is heard any more, though the switch shows the mirror; it is taken away and set again");
        self.revivals += 1;
        self.mirror(&PortSet::new())?;
        Ok(true)
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
