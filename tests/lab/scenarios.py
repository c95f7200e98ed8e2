"""Runs of `locate` in each world, those that are broken off on the way, and the baseline."""

import contextlib
import os
import random
import shutil
import signal
import tempfile
import threading
import time

import halving as baseline
import judge
import snmp
import topology
import worlds


class Bench:
    """The lab, the program and the run's dice, shared by the scenarios."""

    def __init__(self, lab, program, seed, report):
        self.lab = lab
        self.program = program
        self.dice = random.Random(seed)
        self.report = report
        self._typical = None

    def typical_seconds(self):
        """How long an undisturbed run takes, so that the random moments fall into all of its phases."""
        if self._typical is None:
            self.lab.place_suspect(topology.place_of(self.ports(1)[0]), "steady")
            run = self.program.prepare()
            run.locate("--yes", "--no-tables")
            self._typical = run.finish().seconds
        return self._typical

    def ports(self, count):
        """Host ports to plug the suspect in, each another one as long as there are enough."""
        order = []
        while len(order) < count:
            order += self.dice.sample(list(topology.HOST_PORTS), len(topology.HOST_PORTS))
        return order[:count]

    def keep_record(self, run, result):
        """Keeps the record of a run that did not pass, for `halfspan locate --replay`."""
        if os.path.exists(run.record):
            handle, path = tempfile.mkstemp(prefix=f"halfspan-lab-{result.scenario}-", suffix=".record")
            os.close(handle)
            shutil.copy(run.record, path)
            result.complaints.append(f"recorded in {path}")

    def done(self, result, finished=None):
        """Hands a result to the summary and leaves a clean switch for the next run."""
        self.report(result, finished)
        self.lab.clear_mirror()


def in_world(kind, bench, runs):
    """Runs of `locate` in a world."""
    pace = worlds.Pace(seconds=bench.typical_seconds(), sets=15)
    for number, port in enumerate(bench.ports(runs), 1):
        world = kind(bench.lab, bench.dice, port, number, pace)
        locate_once(bench, world, f"{number}/{runs}")


def locate_once(bench, world, number):
    """One run in a world; returns its result."""
    world.arrange()
    result = judge.Result(world.name, f"{number} {world.title}")
    before = judge.look(bench.lab)
    run = bench.program.prepare(world.setup())
    with disturbed(world):
        run.locate(target=world.arguments())
        finished = run.finish()
    judge.count_changes(result, finished, bench.lab, before)
    world.judge(result, finished)
    judge.put_back(result, bench.lab, before)
    if not result.passed:
        bench.keep_record(run, result)
    bench.done(result, finished)
    return result


@contextlib.contextmanager
def disturbed(world):
    """In the block the switch misbehaves, and what happens in mid-run does; afterwards the switch is honest again."""
    world.disturb()
    happening = threading.Thread(target=world.meanwhile)
    try:
        happening.start()
        yield
    finally:
        happening.join()
        world.calm()


def kill(bench, runs):
    """SIGKILL at a random moment, then `halfspan restore`."""
    _interrupted(bench, "kill", runs, _restore_after_kill)


def resume(bench, runs):
    """SIGKILL at a random moment, then another `locate`, which has to put things right first."""
    _interrupted(bench, "resume", runs, _locate_after_kill)


def ctrl_c(bench, runs):
    """SIGINT or SIGTERM at a random moment: exit 130, after putting back."""
    _interrupted(bench, "ctrl-c", runs, _stop_politely)


def _interrupted(bench, name, runs, act):
    typical = bench.typical_seconds()
    for number, port in enumerate(bench.ports(runs), 1):
        bench.lab.place_suspect(topology.place_of(port), "steady", with_names=name == "resume")
        result = judge.Result(name, f"{number}/{runs} port {port}")
        before = judge.look(bench.lab)
        run = _run_until(bench, typical)
        began = time.monotonic()
        finished = act(bench, result, run, port, before)
        result.seconds = time.monotonic() - began
        judge.put_back(result, bench.lab, before)
        bench.done(result, finished)


def _run_until(bench, typical):
    """A run that has reached a random moment of its life and still goes on."""
    while True:
        run = bench.program.prepare()
        run.locate("--yes", "--no-tables")
        time.sleep(bench.dice.uniform(0.05, typical))
        if run.running():
            return run
        typical *= 0.9
        if typical < 0.2:
            raise RuntimeError("no run lasted long enough to be interrupted")


def _killed(result, run, before):
    run.signal(signal.SIGKILL)
    run.finish()
    dirty = snmp.mirror_state() != before.table
    result.title += " (left changed)" if dirty else " (left as it was)"


def _restore_after_kill(_bench, result, run, _port, before):
    _killed(result, run, before)
    run.start("restore")
    finished = run.finish(60)
    result.verdict = judge.RIGHT if finished.exit == 0 else judge.FAILED
    result.complain_unless(finished.exit == 0, f"`halfspan restore` ended with {finished.exit}")
    judge.no_panic(result, finished)
    return finished


def _locate_after_kill(_bench, result, run, port, before):
    _killed(result, run, before)
    run.locate("--yes", "--no-tables")
    finished = run.finish()
    judge.located(result, finished, port)
    return finished


def _stop_politely(bench, result, run, _port, _before):
    number = bench.dice.choice((signal.SIGINT, signal.SIGTERM))
    result.title += f" ({number.name})"
    run.signal(number)
    finished = run.finish(30)
    result.verdict = judge.RIGHT if finished.exit == 130 else judge.FAILED
    result.complain_unless(finished.exit == 130, f"exit {finished.exit}, wanted 130")
    judge.no_panic(result, finished)
    return finished


def borrowed(bench, runs):
    """Somebody's mirror session is in place: with `--take-session` it is borrowed and put back."""
    for number, port in enumerate(bench.ports(runs), 1):
        bench.lab.place_suspect(topology.place_of(port), "steady", with_names=True)
        theirs = port % 22 + 1
        snmp.set_values(*snmp.create(theirs))
        result = judge.Result("borrowed", f"{number}/{runs} port {port}, theirs {theirs}")
        before = judge.look(bench.lab)
        run = bench.program.prepare()
        run.locate("--yes", "--no-tables", "--take-session")
        finished = run.finish()
        judge.located(result, finished, port)
        judge.put_back(result, bench.lab, before)
        bench.done(result, finished)


def halving(bench, runs):
    """The baseline: halving with fixed 5-second windows, by snmpset and tcpdump."""
    pace = worlds.Pace(seconds=baseline.WINDOW * 4, sets=5)
    for number, port in enumerate(bench.ports(runs), 1):
        world = worlds.Steady(bench.lab, bench.dice, port, number, pace)
        result = halve_once(bench, world, f"{number}/{runs}")
        bench.done(result)


def halve_once(bench, world, number):
    """One run of the baseline in a world; returns its result."""
    world.arrange()
    result = judge.Result("halving", f"{number} {world.title}")
    with disturbed(world):
        answer = baseline.run(world.expression, world.direction)
    judge.halved(result, answer, world.right_alone())
    return result
