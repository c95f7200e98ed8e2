"""The wiring: one switch with 24 ports, a host on each, an uplink to a router, the laptop.

    sw      bridge br0 with port1..port24 (ifIndex = port + 48), management interface mgmt0
    h1-h22  a machine on each of the ports 1 to 22
    core    a second bridge behind port 23: the router gw and the machines m1, m2, m3
    laptop  eth0 on port 24 (the mirror's destination), mgmt0 on the management network

The suspect is an identity (MAC and address), not a namespace: moving it is taking a cable out of one
machine and plugging another one in. Nothing is rebuilt. An identity can be in two places at once.
"""

import dataclasses

import netns

PORTS = 24
UPLINK = 23
LAPTOP_PORT = 24
HOST_PORTS = range(1, 23)
BEHIND_UPLINK = ("m1", "m2", "m3")
FIRST_IF_INDEX = 49

SWITCH_ADDRESS = "10.78.0.2"
LAPTOP_ADDRESS = "10.77.0.240"
ROUTER_ADDRESS = "10.77.0.1"
BROADCAST = "10.77.0.255"


@dataclasses.dataclass(frozen=True)
class Machine:
    """What a machine is on the network."""

    mac: str
    address: str


SUSPECT = Machine("04:d4:c4:12:34:56", "10.77.0.57")
ROUTER = Machine("02:00:00:00:01:01", ROUTER_ADDRESS)
LAPTOP = Machine("02:00:00:00:02:40", LAPTOP_ADDRESS)
# Everybody believes it is there; no switch knows where, unless something is sent in its name.
GHOST = Machine("02:00:00:00:09:99", "10.77.0.250")
# Somewhere on the internet: the router takes what is sent there and throws it away.
OUTSIDE = "203.0.113.66"


def if_index(port):
    """`ifIndex` of a port, which is not its number: as on real switches."""
    return FIRST_IF_INDEX - 1 + port


def place_of(port):
    """The namespace of the machine on a port."""
    return f"h{port}"


def own_identity(place):
    """Who lives in a namespace as long as the suspect is not plugged in there."""
    number = int(place[1:])
    if place.startswith("m"):
        return Machine(f"02:00:00:00:03:{number:02x}", f"10.77.0.{200 + number}")
    return Machine(f"02:00:00:00:00:{number:02x}", f"10.77.0.{100 + number}")


def places():
    """Every namespace in which the suspect can be: behind the ports first, then behind the uplink."""
    return [place_of(port) for port in HOST_PORTS] + list(BEHIND_UPLINK)


class Topology:
    """The wired lab. Knows where the suspect is plugged in."""

    def __init__(self):
        self._plugged = {}

    def build(self):
        for name in ("sw", "core", "gw", "laptop", *places()):
            netns.create(name)
        self._build_switch()
        self._build_core()
        for place in places():
            self._settle(place, own_identity(place))
        self._address("gw", "eth0", ROUTER_ADDRESS)
        self._address("laptop", "eth0", LAPTOP_ADDRESS)
        self._build_management()
        with netns.entered("gw"):
            netns.sysctl("/proc/sys/net/ipv4/ip_forward", 1)
            # The router learns who announces itself, as one that has talked to everybody would know.
            netns.sysctl("/proc/sys/net/ipv4/conf/eth0/arp_accept", 1)
        netns.batch("gw", [f"route add blackhole {OUTSIDE}"])

    def plug_in(self, machines):
        """Plugs machines in at places, instead of those that were plugged in before; `machines` maps place to machine."""
        for place in self._plugged:
            self._replug(place, own_identity(place))
        self._plugged = dict(machines)
        for place, machine in machines.items():
            self._replug(place, machine)

    def pull_out(self, place):
        """Takes the cable out, until something else is plugged in there."""
        netns.batch("sw", [f"link set {_port_of(place)} down"])

    def _build_switch(self):
        bridge = "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
        lines = [bridge, "link set br0 up"]
        for port in range(1, PORTS + 1):
            lines += self._cable("sw", f"port{port}", *self._far_end(port), index=if_index(port))
            lines.append(f"link set port{port} alias {alias_of(port)}")
        netns.batch("sw", lines)
        # The hook for mirroring is part of the switch, so that a session is a filter and nothing else.
        hooks = "".join(f"qdisc add dev port{port} clsact\n" for port in range(1, PORTS + 1))
        netns.check(["tc", "-n", netns.full("sw"), "-batch", "-"], stdin=hooks)

    def _far_end(self, port):
        if port == UPLINK:
            return "core", "uplink", None
        if port == LAPTOP_PORT:
            return "laptop", "eth0", LAPTOP.mac
        return place_of(port), "eth0", own_identity(place_of(port)).mac

    def _cable(self, bridge, near, place, far, mac, index=None):
        number = f"index {index} " if index else ""
        address = f"address {mac} " if mac else ""
        peer = f"peer name {far} {address}netns {netns.full(place)}"
        return [
            f"link add {near} {number}type veth {peer}",
            f"link set {near} master br0 up",
        ]

    def _build_core(self):
        netns.batch(
            "core",
            [
                "link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0",
                "link set br0 up",
                "link set uplink master br0 up",
                *self._cable("core", "router", "gw", "eth0", ROUTER.mac),
                *(
                    line
                    for place in BEHIND_UPLINK
                    for line in self._cable(
                        "core", place, place, "eth0", own_identity(place).mac
                    )
                ),
            ],
        )

    def _build_management(self):
        laptop = netns.full("laptop")
        netns.batch(
            "sw",
            [
                f"link add mgmt0 type veth peer name mgmt0 netns {laptop}",
                f"addr add {SWITCH_ADDRESS}/24 dev mgmt0",
                "link set mgmt0 up",
            ],
        )
        self._address("laptop", "mgmt0", "10.78.0.10")

    def _address(self, place, interface, address):
        add = f"addr add {address}/24 broadcast + dev {interface}"
        netns.batch(place, [f"link set {interface} up", add])

    def _replug(self, place, machine):
        """Unplugs and plugs a cable: the switch forgets what it has learnt there."""
        switch, port = ("core", place) if place in BEHIND_UPLINK else ("sw", _port_of(place))
        netns.batch(switch, [f"link set {port} down"])
        netns.batch(place, ["addr flush dev eth0", f"link set eth0 address {machine.mac}"])
        self._settle(place, machine)
        netns.batch(switch, [f"link set {port} up"])

    def _settle(self, place, machine):
        self._address(place, "eth0", machine.address)
        # Everybody knows everybody's MAC: what the suspect sends is then its rhythm alone, without ARP of
        # its own that would make a rare talker less rare.
        known = [own_identity(other) for other in places()] + [ROUTER, LAPTOP, SUSPECT, GHOST]
        netns.batch(
            place,
            [
                f"neigh replace {other.address} lladdr {other.mac} dev eth0 nud permanent"
                for other in known
                if other != machine
            ],
        )


def forget(machine):
    """The switch no longer knows where a machine is: what is sent to it goes to every port."""
    for line in netns.check(["bridge", "-n", netns.full("sw"), "fdb", "show", "br", "br0"]).splitlines():
        words = line.split()
        if words[0] == machine.mac:
            delete = ["fdb", "del", machine.mac, "dev", words[words.index("dev") + 1], "master"]
            netns.check(["bridge", "-n", netns.full("sw"), *delete])


def _port_of(place):
    """The switch's interface that a machine's cable ends in."""
    return f"port{place[1:]}"


def outlet_of(port):
    """The wall outlet that the patch list names for a port."""
    return f"{1 + port // 12}.{port:02d}-{'AB'[port % 2]}"


def alias_of(port):
    """What the admin wrote on a port."""
    return {UPLINK: "uplink-core", LAPTOP_PORT: "it-desk"}.get(port, outlet_of(port))
