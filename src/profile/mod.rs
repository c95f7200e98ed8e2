//! A switch family's profile: which objects make its mirror, and what they accept.
//!
//! A profile is data. Its writer is an admin with a MIB browser, so objects carry the MIB's own names and the
//! few words that drivers understand say what each one is for. `raw` is the YAML as written, [`Profile`] what
//! is left of it after all checks. Nothing here touches a socket; only [`load`] reads a file.

mod base;
mod bitmap;
mod check;
mod detect;
mod draft;
mod error;
pub mod http;
mod index;
mod list;
mod load;
mod object;
mod pages;
mod raw;
mod schema;

pub use base::{Base, Derived, Model, OidRef};
pub use bitmap::{BitOrder, Bitmap, PerUnit};
pub use detect::{Told, built_in, matching};
pub use draft::{STARTERS, draft};
pub use error::ProfileError;
pub use index::{Index, IndexPart, Instance, Numbering};
pub use list::{ListCodec, ListForm};
pub use load::{EMBEDDED, load, load_file, parse};
pub use object::{Carries, CreateBy, Direction, Object, OnlyWhile, Role, Syntax};
pub use pages::{Page, WebSign, pages_to_ask, showing};
pub use schema::schema;

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::snmp::Oid;

/// How a switch is told what to mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// One row for each pair of source and destination.
    PairRows,
    /// A session row, and a row for each source and each destination.
    SessionRows,
    /// A port bitmap names the sources; destination and state stand apart.
    Bitmap,
    /// Every port has a row that says whether it is mirrored.
    PortFlags,
    /// A text or packed list names the sources.
    PortList,
    /// The switch mirrors exactly one port at a time.
    SingleSource,
    /// The source's row lists its destinations.
    SourceRow,
    /// Arguments are written into scalars, then an action.
    Command,
    /// Writes land in a candidate configuration; an apply object makes them live.
    Candidate,
    /// A document is put over HTTP.
    Document,
    /// CLI lines are sent over an RPC.
    CliLines,
    /// The setting sits on the destination port and names its source.
    OnDestination,
    /// The setting sits on the source port and names its destination.
    OnSource,
    /// Filters of tc on the ports of a bridge of this machine.
    TcFilters,
    /// A row of the database of Open vSwitch.
    OvsdbMirror,
    /// There is nothing to control: a person ticks the ports.
    Manual,
}

impl Shape {
    /// The word for it in a profile.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Shape::PairRows => "pair_rows",
            Shape::SessionRows => "session_rows",
            Shape::Bitmap => "bitmap",
            Shape::PortFlags => "port_flags",
            Shape::PortList => "port_list",
            Shape::SingleSource => "single_source",
            Shape::SourceRow => "source_row",
            Shape::Command => "command",
            Shape::Candidate => "candidate",
            Shape::Document => "document",
            Shape::CliLines => "cli_lines",
            Shape::OnDestination => "on_destination",
            Shape::OnSource => "on_source",
            Shape::TcFilters => "tc_filters",
            Shape::OvsdbMirror => "ovsdb_mirror",
            Shape::Manual => "manual",
        }
    }
}

/// How sure the profile's writer was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Taken from public client code.
    Code,
    /// Taken from a vendor's document.
    VendorDoc,
    /// Taken from the MIB text: the object exists, a firmware may still refuse the write.
    Mib,
    /// Seen on a real switch.
    Hardware,
}

impl Confidence {
    /// The word for it in a profile.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Confidence::Code => "code",
            Confidence::VendorDoc => "vendor-doc",
            Confidence::Mib => "mib",
            Confidence::Hardware => "hardware",
        }
    }

    /// Says in words where the facts were taken from.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Confidence::Code => "taken from public client code",
            Confidence::VendorDoc => "taken from the vendor's documents",
            Confidence::Mib => "taken from the MIB; not yet seen on a real switch",
            Confidence::Hardware => "seen on a real switch",
        }
    }
}

/// Whether the destination port still carries ordinary traffic while it receives copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestinationTraffic {
    /// It does.
    Pass,
    /// It does not.
    Block,
    /// An object with the role `knob` decides.
    Knob,
    /// The sources do not say: has to be tried.
    Unknown,
}

impl DestinationTraffic {
    /// The word for it in a profile.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            DestinationTraffic::Pass => "pass",
            DestinationTraffic::Block => "block",
            DestinationTraffic::Knob => "knob",
            DestinationTraffic::Unknown => "unknown",
        }
    }
}

/// What a port must be to take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Must {
    /// Administratively and operationally up.
    BeUp,
    /// Not a member of a link aggregation.
    NotBeInLag,
    /// Not a member of any VLAN.
    NotBeInVlan,
    /// Not a routed port.
    NotBeRouted,
    /// All sources in one VLAN.
    ShareVlan,
}

/// How "both directions" is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BothAs {
    /// By one value.
    #[default]
    OneValue,
    /// By two rows, one a direction.
    TwoRows,
    /// By two lists, one a direction.
    TwoLists,
    /// By two mirror sessions.
    TwoSessions,
}

/// How much fits into a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Mirror sessions of the switch.
    pub sessions: Option<u32>,
    /// Source ports of one session.
    pub sources: Option<usize>,
    /// Sessions that one port may be a source of.
    pub sessions_per_source: Option<u32>,
    /// Table rows that are written in one request.
    pub rows_per_request: usize,
}

/// What the copies look like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// What becomes of VLAN tags.
    pub tags: Tags,
    /// Whether the copies begin with the Ethernet header.
    pub link_header: bool,
    /// One frame in this many is copied.
    pub one_in: u32,
}

/// What becomes of VLAN tags on copies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Tags {
    /// Copies are as the frames were.
    Kept,
    /// Copies carry no tag.
    Stripped,
    /// Copies of untagged frames carry a tag too.
    Added,
    /// The sources do not say.
    #[default]
    Unknown,
}

/// First guesses of the times involved, until they are measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timing {
    /// One change of the mirror.
    pub write: Duration,
    /// Additional time for each row written.
    pub row: Duration,
    /// From the answer of a write until the last frame of the old set.
    pub settle: Duration,
    /// The least time between two writes.
    pub spacing: Duration,
}

/// How to see that a switch belongs to the family.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identify {
    /// `sysObjectID` is below one of these.
    #[serde(default)]
    pub sys_object_id: Vec<Oid>,
    /// `sysDescr` contains one of these, in any case of letters.
    #[serde(default)]
    pub sys_descr: Vec<String>,
    /// Its web interface answers one of these pages in its own way.
    #[serde(default)]
    pub web: Vec<WebSign>,
}

impl Identify {
    /// Tells whether a switch that answers like this belongs to the family.
    #[must_use]
    pub fn matches(&self, sys_object_id: &Oid, sys_descr: &str) -> bool {
        let descr = sys_descr.to_lowercase();
        self.sys_object_id
            .iter()
            .any(|prefix| sys_object_id.below(prefix).is_some())
            || self
                .sys_descr
                .iter()
                .any(|part| descr.contains(&part.to_lowercase()))
    }
}

/// An object that says whether the switch can mirror at all.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// The instance to read.
    pub oid: Oid,
    /// The bit that must be set, where the object is `BITS` (RFC 2578 §7.1.4: bit 0 is the first octet's highest).
    pub bit: Option<u32>,
}

/// A match inside the switch that makes halving needless.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NativeMatch {
    /// What the switch can match on.
    pub by: MatchBy,
    /// The object that takes the match, with the role `match`.
    pub object: String,
}

/// What a switch can match frames on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchBy {
    /// The source MAC address.
    SourceMac,
    /// An access list.
    AccessList,
    /// A filter expression.
    Expression,
}

/// A checked profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// What switches it is for, in one sentence.
    pub about: String,
    /// How such a switch is told what to mirror.
    pub shape: Shape,
    /// How sure the writer was.
    pub confidence: Confidence,
    /// Where the facts come from.
    pub source: String,
    /// Where the facts of single sections come from, by the section's key.
    pub sources: BTreeMap<String, String>,
    /// How to see that a switch belongs to the family.
    pub identify: Identify,
    /// Says whether the switch can mirror at all.
    pub probe: Option<Probe>,
    /// How much fits into a mirror.
    pub limits: Limits,
    /// Whether the destination port still carries ordinary traffic.
    pub destination_traffic: DestinationTraffic,
    /// What a source port must be.
    pub sources_must: Vec<Must>,
    /// What the destination port must be.
    pub destination_must: Vec<Must>,
    /// How "both directions" is written.
    pub both_as: BothAs,
    /// What the copies look like.
    pub copied: Copied,
    /// A match that makes halving needless.
    pub native_match: Option<NativeMatch>,
    /// First guesses of the times involved.
    pub timing: Timing,
    /// How the switch numbers ports, where an object does not say otherwise.
    pub numbering: Numbering,
    /// What OIDs that begin with a dot are below.
    pub base: Option<Base>,
    /// The objects, in the order in which they are written.
    pub objects: Vec<Object>,
    /// How the switch is told over HTTP, where that is how.
    pub http: Option<http::Http>,
    /// The number of ports, where the switch itself cannot be asked.
    pub ports: Option<u16>,
    /// Where a person finds the mirror's page.
    pub instructions: Option<String>,
    /// The YAML that the profile was read from.
    pub text: String,
}

impl Profile {
    /// Tells whether such a switch can copy what a port receives without what it sends.
    #[must_use]
    pub fn copies_ingress_alone(&self) -> bool {
        let ingress = self.objects.iter().any(|object| {
            object.direction == Some(Direction::Ingress)
                || object.code("ingress").is_some()
                || object.index_codes.contains_key("ingress")
        });
        let over_http = self.http.as_ref();
        let always = [Shape::Manual, Shape::TcFilters, Shape::OvsdbMirror];
        ingress
            || always.contains(&self.shape)
            || over_http.is_some_and(http::Http::copies_ingress_alone)
    }

    /// Returns every OID that an object may have, over all bases that the profile names; none, where the base comes
    /// from the switch and the profile gives no example.
    #[must_use]
    pub fn oids(&self, object: &Object) -> Vec<Oid> {
        let bases: Vec<Option<Oid>> = match &self.base {
            None => vec![None],
            Some(Base::Literal(oid)) => vec![Some(oid.clone())],
            Some(Base::Models(models)) => models.iter().map(|m| Some(m.base.clone())).collect(),
            Some(Base::FirstThatAnswers(bases)) => bases.iter().cloned().map(Some).collect(),
            Some(Base::SysObjectId(rule)) => rule.example.iter().map(|id| rule.make(id)).collect(),
        };
        bases
            .iter()
            .filter_map(|base| object.oid.resolve(base.as_ref()))
            .collect()
    }

    /// Returns the objects with this role, in order.
    pub fn with_role(&self, role: Role) -> impl Iterator<Item = &Object> {
        self.objects
            .iter()
            .filter(move |object| object.role == role)
    }

    /// Returns the object with this name.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.name == name)
    }
}

#[cfg(test)]
mod broken;
#[cfg(test)]
mod tests;
