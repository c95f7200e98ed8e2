//! How ports, sessions and directions stand in the index of a table, and how ports are numbered.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::port::SwitchPort;

/// How a switch numbers its ports.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Numbering {
    /// `ifIndex` of the IF-MIB.
    #[default]
    IfIndex,
    /// `dot1dBasePort` of the BRIDGE-MIB.
    BridgePort,
    /// The place on the front panel, from 1.
    Position,
    /// `dot1dBasePort`, but counted from 0.
    FromZero,
    /// `ifName` as it is.
    IfName,
    /// A text with `{n}` for the place on the front panel, e.g. `1/0/{n}`.
    Text(String),
}

impl Numbering {
    /// Returns the number of a port, or `None` where the port has none or is named by its `ifName`.
    #[must_use]
    pub fn number(&self, port: &SwitchPort) -> Option<u32> {
        match self {
            Numbering::IfIndex => port.if_index.map(|index| index.0),
            Numbering::BridgePort => port.bridge_port.map(|number| number.0),
            Numbering::FromZero => port.bridge_port?.0.checked_sub(1),
            // A text is made of the place, which stands for the port until the value is written.
            Numbering::Position | Numbering::Text(_) => Some(u32::from(port.id.0)),
            Numbering::IfName => None,
        }
    }

    /// Returns the text with `{n}` by which a port is named.
    #[must_use]
    pub fn template(&self) -> &str {
        match self {
            Numbering::Text(text) => text,
            Numbering::IfIndex
            | Numbering::BridgePort
            | Numbering::Position
            | Numbering::FromZero
            | Numbering::IfName => "{n}",
        }
    }
}

impl TryFrom<String> for Numbering {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        match text.as_str() {
            "if_index" => Ok(Numbering::IfIndex),
            "bridge_port" => Ok(Numbering::BridgePort),
            "position" => Ok(Numbering::Position),
            "from_zero" => Ok(Numbering::FromZero),
            "if_name" => Ok(Numbering::IfName),
            _ if text.contains("{n}") => Ok(Numbering::Text(text)),
            _ => Err(format!(
                "`{text}` is not a way to number ports; write if_index, bridge_port, position, from_zero, if_name or a text with {{n}}"
            )),
        }
    }
}

/// One part of a table's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IndexPart {
    /// The source port's number.
    Source,
    /// The destination port's number.
    Destination,
    /// The mirror session.
    Session,
    /// The direction's code.
    Direction,
    /// The stack unit.
    Unit,
    /// A number without a meaning of its own.
    Row,
    /// Always the same number, e.g. a type column.
    Literal(u32),
}

/// The index of an object's instances, written like `source.destination` or `session.1.source`.
///
/// Each part takes one arc. A scalar's index is `0`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Index(Vec<IndexPart>);

/// What the parts of an index stand for in one instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// The session.
    pub session: Option<u32>,
    /// The source port's number.
    pub source: Option<u32>,
    /// The destination port's number.
    pub destination: Option<u32>,
    /// The direction's code.
    pub direction: Option<u32>,
    /// The stack unit.
    pub unit: Option<u32>,
    /// A number without a meaning of its own.
    pub row: Option<u32>,
}

impl Index {
    /// The index of a scalar.
    #[must_use]
    pub fn scalar() -> Self {
        Index(vec![IndexPart::Literal(0)])
    }

    /// Tells whether there is exactly one instance.
    #[must_use]
    pub fn is_scalar(&self) -> bool {
        self.0 == [IndexPart::Literal(0)]
    }

    /// Tells whether the index has this part.
    #[must_use]
    pub fn has(&self, part: IndexPart) -> bool {
        self.0.contains(&part)
    }

    /// Returns the arcs of an instance, or `None` if a part is missing.
    #[must_use]
    pub fn arcs(&self, instance: &Instance) -> Option<Vec<u32>> {
        let arc = |part: &IndexPart| match part {
            IndexPart::Source => instance.source,
            IndexPart::Destination => instance.destination,
            IndexPart::Session => instance.session,
            IndexPart::Direction => instance.direction,
            IndexPart::Unit => instance.unit,
            IndexPart::Row => instance.row,
            IndexPart::Literal(n) => Some(*n),
        };
        self.0.iter().map(arc).collect()
    }

    /// Reads the arcs of an instance, or `None` if they are not of this form.
    #[must_use]
    pub fn read(&self, arcs: &[u32]) -> Option<Instance> {
        if arcs.len() != self.0.len() {
            return None;
        }
        let mut instance = Instance::default();
        for (part, arc) in self.0.iter().zip(arcs) {
            match part {
                IndexPart::Source => instance.source = Some(*arc),
                IndexPart::Destination => instance.destination = Some(*arc),
                IndexPart::Session => instance.session = Some(*arc),
                IndexPart::Direction => instance.direction = Some(*arc),
                IndexPart::Unit => instance.unit = Some(*arc),
                IndexPart::Row => instance.row = Some(*arc),
                IndexPart::Literal(n) if n == arc => {}
                IndexPart::Literal(_) => return None,
            }
        }
        Some(instance)
    }
}

impl TryFrom<String> for Index {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        let part = |word: &str| match word {
            "source" => Ok(IndexPart::Source),
            "destination" => Ok(IndexPart::Destination),
            "session" => Ok(IndexPart::Session),
            "direction" => Ok(IndexPart::Direction),
            "unit" => Ok(IndexPart::Unit),
            "row" => Ok(IndexPart::Row),
            number => number.parse().map(IndexPart::Literal).map_err(|_| {
                let mut error = format!("`{word}` cannot stand in an index");
                let known = [
                    "source",
                    "destination",
                    "session",
                    "direction",
                    "unit",
                    "row",
                ];
                if let Some(near) = super::error::nearest(word, known) {
                    let _ = write!(error, "; did you mean `{near}`?");
                }
                error
            }),
        };
        text.split('.')
            .map(part)
            .collect::<Result<_, _>>()
            .map(Index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(text: &str) -> Index {
        Index::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn an_index_is_written_and_read_back() {
        let pair = Instance {
            source: Some(5),
            destination: Some(24),
            ..Instance::default()
        };
        assert_eq!(index("source.destination").arcs(&pair), Some(vec![5, 24]));
        assert_eq!(index("destination.source").arcs(&pair), Some(vec![24, 5]));
        assert_eq!(index("destination.source").read(&[24, 5]), Some(pair));
        assert_eq!(index("session.source").arcs(&pair), None);
    }

    #[test]
    fn a_literal_part_must_fit() {
        let typed = index("session.1.source.direction");
        let read = typed.read(&[1, 1, 7, 3]).unwrap();
        assert_eq!(
            (read.session, read.source, read.direction),
            (Some(1), Some(7), Some(3))
        );
        assert_eq!(typed.read(&[1, 2, 7, 3]), None);
        assert_eq!(typed.read(&[1, 1, 7]), None);
        assert!(Index::scalar().is_scalar() && !typed.is_scalar());
    }

    #[test]
    fn a_misspelt_part_is_named_with_the_nearest() {
        let error = Index::try_from("surce.destination".to_owned()).unwrap_err();
        assert_eq!(
            error,
            "`surce` cannot stand in an index; did you mean `source`?"
        );
    }
}
