//! The families: what each is called, calls its ports, and how it is entered.

use serde_json::{Value as Json, json};

use super::{
    Api, FOREIGN, Ports, Reply, Web, aos_cx, arista, cumulus, fortiswitch, iosxe, junos, mikrotik,
    nxos, sonic, tplink, unifi, vyos,
};
use crate::lab::control::Control;

/// A family whose switches are told over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// HPE Aruba AOS-CX.
    AosCx,
    /// Arista EOS.
    AristaEos,
    /// Cisco IOS XE.
    CiscoIosXe,
    /// Cisco NX-OS.
    CiscoNxos,
    /// Cumulus Linux.
    Cumulus,
    /// FortiSwitchOS.
    FortiSwitch,
    /// Junos.
    Junos,
    /// RouterOS, ports with flags.
    MikrotikPorts,
    /// RouterOS, a rule with a list of ports.
    MikrotikRule,
    /// RouterOS, one source on the chip.
    MikrotikSwitch,
    /// SONiC.
    Sonic,
    /// TP-Link Easy Smart.
    TpLinkEasySmart,
    /// UniFi, a switch of a controller.
    Unifi,
    /// VyOS.
    Vyos,
}

/// How a family wants to see who asks.
#[derive(Clone, Copy, Debug)]
pub(super) enum Door {
    /// User and password with each request.
    Basic,
    /// A login, and after it a cookie.
    Login(&'static Lobby),
    /// A key in each form.
    Key,
}

/// Where and how users log in.
#[derive(Debug)]
pub(super) struct Lobby {
    /// The path that user and password are posted to, and the one that ends a session.
    pub(super) login: &'static str,
    pub(super) logout: &'static str,
    /// User and password in what is posted.
    pub(super) asks: fn(&Json) -> Option<[&str; 2]>,
    /// What is answered, beside the cookie with the token.
    pub(super) grants: fn(&str) -> Json,
    /// What is answered to a wrong password, and to a cookie that is no longer good.
    pub(super) refuses: fn(&str) -> Reply,
    pub(super) cookie: &'static str,
    /// What has to be repeated in a header.
    pub(super) csrf: Option<Csrf>,
}

/// What only a page of the switch's own could know.
#[derive(Debug)]
pub(super) struct Csrf {
    /// The cookie that it comes in; the header itself, if absent.
    pub(super) cookie: Option<&'static str>,
    pub(super) header: &'static str,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 14] = [
        Family::AosCx,
        Family::AristaEos,
        Family::CiscoIosXe,
        Family::CiscoNxos,
        Family::Cumulus,
        Family::FortiSwitch,
        Family::Junos,
        Family::MikrotikPorts,
        Family::MikrotikRule,
        Family::MikrotikSwitch,
        Family::Sonic,
        Family::TpLinkEasySmart,
        Family::Unifi,
        Family::Vyos,
    ];

    /// The name of the profile that drives it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Family::AosCx => "aos-cx",
            Family::AristaEos => "arista-eos",
            Family::CiscoIosXe => "cisco-iosxe",
            Family::CiscoNxos => "cisco-nxos",
            Family::Cumulus => "cumulus-nvue",
            Family::FortiSwitch => "fortiswitch",
            Family::Junos => "juniper-junos",
            Family::MikrotikPorts => "mikrotik-ports",
            Family::MikrotikRule => "mikrotik-rule",
            Family::MikrotikSwitch => "mikrotik-switch",
            Family::Sonic => "sonic",
            Family::TpLinkEasySmart => "tplink-easysmart",
            Family::Unifi => "ubnt-unifi",
            Family::Vyos => "vyos",
        }
    }

    /// `sysDescr` and `sysObjectID`.
    pub(in crate::lab) fn identity(self) -> (&'static str, &'static [u32]) {
        match self {
            Family::AosCx => (
                "Aruba JL668A FL.10.08.0001 AOS-CX (virtual)",
                &[1, 3, 6, 1, 4, 1, 47196, 4, 1, 1, 1, 100],
            ),
            Family::AristaEos => (
                "Arista Networks EOS version 4.28.0F running on an Arista Networks vEOS (virtual)",
                &[1, 3, 6, 1, 4, 1, 30065, 1, 2759],
            ),
            Family::CiscoIosXe => (
                "Cisco IOS Software [Cupertino], Catalyst L3 Switch Software (CAT9K_IOSXE), Version 17.9.1 (virtual)",
                &[1, 3, 6, 1, 4, 1, 9, 1, 2494],
            ),
            Family::CiscoNxos => (
                "Cisco NX-OS(tm) n9000, Software (n9000-dk9), Version 9.3(8) (virtual)",
                &[1, 3, 6, 1, 4, 1, 9, 12, 3, 1, 3, 1811],
            ),
            Family::Cumulus => ("Cumulus-Linux 5.4.0 (virtual)", &[1, 3, 6, 1, 4, 1, 40310]),
            Family::FortiSwitch => (
                "FortiSwitch-124F (virtual)",
                &[1, 3, 6, 1, 4, 1, 12356, 106, 1, 1242],
            ),
            Family::Junos => (
                "Juniper Networks, Inc. ex2300-24t Ethernet Switch, kernel JUNOS 21.4R3 (virtual)",
                &[1, 3, 6, 1, 4, 1, 2636, 1, 1, 1, 4, 132, 2],
            ),
            Family::MikrotikPorts | Family::MikrotikRule | Family::MikrotikSwitch => (
                "RouterOS CRS326-24G-2S+ (virtual)",
                &[1, 3, 6, 1, 4, 1, 14988, 1],
            ),
            Family::Sonic => (
                "SONiC Software Version: SONiC.4.1.0 - HwSku: DellEMC-S5248f (virtual)",
                &[1, 3, 6, 1, 4, 1, 8072, 3, 2, 10],
            ),
            Family::TpLinkEasySmart => ("TL-SG1016DE (virtual)", &[1, 3, 6, 1, 4, 1, 11863]),
            Family::Unifi => ("USW-24 (virtual)", &[1, 3, 6, 1, 4, 1, 4413]),
            Family::Vyos => ("VyOS 1.4.0 (virtual)", &[1, 3, 6, 1, 4, 1, 44641]),
        }
    }

    /// What the web interface calls a port.
    pub(in crate::lab) fn port_name(self, port: u32) -> String {
        match self {
            Family::AosCx => format!("1/1/{port}"),
            Family::AristaEos | Family::Sonic => format!("Ethernet{port}"),
            Family::CiscoIosXe => format!("GigabitEthernet1/0/{port}"),
            Family::CiscoNxos => format!("eth1/{port}"),
            Family::Cumulus => format!("swp{port}"),
            Family::FortiSwitch => format!("port{port}"),
            Family::Junos => format!("ge-0/0/{port}"),
            Family::MikrotikPorts | Family::MikrotikRule | Family::MikrotikSwitch => {
                format!("ether{port}")
            }
            Family::TpLinkEasySmart | Family::Unifi => port.to_string(),
            Family::Vyos => format!("eth{port}"),
        }
    }

    /// The port's `ifName`.
    pub(in crate::lab) fn if_name(self, port: u32) -> String {
        match self {
            Family::CiscoIosXe => format!("Gi1/0/{port}"),
            Family::CiscoNxos => format!("Ethernet1/{port}"),
            Family::AosCx
            | Family::AristaEos
            | Family::Cumulus
            | Family::FortiSwitch
            | Family::Junos
            | Family::MikrotikPorts
            | Family::MikrotikRule
            | Family::MikrotikSwitch
            | Family::Sonic
            | Family::TpLinkEasySmart
            | Family::Unifi
            | Family::Vyos => self.port_name(port),
        }
    }

    /// What is printed beside a port.
    pub(in crate::lab) fn port_label(self, port: u32) -> String {
        match self {
            Family::AosCx => format!("1/1/{port}"),
            Family::CiscoIosXe => format!("1/0/{port}"),
            Family::CiscoNxos => format!("1/{port}"),
            Family::Junos => format!("0/0/{port}"),
            Family::AristaEos
            | Family::Cumulus
            | Family::FortiSwitch
            | Family::MikrotikPorts
            | Family::MikrotikRule
            | Family::MikrotikSwitch
            | Family::Sonic
            | Family::TpLinkEasySmart
            | Family::Unifi
            | Family::Vyos => port.to_string(),
        }
    }

    /// The media type of documents.
    pub(in crate::lab) fn speaks(self) -> &'static str {
        match self {
            Family::CiscoIosXe | Family::Sonic => "application/yang-data+json",
            Family::Junos => "application/xml",
            Family::AosCx
            | Family::AristaEos
            | Family::CiscoNxos
            | Family::Cumulus
            | Family::FortiSwitch
            | Family::MikrotikPorts
            | Family::MikrotikRule
            | Family::MikrotikSwitch
            | Family::TpLinkEasySmart
            | Family::Unifi
            | Family::Vyos => "application/json",
        }
    }

    pub(super) fn door(self) -> Door {
        match self {
            Family::AosCx => Door::Login(&aos_cx::LOBBY),
            Family::CiscoNxos => Door::Login(&nxos::LOBBY),
            Family::FortiSwitch => Door::Login(&fortiswitch::LOBBY),
            Family::TpLinkEasySmart => Door::Login(&tplink::LOBBY),
            Family::Unifi => Door::Login(&unifi::LOBBY),
            Family::Vyos => Door::Key,
            Family::AristaEos
            | Family::CiscoIosXe
            | Family::Cumulus
            | Family::Junos
            | Family::MikrotikPorts
            | Family::MikrotikRule
            | Family::MikrotikSwitch
            | Family::Sonic => Door::Basic,
        }
    }

    /// What is answered to somebody who shows no user and password, or wrong ones, with a request.
    pub(in crate::lab) fn stranger(self) -> Reply {
        let body = match self {
            Family::MikrotikPorts | Family::MikrotikRule | Family::MikrotikSwitch => {
                json!({"error": 401, "message": "Unauthorized"})
            }
            Family::AosCx
            | Family::AristaEos
            | Family::CiscoIosXe
            | Family::CiscoNxos
            | Family::Cumulus
            | Family::FortiSwitch
            | Family::Junos
            | Family::Sonic
            | Family::TpLinkEasySmart
            | Family::Unifi
            | Family::Vyos => json!({"message": "invalid user name or password"}),
        };
        Reply::read(body).status(401)
    }

    /// Tells whether a page is one of the interface's, and so only for those who have logged in; what is elsewhere is
    /// not there.
    pub(in crate::lab) fn guards(self, path: &str) -> bool {
        let begins: &[&str] = match self {
            Family::AosCx => &["/rest/v10.08/"],
            Family::AristaEos => &["/command-api"],
            Family::CiscoIosXe | Family::Sonic => &["/restconf/"],
            Family::CiscoNxos => &["/api/"],
            Family::Cumulus => &["/nvue_v1/"],
            Family::FortiSwitch => &["/api/v2/"],
            Family::Junos => &["/rpc"],
            Family::MikrotikPorts | Family::MikrotikRule | Family::MikrotikSwitch => &["/rest/"],
            Family::TpLinkEasySmart => &["/"],
            Family::Unifi => &["/proxy/network/api/"],
            Family::Vyos => &["/retrieve", "/configure"],
        };
        begins.iter().any(|begin| path.starts_with(begin))
    }

    /// The switch's mirror as it starts.
    pub(in crate::lab) fn start(self, ports: Ports, foreign: bool) -> Box<dyn Control> {
        let mut api: Box<dyn Api> = match self {
            Family::AosCx => Box::new(aos_cx::AosCx::new(ports)),
            Family::AristaEos => Box::new(arista::Arista::new(ports)),
            Family::CiscoIosXe => Box::new(iosxe::IosXe::new(ports)),
            Family::CiscoNxos => Box::new(nxos::Nxos::new(ports)),
            Family::Cumulus => Box::new(cumulus::Cumulus::new(ports)),
            Family::FortiSwitch => Box::new(fortiswitch::FortiSwitch::new(ports)),
            Family::Junos => Box::new(junos::Junos::new(ports)),
            Family::MikrotikPorts => Box::new(mikrotik::Mikrotik::new(ports, mikrotik::Way::Ports)),
            Family::MikrotikRule => Box::new(mikrotik::Mikrotik::new(ports, mikrotik::Way::Rule)),
            Family::MikrotikSwitch => Box::new(mikrotik::Mikrotik::new(ports, mikrotik::Way::Chip)),
            Family::Sonic => Box::new(sonic::Sonic::new(ports)),
            Family::TpLinkEasySmart => Box::new(tplink::TpLink::new(ports)),
            Family::Unifi => Box::new(unifi::Unifi::new(ports)),
            Family::Vyos => Box::new(vyos::Vyos::new(ports)),
        };
        if foreign {
            api.lend(FOREIGN.0, FOREIGN.1);
        }
        Box::new(Web(api))
    }
}
