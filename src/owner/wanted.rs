//! Which connections are looked for.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::socket::Socket;

/// Another end, with or without its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its address.
    pub ip: IpAddr,
    /// Its port; any, if `None`.
    pub port: Option<u16>,
}

/// The text is not another end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an address; write it like 203.0.113.9, 203.0.113.9:443 or [2001:db8::9]:443")]
pub struct BadRemote(pub String);

impl FromStr for Remote {
    type Err = BadRemote;

    fn from_str(text: &str) -> Result<Remote, BadRemote> {
        if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            let ip = ip.to_canonical();
            return Ok(Remote { ip, port: None });
        }
        let end: SocketAddr = text.parse().map_err(|_| BadRemote(text.to_owned()))?;
        let port = (end.port() != 0).then_some(end.port());
        let ip = end.ip().to_canonical();
        Ok(Remote { ip, port })
    }
}

impl fmt::Display for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => SocketAddr::new(self.ip, port).fmt(f),
            None => self.ip.fmt(f),
        }
    }
}

/// Which connections are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Those with this other end.
    Remote(Remote),
    /// Those with this port at either end, and sockets that wait on it.
    Port(u16),
    /// Every one that was not there when the watch began.
    AnyNew,
}

impl Wanted {
    /// Tells whether a socket is looked for.
    pub(super) fn has(&self, socket: &Socket) -> bool {
        self.has_ends(socket.local, socket.remote)
    }

    /// Tells whether a connection between these ends is looked for; port 0 stands for none.
    pub(super) fn has_ends(&self, local: SocketAddr, remote: SocketAddr) -> bool {
        match self {
            Wanted::Remote(wanted) => {
                let is_port = wanted.port.is_none_or(|port| port == remote.port());
                wanted.ip == remote.ip() && remote.port() != 0 && is_port
            }
            Wanted::Port(port) => [local.port(), remote.port()].contains(port),
            Wanted::AnyNew => remote.port() != 0,
        }
    }

    /// Tells whether sockets that were there when the watch began are looked for, too.
    pub(super) fn has_old(&self) -> bool {
        match self {
            Wanted::Remote(_) | Wanted::Port(_) => true,
            Wanted::AnyNew => false,
        }
    }

    /// Tells whether UDP sockets without a fixed other end are looked for, too: whom they send to is in no table.
    pub(super) fn has_unconnected(&self) -> bool {
        match self {
            Wanted::Port(_) => true,
            Wanted::Remote(_) | Wanted::AnyNew => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(wanted: Wanted, local: &str, remote: &str) -> bool {
        wanted.has_ends(local.parse().unwrap(), remote.parse().unwrap())
    }

    #[test]
    fn another_end_is_read_with_and_without_its_port() {
        for (text, ip, port) in [
            ("203.0.113.9", "203.0.113.9", None),
            ("203.0.113.9:443", "203.0.113.9", Some(443)),
            ("2001:db8::9", "2001:db8::9", None),
            ("[2001:db8::9]:443", "2001:db8::9", Some(443)),
            ("[::1]", "::1", None),
            ("::ffff:203.0.113.9", "203.0.113.9", None),
        ] {
            let ip = ip.parse().unwrap();
            assert_eq!(text.parse(), Ok(Remote { ip, port }), "{text}");
        }
        for text in ["", "gw", "203.0.113.9:", "203.0.113:443"] {
            assert!(text.parse::<Remote>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_what_is_wanted_is_found() {
        let remote = |text: &str| Wanted::Remote(text.parse().unwrap());
        let (local, other) = ("10.0.0.1:40000", "203.0.113.9:443");
        assert!(has(remote("203.0.113.9"), local, other));
        assert!(has(remote("203.0.113.9:443"), local, other));
        assert!(!has(remote("203.0.113.9:80"), local, other));
        assert!(!has(remote("10.0.0.1"), local, other));
        assert!(!has(remote("0.0.0.0"), "0.0.0.0:53", "0.0.0.0:0"));
        assert!(has(Wanted::Port(443), local, other));
        assert!(has(Wanted::Port(53), "0.0.0.0:53", "0.0.0.0:0"));
        assert!(!has(Wanted::AnyNew, "0.0.0.0:53", "0.0.0.0:0"));
        for wanted in [remote("203.0.113.9"), Wanted::Port(53), Wanted::AnyNew] {
            let unconnected = has(wanted, "0.0.0.0:53", "0.0.0.0:0");
            assert_eq!(wanted.has_unconnected(), unconnected, "{wanted:?}");
        }
    }
}
