//! A lab as seen from outside: by a manager, by a capture, by whoever asks the suspect for its name. Real sockets on
//! loopback, free ports, no root.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use async_snmp::{Auth, Client, ErrorStatus, Oid, Retry, UdpClient, Value};

use super::*;
use crate::wire::ethernet::Frame;
use crate::wire::tzsp;

mod agent;
mod faults;
mod stream;

/// portCopyDirection and portCopyStatus.
const DIRECTION: &[u32] = &[1, 3, 6, 1, 2, 1, 16, 22, 1, 3, 1, 1, 4];
const STATUS: &[u32] = &[1, 3, 6, 1, 2, 1, 16, 22, 1, 3, 1, 1, 5];
const SYS_UPTIME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 3, 0];
const SYS_NAME: &[u32] = &[1, 3, 6, 1, 2, 1, 1, 5, 0];
const CREATE_AND_GO: Value = Value::Integer(4);
const DESTROY: Value = Value::Integer(6);

/// A switch with 8 ports, all up: 1 to 6 with machines, 7 the uplink, 8 the laptop's. The suspect is on port 3.
fn small() -> Spec {
    Spec {
        ports: 8,
        down: 0.0,
        suspect: Suspect {
            place: Place::Port(BridgePort(3)),
            ..Suspect::default()
        },
        ..Spec::default()
    }
    .on_free_ports()
}

/// What went wrong with a request.
#[derive(Debug, PartialEq, Eq)]
enum Failed {
    /// The error-status and the error-index.
    Refused(ErrorStatus, u32),
    Silence,
    Other(String),
}

/// Someone who asks an agent, one request at a time and each only once.
struct Manager {
    runtime: tokio::runtime::Runtime,
    client: UdpClient,
}

impl Manager {
    fn new(agent: SocketAddr, auth: impl Into<Auth>) -> Manager {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let client = Client::builder(agent, auth)
            .request_timeout(Duration::from_secs(1))
            .retry(Retry::none())
            .connect();
        let client = runtime.block_on(client).unwrap();
        Manager { runtime, client }
    }

    fn writer(lab: &Lab) -> Manager {
        Manager::new(lab.addresses().switch, Auth::v2c("private"))
    }

    fn reader(lab: &Lab) -> Manager {
        Manager::new(lab.addresses().switch, Auth::v2c("public"))
    }

    fn get(&self, oid: &[u32]) -> Result<Value, Failed> {
        let oid = Oid::from_slice(oid);
        let answer = self.runtime.block_on(self.client.get(&oid));
        answer
            .map(|answer| answer.single().unwrap().value.clone())
            .map_err(failed)
    }

    fn set(&self, bindings: &[(Vec<u32>, Value)]) -> Result<(), Failed> {
        let bindings: Vec<(Oid, Value)> = bindings
            .iter()
            .map(|(oid, value)| (Oid::from_slice(oid), value.clone()))
            .collect();
        let answer = self.runtime.block_on(self.client.set_many(&bindings));
        answer.map(|_| ()).map_err(failed)
    }

    fn walk(&self, base: &[u32]) -> Vec<(Vec<u32>, Value)> {
        let walk = self.client.walk(Oid::from_slice(base)).unwrap();
        let all = self.runtime.block_on(walk.collect()).unwrap();
        all.into_iter()
            .map(|binding| (binding.oid.arcs().to_vec(), binding.value))
            .collect()
    }

    /// Mirrors what these ports of an 8-port switch receive to the laptop's.
    fn mirror(&self, ports: &[u32]) -> Result<(), Failed> {
        let rows = ports.iter().flat_map(|port| {
            [
                (row(DIRECTION, *port, 8), Value::Integer(1)),
                (row(STATUS, *port, 8), CREATE_AND_GO),
            ]
        });
        self.set(&rows.collect::<Vec<_>>())
    }
}

#[expect(
    clippy::boxed_local,
    clippy::wildcard_enum_match_arm,
    reason = "the library hands out boxes and has many errors"
)]
fn failed(error: Box<async_snmp::Error>) -> Failed {
    match error.exchange_source() {
        async_snmp::Error::Snmp { status, index, .. } => Failed::Refused(*status, *index),
        async_snmp::Error::Timeout { .. } => Failed::Silence,
        other => Failed::Other(other.to_string()),
    }
}

/// The instance of a portCopyTable column for two ports.
fn row(column: &[u32], source: u32, destination: u32) -> Vec<u32> {
    [column, &[source + 48, destination + 48]].concat()
}

/// The laptop's capture.
struct Ear(UdpSocket);

impl Ear {
    fn new() -> Ear {
        Ear(UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap())
    }

    fn hearing(&self, spec: Spec) -> Spec {
        let mut spec = spec;
        spec.services.capture = self.0.local_addr().unwrap();
        spec
    }

    /// Collects the frames that have arrived and will arrive within `span`.
    #[expect(clippy::disallowed_methods, reason = "the lab runs on the real clock")]
    fn listen(&self, span: Duration) -> Vec<Vec<u8>> {
        let end = Instant::now() + span;
        let mut frames = Vec::new();
        let mut buffer = [0; 2048];
        while let Some(left) = end.checked_duration_since(Instant::now())
            && !left.is_zero()
        {
            self.0.set_read_timeout(Some(left)).unwrap();
            if let Ok(length) = self.0.recv(&mut buffer) {
                let packet = tzsp::Packet::parse(&buffer[..length]).unwrap();
                assert_eq!(packet.kind, tzsp::Kind::RECEIVED);
                assert_eq!(packet.protocol, tzsp::Protocol::ETHERNET);
                frames.push(packet.frame.to_vec());
            }
        }
        frames
    }

    /// Drops what has arrived so far.
    fn drain(&self) {
        self.0.set_nonblocking(true).unwrap();
        while self.0.recv(&mut [0; 2048]).is_ok() {}
        self.0.set_nonblocking(false).unwrap();
    }
}

fn from(mac: Mac, frames: &[Vec<u8>]) -> usize {
    let sources = frames.iter().map(|frame| Frame::parse(frame).unwrap().src);
    sources.filter(|src| *src == mac).count()
}

fn is_group(frame: &[u8]) -> bool {
    Frame::parse(frame).unwrap().dst.is_group()
}
