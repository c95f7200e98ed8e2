//! What a lab shall be like: every knob, and nothing that is drawn from the seed.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::port::BridgePort;
use crate::snmp::{AuthProtocol, PrivProtocol};

use super::family::Profile;
use super::faults::{Beyond, Faults};

/// The fewest ports a lab can have: one for a machine, the uplink, the laptop and one to spare.
pub const MIN_PORTS: u32 = 4;
/// The most ports a lab can have.
pub const MAX_PORTS: u32 = 480;

/// The most frames a second that anybody sends.
const MOST_FRAMES: f64 = 10_000.0;

/// A lab to be started. The same specification draws the same machines, places and traffic.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Draws everything that is not said here.
    pub seed: u64,
    /// How the switch's mirror is controlled.
    pub profile: Profile,
    /// How many ports the switch has, [`MIN_PORTS`] to [`MAX_PORTS`]. The last one is the laptop's, the one
    /// before it the uplink.
    pub ports: u32,
    /// The share of the other ports whose link is down, 0 to 1.
    pub down: f64,
    /// The machine that is looked for.
    pub suspect: Suspect,
    /// What the other machines do.
    pub background: Background,
    /// How the bridge learns and what it says about it.
    pub bridge: Bridge,
    /// What the switch's mirror can do.
    pub mirror: MirrorAbility,
    /// How the agents are reached and who may do what.
    pub agent: AgentSpec,
    /// Where the other services are.
    pub services: Services,
    /// What goes wrong.
    pub faults: Faults,
}

impl Default for Spec {
    fn default() -> Self {
        Spec {
            seed: 1,
            profile: Profile::SmonPortcopy,
            ports: 24,
            down: 0.1,
            suspect: Suspect::default(),
            background: Background::default(),
            bridge: Bridge::default(),
            mirror: MirrorAbility::default(),
            agent: AgentSpec::default(),
            services: Services::default(),
            faults: Faults::default(),
        }
    }
}

impl Spec {
    /// Uses free ports for every service, so that many labs can run side by side.
    #[must_use]
    pub fn on_free_ports(mut self) -> Self {
        self.agent.switch_port = 0;
        self.agent.web_port = 0;
        self.agent.router_port = 0;
        self.services.netbios_port = 0;
        self.services.capture.set_port(0);
        self
    }
}

impl Spec {
    /// Checks what can be said wrong.
    ///
    /// # Errors
    /// A sentence that says which knob does not fit.
    pub(super) fn check(&self) -> Result<(), String> {
        let ports = self.ports;
        if !(MIN_PORTS..=MAX_PORTS).contains(&ports) {
            return Err(format!(
                "a lab has {MIN_PORTS} to {MAX_PORTS} ports, not {ports}"
            ));
        }
        if let Place::Port(BridgePort(port)) = self.suspect.place
            && !(1..=ports - 2).contains(&port)
        {
            let last = ports - 2;
            return Err(format!(
                "the suspect can be on port 1 to {last}, not on port {port}"
            ));
        }
        self.check_rates()?;
        self.check_described()?;
        let writer = self.agent.users.iter().any(|user| user.writes);
        if self.agent.speaks == Speaks::V3 && !writer {
            return Err("to speak SNMPv3, a lab needs a user that may write".to_owned());
        }
        Ok(())
    }

    /// A described switch has no state to start from but its own, and no room that runs out by itself.
    fn check_described(&self) -> Result<(), String> {
        let Profile::Described(model) = self.profile else {
            return Ok(());
        };
        if model.most_ports.is_some_and(|most| self.ports > most) {
            let most = model.most_ports.unwrap_or_default();
            return Err(format!("a {} has at most {most} ports", model.name));
        }
        let cuts = self
            .faults
            .source_limit
            .is_some_and(|limit| limit.beyond != Beyond::Refused);
        if self.mirror.foreign_session || cuts {
            let name = &model.name;
            return Err(format!(
                "the lab's {name} plays neither a foreign session nor a source list that is cut short"
            ));
        }
        Ok(())
    }

    fn check_rates(&self) -> Result<(), String> {
        let talk = match self.suspect.talk {
            Talk::Steady { rate } => rate,
            Talk::Bursty { on, off, rate } => {
                if on.min(off) < Duration::from_millis(1) {
                    return Err("a burst and a pause last at least a millisecond".to_owned());
                }
                rate
            }
            Talk::Silent => 0.0,
        };
        let rates = [talk, self.background.chats, self.background.broadcasts];
        if rates.iter().all(|rate| (0.0..=MOST_FRAMES).contains(rate)) {
            Ok(())
        } else {
            Err(format!("a rate is 0 to {MOST_FRAMES} a second"))
        }
    }
}

/// The machine that is looked for.
#[derive(Clone, Debug)]
pub struct Suspect {
    /// Where it is plugged in.
    pub place: Place,
    /// How it talks.
    pub talk: Talk,
    /// Which of its addresses it forges, anew in every frame.
    pub forges: Forges,
    /// How many other machines share its port, behind a hub.
    pub hub_mates: u32,
    /// Whether it is a virtual machine, by its MAC.
    pub is_virtual: bool,
    /// Whether a second machine on another port claims the same IP address.
    pub duplicate_ip: bool,
    /// Whether it is in another network: the router is then at its place, and routes for it.
    pub routed: bool,
}

impl Default for Suspect {
    fn default() -> Self {
        Suspect {
            place: Place::Drawn,
            talk: Talk::Steady { rate: 100.0 },
            forges: Forges::Nothing,
            hub_mates: 0,
            is_virtual: false,
            duplicate_ip: false,
            routed: false,
        }
    }
}

/// Where the suspect is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// On a port that the seed chooses.
    Drawn,
    /// On this port, which is then up.
    Port(BridgePort),
    /// Somewhere behind the uplink.
    BehindUplink,
    /// Nowhere: its address exists in the router's table only.
    Nowhere,
}

/// How the suspect talks. Gaps between frames are exponential.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Talk {
    /// All the time.
    Steady {
        /// Frames a second.
        rate: f64,
    },
    /// In bursts; the lengths of bursts and pauses are exponential, too.
    Bursty {
        /// The mean length of a burst.
        on: Duration,
        /// The mean length of a pause.
        off: Duration,
        /// Frames a second in a burst.
        rate: f64,
    },
    /// Not at all, unless asked.
    Silent,
}

impl Talk {
    /// 50 frames a second for 2 seconds, then 20 seconds of silence.
    pub const BURSTY: Talk = Talk::Bursty {
        on: Duration::from_secs(2),
        off: Duration::from_secs(20),
        rate: 50.0,
    };
    /// A frame every five seconds.
    pub const RARE: Talk = Talk::Steady { rate: 0.2 };
}

/// Which of its own addresses the suspect forges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forges {
    /// None.
    Nothing,
    /// The IP source.
    Ip,
    /// The Ethernet source.
    Mac,
    /// Both.
    Both,
}

impl Forges {
    pub(super) fn ip(self) -> bool {
        matches!(self, Forges::Ip | Forges::Both)
    }

    pub(super) fn mac(self) -> bool {
        matches!(self, Forges::Mac | Forges::Both)
    }
}

/// What the machines that nobody looks for do.
#[derive(Clone, Copy, Debug)]
pub struct Background {
    /// Conversations that a machine starts a second, on average; each machine has a rate of its own around it.
    pub chats: f64,
    /// Broadcasts a second in the whole network.
    pub broadcasts: f64,
    /// Machines behind the uplink, besides the router.
    pub servers: u32,
}

impl Default for Background {
    fn default() -> Self {
        Background {
            chats: 1.0,
            broadcasts: 2.0,
            servers: 3,
        }
    }
}

/// How the bridge learns and what it says about it.
#[derive(Clone, Copy, Debug)]
pub struct Bridge {
    /// How long an address is remembered: dot1dTpAgingTime.
    pub ageing: Duration,
    /// Whether the addresses of all machines are known from the start.
    pub warm: bool,
    /// What the forwarding tables answer.
    pub answers: Forwarding,
}

impl Default for Bridge {
    fn default() -> Self {
        Bridge {
            ageing: Duration::from_secs(300),
            warm: true,
            answers: Forwarding::Truth,
        }
    }
}

/// What the agent's forwarding tables answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    /// What the bridge has learned.
    Truth,
    /// Nothing: the tables are empty.
    Nothing,
    /// What the bridge has learned, except that the suspect is said to be on this port.
    Wrong(BridgePort),
}

/// What the switch's mirror can do.
#[derive(Clone, Copy, Debug)]
pub struct MirrorAbility {
    /// Sessions, and so destinations, at the same time.
    pub sessions: u32,
    /// Which directions it can copy.
    pub directions: Directions,
    /// Whether a frame of which both ends are mirrored arrives twice.
    pub twice: bool,
    /// What the destination port carries besides copies.
    pub destination: Destination,
    /// Whether somebody else's session is there from the start, from port 1 to port 2.
    pub foreign_session: bool,
}

impl Default for MirrorAbility {
    fn default() -> Self {
        MirrorAbility {
            sessions: 1,
            directions: Directions::Any,
            twice: true,
            destination: Destination::Passes,
            foreign_session: false,
        }
    }
}

/// Which directions the mirror can copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Directions {
    /// Any.
    Any,
    /// What ports receive, nothing else.
    IngressOnly,
    /// Both directions together, never one alone.
    BothOnly,
}

/// What a port still carries while it is a mirror destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Everything that it carries otherwise.
    Passes,
    /// Copies only.
    Blocked,
    /// Copies only, and the laptop reaches the agents by no other way: they fall silent.
    BlockedWithManagement,
}

/// How the agents are reached and who may do what.
#[derive(Clone, Debug)]
pub struct AgentSpec {
    /// The switch's UDP port; 0 takes a free one.
    pub switch_port: u16,
    /// The TCP port of the switch's web interface, where the family has one; 0 takes a free one.
    pub web_port: u16,
    /// User name and password of the web interface; the password is the key, where the family wants one.
    pub web_user: (String, String),
    /// How many requests a login to the web interface is good for; without end, if absent.
    pub login_lasts: Option<u32>,
    /// Whether the configuration that the lab hands out has no `snmp`, for switches that are told over HTTP.
    pub web_only: bool,
    /// The router's UDP port; 0 takes a free one.
    pub router_port: u16,
    /// The community that may read.
    pub read_community: String,
    /// The community that may read and write.
    pub write_community: String,
    /// SNMPv3 users.
    pub users: Vec<User>,
    /// How the configuration that the lab hands out speaks to the agents.
    pub speaks: Speaks,
    /// ifIndex is the bridge port plus this.
    pub if_index_offset: u32,
    /// The largest answer in octets; what would be longer is `tooBig`, or cut in a bulk answer.
    pub max_message: u16,
}

impl Default for AgentSpec {
    fn default() -> Self {
        AgentSpec {
            web_port: 8078,
            web_user: ("admin".to_owned(), "mirror".to_owned()),
            login_lasts: None,
            web_only: false,
            switch_port: 1161,
            router_port: 1161,
            read_community: "public".to_owned(),
            write_community: "private".to_owned(),
            users: Vec::new(),
            speaks: Speaks::V2c,
            if_index_offset: 48,
            max_message: 1472,
        }
    }
}

/// Which credentials the lab's configuration names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaks {
    /// The communities, with SNMPv1.
    V1,
    /// The communities, with SNMPv2c.
    V2c,
    /// The first of [`AgentSpec::users`] that may write.
    V3,
}

/// An SNMPv3 user of the agents.
#[derive(Clone, Debug)]
pub struct User {
    /// The name.
    pub name: String,
    /// Authentication and its password of at least 8 octets; `None` is noAuthNoPriv.
    pub auth: Option<(AuthProtocol, String)>,
    /// Encryption and its password of at least 8 octets; needs `auth`.
    pub privacy: Option<(PrivProtocol, String)>,
    /// Whether the user may write.
    pub writes: bool,
}

/// Where the lab's other services are.
#[derive(Clone, Copy, Debug)]
pub struct Services {
    /// The UDP port of the suspect's NetBIOS name service; 0 takes a free one.
    pub netbios_port: u16,
    /// Where the laptop's capture listens for TZSP; port 0 takes a free one.
    pub capture: SocketAddr,
}

impl Default for Services {
    fn default() -> Self {
        Services {
            netbios_port: 1137,
            capture: SocketAddr::from((Ipv4Addr::LOCALHOST, 37008)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(change: impl FnOnce(&mut Spec)) -> String {
        let mut spec = Spec::default();
        assert_eq!(spec.check(), Ok(()));
        change(&mut spec);
        spec.check().unwrap_err()
    }

    #[test]
    fn what_does_not_fit_is_refused_in_words() {
        let size = refusal(|spec| spec.ports = 481);
        assert_eq!(size, "a lab has 4 to 480 ports, not 481");
        let place = refusal(|spec| spec.suspect.place = Place::Port(BridgePort(23)));
        assert_eq!(place, "the suspect can be on port 1 to 22, not on port 23");
        let rate = refusal(|spec| spec.suspect.talk = Talk::Steady { rate: f64::NAN });
        assert_eq!(rate, "a rate is 0 to 10000 a second");
        let user = refusal(|spec| spec.agent.speaks = Speaks::V3);
        assert_eq!(user, "to speak SNMPv3, a lab needs a user that may write");
    }
}
