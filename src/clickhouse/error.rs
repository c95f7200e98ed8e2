//! What can go wrong with a store.

use crate::error::{Diagnosis, Exit};
use crate::http::HttpError;

/// A ranking that did not come about.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The address is none.
    #[error("`{text}` is not the address of a ClickHouse: {what}")]
    Address {
        /// As written.
        text: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The schema cannot be read.
    #[error("the schema {name} cannot be used: {what}")]
    Schema {
        /// Its name or file.
        name: String,
        /// What is wrong.
        what: String,
    },
    /// The filter cannot be said in SQL.
    #[error("the filter cannot be asked of a store at `{word}`: {what}")]
    Filter {
        /// Where it fails.
        word: String,
        /// What is wrong.
        what: &'static str,
    },
    /// The store did not answer, or refused.
    #[error("the store gave no ranking")]
    Asked {
        /// Its words.
        source: HttpError,
    },
    /// The answer is not a table of what was asked for.
    #[error("the store's answer makes no sense: {0}")]
    Nonsense(String),
}

impl Diagnosis for StoreError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            StoreError::Address { .. } => {
                "write it like clickhouse://HOST:8123/DATABASE?table=flows&schema=akvorado"
            }
            StoreError::Schema { .. } => {
                "built in are akvorado, akvorado-l2 and goflow2; for others see docs/talkers.md"
            }
            StoreError::Filter { .. } => {
                "host, net, port, proto, tcp, udp, icmp, ip, ip6, vlan, src, dst, and, or, not and brackets can be asked"
            }
            StoreError::Asked {
                source: HttpError::Login { .. },
            } => "give the user in the address and the password by `credentials=NAME`",
            StoreError::Asked {
                source: HttpError::Refused { .. } | HttpError::Denied { .. },
            } => "check table and schema: the engine's own words name what it does not know",
            StoreError::Asked { source } => return source.hint(),
            StoreError::Nonsense(_) => {
                "is this ClickHouse's HTTP interface (8123, with TLS 8443), and no other port?"
            }
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            StoreError::Address { .. } | StoreError::Schema { .. } | StoreError::Filter { .. } => {
                Exit::Usage
            }
            StoreError::Asked { source } => source.exit(),
            StoreError::Nonsense(_) => Exit::Device,
        }
    }
}
