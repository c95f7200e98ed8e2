//! A bridge of this machine: a source is a port with a filter that copies what it receives.
//!
//! What is ours is known by the cookie of the filter's action and by nothing else, so that filters of somebody else stay
//! as they are, whatever happens. Hooks (the qdisc `clsact`) are added to ports that have none, and taken away again
//! unless somebody has put a filter of their own there in the meantime.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{DirectError, Goal, Plane, Shown};
use crate::linux::tc::{self, Classifier, Filter, Hook};
use crate::linux::{ToolError, bridge};
use crate::profile::Direction;

/// The ports of one bridge.
pub(super) struct Tc {
    bridge: String,
    /// The interface that the copies go to.
    destination: String,
    /// What the kernel is asked to match with; it has `matchall` until it says otherwise.
    classifier: Classifier,
}

/// The hooks of each port.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct State(BTreeMap<String, Hooks>);

/// The hooks of one port and what stands at them, as tc shows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Hooks {
    /// `clsact`, `ingress`, or none.
    kind: Option<String>,
    ingress: Vec<Value>,
    egress: Vec<Value>,
}

/// Lines of tc, carried out in one run.
pub(super) struct Lines(Vec<String>);

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tc {}", self.0.join("; tc "))
    }
}

impl Tc {
    pub(super) fn new(bridge: &str, destination: &str) -> Self {
        Tc {
            bridge: bridge.to_owned(),
            destination: destination.to_owned(),
            classifier: Classifier::Matchall,
        }
    }

    /// The lines after which the filters of ours are exactly those of `wanted`: destination by source.
    fn lines(&self, now: &State, wanted: &BTreeMap<&str, &str>) -> Vec<String> {
        let mut remove = Vec::new();
        let mut add = Vec::new();
        for (port, hooks) in &now.0 {
            let there = hooks.ours();
            let goal = wanted.get(port.as_str());
            let fits = match (there.as_slice(), goal) {
                ([], None) => true,
                ([one], Some(to)) => one.mirrors_to == [*to],
                _ => false,
            };
            if fits {
                continue;
            }
            let prefs: BTreeSet<u32> = there.iter().map(|filter| filter.pref).collect();
            remove.extend(prefs.iter().map(|pref| tc::remove_mirror(port, *pref)));
            if let Some(to) = goal {
                if hooks.kind.is_none() {
                    add.push(tc::add_hooks(port));
                }
                add.push(tc::add_mirror(port, to, hooks.free_pref(), self.classifier));
            }
        }
        remove.extend(add);
        remove
    }
}

impl Hooks {
    fn filters(&self) -> impl Iterator<Item = (Hook, Filter)> {
        let at = |hook: Hook, shown: &[Value]| -> Vec<(Hook, Filter)> {
            let filters = shown.iter().filter_map(tc::read);
            filters.map(|filter| (hook, filter)).collect()
        };
        let mut all = at(Hook::Ingress, &self.ingress);
        all.extend(at(Hook::Egress, &self.egress));
        all.into_iter()
    }

    fn ours(&self) -> Vec<Filter> {
        let ours = self.filters().filter(|(_, filter)| filter.is_ours);
        ours.map(|(_, filter)| filter).collect()
    }

    /// Whether there is anything at the hooks that is not ours.
    fn has_others(&self) -> bool {
        let ours: BTreeSet<u32> = self.ours().iter().map(|filter| filter.pref).collect();
        let is_other = |shown: &Value| pref(shown).is_none_or(|pref| !ours.contains(&pref));
        self.ingress.iter().any(is_other) || !self.egress.is_empty()
    }

    /// The first place in the order that nobody uses: a filter before ours could keep frames from it.
    fn free_pref(&self) -> u32 {
        let ours: BTreeSet<u32> = self.ours().iter().map(|filter| filter.pref).collect();
        let taken: BTreeSet<u32> = self.ingress.iter().filter_map(pref).collect();
        (1..=u32::from(u16::MAX))
            .find(|pref| !taken.contains(pref) || ours.contains(pref))
            .unwrap_or(1)
    }
}

fn pref(shown: &Value) -> Option<u32> {
    shown.get("pref")?.as_u64()?.try_into().ok()
}

impl Plane for Tc {
    type State = State;
    type Step = Lines;

    fn read(&mut self) -> Result<State, DirectError> {
        let interfaces = bridge::interfaces()?;
        let there = |interface: &bridge::Interface| interface.name == self.bridge;
        if !interfaces.iter().any(there) {
            return Err(DirectError::NoBridge(self.bridge.clone()));
        }
        let ports = interfaces
            .into_iter()
            .filter(|interface| interface.master.as_ref() == Some(&self.bridge))
            .map(|interface| interface.name);
        let mut kinds = tc::hooks()?;
        let mut state: BTreeMap<String, Hooks> = ports
            .map(|port| {
                let kind = kinds.remove(&port);
                let hooks = Hooks {
                    kind,
                    ..Hooks::default()
                };
                (port, hooks)
            })
            .collect();
        let mut places = Vec::new();
        for (port, hooks) in &state {
            if hooks.kind.is_some() {
                places.push((port.clone(), Hook::Ingress));
            }
            if hooks.kind.as_deref() == Some("clsact") {
                places.push((port.clone(), Hook::Egress));
            }
        }
        let asked: Vec<(&str, Hook)> = places
            .iter()
            .map(|(port, at)| (port.as_str(), *at))
            .collect();
        for ((port, hook), filters) in places.iter().zip(tc::filters(&asked)?) {
            if let Some(hooks) = state.get_mut(port) {
                match hook {
                    Hook::Ingress => hooks.ingress = filters,
                    Hook::Egress => hooks.egress = filters,
                }
            }
        }
        Ok(State(state))
    }

    fn shown(&self, state: &State) -> Vec<Shown> {
        let mut mirrors: BTreeMap<(bool, String), BTreeMap<String, Direction>> = BTreeMap::new();
        for (port, hooks) in &state.0 {
            for (hook, filter) in hooks.filters() {
                for to in filter.mirrors_to {
                    let sources = mirrors.entry((filter.is_ours, to)).or_default();
                    let direction = match (hook, sources.get(port)) {
                        (Hook::Ingress, None | Some(Direction::Ingress)) => Direction::Ingress,
                        (Hook::Egress, None | Some(Direction::Egress)) => Direction::Egress,
                        _ => Direction::Both,
                    };
                    sources.insert(port.clone(), direction);
                }
            }
        }
        let shown = mirrors.into_iter().map(|((ours, to), sources)| Shown {
            name: None,
            destination: Some(to),
            sources,
            ours,
        });
        shown.collect()
    }

    fn can_borrow(&self) -> bool {
        // A filter of any kind cannot be taken away and made again exactly as it was.
        false
    }

    fn plan(&self, now: &State, then: &State, goal: Goal<'_>) -> Vec<Lines> {
        let before;
        let wanted: BTreeMap<&str, &str> = match goal {
            Goal::Sources(ports) => {
                let to = self.destination.as_str();
                ports.iter().map(|port| (port.as_str(), to)).collect()
            }
            Goal::AsBefore => {
                before = then.ours();
                let pairs = before.iter();
                pairs
                    .map(|(port, to)| (port.as_str(), to.as_str()))
                    .collect()
            }
        };
        let mut lines = self.lines(now, &wanted);
        if matches!(goal, Goal::AsBefore) {
            lines.extend(now.needless_hooks(then).map(tc::remove_hooks));
        }
        if lines.is_empty() {
            Vec::new()
        } else {
            vec![Lines(lines)]
        }
    }

    fn differences(&self, now: &State, then: &State) -> Vec<String> {
        let (now_ours, then_ours) = (now.ours(), then.ours());
        let copied = now_ours
            .iter()
            .filter(|(port, to)| then_ours.get(*port) != Some(*to))
            .map(|(port, to)| format!("{port} is still copied to {to}"));
        let lost = then_ours
            .iter()
            .filter(|(port, _)| now.0.contains_key(*port) && !now_ours.contains_key(*port))
            .map(|(port, to)| format!("{port} is no longer copied to {to}"));
        let hooks = now
            .needless_hooks(then)
            .map(|port| format!("{port} still has the qdisc clsact that the run has added"));
        copied.chain(lost).chain(hooks).collect()
    }

    fn run(&mut self, step: &Lines) -> Result<(), DirectError> {
        let result = tc::change(&step.0);
        let refused = matches!(result, Err(ToolError::Failed { .. }));
        if refused && step.0.iter().any(|line| line.contains("matchall")) {
            // Whatever the reason is: if it is not the kernel's lack of it, the next round says it again.
            self.classifier = Classifier::U32;
        }
        Ok(result?)
    }
}

impl State {
    /// Where the filters of ours copy to, by the port they stand at.
    fn ours(&self) -> BTreeMap<String, String> {
        let first = |hooks: &Hooks| hooks.ours().first()?.mirrors_to.first().cloned();
        let ports = self.0.iter();
        ports
            .filter_map(|(port, hooks)| Some((port.clone(), first(hooks)?)))
            .collect()
    }

    /// Ports that had no hooks before and have some now, with nothing there but what is ours.
    fn needless_hooks<'a>(&'a self, then: &'a State) -> impl Iterator<Item = &'a str> {
        let had_none = |port: &str| then.0.get(port).is_some_and(|hooks| hooks.kind.is_none());
        self.0
            .iter()
            .filter(move |(port, hooks)| {
                hooks.kind.as_deref() == Some("clsact") && had_none(port) && !hooks.has_others()
            })
            .map(|(port, _)| port.as_str())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filter(pref: u32, to: &str, ours: bool) -> Vec<Value> {
        let mut action = json!({"kind": "mirred", "mirred_action": "mirror", "to_dev": to});
        if ours {
            action["cookie"] = json!(tc::COOKIE);
        }
        vec![
            json!({"protocol": "all", "pref": pref, "kind": "u32"}),
            json!({"protocol": "all", "pref": pref, "kind": "u32", "options": {"actions": [action]}}),
        ]
    }

    fn hooks(filters: Vec<Vec<Value>>) -> Hooks {
        Hooks {
            kind: Some("clsact".to_owned()),
            ingress: filters.concat(),
            egress: Vec::new(),
        }
    }

    fn state(ports: Vec<(&str, Hooks)>) -> State {
        let ports = ports.into_iter();
        State(
            ports
                .map(|(port, hooks)| (port.to_owned(), hooks))
                .collect(),
        )
    }

    fn plan(now: &State, then: &State, goal: Goal<'_>) -> String {
        let steps = Tc::new("br0", "mir0").plan(now, then, goal);
        steps.iter().map(|lines| lines.0.join("\n")).collect()
    }

    fn names(ports: &[&str]) -> BTreeSet<String> {
        ports.iter().map(|&port| port.to_owned()).collect()
    }

    #[test]
    fn hooks_are_added_where_there_are_none_and_the_first_free_place_is_used() {
        let now = state(vec![
            ("p1", Hooks::default()),
            ("p2", hooks(vec![filter(1, "elsewhere", false)])),
        ]);
        insta::assert_snapshot!(plan(&now, &now, Goal::Sources(&names(&["p1", "p2"]))), @r"
        qdisc add dev p1 clsact
        filter add dev p1 ingress pref 1 protocol all matchall action mirred egress mirror dev mir0 continue cookie 68616c667370616e
        filter add dev p2 ingress pref 2 protocol all matchall action mirred egress mirror dev mir0 continue cookie 68616c667370616e
        ");
    }

    #[test]
    fn only_what_differs_is_changed() {
        let now = state(vec![
            ("p1", hooks(vec![filter(1, "mir0", true)])),
            ("p2", hooks(vec![filter(1, "mir0", true)])),
            ("p3", hooks(vec![])),
        ]);
        insta::assert_snapshot!(plan(&now, &now, Goal::Sources(&names(&["p2", "p3"]))), @r"
        filter del dev p1 ingress pref 1
        filter add dev p3 ingress pref 1 protocol all matchall action mirred egress mirror dev mir0 continue cookie 68616c667370616e
        ");
        assert_eq!(plan(&now, &now, Goal::Sources(&names(&["p1", "p2"]))), "");
    }

    #[test]
    fn putting_back_takes_away_our_filters_and_our_hooks_and_nothing_else() {
        let then = state(vec![
            ("p1", Hooks::default()),
            ("p2", hooks(vec![filter(1, "elsewhere", false)])),
            ("p3", Hooks::default()),
        ]);
        let now = state(vec![
            ("p1", hooks(vec![filter(1, "mir0", true)])),
            (
                "p2",
                hooks(vec![filter(1, "elsewhere", false), filter(2, "mir0", true)]),
            ),
            // Somebody has put a filter of their own on the hooks that we have added.
            (
                "p3",
                hooks(vec![filter(1, "mir0", true), filter(9, "theirs", false)]),
            ),
        ]);
        insta::assert_snapshot!(plan(&now, &then, Goal::AsBefore), @r"
        filter del dev p1 ingress pref 1
        filter del dev p2 ingress pref 2
        filter del dev p3 ingress pref 1
        qdisc del dev p1 clsact
        ");
        assert_eq!(plan(&then, &then, Goal::AsBefore), "");
    }

    #[test]
    fn what_a_run_has_left_is_named() {
        let then = state(vec![("p1", Hooks::default())]);
        let now = state(vec![("p1", hooks(vec![filter(1, "mir0", true)]))]);
        assert_eq!(
            Tc::new("br0", "mir0").differences(&now, &then),
            [
                "p1 is still copied to mir0",
                "p1 still has the qdisc clsact that the run has added"
            ]
        );
    }

    #[test]
    fn a_port_that_is_gone_is_no_difference() {
        let then = state(vec![("p1", hooks(vec![]))]);
        assert!(
            Tc::new("br0", "mir0")
                .differences(&state(vec![]), &then)
                .is_empty()
        );
    }

    #[test]
    fn mirrors_are_told_apart_by_destination_and_owner() {
        let mut p1 = hooks(vec![filter(1, "mir0", true), filter(2, "probe", false)]);
        p1.egress = filter(1, "probe", false);
        let shown = Tc::new("br0", "mir0").shown(&state(vec![("p1", p1)]));
        let told: Vec<_> = shown
            .iter()
            .map(|mirror| {
                (
                    mirror.ours,
                    mirror.destination.as_deref(),
                    mirror.sources["p1"],
                )
            })
            .collect();
        assert_eq!(
            told,
            [
                (false, Some("probe"), Direction::Both),
                (true, Some("mir0"), Direction::Ingress)
            ]
        );
    }
}
