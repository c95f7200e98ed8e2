//! TLS to devices: whose certificate is believed, and what we show for ourselves.
//!
//! `http` and `ovsdb` use it; what is said over the connection is theirs.

use std::io;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use rustls::client::{WantsClientCert, WebPkiServerVerifier};
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, ConfigBuilder, RootCertStore, StreamOwned};

use crate::secret::Secret;

pub use error::TlsError;
pub use verifier::Stranger;

use verifier::{Belief, Verifier};

mod error;
#[cfg(test)]
mod tests;
mod verifier;

/// What opens a TLS port at which both sides show a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Whose certificate is believed.
    pub trust: Trust,
    /// What we show; `None` is nothing.
    pub own: Option<Own>,
}

/// Whose certificate is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Each that an authority in this PEM file has signed, whatever name stands in it.
    Authority(PathBuf),
    /// The one whose DER form has this SHA-256 digest.
    Fingerprint([u8; 32]),
}

/// A certificate of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// The PEM file with it, and with what leads to its authority.
    pub certificate: PathBuf,
    /// Its private key in PEM.
    pub key: Secret,
}

/// An encrypted connection.
pub type Stream = StreamOwned<ClientConnection, TcpStream>;

/// Shakes hands over a TCP connection, whose timeouts stay in force.
///
/// # Errors
/// [`TlsError`]. With TLS 1.3 a server that does not accept our certificate says so only to the first question:
/// [`refused`] recognises that.
pub fn connect(access: &Access, mut tcp: TcpStream) -> Result<Stream, TlsError> {
    let stranger = Stranger::default();
    let config = configure(access, &stranger)?;
    let name = ServerName::from(tcp.peer_addr()?.ip());
    let mut connection = ClientConnection::new(Arc::new(config), name)?;
    while connection.is_handshaking() {
        if let Err(error) = connection.complete_io(&mut tcp) {
            let shown = stranger.lock().unwrap_or_else(PoisonError::into_inner);
            return Err(TlsError::handshake(error, *shown));
        }
    }
    Ok(StreamOwned::new(connection, tcp))
}

/// Tells whether the other side broke off because of our certificate, or because there was none.
#[must_use]
pub fn refused(error: &io::Error) -> bool {
    use rustls::AlertDescription as Alert;
    let inside = error.get_ref().and_then(|inside| inside.downcast_ref());
    matches!(
        inside,
        Some(rustls::Error::AlertReceived(
            Alert::BadCertificate
                | Alert::CertificateRequired
                | Alert::CertificateUnknown
                | Alert::CertificateExpired
                | Alert::CertificateRevoked
                | Alert::UnknownCA
                | Alert::UnsupportedCertificate
                | Alert::DecryptError
                | Alert::HandshakeFailure
        ))
    )
}

/// Returns a TLS configuration that believes the certificate with this SHA-256 digest and no other.
///
/// # Errors
/// The library's, if it finds its own defaults unusable.
pub fn believing(digest: [u8; 32], stranger: &Stranger) -> Result<ClientConfig, rustls::Error> {
    let stranger = Arc::clone(stranger);
    Ok(builder(Belief::Pinned { digest, stranger })?.with_no_client_auth())
}

fn configure(access: &Access, stranger: &Stranger) -> Result<ClientConfig, TlsError> {
    let belief = match &access.trust {
        Trust::Authority(file) => Belief::Signed(authority(file)?),
        Trust::Fingerprint(digest) => Belief::Pinned {
            digest: *digest,
            stranger: Arc::clone(stranger),
        },
    };
    let builder = builder(belief)?;
    Ok(match &access.own {
        None => builder.with_no_client_auth(),
        Some(own) => {
            let key = PrivateKeyDer::from_pem_slice(own.key.reveal().as_bytes());
            let key = key.map_err(|_| TlsError::NoKey)?;
            builder.with_client_auth_cert(certificates(&own.certificate)?, key)?
        }
    })
}

fn builder(belief: Belief) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = Verifier {
        belief,
        provider: Arc::clone(&provider),
    };
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier)))
}

fn authority(file: &Path) -> Result<Arc<WebPkiServerVerifier>, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(file)? {
        roots.add(certificate)?;
    }
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
    verifier.build().map_err(|error| TlsError::NoCertificate {
        file: file.to_owned(),
        what: error.to_string(),
    })
}

/// Reads the certificates of a PEM file, at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let octets = std::fs::read(file).map_err(|source| TlsError::Unreadable {
        file: file.to_owned(),
        source,
    })?;
    let none = |what: String| TlsError::NoCertificate {
        file: file.to_owned(),
        what,
    };
    let found = CertificateDer::pem_slice_iter(&octets).collect::<Result<Vec<_>, _>>();
    match found.map_err(|error| none(error.to_string()))? {
        found if found.is_empty() => Err(none("it holds none".to_owned())),
        found => Ok(found),
    }
}
