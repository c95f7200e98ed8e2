//! From credentials to the library's clients, and why an SNMPv3 agent stays silent.
//!
//! A v3 agent answers a wrong password with a Report that nobody has signed, and RFC 3414 forbids to act on those. So
//! a client that listens to them is made only to explain a login that has failed already.

use std::net::SocketAddr;

use async_snmp as lib;
use async_snmp::{Auth, ClientBuilder, ResponseShapePolicy, Retry, UdpClient, UdpTransport};

use super::super::{SnmpCredentials, SnmpError};
use super::usm::{Engine, KeyForm, User};
use super::{GET_BINDINGS, Timing, translate};
use crate::secret::Secret;

/// `sysUpTime.0`: any signed answer to it proves the login, a refusal included.
const SYS_UP_TIME: [u32; 9] = [1, 3, 6, 1, 2, 1, 1, 3, 0];

/// Bindings in one SET: bounded by the message's size alone, since a SET must not be split.
const SET_BINDINGS: usize = 4096;

/// Attempts of a request that is to explain a failed login.
const EXPLAINING: u32 = 2;

/// The library's clients of one agent.
pub(super) struct Clients {
    pub(super) reader: UdpClient,
    /// Where writing is meant.
    pub(super) writer: Option<UdpClient>,
    /// Reads with the right to write, where that is not the reader's.
    pub(super) writers_reader: Option<UdpClient>,
}

/// The way to one agent.
pub(super) struct Line<'a> {
    /// What messages call the agent.
    pub(super) agent: &'a str,
    /// The socket.
    pub(super) transport: &'a UdpTransport,
    /// The agent's address.
    pub(super) target: SocketAddr,
    /// How long is waited.
    pub(super) timing: Timing,
}

impl Line<'_> {
    /// Makes the clients; v3 logs in.
    pub(super) async fn clients(
        &self,
        credentials: &SnmpCredentials,
    ) -> Result<Clients, SnmpError> {
        match credentials {
            SnmpCredentials::Community { v1, read, write } => {
                self.communities(*v1, read, write.as_ref())
            }
            SnmpCredentials::User {
                user,
                auth,
                privacy,
                context,
            } => {
                let user = User {
                    name: user,
                    auth: auth.as_ref(),
                    privacy: privacy.as_ref(),
                    context,
                };
                self.log_in(user).await
            }
        }
    }

    fn communities(
        &self,
        v1: bool,
        read: &Secret,
        write: Option<&Secret>,
    ) -> Result<Clients, SnmpError> {
        let auth = |community: &Secret| {
            let community = community.reveal().to_owned();
            if v1 {
                Auth::v1(community)
            } else {
                Auth::v2c(community)
            }
        };
        let reader = self.build(self.for_reads(auth(read)))?;
        let writer = write
            .map(|write| self.build(self.for_writes(auth(write))))
            .transpose()?;
        let writers_reader = write
            .filter(|write| write.reveal() != read.reveal())
            .map(|write| self.build(self.for_reads(auth(write))))
            .transpose()?;
        Ok(Clients {
            reader,
            writer,
            writers_reader,
        })
    }

    /// Logs in with the key form that the agent understands.
    async fn log_in(&self, user: User<'_>) -> Result<Clients, SnmpError> {
        let engine = Engine::new();
        let failure = match self.try_form(user, KeyForm::Blumenthal, &engine).await {
            Err(failure) if failure.is_lost() && engine.has_answered(self.target) => failure,
            done => return done,
        };
        if user.has_two_key_forms()
            && let Ok(clients) = self.try_form(user, KeyForm::Reeder, &engine).await
        {
            return Ok(clients);
        }
        Err(self.explain(user, &engine).await.unwrap_or(failure))
    }

    async fn try_form(
        &self,
        user: User<'_>,
        form: KeyForm,
        engine: &Engine,
    ) -> Result<Clients, SnmpError> {
        let auth = self.usm(user, form)?;
        let reader = self.build(engine.share(self.for_reads(auth.clone())))?;
        self.knock(&reader).await?;
        let writer = self.build(engine.share(self.for_writes(auth)))?;
        Ok(Clients {
            reader,
            writer: Some(writer),
            writers_reader: None,
        })
    }

    /// Finds out why an agent that is there did not answer the login; `None` if it cannot be told.
    async fn explain(&self, user: User<'_>, engine: &Engine) -> Option<SnmpError> {
        let rejects =
            |answer: &Result<(), SnmpError>| matches!(answer, Err(SnmpError::Rejected { .. }));
        let answer = self.ask_believing(user, engine).await;
        if rejects(&answer) {
            return answer.err();
        }
        // Text that decrypts to rubbish is dropped without a word. Signed with the same password but not encrypted, the
        // request is answered, even if only to say that it must be encrypted.
        user.privacy?;
        let signed_only = User {
            privacy: None,
            ..user
        };
        let answer = self.ask_believing(signed_only, engine).await;
        (answer.is_ok() || rejects(&answer))
            .then(|| self.rejected("wrong `priv` password or protocol".to_owned()))
    }

    /// Asks once more and listens to Reports that nobody has signed.
    async fn ask_believing(&self, user: User<'_>, engine: &Engine) -> Result<(), SnmpError> {
        let auth = self.usm(user, KeyForm::Blumenthal)?;
        let builder = self
            .for_reads(auth)
            .retry(self.retries(EXPLAINING))
            .allow_unauthenticated_v3_time_correction(true);
        self.knock(&self.build(engine.share(builder))?).await
    }

    /// Proves a login. A refusal is a signed answer too: the object may be outside the user's view.
    async fn knock(&self, client: &UdpClient) -> Result<(), SnmpError> {
        let Err(error) = client.get(&lib::Oid::from(SYS_UP_TIME)).await else {
            return Ok(());
        };
        let failure = translate::failure(self.agent, &error, false);
        if failure.refusal().is_some() {
            return Ok(());
        }
        Err(failure)
    }

    fn usm(&self, user: User<'_>, form: KeyForm) -> Result<Auth, SnmpError> {
        let config = user.config(form).map_err(|what| self.rejected(what))?;
        Ok(Auth::from(config))
    }

    fn rejected(&self, what: String) -> SnmpError {
        SnmpError::Rejected {
            agent: self.agent.to_owned(),
            what,
        }
    }

    fn for_reads(&self, auth: Auth) -> ClientBuilder {
        ClientBuilder::new(auth)
            .request_timeout(self.timing.per_read)
            .retry(self.retries(self.timing.reads))
            .max_oids_per_request(GET_BINDINGS)
            .response_shape_policy(ResponseShapePolicy::Strict)
    }

    /// The library sends a SET once: who repeats it has to know that it is a repetition. It does not compare the echoed
    /// values, which some agents fill in as they like; what counts is the read-back.
    fn for_writes(&self, auth: Auth) -> ClientBuilder {
        ClientBuilder::new(auth)
            .request_timeout(self.timing.per_write)
            .retry(Retry::none())
            .max_oids_per_request(SET_BINDINGS)
    }

    /// A lost request is repeated after a pause that doubles, so that a busy agent is left in peace.
    fn retries(&self, attempts: u32) -> Retry {
        let pause = self.timing.per_read / 10;
        Retry::exponential(attempts.saturating_sub(1).min(lib::MAX_RETRIES))
            .initial_delay(pause)
            .max_delay(self.timing.per_read.max(pause))
            .jitter(0.1)
            .build()
            .unwrap_or_else(|_| Retry::none())
    }

    fn build(&self, builder: ClientBuilder) -> Result<UdpClient, SnmpError> {
        let failed = |error: Box<lib::Error>| translate::failure(self.agent, &error, false);
        // An answer from another address is somebody else's.
        let handle = self.transport.handle(self.target).map_err(failed)?;
        builder
            .build_with_transport(handle.strict_source(true))
            .map_err(failed)
    }
}
