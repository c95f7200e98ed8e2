//! Subnets.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// An address range with a common prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    address: IpAddr,
    prefix: u8,
}

/// The text is not a subnet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a subnet; write it like 10.0.0.0/24 or fd00::/64")]
pub struct BadSubnet(pub String);

impl Subnet {
    /// Returns the subnet that an address is in, by the length of the prefix for IPv4 and for IPv6.
    #[must_use]
    pub fn around(address: IpAddr, (v4, v6): (u8, u8)) -> Subnet {
        match address {
            IpAddr::V4(address) => {
                let prefix = v4.min(32);
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                Subnet {
                    address: Ipv4Addr::from_bits(address.to_bits() & mask).into(),
                    prefix,
                }
            }
            IpAddr::V6(address) => {
                let prefix = v6.min(128);
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                Subnet {
                    address: Ipv6Addr::from_bits(address.to_bits() & mask).into(),
                    prefix,
                }
            }
        }
    }

    /// Tells whether an address is in it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4()
            && Subnet::around(address, (self.prefix, self.prefix)) == *self
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

impl FromStr for Subnet {
    type Err = BadSubnet;

    fn from_str(text: &str) -> Result<Subnet, BadSubnet> {
        let bad = || BadSubnet(text.to_owned());
        let (address, prefix) = text.split_once('/').ok_or_else(bad)?;
        let address: IpAddr = address.parse().map_err(|_| bad())?;
        let prefix: u8 = prefix.parse().map_err(|_| bad())?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        if prefix > longest {
            return Err(bad());
        }
        Ok(Subnet::around(address, (prefix, prefix)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_is_read_and_written_and_knows_its_members() {
        for (text, whole, inside, outside) in [
            ("10.1.2.3/24", "10.1.2.0/24", "10.1.2.255", "10.1.3.0"),
            ("fd00::1/64", "fd00::/64", "fd00::ffff", "fd00:0:0:1::"),
            ("0.0.0.0/0", "0.0.0.0/0", "255.255.255.255", "::"),
            ("192.0.2.7/32", "192.0.2.7/32", "192.0.2.7", "192.0.2.6"),
        ] {
            let subnet: Subnet = text.parse().unwrap();
            assert_eq!(subnet.to_string(), whole);
            assert!(subnet.contains(inside.parse().unwrap()));
            assert!(!subnet.contains(outside.parse().unwrap()));
        }
    }

    #[test]
    fn what_is_no_subnet_is_said() {
        for text in ["", "10.0.0.0", "10.0.0.0/33", "x/24", "fd00::/129"] {
            assert_eq!(text.parse::<Subnet>(), Err(BadSubnet(text.to_owned())));
        }
    }
}
