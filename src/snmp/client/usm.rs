//! The user-based security model: what the library needs to know of a user (RFC 3414).

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use async_snmp as lib;
use async_snmp::{ClientBuilder, DesSaltState, EngineCache, PersistedDesSaltState, UsmConfig};

use super::super::{AuthProtocol, PrivProtocol};
use crate::secret::Secret;

/// An SNMPv3 user, as configured.
#[derive(Clone, Copy)]
pub(super) struct User<'a> {
    /// The user name.
    pub(super) name: &'a str,
    /// How to sign.
    pub(super) auth: Option<&'a (AuthProtocol, Secret)>,
    /// How to encrypt.
    pub(super) privacy: Option<&'a (PrivProtocol, Secret)>,
    /// The contextName.
    pub(super) context: &'a str,
}

/// The two forms in which a digest is made long enough to be the key of AES-192 or AES-256.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyForm {
    /// draft-blumenthal-aes-usm-04: net-snmp.
    Blumenthal,
    /// draft-reeder-snmpv3-usm-3desede-00: Cisco and those who follow it.
    Reeder,
}

impl User<'_> {
    /// Tells whether the agent may expect either of the two key forms.
    pub(super) fn has_two_key_forms(&self) -> bool {
        let (Some((auth, _)), Some((privacy, _))) = (self.auth, self.privacy) else {
            return false;
        };
        let digest_octets = match auth {
            AuthProtocol::Md5 => 16,
            AuthProtocol::Sha1 => 20,
            AuthProtocol::Sha224 => 28,
            AuthProtocol::Sha256 => 32,
            AuthProtocol::Sha384 => 48,
            AuthProtocol::Sha512 => 64,
        };
        let key_octets = match privacy {
            PrivProtocol::Des | PrivProtocol::Aes128 => 16,
            PrivProtocol::Aes192 => 24,
            PrivProtocol::Aes256 => 32,
        };
        key_octets > digest_octets
    }

    /// Makes the library's form of the user. The error says in words what is wrong with the credential.
    pub(super) fn config(&self, form: KeyForm) -> Result<UsmConfig, String> {
        let config = UsmConfig::new(self.name.to_owned()).context_name(self.context.to_owned());
        let config = match (self.auth, self.privacy) {
            (None, None) => Ok(config),
            (Some((auth, password)), None) => config.auth(auth_protocol(*auth), password.reveal()),
            (Some((auth, password)), Some((privacy, key))) => config.auth_priv(
                auth_protocol(*auth),
                password.reveal(),
                priv_protocol(*privacy, form),
                key.reveal(),
            ),
            (None, Some(_)) => return Err("`priv` needs `auth`".to_owned()),
        };
        config.map_err(|error| error.to_string())
    }
}

fn auth_protocol(protocol: AuthProtocol) -> lib::AuthProtocol {
    match protocol {
        AuthProtocol::Md5 => lib::AuthProtocol::Md5,
        AuthProtocol::Sha1 => lib::AuthProtocol::Sha1,
        AuthProtocol::Sha224 => lib::AuthProtocol::Sha224,
        AuthProtocol::Sha256 => lib::AuthProtocol::Sha256,
        AuthProtocol::Sha384 => lib::AuthProtocol::Sha384,
        AuthProtocol::Sha512 => lib::AuthProtocol::Sha512,
    }
}

fn priv_protocol(protocol: PrivProtocol, form: KeyForm) -> lib::PrivProtocol {
    match (protocol, form) {
        (PrivProtocol::Des, _) => lib::PrivProtocol::Des,
        (PrivProtocol::Aes128, _) => lib::PrivProtocol::Aes128,
        (PrivProtocol::Aes192, KeyForm::Blumenthal) => lib::PrivProtocol::Aes192Blumenthal,
        (PrivProtocol::Aes192, KeyForm::Reeder) => lib::PrivProtocol::Aes192Reeder,
        (PrivProtocol::Aes256, KeyForm::Blumenthal) => lib::PrivProtocol::Aes256Blumenthal,
        (PrivProtocol::Aes256, KeyForm::Reeder) => lib::PrivProtocol::Aes256Reeder,
    }
}

/// What the clients of one agent have in common: who it is, and which DES salts are used up.
pub(super) struct Engine {
    cache: Arc<EngineCache>,
    salts: DesSaltState,
}

impl Engine {
    /// Knows no agent yet.
    ///
    /// DES must not use a salt twice with one key, in later runs either (RFC 3414 §8.1.1.1). A random start among two
    /// billion instead of a counter on disk is enough for a program that runs for minutes.
    pub(super) fn new() -> Self {
        let start = PersistedDesSaltState::new(fastrand::u32(1..i32::MAX as u32 - 1));
        let salts = start
            .and_then(|start| DesSaltState::restart(start, |_| Ok::<(), Infallible>(())))
            .expect("a start below the greatest engineBoots, and a callback that cannot fail");
        Engine {
            cache: Arc::new(EngineCache::new()),
            salts,
        }
    }

    /// Tells whether the agent at `target` has told who it is, which it does before any password counts.
    pub(super) fn has_answered(&self, target: SocketAddr) -> bool {
        self.cache.get(&target).is_some()
    }

    /// Lets a client share the knowledge.
    pub(super) fn share(&self, builder: ClientBuilder) -> ClientBuilder {
        builder
            .engine_cache(Arc::clone(&self.cache))
            .des_salt_state(self.salts.clone())
    }
}
