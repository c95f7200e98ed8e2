//! The loop: ask the search, tell the mirror, listen, tell the search what came of it.
//!
//! The loop leaves the mirror as its last step set it; putting the switch back is the caller's duty on every
//! way out, so that no `?` in here can skip it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use super::catch::Catch;
use super::control::{self, Latency};
use super::error::LocateError;
use super::event::Event;
use super::record::Recorder;
use crate::clock::{Clock, Moment};
use crate::mac::Mac;
use crate::mirror::{Mirror, MirrorError};
use crate::port::PortSet;
use crate::search::{Observed, Purpose, Quality, Search, Step, Verdict};
use crate::sniff::Sniffer;

/// How often the person following the run is told that time passes.
const TICK: Duration = Duration::from_millis(200);

/// How long a switch that stopped answering is waited for. A small switch reboots in 40 to 120 s; after that
/// its mirror is gone and is set anew.
const PATIENCE: Duration = Duration::from_secs(150);

/// The pause between two attempts to reach a switch that stopped answering.
const RETRY_PAUSE: Duration = Duration::from_secs(3);

/// The outside world of a run: what it acts on, listens to, and reports to.
pub struct Instruments<'a> {
    /// The switch's mirror, taken over for this run.
    pub mirror: &'a mut dyn Mirror,
    /// The capture at the mirror's destination.
    pub sniffer: &'a mut dyn Sniffer,
    /// The time.
    pub clock: &'a dyn Clock,
    /// Whether the person wants to stop (Ctrl-C, SIGTERM).
    pub interrupted: &'a dyn Fn() -> bool,
    /// Who follows the run.
    pub observer: &'a mut dyn FnMut(&Event<'_>),
    /// Where the run is recorded, if it is.
    pub recorder: Option<&'a mut Recorder>,
}

/// One window as it was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// What it was for.
    pub purpose: Purpose,
    /// Why these ports.
    pub why: String,
    /// What the search was told.
    pub observed: Observed,
    /// Source addresses of the suspect's frames.
    pub suspect_macs: BTreeSet<Mac>,
    /// IP source addresses of the suspect's frames.
    pub suspect_ips: BTreeSet<IpAddr>,
    /// Other machines heard.
    pub others: BTreeSet<Mac>,
}

/// What a run has heard and done, also one that broke off.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Every window, in order.
    pub windows: Vec<Window>,
    /// Requests that changed the switch.
    pub writes: u32,
}

/// Runs a search to its end and returns its answer; `evidence` holds what came of it on every way out.
///
/// # Errors
/// [`LocateError`], if the mirror or the capture failed for good, or the person wants to stop.
pub fn drive<'a>(
    search: &mut Search,
    instruments: Instruments<'a>,
    candidates: &PortSet,
    evidence: &'a mut Evidence,
) -> Result<Verdict, LocateError> {
    let settle = instruments.mirror.limits().settle;
    let mut run = Run {
        instruments,
        mirrored: None,
        settled_at: Moment::START,
        settle,
        evidence,
    };
    run.control(search, candidates)?;
    let verdict = loop {
        match search.next_step() {
            Step::Observe {
                ports,
                listen,
                stop_at_sighting,
                purpose,
                why,
            } => {
                let wish = Wish {
                    listen,
                    until_sightings: if stop_at_sighting { 1 } else { u32::MAX },
                    purpose,
                    why,
                };
                run.observe(search, &ports, wish)?;
            }
            Step::Done(verdict) => break verdict,
        }
    };
    if let Some(recorder) = run.instruments.recorder.as_deref_mut() {
        recorder.verdict(&verdict)?;
    }
    run.believe_only_a_living_mirror(&verdict)?;
    Ok(verdict)
}

/// How long to listen, and why.
struct Wish {
    listen: Duration,
    until_sightings: u32,
    purpose: Purpose,
    why: String,
}

struct Run<'a> {
    instruments: Instruments<'a>,
    /// What the switch mirrors; `None` before the first write, and when it is no longer known.
    mirrored: Option<PortSet>,
    /// From when on frames are of the present set.
    settled_at: Moment,
    settle: Duration,
    evidence: &'a mut Evidence,
}

impl Run<'_> {
    /// Promise 5 of the contract: a mirror is believed after frames. First nothing is mirrored, which costs no
    /// write; then everything is, which also shows how late the switch applies a change.
    fn control(&mut self, search: &mut Search, candidates: &PortSet) -> Result<(), LocateError> {
        let nothing = PortSet::new();
        let wish = Wish {
            listen: control::BEFORE_ANY_WRITE,
            until_sightings: u32::MAX,
            purpose: Purpose::ControlNone,
            why: "nothing is mirrored yet: what is heard now reaches this machine anyway"
                .to_owned(),
        };
        self.begin(&nothing, &wish);
        let from = self.now();
        let catch = self.listen(from, &wish)?;
        self.close(search, nothing, from, catch, wish)?;

        let limit = self
            .instruments
            .mirror
            .limits()
            .sources
            .unwrap_or(usize::MAX);
        if limit < candidates.len() {
            return Ok(()); // everything at once is not to be had: the search's own sets have to prove the mirror
        }
        let wish = Wish {
            listen: control::EVERYTHING_AT_LEAST,
            until_sightings: u32::MAX,
            purpose: Purpose::ControlAll,
            why: format!(
                "all {} candidates are mirrored: the suspect must be heard now, if it talks",
                candidates.len()
            ),
        };
        self.begin(candidates, &wish);
        let applied = self.mirror(candidates)?;
        let answered = self.now();
        let mut catch = self.listen_until(answered, &wish, |catch| {
            control::shows_the_rhythm(&catch.sightings)
        })?;
        if catch.heard.foreign_frames == 0 && catch.sightings.is_empty() {
            let more = Wish {
                listen: control::FOR_A_SIGN_OF_LIFE,
                until_sightings: 1,
                why: String::new(),
                ..wish
            };
            catch.absorb(self.listen_for_life(catch.until, &more)?);
        }
        let latency = Latency::measure(
            answered,
            &catch.arrivals(),
            catch.heard.foreign_frames,
            catch.until,
        );
        self.settle = latency.settle(self.settle);
        let from = latency.began(answered);
        catch.sightings.retain(|at| *at >= from);
        self.close(search, applied, from, catch, wish)
    }

    /// One window of the search.
    fn observe(
        &mut self,
        search: &mut Search,
        ports: &PortSet,
        wish: Wish,
    ) -> Result<(), LocateError> {
        self.begin(ports, &wish);
        let changes = self.mirrored.as_ref() != Some(ports);
        let applied = self.mirror(ports)?;
        if changes {
            self.drain()?;
        }
        let from = self.now();
        let catch = self.listen(from, &wish)?;
        self.close(search, applied, from, catch, wish)
    }

    fn begin(&mut self, ports: &PortSet, wish: &Wish) {
        let at = self.now();
        let number = u32::try_from(self.evidence.windows.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        (self.instruments.observer)(&Event::Step {
            number,
            purpose: wish.purpose,
            ports,
            listen: wish.listen,
            why: &wish.why,
            at,
        });
    }

    /// Makes the switch mirror `ports`; returns what it really mirrors. The same set as before costs nothing.
    fn mirror(&mut self, ports: &PortSet) -> Result<PortSet, LocateError> {
        if self.mirrored.as_ref() == Some(ports) {
            return Ok(ports.clone());
        }
        let begun = self.now();
        loop {
            self.stop_if_interrupted()?;
            match self.instruments.mirror.set_sources(ports) {
                Ok(written) => {
                    self.evidence.writes += written.writes;
                    self.mirrored = Some(ports.clone());
                    self.settled_at = self.now() + self.settle;
                    return Ok(ports.clone());
                }
                Err(error) if is_silence(&error) && self.now().since(begun) < PATIENCE => {
                    self.mirrored = None;
                    self.warn("the switch does not answer; waiting for it to come back");
                    self.pause(RETRY_PAUSE)?;
                }
                Err(error) => {
                    self.mirrored = None;
                    return Err(error.into());
                }
            }
        }
    }

    /// Lets frames of the old set pass by unheeded.
    fn drain(&mut self) -> Result<(), LocateError> {
        loop {
            self.stop_if_interrupted()?;
            let until = self.settled_at.max(self.now()).min(self.now() + TICK);
            // What a sniffer counts, it counts from call to call: one call at least separates the sets.
            self.instruments
                .sniffer
                .listen(until, &mut |_| ControlFlow::Continue(()))?;
            if self.now() >= self.settled_at {
                return Ok(());
            }
        }
    }

    fn listen(&mut self, from: Moment, wish: &Wish) -> Result<Catch, LocateError> {
        self.listen_until(from, wish, |_| false)
    }

    /// Listens until anything at all is heard.
    fn listen_for_life(&mut self, from: Moment, wish: &Wish) -> Result<Catch, LocateError> {
        self.listen_until(from, wish, |catch| catch.heard.foreign_frames > 0)
    }

    fn listen_until(
        &mut self,
        from: Moment,
        wish: &Wish,
        enough: impl Fn(&Catch) -> bool,
    ) -> Result<Catch, LocateError> {
        let deadline = from + wish.listen;
        let mut catch = Catch {
            until: from,
            ..Catch::default()
        };
        loop {
            self.stop_if_interrupted()?;
            let slice = deadline.min(self.now() + TICK);
            let heard = self.instruments.sniffer.listen(slice, &mut |sighting| {
                catch.take(sighting, from);
                if reached(&catch, wish) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?;
            catch.add(heard);
            let done = reached(&catch, wish) || enough(&catch) || self.now() >= deadline;
            catch.until = self.now().min(deadline).max(from);
            if done {
                return Ok(catch);
            }
            let at = self.now();
            (self.instruments.observer)(&Event::Tick {
                at,
                sightings: count(&catch.sightings),
                others: catch.heard.foreign_frames,
            });
        }
    }

    /// Tells the search, the recorder and the person what came of a window.
    fn close(
        &mut self,
        search: &mut Search,
        ports: PortSet,
        from: Moment,
        catch: Catch,
        wish: Wish,
    ) -> Result<(), LocateError> {
        let quality = self.judge(&ports, &catch)?;
        let observed = Observed {
            ports,
            from,
            until: catch.until.max(from),
            sightings: catch.sightings,
            quality,
        };
        if let Some(recorder) = self.instruments.recorder.as_deref_mut() {
            recorder.window(wish.purpose, &wish.why, &observed)?;
        }
        search.record(observed.clone());
        let at = self.now();
        (self.instruments.observer)(&Event::Heard {
            sightings: count(&observed.sightings),
            usable: quality != Quality::Unusable,
            belief: &search.belief(),
            at,
        });
        self.evidence.windows.push(Window {
            purpose: wish.purpose,
            why: wish.why,
            observed,
            suspect_macs: catch.suspect_macs,
            suspect_ips: catch.suspect_ips,
            others: catch.heard.foreign_sources,
        });
        Ok(())
    }

    /// Decides what silence in a window means; a window in which nobody at all was heard makes the switch be
    /// asked whether the mirror is still there.
    fn judge(&mut self, ports: &PortSet, catch: &Catch) -> Result<Quality, LocateError> {
        if catch.heard.lost > 0 && catch.sightings.is_empty() {
            self.warn(&format!(
                "the capture lost {} frames: this window does not count",
                catch.heard.lost
            ));
            return Ok(Quality::Unusable);
        }
        if catch.heard.foreign_frames > 0 || !catch.sightings.is_empty() {
            return Ok(Quality::Alive);
        }
        if self.mirrored.is_none() || ports.is_empty() {
            return Ok(Quality::Unproven);
        }
        match self.instruments.mirror.sources() {
            Ok(found) if found == *ports => Ok(Quality::Unproven),
            Ok(_) => {
                self.warn("the switch lost the mirror session; it is set again and this window does not count");
                self.mirrored = None;
                Ok(Quality::Unusable)
            }
            Err(error) if is_silence(&error) => {
                self.warn("the switch does not answer; this window does not count");
                self.mirrored = None;
                Ok(Quality::Unusable)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// A run in which ports were mirrored and nothing whatever was heard says nothing about the suspect.
    fn believe_only_a_living_mirror(&self, verdict: &Verdict) -> Result<(), LocateError> {
        let mirrored = self
            .evidence
            .windows
            .iter()
            .filter(|w| !w.observed.ports.is_empty());
        let dead = mirrored
            .clone()
            .all(|w| w.observed.quality != Quality::Alive);
        if dead && matches!(verdict, Verdict::NotSeen | Verdict::Undecided(_)) {
            let listened = mirrored
                .map(|w| w.observed.until.since(w.observed.from))
                .sum();
            return Err(LocateError::DeadMirror { listened });
        }
        Ok(())
    }

    fn pause(&mut self, span: Duration) -> Result<(), LocateError> {
        let until = self.now() + span;
        while self.now() < until {
            self.stop_if_interrupted()?;
            self.instruments
                .clock
                .sleep_until(until.min(self.now() + TICK));
        }
        Ok(())
    }

    fn stop_if_interrupted(&self) -> Result<(), LocateError> {
        if (self.instruments.interrupted)() {
            Err(LocateError::Interrupted)
        } else {
            Ok(())
        }
    }

    fn warn(&mut self, text: &str) {
        (self.instruments.observer)(&Event::Warning(text.to_owned()));
    }

    fn now(&self) -> Moment {
        self.instruments.clock.now()
    }
}

fn reached(catch: &Catch, wish: &Wish) -> bool {
    count(&catch.sightings) >= wish.until_sightings
}

fn count(sightings: &[Moment]) -> u32 {
    u32::try_from(sightings.len()).unwrap_or(u32::MAX)
}

/// Tells whether the switch said nothing at all, as it does while it reboots.
fn is_silence(error: &MirrorError) -> bool {
    matches!(
        error,
        MirrorError::Snmp {
            source: crate::snmp::SnmpError::Lost { .. },
            ..
        }
    )
}
