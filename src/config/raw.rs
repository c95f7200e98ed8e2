//! The file as it is written: every key that may stand in it. Values are checked in `check`.
//!
//! No type here has `Debug`: literal secrets pass through it.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Error, SeqAccess, Visitor};
use serde_saphyr::Spanned;

/// A text with the place where it stands.
pub(super) type Text = Spanned<String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawConfig {
    #[serde(default)]
    pub(super) switches: BTreeMap<String, Spanned<RawSwitch>>,
    #[serde(default)]
    pub(super) routers: BTreeMap<String, RawRouter>,
    #[serde(default)]
    pub(super) credentials: BTreeMap<String, Spanned<RawCredential>>,
    pub(super) patch: Option<Text>,
    pub(super) patch_from_alias: Option<Text>,
    #[serde(default)]
    pub(super) identify: RawIdentify,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSwitch {
    pub(super) profile: Option<Text>,
    pub(super) address: Option<Text>,
    pub(super) bridge: Option<Text>,
    #[serde(default)]
    pub(super) with: BTreeMap<String, Text>,
    pub(super) credentials: Option<Text>,
    pub(super) destination: Option<Text>,
    pub(super) sniff: Option<Text>,
    pub(super) candidates: Option<Spanned<RawPorts>>,
    pub(super) uplinks: Option<Spanned<RawPorts>>,
    pub(super) never: Option<Spanned<RawPorts>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRouter {
    pub(super) address: Text,
    pub(super) credentials: Text,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIdentify {
    pub(super) netbios_port: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCredential {
    pub(super) snmp: Option<Spanned<RawSnmp>>,
    pub(super) http: Option<Spanned<RawHttp>>,
    pub(super) tls: Option<Spanned<RawTls>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawSnmp {
    pub(super) version: Text,
    pub(super) read: Option<Text>,
    pub(super) write: Option<Text>,
    pub(super) user: Option<Text>,
    pub(super) auth: Option<RawAuth>,
    #[serde(rename = "priv")]
    pub(super) privacy: Option<RawPriv>,
    pub(super) context: Option<Text>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawAuth {
    Md5(Text),
    Sha1(Text),
    Sha224(Text),
    Sha256(Text),
    Sha384(Text),
    Sha512(Text),
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RawPriv {
    Des(Text),
    Aes128(Text),
    Aes192(Text),
    Aes256(Text),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawHttp {
    pub(super) user: Option<Text>,
    pub(super) password: Option<Text>,
    pub(super) token: Option<Text>,
    pub(super) ca: Option<Text>,
    pub(super) fingerprint: Option<Text>,
    pub(super) insecure: Option<Spanned<bool>>,
    pub(super) plain: Option<Spanned<bool>>,
    pub(super) port: Option<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTls {
    pub(super) ca: Option<Text>,
    pub(super) fingerprint: Option<Text>,
    pub(super) certificate: Option<Text>,
    pub(super) key: Option<Text>,
}

/// Ports, written as one text (`"1-22, 24"`) or as a list (`["1-22", "24"]`).
pub(super) struct RawPorts(pub(super) String);

impl<'de> Deserialize<'de> for RawPorts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PortsVisitor)
    }
}

struct PortsVisitor;

impl<'de> Visitor<'de> for PortsVisitor {
    type Value = RawPorts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ports like \"1-22, 24\" or [\"23\"], in quotes")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawPorts, E> {
        Ok(RawPorts(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<RawPorts, E> {
        Ok(RawPorts(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<RawPorts, E> {
        Ok(RawPorts(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<RawPorts, A::Error> {
        let mut texts: Vec<String> = Vec::new();
        while let Some(text) = items.next_element()? {
            texts.push(text);
        }
        Ok(RawPorts(texts.join(",")))
    }
}
