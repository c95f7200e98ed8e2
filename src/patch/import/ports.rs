//! Reading a map from the descriptions that a switch's ports have.

use super::sheet::unfit;
use super::{Incoming, PortNotMatched, Source};
use crate::locate::PatchReport;
use crate::patch::alias::AliasPattern;
use crate::patch::list::Entry;
use crate::port::SwitchPort;

/// Reads the descriptions of a switch's ports by a pattern.
#[must_use]
pub fn from_ports<'a>(
    switch: &str,
    ports: impl Iterator<Item = &'a SwitchPort>,
    pattern: &AliasPattern,
) -> Source {
    let mut source = Source::default();
    for port in ports {
        if port.alias.trim().is_empty() {
            source.without_description += 1;
            continue;
        }
        let Some(place) = pattern.read(&port.alias).filter(may_stand) else {
            source.not_matched.push(PortNotMatched {
                port: port.label.0.clone(),
                description: port.alias.clone(),
            });
            continue;
        };
        let index = port.if_index.map(|index| format!("if:{}", index.0));
        source.entries.push(Incoming {
            entry: Entry {
                line: 0,
                switch: switch.to_owned(),
                port: port.label.0.clone(),
                place,
            },
            other_names: std::iter::once(port.if_name.clone()).chain(index).collect(),
        });
    }
    source
}

/// Whoever can describe a port shall not write formulas into a spreadsheet.
fn may_stand(place: &PatchReport) -> bool {
    let cells = [&place.panel, &place.position, &place.outlet, &place.room];
    cells.into_iter().all(|cell| unfit(cell).is_none())
}
