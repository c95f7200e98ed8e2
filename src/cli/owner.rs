//! `halfspan owner`: which process of this machine owns a connection.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{ArgGroup, Args};
use jiff::Timestamp;

use super::Context;
use super::counting::{span, stop_on_signals};
use crate::clock::{Clock, LiveClock};
use crate::error::{Exit, Failure};
use crate::owner::{Hook, Remote, Wanted, Watch};
use crate::report::{self, FindDocument, WatchDocument};

/// Find the process of this machine that owns a connection, and what started it
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("wanted").required(true).args(["remote", "port", "any_new"]))]
pub(super) struct OwnerArgs {
    /// Look for connections with this other end: an address, with or without a port
    #[arg(long, value_name = "IP[:PORT]")]
    remote: Option<Remote>,
    /// Look for connections with this port at either end, and for sockets that wait on it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Tell every connection that is new
    #[arg(long)]
    any_new: bool,
    /// Watch so long: 30s, 5m, 1h [default: until Ctrl-C]
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    watch: Option<Duration>,
    /// End with the first find
    #[arg(long)]
    once: bool,
    /// Run this in a shell for every find, with HALFSPAN_PID, HALFSPAN_LOCAL and HALFSPAN_REMOTE, and the JSON line as
    /// its input
    #[arg(long, value_name = "CMD")]
    exec: Option<String>,
}

impl OwnerArgs {
    fn wanted(&self) -> Wanted {
        match (self.remote, self.port) {
            (Some(remote), _) => Wanted::Remote(remote),
            (None, Some(port)) => Wanted::Port(port),
            (None, None) => Wanted::AnyNew,
        }
    }
}

pub(super) fn run(args: &OwnerArgs, context: &Context) -> Result<Exit, Failure> {
    let clock = LiveClock::start();
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signals(&stop);
    let watch = Watch::open(args.wanted(), &clock)?;
    if let Some(why) = watch.untraced() {
        context.warn(&format!(
            "the kernel's trace is not to be had ({why}): very short connections may be missed; run as root, with tracefs"
        ));
    }
    context.tell("watching; Ctrl-C ends it");
    let mut hook = args.exec.clone().map(Hook::new);
    let mut failed: Option<Failure> = None;
    let until = args.watch.map(|span| clock.now() + span);
    let summary = watch.run(until, &stop, &mut |find| {
        let document = FindDocument::new(find, Timestamp::now());
        let line = report::json_line(&document);
        let written = context.line(&report::found(&document), &line);
        if let Some(hook) = &mut hook
            && let Err(error) = hook.run(find, line.as_bytes())
        {
            context.warn(&format!("the command was not run: {error}"));
        }
        match written {
            Err(failure) => {
                failed = Some(failure);
                ControlFlow::Break(())
            }
            Ok(()) if args.once => ControlFlow::Break(()),
            Ok(()) => ControlFlow::Continue(()),
        }
    })?;
    if let Some(hook) = hook {
        hook.finish();
    }
    if let Some(failure) = failed {
        return Err(failure);
    }
    let document = WatchDocument::from(&summary);
    if context.global().json {
        context.line("", &report::json_line(&document))?;
    } else {
        context.tell(report::watched(&document).trim_end());
    }
    let interrupted = stop.load(Ordering::Relaxed);
    Ok(match (interrupted, summary.found) {
        (true, _) => Exit::Interrupted,
        (false, 0) => Exit::NoAnswer,
        (false, _) => Exit::Done,
    })
}
