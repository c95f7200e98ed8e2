"""halfspan and the fixed-window baseline in the same worlds, in turns on the same ports; one table at the end."""

import collections
import dataclasses
import random

import halving as baseline
import judge
import scenarios
import worlds

RUNS = 20
_COLUMNS = f"{'':<14}{'halfspan':>36}{'halving, 5 s windows':>30}\n"
_COLUMNS += f"{'suspect':<14}{'right':>8}{'wrong':>7}{'none':>6}{'mean s':>8}{'max s':>7}"
_COLUMNS += f"{'right':>9}{'wrong':>7}{'none':>6}{'mean s':>8}"


@dataclasses.dataclass
class Tally:
    """What a searcher made of a world."""

    results: list = dataclasses.field(default_factory=list)

    def row(self):
        count = collections.Counter(result.verdict for result in self.results)
        none = count[judge.UNDECIDED] + count[judge.FAILED]
        seconds = [result.seconds for result in self.results]
        mean = sum(seconds) / len(seconds)
        return f"{count[judge.RIGHT]:>8}{count[judge.WRONG]:>7}{none:>6}{mean:>8.1f}", f"{max(seconds):>7.1f}"


def run(bench, kinds, runs):
    """Prints the table; halfspan's results are judged as always, the baseline's are only counted."""
    rows = []
    for kind in kinds:
        rows.append(_row(bench, kind, runs or RUNS))
    print(f"\n{_COLUMNS}")
    print("\n".join(rows), flush=True)


def _row(bench, kind, runs):
    ours, theirs = Tally(), Tally()
    paces = worlds.Pace(seconds=bench.typical_seconds(), sets=15), worlds.Pace(seconds=4 * baseline.WINDOW, sets=5)
    for number, port in enumerate(bench.ports(runs), 1):
        seed = bench.dice.random()
        for pace, tally in zip(paces, (ours, theirs)):
            world = kind(bench.lab, random.Random(seed), port, number, pace)
            search = scenarios.locate_once if tally is ours else scenarios.halve_once
            tally.results.append(search(bench, world, f"{number}/{runs}"))
        _tell(theirs.results[-1], kind.name)
        bench.lab.clear_mirror()
    (us, longest), (them, _) = ours.row(), theirs.row()
    return f"{kind.name:<14}{us}{longest}{them:>31}"


def _tell(result, name):
    print(f"      halving in {name}: {result.title}: {result.verdict} in {result.seconds:.1f} s", flush=True)
