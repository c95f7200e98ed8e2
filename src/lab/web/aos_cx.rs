//! AOS-CX: mirror sessions as documents below `system/mirrors` of the REST API.
//!
//! Interfaces are named by URIs in maps. A session is made inactive and is filled by a PUT, which replaces all of it; it
//! can be active only with a destination, and one that is active is not deleted.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Api, Ask, Lobby, Ports, Reply, not_found, session};
use crate::lab::control::{Direction, Session};

/// User and password come in a form.
pub(super) const LOBBY: Lobby = Lobby {
    login: "/rest/v10.08/login",
    logout: "/rest/v10.08/logout",
    asks: |form| Some([form["username"].as_str()?, form["password"].as_str()?]),
    grants: |_| Json::Null,
    refuses: |why| Reply::read(json!({"message": why})).status(401),
    cookie: "id",
    csrf: None,
};

/// The sessions that can be made.
const SESSIONS: std::ops::RangeInclusive<u32> = 1..=4;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Mirror {
    active: bool,
    output: Option<u32>,
    arriving: Vec<u32>,
    departing: Vec<u32>,
}

/// The switch.
#[derive(Clone)]
pub(super) struct AosCx {
    ports: Ports,
    mirrors: BTreeMap<u32, Mirror>,
}

impl AosCx {
    pub(super) fn new(ports: Ports) -> Self {
        AosCx {
            ports,
            mirrors: BTreeMap::new(),
        }
    }

    fn uri(&self, port: u32) -> (String, Json) {
        let name = self.ports.name(port);
        let escaped = name.replace('/', "%2F");
        (
            name,
            json!(format!("/rest/v10.08/system/interfaces/{escaped}")),
        )
    }

    fn map(&self, ports: &[u32]) -> Json {
        let members: Map<String, Json> = ports.iter().map(|port| self.uri(*port)).collect();
        Json::Object(members)
    }

    fn shown(&self, mirror: &Mirror) -> Json {
        let output: Vec<u32> = mirror.output.into_iter().collect();
        json!({
            "active": mirror.active,
            "output_port": self.map(&output),
            "select_src_port": self.map(&mirror.arriving),
            "select_dst_port": self.map(&mirror.departing),
        })
    }

    /// Reads a map of interfaces; each reference has to be the right one for its name.
    fn interfaces(&self, value: &Json) -> Result<Vec<u32>, String> {
        let members = value.as_object().ok_or("expected a map of interfaces")?;
        let mut ports = Vec::new();
        for (name, uri) in members {
            let port = self.ports.number(name);
            let port = port.ok_or_else(|| format!("interface {name} does not exist"))?;
            if *uri != self.uri(port).1 {
                return Err(format!("{uri} is not the URI of {name}"));
            }
            ports.push(port);
        }
        ports.sort_unstable();
        Ok(ports)
    }

    fn put(&mut self, id: u32, body: &Json) -> Result<(), String> {
        let members = body.as_object().ok_or("expected a document")?;
        let mut mirror = Mirror::default();
        for (name, value) in members {
            match name.as_str() {
                "active" => mirror.active = value.as_bool().ok_or("`active` is a boolean")?,
                "output_port" => {
                    let ports = self.interfaces(value)?;
                    if ports.len() > 1 {
                        return Err("there is one output port".to_owned());
                    }
                    mirror.output = ports.first().copied();
                }
                "select_src_port" => mirror.arriving = self.interfaces(value)?,
                "select_dst_port" => mirror.departing = self.interfaces(value)?,
                other => return Err(format!("unknown attribute {other}")),
            }
        }
        if mirror.active && mirror.output.is_none() {
            return Err("an active session needs an output port".to_owned());
        }
        let others = self.mirrors.iter().filter(|(other, _)| **other != id);
        let mut outputs = others
            .filter_map(|(_, mirror)| mirror.output)
            .chain(mirror.output);
        let is_source =
            |port: u32| mirror.arriving.contains(&port) || mirror.departing.contains(&port);
        if outputs.any(is_source) {
            return Err("a destination cannot be a source".to_owned());
        }
        self.mirrors.insert(id, mirror);
        Ok(())
    }

    fn make(&mut self, body: &Json) -> Reply {
        let id = body["id"].as_u64().and_then(|id| u32::try_from(id).ok());
        match id.filter(|id| SESSIONS.contains(id)) {
            None => bad("the id of a mirror session is a number from 1 to 4"),
            Some(id) if self.mirrors.contains_key(&id) => bad("the session exists"),
            Some(id) => {
                self.mirrors.insert(id, Mirror::default());
                Reply::done(201, Json::Null)
            }
        }
    }
}

fn bad(why: &str) -> Reply {
    Reply::refused(400, json!({"message": why}))
}

impl Api for AosCx {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        let ["rest", "v10.08", "system", path @ ..] = path.as_slice() else {
            return not_found();
        };
        let id = |text: &str| text.parse().ok().filter(|id| self.mirrors.contains_key(id));
        match (ask.method, path) {
            ("GET", ["interfaces"]) => {
                let one = |port: u32| {
                    let link = if self.ports.is_up(port) { "up" } else { "down" };
                    let (name, uri) = self.uri(port);
                    let port =
                        json!({"name": name, "type": "system", "link_state": link, "self": uri});
                    (name, port)
                };
                let mut all: Map<String, Json> = self.ports.numbers().map(one).collect();
                let vlan = json!({"name": "vlan1", "type": "vlan", "link_state": "up"});
                all.insert("vlan1".to_owned(), vlan);
                Reply::read(Json::Object(all))
            }
            ("GET", ["mirrors"]) if ask.query.get("selector").is_some_and(|s| s == "writable") => {
                let all = self.mirrors.iter();
                let all = all.map(|(id, mirror)| (id.to_string(), self.shown(mirror)));
                Reply::read(Json::Object(all.collect()))
            }
            ("POST", ["mirrors"]) => self.make(&ask.body),
            ("PUT", ["mirrors", text]) => match id(text) {
                None => not_found(),
                Some(id) => match self.put(id, &ask.body) {
                    Ok(()) => Reply::done(200, Json::Null),
                    Err(why) => bad(&why),
                },
            },
            ("DELETE", ["mirrors", text]) => match id(text) {
                None => not_found(),
                Some(id) if self.mirrors.get(&id).is_some_and(|mirror| mirror.active) => {
                    bad("the session is active")
                }
                Some(id) => {
                    self.mirrors.remove(&id);
                    Reply::done(204, Json::Null)
                }
            },
            _ => not_found(),
        }
    }

    fn dump(&self) -> Json {
        let all = self.mirrors.iter();
        let all = all.map(|(id, mirror)| (id.to_string(), self.shown(mirror)));
        Json::Object(all.collect())
    }

    fn sessions(&self) -> Vec<Session> {
        let one = |mirror: &Mirror| {
            let mut sources: BTreeMap<u32, Direction> = BTreeMap::new();
            sources.extend(
                mirror
                    .arriving
                    .iter()
                    .map(|port| (*port, Direction::Ingress)),
            );
            for port in &mirror.departing {
                let both = mirror.arriving.contains(port);
                let direction = if both {
                    Direction::Both
                } else {
                    Direction::Egress
                };
                sources.insert(*port, direction);
            }
            session(mirror.output, sources, mirror.active)
        };
        self.mirrors.values().filter_map(one).collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        let mirror = Mirror {
            active: true,
            output: Some(destination),
            arriving: vec![source],
            departing: Vec::new(),
        };
        self.mirrors.insert(1, mirror);
    }

    fn cut(&mut self, most: usize) {
        for mirror in self.mirrors.values_mut() {
            mirror.arriving.truncate(most);
            mirror.departing.truncate(most);
        }
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
