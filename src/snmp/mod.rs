//! SNMP, as the rest of halfspan sees it: values, errors and the narrow trait [`Snmp`].
//!
//! The wire protocol is a library's (wrapped in [`Client`]); only this room knows which.

use std::fmt;
use std::net::Ipv4Addr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Diagnosis, Exit};

pub use client::{Client, Timing};
pub use credentials::{AuthProtocol, PrivProtocol, SnmpCredentials};

mod client;
mod credentials;
#[cfg(test)]
pub(crate) mod fake;

/// An object identifier such as `1.3.6.1.2.1.2.2.1.8`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Oid(pub Vec<u32>);

impl Oid {
    /// Returns this OID with `arcs` appended.
    #[must_use]
    pub fn child(&self, arcs: impl IntoIterator<Item = u32>) -> Oid {
        Oid(self.0.iter().copied().chain(arcs).collect())
    }

    /// Returns the arcs after `base`, or `None` if this OID is not below it.
    #[must_use]
    pub fn below(&self, base: &Oid) -> Option<&[u32]> {
        self.0.strip_prefix(base.0.as_slice())
    }
}

impl From<&[u32]> for Oid {
    fn from(arcs: &[u32]) -> Self {
        Oid(arcs.to_vec())
    }
}

impl<const N: usize> From<[u32; N]> for Oid {
    fn from(arcs: [u32; N]) -> Self {
        Oid(arcs.to_vec())
    }
}

impl fmt::Display for Oid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, arc) in self.0.iter().enumerate() {
            write!(f, "{}{arc}", if place == 0 { "" } else { "." })?;
        }
        Ok(())
    }
}

/// The text is not an object identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an OID; write numbers with dots, like 1.3.6.1.2.1.16.22.1.3.1.1")]
pub struct BadOid(pub String);

impl FromStr for Oid {
    type Err = BadOid;
    fn from_str(text: &str) -> Result<Oid, BadOid> {
        let arcs = text
            .strip_prefix('.')
            .unwrap_or(text)
            .split('.')
            .map(str::parse)
            .collect::<Result<Vec<u32>, _>>();
        match arcs {
            Ok(arcs) if (2..=128).contains(&arcs.len()) => Ok(Oid(arcs)),
            _ => Err(BadOid(text.to_owned())),
        }
    }
}

impl From<Oid> for String {
    fn from(oid: Oid) -> String {
        oid.to_string()
    }
}

impl TryFrom<String> for Oid {
    type Error = BadOid;
    fn try_from(text: String) -> Result<Oid, BadOid> {
        text.parse()
    }
}

/// A value as the agent sent it (RFC 2578 §7.1, RFC 3416 §3).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type", content = "value")]
pub enum Value {
    /// `INTEGER`, `Integer32`
    Integer(i32),
    /// `OCTET STRING`
    Octets(Vec<u8>),
    /// `OBJECT IDENTIFIER`
    ObjectId(Oid),
    /// `IpAddress`
    IpAddress(Ipv4Addr),
    /// `Counter32`
    Counter32(u32),
    /// `Gauge32`, `Unsigned32`: the same on the wire
    Unsigned32(u32),
    /// `TimeTicks`, hundredths of a second
    TimeTicks(u32),
    /// `Counter64`
    Counter64(u64),
    /// `Opaque`, kept as it came
    Opaque(Vec<u8>),
    /// `NULL`
    Null,
    /// The agent does not have the object at all.
    NoSuchObject,
    /// The agent has the object but not this instance.
    NoSuchInstance,
    /// Nothing comes after the OID that was asked for.
    EndOfMibView,
}

impl Value {
    /// Returns the number in an integer-like value.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Value::Integer(n) => Some(i64::from(*n)),
            Value::Counter32(n) | Value::Unsigned32(n) | Value::TimeTicks(n) => Some(i64::from(*n)),
            Value::Counter64(n) => i64::try_from(*n).ok(),
            Value::Octets(_)
            | Value::ObjectId(_)
            | Value::IpAddress(_)
            | Value::Opaque(_)
            | Value::Null
            | Value::NoSuchObject
            | Value::NoSuchInstance
            | Value::EndOfMibView => None,
        }
    }

    /// Returns the bytes of an octet string.
    #[must_use]
    pub fn as_octets(&self) -> Option<&[u8]> {
        if let Value::Octets(bytes) = self {
            Some(bytes)
        } else {
            None
        }
    }

    /// Returns an octet string as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn as_text(&self) -> Option<String> {
        self.as_octets().map(|bytes| {
            String::from_utf8_lossy(bytes)
                .trim_end_matches('\0')
                .to_owned()
        })
    }

    /// Tells whether the agent said that there is nothing here.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(
            self,
            Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView
        )
    }
}

/// A variable binding: an instance and its value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VarBind {
    /// The instance.
    pub oid: Oid,
    /// Its value.
    pub value: Value,
}

/// Why the agent refused a request: the `error-status` of RFC 3416 §3, v1's included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "the names are those of RFC 3416; `reason` says them in words"
)]
pub enum ErrorStatus {
    TooBig,
    NoSuchName,
    BadValue,
    ReadOnly,
    GenErr,
    NoAccess,
    WrongType,
    WrongLength,
    WrongEncoding,
    WrongValue,
    NoCreation,
    InconsistentValue,
    ResourceUnavailable,
    CommitFailed,
    UndoFailed,
    AuthorizationError,
    NotWritable,
    InconsistentName,
    Other(i32),
}

/// A request that did not succeed. "Lost" and "refused" are kept apart, because only a lost one may be repeated.
#[derive(Debug, thiserror::Error)]
pub enum SnmpError {
    /// No answer within all attempts: unreachable, closed port, wrong community or wrong v3 user.
    #[error("{agent} did not answer ({attempts} attempts in {seconds:.1} s)")]
    Lost {
        /// Who was asked.
        agent: String,
        /// How often.
        attempts: u32,
        /// How long in all.
        seconds: f64,
    },
    /// The agent answered with an error-status.
    #[error("{agent} refused: {}{}", status.reason(), oid.as_ref().map(|oid| format!(" ({oid})")).unwrap_or_default())]
    Refused {
        /// Who refused.
        agent: String,
        /// Why.
        status: ErrorStatus,
        /// The instance that the error-index pointed at.
        oid: Option<Oid>,
        /// Whether the request was a SET.
        write: bool,
    },
    /// SNMPv3: the agent does not accept the user, the key or the security level.
    #[error("{agent} rejects the SNMPv3 credentials: {what}")]
    Rejected {
        /// Who rejected.
        agent: String,
        /// E.g. "unknown user name", "wrong digest".
        what: String,
    },
    /// There is nothing to write with; nothing was sent.
    #[error("the credential for {agent} may only read")]
    NoWriteRight {
        /// Who was to be written to.
        agent: String,
    },
    /// The answer broke the protocol.
    #[error("{agent} sent an answer that makes no sense: {what}")]
    Nonsense {
        /// Who sent it.
        agent: String,
        /// What was wrong.
        what: String,
    },
    /// The socket failed.
    #[error("cannot talk to {agent}")]
    Socket {
        /// Whom.
        agent: String,
        /// The system's words.
        source: std::io::Error,
    },
}

impl SnmpError {
    /// Returns why the agent refused, if it is that.
    #[must_use]
    pub fn refusal(&self) -> Option<ErrorStatus> {
        if let SnmpError::Refused { status, .. } = self {
            Some(*status)
        } else {
            None
        }
    }

    /// Tells whether no answer came: a write may have been done all the same.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, SnmpError::Lost { .. })
    }
}

impl ErrorStatus {
    /// Says in words what the status means.
    #[must_use]
    pub fn reason(self) -> String {
        let words = match self {
            ErrorStatus::TooBig => "the answer would not fit into one packet (tooBig)",
            ErrorStatus::NoSuchName => {
                "there is no such object, or it cannot be written (noSuchName)"
            }
            ErrorStatus::BadValue => "the value is not accepted (badValue)",
            ErrorStatus::ReadOnly => "the object is read-only (readOnly)",
            ErrorStatus::GenErr => "something went wrong inside the agent (genErr)",
            ErrorStatus::NoAccess => "these credentials have no access to the object (noAccess)",
            ErrorStatus::WrongType => "the value has the wrong type (wrongType)",
            ErrorStatus::WrongLength => "the value has the wrong length (wrongLength)",
            ErrorStatus::WrongEncoding => "the value is encoded wrongly (wrongEncoding)",
            ErrorStatus::WrongValue => "the object cannot take that value (wrongValue)",
            ErrorStatus::NoCreation => "the row cannot be created (noCreation)",
            ErrorStatus::InconsistentValue => {
                "the value does not fit the present state (inconsistentValue)"
            }
            ErrorStatus::ResourceUnavailable => {
                "the switch has no mirror resource left (resourceUnavailable)"
            }
            ErrorStatus::CommitFailed => "the change failed and was undone (commitFailed)",
            ErrorStatus::UndoFailed => {
                "the change failed half-way and could not be undone (undoFailed)"
            }
            ErrorStatus::AuthorizationError => {
                "the credentials do not allow it (authorizationError)"
            }
            ErrorStatus::NotWritable => "the object cannot be written (notWritable)",
            ErrorStatus::InconsistentName => {
                "the row does not fit the present state (inconsistentName)"
            }
            ErrorStatus::Other(code) => {
                return format!("error-status {code}, which RFC 3416 does not know");
            }
        };
        words.to_owned()
    }
}

impl Diagnosis for SnmpError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            SnmpError::Lost { .. } => {
                "check the address, the community or user, and that the switch's SNMP access list admits this machine"
            }
            SnmpError::Refused { status, write, .. } => {
                return status.remedy(*write).map(str::to_owned);
            }
            SnmpError::Rejected { .. } => {
                "check user, auth and priv of the credential against the switch"
            }
            SnmpError::NoWriteRight { .. } => {
                "add `write:` with the read-write community to the credential's `snmp`"
            }
            SnmpError::Nonsense { .. } => "run again with -vv and report what the agent sent",
            SnmpError::Socket { .. } => "check the address and this machine's network",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        Exit::Device
    }
}

impl ErrorStatus {
    /// Returns what can be done about a refusal.
    #[must_use]
    pub fn remedy(self, write: bool) -> Option<&'static str> {
        match self {
            ErrorStatus::NoAccess
            | ErrorStatus::NotWritable
            | ErrorStatus::ReadOnly
            | ErrorStatus::AuthorizationError => Some(
                "the community or user is probably read-only: set `write` of the credential to one that may write",
            ),
            ErrorStatus::NoSuchName if write => Some(
                "an SNMPv1 agent says this for read-only objects too: check `write` of the credential, then the profile",
            ),
            ErrorStatus::ResourceUnavailable => {
                Some("another mirror session uses the switch's mirror: see `halfspan switch check`")
            }
            ErrorStatus::InconsistentValue
            | ErrorStatus::InconsistentName
            | ErrorStatus::WrongValue => Some(
                "the port may be down, be the destination, or belong to another session: see `halfspan switch check`",
            ),
            ErrorStatus::WrongType
            | ErrorStatus::WrongLength
            | ErrorStatus::WrongEncoding
            | ErrorStatus::BadValue
            | ErrorStatus::NoCreation
            | ErrorStatus::NoSuchName => Some("the profile does not fit this switch or firmware"),
            ErrorStatus::UndoFailed => {
                Some("look at the switch's mirror configuration before going on")
            }
            ErrorStatus::TooBig
            | ErrorStatus::GenErr
            | ErrorStatus::CommitFailed
            | ErrorStatus::Other(_) => None,
        }
    }
}

/// An SNMP agent that can be asked and told.
pub trait Snmp: Send {
    /// Returns who is asked, for messages: `office-1 (10.78.0.2)`.
    fn agent(&self) -> &str;

    /// Reads instances; the answer has one binding for each, in order. What is absent comes back as such a value.
    ///
    /// # Errors
    /// [`SnmpError`]; a missing instance is not an error, with v1 either.
    fn get(&mut self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError>;

    /// Reads everything below `base`, in order.
    ///
    /// # Errors
    /// [`SnmpError`]; an agent whose OIDs do not ascend is [`SnmpError::Nonsense`].
    fn walk(&mut self, base: &Oid) -> Result<Vec<VarBind>, SnmpError>;

    /// As [`Snmp::get`], by who writes: the reader may not be shown what is written.
    ///
    /// # Errors
    /// As [`Snmp::get`].
    fn get_as_writer(&mut self, oids: &[Oid]) -> Result<Vec<VarBind>, SnmpError> {
        self.get(oids)
    }

    /// As [`Snmp::walk`], by who writes.
    ///
    /// # Errors
    /// As [`Snmp::walk`].
    fn walk_as_writer(&mut self, base: &Oid) -> Result<Vec<VarBind>, SnmpError> {
        self.walk(base)
    }

    /// Writes all bindings in one request: all take effect or none does (RFC 3416 §4.2.5).
    ///
    /// After [`SnmpError::Lost`] the write may have been done all the same: read back before deciding.
    ///
    /// # Errors
    /// [`SnmpError`]
    fn set(&mut self, bindings: &[VarBind]) -> Result<(), SnmpError>;
}
