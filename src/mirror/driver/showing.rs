//! Which mirrors a state of values and rows holds.

use std::collections::{BTreeMap, BTreeSet};

use crate::mirror::binding::Bound;
use crate::mirror::state::State;
use crate::profile::{Direction, IndexPart, Instance, Role};

use super::settings::{self, switch};
use super::tables::Tables;
use super::{Seen, rows};

impl Tables {
    /// Reads which mirrors a state holds that is in force.
    pub(super) fn mirrors(&self, state: &State) -> Vec<Seen> {
        let aimed = self
            .objects
            .role(Role::Destination)
            .find(|bound| bound.object.index.has(IndexPart::Source));
        if let Some(bound) = aimed {
            return self.aimed(state, bound);
        }
        let is_pair = |bound: &&Bound| {
            let index = &bound.object.index;
            index.has(IndexPart::Source) && index.has(IndexPart::Destination)
        };
        if let Some(status) = self.objects.role(Role::RowStatus).find(is_pair) {
            return self.paired(state, status);
        }
        let seen = |session| {
            let sources = self.sources(state, session);
            let destination = self.destination(state, session);
            let others = settings::strange(&self.objects, state, session);
            let used =
                !sources.is_empty() || !others.is_empty() || self.has_other_use(state, session);
            let on = settings::is_on(&self.objects, state, session);
            let has_switch = switch(&self.objects).is_some();
            let active = used
                && if has_switch {
                    on
                } else {
                    destination.is_some()
                };
            Seen {
                others,
                session,
                destination,
                sources,
                active,
            }
        };
        self.sessions(state).into_iter().map(seen).collect()
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other roles say nothing about it"
    )]
    fn sources(&self, state: &State, session: Option<u32>) -> BTreeMap<u32, Direction> {
        let mut sources = Sources::default();
        for bound in self.objects.iter() {
            let rows = bound
                .rows(state)
                .filter(|(instance, _)| instance.session.is_none() || instance.session == session);
            for (instance, value) in rows {
                match bound.object.role {
                    Role::Sources => {
                        for port in bound.decode(value) {
                            let row = Instance {
                                source: Some(port),
                                ..instance
                            };
                            let told = self.told(state, bound, &row);
                            sources.add(port, told);
                        }
                    }
                    Role::Source if bound.object.word(value) == Some("on") => {
                        let told = self.told(state, bound, &instance);
                        sources.add_some(instance.source, told);
                    }
                    Role::RowStatus if rows::is_active(bound, value) => {
                        if self.is_destination_row(state, bound, &instance) {
                            continue;
                        }
                        let told = self.told(state, bound, &instance);
                        sources.add_some(instance.source, told);
                    }
                    Role::Direction if self.is_flag(bound) => {
                        if let Some(direction) = bound.object.word(value).and_then(direction_of) {
                            sources.add_some(instance.source, direction);
                        }
                    }
                    _ => {}
                }
            }
        }
        sources.0
    }

    /// Tells whether a column of directions says by itself which ports are sources.
    fn is_flag(&self, bound: &Bound) -> bool {
        let others = self
            .objects
            .iter()
            .any(|other| matches!(other.object.role, Role::Sources | Role::Source));
        bound.object.index.has(IndexPart::Source)
            && !others
            && rows::status_of(&self.objects, bound).is_none()
    }

    fn is_destination_row(&self, state: &State, status: &Bound, instance: &Instance) -> bool {
        rows::columns(&self.objects, status).any(|column| {
            let value = column.at(instance).and_then(|oid| state.get(&oid));
            column.object.role == Role::Direction
                && value.and_then(|value| column.object.word(value)) == Some("destination")
        })
    }

    /// What is copied of a source: said by the object, by its index, or by a column of directions.
    fn told(&self, state: &State, bound: &Bound, row: &Instance) -> Direction {
        if let Some(direction) = bound.object.direction {
            return direction;
        }
        let of_index = row.direction.and_then(|code| {
            let codes = bound.object.index_codes.iter();
            let mut words = codes.filter(|(_, number)| **number == i64::from(code));
            direction_of(words.next()?.0)
        });
        if let Some(direction) = of_index {
            return direction;
        }
        self.objects
            .role(Role::Direction)
            .find_map(|column| {
                let oid = column.at(row)?;
                direction_of(column.object.word(state.get(&oid)?)?)
            })
            .unwrap_or(Direction::Both)
    }

    /// The destination of a session.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other roles say nothing about it"
    )]
    fn destination(&self, state: &State, session: Option<u32>) -> Option<u32> {
        self.objects.iter().find_map(|bound| {
            let per_source = bound.object.index.has(IndexPart::Source);
            bound
                .rows(state)
                .filter(|(instance, _)| instance.session.is_none() || instance.session == session)
                .find_map(|(instance, value)| {
                    let is = |word| bound.object.word(value) == Some(word);
                    match bound.object.role {
                        Role::Destination if !is("none") => bound.decode(value).first().copied(),
                        Role::RowStatus if !per_source && rows::is_active(bound, value) => {
                            instance.destination
                        }
                        Role::DestinationFlag if is("on") => instance.destination,
                        Role::Direction if is("destination") => instance.source,
                        _ => None,
                    }
                })
        })
    }

    /// The sessions of which the state shows anything.
    fn sessions(&self, state: &State) -> BTreeSet<Option<u32>> {
        let numbered: BTreeSet<Option<u32>> = self
            .objects
            .iter()
            .filter(|bound| bound.object.index.has(IndexPart::Session))
            .flat_map(|bound| {
                bound.rows(state).filter(|(_, value)| {
                    bound.object.role != Role::RowStatus || rows::exists(bound, Some(value))
                })
            })
            .map(|(instance, _)| instance.session)
            .collect();
        let any_numbered = self
            .objects
            .iter()
            .any(|bound| bound.object.index.has(IndexPart::Session));
        if any_numbered {
            numbered
        } else {
            BTreeSet::from([None])
        }
    }

    /// Tells whether the session mirrors something that is no port, e.g. a VLAN.
    fn has_other_use(&self, state: &State, session: Option<u32>) -> bool {
        self.objects.role(Role::Keep).any(|bound| {
            let Some(unused) = bound.object.code("unused") else {
                return false;
            };
            bound
                .rows(state)
                .filter(|(instance, _)| instance.session == session)
                .any(|(_, value)| value.as_i64() != Some(unused))
        })
    }

    /// The mirrors of a switch on which each source says by itself where its copies go.
    fn aimed(&self, state: &State, bound: &Bound) -> Vec<Seen> {
        let mut seen: BTreeMap<u32, BTreeMap<u32, Direction>> = BTreeMap::new();
        for (instance, value) in bound.rows(state) {
            let none = bound.object.word(value) == Some("none");
            let Some(port) = bound.decode(value).first().copied().filter(|_| !none) else {
                continue;
            };
            if let Some(source) = instance.source {
                let direction = self.told(state, bound, &instance);
                seen.entry(port).or_default().insert(source, direction);
            }
        }
        let seen = seen.into_iter().map(|(destination, sources)| Seen {
            others: Vec::new(),
            session: None,
            destination: Some(destination),
            active: !sources.is_empty(),
            sources,
        });
        seen.collect()
    }

    /// The mirrors of a switch with a row for each pair of source and destination.
    fn paired(&self, state: &State, status: &Bound) -> Vec<Seen> {
        let mut seen: BTreeMap<u32, BTreeMap<u32, Direction>> = BTreeMap::new();
        for (instance, value) in status.rows(state) {
            let (Some(source), Some(destination)) = (instance.source, instance.destination) else {
                continue;
            };
            if rows::is_active(status, value) {
                let direction = self.told(state, status, &instance);
                seen.entry(destination)
                    .or_default()
                    .insert(source, direction);
            }
        }
        let on = switch(&self.objects).is_none() || settings::is_on(&self.objects, state, None);
        let seen = seen.into_iter().map(|(destination, sources)| Seen {
            others: Vec::new(),
            session: None,
            destination: Some(destination),
            sources,
            active: on,
        });
        seen.collect()
    }
}

/// The word of a direction, as a direction.
pub(super) fn direction_of(word: &str) -> Option<Direction> {
    [Direction::Ingress, Direction::Egress, Direction::Both]
        .into_iter()
        .find(|direction| direction.word() == word)
}

/// Sources by number; one that is told twice is copied in both directions.
#[derive(Default)]
struct Sources(BTreeMap<u32, Direction>);

impl Sources {
    fn add(&mut self, port: u32, direction: Direction) {
        self.0
            .entry(port)
            .and_modify(|known| {
                if *known != direction {
                    *known = Direction::Both;
                }
            })
            .or_insert(direction);
    }

    fn add_some(&mut self, port: Option<u32>, direction: Direction) {
        if let Some(port) = port {
            self.add(port, direction);
        }
    }
}
