//! Switches that are told without SNMP or HTTP: a bridge of this machine, or Open vSwitch by its database.

use std::fmt;
use std::path::{Path, PathBuf};

use std::sync::Arc;

use super::Credential;
use super::address::{Address, BadAddress};

/// The port that database servers of Open vSwitch listen on (RFC 7047 §8).
const OVSDB_PORT: u16 = 6640;

/// Where such a switch is.
#[derive(Clone, Debug)]
pub struct Direct {
    /// Where it is told.
    pub address: DirectAddress,
    /// What opens it, for an address `ssl:`, and only for that.
    pub credential: Option<Arc<Credential>>,
    /// Its bridge; `None` is the only one there is.
    pub bridge: Option<String>,
}

/// Where such a switch is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DirectAddress {
    /// `local`: a bridge of this machine.
    ThisMachine,
    /// `unix:PATH`: the socket of a database server.
    Socket(PathBuf),
    /// `tcp:HOST` or `tcp:HOST:PORT`: the same over the network.
    Tcp {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
    /// `ssl:HOST` or `ssl:HOST:PORT`: the same with TLS.
    Tls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
    },
}

impl DirectAddress {
    /// Reads an address; `None` if it is that of an agent. Paths are relative to `folder`.
    pub(super) fn read(text: &str, folder: &Path) -> Option<Result<Self, BadAddress>> {
        if text == "local" {
            return Some(Ok(DirectAddress::ThisMachine));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            return Some(Ok(DirectAddress::Socket(folder.join(path))));
        }
        let (encrypted, rest) = match text.strip_prefix("ssl:") {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix("tcp:")?),
        };
        let address = rest.parse::<Address>();
        Some(address.map(|Address { host, port }| {
            let port = port.unwrap_or(OVSDB_PORT);
            if encrypted {
                DirectAddress::Tls { host, port }
            } else {
                DirectAddress::Tcp { host, port }
            }
        }))
    }
}

impl fmt::Display for DirectAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DirectAddress::ThisMachine => f.write_str("local"),
            DirectAddress::Socket(path) => write!(f, "unix:{}", path.display()),
            DirectAddress::Tcp { host, port } => write!(f, "tcp:{}", with_port(host, *port)),
            DirectAddress::Tls { host, port } => write!(f, "ssl:{}", with_port(host, *port)),
        }
    }
}

fn with_port(host: &str, port: u16) -> Address {
    Address {
        host: host.to_owned(),
        port: Some(port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let address = DirectAddress::read(text, Path::new("/etc/halfspan"))?;
        Some(address.map_or_else(|error| error.to_string(), |address| address.to_string()))
    }

    #[test]
    fn the_four_kinds_are_told_from_agents() {
        for (text, shown) in [
            ("local", "local"),
            (
                "unix:/run/openvswitch/db.sock",
                "unix:/run/openvswitch/db.sock",
            ),
            ("unix:db.sock", "unix:/etc/halfspan/db.sock"),
            ("tcp:10.78.0.2", "tcp:10.78.0.2:6640"),
            ("tcp:[fe80::1]:7000", "tcp:[fe80::1]:7000"),
            ("ssl:sw1.example", "ssl:sw1.example:6640"),
        ] {
            assert_eq!(read(text).as_deref(), Some(shown));
        }
        assert_eq!(read("10.78.0.2"), None);
        assert_eq!(read("local.example"), None);
        assert!(read("tcp:").unwrap().contains("not an address"));
    }
}
