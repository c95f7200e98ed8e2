"""What the switch's agent shows besides snmpd's own IF-MIB: BRIDGE-MIB, ifAlias, SMON capabilities, portCopyTable.

Pure: data plane values in, sorted varbinds out.
"""

import agentx
import portcopy

BRIDGE = (1, 3, 6, 1, 2, 1, 17)
SMON = (1, 3, 6, 1, 2, 1, 16, 22)
SMON_CAPABILITIES = (1, 3, 6, 1, 2, 1, 16, 19, 15)
# snmpd keeps an ifAlias of its own and does not know the kernel's.
IF_ALIAS = (1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 18)
SUBTREES = (BRIDGE, IF_ALIAS)

_IF_INDEX = (1, 3, 6, 1, 2, 1, 2, 2, 1, 1)
_CAPS_ENTRY = SMON + (1, 1, 1, 1)
_CAN_COPY = bytes([0b1111_1011])  # source, dest, tx, rx, drop events, unaltered and all good frames


def of_bridge(ports, learnt, address):
    """Every object below `BRIDGE`, in the order of the names."""
    return _sorted(*_scalars(ports, address), *_base_ports(ports), *_forwarding(learnt))


def of_mirror(ports, mirror):
    """Every other object, those of the mirror included, in the order of the names."""
    aliases = (_octets(IF_ALIAS + (port.if_index,), port.alias.encode()) for port in ports)
    return _sorted(*aliases, *mirror)


class Smon(portcopy.Family):
    """A switch with portCopyTable and what SMON says about it."""

    subtrees = (SMON, SMON_CAPABILITIES)

    def objects(self, ports, rows):
        """Every object of SMON."""
        yield _octets(SMON_CAPABILITIES + (0,), bytes([0b0010_1000]))  # dataSource, portCopy
        yield from _capabilities(ports)
        yield from _port_copies(rows)


def _sorted(*shown):
    return sorted(shown, key=lambda bind: bind.oid)


def _integer(oid, value):
    return agentx.VarBind(oid, agentx.INTEGER, value)


def _octets(oid, value):
    return agentx.VarBind(oid, agentx.OCTET_STRING, value)


def _scalars(ports, address):
    yield _octets(BRIDGE + (1, 1, 0), address)
    yield _integer(BRIDGE + (1, 2, 0), len(ports))
    yield _integer(BRIDGE + (1, 3, 0), 2)  # transparent-only
    yield _integer(BRIDGE + (4, 2, 0), 300)  # dot1dTpAgingTime


def _base_ports(ports):
    entry = BRIDGE + (1, 4, 1)
    for port in ports:
        yield _integer(entry + (1, port.base_port), port.base_port)
        yield _integer(entry + (2, port.base_port), port.if_index)
        yield agentx.VarBind(entry + (3, port.base_port), agentx.OBJECT_ID, (0, 0))
        yield agentx.VarBind(entry + (4, port.base_port), agentx.COUNTER32, 0)
        yield agentx.VarBind(entry + (5, port.base_port), agentx.COUNTER32, 0)


def _forwarding(learnt):
    entry = BRIDGE + (4, 3, 1)
    for known in learnt:
        instance = tuple(known.mac)
        yield _octets(entry + (1, *instance), known.mac)
        yield _integer(entry + (2, *instance), known.base_port)
        yield _integer(entry + (3, *instance), 4 if known.local else 3)  # self, learned


def _capabilities(ports):
    for port in ports:
        instance = _IF_INDEX + (port.if_index,)
        yield _octets(_CAPS_ENTRY + (2, *instance), b"\0")
        yield _octets(_CAPS_ENTRY + (3, *instance), _CAN_COPY)
        yield _integer(_CAPS_ENTRY + (4, *instance), port.if_index)


def _port_copies(rows):
    for pair, row in rows.items():
        # The kernel's copies to a veth are never dropped for want of bandwidth.
        drops = portcopy.ENTRY + (portcopy.DROP_EVENTS, *pair)
        yield agentx.VarBind(drops, agentx.COUNTER32, 0)
        yield _integer(portcopy.ENTRY + (portcopy.DIRECTION, *pair), row.direction)
        yield _integer(portcopy.ENTRY + (portcopy.STATUS, *pair), row.status)
