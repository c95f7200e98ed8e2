//! Whether a suspect is behind a router: its packets then come in frames of the router, from the router's port. Pure.
//!
//! No sign is enough by itself: a router's MAC is on the frames of the router itself, too. What is not known is said.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::mac::Mac;
use crate::suspect::Surroundings;
use crate::tables::neighbours::Neighbour;
use crate::tables::router::Router;
use crate::tables::standby::Standby;

/// What is known of the routers around.
#[derive(Debug, Default)]
pub(super) struct Routers {
    /// Those of the configuration that answered, by name.
    pub(super) configured: Vec<(String, Router)>,
    /// This machine's gateways and subnets.
    pub(super) around: Surroundings,
}

/// Whose frames were heard at the port.
#[derive(Debug)]
pub(super) struct Heard<'a> {
    /// The suspect's addresses.
    pub(super) ips: &'a BTreeSet<IpAddr>,
    /// Whether packets from one of them were heard there; else only a claim binds address and MAC.
    pub(super) packets: bool,
    /// The sources of the suspect's frames there.
    pub(super) macs: &'a BTreeSet<Mac>,
    /// Who announces itself there.
    pub(super) announced: Option<&'a Neighbour>,
}

/// What follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing speaks for a router, or the suspect is one.
    Direct,
    /// It is a router or behind one; which of the two is not known.
    Unclear(String),
    /// It is behind a router: which one, and why.
    Beyond(String),
}

/// Whose MAC it is, the one that is known best first.
#[derive(Clone, Copy, Debug)]
enum Owner<'a> {
    Configured(&'a str, &'a Router),
    Announced(&'a str),
    Gateway(IpAddr),
    Standby(Standby),
}

impl Routers {
    /// Judges what was heard at the suspect's port.
    #[must_use]
    pub(super) fn judge(&self, heard: &Heard<'_>) -> Finding {
        let strangers = heard.ips.iter().filter(|ip| !self.is_a_routers(**ip));
        let Some(&ip) = strangers.clone().next() else {
            return Finding::Direct;
        };
        // A frame with another MAC than a router's comes from the suspect itself, whatever came by a router as well.
        let owners = heard.macs.iter();
        let owners: Option<Vec<_>> = owners
            .map(|mac| Some((*mac, self.owner(*mac, heard.announced)?)))
            .collect();
        let Some(&(mac, owner)) = owners.as_deref().and_then(<[_]>::first) else {
            return Finding::Direct;
        };
        let sign = sign(heard.packets, mac, owner);
        if let Owner::Configured(name, router) = owner
            && router.has_address(ip) == Some(false)
        {
            let which = if heard.ips.len() == 1 {
                format!("{ip}")
            } else {
                format!("{ip}, one of those that they come from,")
            };
            let what = format!("router {name}: {sign}, and {which} is none of its own addresses");
            return Finding::Beyond(what + &also(owner, heard.announced));
        }
        let who = owner.in_words();
        // What announces itself is often looked for itself, by the address that it is managed at.
        let announced = matches!(owner, Owner::Announced(_));
        if announced || strangers.clone().any(|ip| self.is_near(*ip)) {
            return Finding::Unclear(format!(
                "{sign}: whether {ip} is an address of {who}, or a machine behind it, is not known"
            ));
        }
        let what =
            format!("{who}: {sign}; whether {ip} is an address of that router itself is not known");
        Finding::Beyond(what + &also(owner, heard.announced))
    }

    fn owner<'a>(&'a self, mac: Mac, announced: Option<&'a Neighbour>) -> Option<Owner<'a>> {
        let mut configured = self.configured.iter();
        let mut gateways = self.around.gateways.iter();
        configured
            .find(|(_, router)| router.macs.contains(&mac))
            .map(|(name, router)| Owner::Configured(name, router))
            .or_else(|| {
                let router = announced.filter(|one| one.does.router && one.mac == Some(mac))?;
                Some(Owner::Announced(&router.name))
            })
            .or_else(|| {
                let (ip, _) = gateways.find(|(_, gateway)| *gateway == mac)?;
                Some(Owner::Gateway(*ip))
            })
            .or_else(|| Standby::of(mac).map(Owner::Standby))
    }

    fn is_a_routers(&self, ip: IpAddr) -> bool {
        let mut configured = self.configured.iter();
        let mut gateways = self.around.gateways.iter();
        configured.any(|(_, router)| router.has_address(ip) == Some(true))
            || gateways.any(|(gateway, _)| *gateway == ip)
    }

    /// Tells whether the address is of a subnet around here, where routers have their addresses and answer for others.
    fn is_near(&self, ip: IpAddr) -> bool {
        let mut configured = self.configured.iter();
        self.around.is_near(ip) || configured.any(|(_, router)| router.is_connected_to(ip))
    }
}

impl Owner<'_> {
    fn in_words(self) -> String {
        match self {
            Owner::Configured(name, _) => format!("router {name}"),
            Owner::Announced("") => "the router that announces itself there".to_owned(),
            Owner::Announced(name) => {
                format!("{name}, the router that announces itself there")
            }
            Owner::Gateway(ip) => format!("this machine's default gateway {ip}"),
            Owner::Standby(group) => format!("the routers of {group}"),
        }
    }
}

/// Says what binds the suspect to a router.
fn sign(packets: bool, mac: Mac, owner: Owner<'_>) -> String {
    let whose = match owner {
        Owner::Configured(..) => "a MAC of that router",
        Owner::Announced(_) => "the MAC of that announcement",
        Owner::Gateway(_) => "that gateway's MAC",
        Owner::Standby(_) => "a MAC that routers share",
    };
    if packets {
        format!("its packets come in frames from {mac}, {whose}")
    } else {
        format!("its MAC is said to be {mac}, {whose}")
    }
}

/// Says that the neighbour at the port bears it out.
fn also(owner: Owner<'_>, announced: Option<&Neighbour>) -> String {
    let router = announced.filter(|one| one.does.router && !one.name.is_empty());
    match (owner, router) {
        (Owner::Announced(_), _) | (_, None) => String::new(),
        (_, Some(one)) => format!("; {} announces itself there as a router", one.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::PortId;
    use crate::tables::neighbours::Capabilities;
    use crate::tables::router::Subnet;

    const ROUTER: Mac = Mac([0x00, 0x1d, 0xaa, 0, 0, 1]);
    const GATEWAY: Mac = Mac([0x00, 0x1d, 0xaa, 0, 0, 2]);
    const VRRP: Mac = Mac([0x00, 0x00, 0x5e, 0x00, 0x01, 10]);
    const MACHINE: Mac = Mac([0x04, 0xd4, 0xc4, 0, 0, 7]);

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    /// A router in 10.0.0.0/24 and 10.0.9.0/24, another one as this machine's gateway in 10.0.5.0/24.
    fn routers() -> Routers {
        let subnet = |address: &str| Subnet {
            address: ip(address),
            prefix: 24,
            interface: 1,
        };
        let gw = Router {
            macs: [ROUTER].into(),
            addresses: [ip("10.0.0.1"), ip("10.0.9.1")].into(),
            subnets: [subnet("10.0.0.1"), subnet("10.0.9.1")].into(),
        };
        Routers {
            configured: vec![("gw".to_owned(), gw)],
            around: Surroundings {
                gateways: vec![(ip("10.0.5.1"), GATEWAY)],
                subnets: vec![(ip("10.0.5.20"), 24)],
            },
        }
    }

    fn judged(
        routers: &Routers,
        address: &str,
        macs: &[Mac],
        announced: Option<&Neighbour>,
    ) -> Finding {
        routers.judge(&Heard {
            ips: &[ip(address)].into(),
            packets: true,
            macs: &macs.iter().copied().collect(),
            announced,
        })
    }

    fn beyond(finding: Finding) -> String {
        match finding {
            Finding::Beyond(sentence) => sentence,
            other @ (Finding::Direct | Finding::Unclear(_)) => panic!("{other:?}"),
        }
    }

    fn announces(mac: Option<Mac>, router: bool) -> Neighbour {
        Neighbour {
            port: PortId(5),
            name: "core".to_owned(),
            mac,
            does: Capabilities {
                router,
                ..Capabilities::default()
            },
        }
    }

    #[test]
    fn packets_in_frames_of_a_configured_router_come_from_beyond_it() {
        let sentence = beyond(judged(&routers(), "192.0.2.7", &[ROUTER], None));
        assert_eq!(
            sentence,
            "router gw: its packets come in frames from 00:1d:aa:00:00:01, a MAC of that router, and 192.0.2.7 is none \
             of its own addresses"
        );
        // Also from a neighbour of that router: it answers for it (proxy ARP), or the other subnet is meant.
        beyond(judged(&routers(), "10.0.9.7", &[ROUTER], None));
    }

    #[test]
    fn an_address_that_a_router_answers_for_is_beyond_it_though_no_packet_was_heard() {
        let finding = routers().judge(&Heard {
            ips: &[ip("10.0.0.57")].into(),
            packets: false,
            macs: &[ROUTER].into(),
            announced: None,
        });
        let sentence = beyond(finding);
        assert!(
            sentence.contains("its MAC is said to be 00:1d:aa:00:00:01"),
            "{sentence}"
        );
    }

    #[test]
    fn a_router_is_not_beyond_itself() {
        for (address, mac) in [
            ("10.0.0.1", ROUTER),
            ("10.0.9.1", ROUTER),
            ("10.0.5.1", GATEWAY),
            ("10.0.5.1", VRRP),
        ] {
            let finding = judged(&routers(), address, &[mac], None);
            assert_eq!(finding, Finding::Direct, "{address}");
        }
    }

    #[test]
    fn a_machine_whose_own_frames_were_heard_as_well_is_not_beyond_a_router() {
        let both = judged(&routers(), "192.0.2.7", &[ROUTER, MACHINE], None);
        assert_eq!(both, Finding::Direct);
        let announced = announces(None, true);
        let own = judged(&routers(), "192.0.2.7", &[MACHINE], Some(&announced));
        assert_eq!(own, Finding::Direct, "it is bridged through the router");
        assert_eq!(
            judged(&routers(), "192.0.2.7", &[], None),
            Finding::Direct,
            "nothing was heard"
        );
    }

    #[test]
    fn of_a_gateway_whose_addresses_are_not_known_the_doubt_is_said() {
        let sentence = beyond(judged(&routers(), "192.0.2.7", &[GATEWAY], None));
        assert_eq!(
            sentence,
            "this machine's default gateway 10.0.5.1: its packets come in frames from 00:1d:aa:00:00:02, that gateway's \
             MAC; whether 192.0.2.7 is an address of that router itself is not known"
        );
        let near = judged(&routers(), "10.0.5.254", &[GATEWAY], None);
        assert!(matches!(&near, Finding::Unclear(why) if why.contains("default gateway 10.0.5.1")));
    }

    #[test]
    fn a_mac_that_routers_share_tells_a_router_far_away_and_nothing_nearby() {
        let sentence = beyond(judged(&routers(), "192.0.2.7", &[VRRP], None));
        assert!(
            sentence.starts_with("the routers of VRRP group 10: "),
            "{sentence}"
        );
        for near in ["10.0.5.254", "10.0.0.254"] {
            let finding = judged(&routers(), near, &[VRRP], None);
            assert!(matches!(finding, Finding::Unclear(_)), "{finding:?}");
        }
    }

    #[test]
    fn a_neighbour_that_says_it_is_a_router_may_be_the_suspect_and_bears_out_others() {
        let alone = Routers::default();
        let router = announces(Some(MACHINE), true);
        let finding = judged(&alone, "192.0.2.7", &[MACHINE], Some(&router));
        let sentence = "its packets come in frames from 04:d4:c4:00:00:07, the MAC of that announcement: whether 192.0.2.7 \
                        is an address of core, the router that announces itself there, or a machine behind it, is not known";
        assert_eq!(finding, Finding::Unclear(sentence.to_owned()));
        let switch = announces(Some(MACHINE), false);
        let finding = judged(&alone, "192.0.2.7", &[MACHINE], Some(&switch));
        assert_eq!(finding, Finding::Direct);
        let borne_out = beyond(judged(&routers(), "192.0.2.7", &[ROUTER], Some(&router)));
        assert!(
            borne_out.ends_with("; core announces itself there as a router"),
            "{borne_out}"
        );
    }

    #[test]
    fn a_router_that_does_not_tell_its_addresses_may_be_the_suspect() {
        let mut mute = routers();
        mute.configured[0].1 = Router {
            macs: [ROUTER].into(),
            ..Router::default()
        };
        let sentence = beyond(judged(&mute, "192.0.2.7", &[ROUTER], None));
        assert!(sentence.contains("is not known"), "{sentence}");
    }

    #[test]
    fn of_several_addresses_those_that_are_a_routers_own_say_nothing() {
        let finding = |ips: &[&str]| {
            routers().judge(&Heard {
                ips: &ips.iter().map(|text| ip(text)).collect(),
                packets: true,
                macs: &[ROUTER].into(),
                announced: None,
            })
        };
        assert_eq!(finding(&["10.0.0.1", "10.0.9.1"]), Finding::Direct);
        let sentence = beyond(finding(&["10.0.0.1", "203.0.113.9"]));
        let expected =
            "203.0.113.9, one of those that they come from, is none of its own addresses";
        assert!(sentence.contains(expected), "{sentence}");
        assert_eq!(finding(&[]), Finding::Direct, "frames without IP");
    }
}
