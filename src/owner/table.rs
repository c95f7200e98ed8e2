//! The kernel's table of sockets, and its news of those that end.

use std::io;
use std::os::fd::BorrowedFd;

use nix::sys::socket::SockProtocol;

use super::diag;
use super::socket::{Protocol, Socket};
use crate::netlink::{Asking, News};

/// The table, ready to be read again and again.
pub(super) struct Table {
    asking: Asking,
    requests: Vec<(Protocol, Vec<u8>)>,
}

impl Table {
    pub(super) fn open() -> io::Result<Table> {
        let kinds = [
            (Protocol::Tcp, false),
            (Protocol::Tcp, true),
            (Protocol::Udp, false),
            (Protocol::Udp, true),
        ];
        let request = |(protocol, is_v6)| (protocol, diag::request(protocol, is_v6));
        Ok(Table {
            asking: Asking::open(SockProtocol::NetlinkSockDiag)?,
            requests: kinds.map(request).into(),
        })
    }

    /// Hands over every socket.
    pub(super) fn read(&mut self, take: &mut dyn FnMut(Socket)) -> io::Result<()> {
        for (protocol, request) in &self.requests {
            self.asking.dump(request, &mut |kind, body| {
                if kind == diag::BY_FAMILY
                    && let Some(socket) = diag::socket(*protocol, body)
                {
                    take(socket);
                }
            })?;
        }
        Ok(())
    }
}

/// News of sockets that end.
pub(super) struct Ends(News);

impl Ends {
    pub(super) fn open() -> io::Result<Ends> {
        News::open(SockProtocol::NetlinkSockDiag, diag::DESTROY_GROUPS).map(Ends)
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.0.fd()
    }

    /// Hands over the sockets that ended; `false` if there were more than the kernel kept for us.
    pub(super) fn read(&mut self, take: &mut dyn FnMut(Socket)) -> io::Result<bool> {
        self.0.read(&mut |kind, body| {
            if kind == diag::BY_FAMILY
                && let Some(socket) = diag::ended(body)
            {
                take(socket);
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn the_kernel_lists_a_connection_and_tells_its_end() {
        let mut ends = Ends::open().unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let mut found = Vec::new();
        let mut table = Table::open().unwrap();
        table.read(&mut |socket| found.push(socket)).unwrap();
        let (local, remote) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let is_it = |socket: &&Socket| (socket.local, socket.remote) == (local, remote);
        let cookie = found.iter().find(is_it).unwrap().cookie;
        drop((client, server));
        let mut ended = false;
        while !ended {
            let mut fds = [nix::poll::PollFd::new(
                ends.fd(),
                nix::poll::PollFlags::POLLIN,
            )];
            let woken = nix::poll::poll(&mut fds, 5000_u16).unwrap();
            assert_eq!(woken, 1, "the kernel told nothing");
            ends.read(&mut |socket| ended |= socket.cookie == cookie)
                .unwrap();
        }
    }
}
