//! Objects that nobody knows and that look like a mirror: a switch, a port's number, and what may name the sources.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{ENTERPRISES, Proposal};
use crate::profile::{MARK, Shape, Told, Walk, draft, parse};
use crate::snmp::{Oid, Value};

/// The most groups that are named beside the one that is proposed.
const MOST_OTHERS: usize = 5;
/// A table with no more rows may be one of sessions.
const MOST_SESSIONS: usize = 8;
/// A set of mirrored ports is seldom larger; addresses and dates have more bits.
const MOST_BITS: u32 = 8;

/// Scalars and columns with one parent.
#[derive(Default)]
struct Group {
    scalars: BTreeMap<u32, Value>,
    /// The values of a column by the index, where the index is one number.
    columns: BTreeMap<(u32, u32), BTreeMap<u32, Value>>,
    /// Whether the scalars are the columns of a table of sessions.
    by_session: bool,
}

/// What a group would be, if it were a mirror.
struct Guess {
    parent: Oid,
    shape: Shape,
    enable: Option<u32>,
    destination: u32,
    /// The arcs of what names the sources.
    sources: Vec<String>,
    by_port: bool,
    by_session: bool,
    /// How much speaks for it.
    score: usize,
}

/// Puts what is below `enterprises` into groups: `parent.N.0` and `parent.T.1.C.INDEX`.
fn groups(walk: &Walk) -> BTreeMap<Oid, Group> {
    let root = Oid::from(ENTERPRISES);
    let mut groups: BTreeMap<Oid, Group> = BTreeMap::new();
    for (arcs, value) in walk.below(&root) {
        match arcs {
            [parent @ .., node, 0] if parent.len() > 1 => {
                let group = groups.entry(root.child(parent.iter().copied()));
                group.or_default().scalars.insert(*node, value.clone());
            }
            [parent @ .., table, 1, column, index] if parent.len() > 1 => {
                let group = groups.entry(root.child(parent.iter().copied()));
                let rows = group.or_default().columns.entry((*table, *column));
                rows.or_default().insert(*index, value.clone());
            }
            _ => {}
        }
    }
    let tables: Vec<(Oid, Group)> = groups
        .iter()
        .flat_map(|(parent, group)| session_tables(parent, group))
        .collect();
    groups.extend(tables);
    groups
}

/// Reads a table with few rows as a group for each session.
fn session_tables(parent: &Oid, group: &Group) -> BTreeMap<Oid, Group> {
    let mut tables: BTreeMap<Oid, Group> = BTreeMap::new();
    for ((table, column), rows) in &group.columns {
        if rows.len() > MOST_SESSIONS {
            continue;
        }
        let entry = tables.entry(parent.child([*table, 1])).or_default();
        entry.by_session = true;
        if let Some(first) = rows.values().next() {
            entry.scalars.insert(*column, first.clone());
        }
    }
    tables
}

/// Reads a group as a mirror; `None` if it cannot be one.
fn guess(parent: &Oid, group: &Group, ports: &[u32]) -> Option<Guess> {
    // Counters and clocks are no settings.
    let whole = |value: &Value| {
        let setting = matches!(value, Value::Integer(_) | Value::Unsigned32(_));
        value.as_i64().filter(|_| setting)
    };
    let highest = i64::from(ports.iter().copied().max()?);
    let numbers: Vec<(u32, i64)> = group
        .scalars
        .iter()
        .filter_map(|(arc, value)| Some((*arc, whole(value)?)))
        .collect();
    let enable = numbers
        .iter()
        .find(|(_, n)| (0..=3).contains(n))
        .map(|(arc, _)| *arc);
    let destination = numbers
        .iter()
        .find(|(arc, n)| Some(*arc) != enable && (0..=highest).contains(n))
        .map(|(arc, _)| *arc)?;
    let bitmaps: Vec<String> = group
        .scalars
        .iter()
        .filter(|(_, value)| value.as_octets().is_some_and(may_be_bitmap))
        .map(|(arc, _)| format!(".{arc}"))
        .collect();
    let per_port: Vec<String> = group
        .columns
        .iter()
        .filter(|(_, rows)| {
            let small = |value: &Value| whole(value).is_some_and(|n| (0..=4).contains(&n));
            rows.len() >= ports.len() && rows.values().all(small)
        })
        .map(|((table, column), _)| format!(".{table}.1.{column}"))
        .collect();
    // A mirror has few objects; a group with many is something else.
    let size = group.scalars.len() + group.columns.len();
    let few = 12usize.saturating_sub(size);
    let (shape, sources) = if bitmaps.is_empty() {
        (Shape::PortFlags, per_port)
    } else {
        (Shape::Bitmap, bitmaps)
    };
    let usable = !sources.is_empty() && sources.len() <= 3 && few > 0;
    usable.then(|| Guess {
        parent: parent.clone(),
        by_port: shape == Shape::PortFlags,
        by_session: group.by_session,
        shape,
        enable,
        destination,
        score: few + usize::from(enable.is_some()) * 2 + sources.len(),
        sources,
    })
}

pub(super) fn proposal(name: &str, walk: &Walk, told: &Told) -> Option<Proposal> {
    let ports = walk.ports();
    let mut guesses: Vec<Guess> = groups(walk)
        .iter()
        .filter_map(|(parent, group)| guess(parent, group, &ports))
        .collect();
    guesses.sort_by_key(|guess| std::cmp::Reverse(guess.score));
    let (best, others) = guesses.split_first()?;
    let mut text = draft::head(name, best.shape.word(), Some(told));
    let _written = write!(
        text,
        "\n# A guess: these objects look like a mirror. Compare each with the vendor's MIB.\nbase: {{ literal: {} }}   {MARK} is this the mirror's node?\n",
        best.parent
    );
    for other in others.iter().take(MOST_OTHERS) {
        let _written = writeln!(
            text,
            "# It may also be {} ({}).",
            other.parent,
            other.shape.word()
        );
    }
    text.push_str(&best.objects());
    parse(&text, name).ok()?;
    Some(Proposal {
        shape: best.shape.word().to_owned(),
        why: format!(
            "the objects below {} look like a mirror; no known one is in the walk",
            best.parent
        ),
        text,
    })
}

/// Tells whether octets may be a set of ports: no text, and few bits.
fn may_be_bitmap(octets: &[u8]) -> bool {
    let bits: u32 = octets.iter().map(|octet| octet.count_ones()).sum();
    let is_text = octets.iter().all(|o| (0x20..0x7f).contains(o));
    (1..=64).contains(&octets.len()) && bits <= MOST_BITS && !is_text
}

impl Guess {
    fn objects(&self) -> String {
        let index = if self.by_session {
            ", index: session"
        } else {
            ""
        };
        let mut text = "objects:\n".to_owned();
        if let Some(arc) = self.enable {
            let _written = writeln!(
                text,
                "  - {{ name: mirrorState, oid: .{arc}, role: enable, syntax: integer{index}, codes: {{ on: 1, off: 2 }} }}   {MARK} which number is on?"
            );
        }
        let _written = writeln!(
            text,
            "  - {{ name: mirrorTarget, oid: .{}, role: destination, syntax: integer{index}, codes: {{ none: 0 }} }}   {MARK} is this the destination?",
            self.destination
        );
        if self.by_port {
            let first = self.sources.first().map_or("", String::as_str);
            let _written = writeln!(
                text,
                "  - {{ name: mirrorMode, oid: {first}, role: direction, syntax: integer, index: source, codes: {{ off: 0, ingress: 1, egress: 2, both: 3 }} }}   {MARK} what do the numbers mean?"
            );
            for other in self.sources.iter().skip(1) {
                let _written =
                    writeln!(text, "  # another column with a row for each port: {other}");
            }
            return text;
        }
        let directions = ["ingress", "egress", "both"];
        for ((number, oid), direction) in (1..).zip(&self.sources).zip(directions) {
            let _written = writeln!(
                text,
                "  - {{ name: mirrorSources{number}, oid: {oid}, role: sources, direction: {direction}, syntax: octets{index}, bitmap: {{ order: high_first, first_port: 1 }} }}   {MARK} which direction, which order of bits?"
            );
        }
        text
    }
}
