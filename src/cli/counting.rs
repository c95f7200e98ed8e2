//! What `talkers` and `flows` have in common: where frames come from, and the reading with its progress.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use clap::{ArgGroup, Args};
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use signal_hook::consts::{SIGINT, SIGTERM};

use super::Context;
use crate::capture::{CaptureError, Frame, Progress, Series};
use crate::clock::{Clock, LiveClock};
use crate::error::{Exit, Failure};
use crate::flows::{self, Census, Count, Settings, Window};
use crate::report;
use crate::sniff::{Collector, FrameFilter, SniffError, Source, Tap};

/// Where exporters send to by custom, on every address of this machine.
const COLLECTOR: &str = "0.0.0.0:2055";

/// Where frames come from, and which of them count.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("input").required(true).args(["read", "interface", "netflow"]))]
pub(super) struct InputArgs {
    /// Read these capture files, one after the other; `-` is standard input (pcap, pcapng; also .gz and .zst)
    #[arg(short, long, value_name = "FILE", num_args = 1..)]
    read: Vec<PathBuf>,
    /// Listen here until Ctrl-C: an interface, or tzsp://ADDRESS:PORT
    #[arg(short, long, value_name = "SOURCE", value_parser = Source::from_str)]
    interface: Option<Source>,
    /// Listen here for flow records: NetFlow v5 and v9, IPFIX, sFlow v5 [default: 0.0.0.0:2055]
    #[arg(long, value_name = "ADDRESS:PORT", num_args = 0..=1, default_missing_value = COLLECTOR)]
    netflow: Option<SocketAddr>,
    /// Stop listening after this time: 30s, 5m, 1h
    #[arg(long = "for", value_name = "SPAN", value_parser = span, conflicts_with = "read")]
    listen: Option<Duration>,
    /// Count only what matches: "udp and not port 53" (needs libpcap)
    #[arg(long, value_name = "BPF", conflicts_with = "netflow")]
    pub(super) filter: Option<String>,
    /// Count only this time of each day: "03:00-04:00"
    #[arg(long, value_name = "TIMES")]
    window: Option<Window>,
    /// The window is in UTC, not in this machine's time zone
    #[arg(long, requires = "window")]
    utc: bool,
    /// Memory for the tables, in MiB; beyond it the smallest are given up, and the error is told
    #[arg(long, value_name = "MIB", default_value = "256", value_parser = clap::value_parser!(u32).range(8..=65_536))]
    memory: u32,
}

/// What was counted, and what could not be read.
pub(super) struct Counted {
    pub(super) census: Census,
    troubles: Vec<CaptureError>,
    interrupted: bool,
}

impl Counted {
    fn of_live(count: Count) -> Counted {
        Counted {
            census: count.into_census(),
            troubles: Vec::new(),
            interrupted: false,
        }
    }

    /// Gives up the flows, where only hosts are asked for: the document may need the memory.
    pub(super) fn without_flows(mut self) -> Counted {
        self.census = self.census.without_flows();
        self
    }

    /// Returns what could not be read, as text.
    pub(super) fn errors(&self) -> Vec<String> {
        self.troubles.iter().map(ToString::to_string).collect()
    }

    /// Warns of what could not be read, and returns how the process ends.
    pub(super) fn exit(self, context: &Context) -> Exit {
        let failed = !self.troubles.is_empty();
        for trouble in self.troubles {
            let failure = Failure::from(trouble);
            context.tell(&report::failure(&failure).to_string());
        }
        match (failed, self.interrupted) {
            (true, _) => Exit::Device,
            (false, true) => Exit::Interrupted,
            (false, false) => Exit::Done,
        }
    }
}

impl InputArgs {
    /// Reads and counts everything; of a live source `look` sees the count every second. Ctrl-C ends the reading, not
    /// the counting.
    pub(super) fn count(
        &self,
        settings: Settings,
        context: &Context,
        look: &mut dyn FnMut(&Count),
    ) -> Result<Counted, Failure> {
        let settings = Settings {
            memory: usize::try_from(self.memory).unwrap_or(usize::MAX) << 20,
            ..settings
        };
        let mut filter = self
            .filter
            .as_deref()
            .map(FrameFilter::compile)
            .transpose()?;
        let mut window = self.window();
        let stop = Arc::new(AtomicBool::new(false));
        stop_on_signals(&stop);
        let mut in_time =
            move |stamp: i64| window.as_mut().is_none_or(|window| window.contains(stamp));
        if let Some(address) = self.netflow {
            let mut collector = Collector::open(address)?;
            self.announce(collector.source(), context);
            let count = self.listen(settings, &stop, context, look, &mut |span, count| {
                collector.listen(span, &mut |sender, stamp, bytes| {
                    count.add_datagram(sender, stamp, bytes, &mut in_time);
                })
            })?;
            return Ok(Counted::of_live(count));
        }
        let mut keep = move |frame: &Frame<'_>| {
            in_time(frame.stamp)
                && filter.as_mut().is_none_or(|filter| {
                    filter.matches(frame.link_type, frame.bytes, frame.wire_len)
                })
        };
        if let Some(source) = &self.interface {
            let mut tap = Tap::open(source)?;
            self.announce(tap.source(), context);
            let count = self.listen(settings, &stop, context, look, &mut |span, count| {
                tap.listen(span, &mut |frame| {
                    if keep(frame) {
                        count.add(frame);
                    }
                })
            })?;
            warn_of_losses(tap.lost()?, context);
            return Ok(Counted::of_live(count));
        }
        let mut series = Series::new(self.read.clone()).until(Arc::clone(&stop));
        let meter = Meter::start(series.progress(), context);
        let census = flows::count(&mut series, keep, settings, &stop);
        meter.finish();
        Ok(Counted {
            census,
            troubles: series.into_troubles(),
            interrupted: stop.load(Ordering::Relaxed),
        })
    }
}

impl InputArgs {
    /// Returns the window in its time zone.
    pub(super) fn window(&self) -> Option<Window> {
        let window = self.window.clone()?;
        // The system's zone is only looked up if it is needed: that takes longer than reading a small capture.
        Some(window.in_zone(if self.utc {
            TimeZone::UTC
        } else {
            TimeZone::system()
        }))
    }

    fn announce(&self, source: &str, context: &Context) {
        context.tell(&format!("listening on {source}; Ctrl-C ends it"));
    }

    /// Counts a live source until its time is over or Ctrl-C is pressed; `hear` waits for more, and tells how much
    /// was lost.
    fn listen(
        &self,
        settings: Settings,
        stop: &AtomicBool,
        context: &Context,
        look: &mut dyn FnMut(&Count),
        hear: &mut dyn FnMut(Duration, &mut Count) -> Result<u64, SniffError>,
    ) -> Result<Count, Failure> {
        let mut count = Count::new(settings);
        let clock = LiveClock::start();
        let end = self.listen.map(|span| clock.now() + span);
        let mut next_look = clock.now() + LOOK;
        let mut lost = 0;
        while !stop.load(Ordering::Relaxed) && end.is_none_or(|end| clock.now() < end) {
            lost += hear(TICK, &mut count)?;
            if clock.now() >= next_look {
                look(&count);
                next_look = clock.now() + LOOK;
            }
        }
        // What had come by then counts.
        lost += hear(Duration::ZERO, &mut count)?;
        warn_of_losses(lost, context);
        Ok(count)
    }
}

fn warn_of_losses(lost: u64, context: &Context) {
    if lost > 0 {
        context.warn(&format!(
            "{lost} packets were lost: this machine is too slow for the source"
        ));
    }
}

/// Lets Ctrl-C and SIGTERM set `stop`.
pub(super) fn stop_on_signals(stop: &Arc<AtomicBool>) {
    for signal in [SIGINT, SIGTERM] {
        if let Err(error) = signal_hook::flag::register(signal, Arc::clone(stop)) {
            tracing::warn!("signal {signal} cannot be caught: {error}");
        }
    }
}

/// How often a live count is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Reads a span such as `5m` or `1h 30m`.
pub(super) fn span(text: &str) -> Result<Duration, String> {
    let bad = || format!("`{text}` is not a span of time; write it like 30s, 5m or 1h");
    let span: SignedDuration = text.parse().map_err(|_| bad())?;
    let span = Duration::try_from(span).map_err(|_| bad())?;
    if span.is_zero() || span > Duration::from_secs(366 * 86_400) {
        return Err(bad());
    }
    Ok(span)
}

/// Returns a span's nanoseconds.
pub(super) fn nanoseconds(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// Shows on a terminal how far the reading has come.
struct Meter {
    done: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

/// How often the line is drawn. Short readings show nothing.
const TICK: Duration = Duration::from_millis(250);

impl Meter {
    fn start(progress: Progress, context: &Context) -> Meter {
        let done = Arc::new(AtomicBool::new(false));
        let shown = !context.global().quiet && std::io::stderr().is_terminal();
        let thread = shown.then(|| {
            let done = Arc::clone(&done);
            thread::spawn(move || draw(&progress, &done))
        });
        Meter { done, thread }
    }

    fn finish(self) {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread {
            thread.thread().unpark();
            // A panic in there costs a line on the terminal, nothing else.
            thread.join().ok();
        }
    }
}

fn draw(progress: &Progress, done: &AtomicBool) {
    let clock = LiveClock::start();
    let mut drawn = false;
    loop {
        thread::park_timeout(TICK);
        if done.load(Ordering::Relaxed) {
            break;
        }
        let elapsed = clock.now().0.as_secs_f64();
        let line = report::reading(progress.read(), progress.total(), elapsed);
        write!(anstream::stderr(), "\r{line}\x1b[K").ok();
        drawn = true;
    }
    if drawn {
        write!(anstream::stderr(), "\r\x1b[K").ok();
    }
}
