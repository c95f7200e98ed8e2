//! Switches that are told over HTTP: a web interface on a loopback TCP port, one file for each family.
//!
//! Written from what vendors say about the *switch*: methods, types, ranges, unknown ports, references between settings
//! and what has to come before what are checked as strictly as their texts allow. Nothing here knows how a manager
//! drives it, and nothing here reads profiles.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_snmp::Value;
use async_snmp::handler::SetTestError;
use serde_json::{Value as Json, json};

use crate::port::BridgePort;

use super::control::{Access, Arcs, Control, Direction, FOREIGN, Hardware, Session};

mod aos_cx;
mod arista;
mod cumulus;
mod family;
mod fortiswitch;
mod iosxe;
mod junos;
mod mikrotik;
mod nxos;
mod server;
mod sonic;
mod tplink;
mod unifi;
mod vyos;

pub use family::Family;
pub(super) use server::{Entrance, serve};

use family::{Csrf, Door, Lobby};

/// The name of somebody else's session, where sessions have names: it looks like a number of ours.
const FOREIGN_NAME: &str = "1";

/// A request that has passed the door.
#[derive(Clone, Debug)]
pub(super) struct Ask<'a> {
    pub(super) method: &'a str,
    /// The parts of the path, decoded.
    pub(super) path: Vec<String>,
    pub(super) query: BTreeMap<String, String>,
    /// The members of a form as texts, or the JSON document; `null` without a body.
    pub(super) body: Json,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Json,
    /// Whether something was changed, or was to be.
    pub(super) wrote: bool,
}

impl Reply {
    fn read(body: Json) -> Reply {
        Reply {
            status: 200,
            body,
            wrote: false,
        }
    }

    fn done(status: u16, body: Json) -> Reply {
        Reply {
            status,
            body,
            wrote: true,
        }
    }

    fn refused(status: u16, body: Json) -> Reply {
        Reply::done(status, body)
    }
}

/// The web interface of one family, with its present configuration.
pub(super) trait Api: Send + Sync {
    /// Answers a request. Where a write is refused, the configuration is no longer to be used, unless the family keeps
    /// what came before.
    fn answer(&mut self, ask: &Ask<'_>) -> Reply;

    /// The mirror's configuration, for comparing.
    fn dump(&self) -> Json;

    /// The mirror sessions.
    fn sessions(&self) -> Vec<Session>;

    /// Sets up a mirror as somebody else has left it: what `source` receives, to `destination`.
    fn lend(&mut self, source: u32, destination: u32);

    /// Leaves each session no more than its first `most` sources.
    fn cut(&mut self, most: usize);

    /// Makes a copy to try a request on.
    fn copy(&self) -> Box<dyn Api>;
}

/// The ports of the switch by the names that its family gives them.
#[derive(Clone)]
pub(super) struct Ports {
    pub(super) family: Family,
    pub(super) hardware: Arc<Hardware>,
}

impl Ports {
    /// Returns the port with this name.
    fn number(&self, name: &str) -> Option<u32> {
        self.numbers().find(|port| self.name(*port) == name)
    }

    fn name(&self, port: u32) -> String {
        self.family.port_name(port)
    }

    fn numbers(&self) -> impl Iterator<Item = u32> + use<> {
        self.hardware.numbers()
    }

    fn is_up(&self, port: u32) -> bool {
        self.hardware.is_up(BridgePort(port))
    }
}

/// A mirror by port numbers.
fn session(
    destination: Option<u32>,
    sources: BTreeMap<u32, Direction>,
    active: bool,
) -> Option<Session> {
    let active = active && !sources.is_empty();
    let sources = sources.into_iter();
    Some(Session {
        destination: BridgePort(destination?),
        sources: sources
            .map(|(port, direction)| (BridgePort(port), direction))
            .collect(),
        active,
    })
}

/// A family's web interface in the place of mirror objects: its SNMP agent has none.
struct Web(Box<dyn Api>);

impl Control for Web {
    fn objects(&self, _drops: u32) -> BTreeMap<Arcs, Value> {
        BTreeMap::new()
    }

    fn access(&self, _oid: &[u32]) -> Access {
        Access::Unknown
    }

    fn write(&mut self, _oid: &[u32], _value: &Value) -> Result<(), SetTestError> {
        Err(SetTestError::NotWritable)
    }

    fn sessions(&self) -> Vec<Session> {
        self.0.sessions()
    }

    fn cut(&mut self, most: usize) {
        self.0.cut(most);
    }

    fn copy(&self) -> Box<dyn Control> {
        Box::new(Web(self.0.copy()))
    }

    fn web(&mut self) -> Option<&mut dyn Api> {
        Some(self.0.as_mut())
    }

    fn dump(&self) -> Json {
        self.0.dump()
    }
}

/// An answer that there is nothing at this path.
fn not_found() -> Reply {
    Reply::read(json!({"message": "not found"})).status(404)
}

impl Reply {
    fn status(mut self, status: u16) -> Reply {
        self.status = status;
        self
    }
}

/// Drops all sources but the first so many, as a switch does that takes no more.
fn keep_first<T>(sources: &mut BTreeMap<u32, T>, most: usize) {
    if let Some(&beyond) = sources.keys().nth(most) {
        sources.split_off(&beyond);
    }
}
