//! What can go wrong with a mirror.

use std::path::PathBuf;

use crate::error::{Diagnosis, Exit};
use crate::snmp::SnmpError;

use super::agent::AgentError;

use super::direct::DirectError;

/// Why a mirror could not be read, changed or put back.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The switch could not be asked, or refused.
    #[error("cannot {doing} of switch `{switch}`")]
    Snmp {
        /// Its name in the configuration.
        switch: String,
        /// What was being done: "read the mirror state", "change the mirrored ports".
        doing: &'static str,
        /// Why.
        source: SnmpError,
    },
    /// A switch that is reached without an agent could not be read, or refused.
    #[error("cannot {doing} of switch `{switch}`")]
    Direct {
        /// Its name in the configuration.
        switch: String,
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: DirectError,
    },
    /// The same over HTTP, or over nothing because the configuration does not say how.
    #[error("cannot {doing} of switch `{switch}`")]
    Http {
        /// Its name in the configuration.
        switch: String,
        /// What was being done.
        doing: &'static str,
        /// Why.
        source: AgentError,
    },
    /// The switch acknowledged a change and still shows something else.
    #[error("switch `{switch}` acknowledged the change but still mirrors {found}, not {wanted}")]
    NotApplied {
        /// Its name in the configuration.
        switch: String,
        /// What was asked for, as port labels.
        wanted: String,
        /// What it shows, as port labels.
        found: String,
    },
    /// Somebody else's mirror session is in the way.
    #[error("switch `{switch}` already has a mirror session that is not ours: {session}")]
    Foreign {
        /// Its name in the configuration.
        switch: String,
        /// What it mirrors, in words.
        session: String,
    },
    /// Somebody else's mirror goes where ours would go, and is of a kind that cannot be taken away and put back.
    #[error(
        "switch `{switch}` already copies frames to our port, and that cannot be put aside: {session}"
    )]
    NotToBeBorrowed {
        /// Its name in the configuration.
        switch: String,
        /// What it mirrors, in words.
        session: String,
    },
    /// The name stands for another device now than for the run whose journal is there.
    #[error(
        "switch `{switch}` is {found} now, and it is {left} that an interrupted run has left changed"
    )]
    OtherWay {
        /// Its name in the configuration.
        switch: String,
        /// What the journal is for.
        left: String,
        /// What the configuration leads to now.
        found: String,
        /// The journal.
        path: PathBuf,
    },
    /// Somebody's edits wait to be applied, and ours could not be applied without them.
    #[error(
        "switch `{switch}` holds edits that somebody has not applied yet; applying ours would apply them, too"
    )]
    Unapplied {
        /// Its name in the configuration.
        switch: String,
    },
    /// The old state could not be put back.
    #[error("switch `{switch}` is NOT as it was: {difference}")]
    NotRestored {
        /// Its name in the configuration.
        switch: String,
        /// What differs.
        difference: String,
        /// What the switch said last.
        source: Option<AgentError>,
    },
    /// What the switch has taken, no read shows.
    #[error(
        "switch `{switch}` took changes of {objects} and does not show them: nobody can tell whether it is as it was"
    )]
    NotShown {
        /// Its name in the configuration.
        switch: String,
        /// What was written.
        objects: String,
        /// The journal.
        path: PathBuf,
    },
    /// An interrupted run left the switch changed.
    #[error("switch `{switch}` is still as an interrupted run left it")]
    Interrupted {
        /// Its name in the configuration.
        switch: String,
    },
    /// Another run works on the switch.
    #[error("another halfspan{} is using `{switch}`", pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Busy {
        /// The switch's name in the configuration.
        switch: String,
        /// The other process.
        pid: Option<u32>,
    },
    /// The ports may not be mirrored.
    #[error("switch `{switch}`: {ports} must not be mirrored: {why}")]
    Protected {
        /// Its name in the configuration.
        switch: String,
        /// The ports, as labels.
        ports: String,
        /// Why.
        why: &'static str,
    },
    /// The switch's mirror takes fewer ports.
    #[error("switch `{switch}` mirrors at most {limit} ports at once, not {wanted}")]
    TooMany {
        /// Its name in the configuration.
        switch: String,
        /// The profile's limit.
        limit: usize,
        /// How many were asked for.
        wanted: usize,
    },
    /// The switch does not have the profile's objects.
    #[error("switch `{switch}` does not fit the profile `{profile}`: {what}")]
    Unfit {
        /// Its name in the configuration.
        switch: String,
        /// The profile.
        profile: String,
        /// What is missing.
        what: String,
    },
    /// The profile is good, but this program cannot drive its kind of switch yet.
    #[error("profile `{profile}`: there is no driver for its kind of mirror yet")]
    NoDriver {
        /// The profile.
        profile: String,
    },
    /// A write outside the profile's mirror objects was about to happen. It did not.
    #[error(
        "switch `{switch}`: {what} does not belong to the profile's mirror; nothing was written to it"
    )]
    OutsideProfile {
        /// Its name in the configuration.
        switch: String,
        /// What was about to be written: an OID, or a request's path.
        what: String,
    },
    /// The journal, which has to be on disk before the first write, cannot be kept or read.
    #[error("the journal {} cannot be {doing}", path.display())]
    Journal {
        /// The file.
        path: PathBuf,
        /// "written", "read", "deleted".
        doing: &'static str,
        /// The system's words.
        source: std::io::Error,
    },
    /// The journal is there but makes no sense.
    #[error("the journal {} is damaged: {what}", path.display())]
    DamagedJournal {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Nobody has said that a mirror which only a person can set is as it was.
    #[error("switch `{switch}`: nobody confirmed that its mirror was put back")]
    LeftToPerson {
        /// Its name in the configuration.
        switch: String,
        /// Why.
        source: std::io::Error,
    },
    /// Nobody is there to tick the ports, or they gave up.
    #[error("switch `{switch}`: nobody confirmed the change")]
    NoOperator {
        /// Its name in the configuration.
        switch: String,
        /// Why.
        source: std::io::Error,
    },
}

impl MirrorError {
    /// Says that a switch could not be asked or told.
    pub(super) fn asking(switch: &str, doing: &'static str, source: impl Into<AgentError>) -> Self {
        let switch = switch.to_owned();
        match source.into() {
            AgentError::Snmp(source) => MirrorError::Snmp {
                switch,
                doing,
                source: *source,
            },
            source @ (AgentError::Http(_) | AgentError::Missing(_)) => MirrorError::Http {
                switch,
                doing,
                source,
            },
        }
    }
}

impl MirrorError {
    /// Returns why the switch could not be asked, or the error itself if it is about something else.
    pub(super) fn into_trouble(self) -> Result<AgentError, MirrorError> {
        if let MirrorError::Snmp { source, .. } = self {
            return Ok(source.into());
        }
        if let MirrorError::Http { source, .. } = self {
            return Ok(source);
        }
        Err(self)
    }
}

impl Diagnosis for MirrorError {
    fn hint(&self) -> Option<String> {
        let hint = match self {
            MirrorError::Snmp { source, .. } => return source.hint(),
            MirrorError::Direct { source, .. } => return source.hint(),
            MirrorError::NotToBeBorrowed { .. } => {
                "remove it yourself, or choose another destination"
            }
            MirrorError::OtherWay {
                switch,
                found,
                path,
                ..
            } => {
                return Some(format!(
                    "put `address` and `bridge` back as they were and run: halfspan restore --switch {switch}; give another \
                     switch another name; if it is the same one, write `{found}` as `agent` into {}",
                    path.display()
                ));
            }
            MirrorError::Http { source, .. } => return source.hint(),
            MirrorError::NotApplied { .. } => {
                "the firmware ignores the write: see `halfspan switch check`"
            }
            MirrorError::Foreign { .. } => {
                "ask who uses it; `--take-session` borrows it and puts it back afterwards"
            }
            MirrorError::Unapplied { .. } => "ask who edits it; have it applied or reverted first",
            MirrorError::NotRestored { switch, .. } | MirrorError::Interrupted { switch } => {
                return Some(format!("run: halfspan restore --switch {switch}"));
            }
            MirrorError::NotShown { switch, path, .. } => {
                return Some(format!(
                    "let the credential read what it writes and run: halfspan restore --switch {switch}; or look at the switch's \
                     mirror yourself, then delete {}",
                    path.display()
                ));
            }
            MirrorError::Busy { .. } => "wait for it, or end it: it puts the switch back",
            MirrorError::Protected { .. } => "take them out of `candidates`",
            MirrorError::TooMany { .. } | MirrorError::OutsideProfile { .. } => {
                "run again with -vv and report it: the search should have known"
            }
            MirrorError::Unfit { .. } => {
                "see `halfspan profile list`; the profile `manual` works with every switch"
            }
            MirrorError::NoDriver { .. } => {
                "use the profile `manual`: it tells you which ports to tick"
            }
            MirrorError::Journal { .. } => {
                "check that the folder can be written and the disk is not full"
            }
            MirrorError::DamagedJournal { path, .. } => {
                return Some(format!(
                    "look at the switch's mirror configuration yourself, then delete {}",
                    path.display()
                ));
            }
            MirrorError::LeftToPerson { .. } => {
                "put it back on the switch's own page, as you noted it at the start"
            }
            MirrorError::NoOperator { .. } => "run on a terminal, or use another profile",
        };
        Some(hint.to_owned())
    }

    fn exit(&self) -> Exit {
        match self {
            MirrorError::Http { source, .. } => source.exit(),
            MirrorError::Snmp { .. }
            | MirrorError::Direct { .. }
            | MirrorError::NotApplied { .. }
            | MirrorError::TooMany { .. }
            | MirrorError::Unfit { .. }
            | MirrorError::Journal { .. } => Exit::Device,
            MirrorError::Foreign { .. }
            | MirrorError::NotToBeBorrowed { .. }
            | MirrorError::Unapplied { .. }
            | MirrorError::Busy { .. }
            | MirrorError::Protected { .. }
            | MirrorError::OutsideProfile { .. }
            | MirrorError::NoOperator { .. } => Exit::Refused,
            MirrorError::NoDriver { .. } => Exit::Usage,
            MirrorError::NotRestored { .. }
            | MirrorError::NotShown { .. }
            | MirrorError::LeftToPerson { .. }
            | MirrorError::OtherWay { .. }
            | MirrorError::Interrupted { .. }
            | MirrorError::DamagedJournal { .. } => Exit::NotRestored,
        }
    }
}
