"""companyMirror of the DGS-1210 MIBs: four scalars below the model's own node, which is its sysObjectID. No I/O.

A target is always set. While mirroring is enabled the target may not be among the sources.
"""

import dataclasses

import agentx
import portcopy
import portlist

MODEL = (1, 3, 6, 1, 4, 1, 171, 10, 76, 20, 1)
_MIRROR = MODEL + (18,)
_STATUS, _TARGET, _INGRESS, _EGRESS = 1, 2, 3, 4
_ENABLED, _DISABLED = 1, 2
_LONGEST = 64


@dataclasses.dataclass(frozen=True)
class Mirror:
    """The scalars; ports are bridge ports."""

    enabled: bool = False
    target: int = 1
    ingress: frozenset = frozenset()
    egress: frozenset = frozenset()


class Family:
    """A switch with these scalars."""

    name = "dlink-dgs1210"
    sys_object_id = MODEL
    subtrees = (_MIRROR,)

    def start(self):
        """The state of a switch that nobody has mirrored yet."""
        return Mirror()

    def test(self, state, ports, binds, _faults):
        """Returns the state that `binds` lead to, or raises `Refusal`."""
        known = {port.base_port for port in ports}
        for index, bind in enumerate(binds, 1):
            state = self._change(state, known, bind, index)
        if state.enabled and state.target in state.ingress | state.egress:
            raise portcopy.Refusal(portcopy.INCONSISTENT_VALUE, len(binds))
        return state

    @staticmethod
    def _change(state, known, bind, index):
        if bind.oid[:-2] != _MIRROR or bind.oid[-1] != 0:
            raise portcopy.Refusal(portcopy.NOT_WRITABLE, index)
        scalar = bind.oid[-2]
        wanted = agentx.INTEGER if scalar in (_STATUS, _TARGET) else agentx.OCTET_STRING
        if bind.type != wanted:
            raise portcopy.Refusal(portcopy.WRONG_TYPE, index)
        if scalar == _STATUS and bind.value in (_ENABLED, _DISABLED):
            return dataclasses.replace(state, enabled=bind.value == _ENABLED)
        if scalar == _TARGET and bind.value in known:
            return dataclasses.replace(state, target=bind.value)
        if scalar in (_INGRESS, _EGRESS):
            if len(bind.value) > _LONGEST:
                raise portcopy.Refusal(portcopy.WRONG_LENGTH, index)
            asked = portlist.ports(bind.value)
            if asked <= known:
                name = "ingress" if scalar == _INGRESS else "egress"
                return dataclasses.replace(state, **{name: frozenset(asked)})
        raise portcopy.Refusal(portcopy.WRONG_VALUE, index)

    def without_links(self, state, _ports):
        """Nothing happens when ports lose their links."""
        return state

    def shown(self, state, _faults):
        """What the agent makes of what it was told."""
        return state

    def copies(self, state, ports, _faults):
        """What the data plane has to do: a set of (hook, source, destination), by ifIndex."""
        index = {port.base_port: port.if_index for port in ports}
        if not state.enabled or state.target not in index:
            return set()
        return {
            (hook, index[port], index[state.target])
            for hook, sources in (("ingress", state.ingress), ("egress", state.egress))
            for port in sources
            if port in index
        }

    def objects(self, ports, state):
        """Every scalar."""
        at = lambda scalar: _MIRROR + (scalar, 0)
        yield agentx.VarBind(at(_STATUS), agentx.INTEGER, _ENABLED if state.enabled else _DISABLED)
        yield agentx.VarBind(at(_TARGET), agentx.INTEGER, state.target)
        yield agentx.VarBind(at(_INGRESS), agentx.OCTET_STRING, portlist.octets(state.ingress, len(ports)))
        yield agentx.VarBind(at(_EGRESS), agentx.OCTET_STRING, portlist.octets(state.egress, len(ports)))

    def log(self, state):
        """The state as the log keeps it."""
        return [state.enabled, state.target, sorted(state.ingress), sorted(state.egress)]
