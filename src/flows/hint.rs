//! What packets tell in clear about what a flow is: names, and where an FTP server will send its data.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::digest::{Digest, Upper, Way};
use super::key::FlowKey;
use super::service::FTP;
use crate::wire::ip::{Packet, Protocol};
use crate::wire::{dns, ftp, http, tls};

/// Something told in clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// The client named the server.
    Named(NamedBy, Box<str>),
    /// A name was asked for, and has these addresses.
    Answered(Box<str>, Vec<IpAddr>),
    /// A data connection was announced on the control connection.
    FtpData {
        address: IpAddr,
        port: u16,
        passive: bool,
    },
}

/// How a server was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NamedBy {
    Http,
    Tls,
    Dns,
}

const DNS_PORTS: [u16; 3] = [53, 5353, 5355];

/// Reads what a packet tells.
#[inline]
pub(super) fn read(packet: &Packet<'_>, upper: &Upper<'_>) -> Option<Hint> {
    let first = upper.payload.first()?;
    match packet.protocol {
        Protocol::TCP => match first {
            22 => {
                tls::server_name(upper.payload).map(|name| Hint::Named(NamedBy::Tls, name.into()))
            }
            b'A'..=b'Z' | b'2' if upper.ports().contains(&FTP) => ftp_data(packet, upper),
            b'A'..=b'Z' => {
                http::host(upper.payload).map(|name| Hint::Named(NamedBy::Http, name.into()))
            }
            _ => None,
        },
        Protocol::UDP if upper.ports().iter().any(|port| DNS_PORTS.contains(port)) => {
            let message = dns::parse(upper.payload)?;
            let name = message.question.into_boxed_str();
            Some(if message.addresses.is_empty() {
                Hint::Named(NamedBy::Dns, name)
            } else {
                Hint::Answered(name, message.addresses)
            })
        }
        _ => None,
    }
}

fn ftp_data(packet: &Packet<'_>, upper: &Upper<'_>) -> Option<Hint> {
    let announced = ftp::announced(upper.payload)?;
    Some(Hint::FtpData {
        address: announced.address.unwrap_or(packet.source),
        port: announced.port,
        passive: announced.passive,
    })
}

/// How much is remembered of each kind, at most.
const MAX_REMEMBERED: usize = 1 << 16;

/// A data connection that was announced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promise {
    /// Who is to use it.
    pub(super) partner: IpAddr,
    pub(super) control: FlowKey,
    pub(super) passive: bool,
}

/// Everything that was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Hints {
    named: BTreeMap<FlowKey, (NamedBy, Box<str>)>,
    names: BTreeMap<IpAddr, Box<str>>,
    promised: BTreeMap<(IpAddr, u16), Promise>,
}

impl Hints {
    pub(super) fn note(&mut self, digest: &Digest, hint: Hint) {
        match hint {
            Hint::Named(by, name) => {
                if self.named.len() < MAX_REMEMBERED {
                    self.named.entry(digest.key).or_insert((by, name));
                }
            }
            Hint::Answered(name, addresses) => {
                if self.named.len() < MAX_REMEMBERED {
                    let asked = (NamedBy::Dns, name.clone());
                    self.named.entry(digest.key).or_insert(asked);
                }
                for address in addresses {
                    if self.names.len() < MAX_REMEMBERED {
                        self.names.insert(address, name.clone());
                    }
                }
            }
            Hint::FtpData {
                address,
                port,
                passive,
            } => {
                let partner = match digest.way {
                    Way::Up => digest.key.high.0,
                    Way::Down => digest.key.low.0,
                };
                if self.promised.len() < MAX_REMEMBERED {
                    let promise = Promise {
                        partner,
                        control: digest.key,
                        passive,
                    };
                    self.promised.insert((address, port), promise);
                }
            }
        }
    }

    /// Returns how the flow's client named the server.
    pub(super) fn named(&self, key: &FlowKey) -> Option<(NamedBy, &str)> {
        self.named.get(key).map(|(by, name)| (*by, &**name))
    }

    /// Returns the name that an address was the answer for.
    pub(super) fn name_of(&self, address: IpAddr) -> Option<&str> {
        self.names.get(&address).map(|name| &**name)
    }

    /// Returns the announcement of a flow.
    pub(super) fn promise(&self, key: &FlowKey) -> Option<Promise> {
        let made = |listener: (IpAddr, u16), partner: IpAddr| {
            let promise = self.promised.get(&listener).copied();
            promise.filter(|promise| promise.partner == partner)
        };
        made(key.low, key.high.0).or_else(|| made(key.high, key.low.0))
    }
}
