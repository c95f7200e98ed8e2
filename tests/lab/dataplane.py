"""The switch's data plane as its agent sees it: ports and forwarding table from sysfs, mirroring by tc.

Runs inside the switch's namespace (sysfs shows the namespace that mounted it).
"""

import dataclasses
import os
import struct
import subprocess

_NET = "/sys/class/net"
# struct __fdb_entry of linux/if_bridge.h: mac, low port number, is_local, age in 1/100 s, high port number
_FDB_ENTRY = struct.Struct("=6sBBIBBH")


@dataclasses.dataclass(frozen=True)
class Port:
    """A port of the bridge."""

    name: str
    if_index: int
    base_port: int
    up: bool
    alias: str


@dataclasses.dataclass(frozen=True)
class Learnt:
    """An entry of the forwarding table."""

    mac: bytes
    base_port: int
    local: bool


def _read(*parts):
    with open(os.path.join(_NET, *parts), encoding="ascii") as file:
        return file.read().strip()


def ports(bridge="br0"):
    """The ports of the bridge, in the order of their bridge port numbers."""
    found = []
    for name in os.listdir(os.path.join(_NET, bridge, "brif")):
        up = int(_read(name, "flags"), 16) & 1 == 1 and _read(name, "operstate") == "up"
        base = int(_read(name, "brport", "port_no"), 16)
        found.append(Port(name, int(_read(name, "ifindex")), base, up, _read(name, "ifalias")))
    return sorted(found, key=lambda port: port.base_port)


def forwarding_table(bridge="br0"):
    """What the bridge has learnt, in the order of the MACs."""
    with open(os.path.join(_NET, bridge, "brforward"), "rb") as file:
        raw = file.read()
    whole = raw[: len(raw) - len(raw) % _FDB_ENTRY.size]
    entries = [
        Learnt(mac, low | high << 8, bool(local))
        for mac, low, local, _, high, _, _ in _FDB_ENTRY.iter_unpack(whole)
    ]
    return sorted(entries, key=lambda entry: entry.mac)


def bridge_address(bridge="br0"):
    """The bridge's own MAC."""
    return bytes.fromhex(_read(bridge, "address").replace(":", ""))


class Mirrors:
    """The filters that copy frames; remembers which it has set."""

    def __init__(self):
        self._set = set()

    def apply(self, wanted, names):
        """Makes the filters those of `wanted`; `names` maps ifIndex to the interface's name.

        Raises OSError if tc refuses; the filters are then what they were.
        """
        gone = [self._line("del", copy, names) for copy in sorted(self._set - wanted)]
        new = [self._line("add", copy, names) for copy in sorted(wanted - self._set)]
        if not self._run(gone + new):
            back = [self._line("del", copy, names) for copy in sorted(wanted - self._set)]
            back += [self._line("add", copy, names) for copy in sorted(self._set - wanted)]
            for line in back:
                self._run([line])
            raise OSError("tc refused the change")
        self._set = set(wanted)

    @staticmethod
    def _line(verb, copy, names):
        hook, source, dest = copy
        where = f"filter {verb} dev {names[source]} {hook} protocol all pref {dest} u32"
        if verb == "del":
            return where
        # `continue`: the frame goes on to the filter of the next destination, then to the bridge.
        return f"{where} match u32 0 0 action mirred egress mirror dev {names[dest]} continue"

    @staticmethod
    def _run(lines):
        if not lines:
            return True
        done = subprocess.run(
            ["tc", "-batch", "-"], input="\n".join(lines) + "\n", text=True, capture_output=True
        )
        return done.returncode == 0
