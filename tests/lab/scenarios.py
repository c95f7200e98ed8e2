"""Runs of `locate` that find the suspect, and those that are broken off on the way."""

import random
import signal
import time

import halving as baseline
import judge
import snmp
import topology

MOST_CHANGES_STEADY = 7


class Bench:
    """The lab, the program and the run's dice, shared by the scenarios."""

    def __init__(self, lab, program, seed, report):
        self.lab = lab
        self.program = program
        self.dice = random.Random(seed)
        self._report = report

    def ports(self, count):
        """Host ports to plug the suspect in, each another one as long as there are enough."""
        order = []
        while len(order) < count:
            order += self.dice.sample(list(topology.HOST_PORTS), len(topology.HOST_PORTS))
        return order[:count]

    def done(self, result, finished=None):
        """Hands a result to the summary and leaves a clean switch for the next run."""
        self._report(result, finished)
        self.lab.clear_mirror()


def steady(bench, runs):
    """100 frames a second."""
    _locate(bench, "steady", runs, "steady")


def bursty(bench, runs):
    """2 s at 50 frames a second, 20 s of silence."""
    _locate(bench, "bursty", runs, "bursty")


def rare(bench, runs):
    """0.2 frames a second."""
    _locate(bench, "rare", runs, "rare")


def silent(bench, runs):
    """Says nothing by itself; has to be woken."""
    _locate(bench, "silent", runs, "silent")


def tables(bench, runs):
    """Steady, with the switch's forwarding table as a head start."""
    _locate(bench, "tables", runs, "steady", options=("--yes",))


def _locate(bench, name, runs, mode, options=("--yes", "--no-tables")):
    for number, port in enumerate(bench.ports(runs), 1):
        bench.lab.place_suspect(topology.place_of(port), mode, with_names=True)
        result = judge.Result(name, f"{number}/{runs} port {port}")
        before = judge.look(bench.lab)
        run = bench.program.prepare()
        run.locate(*options)
        finished = run.finish()
        judge.located(result, finished, port)
        judge.put_back(result, bench.lab, before)
        judge.count_changes(result, finished, bench.lab, before)
        if name == "steady":
            few = result.changes <= MOST_CHANGES_STEADY
            result.complain_unless(few, f"{result.changes} changes before the proof")
        bench.done(result, finished)


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
    typical = _typical_seconds(bench)
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


def _typical_seconds(bench):
    """How long an undisturbed run takes, so that the random moments fall into all of its phases."""
    bench.lab.place_suspect(topology.place_of(bench.ports(1)[0]), "steady")
    run = bench.program.prepare()
    run.locate("--yes", "--no-tables")
    return run.finish().seconds


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
    for number, port in enumerate(bench.ports(runs), 1):
        bench.lab.place_suspect(topology.place_of(port), "steady")
        result = judge.Result("halving", f"{number}/{runs} port {port}")
        answer = baseline.run()
        result.verdict = judge.RIGHT if answer.port == port else judge.WRONG
        result.complain_unless(answer.port == port, f"named port {answer.port}")
        result.seconds, result.changes = answer.seconds, answer.changes
        bench.done(result)
