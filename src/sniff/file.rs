//! A pcap or pcapng file, replayed in place of a live capture.
//!
//! The first frame is heard when the file is opened, the others at their distance from it. Frames are delivered
//! when their moment has come, so that everything else runs as it would live; on a virtual clock that takes no
//! time. When the file has ended, `listen` returns at once and says so.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use super::matching::{Captured, Judge, Role};
use super::{Heard, Own, Sighting, SniffError, Sniffer, Source, Suspect};
use crate::capture::Capture;
use crate::clock::{Clock, Moment};
use crate::wire::link::LinkType;

/// A capture file being replayed.
pub(super) struct Replay<C> {
    name: String,
    capture: Capture,
    judge: Judge,
    clock: C,
    /// When the file was opened.
    opened: Moment,
    /// The stamp of the first frame, in nanoseconds.
    first_stamp: Option<i64>,
    /// A frame that was read but belongs to the next call.
    early: Option<(Moment, Role)>,
}

impl<C: Clock> Replay<C> {
    pub(super) fn open(
        path: &Path,
        suspect: &Suspect,
        clock: C,
        own: Own,
    ) -> Result<Replay<C>, SniffError> {
        let judge = Judge::new(suspect, own)?;
        Ok(Replay {
            name: Source::File(path.to_owned()).to_string(),
            capture: Capture::open(path)?,
            judge,
            opened: clock.now(),
            clock,
            first_stamp: None,
            early: None,
        })
    }

    fn next_frame(&mut self) -> Result<Option<(Moment, Role)>, SniffError> {
        if let Some(early) = self.early.take() {
            return Ok(Some(early));
        }
        let Some(frame) = self.capture.next_frame()? else {
            return Ok(None);
        };
        if frame.link_type != LinkType::ETHERNET {
            return Err(SniffError::NotEthernet {
                source_name: self.name.clone(),
                link_type: frame.link_type,
            });
        }
        let first = *self.first_stamp.get_or_insert(frame.stamp);
        // A frame may be stamped before the first one; it is then heard with it.
        let offset = u64::try_from(frame.stamp.saturating_sub(first)).unwrap_or(0);
        let at = self.opened + Duration::from_nanos(offset);
        let role = self.judge.role(Captured {
            at,
            bytes: frame.bytes,
            wire_len: frame.wire_len,
        });
        Ok(Some((at, role)))
    }
}

impl<C: Clock> Sniffer for Replay<C> {
    fn source(&self) -> &str {
        &self.name
    }

    fn listen(
        &mut self,
        until: Moment,
        on_sighting: &mut dyn FnMut(&Sighting) -> ControlFlow<()>,
    ) -> Result<Heard, SniffError> {
        let mut heard = Heard::default();
        while let Some((at, role)) = self.next_frame()? {
            if at >= until {
                self.early = Some((at, role));
                self.clock.sleep_until(until);
                return Ok(heard);
            }
            self.clock.sleep_until(at);
            match role {
                Role::Suspect(sighting) => {
                    if on_sighting(&sighting).is_break() {
                        return Ok(heard);
                    }
                }
                Role::Foreign(source) => {
                    heard.foreign_frames += 1;
                    heard.note_foreign(source, at);
                }
                Role::Nothing => {}
            }
        }
        heard.ended = true;
        Ok(heard)
    }
}

#[cfg(test)]
mod tests;
