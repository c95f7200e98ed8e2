//! Who is asked and told: the switch's SNMP agent, its web interface, or both.

use crate::error::{Diagnosis, Exit};
use crate::http::{Http, HttpError};
use crate::snmp::{Snmp, SnmpError};

/// What a switch is reached by.
#[derive(Default)]
pub struct Agents {
    /// Its SNMP agent.
    pub snmp: Option<Box<dyn Snmp>>,
    /// Its web interface.
    pub http: Option<Box<dyn Http>>,
}

/// Why a switch could not be asked, or refused.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// Its SNMP agent.
    #[error(transparent)]
    Snmp(Box<SnmpError>),
    /// Its web interface.
    #[error(transparent)]
    Http(Box<HttpError>),
    /// The profile needs what the configuration does not give.
    #[error("the profile needs `{0}`, and the switch's credential has none")]
    Missing(&'static str),
}

impl From<SnmpError> for AgentError {
    fn from(error: SnmpError) -> Self {
        AgentError::Snmp(Box::new(error))
    }
}

impl From<HttpError> for AgentError {
    fn from(error: HttpError) -> Self {
        AgentError::Http(Box::new(error))
    }
}

impl<S: Snmp + 'static> From<Box<S>> for Agents {
    fn from(snmp: Box<S>) -> Self {
        Agents {
            snmp: Some(snmp),
            http: None,
        }
    }
}

impl Agents {
    /// Returns who is asked, by its address: the same text however the configuration writes that.
    pub(super) fn device(&self) -> String {
        let http = self.http.as_ref().map(|http| http.device());
        // Messages of the SNMP client name the address that it has looked up.
        let snmp = || self.snmp.as_ref().map(|snmp| snmp.agent().to_owned());
        http.or_else(snmp).unwrap_or_else(|| "nobody".to_owned())
    }

    /// Tells whether they lead to what a journal names. Older ones name a web interface as the configuration does.
    pub(super) fn lead_to(&self, device: &str) -> bool {
        let as_written = self.http.as_ref().map(|http| http.agent());
        self.device() == device || as_written == Some(device)
    }

    /// Returns the SNMP agent.
    pub(super) fn snmp(&mut self) -> Result<&mut dyn Snmp, AgentError> {
        match &mut self.snmp {
            Some(snmp) => Ok(snmp.as_mut()),
            None => Err(AgentError::Missing("snmp")),
        }
    }

    /// Returns the web interface.
    pub(super) fn http(&mut self) -> Result<&mut dyn Http, AgentError> {
        match &mut self.http {
            Some(http) => Ok(http.as_mut()),
            None => Err(AgentError::Missing("http")),
        }
    }
}

impl AgentError {
    /// Tells whether the switch has answered, and refused.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            AgentError::Snmp(error) => error.refusal().is_some(),
            AgentError::Http(error) => error.is_refusal(),
            AgentError::Missing(_) => false,
        }
    }
}

impl Diagnosis for AgentError {
    fn hint(&self) -> Option<String> {
        match self {
            AgentError::Snmp(error) => error.hint(),
            AgentError::Http(error) => error.hint(),
            AgentError::Missing(part) => Some(format!("add `{part}:` to the credential")),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            AgentError::Snmp(error) => error.exit(),
            AgentError::Http(error) => error.exit(),
            AgentError::Missing(_) => Exit::Usage,
        }
    }
}
