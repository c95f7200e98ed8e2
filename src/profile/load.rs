//! Finding and reading profiles: files, and those built into the program.

use std::io::Read;
use std::path::Path;

use serde_saphyr::{DuplicateKeyPolicy, Error as YamlError, MergeKeyPolicy};

use super::error::nearest;
use super::raw::RawProfile;
use super::{Profile, ProfileError};
use crate::bounded;

/// No profile is longer; the shipped ones are below 8 KiB.
const MAX_OCTETS: u64 = 64 * 1024;

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        /// The profiles built into the program: name and YAML.
        pub const EMBEDDED: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../switch-profiles/", $name, ".yaml")))),*];
    };
}

embedded![
    "3com-comware",
    "advantech-eki",
    "ale-aos6",
    "ale-aos8",
    "allied-at9000",
    "allied-atil2",
    "allied-atiswitch",
    "amer",
    "aos-cx",
    "arista-eos",
    "avaya-ers",
    "avaya-vsp",
    "bladeos",
    "cambium-cnmatrix",
    "ciena-leos",
    "cisco-1900",
    "cisco-2900xl",
    "cisco-cat6k-smon",
    "cisco-catos-monitorgrp",
    "cisco-ie1000",
    "cisco-iosxe",
    "cisco-me1200",
    "cisco-nxos",
    "cisco-sb-portcopy",
    "cisco-sb-span",
    "comware-lswqos",
    "cts-ips",
    "cumulus-nvue",
    "datacom-dmswitch",
    "dcn",
    "dell-n-series",
    "dell-powerconnect-accton",
    "dell-powerconnect-ros",
    "dlink-des32xx",
    "dlink-dgs1210",
    "dlink-dgs12xxt",
    "dlink-dgs3100",
    "dlink-dxs1210",
    "dlink-xstack",
    "edgecore-ecs",
    "eltex-mes-ros",
    "eltex-mes24xx",
    "etherwan",
    "fortiswitch",
    "fs-accton",
    "fs-s5-rgos",
    "gbn-fs-gcom",
    "hirschmann-classic",
    "hirschmann-hios",
    "hp-procurve",
    "hp-procurve-legacy",
    "hpe-comware",
    "hpe-officeconnect-ros",
    "hpn-comware",
    "huawei-vrp",
    "juniper-junos",
    "korenix-jetnet",
    "lancom-gs23xx",
    "lancom-lcos-sx",
    "lancom-xs",
    "lenovo-rackswitch",
    "linux-bridge-tc",
    "manual",
    "marvell-span",
    "mikrotik-ports",
    "mikrotik-rule",
    "mikrotik-switch",
    "moxa-eds",
    "netgear-fastpath",
    "netgear-smart-fastpath",
    "netgear-smart-ros",
    "openvswitch",
    "radlan-ros",
    "raisecom",
    "redlion-sixnet",
    "ruckus-icx",
    "ruijie-rgos",
    "siemens-scalance",
    "smon-portcopy",
    "snr",
    "sonic",
    "sophos-cs",
    "supermicro-sse",
    "tplink-easysmart",
    "tplink-jetstream",
    "transition-tn",
    "ubnt-edgeswitch",
    "ubnt-unifi",
    "vsol-v1600d",
    "vyos",
    "zyxel-4x",
    "zyxel-legacy",
    "zyxel-xgs3600",
];

/// Loads a profile: a path (it has a `/` or ends in `.yaml`), a name in the folder `switch-profiles` below
/// `folder`, or the name of a built-in one. A file goes before a built-in profile of the same name. A path is taken
/// as it is: the configuration has joined it to its folder already.
///
/// # Errors
/// [`ProfileError`]
pub fn load(name_or_path: &str, folder: &Path) -> Result<Profile, ProfileError> {
    if name_or_path.contains('/') || name_or_path.ends_with(".yaml") {
        return load_file(Path::new(name_or_path));
    }
    let file = folder
        .join("switch-profiles")
        .join(format!("{name_or_path}.yaml"));
    if file.is_file() {
        return load_file(&file);
    }
    let known = EMBEDDED.iter().find(|(name, _)| *name == name_or_path);
    let Some((name, text)) = known else {
        let names = EMBEDDED.iter().map(|(name, _)| *name);
        return Err(ProfileError::NotFound {
            name: name_or_path.to_owned(),
            nearest: nearest(name_or_path, names).map(str::to_owned),
        });
    };
    parse(text, name)
}

/// Loads a profile from a file.
///
/// # Errors
/// [`ProfileError`]
pub fn load_file(path: &Path) -> Result<Profile, ProfileError> {
    let read_error = |source| ProfileError::Read {
        path: path.to_owned(),
        source,
    };
    let too_large = || ProfileError::TooLarge {
        path: path.to_owned(),
        limit: MAX_OCTETS,
    };
    let octets = bounded::read(path, MAX_OCTETS)
        .map_err(read_error)?
        .ok_or_else(too_large)?;
    let mut text = String::new();
    octets
        .as_slice()
        .read_to_string(&mut text)
        .map_err(read_error)?;
    parse(&text, &path.display().to_string())
}

/// Reads and checks a profile's YAML; `origin` names it in errors.
///
/// # Errors
/// [`ProfileError`]
pub fn parse(text: &str, origin: &str) -> Result<Profile, ProfileError> {
    let options = serde_saphyr::options! {
        // A profile has no use for anchors: without any, no alias can multiply it.
        budget: serde_saphyr::budget! {
            max_aliases: 0,
            max_anchors: 0,
            max_documents: 1,
            max_depth: 32,
            max_nodes: 20_000,
        },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    };
    let raw: RawProfile =
        serde_saphyr::from_str_with_options(text, options).map_err(|e| yaml_error(&e, origin))?;
    super::check::check(raw, text, origin)
}

fn yaml_error(error: &YamlError, origin: &str) -> ProfileError {
    let error = error.without_snippet();
    let (what, nearest) = if let YamlError::SerdeUnknownField {
        field, expected, ..
    } = error
    {
        let what = format!("there is no key `{field}` here");
        (what, nearest(field, expected.iter().copied()))
    } else if let YamlError::SerdeUnknownVariant {
        variant, expected, ..
    } = error
    {
        let what = format!("`{variant}` is not one of {}", expected.join(", "));
        (what, nearest(variant, expected.iter().copied()))
    } else if let YamlError::SerdeMissingField { field, .. } = error {
        (format!("the key `{field}` is missing"), None)
    } else if let YamlError::DuplicateMappingKey { key, .. } = error {
        (
            format!("the key `{}` is there twice", key.as_deref().unwrap_or("?")),
            None,
        )
    } else if let YamlError::MergeKeyNotAllowed { .. } = error {
        (
            "merge keys (`<<`) are not read; write it out".to_owned(),
            None,
        )
    } else if let YamlError::Budget { .. } = error {
        (
            "it has anchors or aliases, or is far larger than any profile; write it out".to_owned(),
            None,
        )
    } else {
        (plain(error), None)
    };
    let place = error.location();
    ProfileError::Yaml {
        origin: origin.to_owned(),
        line: place.map_or(0, |place| place.line()),
        column: place.map_or(0, |place| place.column()),
        what,
        nearest: nearest.map(str::to_owned),
    }
}

/// Returns the library's words without the place, which is told apart.
fn plain(error: &YamlError) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => text,
    }
}
