//! `halfspan watch`: the end of the cable.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use clap::{ArgGroup, Args};

use super::Context;
use super::counting::span;
use super::desk::TerminalDesk;
use super::suspect::SuspectArgs;
use crate::config::{Config, PortList};
use crate::error::{Exit, Failure};
use crate::locate::{self, Look, Target, Task};
use crate::report::{self, PresenceDocument};

/// See live whether the suspect talks, while somebody pulls plugs behind a hub
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("suspect").required(true).args(["ip", "mac", "filter"]),
    group = ArgGroup::new("where").required(true).multiple(true).args(["switch", "interface"]),
    after_help = "Examples:\n  halfspan watch --ip 10.0.0.57 --switch office-1 --port 17    mirrors the port that locate named\n  \
                  halfspan watch --ip 10.0.0.57 -i eth0    the laptop is plugged into the hub itself"
)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    suspect: SuspectArgs,
    /// Mirror a port of this switch; without it --interface is listened to as it is
    #[arg(long, value_name = "NAME", requires = "port")]
    switch: Option<String>,
    /// The port to mirror, as `halfspan locate` named it
    #[arg(long, value_name = "PORT", requires = "switch")]
    port: Option<PortList>,
    /// Listen here: an interface, tzsp://ADDRESS:PORT or pcap:FILE [default: the switch's `sniff`]
    #[arg(short, long, value_name = "SOURCE")]
    interface: Option<String>,
    /// The mirror's destination port, where this machine is plugged in, instead of the configured `destination`
    #[arg(long, value_name = "PORT", requires = "switch")]
    destination: Option<String>,
    /// Stop after this time: 30s, 5m, 1h [default: until Ctrl-C]
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    listen: Option<Duration>,
    /// Ring the terminal's bell when the suspect falls silent and when it comes back
    #[arg(long)]
    bell: bool,
    /// Send nothing to the suspect
    #[arg(long)]
    passive: bool,
    /// Borrow a mirror session that somebody else has set up, and put it back afterwards
    #[arg(long, requires = "switch")]
    take_session: bool,
    /// Answer every yes/no question with yes; needed without a terminal
    #[arg(short, long)]
    yes: bool,
}

impl WatchArgs {
    fn task(&self, target: Target) -> Task {
        Task {
            target,
            switches: self.switch.iter().cloned().collect(),
            interface: self.interface.clone(),
            destination: self.destination.clone(),
            candidates: self.port.clone(),
            confidence: 1.0,
            max_time: self.listen.unwrap_or(Duration::MAX),
            passive: self.passive,
            dry_run: false,
            no_tables: true,
            take_session: self.take_session,
            record: None,
            seed: fastrand::u64(..),
        }
    }
}

pub(super) fn run(args: &WatchArgs, context: &Context) -> Result<Exit, Failure> {
    let Some(target) = args.suspect.target() else {
        return Err(
            Failure::new(Exit::Usage, "nobody to watch").hint("give --ip, --mac or --filter")
        );
    };
    // At the hub itself nothing of the configuration is needed, but it may know who has the address.
    let config = match args.switch {
        Some(_) => context.config()?,
        None => context.optional_config()?.unwrap_or_else(Config::empty),
    };
    let state = context.state_folder()?;
    let desk = TerminalDesk::new(args.yes, context);
    let mut screen = Screen {
        is_live: std::io::stderr().is_terminal() && !context.global().quiet,
        is_quiet: context.global().quiet,
        bell: args.bell,
    };
    let task = args.task(target);
    let watched = locate::watch(&config, &task, &state, &desk, &mut |look| screen.show(look));
    screen.clear();
    let watched = watched?;
    let document = PresenceDocument::from(&watched);
    context.result(&report::presence(&document), &document)?;
    Ok(if watched.frames > 0 {
        Exit::Done
    } else {
        Exit::NoAnswer
    })
}

/// Where the person looks.
struct Screen {
    /// A line is drawn again and again.
    is_live: bool,
    is_quiet: bool,
    bell: bool,
}

impl Screen {
    fn show(&mut self, look: &Look) {
        let mut err = anstream::stderr();
        let line = report::presence_line(look);
        let bell = if self.bell && look.is_new { "\x07" } else { "" };
        // A terminal that has gone is told by SIGHUP. Whatever is said next begins where the line does.
        if look.is_new && !self.is_quiet {
            writeln!(err, "{line}\x1b[K{bell}").ok();
        } else if self.is_live {
            write!(err, "{line}\x1b[K\r").ok();
        }
        err.flush().ok();
    }

    fn clear(&mut self) {
        if self.is_live {
            write!(anstream::stderr(), "\x1b[K").ok();
        }
    }
}
