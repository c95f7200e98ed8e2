"""net-snmp's commands, run from the laptop: the lab's independent view of the switch."""

import re
import subprocess
import time

import netns
import portcopy
import topology

_READ = ("-v2c", "-c", "lab-read")
_WRITE = ("-v2c", "-c", "lab-write")
_TABLE = "." + ".".join(map(str, portcopy.TABLE))
_IF_TABLE = ".1.3.6.1.2.1.2.2"
_OPER_STATUS = f"{_IF_TABLE}.1.8"  # ifOperStatus
_CACHE_TIMEOUT = ".1.3.6.1.4.1.8072.1.5.3.1.2"  # nsCacheTimeout of the NET-SNMP-AGENT-MIB, indexed by a table's OID
_REASON = re.compile(r"Reason: ([A-Za-z]+)|(Timeout)")


def _run(tool, access, address, *rest, options=(), retries=4):
    # A busy machine may keep an agent waiting for seconds.
    argv = [tool, "-m", "", *options, *access, "-t", "3", "-r", str(retries), address, *rest]
    return subprocess.run(netns.inside("laptop", argv), capture_output=True, text=True)


def walk(oid, address=topology.SWITCH_ADDRESS, access=_READ):
    """`snmpwalk`'s output with numeric names, a line a value."""
    done = _run("snmpwalk", access, address, oid, options=("-On", "-Cc"))
    if done.returncode != 0:
        raise RuntimeError(f"snmpwalk {oid}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def mirror_state():
    """The switch's mirror table as `snmpwalk` prints it: what has to be the same before and after a run."""
    lines = walk(_TABLE)
    return [line for line in lines if "No Such" not in line and "No more" not in line]


def get(oid, address=topology.SWITCH_ADDRESS, access=_READ):
    """`snmpget`'s output, value only."""
    return _run("snmpget", access, address, oid, options=("-Oqv",)).stdout.strip()


def set_values(*triples, access=_WRITE, retries=4):
    """One SET of (name, type letter, value) triples; returns `noError` or the error-status' name."""
    words = [str(word) for triple in triples for word in triple]
    done = _run("snmpset", access, topology.SWITCH_ADDRESS, *words, options=("-On",), retries=retries)
    if done.returncode == 0:
        return "noError"
    found = _REASON.search(done.stdout + done.stderr)
    return (found.group(1) or found.group(2)) if found else done.stderr.strip()


def column(number, source, dest):
    """The name of an object of portCopyTable, of panel ports."""
    return f"{_TABLE}.1.{number}.{topology.if_index(source)}.{topology.if_index(dest)}"


def create(source, dest=topology.LAPTOP_PORT, direction=portcopy.RX_ONLY):
    """The triples that make a row: direction and createAndGo in one request."""
    return [
        (column(portcopy.DIRECTION, source, dest), "i", direction),
        (column(portcopy.STATUS, source, dest), "i", portcopy.CREATE_AND_GO),
    ]


def destroy(source, dest=topology.LAPTOP_PORT):
    """The triple that removes a row."""
    return [(column(portcopy.STATUS, source, dest), "i", portcopy.DESTROY)]


def mirror_exactly(wanted, now=frozenset(), direction=portcopy.RX_ONLY):
    """Changes the laptop's mirror from the sources `now` to those of `wanted`, in one request."""
    triples = [triple for port in sorted(now - wanted) for triple in destroy(port)]
    triples += [triple for port in sorted(wanted - now) for triple in create(port, direction=direction)]
    return set_values(*triples) if triples else "noError"


def wait_until_up(address, seconds=20.0):
    """Returns once the agent at `address` answers."""
    end = time.monotonic() + seconds
    while not get(".1.3.6.1.2.1.1.3.0", address):
        if time.monotonic() > end:
            raise RuntimeError(f"no SNMP agent at {address}")
        time.sleep(0.1)


def read_links_often():
    """Makes snmpd look at the kernel's interfaces every second; by itself it may tell of a cable that was out 15 s ago."""
    set_values((f"{_CACHE_TIMEOUT}{_IF_TABLE}", "i", 1))


def wait_until_linked(place, seconds=20.0):
    """Returns once the agent tells that the port of `place` has link: who reads that it has none does not search it."""
    port = next((port for port in topology.HOST_PORTS if topology.place_of(port) == place), None)
    end = time.monotonic() + seconds
    while port is not None and get(f"{_OPER_STATUS}.{topology.if_index(port)}") not in ("1", "up"):
        if time.monotonic() > end:
            raise RuntimeError(f"the agent does not tell that port {port} has link")
        time.sleep(0.1)
