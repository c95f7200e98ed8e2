//! One object of a profile: where it is, what it is for, what it accepts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::snmp::Value;

use super::{Bitmap, Confidence, Index, ListCodec, Numbering, OidRef};

/// What an object is for. Each driver understands a few of these.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Its value is the destination port.
    Destination,
    /// Says for one port whether it is the destination. Codes: on, off.
    DestinationFlag,
    /// Its value lists the source ports: a bitmap, a list or, without a codec, a single port.
    Sources,
    /// Says for one port whether it is a source. Codes: on, off.
    Source,
    /// Says which direction is copied. Codes: ingress, egress, both, off, destination.
    Direction,
    /// Switches the mirror session. Codes: on, off, delete.
    Enable,
    /// Makes and removes a row. Codes, where the syntax is not `row_status`: create, remove.
    RowStatus,
    /// Its value is the number of the mirror session.
    Session,
    /// Always gets the same `value` when its row is made.
    Fixed,
    /// Its value lists pairs of destination and direction, on the source's row.
    Destinations,
    /// Takes an argument of a command; `carries` says which.
    Argument,
    /// Carries out a command. Codes: add, remove, clear.
    Command,
    /// Writing a source port's number adds it.
    Add,
    /// Writing a source port's number removes it.
    Remove,
    /// Makes a candidate configuration live. Codes: apply, done, failed, busy.
    Apply,
    /// Says whether somebody's edits wait for being applied. Codes: none, waiting.
    Pending,
    /// Throws a candidate configuration away. Codes: revert.
    Revert,
    /// Writes the start-up configuration: never written.
    Save,
    /// Decides whether the destination port still carries ordinary traffic. Codes: pass, block.
    Knob,
    /// Takes the match of `native_match`.
    Match,
    /// Not used by us; put back if a write changed it. Codes: unused.
    Keep,
    /// Shows what is really in force; read only.
    Status,
    /// Counts; neither kept nor compared.
    Counter,
}

impl Role {
    /// The names that `codes` may have.
    pub(super) fn code_names(self) -> &'static [&'static str] {
        match self {
            Role::Source | Role::DestinationFlag => &["on", "off"],
            Role::Direction => &["ingress", "egress", "both", "off", "destination"],
            Role::Enable => &["on", "off", "delete"],
            Role::RowStatus => &["create", "remove"],
            Role::Command => &["add", "remove", "clear"],
            Role::Apply => &["apply", "done", "failed", "busy"],
            Role::Pending => &["none", "waiting"],
            Role::Revert => &["revert"],
            Role::Knob => &["pass", "block"],
            Role::Keep => &["unused"],
            Role::Destination | Role::Sources => &["none"],
            Role::Destinations | Role::Argument | Role::Status => {
                &["ingress", "egress", "both", "off"]
            }
            Role::Session
            | Role::Fixed
            | Role::Add
            | Role::Remove
            | Role::Save
            | Role::Match
            | Role::Counter => &[],
        }
    }

    /// Tells whether a driver may write the object at all.
    #[must_use]
    pub fn is_writable(self) -> bool {
        !matches!(
            self,
            Role::Save | Role::Pending | Role::Status | Role::Counter
        )
    }

    /// Tells whether the object is part of the state that is kept and put back.
    #[must_use]
    pub fn is_kept(self) -> bool {
        self.is_writable()
            && !matches!(
                self,
                Role::Argument
                    | Role::Command
                    | Role::Add
                    | Role::Remove
                    | Role::Apply
                    | Role::Revert
                    | Role::Match
            )
    }
}

/// How an object's value goes over the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Syntax {
    /// `INTEGER`, `Integer32`, enumerations, `TruthValue`
    Integer,
    /// `Unsigned32`, `Gauge32`
    Unsigned,
    /// `RowStatus` (RFC 2579)
    RowStatus,
    /// `OCTET STRING` that is not text
    Octets,
    /// `DisplayString`
    Text,
    /// Any counter
    Counter,
}

impl Syntax {
    /// Makes a value of a number; `None` for syntaxes that are not numbers, and numbers that do not fit.
    #[must_use]
    pub fn value(self, number: i64) -> Option<Value> {
        match self {
            Syntax::Integer | Syntax::RowStatus => i32::try_from(number).ok().map(Value::Integer),
            Syntax::Unsigned => u32::try_from(number).ok().map(Value::Unsigned32),
            Syntax::Octets | Syntax::Text | Syntax::Counter => None,
        }
    }
}

/// A direction of travel, seen from the source port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Frames that the port receives.
    Ingress,
    /// Frames that the port sends.
    Egress,
    /// Both.
    Both,
}

impl Direction {
    /// The word for it in `codes`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Direction::Ingress => "ingress",
            Direction::Egress => "egress",
            Direction::Both => "both",
        }
    }
}

/// When an object accepts a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnlyWhile {
    /// While its session is switched off.
    Off,
    /// While its row is being made: after createAndWait, before active.
    Creating,
}

/// How a new row is made where the syntax is `row_status`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CreateBy {
    /// createAndGo(4), all columns in the same request.
    #[default]
    CreateAndGo,
    /// createAndWait(5), then the columns, then active(1).
    CreateAndWait,
}

/// What an argument object carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carries {
    /// The source port.
    Source,
    /// The destination port.
    Destination,
    /// The direction; `codes` apply.
    Direction,
    /// The mirror session.
    Session,
}

/// One object of a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// Its name in the MIB.
    pub name: String,
    /// The OID of the scalar or column, without instance.
    pub oid: OidRef,
    /// What it is for.
    pub role: Role,
    /// How its value goes over the wire.
    pub syntax: Syntax,
    /// The index of its instances.
    pub index: Index,
    /// What its values mean.
    pub codes: BTreeMap<String, i64>,
    /// What the direction part of its index means.
    pub index_codes: BTreeMap<String, i64>,
    /// The value of a [`Role::Fixed`].
    pub value: Option<i64>,
    /// The direction that a list of sources is for, where each direction has a list of its own.
    pub direction: Option<Direction>,
    /// What a [`Role::Argument`] carries.
    pub carries: Option<Carries>,
    /// The layout of a port bitmap.
    pub bitmap: Option<Bitmap>,
    /// The layout of a list of ports.
    pub list: Option<ListCodec>,
    /// How ports are numbered in this object, where it differs from the profile's.
    pub numbering: Option<Numbering>,
    /// When it accepts a write.
    pub only_while: Option<OnlyWhile>,
    /// Objects that go into the same request.
    pub with: Vec<String>,
    /// Objects that a write to this one may reset.
    pub clears: Vec<String>,
    /// How a new row is made.
    pub create: CreateBy,
    /// The object that shows what is in force after a write to this one.
    pub read_back: Option<String>,
    /// Whether some switches of the family lack it.
    pub optional: bool,
    /// How sure the writer was, where it differs from the profile's.
    pub confidence: Option<Confidence>,
    /// Where the facts come from.
    pub source: Option<String>,
    /// What else a reader should know.
    pub note: Option<String>,
}

impl Object {
    /// Returns the number that a word stands for in this object.
    #[must_use]
    pub fn code(&self, word: &str) -> Option<i64> {
        self.codes.get(word).copied()
    }

    /// Returns the word that a value of this object stands for.
    #[must_use]
    pub fn word(&self, value: &Value) -> Option<&str> {
        let number = value.as_i64()?;
        self.codes
            .iter()
            .find(|(_, code)| **code == number)
            .map(|(word, _)| word.as_str())
    }
}
