//! What an agent wants to see before it answers.

use crate::secret::Secret;

/// Credentials for one agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SnmpCredentials {
    /// SNMPv1 or v2c: a community for reading and, where writing is meant, one for that.
    Community {
        /// Whether to speak v1, for agents that know nothing else.
        v1: bool,
        /// The read community.
        read: Secret,
        /// The read-write community; without one nothing is written.
        write: Option<Secret>,
    },
    /// SNMPv3 with the user-based security model (RFC 3414).
    User {
        /// The user name.
        user: String,
        /// Authentication; `None` is noAuthNoPriv.
        auth: Option<(AuthProtocol, Secret)>,
        /// Encryption; needs `auth`.
        privacy: Option<(PrivProtocol, Secret)>,
        /// The contextName, usually empty.
        context: String,
    },
}

/// Authentication protocols (RFC 3414, RFC 7860).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum AuthProtocol {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// Privacy protocols (RFC 3414, RFC 3826; AES-192/256 as net-snmp and Cisco extended it).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum PrivProtocol {
    Des,
    Aes128,
    Aes192,
    Aes256,
}
