"""Reads the command line of tests/lab/run, stands the lab up and runs what was asked for."""

import argparse
import random
import signal
import sys

import lab
import selftest


def _arguments():
    parser = argparse.ArgumentParser(prog="tests/lab/run", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="ci", choices=["ci", "selftest"])
    parser.add_argument("--seed", type=int, default=None, help="repeat a run's choices")
    return parser.parse_args()


def main():
    arguments = _arguments()
    seed = arguments.seed if arguments.seed is not None else random.randrange(1 << 30)
    print(f"lab: seed {seed}", flush=True)
    with lab.Lab(seed) as standing:
        checks = selftest.run(standing)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


def _stop(*_):
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGINT, _stop)
    signal.signal(signal.SIGTERM, _stop)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
