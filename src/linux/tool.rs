//! Running one of iproute2's programs: bounded in time and in what it may print.

use std::io::{Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::error::{Diagnosis, Exit};

/// No command takes longer, unless the kernel hangs.
const PATIENCE: Duration = Duration::from_secs(20);
/// The forwarding table of a bridge with 60,000 addresses takes 9 MiB.
const MAX_OCTETS: u64 = 64 * 1024 * 1024;
/// Where distributions keep them; a user's own `PATH` often leaves these out.
const FOLDERS: &str = "/usr/sbin:/sbin:/usr/bin:/bin";

/// Why one of the programs did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It could not be started.
    #[error("`{tool}` cannot be run")]
    NotThere {
        /// Its name.
        tool: &'static str,
        /// The system's words.
        source: std::io::Error,
    },
    /// It ended with an error.
    #[error("`{command}` failed: {said}")]
    Failed {
        /// The command as a person would type it.
        command: String,
        /// What it said.
        said: String,
    },
    /// It did not end.
    #[error("`{command}` did not end within {} s", PATIENCE.as_secs())]
    Slow {
        /// The command.
        command: String,
    },
    /// It printed something else than the JSON that was asked for.
    #[error("`{command}` printed what is not understood: {what}")]
    Odd {
        /// The command.
        command: String,
        /// What is wrong with it.
        what: String,
    },
}

impl Diagnosis for ToolError {
    fn hint(&self) -> Option<String> {
        Some(match self {
            ToolError::NotThere { .. } => {
                "install iproute2; on OpenWrt the packages ip-full, ip-bridge and tc-full"
                    .to_owned()
            }
            ToolError::Failed { said, .. } if said.contains("ermitted") => {
                "changing a mirror of this machine needs root".to_owned()
            }
            ToolError::Failed { command, .. }
            | ToolError::Slow { command }
            | ToolError::Odd { command, .. } => format!("try it yourself: {command}"),
        })
    }

    fn exit(&self) -> Exit {
        Exit::Device
    }
}

/// Runs `tool` with exactly these arguments, `input` on its stdin; returns what it printed.
pub(super) fn run(tool: &'static str, args: &[&str], input: &str) -> Result<Vec<u8>, ToolError> {
    let command = format!("{tool} {}", args.join(" "));
    let path = match std::env::var("PATH") {
        Ok(path) => format!("{path}:{FOLDERS}"),
        Err(_) => FOLDERS.to_owned(),
    };
    let not_there = |source| ToolError::NotThere { tool, source };
    let mut child = Command::new(tool)
        .args(args)
        .env("PATH", path)
        .env("LC_ALL", "C")
        // Ctrl-C is for us: a change that is under way is finished first.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(not_there)?;
    let printed = gather(child.stdout.take());
    let said = gather(child.stderr.take());
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ended early says why on stderr.
        let _written = stdin.write_all(input.as_bytes());
    }
    let (Ok(printed), Ok(said)) = (printed.recv_timeout(PATIENCE), said.recv_timeout(PATIENCE))
    else {
        end(&mut child);
        return Err(ToolError::Slow { command });
    };
    let status = child.wait().map_err(not_there)?;
    if !status.success() {
        let said = String::from_utf8_lossy(&said);
        let first = said.lines().find(|line| !line.trim().is_empty());
        return Err(ToolError::Failed {
            command,
            said: first.map_or_else(|| status.to_string(), str::to_owned),
        });
    }
    if printed.len() as u64 == MAX_OCTETS {
        return Err(ToolError::Odd {
            command,
            what: format!("more than {} MiB", MAX_OCTETS >> 20),
        });
    }
    Ok(printed)
}

/// Reads a pipe to its end, in a thread of its own: a full pipe would stop the program.
fn gather<P: Read + Send + 'static>(pipe: Option<P>) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut octets = Vec::new();
        if let Some(pipe) = pipe {
            // What was read before an error is still worth something.
            let _read = pipe.take(MAX_OCTETS).read_to_end(&mut octets);
        }
        // Nobody waits any longer once the time is over.
        let _sent = sender.send(octets);
    });
    receiver
}

fn end(child: &mut Child) {
    // It may have ended by itself in the meantime.
    let _killed = child.kill();
    let _status = child.wait();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_is_named_with_the_packages_it_comes_in() {
        let error = run("halfspan-no-such-tool", &[], "").unwrap_err();
        assert_eq!(error.to_string(), "`halfspan-no-such-tool` cannot be run");
        assert!(error.hint().unwrap().contains("iproute2"));
    }

    #[test]
    fn what_a_program_says_on_its_way_out_is_passed_on() {
        let error = run("ls", &["/nonexistent/halfspan"], "").unwrap_err();
        assert!(error.to_string().contains("No such file"), "{error}");
        assert!(error.hint().unwrap().ends_with("ls /nonexistent/halfspan"));
    }

    #[test]
    fn input_and_output_go_through() {
        assert_eq!(run("cat", &["-"], "one\ntwo\n").unwrap(), b"one\ntwo\n");
    }
}
