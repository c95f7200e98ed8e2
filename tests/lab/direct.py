"""Switches that are told without SNMP: a Linux bridge by tc, Open vSwitch by its database."""

import signal
import time

import judge
import planes
import topology

# By its MAC: not everywhere can halfspan ask for a MAC or for names.
_TARGET = ("--mac", topology.SUSPECT.mac)
_OPTIONS = ("--yes", "--no-tables")
REFUSED = 4


def tc(bench, runs):
    """A Linux bridge by tc: found, killed and restored, interrupted, refused; the same `tc` dump before and after."""
    with planes.LinuxBridge() as plane:
        _every(bench, plane, runs)


def ovs(bench, runs):
    """Open vSwitch by its database: found, killed and restored, interrupted, refused; the same dump before and after."""
    with planes.OpenVSwitch(bench.lab.home) as plane:
        # Its own forwarding table is empty yet: every machine is heard once.
        time.sleep(3)
        _every(bench, plane, runs)


def _every(bench, plane, runs):
    kinds = (_found, _killed, _interrupted)
    for number, port in enumerate(bench.ports(runs), 1):
        kind = kinds[(number - 1) % len(kinds)]
        _run(bench, plane, f"{number}/{runs} port {port}: {kind.__doc__}", port, kind, plane.setup(number))
    port = bench.ports(1)[0]
    _run(bench, plane, f"port {port}: {_foreign.__doc__}", port, _foreign, plane.setup(0))
    _run(bench, plane, f"port {port}: {_dry.__doc__}", port, _dry, plane.setup(0))


def _run(bench, plane, title, port, act, setup):
    bench.lab.place_suspect(topology.place_of(port), "steady")
    result = judge.Result(plane.name, title)
    before = plane.dump()
    began = time.monotonic()
    finished = act(plane, result, bench.program.prepare(setup), port)
    result.seconds = time.monotonic() - began
    judge.no_panic(result, finished)
    result.complain_unless(plane.dump() == before, f"the dump is not what it was: {plane.dump()}")
    if not result.passed:
        result.complaints.append(finished.stderr[-2000:])
    bench.report(result, finished)


def _locate(run, *more):
    run.locate(*_OPTIONS, *more, target=_TARGET)


def _found(plane, result, run, port):
    """found"""
    _locate(run)
    finished = run.finish()
    judge.located(result, finished, port, identified=False, described=plane.described)
    return finished


def _wait_for_mirror(plane, run):
    """Returns once the run has changed the switch."""
    while run.running() and not plane.mirrors():
        time.sleep(0.05)


def _killed(plane, result, run, _port):
    """SIGKILL, then `restore`"""
    _locate(run)
    _wait_for_mirror(plane, run)
    run.signal(signal.SIGKILL)
    run.finish()
    result.complain_unless(plane.mirrors(), "it was killed too late")
    run.start("restore")
    finished = run.finish(60)
    _judge_exit(result, finished, 0)
    return finished


def _interrupted(plane, result, run, _port):
    """Ctrl-C"""
    _locate(run)
    _wait_for_mirror(plane, run)
    run.signal(signal.SIGINT)
    finished = run.finish(60)
    _judge_exit(result, finished, 130)
    return finished


def _foreign(plane, result, run, port):
    """somebody else's mirror is refused, then used with --take-session"""
    plane.mirror_for_somebody(port)
    before = plane.dump()
    try:
        _locate(run)
        finished = run.finish()
        _judge_exit(result, finished, REFUSED)
        result.complain_unless("take-session" in finished.stdout + finished.stderr, "does not name --take-session")
        _locate(run, "--take-session")
        finished = run.finish()
        judge.located(result, finished, port, identified=False, described=plane.described)
        result.complain_unless(plane.dump() == before, "somebody else's mirror is not what it was")
    finally:
        plane.mirror_for_nobody(port)
    return finished


def _dry(plane, result, run, _port):
    """--dry-run writes nothing"""
    _locate(run, "--dry-run")
    while run.running():
        result.complain_unless(not plane.mirrors(), "it has written")
    finished = run.finish()
    _judge_exit(result, finished, 0)
    planned = (finished.report() or {}).get("plan", [])
    result.complain_unless(any("write" in line for line in planned), f"the plan is {planned}")
    return finished


def _judge_exit(result, finished, wanted):
    result.verdict = judge.RIGHT if finished.exit == wanted else judge.FAILED
    result.complain_unless(finished.exit == wanted, f"exit {finished.exit}, wanted {wanted}")
