//! How a switch is told over HTTP: requests as templates, and where in the answers the mirror stands.
//!
//! A switch's mirror is a set of *entries*: a session's document, a line of the configuration, a port's setting. What is
//! read is what is kept before a run; a change, and putting back, are the requests between two sets of entries.

mod template;

pub use template::{
    GAPS, Reading, Scope, Template, Unfilled, escaped, fill_text, gaps_of, read_text, unescaped,
};

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value as Json};

use super::Direction;

/// The `http` section of a profile.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// The TCP port, where it is not the usual one; the credential's `port` goes first.
    pub port: Option<u16>,
    /// Headers of every request. One with {token} is left out as long as there is none.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// How to log in; absent where every request carries user and password, or a token.
    pub login: Option<Login>,
    /// Where a successful answer says that the switch refused all the same: JSON pointers to its message.
    #[serde(default)]
    pub refused_at: Vec<String>,
    /// Texts that stand in a successful answer only where the switch refused all the same: `<rpc-error`.
    #[serde(default)]
    pub refused_texts: Vec<String>,
    /// The gaps of its own that the configuration fills, under `with`: the site and the device of a controller.
    #[serde(default)]
    pub given: Vec<String>,
    /// Other beginnings of port names than those of `ifName`: `{ Gi: GigabitEthernet }`.
    #[serde(default)]
    pub names: BTreeMap<String, String>,
    /// The word that stands for "no port".
    pub no_port: Option<String>,
    /// Where the ports stand, for a switch that is not asked over SNMP.
    pub ports: Option<PortsAt>,
    /// What is sent before the requests of a change.
    #[serde(default)]
    pub before: Vec<Step>,
    /// What is sent after them: commit, apply. Never a request that saves for the next start.
    #[serde(default)]
    pub after: Vec<Step>,
    /// The request that carries commands, as ["{commands}"].
    pub send: Option<Request>,
    /// The kinds of entries, in the order in which they are made.
    pub entries: Vec<Entry>,
}

/// Logging in: the answer's cookies, and what `take` finds, open the requests after it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The request, with {user} and {password}.
    pub request: Request,
    /// What the answer looks like, with {token} where the token stands; absent where cookies do.
    pub take: Option<Template>,
    /// Where else the token comes from: `{ cookie: NAME }` or `{ header: NAME }` of the answer.
    pub token_in: Option<TokenIn>,
    /// What the answer to a login shows that was granted, where a status of success does not say it.
    pub granted: Option<Sign>,
    /// What an answer with a status of success says where the login is no longer good. 401 and 403 always mean that.
    pub expired: Option<Sign>,
    /// The request that ends the session.
    pub logout: Option<Request>,
}

/// Where the token of a login comes from, if not from the answer's body.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TokenIn {
    /// From the cookie of this name; quotes around it are no part of it.
    Cookie(String),
    /// From the header of this name.
    Header(String),
}

/// A member of a document that has a certain value.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// Where it stands, a JSON pointer (RFC 6901).
    pub at: String,
    /// What stands there; anything, if absent.
    pub is: Option<Json>,
}

impl Sign {
    /// Tells whether a document shows it.
    #[must_use]
    pub fn shows(&self, document: &Json) -> bool {
        let found = document.pointer(&self.at);
        found.is_some_and(|found| self.is.as_ref().is_none_or(|is| is == found))
    }
}

/// One HTTP request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// GET, POST, PUT, PATCH or DELETE.
    pub method: Method,
    /// Path and query, with gaps.
    pub path: String,
    /// What is sent along.
    pub body: Option<Template>,
    /// How the body is written.
    #[serde(default)]
    pub encoding: Encoding,
    /// How the answer is written.
    #[serde(default)]
    pub answer: AnswerAs,
}

/// How an answer is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerAs {
    /// As JSON.
    #[default]
    Json,
    /// As a web page; what its scripts set is read as the members of one document: `var MirrPort = 8;`.
    Script,
    /// As text, the whole of which is the document.
    Text,
}

/// The method of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
#[expect(
    missing_docs,
    reason = "the names are those of RFC 9110 §9 and RFC 5789"
)]
pub enum Method {
    #[default]
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The word for it on the wire.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// How a body is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// As JSON.
    #[default]
    Json,
    /// As a form; a member that is no text is written as JSON.
    Form,
    /// As XML: the items of a list, one a line. What stands for {commands} has its `<`, `>` and `&` escaped.
    Xml,
}

/// A request around the changes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// What is sent.
    pub request: Request,
    /// What the answer looks like, with gaps of your own that later requests may use.
    pub take: Option<Template>,
    /// What the answer shows when it is done; until then it is asked again, for at most 30 s.
    pub until: Option<Sign>,
}

/// Where the ports stand.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PortsAt {
    /// The request that reads them.
    pub read: Request,
    /// Where the list or map of ports is, a JSON pointer.
    #[serde(default)]
    pub at: String,
    /// Where a port's name stands in it; absent where the names are the members of a map.
    pub name: Option<String>,
    /// What the names of ports look like, with {n} for their number on the panel; others are no ports.
    pub named: Option<String>,
    /// What a port shows whose link is up.
    pub up: Option<Sign>,
    /// What one shows whose link is down, where `up` has no word for itself.
    pub down: Option<Sign>,
    /// Where the number of ports stands, a JSON pointer; then they lie as lists side by side.
    pub count: Option<String>,
    /// Where a port's description stands in it.
    pub alias: Option<String>,
}

/// A kind of entries.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What it is called here.
    pub name: String,
    /// Whether there is one for the session or one for each source.
    #[serde(rename = "for")]
    pub each: For,
    /// The request that reads them.
    pub read: Request,
    /// Where in the answer they are, a JSON pointer.
    #[serde(default)]
    pub at: String,
    /// How they lie there.
    pub lie: Lie,
    /// What the key of such an entry looks like; others are none of ours and not kept.
    pub key: Option<String>,
    /// Where the key stands in an item, a JSON pointer.
    pub key_at: Option<String>,
    /// Where the value stands in an item, a JSON pointer; the item itself, if absent.
    pub value_at: Option<String>,
    /// The members that are kept, compared and put back; all, if absent.
    #[serde(default)]
    pub keep: Vec<String>,
    /// Members, at any depth, that the switch adds by itself and that are not kept.
    #[serde(default)]
    pub ignore: Vec<String>,
    /// Kept members that only say what it is, and are never sent.
    #[serde(default)]
    pub never_sent: Vec<String>,
    /// What it is like while it mirrors.
    pub value: Option<Template>,
    /// What it is like while it does not, for entries that are always there.
    pub idle: Option<Template>,
    /// Other forms in which the switch may show one that somebody else has made.
    #[serde(default)]
    pub also: Vec<Also>,
    /// The words for ingress, egress and both, where {direction} stands.
    #[serde(default)]
    pub directions: BTreeMap<String, String>,
    /// What is copied, where no {direction} says it.
    pub direction: Option<Direction>,
    /// What one shows that copies; absent where all do.
    pub active: Option<Sign>,
    /// The requests that make one.
    #[serde(default)]
    pub create: Vec<Request>,
    /// The requests that change one.
    #[serde(default)]
    pub replace: Vec<Request>,
    /// The requests that bring one to `idle`, where they are others than those of `replace`.
    #[serde(default)]
    pub clear: Vec<Request>,
    /// The request that brings all of them at once, as ["{entries}"], where single ones cannot be changed.
    pub put_all: Option<Request>,
    /// The requests that remove one.
    #[serde(default)]
    pub delete: Vec<Request>,
    /// The commands that make one.
    #[serde(default)]
    pub add: Vec<Template>,
    /// The commands that remove one.
    #[serde(default)]
    pub remove: Vec<Template>,
}

/// What an entry is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum For {
    /// The mirror session, or a part of it that is there once.
    Session,
    /// One source port.
    Source,
    /// The destination port alone, of entries that are there for every port.
    Destination,
    /// Somebody else's: it is shown and compared, and never changed.
    Other,
}

/// How entries lie in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lie {
    /// As the members of a map; the member's name is the key.
    Members,
    /// As the items of a list.
    Items,
    /// As lists side by side, which are the members of an object; the place in them, counted from 1, is the key, and
    /// what stands there in each list a member of the value.
    Columns,
    /// The document itself is the only one.
    Whole,
    /// As the lines of a text, what is indented being below the line before it.
    Lines,
    /// As the leaves of a tree: `eth1 mirror ingress eth7`.
    Leaves,
}

/// Another form of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Also {
    /// The key.
    pub key: Option<String>,
    /// The value.
    pub value: Option<Template>,
    /// What it copies.
    pub direction: Option<Direction>,
}

/// Turns lists side by side into one document for each place in them; the longest list counts.
#[must_use]
pub fn columns(lists: &Map<String, Json>) -> Vec<Json> {
    let mut rows: Vec<Map<String, Json>> = Vec::new();
    for (name, list) in lists {
        for (place, value) in list.as_array().into_iter().flatten().enumerate() {
            if rows.len() <= place {
                rows.push(Map::new());
            }
            if let Some(row) = rows.get_mut(place) {
                row.insert(name.clone(), value.clone());
            }
        }
    }
    rows.into_iter().map(Json::Object).collect()
}

impl Http {
    /// Tells whether sessions have a number or a name.
    #[must_use]
    pub fn has_sessions(&self) -> bool {
        self.mentions("session")
    }

    /// Tells whether any entry has this gap.
    #[must_use]
    pub fn mentions(&self, gap: &str) -> bool {
        self.entries.iter().any(|entry| entry.mentions(gap))
    }

    /// Tells whether a switch can copy what a port receives alone.
    #[must_use]
    pub fn copies_ingress_alone(&self) -> bool {
        self.entries.iter().any(|entry| {
            entry.direction == Some(Direction::Ingress)
                || entry.directions.contains_key(Direction::Ingress.word())
        })
    }

    /// Every request that may be sent to change something.
    pub fn writes(&self) -> impl Iterator<Item = &Request> {
        let steps = self.before.iter().chain(&self.after);
        let entries = self.entries.iter().flat_map(Entry::writes);
        steps
            .map(|step| &step.request)
            .chain(&self.send)
            .chain(entries)
    }

    /// Every command that may be sent.
    pub fn commands(&self) -> impl Iterator<Item = &Template> {
        let entries = self.entries.iter();
        entries.flat_map(|entry| entry.add.iter().chain(&entry.remove))
    }
}

impl Entry {
    /// Tells whether the entry's key or value has this gap.
    #[must_use]
    pub fn mentions(&self, gap: &str) -> bool {
        let key = self.key.as_deref().map(gaps_of).unwrap_or_default();
        let value = self.value.as_ref().map(Template::gaps).unwrap_or_default();
        key.contains(&gap) || value.contains(&gap)
    }

    /// Tells whether sources stand in the entry's key or value.
    #[must_use]
    pub fn mentions_sources(&self) -> bool {
        self.mentions("source") || self.mentions("sources")
    }

    /// Tells whether such entries are made and removed, or always there.
    #[must_use]
    pub fn is_made(&self) -> bool {
        !self.create.is_empty() || !self.add.is_empty() || self.put_all.is_some()
    }

    /// The requests that change one.
    pub fn writes(&self) -> impl Iterator<Item = &Request> {
        let changes = self.replace.iter().chain(&self.clear);
        let single = self.create.iter().chain(changes).chain(&self.delete);
        single.chain(&self.put_all)
    }

    /// What of a value counts. A setting that says itself that it does not copy has nothing more to say than `idle`
    /// has: what stands beside that is left over.
    #[must_use]
    pub fn meant(&self, mut value: Json) -> Json {
        if let (Some(active), Some(Template(Json::Object(idle)))) = (&self.active, &self.idle)
            && !active.shows(&value)
            && let Json::Object(members) = &mut value
        {
            members.retain(|member, _| idle.contains_key(member));
        }
        value
    }

    /// What a key says, and what is copied by its form.
    #[must_use]
    pub fn read_key(&self, key: &str) -> Option<(BTreeMap<String, String>, Option<Direction>)> {
        let Some(own) = &self.key else {
            return Some((BTreeMap::new(), self.direction));
        };
        let others = self.also.iter().filter_map(|also| {
            let texts = read_text(also.key.as_deref()?, key)?;
            Some((texts, also.direction))
        });
        let own = read_text(own, key).map(|texts| (texts, self.direction));
        own.into_iter().chain(others).next()
    }

    /// Returns the direction that a word stands for.
    #[must_use]
    pub fn direction_of(&self, word: &str) -> Option<Direction> {
        let all = [Direction::Ingress, Direction::Egress, Direction::Both];
        all.into_iter().find(|direction| {
            self.directions
                .get(direction.word())
                .is_some_and(|w| w == word)
        })
    }
}
