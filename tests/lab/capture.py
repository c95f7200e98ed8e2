"""tcpdump in a namespace: which machines are heard there, and when."""

import re
import signal
import subprocess
import tempfile
import time

import netns
import topology

# What reaches the laptop without any mirror says nothing: broadcasts, and what is addressed to it (an ARP
# answer to its own kernel is enough to mislead a halving).
COPIES_ONLY = f"not ether multicast and not ether dst {topology.LAPTOP.mac}"

_LINE = re.compile(r"^(\d+\.\d+) ([0-9a-f:]{17}) > ([0-9a-f:]{17}|Broadcast)", re.MULTILINE)


class Capture:
    """Listens from construction on; `stop` returns the frames heard."""

    def __init__(self, place="laptop", expression=COPIES_ONLY):
        argv = ["tcpdump", "-i", "eth0", "-nn", "-e", "-tt", "-l", "-Q", "in", "-s", "96"]
        argv += ["--immediate-mode", expression]
        # A file, because a pipe that nobody reads stops tcpdump after 64 kB.
        self._heard = tempfile.TemporaryFile(mode="w+", encoding="ascii")
        self._process = subprocess.Popen(
            netns.inside(place, argv),
            stdout=self._heard,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=netns.die_with_parent,
        )
        for line in self._process.stderr:
            if "listening on" in line:
                return
        raise RuntimeError("tcpdump did not start")

    def stop(self):
        """A list of (time, source MAC, destination MAC)."""
        self._process.send_signal(signal.SIGINT)
        self._process.communicate()
        with self._heard as file:
            file.seek(0)
            found = _LINE.findall(file.read())
        return [(float(at), source, dest) for at, source, dest in found]


def listen(seconds, place="laptop", expression=COPIES_ONLY):
    """The frames heard in a window of that many seconds."""
    capture = Capture(place, expression)
    time.sleep(seconds)
    return capture.stop()


def count_from(frames, mac):
    """How many of the frames a machine has sent."""
    return sum(1 for _, source, _ in frames if source == mac)
