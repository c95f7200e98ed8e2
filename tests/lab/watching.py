"""Somebody pulls the suspect's cable and plugs it in again, and `watch` sees it."""

import signal
import time

import halfspan
import judge
import topology

_IN = 4.0  # until it is surely seen to talk, in seconds
_OUT = 6.0
_STATES = ["talking", "silent", "talking"]


def watch(bench, runs):
    """`watch` on the suspect's port: it talks, is silent while its cable is out, talks again; then Ctrl-C."""
    for number, port in enumerate(bench.ports(runs), 1):
        place = topology.place_of(port)
        bench.lab.place_suspect(place, "steady")
        result = judge.Result("watch", f"{number}/{runs} port {port}")
        before = judge.look(bench.lab)
        finished = _pull_and_plug(bench, place, port)
        result.seconds = finished.seconds
        judge.no_panic(result, finished)
        result.complain_unless(judge.look(bench.lab).same_mirror(before), "the mirror is not as it was")
        _judge(result, finished)
        bench.report(result, finished)


def _pull_and_plug(bench, place, port):
    run = bench.program.prepare()
    target = ("--ip", topology.SUSPECT.address)
    run.start("watch", *target, "--switch", halfspan.SWITCH, "--port", str(port), "--yes", "--json")
    time.sleep(_IN)
    bench.lab.wiring.pull_out(place)
    time.sleep(_OUT)
    bench.lab.move_suspects({place: topology.SUSPECT}, "steady")
    time.sleep(_IN)
    run.signal(signal.SIGINT)
    return run.finish()


def _judge(result, finished):
    document = finished.report() or {}
    changes = document.get("changes", [])
    states = [change["state"] for change in changes]
    result.complain_unless(finished.exit == 0, f"exit code {finished.exit}: {finished.stderr[-500:]}")
    result.complain_unless(states == _STATES, f"{changes}; {finished.stderr[-500:]}")
    if states == _STATES:
        _, out, back = (change["seconds"] for change in changes)
        lasted = back - out
        result.complain_unless(_OUT - 1 < lasted < _OUT + 3, f"silent for {lasted:.1f} s, out for {_OUT:.0f} s")
    result.verdict = judge.FAILED if result.complaints else judge.RIGHT
