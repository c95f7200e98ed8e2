//! TP-Link Easy Smart: web pages whose scripts hold the state, and forms that are sent as GET requests.
//!
//! Every answer has the status 200; a page that is asked for without a login, or after one that has run out, is the login
//! page, which sets `logonInfo`. A form sets what it names and leaves all else. While mirroring is off the page goes on
//! showing the port that copies went to last. Lists are two items longer than there are ports.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::{Api, Ask, Lobby, Ports, Reply, session};
use crate::lab::control::{Direction, Session};

/// User and password come in a form with its button; the cookie is good for one session.
pub(super) const LOBBY: Lobby = Lobby {
    login: "/logon.cgi",
    logout: "",
    asks: |form| match form["logon"].as_str()? {
        "Login" => Some([form["username"].as_str()?, form["password"].as_str()?]),
        _ => None,
    },
    grants: |_| page(&[("logonInfo", "new Array(\n0,\n0,0)".to_owned())]),
    refuses: |why| {
        let code = if why == "Login failed" { 1 } else { 5 };
        Reply::read(page(&[("logonInfo", format!("new Array(\n{code},\n0,0)"))]))
    },
    cookie: "H_P_SSID",
    csrf: None,
};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Flags {
    ingress: bool,
    egress: bool,
}

/// The switch.
#[derive(Clone)]
pub(super) struct TpLink {
    ports: Ports,
    on: bool,
    /// 0 where there never was one.
    destination: u32,
    flags: BTreeMap<u32, Flags>,
}

impl TpLink {
    pub(super) fn new(ports: Ports) -> Self {
        let flags = ports.numbers().map(|port| (port, Flags::default()));
        TpLink {
            flags: flags.collect(),
            ports,
            on: false,
            destination: 0,
        }
    }

    fn count(&self) -> String {
        self.ports.numbers().count().to_string()
    }

    /// A list with an item for each port, and two more.
    fn list(&self, item: impl Fn(u32) -> u32) -> String {
        let items = self.ports.numbers().map(item).chain([0, 0]);
        let items: Vec<String> = items.map(|item| item.to_string()).collect();
        format!("[{}]", items.join(","))
    }

    fn mirror_page(&self) -> Json {
        let flag =
            |of: fn(&Flags) -> bool| self.list(|port| self.flags.get(&port).is_some_and(of).into());
        let info = format!(
            "{{\ningress:{},\negress:{}}}",
            flag(|flags| flags.ingress),
            flag(|flags| flags.egress)
        );
        page(&[
            ("max_port_num", self.count()),
            ("MirrEn", u32::from(self.on).to_string()),
            ("MirrPort", self.destination.to_string()),
            ("porttrunkid", self.list(|_| 0)),
            ("MirrMode", "0".to_owned()),
            ("mirr_info", info),
            ("tip", "\"\"".to_owned()),
        ])
    }

    fn ports_page(&self) -> Json {
        let speed = self.list(|port| if self.ports.is_up(port) { 6 } else { 0 });
        let info = format!("{{\nstate:{},\nspd_act:{speed}\n}}", self.list(|_| 1));
        page(&[("max_port_num", self.count()), ("all_info", info)])
    }

    /// Takes a form apart; every member has to be one of these, and a number but for the button.
    fn form(ask: &Ask<'_>, button: &str, members: &[&str]) -> Option<Vec<u32>> {
        let known = |name: &String| name == button || members.contains(&name.as_str());
        let pressed = ask.query.get(button).is_some_and(|word| word == "Apply");
        if !pressed || !ask.query.keys().all(known) {
            return None;
        }
        let numbers = members.iter().map(|member| match ask.query.get(*member) {
            None => Some(0),
            Some(text) => text.parse().ok(),
        });
        numbers.collect()
    }

    /// Switches mirroring on or off.
    fn enable(&mut self, ask: &Ask<'_>) -> Option<()> {
        let form = TpLink::form(ask, "mirrorenable", &["state", "mirroringport"])?;
        match form.as_slice() {
            [0, _] => self.on = false,
            [1, port] if self.flags.contains_key(port) => {
                self.on = true;
                self.destination = *port;
            }
            _ => return None,
        }
        Some(())
    }

    /// Sets the flags of a port. What is asked of the port that copies go to is passed over in silence.
    fn flag(&mut self, ask: &Ask<'_>) -> Option<()> {
        let members = ["mirroredport", "ingressState", "egressState"];
        let form = TpLink::form(ask, "mirrored_submit", &members)?;
        let [port, ingress @ 0..=1, egress @ 0..=1] = form.as_slice() else {
            return None;
        };
        let is_destination = self.on && self.destination == *port;
        let flags = self.flags.get_mut(port)?;
        if !is_destination {
            *flags = Flags {
                ingress: *ingress == 1,
                egress: *egress == 1,
            };
        }
        Some(())
    }
}

/// A page with a script that sets these variables.
fn page(variables: &[(&str, String)]) -> Json {
    let lines = variables.iter();
    let lines: Vec<String> = lines
        .map(|(name, value)| format!("var {name} = {value};"))
        .collect();
    let script = lines.join("\n");
    json!(format!(
        "<!DOCTYPE html><html><head><script>\n{script}\n</script></head><body></body></html>"
    ))
}

impl Api for TpLink {
    fn answer(&mut self, ask: &Ask<'_>) -> Reply {
        let name = ask.path.join("/");
        let set = match (ask.method, name.as_str()) {
            ("GET", "PortMirrorRpm.htm") => return Reply::read(self.mirror_page()),
            ("GET", "PortSettingRpm.htm") => return Reply::read(self.ports_page()),
            ("GET", "mirror_enabled_set.cgi") => self.enable(ask),
            ("GET", "mirrored_port_set.cgi") => self.flag(ask),
            _ => return Reply::read(json!("<html>404 Not Found</html>")).status(404),
        };
        match set {
            Some(()) => Reply::done(200, self.mirror_page()),
            None => Reply::refused(400, json!("<html>Bad Request</html>")),
        }
    }

    fn dump(&self) -> Json {
        let flags = self.flags.iter();
        let flags =
            flags.map(|(port, flags)| (port.to_string(), json!([flags.ingress, flags.egress])));
        let flags: serde_json::Map<String, Json> = flags.collect();
        // Where copies went while there were some says nothing of now.
        json!({"destination": self.on.then_some(self.destination), "flags": flags})
    }

    fn sessions(&self) -> Vec<Session> {
        let sources = self.flags.iter().filter_map(|(port, flags)| {
            let direction = match (flags.ingress, flags.egress) {
                (true, false) => Direction::Ingress,
                (false, true) => Direction::Egress,
                (true, true) => Direction::Both,
                (false, false) => return None,
            };
            Some((*port, direction))
        });
        session(Some(self.destination), sources.collect(), self.on)
            .into_iter()
            .collect()
    }

    fn lend(&mut self, source: u32, destination: u32) {
        self.on = true;
        self.destination = destination;
        let both = Flags {
            ingress: true,
            egress: true,
        };
        self.flags.insert(source, both);
    }

    fn cut(&mut self, most: usize) {
        let set = self.flags.values_mut();
        let set = set.filter(|flags| **flags != Flags::default());
        set.skip(most).for_each(|flags| *flags = Flags::default());
    }

    fn copy(&self) -> Box<dyn Api> {
        Box::new(self.clone())
    }
}
