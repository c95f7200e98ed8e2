//! The report of a run: the document `halfspan.locate/1` of `locate --json`.
//!
//! Other people's scripts rest on it: fields are added, never renamed or removed within a major number.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Serialize;

use crate::identify::Guess;
use crate::mac::Mac;

/// The schema's name and version.
pub const LOCATE_SCHEMA: &str = "halfspan.locate/1";

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The port is known.
    Located,
    /// The suspect was never heard on any mirrored port.
    NotSeen,
    /// Time ran out; [`Report::candidates`] holds a shortlist.
    Undecided,
    /// The suspect is behind a router: its frames carry the router's MAC.
    BeyondRouter,
    /// The port leads to a wireless access point.
    AccessPoint,
    /// The port leads to a host of virtual machines.
    VirtualHost,
    /// The suspect is heard from several ports.
    SeveralPlaces,
    /// A safety rule forbade the run.
    Refused,
    /// The run broke off with an error.
    Failed,
}

/// The document that `locate --json` prints.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Always [`LOCATE_SCHEMA`].
    pub schema: &'static str,
    /// How the run ended.
    pub outcome: Outcome,
    /// Who was looked for.
    pub suspect: SuspectReport,
    /// The switch of the port, by its name in the configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub switch: Option<String>,
    /// The port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<PortReport>,
    /// Where the port's cable ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<PatchReport>,
    /// The belief in the port, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
    /// The off/on proof.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// The switches on the way, from the first one asked to the one of the port.
    pub path: Vec<Hop>,
    /// Where several ports remain, with the belief in each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<CandidateReport>,
    /// Other machines seen behind the port.
    pub other_macs_on_port: Vec<Mac>,
    /// What stands between the port and the suspect: "a hub or small switch: 3 machines".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
    /// With `--dry-run`: what the run would do first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<String>,
    /// Every window of the search.
    pub probes: Vec<ProbeReport>,
    /// What was done to the switch.
    pub mirror: MirrorReport,
    /// Things worth knowing that did not stop the run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// Why the run was refused or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorReport>,
    /// How long the run took.
    pub elapsed_seconds: f64,
}

impl Report {
    /// Begins the report of a run that has found and done nothing yet.
    #[must_use]
    pub(super) fn about(suspect: SuspectReport) -> Report {
        Report {
            schema: LOCATE_SCHEMA,
            outcome: Outcome::NotSeen,
            suspect,
            switch: None,
            port: None,
            patch: None,
            confidence: None,
            confirmation: None,
            path: Vec::new(),
            candidates: Vec::new(),
            other_macs_on_port: Vec::new(),
            behind: None,
            plan: Vec::new(),
            probes: Vec::new(),
            mirror: MirrorReport {
                writes: 0,
                restored: true,
            },
            warnings: Vec::new(),
            error: None,
            elapsed_seconds: 0.0,
        }
    }
}

/// Who was looked for.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SuspectReport {
    /// The address, if one was given or learnt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The MAC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// Whom the IEEE gave the MAC's prefix to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// What it is likely to be, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Guess>,
    /// The BPF expression, if the suspect was described by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter: Option<String>,
    /// What the machine calls itself.
    pub names: Vec<NameReport>,
}

/// A name of the suspect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NameReport {
    /// `netbios`, `mdns`, `dns`.
    pub source: &'static str,
    /// The name.
    pub name: String,
    /// The workgroup or domain (NetBIOS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The user logged on (NetBIOS).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The MAC that the answer claims (NetBIOS), where it differs from the one on the wire.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claimed_mac: Option<Mac>,
}

/// A switch port, with all its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PortReport {
    /// The label on the front panel.
    pub label: String,
    /// `ifName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_name: Option<String>,
    /// `ifIndex`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub if_index: Option<u32>,
    /// `ifAlias`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
}

/// Where a port's cable ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PatchReport {
    /// The patch panel.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub panel: String,
    /// The position on the panel.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub position: String,
    /// The wall outlet.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub outlet: String,
    /// The room.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub room: String,
    /// The note.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// The columns that halfspan does not know, by their heading.
    #[serde(flatten)]
    pub extra: BTreeMap<String, String>,
}

impl PatchReport {
    /// Returns the cell of a column of the patch list, empty where there is none.
    #[must_use]
    pub fn cell(&self, column: &str) -> &str {
        match column {
            "panel" => &self.panel,
            "position" => &self.position,
            "outlet" => &self.outlet,
            "room" => &self.room,
            "note" => &self.note,
            own => self.extra.get(own).map_or("", String::as_str),
        }
    }
}

/// The off/on proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// Whether the proof was made.
    pub confirmed: bool,
    /// How many off/on cycles agreed.
    pub cycles: u32,
}

/// A switch on the way and the port taken there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hop {
    /// The switch.
    pub switch: String,
    /// The port's label.
    pub port: String,
}

/// A port that may be the one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CandidateReport {
    /// The switch.
    pub switch: String,
    /// The port's label.
    pub port: String,
    /// The belief in it, 0 to 1.
    pub belief: f64,
}

/// One window of the search.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProbeReport {
    /// The switch.
    pub switch: String,
    /// The labels of the mirrored ports.
    pub sources: Vec<String>,
    /// How long was listened.
    pub seconds: f64,
    /// How often the suspect was heard.
    pub sightings: u32,
    /// Why these ports.
    pub why: String,
}

/// What was done to the switch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MirrorReport {
    /// Requests that changed something.
    pub writes: u32,
    /// Whether the switch is as it was before: read back and compared. True as well if nothing was written.
    pub restored: bool,
}

/// Why a run was refused or failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorReport {
    /// What failed.
    pub message: String,
    /// Why, outermost cause first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}
