//! The kernel's own trace of connections that are opened, and of programs that are started (tracefs; root only).
//!
//! A trace instance of its own is made and taken away again, so that nobody else's tracing is touched.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

use super::trace_line::{self, Event};

/// Where the file system is: mounted at boot, or in debugfs on older systems.
const PLACES: [&str; 2] = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
const PREFIX: &str = "halfspan-";
/// `TCP_SYN_SENT`: only the beginning of a connection is told.
const CONNECTS: &str = "newstate == 2";
/// The kernel's buffer for each core, in kB: some 10,000 events.
const BUFFER_KB: &str = "1408";
/// A line that is longer is cut: nothing of use is as long.
const MAX_LINE: usize = 8 << 10;

/// A trace that is running.
pub(super) struct Trace {
    /// Before the instance: the kernel keeps one whose pipe is open.
    pipe: File,
    instance: Instance,
    /// What was read of the next line.
    rest: Vec<u8>,
}

/// A folder of tracefs, which goes with the value.
struct Instance(PathBuf);

impl Drop for Instance {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir(&self.0) {
            tracing::warn!("the trace {} stays behind: {error}", self.0.display());
        }
    }
}

impl Instance {
    fn make() -> io::Result<Instance> {
        let mut refused = io::Error::from(io::ErrorKind::NotFound);
        for place in PLACES {
            let instances = Path::new(place).join("instances");
            remove_left_behind(&instances);
            let folder = instances.join(format!("{PREFIX}{}", std::process::id()));
            match fs::create_dir(&folder) {
                Ok(()) => return Ok(Instance(folder)),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    fn write(&self, file: &str, text: &str) -> io::Result<()> {
        fs::write(self.0.join(file), text)
    }
}

/// Takes away what killed runs have left.
fn remove_left_behind(instances: &Path) {
    for entry in fs::read_dir(instances).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let is_gone = pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists());
        if is_gone {
            // Somebody else may be faster.
            fs::remove_dir(entry.path()).ok();
        }
    }
}

impl Trace {
    /// Begins to trace.
    pub(super) fn open() -> io::Result<Trace> {
        let instance = Instance::make()?;
        instance.write("buffer_size_kb", BUFFER_KB)?;
        instance.write("events/sock/inet_sock_set_state/filter", CONNECTS)?;
        let pipe = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(instance.0.join("trace_pipe"))?;
        for event in [
            "sched/sched_process_fork",
            "sched/sched_process_exec",
            "sock/inet_sock_set_state",
        ] {
            instance.write(&format!("events/{event}/enable"), "1")?;
        }
        Ok(Trace {
            pipe,
            instance,
            rest: Vec::new(),
        })
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }

    /// Returns the instance's name, for messages.
    pub(super) fn name(&self) -> &Path {
        &self.instance.0
    }

    /// Hands over what was told since the last call.
    pub(super) fn read(&mut self, take: &mut dyn FnMut(Event)) -> io::Result<()> {
        let mut buffer = [0; 4096];
        loop {
            let length = match self.pipe.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            for octet in buffer.get(..length).unwrap_or_default() {
                if *octet == b'\n' {
                    let line = String::from_utf8_lossy(&self.rest);
                    if let Some(event) = trace_line::parse(&line) {
                        take(event);
                    }
                    self.rest.clear();
                } else if self.rest.len() < MAX_LINE {
                    self.rest.push(*octet);
                }
            }
        }
    }
}
