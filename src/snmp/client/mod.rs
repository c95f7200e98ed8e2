//! The SNMP client: [`Snmp`] spoken over UDP to one agent, in v1, v2c and v3.
//!
//! The wire protocol, correlation and cryptography are the library's; here is what halfspan wants of them:
//! attempts, splitting of requests, walks, and errors that tell lost from refused. What the objects mean
//! belongs to `tables` and `mirror`.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::time::Duration;

use async_snmp::{UdpClient, UdpTransport};
use tokio::runtime::Runtime;

use super::{ErrorStatus, Oid, Snmp, SnmpCredentials, SnmpError, Value, VarBind};

mod login;
mod translate;
mod usm;
mod walk;

#[cfg(test)]
mod net_snmp;
#[cfg(test)]
mod testbed;
#[cfg(test)]
mod tests;

/// How long is waited for answers, and how often is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Wait for the answer to a GET.
    pub per_read: Duration,
    /// Attempts for a GET, at least 1. The pause between them begins at a tenth of `per_read` and doubles.
    pub reads: u32,
    /// Wait for the answer to a SET. Longer than for a GET, because many switches answer only once the hardware is set.
    pub per_write: Duration,
    /// Attempts for a SET, at least 1. Few, because the repetition of a SET that worked may be refused.
    pub writes: u32,
}

impl Default for Timing {
    /// 4 GETs of 1 s (5 s with the pauses), 2 SETs of 3 s.
    fn default() -> Self {
        Timing {
            per_read: Duration::from_secs(1),
            reads: 4,
            per_write: Duration::from_secs(3),
            writes: 2,
        }
    }
}

/// A client for one agent.
pub struct Client {
    agent: String,
    address: SocketAddr,
    timing: Timing,
    reader: UdpClient,
    /// Asks with the write community; `None` if the credentials have none.
    writer: Option<UdpClient>,
    /// Reads with the write community; `None` if the reader does.
    writers_reader: Option<UdpClient>,
    // Last, so that the sockets are closed before the runtime that drives them ends.
    runtime: Runtime,
}

/// Bindings in one GET: 20 interface descriptions fit into an Ethernet frame, so that no answer depends on IP fragments.
const GET_BINDINGS: usize = 20;

/// The largest SNMP message over UDP: 65,535 less the IP and UDP headers.
///
/// It is announced to v3 agents; with the library's default of 1,472 net-snmp answers genErr to a GETBULK of 50 rows.
const MAX_MESSAGE: usize = 65_507;

/// The port of agents (RFC 3417 §3.1).
const AGENT_PORT: u16 = 161;

impl Client {
    /// Makes a client for the agent at `address`: a host name or IP address, with or without a port. `name` is what
    /// messages call it.
    ///
    /// With v3 this logs in, so that a wrong password is told from an agent that is not there. With v1 and v2c nothing
    /// is sent.
    ///
    /// # Errors
    /// [`SnmpError::Socket`] if there is no such host; with v3 [`SnmpError::Rejected`] for credentials that the agent
    /// does not accept and [`SnmpError::Lost`] if it does not answer.
    pub fn connect(
        name: &str,
        address: &str,
        credentials: &SnmpCredentials,
        timing: Timing,
    ) -> Result<Client, SnmpError> {
        let socket_failed = |source| SnmpError::Socket {
            agent: format!("{name} ({address})"),
            source,
        };
        let target = resolve(address).map_err(socket_failed)?;
        let agent = format!("{name} ({})", shown(target));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(socket_failed)?;
        let login::Clients {
            reader,
            writer,
            writers_reader,
        } = runtime.block_on(async {
            let transport = open(target)
                .await
                .map_err(|error| translate::failure(&agent, &error, false))?;
            let line = login::Line {
                agent: &agent,
                transport: &transport,
                target,
                timing,
            };
            line.clients(credentials).await
        })?;
        Ok(Client {
            agent,
            address: target,
            timing,
            reader,
            writer,
            writers_reader,
            runtime,
        })
    }

    /// Tells whether there is a credential to write with; whether the agent grants it, only a write shows.
    #[must_use]
    pub fn may_write(&self) -> bool {
        self.writer.is_some()
    }

    /// Returns where the agent is asked.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    fn get_by(&self, reader: &UdpClient, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        let mut bindings = Vec::with_capacity(oids.len());
        for some in oids.chunks(GET_BINDINGS) {
            bindings.extend(self.get_some(reader, some)?);
        }
        Ok(bindings)
    }

    fn walk_by(&self, reader: &UdpClient, base: &Oid) -> Result<Vec<VarBind>, SnmpError> {
        let walk = walk::Walk::new(&self.agent, reader, base);
        self.runtime.block_on(walk.run())
    }

    /// Reads `oids` in one request, or in halves where the agent cannot answer all at once.
    ///
    /// A v1 agent answers noSuchName as soon as one instance is absent: halving finds out which.
    fn get_some(&self, reader: &UdpClient, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        let wire: Vec<_> = oids.iter().map(translate::to_oid).collect();
        let refusal = match self.runtime.block_on(reader.get_many(&wire)) {
            Ok(answer) => {
                return Ok(answer
                    .varbinds
                    .into_iter()
                    .map(translate::from_binding)
                    .collect());
            }
            Err(error) => translate::failure(&self.agent, &error, false),
        };
        match (oids, refusal.refusal()) {
            ([oid], Some(ErrorStatus::NoSuchName)) => Ok(vec![VarBind {
                oid: oid.clone(),
                value: Value::NoSuchInstance,
            }]),
            (
                [_, _, ..],
                Some(ErrorStatus::NoSuchName | ErrorStatus::TooBig | ErrorStatus::GenErr),
            ) => {
                let (front, back) = oids.split_at(oids.len() / 2);
                let mut bindings = self.get_some(reader, front)?;
                bindings.extend(self.get_some(reader, back)?);
                Ok(bindings)
            }
            _ => Err(refusal),
        }
    }
}

impl Snmp for Client {
    fn agent(&self) -> &str {
        &self.agent
    }

    fn get(&mut self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        self.get_by(&self.reader, oids)
    }

    fn walk(&mut self, base: &Oid) -> Result<Vec<VarBind>, SnmpError> {
        self.walk_by(&self.reader, base)
    }

    fn get_as_writer(&mut self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        self.get_by(self.writers_reader.as_ref().unwrap_or(&self.reader), oids)
    }

    fn walk_as_writer(&mut self, base: &Oid) -> Result<Vec<VarBind>, SnmpError> {
        self.walk_by(self.writers_reader.as_ref().unwrap_or(&self.reader), base)
    }

    fn set(&mut self, bindings: &[VarBind]) -> Result<(), SnmpError> {
        let writer = self
            .writer
            .as_ref()
            .ok_or_else(|| SnmpError::NoWriteRight {
                agent: self.agent.clone(),
            })?;
        let wire = bindings
            .iter()
            .map(|binding| {
                (
                    translate::to_oid(&binding.oid),
                    translate::to_value(&binding.value),
                )
            })
            .collect::<Vec<_>>();
        let attempts = self.timing.writes.max(1);
        let mut waited = 0.0;
        for attempt in 1..=attempts {
            let Err(error) = self.runtime.block_on(writer.set_many(&wire)) else {
                return Ok(());
            };
            let failure = translate::failure(&self.agent, &error, true);
            if let SnmpError::Lost { seconds, .. } = failure {
                waited += seconds;
                continue;
            }
            // A repeated createAndGo is refused with inconsistentValue because the first one worked.
            if attempt > 1 && failure.refusal().is_some() {
                break;
            }
            return Err(failure);
        }
        Err(SnmpError::Lost {
            agent: self.agent.clone(),
            attempts,
            seconds: waited,
        })
    }
}

/// Looks up `host`, `host:port`, `v6` or `[v6]:port`; the system's first answer counts.
fn resolve(address: &str) -> io::Result<SocketAddr> {
    let (host, port) = split_port(address);
    let mut found = (host, port).to_socket_addrs()?;
    found
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
}

/// Splits a port off an address. A bare IPv6 address has colons but no port.
fn split_port(address: &str) -> (&str, u16) {
    let bracketed = address
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    let (host, rest) = match bracketed {
        Some((host, rest)) => (host, rest.strip_prefix(':')),
        None => match address.split_once(':') {
            Some((host, port)) if !port.contains(':') => (host, Some(port)),
            _ => (address, None),
        },
    };
    match rest.map(str::parse) {
        None => (host, AGENT_PORT),
        Some(Ok(port)) => (host, port),
        // Not a port: the look-up of the whole text fails and says so.
        Some(Err(_)) => (address, AGENT_PORT),
    }
}

/// Writes an address as people do: without the port that every agent has.
fn shown(target: SocketAddr) -> String {
    if target.port() == AGENT_PORT {
        target.ip().to_string()
    } else {
        target.to_string()
    }
}

/// Opens a socket of the target's address family.
async fn open(target: SocketAddr) -> async_snmp::Result<UdpTransport> {
    let any = if target.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    UdpTransport::builder()
        .bind(any)
        .max_message_size(MAX_MESSAGE)
        .build()
        .await
}
