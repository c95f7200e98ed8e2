//! An address for a listener that starts later.
//!
//! A port that the kernel chose and that was let go again may be given to the next socket of any program before the
//! listener takes it; ours comes from a range that no kernel gives away by itself, and is told once.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::ops::Range;
use std::process;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ephemeral ports of Linux (from 32768 on) and those of RFC 6335 section 6 (from 49152 on).
const PORTS: Range<u16> = 20_000..30_000;

/// How many addresses this process has been told or found taken.
static TOLD: AtomicU16 = AtomicU16::new(0);

/// Returns a UDP address on `ip` that nobody listens at and that this process has not been told before.
///
/// # Errors
/// The system's, if `ip` is not this machine's or all ports are taken.
pub fn vacant_address(ip: IpAddr) -> io::Result<SocketAddr> {
    let count = PORTS.end - PORTS.start;
    let mut failure = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in PORTS {
        // Processes side by side begin at different places.
        let begin = process::id().wrapping_mul(101) % u32::from(count);
        let step = u32::from(TOLD.fetch_add(1, Ordering::Relaxed));
        let offset = u16::try_from((begin + step) % u32::from(count)).unwrap_or(0);
        match UdpSocket::bind((ip, PORTS.start + offset)) {
            Ok(bound) => return bound.local_addr(),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => failure = error,
            Err(error) => return Err(error),
        }
    }
    Err(failure)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn no_address_is_told_twice_and_none_is_in_use() {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let first = vacant_address(ip).unwrap();
        let next = vacant_address(ip).unwrap();
        assert_ne!(first, next);
        assert!(PORTS.contains(&first.port()), "{first}");
        UdpSocket::bind(first).unwrap();
    }

    #[test]
    fn another_machines_address_is_refused() {
        let elsewhere = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
        assert!(vacant_address(elsewhere).is_err());
    }
}
