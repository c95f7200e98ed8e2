//! The person at the desk, asked by a mirror that only a person can set.

use std::io;

use super::task::Desk;
use crate::error::Exit;
use crate::mirror::Operator;

/// The person at the desk.
pub(super) struct AtDesk<'a>(pub(super) &'a dyn Desk);

impl Operator for AtDesk<'_> {
    fn tell_and_wait(&mut self, what: &str) -> io::Result<()> {
        match self.0.have_done(what) {
            Ok(true) => Ok(()),
            Ok(false) => Err(io::Error::other("stopped by your answer")),
            Err(failure) => {
                let kind = match failure.exit {
                    Exit::Interrupted => io::ErrorKind::Interrupted,
                    Exit::Refused => io::ErrorKind::NotConnected,
                    Exit::Done
                    | Exit::NoAnswer
                    | Exit::Usage
                    | Exit::Device
                    | Exit::NotRestored => io::ErrorKind::Other,
                };
                Err(io::Error::new(kind, failure.error))
            }
        }
    }
}
