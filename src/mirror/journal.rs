//! The journal: the mirror state from before a run, on disk before the first write, deleted once it is back.
//!
//! It holds all that putting back needs, the profile included, and no secret. A file is written beside its
//! place, synced and renamed, so that it is either whole or not there.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::profile::{self, Direction};
use crate::snmp::Oid;

use super::MirrorError;
use super::agent::Agents;
use super::controls::{Controls, Goal};
use super::direct::{self, Device};
use super::driver::Task;
use super::lock::SwitchLock;
use super::state::State;

/// The format's name and version.
const SCHEMA: &str = "halfspan.journal/1";
/// No journal is larger: 480 ports take about 200 KiB.
const MAX_OCTETS: u64 = 16 * 1024 * 1024;

/// What a switch was like before a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    schema: String,
    /// The switch's name in the configuration.
    pub switch: String,
    /// What was changed, by its address: `office-1 (10.78.0.2)`. The switch's name may come to stand for another one.
    pub agent: String,
    /// When it was written.
    pub written: jiff::Timestamp,
    /// The process that wrote it.
    pub pid: u32,
    /// The profile's name.
    pub profile: String,
    /// The profile's YAML as it was then: a changed file must not change what putting back does.
    profile_text: String,
    /// What putting back needs.
    #[serde(flatten)]
    kept: Kept,
}

/// What was kept of a switch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Kept {
    /// The mirror objects of a switch that is told by SNMP.
    Objects {
        /// What the profile's relative OIDs are below.
        base: Option<Oid>,
        /// The number of the destination port.
        destination: u32,
        /// What the switch calls it, where it goes by names.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        called: Option<String>,
        /// The mirror session that was used, on switches that number them.
        session: Option<u32>,
        /// The state.
        state: State,
        /// An instance of each object that has taken a write and that the run could not read.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unseen: Vec<Oid>,
    },
    /// The state of one that is told in another way, in that way's own terms.
    Direct {
        /// The name of the destination port.
        destination: String,
        /// The state.
        state: serde_json::Value,
    },
}

/// How a switch is reached that is to be put back.
pub enum Way {
    /// By its SNMP agent or its web interface.
    Agents(Agents),
    /// Without either.
    Direct(Device),
}

impl Way {
    /// Returns what it leads to, by its address.
    fn device(&self) -> String {
        match self {
            Way::Agents(agents) => agents.device(),
            Way::Direct(device) => device.agent(),
        }
    }

    /// Tells whether it leads to what a journal names.
    fn leads_to(&self, device: &str) -> bool {
        match self {
            Way::Agents(agents) => agents.lead_to(device),
            Way::Direct(direct) => direct.agent() == device,
        }
    }
}

impl Journal {
    /// Notes a state.
    pub(super) fn new(switch: &str, agent: &str, profile: &profile::Profile, kept: Kept) -> Self {
        Journal {
            schema: SCHEMA.to_owned(),
            switch: switch.to_owned(),
            agent: agent.to_owned(),
            written: jiff::Timestamp::now(),
            pid: std::process::id(),
            profile: profile.name.clone(),
            profile_text: profile.text.clone(),
            kept,
        }
    }

    /// Returns the profile as it was then.
    ///
    /// # Errors
    /// [`MirrorError::DamagedJournal`]; `folder` is where the journal is.
    pub fn profile(&self, folder: &Path) -> Result<profile::Profile, MirrorError> {
        profile::parse(&self.profile_text, &self.profile)
            .map_err(|error| self.damaged(folder, error.to_string()))
    }

    /// Says that it makes no sense.
    pub(super) fn damaged(&self, folder: &Path, what: String) -> MirrorError {
        MirrorError::DamagedJournal {
            path: journal_path(folder, &self.switch),
            what,
        }
    }

    /// Puts the journal on disk, file and folder synced.
    pub(super) fn write(&self, folder: &Path) -> Result<(), MirrorError> {
        let path = folder.join(file_name(&self.switch, "json"));
        let beside = folder.join(file_name(&self.switch, "json.new"));
        let put = || {
            fs::create_dir_all(folder)?;
            let text = serde_json::to_vec_pretty(self)?;
            let mut file = File::create(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, &path)?;
            File::open(folder)?.sync_all()
        };
        put().map_err(|source| MirrorError::Journal {
            path: path.clone(),
            doing: "written",
            source,
        })
    }
}

/// Returns the file name for a switch; what is unusual in its name is written as `%XX`.
pub(super) fn file_name(switch: &str, suffix: &str) -> String {
    let mut name = String::new();
    for octet in switch.bytes() {
        if octet.is_ascii_alphanumeric() || octet == b'-' || octet == b'_' {
            name.push(char::from(octet));
        } else {
            name.push_str(&format!("%{octet:02X}"));
        }
    }
    format!("{name}.{suffix}")
}

/// Returns the journals of all switches that an interrupted run left changed, by switch. A damaged one is an
/// error in its place, so that the others can still be put back.
///
/// # Errors
/// [`MirrorError::Journal`], if the folder is there but cannot be read.
pub fn pending(folder: &Path) -> Result<Vec<Result<Journal, MirrorError>>, MirrorError> {
    let failed = |source| MirrorError::Journal {
        path: folder.to_owned(),
        doing: "read",
        source,
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|suffix| suffix == "json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths.iter().map(|path| read(path)).collect())
}

/// Returns the journal of one switch, if an interrupted run left it changed.
///
/// # Errors
/// [`MirrorError::Journal`] or [`MirrorError::DamagedJournal`]
pub fn load(folder: &Path, switch: &str) -> Result<Option<Journal>, MirrorError> {
    let path = folder.join(file_name(switch, "json"));
    if !path.exists() {
        return Ok(None);
    }
    read(&path).map(Some)
}

fn read(path: &Path) -> Result<Journal, MirrorError> {
    let mut text = Vec::new();
    let file = File::open(path).and_then(|file| file.take(MAX_OCTETS).read_to_end(&mut text));
    file.map_err(|source| MirrorError::Journal {
        path: path.to_owned(),
        doing: "read",
        source,
    })?;
    let damaged = |what: String| MirrorError::DamagedJournal {
        path: path.to_owned(),
        what,
    };
    let journal: Journal =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if journal.schema != SCHEMA {
        return Err(damaged(format!(
            "it is `{}`, not `{SCHEMA}`",
            journal.schema
        )));
    }
    if path.file_name() != Some(file_name(&journal.switch, "json").as_ref()) {
        return Err(damaged(format!(
            "it is for `{}`, and not named so",
            journal.switch
        )));
    }
    Ok(journal)
}

/// Deletes the journal of a switch that is as it was.
pub(super) fn delete(folder: &Path, switch: &str) -> Result<(), MirrorError> {
    let path = folder.join(file_name(switch, "json"));
    let gone = match fs::remove_file(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(()) => File::open(folder).and_then(|folder| folder.sync_all()),
    };
    gone.map_err(|source| MirrorError::Journal {
        path,
        doing: "deleted",
        source,
    })
}

/// Puts a switch back as the journal says, reads it back, compares, and deletes the journal.
///
/// It does not matter when the run was interrupted: before its first write, in the middle of one, or while it
/// was putting back itself. If the switch was put back since `journal` was read, there is nothing to do.
///
/// # Errors
/// [`MirrorError`]; the journal then stays. [`MirrorError::OtherWay`], if the way leads to another device than the one
/// that was changed.
pub fn repair(
    journal: &Journal,
    folder: &Path,
    way: Way,
    clock: Rc<dyn Clock>,
) -> Result<(), MirrorError> {
    let _lock = SwitchLock::take(folder, &journal.switch)?;
    // Whoever held the lock before may have put the switch back, and changed it anew.
    let Some(journal) = &load(folder, &journal.switch)? else {
        return Ok(());
    };
    let other_way = |found: String| MirrorError::OtherWay {
        switch: journal.switch.clone(),
        left: journal.agent.clone(),
        found,
        path: journal_path(folder, &journal.switch),
    };
    if !way.leads_to(&journal.agent) {
        return Err(other_way(way.device()));
    }
    let profile = journal.profile(folder)?;
    match (&journal.kept, way) {
        (
            Kept::Objects {
                base,
                destination,
                called,
                session,
                state,
                unseen,
            },
            Way::Agents(agents),
        ) => {
            let task = Task {
                destination: *destination,
                session: *session,
                copies: Direction::Ingress,
            };
            let base = base.as_ref();
            let mut controls =
                Controls::new(&journal.switch, &profile, base, (task, None), agents, clock)?;
            if let Some(name) = called {
                controls.call_destination(name);
            }
            controls.recall(unseen);
            put_back(&mut controls, state, folder)?;
        }
        (Kept::Direct { destination, state }, Way::Direct(device)) => {
            let kept = (destination.as_str(), state);
            direct::repair(journal, folder, kept, device, &profile, clock)?;
        }
        (Kept::Objects { .. }, way @ Way::Direct(_))
        | (Kept::Direct { .. }, way @ Way::Agents(_)) => return Err(other_way(way.device())),
    }
    delete(folder, &journal.switch)
}

fn journal_path(folder: &Path, switch: &str) -> PathBuf {
    folder.join(file_name(switch, "json"))
}

/// Brings the switch to a state from before, reads it back and compares; `folder` is where the journal is.
pub(super) fn put_back(
    controls: &mut Controls,
    then: &State,
    folder: &Path,
) -> Result<(), MirrorError> {
    let reached = controls.reach(Goal::AsBefore, then)?;
    if reached.done {
        let hidden = controls.hidden();
        if hidden.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = hidden
            .iter()
            .map(|oid| controls.objects.name(oid))
            .collect();
        return Err(MirrorError::NotShown {
            switch: controls.switch.clone(),
            objects: few(&names),
            path: journal_path(folder, &controls.switch),
        });
    }
    let difference = match &reached.now {
        None => "it cannot be reached".to_owned(),
        Some(now) => few(&controls.differences(now, then)),
    };
    Err(MirrorError::NotRestored {
        switch: controls.switch.clone(),
        difference,
        source: reached.trouble,
    })
}

/// Joins the first few of many sentences.
fn few(all: &[String]) -> String {
    const SHOWN: usize = 3;
    let mut text = all
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if all.len() > SHOWN {
        text.push_str(&format!(", and {} more", all.len() - SHOWN));
    }
    text
}
