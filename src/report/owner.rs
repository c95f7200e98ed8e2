//! Connections of this machine, and whose they are.

use std::fmt::Write;
use std::net::SocketAddr;

use jiff::Timestamp;
use serde::Serialize;

use super::style::{LABEL, STRONG, Styled, WARNING};
use super::text::{clean, count};
use crate::owner::{Find, Lineage, Member, Protocol, SeenBy, Summary};

const SCHEMA: &str = "halfspan.owner/1";

/// One line of `owner --json`: a connection that was found.
#[derive(Debug, Serialize)]
pub struct FindDocument {
    schema: &'static str,
    event: &'static str,
    at: Timestamp,
    protocol: Protocol,
    /// Port 0: not chosen yet when it was seen.
    local: SocketAddr,
    /// Absent if it waits for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    remote: Option<SocketAddr>,
    state: &'static str,
    seen_by: SeenBy,
    was_there: bool,
    owners: Vec<OwnerRow>,
    /// Processes that could not be looked into.
    hidden_processes: usize,
}

#[derive(Debug, Serialize)]
struct OwnerRow {
    #[serde(flatten)]
    process: MemberRow,
    parents: Vec<MemberRow>,
    unit: Option<String>,
    timer: Option<String>,
    scheduler: Option<String>,
    cron_line: Option<String>,
    container: Option<String>,
    package: Option<String>,
}

#[derive(Debug, Serialize)]
struct MemberRow {
    pid: i32,
    name: String,
    program: Option<String>,
    program_deleted: bool,
    uid: Option<u32>,
    user: Option<String>,
    command: Vec<String>,
    folder: Option<String>,
    started: Option<Timestamp>,
    /// It ended before it could be looked up.
    gone: bool,
}

impl MemberRow {
    fn of(member: &Member) -> MemberRow {
        match member {
            Member::Here(process) => MemberRow {
                pid: process.pid,
                name: process.name.clone(),
                program: process
                    .program
                    .as_ref()
                    .map(|path| path.display().to_string()),
                program_deleted: process.is_deleted,
                uid: Some(process.uid),
                user: process.user.clone(),
                command: process.command.clone(),
                folder: process
                    .folder
                    .as_ref()
                    .map(|path| path.display().to_string()),
                started: process.started,
                gone: false,
            },
            Member::Gone(gone) => MemberRow {
                pid: gone.pid,
                name: member.name().to_owned(),
                program: gone.path.clone(),
                program_deleted: false,
                uid: None,
                user: None,
                command: Vec::new(),
                folder: None,
                started: None,
                gone: true,
            },
        }
    }
}

impl OwnerRow {
    fn of(lineage: &Lineage) -> Option<OwnerRow> {
        let (process, parents) = lineage.members.split_first()?;
        let origin = lineage.origin.clone();
        Some(OwnerRow {
            process: MemberRow::of(process),
            parents: parents.iter().map(MemberRow::of).collect(),
            unit: origin.unit,
            timer: origin.timer,
            scheduler: origin.scheduler,
            cron_line: origin.cron_line,
            container: origin.container,
            package: origin.package,
        })
    }
}

impl FindDocument {
    /// Makes the document of a find at a time.
    #[must_use]
    pub fn new(find: &Find, at: Timestamp) -> FindDocument {
        FindDocument {
            schema: SCHEMA,
            event: "found",
            at,
            protocol: find.protocol,
            local: find.local,
            remote: (find.remote.port() != 0).then_some(find.remote),
            state: find.state.name(),
            seen_by: find.seen_by,
            was_there: find.was_there,
            owners: find.owners.iter().filter_map(OwnerRow::of).collect(),
            hidden_processes: find.hidden,
        }
    }
}

/// Returns the find for people.
#[must_use]
pub fn found(document: &FindDocument) -> String {
    let protocol = match document.protocol {
        Protocol::Tcp => "tcp",
        Protocol::Udp => "udp",
    };
    let local = match document.local.port() {
        0 => document.local.ip().to_string(),
        _ => document.local.to_string(),
    };
    let ends = match document.remote {
        Some(remote) => format!("{protocol} {local} -> {remote}"),
        None => format!("{protocol} {local}"),
    };
    let seen = match (document.was_there, document.seen_by) {
        (true, _) => "was there already",
        (false, SeenBy::Trace) => "seen as it was opened",
        (false, SeenBy::Table) => "seen in the table of sockets",
    };
    let at = document.at.strftime("%Y-%m-%d %H:%M:%S%.3f UTC");
    let mut text = format!(
        "{} {ends} ({}, {seen})\n",
        Styled(LABEL, at),
        document.state
    );
    for owner in &document.owners {
        owner.write(&mut text);
    }
    if document.owners.is_empty() {
        let why = match document.hidden_processes {
            0 => "its process let go of it before it could be looked up".to_owned(),
            hidden => format!(
                "its process is among the {} that only root can look into",
                count(hidden, "process").replace("processs", "processes")
            ),
        };
        line(&mut text, "process", &format!("unknown: {why}"));
    }
    text
}

/// Writing into a String cannot fail.
fn line(text: &mut String, label: &str, value: &str) {
    let _written = writeln!(
        text,
        "  {} {}",
        Styled(LABEL, format!("{label:8}")),
        clean(value)
    );
}

impl OwnerRow {
    fn write(&self, text: &mut String) {
        let process = &self.process;
        let name = format!("{} {}", process.pid, process.name);
        let _written = writeln!(
            text,
            "  {} {}{}",
            Styled(LABEL, format!("{:8}", "process")),
            Styled(STRONG, clean(&name)),
            if process.gone { " (has ended)" } else { "" }
        );
        if let Some(program) = &process.program {
            let deleted = if process.program_deleted {
                ", file deleted"
            } else {
                ""
            };
            let package = match &self.package {
                Some(package) => format!("package {package}"),
                None => "of no package".to_owned(),
            };
            line(text, "program", &format!("{program} ({package}{deleted})"));
        }
        if let Some(uid) = process.uid {
            let user = process.user.as_deref().unwrap_or("?");
            line(text, "user", &format!("{user} ({uid})"));
        }
        if !process.command.is_empty() {
            line(text, "command", &process.command.join(" "));
        }
        if let Some(folder) = &process.folder {
            line(text, "folder", folder);
        }
        if let Some(started) = process.started {
            line(text, "started", &started.to_string());
        }
        for parent in &self.parents {
            let gone = if parent.gone { " (has ended)" } else { "" };
            let words = parent.command.join(" ");
            line(
                text,
                "parent",
                &format!("{} {}{gone}  {words}", parent.pid, parent.name),
            );
        }
        for (label, value) in [
            ("by", &self.scheduler),
            ("cron job", &self.cron_line),
            ("timer", &self.timer),
            ("unit", &self.unit),
            ("inside", &self.container),
        ] {
            if let Some(value) = value {
                line(text, label, value);
            }
        }
    }
}

/// The last line of `owner --json`: how well was watched.
#[derive(Debug, Serialize)]
pub struct WatchDocument {
    schema: &'static str,
    event: &'static str,
    found: u64,
    unseen: u64,
    /// The number of the unseen is a lower bound.
    unseen_is_low: bool,
    /// UDP sockets without a fixed other end are neither told nor counted.
    without_unconnected_udp: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_unseen: Option<SocketAddr>,
    looks: u64,
    mean_gap_seconds: f64,
    longest_gap_seconds: f64,
    traced: bool,
    lost_events: u64,
}

impl From<&Summary> for WatchDocument {
    fn from(summary: &Summary) -> WatchDocument {
        WatchDocument {
            schema: SCHEMA,
            event: "end",
            found: summary.found,
            unseen: summary.unseen,
            unseen_is_low: summary.unseen_is_low,
            without_unconnected_udp: summary.without_unconnected_udp,
            last_unseen: summary.last_unseen.map(|(_, remote)| remote),
            looks: summary.looks,
            mean_gap_seconds: summary.mean_gap.as_secs_f64(),
            longest_gap_seconds: summary.longest_gap.as_secs_f64(),
            traced: summary.traced,
            lost_events: summary.lost_events,
        }
    }
}

/// Says for people how well was watched, and what may have been missed.
#[must_use]
pub fn watched(document: &WatchDocument) -> String {
    let mut text = format!("{} found", document.found);
    let (mean, longest) = (
        document.mean_gap_seconds * 1e3,
        document.longest_gap_seconds * 1e3,
    );
    let _written = write!(
        text,
        "; the table of sockets was read {} times, every {mean:.1} ms (at the longest {longest:.1} ms)",
        document.looks
    );
    text.push('\n');
    let least = if document.unseen_is_low {
        "at least "
    } else {
        ""
    };
    if document.unseen > 0 {
        let last = document
            .last_unseen
            .map(|end| format!(", the last to {end}"));
        let _written = writeln!(
            text,
            "{} {least}{} came and went unseen{}",
            Styled(WARNING, "missed:"),
            document.unseen,
            last.unwrap_or_default()
        );
    }
    if document.unseen == 0 && !document.unseen_is_low {
        let which = if document.without_unconnected_udp {
            "none with a fixed other end was missed"
        } else {
            "none was missed"
        };
        let _written = writeln!(text, "{which}: the kernel told of every socket that ended");
    }
    if document.unseen_is_low {
        let _written = writeln!(
            text,
            "{} a connection that lives shorter than the time between two looks may have been missed",
            Styled(WARNING, "chance:")
        );
    }
    if document.without_unconnected_udp {
        let _written = writeln!(
            text,
            "{} UDP sockets without a fixed other end; look for them by this machine's port, with --port",
            Styled(WARNING, "not seen:")
        );
    }
    if document.lost_events > 0 {
        let _written = writeln!(
            text,
            "{} the kernel's trace lost {} events",
            Styled(WARNING, "missed:"),
            document.lost_events
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_none_was_missed_is_not_said_of_udp_without_a_fixed_other_end() {
        let said = |without_unconnected_udp| {
            watched(&WatchDocument::from(&Summary {
                without_unconnected_udp,
                ..Summary::default()
            }))
        };
        assert!(
            said(false)
                .ends_with("\nnone was missed: the kernel told of every socket that ended\n")
        );
        let said = said(true);
        assert!(!said.contains("none was missed"), "{said}");
        assert!(
            said.contains("UDP sockets without a fixed other end"),
            "{said}"
        );
    }
}
