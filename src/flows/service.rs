//! What a flow is for: a guess, from what was said in clear or from its ports.

use std::fmt;

use super::Census;
use super::conversation::Conversation;
use super::hint::NamedBy;
use super::key::FlowKey;
use crate::wire::ip::Protocol;

/// What a flow is for, and how that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Service {
    /// The client named the server in clear.
    Named {
        /// `http`, `tls` or `dns`.
        protocol: &'static str,
        /// The server, or the name that was asked for.
        name: String,
    },
    /// The data of an FTP transfer, announced on its control connection.
    FtpData {
        /// Whether the server listened for it.
        passive: bool,
        /// The ends of the control connection.
        control: String,
    },
    /// Both ports are high while the same hosts have an FTP control connection.
    LikelyFtpData {
        /// The ends of the control connection.
        control: String,
    },
    /// What is usual on the port.
    Port(&'static str),
    /// What is usual on the port, at a host whose name was asked for.
    PortOf(&'static str, String),
    /// An unusual port of a host whose name was asked for.
    Host(String),
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Service::Named { protocol, name } => write!(f, "{protocol} {name}"),
            Service::FtpData { passive, control } => {
                let way = if *passive { "passive" } else { "active" };
                write!(f, "ftp-data ({way}), control {control}")
            }
            Service::LikelyFtpData { control } => {
                write!(f, "ftp-data (passive)?, control {control}")
            }
            Service::Port(name) => write!(f, "{name}?"),
            Service::PortOf(name, host) => write!(f, "{name}? {host}"),
            Service::Host(host) => write!(f, "? {host}"),
        }
    }
}

impl Census {
    /// Guesses what a flow is for.
    #[must_use]
    pub fn service(&self, flow: &Conversation) -> Option<Service> {
        let hints = &self.ledger.hints;
        if let Some(promise) = hints.promise(&flow.key) {
            return Some(Service::FtpData {
                passive: promise.passive,
                control: ends(&promise.control),
            });
        }
        if let Some((by, name)) = hints.named(&flow.key) {
            let protocol = match by {
                NamedBy::Http => "http",
                NamedBy::Tls => "tls",
                NamedBy::Dns => "dns",
            };
            return Some(Service::Named {
                protocol,
                name: name.to_owned(),
            });
        }
        let host = hints.name_of(flow.b.ip).map(str::to_owned);
        let usual =
            usual_on(flow.protocol, flow.b.port).or_else(|| usual_on(flow.protocol, flow.a.port));
        match (usual, host) {
            (Some(name), Some(host)) => Some(Service::PortOf(name, host)),
            (Some(name), None) => Some(Service::Port(name)),
            (None, host) => {
                let likely = self.likely_ftp_data(flow);
                likely.or_else(|| host.map(Service::Host))
            }
        }
    }
}

impl Census {
    /// Two high ports, while the same hosts have a control connection.
    fn likely_ftp_data(&self, flow: &Conversation) -> Option<Service> {
        let high = flow.a.port >= FIRST_HIGH && flow.b.port >= FIRST_HIGH;
        let ends_of = (flow.key.low.0, flow.key.high.0);
        let (control, span) = self.ftp_controls.get(&ends_of)?;
        let during = (span.first..=span.last).contains(&flow.span.first);
        (flow.is_tcp() && high && during).then(|| Service::LikelyFtpData {
            control: ends(control),
        })
    }
}

fn ends(key: &FlowKey) -> String {
    let ((low, low_port), (high, high_port)) = (key.low, key.high);
    // The client first.
    if low_port == FTP {
        format!("{high}:{high_port} -> {low}:{low_port}")
    } else {
        format!("{low}:{low_port} -> {high}:{high_port}")
    }
}

pub(super) const FTP: u16 = 21;
/// The first port that needs no privilege.
const FIRST_HIGH: u16 = 1024;

/// The usual services, by port; of TCP and UDP alike where nothing else is said.
const USUAL: &[(u16, &str)] = &[
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (37, "time"),
    (43, "whois"),
    (49, "tacacs"),
    (53, "dns"),
    (67, "dhcp"),
    (68, "dhcp"),
    (69, "tftp"),
    (79, "finger"),
    (80, "http"),
    (88, "kerberos"),
    (110, "pop3"),
    (111, "rpcbind"),
    (113, "ident"),
    (119, "nntp"),
    (123, "ntp"),
    (135, "msrpc"),
    (137, "netbios-ns"),
    (138, "netbios-dgm"),
    (139, "netbios-ssn"),
    (143, "imap"),
    (161, "snmp"),
    (162, "snmp-trap"),
    (179, "bgp"),
    (389, "ldap"),
    (443, "https"),
    (445, "smb"),
    (465, "smtps"),
    (500, "ike"),
    (502, "modbus"),
    (514, "syslog"),
    (515, "printer"),
    (520, "rip"),
    (546, "dhcpv6"),
    (547, "dhcpv6"),
    (554, "rtsp"),
    (587, "submission"),
    (623, "ipmi"),
    (631, "ipp"),
    (636, "ldaps"),
    (853, "dns-over-tls"),
    (873, "rsync"),
    (902, "vmware"),
    (989, "ftps-data"),
    (990, "ftps"),
    (993, "imaps"),
    (995, "pop3s"),
    (1080, "socks"),
    (1194, "openvpn"),
    (1433, "mssql"),
    (1434, "mssql-browser"),
    (1521, "oracle"),
    (1701, "l2tp"),
    (1723, "pptp"),
    (1812, "radius"),
    (1813, "radius"),
    (1883, "mqtt"),
    (1900, "ssdp"),
    (2049, "nfs"),
    (2055, "netflow"),
    (3128, "http-proxy"),
    (3260, "iscsi"),
    (3268, "ldap"),
    (3306, "mysql"),
    (3389, "rdp"),
    (3478, "stun"),
    (3702, "ws-discovery"),
    (4500, "ipsec-nat"),
    (4789, "vxlan"),
    (5060, "sip"),
    (5061, "sips"),
    (5222, "xmpp"),
    (5353, "mdns"),
    (5355, "llmnr"),
    (5432, "postgresql"),
    (5555, "adb"),
    (5900, "vnc"),
    (5985, "winrm"),
    (6343, "sflow"),
    (6379, "redis"),
    (6667, "irc"),
    (6881, "bittorrent"),
    (8000, "http"),
    (8080, "http"),
    (8443, "https"),
    (8883, "mqtts"),
    (9100, "printer"),
    (9200, "elasticsearch"),
    (11211, "memcached"),
    (27017, "mongodb"),
    (37008, "tzsp"),
    (51820, "wireguard"),
];

/// Returns what is usual on a port.
#[must_use]
pub(super) fn usual_on(protocol: u8, port: u16) -> Option<&'static str> {
    let has_ports = [Protocol::TCP, Protocol::UDP, Protocol::SCTP].contains(&Protocol(protocol));
    if !has_ports || port == 0 {
        return None;
    }
    let place = USUAL.binary_search_by_key(&port, |&(port, _)| port).ok()?;
    match USUAL.get(place) {
        Some((443, _)) if protocol == Protocol::UDP.0 => Some("quic"),
        Some((_, name)) => Some(name),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_ports_is_in_order_and_names_each_once() {
        assert!(USUAL.is_sorted_by(|(a, _), (b, _)| a < b));
        assert_eq!(usual_on(6, 443), Some("https"));
        assert_eq!(usual_on(17, 443), Some("quic"));
        assert_eq!(usual_on(1, 443), None);
        assert_eq!(usual_on(17, 14857), None);
    }
}
