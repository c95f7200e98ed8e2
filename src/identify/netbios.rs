//! Asking a machine for its NetBIOS names (RFC 1002 §4.2.17).

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use super::text;
use crate::clock::{Clock, Moment};
use crate::error::{Diagnosis, Exit};
use crate::mac::Mac;
use crate::wire::Malformed;
use crate::wire::netbios::{Name, NodeStatus, build_status_request};

/// How long one request is waited for. RFC 1002 §6 says 250 ms on a LAN and three requests; machines that
/// sleep or sit behind a radio link take longer.
const PER_ATTEMPT: Duration = Duration::from_millis(600);
const MAX_ATTEMPTS: u32 = 3;
/// 255 names and the statistics take 4,692 octets.
const MAX_REPLY: usize = 8192;
/// Suffix of the computer and, as a group, of its workgroup (suffixes by Microsoft KB 163409).
const WORKSTATION: u8 = 0x00;
/// Suffix of those whom a message reaches: the computer and who is logged on.
const MESSENGER: u8 = 0x03;

/// What a machine has registered a name for, besides its own and its workgroup's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Registered {
    /// The group of a domain's controllers: suffix 1C.
    DomainControllers,
    /// The domain master browser: suffix 1B.
    DomainMaster,
    /// The master browser of a subnet: suffix 1D.
    MasterBrowser,
    /// Shared files: suffix 20.
    FileServer,
}

impl Registered {
    fn of(name: &Name) -> Option<Registered> {
        match (name.suffix, name.is_group()) {
            (0x1c, true) => Some(Registered::DomainControllers),
            (0x1b, false) => Some(Registered::DomainMaster),
            (0x1d, false) => Some(Registered::MasterBrowser),
            (0x20, false) => Some(Registered::FileServer),
            _ => None,
        }
    }
}

/// What a machine calls itself. Texts are safe to print.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetbiosNames {
    /// The computer's name.
    pub computer: Option<String>,
    /// The workgroup or domain.
    pub group: Option<String>,
    /// The user who is logged on; newer systems do not tell.
    pub user: Option<String>,
    /// What its other names are for.
    pub registered: BTreeSet<Registered>,
    /// The MAC it claims to have; `None` where it claims zeros, as Samba does.
    pub mac: Option<Mac>,
}

/// Why a machine's NetBIOS names are not known.
#[derive(Debug, thiserror::Error)]
pub enum NetbiosError {
    /// Nothing came back: no NetBIOS, a firewall, or nobody there.
    #[error("{address} does not answer NetBIOS requests ({attempts} sent)")]
    NoAnswer {
        /// Who was asked.
        address: SocketAddr,
        /// How often.
        attempts: u32,
    },
    /// The machine is there and says that it has no NetBIOS.
    #[error("{address} has no NetBIOS name service")]
    Closed {
        /// Who was asked.
        address: SocketAddr,
    },
    /// The answer is not one.
    #[error("{address} sent a NetBIOS answer that makes no sense")]
    Nonsense {
        /// Who was asked.
        address: SocketAddr,
        /// What is wrong with it.
        source: Malformed,
    },
    /// The system could not send or receive.
    #[error("cannot ask {address} for its NetBIOS names")]
    Socket {
        /// Who was to be asked.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
}

impl Diagnosis for NetbiosError {
    fn exit(&self) -> Exit {
        Exit::Device
    }
}

/// Asks a machine for its names until `until` at the latest.
///
/// A request is repeated only where nothing came back. An answer to another request, or from another
/// address, is none.
pub(super) fn ask(
    address: SocketAddr,
    until: Moment,
    clock: &impl Clock,
) -> Result<NetbiosNames, NetbiosError> {
    let failed = |source| NetbiosError::Socket { address, source };
    let socket = connected(address).map_err(failed)?;
    let transaction = fastrand::u16(..);
    let request = build_status_request(transaction);
    let mut attempts = 0;
    while attempts < MAX_ATTEMPTS && clock.now() < until {
        attempts += 1;
        let attempt_ends = (clock.now() + PER_ATTEMPT).min(until);
        let sent = socket.send(&request);
        let reply = sent.and_then(|_| receive(&socket, transaction, attempt_ends, clock));
        match reply {
            Ok(Some(reply)) => return read(&reply, address),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
                return Err(NetbiosError::Closed { address });
            }
            Err(error) => return Err(failed(error)),
        }
    }
    Err(NetbiosError::NoAnswer { address, attempts })
}

/// Opens a socket that hears nobody but `address`.
fn connected(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(address)?;
    Ok(socket)
}

/// Returns the datagram that answers `transaction`, or `None` if it does not come in time.
fn receive(
    socket: &UdpSocket,
    transaction: u16,
    until: Moment,
    clock: &impl Clock,
) -> io::Result<Option<Vec<u8>>> {
    let mut buffer = vec![0; MAX_REPLY];
    loop {
        let left = until.since(clock.now());
        if left.is_zero() {
            return Ok(None);
        }
        socket.set_read_timeout(Some(left))?;
        match socket.recv(&mut buffer) {
            Ok(length) => {
                let reply = buffer.get(..length).unwrap_or_default();
                if reply.starts_with(&transaction.to_be_bytes()) {
                    return Ok(Some(reply.to_vec()));
                }
            }
            Err(error) if is_no_answer_yet(&error) => {}
            Err(error) => return Err(error),
        }
    }
}

fn is_no_answer_yet(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

fn read(reply: &[u8], address: SocketAddr) -> Result<NetbiosNames, NetbiosError> {
    let status =
        NodeStatus::parse(reply).map_err(|source| NetbiosError::Nonsense { address, source })?;
    Ok(meaning(&status))
}

fn meaning(status: &NodeStatus<'_>) -> NetbiosNames {
    let first = |suffix, group| {
        let mut names = status.names();
        let found = names.find(|name| name.suffix == suffix && name.is_group() == group);
        found.map(|name| text::of_oem(name.text()))
    };
    let computer = first(WORKSTATION, false);
    let is_user = |name: &Name| name.suffix == MESSENGER && !name.is_group();
    let users = status
        .names()
        .filter(is_user)
        .map(|name| text::of_oem(name.text()));
    let mut users = users.filter(|user| computer.as_ref() != Some(user));
    NetbiosNames {
        user: users.next(),
        group: first(WORKSTATION, true),
        registered: status
            .names()
            .filter_map(|name| Registered::of(&name))
            .collect(),
        computer,
        mac: Some(status.unit_id).filter(|mac| *mac != Mac([0; 6])),
    }
}

#[cfg(test)]
mod tests;
