//! Raw to checked: every reference resolved, every value read. The first mistake is the error.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_saphyr::{Location, Spanned};

use super::credentials::{HttpLogin, HttpPart, SnmpPart, TlsPart};
use super::error::{Source, nearest};
use super::raw::{
    RawAuth, RawConfig, RawCredential, RawHttp, RawPorts, RawPriv, RawRouter, RawSnmp, RawSwitch,
    RawTls, Text,
};
use super::{
    Agent, Config, ConfigError, Credential, Direct, DirectAddress, NETBIOS_PORT, PortList, Router,
    SecretSource, Switch,
};
use crate::http::Trust;
use crate::patch::AliasPattern;
use crate::snmp::{AuthProtocol, PrivProtocol};
use crate::tls;

type Result<T> = std::result::Result<T, ConfigError>;
type Credentials = BTreeMap<String, Arc<Credential>>;

/// The profile of a switch that a person operates: the only one that needs no address.
const MANUAL: &str = "manual";

pub(super) fn check(raw: RawConfig, source: &Source<'_>) -> Result<Config> {
    let mut check = Check {
        source,
        folder: source.file().parent().unwrap_or(Path::new("")),
        warnings: Vec::new(),
    };
    let credentials: Credentials = raw
        .credentials
        .into_iter()
        .map(|(name, raw)| Ok((name.clone(), Arc::new(check.credential(name, raw)?))))
        .collect::<Result<_>>()?;
    Ok(Config {
        file: source.file().to_owned(),
        switches: raw
            .switches
            .into_iter()
            .map(|(name, raw)| Ok((name.clone(), check.switch(name, raw, &credentials)?)))
            .collect::<Result<_>>()?,
        routers: raw
            .routers
            .into_iter()
            .map(|(name, raw)| Ok((name.clone(), check.router(name, &raw, &credentials)?)))
            .collect::<Result<_>>()?,
        credentials,
        patch: raw.patch.map(|text| check.path(&text.value)),
        patch_from_alias: match raw.patch_from_alias {
            Some(text) => check.read::<AliasPattern>(&text)?,
            None => AliasPattern::default(),
        },
        netbios_port: match raw.identify.netbios_port {
            Some(text) => check.port_number(&text)?,
            None => NETBIOS_PORT,
        },
        warnings: check.warnings,
    })
}

struct Check<'a> {
    source: &'a Source<'a>,
    folder: &'a Path,
    warnings: Vec<String>,
}

impl Check<'_> {
    fn switch(
        &self,
        name: String,
        raw: Spanned<RawSwitch>,
        credentials: &Credentials,
    ) -> Result<Switch> {
        let (at, raw) = (raw.referenced, raw.value);
        let missing = |key: &str| self.wrong(at, format!("switch `{name}` has no `{key}`"), None);
        let profile = raw.profile.ok_or_else(|| missing("profile"))?;
        let credential = raw.credentials.as_ref();
        let direct = self.direct(
            raw.address.as_ref(),
            raw.bridge.as_ref(),
            credential,
            credentials,
        )?;
        let agent = match (&raw.address, credential) {
            _ if direct.is_some() => None,
            (Some(address), Some(credential)) => {
                let agent = self.agent(address, credential, credentials)?;
                let given = raw.with.iter();
                let given = given.map(|(name, text)| Ok((name.clone(), self.filled(text, name)?)));
                let given = given.collect::<Result<_>>()?;
                Some(Agent { given, ..agent })
            }
            (None, None) if profile.value == MANUAL => None,
            (None, _) => return Err(missing("address")),
            (_, None) => return Err(missing("credentials")),
        };
        let destination = raw.destination.ok_or_else(|| missing("destination"))?;
        let sniff = raw.sniff.ok_or_else(|| missing("sniff"))?;
        Ok(Switch {
            profile: self.profile(&self.filled(&profile, "profile")?),
            agent,
            direct,
            destination: self.filled(&destination, "destination")?,
            sniff: self.sniff(self.filled(&sniff, "sniff")?),
            candidates: raw.candidates.map(|raw| self.ports(&raw)).transpose()?,
            uplinks: raw.uplinks.map(|raw| self.ports(&raw)).transpose()?,
            never: match raw.never {
                Some(raw) => self.ports(&raw)?,
                None => PortList::default(),
            },
            name,
        })
    }

    fn direct(
        &self,
        address: Option<&Text>,
        bridge: Option<&Text>,
        credential: Option<&Text>,
        known: &Credentials,
    ) -> Result<Option<Direct>> {
        let read = address.and_then(|text| {
            let read = DirectAddress::read(&text.value, self.folder)?;
            Some((text, read))
        });
        let Some((text, read)) = read else {
            return match bridge {
                None => Ok(None),
                Some(bridge) => Err(self.wrong(
                    bridge.referenced,
                    "`bridge` belongs to an address `local`, `unix:PATH`, `tcp:HOST` or `ssl:HOST`",
                    None,
                )),
            };
        };
        let address = read.map_err(|error| self.wrong(text.referenced, error.to_string(), None))?;
        let encrypted = matches!(address, DirectAddress::Tls { .. });
        Ok(Some(Direct {
            address,
            credential: match credential {
                Some(name) if encrypted => Some(self.known(name, known)?),
                None if encrypted => {
                    return Err(self.wrong(
                        text.referenced,
                        "an address `ssl:HOST` needs `credentials` with a `tls` part",
                        None,
                    ));
                }
                Some(name) => {
                    let what = "this kind of `address` takes no `credentials`";
                    return Err(self.wrong(name.referenced, what, None));
                }
                None => None,
            },
            bridge: bridge.map(|text| self.filled(text, "bridge")).transpose()?,
        }))
    }

    fn router(&self, name: String, raw: &RawRouter, credentials: &Credentials) -> Result<Router> {
        Ok(Router {
            name,
            agent: self.agent(&raw.address, &raw.credentials, credentials)?,
        })
    }

    fn agent(&self, address: &Text, credential: &Text, known: &Credentials) -> Result<Agent> {
        Ok(Agent {
            address: self.read(address)?,
            credential: self.known(credential, known)?,
            given: BTreeMap::new(),
        })
    }

    /// Finds the credential of that name.
    fn known(&self, credential: &Text, known: &Credentials) -> Result<Arc<Credential>> {
        let name = credential.value.as_str();
        known.get(name).cloned().ok_or_else(|| {
            let hint = match nearest(name, known.keys().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add `{name}:` below `credentials:`"),
            };
            self.wrong(
                credential.referenced,
                format!("there is no credential `{name}`"),
                Some(hint),
            )
        })
    }

    fn credential(&mut self, name: String, raw: Spanned<RawCredential>) -> Result<Credential> {
        let at = raw.referenced;
        let RawCredential { snmp, http, tls } = raw.value;
        if snmp.is_none() && http.is_none() && tls.is_none() {
            return Err(self.wrong(
                at,
                format!("credential `{name}` has none of `snmp`, `http` and `tls`"),
                None,
            ));
        }
        Ok(Credential {
            snmp: snmp.map(|raw| self.snmp(&name, raw)).transpose()?,
            http: http.map(|raw| self.http(&name, raw)).transpose()?,
            tls: tls.map(|raw| self.tls(&name, raw)).transpose()?,
            name,
        })
    }

    fn snmp(&mut self, name: &str, raw: Spanned<RawSnmp>) -> Result<SnmpPart> {
        let (at, raw) = (raw.referenced, raw.value);
        match raw.version.value.as_str() {
            "1" | "2c" => self.community(name, at, raw),
            "3" => self.user(name, at, raw),
            other => Err(self.wrong(
                raw.version.referenced,
                format!("there is no SNMP version `{other}`"),
                Some("write 1, 2c or 3".to_owned()),
            )),
        }
    }

    fn community(&mut self, name: &str, at: Location, raw: RawSnmp) -> Result<SnmpPart> {
        let foreign = [
            ("user", raw.user.is_some()),
            ("auth", raw.auth.is_some()),
            ("priv", raw.privacy.is_some()),
            ("context", raw.context.is_some()),
        ];
        self.none_of(at, &raw.version.value, &foreign)?;
        let Some(read) = raw.read else {
            let what = format!("credential `{name}` has no `read`, the community to read with");
            return Err(self.wrong(at, what, None));
        };
        Ok(SnmpPart::Community {
            v1: raw.version.value == "1",
            read: self.secret(name, "read", &read)?,
            write: match raw.write {
                Some(write) => Some(self.secret(name, "write", &write)?),
                None => None,
            },
        })
    }

    fn user(&mut self, name: &str, at: Location, raw: RawSnmp) -> Result<SnmpPart> {
        let foreign = [("read", raw.read.is_some()), ("write", raw.write.is_some())];
        self.none_of(at, "3", &foreign)?;
        let Some(user) = raw.user else {
            return Err(self.wrong(at, format!("credential `{name}` has no `user`"), None));
        };
        if raw.privacy.is_some() && raw.auth.is_none() {
            return Err(self.wrong(
                at,
                format!("credential `{name}` has `priv` but no `auth`"),
                Some("SNMPv3 encrypts only what it authenticates: add `auth`".to_owned()),
            ));
        }
        let auth = match raw.auth.map(auth) {
            Some((protocol, text)) => Some((protocol, self.secret(name, "auth", &text)?)),
            None => None,
        };
        let privacy = match raw.privacy.map(privacy) {
            Some((protocol, text)) => Some((protocol, self.secret(name, "priv", &text)?)),
            None => None,
        };
        Ok(SnmpPart::User {
            user: self.filled(&user, "user")?,
            auth,
            privacy,
            context: raw.context.map(|text| text.value).unwrap_or_default(),
        })
    }

    fn none_of(&self, at: Location, version: &str, foreign: &[(&str, bool)]) -> Result<()> {
        match foreign.iter().find(|(_, there)| *there) {
            None => Ok(()),
            Some((key, _)) => Err(self.wrong(
                at,
                format!("`{key}` does not belong to SNMP version {version}"),
                Some("read and write belong to 1 and 2c; user, auth and priv to 3".to_owned()),
            )),
        }
    }

    fn http(&mut self, name: &str, raw: Spanned<RawHttp>) -> Result<HttpPart> {
        let (at, raw) = (raw.referenced, raw.value);
        let login = match (raw.user, raw.password, raw.token) {
            (Some(user), Some(password), None) => HttpLogin::Password {
                user: self.filled(&user, "user")?,
                password: self.secret(name, "password", &password)?,
            },
            (None, None, Some(token)) => HttpLogin::Token(self.secret(name, "token", &token)?),
            _ => {
                return Err(self.wrong(
                    at,
                    format!("the `http` part of credential `{name}` is not complete"),
                    Some("give `user` and `password`, or `token` alone".to_owned()),
                ));
            }
        };
        let said = |flag: &Option<Spanned<bool>>| {
            flag.as_ref()
                .filter(|flag| flag.value)
                .map(|flag| flag.referenced)
        };
        let (insecure, plain) = (said(&raw.insecure), said(&raw.plain));
        let ways = [
            ("ca", raw.ca.as_ref().map(|text| text.referenced)),
            (
                "fingerprint",
                raw.fingerprint.as_ref().map(|text| text.referenced),
            ),
            ("insecure", insecure),
            ("plain", plain),
        ];
        let given: Vec<_> = ways
            .iter()
            .filter_map(|(key, at)| Some((*key, (*at)?)))
            .collect();
        if let [(one, _), (other, at), ..] = given.as_slice() {
            return Err(self.wrong(
                *at,
                format!("`{one}` and `{other}` exclude each other"),
                None,
            ));
        }
        let trust = match (raw.ca, raw.fingerprint) {
            (Some(ca), _) => Trust::Authority(self.path(&ca.value)),
            (None, Some(text)) => Trust::Fingerprint(self.fingerprint(&text)?),
            (None, None) if insecure.is_some() => Trust::Anybody,
            (None, None) if plain.is_some() => Trust::Plain,
            (None, None) => Trust::System,
        };
        for (key, at, what) in [
            ("insecure", insecure, "any certificate is believed"),
            ("plain", plain, "TLS is not spoken"),
        ] {
            if let Some(at) = at {
                self.warnings.push(format!(
                    "{}:{}: `{key}` of credential `{name}`: {what}, so whoever stands between can read the password; better fingerprint: sha256:…",
                    self.source.file().display(),
                    at.line(),
                ));
            }
        }
        let port = raw.port.map(|text| self.port_number(&text)).transpose()?;
        Ok(HttpPart { login, trust, port })
    }

    fn tls(&self, name: &str, raw: Spanned<RawTls>) -> Result<TlsPart> {
        let (at, raw) = (raw.referenced, raw.value);
        let incomplete = |what: &str| {
            let text = format!("the `tls` part of credential `{name}` is not complete");
            self.wrong(at, text, Some(what.to_owned()))
        };
        let trust = match (raw.ca, raw.fingerprint) {
            (Some(ca), None) => tls::Trust::Authority(self.path(&ca.value)),
            (None, Some(text)) => tls::Trust::Fingerprint(self.fingerprint(&text)?),
            (Some(_), Some(text)) => {
                let what = "`ca` and `fingerprint` exclude each other";
                return Err(self.wrong(text.referenced, what, None));
            }
            (None, None) => return Err(incomplete("give `ca` or `fingerprint`")),
        };
        let own = match (raw.certificate, raw.key) {
            (Some(certificate), Some(key)) => {
                Some((self.path(&certificate.value), self.path(&key.value)))
            }
            (None, None) => None,
            _ => return Err(incomplete("`certificate` and `key` belong together")),
        };
        Ok(TlsPart { trust, own })
    }

    fn fingerprint(&self, text: &Text) -> Result<[u8; 32]> {
        parse_fingerprint(&text.value).ok_or_else(|| {
            self.wrong(
                text.referenced,
                "this is not a fingerprint",
                Some("write sha256: and 64 hexadecimal digits, colons allowed".to_owned()),
            )
        })
    }

    fn secret(&mut self, name: &str, key: &str, text: &Text) -> Result<SecretSource> {
        if text.value.is_empty() {
            let what = format!("`{key}` of credential `{name}` is empty");
            return Err(self.wrong(text.referenced, what, None));
        }
        let source = SecretSource::new(&text.value, self.folder);
        if source.is_literal() {
            self.warnings.push(format!(
                "{}:{}: `{key}` of credential `{name}` stands there in plain text; better env:NAME, file:PATH or cmd:COMMAND",
                self.source.file().display(),
                text.referenced.line(),
            ));
        }
        Ok(source)
    }

    fn ports(&self, raw: &Spanned<RawPorts>) -> Result<PortList> {
        let list = raw.value.0.parse::<PortList>();
        list.map_err(|error| self.wrong(raw.referenced, error.to_string(), None))
    }

    fn port_number(&self, text: &Text) -> Result<u16> {
        match text.value.parse() {
            Ok(number @ 1..) => Ok(number),
            _ => Err(self.wrong(
                text.referenced,
                format!("`{}` is not a port number", text.value),
                Some("write a number from 1 to 65535".to_owned()),
            )),
        }
    }

    fn filled(&self, text: &Text, key: &str) -> Result<String> {
        if text.value.trim().is_empty() {
            return Err(self.wrong(text.referenced, format!("`{key}` is empty"), None));
        }
        Ok(text.value.trim().to_owned())
    }

    fn read<T>(&self, text: &Text) -> Result<T>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let value = text.value.parse::<T>();
        value.map_err(|error| self.wrong(text.referenced, error.to_string(), None))
    }

    /// A profile is a name, or a path if it looks like one.
    fn profile(&self, text: &str) -> String {
        if text.contains('/') || text.ends_with(".yaml") {
            self.path(text).display().to_string()
        } else {
            text.to_owned()
        }
    }

    fn sniff(&self, text: String) -> String {
        match text.strip_prefix("pcap:") {
            Some(file) => format!("pcap:{}", self.path(file).display()),
            None => text,
        }
    }

    fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }

    fn wrong(&self, at: Location, what: impl Into<String>, hint: Option<String>) -> ConfigError {
        self.source.wrong(Some(at), what, hint)
    }
}

fn auth(raw: RawAuth) -> (AuthProtocol, Text) {
    match raw {
        RawAuth::Md5(text) => (AuthProtocol::Md5, text),
        RawAuth::Sha1(text) => (AuthProtocol::Sha1, text),
        RawAuth::Sha224(text) => (AuthProtocol::Sha224, text),
        RawAuth::Sha256(text) => (AuthProtocol::Sha256, text),
        RawAuth::Sha384(text) => (AuthProtocol::Sha384, text),
        RawAuth::Sha512(text) => (AuthProtocol::Sha512, text),
    }
}

fn privacy(raw: RawPriv) -> (PrivProtocol, Text) {
    match raw {
        RawPriv::Des(text) => (PrivProtocol::Des, text),
        RawPriv::Aes128(text) => (PrivProtocol::Aes128, text),
        RawPriv::Aes192(text) => (PrivProtocol::Aes192, text),
        RawPriv::Aes256(text) => (PrivProtocol::Aes256, text),
    }
}

fn parse_fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: String = text
        .trim()
        .strip_prefix("sha256:")?
        .chars()
        .filter(|&letter| letter != ':')
        .collect();
    if digits.len() != 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut digest = [0; 32];
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(digest)
}
