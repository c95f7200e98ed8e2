//! The watch: three ways to see a connection, put together so that each is told once.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::error::OwnerError;
use super::history::History;
use super::lineage::Lineage;
use super::process;
use super::socket::{Protocol, Socket, State};
use super::table::{Ends, Table};
use super::trace::Trace;
use super::trace_line::{Connect, Event};
use super::wanted::Wanted;
use crate::clock::{Clock, Moment};

/// How a connection was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// The kernel told when it was opened.
    Trace,
    /// It was in the table of sockets.
    Table,
}

/// A connection, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Find {
    /// Its protocol.
    pub protocol: Protocol,
    /// This machine's end; port 0: not chosen yet when it was seen.
    pub local: SocketAddr,
    /// The other end; port 0: it waits for one.
    pub remote: SocketAddr,
    /// Its state when it was seen.
    pub state: State,
    /// How it was seen.
    pub seen_by: SeenBy,
    /// It was there when the watch began.
    pub was_there: bool,
    /// Those who hold it, the youngest first; empty if they let go of it before they could be looked up.
    pub owners: Vec<Lineage>,
    /// How many processes could not be looked into: others' processes, without root.
    pub hidden: usize,
}

/// How well was watched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Connections that were told.
    pub found: u64,
    /// Connections that came and went unseen, by the kernel's own notice of their end.
    pub unseen: u64,
    /// Where the last of them went.
    pub last_unseen: Option<(Protocol, SocketAddr)>,
    /// The number is too low: the kernel had more to tell than it could keep for us, or gives no notice.
    pub unseen_is_low: bool,
    /// UDP sockets without a fixed other end, which name it with each datagram, are neither told nor counted.
    pub without_unconnected_udp: bool,
    /// How often the table of sockets was read.
    pub looks: u64,
    /// The mean time from one look to the next: what lives shorter may be missed by it.
    pub mean_gap: Duration,
    /// The longest.
    pub longest_gap: Duration,
    /// The kernel's trace told TCP connections as they were opened.
    pub traced: bool,
    /// Events that the trace lost.
    pub lost_events: u64,
}

/// A watch over this machine's sockets.
pub struct Watch<'a> {
    wanted: Wanted,
    clock: &'a dyn Clock,
    table: Table,
    ends: Option<Ends>,
    trace: Option<Trace>,
    untraced: Option<String>,
    seen: Seen,
    summary: Summary,
    /// What was there when the watch began, until it is looked at.
    baseline: Option<Vec<Socket>>,
    began: Moment,
    last_look: Option<Moment>,
    next_look: Moment,
}

/// What was seen already.
#[derive(Debug, Default)]
struct Seen {
    history: History,
    /// Sockets that were told, or were there before.
    known: BTreeSet<u64>,
    /// Connections that the trace told, and that were not yet recognised in the table or at their end.
    traced: VecDeque<Traced>,
}

#[derive(Clone, Copy, Debug)]
struct Traced {
    local_port: u16,
    remote: SocketAddr,
    at: Moment,
}

/// How many sockets are remembered; beyond it those that are no longer in the table are forgotten.
const MAX_KNOWN: usize = 1 << 17;
/// How many traced connections are remembered, and how long.
const MAX_TRACED: usize = 1 << 12;
const MAX_TRACED_AGE: Duration = Duration::from_secs(60);
/// The pause between two looks: with the trace only UDP and what others open to us depend on them.
const PAUSE: Duration = Duration::from_millis(1);
const PAUSE_TRACED: Duration = Duration::from_millis(20);
/// A look that takes long is followed by a pause of at least so many times its own length, to leave room for others.
const PAUSE_SHARE: u32 = 2;
/// Signals and deadlines are looked at so often at least.
const LONGEST_WAIT: Duration = Duration::from_millis(200);

impl<'a> Watch<'a> {
    /// Begins to watch.
    ///
    /// # Errors
    /// [`OwnerError`], if the table of sockets cannot be read. That there is no trace is none: see
    /// [`Watch::untraced`].
    pub fn open(wanted: Wanted, clock: &'a dyn Clock) -> Result<Watch<'a>, OwnerError> {
        // The ends first: what the table shows later must not end unnoticed.
        let ends = Ends::open().inspect_err(|error| {
            tracing::info!("no notice of sockets that end: {error}");
        });
        let (trace, untraced) = match Trace::open() {
            Ok(trace) => {
                tracing::debug!("tracing in {}", trace.name().display());
                (Some(trace), None)
            }
            Err(error) => (None, Some(error.to_string())),
        };
        let now = clock.now();
        let mut watch = Watch {
            wanted,
            clock,
            table: Table::open().map_err(OwnerError::NoTable)?,
            summary: Summary {
                traced: trace.is_some(),
                unseen_is_low: ends.is_err(),
                without_unconnected_udp: !wanted.has_unconnected(),
                ..Summary::default()
            },
            ends: ends.ok(),
            trace,
            untraced,
            seen: Seen::default(),
            baseline: None,
            began: now,
            last_look: None,
            next_look: now,
        };
        watch.baseline = watch.read_table()?;
        Ok(watch)
    }

    /// Returns why the kernel's trace is not there, if it is not.
    #[must_use]
    pub fn untraced(&self) -> Option<&str> {
        self.untraced.as_deref()
    }

    /// Watches until `until`, or until `stop` is set, or until `tell` breaks.
    ///
    /// # Errors
    /// [`OwnerError`], if the kernel stops to answer.
    pub fn run(
        mut self,
        until: Option<Moment>,
        stop: &AtomicBool,
        tell: &mut dyn FnMut(&Find) -> ControlFlow<()>,
    ) -> Result<Summary, OwnerError> {
        loop {
            for find in self.look()? {
                self.summary.found += 1;
                if tell(&find).is_break() {
                    return Ok(self.summed_up());
                }
            }
            let now = self.clock.now();
            if stop.load(Ordering::Relaxed) || until.is_some_and(|until| now >= until) {
                return Ok(self.summed_up());
            }
            let limit = until.unwrap_or(now + LONGEST_WAIT).min(self.next_look);
            self.wait(limit.since(now).min(LONGEST_WAIT));
        }
    }

    fn wait(&self, span: Duration) {
        let ends = self.ends.iter().map(Ends::fd);
        let fds = ends.chain(self.trace.iter().map(Trace::fd));
        let mut fds: Vec<_> = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        let milliseconds = span.as_nanos().div_ceil(1_000_000);
        let timeout = PollTimeout::try_from(milliseconds).unwrap_or(PollTimeout::MAX);
        // An error shows in the reads that follow.
        let _ready = poll(&mut fds, timeout);
    }

    /// Takes in what there is to see, and returns what is new of it.
    ///
    /// A connection is opened, is in the table, ends: what is last is read first, so that nothing is taken for unseen
    /// whose beginning waits to be read.
    fn look(&mut self) -> Result<Vec<Find>, OwnerError> {
        let mut ended = Vec::new();
        if let Some(ends) = &mut self.ends {
            let read = ends.read(&mut |socket| ended.push(socket));
            self.summary.unseen_is_low |= !read.map_err(OwnerError::NoTable)?;
        }
        let baseline = self.baseline.take();
        let is_first = baseline.is_some();
        let sockets = match baseline {
            Some(sockets) => Some(sockets),
            None => self.read_table()?,
        };
        let mut connects = Vec::new();
        if let Some(trace) = &mut self.trace {
            let history = &mut self.seen.history;
            let lost = &mut self.summary.lost_events;
            let wanted = &self.wanted;
            let mut take = |event: Event| {
                history.note(&event);
                match event {
                    Event::Connect(connect) if wanted.has_ends(connect.local, connect.remote) => {
                        connects.push(connect);
                    }
                    Event::Lost(count) => *lost += count,
                    Event::Connect(_) | Event::Exec { .. } | Event::Fork { .. } => {}
                }
            };
            if let Err(error) = trace.read(&mut take) {
                tracing::warn!("the kernel's trace broke off: {error}");
                self.trace = None;
            }
        }
        let now = self.clock.now();
        let mut finds: Vec<Find> = Vec::new();
        for connect in connects {
            finds.push(self.seen.traced(&connect, now));
        }
        for socket in sockets.into_iter().flatten() {
            finds.extend(self.seen.listed(&socket, &self.wanted, is_first)?);
        }
        for socket in ended {
            if self.seen.is_unseen(&socket, &self.wanted) {
                self.summary.unseen += 1;
                self.summary.last_unseen = Some((socket.protocol, socket.remote));
            }
        }
        self.seen.forget(now);
        Ok(finds)
    }

    /// Reads the table, if it is time to.
    fn read_table(&mut self) -> Result<Option<Vec<Socket>>, OwnerError> {
        let begin = self.clock.now();
        if begin < self.next_look {
            return Ok(None);
        }
        let mut sockets = Vec::new();
        let wanted = &self.wanted;
        let mut present = BTreeSet::new();
        let is_crowded = self.seen.known.len() > MAX_KNOWN;
        let read = self.table.read(&mut |socket| {
            if is_crowded {
                present.insert(socket.cookie);
            }
            if wanted.has(&socket) {
                sockets.push(socket);
            }
        });
        read.map_err(OwnerError::NoTable)?;
        if is_crowded {
            self.seen.known.retain(|cookie| present.contains(cookie));
        }
        if let Some(last) = self.last_look {
            let gap = begin.since(last);
            self.summary.longest_gap = self.summary.longest_gap.max(gap);
        }
        self.last_look = Some(begin);
        self.summary.looks += 1;
        let end = self.clock.now();
        let pause = if self.trace.is_some() {
            PAUSE_TRACED
        } else {
            PAUSE
        };
        self.next_look = end + pause.max(end.since(begin) * PAUSE_SHARE);
        Ok(Some(sockets))
    }

    fn summed_up(mut self) -> Summary {
        let gaps = u32::try_from(self.summary.looks.saturating_sub(1)).unwrap_or(u32::MAX);
        let watched = self.last_look.map(|last| last.since(self.began));
        self.summary.mean_gap = watched.unwrap_or_default() / gaps.max(1);
        self.summary
    }
}

impl Seen {
    /// A connection was opened: tells whose it is.
    fn traced(&mut self, connect: &Connect, now: Moment) -> Find {
        if self.traced.len() >= MAX_TRACED {
            self.traced.pop_front();
        }
        self.traced.push_back(Traced {
            local_port: connect.local.port(),
            remote: connect.remote,
            at: now,
        });
        Find {
            protocol: Protocol::Tcp,
            local: connect.local,
            remote: connect.remote,
            state: State::SYN_SENT,
            seen_by: SeenBy::Trace,
            was_there: false,
            owners: vec![Lineage::of(connect.thread, &self.history)],
            hidden: 0,
        }
    }

    /// A socket is in the table: tells whose it is, if that was not yet told.
    fn listed(
        &mut self,
        socket: &Socket,
        wanted: &Wanted,
        is_first: bool,
    ) -> Result<Option<Find>, OwnerError> {
        // Nobody's yet: it waits to be accepted. Or nobody's any more.
        if socket.inode == 0 {
            return Ok(None);
        }
        let is_news = self.known.insert(socket.cookie) && !self.take_traced(socket);
        if !is_news || (is_first && !wanted.has_old()) {
            return Ok(None);
        }
        let holders = process::holders(socket.inode).map_err(OwnerError::NoProcesses)?;
        let lineage = |pid: &i32| Lineage::of(*pid, &self.history);
        Ok(Some(Find {
            protocol: socket.protocol,
            local: socket.local,
            remote: socket.remote,
            state: socket.state,
            seen_by: SeenBy::Table,
            was_there: is_first,
            owners: holders.pids.iter().map(lineage).collect(),
            hidden: holders.hidden,
        }))
    }

    /// A socket has ended: tells whether it is one that nobody had seen.
    fn is_unseen(&mut self, socket: &Socket, wanted: &Wanted) -> bool {
        let was_seen = self.known.remove(&socket.cookie) || self.take_traced(socket);
        // TCP without another end had no connection; UDP may have sent without one.
        let has_sent = socket.is_connected() || socket.protocol == Protocol::Udp;
        !was_seen && has_sent && wanted.has(socket)
    }

    /// Recognises a connection that the trace told.
    fn take_traced(&mut self, socket: &Socket) -> bool {
        let is_it = |traced: &Traced| {
            let is_port = [0, socket.local.port()].contains(&traced.local_port);
            is_port && traced.remote == socket.remote
        };
        let is_tcp = socket.protocol == Protocol::Tcp;
        let place = self.traced.iter().position(is_it).filter(|_| is_tcp);
        place.and_then(|place| self.traced.remove(place)).is_some()
    }

    fn forget(&mut self, now: Moment) {
        while let Some(oldest) = self.traced.front()
            && now.since(oldest.at) > MAX_TRACED_AGE
        {
            self.traced.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn socket(cookie: u64, remote: &str) -> Socket {
        Socket {
            protocol: Protocol::Tcp,
            state: State::ESTABLISHED,
            local: "10.0.0.1:40000".parse().unwrap(),
            remote: remote.parse().unwrap(),
            uid: 0,
            inode: 1,
            cookie,
        }
    }

    fn connect(remote: &str) -> Connect {
        Connect {
            thread: i32::MAX,
            name: "a".to_owned(),
            local: "10.0.0.1:0".parse().unwrap(),
            remote: remote.parse().unwrap(),
        }
    }

    const SERVER: &str = "203.0.113.9:443";

    fn wanted() -> Wanted {
        Wanted::Remote(SERVER.parse().unwrap())
    }

    #[test]
    fn a_connection_that_was_traced_is_not_told_again_by_the_table_nor_missed_at_its_end() {
        let mut seen = Seen::default();
        let find = seen.traced(&connect(SERVER), Moment::START);
        assert_eq!(find.seen_by, SeenBy::Trace);
        let listed = |seen: &mut Seen, cookie| {
            let found = seen.listed(&socket(cookie, SERVER), &wanted(), false);
            found.unwrap().is_some()
        };
        assert!(!listed(&mut seen, 1));
        assert!(!listed(&mut seen, 1));
        assert!(listed(&mut seen, 2), "another connection to the same end");
        for cookie in [1, 2] {
            assert!(!seen.is_unseen(&socket(cookie, SERVER), &wanted()));
        }
        assert!(seen.known.is_empty() && seen.traced.is_empty());
    }

    #[test]
    fn a_short_connection_is_missed_unless_it_was_traced() {
        let mut seen = Seen::default();
        assert!(seen.is_unseen(&socket(1, SERVER), &wanted()));
        assert!(!seen.is_unseen(&socket(2, "203.0.113.10:443"), &wanted()));
        seen.traced(&connect(SERVER), Moment::START);
        assert!(!seen.is_unseen(&socket(3, SERVER), &wanted()));
        assert!(seen.is_unseen(&socket(4, SERVER), &wanted()));
    }

    #[test]
    fn a_short_socket_of_udp_without_a_fixed_other_end_is_missed_by_its_port_alone() {
        let mut seen = Seen::default();
        let udp = Socket {
            protocol: Protocol::Udp,
            ..socket(1, "0.0.0.0:0")
        };
        assert!(seen.is_unseen(&udp, &Wanted::Port(40000)));
        assert!(!seen.is_unseen(&udp, &wanted()));
        let tcp = socket(2, "0.0.0.0:0");
        assert!(!seen.is_unseen(&tcp, &Wanted::Port(40000)));
    }

    #[test]
    fn of_any_new_those_that_were_there_are_not_told() {
        let mut seen = Seen::default();
        let old = seen.listed(&socket(1, SERVER), &Wanted::AnyNew, true);
        assert!(old.unwrap().is_none());
        let new = seen.listed(&socket(2, SERVER), &Wanted::AnyNew, false);
        assert!(new.unwrap().is_some());
    }

    #[test]
    fn what_was_traced_long_ago_is_forgotten() {
        let mut seen = Seen::default();
        seen.traced(&connect(SERVER), Moment::START);
        seen.forget(Moment::START + MAX_TRACED_AGE * 2);
        assert!(seen.is_unseen(&socket(1, SERVER), &wanted()));
    }
}
