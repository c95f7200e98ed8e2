//! Bridges, their ports and what they have learned: `ip -d link show` and `bridge fdb show`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::tool::{self, ToolError};
use crate::mac::Mac;

/// An interface of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its number (`ifIndex`).
    pub index: u32,
    /// The description that the admin gave it.
    pub alias: String,
    /// Whether frames can pass: it is up and has a carrier.
    pub up: bool,
    /// The bridge or bond that it belongs to.
    pub master: Option<String>,
    /// Its number in that bridge.
    pub bridge_port: Option<u32>,
    /// Whether it is itself a bridge.
    pub is_bridge: bool,
}

/// As `ip -j -d link show` prints it; the rest of it is not needed.
#[derive(Deserialize)]
struct Shown {
    ifname: String,
    ifindex: u32,
    #[serde(default)]
    ifalias: String,
    #[serde(default)]
    flags: Vec<String>,
    master: Option<String>,
    #[serde(default)]
    linkinfo: LinkInfo,
}

#[derive(Default, Deserialize)]
struct LinkInfo {
    info_kind: Option<String>,
    info_slave_kind: Option<String>,
    info_slave_data: Option<SlaveData>,
}

#[derive(Deserialize)]
struct SlaveData {
    /// `0x1f`
    no: Option<String>,
}

/// As `bridge -j fdb show` prints it.
#[derive(Deserialize)]
struct Entry {
    mac: String,
    ifname: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    flags: Vec<String>,
}

/// Reads every interface of this machine, in the order of their numbers.
///
/// # Errors
/// [`ToolError`]
pub fn interfaces() -> Result<Vec<Interface>, ToolError> {
    parse_interfaces(&tool::run("ip", &["-j", "-d", "link", "show"], "")?)
}

/// Reads which addresses a bridge has learned on which of its ports, by the ports' names.
///
/// # Errors
/// [`ToolError`]
pub fn learned(bridge: &str) -> Result<BTreeMap<String, BTreeSet<Mac>>, ToolError> {
    parse_learned(&tool::run(
        "bridge",
        &["-j", "fdb", "show", "br", bridge],
        "",
    )?)
}

fn odd(command: &str, error: &serde_json::Error) -> ToolError {
    ToolError::Odd {
        command: command.to_owned(),
        what: error.to_string(),
    }
}

fn parse_interfaces(printed: &[u8]) -> Result<Vec<Interface>, ToolError> {
    let shown: Vec<Shown> =
        serde_json::from_slice(printed).map_err(|error| odd("ip -j -d link show", &error))?;
    let mut interfaces: Vec<Interface> = shown.into_iter().map(Interface::from).collect();
    interfaces.sort_by_key(|interface| interface.index);
    Ok(interfaces)
}

impl From<Shown> for Interface {
    fn from(shown: Shown) -> Self {
        let has = |flag: &str| shown.flags.iter().any(|is| is == flag);
        let info = shown.linkinfo;
        let number = info
            .info_slave_data
            .filter(|_| info.info_slave_kind.as_deref() == Some("bridge"))
            .and_then(|data| data.no)
            .and_then(|no| u32::from_str_radix(no.trim_start_matches("0x"), 16).ok());
        Interface {
            index: shown.ifindex,
            alias: shown.ifalias,
            up: has("UP") && has("LOWER_UP"),
            master: shown.master,
            bridge_port: number,
            is_bridge: info.info_kind.as_deref() == Some("bridge"),
            name: shown.ifname,
        }
    }
}

fn parse_learned(printed: &[u8]) -> Result<BTreeMap<String, BTreeSet<Mac>>, ToolError> {
    let entries: Vec<Entry> =
        serde_json::from_slice(printed).map_err(|error| odd("bridge -j fdb show", &error))?;
    let mut learned: BTreeMap<String, BTreeSet<Mac>> = BTreeMap::new();
    for entry in entries {
        // `self` are the interface's own filters; `permanent` and `static` nobody has learned.
        let is_own = entry.flags.iter().any(|flag| flag == "self");
        let fixed = ["permanent", "static"].contains(&entry.state.as_str());
        if let (false, false, Ok(mac)) = (is_own, fixed, entry.mac.parse()) {
            learned.entry(entry.ifname).or_default().insert(mac);
        }
    }
    Ok(learned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by iproute2 6.1.0 on Linux 6.18, shortened by what is not read.
    const LINKS: &[u8] = br#"[
        {"ifindex":1,"ifname":"lo","flags":["LOOPBACK","UP","LOWER_UP"],"mtu":65536},
        {"ifindex":3,"ifname":"br0","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"operstate":"UP",
         "linkinfo":{"info_kind":"bridge","info_data":{"forward_delay":1499}}},
        {"ifindex":49,"link_index":2,"ifname":"port1","flags":["BROADCAST","MULTICAST","UP","LOWER_UP"],"master":"br0",
         "operstate":"UP","ifalias":"1.01-B",
         "linkinfo":{"info_kind":"veth","info_slave_kind":"bridge","info_slave_data":{"state":"forwarding","no":"0x1f"}}},
        {"ifindex":50,"ifname":"port2","flags":["NO-CARRIER","BROADCAST","MULTICAST","UP"],"master":"br0",
         "linkinfo":{"info_kind":"veth","info_slave_kind":"bridge","info_slave_data":{"no":"0x2"}}}]"#;
    const FDB: &[u8] = br#"[
        {"mac":"33:33:00:00:00:01","ifname":"br0","flags":["self"],"state":"permanent"},
        {"mac":"04:d4:c4:12:34:56","ifname":"port1","flags":[],"master":"br0","state":""},
        {"mac":"02:00:00:00:00:01","ifname":"port1","flags":[],"master":"br0"},
        {"mac":"32:54:f1:9c:7e:7e","ifname":"port1","flags":[],"master":"br0","state":"permanent"},
        {"mac":"02:00:00:00:00:02","ifname":"port2","flags":[],"master":"br0","state":"static"}]"#;

    #[test]
    fn a_bridge_and_its_ports_are_read_with_number_link_and_description() {
        let all = parse_interfaces(LINKS).unwrap();
        assert!(all[1].is_bridge && all[1].master.is_none());
        let port = &all[2];
        assert_eq!((port.name.as_str(), port.index), ("port1", 49));
        assert_eq!(port.bridge_port, Some(31));
        assert_eq!(port.alias, "1.01-B");
        assert_eq!(port.master.as_deref(), Some("br0"));
        assert!(port.up && !all[3].up, "no carrier is no link");
    }

    #[test]
    fn only_what_the_bridge_has_learned_counts() {
        let learned = parse_learned(FDB).unwrap();
        let macs: Vec<String> = learned["port1"].iter().map(ToString::to_string).collect();
        assert_eq!(macs, ["02:00:00:00:00:01", "04:d4:c4:12:34:56"]);
        assert_eq!(learned.len(), 1);
    }

    #[test]
    fn what_is_no_json_is_an_error_that_names_the_command() {
        let error = parse_interfaces(b"Usage: ip [ OPTIONS ]").unwrap_err();
        assert!(error.to_string().contains("ip -j -d link show"), "{error}");
    }
}
