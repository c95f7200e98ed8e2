//! The MAC address and the notations people write it in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A 48-bit IEEE 802 MAC address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// `ff:ff:ff:ff:ff:ff`
    pub const BROADCAST: Mac = Mac([0xff; 6]);

    /// Tells whether the group bit is set: multicast or broadcast (IEEE 802-2014 §8.2, the I/G bit).
    #[must_use]
    pub fn is_group(self) -> bool {
        self.0[0] & 1 != 0
    }

    /// Tells whether the address was made up by software rather than assigned by a vendor (the U/L bit).
    #[must_use]
    pub fn is_locally_administered(self) -> bool {
        self.0[0] & 2 != 0
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Mac> for String {
    fn from(mac: Mac) -> String {
        mac.to_string()
    }
}

impl TryFrom<String> for Mac {
    type Error = BadMac;
    fn try_from(text: String) -> Result<Mac, BadMac> {
        text.parse()
    }
}

/// The text is not a MAC address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a MAC address; write it like 04:d4:c4:12:34:56, 04-d4-c4-12-34-56 or 04d4.c412.3456"
)]
pub struct BadMac(pub String);

impl FromStr for Mac {
    type Err = BadMac;

    /// Reads `04:d4:c4:12:34:56`, `04-D4-C4-12-34-56`, `04d4.c412.3456`, `04d4c4-123456`, `04d4c4123456`
    /// and, as some Unix tools print it, `4:d4:c4:12:34:56`.
    fn from_str(text: &str) -> Result<Mac, BadMac> {
        let bad = || BadMac(text.to_owned());
        let groups: Vec<&str> = text.trim().split([':', '-', '.']).collect();
        let per_group = match groups.len() {
            6 => 2,
            3 => 4,
            2 => 6,
            1 => 12,
            _ => return Err(bad()),
        };
        let mut digits = String::with_capacity(12);
        for group in groups {
            let short_octet = per_group == 2 && group.len() == 1;
            if !(group.len() == per_group || short_octet)
                || !group.bytes().all(|b| b.is_ascii_hexdigit())
            {
                return Err(bad());
            }
            if short_octet {
                digits.push('0');
            }
            digits.push_str(group);
        }
        let value = u64::from_str_radix(&digits, 16).map_err(|_| bad())?;
        let [_, _, octets @ ..] = value.to_be_bytes();
        Ok(Mac(octets))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_common_notation_is_the_same_address() {
        for text in [
            "04:d4:c4:12:34:56",
            "04-D4-C4-12-34-56",
            "04d4.c412.3456",
            "04d4-c412-3456",
            "04d4c4-123456",
            "04D4C4123456",
            "4:d4:c4:12:34:56",
            " 04:d4:c4:12:34:56 ",
        ] {
            assert_eq!(
                text.parse(),
                Ok(Mac([4, 0xd4, 0xc4, 0x12, 0x34, 0x56])),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for text in [
            "",
            "04",
            "04:d4:c4:12:34",
            "04:d4:c4:12:34:5g",
            "04:d4:c4:12:34:567",
            "10.0.0.57",
            "é4d4c4123456",
        ] {
            assert_eq!(text.parse::<Mac>(), Err(BadMac(text.to_owned())));
        }
    }

    #[test]
    fn the_two_special_bits_are_told() {
        assert!(Mac::BROADCAST.is_group());
        assert!(Mac([0x02, 0, 0, 0, 0, 1]).is_locally_administered());
        let assigned = Mac([4, 0xd4, 0xc4, 0x12, 0x34, 0x56]);
        assert!(!assigned.is_group() && !assigned.is_locally_administered());
    }
}
