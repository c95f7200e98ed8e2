//! Why there is no encrypted connection, and what to do about it.

use std::io;
use std::path::PathBuf;

use crate::error::{Diagnosis, Exit};

/// Why there is no encrypted connection. Nothing in it holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A certificate file is not there or may not be read.
    #[error("cannot read {}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The system's words.
        source: io::Error,
    },
    /// A file does not hold a usable certificate.
    #[error("no certificate in {}: {what}", file.display())]
    NoCertificate {
        /// The file.
        file: PathBuf,
        /// The library's words.
        what: String,
    },
    /// The key of our certificate is none.
    #[error("`key` is no private key in PEM")]
    NoKey,
    /// The certificate is not the one that was pinned.
    #[error("it shows another certificate than the pinned one: sha256:{found}")]
    Fingerprint {
        /// The digest of the certificate it shows, in hexadecimal.
        found: String,
    },
    /// It does not accept the certificate that we show, or wants to see one.
    #[error("it does not accept us")]
    Unwelcome(#[source] io::Error),
    /// The handshake broke off.
    #[error("no handshake came about")]
    Handshake(#[source] io::Error),
    /// The library refuses what it was given: a key that does not belong to the certificate, say.
    #[error("the certificates are of no use")]
    Unusable(#[from] rustls::Error),
    /// The connection was lost before.
    #[error("the connection is lost")]
    Connection(#[from] io::Error),
}

impl TlsError {
    /// Sorts what ended a handshake; `shown` is the digest of a certificate that was not the pinned one.
    pub(super) fn handshake(error: io::Error, shown: Option<[u8; 32]>) -> Self {
        match shown {
            Some(digest) => TlsError::Fingerprint {
                found: digest.iter().map(|octet| format!("{octet:02x}")).collect(),
            },
            None if super::refused(&error) => TlsError::Unwelcome(error),
            None => TlsError::Handshake(error),
        }
    }
}

impl Diagnosis for TlsError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            TlsError::Unreadable { .. } => "check the path and its permissions",
            TlsError::NoCertificate { .. } => {
                "a file of certificates has lines `-----BEGIN CERTIFICATE-----`"
            }
            TlsError::NoKey => "write the path of the file that belongs to `certificate`",
            TlsError::Fingerprint { found } => {
                return Some(format!(
                    "compare it on the switch; if it is the switch's own, write `fingerprint: sha256:{found}`"
                ));
            }
            TlsError::Unwelcome(_) => {
                "give `certificate` and `key` of the credential's `tls`, signed by the authority that the switch trusts"
            }
            TlsError::Handshake(_) => {
                "is `ca` the authority of the switch's certificate? is it a TLS port?"
            }
            TlsError::Unusable(_) => "does `key` belong to `certificate`?",
            TlsError::Connection(_) => return None,
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            TlsError::Unreadable { .. }
            | TlsError::NoCertificate { .. }
            | TlsError::NoKey
            | TlsError::Unusable(_) => Exit::Usage,
            TlsError::Fingerprint { .. }
            | TlsError::Unwelcome(_)
            | TlsError::Handshake(_)
            | TlsError::Connection(_) => Exit::Device,
        }
    }
}
