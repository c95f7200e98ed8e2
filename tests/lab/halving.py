"""What anyone would write: halving with windows of fixed length, by snmpset and tcpdump.

The yardstick for times on the same lab. It makes no control and no proof, so its time is a lower bound of what a
careful person would need, and it does not know when it is wrong.
"""

import dataclasses
import time

import capture
import snmp
import topology

WINDOW = 5.0


@dataclasses.dataclass(frozen=True)
class Answer:
    """The port named and what it took."""

    port: int
    seconds: float
    changes: int


def run():
    """Halves the host ports until one is left; leaves nothing mirrored."""
    began = time.monotonic()
    left, mirrored, changes = list(topology.HOST_PORTS), set(), 0
    while len(left) > 1:
        half = set(left[: len(left) // 2])
        if snmp.mirror_exactly(half, mirrored) != "noError":
            raise RuntimeError("the switch refused the baseline's change")
        mirrored, changes = half, changes + 1
        heard = capture.count_from(capture.listen(WINDOW), topology.SUSPECT.mac)
        left = [port for port in left if (port in half) == (heard > 0)]
    snmp.mirror_exactly(set(), mirrored)
    return Answer(left[0], time.monotonic() - began, changes)
