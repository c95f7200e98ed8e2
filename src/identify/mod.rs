//! Who is behind a MAC or IP address: vendor, names by NetBIOS, multicast DNS and reverse DNS,
//! and what kind of machine it is likely to be.
//!
//! Everything here comes from the machine itself or from tables that somebody keeps: good for recognising a
//! machine, no proof of anything. Where a machine is, frames say.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::time::Duration;

use crate::clock::{Clock, LiveClock};
use crate::mac::Mac;

mod hypervisor;
mod kind;
mod mdns;
mod netbios;
mod oui;
mod rdns;
mod text;

pub use hypervisor::hypervisor;
pub use kind::{Guess, Kind};
pub use netbios::{NetbiosError, NetbiosNames, Registered};
pub use oui::{Registry, RegistryRow, Vendor};

/// How to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The UDP port of the NetBIOS name service: 137, except in a lab.
    pub netbios_port: u16,
    /// Send nothing to the machine itself; its name server is asked all the same.
    pub passive: bool,
    /// How long to wait for all answers together.
    pub time_limit: Duration,
}

impl Default for Options {
    /// Asks for up to two seconds: three NetBIOS requests, or a name server and its substitute.
    fn default() -> Options {
        Options {
            netbios_port: 137,
            passive: false,
            time_limit: Duration::from_secs(2),
        }
    }
}

/// What is known of a machine.
#[derive(Debug)]
pub struct Identity {
    /// Whom the MAC belongs to; `None` without a MAC.
    pub vendor: Option<Vendor>,
    /// What the machine calls itself; `None` where it was not asked.
    pub netbios: Option<Result<NetbiosNames, NetbiosError>>,
    /// What the machine calls itself by multicast DNS.
    pub mdns: Option<String>,
    /// The types of service that it announces by multicast DNS, as `_ipp._tcp`.
    pub services: BTreeSet<String>,
    /// What the name server calls the address.
    pub dns: Option<String>,
    /// The MAC that the NetBIOS answer claims, where it differs from the one on the wire.
    pub claimed_mac: Option<Mac>,
}

impl Identity {
    /// Returns what the machine calls itself, if it answered.
    #[must_use]
    pub fn netbios_names(&self) -> Option<&NetbiosNames> {
        self.netbios.as_ref()?.as_ref().ok()
    }

    /// Guesses what kind of machine it is. `mac` is the machine's, if it is known to be its own.
    #[must_use]
    pub fn kind(&self, mac: Option<Mac>) -> Option<Guess> {
        kind::guess(mac, self.netbios_names(), &self.services)
    }

    /// Returns a sentence about what does not fit together.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let claimed = self.claimed_mac?;
        Some(format!(
            "its NetBIOS answer claims the MAC {claimed}, which is not the one on the wire: another network \
             card of the same machine, a router in between, or a forged address"
        ))
    }
}

/// How long a name by multicast DNS is waited for when the answer by NetBIOS is there.
const MDNS_PATIENCE: Duration = Duration::from_millis(300);

/// Asks everybody at the same time who is behind an address.
#[must_use]
pub fn identify(ip: Option<IpAddr>, mac: Option<Mac>, options: &Options) -> Identity {
    let clock = LiveClock::start();
    let until = clock.now() + options.time_limit;
    let dns = ip.and_then(rdns::ask);
    let asked = ip.filter(|_| !options.passive);
    let mdns = asked.and_then(|ip| mdns::ask((ip, mdns::PORT).into()).ok());
    let netbios = asked.map(|ip| netbios::ask((ip, options.netbios_port).into(), until, &clock));
    let claimed = netbios
        .as_ref()
        .and_then(|answer| answer.as_ref().ok()?.mac);
    let announced = mdns.map(|question| {
        // A machine that has answered by NetBIOS is awake: the other answers come as fast, or not at all.
        let until = until.min(clock.now() + MDNS_PATIENCE);
        question.answer_until(until, &clock)
    });
    let announced = announced.unwrap_or_default();
    Identity {
        vendor: mac.map(Vendor::of),
        mdns: announced.name,
        services: announced.services,
        dns: dns.and_then(|question| question.answer_within(until.since(clock.now()))),
        claimed_mac: claimed.filter(|claimed| mac.is_some_and(|mac| mac != *claimed)),
        netbios,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASUS: Mac = Mac([4, 0xd4, 0xc4, 0x12, 0x34, 0x56]);

    #[test]
    fn without_an_address_the_vendor_is_still_told() {
        let identity = identify(None, Some(ASUS), &Options::default());
        assert_eq!(
            identity.vendor,
            Some(Vendor::Registered("ASUSTek COMPUTER INC."))
        );
        assert!(identity.netbios.is_none() && identity.dns.is_none());
        assert_eq!(identity.warning(), None);
    }

    #[test]
    fn a_passive_run_asks_nothing_of_the_machine() {
        let witness = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        witness.set_nonblocking(true).unwrap();
        let address = witness.local_addr().unwrap();
        let mut options = Options {
            netbios_port: address.port(),
            passive: true,
            time_limit: Duration::from_millis(200),
        };
        let quiet = identify(Some(address.ip()), None, &options);
        assert!(quiet.netbios.is_none());
        assert!(witness.recv(&mut [0; 100]).is_err());
        options.passive = false;
        let loud = identify(Some(address.ip()), None, &options);
        assert!(matches!(loud.netbios, Some(Err(_))));
        assert!(witness.recv(&mut [0; 100]).is_ok());
    }

    #[test]
    fn a_claimed_mac_that_differs_is_warned_of() {
        let identity = Identity {
            vendor: None,
            netbios: None,
            mdns: None,
            services: BTreeSet::new(),
            dns: None,
            claimed_mac: Some(ASUS),
        };
        assert!(identity.warning().unwrap().contains("04:d4:c4:12:34:56"));
    }
}
