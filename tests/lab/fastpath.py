"""agentPortMirrorTable and agentPortMirrorTypeTable of the NETGEAR-SWITCHING-MIB: FASTPATH's session table. No I/O.

Four sessions that are always there. Destination and mask can be changed only while a session is disabled; a new mask makes
every direction txrx again; and, as the MIB's text says, a mask that names a port which does not exist is refused while its
other ports are taken all the same.
"""

import dataclasses

import agentx
import portcopy
import portlist

ROOT = (1, 3, 6, 1, 4, 1, 4526, 10, 1)
_ENTRY = ROOT + (2, 10, 4, 1)
_TYPES = ROOT + (2, 10, 5, 1, 2)
_SESSIONS = range(1, 5)
_DESTINATION, _MASK, _MODE = 2, 3, 4
_ENABLE, _DISABLE, _DELETE = 1, 2, 3
_TX, _RX, _TXRX = 1, 2, 3
_HOOKS = {_RX: ("ingress",), _TX: ("egress",), _TXRX: ("ingress", "egress")}


@dataclasses.dataclass(frozen=True)
class Session:
    """A row of agentPortMirrorTable, with the directions of its sources by bridge port."""

    destination: int = 0
    sources: tuple = ()
    enabled: bool = False


class Family:
    """A switch with these tables."""

    name = "netgear-fastpath"
    sys_object_id = (1, 3, 6, 1, 4, 1, 4526, 100, 4, 1)
    subtrees = (ROOT,)

    def start(self):
        """The state of a switch that nobody has mirrored yet."""
        return {number: Session() for number in _SESSIONS}

    def test(self, state, ports, binds, _faults):
        """Returns the state that `binds` lead to, or raises `Refusal`; they are carried out in turn."""
        after = dict(state)
        for index, bind in enumerate(binds, 1):
            number, change = self._change(after, {port.base_port for port in ports}, bind, index)
            after[number] = change
            self._check_roles(after, index)
        return after

    def _change(self, state, known, bind, index):
        if bind.oid[: len(_TYPES)] == _TYPES and len(bind.oid) == len(_TYPES) + 2:
            return self._set_type(state, *bind.oid[-2:], bind, index)
        suffix = bind.oid[len(_ENTRY) :]
        if bind.oid[: len(_ENTRY)] != _ENTRY or len(suffix) != 2 or suffix[0] not in (_DESTINATION, _MASK, _MODE):
            raise portcopy.Refusal(portcopy.NOT_WRITABLE, index)
        column, number = suffix
        session = state.get(number)
        if session is None:
            raise portcopy.Refusal(portcopy.NO_CREATION, index)
        change = {_DESTINATION: _set_destination, _MASK: _set_mask, _MODE: _set_mode}[column]
        return number, change(session, known, bind, index)

    def _set_type(self, state, number, port, bind, index):
        _demand(bind.type == agentx.INTEGER, portcopy.WRONG_TYPE, index)
        _demand(bind.value in _HOOKS, portcopy.WRONG_VALUE, index)
        session = state.get(number, Session())
        sources = dict(session.sources)
        _demand(port in sources, portcopy.INCONSISTENT_NAME, index)
        sources[port] = bind.value
        return number, dataclasses.replace(session, sources=tuple(sorted(sources.items())))

    @staticmethod
    def _check_roles(state, index):
        sources = {port for session in state.values() for port, _ in session.sources}
        destinations = {session.destination for session in state.values()}
        _demand(not sources & destinations, portcopy.INCONSISTENT_VALUE, index)

    def without_links(self, state, _ports):
        """Nothing happens to a session whose ports lose their links."""
        return state

    def shown(self, state, _faults):
        """What the agent makes of what it was told."""
        return state

    def copies(self, state, ports, _faults):
        """What the data plane has to do: a set of (hook, source, destination), by ifIndex."""
        index = {port.base_port: port.if_index for port in ports}
        return {
            (hook, index[port], index[session.destination])
            for session in state.values()
            if session.enabled and session.destination in index
            for port, direction in session.sources
            if port in index
            for hook in _HOOKS[direction]
        }

    def objects(self, ports, state):
        """Every object of the tables."""
        for number, session in state.items():
            at = lambda column: _ENTRY + (column, number)
            yield agentx.VarBind(at(_DESTINATION), agentx.GAUGE32, session.destination)
            mask = portlist.octets([port for port, _ in session.sources], len(ports))
            yield agentx.VarBind(at(_MASK), agentx.OCTET_STRING, mask)
            yield agentx.VarBind(at(_MODE), agentx.INTEGER, _ENABLE if session.enabled else _DISABLE)
            for port, direction in session.sources:
                yield agentx.VarBind(_TYPES + (number, port), agentx.INTEGER, direction)

    def log(self, state):
        """The state as the log keeps it."""
        return [[number, *dataclasses.astuple(session)] for number, session in state.items()]


def _demand(holds, error, index, applied=None):
    if not holds:
        raise portcopy.Refusal(error, index, applied)


def _set_destination(session, known, bind, index):
    _demand(bind.type == agentx.GAUGE32, portcopy.WRONG_TYPE, index)
    _demand(bind.value == 0 or bind.value in known, portcopy.WRONG_VALUE, index)
    _demand(not session.enabled or bind.value == session.destination, portcopy.INCONSISTENT_VALUE, index)
    return dataclasses.replace(session, destination=bind.value)


def _set_mask(session, known, bind, index):
    _demand(bind.type == agentx.OCTET_STRING, portcopy.WRONG_TYPE, index)
    _demand(1 <= len(bind.value) <= 255, portcopy.WRONG_LENGTH, index)
    _demand(not session.enabled, portcopy.INCONSISTENT_VALUE, index)
    asked = portlist.ports(bind.value)
    new = dataclasses.replace(session, sources=tuple((port, _TXRX) for port in sorted(asked & known)))
    number = bind.oid[-1]
    _demand(asked <= known, portcopy.WRONG_VALUE, index, {number: new})
    return new


def _set_mode(session, _known, bind, index):
    _demand(bind.type == agentx.INTEGER, portcopy.WRONG_TYPE, index)
    _demand(bind.value in (_ENABLE, _DISABLE, _DELETE), portcopy.WRONG_VALUE, index)
    if bind.value == _DELETE:
        return Session()
    _demand(bind.value == _DISABLE or session.destination, portcopy.INCONSISTENT_VALUE, index)
    return dataclasses.replace(session, enabled=bind.value == _ENABLE)
