"""Network namespaces of this run: names, commands inside them, batches of `ip`.

All names carry the run's prefix, so that several labs can stand side by side and a leftover is recognised.
"""

import array
import contextlib
import ctypes
import fcntl
import os
import signal
import socket
import struct
import subprocess

PREFIX = os.environ.get("HALFSPAN_LAB_PREFIX", f"hs{os.getpid()}-")

_CLONE_NEWNET = 0x40000000
_PR_SET_PDEATHSIG = 1
_SIOCETHTOOL, _ETHTOOL_STXCSUM = 0x8946, 0x17
_libc = ctypes.CDLL(None, use_errno=True)


def full(name):
    """The system-wide name of the namespace that the lab calls `name`."""
    return PREFIX + name


def inside(name, argv):
    """The command line that runs `argv` in the namespace. `ip` execs it, so the process id is the command's own."""
    return ["ip", "netns", "exec", full(name), *argv]


def die_with_parent():
    """For `preexec_fn`: the child gets SIGKILL when the lab is gone, however it went."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def check(argv, stdin=None):
    """Runs a command that has to work; returns its stdout."""
    done = subprocess.run(argv, input=stdin, capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def batch(name, lines):
    """Runs lines of `ip` in a namespace, in one process."""
    check(["ip", "-n", full(name), "-batch", "-"], stdin="\n".join(lines) + "\n")


@contextlib.contextmanager
def entered(name):
    """The calling thread is in the namespace for the time of the block; sockets opened there stay there."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    there = os.open(f"/run/netns/{full(name)}", os.O_RDONLY)
    try:
        _setns(there)
        yield
    finally:
        _setns(home)
        os.close(home)
        os.close(there)


def _setns(fd):
    if _libc.setns(fd, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def create(name):
    """Makes a namespace with loopback up and IPv6 off: its autoconfiguration would be noise in every count."""
    check(["ip", "netns", "add", full(name)])
    with entered(name):
        for where in ("all", "default"):
            path = f"/proc/sys/net/ipv6/conf/{where}/disable_ipv6"
            if os.path.exists(path):
                sysctl(path, 1)
    batch(name, ["link set lo up"])


def sum_before_sending(name, interface):
    """Makes the kernel fill in checksums itself: a switch in user space sends on what it got, and nobody fills them in later."""
    value = array.array("I", [_ETHTOOL_STXCSUM, 0])
    request = struct.pack("16sP8x", interface.encode(), value.buffer_info()[0])
    with entered(name), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as door:
        fcntl.ioctl(door, _SIOCETHTOOL, request)


def sysctl(path, value):
    """Writes a kernel setting of the namespace that the thread is in."""
    with open(path, "w", encoding="ascii") as file:
        file.write(str(value))


def remove_all():
    """Removes every namespace of this run; the kernel takes the links in them along."""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True).stdout
    for line in listed.splitlines():
        if line.startswith(PREFIX):
            subprocess.run(["ip", "netns", "del", line.split()[0]], capture_output=True)
