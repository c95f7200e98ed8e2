//! What can go wrong with a mirror.

use crate::error::{Diagnosis, Exit};
use crate::snmp::SnmpError;

/// Why a mirror could not be read, changed or put back.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// The switch could not be asked, or refused.
    #[error("switch `{switch}` could not {doing}")]
    Snmp {
        /// Its name in the configuration.
        switch: String,
        /// What was being done: "read the mirror state", "change the mirrored ports".
        doing: &'static str,
        /// Why.
        source: SnmpError,
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
    /// The old state could not be put back.
    #[error("switch `{switch}` is NOT as it was: {difference}")]
    NotRestored {
        /// Its name in the configuration.
        switch: String,
        /// What differs.
        difference: String,
    },
}

impl Diagnosis for MirrorError {
    fn hint(&self) -> Option<String> {
        match self {
            MirrorError::Snmp { source, .. } => source.hint(),
            MirrorError::NotApplied { .. } => {
                Some("the firmware ignores the write: see `halfspan switch check`".to_owned())
            }
            MirrorError::Foreign { .. } => Some(
                "ask who uses it; `--take-session` borrows it and puts it back afterwards"
                    .to_owned(),
            ),
            MirrorError::NotRestored { switch, .. } => {
                Some(format!("run: halfspan restore --switch {switch}"))
            }
        }
    }

    fn exit(&self) -> Exit {
        match self {
            MirrorError::Snmp { .. } | MirrorError::NotApplied { .. } => Exit::Device,
            MirrorError::Foreign { .. } => Exit::Refused,
            MirrorError::NotRestored { .. } => Exit::NotRestored,
        }
    }
}
