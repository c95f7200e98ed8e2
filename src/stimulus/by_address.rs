//! Datagrams and echo requests by whichever interface leads to the suspect.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, connect, recv,
    send, socket,
};

use super::Door;
use crate::wire::netbios::build_status_request;

/// ICMP echo request (RFC 792) with sequence number 1; the kernel fills in checksum and identifier.
const ECHO_REQUEST: [u8; 8] = [8, 0, 0, 0, 0, 0, 0, 1];

/// A question for NetBIOS names, and an echo request where the system lets us send one.
///
/// Windows answers the one, most others the other; who has no name service says so by ICMP, which is an answer too.
pub struct ByAddress {
    suspect: SocketAddr,
    names: UdpSocket,
    echo: Option<OwnedFd>,
}

impl ByAddress {
    /// Opens the sockets; `netbios_port` is 137, except in a lab.
    ///
    /// # Errors
    /// No route leads to the suspect.
    pub fn open(suspect: IpAddr, netbios_port: u16) -> io::Result<ByAddress> {
        let any: IpAddr = match suspect {
            IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        let suspect = SocketAddr::new(suspect, netbios_port);
        let names = UdpSocket::bind((any, 0))?;
        names.connect(suspect)?;
        names.set_nonblocking(true)?;
        Ok(ByAddress {
            suspect,
            names,
            // Where net.ipv4.ping_group_range leaves us out, the datagrams have to do.
            echo: echo_socket(suspect).ok(),
        })
    }
}

impl Door for ByAddress {
    fn describe(&self) -> String {
        let echo = if self.echo.is_some() {
            " and echo requests"
        } else {
            ""
        };
        format!("questions for names{echo} to {}", self.suspect.ip())
    }

    fn knock(&mut self) -> io::Result<()> {
        let question = build_status_request(fastrand::u16(..));
        let sent = match self.names.send(&question) {
            // Told of an earlier knock: `answers` counts it, and the socket can send again.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                self.names.send(&question)
            }
            sent => sent,
        };
        if let Some(echo) = &self.echo {
            let _sent = send(echo.as_raw_fd(), &ECHO_REQUEST, MsgFlags::MSG_DONTWAIT);
        }
        sent.map(|_| ())
    }

    fn answers(&mut self) -> u32 {
        /// More than any pace of ours brings between two calls: a flood ends here.
        const MOST: u32 = 1_000;
        let mut buffer = [0; 64];
        let mut answers = 0;
        while answers < MOST {
            match self.names.recv(&mut buffer) {
                Ok(_) => answers += 1,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => answers += 1,
                Err(_) => break,
            }
        }
        let Some(echo) = &self.echo else {
            return answers;
        };
        while answers < MOST && recv(echo.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT).is_ok()
        {
            answers += 1;
        }
        answers
    }
}

/// Opens a socket for echo requests, which on Linux needs no privilege but the right group.
fn echo_socket(suspect: SocketAddr) -> nix::Result<OwnedFd> {
    let SocketAddr::V4(_) = suspect else {
        return Err(nix::errno::Errno::EAFNOSUPPORT);
    };
    let echo = socket(
        AddressFamily::Inet,
        SockType::Datagram,
        SockFlag::empty(),
        SockProtocol::Icmp,
    )?;
    connect(
        echo.as_raw_fd(),
        &SockaddrStorage::from(SocketAddr::new(suspect.ip(), 0)),
    )?;
    Ok(echo)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn an_answered_question_is_counted() {
        let host = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = host.local_addr().unwrap();
        let mut door = ByAddress::open(address.ip(), address.port()).unwrap();
        door.echo = None;
        door.knock().unwrap();
        let (_, asker) = host.recv_from(&mut [0; 100]).unwrap();
        assert_eq!(door.answers(), 0);
        host.send_to(b"an answer", asker).unwrap();
        let answered = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            door.answers() == 1
        });
        assert!(answered);
    }

    #[test]
    fn a_host_without_a_name_service_answers_by_refusing() {
        let host = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = host.local_addr().unwrap();
        drop(host);
        let mut door = ByAddress::open(address.ip(), address.port()).unwrap();
        door.echo = None;
        door.knock().unwrap();
        let answered = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            door.answers() == 1
        });
        assert!(answered);
        assert!(door.knock().is_ok());
    }
}
