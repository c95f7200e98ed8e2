//! Hearing the suspect: the capture, seen as sightings and as proof that the capture is alive.
//!
//! Three sources, one behaviour: an interface (libpcap, bound at run time), a TZSP stream over UDP, and a
//! capture file that is replayed. No frame is kept, and none is sent but by [`Injector`], the same cable's way out.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::ControlFlow;

use crate::clock::{LiveClock, Moment};
use crate::mac::Mac;

mod collector;
mod datagrams;
mod error;
mod file;
mod filter;
mod inject;
mod libpcap;
mod live;
mod matching;
mod own;
mod privileges;
mod source;
mod tap;
mod timeline;
mod tzsp;
mod wait;

pub use collector::Collector;
pub use error::SniffError;
pub use filter::FrameFilter;
pub use inject::Injector;
pub use own::Own;
pub use privileges::drop_privileges;
pub use source::Source;
pub use tap::Tap;

/// What frames are the suspect's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Suspect {
    /// Frames sent from this MAC address.
    Mac(Mac),
    /// Packets sent from this IP address, where the MAC is not known.
    Ip(IpAddr),
    /// Frames that match a BPF expression, for suspects that forge their addresses.
    Filter(String),
}

/// A frame of the suspect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sighting {
    /// When the frame arrived, by the capture's own time stamp.
    pub at: Moment,
    /// The Ethernet source, if the copy has a link header.
    pub src: Option<Mac>,
    /// The Ethernet destination, if the copy has a link header.
    pub dst: Option<Mac>,
    /// The IP source (IPv4, IPv6 or the sender of an ARP).
    pub src_ip: Option<IpAddr>,
    /// The length on the wire in octets, without FCS.
    pub wire_len: u32,
    /// Whom it is sent to, as far as that tells whether it needs a mirror to be heard here.
    pub to: Addressee,
}

/// Whom a frame is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressee {
    /// Another machine: heard here only by a mirror, or flooded.
    Other,
    /// A group: heard here anyway.
    Group,
    /// The machine that listens: heard here anyway, unless it asked by another interface than the one that listens.
    Us,
    /// Another machine, in answer to an ARP probe (RFC 5227) whose sender has no address yet. Hosts send such probes when
    /// they come up; during a search they are ours.
    Prober,
}

/// What else was heard since the last call: the proof that the mirror copies anything at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Frames that neither came from the suspect nor from or to the listening machine, and were not group-addressed:
    /// only a mirror (or flooding) brings them here.
    pub foreign_frames: u64,
    /// Their source addresses, at most [`Heard::MAX_SOURCES`]; on a busy interface those of a sample.
    pub foreign_sources: BTreeSet<Mac>,
    /// When the first of them arrived.
    pub first_foreign: Option<Moment>,
    /// Frames that the capture lost, by its own count; a silent window with losses proves nothing.
    pub lost: u64,
    /// The capture file came to its end: nothing will ever be heard again. Never so on a live source.
    pub ended: bool,
}

impl Heard {
    /// How many source addresses are kept: enough to see many machines, bounded against forged ones.
    pub const MAX_SOURCES: usize = 1024;

    fn note_foreign(&mut self, source: Mac, at: Moment) {
        self.first_foreign.get_or_insert(at);
        if self.foreign_sources.len() < Heard::MAX_SOURCES {
            self.foreign_sources.insert(source);
        }
    }
}

/// A capture that listens for one suspect.
pub trait Sniffer {
    /// Returns what is listened on, for messages.
    fn source(&self) -> &str;

    /// Listens until `until`, or until `on_sighting` breaks, or until a capture file ends.
    ///
    /// Every frame that arrived before `until` is delivered, also those that arrived before the call and were
    /// not yet read; each with the time at which it arrived. A later frame is kept for the next call. What
    /// [`Heard`] counts has arrived since the last call returned (at first: since the capture was opened), so a
    /// call whose result is thrown away is what separates one window from the next.
    ///
    /// # Errors
    /// [`SniffError`], if the capture broke; losses are not an error but told in [`Heard::lost`].
    fn listen(
        &mut self,
        until: Moment,
        on_sighting: &mut dyn FnMut(&Sighting) -> ControlFlow<()>,
    ) -> Result<Heard, SniffError>;
}

/// Opens a source and begins to listen for `suspect`; `own` are the addresses of the machine that listens.
///
/// Keeps the privileges of the process, because a run may open several captures: see [`drop_privileges`].
///
/// # Errors
/// [`SniffError`]: each cause that a person can remove has a variant of its own.
pub fn open(
    source: &Source,
    suspect: &Suspect,
    clock: LiveClock,
    own: Own,
) -> Result<Box<dyn Sniffer>, SniffError> {
    Ok(match source {
        Source::Interface(name) => Box::new(live::Interface::open(name, suspect, clock, own)?),
        Source::Tzsp(address) => Box::new(tzsp::Stream::open(*address, suspect, clock, own)?),
        Source::File(path) => Box::new(file::Replay::open(path, suspect, clock, own)?),
    })
}
