//! What a lab hands out to be used like any other switch: the configuration, the patch list.

use std::fmt::Write as _;
use std::net::SocketAddr;

use crate::snmp::{AuthProtocol, PrivProtocol};

use super::Lab;
use super::family::Profile;
use super::spec::{Speaks, User};
use super::web::Family;

/// The switch's name in the configuration and in the patch list.
const SWITCH: &str = "office-1";

impl Lab {
    /// Returns the `halfspan.yaml` for this lab, which expects the patch list beside it as `patch.csv`.
    #[must_use]
    pub fn config_yaml(&self) -> String {
        let addresses = self.addresses();
        let snmp = format!("    snmp: {}\n", self.credentials_yaml());
        let web = addresses
            .web
            .map(|web| self.web_yaml(web))
            .unwrap_or_default();
        // A web interface alone leaves the routers a credential of their own.
        let web_only = self.spec.agent.web_only && !web.is_empty();
        let (switch_credentials, router_credentials, routers) = if web_only {
            (web, format!("  gateways:\n{snmp}"), "gateways")
        } else {
            (snmp + &web, String::new(), "lab")
        };
        let uplinks = if web_only {
            format!(
                "    uplinks: [\"{}\"]\n",
                self.spec.profile.port_label(self.site.uplink.0)
            )
        } else {
            String::new()
        };
        let given = if self.spec.profile == Profile::Web(Family::Unifi) {
            "    with: { site: default, device: \"02:00:5e:00:00:01\" }\n"
        } else {
            ""
        };
        let identify = addresses
            .netbios
            .map(|service| format!("identify: {{ netbios_port: {} }}\n", service.port()));
        let identify = identify.unwrap_or_default();
        format!(
            "switches:\n\
             \x20 {SWITCH}:\n\
             \x20   profile: {profile}\n\
             \x20   address: {switch}\n\
             \x20   credentials: lab\n\
             \x20   destination: \"{destination}\"\n\
             \x20   sniff: tzsp://{capture}\n\
             {uplinks}{given}\
             routers:\n\
             \x20 gw: {{ address: \"{router}\", credentials: {routers} }}\n\
             credentials:\n\
             \x20 lab:\n\
             {switch_credentials}\
             {router_credentials}\
             patch: patch.csv\n\
             {identify}",
            profile = self.spec.profile.name(),
            switch = addresses.switch,
            destination = self.spec.profile.port_label(self.site.destination.0),
            capture = addresses.capture,
            router = addresses.router,
        )
    }

    fn web_yaml(&self, web: SocketAddr) -> String {
        let (user, password) = &self.spec.agent.web_user;
        let port = web.port();
        let who = if self.spec.profile == Profile::Web(Family::Vyos) {
            format!("token: {password:?}")
        } else {
            format!("user: {user:?}, password: {password:?}")
        };
        format!("    http: {{ {who}, plain: true, port: {port} }}\n")
    }

    fn credentials_yaml(&self) -> String {
        let agent = &self.spec.agent;
        let writer = agent.users.iter().find(|user| user.writes);
        match (agent.speaks, writer) {
            (Speaks::V3, Some(user)) => user_yaml(user),
            (Speaks::V1, _) => communities_yaml("1", &agent.read_community, &agent.write_community),
            (Speaks::V2c | Speaks::V3, _) => {
                communities_yaml("2c", &agent.read_community, &agent.write_community)
            }
        }
    }

    /// Returns the patch list: where the cable of each port of the switch ends.
    #[must_use]
    pub fn patch_csv(&self) -> String {
        let mut text = "switch,port,panel,position,outlet,room,note\n".to_owned();
        for port in &self.site.ports {
            let label = self.spec.profile.port_label(port.number.0);
            let note = match port.number {
                number if number == self.site.uplink => "to core-1",
                number if number == self.site.destination => "analyzer",
                _ => "",
            };
            // Writing into a String cannot fail.
            let _written = writeln!(
                text,
                "{SWITCH},{label},{},{:02},{},{},{note}",
                port.panel, port.position, port.outlet, port.room
            );
        }
        text
    }
}

fn communities_yaml(version: &str, read: &str, write: &str) -> String {
    format!("{{ version: {version}, read: {read:?}, write: {write:?} }}")
}

fn user_yaml(user: &User) -> String {
    let mut text = format!("{{ version: 3, user: {:?}", user.name);
    if let Some((protocol, password)) = &user.auth {
        let name = match protocol {
            AuthProtocol::Md5 => "md5",
            AuthProtocol::Sha1 => "sha1",
            AuthProtocol::Sha224 => "sha224",
            AuthProtocol::Sha256 => "sha256",
            AuthProtocol::Sha384 => "sha384",
            AuthProtocol::Sha512 => "sha512",
        };
        text += &format!(", auth: {{ {name}: {password:?} }}");
    }
    if let Some((protocol, password)) = &user.privacy {
        let name = match protocol {
            PrivProtocol::Des => "des",
            PrivProtocol::Aes128 => "aes128",
            PrivProtocol::Aes192 => "aes192",
            PrivProtocol::Aes256 => "aes256",
        };
        text += &format!(", priv: {{ {name}: {password:?} }}");
    }
    text + " }"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::{Place, Spec};
    use crate::port::BridgePort;

    fn lab(change: impl FnOnce(&mut Spec)) -> Lab {
        let mut spec = Spec::default();
        spec.suspect.place = Place::Port(BridgePort(17));
        change(&mut spec);
        Lab::start(spec.on_free_ports()).unwrap()
    }

    #[test]
    fn the_configuration_names_every_address_and_the_laptops_port() {
        let lab = lab(|_| ());
        let addresses = lab.addresses();
        let expected = format!(
            r#"switches:
  office-1:
    profile: smon-portcopy
    address: {}
    credentials: lab
    destination: "24"
    sniff: tzsp://{}
routers:
  gw: {{ address: "{}", credentials: lab }}
credentials:
  lab:
    snmp: {{ version: 2c, read: "public", write: "private" }}
patch: patch.csv
identify: {{ netbios_port: {} }}
"#,
            addresses.switch,
            addresses.capture,
            addresses.router,
            addresses.netbios.unwrap().port()
        );
        assert_eq!(lab.config_yaml(), expected);
    }

    #[test]
    fn a_user_is_named_with_what_it_takes() {
        let lab = lab(|spec| {
            spec.agent.speaks = Speaks::V3;
            spec.agent.users = vec![User {
                name: "halfspan".to_owned(),
                auth: Some((AuthProtocol::Sha1, "auth \"word\"".to_owned())),
                privacy: Some((PrivProtocol::Aes128, "privpassword".to_owned())),
                writes: true,
            }];
        });
        let line = r#"snmp: { version: 3, user: "halfspan", auth: { sha1: "auth \"word\"" }, priv: { aes128: "privpassword" } }"#;
        let yaml = lab.config_yaml();
        assert!(yaml.contains(line), "{yaml}");
    }

    #[test]
    fn the_patch_list_says_where_the_suspects_cable_ends() {
        let lab = lab(|_| ());
        let patch = lab.patch_csv();
        assert_eq!(patch.lines().count(), 25);
        assert!(
            patch.contains("\noffice-1,17,A,17,1.09-A,1.09,\n"),
            "{patch}"
        );
        let truth = lab.truth().port.unwrap();
        let place = (
            &*truth.panel,
            &*truth.position,
            &*truth.outlet,
            &*truth.room,
        );
        assert_eq!(place, ("A", "17", "1.09-A", "1.09"));
    }
}
