//! What a device wants to see, checked for completeness; the secrets in it are still to be fetched.

use std::path::PathBuf;

use super::error::ConfigError;
use super::secrets::{SecretError, SecretSource};
use crate::secret::Secret;
use crate::snmp::{AuthProtocol, PrivProtocol, SnmpCredentials};

/// The shortest password from which a key is made (RFC 3414 §11.2).
const MIN_V3_PASSWORD: usize = 8;

/// A credential: what opens a device over SNMP, HTTP or both.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its name in the configuration.
    pub name: String,
    pub(super) snmp: Option<SnmpPart>,
    /// What opens the device's web interface.
    pub http: Option<HttpCredentials>,
}

#[derive(Clone, Debug)]
pub(super) enum SnmpPart {
    Community {
        v1: bool,
        read: SecretSource,
        write: Option<SecretSource>,
    },
    User {
        user: String,
        auth: Option<(AuthProtocol, SecretSource)>,
        privacy: Option<(PrivProtocol, SecretSource)>,
        context: String,
    },
}

/// What opens a web interface.
#[derive(Clone, Debug)]
pub struct HttpCredentials {
    /// How to log in.
    pub login: HttpLogin,
    /// Whose certificate is believed.
    pub trust: HttpTrust,
}

/// How to log in to a web interface.
#[derive(Clone, Debug)]
pub enum HttpLogin {
    /// User name and password.
    Password {
        /// The user name.
        user: String,
        /// The password.
        password: SecretSource,
    },
    /// A bearer token.
    Token(SecretSource),
}

/// Whose certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpTrust {
    /// One signed by an authority that the system trusts.
    System,
    /// One signed by the authority in this PEM file.
    Authority(PathBuf),
    /// The one whose DER form has this SHA-256 digest.
    Fingerprint([u8; 32]),
}

impl Credential {
    /// Fetches the secrets and returns what an agent wants to see.
    ///
    /// # Errors
    /// [`ConfigError`], if the credential has no `snmp` part or a secret cannot be fetched.
    pub fn snmp(&self) -> Result<SnmpCredentials, ConfigError> {
        match &self.snmp {
            None => Err(ConfigError::NoPart {
                credential: self.name.clone(),
                part: "snmp",
            }),
            Some(SnmpPart::Community { v1, read, write }) => Ok(SnmpCredentials::Community {
                v1: *v1,
                read: self.fetch("read", read)?,
                write: match write {
                    Some(write) => Some(self.fetch("write", write)?),
                    None => None,
                },
            }),
            Some(SnmpPart::User {
                user,
                auth,
                privacy,
                context,
            }) => Ok(SnmpCredentials::User {
                user: user.clone(),
                auth: self.key("auth", auth.as_ref())?,
                privacy: self.key("priv", privacy.as_ref())?,
                context: context.clone(),
            }),
        }
    }

    fn key<P: Copy>(
        &self,
        key: &'static str,
        part: Option<&(P, SecretSource)>,
    ) -> Result<Option<(P, Secret)>, ConfigError> {
        let Some((protocol, source)) = part else {
            return Ok(None);
        };
        let secret = self.fetch(key, source)?;
        if secret.reveal().len() < MIN_V3_PASSWORD {
            return Err(self.failed(key, SecretError::TooShort));
        }
        Ok(Some((*protocol, secret)))
    }

    fn fetch(&self, key: &'static str, source: &SecretSource) -> Result<Secret, ConfigError> {
        source.fetch().map_err(|error| self.failed(key, error))
    }

    fn failed(&self, key: &'static str, source: SecretError) -> ConfigError {
        ConfigError::Secret {
            credential: self.name.clone(),
            key,
            source,
        }
    }
}
