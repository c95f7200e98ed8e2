//! What can go wrong while a database server is asked.

use crate::error::{Diagnosis, Exit};
use crate::tls::TlsError;

/// Why a database server did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum OvsdbError {
    /// It could not be reached, or the connection broke.
    #[error("the database server at {remote} cannot be {doing}")]
    Connection {
        /// Where it listens.
        remote: String,
        /// "reached", "asked".
        doing: &'static str,
        /// The system's words.
        source: std::io::Error,
    },
    /// No encrypted connection came about.
    #[error("no encrypted connection to the database server at {remote}")]
    Tls {
        /// Where it listens.
        remote: String,
        /// Why.
        source: Box<TlsError>,
    },
    /// It sent what RFC 7047 does not provide for.
    #[error("the database server at {remote} does not speak OVSDB: {what}")]
    Protocol {
        /// Where it listens.
        remote: String,
        /// What is wrong.
        what: String,
    },
    /// It serves other databases, but not Open vSwitch's.
    #[error("the database server at {remote} has no database Open_vSwitch, only {found}")]
    NoDatabase {
        /// Where it listens.
        remote: String,
        /// What it has.
        found: String,
    },
    /// It refused a transaction, which then has changed nothing.
    #[error("the database server refused: {error}{}", details.as_ref().map(|words| format!(" ({words})")).unwrap_or_default())]
    Refused {
        /// The error's name (RFC 7047 §3.1), such as `constraint violation`.
        error: String,
        /// Its details.
        details: Option<String>,
    },
}

impl OvsdbError {
    /// Tells whether a `wait` did not hold: somebody has changed the rows since they were read (RFC 7047 §5.2.6).
    #[must_use]
    pub fn is_overtaken(&self) -> bool {
        matches!(self, OvsdbError::Refused { error, .. } if error == "timed out")
    }
}

impl Diagnosis for OvsdbError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            OvsdbError::Connection { source, .. }
                if source.kind() == std::io::ErrorKind::PermissionDenied =>
            {
                "the socket belongs to root, or to the group of Open vSwitch"
            }
            OvsdbError::Tls { source, .. } => return source.hint(),
            OvsdbError::Connection { .. } => {
                "is ovsdb-server running? its socket is often unix:/run/openvswitch/db.sock; for tcp see `ovs-vsctl set-manager`"
            }
            OvsdbError::Protocol { .. } => {
                "look at `address:`; an OpenFlow port (6653) is not the database's (6640)"
            }
            OvsdbError::NoDatabase { .. } => "look at `address:`; OVN has database servers, too",
            OvsdbError::Refused { .. } => return None,
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            OvsdbError::Tls { source, .. } => source.exit(),
            OvsdbError::Connection { .. }
            | OvsdbError::Protocol { .. }
            | OvsdbError::NoDatabase { .. }
            | OvsdbError::Refused { .. } => Exit::Device,
        }
    }
}
