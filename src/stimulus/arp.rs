//! ARP probes by the interface that listens, whose answers go to a third machine.

use std::io;
use std::net::Ipv4Addr;

use super::Door;
use crate::mac::Mac;
use crate::sniff::Injector;
use crate::wire::{
    arp::Arp,
    ethernet::{self, EtherType},
};

/// An ARP request for the suspect's address without a sender's address.
///
/// RFC 826 sends the answer to the sender's hardware address *in the packet*, which is that of a third machine, while
/// the frame itself comes from our own MAC: the switch learns nothing that is not so. RFC 5227 has hosts answer probes
/// and learn nothing from them. The third machine receives an answer that it did not ask for and that is true.
pub struct ArpProbe {
    injector: Injector,
    suspect: Ipv4Addr,
    third: Mac,
    frame: Vec<u8>,
}

impl ArpProbe {
    /// Probes for `suspect` by `injector`; the answers go to `third`, which the switch should have learned.
    #[must_use]
    pub fn new(injector: Injector, suspect: Ipv4Addr, target: Option<Mac>, third: Mac) -> ArpProbe {
        let probe = Arp::request(third, Ipv4Addr::UNSPECIFIED, suspect);
        // To the suspect alone where its MAC is known: nobody else is bothered.
        let target = target.unwrap_or(Mac::BROADCAST);
        let frame = ethernet::build(target, injector.mac(), &[], EtherType::ARP, &probe.build());
        ArpProbe {
            injector,
            suspect,
            third,
            frame,
        }
    }
}

impl Door for ArpProbe {
    fn describe(&self) -> String {
        format!(
            "ARP probes for {} by {}, answered to {}",
            self.suspect,
            self.injector.interface(),
            self.third
        )
    }

    fn knock(&mut self) -> io::Result<()> {
        self.injector.send(&self.frame).map_err(io::Error::other)
    }

    fn answers(&mut self) -> u32 {
        0
    }
}
