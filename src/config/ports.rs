//! Lists of ports as people write them: `1-22`, `1/0/1-1/0/12, gi3`, `if:24`.
//!
//! What a name or a range means is known only with the switch's own [`PortTable`] at hand: `ge-0/0/1` is a name on
//! one switch and nonsense on another. So a list is kept as text and resolved later.

use std::fmt;
use std::str::FromStr;

use crate::error::{Diagnosis, Exit};
use crate::port::{PortId, PortSet, PortTable};

/// Ports of one switch, by any of their names, single and in ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortList(Vec<String>);

/// Why a list of ports does not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPortList {
    /// Nothing between two commas.
    #[error("the list of ports `{0}` has an empty place")]
    Empty(String),
    /// The switch has no such port.
    #[error("the switch has no port `{0}`")]
    Unknown(String),
    /// A range whose end comes before its start.
    #[error("the range of ports `{0}` runs backwards")]
    Backwards(String),
}

impl Diagnosis for BadPortList {
    fn hint(&self) -> Option<String> {
        Some(match self {
            BadPortList::Unknown(_) => {
                "see `halfspan switch ports NAME` for the names the switch knows".to_owned()
            }
            BadPortList::Empty(_) | BadPortList::Backwards(_) => {
                "write ports like 1-22, gi3 or if:24, with commas between them".to_owned()
            }
        })
    }

    fn exit(&self) -> Exit {
        Exit::Usage
    }
}

impl FromStr for PortList {
    type Err = BadPortList;

    fn from_str(text: &str) -> Result<PortList, BadPortList> {
        if text.trim().is_empty() {
            return Ok(PortList::default());
        }
        let items: Vec<String> = text.split(',').map(|item| item.trim().to_owned()).collect();
        if items.iter().any(String::is_empty) {
            return Err(BadPortList::Empty(text.to_owned()));
        }
        Ok(PortList(items))
    }
}

impl fmt::Display for PortList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(", "))
    }
}

impl PortList {
    /// Tells whether no port is named.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names and ranges as written, for a switch that cannot be asked for its ports.
    pub fn items(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns the ports that are meant; a range runs in panel order.
    ///
    /// # Errors
    /// [`BadPortList`], if the switch does not have one of them.
    pub fn resolve(&self, table: &PortTable) -> Result<PortSet, BadPortList> {
        let mut set = PortSet::new();
        for item in &self.0 {
            if let Some(port) = table.by_name(item) {
                set.insert(port.id);
                continue;
            }
            let (first, last) =
                range(item, table).ok_or_else(|| BadPortList::Unknown(item.clone()))?;
            if last < first {
                return Err(BadPortList::Backwards(item.clone()));
            }
            set.extend((first.0..=last.0).map(PortId));
        }
        Ok(set)
    }
}

/// Reads `A-B`. Names may hold a hyphen themselves, so every hyphen is tried as the one that parts the two.
fn range(item: &str, table: &PortTable) -> Option<(PortId, PortId)> {
    item.match_indices('-').find_map(|(place, _)| {
        let (first, last) = (item.get(..place)?.trim(), item.get(place + 1..)?.trim());
        let from = table.by_name(first)?;
        let to = table.by_name(last).or_else(|| {
            // `1/0/1-12` is short for `1/0/1-1/0/12`.
            let stem = first.trim_end_matches(|letter: char| letter.is_ascii_digit());
            table.by_name(&format!("{stem}{last}"))
        })?;
        Some((from.id, to.id))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{IfIndex, Link, PanelPort, SwitchPort};

    fn table(label: fn(u32) -> String, if_name: fn(u32) -> String) -> PortTable {
        let port = |number| SwitchPort {
            id: PortId(0),
            label: PanelPort(label(number)),
            if_name: if_name(number),
            alias: String::new(),
            if_index: Some(IfIndex(100 + number)),
            bridge_port: None,
            link: Link::Up,
        };
        PortTable::new((1..=8).map(port).collect())
    }

    fn resolve(text: &str, table: &PortTable) -> Result<Vec<u16>, BadPortList> {
        let list: PortList = text.parse()?;
        Ok(list.resolve(table)?.iter().map(|id| id.0).collect())
    }

    #[test]
    fn names_and_ranges_are_resolved_by_the_switch_s_own_table() {
        let plain = table(|n| n.to_string(), |n| format!("gi{n}"));
        assert_eq!(resolve("1-3, 5,gi7", &plain), Ok(vec![1, 2, 3, 5, 7]));
        assert_eq!(resolve("if:102-if:104", &plain), Ok(vec![2, 3, 4]));
        assert_eq!(resolve("if:102-104", &plain), Ok(vec![2, 3, 4]));
        assert_eq!(resolve(" ", &plain), Ok(vec![]));
        let stacked = table(|n| format!("1/0/{n}"), |n| format!("ge-0/0/{n}"));
        assert_eq!(resolve("1/0/1-1/0/3", &stacked), Ok(vec![1, 2, 3]));
        assert_eq!(resolve("1/0/1-3", &stacked), Ok(vec![1, 2, 3]));
        assert_eq!(resolve("ge-0/0/2-ge-0/0/4", &stacked), Ok(vec![2, 3, 4]));
    }

    #[test]
    fn what_the_switch_does_not_have_is_named() {
        let plain = table(|n| n.to_string(), |n| format!("gi{n}"));
        assert_eq!(
            resolve("1,9", &plain),
            Err(BadPortList::Unknown("9".to_owned()))
        );
        assert_eq!(
            resolve("7-9", &plain),
            Err(BadPortList::Unknown("7-9".to_owned()))
        );
        assert_eq!(
            resolve("5-2", &plain),
            Err(BadPortList::Backwards("5-2".to_owned()))
        );
        assert_eq!(
            resolve("1,,2", &plain),
            Err(BadPortList::Empty("1,,2".to_owned()))
        );
    }
}
