//! `halfspan.yaml`, read and checked: after this nothing is missing.
//!
//! ```text
//! find ─> file ─> raw (as written) ─> check ─> Config
//! ```
//!
//! What belongs here: where the file is looked for, what may stand in it, and errors that name the line.
//! What does not: opening a switch, reading the patch list, knowing a profile's contents.
//!
//! Secrets are fetched when they are first asked for ([`Credential::snmp`], [`Credential::http`]), so that an unset variable of a
//! credential that this run does not use stops nothing, and a password store is asked once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::patch::AliasPattern;

pub use address::{Address, BadAddress};
pub use credentials::Credential;
pub use direct::{Direct, DirectAddress};
pub use error::{ConfigError, Place};
pub use find::{FILE_NAME, Lookup};
pub use ports::{BadPortList, PortList};
pub use secrets::{SecretError, SecretSource};

mod address;
mod check;
mod credentials;
mod direct;
mod error;
mod file;
mod find;
mod ports;
mod raw;
mod secrets;

/// The UDP port that NetBIOS name service listens on (RFC 1002 §4.2.1).
const NETBIOS_PORT: u16 = 137;

/// The `profile` of a switch that is to be recognised by what it answers; also where there is no `profile`.
pub const AUTO: &str = "auto";

/// The checked configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The file it was read from; paths in it are relative to the file's folder and already joined to it.
    pub file: PathBuf,
    /// The switches by name.
    pub switches: BTreeMap<String, Switch>,
    /// The routers by name.
    pub routers: BTreeMap<String, Router>,
    /// The credentials by name.
    pub credentials: BTreeMap<String, Arc<Credential>>,
    /// The patch list (CSV), if there is one.
    pub patch: Option<PathBuf>,
    /// How a port's description names the outlet, for ports that the patch list does not know.
    pub patch_from_alias: AliasPattern,
    /// The UDP port that is asked for NetBIOS names.
    pub netbios_port: u16,
    /// What is allowed but unwise, one sentence each.
    pub warnings: Vec<String>,
}

/// A switch that may be asked and told.
#[derive(Clone, Debug)]
pub struct Switch {
    /// Its name in the configuration.
    pub name: String,
    /// A profile's name, or the path of a profile file; [`AUTO`] to have it found.
    pub profile: String,
    /// Its agent; `None` for a switch that is told without one, or that a person operates (`profile: manual`).
    pub agent: Option<Agent>,
    /// How it is told without an agent.
    pub direct: Option<Direct>,
    /// The port the sniffer is plugged into: panel label, `ifName` or `if:N`.
    pub destination: String,
    /// Where copies are heard: an interface, `tzsp://ADDRESS:PORT` or `pcap:FILE`.
    pub sniff: String,
    /// The ports the suspect may be on; `None` is every port that is up.
    pub candidates: Option<PortList>,
    /// The ports that lead to other switches; `None` is to find them.
    pub uplinks: Option<PortList>,
    /// The ports that are never mirrored.
    pub never: PortList,
}

/// A router that is asked for its ARP and ND tables.
#[derive(Clone, Debug)]
pub struct Router {
    /// Its name in the configuration.
    pub name: String,
    /// How it is reached.
    pub agent: Agent,
}

/// Where a device is asked, and with which credential.
#[derive(Clone, Debug)]
pub struct Agent {
    /// The host, and the port where it is not the protocol's usual one.
    pub address: Address,
    /// What it wants to see.
    pub credential: Arc<Credential>,
    /// What fills the gaps that its profile leaves to the configuration: the site and the device of a controller.
    pub given: BTreeMap<String, String>,
}

impl Switch {
    /// Tells whether its profile has to be found.
    #[must_use]
    pub fn is_auto(&self) -> bool {
        self.profile == AUTO
    }

    /// Writes its address as the configuration does; empty for a switch that a person operates.
    #[must_use]
    pub fn address(&self) -> String {
        let agent = self.agent.as_ref().map(|agent| agent.address.to_string());
        let direct = self
            .direct
            .as_ref()
            .map(|direct| direct.address.to_string());
        agent.or(direct).unwrap_or_default()
    }
}

impl Config {
    /// What holds where there is no file.
    #[must_use]
    pub fn empty() -> Config {
        Config {
            file: PathBuf::from(find::FILE_NAME),
            switches: BTreeMap::new(),
            routers: BTreeMap::new(),
            credentials: BTreeMap::new(),
            patch: None,
            patch_from_alias: AliasPattern::default(),
            netbios_port: NETBIOS_PORT,
            warnings: Vec::new(),
        }
    }

    /// Finds the file as `lookup` says, reads and checks it.
    ///
    /// # Errors
    /// [`ConfigError`]: no file, an unreadable one, or the first mistake in it.
    pub fn load(lookup: &Lookup) -> Result<Config, ConfigError> {
        Config::read(&lookup.find()?)
    }

    /// Reads and checks `file`.
    ///
    /// # Errors
    /// [`ConfigError`]: the file is unreadable, or the first mistake in it.
    pub fn read(file: &Path) -> Result<Config, ConfigError> {
        let text = file::read_text(file)?;
        let source = error::Source::new(file, &text);
        let raw = file::parse(&source)?;
        check::check(raw, &source)
    }

    /// Returns the credential that a person names.
    ///
    /// # Errors
    /// [`ConfigError::NoCredential`], with the nearest name there is.
    pub fn credential(&self, name: &str) -> Result<&Credential, ConfigError> {
        self.credentials
            .get(name)
            .map(|found| &**found)
            .ok_or_else(|| {
                let names = self.credentials.keys().map(String::as_str);
                ConfigError::NoCredential {
                    name: name.to_owned(),
                    file: self.file.clone(),
                    near: error::nearest(name, names).map(str::to_owned),
                }
            })
    }

    /// Returns the switch that a person names.
    ///
    /// # Errors
    /// [`ConfigError::NoSwitch`], with the nearest name there is.
    pub fn switch(&self, name: &str) -> Result<&Switch, ConfigError> {
        self.switches.get(name).ok_or_else(|| {
            let names = self.switches.keys().map(String::as_str);
            ConfigError::NoSwitch {
                name: name.to_owned(),
                file: self.file.clone(),
                near: error::nearest(name, names.clone()).map(str::to_owned),
                names: names.map(str::to_owned).collect(),
            }
        })
    }
}

#[cfg(test)]
mod tests;
