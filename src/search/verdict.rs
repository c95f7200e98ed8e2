//! When the search is over, and with what answer.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::port::{PortId, PortSet};

use super::{Observed, Purpose, Quality, Search, Step, Verdict, proof, seconds, several, why};

/// More windows than any honest run needs: an end even where time does not pass.
const MOST_WINDOWS: u32 = 20_000;

/// The ports that a shortlist names.
const SHORTLIST: usize = 8;

/// How long every port must have been silent, mirrored and with the mirror proven alive, before `not seen`.
const SILENT_LONG_ENOUGH: Duration = Duration::from_secs(10);

/// Belief in a port that turns its silence into a surprise.
const WORTH_A_LOOK: f64 = 0.95;

/// The chance that a suspect that is still there is as silent by itself: small enough to look elsewhere meanwhile.
const PAUSED: f64 = 0.2;

/// Sightings with nothing mirrored before `elsewhere` is the answer: more than it takes to find out a receiver whose frames
/// are flooded.
const HEARD_WITHOUT_MIRROR: u32 = 4;

/// One window with nothing mirrored.
const WITHOUT_MIRROR: f64 = 30.0;

/// What was heard so far, counted without any model.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    /// Windows recorded, usable or not.
    pub(super) windows: u32,
    /// Sightings in all windows.
    sightings: u64,
    /// Sightings with nothing mirrored, after something was: what is flooded at first is soon learned by the switch.
    unmirrored: u32,
    /// Whether anything was mirrored yet.
    mirrored: bool,
    /// Whether nothing was mirrored in the last window, and nothing heard.
    silent_unmirrored: bool,
    /// Sightings while nothing but this port was mirrored.
    pub(super) alone: BTreeMap<PortId, u32>,
    /// The port that was mirrored alone in the last window and stayed silent, and for how long.
    silent_alone: Option<(PortId, Duration)>,
    /// The ports that stayed silent when they were mirrored alone last.
    fell_silent: PortSet,
    /// How long each port was mirrored, proven alive, and silent.
    silent: BTreeMap<PortId, Duration>,
}

impl Tally {
    /// Counts a usable window.
    pub(super) fn note(&mut self, observed: &Observed) {
        let heard = observed.heard();
        self.sightings += u64::from(heard);
        self.mirrored |= !observed.ports.is_empty();
        self.silent_unmirrored = observed.ports.is_empty() && heard == 0;
        self.note_alone(observed);
        if heard == 0 && observed.quality == Quality::Alive {
            for port in observed.ports.iter() {
                *self.silent.entry(port).or_default() += observed.until.since(observed.from);
            }
        }
        if heard == 0 {
            return;
        }
        let mut ports = observed.ports.iter();
        match (ports.next(), ports.next()) {
            (None, _) if self.mirrored => {
                self.unmirrored = self.unmirrored.saturating_add(heard);
            }
            (Some(only), None) => {
                let count = self.alone.entry(only).or_default();
                *count = count.saturating_add(heard);
            }
            (None, _) | (Some(_), Some(_)) => {}
        }
    }

    fn note_alone(&mut self, observed: &Observed) {
        self.silent_alone = None;
        let mut ports = observed.ports.iter();
        let (Some(only), None) = (ports.next(), ports.next()) else {
            return;
        };
        if observed.is_heard() {
            self.fell_silent.remove(only);
        } else {
            self.fell_silent.insert(only);
            self.silent_alone = Some((only, observed.until.since(observed.from)));
        }
    }

    /// Returns the ports that were heard while nothing else was mirrored.
    pub(super) fn heard_alone(&self) -> PortSet {
        self.alone.keys().copied().collect()
    }
}

/// Returns the port that is believed in as much as was asked, and how much.
pub(super) fn believed(search: &Search) -> Option<(PortId, f64)> {
    likeliest(search, search.question.confidence)
}

/// Returns the likeliest port, if it holds at least so much of the belief and there is no second place.
pub(super) fn likeliest(search: &Search, at_least: f64) -> Option<(PortId, f64)> {
    let belief = search.belief();
    let top = belief
        .ports
        .into_iter()
        .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
    top.filter(|(_, chance)| *chance >= at_least)
        .filter(|_| several::chance(search) < 0.5)
}

/// Returns the answer, if there is one yet.
pub(super) fn reached(search: &Search) -> Option<Verdict> {
    let question = &search.question;
    let over = search.now.0 >= question.max_time || search.tally.windows >= MOST_WINDOWS;
    if let Some(ports) = several::proven(search) {
        return Some(Verdict::SeveralPlaces(ports));
    }
    if let Some((port, confidence)) = believed(search) {
        let cycles = search.proof.cycles(port);
        let heard = search.tally.alone.contains_key(&port);
        let gone = search.tally.fell_silent.contains(port);
        if heard && (cycles >= question.proof_cycles || over && !gone) {
            return Some(Verdict::Found {
                port,
                confidence: stated(confidence),
                cycles,
            });
        }
    }
    let elsewhere = search.belief().elsewhere;
    if elsewhere >= question.confidence || over {
        if search.tally.sightings == 0 && silent_long_enough(search) {
            return Some(Verdict::NotSeen);
        }
        let heard = search.tally.unmirrored >= HEARD_WITHOUT_MIRROR;
        if elsewhere >= question.confidence && heard {
            return Some(Verdict::Elsewhere {
                confidence: elsewhere,
            });
        }
    }
    over.then(|| shortlist(search))
}

/// Of the doubt that is left, the share that turns out to be right, where the belief is below [`AS_BELIEVED`].
///
/// The search reckons with more strays and dead mirrors than most networks have, and names no port that it has not heard
/// alone; so its answers err less often than their belief says (`docs/measurements.md`: 20,000 runs in mixed worlds).
const JUSTIFIED_DOUBT: f64 = 0.4;

/// A belief from which on answers err as often as it says.
const AS_BELIEVED: f64 = 0.999;

/// The confidence that is stated for a belief: never less than the belief, and less than a greater one's.
fn stated(belief: f64) -> f64 {
    if belief >= AS_BELIEVED {
        belief
    } else {
        (1.0 - JUSTIFIED_DOUBT * (1.0 - belief)).min(AS_BELIEVED)
    }
}

/// Whether each candidate was mirrored, alive and silent for long enough.
fn silent_long_enough(search: &Search) -> bool {
    let silent = |port: &PortId| search.tally.silent.get(port).copied().unwrap_or_default();
    let mut ports = search
        .question
        .candidates
        .iter()
        .map(|(port, _)| silent(port));
    ports.all(|span| span >= SILENT_LONG_ENOUGH)
}

/// Returns a window that an answer still lacks: the believed port alone, or nothing mirrored at all.
pub(super) fn control(search: &Search) -> Option<Step> {
    let left = search.left();
    if let Some((port, _)) = believed(search) {
        let ports = PortSet::from_iter([port]);
        let listen = seconds(search.planner.overdue(&search.filter, port, 0.02).min(left));
        let why = why::narrow(search, &ports, listen);
        let purpose = Purpose::ProofOn;
        return Some(Step::Observe {
            ports,
            listen,
            stop_at_sighting: true,
            purpose,
            why,
        });
    }
    if search.belief().elsewhere < search.question.confidence {
        return None;
    }
    if search.tally.sightings == 0 {
        return Some(least_covered(search, left, true));
    }
    // Silence with nothing mirrored is what a suspect behind a port sounds like, too: the ports are asked again, and for
    // longer than one frame, which may be a stray.
    if search.tally.silent_unmirrored {
        return Some(least_covered(search, left, false));
    }
    let listen = seconds(WITHOUT_MIRROR.min(left));
    let why = why::nothing(listen);
    let purpose = Purpose::ControlNone;
    Some(Step::Observe {
        ports: PortSet::new(),
        listen,
        stop_at_sighting: true,
        purpose,
        why,
    })
}

/// Returns a window with everything but a port that was believed in and then stayed silent alone: it may have moved.
pub(super) fn moved(search: &Search) -> Option<Step> {
    if search.question.proof_cycles == 0 {
        return None; // The planner weighs it; only the proof would wait for ever.
    }
    let (silent, lasted) = search.tally.silent_alone?;
    let (port, _) = likeliest(search, WORTH_A_LOOK)?;
    let due = search.planner.overdue(&search.filter, port, PAUSED);
    let gone = port == silent && lasted.as_secs_f64() >= due;
    if !gone {
        return None;
    }
    let ports = proof::others(search, port);
    let listen = seconds(lasted.as_secs_f64().min(search.left()));
    Some(Step::Observe {
        why: why::moved(ports.len(), listen),
        ports,
        listen,
        stop_at_sighting: true,
        purpose: Purpose::Narrow,
    })
}

/// The ports that were silent for the shortest time, as many as can be mirrored at once.
fn least_covered(search: &Search, left: f64, stop_at_sighting: bool) -> Step {
    let silent = |port: &PortId| search.tally.silent.get(port).copied().unwrap_or_default();
    let mut ports: Vec<PortId> = search.candidates().iter().collect();
    ports.sort_by_key(|port| (silent(port), *port));
    let ports: PortSet = ports.into_iter().take(search.limit()).collect();
    let listen = seconds(SILENT_LONG_ENOUGH.as_secs_f64().min(left));
    let why = why::narrow(search, &ports, listen);
    Step::Observe {
        ports,
        listen,
        stop_at_sighting,
        purpose: Purpose::ControlAll,
        why,
    }
}

fn shortlist(search: &Search) -> Verdict {
    let mut likeliest = search.belief().ports;
    likeliest.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    likeliest.truncate(SHORTLIST);
    Verdict::Undecided(likeliest)
}
