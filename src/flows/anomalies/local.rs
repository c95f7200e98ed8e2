//! Which hosts are ours.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::{Census, Subnet};
use crate::mac::Mac;

/// What is taken for local.
pub(super) enum Local {
    /// As told.
    Told(Vec<Subnet>),
    /// Private addresses, and the subnets of machines that have a MAC to themselves.
    Inferred(Vec<Subnet>),
}

/// Common prefixes.
const PREFIX: (u8, u8) = (24, 64);
/// So many machines with a MAC of their own make a subnet local; one alone may be the only host seen behind a router.
const MIN_NEIGHBOURS: usize = 2;

impl Local {
    pub(super) fn new(census: &Census, told: &[Subnet]) -> Local {
        if !told.is_empty() {
            return Local::Told(told.to_vec());
        }
        let mut by_mac: BTreeMap<Mac, Option<IpAddr>> = BTreeMap::new();
        for flow in census.conversations() {
            for end in [&flow.a, &flow.b] {
                if let Some(mac) = end.mac {
                    let one = by_mac.entry(mac).or_insert(Some(end.ip));
                    if *one != Some(end.ip) {
                        *one = None;
                    }
                }
            }
        }
        let mut neighbours: BTreeMap<Subnet, usize> = BTreeMap::new();
        for ip in by_mac.into_values().flatten() {
            *neighbours.entry(Subnet::around(ip, PREFIX)).or_insert(0) += 1;
        }
        let found = neighbours
            .into_iter()
            .filter(|&(_, machines)| machines >= MIN_NEIGHBOURS);
        Local::Inferred(found.map(|(subnet, _)| subnet).collect())
    }

    /// Tells whether a host is ours.
    pub(super) fn has(&self, ip: IpAddr) -> bool {
        match self {
            Local::Told(subnets) => subnets.iter().any(|subnet| subnet.contains(ip)),
            Local::Inferred(subnets) => {
                is_private(ip) || subnets.iter().any(|subnet| subnet.contains(ip))
            }
        }
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
