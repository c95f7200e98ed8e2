//! Which columns of a table hold what: read from YAML, names checked.

use std::path::Path;

use serde::Deserialize;

use super::StoreError;

/// The columns of a table with flow records.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schema {
    /// The usual table.
    #[serde(default = "usual_table")]
    pub(super) table: Column,
    /// When the record was received: `DateTime` or `DateTime64`.
    pub(super) time: Column,
    pub(super) bytes: Column,
    pub(super) packets: Column,
    /// One packet in so many was counted; bytes and packets are to be multiplied by it.
    pub(super) sampling: Option<Column>,
    pub(super) addresses: Addresses,
    /// For addresses in octets: 0x0800 tells IPv4.
    pub(super) ether_type: Option<Column>,
    pub(super) source: Column,
    pub(super) destination: Column,
    /// The number at the IANA.
    pub(super) protocol: Option<Column>,
    pub(super) source_port: Option<Column>,
    pub(super) destination_port: Option<Column>,
    #[serde(default)]
    pub(super) macs: Macs,
    pub(super) source_mac: Option<Column>,
    pub(super) destination_mac: Option<Column>,
    pub(super) source_vlan: Option<Column>,
    pub(super) destination_vlan: Option<Column>,
}

/// How addresses are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Addresses {
    /// `IPv6`, with IPv4 mapped into it.
    Ipv6,
    /// `IPv4`.
    Ipv4,
    /// Text of either kind.
    Text,
    /// `FixedString(16)`, of which IPv4 fills the first four octets.
    Octets,
}

/// How MACs are held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Macs {
    /// An unsigned number of 48 bits.
    #[default]
    Number,
    /// Text with colons.
    Text,
}

/// The checked name of a column or table, in backquotes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Column(String);

impl Column {
    pub(super) fn sql(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Column {
    type Error = String;

    fn try_from(name: String) -> Result<Column, String> {
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'_';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(format!("`{name}` is no name of letters, digits and _"));
        }
        Ok(Column(format!("`{name}`")))
    }
}

fn usual_table() -> Column {
    Column("`flows`".to_owned())
}

/// By name, with their usual tables.
const BUILT_IN: [(&str, &str, &str); 3] = [
    ("akvorado", "flows", include_str!("akvorado.yaml")),
    ("akvorado-l2", "flows", include_str!("akvorado-l2.yaml")),
    ("goflow2", "flows_raw", include_str!("goflow2.yaml")),
];

impl Schema {
    /// Reads a built-in schema, or a file; `table` is another table than the usual one.
    ///
    /// # Errors
    /// [`StoreError::Schema`]
    pub fn load(name: &str, table: Option<&str>) -> Result<Schema, StoreError> {
        let bad = |what: String| StoreError::Schema {
            name: name.to_owned(),
            what,
        };
        let built_in = BUILT_IN.iter().find(|(known, ..)| *known == name);
        let mut schema = match built_in {
            Some((_, table, text)) => {
                let mut schema = Schema::read(text).map_err(bad)?;
                schema.table = Column::try_from((*table).to_owned()).map_err(bad)?;
                schema
            }
            None => {
                let text = std::fs::read_to_string(Path::new(name));
                Schema::read(&text.map_err(|error| bad(error.to_string()))?).map_err(bad)?
            }
        };
        if let Some(table) = table {
            schema.table = Column::try_from(table.to_owned()).map_err(bad)?;
        }
        Ok(schema)
    }

    fn read(text: &str) -> Result<Schema, String> {
        let schema: Schema = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        if schema.addresses == Addresses::Octets && schema.ether_type.is_none() {
            return Err("addresses in octets need `ether_type`".to_owned());
        }
        Ok(schema)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_schema_is_read() {
        for (name, table, _) in BUILT_IN {
            let schema = Schema::load(name, None).unwrap();
            assert_eq!(schema.table.sql(), format!("`{table}`"));
        }
        let other = Schema::load("akvorado", Some("flows_1h")).unwrap();
        assert_eq!(other.table.sql(), "`flows_1h`");
    }

    #[test]
    fn a_name_that_would_be_sql_and_an_unknown_key_are_refused() {
        assert!(Schema::load("akvorado", Some("flows` WHERE 1 --")).is_err());
        let text = include_str!("akvorado.yaml");
        assert!(Schema::read(&text.replace("Bytes", "sum(Bytes)")).is_err());
        assert!(Schema::read(&format!("{text}\nsrc_mac: x\n")).is_err());
        let octets = text.replace("addresses: ipv6", "addresses: octets");
        assert!(Schema::read(&octets).is_err());
    }
}
