//! A line of the kernel's trace (Documentation/trace/ftrace.rst, `trace_pipe`).
//!
//! ```text
//!             curl-4711    [000] ..... 14591.33: inet_sock_set_state: family=AF_INET protocol=IPPROTO_TCP sport=0 …
//! ```
//! The name of a process and the path of a program are whatever somebody chose: they are told, never trusted.

use std::net::{IpAddr, SocketAddr};

use super::socket::end;

/// What the kernel told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A thread opens a TCP connection.
    Connect(Connect),
    /// A process becomes another program.
    Exec {
        /// The process.
        pid: i32,
        /// The program, as it was called.
        path: String,
    },
    /// A process or thread begins.
    Fork {
        /// Who began it.
        parent: i32,
        /// The parent's name.
        name: String,
        /// Who began.
        child: i32,
    },
    /// The kernel had more to tell than its buffer could hold: so many events are missing.
    Lost(u64),
}

/// A TCP connection that is being opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Connect {
    /// The thread that opens it.
    pub(super) thread: i32,
    /// The thread's name.
    pub(super) name: String,
    /// This machine's end; its port is mostly not yet chosen and then 0.
    pub(super) local: SocketAddr,
    /// The other end.
    pub(super) remote: SocketAddr,
}

/// Reads a line; `None` if it tells nothing of use.
pub(super) fn parse(line: &str) -> Option<Event> {
    if line.starts_with("CPU:") {
        let count = line.split_once("[LOST ")?.1.split_once(' ')?.0;
        return Some(Event::Lost(count.parse().ok()?));
    }
    // The name of the task may hold anything, so the head ends at the first bracket that a number and a blank precede.
    let (task, rest) = line.split_once(" [")?;
    let (name, thread) = task.trim().rsplit_once('-')?;
    let thread = thread.trim().parse().ok()?;
    let (_, told) = rest.split_once("] ")?;
    let (_, told) = told.split_once(": ")?;
    let (event, fields) = told.split_once(": ")?;
    match event {
        "inet_sock_set_state" => connect(thread, name, fields).map(Event::Connect),
        "sched_process_exec" => {
            let rest = fields.strip_prefix("filename=")?;
            let (rest, _) = rest.rsplit_once(" old_pid=")?;
            let (path, pid) = rest.rsplit_once(" pid=")?;
            let (pid, path) = (pid.parse().ok()?, path.to_owned());
            Some(Event::Exec { pid, path })
        }
        "sched_process_fork" => {
            let rest = fields.strip_prefix("comm=")?;
            let (rest, child) = rest.rsplit_once(" child_pid=")?;
            let (rest, _) = rest.rsplit_once(" child_comm=")?;
            let (name, parent) = rest.rsplit_once(" pid=")?;
            Some(Event::Fork {
                parent: parent.parse().ok()?,
                name: name.to_owned(),
                child: child.trim().parse().ok()?,
            })
        }
        _ => None,
    }
}

fn connect(thread: i32, name: &str, fields: &str) -> Option<Connect> {
    let field = |key: &str| {
        let mut fields = fields.split_whitespace();
        fields.find_map(|field| field.strip_prefix(key)?.strip_prefix('='))
    };
    let is_begin =
        field("protocol") == Some("IPPROTO_TCP") && field("newstate") == Some("TCP_SYN_SENT");
    let (local, remote) = match field("family")? {
        "AF_INET" => ("saddr", "daddr"),
        "AF_INET6" => ("saddrv6", "daddrv6"),
        _ => return None,
    };
    let address = |key: &str| field(key)?.parse::<IpAddr>().ok();
    let port = |key: &str| field(key)?.parse().ok();
    is_begin.then_some(Connect {
        thread,
        name: name.to_owned(),
        local: end(address(local)?, port("sport")?),
        remote: end(address(remote)?, port("dport")?),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V4: &str = "            curl-4711    [000] ..... 14591.329296: inet_sock_set_state: family=AF_INET \
        protocol=IPPROTO_TCP sport=0 dport=443 saddr=10.0.0.1 daddr=203.0.113.9 saddrv6=::ffff:10.0.0.1 \
        daddrv6=::ffff:203.0.113.9 oldstate=TCP_CLOSE newstate=TCP_SYN_SENT";

    fn read(line: &str) -> Connect {
        match parse(line) {
            Some(Event::Connect(connect)) => connect,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_connection_is_read_with_its_thread() {
        let connect = read(V4);
        assert_eq!((connect.thread, &*connect.name), (4711, "curl"));
        assert_eq!(connect.remote, "203.0.113.9:443".parse().unwrap());
        assert_eq!(connect.local, "10.0.0.1:0".parse().unwrap());
        let v6 = V4
            .replace("family=AF_INET ", "family=AF_INET6 ")
            .replace("daddrv6=::ffff:203.0.113.9", "daddrv6=2001:db8::9");
        assert_eq!(read(&v6).remote, "[2001:db8::9]:443".parse().unwrap());
    }

    #[test]
    fn a_name_with_blanks_and_dashes_is_no_obstacle() {
        let connect = read(&V4.replace("curl-4711", "a b-1 c-4711"));
        assert_eq!((connect.thread, &*connect.name), (4711, "a b-1 c"));
    }

    #[test]
    fn only_the_beginning_of_a_connection_counts() {
        assert_eq!(parse(&V4.replace("TCP_SYN_SENT", "TCP_ESTABLISHED")), None);
        assert_eq!(parse(&V4.replace("IPPROTO_TCP", "IPPROTO_SCTP")), None);
    }

    #[test]
    fn programs_and_their_parents_are_read() {
        let head = " timeout-22751   [001] ..... 14591.330346: ";
        let exec =
            format!("{head}sched_process_exec: filename=/tmp/a b pid=3 pid=22751 old_pid=22751");
        let (pid, path) = (22751, "/tmp/a b pid=3".to_owned());
        assert_eq!(parse(&exec), Some(Event::Exec { pid, path }));
        let fork = format!("{head}sched_process_fork: comm=a b pid=7 child_comm=a b child_pid=8");
        let (parent, name, child) = (7, "a b".to_owned(), 8);
        assert_eq!(
            parse(&fork),
            Some(Event::Fork {
                parent,
                name,
                child
            })
        );
    }

    #[test]
    fn lost_events_are_counted() {
        assert_eq!(parse("CPU:1 [LOST 42 EVENTS]"), Some(Event::Lost(42)));
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "\\PC{0,120}") {
            parse(&line);
        }
    }
}
