//! Why a request did not succeed, and what to do about it.

use crate::error::{Diagnosis, Exit};

/// A request that did not succeed. Nothing in it holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The client could not be made: a certificate file, a host name.
    #[error("cannot ask {agent}: {what}")]
    Setup {
        /// Who was to be asked.
        agent: String,
        /// What is wrong.
        what: String,
    },
    /// No connection came about.
    #[error("{agent} cannot be reached: {what}")]
    Unreachable {
        /// Who was asked.
        agent: String,
        /// The system's words.
        what: String,
    },
    /// The connection ended, or time ran out, before the answer was there.
    #[error("{agent} did not answer `{request}`: {what}")]
    Lost {
        /// Who was asked.
        agent: String,
        /// Method and path, as in the profile.
        request: String,
        /// What happened instead.
        what: String,
    },
    /// TLS did not come about.
    #[error("{agent}: no trusted connection: {what}")]
    Tls {
        /// Who was asked.
        agent: String,
        /// What the library says.
        what: String,
    },
    /// The certificate is not the one that was pinned.
    #[error("{agent} shows another certificate than the pinned one: sha256:{found}")]
    Fingerprint {
        /// Who was asked.
        agent: String,
        /// The digest of the certificate it shows, in hexadecimal.
        found: String,
    },
    /// User, password or token is not accepted.
    #[error("{agent} does not accept the login ({status})")]
    Login {
        /// Who was asked.
        agent: String,
        /// The HTTP status.
        status: u16,
    },
    /// The login is good but may not do this.
    #[error("{agent} does not allow `{request}` ({status}){}", said(message))]
    Denied {
        /// Who was asked.
        agent: String,
        /// Method and path, as in the profile.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The switch's own words, or nothing.
        message: String,
    },
    /// The switch answered that it will not.
    #[error("{agent} refused `{request}` ({status}){}", said(message))]
    Refused {
        /// Who was asked.
        agent: String,
        /// Method and path, as in the profile.
        request: String,
        /// The HTTP status.
        status: u16,
        /// The switch's own words, or nothing.
        message: String,
    },
    /// The answer is not what the profile expects.
    #[error("{agent} answered `{request}` with what makes no sense: {what}")]
    Nonsense {
        /// Who was asked.
        agent: String,
        /// Method and path, as in the profile.
        request: String,
        /// What is wrong with it.
        what: String,
    },
    /// The request has a gap that nothing fills; nothing was sent.
    #[error("`{request}` for {agent} is not complete: {what}")]
    Incomplete {
        /// Who was to be asked.
        agent: String,
        /// Method and path, as in the profile.
        request: String,
        /// What is missing.
        what: String,
    },
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

impl HttpError {
    /// Tells whether no answer came: a write may have been done all the same.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, HttpError::Lost { .. })
    }

    /// Tells whether the switch has answered, and refused.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        matches!(self, HttpError::Refused { .. } | HttpError::Denied { .. })
    }
}

impl Diagnosis for HttpError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            HttpError::Setup { .. } => "check `address`, and `ca` of the credential's `http`",
            HttpError::Unreachable { .. } => {
                "check the address and port, and that the switch's web interface or API is switched on"
            }
            HttpError::Lost { .. } => "run again; a switch that is busy answers late",
            HttpError::Tls { .. } => {
                "give `ca` or `fingerprint` in the credential's `http`; an old switch without TLS 1.2 needs `plain: true` or a proxy in front"
            }
            HttpError::Fingerprint { found, .. } => {
                return Some(format!(
                    "compare it on the switch's console; if it is the switch's own, write `fingerprint: sha256:{found}`"
                ));
            }
            HttpError::Login { .. } => {
                "check `user` and `password`, or `token`, of the credential's `http`"
            }
            HttpError::Denied { .. } => {
                "the user has no right to change the mirror: use another one"
            }
            HttpError::Refused { status: 404, .. } => {
                "the profile's path does not exist here: the firmware has another version of the API"
            }
            HttpError::Refused { .. } => {
                "the port may be down, be the destination, or belong to another session: see `halfspan switch check`"
            }
            HttpError::Nonsense { .. } => "the profile does not fit this switch or firmware",
            HttpError::Incomplete { .. } => "the profile's `http` section is not complete",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            HttpError::Setup { .. } | HttpError::Incomplete { .. } => Exit::Usage,
            HttpError::Unreachable { .. }
            | HttpError::Lost { .. }
            | HttpError::Tls { .. }
            | HttpError::Fingerprint { .. }
            | HttpError::Login { .. }
            | HttpError::Denied { .. }
            | HttpError::Refused { .. }
            | HttpError::Nonsense { .. } => Exit::Device,
        }
    }
}
