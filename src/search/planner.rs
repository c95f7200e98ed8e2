//! Which set to mirror next and how long silence is worth listening to.
//!
//! Every set worth a thought is valued by what it is expected to gain per second, the write included. Gain
//! is counted in the log-odds of the true place: narrowing and certainty in one currency.

use crate::port::{PortId, PortSet};

use super::Question;
use super::answers::Readiness;
use super::filter::{Class, Filter, Place};
use super::traffic::Traffic;

/// How many lengths of listening are weighed, from [`SHORTEST`] seconds on, each [`RATIO`] times the one before: up to
/// two minutes, finely enough that the best one is missed by a few per cent of time only.
const DWELLS: usize = 26;
const SHORTEST: f64 = 0.01;
const RATIO: f64 = 1.46;

/// What certainty beyond even odds is worth beside narrowing down to them, where no proof of its own follows.
const SURER: f64 = 0.4;

/// No frame is waited for longer than this in one window of a proof.
const LONGEST_OVERDUE: f64 = 60.0;

/// How knocks are planned on: the first at once, then so many a second, each answered within a few milliseconds. What
/// was really sent is told in [`super::Knocks`].
const KNOCKS_PER_SECOND: f64 = 10.0;
const TIME_TO_ANSWER: f64 = 0.03;

type Curve = [f64; DWELLS];

/// What observing costs.
#[derive(Clone, Copy, Debug)]
pub(super) struct Costs {
    /// Seconds that a write takes.
    pub(super) write: f64,
    /// Seconds more for each port whose state changes.
    pub(super) row: f64,
    /// The most ports that can be mirrored at once.
    pub(super) limit: usize,
    /// Log-odds beyond which more certainty is worth nothing.
    pub(super) enough: f64,
    /// Whether an off/on proof follows, so that the planner has only to narrow.
    pub(super) proof_follows: bool,
}

impl Costs {
    /// Reads them from the question.
    pub(super) fn of(question: &Question) -> Self {
        let odds = question.confidence / (1.0 - question.confidence).max(1e-12);
        Costs {
            write: question.write_time.as_secs_f64().max(1e-3),
            row: question.row_time.as_secs_f64(),
            limit: question.source_limit.unwrap_or(usize::MAX).max(1),
            enough: odds.max(2.0).ln() + 0.7,
            proof_follows: question.proof_cycles > 0,
        }
    }
}

/// What to do next.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The set to mirror.
    pub(super) ports: PortSet,
    /// Seconds of silence to listen to.
    pub(super) listen: f64,
    /// Gain in nats per second (for comparison only).
    pub(super) rate: f64,
}

/// The survival curves of all rhythms, worked out once.
#[derive(Clone, Debug)]
pub(super) struct Planner {
    costs: Costs,
    dwells: Curve,
    silent: Vec<Curve>,
    silent_after_write: Vec<Curve>,
    quiet: Vec<Curve>,
}

/// Ports of one class with equal head starts.
struct Group {
    members: Vec<PortId>,
    count: usize,
    mirrored: bool,
    chance: f64,
    stay: Curve,
    into: Curve,
    out: Curve,
}

/// What the sets of one plan are valued against.
#[derive(Clone, Copy)]
struct Outlook<'a> {
    /// Groups with ports, the likeliest first.
    order: &'a [&'a Group],
    /// Places that no set can hold.
    elsewhere: &'a [&'a Group],
    /// The worth of the present belief.
    base: f64,
    /// The shortest and the longest listening in seconds.
    shortest: f64,
    longest: f64,
}

impl Planner {
    pub(super) fn new(traffic: &Traffic, costs: Costs) -> Self {
        let mut dwells = [0.0; DWELLS];
        let mut dwell = SHORTEST;
        for cell in &mut dwells {
            *cell = dwell;
            dwell *= RATIO;
        }
        let mut silent = vec![[0.0; DWELLS]; traffic.states];
        let mut silent_after_write = silent.clone();
        for entry in &traffic.rhythms {
            let n = entry.rhythm.states();
            for (i, dwell) in dwells.iter().enumerate() {
                let m = entry.rhythm.silent(*dwell);
                for s in 0..n {
                    silent[entry.first + s][i] = m[s].iter().sum();
                }
            }
            let u = entry.rhythm.unheard(costs.write);
            for s in 0..n {
                for i in 0..DWELLS {
                    silent_after_write[entry.first + s][i] =
                        (0..n).map(|t| u[s][t] * silent[entry.first + t][i]).sum();
                }
            }
        }
        let quiet = traffic
            .strays
            .iter()
            .map(|(rate, _)| dwells.map(|d| (-rate * d).exp()))
            .collect();
        Planner {
            costs,
            dwells,
            silent,
            silent_after_write,
            quiet,
        }
    }

    fn mix(&self, weights: &[f64], table: &[Curve]) -> Curve {
        let mut total = [0.0; DWELLS];
        for (layer, quiet) in weights.chunks_exact(table.len()).zip(&self.quiet) {
            let mut sum = [0.0; DWELLS];
            for (weight, curve) in layer.iter().zip(table) {
                if *weight < 1e-14 {
                    continue;
                }
                for (cell, value) in sum.iter_mut().zip(curve) {
                    *cell += weight * value;
                }
            }
            for ((cell, value), factor) in total.iter_mut().zip(sum).zip(quiet) {
                *cell += value * factor;
            }
        }
        total
    }

    fn strays_only(&self, weights: &[f64]) -> Curve {
        let mut total = [0.0; DWELLS];
        for (layer, quiet) in weights.chunks_exact(self.silent.len()).zip(&self.quiet) {
            let mass: f64 = layer.iter().sum();
            for (cell, factor) in total.iter_mut().zip(quiet) {
                *cell += mass * factor;
            }
        }
        total
    }

    fn groups(&self, filter: &Filter) -> Vec<Group> {
        let knocked = self.knocked(filter.readiness());
        let mut groups = Vec::new();
        for class in filter.classes() {
            let mass = class.mass();
            if class.members.is_empty() {
                continue;
            }
            let (stay, into, out) = self.curves(class, mass, &knocked);
            for part in class
                .members
                .chunk_by(|a, b| a.1 == b.1 && a.0.port().is_some() && b.0.port().is_some())
            {
                let members: Vec<PortId> = part.iter().filter_map(|m| m.0.port()).collect();
                groups.push(Group {
                    count: part.len(),
                    members,
                    mirrored: class.mirrored,
                    chance: part[0].1 * mass,
                    stay,
                    into,
                    out: if part[0].0 == Place::Everywhere {
                        into
                    } else {
                        out
                    },
                });
            }
        }
        groups.sort_by(|a, b| {
            b.chance
                .total_cmp(&a.chance)
                .then(b.mirrored.cmp(&a.mirrored))
                .then(a.members.cmp(&b.members))
        });
        groups
    }

    /// The chance that a mirrored suspect leaves the knocks of each length of listening unanswered.
    fn knocked(&self, readiness: &Readiness) -> Curve {
        self.dwells
            .map(|dwell| readiness.silent_after(knocks_within(dwell)))
    }

    fn curves(&self, class: &Class, mass: f64, knocked: &Curve) -> (Curve, Curve, Curve) {
        let all = class.weights();
        let out = self.strays_only(&all);
        let dead = 6e-4;
        let mut into = self.mix(&all, &self.silent_after_write);
        for ((cell, o), unanswered) in into.iter_mut().zip(out).zip(knocked) {
            *cell = *cell * (1.0 - dead) * unanswered + o * dead;
        }
        let stay = if class.mirrored {
            let mut stay = self.mix(class.weights_heard(), &self.silent);
            for (cell, unanswered) in stay.iter_mut().zip(knocked) {
                *cell *= unanswered;
            }
            for (cell, o) in stay
                .iter_mut()
                .zip(self.strays_only(class.weights_missed()))
            {
                *cell += o;
            }
            stay
        } else {
            out
        };
        (
            stay.map(|x| x / mass),
            into.map(|x| x / mass),
            out.map(|x| x / mass),
        )
    }

    /// Returns the set and the time that gain most per second.
    pub(super) fn plan(
        &self,
        filter: &Filter,
        current: &PortSet,
        shortest: f64,
        longest: f64,
    ) -> Plan {
        let groups = self.groups(filter);
        let ports: usize = groups.iter().map(|g| g.members.len()).sum();
        let order: Vec<&Group> = groups.iter().filter(|g| !g.members.is_empty()).collect();
        let else_: Vec<&Group> = groups.iter().filter(|g| g.members.is_empty()).collect();
        let base: f64 = groups
            .iter()
            .map(|g| g.count as f64 * g.chance * self.worth(g.chance, 1.0 - g.chance))
            .sum();
        let outlook = Outlook {
            order: &order,
            elsewhere: &else_,
            base,
            shortest,
            longest,
        };
        let mut best = Plan {
            ports: current.clone(),
            listen: shortest,
            rate: f64::MIN,
        };
        // stay
        let taken: Vec<usize> = order
            .iter()
            .map(|g| if g.mirrored { g.count } else { 0 })
            .collect();
        if let Some((rate, listen)) = self.value(&outlook, &taken, None) {
            best.rate = rate;
            best.listen = listen;
        }
        for (skip, n) in self.sets(&order, ports) {
            let mut taken = Vec::with_capacity(order.len());
            let mut at = 0;
            let mut changed = 0;
            for g in &order {
                let from = skip.max(at);
                let to = (skip + n).min(at + g.count);
                let a = to.saturating_sub(from);
                changed += if g.mirrored { g.count - a } else { a };
                taken.push(a);
                at += g.count;
            }
            if changed == 0 {
                continue;
            }
            let cost = self.costs.write + self.costs.row * changed as f64;
            if let Some((rate, listen)) = self.value(&outlook, &taken, Some(cost))
                && rate > best.rate
            {
                let in_order = order.iter().flat_map(|g| g.members.iter().copied());
                best = Plan {
                    ports: in_order.skip(skip).take(n).collect(),
                    listen,
                    rate,
                };
            }
        }
        best
    }

    /// Returns after how many seconds of silence a frame of `port` is overdue: the chance to miss it that long is `chance`.
    pub(super) fn overdue(&self, filter: &Filter, port: PortId, chance: f64) -> f64 {
        let holds = |class: &&Class| {
            class
                .members
                .iter()
                .any(|(place, _)| *place == Place::Port(port))
        };
        let Some(class) = filter.classes().iter().find(holds) else {
            return SHORTEST;
        };
        let knocked = self.knocked(filter.readiness());
        let (_, into, _) = self.curves(class, class.mass(), &knocked);
        let late = self
            .dwells
            .iter()
            .zip(into)
            .find(|(_, silent)| *silent <= chance);
        late.map_or(LONGEST_OVERDUE, |(dwell, _)| dwell.min(LONGEST_OVERDUE))
    }

    /// The sets worth a thought, as runs of the ports in order of belief.
    fn sets(&self, order: &[&Group], ports: usize) -> Vec<(usize, usize)> {
        let limit = self.costs.limit.min(ports);
        let mut sets = Vec::new();
        let mut add = |skip: usize, n: usize| {
            let n = n.min(limit).min(ports.saturating_sub(skip));
            if n > 0 && !sets.contains(&(skip, n)) {
                sets.push((skip, n));
            }
        };
        for n in 1..=4 {
            add(0, n);
        }
        add(0, ports);
        let total: f64 = order.iter().map(|g| g.count as f64 * g.chance).sum();
        for goal in 1..20 {
            let goal = f64::from(goal) * 0.05 * total;
            let mut mass = 0.0;
            let mut n = 0;
            for g in order {
                let all = g.count as f64 * g.chance;
                if mass + all >= goal {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a count of ports, rounded"
                    )]
                    let part = ((goal - mass) / g.chance).round().max(0.0) as usize;
                    n += part;
                    break;
                }
                mass += all;
                n += g.count;
            }
            add(0, n);
        }
        for skip in 1..=2 {
            add(skip, ports);
        }
        sets
    }

    /// What a place with odds `chance` to `rest` is worth.
    fn worth(&self, chance: f64, rest: f64) -> f64 {
        if chance <= 1e-300 {
            return -690.0;
        }
        if self.costs.proof_follows {
            return (chance / (chance + rest.max(0.0))).ln();
        }
        let odds = (chance / rest.max(1e-300)).ln();
        if odds < 0.0 {
            odds
        } else {
            SURER * odds.min(self.costs.enough)
        }
    }

    /// Returns what mirroring `taken` ports of each group gains per second, and how long to listen for that. `cost` is
    /// that of the change in seconds; `None` stays on the present set.
    fn value(
        &self,
        outlook: &Outlook<'_>,
        taken: &[usize],
        cost: Option<f64>,
    ) -> Option<(f64, f64)> {
        let Outlook {
            order,
            elsewhere,
            base,
            shortest,
            longest,
        } = *outlook;
        let stay = cost.is_none();
        let cost = cost.unwrap_or(0.0);
        let mut parts: Vec<(f64, f64, &Curve)> = Vec::with_capacity(order.len() * 2);
        for (g, a) in order.iter().zip(taken) {
            let b = g.count - a;
            if g.chance * (g.count as f64) < 1e-9 {
                continue;
            }
            if stay {
                parts.push((g.count as f64, g.chance, &g.stay));
            } else {
                if *a > 0 {
                    parts.push((*a as f64, g.chance, &g.into));
                }
                if b > 0 {
                    parts.push((b as f64, g.chance, &g.out));
                }
            }
        }
        for g in elsewhere {
            parts.push((1.0, g.chance, if stay { &g.stay } else { &g.out }));
        }
        let mut silent = [0.0; DWELLS];
        let mut all = 0.0;
        for (n, p, curve) in &parts {
            all += n * p;
            for (cell, v) in silent.iter_mut().zip(*curve) {
                *cell += n * p * v;
            }
        }
        let mut spent = 0.0;
        let (mut before, mut at) = (all, 0.0);
        let mut best: Option<(f64, f64)> = None;
        for i in 0..DWELLS {
            let dwell = self.dwells[i];
            spent += (dwell - at) * 0.5 * (before + silent[i]);
            before = silent[i];
            at = dwell;
            if dwell < shortest && i + 1 < DWELLS {
                continue;
            }
            if dwell > longest && best.is_some() {
                break;
            }
            let s = silent[i];
            let h = (all - s).max(1e-300);
            let mut gain = 0.0;
            for (n, p, curve) in &parts {
                let v = curve[i];
                let ps = p * v;
                let ph = (p - ps).max(0.0);
                gain += n * (ps * self.worth(ps, s - ps) + ph * self.worth(ph, h - ph));
            }
            let rate = (gain - base) / (cost + spent);
            if best.is_none_or(|(r, _)| rate > r) {
                best = Some((rate, dwell));
            }
        }
        best
    }
}

/// How many knocks leave time for an answer in so many seconds of listening.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small count, rounded down"
)]
fn knocks_within(seconds: f64) -> u32 {
    if seconds < TIME_TO_ANSWER {
        0
    } else {
        1 + ((seconds - TIME_TO_ANSWER) * KNOCKS_PER_SECOND) as u32
    }
}
