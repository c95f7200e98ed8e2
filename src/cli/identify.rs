//! `halfspan identify`: who is behind an address.

use std::net::IpAddr;
use std::str::FromStr;

use clap::Args;

use super::Context;
use crate::clock::LiveClock;
use crate::error::{Exit, Failure};
use crate::identify::{self, Options, Vendor};
use crate::locate::{self, Found};
use crate::mac::Mac;
use crate::report::{self, IdentityDocument};

/// Tell who is behind an address: MAC, vendor, NetBIOS, mDNS and DNS names, likely kind
#[derive(Debug, Args)]
pub(super) struct IdentifyArgs {
    /// An IP address or a MAC
    address: Address,
    /// Send nothing to the machine itself
    #[arg(long)]
    passive: bool,
}

#[derive(Clone, Copy, Debug)]
enum Address {
    Ip(IpAddr),
    Mac(Mac),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mac = text.parse().map(Address::Mac);
        let ip = text.parse().map(Address::Ip);
        mac.or(ip)
            .map_err(|_| format!("`{text}` is neither an IP address nor a MAC"))
    }
}

pub(super) fn run(args: &IdentifyArgs, context: &Context) -> Result<Exit, Failure> {
    let config = context.optional_config()?;
    let (ip, found) = match args.address {
        Address::Mac(mac) => (
            None,
            Found {
                mac: Some(mac),
                notes: Vec::new(),
            },
        ),
        Address::Ip(ip) => (
            Some(ip),
            locate::mac_of(config.as_ref(), ip, args.passive, LiveClock::start())?,
        ),
    };
    let netbios_port = config.map_or(Options::default().netbios_port, |config| {
        config.netbios_port
    });
    let options = Options {
        netbios_port,
        passive: args.passive,
        ..Options::default()
    };
    let identity = identify::identify(ip, found.mac, &options);
    let document = IdentityDocument {
        schema: "halfspan.identify/1",
        ip,
        mac: found.mac,
        vendor: identity.vendor.map(|vendor| vendor.to_string()),
        kind: identity.kind(found.mac),
        registry: Vendor::registry_date(),
        names: locate::names(&identity),
        warnings: found.notes.into_iter().chain(identity.warning()).collect(),
    };
    context.result(&report::identity(&document), &document)?;
    let nothing = document.mac.is_none() && document.names.is_empty();
    Ok(if nothing { Exit::NoAnswer } else { Exit::Done })
}
