//! Why a run ended without an answer of the search.

use std::io::ErrorKind;
use std::time::Duration;

use crate::error::{Diagnosis, Exit, Failure};
use crate::mirror::MirrorError;
use crate::sniff::SniffError;

/// Why a run broke off.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The mirror failed.
    #[error(transparent)]
    Mirror(MirrorError),
    /// The capture failed.
    #[error(transparent)]
    Sniff(#[from] SniffError),
    /// Ctrl-C or SIGTERM.
    #[error("interrupted")]
    Interrupted,
    /// The switch shows the session, but copies nothing.
    #[error(
        "the switch says that it mirrors, but in {:.0} s of listening not one copied frame arrived",
        listened.as_secs_f64()
    )]
    DeadMirror {
        /// How long was listened with ports mirrored.
        listened: Duration,
    },
    /// The record cannot be written.
    #[error("cannot write the record")]
    Record(#[from] std::io::Error),
}

impl From<MirrorError> for LocateError {
    /// Ctrl-C at an instruction stops a run as anywhere else.
    fn from(error: MirrorError) -> Self {
        if let MirrorError::NoOperator { source, .. } = &error
            && source.kind() == ErrorKind::Interrupted
        {
            return LocateError::Interrupted;
        }
        LocateError::Mirror(error)
    }
}

impl LocateError {
    /// Adds that the switch was put back all the same.
    pub(super) fn after_putting_back(self, switch: &str) -> Failure {
        Failure::from(self).state(format!(
            "the mirror of {switch} was put back as it was before the run"
        ))
    }
}

impl Diagnosis for LocateError {
    fn hint(&self) -> Option<String> {
        match self {
            LocateError::Mirror(error) => error.hint(),
            LocateError::Sniff(error) => error.hint(),
            LocateError::Interrupted => None,
            LocateError::DeadMirror { .. } => Some(
                "check that `destination` is the port this machine is plugged into, and `sniff` its interface".to_owned(),
            ),
            LocateError::Record(_) => Some("choose another file for --record".to_owned()),
        }
    }

    fn exit(&self) -> Exit {
        match self {
            LocateError::Mirror(error) => error.exit(),
            LocateError::Sniff(error) => error.exit(),
            LocateError::Interrupted => Exit::Interrupted,
            LocateError::DeadMirror { .. } | LocateError::Record(_) => Exit::Device,
        }
    }
}
