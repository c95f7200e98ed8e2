//! A command of the user's that is run for every find.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, Stdio};

use super::watch::Find;

/// Runs a command in a shell for every find, beside the watch.
pub struct Hook {
    command: String,
    running: Vec<Child>,
}

/// So many run at a time; what comes meanwhile is left out.
const MAX_RUNNING: usize = 16;

impl Hook {
    /// Makes a hook; nothing is run yet.
    #[must_use]
    pub fn new(command: String) -> Hook {
        Hook {
            command,
            running: Vec::new(),
        }
    }

    /// Runs the command with the find in its environment and `document` as its input. Its output goes to stderr.
    ///
    /// # Errors
    /// If it cannot be run, or if 16 others are still running.
    pub fn run(&mut self, find: &Find, document: &[u8]) -> io::Result<()> {
        self.running
            .retain_mut(|child| matches!(child.try_wait(), Ok(None)));
        if self.running.len() >= MAX_RUNNING {
            return Err(io::Error::other(format!(
                "{MAX_RUNNING} of its earlier runs have not ended"
            )));
        }
        let owner = find.owners.first().and_then(|owner| owner.members.first());
        let pid = owner.map_or_else(String::new, |owner| owner.pid().to_string());
        let mut child = Command::new("sh")
            .args(["-c", &self.command])
            .env("HALFSPAN_PID", pid)
            .env("HALFSPAN_LOCAL", find.local.to_string())
            .env("HALFSPAN_REMOTE", find.remote.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::from(io::stderr().as_fd().try_clone_to_owned()?))
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // Who does not read it does not need it.
            stdin.write_all(document).ok();
        }
        self.running.push(child);
        Ok(())
    }

    /// Waits for the runs that have not ended.
    pub fn finish(mut self) {
        for child in &mut self.running {
            child.wait().ok();
        }
    }
}
