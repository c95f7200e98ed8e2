//! A filter in the words of pcap-filter(7), as far as flow records can answer it, as a condition in SQL.
//!
//! As there, `and` and `or` bind equally and from the left, and `not` binds closer. Values become parameters.

use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use super::{Schema, StoreError};

/// A condition with its parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub(super) sql: String,
    /// By name, without the `param_`.
    pub(super) parameters: Vec<(String, String)>,
}

/// Brackets and `not` may be nested so deep.
const MAX_DEPTH: usize = 32;
const PROTOCOLS: [(&str, u8); 6] = [
    ("tcp", 6),
    ("udp", 17),
    ("icmp", 1),
    ("icmp6", 58),
    ("sctp", 132),
    ("igmp", 2),
];

impl Filter {
    /// Reads a filter for tables of a schema.
    ///
    /// # Errors
    /// [`StoreError::Filter`], if it cannot be asked of such a table.
    pub fn read(text: &str, schema: &Schema) -> Result<Filter, StoreError> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        let spaced = spaced.replace("&&", " and ").replace("||", " or ");
        let spaced = spaced.replace('!', " not ");
        let mut reader = Reader {
            words: spaced.split_whitespace().map(str::to_owned).collect(),
            at: 0,
            schema,
            parameters: Vec::new(),
        };
        let sql = reader.expression(0)?;
        match reader.next() {
            None => Ok(Filter {
                sql,
                parameters: reader.parameters,
            }),
            Some(word) => Err(bad(&word, "nothing was expected here")),
        }
    }
}

fn bad(word: &str, what: &'static str) -> StoreError {
    StoreError::Filter {
        word: word.to_owned(),
        what,
    }
}

struct Reader<'a> {
    words: Vec<String>,
    at: usize,
    schema: &'a Schema,
    parameters: Vec<(String, String)>,
}

/// Which end of a flow a word is about.
#[derive(Clone, Copy)]
enum End {
    Source,
    Destination,
    Either,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&str> {
        self.words.get(self.at).map(String::as_str)
    }

    fn next(&mut self) -> Option<String> {
        let word = self.words.get(self.at).cloned();
        self.at += 1;
        word
    }

    fn take(&mut self, word: &str) -> bool {
        let is_it = self.peek() == Some(word);
        self.at += usize::from(is_it);
        is_it
    }

    fn expression(&mut self, depth: usize) -> Result<String, StoreError> {
        let mut sql = self.term(depth)?;
        loop {
            let operator = if self.take("and") {
                "AND"
            } else if self.take("or") {
                "OR"
            } else {
                return Ok(sql);
            };
            let right = self.term(depth)?;
            sql = format!("({sql} {operator} {right})");
        }
    }

    fn term(&mut self, depth: usize) -> Result<String, StoreError> {
        if depth > MAX_DEPTH {
            return Err(bad("(", "it is nested too deep"));
        }
        if self.take("not") {
            return Ok(format!("(NOT {})", self.term(depth + 1)?));
        }
        if self.take("(") {
            let inner = self.expression(depth + 1)?;
            return if self.take(")") {
                Ok(inner)
            } else {
                Err(bad("(", "it is not closed"))
            };
        }
        let protocol = self.protocol()?;
        let follows = matches!(
            self.peek(),
            Some("src" | "dst" | "host" | "net" | "port" | "portrange" | "proto")
        );
        match (protocol, follows) {
            (Some(protocol), false) => Ok(protocol),
            (Some(protocol), true) => Ok(format!("({protocol} AND {})", self.primitive()?)),
            (None, _) => self.primitive(),
        }
    }

    /// Reads `tcp`, `udp`, … or `ip`, `ip6`.
    fn protocol(&mut self) -> Result<Option<String>, StoreError> {
        let word = self.peek().unwrap_or_default().to_owned();
        let family = match word.as_str() {
            "ip" => Some("is_v4"),
            "ip6" => Some("(NOT is_v4)"),
            _ => None,
        };
        let known = PROTOCOLS.iter().find(|(name, _)| *name == word);
        let sql = match (family, known) {
            (Some(sql), _) => sql.to_owned(),
            (None, Some((_, number))) => self.protocol_is(&word, *number)?,
            (None, None) => return Ok(None),
        };
        self.at += 1;
        Ok(Some(sql))
    }

    fn protocol_is(&mut self, word: &str, number: u8) -> Result<String, StoreError> {
        if self.schema.protocol.is_none() {
            return Err(bad(word, "the schema names no protocol"));
        }
        let number = self.parameter(&number.to_string(), "UInt8");
        Ok(format!("(proto = {number})"))
    }

    fn primitive(&mut self) -> Result<String, StoreError> {
        let mut end = End::Either;
        if self.take("src") {
            end = End::Source;
        } else if self.take("dst") {
            end = End::Destination;
        }
        let word = self.next().unwrap_or_default();
        let is_kind = ["host", "net", "port", "portrange", "proto", "vlan"].contains(&&*word);
        // `src 10.0.0.1` stands for `src host 10.0.0.1`.
        let (kind, value) = if is_kind {
            (word.as_str(), self.next().unwrap_or_default())
        } else {
            ("host", word.clone())
        };
        match kind {
            "port" | "portrange" => self.ports(end, &value),
            "proto" => {
                let named = PROTOCOLS.iter().find(|(name, _)| *name == value);
                let number = named.map(|(_, number)| *number).or(value.parse().ok());
                let number = number.ok_or_else(|| bad(&value, "it is no protocol"))?;
                self.protocol_is(&value, number)
            }
            "vlan" => self.vlan(&value),
            _ => self.addresses(end, &value),
        }
    }

    fn addresses(&mut self, end: End, value: &str) -> Result<String, StoreError> {
        let (first, last) = range(value).ok_or_else(|| bad(value, "it is no address or subnet"))?;
        let first = self.parameter(&first.to_string(), "IPv6");
        let last = self.parameter(&last.to_string(), "IPv6");
        Ok(of_ends(end, ["src", "dst"], |column| {
            format!("({column} >= {first} AND {column} <= {last})")
        }))
    }

    fn ports(&mut self, end: End, value: &str) -> Result<String, StoreError> {
        if self.schema.source_port.is_none() || self.schema.destination_port.is_none() {
            return Err(bad(value, "the schema names no ports"));
        }
        let (first, last) = value.split_once('-').unwrap_or((value, value));
        let mut number = |text: &str| {
            let number = u16::from_str(text).map_err(|_| bad(value, "it is no port"))?;
            Ok(self.parameter(&number.to_string(), "UInt16"))
        };
        let (first, last) = (number(first)?, number(last)?);
        Ok(of_ends(end, ["sport", "dport"], |column| {
            format!("({column} >= {first} AND {column} <= {last})")
        }))
    }

    fn vlan(&mut self, value: &str) -> Result<String, StoreError> {
        if self.schema.source_vlan.is_none() && self.schema.destination_vlan.is_none() {
            return Err(bad(value, "the schema names no VLANs"));
        }
        let number = u16::from_str(value).map_err(|_| bad(value, "it is no VLAN"))?;
        let number = self.parameter(&number.to_string(), "UInt16");
        Ok(format!("(svlan = {number} OR dvlan = {number})"))
    }

    /// Makes a parameter, and returns its place in the query.
    fn parameter(&mut self, value: &str, kind: &str) -> String {
        let name = name_of(self.parameters.len());
        let place = format!("{{{name}:{kind}}}");
        self.parameters.push((name, value.to_owned()));
        place
    }
}

/// Returns a parameter's name: gaps of requests are named by letters only.
fn name_of(number: usize) -> String {
    let digits = format!("{number:x}");
    let letters = digits.bytes().map(|digit| match digit {
        b'0'..=b'9' => char::from(b'g' + (digit - b'0')),
        letter => char::from(letter),
    });
    std::iter::once('f').chain(letters).collect()
}

fn of_ends(end: End, columns: [&str; 2], test: impl Fn(&str) -> String) -> String {
    let [source, destination] = columns.map(test);
    match end {
        End::Source => source,
        End::Destination => destination,
        End::Either => format!("({source} OR {destination})"),
    }
}

/// Returns the first and the last address of an address or subnet, IPv4 mapped into IPv6.
fn range(text: &str) -> Option<(Ipv6Addr, Ipv6Addr)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length.parse::<u32>().ok()?)),
        None => (text, None),
    };
    let (bits, prefix) = match address.parse().ok()? {
        IpAddr::V4(address) => {
            let prefix = length.unwrap_or(32);
            (
                address.to_ipv6_mapped().to_bits(),
                (prefix <= 32).then_some(prefix + 96)?,
            )
        }
        IpAddr::V6(address) => (address.to_bits(), length.unwrap_or(128)),
    };
    let free = 128_u32.checked_sub(prefix)?;
    let mask = 1_u128.checked_shl(free).unwrap_or(0).wrapping_sub(1);
    Some((
        Ipv6Addr::from_bits(bits & !mask),
        Ipv6Addr::from_bits(bits | mask),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Filter, StoreError> {
        Filter::read(text, &Schema::load("akvorado-l2", None)?)
    }

    #[test]
    fn values_are_parameters_and_never_text() {
        let filter = read("udp and not dst port 53").unwrap();
        let port = "(dport >= {fh:UInt16} AND dport <= {fi:UInt16})";
        assert_eq!(
            filter.sql,
            format!("((proto = {{fg:UInt8}}) AND (NOT {port}))")
        );
        let values: Vec<&str> = filter.parameters.iter().map(|(_, v)| v.as_str()).collect();
        assert_eq!(values, ["17", "53", "53"]);
        for hostile in [
            "host 1)OR(1",
            "port 1;DROP",
            "host '",
            "vlan {fg:UInt8}",
            "src",
        ] {
            assert!(read(hostile).is_err(), "{hostile}");
        }
    }

    #[test]
    fn a_subnet_is_a_range_with_ipv4_mapped() {
        let filter = read("src net 10.0.0.0/8").unwrap();
        let values: Vec<&str> = filter.parameters.iter().map(|(_, v)| v.as_str()).collect();
        assert_eq!(values, ["::ffff:10.0.0.0", "::ffff:10.255.255.255"]);
        assert_eq!(
            range("fd00::/64").unwrap().1.to_string(),
            "fd00::ffff:ffff:ffff:ffff"
        );
        assert_eq!(range("::/0").unwrap().1, Ipv6Addr::from_bits(u128::MAX));
        assert!(range("10.0.0.0/33").is_none() && range("::/129").is_none());
    }

    #[test]
    fn and_and_or_bind_from_the_left() {
        let one = read("tcp or udp and icmp").unwrap().sql;
        let two = read("(tcp or udp) and icmp").unwrap().sql;
        assert_eq!(one, two);
        assert!(read(&"(".repeat(1000)).is_err());
        assert!(read("tcp udp").is_err() && read("").is_err() && read("tcp and").is_err());
    }

    #[test]
    fn what_the_schema_does_not_name_cannot_be_asked() {
        let schema = Schema::load("akvorado", None).unwrap();
        let error = Filter::read("vlan 7", &schema).unwrap_err();
        assert!(error.to_string().contains("names no VLANs"), "{error}");
    }
}
