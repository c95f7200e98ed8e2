//! A socket of this machine, as the kernel lists it.

use std::net::{IpAddr, SocketAddr};

/// The protocols whose sockets are watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// The states of `enum` in the kernel's `net/tcp_states.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State(pub u8);

impl State {
    /// Both ways are open; of UDP: it has a remote end.
    pub const ESTABLISHED: State = State(1);
    /// Asked for, not yet answered.
    pub const SYN_SENT: State = State(2);
    /// Over, remembered for late packets: it has no process any more.
    pub const TIME_WAIT: State = State(6);
    /// Not connected.
    pub const CLOSE: State = State(7);
    /// Waits for connections.
    pub const LISTEN: State = State(10);
    /// Asked for by a peer, not yet anybody's.
    pub const NEW_SYN_RECV: State = State(12);

    /// Returns the state as the report has it, or `other`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            1 => "established",
            2 => "syn_sent",
            3 => "syn_received",
            4 => "fin_wait_1",
            5 => "fin_wait_2",
            6 => "time_wait",
            7 => "unconnected",
            8 => "close_wait",
            9 => "last_ack",
            10 => "listening",
            11 => "closing",
            _ => "other",
        }
    }
}

/// A socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Socket {
    /// Its protocol.
    pub protocol: Protocol,
    /// Its state.
    pub state: State,
    /// This machine's end; IPv4 mapped into IPv6 is told as IPv4. Port 0: not yet chosen.
    pub local: SocketAddr,
    /// The other end; port 0 if there is none.
    pub remote: SocketAddr,
    /// Whose it is, by the numeric user.
    pub uid: u32,
    /// What the file descriptors of its processes point to; 0 if none does.
    pub inode: u64,
    /// The kernel's own number of it, never used twice.
    pub cookie: u64,
}

impl Socket {
    /// Tells whether it has another end.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.remote.port() != 0
    }
}

/// Puts an address and a port together; IPv4 mapped into IPv6 becomes IPv4 (RFC 4291 §2.5.5.2).
pub(super) fn end(ip: impl Into<IpAddr>, port: u16) -> SocketAddr {
    SocketAddr::new(ip.into().to_canonical(), port)
}
