//! On this machine: which process owns a connection, and what started it. Linux only.
//!
//! ```text
//! kernel trace ──┐                     ┌─> processes, parents ─> cron job, timer, unit, container
//! socket table ──┼─> watch ─> finds ───┤
//! socket's ends ─┘    └─> unseen       └─> package
//! ```
//!
//! Three ways to see a connection, each with its limits:
//! - the kernel's trace of sockets (`trace`, root only) tells every TCP connection that this machine opens, however
//!   short, with the thread that opens it, at the moment it does;
//! - the table of sockets (`table`, everybody) is read again and again: what lives shorter than the time between two
//!   looks may be missed;
//! - the kernel's notice of a socket's end (everybody) names no process, but it makes the number of missed ones exact.
//!
//! Nothing here reads the time: a [`Clock`](crate::clock::Clock) is handed in.

mod cgroup;
mod cron;
mod diag;
mod error;
mod history;
mod hook;
mod lineage;
mod package;
mod process;
mod socket;
mod systemd;
mod table;
mod trace;
mod trace_line;
mod wanted;
mod watch;

pub use error::OwnerError;
pub use hook::Hook;
pub use lineage::{Gone, Lineage, Member, Origin};
pub use process::Process;
pub use socket::{Protocol, Socket, State};
pub use wanted::{BadRemote, Remote, Wanted};
pub use watch::{Find, SeenBy, Summary, Watch};
