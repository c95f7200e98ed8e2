//! Processes, read from procfs (proc(5)).

use std::path::PathBuf;

use jiff::Timestamp;
use nix::unistd::{Uid, User};
use procfs::process::{FDTarget, Stat};
use procfs::{ProcError, ProcResult};

use super::cgroup::Cgroup;

/// A process that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: i32,
    /// Who began it, or who took it over when that one ended.
    pub parent: i32,
    /// Its name: 15 octets at most, chosen by the process itself.
    pub name: String,
    /// Its program; `None` for the kernel's own, and for what we may not see.
    pub program: Option<PathBuf>,
    /// The program's file was deleted or replaced since it was started.
    pub is_deleted: bool,
    /// The numeric user.
    pub uid: u32,
    /// The user's name.
    pub user: Option<String>,
    /// The command line, as the process left it.
    pub command: Vec<String>,
    /// The folder it works in; `None` if we may not see it.
    pub folder: Option<PathBuf>,
    /// When it began, to a hundredth of a second.
    pub started: Option<Timestamp>,
    pub(super) cgroup: Cgroup,
}

/// The longest command line that is told, in words.
const MAX_WORDS: usize = 1024;
const DELETED: &str = " (deleted)";

/// Reads a process, or the process that a thread belongs to; `None` if it is gone.
pub(super) fn read(pid: i32) -> Option<Process> {
    let found = procfs::process::Process::new(pid).ok()?;
    let status = found.status().ok()?;
    // A thread's own name is rarely the program's.
    let found = if status.tgid == pid {
        found
    } else {
        procfs::process::Process::new(status.tgid).ok()?
    };
    let stat = found.stat().ok()?;
    let uid = status.euid;
    let user = User::from_uid(Uid::from_raw(uid)).ok().flatten();
    let (program, is_deleted) = match found.exe() {
        Ok(path) => without_mark(path),
        Err(_) => (None, false),
    };
    let mut command = found.cmdline().unwrap_or_default();
    command.truncate(MAX_WORDS);
    Some(Process {
        pid: stat.pid,
        parent: stat.ppid,
        started: started(&stat),
        name: stat.comm,
        program,
        is_deleted,
        uid,
        user: user.map(|user| user.name),
        command,
        folder: found.cwd().ok(),
        cgroup: found
            .cgroups()
            .map(|cgroups| Cgroup::of(&cgroups))
            .unwrap_or_default(),
    })
}

/// The kernel marks a program whose file is gone.
fn without_mark(path: PathBuf) -> (Option<PathBuf>, bool) {
    match path.to_str().and_then(|text| text.strip_suffix(DELETED)) {
        Some(before) => (Some(before.into()), true),
        None => (Some(path), false),
    }
}

fn started(stat: &Stat) -> Option<Timestamp> {
    let boot = procfs::boot_time_secs().ok()?;
    let ticks = procfs::ticks_per_second();
    let milliseconds = stat.starttime.saturating_mul(1000).checked_div(ticks)?;
    let since_1970 = boot.saturating_mul(1000).saturating_add(milliseconds);
    Timestamp::from_millisecond(i64::try_from(since_1970).ok()?).ok()
}

/// Who holds a socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Holders {
    /// Processes with a file descriptor of it, the youngest first; at most [`MAX_HOLDERS`].
    pub(super) pids: Vec<i32>,
    /// How many processes we may not look into.
    pub(super) hidden: usize,
}

/// A socket can be inherited by thousands.
const MAX_HOLDERS: usize = 8;

/// Looks for the processes that hold a socket.
pub(super) fn holders(inode: u64) -> ProcResult<Holders> {
    let mut holders = Holders::default();
    if inode == 0 {
        return Ok(holders);
    }
    let mut pids: Vec<_> = procfs::process::all_processes()?.flatten().collect();
    // Who has opened a short connection has often just begun.
    pids.sort_unstable_by_key(|process| std::cmp::Reverse(process.pid));
    for process in pids {
        match process.fd() {
            Ok(mut fds) => {
                let is_it = fds.any(|fd| {
                    fd.is_ok_and(|fd| matches!(fd.target, FDTarget::Socket(of) if of == inode))
                });
                if is_it && holders.pids.len() < MAX_HOLDERS {
                    holders.pids.push(process.pid);
                }
            }
            Err(ProcError::PermissionDenied(_)) => holders.hidden += 1,
            // It has ended meanwhile.
            Err(_) => {}
        }
    }
    Ok(holders)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn this_process_is_read_and_holds_its_own_socket() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_raw_fd())).unwrap();
        let inode = link.to_str().unwrap();
        let inode = inode["socket:[".len()..inode.len() - 1].parse().unwrap();
        let pid = i32::try_from(std::process::id()).unwrap();
        assert!(holders(inode).unwrap().pids.contains(&pid));
        let this = read(pid).unwrap();
        assert_eq!(this.pid, pid);
        assert_eq!(this.program, std::env::current_exe().ok());
        assert_eq!(this.uid, nix::unistd::geteuid().as_raw());
        assert!(this.started.is_some() && !this.is_deleted);
    }

    #[test]
    fn a_thread_is_told_as_its_process() {
        let (pid, thread) = (std::process::id(), nix::unistd::gettid().as_raw());
        assert_ne!(i32::try_from(pid).unwrap(), thread, "tests run in threads");
        assert_eq!(read(thread).unwrap().pid, i32::try_from(pid).unwrap());
    }

    #[test]
    fn a_deleted_program_keeps_its_path() {
        let (path, is_deleted) = without_mark("/tmp/a b (deleted)".into());
        assert_eq!((path, is_deleted), (Some("/tmp/a b".into()), true));
    }
}
