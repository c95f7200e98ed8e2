//! The exact belief over place, rhythm, strays and the state the suspect is in.
//!
//! Ports that were always mirrored together have heard the same, so they share one set of weights: a
//! [`Class`]. A class is split when a set takes only some of its ports. Which set to mirror is not decided here.

use crate::clock::Moment;
use crate::port::{PortId, PortSet};

use super::answers::Readiness;
use super::rhythm::Matrix;
use super::traffic::Traffic;
use super::{Knocks, Observed, Quality};

/// The sightings of one window that are weighed one by one; the rest could not change any mind.
const MOST_SIGHTINGS: usize = 2_000;

/// Probability that the mirror copies nothing of a given port from one write to the next.
///
/// It bounds what silence can say: a set that was silent through one write is never ruled out by more.
const DEAD: f64 = 0.03;

/// What is left of [`DEAD`] once other machines of the set were heard: the port itself may still be missing.
const DEAD_THOUGH_ALIVE: f64 = 0.02;

/// What silence of a set leaves to each of its ports once the mirror was proven alive.
pub(super) const DEAD_WHILE_ALIVE: f64 = DEAD * DEAD_THOUGH_ALIVE;

/// What no contradiction can take from a place: the suspect may move while it is looked for.
const FLOOR: f64 = 1e-15;

/// Where the suspect may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Behind a candidate: heard while it is mirrored.
    Port(PortId),
    /// Where no mirror reaches: never heard but as a stray.
    Elsewhere,
    /// Anywhere, but heard whatever is mirrored: its frames are flooded, or reach the laptop by themselves.
    Everywhere,
}

impl Place {
    /// Returns the port, if it is one.
    pub(super) fn port(self) -> Option<PortId> {
        match self {
            Place::Port(port) => Some(port),
            Place::Elsewhere | Place::Everywhere => None,
        }
    }

    fn copied(self, ports: &PortSet) -> bool {
        match self {
            Place::Port(port) => ports.contains(port),
            Place::Elsewhere => false,
            Place::Everywhere => true,
        }
    }
}

/// Places with the same history.
#[derive(Clone, Debug)]
pub(super) struct Class {
    /// The places, each with the weight of its head start; heaviest first.
    pub(super) members: Vec<(Place, f64)>,
    /// Whether they are heard at present.
    pub(super) mirrored: bool,
    /// Weight of each hypothesis about the traffic, for a head start of 1, if copies arrive.
    heard: Vec<f64>,
    /// The same if nothing of this port is copied since the last write; empty if it is not mirrored.
    missed: Vec<f64>,
    /// The sum of both.
    mass: f64,
}

impl Class {
    /// Returns the probability of a member with a head start of 1.
    pub(super) fn mass(&self) -> f64 {
        self.mass
    }

    fn weigh(&mut self) {
        self.mass = self.heard.iter().sum::<f64>() + self.missed.iter().sum::<f64>();
    }

    /// The weights of the traffic, whether copies arrive or not.
    pub(super) fn weights(&self) -> Vec<f64> {
        let mut all = self.heard.clone();
        for (weight, missed) in all.iter_mut().zip(&self.missed) {
            *weight += missed;
        }
        all
    }

    /// The weights of the traffic if copies arrive.
    pub(super) fn weights_heard(&self) -> &[f64] {
        &self.heard
    }

    /// The weights of the traffic if they do not.
    pub(super) fn weights_missed(&self) -> &[f64] {
        &self.missed
    }

    /// The head starts of all members together.
    pub(super) fn head_starts(&self) -> f64 {
        self.members.iter().map(|(_, weight)| weight).sum()
    }

    fn scale(&mut self, factor: f64) {
        self.mass *= factor;
        let all = self.heard.iter_mut().chain(&mut self.missed);
        all.for_each(|weight| *weight *= factor);
    }
}

/// The belief and everything it rests on.
#[derive(Clone, Debug)]
pub(super) struct Filter {
    traffic: Traffic,
    prior: Vec<f64>,
    classes: Vec<Class>,
    readiness: Readiness,
    proven_alive: bool,
    mirrored: PortSet,
    evidence: f64,
}

impl Filter {
    /// Starts with the head starts of `places`, which need not sum to 1.
    pub(super) fn new(traffic: Traffic, mut places: Vec<(Place, f64)>) -> Self {
        places.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        let prior = traffic.prior();
        let class = |kind: fn(&Place) -> bool| Class {
            members: places
                .iter()
                .copied()
                .filter(|(place, _)| kind(place))
                .collect(),
            mirrored: false,
            heard: prior.clone(),
            missed: Vec::new(),
            mass: 1.0,
        };
        let mut classes = vec![
            class(|place| matches!(place, Place::Port(_))),
            class(|place| *place == Place::Elsewhere),
            class(|place| *place == Place::Everywhere),
        ];
        classes.retain(|class| !class.members.is_empty());
        let mirrored = PortSet::new();
        let mut filter = Filter {
            traffic,
            prior,
            classes,
            readiness: Readiness::unknown(),
            proven_alive: false,
            mirrored,
            evidence: 0.0,
        };
        filter.normalise();
        filter.evidence = 0.0;
        filter.sort_out();
        filter
    }

    /// The classes; each has at least one member.
    pub(super) fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The set that is mirrored at present.
    pub(super) fn mirrored(&self) -> &PortSet {
        &self.mirrored
    }

    /// The hypotheses about the traffic.
    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// How readily the suspect answers.
    pub(super) fn readiness(&self) -> &Readiness {
        &self.readiness
    }

    /// Returns the logarithm of the probability (density) of everything that was heard so far.
    pub(super) fn evidence(&self) -> f64 {
        self.evidence
    }

    /// Returns each place with its probability, in no particular order.
    pub(super) fn places(&self) -> Vec<(Place, f64)> {
        let mut places = Vec::new();
        for class in &self.classes {
            let mass = class.mass();
            places.extend(
                class
                    .members
                    .iter()
                    .map(|(place, weight)| (*place, weight * mass)),
            );
        }
        places
    }

    /// Takes in a window: the time since `now`, the set, the silences and the sightings in it.
    pub(super) fn record(&mut self, now: Moment, observed: &Observed) {
        let from = now.max(observed.from);
        let until = from.max(observed.until);
        self.deaf(from.since(now).as_secs_f64());
        self.mirror(&observed.ports);
        if observed.quality == Quality::Unusable {
            self.deaf(until.since(from).as_secs_f64());
            return;
        }
        if observed.quality == Quality::Alive {
            self.alive();
        }
        let mut times: Vec<Moment> = observed
            .sightings
            .iter()
            .map(|at| (*at).clamp(from, until))
            .collect();
        times.sort_unstable();
        let mut at = from;
        for time in times.iter().take(MOST_SIGHTINGS) {
            self.silence(time.since(at).as_secs_f64());
            self.sighting();
            at = *time;
        }
        let rest = until.since(at).as_secs_f64();
        if times.len() > MOST_SIGHTINGS {
            self.deaf(rest);
        } else {
            self.silence(rest);
        }
        if observed.knocks.sent > 0 {
            self.knocked(observed.knocks);
        }
    }

    /// Notes that from now on `ports` are mirrored, after a write.
    fn mirror(&mut self, ports: &PortSet) {
        if self.mirrored == *ports {
            return;
        }
        self.mirrored.clone_from(ports);
        self.sort_out();
    }

    /// Splits the classes by what is mirrored now.
    fn sort_out(&mut self) {
        self.proven_alive = false;
        for class in &mut self.classes {
            for (weight, missed) in class.heard.iter_mut().zip(class.missed.drain(..)) {
                *weight += missed;
            }
            class.mirrored = false;
        }
        for index in 0..self.classes.len() {
            self.split(index);
        }
    }

    /// Takes the members of a class that are heard now into a class of their own.
    fn split(&mut self, index: usize) {
        let Some(class) = self.classes.get_mut(index) else {
            return;
        };
        let copied = |member: &(Place, f64)| member.0.copied(&self.mirrored);
        let (inside, outside): (Vec<_>, Vec<_>) = class.members.iter().copied().partition(copied);
        if inside.is_empty() {
            return;
        }
        let mut mirrored = class.clone();
        mirrored.members = inside;
        mirrored.mirrored = true;
        mirrored.missed = mirrored.heard.iter().map(|weight| weight * DEAD).collect();
        mirrored
            .heard
            .iter_mut()
            .for_each(|weight| *weight *= 1.0 - DEAD);
        if outside.is_empty() {
            *class = mirrored;
        } else {
            class.members = outside;
            self.classes.push(mirrored);
        }
    }

    /// Lets time pass in which nobody listens.
    fn deaf(&mut self, seconds: f64) {
        if seconds <= 0.0 {
            return;
        }
        let unheard = self.moves(|rhythm| rhythm.unheard(seconds));
        for class in &mut self.classes {
            for weights in [&mut class.heard, &mut class.missed] {
                step(&self.traffic, weights, &unheard, 0.0);
            }
        }
    }

    /// Lets time pass in which the suspect was not sighted although somebody listened.
    fn silence(&mut self, seconds: f64) {
        let unheard = self.moves(|rhythm| rhythm.unheard(seconds));
        let silent = self.moves(|rhythm| rhythm.silent(seconds));
        for class in &mut self.classes {
            let moves = if class.mirrored { &silent } else { &unheard };
            step(&self.traffic, &mut class.heard, moves, seconds);
            step(&self.traffic, &mut class.missed, &unheard, seconds);
        }
        self.normalise();
    }

    /// Takes in a sighting at the present moment.
    fn sighting(&mut self) {
        for class in &mut self.classes {
            if class.mirrored {
                sound(&self.traffic, &mut class.heard);
                stray(&self.traffic, &mut class.missed);
            } else {
                stray(&self.traffic, &mut class.heard);
            }
        }
        self.normalise();
    }

    /// Takes in that other machines of the mirrored set were heard since the last write.
    fn alive(&mut self) {
        if std::mem::replace(&mut self.proven_alive, true) {
            return;
        }
        for class in &mut self.classes {
            class
                .missed
                .iter_mut()
                .for_each(|weight| *weight *= DEAD_THOUGH_ALIVE);
        }
        self.normalise();
    }

    /// Takes in how the suspect answered to the knocks of a window.
    fn knocked(&mut self, knocks: Knocks) {
        let copied = self.readiness.likelihood(true, knocks);
        let flooded = self.readiness.likelihood(false, knocks);
        let mut share = 0.0;
        for class in &mut self.classes {
            let likely = if class.mirrored { copied } else { flooded };
            class.heard.iter_mut().for_each(|weight| *weight *= likely);
            class
                .missed
                .iter_mut()
                .for_each(|weight| *weight *= flooded);
        }
        self.normalise();
        for class in self.classes.iter().filter(|class| class.mirrored) {
            share += class.head_starts() * class.heard.iter().sum::<f64>();
        }
        self.readiness.learn(share.min(1.0), knocks);
    }

    fn moves(&self, of: impl Fn(super::rhythm::Rhythm) -> Matrix) -> Vec<Matrix> {
        self.traffic
            .rhythms
            .iter()
            .map(|entry| of(entry.rhythm))
            .collect()
    }

    /// Makes the probabilities sum to 1 and lifts what has vanished to the floor.
    fn normalise(&mut self) {
        self.classes.iter_mut().for_each(Class::weigh);
        let total: f64 = self
            .classes
            .iter()
            .map(|c| c.head_starts() * c.mass())
            .sum();
        let sound = total.is_finite() && total > f64::MIN_POSITIVE;
        self.evidence += if sound {
            total.ln()
        } else {
            f64::MIN_POSITIVE.ln()
        };
        let head_starts: f64 = self.classes.iter().map(Class::head_starts).sum();
        for class in &mut self.classes {
            class.scale(if sound { 1.0 / total } else { 0.0 });
            for (weight, prior) in class.heard.iter_mut().zip(&self.prior) {
                *weight += prior * FLOOR / head_starts;
            }
            class.mass += FLOOR / head_starts;
        }
    }
}

/// Moves the weights of each rhythm by its matrix, and by the strays that did not come in so many seconds.
fn step(traffic: &Traffic, weights: &mut [f64], moves: &[Matrix], seconds: f64) {
    let layers = weights
        .chunks_exact_mut(traffic.states)
        .zip(&traffic.strays);
    for (layer, (strays, _)) in layers {
        let quiet = (-strays * seconds).exp();
        for (entry, matrix) in traffic.rhythms.iter().zip(moves) {
            let Some(states) = layer.get_mut(entry.first..entry.first + entry.rhythm.states())
            else {
                continue;
            };
            advance(states, matrix, quiet);
        }
    }
}

fn advance(states: &mut [f64], moves: &Matrix, factor: f64) {
    if let [only] = states {
        *only *= moves[0][0] * factor;
        return;
    }
    if let [talking, pausing] = states {
        let (a, b) = (*talking * factor, *pausing * factor);
        *talking = a * moves[0][0] + b * moves[1][0];
        *pausing = a * moves[0][1] + b * moves[1][1];
        return;
    }
    let mut next = [0.0; super::rhythm::BEACON_STEPS];
    for (weight, row) in states.iter().zip(moves) {
        for (cell, chance) in next.iter_mut().zip(row) {
            *cell += weight * chance;
        }
    }
    for (weight, cell) in states.iter_mut().zip(next) {
        *weight = cell * factor;
    }
}

/// A sighting of a mirrored port: the suspect's own frame or a stray.
fn sound(traffic: &Traffic, weights: &mut [f64]) {
    for (layer, (strays, _)) in weights
        .chunks_exact_mut(traffic.states)
        .zip(&traffic.strays)
    {
        for entry in &traffic.rhythms {
            let states = entry.first..entry.first + entry.rhythm.states();
            if let Some(states) = layer.get_mut(states) {
                entry.rhythm.sound(states, *strays);
            }
        }
    }
}

/// A sighting of a port that is not mirrored: a stray.
fn stray(traffic: &Traffic, weights: &mut [f64]) {
    for (layer, (strays, _)) in weights
        .chunks_exact_mut(traffic.states)
        .zip(&traffic.strays)
    {
        layer.iter_mut().for_each(|weight| *weight *= strays);
    }
}
