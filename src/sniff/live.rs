//! Live capture on an interface through libpcap.
//!
//! Two captures run side by side. The kernel passes only the suspect's frames to the first, and losses there are
//! what makes silence worthless. The second proves that the mirror lives: the kernel counts what matches there,
//! and only a sample of it is read, so that a mirror of gigabits costs no more than a quiet one.

use std::ops::ControlFlow;
use std::time::Duration;

use super::filter;
use super::libpcap::{Handle, Libpcap, OpenError, Stats};
use super::matching::Ends;
use super::own::interfaces;
use super::timeline::Timeline;
use super::wait::wait;
use super::{Heard, Own, Sighting, SniffError, Sniffer, Suspect};
use crate::clock::{LiveClock, Moment};
use crate::wire::link::LinkType;

/// The kernel's buffer for the suspect's frames, in octets: about 40,000 frames.
const SUSPECT_BUFFER: i32 = 16 << 20;
/// The kernel's buffer for the frames of others, in octets: a sample.
const OTHERS_BUFFER: i32 = 256 << 10;
/// How often the sample is read.
const TICK: Duration = Duration::from_millis(50);
/// How many frames of the sample are read at a time: 5,000 a second at most.
const SAMPLE: usize = 256;
/// More frames than [`OTHERS_BUFFER`] holds: reading as many empties it.
const WHOLE_BUFFER: usize = 8192;

/// A capture on an interface.
pub(super) struct Interface {
    name: String,
    suspect: Handle,
    others: Handle,
    own: Own,
    timeline: Timeline,
    /// What was counted when the last call returned.
    counted: Counters,
    /// A sighting that was read but belongs to the next call.
    early: Option<Sighting>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    suspect: Stats,
    others: Stats,
}

impl Interface {
    pub(super) fn open(
        name: &str,
        suspect: &Suspect,
        clock: LiveClock,
        own: Own,
    ) -> Result<Interface, SniffError> {
        let pcap = Libpcap::get().ok_or_else(|| SniffError::NoLibpcap {
            what: "live capture".to_owned(),
        })?;
        if let Suspect::Filter(expression) = suspect {
            filter::check(pcap, LinkType::ETHERNET, expression)?;
        }
        check_interface(name)?;
        let open = |buffer, expression: &str| open(pcap, name, buffer, expression);
        let mut interface = Interface {
            name: name.to_owned(),
            suspect: open(SUSPECT_BUFFER, &filter::of_suspect(suspect))?,
            others: open(OTHERS_BUFFER, &filter::of_others(suspect, &own))?,
            own,
            timeline: Timeline::new(clock),
            counted: Counters::default(),
            early: None,
        };
        interface.counted = interface.counters()?;
        Ok(interface)
    }

    /// Delivers the suspect's frames that arrived before `until`. Breaks where `on_sighting` did, or where
    /// a later frame shows that nothing more is to come.
    fn deliver(
        &mut self,
        until: Moment,
        on_sighting: &mut dyn FnMut(&Sighting) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, SniffError> {
        while let Some(sighting) = self.next_sighting()? {
            if sighting.at >= until {
                self.early = Some(sighting);
                return Ok(ControlFlow::Break(()));
            }
            if on_sighting(&sighting).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn next_sighting(&mut self) -> Result<Option<Sighting>, SniffError> {
        if let Some(early) = self.early.take() {
            return Ok(Some(early));
        }
        let failed = failed(&self.name);
        while let Some(frame) = self.suspect.next().map_err(&failed)? {
            let ends = Ends::read(frame.bytes);
            // What this machine sends passes here too, and may match a filter expression.
            if !ends.is_from(&self.own) {
                let at = self.timeline.place(frame.stamp);
                return Ok(Some(ends.sighting(at, frame.wire_len, &self.own)));
            }
        }
        Ok(None)
    }

    /// Reads at most `most` frames of the others and notes who sent them.
    fn sample_others(&mut self, most: usize, heard: &mut Heard) -> Result<(), SniffError> {
        let failed = failed(&self.name);
        for _ in 0..most {
            let Some(frame) = self.others.next().map_err(&failed)? else {
                break;
            };
            if let Some(source) = Ends::read(frame.bytes).src {
                heard.note_foreign(source, self.timeline.place(frame.stamp));
            }
            if !KERNEL_COUNTS_MATCHES {
                heard.foreign_frames += 1;
            }
        }
        Ok(())
    }

    fn counters(&mut self) -> Result<Counters, SniffError> {
        let failed = failed(&self.name);
        Ok(Counters {
            suspect: self.suspect.stats().map_err(&failed)?,
            others: self.others.stats().map_err(&failed)?,
        })
    }

    /// Closes a window: empties the sample and adds what the kernel counted.
    fn finish(&mut self, heard: &mut Heard) -> Result<(), SniffError> {
        // libpcap waits without a word for an interface that went down to come back.
        check_interface(&self.name)?;
        self.sample_others(WHOLE_BUFFER, heard)?;
        let now = self.counters()?;
        let before = std::mem::replace(&mut self.counted, now);
        heard.lost = lost(before.suspect, now.suspect);
        if KERNEL_COUNTS_MATCHES {
            heard.foreign_frames = grown(before.others.received, now.others.received);
        }
        Ok(())
    }
}

/// Linux counts what matched the filter, read or not; elsewhere the count may be of something else.
const KERNEL_COUNTS_MATCHES: bool = cfg!(target_os = "linux");

/// Returns how far a counter of 32 bits went, which may have wrapped once.
fn grown(before: u32, now: u32) -> u64 {
    now.wrapping_sub(before).into()
}

fn lost(before: Stats, now: Stats) -> u64 {
    grown(before.dropped, now.dropped)
        + grown(before.dropped_by_interface, now.dropped_by_interface)
}

pub(super) fn failed(name: &str) -> impl Fn(String) -> SniffError + use<> {
    let source_name = name.to_owned();
    move |reason| SniffError::Failed {
        source_name: source_name.clone(),
        reason,
    }
}

/// Says of an interface what libpcap says only to root.
pub(super) fn check_interface(name: &str) -> Result<(), SniffError> {
    let listed = interfaces();
    match listed.iter().find(|listed| listed.name == name) {
        Some(listed) if listed.is_up => Ok(()),
        Some(_) => Err(SniffError::InterfaceDown {
            interface: name.to_owned(),
        }),
        None => Err(SniffError::NoInterface {
            interface: name.to_owned(),
            have: listed.into_iter().map(|listed| listed.name).collect(),
        }),
    }
}

/// Opens a capture of Ethernet frames that match an expression.
pub(super) fn open(
    pcap: &'static Libpcap,
    name: &str,
    buffer: i32,
    expression: &str,
) -> Result<Handle, SniffError> {
    let mut handle = pcap
        .open(name, buffer)
        .map_err(|error| open_error(name, error))?;
    let link_type = handle.link_type();
    if link_type != LinkType::ETHERNET {
        return Err(SniffError::NotEthernet {
            source_name: name.to_owned(),
            link_type,
        });
    }
    handle.set_filter(expression).map_err(failed(name))?;
    Ok(handle)
}

/// Says why an interface could not be opened.
pub(super) fn open_error(name: &str, error: OpenError) -> SniffError {
    let interface = name.to_owned();
    match error {
        OpenError::NoPermission => SniffError::NoPermission { interface },
        OpenError::NotUp => SniffError::InterfaceDown { interface },
        OpenError::NoSuchDevice => SniffError::NoInterface {
            interface,
            have: interfaces().into_iter().map(|listed| listed.name).collect(),
        },
        OpenError::Other(reason) => failed(name)(reason),
    }
}

impl Sniffer for Interface {
    fn source(&self) -> &str {
        &self.name
    }

    fn listen(
        &mut self,
        until: Moment,
        on_sighting: &mut dyn FnMut(&Sighting) -> ControlFlow<()>,
    ) -> Result<Heard, SniffError> {
        let mut heard = Heard::default();
        loop {
            // Taken before reading: what arrived until then is read below.
            let now = self.timeline.now();
            let flow = self.deliver(until, on_sighting)?;
            if flow.is_break() || now >= until {
                self.finish(&mut heard)?;
                return Ok(heard);
            }
            self.sample_others(SAMPLE, &mut heard)?;
            let span = until.since(now).min(TICK);
            match self.suspect.fd() {
                Some(fd) => wait(fd, span),
                None => std::thread::sleep(span),
            }
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
