//! Why it is odd, and what it commonly is.

use super::Kind;

/// A common cause, by the kind of host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Cause {
    /// The kind of host: `workstation`, `web server`, …, or `any`.
    pub host: &'static str,
    /// What it commonly is.
    pub cause: &'static str,
}

const fn cause(host: &'static str, cause: &'static str) -> Cause {
    Cause { host, cause }
}

impl Kind {
    /// Returns the kind as the report has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Kind::ForgedSources => "forged_sources",
            Kind::PortScan => "port_scan",
            Kind::HostScan => "host_scan",
            Kind::DataWithoutSyn => "data_without_syn",
            Kind::UnusedDestination => "unused_destination",
            Kind::Unanswered => "unanswered",
            Kind::OneWay => "one_way",
            Kind::Beacon => "beacon",
            Kind::OnePort => "one_port",
            Kind::NoNight => "no_night",
            Kind::Imbalance => "imbalance",
        }
    }

    /// Returns why it is odd.
    #[must_use]
    pub fn why(self) -> &'static str {
        match self {
            Kind::ForgedSources => {
                "a machine has few addresses, and a router's are spoken to; addresses that only send are made up"
            }
            Kind::PortScan => {
                "a client knows the port it wants; one that tries many looks for what is open"
            }
            Kind::HostScan => "a client knows its server; one that tries many looks for a victim",
            Kind::DataWithoutSyn => {
                "TCP data follow a SYN and its answer; without both they are made by hand, or half of the path is not seen"
            }
            Kind::UnusedDestination => {
                "whoever is there answers, if only to ARP; nobody has a reason to send where nobody is"
            }
            Kind::Unanswered => "a working service answers or refuses at once",
            Kind::OneWay => "nearly every protocol has an answer to everything",
            Kind::Beacon => "people are irregular; only programs keep time",
            Kind::OnePort => {
                "hosts use many services, and known ones; nearly everything on an unknown port is one program"
            }
            Kind::NoNight => "people sleep; what is as busy at night as by day is a machine's work",
            Kind::Imbalance => {
                "in and out normally mirror each other in their rhythm; one side alone has a cause"
            }
        }
    }

    /// Returns the common causes, the most frequent first.
    #[must_use]
    pub fn causes(self) -> &'static [Cause] {
        match self {
            Kind::ForgedSources => {
                const {
                    &[
                        cause("workstation", "malware that takes part in a flood"),
                        cause(
                            "server",
                            "a break-in; or a test of load with made-up clients",
                        ),
                        cause("router", "a path of which only one direction is captured"),
                    ]
                }
            }
            Kind::PortScan | Kind::HostScan => {
                const {
                    &[
                        cause(
                            "workstation",
                            "malware that spreads; peer-to-peer programs with old peers",
                        ),
                        cause("server", "a monitoring or inventory system; a break-in"),
                        cause("printer", "a management tool that looks for its kind"),
                    ]
                }
            }
            Kind::DataWithoutSyn => {
                const {
                    &[
                        cause(
                            "any",
                            "only one direction is captured, or the capture began in the middle",
                        ),
                        cause("outside host", "ready-made exploits sent blindly"),
                        cause(
                            "workstation",
                            "malware with a TCP of its own; IP identification 0 is a mark of it",
                        ),
                    ]
                }
            }
            Kind::UnusedDestination => {
                const {
                    &[
                        cause("outside host", "a scan of the whole subnet"),
                        cause(
                            "workstation",
                            "malware that spreads; an old server's address in its settings",
                        ),
                        cause(
                            "server",
                            "a backup or monitoring job for a machine that has gone",
                        ),
                        cause(
                            "any",
                            "only one direction is captured; syslog and other protocols without answers",
                        ),
                    ]
                }
            }
            Kind::Unanswered => {
                const {
                    &[
                        cause(
                            "workstation",
                            "a scan; a service that is down or behind a firewall",
                        ),
                        cause(
                            "mail server",
                            "mail for domains whose servers are gone: often sent spam",
                        ),
                        cause("any", "only one direction is captured"),
                    ]
                }
            }
            Kind::OneWay => {
                const {
                    &[
                        cause(
                            "workstation",
                            "a flood, or a tunnel; syslog, NetFlow and streams are one-way by design",
                        ),
                        cause("web server", "taking part in a flood after a break-in"),
                        cause("any", "only one direction is captured"),
                    ]
                }
            }
            Kind::Beacon => {
                const {
                    &[
                        cause(
                            "workstation",
                            "malware that asks for orders; update checks; chat programs that keep alive",
                        ),
                        cause("server", "a cron job; monitoring; NTP"),
                    ]
                }
            }
            Kind::OnePort => {
                const {
                    &[
                        cause("workstation", "peer-to-peer; a game; a tunnel; malware"),
                        cause(
                            "web server",
                            "a second service nobody knows of, after a break-in",
                        ),
                        cause("mail server", "a proxy or relay that was planted"),
                        cause("FTP server", "passive data connections in a fixed range"),
                    ]
                }
            }
            Kind::NoNight => {
                const {
                    &[
                        cause(
                            "workstation",
                            "peer-to-peer; a flood; a stream nobody watches",
                        ),
                        cause("web server", "a robot, or a mirror of the whole site"),
                        cause("FTP server", "a public stock of other people's files"),
                        cause("camera", "its ordinary stream"),
                    ]
                }
            }
            Kind::Imbalance => {
                const {
                    &[
                        cause(
                            "workstation",
                            "sends: files are taken away, a flood; receives: downloads, streams",
                        ),
                        cause(
                            "web server",
                            "sends: ordinary; receives: uploads, an attack",
                        ),
                        cause(
                            "mail server",
                            "sends: spam, or a mailing list; receives: a flood of spam",
                        ),
                        cause("FTP server", "receives: somebody stores their files there"),
                        cause("backup server", "receives: ordinary"),
                    ]
                }
            }
        }
    }
}
