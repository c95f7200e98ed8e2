"""What anyone would write: halving with windows of fixed length, by snmpset and tcpdump.

The yardstick for times on the same lab. It makes no control and no proof, so its time is a lower bound of what a
careful person would need, and it does not know when it is wrong.
"""

import dataclasses
import time

import capture
import portcopy
import snmp
import topology

WINDOW = 5.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """The port named, None if the switch refused a change, and what it took."""

    port: int | None
    seconds: float
    changes: int


def run(expression, direction=portcopy.RX_ONLY):
    """Halves the host ports until one is left; leaves nothing mirrored.

    `expression` tells the suspect's frames, `direction` is what of a port is copied.
    """
    began = time.monotonic()
    left, mirrored, changes = list(topology.HOST_PORTS), set(), 0
    while len(left) > 1:
        half = set(left[: len(left) // 2])
        if snmp.mirror_exactly(half, mirrored, direction) != "noError":
            return Answer(None, time.monotonic() - began, changes)
        mirrored, changes = half, changes + 1
        heard = capture.listen(WINDOW, expression=f"{capture.COPIES_ONLY} and ({expression})")
        left = [port for port in left if (port in half) == (len(heard) > 0)]
    snmp.mirror_exactly(set(), mirrored)
    return Answer(left[0], time.monotonic() - began, changes)
