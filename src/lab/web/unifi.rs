//! UniFi: a switch of a controller, told by the `port_overrides` of its device. A PUT replaces the whole list: what it
//! does not bring is gone.
//!
//! The setting sits on the destination, which names its one source. Reading a device wraps it in `meta` and `data`.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{Api, Ask, Csrf, Lobby, Ports, Reply, session};
use crate::lab::control::{Direction, Session};

/// User and password come in a document; a header of the answer has to be repeated.
pub(super) const LOBBY: Lobby = Lobby {
    login: "/api/auth/login",
    logout: "/api/auth/logout",
    asks: |body| Some([body["username"].as_str()?, body["password"].as_str()?]),
    grants: |_| json!({"unique_id": "4711", "username": "admin"}),
    refuses: |why| {
        Reply::read(json!({"code": "AUTHENTICATION_FAILED", "message": why})).status(401)
    },
    cookie: "TOKEN",
    csrf: Some(Csrf {
        cookie: None,
        header: "x-csrf-token",
    }),
};

const DEVICE: &str = "proxy/network/api/s/default/stat/device/02:00:5e:00:00:01";
const WRITE: &str = "proxy/network/api/s/default/rest/device/64b0c1d2e3f4a5b6c7d8e9f0";
const ID: &str = "64b0c1d2e3f4a5b6c7d8e9f0";

/// The switch.
#[derive(Clone)]
pub(super) struct Unifi {
    ports: Ports,
    /// The overrides by port: all members as they were given.
    overrides: BTreeMap<u32, Map<String, Json>>,
}

impl Unifi {
    pub(super) fn new(ports: Ports) -> Self {
        // What an admin has named and set stays as it is, whoever writes.
        let named =
            json!({"port_idx": 3, "name": "printer", "portconf_id": "5f0c", "poe_mode": "off"});
        let named = named.as_object().cloned().unwrap_or_default();
        Unifi {
            ports,
            overrides: BTreeMap::from([(3, named)]),
        }
    }

    fn list(&self) -> Json {
        json!(self.overrides.values().collect::<Vec<_>>())
    }

    fn device(&self) -> Json {
        let port = |port: u32| json!({"port_idx": port, "name": format!("Port {port}"), "up": self.ports.is_up(port), "op_mode": "switch"});
        let ports: Vec<Json> = self.ports.numbers().map(port).collect();
        json!({"meta": {"rc": "ok"}, "data": [{
            "_id": ID, "mac": "02:00:5e:00:00:01", "type": "usw",
            "port_overrides": self.list(), "port_table": ports,
        }]})
    }

    /// Takes a whole list of overrides.
    fn put(&mut self, body: &Json) -> Result<(), &'static str> {
        let members = body.as_object().filter(|members| members.len() == 1);
        let items = members.and_then(|members| members.get("port_overrides")?.as_array());
        let mut overrides = BTreeMap::new();
        for item in items.ok_or("api.err.InvalidPayload")? {
            let members = item.as_object().ok_or("api.err.InvalidPayload")?;
            let number = |name: &str| {
                let value = members.get(name).and_then(Json::as_u64);
                value.and_then(|value| u32::try_from(value).ok())
            };
            let exists = |port: &u32| self.ports.numbers().any(|known| known == *port);
            let port = number("port_idx").filter(exists);
            let port = port.ok_or("api.err.InvalidPortIdx")?;
            let mode = members.get("op_mode").and_then(Json::as_str);
            match mode {
                None | Some("switch") if !members.contains_key("mirror_port_idx") => {}
                Some("mirror") => {
                    let source = number("mirror_port_idx").filter(exists);
                    if source.is_none_or(|source| source == port) {
                        return Err("api.err.InvalidMirrorPort");
                    }
                }
                _ => return Err("api.err.InvalidPayload"),
            }
            if overrides.insert(port, members.clone()).is_some() {
                return Err("api.err.DuplicatePortIdx");
            }
        }
        let mirrors = |one: &&Map<String, Json>| one.get("op_mode") == Some(&json!("mirror"));
        if overrides.values().filter(mirrors).count() > 1 {
            return Err("api.err.OneMirrorPerDevice");
        }
        self.overrides = overrides;
        Ok(())
    }
}

fn refused(why: &str) -> Reply {
    Reply::refused(
        400,
        json!({"meta": {"rc": "error", "msg": why}, "data": []}),
    )
}

impl Api for Unifi {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        match (ask.method, ask.path.join("/").as_str()) {
            ("GET", DEVICE) => Reply::read(self.device()),
            ("PUT", WRITE) => match self.put(&ask.body) {
                Ok(()) => Reply::done(200, self.device()),
                Err(why) => refused(why),
            },
            _ => {
                Reply::read(json!({"meta": {"rc": "error", "msg": "api.err.NotFound"}})).status(404)
            }
        }
    }

    fn dump(&self) -> Json {
        self.list()
    }

    fn sessions(&self) -> Vec<Session> {
        let one = |(port, members): (&u32, &Map<String, Json>)| {
            let source = members.get("mirror_port_idx").and_then(Json::as_u64)?;
            let source = u32::try_from(source).ok()?;
            session(
                Some(*port),
                BTreeMap::from([(source, Direction::Both)]),
                true,
            )
        };
        self.overrides.iter().filter_map(one).collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        let mirror = json!({"port_idx": destination, "name": "analyzer", "op_mode": "mirror", "mirror_port_idx": source});
        let mirror = mirror.as_object().cloned().unwrap_or_default();
        self.overrides.insert(destination, mirror);
    }

    /// There is one source; nothing is left out.
    fn cut(&mut self, _most: usize) {}

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
