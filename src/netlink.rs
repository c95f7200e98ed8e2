//! Netlink: what the kernel is asked for, and how its answers are put together (netlink(7)).
//!
//! Numbers in netlink messages are in the machine's own byte order. What a message means is known where it is asked for.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, sendto,
    setsockopt, socket, sockopt,
};
use nix::sys::time::TimeVal;

// linux/netlink.h
const NLMSG_ERROR: u16 = 2;
const NLMSG_DONE: u16 = 3;
const NLM_F_REQUEST: u16 = 0x1;
const NLM_F_DUMP: u16 = 0x300;
const HEADER: usize = 16;
const ATTRIBUTE_HEADER: usize = 4;
/// The kernel's datagrams are smaller.
const BUFFER: usize = 1 << 16;
/// Of news there may be thousands between two looks, in octets; the system may grant less.
const NEWS_BUFFER: usize = 8 << 20;

/// A message of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    /// A part of the answer: its kind, and what follows the header.
    Data(u16, &'a [u8]),
    /// The answer is complete.
    Done,
    /// The kernel refused, with this errno.
    Refused(i32),
}

/// Takes a datagram apart. What is cut short is left out.
pub(crate) fn messages(mut datagram: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let (length, rest) = datagram.split_first_chunk()?;
        let kind = u16::from_ne_bytes(*rest.first_chunk()?);
        let length = usize::try_from(u32::from_ne_bytes(*length)).ok()?;
        let body = datagram.get(HEADER..length)?;
        datagram = datagram.get(aligned(length)..).unwrap_or_default();
        Some(match kind {
            NLMSG_DONE => Message::Done,
            NLMSG_ERROR => {
                let code = body.first_chunk();
                let code = code.map_or(0, |code| i32::from_ne_bytes(*code));
                Message::Refused(code.saturating_neg())
            }
            kind => Message::Data(kind, body),
        })
    })
}

/// Takes attributes apart: kind and value of each. What is cut short is left out.
pub(crate) fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (length, rest) = bytes.split_first_chunk()?;
        let kind = u16::from_ne_bytes(*rest.first_chunk()?);
        let length = usize::from(u16::from_ne_bytes(*length));
        let value = bytes.get(ATTRIBUTE_HEADER..length)?;
        bytes = bytes.get(aligned(length)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// Makes the request for everything of a kind: `nlmsghdr` and the kind's own header.
pub(crate) fn dump_request(kind: u16, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).expect("requests are short");
    let mut bytes = Vec::from(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
    bytes.resize(HEADER, 0);
    bytes.extend(body);
    bytes
}

/// Rounds up to the 4 octets at which netlink begins messages and attributes.
fn aligned(length: usize) -> usize {
    length.next_multiple_of(4)
}

/// A socket that the kernel answers on.
pub(crate) struct Asking {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl Asking {
    /// Opens a socket of a netlink family.
    pub(crate) fn open(family: SockProtocol) -> io::Result<Asking> {
        let socket = open(family, SockFlag::SOCK_CLOEXEC, 0)?;
        // The kernel answers at once; without a limit a kernel that does not would hold up the run.
        setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::new(2, 0))?;
        Ok(Asking {
            socket,
            buffer: vec![0; BUFFER],
        })
    }

    /// Asks, and hands over every part of the answer.
    pub(crate) fn dump(
        &mut self,
        request: &[u8],
        take: &mut dyn FnMut(u16, &[u8]),
    ) -> io::Result<()> {
        let kernel = NetlinkAddr::new(0, 0);
        sendto(self.socket.as_raw_fd(), request, &kernel, MsgFlags::empty())?;
        loop {
            let length = recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::empty())?;
            for message in messages(self.buffer.get(..length).unwrap_or_default()) {
                match message {
                    Message::Data(kind, body) => take(kind, body),
                    Message::Done => return Ok(()),
                    Message::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
                }
            }
        }
    }
}

/// What the kernel tells by itself.
pub(crate) struct News {
    socket: OwnedFd,
    buffer: Vec<u8>,
}

impl News {
    /// Joins the groups of these bits: that of group 1 is 1, of group 2 is 2, of group 3 is 4.
    pub(crate) fn open(family: SockProtocol, groups: u32) -> io::Result<News> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = open(family, flags, groups)?;
        setsockopt(&socket, sockopt::RcvBuf, &NEWS_BUFFER)?;
        Ok(News {
            socket,
            buffer: vec![0; BUFFER],
        })
    }

    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Hands over what is there; `false` if the kernel had more to tell than the socket could hold.
    pub(crate) fn read(&mut self, take: &mut dyn FnMut(u16, &[u8])) -> io::Result<bool> {
        let mut is_complete = true;
        loop {
            let length = match recv(self.socket.as_raw_fd(), &mut self.buffer, MsgFlags::empty()) {
                Ok(length) => length,
                Err(Errno::EAGAIN | Errno::EINTR) => return Ok(is_complete),
                Err(Errno::ENOBUFS) => {
                    is_complete = false;
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            for message in messages(self.buffer.get(..length).unwrap_or_default()) {
                if let Message::Data(kind, body) = message {
                    take(kind, body);
                }
            }
        }
    }
}

/// Opens and binds a socket of a netlink family.
fn open(family: SockProtocol, flags: SockFlag, groups: u32) -> io::Result<OwnedFd> {
    let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, family)?;
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
    Ok(socket)
}

/// Messages made octet by octet, for tests.
#[cfg(test)]
pub(crate) mod testbed {
    use super::*;

    pub(crate) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let length = u16::try_from(ATTRIBUTE_HEADER + value.len()).unwrap();
        let mut bytes = Vec::from(length.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }

    pub(crate) fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(HEADER + body.len()).unwrap();
        let mut bytes = Vec::from(length.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend(body);
        bytes.resize(aligned(bytes.len()), 0);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testbed::message;
    use super::*;

    #[test]
    fn a_datagram_is_taken_apart_to_its_end() {
        const EPERM: i32 = 1;
        let datagram = [
            message(20, &[1, 2, 3]),
            message(NLMSG_ERROR, &(-EPERM).to_ne_bytes()),
            message(NLMSG_DONE, &[0; 4]),
        ]
        .concat();
        let found: Vec<_> = messages(&datagram).collect();
        let expected = [
            Message::Data(20, &[1, 2, 3]),
            Message::Refused(EPERM),
            Message::Done,
        ];
        assert_eq!(found, expected);
        assert_eq!(messages(&datagram[..18]).count(), 0);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            for message in messages(&bytes) {
                if let Message::Data(_, body) = message {
                    attributes(body).count();
                }
            }
        }
    }
}
