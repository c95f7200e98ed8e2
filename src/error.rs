//! What every error owes to the person at the rack: what failed, why, what to do, how the switch was left.
//!
//! Each layer has one error enum of its own that implements [`Diagnosis`]. Only [`Failure`] is printed, and
//! only in one place; it also carries the exit code.

use std::error::Error;
use std::fmt;

/// The exit codes of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Found, or done.
    Done,
    /// Ran to the end without an answer: not seen, or undecided.
    NoAnswer,
    /// The command line, the configuration or a profile is wrong.
    Usage,
    /// A device, the network or the capture failed.
    Device,
    /// A safety rule forbids it.
    Refused,
    /// A switch could not be put back as it was.
    NotRestored,
    /// Ctrl-C or SIGTERM, after putting back.
    Interrupted,
}

impl Exit {
    /// Returns the process's exit status.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::NoAnswer => 1,
            Exit::Usage => 2,
            Exit::Device => 3,
            Exit::Refused => 4,
            Exit::NotRestored => 5,
            Exit::Interrupted => 130,
        }
    }
}

/// An error that knows its remedy and its exit code.
///
/// The error's own text says what failed; `source()` says why and is not repeated in the text.
pub trait Diagnosis: Error + Send + Sync + 'static {
    /// Returns what the reader can do about it: one imperative sentence without a full stop.
    fn hint(&self) -> Option<String> {
        None
    }
    /// Returns the exit code this error leads to.
    fn exit(&self) -> Exit;
}

/// An error on its way to the person: printed once, by `report`.
#[derive(Debug)]
pub struct Failure {
    /// What failed; its sources say why.
    pub error: Box<dyn Error + Send + Sync>,
    /// What to do about it.
    pub hint: Option<String>,
    /// How the switch was left, if one was written to.
    pub state: Option<String>,
    /// The process's exit status.
    pub exit: Exit,
}

impl Failure {
    /// Makes a failure of a plain sentence, for what has no error type of its own.
    #[must_use]
    pub fn new(exit: Exit, what: impl Into<String>) -> Self {
        Failure {
            error: what.into().into(),
            hint: None,
            state: None,
            exit,
        }
    }

    /// Adds what the reader can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds how the switch was left.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = Some(state.into());
        self
    }
}

impl<E: Diagnosis> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure {
            hint: error.hint(),
            exit: error.exit(),
            state: None,
            error: Box::new(error),
        }
    }
}

impl fmt::Display for Failure {
    /// Writes `error:`, one `cause:` a source, `hint:` and `state:` lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.error)?;
        let mut cause = self.error.source();
        while let Some(error) = cause {
            write!(f, "\ncause: {error}")?;
            cause = error.source();
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint:  {hint}")?;
        }
        if let Some(state) = &self.state {
            write!(f, "\nstate: {state}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("switch `office-1` refused the change")]
    struct Outer(#[source] std::fmt::Error);

    impl Diagnosis for Outer {
        fn hint(&self) -> Option<String> {
            Some("use a read-write community".to_owned())
        }
        fn exit(&self) -> Exit {
            Exit::Device
        }
    }

    #[test]
    fn each_cause_is_said_once_and_the_remedy_follows() {
        let failure = Failure::from(Outer(std::fmt::Error)).state("nothing was changed");
        insta::assert_snapshot!(failure, @r"
        error: switch `office-1` refused the change
        cause: an error occurred when formatting an argument
        hint:  use a read-write community
        state: nothing was changed
        ");
        assert_eq!(failure.exit.code(), 3);
    }
}
