"""The programs that stand on the lab's machines: net-snmp's snmpd, the switch's agent, Samba's nmbd.

Each gets folders of its own in the lab's temporary folder and ends with the lab.
"""

import contextlib
import json
import os
import subprocess
import sys
import time

import netns
import snmp
import switch_mib
import topology

NETBIOS_NAME = "RECEPTION-PC"
WORKGROUP = "WORKGROUP"
READ, WRITE = "lab-read", "lab-write"
V3_USER, V3_AUTH, V3_PRIV = "halfspan", "lab-authentication", "lab-privacy-key"

_HERE = os.path.dirname(os.path.abspath(__file__))


class Daemons:
    """Starts and ends them. `home` is the lab's temporary folder."""

    def __init__(self, home):
        self._home = home
        self._running = {}

    @property
    def agent_log(self):
        """The switch agent's log: one line of JSON a decided SET."""
        return self._path("agent.log")

    def start_switch(self, family=switch_mib.Smon):
        """The switch's snmpd and its agent, of a switch of some family; returns when both answer."""
        socket = self._path("agentx.sock")
        lines = [
            "sysName office-1",
            "sysDescr halfspan lab switch, a Linux bridge",
            "sysObjectID ." + ".".join(map(str, family.sys_object_id)),
            "master agentx",
            f"agentXSocket {socket}",
            "agentXTimeout 60",
        ]
        self._snmpd("sw", f"udp:{topology.SWITCH_ADDRESS}:161", lines)
        wait_for(lambda: os.path.exists(socket), "snmpd's AgentX socket")
        script = os.path.join(_HERE, "switch_agent.py")
        agent = self._start("agent", "sw", [sys.executable, "-B", script, socket, self.agent_log, family.name])
        if agent.stdout.readline().strip() != "ready":
            raise RuntimeError("the switch's agent did not start")
        snmp.wait_until_up(topology.SWITCH_ADDRESS)
        snmp.read_links_often()

    def become(self, family):
        """The switch is one of another family from now on; its mirror is as nobody has touched it."""
        self.stop("agent")
        self.stop("snmpd-sw")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._path("agentx.sock"))
        self.start_switch(family)

    def command_switch(self, **command):
        """Tells the switch's agent something and waits until it has done so."""
        agent = self._running["agent"]
        agent.stdin.write(json.dumps(command) + "\n")
        agent.stdin.flush()
        if agent.stdout.readline().strip() != "ok":
            with open(self._path("agent.err"), encoding="utf-8") as file:
                raise RuntimeError(f"the switch's agent has stopped: {file.read()[-2000:]}")

    def start_router(self):
        """The router's snmpd, for its ARP table."""
        self._snmpd("gw", f"udp:{topology.ROUTER_ADDRESS}:161", ["sysName gw"])
        snmp.wait_until_up(topology.ROUTER_ADDRESS)

    def start_nmbd(self, place):
        """Samba's name service on the machine at `place`, instead of where it ran before."""
        self.stop("nmbd")
        folder = self._folder("nmbd")
        with open(f"{folder}/smb.conf", "w", encoding="ascii") as file:
            file.write("\n".join(_smb_conf(folder)) + "\n")
        argv = ["nmbd", "--foreground", "--no-process-group", "-s", f"{folder}/smb.conf"]
        self._start("nmbd", place, argv)
        address = topology.SUSPECT.address
        wait_for(lambda: NETBIOS_NAME in netbios_names("gw", address), "nmbd's name")

    def stop(self, name):
        """Ends one of them; nothing happens if it does not run."""
        process = self._running.pop(name, None)
        if process is not None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def stop_all(self):
        for name in list(self._running):
            self.stop(name)

    def _snmpd(self, place, listen, lines):
        folder = self._folder(f"snmpd-{place}")
        config = [
            *lines,
            f"rocommunity {READ}",
            f"rwcommunity {WRITE}",
            f"createUser {V3_USER} SHA-256 {V3_AUTH} AES {V3_PRIV}",
            f"rwuser {V3_USER} priv",
        ]
        with open(f"{folder}/snmpd.conf", "w", encoding="ascii") as file:
            file.write("\n".join(config) + "\n")
        argv = ["snmpd", "-f", "-C", "-c", f"{folder}/snmpd.conf", "-Lf", f"{folder}/log", listen]
        own = {"SNMP_PERSISTENT_DIR": folder, "SNMPCONFPATH": folder, "MIBS": "", "HOME": folder}
        self._start(f"snmpd-{place}", place, argv, own)

    def _start(self, name, place, argv, own_env=None):
        error = open(self._path(f"{name}.err"), "ab")
        process = subprocess.Popen(
            netns.inside(place, argv),
            stdin=subprocess.PIPE if name == "agent" else subprocess.DEVNULL,
            stdout=subprocess.PIPE if name == "agent" else error,
            stderr=error,
            text=True,
            env={**os.environ, **(own_env or {})},
            preexec_fn=netns.die_with_parent,
        )
        error.close()
        self._running[name] = process
        return process

    def _path(self, name):
        return os.path.join(self._home, name)

    def _folder(self, name):
        path = self._path(name)
        os.makedirs(path, exist_ok=True)
        return path


def netbios_names(place, address):
    """What `nmblookup -A` says, asked from the machine at `place`."""
    argv = netns.inside(place, ["nmblookup", "-s", "/dev/null", "-A", address])
    return subprocess.run(argv, capture_output=True, text=True).stdout


def _smb_conf(folder):
    folders = ("lock", "state", "cache", "pid", "private")
    for kind in folders:
        os.makedirs(f"{folder}/{kind}", exist_ok=True)
    return [
        "[global]",
        f"netbios name = {NETBIOS_NAME}",
        f"workgroup = {WORKGROUP}",
        "server role = standalone server",
        "interfaces = eth0",
        "bind interfaces only = yes",
        "local master = no",
        "preferred master = no",
        "domain master = no",
        f"log file = {folder}/log",
        f"lock directory = {folder}/lock",
        f"state directory = {folder}/state",
        f"cache directory = {folder}/cache",
        f"pid directory = {folder}/pid",
        f"private dir = {folder}/private",
        f"ncalrpc dir = {folder}/ncalrpc",
    ]


def wait_for(ready, what, seconds=20.0):
    """Returns once `ready` says so."""
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise RuntimeError(f"{what} did not come up in {seconds:.0f} s")
        time.sleep(0.05)
