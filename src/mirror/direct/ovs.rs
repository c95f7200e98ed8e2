//! A bridge of Open vSwitch: a mirror is a row of the table `Mirror` that the bridge's row refers to.
//!
//! Ours is known by a key in its `external_ids`. It is inserted together with the reference and, once that is taken
//! away, removed by the database itself. Every write is guarded by a `wait` for what was read before, so that a change
//! that somebody else makes at the same time is never lost. The start-up configuration is the database: there is nothing
//! to save, and only putting back undoes a change.
//!
//! Some versions (seen on 3.1) apply a changed mirror to new flows alone: what already flows is copied as before, even
//! after the mirror was removed, for as long as it flows. A changed port makes them look at every flow again. So each
//! transaction also turns over `protected` of our destination port, which carries nothing but copies while it is one; at
//! the end it is what it was.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{DirectError, Goal, Plane, Shown};
use crate::ovsdb::value::{row_id, row_ids, rows, texts, uuid, uuids};
use crate::ovsdb::{Client, OvsdbError, Remote};
use crate::profile::Direction;

/// The key in `external_ids` by which our mirror is known, and its name.
const OURS: &str = "halfspan";
/// The columns that say what is mirrored where: all that is ever written. `statistics` counts, and is left alone.
const WRITTEN: [&str; 5] = [
    "select_all",
    "select_src_port",
    "select_dst_port",
    "select_vlan",
    "output_port",
];

/// One bridge.
pub(super) struct Ovs {
    remote: Remote,
    client: Option<Client>,
    bridge: String,
    /// The port that the copies go to.
    destination: String,
}

/// The mirrors of the bridge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State {
    /// The bridge's row.
    bridge: String,
    /// The columns of each mirror but its counters, by its row.
    mirrors: BTreeMap<String, Map<String, Value>>,
    /// The rows of the bridge's ports, by their names.
    ports: BTreeMap<String, String>,
    /// The column `protected` of our destination port, if there is one.
    protected: Option<bool>,
}

/// Operations of one transaction, and what they do in words.
pub(super) struct Transaction {
    operations: Vec<Value>,
    what: String,
}

impl fmt::Display for Transaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl Ovs {
    pub(super) fn new(remote: Remote, bridge: &str, destination: &str) -> Self {
        Ovs {
            remote,
            client: None,
            bridge: bridge.to_owned(),
            destination: destination.to_owned(),
        }
    }

    /// Carries out a transaction; a connection that broke is made anew for the next one.
    fn transact(&mut self, operations: &[Value]) -> Result<Vec<Value>, DirectError> {
        let mut client = match self.client.take() {
            Some(client) => client,
            None => Client::connect(&self.remote)?,
        };
        let result = client.transact(operations);
        if !matches!(
            result,
            Err(OvsdbError::Connection { .. } | OvsdbError::Protocol { .. })
        ) {
            self.client = Some(client);
        }
        Ok(result?)
    }

    /// The columns after which exactly these ports are copied to our destination.
    fn columns(&self, state: &State, wanted: &BTreeSet<String>) -> Map<String, Value> {
        let sources = wanted.iter().filter_map(|name| state.ports.get(name));
        let to = state.ports.get(&self.destination);
        let columns = [
            json!(false),
            uuids(sources),
            uuids([]),
            uuids([]),
            uuids(to),
        ];
        let names = WRITTEN.iter().map(|&name| name.to_owned());
        names.zip(columns).collect()
    }

    fn plan_sources(
        &self,
        now: &State,
        then: &State,
        wanted: &BTreeSet<String>,
    ) -> Option<Transaction> {
        let columns = self.columns(now, wanted);
        let words = format!(
            "sources {} to {}",
            wanted.iter().cloned().collect::<Vec<_>>().join(","),
            self.destination
        );
        let ours = now.ours().or_else(|| now.borrowed(then, &self.destination));
        match ours {
            Some((row, _)) if same(now.mirrors.get(row)?, &columns) => None,
            Some((row, old)) => Some(Transaction {
                operations: [update(row, old, &columns), self.turn_over(now)].concat(),
                what: format!("update Mirror {}: {words}", name_of(old)),
            }),
            None if wanted.is_empty() => None,
            None => Some(self.insertion(now, columns, &words)),
        }
    }

    fn insertion(&self, now: &State, mut row: Map<String, Value>, words: &str) -> Transaction {
        row.insert("name".to_owned(), json!(OURS));
        let about = json!(["map", [[OURS, "copies for a search"]]]);
        row.insert("external_ids".to_owned(), about);
        let this_bridge = json!([["_uuid", "==", uuid(&now.bridge)]]);
        let insert = vec![
            now.wait_for_mirrors(),
            json!({"op": "insert", "table": "Mirror", "uuid-name": "ours", "row": row}),
            json!({"op": "mutate", "table": "Bridge", "where": this_bridge,
                   "mutations": [["mirrors", "insert", ["set", [["named-uuid", "ours"]]]]]}),
            comment("mirror ports to a listener"),
        ];
        Transaction {
            operations: [insert, self.turn_over(now)].concat(),
            what: format!("insert Mirror {OURS} into {}: {words}", self.bridge),
        }
    }

    /// The operations that make Open vSwitch look at every flow again.
    fn turn_over(&self, now: &State) -> Vec<Value> {
        now.protected
            .map(|is| self.protect(now, is, !is))
            .unwrap_or_default()
    }

    /// Sets `protected` of our destination port, provided that it is as it was read.
    fn protect(&self, now: &State, is: bool, to: bool) -> Vec<Value> {
        let Some(port) = now.ports.get(&self.destination) else {
            return Vec::new();
        };
        let this = json!([["_uuid", "==", uuid(port)]]);
        vec![
            json!({"op": "wait", "timeout": 0, "table": "Port", "where": this, "columns": ["protected"],
                   "until": "==", "rows": [{"protected": is}]}),
            json!({"op": "update", "table": "Port", "where": this, "row": {"protected": to}}),
        ]
    }

    /// First the mirrors, then the destination port if that is not yet what it was.
    fn plan_restore(&self, now: &State, then: &State) -> Vec<Transaction> {
        let mirrors = self.plan_mirrors_back(now, then);
        let turned = now.protected.map(|is| is != mirrors.is_some());
        let port = match (turned, then.protected) {
            (Some(is), Some(was)) if is != was => Some(Transaction {
                operations: self.protect(now, is, was),
                what: format!("put Port {} back", self.destination),
            }),
            _ => None,
        };
        mirrors.into_iter().chain(port).collect()
    }

    fn plan_mirrors_back(&self, now: &State, then: &State) -> Option<Transaction> {
        let mut operations = Vec::new();
        let mut what = Vec::new();
        let added: Vec<&String> = now.added_since(then).collect();
        if !added.is_empty() {
            let this_bridge = json!([["_uuid", "==", uuid(&now.bridge)]]);
            operations.push(now.wait_for_mirrors());
            operations.push(
                json!({"op": "mutate", "table": "Bridge", "where": this_bridge,
                       "mutations": [["mirrors", "delete", uuids(added)]]}),
            );
            what.push(format!("remove Mirror {OURS} from {}", self.bridge));
        }
        for (row, is, was) in now.changed_since(then, &self.destination) {
            operations.extend(update(row, is, was));
            what.push(format!("put Mirror {} back", name_of(was)));
        }
        if operations.is_empty() {
            return None;
        }
        operations.push(comment("put the mirrors back"));
        operations.extend(self.turn_over(now));
        Some(Transaction {
            operations,
            what: what.join(", "),
        })
    }
}

/// What is written into the server's log.
fn comment(what: &str) -> Value {
    json!({"op": "comment", "comment": format!("halfspan: {what}")})
}

/// Sets the written columns of a mirror, provided that they are as they were read.
fn update(row: &str, old: &Map<String, Value>, new: &Map<String, Value>) -> Vec<Value> {
    let only_written = |row: &Map<String, Value>| -> Map<String, Value> {
        let columns = WRITTEN.iter();
        columns
            .filter_map(|&name| Some((name.to_owned(), row.get(name)?.clone())))
            .collect()
    };
    let this = json!([["_uuid", "==", uuid(row)]]);
    vec![
        json!({"op": "wait", "timeout": 0, "table": "Mirror", "where": this, "columns": WRITTEN,
               "until": "==", "rows": [only_written(old)]}),
        json!({"op": "update", "table": "Mirror", "where": this, "row": only_written(new)}),
    ]
}

/// Tells whether two mirrors copy the same to the same place; a set of one may be written in two ways.
fn same(a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
    let normal = |row: &Map<String, Value>, column: &str| {
        let value = row.get(column).cloned().unwrap_or(Value::Null);
        let mut elements: Vec<String> = crate::ovsdb::value::elements(&value)
            .into_iter()
            .map(Value::to_string)
            .collect();
        elements.sort();
        elements
    };
    WRITTEN
        .iter()
        .all(|column| normal(a, column) == normal(b, column))
}

fn name_of(row: &Map<String, Value>) -> &str {
    row.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn ids(row: &Map<String, Value>, column: &str) -> BTreeSet<String> {
    row.get(column).map(row_ids).unwrap_or_default()
}

fn is_true(row: &Map<String, Value>, column: &str) -> bool {
    row.get(column) == Some(&Value::Bool(true))
}

fn is_ours(row: &Map<String, Value>) -> bool {
    let known = row.get("external_ids").map(texts).unwrap_or_default();
    known.contains_key(OURS)
}

/// Whether a mirror selects anything at all.
fn is_active(row: &Map<String, Value>) -> bool {
    is_true(row, "select_all")
        || !ids(row, "select_src_port").is_empty()
        || !ids(row, "select_dst_port").is_empty()
}

impl State {
    /// The mirror that a run of ours has made, with its row.
    fn ours(&self) -> Option<(&String, &Map<String, Value>)> {
        self.mirrors.iter().find(|(_, row)| is_ours(row))
    }

    fn goes_to(&self, row: &Map<String, Value>, port: &str) -> bool {
        let to = ids(row, "output_port");
        self.ports.get(port).is_some_and(|id| to.contains(id))
    }

    /// Somebody's mirror that already goes to our destination: it was there before the run, and is used.
    fn borrowed<'a>(
        &'a self,
        then: &State,
        destination: &str,
    ) -> Option<(&'a String, &'a Map<String, Value>)> {
        let was_there = |id: &String| {
            let before = then.mirrors.get(id);
            before.is_some_and(|row| is_active(row) && then.goes_to(row, destination))
        };
        self.mirrors.iter().find(|(id, _)| was_there(id))
    }

    fn added_since<'a>(&'a self, then: &'a State) -> impl Iterator<Item = &'a String> {
        let ours = self.mirrors.iter().filter(|(_, row)| is_ours(row));
        ours.map(|(id, _)| id)
            .filter(|id| !then.mirrors.contains_key(*id))
    }

    /// The mirrors that a run of ours may have changed and that are not as they were: row, now and before.
    fn changed_since<'a>(
        &'a self,
        then: &'a State,
        destination: &'a str,
    ) -> impl Iterator<Item = (&'a String, &'a Map<String, Value>, &'a Map<String, Value>)> {
        self.mirrors.iter().filter_map(move |(id, is)| {
            let was = then.mirrors.get(id)?;
            // One that an earlier run of ours has left may have gone elsewhere, and is used all the same.
            let may_be_ours = is_ours(was) || then.goes_to(was, destination);
            (may_be_ours && !same(is, was)).then_some((id, is, was))
        })
    }

    /// The operation that fails if somebody has added or removed a mirror since they were read.
    fn wait_for_mirrors(&self) -> Value {
        let this = json!([["_uuid", "==", uuid(&self.bridge)]]);
        json!({"op": "wait", "timeout": 0, "table": "Bridge", "where": this, "columns": ["mirrors"],
               "until": "==", "rows": [{"mirrors": uuids(self.mirrors.keys())}]})
    }

    fn name_of_port(&self, id: &str) -> String {
        let known = self.ports.iter().find(|(_, row)| *row == id);
        known.map_or_else(|| id.to_owned(), |(name, _)| name.clone())
    }
}

impl Plane for Ovs {
    type State = State;
    type Step = Transaction;

    fn read(&mut self) -> Result<State, DirectError> {
        let name = json!([["name", "==", self.bridge]]);
        let mut columns = vec!["_uuid", "name", "snaplen", "output_vlan", "external_ids"];
        columns.extend(WRITTEN);
        let results = self.transact(&[
            json!({"op": "select", "table": "Bridge", "where": name, "columns": ["_uuid", "ports", "mirrors"]}),
            json!({"op": "select", "table": "Port", "where": [], "columns": ["_uuid", "name", "protected"]}),
            json!({"op": "select", "table": "Mirror", "where": [], "columns": columns}),
        ])?;
        let id = |row: &Map<String, Value>| row.get("_uuid").and_then(row_id).map(str::to_owned);
        let bridges = rows(&results, 0);
        let Some((bridge, bridge_id)) = bridges.first().and_then(|row| Some((row, id(row)?)))
        else {
            return Err(DirectError::NoBridge(self.bridge.clone()));
        };
        let (ports, mirrors) = (ids(bridge, "ports"), ids(bridge, "mirrors"));
        let of_bridge = |row: &&Map<String, Value>, among: &BTreeSet<String>| {
            id(row).is_some_and(|id| among.contains(&id))
        };
        let ports_of_bridge: Vec<_> = rows(&results, 1)
            .into_iter()
            .filter(|row| of_bridge(row, &ports))
            .collect();
        Ok(State {
            bridge: bridge_id,
            protected: ports_of_bridge
                .iter()
                .find(|row| name_of(row) == self.destination)
                .map(|row| is_true(row, "protected")),
            ports: ports_of_bridge
                .into_iter()
                .filter_map(|row| Some((name_of(row).to_owned(), id(row)?)))
                .collect(),
            mirrors: rows(&results, 2)
                .into_iter()
                .filter(|row| of_bridge(row, &mirrors))
                .filter_map(|row| Some((id(row)?, row.clone())))
                .collect(),
        })
    }

    fn shown(&self, state: &State) -> Vec<Shown> {
        let active = state.mirrors.values().filter(|row| is_active(row));
        let shown = active.map(|row| {
            let all = is_true(row, "select_all");
            let (src, dst) = (ids(row, "select_src_port"), ids(row, "select_dst_port"));
            let sources = state.ports.iter().filter_map(|(name, id)| {
                let direction = match (all || src.contains(id), all || dst.contains(id)) {
                    (true, true) => Direction::Both,
                    (true, false) => Direction::Ingress,
                    (false, true) => Direction::Egress,
                    (false, false) => return None,
                };
                Some((name.clone(), direction))
            });
            let to = ids(row, "output_port");
            Shown {
                name: Some(name_of(row).to_owned()),
                destination: to.first().map(|id| state.name_of_port(id)),
                sources: sources.collect(),
                ours: is_ours(row),
            }
        });
        shown.collect()
    }

    fn can_borrow(&self) -> bool {
        true
    }

    fn plan(&self, now: &State, then: &State, goal: Goal<'_>) -> Vec<Transaction> {
        match goal {
            Goal::Sources(wanted) => self.plan_sources(now, then, wanted).into_iter().collect(),
            Goal::AsBefore => self.plan_restore(now, then),
        }
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        let added = now
            .added_since(then)
            .map(|_| format!("the mirror `{OURS}` is still there"));
        let changed = now
            .changed_since(then, &self.destination)
            .map(|(_, _, was)| format!("the mirror `{}` is not as it was", name_of(was)));
        let port = (now.protected.is_some() && now.protected != then.protected)
            .then(|| format!("`protected` of port {} is not as it was", self.destination));
        added.chain(changed).chain(port).collect()
    }

    fn run(&mut self, step: &Transaction) -> Result<(), DirectError> {
        self.transact(&step.operations).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, src: &[&str], to: &str, ours: bool) -> Map<String, Value> {
        let ids: Vec<String> = src.iter().map(|&id| id.to_owned()).collect();
        let about = if ours {
            json!([[OURS, "x"]])
        } else {
            json!([])
        };
        let row = json!({
            "name": name, "select_all": false, "select_src_port": uuids(&ids),
            // A set of one arrives as its element.
            "select_dst_port": ["set", []], "select_vlan": ["set", []], "output_port": uuid(to),
            "external_ids": ["map", about],
        });
        row.as_object().unwrap().clone()
    }

    fn state(mirrors: &[(&str, Map<String, Value>)]) -> State {
        let ports = ["p1", "p2", "p3", "p24"];
        State {
            bridge: "b".to_owned(),
            mirrors: mirrors
                .iter()
                .map(|(id, row)| ((*id).to_owned(), row.clone()))
                .collect(),
            ports: ports
                .map(|name| (name.to_owned(), format!("id-{name}")))
                .into(),
            protected: Some(false),
        }
    }

    fn plane() -> Ovs {
        Ovs::new(Remote::Unix("/nonexistent".into()), "br0", "p24")
    }

    fn names(ports: &[&str]) -> BTreeSet<String> {
        ports.iter().map(|&port| port.to_owned()).collect()
    }

    #[test]
    fn the_first_set_inserts_a_mirror_guarded_by_what_was_read() {
        let now = state(&[("m", row("admin", &["id-p3"], "id-p2", false))]);
        let steps = plane().plan(&now, &now, Goal::Sources(&names(&["p1", "p2"])));
        assert_eq!(steps.len(), 1);
        assert_eq!(
            steps[0].to_string(),
            "insert Mirror halfspan into br0: sources p1,p2 to p24"
        );
        let [wait, insert, mutate, _, _, turn] = steps[0].operations.as_slice() else {
            panic!("{:?}", steps[0].operations);
        };
        assert_eq!(wait["rows"], json!([{"mirrors": ["set", [["uuid", "m"]]]}]));
        assert_eq!(
            insert["row"]["output_port"],
            json!(["set", [["uuid", "id-p24"]]])
        );
        assert_eq!(mutate["mutations"][0][1], "insert");
        assert_eq!(turn["row"], json!({"protected": true}));
    }

    #[test]
    fn a_mirror_that_is_there_is_updated_and_one_that_fits_is_left_alone() {
        let then = state(&[]);
        let now = state(&[("o", row(OURS, &["id-p1"], "id-p24", true))]);
        let steps = plane().plan(&now, &then, Goal::Sources(&names(&["p2"])));
        assert_eq!(
            steps[0].to_string(),
            "update Mirror halfspan: sources p2 to p24"
        );
        assert_eq!(steps[0].operations[0]["op"], "wait");
        assert!(
            plane()
                .plan(&now, &then, Goal::Sources(&names(&["p1"])))
                .is_empty()
        );
        assert!(
            plane()
                .plan(&then, &then, Goal::Sources(&names(&[])))
                .is_empty()
        );
    }

    #[test]
    fn putting_back_removes_our_mirror_and_touches_no_other() {
        let theirs = ("m", row("admin", &["id-p3"], "id-p2", false));
        let then = state(std::slice::from_ref(&theirs));
        let now = state(&[theirs, ("o", row(OURS, &[], "id-p24", true))]);
        let steps = plane().plan(&now, &then, Goal::AsBefore);
        assert_eq!(steps[0].to_string(), "remove Mirror halfspan from br0");
        assert_eq!(
            steps[0].operations[1]["mutations"],
            json!([["mirrors", "delete", ["set", [["uuid", "o"]]]]])
        );
        assert_eq!(
            plane().differences(&now, &then),
            ["the mirror `halfspan` is still there"]
        );
        assert!(plane().plan(&then, &then, Goal::AsBefore).is_empty());
    }

    #[test]
    fn the_destination_port_is_turned_over_by_every_write_and_is_what_it_was_at_the_end() {
        let then = state(&[]);
        let ours = ("o", row(OURS, &["id-p1"], "id-p24", true));
        for protected in [false, true] {
            let now = State {
                protected: Some(protected),
                ..state(std::slice::from_ref(&ours))
            };
            let steps = plane().plan(&now, &then, Goal::AsBefore);
            let values: Vec<_> = steps
                .iter()
                .flat_map(|step| &step.operations)
                .filter(|operation| operation["op"] == "update" && operation["table"] == "Port")
                .map(|operation| operation["row"]["protected"].as_bool().unwrap())
                .collect();
            assert_eq!(
                values.first(),
                Some(&!protected),
                "every flow is looked at again"
            );
            assert_eq!(values.last(), Some(&false), "as it was");
        }
        let left = State {
            protected: Some(true),
            ..then.clone()
        };
        let steps = plane().plan(&left, &then, Goal::AsBefore);
        assert_eq!(steps[0].to_string(), "put Port p24 back");
        assert_eq!(
            plane().differences(&left, &then),
            ["`protected` of port p24 is not as it was"]
        );
    }

    #[test]
    fn a_borrowed_mirror_is_used_and_put_back_column_by_column() {
        let mut theirs = row("admin", &["id-p3"], "id-p24", false);
        theirs.insert("select_dst_port".to_owned(), uuid("id-p3"));
        let then = state(&[("m", theirs)]);
        let steps = plane().plan(&then, &then, Goal::Sources(&names(&["p1"])));
        assert_eq!(
            steps[0].to_string(),
            "update Mirror admin: sources p1 to p24"
        );
        let now = state(&[("m", row("admin", &["id-p1"], "id-p24", false))]);
        let back = plane().plan(&now, &then, Goal::AsBefore);
        let update = &back[0].operations[1]["row"];
        assert_eq!(update["select_dst_port"], uuid("id-p3"));
        assert_eq!(
            update["select_src_port"],
            json!(["set", [["uuid", "id-p3"]]])
        );
        assert_eq!(plane().differences(&then, &then), Vec::<String>::new());
    }

    #[test]
    fn a_mirror_that_an_earlier_run_has_left_is_used_and_goes_where_it_went() {
        let left = ("o", row(OURS, &["id-p3"], "id-p2", true));
        let then = state(std::slice::from_ref(&left));
        let steps = plane().plan(&then, &then, Goal::Sources(&names(&["p1"])));
        assert_eq!(
            steps[0].to_string(),
            "update Mirror halfspan: sources p1 to p24"
        );
        let now = state(&[("o", row(OURS, &["id-p1"], "id-p24", true))]);
        assert_eq!(
            plane().differences(&now, &then),
            ["the mirror `halfspan` is not as it was"]
        );
        let back = plane().plan(&now, &then, Goal::AsBefore);
        assert_eq!(back[0].to_string(), "put Mirror halfspan back");
        assert_eq!(back[0].operations[1]["row"]["output_port"], uuid("id-p2"));
    }

    #[test]
    fn a_mirror_of_everything_names_every_port_in_both_directions() {
        let mut all = row("admin", &[], "id-p2", false);
        all.insert("select_all".to_owned(), json!(true));
        let shown = plane().shown(&state(&[
            ("m", all),
            ("off", row("off", &[], "id-p2", false)),
        ]));
        assert_eq!(
            shown.len(),
            1,
            "a mirror that selects nothing copies nothing"
        );
        assert_eq!(shown[0].destination.as_deref(), Some("p2"));
        assert!(shown[0].sources.len() == 4 && shown[0].sources["p1"] == Direction::Both);
    }
}
