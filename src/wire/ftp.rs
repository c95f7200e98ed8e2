//! Where an FTP data connection will be, as its control connection says (RFC 959, RFC 2428).

use std::net::{IpAddr, Ipv4Addr};

/// A data connection that was announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced {
    /// Its address; an extended reply leaves it out: that of whoever speaks.
    pub address: Option<IpAddr>,
    /// Its port.
    pub port: u16,
    /// Whether the server listens (passive), or the client (active).
    pub passive: bool,
}

/// Reads a line of a control connection, of either side.
#[must_use]
pub fn announced(stream: &[u8]) -> Option<Announced> {
    if stream.starts_with(b"227") {
        let numbers = stream.iter().position(|&octet| octet == b'(')? + 1;
        host_port(stream.get(numbers..)?, true)
    } else if let Some(numbers) = stream.strip_prefix(b"PORT ") {
        host_port(numbers, false)
    } else if stream.starts_with(b"229") {
        let start = stream.windows(4).position(|window| window == b"(|||")? + 4;
        let (port, rest) = number(stream.get(start..)?)?;
        rest.starts_with(b"|").then_some(())?;
        Some(Announced {
            address: None,
            port: u16::try_from(port).ok()?,
            passive: true,
        })
    } else if let Some(fields) = stream.strip_prefix(b"EPRT |") {
        let mut fields = fields.split(|&octet| octet == b'|').skip(1);
        let address = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
        let (port, _) = number(fields.next()?)?;
        Some(Announced {
            address: Some(address),
            port: u16::try_from(port).ok()?,
            passive: false,
        })
    } else {
        None
    }
}

/// Reads `h1,h2,h3,h4,p1,p2`.
fn host_port(mut text: &[u8], passive: bool) -> Option<Announced> {
    let mut octets = [0; 6];
    for (place, octet) in octets.iter_mut().enumerate() {
        if place > 0 {
            text = text.strip_prefix(b",")?;
        }
        let (value, rest) = number(text)?;
        *octet = u8::try_from(value).ok()?;
        text = rest;
    }
    // A number that the capture cut looks like a shorter one.
    text.first()?;
    let [a, b, c, d, p1, p2] = octets;
    Some(Announced {
        address: Some(Ipv4Addr::new(a, b, c, d).into()),
        port: u16::from_be_bytes([p1, p2]),
        passive,
    })
}

fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text
        .iter()
        .take_while(|octet| octet.is_ascii_digit())
        .count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let value = std::str::from_utf8(digits).ok()?.parse().ok()?;
    Some((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_announce_is_read() {
        let v4 = Some(IpAddr::from([192, 0, 2, 9]));
        for (line, address, port, passive) in [
            (
                "227 Entering Passive Mode (192,0,2,9,200,13)\r\n",
                v4,
                51_213,
                true,
            ),
            ("PORT 192,0,2,9,4,1\r\n", v4, 1025, false),
            (
                "229 Entering Extended Passive Mode (|||6446|)\r\n",
                None,
                6446,
                true,
            ),
            ("EPRT |1|192.0.2.9|6275|\r\n", v4, 6275, false),
        ] {
            let expected = Announced {
                address,
                port,
                passive,
            };
            assert_eq!(announced(line.as_bytes()), Some(expected), "{line}");
        }
    }

    #[test]
    fn other_and_cut_lines_are_none() {
        for line in [
            "220 ready\r\n",
            "227 Entering Passive Mode (192,0,2,9,200,1",
            "227 (192,0,2,999,1,1)",
            "229 (|||99999|)",
            "EPRT |1|nowhere|6275|",
            "",
        ] {
            assert_eq!(announced(line.as_bytes()), None, "{line}");
        }
    }
}
