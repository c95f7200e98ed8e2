//! Arista EOS: command lines over eAPI (JSON-RPC, `runCmds`).
//!
//! Commands of a request are carried out one after the other; one that fails ends the request with an error, and those
//! before it stay in force. The running configuration shows a source of both directions without a word.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Api, Ask, Ports, Reply, not_found, session};
use crate::lab::control::{Direction, Session};

/// The most sessions of the platform.
const SESSIONS: usize = 4;

/// The mode that the command line is in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Exec,
    Enabled,
    Configure,
}

#[derive(Clone, Default)]
struct Monitor {
    sources: BTreeMap<u32, Direction>,
    destination: Option<u32>,
}

/// The switch.
#[derive(Clone)]
pub(super) struct Arista {
    ports: Ports,
    monitors: BTreeMap<String, Monitor>,
}

impl Arista {
    pub(super) fn new(ports: Ports) -> Self {
        Arista {
            ports,
            monitors: BTreeMap::new(),
        }
    }

    fn port(&self, name: &str) -> Result<u32, String> {
        let number = self.ports.number(name);
        number.ok_or_else(|| "Interface does not exist".to_owned())
    }

    /// Carries out one command; returns its answer.
    fn command(&mut self, line: &str, mode: &mut Mode) -> Result<Json, String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match (*mode, words.as_slice()) {
            (Mode::Exec, ["enable"]) => *mode = Mode::Enabled,
            (Mode::Enabled, ["configure"] | ["configure", "terminal"]) => *mode = Mode::Configure,
            (Mode::Configure, ["end"]) => *mode = Mode::Enabled,
            (Mode::Enabled, ["show", "running-config"]) => return Ok(self.running_config()),
            (Mode::Exec | Mode::Enabled, ["show", "interfaces", "status"]) => {
                return Ok(self.interfaces());
            }
            (Mode::Configure, ["no", "monitor", "session", name]) => {
                self.monitors.remove(*name);
            }
            (Mode::Configure, ["no", "monitor", "session", name, rest @ ..]) => {
                self.forget(name, rest)?;
            }
            (Mode::Configure, ["monitor", "session", name, rest @ ..]) => {
                self.configure(name, rest)?;
            }
            _ => return Err("invalid command".to_owned()),
        }
        Ok(json!({}))
    }

    fn configure(&mut self, name: &str, rest: &[&str]) -> Result<(), String> {
        if !self.monitors.contains_key(name) && self.monitors.len() == SESSIONS {
            return Err("Maximum number of mirror sessions reached".to_owned());
        }
        let conflict = || Err("Interface is both source and destination".to_owned());
        let (port, direction) = match rest {
            ["source", port] | ["source", port, "both"] => (port, Some(Direction::Both)),
            ["source", port, "rx"] => (port, Some(Direction::Ingress)),
            ["source", port, "tx"] => (port, Some(Direction::Egress)),
            ["destination", port] => (port, None),
            _ => return Err("invalid command".to_owned()),
        };
        let port = self.port(port)?;
        let is_source = self
            .monitors
            .values()
            .any(|m| m.sources.contains_key(&port));
        let is_destination = self.monitors.values().any(|m| m.destination == Some(port));
        match direction {
            Some(_) if is_destination => return conflict(),
            None if is_source => return conflict(),
            Some(_) | None => {}
        }
        let monitor = self.monitors.entry(name.to_owned()).or_default();
        match direction {
            Some(direction) => {
                monitor.sources.insert(port, direction);
            }
            None => monitor.destination = Some(port),
        }
        Ok(())
    }

    fn forget(&mut self, name: &str, rest: &[&str]) -> Result<(), String> {
        let (what, port) = match rest {
            [what @ ("source" | "destination"), port]
            | [what @ "source", port, "rx" | "tx" | "both"] => (*what, *port),
            _ => return Err("invalid command".to_owned()),
        };
        let port = self.port(port)?;
        let Some(monitor) = self.monitors.get_mut(name) else {
            return Ok(());
        };
        if what == "source" {
            monitor.sources.remove(&port);
        } else if monitor.destination == Some(port) {
            monitor.destination = None;
        }
        if monitor.sources.is_empty() && monitor.destination.is_none() {
            self.monitors.remove(name);
        }
        Ok(())
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, monitor) in &self.monitors {
            for (port, direction) in &monitor.sources {
                let word = match direction {
                    Direction::Ingress => " rx",
                    Direction::Egress => " tx",
                    Direction::Both => "",
                };
                let port = self.ports.name(*port);
                lines.push(format!("monitor session {name} source {port}{word}"));
            }
            if let Some(port) = monitor.destination {
                let port = self.ports.name(port);
                lines.push(format!("monitor session {name} destination {port}"));
            }
        }
        lines
    }

    fn running_config(&self) -> Json {
        let mut commands = Map::new();
        commands.insert("hostname office-1".to_owned(), Json::Null);
        for port in self.ports.numbers() {
            let name = format!("interface {}", self.ports.name(port));
            commands.insert(
                name,
                json!({"cmds": {"switchport access vlan 1": null}, "comments": []}),
            );
        }
        for line in self.lines() {
            commands.insert(line, Json::Null);
        }
        json!({"header": ["! Command: show running-config"], "cmds": commands})
    }

    fn interfaces(&self) -> Json {
        let status = |port: u32| {
            let link = if self.ports.is_up(port) {
                "connected"
            } else {
                "notconnect"
            };
            (
                self.ports.name(port),
                json!({"linkStatus": link, "description": ""}),
            )
        };
        let all: Map<String, Json> = self.ports.numbers().map(status).collect();
        json!({"interfaceStatuses": all})
    }

    /// Carries out the commands of a request; those before one that fails stay in force.
    fn run(&mut self, id: &Json, commands: &[Json]) -> Reply {
        let mut mode = Mode::Exec;
        let mut results = Vec::new();
        let before = self.lines();
        for (place, command) in commands.iter().enumerate() {
            let Some(line) = command.as_str() else {
                return failed(id, 1002, "a command is a text", self.lines() != before);
            };
            match self.command(line, &mut mode) {
                Ok(result) => results.push(result),
                Err(why) => {
                    let what = format!(
                        "CLI command {} of {} '{line}' failed: {why}",
                        place + 1,
                        commands.len()
                    );
                    return failed(id, 1002, &what, mode == Mode::Configure);
                }
            }
        }
        Reply {
            status: 200,
            body: json!({"jsonrpc": "2.0", "id": id, "result": results}),
            wrote: mode == Mode::Configure,
        }
    }
}

fn failed(id: &Json, code: i32, message: &str, wrote: bool) -> Reply {
    Reply {
        status: 200,
        body: json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": message}}),
        wrote,
    }
}

impl Api for Arista {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        if ask.path != ["command-api"] {
            return not_found();
        }
        if ask.method != "POST" {
            return Reply::read(json!({"message": "method not allowed"})).status(405);
        }
        let id = ask.body.get("id").cloned().unwrap_or_default();
        let parameters = &ask.body["params"];
        let known = ask.body["jsonrpc"] == "2.0" && ask.body["method"] == "runCmds";
        let commands = parameters["cmds"].as_array();
        match commands {
            Some(commands)
                if known && parameters["version"] == 1 && parameters["format"] == "json" =>
            {
                self.run(&id, commands)
            }
            Some(_) | None => failed(&id, -32600, "Invalid request", false),
        }
    }

    fn dump(&self) -> Json {
        json!(self.lines())
    }

    fn sessions(&self) -> Vec<Session> {
        let monitors = self.monitors.values();
        monitors
            .filter_map(|m| session(m.destination, m.sources.clone(), true))
            .collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        let monitor = Monitor {
            sources: BTreeMap::from([(source, Direction::Both)]),
            destination: Some(destination),
        };
        self.monitors.insert("1".to_owned(), monitor);
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
