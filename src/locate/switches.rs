//! The switches of a run: which ones, and how each is opened.

use std::path::Path;
use std::rc::Rc;

use super::candidates::Roles;
use super::event::Event;
use super::reach::{self, ManagementPath};
use super::survey::{Survey, Wanted};
use super::task::Desk;
use crate::clock::{Clock, LiveClock};
use crate::config::{Agent, Config, Switch};
use crate::error::{Exit, Failure};
use crate::mirror::{
    self, DryRun, ManualMirror, ManualRequest, Mirror, OpenRequest, Operator, numbered_ports,
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

/// A switch with its profile and, unless a person operates it, an SNMP client.
pub struct Opened {
    name: String,
    /// The family's profile.
    pub profile: Profile,
    client: Option<Client>,
    address: Option<std::net::SocketAddr>,
}

/// Reads the profile and makes the client.
///
/// # Errors
/// A bad profile, an unknown host, a v3 login that is refused.
pub fn open(switch: &Switch, config: &Config) -> Result<Opened, Failure> {
    let folder = config.file.parent().unwrap_or(Path::new("."));
    let profile = profile::load(&switch.profile, folder)?;
    let client = switch
        .agent
        .as_ref()
        .map(|agent| connect(&switch.name, agent))
        .transpose()?;
    let address = client.as_ref().map(Client::address);
    Ok(Opened {
        name: switch.name.clone(),
        profile,
        client,
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

impl Opened {
    /// Returns the client, unless a person operates the switch.
    pub(super) fn client(&mut self) -> Option<&mut Client> {
        self.client.as_mut()
    }

    /// Tells whether the credential has a right to write.
    pub(super) fn may_write(&self) -> bool {
        self.client.as_ref().is_some_and(Client::may_write)
    }

    /// Returns name, profile and client.
    pub(super) fn into_parts(self) -> (String, Profile, Option<Client>) {
        (self.name, self.profile, self.client)
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
        let (Some(client), false) = (self.client, self.profile.shape == Shape::Manual) else {
            return Ok(vec!["tell you which ports to tick".to_owned()]);
        };
        let mut dry = DryRun::open(
            &request.to_open(&self.name, &self.profile),
            Box::new(client),
        )?;
        dry.set_sources(&request.roles.candidates)?;
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
    let agent = switch.agent.as_ref().ok_or_else(|| {
        Failure::new(
            Exit::Usage,
            format!("{} has no address to be put back at", switch.name),
        )
    })?;
    let client = connect(&switch.name, agent)?;
    mirror::repair(&journal, state, Box::new(client), Rc::new(clock))?;
    desk.show(&Event::Restored {
        switch: &switch.name,
    });
    Ok(())
}
