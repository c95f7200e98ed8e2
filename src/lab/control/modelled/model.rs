//! The description of a switch's mirror objects.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::lab::control::{Arcs, Direction, Hardware};

/// A switch to be played: its identity and its mirror objects.
#[derive(Debug, PartialEq, Eq)]
pub struct Model {
    pub(in crate::lab) name: String,
    pub(in crate::lab) sys_descr: String,
    pub(in crate::lab) sys_object_id: Arcs,
    pub(super) sessions: u32,
    /// The switch has no more ports than this.
    pub(in crate::lab) most_ports: Option<u32>,
    pub(super) numbers: Numbers,
    pub(super) tables: Vec<Table>,
    pub(super) rules: Rules,
    /// An own agent plays what a table cannot say.
    pub(in crate::lab) played_by: Option<PlayedBy>,
    /// Where that agent's objects begin.
    pub(in crate::lab) root: Arcs,
}

/// Agents for switches that do more than keep values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::lab) enum PlayedBy {
    /// A session's mask with types in a second table.
    Fastpath,
    /// Two new-configuration tables, applied together.
    Candidate,
    /// Pairs added to and removed from a text.
    PairText,
    /// Arguments, then an action.
    Action,
    /// One object adds, one removes.
    AddRemove,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    /// The texts that the description was written from; for readers.
    #[serde(rename = "facts")]
    _facts: String,
    sys_descr: String,
    sys_object_id: String,
    #[serde(default = "one")]
    sessions: u32,
    most_ports: Option<u32>,
    #[serde(default)]
    numbers: Numbers,
    root: Option<String>,
    #[serde(default)]
    scalars: BTreeMap<u32, RawColumn>,
    #[serde(default)]
    tables: Vec<RawTable>,
    #[serde(default)]
    rules: Rules,
    played_by: Option<PlayedBy>,
}

fn one() -> u32 {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    entry: String,
    index: String,
    #[serde(default)]
    rows: RowsAre,
    #[serde(default)]
    directions: BTreeMap<Way, i32>,
    columns: BTreeMap<u32, RawColumn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawColumn {
    name: String,
    #[serde(default)]
    kind: Kind,
    #[serde(default)]
    values: Vec<i32>,
    range: Option<(i64, i64)>,
    size: Option<(usize, usize)>,
    #[serde(default)]
    start: i32,
    is: Option<Is>,
    #[serde(default)]
    codes: BTreeMap<String, i32>,
    copies: Option<Way>,
    codec: Option<Codec>,
    numbers: Option<Numbers>,
    status: Option<Status>,
    #[serde(default)]
    readonly: bool,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    makes: bool,
    #[serde(default)]
    while_off: bool,
    #[serde(default)]
    while_waiting: bool,
    #[serde(default)]
    names_session: bool,
    #[serde(default)]
    wipes: Vec<String>,
    /// An OID of its own, for columns that augment another module's table.
    at: Option<String>,
}

/// A table; scalars are tables of one row with the index 0.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) index: Vec<Part>,
    pub(super) rows: RowsAre,
    pub(super) directions: BTreeMap<Way, i32>,
    pub(super) columns: BTreeMap<u32, Column>,
}

/// A column or scalar.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) oid: Arcs,
    pub(super) kind: Kind,
    pub(super) values: Vec<i32>,
    pub(super) range: Option<(i64, i64)>,
    pub(super) size: Option<(usize, usize)>,
    pub(super) start: i32,
    pub(super) is: Option<Is>,
    codes: BTreeMap<String, i32>,
    pub(super) copies: Option<Way>,
    pub(super) codec: Option<Codec>,
    pub(super) numbers: Option<Numbers>,
    pub(super) status: Option<Status>,
    pub(super) readonly: bool,
    /// Has no default: the row cannot be used before it is set.
    pub(super) required: bool,
    /// Writing it makes the row.
    pub(super) makes: bool,
    /// Cannot change while the session copies frames.
    pub(super) while_off: bool,
    /// Can be set only before the row is in use.
    pub(super) while_waiting: bool,
    /// Its value says which session the port belongs to.
    pub(super) names_session: bool,
    /// What the code `reset` empties.
    pub(super) wipes: Vec<String>,
}

impl Column {
    pub(super) fn code(&self, word: &str) -> Option<i32> {
        self.codes.get(word).copied()
    }
}

/// What a value means to the mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Is {
    /// The destination port.
    Destination,
    /// The source ports.
    Sources,
    /// Whether the row's port is a source.
    Source,
    /// Whether the row's port is the destination.
    DestinationFlag,
    /// What is copied.
    Direction,
    /// Whether the session is on.
    Switch,
    /// The row's status.
    Status,
    /// Whether the session copies frames; computed.
    ShowsActive,
    /// Where the row's port is copied to.
    Target,
}

/// The base type on the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Kind {
    #[default]
    Integer,
    Gauge,
    Octets,
}

/// Which rows a table has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RowsAre {
    /// All that its index allows, always.
    #[default]
    Fixed,
    /// Those that were made.
    Made,
}

/// A part of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Session,
    Source,
    Destination,
    Direction,
    Literal(u32),
}

/// A way through a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Way {
    Rx,
    Tx,
    Both,
}

impl Way {
    pub(super) fn copies(self) -> Direction {
        match self {
            Way::Rx => Direction::Ingress,
            Way::Tx => Direction::Egress,
            Way::Both => Direction::Both,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Way::Rx => "rx",
            Way::Tx => "tx",
            Way::Both => "both",
        }
    }
}

/// How ports are numbered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Numbers {
    /// ifIndex
    #[default]
    IfIndex,
    /// From 1.
    Bridge,
    /// From 0.
    FromZero,
}

impl Numbers {
    pub(super) fn of(self, port: u32, hardware: &Hardware) -> u32 {
        match self {
            Numbers::IfIndex => hardware.if_index(port),
            Numbers::Bridge => port,
            Numbers::FromZero => port - 1,
        }
    }
}

/// How a set of ports is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Codec {
    pub(super) form: Form,
    /// The number of the first bit.
    #[serde(default = "one")]
    pub(super) first: u32,
    /// How many octets the switch answers at least.
    #[serde(default)]
    pub(super) answers: usize,
    /// Whether zero octets at the end are cut off.
    #[serde(default)]
    pub(super) trims: bool,
    /// A port's name, with `{n}`.
    #[serde(default)]
    pub(super) name: String,
    /// Whether `4-7` is understood, and answered.
    #[serde(default)]
    pub(super) ranges: bool,
    /// Whether only one range is understood.
    #[serde(default)]
    pub(super) one_range: bool,
}

/// The form of a set of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Form {
    /// The highest bit comes first.
    HighFirst,
    /// The lowest bit comes first.
    LowFirst,
    /// Names with commas.
    Names,
    /// A count, then 32-bit words.
    Words,
}

/// How rows are made and removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// RFC 2579
    RowStatus,
    /// Codes of the vendor's own; without `there`, columns make the row.
    Own { there: Option<i32>, gone: i32 },
}

impl Status {
    pub(super) fn shown(&self, state: i32) -> i32 {
        match self {
            Status::RowStatus => state,
            Status::Own { there, gone } => there.unwrap_or(if *gone == 1 { 2 } else { 1 }),
        }
    }
}

/// What the switch refuses.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    #[serde(default)]
    pub(super) destination_is_no_source: NoSource,
    #[serde(default)]
    pub(super) switch_needs_destination: bool,
    #[serde(default)]
    pub(super) must_be_up: bool,
    /// Rows with more than the session in their index need the session's own row.
    #[serde(default)]
    pub(super) members_need_session: bool,
    /// A session's row is refused while it has no destination or no source.
    #[serde(default)]
    pub(super) session_needs_members: bool,
}

/// When a destination must not be a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum NoSource {
    /// It may.
    Never,
    /// While the session is on.
    #[default]
    Active,
    /// Ever.
    Always,
}

impl Model {
    /// Reads a description.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(name: &str, text: &str) -> Result<Model, String> {
        let raw: Raw = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        let root = raw.root.as_deref().map_or(Ok(Arcs::new()), arcs)?;
        let mut tables = Vec::new();
        if !raw.scalars.is_empty() {
            tables.push(Table {
                index: vec![Part::Literal(0)],
                rows: RowsAre::Fixed,
                directions: BTreeMap::new(),
                columns: columns(raw.scalars, &root)?,
            });
        }
        for table in raw.tables {
            let entry = absolute(&table.entry, &root)?;
            tables.push(Table {
                index: table.index.split('.').map(part).collect::<Result<_, _>>()?,
                rows: table.rows,
                directions: table.directions,
                columns: columns(table.columns, &entry)?,
            });
        }
        Ok(Model {
            name: name.to_owned(),
            sys_descr: raw.sys_descr,
            sys_object_id: arcs(&raw.sys_object_id)?,
            sessions: raw.sessions,
            most_ports: raw.most_ports,
            numbers: raw.numbers,
            tables,
            rules: raw.rules,
            played_by: raw.played_by,
            root,
        })
    }
}

fn columns(raw: BTreeMap<u32, RawColumn>, entry: &[u32]) -> Result<BTreeMap<u32, Column>, String> {
    let column = |(number, raw): (u32, RawColumn)| {
        let oid = match &raw.at {
            Some(at) => absolute(at, entry)?,
            None => [entry, &[number]].concat(),
        };
        let column = Column {
            name: raw.name,
            oid,
            kind: raw.kind,
            values: raw.values,
            range: raw.range,
            size: raw.size,
            start: raw.start,
            is: raw.is,
            codes: raw.codes,
            copies: raw.copies,
            codec: raw.codec,
            numbers: raw.numbers,
            status: raw.status,
            readonly: raw.readonly,
            required: raw.required,
            makes: raw.makes,
            while_off: raw.while_off,
            while_waiting: raw.while_waiting,
            names_session: raw.names_session,
            wipes: raw.wipes,
        };
        Ok((number, column))
    };
    raw.into_iter().map(column).collect()
}

fn part(word: &str) -> Result<Part, String> {
    match word {
        "session" => Ok(Part::Session),
        "source" => Ok(Part::Source),
        "destination" => Ok(Part::Destination),
        "direction" => Ok(Part::Direction),
        number => number
            .parse()
            .map(Part::Literal)
            .map_err(|_| format!("`{number}` is no part of an index")),
    }
}

/// Reads an OID; one that begins with a dot is below `base`.
fn absolute(text: &str, base: &[u32]) -> Result<Arcs, String> {
    match text.strip_prefix('.') {
        Some(rest) => Ok([base, &arcs(rest)?].concat()),
        None => arcs(text),
    }
}

fn arcs(text: &str) -> Result<Arcs, String> {
    let arc = |arc: &str| arc.parse().map_err(|_| format!("`{text}` is no OID"));
    text.split('.').map(arc).collect()
}
