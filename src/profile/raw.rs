//! The YAML of a profile as it is written. Every key is documented in `docs/profile-format.md`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::http::Http;
use super::{
    Base, Bitmap, BothAs, Carries, Confidence, CreateBy, DestinationTraffic, Direction, Identify,
    Index, ListCodec, Must, NativeMatch, Numbering, OidRef, OnlyWhile, Probe, Role, Shape, Syntax,
    Tags,
};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProfile {
    /// The version of this format: 1.
    pub(super) format: u32,
    /// Small letters, digits and `-`.
    pub(super) name: String,
    /// Which switches it is for, in one line.
    pub(super) about: String,
    /// How the switch is told what to mirror.
    pub(super) shape: Shape,
    /// How sure the writer was.
    pub(super) confidence: Confidence,
    /// The MIB, the document or the page that the facts were taken from.
    pub(super) source: String,
    /// Where the facts of single sections come from, by the section's key.
    #[serde(default)]
    pub(super) sources: BTreeMap<String, String>,
    /// How to see that a switch belongs to the family.
    #[serde(default)]
    pub(super) identify: Identify,
    /// An object that says whether the switch can mirror at all.
    pub(super) probe: Option<Probe>,
    /// How much fits into a mirror.
    #[serde(default)]
    pub(super) limits: RawLimits,
    /// Whether the destination port still carries ordinary traffic.
    pub(super) destination_traffic: DestinationTraffic,
    /// What a port must be to be mirrored.
    #[serde(default)]
    pub(super) sources_must: Vec<Must>,
    /// What a port must be to receive copies.
    #[serde(default)]
    pub(super) destination_must: Vec<Must>,
    /// How both directions are written.
    #[serde(default)]
    pub(super) both_as: BothAs,
    /// What the copies look like.
    #[serde(default)]
    pub(super) copied: RawCopied,
    /// A match inside the switch that makes halving needless.
    pub(super) native_match: Option<NativeMatch>,
    /// First guesses of the times involved, in milliseconds.
    #[serde(default)]
    pub(super) timing: RawTiming,
    /// if_index, bridge_port, position, from_zero, if_name, or a text with {n} such as 1/0/{n}.
    #[serde(default)]
    pub(super) numbering: Numbering,
    /// What OIDs that begin with a dot are below.
    pub(super) base: Option<Base>,
    /// The objects, in the order in which they are written.
    #[serde(default)]
    pub(super) objects: Vec<RawObject>,
    /// How the switch is told over HTTP, where that is how.
    pub(super) http: Option<Http>,
    /// The number of ports, where the switch itself cannot be asked.
    pub(super) ports: Option<u16>,
    /// Where a person finds the mirror's page.
    pub(super) instructions: Option<String>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    /// Mirror sessions of the switch.
    pub(super) sessions: Option<u32>,
    /// Source ports of one session.
    pub(super) sources: Option<u32>,
    /// Sessions that one port may be a source of.
    pub(super) sessions_per_source: Option<u32>,
    /// Table rows that are written in one request; 1 if absent.
    pub(super) rows_per_request: Option<u32>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCopied {
    /// What becomes of VLAN tags.
    #[serde(default)]
    pub(super) tags: Tags,
    /// Whether copies begin with the Ethernet header; true if absent.
    pub(super) link_header: Option<bool>,
    /// One frame in this many is copied; 1 if absent.
    pub(super) one_in: Option<u32>,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTiming {
    /// One change of the mirror; 500 if absent.
    pub(super) write_ms: Option<u32>,
    /// More for each row written; 0 if absent.
    pub(super) row_ms: Option<u32>,
    /// Until the last frame of the old set; 500 if absent.
    pub(super) settle_ms: Option<u32>,
    /// Between two writes; 20 if absent.
    pub(super) spacing_ms: Option<u32>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawObject {
    /// Its name in the MIB.
    pub(super) name: String,
    /// The OID of the scalar or column, without instance; with a leading dot below `base`.
    pub(super) oid: OidRef,
    /// What it is for.
    pub(super) role: Role,
    /// How its value goes over the wire.
    pub(super) syntax: Syntax,
    /// source, destination, session, direction, row, unit or numbers, with dots between; absent for a scalar.
    pub(super) index: Option<Index>,
    /// What its values mean; the words depend on the role.
    #[serde(default)]
    pub(super) codes: BTreeMap<String, i64>,
    /// What the direction in its index means.
    #[serde(default)]
    pub(super) index_codes: BTreeMap<String, i64>,
    /// The value of a `fixed` object.
    pub(super) value: Option<i64>,
    /// The direction that it is for, where each has an object of its own.
    pub(super) direction: Option<Direction>,
    /// What an argument or a read-back carries.
    pub(super) carries: Option<Carries>,
    /// The layout of a port bitmap.
    pub(super) bitmap: Option<Bitmap>,
    /// The layout of a list of ports.
    pub(super) list: Option<ListCodec>,
    /// How it numbers ports, where that differs from the profile's.
    pub(super) numbering: Option<Numbering>,
    /// When it accepts a write; always, if absent.
    pub(super) only_while: Option<OnlyWhile>,
    /// Objects that go into the same request.
    #[serde(default)]
    pub(super) with: Vec<String>,
    /// Objects that a write to this one resets.
    #[serde(default)]
    pub(super) clears: Vec<String>,
    /// How a new row is made.
    #[serde(default)]
    pub(super) create: CreateBy,
    /// The object that shows what is in force.
    pub(super) read_back: Option<String>,
    /// Whether some switches of the family lack it.
    #[serde(default)]
    pub(super) optional: bool,
    /// How sure the writer was, where that differs from the profile's.
    pub(super) confidence: Option<Confidence>,
    /// Where the facts come from.
    pub(super) source: Option<String>,
    /// What else a reader should know.
    pub(super) note: Option<String>,
}
