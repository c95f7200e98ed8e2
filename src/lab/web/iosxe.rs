//! Cisco IOS XE: monitor sessions as items of a list of the running configuration, over RESTCONF (RFC 8040).
//!
//! A PUT makes a session or replaces all of it, and names it in the path and in the body. Reading a container in which
//! nothing is set answers 204. A port is a destination of one session only, and never a source beside.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Api, Ask, Ports, Reply, session};
use crate::lab::control::{Direction, Session};

/// The ids that a session may have.
const IDS: std::ops::RangeInclusive<u32> = 1..=66;
/// The most local sessions at a time.
const MOST: usize = 4;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Span {
    destination: Option<u32>,
    sources: BTreeMap<u32, Direction>,
}

/// The switch.
#[derive(Clone)]
pub(super) struct IosXe {
    ports: Ports,
    spans: BTreeMap<u32, Span>,
}

impl IosXe {
    pub(super) fn new(ports: Ports) -> Self {
        IosXe {
            ports,
            spans: BTreeMap::new(),
        }
    }

    fn shown(&self, id: u32, span: &Span) -> Json {
        let mut shown = json!({"id": id});
        if let Some(port) = span.destination {
            shown["destination"] = json!({"interface": [{"name": self.ports.name(port)}]});
        }
        let sources = span.sources.iter().map(|(port, direction)| {
            let word = match direction {
                Direction::Ingress => "rx",
                Direction::Egress => "tx",
                Direction::Both => "both",
            };
            json!({"name": self.ports.name(*port), "direction": word})
        });
        let sources: Vec<Json> = sources.collect();
        if !sources.is_empty() {
            shown["source"] = json!({"interface": sources});
        }
        shown
    }

    fn monitor(&self) -> Json {
        let sessions = self.spans.iter();
        let sessions: Vec<Json> = sessions.map(|(id, span)| self.shown(*id, span)).collect();
        json!({"Cisco-IOS-XE-native:monitor": {"session": sessions}})
    }

    /// Reads the items of a list of interfaces, with the one further leaf that each may have.
    fn interfaces(&self, place: &Json, leaf: &str) -> Result<Vec<(u32, String)>, String> {
        let members = place.as_object().filter(|members| members.len() == 1);
        let items = members.and_then(|members| members.get("interface")?.as_array());
        let mut found = Vec::new();
        for item in items.ok_or("expected a list of interfaces")? {
            let members = item.as_object().ok_or("expected an interface")?;
            let name = members.get("name").and_then(Json::as_str);
            let port = name.and_then(|name| self.ports.number(name));
            let port = port.ok_or_else(|| format!("invalid value for: name {name:?}"))?;
            if let Some(unknown) = members.keys().find(|key| *key != "name" && *key != leaf) {
                return Err(format!("unknown element: {unknown}"));
            }
            let word = members.get(leaf).and_then(Json::as_str).unwrap_or_default();
            found.push((port, word.to_owned()));
        }
        Ok(found)
    }

    fn parsed(&self, id: u32, body: &Json) -> Result<Span, String> {
        let list = body["Cisco-IOS-XE-native:session"].as_array();
        let item = list.and_then(|list| match list.as_slice() {
            [item] => item.as_object(),
            _ => None,
        });
        let mut span = Span::default();
        for (name, value) in item.ok_or("expected one session")? {
            match name.as_str() {
                "id" if *value == id => {}
                "id" => return Err("the key in the body is not the one in the path".to_owned()),
                "destination" => match self.interfaces(value, "encapsulation")?.as_slice() {
                    [(port, _)] => span.destination = Some(*port),
                    _ => return Err("one destination interface is supported".to_owned()),
                },
                "source" => {
                    for (port, word) in self.interfaces(value, "direction")? {
                        let direction = match word.as_str() {
                            "rx" => Direction::Ingress,
                            "tx" => Direction::Egress,
                            "both" | "" => Direction::Both,
                            other => return Err(format!("invalid value for: direction {other}")),
                        };
                        span.sources.insert(port, direction);
                    }
                }
                unknown => return Err(format!("unknown element: {unknown}")),
            }
        }
        Ok(span)
    }

    fn put(&mut self, id: u32, body: &Json) -> Result<u16, String> {
        let span = self.parsed(id, body)?;
        let is_new = !self.spans.contains_key(&id);
        if is_new && self.spans.len() == MOST {
            return Err("% Platform can support a maximum of 4 sessions".to_owned());
        }
        let others = self.spans.iter().filter(|(other, _)| **other != id);
        let others: Vec<&Span> = others.map(|(_, span)| span).chain([&span]).collect();
        let destinations: Vec<u32> = others.iter().filter_map(|span| span.destination).collect();
        let doubled = destinations
            .iter()
            .any(|port| others.iter().any(|span| span.sources.contains_key(port)));
        let shared = others.len() > 1
            && destinations
                .iter()
                .filter(|port| Some(**port) == span.destination)
                .count()
                > 1;
        if doubled || shared {
            return Err(
                "% Interface(s) already configured as monitor source or destination".to_owned(),
            );
        }
        self.spans.insert(id, span);
        Ok(if is_new { 201 } else { 204 })
    }

    fn interface_states(&self) -> Json {
        let one = |port: u32| {
            let state = if self.ports.is_up(port) {
                "if-oper-state-ready"
            } else {
                "if-oper-state-lower-layer-down"
            };
            json!({"name": self.ports.name(port), "description": "", "oper-status": state})
        };
        let ports = self.ports.numbers().map(one);
        let vlan =
            json!({"name": "Vlan1", "description": "", "oper-status": "if-oper-state-ready"});
        let all: Vec<Json> = ports.chain([vlan]).collect();
        json!({"Cisco-IOS-XE-interfaces-oper:interfaces": {"interface": all}})
    }
}

/// An error as RFC 8040 §3.9 shows it.
fn refused(status: u16, why: &str) -> Reply {
    let error =
        json!({"error-type": "application", "error-tag": "invalid-value", "error-message": why});
    Reply::refused(status, json!({"ietf-restconf:errors": {"error": [error]}}))
}

impl Api for IosXe {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let path = ask.path.join("/");
        let Some(path) = path.strip_prefix("restconf/data/") else {
            return refused(404, "uri keypath not found");
        };
        let item = path.strip_prefix("Cisco-IOS-XE-native:native/monitor/session=");
        let id = item
            .and_then(|id| id.parse().ok())
            .filter(|id| IDS.contains(id));
        match (ask.method, path, id) {
            ("GET", "Cisco-IOS-XE-native:native/monitor", _) if self.spans.is_empty() => {
                Reply::read(Json::Null).status(204)
            }
            ("GET", "Cisco-IOS-XE-native:native/monitor", _) => Reply::read(self.monitor()),
            ("GET", "Cisco-IOS-XE-interfaces-oper:interfaces", _) => {
                Reply::read(self.interface_states())
            }
            ("PUT", _, Some(id)) => match self.put(id, &ask.body) {
                Ok(status) => Reply::done(status, Json::Null),
                Err(why) => refused(400, &why),
            },
            ("DELETE", _, Some(id)) if self.spans.remove(&id).is_some() => {
                Reply::done(204, Json::Null)
            }
            _ => refused(404, "uri keypath not found"),
        }
    }

    fn dump(&self) -> Json {
        self.monitor()
    }

    fn sessions(&self) -> Vec<Session> {
        let spans = self.spans.values();
        spans
            .filter_map(|span| session(span.destination, span.sources.clone(), true))
            .collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        let span = Span {
            destination: Some(destination),
            sources: BTreeMap::from([(source, Direction::Both)]),
        };
        self.spans.insert(1, span);
    }

    fn cut(&mut self, most: usize) {
        for span in self.spans.values_mut() {
            super::keep_first(&mut span.sources, most);
        }
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
