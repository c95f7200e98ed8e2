//! Hearing the suspect: the capture, seen as sightings and as proof that the capture is alive.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::ControlFlow;

use crate::clock::Moment;
use crate::error::{Diagnosis, Exit};
use crate::mac::Mac;

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
    /// Sent to a group, or to the machine that listens: such a frame reaches us without any mirror.
    pub reaches_us_anyway: bool,
}

/// What else was heard while listening: the proof that the mirror copies anything at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Frames that neither came from the suspect nor from or to the listening machine, and were not group-addressed:
    /// only a mirror (or flooding) brings them here.
    pub foreign_frames: u64,
    /// Their source addresses, at most [`Heard::MAX_SOURCES`].
    pub foreign_sources: BTreeSet<Mac>,
    /// Frames that the capture lost, by its own count; a silent window with losses proves nothing.
    pub lost: u64,
}

impl Heard {
    /// How many source addresses are kept: enough to see many machines, bounded against forged ones.
    pub const MAX_SOURCES: usize = 1024;
}

/// Why the capture does not work.
#[derive(Debug, thiserror::Error)]
pub enum SniffError {
    /// The source's text is not one we know.
    #[error("`{0}` is not a capture source; write an interface, tzsp://ADDRESS:PORT or pcap:FILE")]
    BadSource(String),
    /// libpcap is not installed.
    #[error("live capture needs libpcap, which is not installed")]
    NoLibpcap,
    /// The system does not let us capture.
    #[error("no permission to capture on {interface}")]
    NoPermission {
        /// The interface.
        interface: String,
    },
    /// There is no such interface.
    #[error("there is no interface `{interface}` to capture on")]
    NoInterface {
        /// The name that was asked for.
        interface: String,
        /// The interfaces that are there.
        have: Vec<String>,
    },
    /// The filter expression does not compile.
    #[error("the filter `{expression}` is not a BPF expression: {reason}")]
    BadFilter {
        /// As typed.
        expression: String,
        /// libpcap's words.
        reason: String,
    },
    /// The capture failed while opening or running.
    #[error("capture on {source_name} failed: {reason}")]
    Failed {
        /// Interface, address or file.
        source_name: String,
        /// The system's or libpcap's words.
        reason: String,
    },
}

impl Diagnosis for SniffError {
    fn hint(&self) -> Option<String> {
        match self {
            SniffError::BadSource(_) => None,
            SniffError::NoLibpcap => Some(
                "install it (Debian: apt install libpcap0.8), or use a tzsp:// source".to_owned(),
            ),
            SniffError::NoPermission { .. } => Some(
                "run as root, or once: sudo setcap cap_net_raw=ep $(command -v halfspan)"
                    .to_owned(),
            ),
            SniffError::NoInterface { have, .. } => Some(format!("there are: {}", have.join(", "))),
            SniffError::BadFilter { .. } => {
                Some("see man pcap-filter, e.g. \"udp port 14857\"".to_owned())
            }
            SniffError::Failed { .. } => Some("check that the interface is up".to_owned()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            SniffError::BadSource(_) | SniffError::BadFilter { .. } => Exit::Usage,
            SniffError::NoLibpcap
            | SniffError::NoPermission { .. }
            | SniffError::NoInterface { .. }
            | SniffError::Failed { .. } => Exit::Device,
        }
    }
}

/// A capture that listens for one suspect.
pub trait Sniffer {
    /// Returns what is listened on, for messages.
    fn source(&self) -> &str;

    /// Listens until `until`, or until `on_sighting` breaks. Frames that arrived before the call and were not yet
    /// read are delivered first, with the times at which they arrived.
    ///
    /// # Errors
    /// [`SniffError`], if the capture broke; losses are not an error but told in [`Heard::lost`].
    fn listen(
        &mut self,
        until: Moment,
        on_sighting: &mut dyn FnMut(&Sighting) -> ControlFlow<()>,
    ) -> Result<Heard, SniffError>;
}
