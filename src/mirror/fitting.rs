//! Whether a profile fits a switch: asks for what the profile needs, and changes nothing.

use crate::http::{Http, HttpError};
use crate::profile::Profile;
use crate::profile::http::{Entry, For, Http as Described};
use crate::snmp::{Snmp, SnmpError};

use super::binding::{Objects, find_base};
use super::driver::entries;
use super::open;
use super::state::State;

/// What a switch answered when it was asked for what a profile needs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fit {
    /// The objects or entries that it showed, by name.
    pub answered: Vec<String>,
    /// Those of which it showed nothing, and need not: rows that are made when a mirror is.
    pub open: Vec<String>,
    /// Those that it would have to show, and did not.
    pub missing: Vec<String>,
    /// What it says about being able to mirror at all, where the profile names an object that tells.
    pub capable: Option<bool>,
}

/// What a [`Fit`] comes to; a later one is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// The switch lacks something, or says that it cannot mirror.
    Unfit,
    /// Nothing speaks against it, and nothing for it.
    Open,
    /// The switch has shown something of the profile's, and lacks nothing.
    Fits,
}

impl Fit {
    /// Sums the answers up.
    #[must_use]
    pub fn grade(&self) -> Grade {
        if !self.missing.is_empty() || self.capable == Some(false) {
            Grade::Unfit
        } else if !self.answered.is_empty() || self.capable == Some(true) {
            Grade::Fits
        } else {
            Grade::Open
        }
    }
}

/// Asks an agent for the objects that a profile needs.
///
/// # Errors
/// [`SnmpError`], if the agent cannot be asked.
pub fn fit_objects(profile: &Profile, snmp: &mut dyn Snmp) -> Result<Fit, SnmpError> {
    let base = find_base(profile, snmp)?;
    if profile.base.is_some() && base.is_none() {
        let what = "anything below the bases that the profile knows".to_owned();
        return Ok(Fit {
            missing: vec![what],
            ..Fit::default()
        });
    }
    let objects = Objects::bind(profile, base.as_ref());
    let state = objects.read(snmp)?;
    let missing: Vec<String> = objects
        .missing(&state)
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut fit = Fit {
        capable: open::probe(profile, snmp)?,
        missing,
        ..Fit::default()
    };
    for bound in objects.iter().filter(|bound| objects.is_read(bound)) {
        let name = bound.object.name.clone();
        if state.below(&bound.oid).next().is_some() {
            fit.answered.push(name);
        } else if !fit.missing.contains(&name) {
            fit.open.push(name);
        }
    }
    Ok(fit)
}

/// Asks a web interface for the entries that a profile needs.
///
/// # Errors
/// [`HttpError`], if it cannot be asked, or has no such resource.
pub fn fit_entries(described: &Described, http: &mut dyn Http) -> Result<Fit, HttpError> {
    let answers = entries::ask(described, http)?;
    let state = entries::found_in(described, &answers);
    let mut fit = Fit::default();
    for (request, body) in &answers {
        let asked = format!("{} {}", request.method.word(), request.path);
        // "Not found" may mean that there is no mirror yet, or that there is no such interface.
        if body.is_null() {
            fit.open.push(asked);
        } else {
            fit.answered.push(asked);
        }
    }
    for entry in &described.entries {
        let shown = shows(entry, &state);
        // What is somebody else's need not be there.
        let may_lack = entry.is_made() || entry.each == For::Other;
        let list = match (shown, may_lack) {
            (true, _) => &mut fit.answered,
            (false, true) => &mut fit.open,
            (false, false) => &mut fit.missing,
        };
        list.push(entry.name.clone());
    }
    Ok(fit)
}

/// Tells whether there is such an entry. One that is always there shows the members that it has while it is idle: which
/// of them a switch has may be all that tells two families apart.
fn shows(entry: &Entry, state: &State) -> bool {
    let idle = entry.idle.as_ref().and_then(|idle| idle.0.as_object());
    let mut found = entries::of_kind(entry, &state.entries);
    found.any(|(_, value)| match (idle, value.as_object()) {
        (Some(idle), Some(members)) => idle.keys().all(|key| members.contains_key(key)),
        (Some(_), None) => false,
        (None, _) => true,
    })
}
