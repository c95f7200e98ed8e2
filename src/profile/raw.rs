//! The YAML of a profile as it is written. Every key is documented in `docs/profiles.md`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Base, Bitmap, BothAs, Carries, Confidence, CreateBy, DestinationTraffic, Direction, Identify,
    Index, ListCodec, Must, NativeMatch, Numbering, OidRef, OnlyWhile, Probe, Request, Role, Shape,
    Syntax, Tags,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawProfile {
    pub(super) format: u32,
    pub(super) name: String,
    pub(super) about: String,
    pub(super) shape: Shape,
    pub(super) confidence: Confidence,
    pub(super) source: String,
    #[serde(default)]
    pub(super) sources: BTreeMap<String, String>,
    #[serde(default)]
    pub(super) identify: Identify,
    pub(super) probe: Option<Probe>,
    #[serde(default)]
    pub(super) limits: RawLimits,
    pub(super) destination_traffic: DestinationTraffic,
    #[serde(default)]
    pub(super) sources_must: Vec<Must>,
    #[serde(default)]
    pub(super) destination_must: Vec<Must>,
    #[serde(default)]
    pub(super) both_as: BothAs,
    #[serde(default)]
    pub(super) copied: RawCopied,
    pub(super) native_match: Option<NativeMatch>,
    #[serde(default)]
    pub(super) timing: RawTiming,
    #[serde(default)]
    pub(super) numbering: Numbering,
    pub(super) base: Option<Base>,
    #[serde(default)]
    pub(super) objects: Vec<RawObject>,
    #[serde(default)]
    pub(super) requests: Vec<Request>,
    pub(super) ports: Option<u16>,
    pub(super) instructions: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawLimits {
    pub(super) sessions: Option<u32>,
    pub(super) sources: Option<u32>,
    pub(super) sessions_per_source: Option<u32>,
    pub(super) rows_per_request: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawCopied {
    #[serde(default)]
    pub(super) tags: Tags,
    pub(super) link_header: Option<bool>,
    pub(super) one_in: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawTiming {
    pub(super) write_ms: Option<u32>,
    pub(super) row_ms: Option<u32>,
    pub(super) settle_ms: Option<u32>,
    pub(super) spacing_ms: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawObject {
    pub(super) name: String,
    pub(super) oid: OidRef,
    pub(super) role: Role,
    pub(super) syntax: Syntax,
    pub(super) index: Option<Index>,
    #[serde(default)]
    pub(super) codes: BTreeMap<String, i64>,
    #[serde(default)]
    pub(super) index_codes: BTreeMap<String, i64>,
    pub(super) value: Option<i64>,
    pub(super) direction: Option<Direction>,
    pub(super) carries: Option<Carries>,
    pub(super) bitmap: Option<Bitmap>,
    pub(super) list: Option<ListCodec>,
    pub(super) numbering: Option<Numbering>,
    pub(super) only_while: Option<OnlyWhile>,
    #[serde(default)]
    pub(super) with: Vec<String>,
    #[serde(default)]
    pub(super) clears: Vec<String>,
    #[serde(default)]
    pub(super) create: CreateBy,
    pub(super) read_back: Option<String>,
    #[serde(default)]
    pub(super) optional: bool,
    pub(super) confidence: Option<Confidence>,
    pub(super) source: Option<String>,
    pub(super) note: Option<String>,
}
