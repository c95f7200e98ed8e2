//! Running the agents: who may do what, and a fresh start after a reboot.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use async_snmp::agent::SecurityModel;
use async_snmp::{
    Agent, AgentBuilder, AuthoritativeEngine, DesSaltState, PersistedAuthoritativeEngine,
    PersistedDesSaltState, SecurityLevel, oid,
};
use tokio::sync::{Notify, watch};

use super::Mib;
use crate::lab::site::SWITCH_MAC;
use crate::lab::spec::{AgentSpec, User};
use crate::snmp::{AuthProtocol, PrivProtocol};

/// An agent and the ways to it.
pub(in crate::lab) struct Server {
    spec: AgentSpec,
    /// Whether nobody may write.
    read_only: bool,
    mib: Arc<Mib>,
    boots: u32,
    agent: Agent,
    /// Tells the front where the agent is at present.
    address: watch::Sender<SocketAddr>,
}

/// Any error of the agent's library.
pub(in crate::lab) type AgentError = Box<dyn std::error::Error + Send + Sync>;

impl Server {
    /// Makes an agent and binds it to a free port, which is told in the receiver.
    pub(in crate::lab) async fn start(
        spec: &AgentSpec,
        read_only: bool,
        mib: Mib,
    ) -> Result<(Server, watch::Receiver<SocketAddr>), AgentError> {
        let mib = Arc::new(mib);
        let agent = build(spec, read_only, &mib, 1).await?;
        let (address, front) = watch::channel(agent.local_addr());
        let server = Server {
            spec: spec.clone(),
            read_only,
            mib,
            boots: 1,
            agent,
            address,
        };
        Ok((server, front))
    }

    /// Answers until the task is dropped; begins anew whenever the device has restarted.
    pub(in crate::lab) async fn run(mut self, restarted: Arc<Notify>) -> Result<(), AgentError> {
        loop {
            tokio::select! {
                ended = self.agent.run() => return Ok(ended?),
                () = restarted.notified() => {}
            }
            self.agent.cancel();
            self.boots += 1;
            self.agent = build(&self.spec, self.read_only, &self.mib, self.boots).await?;
            self.address.send_replace(self.agent.local_addr());
        }
    }
}

async fn build(
    spec: &AgentSpec,
    read_only: bool,
    mib: &Arc<Mib>,
    boots: u32,
) -> Result<Agent, AgentError> {
    let everything = oid!(1);
    let mut builder = Agent::builder()
        .bind("127.0.0.1:0")
        .max_message_size(spec.max_message.into())
        .communities([&*spec.read_community, &*spec.write_community])
        .handler(everything, Arc::clone(mib) as _);
    if !spec.users.is_empty() {
        builder = builder
            .authoritative_engine(engine(boots)?)
            .des_salt_state(salt_state(boots)?);
    }
    for user in &spec.users {
        builder = add_user(builder, user)?;
    }
    let spec = spec.clone();
    let builder = builder.vacm(|mut vacm| {
        vacm = vacm
            .view("all", |view| view.include(oid!(1)))
            .view("nothing", |view| view);
        let communities = [(&spec.read_community, false), (&spec.write_community, true)];
        for (community, writes) in communities {
            for model in [SecurityModel::V1, SecurityModel::V2c] {
                let level = SecurityLevel::NoAuthNoPriv;
                vacm = admit(vacm, community, model, level, writes && !read_only);
            }
        }
        for user in &spec.users {
            let level = level(user);
            let writes = user.writes && !read_only;
            vacm = admit(vacm, &user.name, SecurityModel::Usm, level, writes);
        }
        vacm
    });
    Ok(builder.build().await?)
}

/// Lets a community or user see everything and, where it may write, write everything that can be written.
fn admit(
    vacm: async_snmp::VacmBuilder,
    name: &str,
    model: SecurityModel,
    level: SecurityLevel,
    writes: bool,
) -> async_snmp::VacmBuilder {
    let (name, group) = (name.to_owned(), format!("{name} {model:?}"));
    vacm.group(name, model, group.clone())
        .access(group, model, level, |access| {
            // Who may not write has a view of nothing, so that a write is `noAccess`, as net-snmp says it; without a
            // view it would be `authorizationError`.
            let writes = if writes { "all" } else { "nothing" };
            access
                .context_match_prefix()
                .read_view("all")
                .write_view(writes)
        })
}

/// The security level that a user has to use.
fn level(user: &User) -> SecurityLevel {
    match (&user.auth, &user.privacy) {
        (None, _) => SecurityLevel::NoAuthNoPriv,
        (Some(_), None) => SecurityLevel::AuthNoPriv,
        (Some(_), Some(_)) => SecurityLevel::AuthPriv,
    }
}

fn add_user(builder: AgentBuilder, user: &User) -> Result<AgentBuilder, AgentError> {
    let added = builder.usm_user(user.name.clone(), |config| {
        match (&user.auth, &user.privacy) {
            (None, _) => Ok(config),
            (Some((auth, password)), None) => config.auth(auth_protocol(*auth), password),
            (Some((auth, password)), Some((privacy, privacy_password))) => config.auth_priv(
                auth_protocol(*auth),
                password,
                priv_protocol(*privacy),
                privacy_password,
            ),
        }
    });
    Ok(added?)
}

/// The snmpEngineID of all devices of the lab, made of net-snmp's enterprise number and the switch's MAC (RFC 3411).
fn engine_id() -> Vec<u8> {
    [&[0x80, 0, 0x1f, 0x88, 3][..], &SWITCH_MAC.0].concat()
}

fn engine(boots: u32) -> Result<AuthoritativeEngine, AgentError> {
    let keep_nowhere = |_: &PersistedAuthoritativeEngine| Ok::<(), Infallible>(());
    let engine = match boots - 1 {
        0 => AuthoritativeEngine::install(engine_id(), keep_nowhere)?,
        before => {
            let before = PersistedAuthoritativeEngine::new(engine_id(), before)?;
            AuthoritativeEngine::restart(before, keep_nowhere)?
        }
    };
    Ok(engine)
}

fn salt_state(boots: u32) -> Result<DesSaltState, AgentError> {
    let keep_nowhere = |_: &PersistedDesSaltState| Ok::<(), Infallible>(());
    let state = match boots - 1 {
        0 => DesSaltState::install(keep_nowhere)?,
        before => DesSaltState::restart(PersistedDesSaltState::new(before)?, keep_nowhere)?,
    };
    Ok(state)
}

fn auth_protocol(protocol: AuthProtocol) -> async_snmp::AuthProtocol {
    match protocol {
        AuthProtocol::Md5 => async_snmp::AuthProtocol::Md5,
        AuthProtocol::Sha1 => async_snmp::AuthProtocol::Sha1,
        AuthProtocol::Sha224 => async_snmp::AuthProtocol::Sha224,
        AuthProtocol::Sha256 => async_snmp::AuthProtocol::Sha256,
        AuthProtocol::Sha384 => async_snmp::AuthProtocol::Sha384,
        AuthProtocol::Sha512 => async_snmp::AuthProtocol::Sha512,
    }
}

fn priv_protocol(protocol: PrivProtocol) -> async_snmp::PrivProtocol {
    match protocol {
        PrivProtocol::Des => async_snmp::PrivProtocol::Des,
        PrivProtocol::Aes128 => async_snmp::PrivProtocol::Aes128,
        PrivProtocol::Aes192 => async_snmp::PrivProtocol::Aes192Blumenthal,
        PrivProtocol::Aes256 => async_snmp::PrivProtocol::Aes256Blumenthal,
    }
}
