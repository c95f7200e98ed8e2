//! From an IP address to the MAC whose frames are looked for.
//!
//! Several may know: this machine's neighbour table, the suspect itself when the kernel asks it, the routers, and
//! whoever answers on the wire. [`Claims`] holds what each of them said; [`resolve`] asks all but the last. Whose MAC
//! it is belongs to `identify`.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::clock::Clock;
use crate::mac::Mac;
use crate::snmp::{Snmp, SnmpError};
use crate::tables::arp;
use crate::tables::router::{self, Router};

pub use claims::{Claims, Resolution, Source};
pub use error::SuspectError;

mod ask;
mod claims;
mod error;
mod gateways;
mod links;
#[cfg(test)]
mod namespace_tests;
mod neighbours;

/// How long an answer to ARP or neighbour discovery is waited for. The kernel repeats the question after 1 s.
const PATIENCE: Duration = Duration::from_millis(1_200);

/// A router that may know the suspect.
pub struct KnownRouter<'a> {
    /// Its name in the configuration.
    pub name: &'a str,
    /// The way to its agent.
    pub snmp: &'a mut dyn Snmp,
}

/// What was found out about an address.
#[derive(Debug)]
pub struct Resolved {
    /// Who says that the address has which MAC; at least one does.
    pub claims: Claims,
    /// The routers that answered, by name, with what they are connected to.
    pub routers: Vec<(String, Router)>,
    /// Who could not be asked, though others could.
    pub troubles: Vec<Trouble>,
}

/// Somebody could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The kernel does not tell.
    #[error("cannot read this machine's neighbour table")]
    Kernel(#[source] io::Error),
    /// The question could not be sent.
    #[error("cannot ask for {ip} on the local network")]
    Asking {
        /// The address.
        ip: IpAddr,
        /// The system's words.
        source: io::Error,
    },
    /// A router does not tell.
    #[error("cannot read the ARP table of router {name}")]
    Router {
        /// Its name in the configuration.
        name: String,
        /// Why.
        source: SnmpError,
    },
}

/// Finds the MAC of `ip`: in the kernel's neighbour table, else by letting the kernel ask on the link, which tells the
/// suspect that somebody is interested and is left out if `passive`, and in the routers' tables.
///
/// # Errors
/// [`SuspectError`], if no other machine can have the address, or nobody knows its MAC.
pub fn resolve(
    ip: IpAddr,
    routers: &mut [KnownRouter<'_>],
    passive: bool,
    clock: &dyn Clock,
) -> Result<Resolved, SuspectError> {
    let mut resolved = Resolved {
        claims: Claims::new(ip),
        routers: Vec::new(),
        troubles: Vec::new(),
    };
    resolve_here(&mut resolved, passive, clock)?;
    for known in routers {
        ask_router(&mut resolved, known);
    }
    if !resolved.claims.is_empty() {
        return Ok(resolved);
    }
    Err(SuspectError::Unknown {
        ip,
        has_router: resolved
            .routers
            .iter()
            .any(|(_, router)| router.is_connected_to(ip)),
        routers: resolved.routers,
        trouble: resolved.troubles.into_iter().next().map(Box::new),
    })
}

/// What this machine's kernel knows of the network around it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Its default gateways, with their MACs as the neighbour table has them.
    pub gateways: Vec<(IpAddr, Mac)>,
    /// Its own addresses on links where neighbours are asked for, each with the length of the prefix around it.
    pub subnets: Vec<(IpAddr, u8)>,
}

impl Surroundings {
    /// Asks the kernel. What it does not tell is not known.
    #[must_use]
    pub fn read() -> Surroundings {
        let gateways = gateways::read().unwrap_or_default();
        let table = neighbours::read().unwrap_or_default().into_iter();
        let known = table.filter(|neighbour| gateways.contains(&neighbour.ip));
        let own = links::read().unwrap_or_default().into_iter();
        let subnets = own.filter(|own| own.asks).map(|own| (own.ip, own.prefix));
        Surroundings {
            gateways: known
                .filter_map(|neighbour| Some((neighbour.ip, neighbour.mac?)))
                .collect(),
            subnets: subnets.collect(),
        }
    }

    /// Tells whether `ip` is in a subnet of this machine: its frames need no router to come here.
    #[must_use]
    pub fn is_near(&self, ip: IpAddr) -> bool {
        let mut subnets = self.subnets.iter();
        subnets.any(|(own, prefix)| router::in_prefix(*own, *prefix, ip))
    }
}

/// Returns the address that this machine's kernel knows for a MAC, IPv4 rather than IPv6.
#[must_use]
pub fn address_of(mac: Mac) -> Option<IpAddr> {
    let table = neighbours::read().unwrap_or_default();
    let has_it = table
        .into_iter()
        .filter(|neighbour| neighbour.mac == Some(mac));
    has_it.map(|neighbour| neighbour.ip).min()
}

/// Returns the machines that the kernel knows on the subnet of `with`; none, unless `interface` is plugged in there.
#[must_use]
pub fn neighbours_on(interface: &str, with: IpAddr) -> Vec<(IpAddr, Mac)> {
    let Some(own) = link_of(interface, with) else {
        return Vec::new();
    };
    let table = neighbours::read().unwrap_or_default();
    let known = table.into_iter().filter_map(|neighbour| {
        let mac = neighbour.mac?;
        router::in_prefix(own.ip, own.prefix, neighbour.ip).then_some((neighbour.ip, mac))
    });
    known.collect()
}

/// Tells whether `ip` is in a subnet that `interface` is plugged into.
#[must_use]
pub fn is_on_link(interface: &str, ip: IpAddr) -> bool {
    link_of(interface, ip).is_some()
}

/// Returns the address of `interface` in whose subnet `ip` is.
fn link_of(interface: &str, ip: IpAddr) -> Option<links::LocalAddress> {
    let addresses = links::read().unwrap_or_default();
    let near = links::towards(ip, &addresses);
    near.into_iter()
        .find(|own| own.interface == interface)
        .cloned()
}

/// Asks the kernel and, by it, the suspect.
fn resolve_here(
    resolved: &mut Resolved,
    passive: bool,
    clock: &dyn Clock,
) -> Result<(), SuspectError> {
    let ip = resolved.claims.ip();
    let addresses = links::read().unwrap_or_else(|error| {
        resolved.troubles.push(Trouble::Kernel(error));
        Vec::new()
    });
    links::check(ip, &addresses)?;
    match neighbours::read() {
        Ok(table) => {
            let known = table.into_iter().filter(|neighbour| neighbour.ip == ip);
            for mac in known.filter_map(|neighbour| neighbour.mac) {
                resolved.claims.add(mac, Source::NeighbourTable);
            }
        }
        Err(error) => resolved.troubles.push(Trouble::Kernel(error)),
    }
    let links = links::towards(ip, &addresses);
    if !resolved.claims.is_empty() || passive || links.is_empty() {
        return Ok(());
    }
    match ask::ask(ip, &links, PATIENCE, clock) {
        Ok(macs) => macs
            .into_iter()
            .for_each(|mac| resolved.claims.add(mac, Source::Asked)),
        Err(source) => resolved.troubles.push(Trouble::Asking { ip, source }),
    }
    Ok(())
}

/// Asks a router what it is connected to and whose MAC it has for the address.
fn ask_router(resolved: &mut Resolved, known: &mut KnownRouter<'_>) {
    let ip = resolved.claims.ip();
    let name = known.name.to_owned();
    let answer = router::read(known.snmp).and_then(|router| {
        let macs = arp::resolve(known.snmp, &router, ip)?;
        Ok((router, macs))
    });
    match answer {
        Ok((router, macs)) => {
            for mac in macs {
                resolved.claims.add(mac, Source::Router(name.clone()));
            }
            resolved.routers.push((name, router));
        }
        Err(source) => resolved.troubles.push(Trouble::Router { name, source }),
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::clock::LiveClock;
    use crate::snmp::fake::FakeAgent;
    use crate::snmp::{Oid, Value, VarBind};

    /// A documentation address (RFC 5737). Even where a machine's link has it nothing is sent, as the tests are passive.
    const SUSPECT: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 57);
    const A: Mac = Mac([4, 0xd4, 0xc4, 0x12, 0x34, 0x56]);
    const B: Mac = Mac([2, 0, 0, 0, 0, 1]);

    /// A router in the suspect's subnet that has `mac` for it.
    fn gateway(mac: Option<Mac>) -> FakeAgent {
        let agent = FakeAgent::default()
            .with("1.3.6.1.2.1.4.20.1.2.203.0.113.1", 2)
            .with(
                "1.3.6.1.2.1.4.20.1.3.203.0.113.1",
                Value::IpAddress("255.255.255.0".parse().unwrap()),
            );
        match mac {
            Some(mac) => agent.with(
                &format!("1.3.6.1.2.1.4.22.1.2.2.{SUSPECT}"),
                Value::Octets(mac.0.to_vec()),
            ),
            None => agent,
        }
    }

    struct Silent;

    impl Silent {
        fn lost<T>() -> Result<T, SnmpError> {
            Err(SnmpError::Lost {
                agent: "silent".to_owned(),
                attempts: 1,
                seconds: 1.0,
            })
        }
    }

    impl Snmp for Silent {
        fn agent(&self) -> &str {
            "silent"
        }
        fn get(&mut self, _: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
            Silent::lost()
        }
        fn walk(&mut self, _: &Oid) -> Result<Vec<VarBind>, SnmpError> {
            Silent::lost()
        }
        fn set(&mut self, _: &[VarBind]) -> Result<(), SnmpError> {
            Silent::lost()
        }
    }

    fn ask(routers: &mut [(&str, &mut dyn Snmp)]) -> Result<Resolved, SuspectError> {
        let mut known: Vec<KnownRouter<'_>> = routers
            .iter_mut()
            .map(|(name, snmp)| KnownRouter { name, snmp: *snmp })
            .collect();
        resolve(SUSPECT.into(), &mut known, true, &LiveClock::start())
    }

    #[test]
    fn a_router_that_does_not_answer_does_not_hide_one_that_knows() {
        let (mut silent, mut gw) = (Silent, gateway(Some(A)));
        let resolved = ask(&mut [("core", &mut silent), ("gw", &mut gw)]).unwrap();
        assert_eq!(
            resolved.claims.to_string(),
            format!("{SUSPECT} is {A} (router gw)")
        );
        let names: Vec<&str> = resolved
            .routers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["gw"]);
        let troubles: Vec<String> = resolved.troubles.iter().map(Trouble::to_string).collect();
        assert_eq!(troubles, ["cannot read the ARP table of router core"]);
    }

    #[test]
    fn routers_that_disagree_leave_the_choice_to_a_person() {
        let (mut one, mut other) = (gateway(Some(A)), gateway(Some(B)));
        let resolved = ask(&mut [("gw1", &mut one), ("gw2", &mut other)]).unwrap();
        assert_eq!(
            resolved.claims.resolution(),
            Resolution::Several(vec![B, A])
        );
    }

    #[test]
    fn an_address_that_nobody_knows_is_an_error_that_names_who_was_asked() {
        let mut gw = gateway(None);
        let Err(SuspectError::Unknown {
            routers,
            has_router,
            ..
        }) = ask(&mut [("gw", &mut gw)])
        else {
            panic!("nobody knows the address");
        };
        let names: Vec<String> = routers.into_iter().map(|(name, _)| name).collect();
        assert_eq!((names, has_router), (vec!["gw".to_owned()], true));
        let Err(SuspectError::Unknown { has_router, .. }) = ask(&mut []) else {
            panic!("nobody was asked");
        };
        assert!(!has_router);
    }
}
