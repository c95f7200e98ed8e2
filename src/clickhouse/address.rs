//! `clickhouse://[USER@]HOST[:PORT]/DATABASE?table=TABLE&schema=SCHEMA&credentials=NAME&secure=true`.

use std::str::FromStr;

use super::StoreError;
use crate::profile::http::unescaped;

/// Where a store is and what is asked there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Who asks, where `credentials` does not say.
    pub user: Option<String>,
    /// A name or an address.
    pub host: String,
    /// The TCP port of the HTTP interface, where not the usual one.
    pub port: Option<u16>,
    /// The database.
    pub database: String,
    /// The table, or the schema's usual one.
    pub table: Option<String>,
    /// A built-in schema or a file.
    pub schema: String,
    /// The credential of `halfspan.yaml` whose `http` part opens the store.
    pub credentials: Option<String>,
    /// TLS, where no credential says so.
    pub secure: bool,
}

impl FromStr for Address {
    type Err = StoreError;

    fn from_str(text: &str) -> Result<Address, StoreError> {
        let bad = |what| StoreError::Address {
            text: text.to_owned(),
            what,
        };
        let rest = text.strip_prefix("clickhouse://");
        let rest = rest.ok_or_else(|| bad("it does not begin with clickhouse://"))?;
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, place) = match place.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err(bad("a password does not belong into an address"));
            }
            Some((user, place)) => (Some(unescaped(user)), place),
            None => (None, place),
        };
        let (host, port) = host_and_port(place).ok_or_else(|| bad("HOST:PORT is wrong"))?;
        let mut address = Address {
            user,
            host,
            port,
            database: if database.is_empty() {
                "default".to_owned()
            } else {
                unescaped(database)
            },
            table: None,
            schema: "akvorado".to_owned(),
            credentials: None,
            secure: false,
        };
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = unescaped(value);
            match name {
                "table" => address.table = Some(value),
                "schema" => address.schema = value,
                "credentials" => address.credentials = Some(value),
                "secure" => address.secure = value == "true" || value == "1",
                _ => return Err(bad("behind `?` are table, schema, credentials and secure")),
            }
        }
        Ok(address)
    }
}

/// Reads `host`, `host:port`, `[address]:port`.
fn host_and_port(text: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (host, rest.strip_prefix(':'))
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || b"-._:".contains(&octet);
    let port = port.map(str::parse).transpose().ok()?;
    (!host.is_empty() && host.bytes().all(plain)).then(|| (host.to_owned(), port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_are_read() {
        let text = "clickhouse://reader@[fd00::1]:8443/flows%5F1?table=raw&schema=./my.yaml&credentials=ch&secure=true";
        let address: Address = text.parse().unwrap();
        assert_eq!(address.user.as_deref(), Some("reader"));
        assert_eq!(
            (address.host.as_str(), address.port),
            ("fd00::1", Some(8443))
        );
        assert_eq!(address.database, "flows_1");
        assert_eq!(address.table.as_deref(), Some("raw"));
        assert_eq!(address.schema, "./my.yaml");
        assert_eq!(address.credentials.as_deref(), Some("ch"));
        assert!(address.secure);
        let short: Address = "clickhouse://ch".parse().unwrap();
        assert_eq!((short.database.as_str(), short.port), ("default", None));
    }

    #[test]
    fn passwords_unknown_words_and_other_schemes_are_refused() {
        for text in [
            "clickhouse://reader:secret@ch/flows",
            "clickhouse://ch/flows?tabel=x",
            "http://ch/flows",
            "clickhouse:///flows",
            "clickhouse://ch:99999/flows",
        ] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
