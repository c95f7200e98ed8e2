//! An agent in the process and a network that loses packets, for the client's tests.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use async_snmp::handler::{
    BoxFuture, GetNextResult, GetResult, HandlerError, HandlerResult, MibHandler, PreparedSet,
    RequestContext, SetCommitResult, SetTestError, SetTestResult, SetUndoResult,
};
use async_snmp::{
    Agent, AuthProtocol, AuthoritativeEngine, DesSaltState, Oid, PrivProtocol, UsmUser, Value,
    VarBind, generate_engine_id, oid,
};

type Rows = BTreeMap<Oid, Value>;

/// Below this, a SET succeeds the first time and is then refused with inconsistentValue, as createAndGo is.
pub(super) const CREATED_ONCE: &str = "1.3.6.1.4.1.99999.2";
/// Below this, a SET is refused with notWritable.
pub(super) const READ_ONLY: &str = "1.3.6.1.4.1.99999.3";
/// Below this, a GETBULK of more than 4 rows is answered with genErr.
pub(super) const FEW_AT_ONCE: &str = "1.3.6.1.4.1.99999.4";

/// Users of the agent; the passwords are `auth password` and `priv password`.
pub(super) const USERS: [(&str, Option<AuthProtocol>, Option<PrivProtocol>); 9] = [
    ("nobody", None, None),
    ("md5", Some(AuthProtocol::Md5), None),
    ("md5-des", Some(AuthProtocol::Md5), Some(PrivProtocol::Des)),
    (
        "sha1-aes128",
        Some(AuthProtocol::Sha1),
        Some(PrivProtocol::Aes128),
    ),
    (
        "sha224-aes256",
        Some(AuthProtocol::Sha224),
        Some(PrivProtocol::Aes256Blumenthal),
    ),
    (
        "sha256-aes192",
        Some(AuthProtocol::Sha256),
        Some(PrivProtocol::Aes192Blumenthal),
    ),
    ("sha384", Some(AuthProtocol::Sha384), None),
    (
        "sha512-aes256",
        Some(AuthProtocol::Sha512),
        Some(PrivProtocol::Aes256Blumenthal),
    ),
    (
        "sha1-aes256-cisco",
        Some(AuthProtocol::Sha1),
        Some(PrivProtocol::Aes256Reeder),
    ),
];

/// An agent on a loopback port, with communities `public` (may read) and `private`.
pub(super) struct TestAgent {
    /// Where it listens.
    pub(super) address: SocketAddr,
    rows: Arc<Mutex<Rows>>,
    agent: Agent,
    thread: Option<JoinHandle<()>>,
}

impl TestAgent {
    /// Starts an agent that knows `rows` and no v3 user.
    pub(super) fn start<'a>(rows: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        Self::start_at("127.0.0.1:0", rows, false)
    }

    /// Starts an agent that knows [`USERS`].
    pub(super) fn start_v3<'a>(rows: impl IntoIterator<Item = (&'a str, Value)>) -> Self {
        Self::start_at("127.0.0.1:0", rows, true)
    }

    /// Starts an agent at `address`.
    pub(super) fn start_at<'a>(
        address: &str,
        rows: impl IntoIterator<Item = (&'a str, Value)>,
        v3: bool,
    ) -> Self {
        let rows = rows.into_iter().map(|(oid, value)| (parse(oid), value));
        let rows = Arc::new(Mutex::new(rows.collect::<Rows>()));
        let handler = Arc::new(Handler {
            rows: Arc::clone(&rows),
            bulk: Mutex::default(),
        });
        let mut builder = Agent::builder()
            .bind(address)
            .community(b"public")
            .community(b"private")
            .handler(oid!(1, 3, 6), handler)
            .without_builtin_handlers()
            .allow_all_access();
        if v3 {
            let engine = AuthoritativeEngine::install(generate_engine_id().unwrap(), |_| {
                Ok::<(), Infallible>(())
            });
            let salts = DesSaltState::install(|_| Ok::<(), Infallible>(()));
            builder = builder
                .authoritative_engine(engine.unwrap())
                .des_salt_state(salts.unwrap());
            for (name, auth, privacy) in USERS {
                builder = builder
                    .usm_user(name, |user| with_passwords(user, auth, privacy))
                    .unwrap();
            }
        }
        let (tell, told) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let agent = builder.build().await.unwrap();
                tell.send(agent.clone()).unwrap();
                agent.run().await.unwrap();
            });
        });
        let agent = told.recv().unwrap();
        TestAgent {
            address: agent.local_addr(),
            rows,
            agent,
            thread: Some(thread),
        }
    }

    /// Returns what the agent now holds.
    pub(super) fn value(&self, oid: &str) -> Option<Value> {
        self.rows.lock().unwrap().get(&parse(oid)).cloned()
    }
}

impl Drop for TestAgent {
    fn drop(&mut self) {
        self.agent.cancel();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

fn with_passwords(
    user: UsmUser,
    auth: Option<AuthProtocol>,
    privacy: Option<PrivProtocol>,
) -> async_snmp::CryptoResult<UsmUser> {
    match (auth, privacy) {
        (Some(auth), Some(privacy)) => {
            user.auth_priv(auth, "auth password", privacy, "priv password")
        }
        (Some(auth), None) => user.auth(auth, "auth password"),
        _ => Ok(user),
    }
}

fn parse(oid: &str) -> Oid {
    Oid::parse(oid).unwrap()
}

struct Handler {
    rows: Arc<Mutex<Rows>>,
    /// The present GETBULK and how many rows it has had.
    bulk: Mutex<(i32, u32)>,
}

impl MibHandler for Handler {
    fn get<'a>(
        &'a self,
        _: &'a RequestContext,
        oid: &'a Oid,
    ) -> BoxFuture<'a, HandlerResult<GetResult>> {
        let found = self.rows.lock().unwrap().get(oid).cloned();
        Box::pin(async move { Ok(found.map_or(GetResult::NoSuchInstance, GetResult::Value)) })
    }

    fn get_next<'a>(
        &'a self,
        context: &'a RequestContext,
        oid: &'a Oid,
    ) -> BoxFuture<'a, HandlerResult<GetNextResult>> {
        let rows = self.rows.lock().unwrap();
        let next = rows.range(oid..).find(|(next, _)| *next > oid);
        let next = next.map(|(oid, value)| VarBind::new(oid.clone(), value.clone()));
        let mut bulk = self.bulk.lock().unwrap();
        if bulk.0 != context.request_id() {
            *bulk = (context.request_id(), 0);
        }
        bulk.1 += 1;
        let too_many = bulk.1 > 4 && oid.starts_with(&parse(FEW_AT_ONCE));
        Box::pin(async move {
            if too_many {
                return Err(HandlerError::new("too many rows"));
            }
            Ok(next.map_or(GetNextResult::EndOfMibView, GetNextResult::Value))
        })
    }

    fn test_set<'a>(
        &'a self,
        context: &'a RequestContext,
        oid: &'a Oid,
        _: &'a Value,
    ) -> BoxFuture<'a, SetTestResult> {
        let may_write = context.security_name().as_bytes() != b"public";
        let previous = self.rows.lock().unwrap().get(oid).cloned();
        let verdict = if !may_write {
            Err(SetTestError::NoAccess)
        } else if oid.starts_with(&parse(READ_ONLY)) {
            Err(SetTestError::NotWritable)
        } else if oid.starts_with(&parse(CREATED_ONCE)) && previous.is_some() {
            Err(SetTestError::InconsistentValue)
        } else {
            Ok(Change {
                rows: Arc::clone(&self.rows),
                previous,
            })
        };
        Box::pin(async move { verdict.map(|change| Box::new(change) as Box<dyn PreparedSet>) })
    }
}

struct Change {
    rows: Arc<Mutex<Rows>>,
    previous: Option<Value>,
}

impl PreparedSet for Change {
    fn commit<'a>(
        &'a mut self,
        _: &'a RequestContext,
        oid: &'a Oid,
        value: &'a Value,
    ) -> BoxFuture<'a, SetCommitResult> {
        self.rows.lock().unwrap().insert(oid.clone(), value.clone());
        Box::pin(async { Ok(()) })
    }

    fn undo<'a>(
        &'a mut self,
        _: &'a RequestContext,
        oid: &'a Oid,
        _: &'a Value,
    ) -> BoxFuture<'a, SetUndoResult> {
        let mut rows = self.rows.lock().unwrap();
        match self.previous.take() {
            Some(value) => rows.insert(oid.clone(), value),
            None => rows.remove(oid),
        };
        Box::pin(async { Ok(()) })
    }
}

/// A network between a client and an agent.
pub(super) struct Network {
    /// Where the client finds the agent.
    pub(super) address: SocketAddr,
    requests: Arc<AtomicU32>,
    stop: Arc<AtomicBool>,
}

/// Which packets are lost, counted from 1 in each direction.
#[derive(Clone, Copy, Default)]
pub(super) struct Losses {
    /// From the client to the agent.
    pub(super) requests: &'static [u32],
    /// From the agent to the client.
    pub(super) answers: &'static [u32],
}

impl Network {
    /// Relays between whoever asks and `agent`.
    pub(super) fn before(agent: SocketAddr, losses: Losses) -> Self {
        let outside = UdpSocket::bind("127.0.0.1:0").unwrap();
        let inside = UdpSocket::bind("127.0.0.1:0").unwrap();
        inside.connect(agent).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(AtomicU32::new(0));
        let client = Arc::new(Mutex::new(None));
        let address = outside.local_addr().unwrap();
        let (from_client, to_client) = (outside.try_clone().unwrap(), outside);
        let (to_agent, from_agent) = (inside.try_clone().unwrap(), inside);

        let last = Arc::clone(&client);
        relay(
            from_client,
            Arc::clone(&stop),
            Arc::clone(&requests),
            losses.requests,
            move |packet, source| {
                *last.lock().unwrap() = Some(source);
                to_agent.send(packet).ok();
            },
        );
        relay(
            from_agent,
            Arc::clone(&stop),
            Arc::default(),
            losses.answers,
            move |packet, _| {
                if let Some(client) = *client.lock().unwrap() {
                    to_client.send_to(packet, client).ok();
                }
            },
        );
        Network {
            address,
            requests,
            stop,
        }
    }

    /// Returns how many requests the client has sent.
    pub(super) fn requests(&self) -> u32 {
        self.requests.load(Ordering::SeqCst)
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
    }
}

/// Passes on what arrives at `socket`, but for the packets that are lost, until told to stop.
fn relay(
    socket: UdpSocket,
    stop: Arc<AtomicBool>,
    count: Arc<AtomicU32>,
    lost: &'static [u32],
    pass_on: impl Fn(&[u8], SocketAddr) + Send + 'static,
) {
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .unwrap();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 65_535];
        while !stop.load(Ordering::SeqCst) {
            if let Ok((length, source)) = socket.recv_from(&mut buffer) {
                let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                if !lost.contains(&number) {
                    pass_on(&buffer[..length], source);
                }
            }
        }
    });
}
