"""Other switches on the same cables: the lab's bridge told by tc, and an Open vSwitch in its place.

Both are driven by halfspan without SNMP. Each is a context: on the way out the lab's own switch is as it was.
"""

import json
import os
import subprocess

import daemons
import halfspan
import netns
import topology

# Columns of Open vSwitch that count, or say how it is; `ovs-vsctl` itself counts its calls.
_COUNTERS = ("statistics", "status", "next_cfg", "cur_cfg")
_PORTS = range(1, topology.PORTS + 1)
# A filter that never matches and does nothing: somebody's, and none of our business.
_IDLE = "protocol all pref 5 u32 match u32 0xdeadbeef 0xffffffff at 0 flowid 1:1"


def _tc(*lines):
    netns.check(["tc", "-n", netns.full("sw"), "-batch", "-"], stdin="\n".join(lines) + "\n")


class LinuxBridge:
    """The lab's bridge, told by halfspan on the switch itself; the copies go to one end of a cable that stays there.

    Every other port has no hook, as on a bridge that nobody has mirrored yet; port 2 has filters of somebody else.
    """

    name = "tc"

    def __enter__(self):
        cable = "link add copies type veth peer name listen"
        netns.batch("sw", [cable, "link set copies up", "link set listen up"])
        _tc(*(f"qdisc del dev port{port} clsact" for port in _PORTS if port % 2))
        _tc(*(f"filter add dev port2 {hook} {_IDLE}" for hook in ("ingress", "egress")))
        return self

    def __exit__(self, *_):
        hooked = netns.check(["tc", "-n", netns.full("sw"), "qdisc", "show"])
        _tc(*(f"qdisc del dev port{port} clsact" for port in _PORTS if f"clsact ffff: dev port{port} " in hooked))
        _tc(*(f"qdisc add dev port{port} clsact" for port in _PORTS))
        netns.batch("sw", ["link del copies"])

    def setup(self, _number):
        return halfspan.Setup(
            profile="linux-bridge-tc", address="local", login="bridge: br0", destination="copies", sniff="listen", place="sw"
        )

    described = True

    def dump(self):
        """The whole configuration of mirroring, as an admin would print it."""
        shown = [netns.check(["tc", "-n", netns.full("sw"), "qdisc", "show"])]
        for port in _PORTS:
            for hook in ("ingress", "egress"):
                argv = ["tc", "-n", netns.full("sw"), "filter", "show", "dev", f"port{port}", hook]
                shown.append(subprocess.run(argv, capture_output=True, text=True).stdout)
        return "".join(shown)

    def mirrors(self):
        """Whether anything is copied now."""
        return "Mirror to device" in self.dump()

    def mirror_for_somebody(self, _port):
        """An admin's mirror of port 4, the one that has a hook already, to port 6."""
        _tc("filter add dev port4 ingress protocol all pref 9 u32 match u32 0 0 action mirred egress mirror dev port6 continue")

    def mirror_for_nobody(self, _port):
        _tc("filter del dev port4 ingress pref 9")


class OpenVSwitch:
    """Open vSwitch with the userspace datapath takes over the bridge's ports; halfspan is on the laptop."""

    name = "ovs"
    described = False

    def __init__(self, home):
        self._home = os.path.join(home, "ovs")
        self._socket = f"{self._home}/db.sock"
        self._running = []

    def __enter__(self):
        try:
            self._take_over()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _take_over(self):
        os.makedirs(self._home, exist_ok=True)
        os.chmod(self._home, 0o755)
        schema = "/usr/share/openvswitch/vswitch.ovsschema"
        database = f"{self._home}/conf.db"
        if os.path.exists(database):  # of a switch that stood here before: this one is new
            os.remove(database)
        netns.check(["ovsdb-tool", "create", database, schema])
        self._make_certificates()
        keys = [f"--private-key={self._pki('sw-privkey.pem')}", f"--certificate={self._pki('sw-cert.pem')}"]
        remotes = [
            f"--remote=punix:{self._socket}",
            f"--remote=ptcp:6640:{topology.SWITCH_ADDRESS}",
            f"--remote=pssl:6641:{topology.SWITCH_ADDRESS}",
        ]
        self._start("ovsdb-server", database, *remotes, *keys, f"--ca-cert={self._authority('controller')}")
        daemons.wait_for(lambda: os.path.exists(self._socket), "the database's socket")
        self._vsctl("--no-wait", "init")
        self._start("ovs-vswitchd", f"unix:{self._socket}")
        netns.batch("sw", [f"link set port{port} nomaster" for port in _PORTS])
        for place in ("gw", "laptop", *topology.places()):
            netns.sum_before_sending(place, "eth0")
        self._vsctl("add-br", "ovs0", "--", "set", "bridge", "ovs0", "datapath_type=netdev")
        add = [word for port in _PORTS for word in ("--", "add-port", "ovs0", f"port{port}")]
        self._vsctl(*add[1:])
        # Somebody's mirror that selects nothing: it stays where it is. It goes to the bridge's own port, as the port that a
        # mirror goes to is cut off from the network, and the suspect may be on any of the others.
        self._mirror("idle", ["output_port=@to"], to="ovs0")

    def __exit__(self, *_):
        for process in reversed(self._running):
            process.terminate()
            process.wait(10)
        netns.batch("sw", [f"link set port{port} master br0 up" for port in _PORTS])

    def _start(self, program, *arguments):
        folders = dict.fromkeys(("OVS_RUNDIR", "OVS_LOGDIR", "OVS_DBDIR", "OVS_SYSCONFDIR"), self._home)
        with open(f"{self._home}/{program}.log", "ab") as log:
            process = subprocess.Popen(
                netns.inside("sw", [program, *arguments]),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **folders},
                preexec_fn=netns.die_with_parent,
            )
        self._running.append(process)

    def _vsctl(self, *arguments):
        return netns.check(["ovs-vsctl", f"--db=unix:{self._socket}", "--timeout=20", *arguments])

    def _make_certificates(self):
        """One authority signs the switch's certificate, another one the laptop's, as Open vSwitch's guide has it."""
        if os.path.exists(self._pki("")):
            return
        os.makedirs(self._pki(""))
        for words in (["init"], ["req+sign", "sw", "switch"], ["req+sign", "laptop", "controller"]):
            made = ["ovs-pki", f"--dir={self._pki('ca')}", f"--log={self._pki('log')}", *words]
            subprocess.run(made, cwd=self._pki(""), check=True, capture_output=True)

    def _pki(self, name):
        return f"{self._home}/pki/{name}"

    def _authority(self, of):
        return self._pki(f"ca/{of}ca/cacert.pem")

    def _mirror(self, name, columns, **ports):
        """Makes a mirror; `ports` names those that the columns refer to by @."""
        known = [word for key, port in ports.items() for word in ("--", f"--id=@{key}", "get", "port", port)]
        make = ["--", "--id=@m", "create", "mirror", f"name={name}", *columns]
        self._vsctl(*known, *make, "--", "add", "bridge", "ovs0", "mirrors", "@m")

    def sample_every_packet(self, agent, collector):
        """Lets the bridge tell a collector of every packet by sFlow."""
        columns = [f"agent={agent}", f'targets="{collector}"', "sampling=1", "polling=0", "header=128"]
        self._vsctl("--id=@s", "create", "sflow", *columns, "--", "set", "bridge", "ovs0", "sflow=@s")

    def setup(self, number):
        """By TLS, by TCP and by the socket, in turns."""
        sockets = f"unix:{self._socket}", f"ssl:{topology.SWITCH_ADDRESS}:6641", f"tcp:{topology.SWITCH_ADDRESS}"
        encrypted = number % 3 == 1
        own = f"certificate: {self._pki('laptop-cert.pem')}, key: {self._pki('laptop-privkey.pem')}"
        return halfspan.Setup(
            profile="openvswitch",
            address=sockets[number % 3],
            login="bridge: ovs0\n    credentials: ovs" if encrypted else "bridge: ovs0",
            credential=f"ovs: {{ tls: {{ ca: {self._authority('switch')}, {own} }} }}" if encrypted else "",
        )

    def dump(self):
        """The whole database but its counters, rows by their UUIDs."""
        printed = netns.check(["ovsdb-client", "-f", "json", "dump", f"unix:{self._socket}", "Open_vSwitch"])
        tables = {}
        for line in printed.splitlines():
            table = json.loads(line)
            keep = [at for at, name in enumerate(table["headings"]) if name not in _COUNTERS]
            rows = [[row[at] for at in keep] for row in table["data"]]
            tables[table["caption"]] = sorted(map(json.dumps, rows))
        return tables

    def mirrors(self):
        return any('"halfspan"' in row for row in self.dump()["Mirror table"])

    def mirror_for_somebody(self, port):
        """An admin's mirror of a port, both ways, to the port that we would use."""
        columns = ["select_src_port=@of", "select_dst_port=@of", "output_port=@to"]
        self._mirror("admin", columns, of=f"port{port}", to=f"port{topology.LAPTOP_PORT}")

    def mirror_for_nobody(self, _port):
        self._vsctl("--", "--id=@m", "get", "mirror", "admin", "--", "remove", "bridge", "ovs0", "mirrors", "@m")
