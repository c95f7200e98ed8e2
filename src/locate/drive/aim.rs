//! Making the switch mirror what the search wants, or what comes nearest to it.

use std::ops::ControlFlow;
use std::time::Duration;

use super::{Event, LocateError, Run, TICK, Wish, control};
use crate::clock::Moment;
use crate::http::HttpError;
use crate::mirror::{AgentError, Mirror, MirrorError};
use crate::port::PortSet;
use crate::search::Purpose;
use crate::snmp::ErrorStatus;

/// How long a switch that stopped answering is waited for. A small switch reboots in 40 to 120 s; after that
/// its mirror is gone and is set anew.
const PATIENCE: Duration = Duration::from_secs(150);

/// The pause between two attempts to reach a switch that stopped answering.
const RETRY_PAUSE: Duration = Duration::from_secs(3);

/// How often a change may go unanswered by a switch that does answer questions: once it may just have come back,
/// after that it does not know the credential to write with.
const UNHEEDED: u32 = 2;

/// A change that the switch does not make.
struct Trouble {
    /// When it was asked for first.
    begun: Moment,
    /// How often it was not answered though questions were.
    unheeded: u32,
}

impl Run<'_> {
    /// Makes the switch mirror `ports`; returns what it really mirrors. The same set as before costs nothing.
    pub(super) fn mirror(&mut self, ports: &PortSet) -> Result<PortSet, LocateError> {
        let mut ports = ports.clone();
        let mut trouble = Trouble {
            begun: self.now(),
            unheeded: 0,
        };
        while self.mirrored.as_ref() != Some(&ports) {
            self.stop_if_interrupted()?;
            match self.instruments.mirror.set_sources(&ports) {
                Ok(written) => {
                    self.evidence.writes += written.writes;
                    self.settled_at = self.now() + self.settle;
                    if self.lost_links(&ports, &written.without_link) {
                        self.mirrored = None; // to be asked again: a cable may be plugged in any time
                        return Ok(ports);
                    }
                    self.mirrored = Some(ports.clone());
                }
                Err(error) => {
                    self.mirrored = None;
                    ports = self.after_trouble(ports, error, &mut trouble)?;
                }
            }
        }
        Ok(ports)
    }

    /// Takes note of which of `ports` are as good as mirrored, since nothing can come from a port without link; tells
    /// whether there are any.
    fn lost_links(&mut self, ports: &PortSet, without_link: &PortSet) -> bool {
        let new = without_link.without(&self.without_link);
        if !new.is_empty() {
            (self.instruments.observer)(&Event::LinkLost(&new));
        }
        self.without_link = self.without_link.without(ports);
        self.without_link.extend(without_link.iter());
        !without_link.is_empty()
    }

    /// Decides what to try next where the switch would not mirror `ports`.
    fn after_trouble(
        &mut self,
        ports: PortSet,
        error: MirrorError,
        trouble: &mut Trouble,
    ) -> Result<PortSet, LocateError> {
        if let Some(part) = part_that_fits(self.instruments.mirror, &ports, &error) {
            let most = part.len();
            self.warn(&format!(
                "the switch mirrors no more than {most} ports at once; the search adapts to that"
            ));
            self.inquiry.limit(most)?;
            return Ok(part);
        }
        if !is_silence(&error) || self.now().since(trouble.begun) >= PATIENCE {
            return Err(error.into());
        }
        if self.instruments.mirror.sources().is_ok() {
            trouble.unheeded += 1;
            if trouble.unheeded >= UNHEEDED {
                return Err(error.into());
            }
        } else {
            self.warn("the switch does not answer; waiting for it to come back");
            self.pause(RETRY_PAUSE)?;
        }
        Ok(ports)
    }

    /// Returns when the switch answered the last change, whose settle time is still the present one.
    fn answered(&self) -> Moment {
        Moment(self.settled_at.0.saturating_sub(self.settle))
    }

    /// Waits until the mirror shows the set with everybody but the suspect in it, as the others are heard again. From the
    /// port alone hardly anybody is, so this sees the change itself: it tells how late the switch is, and a proof whose
    /// windows are all one change behind would confirm the wrong port.
    ///
    /// Returns whether it was seen. On a network that is too quiet for that, nothing is waited for if it was measured how
    /// late the switch is, and else as long as the latest switch takes.
    pub(super) fn await_others(&mut self) -> Result<bool, LocateError> {
        let answered = self.answered();
        let rate = self.others.as_ref().map_or(0.0, |others| others.rate);
        let tell = control::others_tell(rate);
        if !tell && self.settle_proven {
            return Ok(true);
        }
        let deadline = self.now() + control::LATEST;
        let mut heard = 0;
        while heard < control::OTHERS_TELL {
            self.stop_if_interrupted()?;
            if self.now() >= deadline {
                return Ok(!tell);
            }
            let until = deadline.min(self.now() + control::BIN);
            let more = self
                .instruments
                .sniffer
                .listen(until, &mut |_| ControlFlow::Continue(()))?;
            heard += more.foreign_frames;
        }
        let late = self.now().since(answered);
        self.settle = self.settle.max(control::margin(late, self.settle));
        Ok(true)
    }

    /// Lets as much time pass as the latest switch takes: what is heard with nothing mirrored is only then no copy. How
    /// long the suspect is still heard, if it falls silent meanwhile, tells how late this switch is.
    pub(super) fn outwait_the_latest_switch(&mut self) -> Result<(), LocateError> {
        let answered = self.answered();
        let wish = Wish {
            listen: control::LATEST,
            until_sightings: u32::MAX,
            purpose: Purpose::ControlNone,
            why: String::new(),
        };
        let catch = self.listen(answered, &wish)?;
        let Some(late) = control::fell_silent_after(answered, catch.until, &catch.own()) else {
            return Ok(());
        };
        self.settle_proven = true;
        if late > self.settle {
            self.warn(&format!(
                "the switch goes on copying for {:.1} s after a change; that is waited for from now on",
                late.as_secs_f64()
            ));
            self.settle = late.mul_f64(1.5);
        }
        Ok(())
    }

    /// Lets frames of the old set pass by unheeded.
    pub(super) fn drain(&mut self) -> Result<(), LocateError> {
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
}

/// Returns the part of `wanted` to go on with: what the switch did take, or half of it where it refused them all for
/// want of resources. `None` if `error` is about something else, or if not even one port is left.
fn part_that_fits(
    mirror: &mut dyn Mirror,
    wanted: &PortSet,
    error: &MirrorError,
) -> Option<PortSet> {
    let refused = is_want_of_resources(error);
    let cut_short = matches!(error, MirrorError::NotApplied { .. });
    if wanted.len() < 2 || !(refused || cut_short) {
        return None;
    }
    let taken = mirror.sources().ok()?;
    let is_part =
        !taken.is_empty() && taken.len() < wanted.len() && taken.without(wanted).is_empty();
    if is_part {
        return Some(taken);
    }
    refused.then(|| wanted.iter().take(wanted.len() / 2).collect())
}

fn is_want_of_resources(error: &MirrorError) -> bool {
    let refusal = if let MirrorError::Snmp { source, .. } = error {
        source.refusal()
    } else {
        None
    };
    refusal == Some(ErrorStatus::ResourceUnavailable)
}

/// Tells whether the switch said nothing at all, as it does while it reboots.
pub(super) fn is_silence(error: &MirrorError) -> bool {
    if let MirrorError::Snmp { source, .. } = error {
        return source.is_lost();
    }
    if let MirrorError::Http { source, .. } = error
        && let AgentError::Http(source) = source
    {
        return source.is_lost() || matches!(**source, HttpError::Unreachable { .. });
    }
    false
}
