"""Reads the command line of tests/lab/run, stands the lab up and runs what was asked for."""

import argparse
import functools
import os
import random
import signal
import sys

import compare
import direct
import errors
import exporting
import families
import halfspan
import lab
import scenarios
import selftest
import summary
import watching
import worlds

# Name: what runs, and what it is about.
SCENARIOS = {
    **{world.name: (functools.partial(scenarios.in_world, world), world.__doc__) for world in worlds.WORLDS},
    **{
        name: (what, what.__doc__)
        for name, what in (
            ("kill", scenarios.kill),
            ("resume", scenarios.resume),
            ("ctrl-c", scenarios.ctrl_c),
            ("borrowed", scenarios.borrowed),
            ("watch", watching.watch),
            ("errors", errors.run),
            ("halving", scenarios.halving),
            ("netgear-fastpath", families.netgear),
            ("dlink-dgs1210", families.d_link),
            ("tc", direct.tc),
            ("ovs", direct.ovs),
            ("sflow", exporting.sflow),
        )
    },
}

# How often a scenario runs if nothing else is said.
RUNS = {
    "steady": 20,
    "bursty": 10,
    "rare": 10,
    "silent": 5,
    "tables": 5,
    "kill": 30,
    "resume": 3,
    "ctrl-c": 6,
    "borrowed": 3,
    "watch": 3,
    "errors": 1,
    "halving": 3,
    "netgear-fastpath": 5,
    "dlink-dgs1210": 5,
    "tc": 9,
    "ovs": 9,
    "sflow": 5,
}
RUNS_IN_A_WORLD = 20

# What CI runs, as often as twelve minutes on two cores allow. Left out are the worlds in which it does not always find an
# answer (cut-unseen, flapping, moves, stops) or takes half a minute (late): docs/measurements.md says how often.
CI = {
    "steady": 4,
    "bursty": 1,
    "rare": 1,
    "silent": 1,
    "tables": 1,
    "spoofed-mac": 1,
    "spoofed-ip": 1,
    "duplicate": 1,
    "lost-session": 2,
    "cut-short": 1,
    "lossy": 1,
    "both": 1,
    "both-near": 1,
    "flood": 1,
    "kill": 5,
    "resume": 1,
    "ctrl-c": 2,
    "borrowed": 1,
    "watch": 1,
    "errors": 1,
    "netgear-fastpath": 1,
    "dlink-dgs1210": 1,
    "tc": 3,
    "ovs": 3,
    "sflow": 1,
}


def _arguments():
    known = "\n".join(f"  {name:<18}{about.splitlines()[0]}" for name, (_, about) in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="tests/lab/run",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"scenarios:\n  selftest      The lab proves itself, without halfspan.\n"
        f"  compare       halfspan and the baseline in turns, in the worlds named after it or in all.\n{known}",
    )
    parser.add_argument("scenario", nargs="*", help="default: the set that CI runs")
    parser.add_argument("--runs", type=int, help="how often")
    parser.add_argument("--seed", type=int, help="repeat a run's choices")
    arguments = parser.parse_args()
    for name in arguments.scenario:
        if name not in ("selftest", "compare") and name not in SCENARIOS:
            parser.error(f"no scenario {name!r}")
    return arguments


def _plan(arguments):
    if not arguments.scenario:
        return {"selftest": 1, **CI}
    return {name: arguments.runs or RUNS.get(name, RUNS_IN_A_WORLD) for name in arguments.scenario}


def main():
    arguments = _arguments()
    plan = _plan(arguments)
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 30)
    print(f"lab: seed {seed}", flush=True)
    counted = summary.Summary()
    with lab.Lab(seed) as standing:
        if plan.pop("selftest", 0):
            counted.add_checks(selftest.run(standing))
        if plan:
            program = halfspan.Program(standing.home)
            bench = scenarios.Bench(standing, program, seed, counted.add)
            if plan.pop("compare", 0):
                compare.run(bench, [world for world in worlds.WORLDS if world.name in plan or not plan], arguments.runs)
            else:
                for name, runs in plan.items():
                    SCENARIOS[name][0](bench, runs)
    return 1 if counted.close() else 0


def _stop(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("tests/lab/run: interrupted", file=sys.stderr)
        os._exit(130)
