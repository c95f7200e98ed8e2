//! `host` or `host:port`.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// Where a device is reached: a name or address, and a port where it is not the protocol's usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// A DNS name, an IPv4 address or an IPv6 address without brackets.
    pub host: String,
    /// The port, if one was given.
    pub port: Option<u16>,
}

/// The text is not an address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address; write HOST, HOST:PORT or [IPv6]:PORT")]
pub struct BadAddress(pub String);

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Address, BadAddress> {
        let bad = || BadAddress(text.to_owned());
        let (host, port) = split(text.trim()).ok_or_else(bad)?;
        let port = match port.map(str::parse) {
            None => None,
            Some(Ok(0) | Err(_)) => return Err(bad()),
            Some(Ok(port)) => Some(port),
        };
        let odd = |letter: char| letter.is_whitespace() || letter.is_control() || letter == '/';
        if host.is_empty() || host.contains(odd) {
            return Err(bad());
        }
        Ok(Address {
            host: host.to_owned(),
            port,
        })
    }
}

fn split(text: &str) -> Option<(&str, Option<&str>)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        host.parse::<Ipv6Addr>().ok()?;
        return match rest {
            "" => Some((host, None)),
            _ => Some((host, Some(rest.strip_prefix(':')?))),
        };
    }
    match text.split_once(':') {
        None => Some((text, None)),
        Some(_) if text.parse::<Ipv6Addr>().is_ok() => Some((text, None)),
        Some((_, port)) if port.contains(':') => None,
        Some((host, port)) => Some((host, Some(port))),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            None => f.write_str(&self.host),
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_with_and_without_a_port() {
        for (text, host, port) in [
            ("10.78.0.2", "10.78.0.2", None),
            ("sw1.example:1161", "sw1.example", Some(1161)),
            ("fe80::1", "fe80::1", None),
            ("[fe80::1]", "fe80::1", None),
            ("[fe80::1]:161", "fe80::1", Some(161)),
        ] {
            let address: Address = text.parse().unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port));
        }
    }

    #[test]
    fn an_address_reads_back_as_it_was_written() {
        for text in ["10.78.0.2", "sw1:1161", "[fe80::1]:161"] {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "", ":161", "a:b", "a:0", "a:99999", "a b", "http://a", "[::1", "1:2:3",
        ] {
            assert_eq!(text.parse::<Address>(), Err(BadAddress(text.to_owned())));
        }
    }
}
