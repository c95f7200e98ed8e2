//! The windows that open a run: nothing mirrored, then everything, which shows whether the mirror works and how late.

use std::time::Duration;

use super::control::{self, Latency, Others};
use super::{Catch, LocateError, Run, Wish};
use crate::clock::Moment;
use crate::port::{PortId, PortSet};
use crate::search::Purpose;

impl Run<'_> {
    /// Promise 5 of the contract: a mirror is believed after frames. First nothing is mirrored, which costs no
    /// write; then everything is, which also shows how late the switch applies a change.
    pub(super) fn control(&mut self, candidates: &PortSet) -> Result<(), LocateError> {
        let nothing = PortSet::new();
        let wish = Wish {
            listen: control::BEFORE_ANY_WRITE,
            until_sightings: u32::MAX,
            purpose: Purpose::ControlNone,
            why: "nothing is mirrored yet: what is heard now reaches this machine anyway"
                .to_owned(),
        };
        self.begin(&nothing, &wish);
        if self.instruments.borrowed && !self.instruments.mirror.sources()?.is_empty() {
            self.mirror(&nothing)?;
            self.outwait_the_latest_switch()?;
        }
        let from = self.now();
        self.leave_alone(from, self.grace);
        let catch = self.listen(from, &wish)?;
        self.learn_who_needs_the_mirror(&catch);
        self.close(nothing, from, catch, wish)?;
        self.control_mirrored(candidates)
    }

    /// Tells whether a set is about to be mirrored from nothing, and how late the switch is still unknown.
    pub(super) fn control_tells_more(&self) -> bool {
        let from_nothing = self.mirrored.as_ref().is_none_or(PortSet::is_empty);
        from_nothing && !self.settle_proven && self.controls < control::CONTROLS
    }

    /// Mirrors everything, or as much as the switch can.
    pub(super) fn control_mirrored(&mut self, candidates: &PortSet) -> Result<(), LocateError> {
        self.controls += 1;
        let limits = self.instruments.mirror.limits();
        let limit = limits.sources.unwrap_or(usize::MAX);
        if limit < candidates.len() {
            self.control_in_parts(candidates, limit)
        } else {
            let why = format!(
                "all {} candidates are mirrored: the suspect must be heard now, if it talks",
                candidates.len()
            );
            let for_life = Some(control::FOR_A_SIGN_OF_LIFE);
            self.control_with(candidates, control::EVERYTHING_AT_LEAST, for_life, why)?;
            Ok(())
        }
    }

    /// The control on a switch that cannot mirror everything at once: as many at a time as it can, until those heard
    /// have shown that the mirror works and how late the switch acts.
    fn control_in_parts(&mut self, candidates: &PortSet, limit: usize) -> Result<(), LocateError> {
        let all: Vec<PortId> = candidates.iter().collect();
        for part in all.chunks(limit).take(control::PARTS) {
            let part: PortSet = part.iter().copied().collect();
            let why = format!(
                "{} of {} candidates are mirrored, as many as the switch can: who is heard shows how late it acts",
                part.len(),
                all.len()
            );
            let listen = control::PART_AT_LEAST + self.settle;
            self.control_with(&part, listen, None, why)?;
            if self.settle_proven {
                break;
            }
        }
        Ok(())
    }

    /// Mirrors `ports` for the first time and listens until the suspect has shown how often it talks, and `for_life`
    /// longer where nobody was heard.
    fn control_with(
        &mut self,
        ports: &PortSet,
        listen: Duration,
        for_life: Option<Duration>,
        why: String,
    ) -> Result<(), LocateError> {
        let wish = Wish {
            listen,
            until_sightings: u32::MAX,
            purpose: Purpose::ControlAll,
            why,
        };
        self.begin(ports, &wish);
        let from_nothing = self.mirrored.as_ref().is_none_or(PortSet::is_empty);
        let applied = self.mirror(ports)?;
        let answered = self.now();
        self.leave_alone(answered, self.grace);
        let mut catch = self.listen_until(answered, &wish, |catch| {
            control::shows_the_rhythm(&catch.sightings)
                || catch.answers.len() >= control::ENOUGH_ANSWERS
        })?;
        if let Some(listen) = for_life
            && catch.last_heard().is_none()
        {
            self.listen_on(&mut catch, listen, 1)?;
        }
        let latency = self.latency(answered, from_nothing, &mut catch)?;
        self.settle_proven |= latency.proves(self.settle);
        self.settle = latency.settle(self.settle);
        let from = latency.began(answered);
        catch.begin_at(from);
        self.others = Some(Others {
            of: applied.clone(),
            rate: catch.others_rate(from),
        });
        self.grace = if control::shows_the_rhythm(&catch.sightings) {
            control::A_TALKERS_PAUSE
        } else {
            Duration::ZERO
        };
        self.close(applied, from, catch, wish)
    }

    /// Measures how late the switch acts by what was caught since it answered. Where the first frame came later than it was
    /// thought to take, that may be the delay or a gap like any other: as long again tells.
    fn latency(
        &mut self,
        answered: Moment,
        from_nothing: bool,
        catch: &mut Catch,
    ) -> Result<Latency, LocateError> {
        let measure =
            |catch: &Catch| Latency::measure(answered, catch.until, &catch.own(), &catch.others);
        let mut latency = measure(catch);
        if let Latency::AtMost(wait) = latency
            && wait > self.settle
        {
            self.listen_on(catch, wait.min(control::AS_LONG_AGAIN), u32::MAX)?;
            latency = measure(catch);
        }
        let of_the_set_before = !from_nothing && matches!(latency, Latency::AtMost(_));
        Ok(if of_the_set_before {
            Latency::Unknown
        } else {
            latency
        })
    }

    /// Goes on listening for a while, or until so many frames of anybody.
    fn listen_on(
        &mut self,
        catch: &mut Catch,
        listen: Duration,
        until_frames: u32,
    ) -> Result<(), LocateError> {
        let wish = Wish {
            listen,
            until_sightings: until_frames,
            purpose: Purpose::ControlAll,
            why: String::new(),
        };
        let more = self.listen_until(catch.until, &wish, |catch| {
            catch.heard.foreign_frames >= u64::from(until_frames)
        })?;
        catch.absorb(more);
        Ok(())
    }

    /// Answers that came to this machine by another interface and were not heard here need the mirror to be heard.
    fn learn_who_needs_the_mirror(&mut self, catch: &Catch) {
        let Some(stimulus) = &mut self.instruments.stimulus else {
            return;
        };
        let answered = stimulus.answers() >= control::ANSWERED_ELSEWHERE;
        self.us_by_mirror = answered && catch.to_us == 0 && catch.heard.lost == 0;
    }
}
