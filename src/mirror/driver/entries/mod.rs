//! Switches that are told over HTTP (J, K, L and M): the mirror is a set of entries, and a change is what lies between
//! the entries that are there and those that are wanted.
//!
//! Putting back needs no knowledge of what an entry means: the entries from before are wanted again.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value as Json;

use crate::port::PortTable;
use crate::profile::http::{Entry, For, Http, Reading, Request, Scope, Sign, Template, fill_text};
use crate::profile::{Numbering, Profile};

use super::{Seen, Situation, Task};
use crate::mirror::state::{EntryMap, State};

mod calls;
mod goal;
mod reading;
mod showing;

pub(crate) use reading::{ask, found_in, read};

/// One request that changes the switch, or belongs to a change.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) request: Request,
    /// What fills its gaps, apart from secrets and what answers to earlier requests bring.
    pub(crate) scope: Scope,
    /// What its answer brings for later requests.
    pub(crate) take: Option<Template>,
    /// What its answer shows when it is done.
    pub(crate) until: Option<Sign>,
}

impl fmt::Display for Call {
    /// Writes the commands, or method, path and body; what is a secret or not known yet stays a gap.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { request, scope, .. } = self;
        if !scope.commands.is_empty() {
            let text = |command: &Json| {
                command
                    .as_str()
                    .map_or_else(|| command.to_string(), str::to_owned)
            };
            let commands: Vec<String> = scope.commands.iter().map(text).collect();
            return f.write_str(&commands.join(", "));
        }
        let path = fill_text(&request.path, scope).unwrap_or_else(|_| request.path.clone());
        write!(f, "{} {path}", request.method.word())?;
        match &request.body {
            Some(body) => write!(
                f,
                " {}",
                body.fill(scope).unwrap_or_else(|_| body.0.clone())
            ),
            None => Ok(()),
        }
    }
}

/// How the switch calls its ports.
#[derive(Clone, Debug, Default)]
struct Names {
    by_number: BTreeMap<u32, String>,
    by_name: BTreeMap<String, u32>,
}

impl Names {
    fn new(http: &Http, numbering: &Numbering, ports: &PortTable) -> Names {
        let mut names = Names::default();
        for port in ports.iter() {
            let number = u32::from(port.id.0);
            let name = match numbering {
                Numbering::Text(text) => text.replace("{n}", &number.to_string()),
                Numbering::IfIndex
                | Numbering::BridgePort
                | Numbering::Position
                | Numbering::FromZero
                | Numbering::IfName => written_out(http, &port.if_name),
            };
            names.by_name.insert(name.clone(), number);
            names.by_number.insert(number, name);
        }
        names
    }
}

/// Writes a name's beginning as the switch's web interface does.
fn written_out(http: &Http, name: &str) -> String {
    let long = http.names.iter().find_map(|(short, long)| {
        let rest = name.strip_prefix(short.as_str())?;
        let at_number = rest.starts_with(|letter: char| letter.is_ascii_digit());
        at_number.then(|| format!("{long}{rest}"))
    });
    long.unwrap_or_else(|| name.to_owned())
}

/// Drives entries.
#[derive(Clone, Debug)]
pub(crate) struct Entries {
    pub(crate) http: Http,
    names: Names,
    task: Task,
}

impl Entries {
    /// Makes the driver. Without a port table it can only put back.
    pub(crate) fn new(
        http: &Http,
        profile: &Profile,
        ports: Option<&PortTable>,
        task: Task,
    ) -> Self {
        let names = ports.map(|ports| Names::new(http, &profile.numbering, ports));
        Entries {
            http: http.clone(),
            names: names.unwrap_or_default(),
            task,
        }
    }

    /// Notes what the switch calls our destination port, where there is no port table.
    pub(crate) fn call_destination(&mut self, name: &str) {
        let number = self.task.destination;
        self.names.by_number.insert(number, name.to_owned());
    }

    /// Goes on with another task.
    pub(crate) fn use_task(&mut self, task: Task) {
        self.task = task;
    }

    /// Returns the kinds of entries that are always there and of which a state holds none.
    pub(crate) fn missing(&self, state: &State) -> Vec<&str> {
        let always_there = |entry: &&Entry| !entry.is_made() && entry.each != For::Other;
        let kinds = self.http.entries.iter().filter(always_there);
        kinds
            .filter(|entry| of_kind(entry, &state.entries).next().is_none())
            .map(|entry| entry.name.as_str())
            .collect()
    }

    /// Reads which mirrors there are.
    pub(crate) fn seen(&self, state: &State) -> Vec<Seen> {
        showing::seen(self, state)
    }

    /// Returns the requests after which exactly these ports are mirrored to our destination.
    pub(crate) fn plan(&self, situation: Situation<'_>, wanted: &BTreeSet<u32>) -> Vec<Call> {
        let goal = goal::goal(self, situation, wanted);
        calls::between(
            &self.http,
            &self.scope(),
            &situation.now.entries,
            &goal,
            situation.attempt,
        )
    }

    /// Returns the requests after which everything is as before the run.
    pub(crate) fn plan_restore(&self, situation: Situation<'_>) -> Vec<Call> {
        let (now, then) = (&situation.now.entries, &situation.then.entries);
        let mut goal = then.clone();
        goal.extend(self.of_others(now, then));
        calls::between(&self.http, &self.scope(), now, &goal, situation.attempt)
    }

    /// Says what differs from the state before the run.
    pub(crate) fn differences(&self, now: &State, then: &State) -> Vec<String> {
        let (now, then) = (&now.entries, &then.entries);
        let changed = then.iter().filter_map(|(id, value)| match now.get(id) {
            None => Some(format!("`{id}` is gone")),
            Some(found) if found != value => Some(format!("`{id}` is {found}, not {value}")),
            Some(_) => None,
        });
        let others = self.of_others(now, then);
        let more = now
            .keys()
            .filter(|id| !then.contains_key(*id) && !others.contains_key(*id));
        changed
            .chain(more.map(|id| format!("`{id}` is new")))
            .collect()
    }

    /// Tells whether a request is one of the profile's, with commands of the profile's and for entries of its kinds.
    pub(crate) fn allows(&self, call: &Call) -> bool {
        let declared = self.http.writes().any(|request| *request == call.request);
        let commands = call.scope.commands.iter();
        let known = |command| self.http.commands().any(|template| template.makes(command));
        let key = call.scope.texts.get("key");
        let is_kind = |key: &String| self.http.entries.iter().any(|e| e.read_key(key).is_some());
        declared && commands.into_iter().all(known) && key.is_none_or(is_kind)
    }

    /// The entries that somebody else has made since the run began.
    fn of_others(&self, now: &EntryMap, then: &EntryMap) -> EntryMap {
        let mut others = EntryMap::new();
        for entry in &self.http.entries {
            for (key, value) in of_kind(entry, now) {
                let ours = entry.each != For::Other && self.is_ours(entry, key, value);
                let id = id(entry, key);
                if !ours && !then.contains_key(&id) {
                    others.insert(id, value.clone());
                }
            }
        }
        others
    }

    /// Tells whether an entry belongs to our session or, where there are no sessions, to our destination. What says
    /// neither may be ours, and what names its destination may be while nobody knows what ours is called.
    fn is_ours(&self, entry: &Entry, key: &str, value: &Json) -> bool {
        let read = entry
            .read_key(key)
            .map(|(texts, _)| texts)
            .unwrap_or_default();
        let value = entry.value.as_ref().map(|template| template.read(value));
        let Reading { mut texts, .. } = value.unwrap_or_default();
        texts.extend(read);
        if texts.contains_key("other") {
            return false;
        }
        let same = |gap: &str, ours: &String| texts.get(gap).map(|text| text == ours);
        self.session()
            .and_then(|session| same("session", &session))
            .or_else(|| same("destination", self.destination()?))
            .unwrap_or(true)
    }

    fn session(&self) -> Option<String> {
        self.http
            .has_sessions()
            .then(|| self.task.session.unwrap_or(1).to_string())
    }

    /// What the switch calls our destination port.
    pub(crate) fn destination(&self) -> Option<&String> {
        self.names.by_number.get(&self.task.destination)
    }

    /// What fills the gaps of every entry of ours.
    fn scope(&self) -> Scope {
        let mut scope = Scope::default();
        if let Some(session) = self.session() {
            scope = scope.with("session", session);
        }
        if let Some(destination) = self.destination() {
            scope = scope.with("destination", destination);
        }
        scope
    }
}

/// Writes which entry of which kind.
fn id(entry: &Entry, key: &str) -> String {
    format!("{} {key}", entry.name)
}

/// The entries of one kind: key and value.
pub(crate) fn of_kind<'a>(
    entry: &'a Entry,
    entries: &'a EntryMap,
) -> impl Iterator<Item = (&'a str, &'a Json)> {
    entries.iter().filter_map(|(id, value)| {
        let (kind, key) = id.split_once(' ')?;
        (kind == entry.name).then_some((key, value))
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::profile::{self, Direction};

    /// A driver as it is after a crash: without a port table.
    fn driver(profile: &str, session: Option<u32>) -> Entries {
        let profile = profile::load(profile, Path::new("/nonexistent")).unwrap();
        let task = Task {
            destination: 24,
            session,
            copies: Direction::Ingress,
        };
        Entries::new(profile.http.as_ref().unwrap(), &profile, None, task)
    }

    /// What is sent, and what differs, where there was nothing before.
    fn restore(driver: &Entries, keys: &[&str]) -> (Vec<String>, Vec<String>) {
        let mut now = State::default();
        for key in keys {
            now.entries.insert((*key).to_owned(), Json::Null);
        }
        let then = State::default();
        let situation = Situation {
            now: &now,
            then: &then,
            attempt: 1,
        };
        let calls = driver.plan_restore(situation);
        let sent = calls.iter().map(ToString::to_string).collect();
        (sent, driver.differences(&now, &then))
    }

    #[test]
    fn a_session_of_others_that_came_up_since_is_not_put_back() {
        let ours = "source monitor session 1 source Ethernet3 rx";
        let theirs = "source monitor session 2 source Ethernet3 rx";
        assert_eq!(
            restore(&driver("arista-eos", Some(1)), &[ours, theirs]),
            (
                vec!["no monitor session 1 source Ethernet3 rx".to_owned()],
                vec![format!("`{ours}` is new")]
            )
        );
    }

    #[test]
    fn settings_that_are_always_there_are_missed_and_rules_that_are_made_are_not() {
        let driver = driver("mikrotik-rule", None);
        let mut state = State::default();
        assert_eq!(driver.missing(&state), ["target"]);
        let value = serde_json::json!({"mirror-target": "none"});
        state.entries.insert("target *1".to_owned(), value);
        assert!(driver.missing(&state).is_empty());
    }

    #[test]
    fn without_sessions_the_destinations_name_tells_and_where_it_is_not_known_all_may_be_ours() {
        let keys = [
            "mirror eth1 mirror ingress eth7",
            "mirror eth2 mirror ingress eth8",
        ];
        let mut driver = driver("vyos", None);
        assert_eq!(restore(&driver, &keys).1.len(), 2);
        driver.call_destination("eth7");
        let (sent, differences) = restore(&driver, &keys);
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert_eq!(differences, ["`mirror eth1 mirror ingress eth7` is new"]);
    }
}
