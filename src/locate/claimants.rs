//! Who answers to an address on the wire: every machine, where the kernel's neighbour table holds one of them.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::ControlFlow;
use std::time::Duration;

use super::switches;
use super::task::Task;
use crate::clock::{Clock, LiveClock};
use crate::config::Config;
use crate::mac::Mac;
use crate::sniff::{self, Injector, Own, SniffError, Source, Suspect};
use crate::suspect;
use crate::wire::arp::Arp;
use crate::wire::ethernet::{self, EtherType};

/// How long answers are waited for: on one network they take a millisecond or two, from a machine that sleeps some more.
const PATIENCE: Duration = Duration::from_millis(250);

/// Asks for `ip` by ARP on every interface that will listen, if the address is on the link there, and returns all that
/// answer. Empty in a passive run and without the right to capture, which the run itself will tell.
pub(super) fn on_the_wire(
    config: &Config,
    task: &Task,
    ip: IpAddr,
    clock: LiveClock,
) -> BTreeSet<Mac> {
    let IpAddr::V4(wanted) = ip else {
        return BTreeSet::new();
    };
    if task.passive {
        return BTreeSet::new();
    }
    let interfaces = interfaces(config, task);
    let near = interfaces
        .iter()
        .filter(|name| suspect::is_on_link(name, ip));
    near.flat_map(|name| ask(name, wanted, clock).unwrap_or_default())
        .collect()
}

/// The interfaces on which copies will be heard.
fn interfaces(config: &Config, task: &Task) -> BTreeSet<String> {
    let chosen = switches::chosen(config, &task.switches).unwrap_or_default();
    let heard_on = chosen
        .into_iter()
        .map(|switch| task.interface.as_ref().unwrap_or(&switch.sniff));
    heard_on
        .filter_map(|text| match text.parse() {
            Ok(Source::Interface(name)) => Some(name),
            Ok(Source::Tzsp(_) | Source::File(_)) | Err(_) => None,
        })
        .collect()
}

/// Sends one ARP probe, which no cache learns from (RFC 5227), and listens for the answers to it.
fn ask(interface: &str, ip: Ipv4Addr, clock: LiveClock) -> Result<BTreeSet<Mac>, SniffError> {
    let source = Source::Interface(interface.to_owned());
    let answers = Suspect::Filter(format!("arp src host {ip}"));
    let mut sniffer = sniff::open(&source, &answers, clock, Own::of_this_machine())?;
    let mut injector = Injector::open(interface)?;
    let own = injector.mac();
    let probe = Arp::request(own, Ipv4Addr::UNSPECIFIED, ip).build();
    let frame = ethernet::build(Mac::BROADCAST, own, &[], EtherType::ARP, &probe);
    injector.send(&frame)?;
    let mut macs = BTreeSet::new();
    sniffer.listen(clock.now() + PATIENCE, &mut |sighting| {
        macs.extend(sighting.src);
        ControlFlow::Continue(())
    })?;
    Ok(macs)
}
