//! FortiSwitchOS: the table `switch mirror` over the REST API. Documents are wrapped in `json`, answers in an envelope
//! with `results`; a sub-table that is written replaces the one that was there.
//!
//! Rows and their items come with a member `q_origin_key` that nobody has written. One active session may copy what
//! ports send. A name is given once; what is not named in a new row has its default.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Api, Ask, Csrf, FOREIGN_NAME, Lobby, Ports, Reply, session};
use crate::lab::control::{Direction, Session};

/// User and password come in a form; the answer is `1`, and a second cookie has to be repeated in a header.
pub(super) const LOBBY: Lobby = Lobby {
    login: "/logincheck",
    logout: "/api/v2/logout",
    asks: |form| match form["ajax"].as_str()? {
        "1" => Some([form["username"].as_str()?, form["secretkey"].as_str()?]),
        _ => None,
    },
    grants: |_| json!("1document.location=\"/prompt\";\n"),
    refuses: |why| match why {
        "Login failed" => Reply::read(json!("0")),
        _ => Reply::read(json!("<html>401 Unauthorized</html>")).status(401),
    },
    cookie: "APSCOOKIE_4711",
    csrf: Some(Csrf {
        cookie: Some("ccsrftoken"),
        header: "x-csrftoken",
    }),
};

/// The rows of the table.
const MOST: usize = 4;
const TABLE: &str = "api/v2/cmdb/switch/mirror";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Row {
    active: bool,
    destination: Option<u32>,
    ingress: Vec<u32>,
    egress: Vec<u32>,
    switches: bool,
}

/// The switch.
#[derive(Clone)]
pub(super) struct FortiSwitch {
    ports: Ports,
    rows: BTreeMap<String, Row>,
}

impl FortiSwitch {
    pub(super) fn new(ports: Ports) -> Self {
        FortiSwitch {
            ports,
            rows: BTreeMap::new(),
        }
    }

    fn items(&self, ports: &[u32]) -> Json {
        let item = |port: &u32| {
            let name = self.ports.name(*port);
            json!({"name": name, "q_origin_key": name})
        };
        json!(ports.iter().map(item).collect::<Vec<_>>())
    }

    fn shown(&self) -> Vec<Json> {
        let one = |(name, row): (&String, &Row)| {
            let destination = row.destination.map(|port| self.ports.name(port));
            json!({
                "name": name, "q_origin_key": name, "mode": "SPAN",
                "status": if row.active { "active" } else { "inactive" },
                "dst": destination.unwrap_or_default(),
                "switching-packet": if row.switches { "enable" } else { "disable" },
                "src-ingress": self.items(&row.ingress), "src-egress": self.items(&row.egress),
                "strip-mirrored-traffic-tags": "disable",
            })
        };
        self.rows.iter().map(one).collect()
    }

    fn port(&self, name: &Json) -> Result<u32, String> {
        let port = name.as_str().and_then(|name| self.ports.number(name));
        port.ok_or_else(|| format!("entry {name} not found in datasource"))
    }

    fn list(&self, value: &Json) -> Result<Vec<u32>, String> {
        let items = value.as_array().ok_or("a sub-table is a list")?;
        let mut ports = Vec::new();
        for item in items {
            match item.as_object() {
                Some(members) if members.len() == 1 => ports.push(self.port(&item["name"])?),
                _ => return Err("an item of a sub-table has a name".to_owned()),
            }
        }
        Ok(ports)
    }

    /// Writes what a document brings into a row.
    fn write(&mut self, name: &str, body: &Json, mut row: Row) -> Result<(), String> {
        let members = body["json"]
            .as_object()
            .ok_or("the document is not in `json`")?;
        for (member, value) in members {
            match (member.as_str(), value.as_str()) {
                ("name", Some(text)) if text == name => {}
                ("mode", Some("SPAN")) => {}
                ("status", Some(word @ ("active" | "inactive"))) => row.active = word == "active",
                ("switching-packet", Some(word @ ("enable" | "disable"))) => {
                    row.switches = word == "enable";
                }
                ("dst", Some("")) => row.destination = None,
                ("dst", Some(_)) => row.destination = Some(self.port(value)?),
                ("src-ingress", None) => row.ingress = self.list(value)?,
                ("src-egress", None) => row.egress = self.list(value)?,
                _ => return Err(format!("{member} cannot be {value}")),
            }
        }
        let is_source = |port: &u32| row.ingress.contains(port) || row.egress.contains(port);
        if row.destination.as_ref().is_some_and(is_source) {
            return Err("the destination is a source".to_owned());
        }
        let mut others = self.rows.iter().filter(|(other, _)| *other != name);
        let copies_sent = |row: &Row| row.active && !row.egress.is_empty();
        if copies_sent(&row) && others.any(|(_, other)| copies_sent(other)) {
            return Err("one active session may mirror egress".to_owned());
        }
        self.rows.insert(name.to_owned(), row);
        Ok(())
    }

    fn create(&mut self, body: &Json) -> Result<(), String> {
        let name = body["json"]["name"].as_str().unwrap_or_default().to_owned();
        if name.is_empty() || self.rows.contains_key(&name) || self.rows.len() == MOST {
            return Err("the row cannot be made".to_owned());
        }
        self.write(&name, body, Row::default())
    }

    fn port_rows(&self) -> Json {
        let ports = self.ports.numbers();
        let one =
            |port: u32| json!({"name": self.ports.name(port), "description": "", "status": "up"});
        let internal = json!({"name": "internal", "description": "", "status": "up"});
        json!(ports.map(one).chain([internal]).collect::<Vec<_>>())
    }
}

fn envelope(results: Json) -> Json {
    json!({"http_method": "GET", "results": results, "vdom": "root", "status": "success", "http_status": 200})
}

fn refused(status: u16, why: &str) -> Reply {
    let body = json!({"status": "error", "http_status": status, "error": -3, "message": why});
    Reply::refused(status, body)
}

impl Api for FortiSwitch {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let path = ask.path.join("/");
        let name = path
            .strip_prefix(TABLE)
            .and_then(|rest| rest.strip_prefix('/'));
        let row = name.and_then(|name| self.rows.get(name)).cloned();
        let done = match (ask.method, path.as_str(), name, row) {
            ("GET", TABLE, _, _) => return Reply::read(envelope(json!(self.shown()))),
            ("GET", "api/v2/cmdb/switch/physical-port", _, _) => {
                return Reply::read(envelope(self.port_rows()));
            }
            ("POST", TABLE, _, _) => self.create(&ask.body),
            ("PUT", _, Some(name), Some(row)) => self.write(name, &ask.body, row),
            ("DELETE", _, Some(name), Some(_)) => {
                self.rows.remove(name);
                Ok(())
            }
            _ => return refused(404, "not found"),
        };
        match done {
            Ok(()) => Reply::done(200, json!({"status": "success", "http_status": 200})),
            Err(why) => refused(500, &why),
        }
    }

    fn dump(&self) -> Json {
        json!(self.shown())
    }

    fn sessions(&self) -> Vec<Session> {
        let one = |row: &Row| {
            let mut sources: BTreeMap<u32, Direction> = BTreeMap::new();
            for port in &row.ingress {
                sources.insert(*port, Direction::Ingress);
            }
            for port in &row.egress {
                let both = sources.contains_key(port);
                let direction = if both {
                    Direction::Both
                } else {
                    Direction::Egress
                };
                sources.insert(*port, direction);
            }
            session(row.destination, sources, row.active)
        };
        self.rows.values().filter_map(one).collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        let row = Row {
            active: true,
            destination: Some(destination),
            ingress: vec![source],
            egress: vec![source],
            switches: false,
        };
        self.rows.insert(FOREIGN_NAME.to_owned(), row);
    }

    fn cut(&mut self, most: usize) {
        for row in self.rows.values_mut() {
            row.ingress.truncate(most);
        }
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
