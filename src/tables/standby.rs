//! MACs that several routers share, one of them at a time, so that machines keep their gateway when a router fails.

use std::fmt;

use crate::mac::Mac;

/// What such a MAC says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standby {
    /// VRRP for IPv4 or IPv6 (RFC 9568 §7.3), and CARP, which has the same MACs.
    Vrrp(u8),
    /// HSRP of Cisco: version 1, version 2, and version 2 for IPv6.
    Hsrp(u16),
    /// GLBP of Cisco.
    Glbp,
}

impl Standby {
    /// Reads a MAC; `None` if it is a machine's own.
    #[must_use]
    pub fn of(mac: Mac) -> Option<Standby> {
        let in_twelve_bits = |high: u8, low: u8| u16::from_be_bytes([high & 0x0f, low]);
        match mac.0 {
            [0x00, 0x00, 0x5e, 0x00, 0x01 | 0x02, id] => Some(Standby::Vrrp(id)),
            [0x00, 0x00, 0x0c, 0x07, 0xac, group] => Some(Standby::Hsrp(group.into())),
            [0x00, 0x00, 0x0c, 0x9f, high @ 0xf0..=0xff, low]
            | [0x00, 0x05, 0x73, 0xa0, high @ 0x00..=0x0f, low] => {
                Some(Standby::Hsrp(in_twelve_bits(high, low)))
            }
            [0x00, 0x07, 0xb4, ..] => Some(Standby::Glbp),
            _ => None,
        }
    }
}

impl fmt::Display for Standby {
    /// Writes `VRRP group 10`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Standby::Vrrp(group) => write!(f, "VRRP group {group}"),
            Standby::Hsrp(group) => write!(f, "HSRP group {group}"),
            Standby::Glbp => f.write_str("a GLBP group"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_that_routers_share_is_told_from_their_own() {
        for (mac, expected) in [
            ("00:00:5e:00:01:0a", Some(Standby::Vrrp(10))),
            ("00:00:5e:00:02:ff", Some(Standby::Vrrp(255))),
            ("00:00:5e:00:03:0a", None),
            ("00:00:0c:07:ac:01", Some(Standby::Hsrp(1))),
            ("00:00:0c:07:ad:01", None),
            ("00:00:0c:9f:f1:02", Some(Standby::Hsrp(258))),
            ("00:00:0c:9f:e1:02", None),
            ("00:05:73:a0:0f:ff", Some(Standby::Hsrp(4095))),
            ("00:05:73:a0:10:00", None),
            ("00:07:b4:00:01:02", Some(Standby::Glbp)),
            ("00:07:b5:00:01:02", None),
        ] {
            assert_eq!(Standby::of(mac.parse().unwrap()), expected, "{mac}");
        }
        assert_eq!(Standby::Vrrp(10).to_string(), "VRRP group 10");
    }
}
