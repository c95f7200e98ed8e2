//! Several places at once: a duplicate address, a loop, a forged MAC.
//!
//! Once a port has been heard alone and something is heard without it too, the rest of the run is also read
//! under the assumption that this port (the anchor) is one place and that there is another: the windows that
//! include the anchor speak of the anchor alone, the others of the second place alone.

use crate::clock::Moment;
use crate::port::{PortId, PortSet};

use super::filter::{Filter, Place};
use super::planner::Request;
use super::{Observed, Purpose, Quality, Search, Step, places, seconds, why};

/// Belief beforehand that there is more than one place.
const PRIOR: f64 = 1e-4;

/// Windows without the anchor in which something was heard, before the thought is worth its time.
const WORTH_A_THOUGHT: usize = 2;

/// How often the two ports must have been heard in turn: first, second, first again, second again.
const TURNS: usize = 4;

/// How often, besides, both must have been silent with neither mirrored, and one of them heard in between: a flood that
/// comes and goes would have to follow our changes of the mirror.
const SILENCES: usize = 3;

/// The chance that both places are as silent by themselves as is asked while neither is mirrored; and at most, once it
/// was heard how long they were.
const ASKED_SILENCE: f64 = 0.03;
const ENOUGH_SILENCE: f64 = 0.2;

/// What is known about a second place.
#[derive(Clone, Debug, Default)]
pub(super) struct Several {
    history: Vec<Observed>,
    /// What was heard of single ports and of neither place, repetitions left out.
    beats: Vec<Beat>,
    reading: Option<Reading>,
}

/// One step of a proof of two places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beat {
    /// This port was heard while nothing else was mirrored.
    Heard(PortId),
    /// Neither place was mirrored, and nothing was heard when both were overdue.
    Silence,
}

/// The run, read as if `anchor` were one place.
#[derive(Clone, Debug)]
struct Reading {
    anchor: PortId,
    own: Filter,
    rest: Filter,
    now: Moment,
}

impl Reading {
    fn new(search: &Search, anchor: PortId) -> Self {
        let traffic = || search.filter.traffic().clone();
        let mut others = search.question.candidates.clone();
        others.retain(|(port, _)| *port != anchor);
        let own = Filter::new(traffic(), vec![(Place::Port(anchor), 1.0)]);
        let rest = Filter::new(traffic(), places(&others));
        let mut reading = Reading {
            anchor,
            own,
            rest,
            now: Moment::START,
        };
        for observed in &search.several.history {
            reading.record(observed);
        }
        reading
    }

    fn record(&mut self, observed: &Observed) {
        let now = self.now;
        let filter = if observed.ports.contains(self.anchor) {
            &mut self.own
        } else {
            &mut self.rest
        };
        filter.record(now, observed);
        self.now = now.max(observed.from).max(observed.until);
    }

    /// Returns the likeliest second port and its probability, given that there is a second one.
    fn second(&self) -> Option<(PortId, f64)> {
        let ports = self
            .rest
            .places()
            .into_iter()
            .filter_map(|(place, p)| Some((place.port()?, p)));
        let all: f64 = ports.clone().map(|(_, p)| p).sum();
        let top = ports.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
        top.map(|(port, p)| (port, p / all))
    }

    /// Returns the probability that there is a second place, against one place that explains everything.
    fn chance(&self, single: f64) -> f64 {
        let nowhere: f64 = self
            .rest
            .places()
            .iter()
            .filter(|(p, _)| p.port().is_none())
            .map(|(_, c)| c)
            .sum();
        let pair = self.own.evidence() + self.rest.evidence() + (1.0 - nowhere).max(1e-300).ln();
        let odds = (PRIOR.ln() + pair - single).clamp(-700.0, 700.0).exp();
        odds / (1.0 + odds)
    }
}

/// Takes in a window.
pub(super) fn note(search: &mut Search, observed: &Observed) {
    // By what was known when the window was asked for: its silence says that both may pause.
    if let Some(beat) = beat(search, observed)
        && search.several.beats.last() != Some(&beat)
    {
        search.several.beats.push(beat);
    }
    search.several.history.push(observed.clone());
    if let Some(reading) = &mut search.several.reading {
        reading.record(observed);
    }
    if let Some(anchor) = anchor(search)
        && search
            .several
            .reading
            .as_ref()
            .is_none_or(|reading| reading.anchor != anchor)
    {
        search.several.reading = Some(Reading::new(search, anchor));
    }
}

/// What a window is to the proof of two places.
fn beat(search: &Search, observed: &Observed) -> Option<Beat> {
    let mut ports = observed.ports.iter();
    if observed.is_heard() {
        let alone = ports.next().filter(|_| observed.ports.len() == 1);
        return alone.map(Beat::Heard);
    }
    let reading = search.several.reading.as_ref()?;
    let (second, _) = reading.second()?;
    is_silence_of_neither(search, reading, second, observed).then_some(Beat::Silence)
}

/// The port that was heard alone most, if something was heard without it too.
fn anchor(search: &Search) -> Option<PortId> {
    let alone = search
        .tally
        .alone
        .iter()
        .max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    let (port, heard) = alone?;
    let without = |o: &&Observed| !o.ports.contains(*port) && o.is_heard();
    let elsewhere = search.several.history.iter().filter(without).count();
    (elsewhere >= WORTH_A_THOUGHT && *heard > 0).then_some(*port)
}

/// Returns the probability that the suspect is in several places.
pub(super) fn chance(search: &Search) -> f64 {
    let reading = search.several.reading.as_ref();
    reading.map_or(0.0, |reading| reading.chance(search.filter.evidence()))
}

/// Returns the two ports, each with its probability, once both were heard alone in turn.
pub(super) fn proven(search: &Search) -> Option<Vec<(PortId, f64)>> {
    let reading = search.several.reading.as_ref()?;
    let (second, likely) = reading.second()?;
    let chance = chance(search);
    let proven = turns(search, second) >= TURNS && silences(search) >= SILENCES;
    if chance * likely < search.question.confidence || !proven {
        return None;
    }
    let mut ports = vec![(reading.anchor, chance), (second, chance * likely)];
    ports.sort_by_key(|(port, _)| *port);
    Some(ports)
}

/// How often the anchor and `second` were heard alone, one after the other.
fn turns(search: &Search, second: PortId) -> usize {
    let Some(reading) = &search.several.reading else {
        return 0;
    };
    let ours = |beat: &Beat| match beat {
        Beat::Heard(port) if *port == second || *port == reading.anchor => Some(*port),
        Beat::Heard(_) | Beat::Silence => None,
    };
    let mut turns: Vec<PortId> = search.several.beats.iter().filter_map(ours).collect();
    turns.dedup();
    turns.len()
}

/// How often neither was heard when neither was mirrored.
fn silences(search: &Search) -> usize {
    let beats = search.several.beats.iter();
    beats.filter(|beat| **beat == Beat::Silence).count()
}

/// The place that was not heard alone last.
fn due(search: &Search, reading: &Reading, second: PortId) -> PortId {
    let heard = |beat: &Beat| match beat {
        Beat::Heard(port) => Some(*port),
        Beat::Silence => None,
    };
    match search.several.beats.iter().rev().find_map(heard) {
        Some(last) if last == second => reading.anchor,
        _ => second,
    }
}

/// Whether a silent window had neither place mirrored when both were overdue: a flood would be heard.
fn is_silence_of_neither(
    search: &Search,
    reading: &Reading,
    second: PortId,
    window: &Observed,
) -> bool {
    let lasted = window.until.since(window.from).as_secs_f64();
    let neither = !window.ports.contains(reading.anchor) && !window.ports.contains(second);
    let usable = window.quality != Quality::Unusable;
    let overdue = overdue(search, reading, second, ENOUGH_SILENCE);
    neither && usable && lasted >= overdue
}

/// How long either place may stay silent with probability `chance`, if both go on to talk as when they were heard last.
fn overdue(search: &Search, reading: &Reading, second: PortId, chance: f64) -> f64 {
    let planner = &search.planner;
    let own = planner.overdue_if_talking(&reading.own, reading.anchor, chance);
    own.max(planner.overdue_if_talking(&reading.rest, second, chance))
}

/// The window that shows that nothing is heard without either place: in turns with nothing mirrored at all, which tells a
/// flood, and with all others mirrored, which tells a third place.
fn leave_out(search: &Search, reading: &Reading, second: PortId) -> Step {
    let wanted = overdue(search, reading, second, ASKED_SILENCE);
    let mut others = PortSet::new();
    let mut purpose = Purpose::ControlNone;
    if silences(search) % 2 == 1 {
        others = search.candidates();
        others.remove(reading.anchor);
        others.remove(second);
        purpose = Purpose::ProofOff;
    }
    let listen = seconds(wanted.min(search.left()));
    Step::Observe {
        why: why::neither(listen),
        ports: others.iter().take(search.limit()).collect(),
        listen,
        stop_at_sighting: true,
        purpose,
    }
}

/// Returns the next window if two places are likelier than one.
pub(super) fn step(search: &Search) -> Option<Step> {
    if chance(search) < 0.5 {
        return None;
    }
    let reading = search.several.reading.as_ref()?;
    let (second, likely) = reading.second()?;
    let in_turns = likely >= search.question.confidence && turns(search, second) >= TURNS;
    if in_turns && search.several.beats.last() != Some(&Beat::Silence) {
        return Some(leave_out(search, reading, second));
    }
    let left = search.left();
    let (ports, wanted, purpose) = if likely >= search.question.confidence {
        let due = due(search, reading, second);
        let filter = if due == second {
            &reading.rest
        } else {
            &reading.own
        };
        let wait = search.planner.overdue(filter, due, 0.02);
        (PortSet::from_iter([due]), wait, Purpose::ProofOn)
    } else {
        let request = Request {
            proven: &PortSet::new(),
            shortest: search.shortest(),
            longest: left,
        };
        let plan = search.planner.plan(&reading.rest, request);
        (plan.ports, plan.listen, Purpose::Narrow)
    };
    let listen = seconds(wanted.min(left));
    Some(Step::Observe {
        why: why::second(listen),
        ports,
        listen,
        stop_at_sighting: true,
        purpose,
    })
}
