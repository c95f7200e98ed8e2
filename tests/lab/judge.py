"""Whether a run did what it had to: its answer, and the switch before and after."""

import dataclasses
from itertools import takewhile

import daemons
import halfspan
import snmp
import topology

RIGHT, WRONG, UNDECIDED, FAILED = "right", "wrong", "undecided", "failed"


@dataclasses.dataclass(frozen=True)
class SwitchState:
    """The mirror as the agent tells it, as the kernel does it, and how many requests were decided so far."""

    table: list
    filters: list
    decided: int

    def same_mirror(self, other):
        return self.table == other.table and self.filters == other.filters


def look(lab):
    """The switch now."""
    return SwitchState(snmp.mirror_state(), lab.filters(), len(lab.writes()))


@dataclasses.dataclass
class Result:
    """One run, as the summary counts it."""

    scenario: str
    title: str
    verdict: str = FAILED
    seconds: float = 0.0
    changes: int | None = None
    writes: int = 0
    complaints: list = dataclasses.field(default_factory=list)
    # Whether `undecided` passes, too: the world allows no better answer.
    may_give_up: bool = False

    @property
    def passed(self):
        honest = self.verdict == RIGHT or (self.may_give_up and self.verdict == UNDECIDED)
        return honest and not self.complaints

    def complain_unless(self, holds, complaint):
        if not holds:
            self.complaints.append(complaint)


def located(result, finished, port, identified=True, described=True):
    """Judges a `locate` that has to name `port`, a host port of the switch.

    `identified`: it is looked for by its address, so that its MAC and its name have to be reported. `described`: the
    switch knows what the admin wrote on its ports.
    """
    report = _answer(result, finished, {port})
    result.complain_unless(result.verdict == RIGHT, f"{_said(finished, report)}; wanted port {port}")
    if result.verdict != RIGHT:
        return
    outlet = (report.get("patch") or {}).get("outlet")
    alias = (report.get("port") or {}).get("alias")
    result.complain_unless(report.get("schema") == "halfspan.locate/1", "the schema is missing")
    result.complain_unless(report.get("switch") == halfspan.SWITCH, f"switch {report.get('switch')}")
    result.complain_unless(outlet == topology.outlet_of(port), f"outlet {outlet}")
    wanted = topology.alias_of(port) if described else ""
    result.complain_unless((alias or "") == wanted, f"alias {alias}")
    result.complain_unless((report.get("confirmation") or {}).get("confirmed"), "no off/on proof")
    result.complain_unless((report.get("mirror") or {}).get("restored"), "does not say that it restored")
    if identified:
        suspect = report.get("suspect") or {}
        names = [name.get("name") for name in suspect.get("names", [])]
        result.complain_unless(suspect.get("mac") == topology.SUSPECT.mac, f"MAC {suspect.get('mac')}")
        result.complain_unless(daemons.NETBIOS_NAME in names, f"NetBIOS name missing in {names}")


# What a run takes besides its search: to read the switch, to put it back, to ask for names.
_BESIDES = 25.0


def not_wrong(result, finished, ports, seconds):
    """Judges a `locate` that may search for some `seconds` and then give up: one of `ports`, or none at all."""
    result.may_give_up = True
    result.complain_unless(finished.seconds < seconds + _BESIDES, f"{finished.seconds:.0f} s, told to end after {seconds}")
    report = _answer(result, finished, ports)
    result.complain_unless(result.passed, f"{_said(finished, report)}; wanted one of {sorted(ports)}, or none")


def several(result, finished, ports):
    """Judges a `locate` that has to name two ports, and that the suspect is behind both."""
    result.seconds = finished.seconds
    report = finished.report() or {}
    named = {candidate.get("port") for candidate in report.get("candidates", [])}
    if report.get("outcome") == "several_places":
        result.verdict = RIGHT if named == set(map(str, ports)) else WRONG
    elif report.get("outcome") == "located":
        result.verdict = WRONG
    elif finished.exit == 1:
        result.verdict = UNDECIDED
    result.complain_unless(result.verdict == RIGHT, f"{_said(finished, report)}, candidates {named}")
    result.complain_unless((report.get("mirror") or {}).get("restored"), "does not say that it restored")


def halved(result, answer, ports):
    """Judges the baseline, which always names one port."""
    result.seconds, result.changes = answer.seconds, answer.changes
    if answer.port is not None:
        result.verdict = RIGHT if answer.port in ports else WRONG
    result.complain_unless(result.verdict == RIGHT, f"named port {answer.port}")


def _answer(result, finished, ports):
    """Notes whether the port that is named is one of `ports`; returns the report."""
    result.seconds = finished.seconds
    report = finished.report() or {}
    label = (report.get("port") or {}).get("label")
    if report.get("outcome") == "several_places":
        result.verdict = WRONG
    elif finished.exit == 0 and report.get("outcome") == "located":
        result.verdict = RIGHT if label in map(str, ports) else WRONG
    elif finished.exit == 1:
        result.verdict = UNDECIDED
    no_panic(result, finished)
    return report


def _said(finished, report):
    label = (report.get("port") or {}).get("label")
    return f"exit {finished.exit}, outcome {report.get('outcome')}, port {label}"


def put_back(result, lab, before):
    """Judges the switch: its mirror has to be what it was."""
    after = look(lab)
    result.complain_unless(after.table == before.table, f"mirror table {before.table} is now {after.table}")
    result.complain_unless(after.filters == before.filters, f"filters left: {after.filters}")


def untouched(result, lab, before):
    """Judges the switch: nothing may have been written at all."""
    put_back(result, lab, before)
    written = [entry for entry in lab.writes()[before.decided :] if entry["what"] == "written"]
    result.complain_unless(not written, f"{len(written)} writes to a switch that had to stay untouched")


def count_changes(result, finished, lab, before):
    """Notes the requests that the switch carried out, and the changes of the mirror that came before the off/on proof.

    The switch sees requests, of which a change may take several, a few milliseconds apart; which of them belong to one
    change only the report knows. It cannot hide a change: the requests are at least as many.
    """
    written = [entry for entry in lab.writes()[before.decided :] if entry["what"] == "written"]
    result.writes = len(written)
    probes = (finished.report() or {}).get("probes", [])
    # The proof has steps of another name too, such as a look at the others when the port falls silent.
    narrowing = takewhile(lambda probe: not probe["why"].startswith("proof "), probes)
    search = [probe["sources"] for probe in narrowing]
    result.changes = sum(now != last for last, now in zip([[]] + search, search))
    result.complain_unless(result.changes <= result.writes, f"{result.changes} changes in {result.writes} writes")


def one_clear_sentence(result, finished):
    """Judges stderr: one `error:` line, a remedy, no panic."""
    lines = finished.stderr.splitlines()
    errors = [line for line in lines if line.startswith("error:")]
    result.complain_unless(len(errors) == 1, f"{len(errors)} error lines on stderr")
    result.complain_unless(any(line.startswith("hint:") for line in lines), "no remedy on stderr")
    no_panic(result, finished)


def no_panic(result, finished):
    result.complain_unless("panicked" not in finished.stderr, "it panicked")
