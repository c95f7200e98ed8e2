//! The switches of a run: which ones, and how each is opened.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::Path;
use std::rc::Rc;

use super::candidates::Roles;
use super::detect::{self, Choice};
use super::direct;
use super::event::Event;
use super::reach::{self, ManagementPath};
use super::survey::{Survey, Wanted};
use super::task::Desk;
use crate::clock::{Clock, LiveClock};
use crate::config::{Agent, Config, Switch};
use crate::error::{Exit, Failure};
use crate::http;
use crate::mirror::direct::Device;
use crate::mirror::{
    self, Agents, DryRun, Inspection, Journal, ManualMirror, ManualRequest, Mirror, MirrorError,
    OpenRequest, Operator, Way, numbered_ports,
};
use crate::port::PortTable;
use crate::profile::{self, Profile, Shape};
use crate::sniff::Source;
use crate::snmp::{Client, Snmp, SnmpError, Timing};
use crate::tables::web_ports;

/// Returns the switches with these names, or all.
///
/// # Errors
/// [`Exit::Usage`], if there is no such switch, or none at all.
pub fn chosen<'a>(config: &'a Config, names: &[String]) -> Result<Vec<&'a Switch>, Failure> {
    if config.switches.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            format!("{} names no switch", config.file.display()),
        )
        .hint("add one under `switches:`"));
    }
    if names.is_empty() {
        return Ok(config.switches.values().collect());
    }
    Ok(names
        .iter()
        .map(|name| config.switch(name))
        .collect::<Result<_, _>>()?)
}

/// A switch with its profile and, unless a person operates it, a way to ask and tell it.
pub struct Opened {
    name: String,
    destination: String,
    /// The family's profile.
    pub profile: Profile,
    snmp: Option<Client>,
    http: Option<http::Client>,
    device: Option<Device>,
    address: Option<SocketAddr>,
    /// How the profile was found, where the configuration names none.
    found: Option<String>,
}

/// Who or what may set a switch's mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// A person does it.
    Person,
    /// There is no login: the system says whether this user may.
    NoLogin,
    /// The credential can write, as far as it shows.
    CanWrite,
    /// The credential can only read.
    CannotWrite,
}

/// Reads the profile, or finds it where the configuration names none, and makes the clients.
///
/// # Errors
/// A bad profile, or none that fits; an unknown host, a v3 login that is refused.
pub fn open(switch: &Switch, config: &Config) -> Result<Opened, Failure> {
    if switch.is_auto() {
        let Choice { profile, why } = detect::choose(switch)?;
        let mut opened = open_as(switch, profile)?;
        opened.found = Some(why);
        return Ok(opened);
    }
    let folder = config.file.parent().unwrap_or(Path::new("."));
    open_as(switch, profile::load(&switch.profile, folder)?)
}

/// Makes the clients that a profile needs, which may be another one than the configured.
///
/// # Errors
/// An address that is none for such a profile, an unknown host, a v3 login that is refused.
pub(super) fn open_as(switch: &Switch, profile: Profile) -> Result<Opened, Failure> {
    direct::fits(switch, &profile)?;
    let device = switch.direct.as_ref().map(direct::open).transpose()?;
    let managed_at = device.as_ref().and_then(direct::managed_at);
    let mut opened = Opened {
        name: switch.name.clone(),
        destination: switch.destination.clone(),
        snmp: None,
        http: None,
        device,
        address: managed_at,
        profile,
        found: None,
    };
    let Some(agent) = &switch.agent else {
        return Ok(opened);
    };
    if let Some(described) = &opened.profile.http {
        opened.http = Some(connect_http(&switch.name, agent, described)?);
    }
    if opened.http.is_none() || agent.credential.has_snmp() {
        opened.snmp = Some(connect(&switch.name, agent)?);
    }
    let by_snmp = opened.snmp.as_ref().map(Client::address);
    opened.address = by_snmp.or(opened.address).or_else(|| {
        let host = agent.address.host.as_str();
        (host, 443).to_socket_addrs().ok()?.next()
    });
    Ok(opened)
}

/// Makes an SNMP client for a device of the configuration.
///
/// # Errors
/// A secret that cannot be had, an unknown host, a v3 login that is refused.
pub fn connect(name: &str, agent: &Agent) -> Result<Client, Failure> {
    let credentials = agent.credential.snmp()?;
    Ok(Client::connect(
        name,
        &agent.address.to_string(),
        &credentials,
        Timing::default(),
    )?)
}

/// Returns the port that an address names for the web interface: it is SNMP's, where that is asked too.
pub(super) fn web_port(agent: &Agent) -> Option<u16> {
    agent.address.port.filter(|_| !agent.credential.has_snmp())
}

/// Makes an HTTP client for a switch of the configuration.
pub(super) fn connect_http(
    name: &str,
    agent: &Agent,
    described: &profile::http::Http,
) -> Result<http::Client, Failure> {
    let mut access = agent.credential.http()?;
    access.given = agent.given.clone();
    if let Some(missing) = described
        .given
        .iter()
        .find(|name| !access.given.contains_key(*name))
    {
        return Err(Failure::new(
            Exit::Usage,
            format!("`{name}` has no `{missing}`, which its profile leaves to the configuration"),
        )
        .hint(format!("add `with: {{ {missing}: … }}` to the switch")));
    }
    let port = web_port(agent);
    Ok(http::Client::connect(
        name,
        &agent.address.host,
        port,
        &access,
        described,
        http::Timing::default(),
    )?)
}

/// Finds the way to a switch that is to be put back as `profile` says.
///
/// # Errors
/// It has no address, a secret cannot be had, the host is unknown, a v3 login is refused.
fn way(switch: &Switch, profile: &Profile) -> Result<Way, Failure> {
    if let Some(direct) = &switch.direct {
        return Ok(Way::Direct(direct::open(direct)?));
    }
    let agent = switch.agent.as_ref().ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("`{}` has no address in the configuration", switch.name),
        )
        .hint("add `address:`, or put the mirror back by hand")
    })?;
    Ok(Way::Agents(match &profile.http {
        Some(described) => Agents {
            snmp: None,
            http: Some(Box::new(connect_http(&switch.name, agent, described)?)),
        },
        None => Box::new(connect(&switch.name, agent)?).into(),
    }))
}

impl Opened {
    /// Returns the SNMP client, where the switch is asked over SNMP.
    pub(super) fn client(&mut self) -> Option<&mut Client> {
        self.snmp.as_mut()
    }

    /// Returns how its profile was found, where the configuration names none.
    pub(super) fn found(&self) -> Option<&str> {
        self.found.as_deref()
    }

    /// Returns what it is, if it is told without an agent.
    pub(super) fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    /// Returns who is told, for messages.
    pub(super) fn agent(&self) -> String {
        let device = self.device.as_ref().map(Device::agent);
        let http = self
            .http
            .as_ref()
            .map(|http| http::Http::agent(http).to_owned());
        let snmp = || self.snmp.as_ref().map(|snmp| snmp.agent().to_owned());
        device.or(http).or_else(snmp).unwrap_or_default()
    }

    /// Tells who or what may set its mirror, as far as the configuration says so itself.
    pub(super) fn rights(&self) -> Rights {
        if self.is_manual() {
            Rights::Person
        } else if self.device.is_some() {
            Rights::NoLogin
        } else if self.http.is_some() || self.snmp.as_ref().is_some_and(Client::may_write) {
            Rights::CanWrite
        } else {
            Rights::CannotWrite
        }
    }

    /// Tells whether it is asked over HTTP and not over SNMP.
    pub(super) fn is_web_only(&self) -> bool {
        self.http.is_some() && self.snmp.is_none()
    }

    /// Tells whether only a person can operate it.
    fn is_manual(&self) -> bool {
        let told = self.snmp.is_some() || self.http.is_some();
        self.device.is_none() && (self.profile.shape == Shape::Manual || !told)
    }

    /// Splits off the way to it.
    fn into_way(self) -> (String, Profile, Way) {
        let way = match self.device {
            Some(device) => Way::Direct(device),
            None => Way::Agents(Agents {
                snmp: self.snmp.map(|snmp| Box::new(snmp) as Box<dyn Snmp>),
                http: self.http.map(|http| Box::new(http) as Box<dyn http::Http>),
            }),
        };
        (self.name, self.profile, way)
    }

    /// Looks at its mirror, unless a person operates it.
    pub(super) fn inspect(self, ports: &PortTable) -> Option<Result<Inspection, Failure>> {
        if self.is_manual() {
            return None;
        }
        let clock = Rc::new(LiveClock::start());
        let inspection = match self.into_way() {
            (name, profile, Way::Direct(device)) => {
                mirror::direct::inspect(&name, &profile, ports, device, clock)
            }
            (name, profile, Way::Agents(agents)) => {
                mirror::inspect(&name, &profile, ports, agents, clock)
            }
        };
        Some(inspection.map_err(Failure::from))
    }

    /// Takes over the mirror as a request says, whose profile may be another one than the configured one.
    ///
    /// # Errors
    /// The switch cannot be taken over, or a person operates it.
    pub(super) fn take_over_as(
        self,
        request: &OpenRequest<'_>,
    ) -> Result<Box<dyn Mirror>, Failure> {
        if self.device.is_none() && self.snmp.is_none() && self.http.is_none() {
            return Err(Failure::new(Exit::Usage, "the switch has no address"));
        }
        match self.into_way() {
            (_, _, Way::Direct(device)) => Ok(mirror::direct::open(request, device)?),
            (_, _, Way::Agents(agents)) => Ok(Box::new(mirror::open(request, agents)?)),
        }
    }

    /// Reads what the switch tells about itself. One that is not asked over SNMP tells its ports and no more; one
    /// that only a person can operate tells nothing but their number, which is in the profile.
    ///
    /// # Errors
    /// The switch cannot be asked.
    pub fn survey(
        &mut self,
        wanted: Wanted,
        tell: &mut dyn FnMut(&Event<'_>),
    ) -> Result<Survey, Failure> {
        if let Some(device) = &self.device {
            return direct::survey(device, &self.destination, wanted, tell);
        }
        if let Some(client) = &mut self.snmp {
            return Ok(Survey::read(client, wanted, tell)?);
        }
        let Some(http) = &mut self.http else {
            return Ok(Survey {
                ports: numbered_ports(self.profile.ports.unwrap_or(0)),
                ..Survey::default()
            });
        };
        let described = self
            .profile
            .http
            .as_ref()
            .and_then(|http| http.ports.as_ref());
        let described = described.ok_or_else(|| {
            Failure::new(
                Exit::Usage,
                format!(
                    "the profile `{}` does not say where the ports stand",
                    self.profile.name
                ),
            )
            .hint("add `snmp:` to the switch's credential: its ports are then read over SNMP")
        })?;
        if wanted.uplinks {
            tell(&Event::Warning(format!(
                "{} is not asked over SNMP, so its uplinks are not known; name them with `uplinks:`",
                self.name
            )));
        }
        Ok(Survey {
            ports: web_ports::read(http, described)?,
            ..Survey::default()
        })
    }

    /// Tells whether the switch is managed through the port that becomes the mirror's destination.
    pub(super) fn management_path(&self, source: &Source) -> ManagementPath {
        match (source, self.address) {
            (Source::Interface(interface), Some(address)) => {
                reach::management_path(address, interface)
            }
            // Copies that come by TZSP, and switches that a person operates, need no working destination port.
            (Source::Interface(_), None) | (Source::Tzsp(_) | Source::File(_), _) => {
                ManagementPath::Apart
            }
        }
    }

    /// Takes over the mirror. Writes nothing yet. Where there is no driver but a person, `operator` does it.
    pub(super) fn take_over<'o>(
        self,
        request: &Takeover<'_>,
        operator: Box<dyn Operator + 'o>,
    ) -> Result<Box<dyn Mirror + 'o>, Failure> {
        if self.is_manual() {
            let request = ManualRequest {
                switch: &self.name,
                profile: &self.profile,
                ports: request.ports,
                destination: request.roles.destination,
                forbidden: &request.roles.forbidden,
                clock: Rc::clone(&request.clock),
            };
            return Ok(Box::new(ManualMirror::open(&request, operator)));
        }
        if self.rights() == Rights::CannotWrite {
            let agent = self
                .snmp
                .as_ref()
                .map_or("", |client| client.agent())
                .to_owned();
            return Err(SnmpError::NoWriteRight { agent }.into());
        }
        let (name, profile) = (self.name.clone(), self.profile.clone());
        self.take_over_as(&request.to_open(&name, &profile))
    }

    /// Says what the first change would send, one line a request; writes nothing.
    pub(super) fn plan(self, request: &Takeover<'_>) -> Result<Vec<String>, Failure> {
        if self.is_manual() {
            return Ok(vec!["tell you which ports to tick".to_owned()]);
        }
        let wanted = &request.roles.candidates;
        let (name, profile, way) = self.into_way();
        let agents = match way {
            Way::Direct(device) => {
                let request = request.to_open(&name, &profile);
                return Ok(mirror::direct::plan(&request, device, wanted)?);
            }
            Way::Agents(agents) => agents,
        };
        let mut dry = DryRun::open(&request.to_open(&name, &profile), agents)?;
        dry.set_sources(wanted)?;
        Ok(dry.planned().to_vec())
    }
}

/// How a mirror is to be taken over.
pub(super) struct Takeover<'a> {
    pub(super) ports: &'a PortTable,
    pub(super) roles: &'a Roles,
    /// Where journals and locks are.
    pub(super) state: &'a Path,
    pub(super) take_session: bool,
    pub(super) clock: Rc<dyn Clock>,
}

impl<'a> Takeover<'a> {
    fn to_open(&self, switch: &'a str, profile: &'a Profile) -> OpenRequest<'a> {
        OpenRequest {
            switch,
            profile,
            ports: self.ports,
            destination: self.roles.destination,
            forbidden: &self.roles.forbidden,
            journal_dir: self.state,
            take_session: self.take_session,
            clock: Rc::clone(&self.clock),
        }
    }
}

/// Puts a switch back that an interrupted run left changed, before anything else is done with it. With `dry_run` it
/// is only said.
///
/// # Errors
/// As [`put_back`].
pub fn finish_interrupted_run(
    switch: &Switch,
    state: &Path,
    dry_run: bool,
    clock: LiveClock,
    desk: &dyn Desk,
) -> Result<(), Failure> {
    let journal = mirror::load_journal(state, &switch.name).map_err(not_put_back)?;
    let Some(journal) = journal else {
        return Ok(());
    };
    let what_now = if dry_run {
        "a run without --dry-run puts it back first"
    } else {
        "it is put back first"
    };
    desk.show(&Event::Warning(format!(
        "{} was left changed by the run of {}; {what_now}",
        switch.name,
        journal.written.strftime("%Y-%m-%d %H:%M UTC")
    )));
    if dry_run {
        return Ok(());
    }
    desk.show(&Event::Restoring {
        switch: &switch.name,
    });
    put_back(switch, &journal, state, clock)?;
    desk.show(&Event::Restored {
        switch: &switch.name,
    });
    Ok(())
}

/// Puts a switch back as its journal says.
///
/// # Errors
/// [`Exit::Refused`], if another run is working on it, else [`Exit::NotRestored`], for whatever reason.
pub fn put_back(
    switch: &Switch,
    journal: &Journal,
    state: &Path,
    clock: LiveClock,
) -> Result<(), Failure> {
    let left = |failure: Failure| {
        not_put_back(failure).state(format!(
            "{} is still as an interrupted run left it",
            switch.name
        ))
    };
    let way = way(switch, &journal.profile(state)?).map_err(left)?;
    match mirror::repair(journal, state, way, Rc::new(clock)) {
        Err(error @ MirrorError::Busy { .. }) => Err(error.into()),
        repaired => repaired.map_err(|error| left(error.into())),
    }
}

/// Why a switch was not put back does not matter for how the process ends.
pub(super) fn not_put_back(error: impl Into<Failure>) -> Failure {
    Failure {
        exit: Exit::NotRestored,
        ..error.into()
    }
}
