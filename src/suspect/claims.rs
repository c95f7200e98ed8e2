//! Who says that an address has which MAC.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use crate::mac::Mac;

/// Who makes a claim.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// This machine's kernel knew already.
    NeighbourTable,
    /// The owner of the MAC answered ARP or neighbour discovery.
    Asked,
    /// A router of this name in the configuration.
    Router(String),
}

/// What is claimed about one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    ip: IpAddr,
    by_mac: BTreeMap<Mac, BTreeSet<Source>>,
}

/// What follows from the claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Nobody claims anything.
    Nobody,
    /// All say the same.
    One(Mac),
    /// Two or more machines claim the address, or a claim is out of date: somebody has to choose.
    Several(Vec<Mac>),
}

impl Claims {
    /// Starts without a claim.
    #[must_use]
    pub fn new(ip: IpAddr) -> Self {
        Claims {
            ip,
            by_mac: BTreeMap::new(),
        }
    }

    /// Returns the address that all this is about.
    #[must_use]
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// Adds a claim; twice is once.
    pub fn add(&mut self, mac: Mac, source: Source) {
        self.by_mac.entry(mac).or_default().insert(source);
    }

    /// Adds claims of one source.
    #[must_use]
    pub fn with(mut self, macs: impl IntoIterator<Item = Mac>, source: Source) -> Self {
        for mac in macs {
            self.add(mac, source.clone());
        }
        self
    }

    /// Tells whether nobody claims anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_mac.is_empty()
    }

    /// The MACs that are claimed, each with those who say so.
    pub fn iter(&self) -> impl Iterator<Item = (Mac, &BTreeSet<Source>)> {
        self.by_mac.iter().map(|(mac, sources)| (*mac, sources))
    }

    /// Returns what follows.
    #[must_use]
    pub fn resolution(&self) -> Resolution {
        match self.by_mac.keys().copied().collect::<Vec<_>>().as_slice() {
            [] => Resolution::Nobody,
            [mac] => Resolution::One(*mac),
            several => Resolution::Several(several.to_vec()),
        }
    }

    /// Says who claims a MAC: `asked by ARP, router gw`. Empty for a MAC that nobody claims.
    #[must_use]
    pub fn sources(&self, mac: Mac) -> String {
        let sources = self.by_mac.get(&mac).into_iter().flatten();
        let words: Vec<String> = sources.map(|source| self.in_words(source)).collect();
        words.join(", ")
    }

    fn in_words(&self, source: &Source) -> String {
        match (source, self.ip) {
            (Source::NeighbourTable, _) => "this machine's neighbour table".to_owned(),
            (Source::Asked, IpAddr::V4(_)) => "asked by ARP".to_owned(),
            (Source::Asked, IpAddr::V6(_)) => "asked by neighbour discovery".to_owned(),
            (Source::Router(name), _) => format!("router {name}"),
        }
    }
}

impl fmt::Display for Claims {
    /// Writes `10.0.0.57 is 04:d4:c4:12:34:56 (router gw)`, or `is claimed by … and …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let each = self
            .by_mac
            .keys()
            .map(|mac| format!("{mac} ({})", self.sources(*mac)));
        let each = each.collect::<Vec<_>>();
        match self.resolution() {
            Resolution::Nobody => write!(f, "nobody knows the MAC of {}", self.ip),
            Resolution::One(_) => write!(f, "{} is {}", self.ip, each.concat()),
            Resolution::Several(_) => {
                write!(f, "{} is claimed by {}", self.ip, each.join(" and "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Mac = Mac([4, 0xd4, 0xc4, 0x12, 0x34, 0x56]);
    const B: Mac = Mac([2, 0, 0, 0, 0, 1]);

    fn claims(ip: &str, said: &[(Mac, Source)]) -> Claims {
        let mut claims = Claims::new(ip.parse().unwrap());
        for (mac, source) in said {
            claims.add(*mac, source.clone());
        }
        claims
    }

    #[test]
    fn those_who_agree_are_all_named() {
        let gateway = Source::Router("gw".to_owned());
        let said = [(A, gateway.clone()), (A, Source::Asked), (A, gateway)];
        let claims = claims("10.0.0.57", &said);
        assert_eq!(claims.resolution(), Resolution::One(A));
        let expected = "10.0.0.57 is 04:d4:c4:12:34:56 (asked by ARP, router gw)";
        assert_eq!(claims.to_string(), expected);
    }

    #[test]
    fn two_machines_that_claim_one_address_are_both_shown() {
        let said = [(A, Source::NeighbourTable), (B, Source::Asked)];
        let claims = claims("10.0.0.57", &said);
        assert_eq!(claims.resolution(), Resolution::Several(vec![B, A]));
        let expected = "10.0.0.57 is claimed by 02:00:00:00:00:01 (asked by ARP) \
                        and 04:d4:c4:12:34:56 (this machine's neighbour table)";
        assert_eq!(claims.to_string(), expected);
    }

    #[test]
    fn an_unclaimed_address_has_no_mac() {
        let claims = claims("10.0.0.57", &[]);
        assert_eq!(claims.resolution(), Resolution::Nobody);
        assert_eq!(claims.to_string(), "nobody knows the MAC of 10.0.0.57");
        assert_eq!(claims.sources(A), "");
    }

    #[test]
    fn ipv6_is_not_asked_by_arp() {
        let claims = claims("2001:db8::57", &[(A, Source::Asked)]);
        assert_eq!(claims.sources(A), "asked by neighbour discovery");
    }
}
