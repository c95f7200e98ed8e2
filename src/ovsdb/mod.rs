//! A small client of the OVSDB management protocol (RFC 7047): JSON-RPC 1.0 over a UNIX or TCP socket.
//!
//! `frame` cuts the stream into messages, `client` asks and waits for the answer, `value` reads and writes the
//! protocol's values. What the tables of Open vSwitch mean is not known here. TLS (`ssl:`) is not spoken.

mod client;
mod error;
mod frame;
pub mod value;

pub use client::{Client, OPEN_VSWITCH};
pub use error::OvsdbError;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where a database server listens, in Open vSwitch's own notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// `unix:PATH`
    Unix(PathBuf),
    /// `tcp:HOST:PORT`
    Tcp(SocketAddr),
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remote::Unix(path) => write!(f, "unix:{}", path.display()),
            Remote::Tcp(address) => write!(f, "tcp:{address}"),
        }
    }
}
