//! HTTP requests to a switch: logging in, whose certificate is believed, and failures in words.
//!
//! A request comes as a template of the profile with what fills its gaps; the secrets are added here and nowhere else,
//! and nothing that leaves this room holds one.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::profile::http::{Request, Scope};
use crate::secret::Secret;

pub use client::{Client, Timing};
pub use error::HttpError;

mod client;
mod error;
mod login;
mod script;
#[cfg(test)]
mod testbed;
#[cfg(test)]
mod tests;
mod text;

/// What opens a switch's web interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Who asks.
    pub identity: Identity,
    /// Whose certificate is believed.
    pub trust: Trust,
    /// The TCP port, where neither the profile's nor the usual one.
    pub port: Option<u16>,
    /// What fills the gaps that the profile leaves to the configuration.
    pub given: BTreeMap<String, String>,
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// User name and password.
    Password {
        /// The user name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// A token or API key.
    Token(Secret),
}

/// Whose certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// One signed by an authority that the system trusts.
    System,
    /// One signed by the authority in this PEM file.
    Authority(std::path::PathBuf),
    /// The one whose DER form has this SHA-256 digest.
    Fingerprint([u8; 32]),
    /// Any: whoever stands between can read the password.
    Anybody,
    /// There is none, because TLS is not spoken: whoever stands between can read the password.
    Plain,
}

/// Whether a request may be repeated when its answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It changes nothing. That there is nothing to read (204, 404) is an answer.
    Read,
    /// It may change something.
    Write,
}

/// What a switch answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status, of success or, when reading, 404.
    pub status: u16,
    /// The body; `null` where there was none.
    pub body: Json,
}

/// A switch that can be asked and told over HTTP.
pub trait Http: Send {
    /// Returns who is asked, for messages: `office-1 (https://10.78.0.2)`.
    fn agent(&self) -> &str;

    /// Returns who is asked, by its address, without the usual port: the same text however the configuration writes
    /// that. A host that cannot be looked up stands as it is written.
    fn device(&self) -> String {
        self.agent().to_owned()
    }

    /// Sends a request and returns the answer to it.
    ///
    /// # Errors
    /// [`HttpError`]. After one that [is lost](HttpError::is_lost) a write may have been done all the same.
    fn send(
        &mut self,
        request: &Request,
        scope: &Scope,
        purpose: Purpose,
    ) -> Result<Answer, HttpError>;
}
