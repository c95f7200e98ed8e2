//! A process, its parents, and what started them.

use std::path::PathBuf;

use super::cgroup::Cgroup;
use super::history::History;
use super::process::{self, Process};
use super::{cron, package, systemd};

/// A process that ended before it could be looked up, as far as the kernel's trace told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// Its number.
    pub pid: i32,
    /// Its name.
    pub name: Option<String>,
    /// Its program, as it was called.
    pub path: Option<String>,
}

/// A process of a lineage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Member {
    /// It is there.
    Here(Box<Process>),
    /// It is gone.
    Gone(Gone),
}

/// What started a process, as far as can be told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The systemd unit; like the container, told of a process that is still there only.
    pub unit: Option<String>,
    /// The timer that starts the unit.
    pub timer: Option<String>,
    /// The program that runs jobs at their times, among the parents.
    pub scheduler: Option<String>,
    /// The line of a cron table, with its place: `/etc/cron.d/x:3: * * * * * root /opt/x`.
    pub cron_line: Option<String>,
    /// The container.
    pub container: Option<String>,
    /// The package that the program's file belongs to.
    pub package: Option<String>,
}

/// A process, its parents up to the first, and what started them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The process, then its parent, and so on.
    pub members: Vec<Member>,
    /// What started it.
    pub origin: Origin,
}

/// A longer line of parents has a loop in it.
const MAX_MEMBERS: usize = 64;

impl Member {
    /// Returns its number.
    #[must_use]
    pub fn pid(&self) -> i32 {
        match self {
            Member::Here(process) => process.pid,
            Member::Gone(gone) => gone.pid,
        }
    }

    /// Returns its name, or `?`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Member::Here(process) => &process.name,
            Member::Gone(gone) => gone.name.as_deref().unwrap_or("?"),
        }
    }

    fn program(&self) -> Option<PathBuf> {
        match self {
            Member::Here(process) => process.program.clone(),
            Member::Gone(gone) => gone.path.as_ref().map(PathBuf::from),
        }
    }
}

impl Lineage {
    /// Looks up a process or thread and everybody above it.
    pub(super) fn of(pid: i32, history: &History) -> Lineage {
        let members = members(pid, history);
        let origin = Origin::of(&members);
        Lineage { members, origin }
    }
}

fn members(pid: i32, history: &History) -> Vec<Member> {
    let mut members = Vec::new();
    let mut next = Some(pid);
    // Who took over an orphan: to go on with where nothing better is known.
    let mut adopter = None;
    while let Some(pid) = next.take().filter(|pid| *pid > 0) {
        if members.len() >= MAX_MEMBERS || members.iter().any(|known: &Member| known.pid() == pid) {
            break;
        }
        match process::read(pid) {
            Some(mut process) => {
                // One that is just ending has lost it, and the kernel's trace may have told of it.
                let told = || history.gone(process.pid).path.map(PathBuf::from);
                process.program = process.program.or_else(told);
                adopter = Some(process.parent);
                next = history.parent(process.pid).or(adopter);
                members.push(Member::Here(Box::new(process)));
            }
            None => {
                next = history.parent(pid).or(adopter.take());
                members.push(Member::Gone(history.gone(pid)));
            }
        }
    }
    members
}

impl Origin {
    fn of(members: &[Member]) -> Origin {
        // Not its parents': the first process, which starts the services and adopts orphans, is in a unit of its own.
        let cgroup = match members.first() {
            Some(Member::Here(process)) => process.cgroup.clone(),
            Some(Member::Gone(_)) | None => Cgroup::default(),
        };
        let place = members
            .iter()
            .position(|member| cron::is_daemon(member.name()));
        let scheduler = place.and_then(|place| members.get(place));
        let below = place.and_then(|place| members.get(..place));
        let program = members.first().and_then(Member::program);
        Origin {
            timer: cgroup.unit.as_deref().and_then(systemd::timer_of),
            unit: cgroup.unit,
            scheduler: scheduler.map(|member| format!("{} ({})", member.name(), member.pid())),
            cron_line: below.and_then(cron_line),
            container: cgroup.container,
            package: program.and_then(|program| package::of_file(&program)),
        }
    }
}

/// Looks for the job's line by the commands between the scheduler and the process, the nearest to the scheduler first.
fn cron_line(below: &[Member]) -> Option<String> {
    let commands = below.iter().rev().filter_map(|member| match member {
        Member::Here(process) => Some(job_of(&process.command)),
        Member::Gone(_) => None,
    });
    let entry = commands
        .filter_map(|command| cron::entry_of(&command))
        .next()?;
    Some(format!(
        "{}:{}: {}",
        entry.file.display(),
        entry.line,
        entry.text
    ))
}

/// Returns a job's command: what a shell was given, or the words of a program that took the shell's place.
fn job_of(words: &[String]) -> String {
    match words {
        [_, flag, command] if flag == "-c" => command.clone(),
        words => words.join(" "),
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace_line::Event;
    use super::*;

    #[test]
    fn the_parents_of_a_process_are_followed_to_the_first() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let lineage = Lineage::of(pid, &History::default());
        assert_eq!(lineage.members[0].pid(), pid);
        let parent = std::os::unix::process::parent_id();
        assert_eq!(lineage.members[1].pid(), i32::try_from(parent).unwrap());
        assert!(
            lineage
                .members
                .iter()
                .all(|member| matches!(member, Member::Here(_)))
        );
    }

    #[test]
    fn who_is_gone_is_told_from_the_trace_and_its_parents_are_followed() {
        let (gone, pid) = (i32::MAX - 1, i32::try_from(std::process::id()).unwrap());
        let mut history = History::default();
        let name = "sh".to_owned();
        history.note(&Event::Fork {
            parent: pid,
            name,
            child: gone,
        });
        let path = "/usr/bin/curl".to_owned();
        history.note(&Event::Exec { pid: gone, path });
        let lineage = Lineage::of(gone, &history);
        let Member::Gone(first) = &lineage.members[0] else {
            panic!("{lineage:?}")
        };
        assert_eq!(first.path.as_deref(), Some("/usr/bin/curl"));
        assert_eq!(lineage.members[1].pid(), pid);
    }

    #[test]
    fn one_that_is_gone_is_not_told_to_be_in_the_unit_and_the_container_of_its_parent() {
        let mut parent = process::read(i32::try_from(std::process::id()).unwrap()).unwrap();
        parent.cgroup = Cgroup {
            unit: Some("init.scope".to_owned()),
            container: Some("lxc web".to_owned()),
        };
        let parent = Member::Here(Box::new(parent));
        let gone = Member::Gone(History::default().gone(i32::MAX - 1));
        let origin = Origin::of(&[gone, parent.clone()]);
        assert_eq!((origin.unit, origin.container), (None, None));
        let origin = Origin::of(&[parent]);
        assert_eq!(origin.unit.as_deref(), Some("init.scope"));
        assert_eq!(origin.container.as_deref(), Some("lxc web"));
    }

    #[test]
    fn one_that_is_just_ending_keeps_the_program_that_the_trace_told() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        // As long as nobody waits for it, it is neither there nor gone.
        while std::fs::read_link(format!("/proc/{pid}/exe")).is_ok() {
            std::thread::yield_now();
        }
        let mut history = History::default();
        let path = "/usr/bin/true".to_owned();
        history.note(&Event::Exec { pid, path });
        let lineage = Lineage::of(pid, &history);
        child.wait().unwrap();
        let Member::Here(ending) = &lineage.members[0] else {
            panic!("{lineage:?}")
        };
        assert_eq!(ending.program, Some(PathBuf::from("/usr/bin/true")));
    }

    #[test]
    fn a_job_is_what_the_shell_was_given() {
        let words = |text: &[&str]| {
            text.iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(job_of(&words(&["/bin/sh", "-c", "a b"])), "a b");
        assert_eq!(job_of(&words(&["/opt/a", "--now"])), "/opt/a --now");
    }
}
