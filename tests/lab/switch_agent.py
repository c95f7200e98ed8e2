"""The switch's own agent: a subagent of snmpd that serves the bridge's tables and drives its mirror.

    switch_agent.py SOCKET LOG

Runs in the switch's namespace. Every decided SET is a line of JSON in LOG: the truth about what was written.
"""

import bisect
import json
import sys
import time

import agentx
import dataplane
import portcopy
import switch_mib


# snmpd turns one GETBULK into many requests; reading the kernel's tables for each of them would make this a slow
# switch. Rows are never shown late: only links and learnt addresses can be.
_FRESH = 0.1


class SwitchAgent:
    """Answers snmpd's requests."""

    def __init__(self, session, log):
        self._session = session
        self._log = log
        self._rows = {}
        self._before = None
        self._planned = None
        self._mirrors = dataplane.Mirrors()
        self._shown = []
        self._shown_rows = None
        self._read_at = float("-inf")

    def serve(self):
        """Works until snmpd goes."""
        handlers = {
            agentx.GET: self._get,
            agentx.GET_NEXT: self._get_next,
            agentx.GET_BULK: self._get_bulk,
            agentx.TEST_SET: self._test_set,
            agentx.COMMIT_SET: self._commit_set,
            agentx.UNDO_SET: self._undo_set,
            agentx.CLEANUP_SET: self._cleanup_set,
        }
        while (request := self._session.receive()) is not None:
            if request.kind == agentx.CLOSE:
                return
            handler = handlers.get(request.kind)
            if handler is not None:
                handler(request)

    def _objects(self):
        now = time.monotonic()
        if now - self._read_at > _FRESH or self._shown_rows is not self._rows:
            ports = dataplane.ports()
            self._notice_links(ports)
            table = dataplane.forwarding_table()
            address = dataplane.bridge_address()
            self._shown = switch_mib.objects(ports, table, address, self._rows)
            self._shown_rows, self._read_at = self._rows, now
        return self._shown

    def _notice_links(self, ports):
        rows = portcopy.without_links(self._rows, _up(ports))
        if rows != self._rows:
            self._mirrors.apply(portcopy.copies(rows), _names(ports))
            self._rows = rows

    def _get(self, request):
        shown = self._objects()
        asked = agentx.Reader(request.body).ranges()
        self._session.respond(request, binds=[_exactly(shown, oid) for oid, _, _ in asked])

    def _get_next(self, request):
        shown = self._objects()
        asked = agentx.Reader(request.body).ranges()
        self._session.respond(request, binds=[_after(shown, *search) for search in asked])

    def _get_bulk(self, request):
        shown = self._objects()
        reader = agentx.Reader(request.body)
        single, repetitions = reader.bulk_header()
        searches = list(reader.ranges())
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
            self._planned = portcopy.test(self._rows, _up(ports), binds, _is_integer)
        except portcopy.Refusal as refusal:
            self._planned = None
            self._write_log("refused", binds, error=refusal.error)
            self._session.respond(request, refusal.error, refusal.index)
            return
        self._binds = binds
        self._session.respond(request)

    def _commit_set(self, request):
        self._before = self._rows
        if self._switch_to(self._planned):
            self._write_log("written", self._binds)
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

    def _switch_to(self, rows):
        try:
            self._mirrors.apply(portcopy.copies(rows), _names(dataplane.ports()))
        except OSError:
            return False
        self._rows = rows
        return True

    def _write_log(self, what, binds, **more):
        entry = {
            "at": time.monotonic(),
            "what": what,
            "varbinds": len(binds),
            "rows": sorted((*pair, row.direction, row.status) for pair, row in self._rows.items()),
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


def _is_integer(bind):
    return bind.type == agentx.INTEGER


def _up(ports):
    return {port.if_index: port.up for port in ports}


def _names(ports):
    return {port.if_index: port.name for port in ports}


def main():
    path, log = sys.argv[1:]
    session = agentx.Session(path, "lab switch")
    with open(log, "a", encoding="utf-8") as file:
        for subtree in switch_mib.SUBTREES:
            session.register(subtree)
        print("ready", flush=True)
        SwitchAgent(session, file).serve()


if __name__ == "__main__":
    main()
