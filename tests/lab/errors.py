"""What has to go wrong in the right way: the contract's exit code, one clear sentence, a switch as it was."""

import dataclasses
import re
import signal
import time
from collections.abc import Callable

import halfspan
import judge
import netns
import snmp
import topology

DONE, NO_ANSWER, USAGE, DEVICE, REFUSED, NOT_RESTORED = 0, 1, 2, 3, 4, 5
NOBODY = "10.77.0.199"
# An address of their own: the router's agent tells for a minute what its neighbours were (ipNetToPhysicalTable), and
# of the suspect's address it must not tell two machines in later cases.
_CLAIMED = "10.77.0.58"
_CLAIMANT = topology.Machine(topology.SUSPECT.mac, _CLAIMED)
_TWIN = topology.Machine("02:00:00:00:0a:57", _CLAIMED)
# Who is not there is looked for until time is up.
_BRIEFLY = ("--yes", "--no-tables", "--max-time", "20")


@dataclasses.dataclass(frozen=True)
class Case:
    """A run that must not find anything. `says` is a pattern that stderr has to show."""

    name: str
    exit: int
    says: str = ""
    setup: halfspan.Setup = halfspan.Setup()
    options: tuple = ("--yes", "--no-tables")
    target: tuple = ("--ip", topology.SUSPECT.address)
    place: str | None = "h8"
    machine: topology.Machine = topology.SUSPECT  # at `place`
    twin: topology.Machine | None = None  # on port 3
    before: Callable[[], object] = lambda: None
    may_write: bool = False


def cases():
    """Every case, in the order of the exit codes."""
    setup = halfspan.Setup
    own = topology.LAPTOP_PORT
    return [
        Case("the suspect is not there", NO_ANSWER, target=("--ip", NOBODY), options=_BRIEFLY, may_write=True),
        Case("the suspect is unplugged", NO_ANSWER, place=None, options=_BRIEFLY, may_write=True),
        Case("the suspect is behind the uplink", NO_ANSWER, place="m2", options=_BRIEFLY, may_write=True),
        Case("a typo in the YAML", USAGE, r"line 6.*|destination", setup(destination_key="destnation")),
        Case("an unknown switch", USAGE, r"nosuch", options=("--yes", "--switch", "nosuch")),
        Case("a wrong community", DEVICE, r"communit|answer", setup(read="wrong", write="wrong")),
        Case("a read-only community", DEVICE, r"(?i)read-only|read-write|write", setup(write="lab-read")),
        Case("an unreachable switch", DEVICE, r"10\.78\.0\.99", setup(address="10.78.0.99")),
        Case("no capture rights", DEVICE, r"(?i)cap_net_raw|root|rights|permi", setup(as_root=False)),
        Case(
            "two machines claim the address",
            REFUSED,
            r"--mac",
            target=("--ip", _CLAIMED),
            machine=_CLAIMANT,
            twin=_TWIN,
        ),
        Case("no --yes and no terminal", REFUSED, r"--yes", options=("--no-tables",)),
        Case("the destination is a candidate", REFUSED, r"24", setup(candidates="1-22,24")),
        Case(
            "the destination is a source on the switch",
            REFUSED,
            r"24",
            before=lambda: snmp.set_values(*snmp.create(own, dest=3)),
        ),
        Case(
            "a foreign session to our port",
            REFUSED,
            r"--take-session",
            before=lambda: snmp.set_values(*snmp.create(5)),
        ),
    ]


def run(bench, _runs):
    """What has to go wrong in the right way: exit code, one clear sentence, an untouched switch."""
    for case in cases():
        _run_case(bench, case)
    _lost_switch(bench)


def _run_case(bench, case):
    places = {} if case.place is None else {case.place: case.machine}
    if case.twin is not None:
        places["h3"] = case.twin
    bench.lab.place_suspects(places, "steady")
    case.before()
    result = judge.Result("errors", case.name)
    before = judge.look(bench.lab)
    started = bench.program.prepare(case.setup)
    started.locate(*case.options, target=case.target)
    finished = started.finish()
    result.seconds = finished.seconds
    _judge_exit(result, finished, case.exit)
    _judge_report(result, finished, case.exit)
    if case.exit != NO_ANSWER:
        finished = _judge_text(result, started, case)
    (judge.put_back if case.may_write else judge.untouched)(result, bench.lab, before)
    bench.done(result, finished)


def _judge_exit(result, finished, wanted):
    result.verdict = judge.RIGHT if finished.exit == wanted else judge.FAILED
    result.complain_unless(finished.exit == wanted, f"exit {finished.exit}, wanted {wanted}")


def _judge_report(result, finished, code):
    report = finished.report() or {}
    wanted = {NO_ANSWER: "not_seen", DEVICE: "failed", REFUSED: "refused"}
    if code in wanted:
        result.complain_unless(report.get("outcome") == wanted[code], f"outcome {report.get('outcome')}")
    result.complain_unless(not report.get("port"), f"names a port: {report.get('port')}")
    judge.no_panic(result, finished)


def _judge_text(result, started, case):
    """The same again as people see it: without --json the error goes to stderr."""
    started.locate(*case.options, target=case.target, json_report=False)
    finished = started.finish()
    _judge_exit(result, finished, case.exit)
    judge.one_clear_sentence(result, finished)
    found = re.search(case.says, finished.stderr)
    result.complain_unless(found, f"stderr does not say /{case.says}/")
    return finished


def _lost_switch(bench):
    """The management link breaks after the first write, and somebody presses Ctrl-C: exit 5, not 130, with the remedy.

    Once the switch is back, `restore` helps.
    """
    bench.lab.place_suspect("h8", "rare")
    result = judge.Result("errors", "the switch is lost in mid-run")
    before = judge.look(bench.lab)
    started = bench.program.prepare()
    started.locate("--yes", "--no-tables", "--passive", json_report=False)
    _wait_for_write(bench.lab, before, started)
    netns.batch("sw", ["link set mgmt0 down"])
    # Without it the run waits for the switch to come back, for minutes.
    started.signal(signal.SIGINT)
    finished = started.finish(300)
    netns.batch("sw", ["link set mgmt0 up"])
    result.seconds = finished.seconds
    _judge_exit(result, finished, NOT_RESTORED)
    judge.one_clear_sentence(result, finished)
    result.complain_unless("halfspan restore" in finished.stderr, "stderr does not name `halfspan restore`")
    started.start("restore")
    repaired = started.finish(60)
    result.complain_unless(repaired.exit == DONE, f"`halfspan restore` ended with {repaired.exit}")
    judge.put_back(result, bench.lab, before)
    bench.done(result, finished)


def _wait_for_write(lab, before, started):
    while started.running():
        if any(entry["what"] == "written" for entry in lab.writes()[before.decided :]):
            return
        time.sleep(0.02)
