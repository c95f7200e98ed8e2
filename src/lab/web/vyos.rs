//! VyOS: set and delete operations in a form; all of a request are committed together, or none.
//!
//! An interface has one destination for what it receives and one for what it sends.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Api, Ask, Ports, Reply, not_found, session};
use crate::lab::control::{Direction, Session};

/// Destinations by source, of one direction.
type Aims = BTreeMap<u32, u32>;

/// The router.
#[derive(Clone)]
pub(super) struct Vyos {
    ports: Ports,
    ingress: Aims,
    egress: Aims,
}

impl Vyos {
    pub(super) fn new(ports: Ports) -> Self {
        Vyos {
            ports,
            ingress: Aims::new(),
            egress: Aims::new(),
        }
    }

    fn port(&self, name: &str) -> Result<u32, String> {
        let port = self.ports.number(name);
        port.ok_or_else(|| format!("Interface {name} does not exist"))
    }

    fn tree(&self) -> Json {
        let one = |port: u32| {
            let mut interface =
                json!({"hw-id": format!("00:50:56:00:00:{port:02x}"), "mtu": "1500"});
            for (word, aims) in [("ingress", &self.ingress), ("egress", &self.egress)] {
                if let Some(aim) = aims.get(&port) {
                    interface["mirror"][word] = json!(self.ports.name(*aim));
                }
            }
            (self.ports.name(port), interface)
        };
        let all: Map<String, Json> = self.ports.numbers().map(one).collect();
        Json::Object(all)
    }

    fn operate(&mut self, operation: &Json) -> Result<(), String> {
        let path: Option<Vec<&str>> = operation["path"]
            .as_array()
            .and_then(|path| path.iter().map(Json::as_str).collect());
        let path = path.ok_or("a path is a list of texts")?;
        let ["interfaces", "ethernet", name, "mirror", rest @ ..] = path.as_slice() else {
            return Err(format!(
                "Configuration path: [{}] is not valid",
                path.join(" ")
            ));
        };
        let port = self.port(name)?;
        match (operation["op"].as_str(), rest) {
            (Some("set"), ["ingress", aim]) => {
                let aim = self.port(aim)?;
                self.ingress.insert(port, aim);
            }
            (Some("set"), ["egress", aim]) => {
                let aim = self.port(aim)?;
                self.egress.insert(port, aim);
            }
            (Some("delete"), ["ingress"]) if self.ingress.remove(&port).is_some() => {}
            (Some("delete"), ["egress"]) if self.egress.remove(&port).is_some() => {}
            (Some("delete"), []) => {
                let gone = (self.ingress.remove(&port), self.egress.remove(&port));
                if gone == (None, None) {
                    return Err("Nothing to delete (the specified node does not exist)".to_owned());
                }
            }
            (Some("delete"), ["ingress" | "egress"]) => {
                return Err("Nothing to delete (the specified value does not exist)".to_owned());
            }
            _ => return Err("the operation is not valid".to_owned()),
        }
        Ok(())
    }

    /// Carries out all operations and checks the whole.
    fn commit(&mut self, operations: &[Json]) -> Result<(), String> {
        for operation in operations {
            self.operate(operation)?;
        }
        let loops = self
            .ingress
            .iter()
            .chain(&self.egress)
            .find(|(port, aim)| port == aim);
        match loops {
            None => Ok(()),
            Some((port, _)) => Err(format!("{} mirrors to itself", self.ports.name(*port))),
        }
    }
}

fn answered(status: u16, data: Json, error: Option<&str>, wrote: bool) -> Reply {
    Reply {
        status,
        body: json!({"success": error.is_none(), "data": data, "error": error}),
        wrote,
    }
}

impl Api for Vyos {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        let data = ask.body["data"].as_str().unwrap_or_default();
        let Ok(data) = serde_json::from_str::<Json>(data) else {
            return answered(400, Json::Null, Some("data is not JSON"), false);
        };
        match (ask.method, path.as_slice()) {
            ("POST", ["retrieve"]) => {
                let known =
                    data["op"] == "showConfig" && data["path"] == json!(["interfaces", "ethernet"]);
                if known {
                    answered(200, self.tree(), None, false)
                } else {
                    let why = "Configuration under specified path is empty";
                    answered(400, Json::Null, Some(why), false)
                }
            }
            ("POST", ["configure"]) => {
                let operations = match data.as_array() {
                    Some(operations) => operations.clone(),
                    None => vec![data],
                };
                match self.commit(&operations) {
                    Ok(()) => answered(200, Json::Null, None, true),
                    Err(why) => answered(400, Json::Null, Some(&why), true),
                }
            }
            _ => not_found(),
        }
    }

    fn dump(&self) -> Json {
        self.tree()
    }

    fn sessions(&self) -> Vec<Session> {
        let mut by_aim: BTreeMap<u32, BTreeMap<u32, Direction>> = BTreeMap::new();
        for (port, aim) in &self.ingress {
            by_aim
                .entry(*aim)
                .or_default()
                .insert(*port, Direction::Ingress);
        }
        for (port, aim) in &self.egress {
            let sources = by_aim.entry(*aim).or_default();
            let known = sources.insert(*port, Direction::Egress);
            if known.is_some() {
                sources.insert(*port, Direction::Both);
            }
        }
        let sessions = by_aim.into_iter();
        sessions
            .filter_map(|(aim, sources)| session(Some(aim), sources, true))
            .collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        self.ingress.insert(source, destination);
    }

    fn cut(&mut self, most: usize) {
        for aims in [&mut self.ingress, &mut self.egress] {
            super::keep_first(aims, most);
        }
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
