//! How this machine's interfaces lie on one another, as sysfs shows it: no tool is needed for that.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

// linux/if_arp.h
const ARPHRD_ETHER: u32 = 1;
const ARPHRD_LOOPBACK: u32 = 772;

/// The interfaces, by name.
pub type Links = BTreeMap<String, Link>;

/// What an interface is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it sends through: the members of a bridge or a bond, the interface under a VLAN or a macvlan.
    pub below: BTreeSet<String>,
    /// Whether it is a member of a bridge, a bond or a datapath of Open vSwitch.
    pub is_member: bool,
    /// What it is, where nothing is below it.
    pub made_of: MadeOf,
}

/// What an interface with nothing below it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MadeOf {
    /// A device of its own, or loopback.
    Hardware,
    /// Software at whose other end there may be anything: a veth, a port of Open vSwitch.
    Software,
    /// What it sends is wrapped, and leaves by whatever way leads to the tunnel's other end.
    Tunnel,
}

/// Reads every interface that this process can see; none, where there is no sysfs.
#[must_use]
pub fn read() -> Links {
    read_folder(Path::new("/sys/class/net"))
}

fn read_folder(folder: &Path) -> Links {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let links = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        Some((name, read_link(&entry.path())?))
    });
    links.collect()
}

fn read_link(folder: &Path) -> Option<Link> {
    let number = fs::read_to_string(folder.join("type")).ok()?;
    let number: u32 = number.trim().parse().ok()?;
    let has = |name: &str| folder.join(name).exists();
    let made_of = if has("device") || number == ARPHRD_LOOPBACK {
        MadeOf::Hardware
    } else if number == ARPHRD_ETHER && !has("tun_flags") {
        MadeOf::Software
    } else {
        MadeOf::Tunnel
    };
    let entries = fs::read_dir(folder).ok()?.flatten();
    let below = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        name.strip_prefix("lower_").map(str::to_owned)
    });
    Some(Link {
        below: below.collect(),
        is_member: has("master"),
        made_of,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_sysfs_shows_of_an_interface_is_read() {
        let sysfs = tempfile::tempdir().unwrap();
        let make = |name: &str, number: u32, files: &[&str]| {
            let folder = sysfs.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("type"), format!("{number}\n")).unwrap();
            for file in files {
                fs::write(folder.join(file), "").unwrap();
            }
        };
        make("br0", 1, &["lower_eth0", "lower_vnet0", "upper_vlan20"]);
        make("eth0", 1, &["device", "master", "upper_br0"]);
        make("vnet0", 1, &["tun_flags", "master"]);
        make("veth0", 1, &[]);
        make("wg0", 65534, &[]);
        make("lo", 772, &[]);
        // A file that stands beside the interfaces.
        fs::write(sysfs.path().join("bonding_masters"), "bond0\n").unwrap();

        let links = read_folder(sysfs.path());
        assert_eq!(
            links["br0"].below,
            BTreeSet::from(["eth0", "vnet0"].map(str::to_owned))
        );
        assert!(links["eth0"].is_member && !links["br0"].is_member);
        let made_of = |name: &str| links[name].made_of;
        assert_eq!(made_of("eth0"), MadeOf::Hardware);
        assert_eq!(made_of("lo"), MadeOf::Hardware);
        assert_eq!(made_of("veth0"), MadeOf::Software);
        assert_eq!(made_of("vnet0"), MadeOf::Tunnel);
        assert_eq!(made_of("wg0"), MadeOf::Tunnel);
        assert_eq!(links.len(), 6);
    }

    #[test]
    fn without_sysfs_no_interface_is_known() {
        assert_eq!(read_folder(Path::new("/nonexistent")), Links::new());
    }
}
