//! What a device wants to see, checked for completeness; the secrets in it are still to be fetched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::error::ConfigError;
use super::secrets::{self, SecretError, SecretSource};
use crate::http::{Access, Identity, Trust};
use crate::secret::Secret;
use crate::snmp::{AuthProtocol, PrivProtocol, SnmpCredentials};
use crate::tls;

/// The shortest password from which a key is made (RFC 3414 §11.2).
const MIN_V3_PASSWORD: usize = 8;

/// A credential: what opens a device over SNMP, HTTP or TLS.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Its name in the configuration.
    pub name: String,
    pub(super) snmp: Option<SnmpPart>,
    pub(super) http: Option<HttpPart>,
    pub(super) tls: Option<TlsPart>,
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
pub(super) struct HttpPart {
    pub(super) login: HttpLogin,
    pub(super) trust: Trust,
    pub(super) port: Option<u16>,
}

/// How to log in to a web interface.
#[derive(Clone, Debug)]
pub(super) enum HttpLogin {
    Password {
        user: String,
        password: SecretSource,
    },
    Token(SecretSource),
}

/// What opens a TLS port at which both sides show a certificate.
#[derive(Clone, Debug)]
pub(super) struct TlsPart {
    pub(super) trust: tls::Trust,
    /// The files with our certificate and with its key.
    pub(super) own: Option<(PathBuf, PathBuf)>,
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

    /// Tells whether the credential has an `snmp` part.
    #[must_use]
    pub fn has_snmp(&self) -> bool {
        self.snmp.is_some()
    }

    /// Fetches the secrets and returns what a web interface wants to see.
    ///
    /// # Errors
    /// [`ConfigError`], if the credential has no `http` part or a secret cannot be fetched.
    pub fn http(&self) -> Result<Access, ConfigError> {
        let part = self.http.as_ref().ok_or_else(|| ConfigError::NoPart {
            credential: self.name.clone(),
            part: "http",
        })?;
        let identity = match &part.login {
            HttpLogin::Password { user, password } => Identity::Password {
                user: user.clone(),
                password: self.fetch("password", password)?,
            },
            HttpLogin::Token(token) => Identity::Token(self.fetch("token", token)?),
        };
        Ok(Access {
            identity,
            trust: part.trust.clone(),
            port: part.port,
            given: BTreeMap::new(),
        })
    }

    /// Fetches the key and returns what a TLS port wants to see.
    ///
    /// # Errors
    /// [`ConfigError`], if the credential has no `tls` part or the key cannot be read.
    pub fn tls(&self) -> Result<tls::Access, ConfigError> {
        let part = self.tls.as_ref().ok_or_else(|| ConfigError::NoPart {
            credential: self.name.clone(),
            part: "tls",
        })?;
        let own = match &part.own {
            None => None,
            Some((certificate, key)) => Some(tls::Own {
                certificate: certificate.clone(),
                key: secrets::whole_file(key).map_err(|error| self.failed("key", error))?,
            }),
        };
        Ok(tls::Access {
            trust: part.trust.clone(),
            own,
        })
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
