//! From switch port to patch panel to wall outlet.
//!
//! Two sources, asked in this order: the patch list, a CSV file with a line a port ([`PatchList`]), and the
//! port's own description on the switch, read by a pattern ([`AliasPattern`]). What belongs here: reading both,
//! looking a port up, saying what is wrong with the list, bringing another map into it ([`import`]). What does not:
//! asking a switch for its descriptions.

use std::path::{Path, PathBuf};

pub use alias::{AliasPattern, BadPattern};
pub use check::check;
pub use list::{COLUMNS, Entry, PatchError, PatchList, Problem};

use crate::locate::PatchReport;
use crate::port::SwitchPort;

mod alias;
mod check;
pub mod import;
mod list;
mod rows;

/// Everything that is known about where the ports' cables end.
#[derive(Clone, Debug, Default)]
pub struct Patch {
    list: Option<PatchList>,
    file: Option<PathBuf>,
    pattern: AliasPattern,
}

/// Where a port's cable ends, and who says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The patch list has the port.
    Listed(PatchReport),
    /// The port's description on the switch says it.
    Described(PatchReport),
    /// Nobody says it; the sentence tells how to add it.
    Unknown(String),
}

impl Patch {
    /// Reads the list, if there is one; `pattern` reads the descriptions of ports that it lacks.
    ///
    /// # Errors
    /// [`PatchError`], if the list cannot be read at all. Mistakes in single lines are kept: [`PatchList::problems`].
    pub fn open(file: Option<&Path>, pattern: AliasPattern) -> Result<Patch, PatchError> {
        Ok(Patch {
            list: file.map(PatchList::read).transpose()?,
            file: file.map(Path::to_owned),
            pattern,
        })
    }

    /// The list, if there is one.
    #[must_use]
    pub fn list(&self) -> Option<&PatchList> {
        self.list.as_ref()
    }

    /// Says where the cable of a port ends.
    #[must_use]
    pub fn look_up(&self, switch: &str, port: &SwitchPort) -> Place {
        if let Some(entry) = self
            .list
            .as_ref()
            .and_then(|list| list.look_up(switch, port))
        {
            return Place::Listed(entry.place.clone());
        }
        match self.pattern.read(&port.alias) {
            Some(place) => Place::Described(place),
            None => Place::Unknown(self.how_to_add(switch, port)),
        }
    }

    fn how_to_add(&self, switch: &str, port: &SwitchPort) -> String {
        let label = &port.label;
        match (&self.file, &self.list) {
            (Some(file), Some(list)) => format!(
                "{switch} port {label} is not in {}; to add it, append: {}",
                file.display(),
                list.line_for(switch, &label.0)
            ),
            _ => format!(
                "nothing says where {switch} port {label} leads; write a CSV file with the heading `{}` and name it with `patch: FILE` in halfspan.yaml",
                COLUMNS.join(",")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::port::{IfIndex, Link, PanelPort, PortId};

    fn port(label: &str, alias: &str) -> SwitchPort {
        SwitchPort {
            id: PortId(1),
            label: PanelPort(label.to_owned()),
            if_name: format!("gi{label}"),
            alias: alias.to_owned(),
            if_index: Some(IfIndex(48)),
            bridge_port: None,
            link: Link::Up,
        }
    }

    fn patch(text: &str) -> Patch {
        Patch {
            list: Some(PatchList::parse(Path::new("patch.csv"), text.as_bytes()).unwrap()),
            file: Some(PathBuf::from("patch.csv")),
            pattern: AliasPattern::default(),
        }
    }

    #[test]
    fn the_list_is_believed_before_the_description() {
        let patch = patch("switch,port,outlet\noffice-1,17,2.14-B\n");
        let Place::Listed(place) = patch.look_up("office-1", &port("17", "3.01-A")) else {
            panic!("not listed");
        };
        assert_eq!(place.outlet, "2.14-B");
        let Place::Described(place) = patch.look_up("office-1", &port("18", "3.01-A")) else {
            panic!("not described");
        };
        assert_eq!(place.outlet, "3.01-A");
    }

    #[test]
    fn an_unknown_port_comes_with_the_line_to_append() {
        let patch = patch("outlet;switch;port;owner\n2.14-B;office-1;17;me\n");
        assert_eq!(
            patch.look_up("office, 1", &port("18", "")),
            Place::Unknown(
                "office, 1 port 18 is not in patch.csv; to add it, append: OUTLET;office, 1;18;"
                    .to_owned()
            )
        );
        let Place::Unknown(sentence) = Patch::default().look_up("office-1", &port("18", "")) else {
            panic!("known from nowhere");
        };
        assert_eq!(
            sentence,
            "nothing says where office-1 port 18 leads; write a CSV file with the heading \
             `switch,port,panel,position,outlet,room,note` and name it with `patch: FILE` in halfspan.yaml"
        );
    }
}
