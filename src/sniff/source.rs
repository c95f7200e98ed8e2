//! The text of a capture source.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::SniffError;

/// Where the copies come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A network interface of this machine, plugged into the mirror's destination port.
    Interface(String),
    /// A TZSP stream that is sent to this address and UDP port.
    Tzsp(SocketAddr),
    /// A pcap or pcapng file that is replayed.
    File(PathBuf),
}

/// The longest name of a network interface on Linux: IFNAMSIZ less its end.
const MAX_INTERFACE_NAME: usize = 15;

impl FromStr for Source {
    type Err = SniffError;

    /// Reads `eth0`, `tzsp://0.0.0.0:37008`, `tzsp://[::]:37008` or `pcap:FILE`.
    fn from_str(text: &str) -> Result<Source, SniffError> {
        let bad = || SniffError::BadSource(text.to_owned());
        if let Some(address) = text.strip_prefix("tzsp://") {
            return address.parse().map(Source::Tzsp).map_err(|_| bad());
        }
        if let Some(path) = text.strip_prefix("pcap:").filter(|path| !path.is_empty()) {
            return Ok(Source::File(path.into()));
        }
        let impossible = |c: char| c == '/' || c == ':' || c.is_whitespace();
        if text.is_empty() || text.len() > MAX_INTERFACE_NAME || text.contains(impossible) {
            return Err(bad());
        }
        Ok(Source::Interface(text.to_owned()))
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Source::Interface(name) => f.write_str(name),
            Source::Tzsp(address) => write!(f, "tzsp://{address}"),
            Source::File(path) => write!(f, "pcap:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_source_is_written_as_it_is_read() {
        for text in [
            "eth0",
            "enx001122334455",
            "tzsp://0.0.0.0:37008",
            "tzsp://[::1]:37008",
            "pcap:dir/a file.pcapng",
        ] {
            assert_eq!(text.parse::<Source>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_source_is_said() {
        for text in [
            "",
            "pcap:",
            "tzsp://",
            "tzsp://0.0.0.0",
            "tzsp://gw:37008",
            "udp://1.2.3.4:5",
            "eth 0",
            "a-name-of-16-oct",
        ] {
            let error = text.parse::<Source>().unwrap_err();
            assert!(
                matches!(&error, SniffError::BadSource(said) if said == text),
                "{text}"
            );
        }
    }
}
