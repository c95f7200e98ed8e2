//! Whose certificate is believed, asked by the library in the middle of a handshake.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

/// The digest of the last certificate that was not the pinned one.
pub type Stranger = Arc<Mutex<Option<[u8; 32]>>>;

/// What is believed.
pub(super) enum Belief {
    /// The one certificate with this SHA-256 digest, whoever signed it.
    Pinned {
        digest: [u8; 32],
        stranger: Stranger,
    },
    /// Every certificate that the authority has signed. The name in it is left out: `ovs-pki` writes a switch's name and a
    /// number, not its address, and Open vSwitch's own programs do not compare them.
    Signed(Arc<WebPkiServerVerifier>),
}

/// Believes that, and checks that who shows a certificate has its key.
pub(super) struct Verifier {
    pub(super) belief: Belief,
    pub(super) provider: Arc<CryptoProvider>,
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.belief {
            Belief::Pinned { .. } => "Pinned",
            Belief::Signed(_) => "Signed",
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match &self.belief {
            Belief::Pinned { digest, stranger } => {
                let shown = ::ring::digest::digest(&::ring::digest::SHA256, end_entity);
                if shown.as_ref() == digest {
                    return Ok(ServerCertVerified::assertion());
                }
                let mut stranger = stranger.lock().unwrap_or_else(PoisonError::into_inner);
                *stranger = shown.as_ref().try_into().ok();
                Err(Error::General("not the pinned certificate".to_owned()))
            }
            Belief::Signed(authority) => {
                let verdict = authority.verify_server_cert(
                    end_entity,
                    intermediates,
                    server_name,
                    ocsp_response,
                    now,
                );
                // The library comes to the name last: signatures, dates and purposes are good then.
                match verdict {
                    Err(Error::InvalidCertificate(
                        CertificateError::NotValidForName
                        | CertificateError::NotValidForNameContext { .. },
                    )) => Ok(ServerCertVerified::assertion()),
                    verdict => verdict,
                }
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let known = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
