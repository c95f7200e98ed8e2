//! SONiC with the REST server of its management framework: mirror sessions in the model of the database, shown by the
//! OpenConfig extension.
//!
//! A session has a name, one destination and one source. It cannot be changed: it is deleted and made again. A source
//! belongs to one session in each direction, and a destination is no source.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Api, Ask, FOREIGN_NAME, Ports, Reply, session};
use crate::lab::control::{Direction, Session};

/// Where the sessions of the database are.
const LIST: &str =
    "restconf/data/sonic-mirror-session:sonic-mirror-session/MIRROR_SESSION/MIRROR_SESSION_LIST";
/// The sessions that the silicon has.
const MOST: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    destination: u32,
    source: u32,
    direction: Direction,
}

/// The switch.
#[derive(Clone)]
pub(super) struct Sonic {
    ports: Ports,
    spans: BTreeMap<String, Span>,
}

impl Sonic {
    pub(super) fn new(ports: Ports) -> Self {
        Sonic {
            ports,
            spans: BTreeMap::new(),
        }
    }

    fn shown(&self) -> Json {
        let one = |(name, span): (&String, &Span)| {
            let word = match span.direction {
                Direction::Ingress => "RX",
                Direction::Egress => "TX",
                Direction::Both => "BOTH",
            };
            let config = json!({
                "name": name, "direction": word,
                "dst-port": self.ports.name(span.destination),
                "src-port": self.ports.name(span.source),
            });
            let mut state = config.clone();
            state["status"] = json!("active");
            json!({"name": name, "config": config, "state": state})
        };
        json!(self.spans.iter().map(one).collect::<Vec<_>>())
    }

    /// Reads one item of the list.
    fn parsed(&self, item: &Map<String, Json>) -> Result<(String, Span), String> {
        let known = ["name", "type", "dst_port", "src_port", "direction"];
        if let Some(unknown) = item.keys().find(|key| !known.contains(&key.as_str())) {
            return Err(format!("Node {unknown} not found"));
        }
        let text = |key: &str| item.get(key).and_then(Json::as_str);
        let name = text("name").ok_or("Missing key name")?;
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if name.is_empty() || name.len() > 32 || !name.chars().all(letters) {
            return Err("Invalid mirror session name".to_owned());
        }
        if !matches!(text("type"), Some("span" | "SPAN")) {
            return Err("Invalid mirror session type".to_owned());
        }
        let port = |key: &str| {
            let port = text(key).and_then(|name| self.ports.number(name));
            port.ok_or_else(|| format!("No instance found for {key}"))
        };
        let direction = match text("direction") {
            Some("RX") => Direction::Ingress,
            Some("TX") => Direction::Egress,
            Some("BOTH") | None => Direction::Both,
            Some(other) => return Err(format!("Invalid value {other}")),
        };
        let span = Span {
            destination: port("dst_port")?,
            source: port("src_port")?,
            direction,
        };
        Ok((name.to_owned(), span))
    }

    fn merge(&mut self, body: &Json) -> Result<(), String> {
        let items = body["MIRROR_SESSION_LIST"].as_array();
        for item in items.ok_or("Syntax error in request")? {
            let item = item.as_object().ok_or("Syntax error in request")?;
            let (name, span) = self.parsed(item)?;
            if self.spans.get(&name).is_some_and(|known| *known != span) {
                return Err(
                    "mirror session can not be modified, delete and add it again".to_owned(),
                );
            }
            let others = self.spans.iter().filter(|(other, _)| **other != name);
            let mut others = others.map(|(_, span)| span);
            let clashes = |other: &Span| {
                other.source == span.source
                    || other.source == span.destination
                    || other.destination == span.source
            };
            if others.any(clashes) || span.source == span.destination {
                return Err(
                    "source port cannot be same as destination port, or in two sessions".to_owned(),
                );
            }
            if self.spans.len() == MOST && !self.spans.contains_key(&name) {
                return Err("maximum mirror sessions are configured".to_owned());
            }
            self.spans.insert(name, span);
        }
        Ok(())
    }

    fn interfaces(&self) -> Json {
        let one = |port: u32| {
            let status = if self.ports.is_up(port) { "UP" } else { "DOWN" };
            json!({"name": self.ports.name(port), "state": {"oper-status": status}})
        };
        let vlan = json!({"name": "Vlan10", "state": {"oper-status": "UP"}});
        let all: Vec<Json> = self.ports.numbers().map(one).chain([vlan]).collect();
        json!({"openconfig-interfaces:interfaces": {"interface": all}})
    }
}

fn refused(status: u16, why: &str) -> Reply {
    let error =
        json!({"error-type": "application", "error-tag": "invalid-value", "error-message": why});
    Reply::refused(status, json!({"ietf-restconf:errors": {"error": [error]}}))
}

impl Api for Sonic {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let path = ask.path.join("/");
        match (ask.method, path.as_str()) {
            ("GET", "restconf/data/openconfig-mirror-ext:mirror/sessions") => {
                Reply::read(json!({"openconfig-mirror-ext:sessions": {"session": self.shown()}}))
            }
            ("GET", "restconf/data/openconfig-interfaces:interfaces") => {
                Reply::read(self.interfaces())
            }
            ("PATCH", LIST) => match self.merge(&ask.body) {
                Ok(()) => Reply::done(204, Json::Null),
                Err(why) => refused(400, &why),
            },
            ("DELETE", path) => {
                let name = path
                    .strip_prefix(LIST)
                    .and_then(|rest| rest.strip_prefix('='));
                match name.and_then(|name| self.spans.remove(name)) {
                    Some(_) => Reply::done(204, Json::Null),
                    None => refused(404, "Resource not found"),
                }
            }
            _ => refused(404, "Resource not found"),
        }
    }

    fn dump(&self) -> Json {
        self.shown()
    }

    fn sessions(&self) -> Vec<Session> {
        let one = |span: &Span| {
            let sources = BTreeMap::from([(span.source, span.direction)]);
            session(Some(span.destination), sources, true)
        };
        self.spans.values().filter_map(one).collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        let span = Span {
            destination,
            source,
            direction: Direction::Both,
        };
        self.spans.insert(FOREIGN_NAME.to_owned(), span);
    }

    /// There is one source; nothing is left out.
    fn cut(&mut self, _most: usize) {}

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
