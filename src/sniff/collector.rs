//! Where exporters send flow records and samples: a UDP port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use super::SniffError;
use super::datagrams::Datagrams;
use super::tap::{BURST, nanoseconds, present};
use super::wait::wait;

/// A port that exporters send to.
pub struct Collector(Datagrams);

impl Collector {
    /// Opens the port.
    ///
    /// # Errors
    /// [`SniffError::Bind`], if it is taken.
    pub fn open(address: SocketAddr) -> Result<Collector, SniffError> {
        Datagrams::open(format!("netflow {address}"), address).map(Collector)
    }

    /// Returns what is listened on, for messages.
    #[must_use]
    pub fn source(&self) -> &str {
        self.0.name()
    }

    /// Waits up to `span` for datagrams, and hands over sender, time (nanoseconds since the start of 1970) and octets
    /// of those that are there. Returns how many were lost here since the last call.
    ///
    /// # Errors
    /// [`SniffError`], if the socket broke.
    pub fn listen(
        &mut self,
        span: Duration,
        take: &mut dyn FnMut(IpAddr, i64, &[u8]),
    ) -> Result<u64, SniffError> {
        wait(self.0.fd(), span);
        let mut lost = 0;
        for _ in 0..BURST {
            let Some(datagram) = self.0.receive()? else {
                break;
            };
            lost += u64::from(datagram.new_drops);
            let sender = datagram.sender.unwrap_or(Ipv4Addr::UNSPECIFIED.into());
            let stamp = nanoseconds(datagram.stamp.unwrap_or_else(present));
            take(sender, stamp, self.0.bytes(&datagram));
        }
        Ok(lost)
    }
}
