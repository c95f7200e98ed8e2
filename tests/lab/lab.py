"""A lab that stands: topology, daemons and traffic together, and what scenarios do with them."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import daemons
import netns
import snmp
import topology

_HERE = os.path.dirname(os.path.abspath(__file__))


class Lab:
    """Use as a context: on the way out every process and namespace is gone."""

    def __init__(self, seed):
        self.seed = seed
        self.home = tempfile.mkdtemp(prefix="halfspan-lab-")
        self.wiring = topology.Topology()
        self.daemons = daemons.Daemons(self.home)
        self._hosts = None
        self._suspects = {}

    def __enter__(self):
        try:
            os.chmod(self.home, 0o755)  # a run without rights has to reach the program in there
            self.wiring.build()
            self.daemons.start_switch()
            self.daemons.start_router()
            self._start_hosts()
            # Every machine is heard once: what a bridge has not learnt yet it sends to every port.
            time.sleep(3)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._hosts is not None:
            self._hosts.stdin.close()
            self._hosts.wait(5)
        self.daemons.stop_all()
        netns.remove_all()
        shutil.rmtree(self.home, ignore_errors=True)

    def place_suspect(self, place, rhythm, with_names=False, kind="plain"):
        """The suspect is now at `place` (None: nowhere) and sends in that rhythm."""
        self.place_suspects({} if place is None else {place: topology.SUSPECT}, rhythm, kind)
        if with_names and place is not None:
            self.daemons.start_nmbd(place)

    def place_suspects(self, suspects, rhythm, kind="plain"):
        """The suspects are now at these places, in place of earlier ones; `kind`: see `hosts.py`."""
        self.daemons.stop("nmbd")
        self.move_suspects(suspects, rhythm, kind)
        for place in suspects:
            snmp.wait_until_linked(place)

    def move_suspects(self, suspects, rhythm, kind="plain"):
        """The same at once, while somebody searches."""
        self._command({}, rhythm, kind)
        self.wiring.plug_in(suspects)
        self._command(suspects, rhythm, kind)
        self._suspects = suspects

    def fall_silent(self):
        """The suspect sends nothing more by itself; it stays where it is."""
        self._command(self._suspects, "silent", "plain")

    def writes(self):
        """Every SET that the switch's agent has decided, oldest first."""
        with open(self.daemons.agent_log, encoding="utf-8") as file:
            return [json.loads(line) for line in file]

    def filters(self):
        """The data plane's mirror filters, whatever the agent says about them."""
        found = []
        for port in range(1, topology.PORTS + 1):
            for hook in ("ingress", "egress"):
                argv = ["tc", "-n", netns.full("sw"), "-j", "filter", "show", "dev", f"port{port}", hook]
                shown = json.loads(netns.check(argv) or "[]")
                found += [(port, hook, each["pref"]) for each in shown if "options" in each]
        return found

    def clear_mirror(self):
        """Removes every row, so that one scenario's failure is not the next one's."""
        rows = {tuple(line.split()[0].split(".")[-2:]) for line in snmp.mirror_state()}
        first = topology.if_index(0)
        for source, dest in rows:
            snmp.set_values(*snmp.destroy(int(source) - first, int(dest) - first))

    def _start_hosts(self):
        script = os.path.join(_HERE, "hosts.py")
        self._hosts = subprocess.Popen(
            [sys.executable, "-B", script, str(self.seed)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "HALFSPAN_LAB_PREFIX": netns.PREFIX},
            preexec_fn=netns.die_with_parent,
        )
        self._hosts.stdout.readline()

    def _command(self, suspects, rhythm, kind):
        told = {place: (machine.mac, machine.address) for place, machine in suspects.items()}
        self._hosts.stdin.write(json.dumps({"suspects": told, "rhythm": rhythm, "kind": kind}) + "\n")
        self._hosts.stdin.flush()
        if self._hosts.stdout.readline().strip() != "ok":
            raise RuntimeError("the traffic generator has stopped")
