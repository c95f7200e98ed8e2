//! What a machine is likely to be, by what it says and by whose MAC it has. Pure, and a guess: each comes with its reason.
//!
//! A sign counts only where machines of one kind give it and hardly any other do. Signs of different kinds are weighed: a
//! print service that a computer shares makes no printer of it.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Serialize, Serializer};

use super::hypervisor::hypervisor;
use super::netbios::{NetbiosNames, Registered};
use super::oui::Vendor;
use crate::mac::Mac;

/// What a machine is likely to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A wireless access point.
    AccessPoint,
    /// A camera of a building, or the recorder of such cameras.
    Camera,
    /// A computer that somebody works at, or a small server: nothing tells them apart.
    Computer,
    /// A domain controller of Windows or Samba.
    DomainController,
    /// A television, a loudspeaker, or what plays on one.
    MediaPlayer,
    /// A phone in the pocket, or a tablet.
    MobileDevice,
    /// A switch, a router, a firewall.
    NetworkDevice,
    /// A phone on the desk.
    Phone,
    /// A printer.
    Printer,
    /// A machine that serves others.
    Server,
    /// A virtual machine.
    VirtualMachine,
}

/// A kind and what speaks for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Guess {
    /// The likeliest kind.
    pub name: Kind,
    /// Why, and what speaks for other kinds.
    pub because: String,
}

/// How much a sign says. The last one says most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// Other kinds do it as well, less often.
    Weak,
    /// Hardly any other kind does it.
    Good,
    /// By its purpose only this kind does it.
    Strong,
    /// The address itself says it.
    Certain,
}

use Kind::{
    AccessPoint, Camera, Computer, DomainController, MediaPlayer, MobileDevice, NetworkDevice,
    Phone, Printer, Server, VirtualMachine,
};
use Weight::{Certain, Good, Strong, Weak};

/// Service types of DNS-SD (RFC 6763 §7) that machines of one kind announce.
///
/// CUPS announces what a computer shares by the types of IPP and LPD, but no raw port; Macs take AirPlay streams; a disk in
/// the network has file services as computers do.
const SERVICES: &[(&str, Kind, Weight)] = &[
    ("_airport._tcp", AccessPoint, Strong),
    ("_axis-video._tcp", Camera, Strong),
    ("_psia._tcp", Camera, Strong),
    ("_workstation._tcp", Computer, Strong),
    ("_rfb._tcp", Computer, Good),
    ("_rdp._tcp", Computer, Good),
    ("_ssh._tcp", Computer, Weak),
    ("_smb._tcp", Computer, Weak),
    ("_afpovertcp._tcp", Computer, Weak),
    ("_googlecast._tcp", MediaPlayer, Strong),
    ("_androidtvremote2._tcp", MediaPlayer, Strong),
    ("_amzn-wplay._tcp", MediaPlayer, Strong),
    ("_sonos._tcp", MediaPlayer, Strong),
    ("_spotify-connect._tcp", MediaPlayer, Good),
    ("_airplay._tcp", MediaPlayer, Weak),
    ("_raop._tcp", MediaPlayer, Weak),
    ("_apple-mobdev2._tcp", MobileDevice, Strong),
    ("_pdl-datastream._tcp", Printer, Strong),
    ("_ipp._tcp", Printer, Good),
    ("_ipps._tcp", Printer, Good),
    ("_printer._tcp", Printer, Good),
    ("_home-assistant._tcp", Server, Strong),
    ("_nfs._tcp", Server, Weak),
];

/// Makers that put their prefixes on one kind of thing, by their names in the IEEE's registry.
const MAKERS: &[(&str, Kind)] = &[
    ("Arista Networks", NetworkDevice),
    ("Arista Networks, Inc.", NetworkDevice),
    ("Axis Communications AB", Camera),
    ("Hangzhou Hikvision Digital Technology Co.,Ltd.", Camera),
    ("Juniper Networks", NetworkDevice),
    ("LEXMARK INTERNATIONAL, INC.", Printer),
    ("Mobotix AG", Camera),
    ("Raspberry Pi (Trading) Ltd", Computer),
    ("Raspberry Pi Foundation", Computer),
    ("Raspberry Pi Trading Ltd", Computer),
    ("Roku, Inc", MediaPlayer),
    ("Roku, Inc.", MediaPlayer),
    ("Routerboard.com", NetworkDevice),
    ("Sonos, Inc.", MediaPlayer),
    ("Vivotek, Inc.", Camera),
    ("XIAMEN YEALINK NETWORK TECHNOLOGY CO.,LTD", Phone),
    ("YEALINK(XIAMEN) NETWORK TECHNOLOGY CO.,LTD.", Phone),
    ("Zhejiang Dahua Technology Co., Ltd.", Camera),
    ("snom technology GmbH", Phone),
];

/// A kind, how much speaks for it, and what.
type Sign = (Kind, Weight, String);

/// Guesses what a machine is; `None` where nothing speaks for a kind.
pub(super) fn guess(
    mac: Option<Mac>,
    netbios: Option<&NetbiosNames>,
    services: &BTreeSet<String>,
) -> Option<Guess> {
    let mut signs: Vec<Sign> = mac.iter().filter_map(|mac| by_mac(*mac)).collect();
    signs.extend(netbios.into_iter().flat_map(by_netbios));
    signs.extend(by_services(services));
    // Of equally strong signs the first counts: the address, then NetBIOS, then what is announced.
    signs.sort_by_key(|(_, weight, _)| std::cmp::Reverse(*weight));
    let (name, _, mut because) = signs.first().cloned()?;
    let mut told = vec![name];
    for (kind, _, why) in signs {
        if !told.iter().any(|known| known.includes(kind)) {
            let link = if told.len() == 1 {
                "; other signs are of"
            } else {
                ", and of"
            };
            because = format!("{because}{link} {}: {why}", kind.with_article());
            told.push(kind);
        }
    }
    Some(Guess { name, because })
}

fn by_mac(mac: Mac) -> Option<Sign> {
    if let Some(maker) = hypervisor(mac) {
        let why = format!("its MAC is one that {maker} gives");
        return Some((VirtualMachine, Certain, why));
    }
    let vendor = Vendor::of(mac).name()?;
    let (_, kind) = MAKERS.iter().find(|(maker, _)| *maker == vendor)?;
    let why = format!(
        "its MAC is of {vendor}, which makes hardly anything but {}",
        kind.plural()
    );
    Some((*kind, Good, why))
}

/// Suffixes as Microsoft lists them (KB 163409).
fn by_netbios(names: &NetbiosNames) -> Vec<Sign> {
    let registered = names.registered.iter().map(|registered| {
        let (kind, weight, why) = match registered {
            Registered::DomainControllers => (
                DomainController,
                Strong,
                "it is in the NetBIOS group of a domain's controllers <1C>",
            ),
            // Samba takes the part in a workgroup, too, if it is told to.
            Registered::DomainMaster => (
                DomainController,
                Good,
                "it is the NetBIOS domain master browser <1B>, as a primary domain controller is",
            ),
            Registered::MasterBrowser => (
                Computer,
                Weak,
                "it keeps the list of the NetBIOS machines around <1D>",
            ),
            Registered::FileServer => (Computer, Weak, "it shares files by NetBIOS <20>"),
        };
        (kind, weight, why.to_owned())
    });
    let user = names.user.is_some();
    let user = user.then(|| (Computer, Good, "a user is logged on to it".to_owned()));
    registered.chain(user).collect()
}

fn by_services(services: &BTreeSet<String>) -> impl Iterator<Item = Sign> {
    SERVICES
        .iter()
        .filter(|(service, _, _)| services.contains(*service))
        .map(|(service, kind, weight)| (*kind, *weight, format!("it announces {service}")))
}

impl Kind {
    /// Returns the name in the report.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            AccessPoint => "access point",
            Camera => "camera",
            Computer => "computer",
            DomainController => "domain controller",
            MediaPlayer => "media player",
            MobileDevice => "mobile device",
            NetworkDevice => "network device",
            Phone => "phone",
            Printer => "printer",
            Server => "server",
            VirtualMachine => "virtual machine",
        }
    }

    /// Tells whether whatever is of this kind is of the other as well, so that signs of both contradict nothing.
    fn includes(self, other: Kind) -> bool {
        self == other
            || match self {
                DomainController => matches!(other, Computer | Server),
                Server | VirtualMachine => other == Computer,
                AccessPoint | Camera | Computer | MediaPlayer | MobileDevice | NetworkDevice
                | Phone | Printer => false,
            }
    }

    fn with_article(self) -> String {
        let article = if self == AccessPoint { "an" } else { "a" };
        format!("{article} {}", self.name())
    }

    fn plural(self) -> String {
        format!("{}s", self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl fmt::Display for Guess {
    /// Writes `a printer: it announces _ipp._tcp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name.with_article(), self.because)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn announces(services: &[&str]) -> BTreeSet<String> {
        services
            .iter()
            .map(|service| (*service).to_owned())
            .collect()
    }

    fn of_mac(mac: &str) -> Option<Kind> {
        let mac = mac.parse().unwrap();
        guess(Some(mac), None, &BTreeSet::new()).map(|guess| guess.name)
    }

    fn of_names(registered: &[Registered], user: Option<&str>) -> Option<Guess> {
        let names = NetbiosNames {
            registered: registered.iter().copied().collect(),
            user: user.map(str::to_owned),
            ..NetbiosNames::default()
        };
        guess(None, Some(&names), &BTreeSet::new())
    }

    #[test]
    fn a_guess_is_written_with_its_reason() {
        let guess = guess(None, None, &announces(&["_airport._tcp"])).unwrap();
        let written = serde_json::to_value(&guess).unwrap();
        let expected = serde_json::json!({
            "name": "access point",
            "because": "it announces _airport._tcp",
        });
        assert_eq!(written, expected);
        assert_eq!(
            guess.to_string(),
            "an access point: it announces _airport._tcp"
        );
    }

    #[test]
    fn every_service_tells_its_kind_by_itself() {
        for (service, kind, _) in SERVICES {
            let guess = guess(None, None, &announces(&[service])).unwrap();
            assert_eq!(guess.name, *kind, "{service}");
            assert_eq!(guess.because, format!("it announces {service}"));
        }
        assert_eq!(guess(None, None, &announces(&["_http._tcp"])), None);
    }

    #[test]
    fn a_maker_of_one_kind_of_thing_tells_it_and_others_do_not() {
        for (mac, kind) in [
            ("00:40:8c:00:00:01", Some(Camera)),         // Axis
            ("00:15:65:00:00:01", Some(Phone)),          // Yealink
            ("00:04:13:00:00:01", Some(Phone)),          // snom
            ("b8:27:eb:00:00:01", Some(Computer)),       // Raspberry Pi
            ("00:0e:58:00:00:01", Some(MediaPlayer)),    // Sonos
            ("00:1c:73:00:00:01", Some(NetworkDevice)),  // Arista
            ("52:54:00:00:00:01", Some(VirtualMachine)), // QEMU
            ("24:a4:3c:00:00:01", None),                 // Ubiquiti
            ("04:d4:c4:00:00:01", None),                 // ASUS
            ("02:00:00:00:00:01", None),
        ] {
            assert_eq!(of_mac(mac), kind, "{mac}");
        }
    }

    #[test]
    fn the_suffixes_of_netbios_tell_a_domain_controller_from_a_computer() {
        for (registered, kind) in [
            (Registered::DomainControllers, DomainController),
            (Registered::DomainMaster, DomainController),
            (Registered::MasterBrowser, Computer),
            (Registered::FileServer, Computer),
        ] {
            let guess = of_names(&[registered], None).unwrap();
            assert_eq!(guess.name, kind, "{registered:?}");
        }
        assert_eq!(of_names(&[], Some("ANNA")).unwrap().name, Computer);
        assert_eq!(of_names(&[], None), None);
        let all = [Registered::DomainControllers, Registered::FileServer];
        let controller = of_names(&all, Some("ANNA")).unwrap();
        assert_eq!(controller.name, DomainController);
        assert!(
            !controller.because.contains("other signs"),
            "a domain controller is a computer, too: {controller}"
        );
    }

    #[test]
    fn the_strongest_of_contradicting_signs_is_named_and_the_others_are_said() {
        let shared = announces(&["_ipp._tcp", "_workstation._tcp", "_ssh._tcp"]);
        assert_eq!(
            guess(None, None, &shared).unwrap().to_string(),
            "a computer: it announces _workstation._tcp; other signs are of a printer: it announces _ipp._tcp"
        );
        let names = NetbiosNames {
            registered: [Registered::FileServer].into(),
            ..NetbiosNames::default()
        };
        let laser = guess(None, Some(&names), &announces(&["_pdl-datastream._tcp"])).unwrap();
        assert_eq!(laser.name, Printer);
        assert!(
            laser.because.contains("a computer: it shares files"),
            "{}",
            laser.because
        );
        let virtual_controller = NetbiosNames {
            registered: [Registered::DomainControllers].into(),
            ..NetbiosNames::default()
        };
        let mac = Some(Mac([0x52, 0x54, 0, 1, 2, 3]));
        let guess = guess(mac, Some(&virtual_controller), &announces(&["_nfs._tcp"])).unwrap();
        assert_eq!(
            guess.to_string(),
            "a virtual machine: its MAC is one that QEMU/KVM gives; other signs are of a domain controller: it is in the \
             NetBIOS group of a domain's controllers <1C>"
        );
    }
}
