//! Cumulus Linux: NVUE. Changes go into a revision, which is applied as a whole; a PATCH adds to what is there.
//!
//! Applying takes a moment: the revision shows `ready` when it is asked for the first time and `applied` after that.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::{Api, Ask, Ports, Reply, not_found, session};
use crate::lab::control::{Direction, Session};

/// The sessions there are.
const SESSIONS: std::ops::RangeInclusive<u32> = 0..=7;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Span {
    direction: Option<Direction>,
    destination: Option<u32>,
    sources: BTreeSet<u32>,
}

type Spans = BTreeMap<u32, Span>;

#[derive(Clone)]
struct Revision {
    spans: Spans,
    state: &'static str,
}

/// The switch.
#[derive(Clone)]
pub(super) struct Cumulus {
    ports: Ports,
    applied: Spans,
    revisions: BTreeMap<String, Revision>,
    made: u32,
}

impl Cumulus {
    pub(super) fn new(ports: Ports) -> Self {
        Cumulus {
            ports,
            applied: Spans::new(),
            revisions: BTreeMap::new(),
            made: 0,
        }
    }

    fn shown(&self, spans: &Spans) -> Json {
        let named = |port: &u32| (self.ports.name(*port), json!({}));
        let one = |(id, span): (&u32, &Span)| {
            let word = match span.direction {
                Some(Direction::Egress) => "egress",
                Some(_) => "ingress",
                None => "none",
            };
            let destination: Map<String, Json> = span.destination.iter().map(named).collect();
            let sources: Map<String, Json> = span.sources.iter().map(named).collect();
            let span =
                json!({"direction": word, "destination": destination, "source-port": sources});
            (id.to_string(), json!({"span": span}))
        };
        Json::Object(spans.iter().map(one).collect())
    }

    fn interfaces(&self, value: &Json) -> Result<Vec<u32>, String> {
        let members = value
            .as_object()
            .ok_or("expected an object of interfaces")?;
        let mut ports = Vec::new();
        for (name, value) in members {
            if *value != json!({}) {
                return Err(format!("{name} takes no value"));
            }
            let port = self.ports.number(name);
            ports.push(port.ok_or_else(|| format!("interface {name} is not known"))?);
        }
        Ok(ports)
    }

    /// Adds to a session what a PATCH brings.
    fn patched(&self, present: Option<&Span>, body: &Json) -> Result<Span, String> {
        let mut span = present.cloned().unwrap_or_default();
        let outer = body.as_object().ok_or("expected an object")?;
        let inner = outer.get("span").and_then(Json::as_object);
        let inner = inner
            .filter(|_| outer.len() == 1)
            .ok_or("expected `span` alone")?;
        for (name, value) in inner {
            match (name.as_str(), value.as_str()) {
                ("direction", Some("ingress")) => span.direction = Some(Direction::Ingress),
                ("direction", Some("egress")) => span.direction = Some(Direction::Egress),
                ("destination", None) => match self.interfaces(value)?.as_slice() {
                    [port] => span.destination = Some(*port),
                    _ => return Err("a session has one destination".to_owned()),
                },
                ("source-port", None) => span.sources.extend(self.interfaces(value)?),
                _ => return Err(format!("`{name}` is not valid")),
            }
        }
        Ok(span)
    }

    /// Checks a configuration as a whole.
    fn check(spans: &Spans) -> Result<(), String> {
        for (id, span) in spans {
            if span.direction.is_none() || span.destination.is_none() || span.sources.is_empty() {
                return Err(format!("port-mirror session {id} is not complete"));
            }
            if span
                .destination
                .is_some_and(|port| span.sources.contains(&port))
            {
                return Err(format!(
                    "port-mirror session {id}: a destination is a source"
                ));
            }
        }
        Ok(())
    }

    fn revision(&mut self, ask: &Ask<'_>) -> Result<&mut Revision, Reply> {
        let name = ask.query.get("rev").cloned().unwrap_or_default();
        let pending = self
            .revisions
            .get_mut(&name)
            .filter(|revision| revision.state == "pending");
        pending.ok_or_else(|| bad("there is no such pending revision"))
    }

    fn change(&mut self, ask: &Ask<'_>, id: &str) -> Result<Reply, Reply> {
        let id = id.parse().ok().filter(|id| SESSIONS.contains(id));
        let id = id.ok_or_else(|| bad("a session is a number from 0 to 7"))?;
        if ask.method == "DELETE" {
            let gone = self.revision(ask)?.spans.remove(&id);
            return gone
                .map(|_| Reply::done(200, json!({})))
                .ok_or_else(not_found);
        }
        let present = self.revision(ask)?.spans.get(&id).cloned();
        let span = self
            .patched(present.as_ref(), &ask.body)
            .map_err(|why| bad(&why))?;
        self.revision(ask)?.spans.insert(id, span);
        Ok(Reply::done(200, ask.body.clone()))
    }

    fn apply(&mut self, name: &str, body: &Json) -> Result<Reply, Reply> {
        let wanted = json!({"state": "apply", "auto-prompt": {"ays": "ays_yes"}});
        if *body != wanted {
            return Err(bad("the prompt is not answered"));
        }
        let revision = self.revisions.get_mut(name).ok_or_else(not_found)?;
        if let Err(why) = Cumulus::check(&revision.spans) {
            revision.state = "invalid";
            return Err(bad(&why));
        }
        revision.state = "ready";
        self.applied = revision.spans.clone();
        Ok(Reply::done(200, json!({"state": "apply"})))
    }
}

fn bad(why: &str) -> Reply {
    Reply::refused(
        400,
        json!({"status": 400, "title": "Bad Request", "detail": why}),
    )
}

impl Api for Cumulus {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        let ["nvue_v1", path @ ..] = path.as_slice() else {
            return not_found();
        };
        let answer = match (ask.method, path) {
            ("GET", ["interface"]) => {
                let one = |port: u32| {
                    let state = if self.ports.is_up(port) {
                        json!({"up": {}})
                    } else {
                        json!({"down": {}})
                    };
                    (
                        self.ports.name(port),
                        json!({"link": {"state": state}, "type": "swp"}),
                    )
                };
                let mut all: Map<String, Json> = self.ports.numbers().map(one).collect();
                all.insert("eth0".to_owned(), json!({"type": "eth"}));
                Ok(Reply::read(Json::Object(all)))
            }
            ("GET", ["system", "port-mirror", "session"])
                if ask.query.get("rev").is_some_and(|rev| rev == "applied") =>
            {
                Ok(Reply::read(self.shown(&self.applied)))
            }
            ("PATCH" | "DELETE", ["system", "port-mirror", "session", id]) => self.change(ask, id),
            ("POST", ["revision"]) => {
                self.made += 1;
                let name = format!("changeset/admin/2026-01-01_00.00.{:02}_ABCD", self.made);
                let revision = Revision {
                    spans: self.applied.clone(),
                    state: "pending",
                };
                self.revisions.insert(name.clone(), revision);
                let mut body = Map::new();
                body.insert(name, json!({"state": "pending", "transition": {}}));
                Ok(Reply::done(201, Json::Object(body)))
            }
            ("PATCH", ["revision", name]) => self.apply(name, &ask.body),
            ("GET", ["revision", name]) => match self.revisions.get_mut(*name) {
                None => Err(not_found()),
                Some(revision) => {
                    let shown = revision.state;
                    if shown == "ready" {
                        revision.state = "applied";
                    }
                    // Asking moves it on, so what was asked for has to be kept, though nothing was configured.
                    Ok(Reply::done(200, json!({"state": shown})))
                }
            },
            _ => Err(not_found()),
        };
        answer.unwrap_or_else(|refusal| refusal)
    }

    fn dump(&self) -> Json {
        self.shown(&self.applied)
    }

    fn sessions(&self) -> Vec<Session> {
        let one = |span: &Span| {
            let direction = span.direction?;
            let sources = span.sources.iter().map(|port| (*port, direction)).collect();
            session(span.destination, sources, true)
        };
        self.applied.values().filter_map(one).collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        let span = Span {
            direction: Some(Direction::Ingress),
            destination: Some(destination),
            sources: BTreeSet::from([source]),
        };
        self.applied.insert(1, span);
    }

    fn cut(&mut self, most: usize) {
        for span in self.applied.values_mut() {
            if let Some(&beyond) = span.sources.iter().nth(most) {
                span.sources.split_off(&beyond);
            }
        }
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
