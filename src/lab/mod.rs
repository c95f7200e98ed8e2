//! The virtual switch: data plane, agents, hosts, faults. It speaks the real protocols on loopback.
//!
//! ```text
//! traffic ──> world ──────────────> plane ── TZSP ──> whoever listens at Services::capture
//! who sends   bridge, mirror, link     │
//!                 │                    └── the suspect's NetBIOS service
//!              agent <── front <── SNMP ── whoever asks 127.77.0.2 (switch) or 127.77.0.1 (router)
//! ```
//!
//! A lab is drawn from a [`Spec`]: the same seed gives the same machines, places and traffic. Nothing outside this
//! room knows that a switch is virtual; a lab hands out a configuration and a patch list as for any switch, and, for
//! tests, the [`Truth`].

use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::JoinHandle;

use crate::error::{Diagnosis, Exit};
use crate::mac::Mac;
use crate::port::BridgePort;

use self::agent::{Server, router_mib, switch_mib};
use self::front::Front;
use self::netbios::NameService;
use self::plane::{Command, Plane};
use self::site::{ROUTER_IP, SWITCH_IP, Site};
use self::traffic::Traffic;
use self::world::{World, locked};

mod agent;
mod bridge;
mod control;
mod family;
mod faults;
mod front;
mod models;
mod netbios;
mod plane;
mod site;
mod spec;
mod texts;
mod traffic;
mod vacant;
mod web;
mod world;

#[cfg(test)]
mod tests;

pub use control::{Direction, Model, Session};
pub use family::Profile;
pub use faults::{Beyond, Faults, Often, Reboot, SourceLimit, When, WriteLatency};
pub use spec::{
    AgentSpec, Background, Bridge, Destination, Directions, Forges, Forwarding, MAX_PORTS,
    MIN_PORTS, MirrorAbility, Place, Services, Speaks, Spec, Suspect, Talk, User,
};
pub use vacant::vacant_address;
pub use web::Family;
pub use world::WriteAttempt;

/// A running lab. It stops when it is dropped.
pub struct Lab {
    spec: Spec,
    site: Arc<Site>,
    world: Arc<Mutex<World>>,
    addresses: Addresses,
    plane: Sender<Command>,
    stop_services: Option<tokio::sync::oneshot::Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

/// Where a lab's services are.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// The switch's SNMP agent.
    pub switch: SocketAddr,
    /// The switch's web interface, on a family that has one.
    pub web: Option<SocketAddr>,
    /// The router's SNMP agent.
    pub router: SocketAddr,
    /// The suspect's NetBIOS name service, if the suspect is plugged in anywhere.
    pub netbios: Option<SocketAddr>,
    /// Where the TZSP stream goes: the capture has to be bound there.
    pub capture: SocketAddr,
}

/// What a search has to find out, for tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Truth {
    /// The suspect's address.
    pub ip: Ipv4Addr,
    /// The suspect's MAC; its frames carry others where it forges them.
    pub mac: Mac,
    /// Where it is plugged in; none behind the uplink and nowhere.
    pub port: Option<TruePort>,
    /// The laptop's port.
    pub destination: BridgePort,
    /// The port to the router.
    pub uplink: BridgePort,
    /// Ports without link.
    pub down: Vec<BridgePort>,
}

/// The suspect's port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TruePort {
    /// Its bridge port.
    pub number: BridgePort,
    /// What is printed beside it.
    pub label: String,
    /// `ifName`.
    pub if_name: String,
    /// `ifIndex`.
    pub if_index: u32,
    /// The patch panel.
    pub panel: String,
    /// The place on the panel.
    pub position: String,
    /// The wall outlet.
    pub outlet: String,
    /// The room.
    pub room: String,
}

/// Why a lab does not start.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// A knob does not fit.
    #[error("{0}")]
    Spec(String),
    /// A service's address is taken.
    #[error("cannot use {address} for {service}")]
    Bind {
        /// The service.
        service: &'static str,
        /// Where it should be.
        address: SocketAddr,
        /// The system's words.
        source: std::io::Error,
    },
    /// An agent cannot be set up.
    #[error("cannot set up the lab's SNMP agents")]
    Agent(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// No thread or runtime is to be had.
    #[error("cannot start the lab's threads")]
    Threads(#[source] std::io::Error),
}

impl Diagnosis for LabError {
    fn hint(&self) -> Option<String> {
        match self {
            LabError::Spec(_) | LabError::Threads(_) => None,
            LabError::Bind { .. } => {
                Some("another lab may be running: stop it, or choose other ports".to_owned())
            }
            LabError::Agent(_) => Some("an SNMPv3 password has at least 8 octets".to_owned()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            LabError::Spec(_) => Exit::Usage,
            LabError::Bind { .. } | LabError::Agent(_) | LabError::Threads(_) => Exit::Device,
        }
    }
}

impl Lab {
    /// Starts a lab; everything answers when this returns.
    ///
    /// # Errors
    /// [`LabError`]
    pub fn start(spec: Spec) -> Result<Lab, LabError> {
        spec.check().map_err(LabError::Spec)?;
        let site = Arc::new(Site::draw(&spec));
        let doors = Doors::open(&spec, &site)?;
        let addresses = doors.addresses;
        let world = Arc::new(Mutex::new(World::new(&spec, Arc::clone(&site))));
        let (plane, commands) = mpsc::channel();
        let (stop_services, stopped) = tokio::sync::oneshot::channel();

        let data_plane = Plane {
            world: Arc::clone(&world),
            traffic: Traffic::new(&spec, &site),
            clock: locked(&world).clock,
            sensor: doors.sensor.try_clone().map_err(LabError::Threads)?,
            capture: addresses.capture,
        };
        let data_plane = thread("lab data plane", move || data_plane.run(&commands))?;
        let mut lab = Lab {
            spec: spec.clone(),
            site: Arc::clone(&site),
            world: Arc::clone(&world),
            addresses,
            plane: plane.clone(),
            stop_services: Some(stop_services),
            threads: vec![data_plane],
        };
        let (ready, started) = mpsc::channel();
        let services = thread("lab services", move || {
            serve(&spec, &site, doors, &world, plane, stopped, &ready);
        })?;
        lab.threads.push(services);
        match started.recv() {
            Ok(Ok(())) => Ok(lab),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(LabError::Threads(std::io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Returns where the services are.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Returns what a search has to find out.
    #[must_use]
    pub fn truth(&self) -> Truth {
        let site = &self.site;
        let suspect = site.suspect().map(|suspect| suspect.port);
        let port = suspect.filter(|port| *port != site.uplink);
        let port = port.and_then(|port| site.port(port)).map(|port| TruePort {
            number: port.number,
            label: self.spec.profile.port_label(port.number.0),
            if_name: port.if_name.clone(),
            if_index: port.number.0 + self.spec.agent.if_index_offset,
            panel: port.panel.to_string(),
            position: format!("{:02}", port.position),
            outlet: port.outlet.clone(),
            room: port.room.clone(),
        });
        let down = site.ports.iter().filter(|port| !port.up);
        Truth {
            ip: site.suspect_ip,
            mac: site.suspect_mac,
            port,
            destination: site.destination,
            uplink: site.uplink,
            down: down.map(|port| port.number).collect(),
        }
    }

    /// Returns the mirror sessions as the switch's agent shows them, inactive ones included.
    #[must_use]
    pub fn sessions_shown(&self) -> Vec<Session> {
        let mut world = locked(&self.world);
        world.tick_now();
        world.control().sessions()
    }

    /// Returns the mirror sessions whose frames are being copied.
    #[must_use]
    pub fn sessions_copied(&self) -> Vec<Session> {
        let mut world = locked(&self.world);
        world.tick_now();
        world.copying().to_vec()
    }

    /// Returns what the switch's web interface shows of the mirror's configuration; `null` where it has none.
    #[must_use]
    pub fn web_state(&self) -> serde_json::Value {
        let mut world = locked(&self.world);
        world.tick_now();
        world.control().dump()
    }

    /// Returns everything that a manager with the right to write has tried to write to the switch, in order.
    #[must_use]
    pub fn write_attempts(&self) -> Vec<WriteAttempt> {
        locked(&self.world).attempts().to_vec()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // Whoever does not receive has ended already.
        let _data_plane = self.plane.send(Command::Stop);
        let _services = self.stop_services.take().map(|stop| stop.send(()));
        for thread in self.threads.drain(..) {
            let _ended = thread.join();
        }
    }
}

/// The sockets of a lab, bound before anything starts.
struct Doors {
    switch: UdpSocket,
    web: Option<TcpListener>,
    router: UdpSocket,
    netbios: Option<UdpSocket>,
    sensor: UdpSocket,
    addresses: Addresses,
}

impl Doors {
    fn open(spec: &Spec, site: &Site) -> Result<Doors, LabError> {
        let switch = bind("the switch's agent", SWITCH_IP, spec.agent.switch_port)?;
        let web = match spec.profile {
            Profile::Web(_) => Some(listen("the web interface", SWITCH_IP, spec.agent.web_port)?),
            Profile::SmonPortcopy
            | Profile::NetgearFastpath
            | Profile::DlinkDgs1210
            | Profile::Zyxel4x
            | Profile::Described(_) => None,
        };
        let router = bind("the router's agent", ROUTER_IP, spec.agent.router_port)?;
        let netbios = site
            .suspect()
            .map(|suspect| {
                let service = "the suspect's name service";
                bind(service, suspect.ip, spec.services.netbios_port)
            })
            .transpose()?;
        let sensor = bind("the TZSP stream", SWITCH_IP, 0)?;
        let addresses = Addresses {
            switch: address_of(&switch)?,
            web: web
                .as_ref()
                .map(TcpListener::local_addr)
                .transpose()
                .map_err(LabError::Threads)?,
            router: address_of(&router)?,
            netbios: netbios.as_ref().map(address_of).transpose()?,
            capture: capture_address(spec)?,
        };
        Ok(Doors {
            switch,
            web,
            router,
            netbios,
            sensor,
            addresses,
        })
    }
}

fn bind(service: &'static str, ip: Ipv4Addr, port: u16) -> Result<UdpSocket, LabError> {
    let address = SocketAddr::from((ip, port));
    UdpSocket::bind(address).map_err(|source| LabError::Bind {
        service,
        address,
        source,
    })
}

fn listen(service: &'static str, ip: Ipv4Addr, port: u16) -> Result<TcpListener, LabError> {
    let address = SocketAddr::from((ip, port));
    TcpListener::bind(address).map_err(|source| LabError::Bind {
        service,
        address,
        source,
    })
}

fn address_of(socket: &UdpSocket) -> Result<SocketAddr, LabError> {
    socket.local_addr().map_err(LabError::Threads)
}

/// Returns where the capture will listen.
fn capture_address(spec: &Spec) -> Result<SocketAddr, LabError> {
    let wanted = spec.services.capture;
    if wanted.port() != 0 {
        return Ok(wanted);
    }
    vacant_address(wanted.ip()).map_err(|source| LabError::Bind {
        service: "the capture",
        address: wanted,
        source,
    })
}

fn thread(name: &str, run: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LabError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(run).map_err(LabError::Threads)
}

/// Runs agents and name service on this thread until told to stop.
fn serve(
    spec: &Spec,
    site: &Site,
    doors: Doors,
    world: &Arc<Mutex<World>>,
    plane: Sender<Command>,
    stopped: tokio::sync::oneshot::Receiver<()>,
    ready: &Sender<Result<(), LabError>>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            let _starter_waits = ready.send(Err(LabError::Threads(error)));
            return;
        }
    };
    runtime.block_on(async {
        let started = start_services(spec, site, doors, world, plane).await;
        let failed = started.is_err();
        let _starter_waits = ready.send(started);
        if !failed {
            // A dropped sender means the same as a sent stop.
            let _stop = stopped.await;
        }
    });
}

async fn start_services(
    spec: &Spec,
    site: &Site,
    doors: Doors,
    world: &Arc<Mutex<World>>,
    plane: Sender<Command>,
) -> Result<(), LabError> {
    let restarted = Arc::clone(&locked(world).restarted);
    let mib = switch_mib(spec, site, world);
    let (server, agent) = Server::start(&spec.agent, spec.faults.read_only, mib)
        .await
        .map_err(LabError::Agent)?;
    let front = Front::new(
        doors.switch,
        agent,
        Arc::clone(world),
        &spec.faults,
        spec.seed,
    );
    tokio::spawn(Arc::new(front.map_err(LabError::Threads)?).run());
    tokio::spawn(log_end(server.run(restarted)));

    if let (Some(listener), Profile::Web(family)) = (doors.web, spec.profile) {
        listener.set_nonblocking(true).map_err(LabError::Threads)?;
        let listener = tokio::net::TcpListener::from_std(listener).map_err(LabError::Threads)?;
        let (user, password) = spec.agent.web_user.clone();
        let entrance = web::Entrance {
            family,
            user,
            password,
            read_only: spec.faults.read_only,
            login_lasts: spec.agent.login_lasts,
        };
        tokio::spawn(web::serve(listener, entrance, Arc::clone(world)));
    }

    let mib = router_mib(site, world);
    let (server, agent) = Server::start(&spec.agent, true, mib)
        .await
        .map_err(LabError::Agent)?;
    let healthy = Faults::default();
    let front = Front::new(doors.router, agent, Arc::clone(world), &healthy, spec.seed);
    tokio::spawn(Arc::new(front.map_err(LabError::Threads)?).run());
    tokio::spawn(log_end(server.run(Arc::default())));

    if let Some(socket) = doors.netbios {
        socket.set_nonblocking(true).map_err(LabError::Threads)?;
        let service = NameService {
            socket: tokio::net::UdpSocket::from_std(socket).map_err(LabError::Threads)?,
            mac: site.suspect_mac,
            world: Arc::clone(world),
            plane,
        };
        tokio::spawn(service.run());
    }
    tokio::spawn(keep_time(Arc::clone(world)));
    Ok(())
}

/// An agent that ends is seen as one that does not answer; why is for the log.
async fn log_end(server: impl Future<Output = Result<(), agent::AgentError>>) {
    if let Err(error) = server.await {
        tracing::error!(error, "a lab agent ended");
    }
}

/// Lets faults that were fixed to a moment happen in time, even where nothing else moves.
async fn keep_time(world: Arc<Mutex<World>>) {
    while let Some(next) = next_fault(&world) {
        tokio::time::sleep(next).await;
    }
}

fn next_fault(world: &Mutex<World>) -> Option<std::time::Duration> {
    let mut world = locked(world);
    let now = world.tick_now();
    world.next_timed_fault().map(|at| at.since(now))
}
