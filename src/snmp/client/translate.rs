//! The library's values and errors, and ours.

use std::io;

use async_snmp as lib;
use async_snmp::v3::ReportStatus;

use super::super::{ErrorStatus, Oid, SnmpError, Value, VarBind};

/// Writes an OID for the library.
pub(super) fn to_oid(oid: &Oid) -> lib::Oid {
    lib::Oid::from_slice(&oid.0)
}

/// Reads an OID of the library.
pub(super) fn from_oid(oid: &lib::Oid) -> Oid {
    Oid::from(oid.arcs())
}

/// Writes a value for the library.
pub(super) fn to_value(value: &Value) -> lib::Value {
    match value {
        Value::Integer(n) => lib::Value::Integer(*n),
        Value::Octets(bytes) => lib::Value::OctetString(bytes.clone().into()),
        Value::ObjectId(oid) => lib::Value::ObjectIdentifier(to_oid(oid)),
        Value::IpAddress(ip) => lib::Value::IpAddress(ip.octets()),
        Value::Counter32(n) => lib::Value::Counter32(*n),
        Value::Unsigned32(n) => lib::Value::Gauge32(*n),
        Value::TimeTicks(n) => lib::Value::TimeTicks(*n),
        Value::Counter64(n) => lib::Value::Counter64(*n),
        Value::Opaque(bytes) => lib::Value::Opaque(bytes.clone().into()),
        Value::Null => lib::Value::Null,
        Value::NoSuchObject => lib::Value::NoSuchObject,
        Value::NoSuchInstance => lib::Value::NoSuchInstance,
        Value::EndOfMibView => lib::Value::EndOfMibView,
    }
}

/// Reads a value of the library. What RFC 2578 does not know is kept as opaque bytes.
pub(super) fn from_value(value: lib::Value) -> Value {
    match value {
        lib::Value::Integer(n) => Value::Integer(n),
        lib::Value::OctetString(bytes) | lib::Value::Nsap(bytes) => Value::Octets(bytes.to_vec()),
        lib::Value::ObjectIdentifier(oid) => Value::ObjectId(from_oid(&oid)),
        lib::Value::IpAddress(octets) => Value::IpAddress(octets.into()),
        lib::Value::Counter32(n) => Value::Counter32(n),
        lib::Value::Gauge32(n) | lib::Value::UInteger32(n) => Value::Unsigned32(n),
        lib::Value::TimeTicks(n) => Value::TimeTicks(n),
        lib::Value::Counter64(n) => Value::Counter64(n),
        lib::Value::Opaque(bytes) | lib::Value::Unknown { data: bytes, .. } => {
            Value::Opaque(bytes.to_vec())
        }
        lib::Value::NoSuchObject => Value::NoSuchObject,
        lib::Value::NoSuchInstance => Value::NoSuchInstance,
        lib::Value::EndOfMibView => Value::EndOfMibView,
        // The library may learn new types; `Null` it is until they are listed here.
        lib::Value::Null | _ => Value::Null,
    }
}

/// Reads a binding of the library.
pub(super) fn from_binding(binding: lib::VarBind) -> VarBind {
    VarBind {
        oid: from_oid(&binding.oid),
        value: from_value(binding.value),
    }
}

/// Says in our terms why a request to `agent` failed.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what is not listed failed on this machine, of whatever kind"
)]
pub(super) fn failure(agent: &str, error: &lib::Error, write: bool) -> SnmpError {
    let agent = agent.to_owned();
    match error.exchange_source() {
        lib::Error::Timeout {
            elapsed, retries, ..
        } => SnmpError::Lost {
            agent,
            attempts: retries + 1,
            seconds: elapsed.as_secs_f64(),
        },
        lib::Error::Snmp { status, oid, .. } => SnmpError::Refused {
            agent,
            status: from_status(*status),
            oid: oid.as_deref().map(from_oid),
            write,
        },
        lib::Error::OutboundMessageTooLarge { .. } => SnmpError::Refused {
            agent,
            status: ErrorStatus::TooBig,
            oid: None,
            write,
        },
        lib::Error::Auth { .. } => SnmpError::Rejected {
            agent,
            what: "its answer is not signed with this password".to_owned(),
        },
        lib::Error::Report { status, .. } => SnmpError::Rejected {
            agent,
            what: in_words(status),
        },
        lib::Error::Network { source, .. } => SnmpError::Socket {
            agent,
            source: source.raw_os_error().map_or_else(
                || io::Error::new(source.kind(), source.to_string()),
                io::Error::from_raw_os_error,
            ),
        },
        answered if is_about_the_answer(answered.kind()) => SnmpError::Nonsense {
            agent,
            what: answered.to_string(),
        },
        local => SnmpError::Socket {
            agent,
            source: io::Error::other(local.to_string()),
        },
    }
}

/// Tells whether the agent's answer is to blame, rather than this machine.
fn is_about_the_answer(kind: lib::ErrorKind) -> bool {
    matches!(
        kind,
        lib::ErrorKind::Decode
            | lib::ErrorKind::MalformedResponse
            | lib::ErrorKind::ResponseShape
            | lib::ErrorKind::WalkAborted
    )
}

/// Reads an error-status of the library.
fn from_status(status: lib::ErrorStatus) -> ErrorStatus {
    match status {
        lib::ErrorStatus::TooBig => ErrorStatus::TooBig,
        lib::ErrorStatus::NoSuchName => ErrorStatus::NoSuchName,
        lib::ErrorStatus::BadValue => ErrorStatus::BadValue,
        lib::ErrorStatus::ReadOnly => ErrorStatus::ReadOnly,
        lib::ErrorStatus::GenErr => ErrorStatus::GenErr,
        lib::ErrorStatus::NoAccess => ErrorStatus::NoAccess,
        lib::ErrorStatus::WrongType => ErrorStatus::WrongType,
        lib::ErrorStatus::WrongLength => ErrorStatus::WrongLength,
        lib::ErrorStatus::WrongEncoding => ErrorStatus::WrongEncoding,
        lib::ErrorStatus::WrongValue => ErrorStatus::WrongValue,
        lib::ErrorStatus::NoCreation => ErrorStatus::NoCreation,
        lib::ErrorStatus::InconsistentValue => ErrorStatus::InconsistentValue,
        lib::ErrorStatus::ResourceUnavailable => ErrorStatus::ResourceUnavailable,
        lib::ErrorStatus::CommitFailed => ErrorStatus::CommitFailed,
        lib::ErrorStatus::UndoFailed => ErrorStatus::UndoFailed,
        lib::ErrorStatus::AuthorizationError => ErrorStatus::AuthorizationError,
        lib::ErrorStatus::NotWritable => ErrorStatus::NotWritable,
        lib::ErrorStatus::InconsistentName => ErrorStatus::InconsistentName,
        lib::ErrorStatus::NoError | lib::ErrorStatus::Unknown(_) | _ => {
            ErrorStatus::Other(status.as_i32())
        }
    }
}

/// Says what a v3 Report means (RFC 3414 §3.2, the usmStats counters).
fn in_words(report: &ReportStatus) -> String {
    let words = match report {
        ReportStatus::UnsupportedSecurityLevel { .. } => {
            "the user has no such security level: `auth` and `priv` must be what the agent demands"
        }
        ReportStatus::NotInTimeWindow { .. } => "the agent's clock and ours do not come together",
        ReportStatus::UnknownUserName { .. } => "it knows no such user",
        ReportStatus::UnknownEngineId { .. } => "its engine ID changed in mid-run",
        ReportStatus::WrongDigest { .. } => "wrong `auth` password or protocol",
        ReportStatus::DecryptionError { .. } => "wrong `priv` password or protocol",
        ReportStatus::Other { oid, .. } => return format!("it reports {oid}"),
        _ => "it reports an unknown error",
    };
    words.to_owned()
}
