//! A small client of the OVSDB management protocol (RFC 7047): JSON-RPC 1.0 over a UNIX socket, TCP or TLS.
//!
//! `frame` cuts the stream into messages, `client` asks and waits for the answer, `value` reads and writes the
//! protocol's values. What the tables of Open vSwitch mean is not known here.

mod client;
mod error;
mod frame;
pub mod value;

pub use client::{Client, OPEN_VSWITCH};
pub use error::OvsdbError;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::tls;

/// Where a database server listens, in Open vSwitch's own notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remote {
    /// `unix:PATH`
    Unix(PathBuf),
    /// `tcp:HOST:PORT`
    Tcp(SocketAddr),
    /// `ssl:HOST:PORT`
    Tls {
        /// Host and port.
        address: SocketAddr,
        /// Whose certificate is believed, and what we show.
        access: Box<tls::Access>,
    },
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remote::Unix(path) => write!(f, "unix:{}", path.display()),
            Remote::Tcp(address) => write!(f, "tcp:{address}"),
            Remote::Tls { address, .. } => write!(f, "ssl:{address}"),
        }
    }
}
