//! What can go wrong with a capture.

use std::io;

use crate::capture::CaptureError;
use crate::error::{Diagnosis, Exit};
use crate::wire::link::LinkType;

/// Why the capture does not work.
#[derive(Debug, thiserror::Error)]
pub enum SniffError {
    /// The source's text is not one we know.
    #[error("`{0}` is not a capture source; write an interface, tzsp://ADDRESS:PORT or pcap:FILE")]
    BadSource(String),
    /// libpcap is not installed.
    #[error("{what} needs libpcap, which is not installed")]
    NoLibpcap {
        /// What needs it: "live capture", "the filter `udp port 14857`".
        what: String,
    },
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
    /// The interface is switched off.
    #[error("interface `{interface}` is down")]
    InterfaceDown {
        /// The interface.
        interface: String,
    },
    /// The filter expression does not compile.
    #[error("the filter `{expression}` is not a BPF expression: {reason}")]
    BadFilter {
        /// As typed.
        expression: String,
        /// libpcap's words.
        reason: String,
    },
    /// The copies are not Ethernet frames.
    #[error("{source_name} delivers frames of link type {}, not Ethernet", link_type.0)]
    NotEthernet {
        /// Interface or file.
        source_name: String,
        /// The number of the link type, as pcap files have it.
        link_type: LinkType,
    },
    /// The address to receive a stream at cannot be used.
    #[error("cannot listen on {source_name}")]
    Bind {
        /// The address.
        source_name: String,
        /// The system's words.
        source: io::Error,
    },
    /// The capture file cannot be read.
    #[error(transparent)]
    File(#[from] CaptureError),
    /// The capture failed while opening or running.
    #[error("capture on {source_name} failed: {reason}")]
    Failed {
        /// Interface or address.
        source_name: String,
        /// The system's or libpcap's words.
        reason: String,
    },
}

impl Diagnosis for SniffError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            SniffError::BadSource(_) => return None,
            SniffError::File(error) => return error.hint(),
            SniffError::NoLibpcap { .. } => {
                "install it (Debian: apt install libpcap0.8), or do without: a tzsp:// source and \
                 --ip or --mac need none"
            }
            SniffError::NoPermission { .. } => {
                "run as root, or once: sudo setcap cap_net_raw=ep $(command -v halfspan)"
            }
            SniffError::NoInterface { have, .. } => {
                return Some(format!("there are: {}", have.join(", ")));
            }
            SniffError::InterfaceDown { interface } => {
                return Some(format!(
                    "plug in the cable, or: sudo ip link set {interface} up"
                ));
            }
            SniffError::BadFilter { .. } => "see man pcap-filter, e.g. \"udp port 14857\"",
            SniffError::NotEthernet { .. } => "use an Ethernet interface, or a capture of one",
            SniffError::Bind { .. } => {
                "another program may use the port: see ss -ulpn; else check that the address is this machine's"
            }
            SniffError::Failed { .. } => "check that the interface is there and up",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            SniffError::BadSource(_) | SniffError::BadFilter { .. } => Exit::Usage,
            SniffError::NoLibpcap { .. }
            | SniffError::NoPermission { .. }
            | SniffError::NoInterface { .. }
            | SniffError::InterfaceDown { .. }
            | SniffError::NotEthernet { .. }
            | SniffError::Bind { .. }
            | SniffError::Failed { .. } => Exit::Device,
            SniffError::File(error) => error.exit(),
        }
    }
}
