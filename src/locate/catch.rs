//! What a window catches: the suspect's frames, and everybody else's as proof that the mirror lives. Pure.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::clock::Moment;
use crate::mac::Mac;
use crate::sniff::{Heard, Sighting};

/// What was heard between two moments.
#[derive(Default)]
pub(super) struct Catch {
    pub(super) until: Moment,
    pub(super) sightings: Vec<Moment>,
    pub(super) suspect_macs: BTreeSet<Mac>,
    pub(super) suspect_ips: BTreeSet<IpAddr>,
    pub(super) heard: Heard,
}

impl Catch {
    /// Takes a sighting as evidence, unless it came before the window or would have come without any mirror.
    pub(super) fn take(&mut self, sighting: &Sighting, from: Moment) {
        if sighting.at < from {
            return;
        }
        remember(&mut self.suspect_macs, sighting.src);
        remember(&mut self.suspect_ips, sighting.src_ip);
        if !sighting.reaches_us_anyway {
            self.sightings.push(sighting.at);
        }
    }

    pub(super) fn add(&mut self, heard: Heard) {
        self.heard.first_foreign = self.heard.first_foreign.or(heard.first_foreign);
        self.heard.foreign_frames += heard.foreign_frames;
        self.heard.foreign_sources.extend(heard.foreign_sources);
        self.heard.lost += heard.lost;
    }

    /// Adds what was heard right after.
    pub(super) fn absorb(&mut self, later: Catch) {
        self.until = later.until;
        self.sightings.extend(later.sightings);
        self.suspect_macs.extend(later.suspect_macs);
        self.suspect_ips.extend(later.suspect_ips);
        self.add(later.heard);
    }

    /// When the first copies of anybody came.
    pub(super) fn arrivals(&self) -> Vec<Moment> {
        let mut arrivals: Vec<Moment> = self
            .sightings
            .first()
            .copied()
            .into_iter()
            .chain(self.heard.first_foreign)
            .collect();
        arrivals.sort_unstable();
        arrivals
    }
}

/// How many addresses of the suspect a window keeps: enough to see that it forges them.
const MAX_ADDRESSES: usize = 1024;

fn remember<T: Ord>(addresses: &mut BTreeSet<T>, address: Option<T>) {
    if addresses.len() < MAX_ADDRESSES {
        addresses.extend(address);
    }
}
