//! RouterOS: its menus as REST resources. Every value is a text; items have an `.id` that the switch gives.
//!
//! GET with members in the query finds the items that have them, PATCH sets members of one item, PUT adds one, DELETE
//! removes it. Which of the three ways to mirror a switch has depends on its chip.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::{Api, Ask, Ports, Reply, session};
use crate::lab::control::{Direction, Session};

/// How the chip mirrors.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// One source, named on the chip.
    Chip,
    /// Each port has flags.
    Ports,
    /// Rules name ports.
    Rule,
}

/// A rule of the chip.
#[derive(Clone, PartialEq, Eq)]
struct Rule {
    ports: BTreeSet<u32>,
    mirror: bool,
}

/// The switch.
#[derive(Clone)]
pub(super) struct Mikrotik {
    ports: Ports,
    way: Way,
    source: Option<u32>,
    target: Option<u32>,
    ingress: BTreeSet<u32>,
    egress: BTreeSet<u32>,
    rules: BTreeMap<u32, Rule>,
    next_rule: u32,
}

/// Why an item is not changed.
type Why = String;

impl Mikrotik {
    pub(super) fn new(ports: Ports, way: Way) -> Self {
        let mut switch = Mikrotik {
            ports,
            way,
            source: None,
            target: None,
            ingress: BTreeSet::new(),
            egress: BTreeSet::new(),
            rules: BTreeMap::new(),
            next_rule: 2,
        };
        if way == Way::Rule {
            // A rule of the owner's that has nothing to do with mirroring.
            let rule = Rule {
                ports: BTreeSet::from([1]),
                mirror: false,
            };
            switch.rules.insert(1, rule);
        }
        switch
    }

    fn text(&self, port: Option<u32>) -> String {
        port.map_or_else(|| "none".to_owned(), |port| self.ports.name(port))
    }

    fn port(&self, value: &Json, member: &str) -> Result<Option<u32>, Why> {
        let name = value.as_str().ok_or("every value is a text")?;
        if name == "none" {
            return Ok(None);
        }
        let port = self.ports.number(name);
        port.map(Some)
            .ok_or_else(|| format!("input does not match any value of {member}"))
    }

    fn chip(&self) -> Json {
        let mut chip = json!({".id": "*1", "name": "switch1", "type": "Marvell-98DX3236"});
        chip["mirror-target"] = json!(self.text(self.target));
        if self.way == Way::Chip {
            chip["mirror-source"] = json!(self.text(self.source));
        }
        chip
    }

    fn port_item(&self, port: u32) -> Json {
        let mut item = json!({".id": format!("*{port:X}"), "name": self.ports.name(port), "switch": "switch1"});
        if self.way == Way::Ports {
            item["mirror-ingress"] = json!(self.ingress.contains(&port).to_string());
            item["mirror-egress"] = json!(self.egress.contains(&port).to_string());
        }
        item
    }

    fn rule(&self, id: u32, rule: &Rule) -> Json {
        let ports: Vec<String> = rule
            .ports
            .iter()
            .map(|port| self.ports.name(*port))
            .collect();
        json!({
            ".id": format!("*{id:X}"), "switch": "switch1", "ports": ports.join(","),
            "mirror": rule.mirror.to_string(), "disabled": "false",
        })
    }

    fn set_chip(&mut self, body: &Map<String, Json>) -> Result<(), Why> {
        for (member, value) in body {
            match member.as_str() {
                "mirror-target" => self.target = self.port(value, member)?,
                "mirror-source" if self.way == Way::Chip => {
                    self.source = self.port(value, member)?
                }
                _ => return Err(format!("unknown parameter {member}")),
            }
        }
        if self.source.is_some() && self.source == self.target {
            return Err("mirror-source and mirror-target must differ".to_owned());
        }
        Ok(())
    }

    fn set_port(&mut self, port: u32, body: &Map<String, Json>) -> Result<(), Why> {
        for (member, value) in body {
            let flags = match member.as_str() {
                "mirror-ingress" if self.way == Way::Ports => &mut self.ingress,
                "mirror-egress" if self.way == Way::Ports => &mut self.egress,
                _ => return Err(format!("unknown parameter {member}")),
            };
            if flag(value)? {
                flags.insert(port);
            } else {
                flags.remove(&port);
            }
        }
        Ok(())
    }

    fn read_rule(&self, present: Option<&Rule>, body: &Map<String, Json>) -> Result<Rule, Why> {
        let mut rule = present.cloned().unwrap_or(Rule {
            ports: BTreeSet::new(),
            mirror: false,
        });
        for (member, value) in body {
            match member.as_str() {
                "switch" if value == "switch1" => {}
                "mirror" => rule.mirror = flag(value)?,
                "ports" => {
                    let names = value.as_str().ok_or("every value is a text")?.split(',');
                    let ports = names.map(|name| self.ports.number(name));
                    let ports: Option<BTreeSet<u32>> = ports.collect();
                    rule.ports = ports.ok_or("input does not match any value of ports")?;
                }
                _ => return Err(format!("unknown parameter {member}")),
            }
        }
        if rule.ports.is_empty() {
            return Err("missing value for ports".to_owned());
        }
        Ok(rule)
    }

    fn read(&self, menu: &[&str]) -> Option<Vec<Json>> {
        let numbers = || self.ports.numbers();
        match menu {
            [] => {
                let one = |port: u32| {
                    let running = self.ports.is_up(port).to_string();
                    json!({".id": format!("*{port:X}"), "name": self.ports.name(port), "running": running})
                };
                Some(numbers().map(one).collect())
            }
            ["switch"] => Some(vec![self.chip()]),
            ["switch", "port"] => Some(numbers().map(|port| self.port_item(port)).collect()),
            ["switch", "rule"] if self.way == Way::Rule => Some(
                self.rules
                    .iter()
                    .map(|(id, rule)| self.rule(*id, rule))
                    .collect(),
            ),
            _ => None,
        }
    }

    fn write(
        &mut self,
        method: &str,
        menu: &[&str],
        body: &Map<String, Json>,
    ) -> Option<Result<Json, Why>> {
        match (method, menu) {
            ("PATCH", ["switch", "port", id]) => {
                let port = number(id).filter(|port| self.ports.numbers().any(|n| n == *port))?;
                Some(self.set_port(port, body).map(|()| self.port_item(port)))
            }
            ("PUT", ["switch", "rule"]) if self.way == Way::Rule => {
                Some(self.read_rule(None, body).map(|rule| {
                    let id = self.next_rule;
                    self.next_rule += 1;
                    self.rules.insert(id, rule.clone());
                    self.rule(id, &rule)
                }))
            }
            ("PATCH", ["switch", "rule", id]) if self.way == Way::Rule => {
                let id = number(id)?;
                let present = self.rules.get(&id)?;
                let rule = self.read_rule(Some(present), body);
                Some(rule.map(|rule| {
                    self.rules.insert(id, rule.clone());
                    self.rule(id, &rule)
                }))
            }
            ("DELETE", ["switch", "rule", id]) if self.way == Way::Rule => {
                self.rules.remove(&number(id)?)?;
                Some(Ok(Json::Null))
            }
            ("PATCH", ["switch", "*1"]) => Some(self.set_chip(body).map(|()| self.chip())),
            _ => None,
        }
    }
}

fn flag(value: &Json) -> Result<bool, Why> {
    match value.as_str() {
        Some("true" | "yes") => Ok(true),
        Some("false" | "no") => Ok(false),
        Some(_) | None => Err("input does not match any value of a flag".to_owned()),
    }
}

/// The number in an `.id`: `*1F`.
fn number(id: &str) -> Option<u32> {
    u32::from_str_radix(id.strip_prefix('*')?, 16).ok()
}

fn refused(status: u16, message: &str, detail: &str) -> Reply {
    Reply::refused(
        status,
        json!({"error": status, "message": message, "detail": detail}),
    )
}

impl Api for Mikrotik {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        let ["rest", "interface", "ethernet", menu @ ..] = path.as_slice() else {
            return refused(404, "Not Found", "no such command or directory");
        };
        if ask.method == "GET" {
            let Some(items) = self.read(menu) else {
                return refused(404, "Not Found", "no such command or directory");
            };
            let fits = |item: &Json| {
                ask.query
                    .iter()
                    .all(|(member, value)| item[member] == **value)
            };
            return Reply::read(items.into_iter().filter(fits).collect());
        }
        let empty = Map::new();
        let body = match ask.body.as_object() {
            Some(members) => members,
            None if ask.method == "DELETE" && ask.body.is_null() => &empty,
            None => return refused(400, "Bad Request", "expected an object"),
        };
        match self.write(ask.method, menu, body) {
            None => refused(404, "Not Found", "no such item"),
            Some(Err(why)) => refused(400, "Bad Request", &why),
            Some(Ok(Json::Null)) => Reply::done(204, Json::Null),
            Some(Ok(item)) => Reply::done(if ask.method == "PUT" { 201 } else { 200 }, item),
        }
    }

    fn dump(&self) -> Json {
        let ports = self.ports.numbers().map(|port| self.port_item(port));
        let rules = self.rules.iter().map(|(id, rule)| self.rule(*id, rule));
        json!([
            self.chip(),
            ports.collect::<Json>(),
            rules.collect::<Json>()
        ])
    }

    fn sessions(&self) -> Vec<Session> {
        let mut sources = BTreeMap::new();
        match self.way {
            Way::Chip => sources.extend(self.source.map(|port| (port, Direction::Both))),
            Way::Ports => {
                for port in self.ingress.union(&self.egress) {
                    let direction = match (self.ingress.contains(port), self.egress.contains(port))
                    {
                        (true, false) => Direction::Ingress,
                        (false, _) => Direction::Egress,
                        (true, true) => Direction::Both,
                    };
                    sources.insert(*port, direction);
                }
            }
            Way::Rule => {
                let rules = self.rules.values().filter(|rule| rule.mirror);
                let ports = rules.flat_map(|rule| &rule.ports);
                sources.extend(ports.map(|port| (*port, Direction::Ingress)));
            }
        }
        session(self.target, sources, true).into_iter().collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        self.target = Some(destination);
        match self.way {
            Way::Chip => self.source = Some(source),
            Way::Ports => {
                self.ingress.insert(source);
            }
            Way::Rule => {
                let rule = Rule {
                    ports: BTreeSet::from([source]),
                    mirror: true,
                };
                self.rules.insert(self.next_rule, rule);
                self.next_rule += 1;
            }
        }
    }

    fn cut(&mut self, most: usize) {
        let shorten = |ports: &mut BTreeSet<u32>| {
            if let Some(&beyond) = ports.iter().nth(most) {
                ports.split_off(&beyond);
            }
        };
        shorten(&mut self.ingress);
        shorten(&mut self.egress);
        self.rules
            .values_mut()
            .for_each(|rule| shorten(&mut rule.ports));
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
