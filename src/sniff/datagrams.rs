//! A UDP socket that others send to, with what the kernel says about each datagram: when it came, and what was lost.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::Duration;

use nix::sys::socket::{MsgFlags, RecvMsg, SockaddrStorage, recvmsg, setsockopt, sockopt};

use super::SniffError;

/// The kernel's buffer, in octets: half a second of a full gigabit, as far as the system grants it.
const RECEIVE_BUFFER: usize = 64 << 20;
/// The largest UDP payload.
const MAX_DATAGRAM: usize = 65_535;

/// A socket that is listened on.
pub(super) struct Datagrams {
    name: String,
    socket: UdpSocket,
    buffer: Vec<u8>,
    control: Vec<u8>,
    /// The kernel's count of losses as of the last datagram; wraps.
    drops: u32,
}

/// What the kernel says about a datagram.
pub(super) struct Datagram {
    length: usize,
    /// Counted from the start of 1970.
    pub(super) stamp: Option<Duration>,
    pub(super) new_drops: u32,
    /// Who sent it, as far as the header can be believed.
    pub(super) sender: Option<IpAddr>,
}

/// What the kernel attaches to a datagram: nothing outside Linux.
#[derive(Default)]
struct Told {
    /// Counted from the start of 1970.
    stamp: Option<Duration>,
    /// Losses since the socket was opened; wraps.
    drops: Option<u32>,
}

impl Told {
    #[cfg(target_os = "linux")]
    fn read(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Told {
        use nix::sys::socket::ControlMessageOwned::{RxqOvfl, ScmTimestampns};

        let mut told = Told::default();
        for control in message.cmsgs().into_iter().flatten() {
            if let ScmTimestampns(at) = control {
                told.stamp = Some(at.into());
            } else if let RxqOvfl(count) = control {
                told.drops = Some(count);
            }
        }
        told
    }

    #[cfg(not(target_os = "linux"))]
    fn read(_: &RecvMsg<'_, '_, SockaddrStorage>) -> Told {
        Told::default()
    }
}

impl Datagrams {
    /// Opens a socket; `name` is for messages.
    pub(super) fn open(name: String, address: SocketAddr) -> Result<Datagrams, SniffError> {
        let socket = bind(address).map_err(|source| SniffError::Bind {
            source_name: name.clone(),
            source,
        })?;
        Ok(Datagrams {
            name,
            socket,
            buffer: vec![0; MAX_DATAGRAM],
            control: nix::cmsg_space!(nix::sys::time::TimeSpec, u32),
            drops: 0,
        })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Receives a datagram into the buffer; `None` if there is none.
    pub(super) fn receive(&mut self) -> Result<Option<Datagram>, SniffError> {
        let mut parts = [io::IoSliceMut::new(&mut self.buffer)];
        let received = recvmsg::<SockaddrStorage>(
            self.socket.as_raw_fd(),
            &mut parts,
            Some(&mut self.control),
            MsgFlags::MSG_DONTWAIT,
        );
        let message = match received {
            Ok(message) => message,
            Err(nix::Error::EAGAIN | nix::Error::EINTR) => return Ok(None),
            Err(error) => {
                return Err(SniffError::Failed {
                    source_name: self.name.clone(),
                    reason: error.desc().to_owned(),
                });
            }
        };
        let told = Told::read(&message);
        let drops = told.drops.unwrap_or(self.drops);
        let new_drops = drops.wrapping_sub(self.drops);
        self.drops = drops;
        Ok(Some(Datagram {
            length: message.bytes,
            stamp: told.stamp,
            new_drops,
            sender: message.address.as_ref().and_then(address_of),
        }))
    }

    /// Returns the octets of the datagram that was received last.
    pub(super) fn bytes(&self, datagram: &Datagram) -> &[u8] {
        self.buffer.get(..datagram.length).unwrap_or_default()
    }

    #[cfg(test)]
    pub(super) fn local_address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    #[cfg(test)]
    pub(super) fn shrink(&self, octets: usize) {
        setsockopt(&self.socket, sockopt::RcvBuf, &octets).unwrap();
    }
}

fn address_of(address: &SockaddrStorage) -> Option<IpAddr> {
    if let Some(v4) = address.as_sockaddr_in() {
        return Some(v4.ip().into());
    }
    let v6 = address.as_sockaddr_in6()?.ip();
    Some(IpAddr::from(v6).to_canonical())
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    // Only a privileged process may exceed the system's limit (net.core.rmem_max).
    #[cfg(target_os = "linux")]
    let forced = setsockopt(&socket, sockopt::RcvBufForce, &RECEIVE_BUFFER).is_ok();
    #[cfg(not(target_os = "linux"))]
    let forced = false;
    if !forced {
        setsockopt(&socket, sockopt::RcvBuf, &RECEIVE_BUFFER)?;
    }
    #[cfg(target_os = "linux")]
    {
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
        setsockopt(&socket, sockopt::RxqOvfl, &1)?;
    }
    Ok(socket)
}
