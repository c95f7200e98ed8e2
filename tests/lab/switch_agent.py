"""The switch's own agent: a subagent of snmpd that serves the bridge's tables and drives its mirror.

    switch_agent.py SOCKET LOG FAMILY < commands

Runs in the switch's namespace. Every decided SET is a line of JSON in LOG: the truth about what was written.
A command is a line of JSON and is answered by a line `ok`: {"faults": {…}} makes the switch misbehave from now on,
{"settle": true} is answered once the data plane has followed.
"""

import bisect
import json
import selectors
import sys
import time

import agentx
import dataplane
import dlink
import fastpath
import portcopy
import switch_faults
import switch_mib

FAMILIES = {family.name: family for family in (switch_mib.Smon, fastpath.Family, dlink.Family)}


class Remembered:
    """Objects as they were read a moment ago.

    snmpd turns one GETBULK into many requests; reading the kernel's tables for each of them would make this a slow switch,
    and a dead one where somebody's forged addresses fill the forwarding table.
    """

    _FRESH = 0.1  # seconds
    _SHARE = 0.1  # of the time may go into reading

    def __init__(self):
        self._until = float("-inf")
        self._state = None
        self._shown = []

    def objects(self, read, state=None):
        """What `read` returns; never older than the last change of `state`."""
        began = time.monotonic()
        if began > self._until or state is not self._state:
            self._shown, self._state = read(), state
            took = time.monotonic() - began
            self._until = began + max(self._FRESH, took / self._SHARE)
        return self._shown


class SwitchAgent:
    """Answers snmpd's requests."""

    def __init__(self, session, log, family):
        self._session = session
        self._log = log
        self._family = family
        self._rows = family.start()
        self._before = None
        self._planned = None
        self._mirrors = dataplane.Mirrors()
        self._faults = switch_faults.Faults()
        self._to_do = switch_faults.Timetable()
        self._decided = 0
        self._loss_at = None
        self._bridge, self._mirror = Remembered(), Remembered()

    def serve(self):
        """Works until snmpd goes."""
        waiting = selectors.DefaultSelector()
        waiting.register(self._session, selectors.EVENT_READ, self._serve_request)
        waiting.register(sys.stdin, selectors.EVENT_READ, self._obey)
        go_on = True
        while go_on:
            ready = waiting.select(self._pause())
            self._do_what_is_due()
            go_on = all([key.data() for key, _ in ready])

    def _serve_request(self):
        handlers = {
            agentx.GET: self._get,
            agentx.GET_NEXT: self._get_next,
            agentx.GET_BULK: self._get_bulk,
            agentx.TEST_SET: self._test_set,
            agentx.COMMIT_SET: self._commit_set,
            agentx.UNDO_SET: self._undo_set,
            agentx.CLEANUP_SET: self._cleanup_set,
        }
        request = self._session.receive()
        if request is None or request.kind == agentx.CLOSE:
            return False
        handler = handlers.get(request.kind)
        if handler is not None:
            handler(request)
        return True

    def _obey(self):
        line = sys.stdin.readline()
        if not line:
            return False
        command = json.loads(line)
        if "faults" in command:
            self._faults = switch_faults.Faults(**command["faults"])
            self._decided, self._loss_at = 0, None
        while "settle" in command and (pause := self._to_do.pause(time.monotonic())) is not None:
            time.sleep(pause)
            self._do_what_is_due()
        print("ok", flush=True)
        return True

    def _pause(self):
        now = time.monotonic()
        pauses = [self._to_do.pause(now)]
        if self._loss_at is not None:
            pauses.append(max(0.0, self._loss_at - now))
        return min((pause for pause in pauses if pause is not None), default=None)

    def _do_what_is_due(self):
        now = time.monotonic()
        copies = self._to_do.take(now)
        if copies is not None:
            self._mirrors.apply(copies, _names(dataplane.ports()))
        if self._loss_at is not None and self._loss_at <= now:
            self._loss_at = None
            self._lose()

    def _lose(self):
        """What is copied is gone; the next change that is made brings it back, as far as the rows are still there."""
        self._mirrors.apply(set(), _names(dataplane.ports()))
        if self._faults.rows_too:
            self._rows = self._family.start()
        self._write_log("lost", ())

    def _objects(self, asked):
        """The objects of the part that the (start, include, end) of `asked` are in; the master asks for one at a time."""
        if any(start[: len(switch_mib.BRIDGE)] == switch_mib.BRIDGE for start, _, _ in asked):
            return self._bridge.objects(self._read_bridge)
        return self._mirror.objects(self._read_mirror, self._rows)

    def _read_bridge(self):
        return switch_mib.of_bridge(dataplane.ports(), dataplane.forwarding_table(), dataplane.bridge_address())

    def _read_mirror(self):
        ports = dataplane.ports()
        self._notice_links(ports)
        return switch_mib.of_mirror(ports, self._family.objects(ports, self._rows))

    def _notice_links(self, ports):
        rows = self._family.without_links(self._rows, ports)
        if rows != self._rows:
            self._switch_to(rows)

    def _get(self, request):
        asked = list(agentx.Reader(request.body).ranges())
        shown = self._objects(asked)
        self._session.respond(request, binds=[_exactly(shown, oid) for oid, _, _ in asked])

    def _get_next(self, request):
        asked = list(agentx.Reader(request.body).ranges())
        shown = self._objects(asked)
        self._session.respond(request, binds=[_after(shown, *search) for search in asked])

    def _get_bulk(self, request):
        reader = agentx.Reader(request.body)
        single, repetitions = reader.bulk_header()
        searches = list(reader.ranges())
        shown = self._objects(searches)
        binds = [_after(shown, *search) for search in searches[:single]]
        repeated = searches[single:]
        for _ in range(repetitions):
            row = [_after(shown, *search) for search in repeated]
            binds += row
            if all(bind.type == agentx.END_OF_MIB_VIEW for bind in row):
                break
            repeated = [
                (bind.oid, False, end) for bind, (_, _, end) in zip(row, repeated)
            ]
        self._session.respond(request, binds=binds)

    def _test_set(self, request):
        binds = list(agentx.Reader(request.body).varbinds())
        ports = dataplane.ports()
        self._notice_links(ports)
        try:
            self._planned = self._family.test(self._rows, ports, binds, self._faults)
        except portcopy.Refusal as refusal:
            self._planned = None
            if refusal.applied is not None:
                self._switch_to({**self._rows, **refusal.applied})
            self._write_log("refused", binds, error=refusal.error)
            self._session.respond(request, refusal.error, refusal.index)
            return
        self._binds = binds
        self._session.respond(request)

    def _commit_set(self, request):
        self._before = self._rows
        if self._switch_to(self._family.shown(self._planned, self._faults)):
            self._write_log("written", self._binds)
            self._count_down_to_loss()
            self._session.respond(request)
        else:
            self._session.respond(request, portcopy.COMMIT_FAILED, 1)

    def _undo_set(self, request):
        undone = self._before is not None and self._switch_to(self._before)
        self._write_log("undone", self._binds)
        self._session.respond(request, 0 if undone else portcopy.UNDO_FAILED)

    def _cleanup_set(self, _request):
        # The one request without an answer (RFC 2741 section 7.2.4.4).
        self._before = self._planned = None

    def _count_down_to_loss(self):
        self._decided += 1
        if self._decided == self._faults.lost_after:
            self._loss_at = time.monotonic() + self._faults.lost_pause

    def _switch_to(self, rows):
        copies = self._family.copies(rows, dataplane.ports(), self._faults)
        if self._faults.late:
            self._to_do.add(time.monotonic() + self._faults.late, copies)
        else:
            try:
                self._mirrors.apply(copies, _names(dataplane.ports()))
            except OSError:
                return False
        self._rows = rows
        return True

    def _write_log(self, what, binds, **more):
        entry = {
            "at": time.monotonic(),
            "what": what,
            "varbinds": len(binds),
            "rows": self._family.log(self._rows),
            **more,
        }
        print(json.dumps(entry), file=self._log, flush=True)


def _exactly(shown, oid):
    found = _after(shown, oid, True, ())
    return found if found.oid == oid else agentx.VarBind(oid, agentx.NO_SUCH_INSTANCE)


def _after(shown, start, include, end):
    find = bisect.bisect_left if include else bisect.bisect_right
    place = find(shown, start, key=lambda bind: bind.oid)
    if place == len(shown) or (end and shown[place].oid >= end):
        return agentx.VarBind(start, agentx.END_OF_MIB_VIEW)
    return shown[place]


def _names(ports):
    return {port.if_index: port.name for port in ports}


def main():
    path, log, name = sys.argv[1:]
    family = FAMILIES[name]()
    session = agentx.Session(path, "lab switch")
    with open(log, "a", encoding="utf-8") as file:
        for subtree in (*switch_mib.SUBTREES, *family.subtrees):
            session.register(subtree)
        print("ready", flush=True)
        SwitchAgent(session, file, family).serve()


if __name__ == "__main__":
    main()
