//! Cisco NX-OS: the managed objects of NX-API REST (DME). A POST merges what it brings into the tree; what it does not
//! name stays, and a DELETE takes one object away with all below it.
//!
//! A session copies only while it is up and its destination is a port with `spanMode` `span-dest`; such a port carries
//! nothing else, and the destination of a session cannot be a source. A session that is made is shut until `configState` is `up`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::{Api, Ask, Lobby, Ports, Reply, session};
use crate::lab::control::{Direction, Session};

/// The sessions that the platform has.
const SESSIONS: std::ops::RangeInclusive<u32> = 1..=4;

/// User and password come as attributes of an `aaaUser`.
pub(super) const LOBBY: Lobby = Lobby {
    login: "/api/aaaLogin.json",
    logout: "/api/aaaLogout.json",
    asks: |body| {
        let user = &body["aaaUser"]["attributes"];
        Some([user["name"].as_str()?, user["pwd"].as_str()?])
    },
    grants: |token| {
        json!({"imdata": [{"aaaLogin": {"attributes": {
            "token": token, "refreshTimeoutSeconds": "600"
        }}}]})
    },
    refuses: |why| {
        let status = if why == "Login failed" { 401 } else { 403 };
        Reply::read(error(&status.to_string(), why)).status(status)
    },
    cookie: "APIC-cookie",
    csrf: None,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Monitor {
    destination: Option<u32>,
    up: bool,
    sources: BTreeMap<u32, Direction>,
}

/// The switch.
#[derive(Clone)]
pub(super) struct Nxos {
    ports: Ports,
    monitors: BTreeMap<u32, Monitor>,
    span_destinations: BTreeSet<u32>,
}

impl Nxos {
    pub(super) fn new(ports: Ports) -> Self {
        Nxos {
            ports,
            monitors: BTreeMap::new(),
            span_destinations: BTreeSet::new(),
        }
    }

    fn port(&self, name: &Json) -> Result<u32, String> {
        let number = name.as_str().and_then(|name| self.ports.number(name));
        number.ok_or_else(|| format!("Invalid interface {name}"))
    }

    fn listed(&self, class: &str) -> Option<Vec<Json>> {
        let object = |attributes: Json| json!({class: {"attributes": attributes}});
        Some(match class {
            "spanMonitor" => {
                let one = |(id, monitor): (&u32, &Monitor)| {
                    let port = monitor.destination.map(|port| self.ports.name(port));
                    object(json!({
                        "dn": format!("sys/span/monitor-{id}"), "id": id.to_string(), "type": "local",
                        "configState": if monitor.up { "up" } else { "down" },
                        "destinationPorts": port.unwrap_or_default(),
                        "description": "", "mtu": "unspecified", "operState": "up",
                    }))
                };
                self.monitors.iter().map(one).collect()
            }
            "spanSourceIntf" => {
                let of = |(id, monitor): (&u32, &Monitor)| {
                    let sources = monitor.sources.iter();
                    let one = |(port, direction): (&u32, &Direction)| {
                        let name = self.ports.name(*port);
                        object(json!({
                            "dn": format!("sys/span/monitor-{id}/srcintf-[{name}]"), "id": name,
                            "direction": word(*direction), "operState": "up",
                        }))
                    };
                    sources.map(one).collect::<Vec<_>>()
                };
                self.monitors.iter().flat_map(of).collect()
            }
            "spanSourceVlan" => Vec::new(),
            "l1PhysIf" => {
                let one = |port: u32| {
                    let name = self.ports.name(port);
                    object(json!({
                        "dn": format!("sys/intf/phys-[{name}]"), "id": name, "adminSt": "up",
                        "layer": "Layer2", "spanMode": self.span_mode(port), "descr": "",
                    }))
                };
                self.ports.numbers().map(one).collect()
            }
            _ => return None,
        })
    }

    fn span_mode(&self, port: u32) -> &'static str {
        if self.span_destinations.contains(&port) {
            "span-dest"
        } else {
            "not-a-span-dest"
        }
    }

    fn read(&self, ask: &Ask<'_>, below: &[&str]) -> Reply {
        let query = |name: &str| ask.query.get(name).map_or("", String::as_str);
        let class = query("target-subtree-class");
        if query("query-target") != "subtree" || !below.contains(&class) {
            return bad("unknown query");
        }
        let found = self.listed(class).unwrap_or_default();
        Reply::read(json!({"totalCount": found.len().to_string(), "imdata": found}))
    }

    /// Merges monitor sessions into the tree.
    fn merge(&mut self, body: &Json) -> Result<(), String> {
        for child in children(&body["spanEntity"]) {
            let attributes = attributes(child, "spanMonitor")?;
            let id = attributes["id"].as_str().and_then(|id| id.parse().ok());
            let id = id.filter(|id| SESSIONS.contains(id));
            let id: u32 = id.ok_or("session id is a number from 1 to 4")?;
            let mut monitor = self.monitors.get(&id).cloned().unwrap_or_default();
            for (name, value) in attributes.as_object().into_iter().flatten() {
                match (name.as_str(), value.as_str()) {
                    ("id", _) | ("type", Some("local")) => {}
                    ("configState", Some(state @ ("up" | "down"))) => monitor.up = state == "up",
                    ("destinationPorts", Some("")) => monitor.destination = None,
                    ("destinationPorts", Some(_)) => monitor.destination = Some(self.port(value)?),
                    _ => return Err(format!("unknown property value {value}, name {name}")),
                }
            }
            for source in children(&child["spanMonitor"]) {
                let source = attributes_of(source, "spanSourceIntf")?;
                let direction = match source["direction"].as_str() {
                    Some("rx") => Direction::Ingress,
                    Some("tx") => Direction::Egress,
                    Some("both") | None => Direction::Both,
                    Some(other) => return Err(format!("unknown direction {other}")),
                };
                let port = self.port(&source["id"])?;
                monitor.sources.insert(port, direction);
            }
            self.monitors.insert(id, monitor);
        }
        let all = || self.monitors.values();
        let destinations = all().filter_map(|monitor| monitor.destination);
        let is_source = |port: u32| all().any(|monitor| monitor.sources.contains_key(&port));
        if destinations.into_iter().any(is_source) {
            return Err("a SPAN destination cannot be a source".to_owned());
        }
        Ok(())
    }

    fn set_ports(&mut self, body: &Json) -> Result<(), String> {
        for child in children(&body["interfaceEntity"]) {
            let attributes = attributes(child, "l1PhysIf")?;
            let port = self.port(&attributes["id"])?;
            for (name, value) in attributes.as_object().into_iter().flatten() {
                match (name.as_str(), value.as_str()) {
                    ("id", _) => {}
                    ("spanMode", Some("span-dest")) => {
                        self.span_destinations.insert(port);
                    }
                    ("spanMode", Some("not-a-span-dest")) => {
                        self.span_destinations.remove(&port);
                    }
                    _ => return Err(format!("unknown property value {value}, name {name}")),
                }
            }
        }
        Ok(())
    }

    fn delete(&mut self, name: &str) -> Result<(), String> {
        let (id, source) = match name.split_once('/') {
            None => (name, None),
            Some((id, source)) => (id, Some(source)),
        };
        let unknown = || format!("no object {name}");
        let id: u32 = id
            .strip_prefix("monitor-")
            .and_then(|id| id.parse().ok())
            .ok_or_else(unknown)?;
        let Some(source) = source else {
            return self.monitors.remove(&id).map(|_| ()).ok_or_else(unknown);
        };
        let port = source
            .strip_prefix("srcintf-[")
            .and_then(|rest| rest.strip_suffix(']'));
        let port = self.port(&json!(port))?;
        let monitor = self.monitors.get_mut(&id).ok_or_else(unknown)?;
        monitor
            .sources
            .remove(&port)
            .map(|_| ())
            .ok_or_else(unknown)
    }
}

fn word(direction: Direction) -> &'static str {
    match direction {
        Direction::Ingress => "rx",
        Direction::Egress => "tx",
        Direction::Both => "both",
    }
}

fn children(object: &Json) -> impl Iterator<Item = &Json> {
    object["children"].as_array().into_iter().flatten()
}

/// The attributes of an object, which has to be of this class.
fn attributes<'a>(object: &'a Json, class: &str) -> Result<&'a Json, String> {
    let found = object
        .get(class)
        .and_then(|object| object.get("attributes"));
    found.ok_or_else(|| format!("expected {class}, not {object}"))
}

/// The attributes of an object that has nothing but them.
fn attributes_of<'a>(object: &'a Json, class: &str) -> Result<&'a Json, String> {
    let found = attributes(object, class)?;
    match object[class].as_object() {
        Some(members) if members.len() == 1 => Ok(found),
        _ => Err(format!("{class} has no children")),
    }
}

fn error(code: &str, why: &str) -> Json {
    json!({"imdata": [{"error": {"attributes": {"code": code, "text": why}}}]})
}

fn bad(why: &str) -> Reply {
    Reply::refused(400, error("107", why))
}

impl Api for Nxos {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let path = ask.path.join("/");
        let Some(name) = path
            .strip_prefix("api/mo/sys/")
            .and_then(|rest| rest.strip_suffix(".json"))
        else {
            return bad("unknown path");
        };
        let done = match (ask.method, name) {
            ("GET", "span") => {
                return self.read(ask, &["spanMonitor", "spanSourceIntf", "spanSourceVlan"]);
            }
            ("GET", "intf") => return self.read(ask, &["l1PhysIf"]),
            ("POST", "span") => self.merge(&ask.body),
            ("POST", "intf") => self.set_ports(&ask.body),
            ("DELETE", name) => match name.strip_prefix("span/") {
                Some(name) => self.delete(name),
                None => Err(format!("no object {name}")),
            },
            _ => Err("unknown path".to_owned()),
        };
        match done {
            Ok(()) => Reply::done(200, json!({"imdata": []})),
            Err(why) => bad(&why),
        }
    }

    fn dump(&self) -> Json {
        let all = ["spanMonitor", "spanSourceIntf", "l1PhysIf"];
        json!(all.map(|class| self.listed(class)))
    }

    fn sessions(&self) -> Vec<Session> {
        let monitors = self.monitors.values();
        let shown = |monitor: &Monitor| {
            let ready = monitor
                .destination
                .is_some_and(|port| self.span_destinations.contains(&port));
            session(
                monitor.destination,
                monitor.sources.clone(),
                monitor.up && ready,
            )
        };
        monitors.filter_map(shown).collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        self.span_destinations.insert(destination);
        let monitor = Monitor {
            destination: Some(destination),
            up: true,
            sources: BTreeMap::from([(source, Direction::Both)]),
        };
        self.monitors.insert(1, monitor);
    }

    fn cut(&mut self, most: usize) {
        for monitor in self.monitors.values_mut() {
            super::keep_first(&mut monitor.sources, most);
        }
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
