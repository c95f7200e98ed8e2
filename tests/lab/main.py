"""Reads the command line of tests/lab/run, stands the lab up and runs what was asked for."""

import argparse
import os
import random
import signal
import sys

import errors
import halfspan
import lab
import scenarios
import selftest
import summary

# Name: what runs, and how often if nothing else is said.
SCENARIOS = {
    "steady": (scenarios.steady, 20),
    "bursty": (scenarios.bursty, 10),
    "rare": (scenarios.rare, 10),
    "silent": (scenarios.silent, 5),
    "tables": (scenarios.tables, 5),
    "kill": (scenarios.kill, 30),
    "resume": (scenarios.resume, 3),
    "ctrl-c": (scenarios.ctrl_c, 6),
    "borrowed": (scenarios.borrowed, 3),
    "errors": (errors.run, 1),
    "halving": (scenarios.halving, 3),
}

# What CI runs: every scenario, as often as twelve minutes on two cores allow.
CI = {
    "steady": 5,
    "silent": 1,
    "bursty": 1,
    "rare": 1,
    "tables": 2,
    "kill": 6,
    "resume": 1,
    "ctrl-c": 2,
    "borrowed": 1,
    "errors": 1,
    "halving": 1,
}


def _arguments():
    known = "\n".join(f"  {name:<10}{what.__doc__.splitlines()[0]}" for name, (what, _) in SCENARIOS.items())
    parser = argparse.ArgumentParser(
        prog="tests/lab/run",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"scenarios:\n  selftest  The lab proves itself, without halfspan.\n{known}",
    )
    parser.add_argument("scenario", nargs="*", help="default: the set that CI runs")
    parser.add_argument("--runs", type=int, help="how often")
    parser.add_argument("--seed", type=int, help="repeat a run's choices")
    arguments = parser.parse_args()
    for name in arguments.scenario:
        if name != "selftest" and name not in SCENARIOS:
            parser.error(f"no scenario {name!r}")
    return arguments


def _plan(arguments):
    if not arguments.scenario:
        return {"selftest": 1, **CI}
    default = {name: often for name, (_, often) in SCENARIOS.items()}
    return {name: arguments.runs or default.get(name, 1) for name in arguments.scenario}


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
