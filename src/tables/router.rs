//! What a router is connected to: its subnets (IP-MIB, RFC 4293) and its own MACs (IF-MIB).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::inet;
use crate::mac::Mac;
use crate::snmp::{Oid, Snmp, SnmpError, Value};

const IF_PHYS_ADDRESS: [u32; 10] = [1, 3, 6, 1, 2, 1, 2, 2, 1, 6];
// ipAddrTable: IPv4, deprecated, and everywhere.
const IP_AD_ENT_IF_INDEX: [u32; 10] = [1, 3, 6, 1, 2, 1, 4, 20, 1, 2];
const IP_AD_ENT_NET_MASK: [u32; 10] = [1, 3, 6, 1, 2, 1, 4, 20, 1, 3];
// ipAddressTable: IPv4 and IPv6.
const IP_ADDRESS_IF_INDEX: [u32; 10] = [1, 3, 6, 1, 2, 1, 4, 34, 1, 3];
const IP_ADDRESS_PREFIX: [u32; 10] = [1, 3, 6, 1, 2, 1, 4, 34, 1, 5];

/// What a router is connected to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Router {
    /// The MACs of its interfaces: frames with one of these as source come from beyond it, or from itself.
    pub macs: BTreeSet<Mac>,
    /// Its own addresses, but for those that every machine has.
    pub addresses: BTreeSet<IpAddr>,
    /// Those whose prefix it tells, each with the subnet around it.
    pub subnets: BTreeSet<Subnet>,
}

/// An address of a router and the subnet around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    /// The router's own address.
    pub address: IpAddr,
    /// The length of the subnet's prefix in bits.
    pub prefix: u8,
    /// `ifIndex` of the interface.
    pub interface: u32,
}

impl Subnet {
    /// Tells whether `ip` lies in the subnet.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        in_prefix(self.address, self.prefix, ip)
    }
}

impl Router {
    /// Tells whether `ip` is the router's neighbour: it has the MAC of such a machine, and of no other.
    #[must_use]
    pub fn is_connected_to(&self, ip: IpAddr) -> bool {
        self.subnets.iter().any(|subnet| subnet.contains(ip))
    }

    /// Tells whether `ip` is one of the router's own addresses; `None` where it tells none of that family.
    #[must_use]
    pub fn has_address(&self, ip: IpAddr) -> Option<bool> {
        let mut own = self.addresses.iter();
        let tells = own.any(|own| own.is_ipv4() == ip.is_ipv4());
        tells.then(|| self.addresses.contains(&ip))
    }

    /// Returns the interfaces (`ifIndex`) that `ip` may be on: those of its subnet, or all where no subnet fits.
    pub(super) fn interfaces_towards(&self, ip: IpAddr) -> BTreeSet<u32> {
        let of = |subnets: &mut dyn Iterator<Item = &Subnet>| -> BTreeSet<u32> {
            subnets.map(|subnet| subnet.interface).collect()
        };
        let near = of(&mut self.subnets.iter().filter(|subnet| subnet.contains(ip)));
        if near.is_empty() {
            of(&mut self.subnets.iter())
        } else {
            near
        }
    }
}

/// Tells whether `a` and `b` agree in their first `prefix` bits.
pub(crate) fn in_prefix(a: IpAddr, prefix: u8, b: IpAddr) -> bool {
    let prefix = u32::from(prefix);
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= prefix,
        (IpAddr::V6(a), IpAddr::V6(b)) => (a.to_bits() ^ b.to_bits()).leading_zeros() >= prefix,
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}

/// Reads what a router is connected to.
///
/// # Errors
/// [`SnmpError`], if the router could not be asked.
pub fn read(snmp: &mut dyn Snmp) -> Result<Router, SnmpError> {
    let macs = super::column(snmp, &IF_PHYS_ADDRESS)?;
    let mut router = Router {
        macs: macs.values().filter_map(super::mac).collect(),
        ..Router::default()
    };
    router.take_in(
        snmp,
        &IP_AD_ENT_IF_INDEX,
        &IP_AD_ENT_NET_MASK,
        inet::v4,
        by_mask,
    )?;
    let whole = |index: &[u32]| inet::split(index).map(|(ip, _)| ip);
    router.take_in(
        snmp,
        &IP_ADDRESS_IF_INDEX,
        &IP_ADDRESS_PREFIX,
        whole,
        by_row,
    )?;
    // A loopback address is no subnet that anybody could be in.
    router
        .subnets
        .retain(|subnet| !subnet.address.is_loopback());
    let everybodys = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    router
        .addresses
        .retain(|address| !everybodys.contains(address));
    Ok(router)
}

impl Router {
    /// Reads a table of addresses: one column with the interface, one that tells the prefix.
    fn take_in(
        &mut self,
        snmp: &mut dyn Snmp,
        interfaces: &[u32],
        prefixes: &[u32],
        address_of: impl Fn(&[u32]) -> Option<IpAddr>,
        prefix_of: impl Fn(&Value) -> Option<u8>,
    ) -> Result<(), SnmpError> {
        let mut column = |base: &[u32]| -> Result<BTreeMap<IpAddr, Value>, SnmpError> {
            let base = Oid::from(base);
            let rows = snmp.walk(&base)?.into_iter();
            Ok(rows
                .filter_map(|row| Some((address_of(row.oid.below(&base)?)?, row.value)))
                .collect())
        };
        let interfaces = column(interfaces)?;
        let prefixes = column(prefixes)?;
        self.addresses.extend(interfaces.keys());
        let subnets = interfaces.into_iter().filter_map(|(address, interface)| {
            Some(Subnet {
                address,
                prefix: prefix_of(prefixes.get(&address)?)?,
                interface: u32::try_from(interface.as_i64()?).ok()?,
            })
        });
        self.subnets.extend(subnets);
        Ok(())
    }
}

/// Reads a prefix length of a netmask.
fn by_mask(mask: &Value) -> Option<u8> {
    let Value::IpAddress(mask) = mask else {
        return None;
    };
    let bits = Ipv4Addr::to_bits(*mask);
    let contiguous = bits.count_ones() == bits.leading_ones();
    u8::try_from(bits.leading_ones())
        .ok()
        .filter(|_| contiguous)
}

/// Reads a prefix length of a pointer into ipAddressPrefixTable, where it stands last.
fn by_row(pointer: &Value) -> Option<u8> {
    let Value::ObjectId(row) = pointer else {
        return None;
    };
    // Zero-dot-zero is a pointer to nothing (RFC 2579).
    let prefix = row.0.last().filter(|_| row.0.len() > 10)?;
    u8::try_from(*prefix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snmp::fake::FakeAgent;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn gateway() -> FakeAgent {
        let mask = |text: &str| Value::IpAddress(text.parse().unwrap());
        let row = |oid: &str| Value::ObjectId(oid.parse().unwrap());
        let v6 = "2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1";
        FakeAgent::default()
            .with("1.3.6.1.2.1.2.2.1.6.1", "")
            .with(
                "1.3.6.1.2.1.2.2.1.6.2",
                Value::Octets(vec![2, 0, 0, 0, 0, 1]),
            )
            .with("1.3.6.1.2.1.4.20.1.2.127.0.0.1", 1)
            .with("1.3.6.1.2.1.4.20.1.3.127.0.0.1", mask("255.0.0.0"))
            .with("1.3.6.1.2.1.4.20.1.2.10.78.0.1", 2)
            .with("1.3.6.1.2.1.4.20.1.3.10.78.0.1", mask("255.255.255.0"))
            .with(&format!("1.3.6.1.2.1.4.34.1.3.{v6}"), 3)
            .with(
                &format!("1.3.6.1.2.1.4.34.1.5.{v6}"),
                row("1.3.6.1.2.1.4.32.1.5.3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.0.64"),
            )
    }

    #[test]
    fn a_router_tells_its_subnets_and_macs() {
        let router = read(&mut gateway()).unwrap();
        let expected = [
            Subnet {
                address: ip("10.78.0.1"),
                prefix: 24,
                interface: 2,
            },
            Subnet {
                address: ip("2001:db8::1"),
                prefix: 64,
                interface: 3,
            },
        ];
        assert_eq!(router.subnets, expected.into());
        assert_eq!(router.macs, [Mac([2, 0, 0, 0, 0, 1])].into());
    }

    #[test]
    fn what_is_beyond_a_router_is_told_from_its_neighbours() {
        let router = read(&mut gateway()).unwrap();
        for (address, near) in [
            ("10.78.0.57", true),
            ("10.78.1.57", false),
            ("127.0.0.5", false),
            ("2001:db8::57", true),
            ("2001:db8:0:1::57", false),
        ] {
            assert_eq!(router.is_connected_to(ip(address)), near, "{address}");
        }
        assert_eq!(router.interfaces_towards(ip("10.78.0.57")), [2].into());
        assert_eq!(router.interfaces_towards(ip("192.0.2.1")), [2, 3].into());
    }

    #[test]
    fn a_routers_own_addresses_are_known_only_where_it_tells_any() {
        let router = read(&mut gateway()).unwrap();
        assert_eq!(router.has_address(ip("10.78.0.1")), Some(true));
        assert_eq!(router.has_address(ip("10.78.0.57")), Some(false));
        let v4_only = Router {
            addresses: [ip("10.78.0.1")].into(),
            ..Router::default()
        };
        assert_eq!(v4_only.has_address(ip("2001:db8::1")), None);
    }

    #[test]
    fn prefixes_that_make_no_sense_are_left_out() {
        assert_eq!(
            by_mask(&Value::IpAddress("255.0.255.0".parse().unwrap())),
            None
        );
        assert_eq!(
            by_mask(&Value::IpAddress("0.0.0.0".parse().unwrap())),
            Some(0)
        );
        assert_eq!(by_row(&Value::ObjectId("0.0".parse().unwrap())), None);
    }
}
