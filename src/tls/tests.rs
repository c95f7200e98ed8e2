//! Handshakes with a server that wants to see a certificate, on loopback.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConnection;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ServerConfig, WebPkiClientVerifier};

use super::*;
use crate::error::Diagnosis;

/// A folder with an authority (`ca.pem`) and a certificate (`me.pem`) with its key, as `ovs-pki` makes them: the name is no address.
struct Pki {
    folder: tempfile::TempDir,
    key: String,
    authority: CertificateDer<'static>,
    certificate: CertificateDer<'static>,
}

impl Pki {
    fn new() -> Pki {
        let root = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&root).unwrap();
        let issuer = Issuer::new(params, root);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["sw1.example".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("ca.pem"), authority.pem()).unwrap();
        std::fs::write(folder.path().join("me.pem"), certificate.pem()).unwrap();
        Pki {
            folder,
            key: key.serialize_pem(),
            authority: authority.der().clone(),
            certificate: certificate.der().clone(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn digest(&self) -> [u8; 32] {
        let digest = ::ring::digest::digest(&::ring::digest::SHA256, &self.certificate);
        digest.as_ref().try_into().unwrap()
    }

    fn own(&self) -> Own {
        Own {
            certificate: self.path("me.pem"),
            key: Secret::new(self.key.clone()),
        }
    }

    /// Shows the certificate, wants to see another of the same authority, and answers four octets with four.
    fn serve(&self) -> SocketAddr {
        let provider = Arc::new(ring::default_provider());
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.clone()).unwrap();
        let clients =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
                .build()
                .unwrap();
        let key = PrivateKeyDer::from_pem_slice(self.key.as_bytes()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![self.certificate.clone()], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for tcp in listener.incoming().flatten() {
                let server = ServerConnection::new(Arc::clone(&config)).unwrap();
                let mut stream = StreamOwned::new(server, tcp);
                let mut heard = [0; 4];
                if stream.read_exact(&mut heard).is_ok() {
                    stream.write_all(b"pong").unwrap();
                } else {
                    // What is still unread when a socket is closed would take the alert away from the other side.
                    io::copy(&mut stream.sock, &mut io::sink()).ok();
                }
            }
        });
        address
    }
}

fn call(address: SocketAddr) -> TcpStream {
    let tcp = TcpStream::connect(address).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    tcp
}

/// What a question gets: `pong`, or the error with its hint.
fn ask(address: SocketAddr, trust: Trust, own: Option<Own>) -> Result<String, String> {
    let words = |error: TlsError| format!("{error}: {}", error.hint().unwrap_or_default());
    let mut stream = connect(&Access { trust, own }, call(address)).map_err(words)?;
    let mut answer = [0; 4];
    let asked = stream
        .write_all(b"ping")
        .and_then(|()| stream.read_exact(&mut answer));
    match asked {
        Ok(()) => Ok(String::from_utf8_lossy(&answer).into_owned()),
        Err(error) if refused(&error) => Err(words(TlsError::Unwelcome(error))),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn an_authority_or_a_fingerprint_is_enough_to_believe_and_ours_is_shown() {
    let pki = Pki::new();
    let address = pki.serve();
    for trust in [
        Trust::Authority(pki.path("ca.pem")),
        Trust::Fingerprint(pki.digest()),
    ] {
        assert_eq!(ask(address, trust, Some(pki.own())), Ok("pong".to_owned()));
    }
}

#[test]
fn who_is_not_believed_is_told_nothing() {
    let (pki, other) = (Pki::new(), Pki::new());
    let address = pki.serve();
    let error = ask(address, Trust::Authority(other.path("ca.pem")), None).unwrap_err();
    assert!(error.contains("is `ca` the authority"), "{error}");
    let error = ask(address, Trust::Fingerprint([7; 32]), None).unwrap_err();
    let shown: String = pki
        .digest()
        .iter()
        .map(|octet| format!("{octet:02x}"))
        .collect();
    assert!(
        error.contains(&format!("fingerprint: sha256:{shown}")),
        "{error}"
    );
}

#[test]
fn a_server_that_does_not_accept_us_is_recognised() {
    let (pki, other) = (Pki::new(), Pki::new());
    let address = pki.serve();
    for own in [None, Some(other.own())] {
        let error = ask(address, Trust::Fingerprint(pki.digest()), own).unwrap_err();
        assert!(error.contains("`certificate` and `key`"), "{error}");
    }
}

#[test]
fn files_that_are_not_what_they_should_be_are_named() {
    let pki = Pki::new();
    let address = pki.serve();
    let file = pki.path("odd.pem");
    for content in [
        "",
        "nonsense",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        std::fs::write(&file, content).unwrap();
        let error = ask(address, Trust::Authority(file.clone()), None).unwrap_err();
        assert!(!error.is_empty(), "{content}");
    }
    let error = ask(address, Trust::Authority(pki.path("gone.pem")), None).unwrap_err();
    assert!(error.contains("gone.pem"), "{error}");
    let mut own = pki.own();
    own.key = Secret::new("file:me.key".to_owned());
    let error = ask(address, Trust::Fingerprint(pki.digest()), Some(own)).unwrap_err();
    assert!(error.contains("no private key"), "{error}");
    let stranger = Own {
        key: Secret::new(Pki::new().key.clone()),
        ..pki.own()
    };
    let error = ask(address, Trust::Fingerprint(pki.digest()), Some(stranger)).unwrap_err();
    assert!(error.contains("belong to `certificate`"), "{error}");
}
