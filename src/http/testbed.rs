//! A web server on loopback that answers as a test tells it to, with TLS where it is given a certificate.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::http::{Access, Client, Identity, Timing, Trust};
use crate::profile::http::Http as Described;
use crate::secret::Secret;

/// The password of the tests: what must never show.
pub(super) const PASSWORD: &str = "hunter2-open-sesame";

/// Makes the octets that are sent back, or nothing to hang up, of a whole request.
type Answer = Box<dyn FnMut(&str) -> Option<Vec<u8>> + Send>;

/// The server; it ends with the test's process.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(super) fn start(
        tls: Option<&Certificate>,
        answer: impl FnMut(&str) -> Option<Vec<u8>> + Send + 'static,
    ) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let config = tls.map(Certificate::config);
        let noted = Arc::clone(&seen);
        let mut answer: Answer = Box::new(answer);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                match &config {
                    None => talk(stream, &noted, &mut answer),
                    Some(config) => {
                        let server = ServerConnection::new(Arc::clone(config)).unwrap();
                        talk(StreamOwned::new(server, stream), &noted, &mut answer);
                    }
                }
            }
        });
        Server { address, seen }
    }

    /// Every request so far: `GET /path`.
    pub(super) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    /// A client that trusts as told and asks with user and password.
    pub(super) fn client(&self, trust: Trust, described: &str) -> Client {
        client(self.address, trust, described)
    }
}

pub(super) fn client(address: SocketAddr, trust: Trust, described: &str) -> Client {
    let access = Access {
        identity: Identity::Password {
            user: "admin".to_owned(),
            password: Secret::new(PASSWORD.to_owned()),
        },
        trust,
        port: Some(address.port()),
        given: std::collections::BTreeMap::new(),
    };
    let described: Described = serde_json::from_str(described).unwrap();
    let timing = Timing {
        connect: Duration::from_secs(2),
        read: Duration::from_millis(700),
        write: Duration::from_millis(700),
    };
    Client::connect("office-1", "127.0.0.1", None, &access, &described, timing).unwrap()
}

/// An answer with a body.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> Option<Vec<u8>> {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {length}\r\nConnection: close\r\n");
    Some(format!("{head}{headers}\r\n{body}").into_bytes())
}

/// Reads one request and answers it.
fn talk(mut stream: impl Read + Write, seen: &Mutex<Vec<String>>, answer: &mut Answer) {
    let mut octets = Vec::new();
    let mut buffer = [0; 4096];
    let whole = loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .next_back()
                .unwrap_or(0usize);
            if body.len() >= length {
                break text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(count) => octets.extend_from_slice(&buffer[..count]),
        }
    };
    let first: Vec<&str> = whole.split(' ').take(2).collect();
    seen.lock().unwrap().push(first.join(" "));
    if let Some(answer) = answer(&whole) {
        stream.write_all(&answer).ok();
        stream.flush().ok();
    } else {
        std::thread::sleep(Duration::from_secs(1));
    }
}

/// A server's certificate and the authority that signed it.
pub(super) struct Certificate {
    pub(super) der: Vec<u8>,
    key: Vec<u8>,
    pub(super) authority: String,
}

impl Certificate {
    /// Signs a certificate for 127.0.0.1.
    pub(super) fn new() -> Certificate {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap();
        Certificate {
            der: certificate.der().to_vec(),
            key: key.serialize_der(),
            authority,
        }
    }

    /// Its SHA-256 digest.
    pub(super) fn digest(&self) -> [u8; 32] {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.der);
        digest.as_ref().try_into().unwrap()
    }

    fn config(&self) -> Arc<ServerConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let chain = vec![CertificateDer::from(self.der.clone())];
        let key = PrivateKeyDer::try_from(self.key.clone()).unwrap();
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .unwrap();
        Arc::new(config)
    }
}
