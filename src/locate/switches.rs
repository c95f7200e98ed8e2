//! The switches of a run: which ones, and how each is opened.

use std::path::Path;
use std::rc::Rc;

use super::candidates::Roles;
use super::direct;
use super::event::Event;
use super::reach::{self, ManagementPath};
use super::survey::{Survey, Wanted};
use super::task::Desk;
use crate::clock::{Clock, LiveClock};
use crate::config::{Agent, Config, Switch};
use crate::error::{Exit, Failure};
use crate::mirror::direct::Device;
use crate::mirror::{
    self, DryRun, Inspection, ManualMirror, ManualRequest, Mirror, OpenRequest, Operator, Way,
    numbered_ports,
};
use crate::port::PortTable;
use crate::profile::{self, Profile, Shape};
use crate::sniff::Source;
use crate::snmp::{Client, Snmp, SnmpError, Timing};

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

/// A switch with its profile and, unless a person operates it, a way to reach it.
pub struct Opened {
    name: String,
    destination: String,
    /// The family's profile.
    pub profile: Profile,
    client: Option<Client>,
    device: Option<Device>,
    address: Option<std::net::SocketAddr>,
}

/// Reads the profile and makes the client.
///
/// # Errors
/// A bad profile, an unknown host, a v3 login that is refused.
pub fn open(switch: &Switch, config: &Config) -> Result<Opened, Failure> {
    let folder = config.file.parent().unwrap_or(Path::new("."));
    let profile = profile::load(&switch.profile, folder)?;
    direct::fits(switch, &profile)?;
    let device = switch.direct.as_ref().map(direct::open).transpose()?;
    let client = switch
        .agent
        .as_ref()
        .map(|agent| connect(&switch.name, agent))
        .transpose()?;
    let managed_at = device.as_ref().and_then(direct::managed_at);
    let address = client.as_ref().map(Client::address).or(managed_at);
    Ok(Opened {
        name: switch.name.clone(),
        destination: switch.destination.clone(),
        profile,
        client,
        device,
        address,
    })
}

/// Makes a client for a device of the configuration.
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

/// Finds the way to a switch that is to be put back.
///
/// # Errors
/// It has no address, or cannot be reached.
pub fn way(switch: &Switch) -> Result<Way, Failure> {
    match (&switch.direct, &switch.agent) {
        (Some(direct), _) => Ok(Way::Direct(direct::open(direct)?)),
        (None, Some(agent)) => Ok(Way::Snmp(Box::new(connect(&switch.name, agent)?))),
        (None, None) => Err(Failure::new(
            Exit::Usage,
            format!("`{}` has no address in the configuration", switch.name),
        )
        .hint("add `address:`, or put the mirror back by hand")),
    }
}

impl Opened {
    /// Returns the client of a switch that is asked over SNMP.
    pub(super) fn client(&mut self) -> Option<&mut Client> {
        self.client.as_mut()
    }

    /// Returns what it is, if it is told without SNMP.
    pub(super) fn device(&self) -> Option<&Device> {
        self.device.as_ref()
    }

    /// Tells whether the credential has a right to write; where there is none, the system decides.
    pub(super) fn may_write(&self) -> bool {
        self.device.is_some() || self.client.as_ref().is_some_and(Client::may_write)
    }

    /// Looks at its mirror, unless a person operates it.
    pub(super) fn inspect(self, ports: &PortTable) -> Option<Result<Inspection, Failure>> {
        let clock = Rc::new(LiveClock::start());
        let inspection = match (self.device, self.client) {
            (Some(device), _) => {
                mirror::direct::inspect(&self.name, &self.profile, ports, device, clock)
            }
            (None, Some(client)) if self.profile.shape != Shape::Manual => {
                mirror::inspect(&self.name, &self.profile, ports, Box::new(client), clock)
            }
            (None, _) => return None,
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
        match (self.device, self.client) {
            (Some(device), _) => Ok(mirror::direct::open(request, device)?),
            (None, Some(client)) => Ok(Box::new(mirror::open(request, Box::new(client))?)),
            (None, None) => Err(Failure::new(Exit::Usage, "the switch has no address")),
        }
    }

    /// Reads what the switch tells about itself. A switch that only a person can operate tells nothing but the
    /// number of its ports, which is in the profile.
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
        match &mut self.client {
            Some(client) => Ok(Survey::read(client, wanted, tell)?),
            None => Ok(Survey {
                ports: numbered_ports(self.profile.ports.unwrap_or(0)),
                ..Survey::default()
            }),
        }
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
        if self.device.is_some() {
            let (name, profile) = (self.name.clone(), self.profile.clone());
            return self.take_over_as(&request.to_open(&name, &profile));
        }
        let (Some(client), false) = (self.client, self.profile.shape == Shape::Manual) else {
            let request = ManualRequest {
                switch: &self.name,
                profile: &self.profile,
                ports: request.ports,
                destination: request.roles.destination,
                forbidden: &request.roles.forbidden,
                clock: Rc::clone(&request.clock),
            };
            return Ok(Box::new(ManualMirror::open(&request, operator)));
        };
        if !client.may_write() {
            let agent = client.agent().to_owned();
            return Err(SnmpError::NoWriteRight { agent }.into());
        }
        let request = request.to_open(&self.name, &self.profile);
        Ok(Box::new(mirror::open(&request, Box::new(client))?))
    }

    /// Says what the first change would send, one line a request; writes nothing.
    pub(super) fn plan(self, request: &Takeover<'_>) -> Result<Vec<String>, Failure> {
        let wanted = &request.roles.candidates;
        if let Some(device) = self.device {
            let request = request.to_open(&self.name, &self.profile);
            return Ok(mirror::direct::plan(&request, device, wanted)?);
        }
        let (Some(client), false) = (self.client, self.profile.shape == Shape::Manual) else {
            return Ok(vec!["tell you which ports to tick".to_owned()]);
        };
        let mut dry = DryRun::open(
            &request.to_open(&self.name, &self.profile),
            Box::new(client),
        )?;
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
/// The switch could not be put back, or another run is working on it.
pub fn finish_interrupted_run(
    switch: &Switch,
    state: &Path,
    dry_run: bool,
    clock: LiveClock,
    desk: &dyn Desk,
) -> Result<(), Failure> {
    let Some(journal) = mirror::load_journal(state, &switch.name)? else {
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
    mirror::repair(&journal, state, way(switch)?, Rc::new(clock))?;
    desk.show(&Event::Restored {
        switch: &switch.name,
    });
    Ok(())
}
