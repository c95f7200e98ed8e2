//! Which set to mirror next and how long silence is worth listening to.
//!
//! Every set worth a thought is valued by the seconds that it is expected to save for each that it takes, the write
//! included. What a set is worth is in [`super::value`].

use std::ops::Range;

use crate::port::{PortId, PortSet};

use super::Question;
use super::curves::{Curve, Curves, DWELLS, Expected};
use super::filter::{Class, Filter, Place};
use super::pace::Pace;
use super::traffic::Traffic;
use super::value::{Branch, Choice, Group, NEGLIGIBLE, Price, Scene};

/// No frame is waited for longer than this in one window of a proof.
const LONGEST_OVERDUE: f64 = 60.0;

/// Sets of so many of the likeliest ports are always weighed.
const FEW: usize = 4;

/// Besides, sets that hold about every such part of the belief.
const PARTS: u32 = 20;

/// The likeliest ports that may be left out of a set of all others.
const LEFT_OUT: usize = 2;

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
}

/// What a plan is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    /// The ports that were heard alone before.
    pub(super) proven: &'a PortSet,
    /// The shortest and the longest listening in seconds.
    pub(super) shortest: f64,
    pub(super) longest: f64,
}

/// What never changes from plan to plan.
#[derive(Clone, Debug)]
pub(super) struct Planner {
    costs: Costs,
    curves: Curves,
    paces: Vec<Pace>,
}

impl Planner {
    pub(super) fn new(traffic: &Traffic, costs: Costs) -> Self {
        let curves = Curves::new(traffic, costs.write);
        let typical = curves.typical(traffic);
        Planner {
            paces: Pace::all(traffic, &costs, &curves.dwells, &typical),
            costs,
            curves,
        }
    }

    /// Returns the set and the time that save most for what they take.
    pub(super) fn plan(&self, filter: &Filter, request: Request<'_>) -> Plan {
        let range = self.range(request);
        let groups = self.groups(filter, request.proven, &range);
        let price = self.price(filter);
        let scene = Scene::new(&groups, price, &self.curves.dwells, range);
        let current = filter.mirrored();
        let (mut best, listen) = scene.value(Choice {
            taken: None,
            cost: 0.0,
            alone: current.len() == 1,
        });
        let mut plan = Plan {
            ports: current.clone(),
            listen,
        };
        for (skip, count) in self.sets(&groups) {
            let set = skip..skip + count;
            let (taken, changed) = take(&groups, &set);
            if changed == 0 {
                continue;
            }
            let (rate, listen) = scene.value(Choice {
                taken: Some(&taken),
                cost: self.costs.write + self.costs.row * changed as f64,
                alone: count == 1,
            });
            if rate > best {
                best = rate;
                let ports = groups.iter().flat_map(|group| &group.members);
                plan = Plan {
                    ports: ports.copied().skip(skip).take(count).collect(),
                    listen,
                };
            }
        }
        plan
    }

    /// Returns after how many seconds of silence a frame of `port` is overdue once it is mirrored: the chance to miss it
    /// that long is `chance`.
    pub(super) fn overdue(&self, filter: &Filter, port: PortId, chance: f64) -> f64 {
        let unanswered = self.curves.unanswered(filter.readiness());
        let silent = |class: &Class| self.curves.expected(class, &unanswered).into;
        self.first_below(class_of(filter, port).map(silent), chance)
    }

    /// As [`Planner::overdue`], for a suspect that goes on as it does at this moment: whether it begins to pause while
    /// the mirror is changed is left out.
    pub(super) fn overdue_if_talking(&self, filter: &Filter, port: PortId, chance: f64) -> f64 {
        let unanswered = self.curves.unanswered(filter.readiness());
        let silent = |class: &Class| self.curves.expected_at_once(class, &unanswered);
        self.first_below(class_of(filter, port).map(silent), chance)
    }

    /// Returns the first dwell at which silence is as unlikely as `chance`; zero where no class has the port.
    fn first_below(&self, silent: Option<Curve>, chance: f64) -> f64 {
        let Some(silent) = silent else { return 0.0 };
        let mut late = self.curves.dwells.iter().zip(silent);
        late.find(|(_, silent)| *silent <= chance)
            .map_or(LONGEST_OVERDUE, |(dwell, _)| dwell.min(LONGEST_OVERDUE))
    }

    /// The lengths of listening that are asked for.
    fn range(&self, request: Request<'_>) -> Range<usize> {
        let dwells = &self.curves.dwells;
        let first = dwells.iter().position(|dwell| *dwell >= request.shortest);
        let beyond = dwells.iter().position(|dwell| *dwell > request.longest);
        let first = first.unwrap_or(DWELLS - 1);
        first..beyond.unwrap_or(DWELLS).max(first + 1)
    }

    /// What knowledge costs by what is believed about the traffic: the geometric mean over all rhythms.
    fn price(&self, filter: &Filter) -> Price {
        let traffic = filter.traffic();
        let (mut total, mut narrow, mut sure) = (0.0, 0.0, 0.0);
        for class in filter.classes() {
            let members = class.head_starts();
            if members * class.mass() < NEGLIGIBLE {
                continue;
            }
            for layer in class.weights_heard().chunks_exact(traffic.states) {
                for (entry, pace) in traffic.rhythms.iter().zip(&self.paces) {
                    let states = entry.first..entry.first + entry.rhythm.states();
                    let weight = members * layer[states].iter().sum::<f64>();
                    total += weight;
                    narrow += weight * pace.narrow.ln();
                    sure += weight * pace.sure.ln();
                }
            }
        }
        Price {
            narrow: (narrow / total).exp(),
            sure: if self.costs.proof_follows {
                0.0
            } else {
                (sure / total).exp()
            },
            write: self.costs.write,
            enough: self.costs.enough,
        }
    }

    /// The places by what is known of them, the likeliest first; those that no set can hold come last.
    fn groups(&self, filter: &Filter, proven: &PortSet, range: &Range<usize>) -> Vec<Group> {
        let unanswered = self.curves.unanswered(filter.readiness());
        let mut groups = Vec::new();
        for class in filter.classes() {
            let negligible = class.head_starts() * class.mass() < NEGLIGIBLE;
            let expected = if negligible {
                Expected::NOTHING
            } else {
                self.curves.expected(class, &unanswered)
            };
            let range = if negligible { &(0..0) } else { range };
            let alike = class
                .members
                .chunk_by(|a, b| a.1 == b.1 && a.0.port().is_some() && b.0.port().is_some());
            groups.extend(alike.map(|part| group(class, part, &expected, proven, range)));
        }
        groups.sort_by(|a, b| {
            let ports = a.members.is_empty().cmp(&b.members.is_empty());
            ports
                .then(b.chance.total_cmp(&a.chance))
                .then(b.mirrored.cmp(&a.mirrored))
                .then(a.members.cmp(&b.members))
        });
        groups
    }

    /// The sets worth a thought, as runs of the ports in order of belief: how many are skipped, how many taken.
    fn sets(&self, groups: &[Group]) -> Vec<(usize, usize)> {
        let ports: usize = groups.iter().map(|group| group.members.len()).sum();
        let mut sets = Vec::new();
        let mut add = |skip: usize, count: usize| {
            let count = count.min(self.costs.limit).min(ports.saturating_sub(skip));
            if count > 0 && !sets.contains(&(skip, count)) {
                sets.push((skip, count));
            }
        };
        (1..=FEW).for_each(|count| add(0, count));
        add(0, ports);
        let likeliest = || groups.iter().filter(|group| !group.members.is_empty());
        let total: f64 = likeliest().map(|g| g.count as f64 * g.chance).sum();
        for part in 1..PARTS {
            let goal = total * f64::from(part) / f64::from(PARTS);
            add(0, ports_holding(goal, likeliest()));
        }
        (1..=LEFT_OUT).for_each(|skip| add(skip, ports));
        sets
    }
}

/// Returns how many of the likeliest ports hold about so much of the belief.
fn ports_holding<'a>(goal: f64, likeliest: impl Iterator<Item = &'a Group>) -> usize {
    let (mut mass, mut count) = (0.0, 0);
    for group in likeliest {
        let all = group.count as f64 * group.chance;
        if mass + all >= goal {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a count of ports, rounded"
            )]
            let part = ((goal - mass) / group.chance).round().max(0.0) as usize;
            return count + part;
        }
        mass += all;
        count += group.count;
    }
    count
}

/// Returns how many ports of each group are in a run of the ports, and how many ports would change their state.
fn take(groups: &[Group], set: &Range<usize>) -> (Vec<usize>, usize) {
    let (mut at, mut changed) = (0, 0);
    let mut taken = Vec::with_capacity(groups.len());
    for group in groups {
        let count = group.members.len();
        let inside = set.end.min(at + count).saturating_sub(set.start.max(at));
        changed += if group.mirrored {
            count.saturating_sub(inside)
        } else {
            inside
        };
        taken.push(inside);
        at += count;
    }
    (taken, changed)
}

/// Members of a class with equal head starts.
fn group(
    class: &Class,
    part: &[(Place, f64)],
    expected: &Expected,
    proven: &PortSet,
    range: &Range<usize>,
) -> Group {
    let members: Vec<PortId> = part.iter().filter_map(|(place, _)| place.port()).collect();
    let head_start = part.first().map_or(0.0, |(_, weight)| *weight);
    let chance = head_start * class.mass();
    let everywhere = part.first().is_some_and(|m| m.0 == Place::Everywhere);
    let into = Branch::new(&expected.into, Some(&expected.into_open), chance, range);
    let out = if everywhere {
        into.clone()
    } else {
        Branch::new(&expected.out, None, chance, range)
    };
    let stay = if class.mirrored {
        Branch::new(&expected.stay, Some(&expected.stay_open), chance, range)
    } else {
        out.clone()
    };
    Group {
        count: part.len(),
        mirrored: class.mirrored,
        proven: matches!(members.as_slice(), [only] if proven.contains(*only)),
        chance,
        stay,
        into,
        out,
        members,
    }
}

fn class_of(filter: &Filter, port: PortId) -> Option<&Class> {
    let holds = |(place, _): &(Place, f64)| *place == Place::Port(port);
    filter
        .classes()
        .iter()
        .find(|class| class.members.iter().any(holds))
}
