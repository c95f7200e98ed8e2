//! The loop: ask the search, tell the mirror, listen, tell the search what came of it.
//!
//! The loop leaves the mirror as its last step set it; putting the switch back is the caller's duty on every
//! way out, so that no `?` in here can skip it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::time::Duration;

use super::catch::{Catch, Rules};
use super::control::{self, Others};
use super::error::LocateError;
use super::event::Event;
use super::inquiry::Inquiry;
use super::receivers::{Receivers, Seen};
use super::record::Recorder;
use crate::clock::{Clock, Moment};
use crate::mac::Mac;
use crate::mirror::Mirror;
use crate::port::PortSet;
use crate::search::{Observed, Purpose, Quality, Question, Step, Verdict};
use crate::sniff::Sniffer;
use crate::stimulus::Stimulus;

mod aim;
mod opening;
mod quality;

/// How often the person following the run is told that time passes.
const TICK: Duration = Duration::from_millis(200);

/// The outside world of a run: what it acts on, listens to, and reports to.
pub struct Instruments<'a> {
    /// The switch's mirror, taken over for this run.
    pub mirror: &'a mut dyn Mirror,
    /// Whether the session may be somebody else's, which copies to us already.
    pub borrowed: bool,
    /// The capture at the mirror's destination.
    pub sniffer: &'a mut dyn Sniffer,
    /// What makes the suspect speak, if anything may.
    pub stimulus: Option<&'a mut Stimulus>,
    /// Where the switch has learned a machine: asked about those that the suspect sends to, where the switch copies both
    /// directions and so shows a frame at the receiver's port as well. Empty if it does not tell.
    pub whereabouts: Option<&'a mut dyn FnMut(Mac) -> PortSet>,
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
    question: Question,
    mut instruments: Instruments<'a>,
    evidence: &'a mut Evidence,
) -> Result<Verdict, LocateError> {
    let settle = instruments.mirror.limits().settle;
    let candidates = question.candidates.iter().map(|(port, _)| *port).collect();
    let inquiry = Inquiry::new(question, instruments.recorder.take());
    let mut run = Run {
        inquiry,
        instruments,
        mirrored: None,
        without_link: PortSet::new(),
        settled_at: Moment::START,
        settle,
        settle_proven: false,
        controls: 0,
        grace: control::LEFT_ALONE,
        us_by_mirror: false,
        receivers: Receivers::default(),
        others: None,
        heard_last: Moment::START,
        revivals: 0,
        evidence,
    };
    run.control(&candidates)?;
    let verdict = loop {
        match run.inquiry.next_step() {
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
                if run.control_tells_more() {
                    run.control_mirrored(&candidates)?;
                }
                run.observe(&ports, wish)?;
                run.give_up_a_dead_mirror()?;
            }
            Step::Done(verdict) => break verdict,
        }
    };
    run.inquiry.close(&verdict)?;
    let unheard = matches!(verdict, Verdict::NotSeen | Verdict::Undecided(_));
    match run.deaf_for() {
        Some(listened) if unheard => Err(LocateError::DeadMirror { listened }),
        _ => Ok(verdict),
    }
}

/// How long to listen, and why.
struct Wish {
    listen: Duration,
    until_sightings: u32,
    purpose: Purpose,
    why: String,
}

impl Wish {
    /// How often the capture is asked what it has heard. While everything is mirrored for the first time, when others are
    /// heard shows how late the switch acts.
    fn look_every(&self) -> Duration {
        if self.purpose == Purpose::ControlAll {
            control::BIN
        } else {
            TICK
        }
    }
}

struct Run<'a> {
    inquiry: Inquiry<'a>,
    instruments: Instruments<'a>,
    /// What the switch mirrors; `None` before the first write, and when it is no longer known.
    mirrored: Option<PortSet>,
    /// Ports that are as good as mirrored where they are wanted: without link, nothing can come from them.
    without_link: PortSet,
    /// From when on frames are of the present set.
    settled_at: Moment,
    settle: Duration,
    /// Whether that was measured, and is not the profile's guess.
    settle_proven: bool,
    /// How often everything was mirrored for the control.
    controls: u32,
    /// How long into a window the suspect is left alone before it is knocked at.
    grace: Duration,
    /// Whether this machine's own conversations reach the capture by the mirror only.
    us_by_mirror: bool,
    /// Whom the suspect sends to.
    receivers: Receivers,
    /// How much others were heard in the control.
    others: Option<Others>,
    /// When anybody was heard last.
    heard_last: Moment,
    /// How often a mirror that was shown and brought nothing any more was set anew.
    revivals: u32,
    evidence: &'a mut Evidence,
}

impl Run<'_> {
    /// One window of the search.
    fn observe(&mut self, ports: &PortSet, wish: Wish) -> Result<(), LocateError> {
        self.begin(ports, &wish);
        let changes = self.mirrored.as_ref() != Some(ports);
        let applied = self.mirror(ports)?;
        if changes {
            self.drain()?;
        }
        if changes && wish.purpose == Purpose::ControlNone {
            self.outwait_the_latest_switch()?;
        }
        let in_effect = wish.purpose != Purpose::ProofOff || !changes || self.await_others()?;
        let from = self.now();
        // Silence on a set that stays has lasted already: the search counts on knocks now.
        self.leave_alone(from, if changes { self.grace } else { Duration::ZERO });
        let mut catch = self.listen(from, &wish)?;
        catch.mirror_unproven = !in_effect;
        self.close(applied, from, catch, wish)
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

    fn listen(&mut self, from: Moment, wish: &Wish) -> Result<Catch, LocateError> {
        self.listen_until(from, wish, |_| false)
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
            let slice = self.knock_if_due(&mut catch).min(deadline);
            let slice = slice.min(self.now() + wish.look_every());
            let rules = Rules {
                from,
                us_by_mirror: self.us_by_mirror,
                telling_nothing: self.receivers.telling_nothing(),
            };
            let heard = self.instruments.sniffer.listen(slice, &mut |sighting| {
                catch.take(sighting, &rules);
                if reached(&catch, wish) {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })?;
            catch.add(self.now(), heard);
            let done = reached(&catch, wish) || enough(&catch) || self.now() >= deadline;
            catch.until = self.now().min(deadline).max(from);
            if done {
                return Ok(catch);
            }
            let at = self.now();
            (self.instruments.observer)(&Event::Tick {
                at,
                sightings: catch.count(),
                others: catch.heard.foreign_frames,
            });
        }
    }

    /// Lets the suspect talk by itself for a while before it is knocked at.
    fn leave_alone(&mut self, from: Moment, grace: Duration) {
        if let Some(stimulus) = &mut self.instruments.stimulus {
            stimulus.begin(from, grace);
        }
    }

    /// Knocks at the suspect if it is time; returns until when to listen before the next look.
    fn knock_if_due(&mut self, catch: &mut Catch) -> Moment {
        let now = self.now();
        let tick = now + TICK;
        let Some(stimulus) = &mut self.instruments.stimulus else {
            return tick;
        };
        if stimulus.due() > now {
            return stimulus.due().min(tick);
        }
        if let Err(error) = stimulus.knock(now) {
            self.instruments.stimulus = None;
            self.warn(&format!(
                "nothing more is sent to the suspect to wake it: {error}"
            ));
            return tick;
        }
        catch.knocks.push(now);
        let due = stimulus.due();
        due.min(tick)
    }

    /// Tells the search, the recorder and the person what came of a window.
    fn close(
        &mut self,
        ports: PortSet,
        from: Moment,
        catch: Catch,
        wish: Wish,
    ) -> Result<(), LocateError> {
        let quality = self.judge(&ports, &catch)?;
        let knocks = catch.knocks();
        let observed = Observed {
            ports,
            from,
            until: catch.until.max(from),
            sightings: catch.sightings.iter().map(|seen| seen.at).collect(),
            quality,
            knocks,
        };
        let flooded = self.receivers.note(&observed.ports, &catch.sightings);
        let near = self.near_receivers(&catch.sightings);
        self.inquiry
            .tell(wish.purpose, &wish.why, &observed, catch.sightings)?;
        self.leave_out(
            &flooded,
            "come whatever is mirrored, as the switch floods them",
        )?;
        self.leave_out(&near, "show at the port of the receiver as well")?;
        let at = self.now();
        (self.instruments.observer)(&Event::Heard {
            sightings: observed.heard(),
            usable: quality != Quality::Unusable,
            belief: &self.inquiry.belief(),
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

    /// Those that the suspect sends to and whose own ports are searched as well, on a switch that copies both directions.
    fn near_receivers(&mut self, seen: &[Seen]) -> BTreeSet<Mac> {
        let Some(whereabouts) = &mut self.instruments.whereabouts else {
            return BTreeSet::new();
        };
        let candidates = self.inquiry.candidates();
        let mut near = self.receivers.unasked(seen);
        near.retain(|receiver| {
            whereabouts(*receiver)
                .iter()
                .any(|port| candidates.contains(port))
        });
        near.iter()
            .for_each(|receiver| self.receivers.is_near(*receiver));
        near
    }

    /// Begins the search anew without the frames to receivers that turned out to tell nothing.
    fn leave_out(&mut self, receivers: &BTreeSet<Mac>, why: &str) -> Result<(), LocateError> {
        if receivers.is_empty() {
            return Ok(());
        }
        self.inquiry.leave_out(receivers)?;
        self.grace = Duration::ZERO; // what is left of its talk may be nothing
        for receiver in receivers {
            self.warn(&format!(
                "the suspect's frames to {receiver} {why}: they are left out"
            ));
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
    catch.count() >= wish.until_sightings
}
