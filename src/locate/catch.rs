//! What a window catches: the suspect's frames, and everybody else's as proof that the mirror lives. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::control::MISSING;
use super::receivers::Seen;
use crate::clock::Moment;
use crate::mac::Mac;
use crate::search::Knocks;
use crate::sniff::{Addressee, Heard, Sighting};
use crate::stimulus::TIME_TO_ANSWER;

/// What makes a sighting evidence.
pub(super) struct Rules<'a> {
    /// When frames began to count.
    pub(super) from: Moment,
    /// Whether this machine's own conversations reach the capture by the mirror only.
    pub(super) us_by_mirror: bool,
    /// Receivers whose frames are heard whatever is mirrored.
    pub(super) telling_nothing: &'a BTreeSet<Mac>,
}

/// What was heard between two moments.
#[derive(Default)]
pub(super) struct Catch {
    pub(super) until: Moment,
    /// The suspect's own frames that only a mirror brings here.
    pub(super) sightings: Vec<Seen>,
    /// Knocks at the suspect.
    pub(super) knocks: Vec<Moment>,
    /// Its answers, as far as only a mirror brings them here.
    pub(super) answers: Vec<Moment>,
    /// Frames that it sent to this machine.
    pub(super) to_us: u32,
    pub(super) suspect_macs: BTreeSet<Mac>,
    pub(super) suspect_ips: BTreeSet<IpAddr>,
    pub(super) heard: Heard,
    /// The mirror did not show what was set, so silence says nothing.
    pub(super) mirror_unproven: bool,
    /// When frames of others were heard, and how many since the time before.
    pub(super) others: Vec<(Moment, u64)>,
}

impl Catch {
    /// Takes a sighting as evidence, unless it came before the window or would have come without any mirror.
    pub(super) fn take(&mut self, sighting: &Sighting, rules: &Rules<'_>) {
        if sighting.at < rules.from {
            return;
        }
        remember(&mut self.suspect_macs, sighting.src);
        remember(&mut self.suspect_ips, sighting.src_ip);
        let seen = Seen {
            at: sighting.at,
            receiver: sighting.dst,
        };
        match sighting.to {
            // Without a knock of ours it is the probe of another machine that comes up.
            Addressee::Prober if !self.knocks.is_empty() => self.answers.push(sighting.at),
            Addressee::Other | Addressee::Prober => {
                let tells = |receiver| !rules.telling_nothing.contains(&receiver);
                if seen.receiver.is_none_or(tells) {
                    self.sightings.push(seen);
                }
            }
            Addressee::Us => {
                self.to_us = self.to_us.saturating_add(1);
                if rules.us_by_mirror {
                    self.answers.push(sighting.at);
                }
            }
            Addressee::Group => {}
        }
    }

    /// Tells whether the suspect was heard by the mirror.
    pub(super) fn is_heard(&self) -> bool {
        !self.sightings.is_empty() || !self.answers.is_empty()
    }

    /// Returns how often the suspect was heard by the mirror.
    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.sightings.len() + self.answers.len()).unwrap_or(u32::MAX)
    }

    /// Leaves out what was caught before `from`.
    pub(super) fn begin_at(&mut self, from: Moment) {
        self.sightings.retain(|seen| seen.at >= from);
        for moments in [&mut self.knocks, &mut self.answers] {
            moments.retain(|at| *at >= from);
        }
    }

    /// The knocks as the search weighs them: those too late for an answer in this window do not count against anybody.
    pub(super) fn knocks(&self) -> Knocks {
        let in_time = |at: &&Moment| **at + TIME_TO_ANSWER <= self.until;
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let sent = count(self.knocks.iter().filter(in_time).count());
        let answered = count(self.answers.len()).min(count(self.knocks.len()));
        Knocks {
            sent: sent.max(answered),
            answered,
        }
    }

    /// Adds what else was heard until `at`.
    pub(super) fn add(&mut self, at: Moment, heard: Heard) {
        if heard.foreign_frames > 0 {
            self.others
                .push((heard.first_foreign.unwrap_or(at), heard.foreign_frames));
        }
        self.tally(heard);
    }

    fn tally(&mut self, heard: Heard) {
        self.heard.first_foreign = self.heard.first_foreign.or(heard.first_foreign);
        self.heard.foreign_frames += heard.foreign_frames;
        self.heard.foreign_sources.extend(heard.foreign_sources);
        self.heard.lost += heard.lost;
    }

    /// Adds what was heard right after.
    pub(super) fn absorb(&mut self, later: Catch) {
        self.until = later.until;
        self.sightings.extend(later.sightings);
        self.knocks.extend(later.knocks);
        self.answers.extend(later.answers);
        self.to_us = self.to_us.saturating_add(later.to_us);
        self.suspect_macs.extend(later.suspect_macs);
        self.suspect_ips.extend(later.suspect_ips);
        self.others.extend(later.others);
        self.tally(later.heard);
    }

    /// Frames of others a second since `from`.
    #[expect(clippy::cast_precision_loss, reason = "a count of frames")]
    pub(super) fn others_rate(&self, from: Moment) -> f64 {
        let since = self.others.iter().filter(|(at, _)| *at >= from);
        let frames: u64 = since.map(|(_, count)| count).sum();
        frames as f64 / self.until.since(from).as_secs_f64().max(1e-3)
    }

    /// When anybody was heard last, to within the time between two looks at the capture.
    pub(super) fn last_heard(&self) -> Option<Moment> {
        let others = self.others.iter().map(|(at, _)| *at);
        others.chain(self.own()).max()
    }

    /// Tells whether the others, who were heard often at first, were not heard any more for far longer than their gaps
    /// explain: the mirror may have died meanwhile, so the silence of the suspect proves less.
    #[expect(clippy::cast_precision_loss, reason = "a count of frames")]
    pub(super) fn fell_mute(&self) -> bool {
        /// For how long they have to be missing, at least.
        const FOR_SECONDS: f64 = 1.0;
        let times = self.others.iter().map(|(at, _)| *at);
        let (Some(first), Some(last)) = (times.clone().min(), times.max()) else {
            return false;
        };
        let frames: u64 = self.others.iter().map(|(_, count)| count).sum();
        let lasted = last.since(first).as_secs_f64().max(0.1);
        let silent = self.until.since(last).as_secs_f64();
        silent >= FOR_SECONDS && silent * frames as f64 / lasted >= MISSING
    }

    /// Every frame of the suspect that only a mirror brings here.
    pub(super) fn own(&self) -> Vec<Moment> {
        let sightings = self.sightings.iter().map(|seen| seen.at);
        sightings.chain(self.answers.iter().copied()).collect()
    }
}

/// How many addresses of the suspect a window keeps: enough to see that it forges them.
const MAX_ADDRESSES: usize = 1024;

fn remember<T: Ord>(addresses: &mut BTreeSet<T>, address: Option<T>) {
    if addresses.len() < MAX_ADDRESSES {
        addresses.extend(address);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn others_until(last_ms: u64, frames_each: u64) -> Catch {
        let at = |ms| Moment(Duration::from_millis(ms));
        Catch {
            until: at(3000),
            others: (0..=last_ms)
                .step_by(25)
                .map(|ms| (at(ms), frames_each))
                .collect(),
            ..Catch::default()
        }
    }

    #[test]
    fn a_mirror_that_dies_in_mid_window_is_told_from_ordinary_gaps() {
        assert!(others_until(200, 2).fell_mute());
        assert!(!others_until(2500, 2).fell_mute());
        assert!(!Catch::default().fell_mute());
        let mut a_few = others_until(0, 1);
        a_few.others.push((Moment(Duration::from_millis(700)), 1));
        assert!(!a_few.fell_mute());
    }
}
