//! Sending a frame by the interface that listens. What is sent, and how often, is decided in [`crate::stimulus`].

use super::SniffError;
use super::libpcap::{Handle, Libpcap};
use super::live::{failed, open};
use super::own::mac_of_interface;
use crate::mac::Mac;

/// Nothing is received by an injector, so the kernel may drop all of it.
const NOTHING: &str = "ether src 00:00:00:00:00:00 and ether dst 00:00:00:00:00:00";

/// The smallest buffer: it stays empty.
const BUFFER: i32 = 64 << 10;

/// An Ethernet interface that frames can be sent by. Opening it needs the same right as a capture.
pub struct Injector {
    interface: String,
    mac: Mac,
    handle: Handle,
}

impl Injector {
    /// Opens an interface.
    ///
    /// # Errors
    /// [`SniffError`], as for a capture; also where the interface has no MAC.
    pub fn open(interface: &str) -> Result<Injector, SniffError> {
        let pcap = Libpcap::get().ok_or_else(|| SniffError::NoLibpcap {
            what: "sending frames".to_owned(),
        })?;
        let mac = mac_of_interface(interface)
            .ok_or_else(|| failed(interface)("it has no MAC address".to_owned()))?;
        Ok(Injector {
            interface: interface.to_owned(),
            mac,
            handle: open(pcap, interface, BUFFER, NOTHING)?,
        })
    }

    /// Returns the interface's name.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// Returns the interface's own MAC.
    #[must_use]
    pub fn mac(&self) -> Mac {
        self.mac
    }

    /// Sends an Ethernet frame without FCS; the card or its driver pads it to 60 octets.
    ///
    /// # Errors
    /// [`SniffError::Failed`], if the interface is down, and the like.
    pub fn send(&mut self, frame: &[u8]) -> Result<(), SniffError> {
        self.handle.inject(frame).map_err(failed(&self.interface))
    }
}
