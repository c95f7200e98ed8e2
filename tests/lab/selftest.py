"""The lab proves itself, without halfspan: everything else is measured with it."""

import json
import time

import capture
import daemons
import halving
import netns
import selftest_worlds
import snmp
import topology
from portcopy import ACTIVE, BOTH, CREATE_AND_WAIT, NOT_IN_SERVICE, RX_ONLY, TX_ONLY
from portcopy import DIRECTION, DROP_EVENTS, SOURCE, STATUS

MAC = topology.SUSPECT.mac
ALL = set(topology.HOST_PORTS)


class Checks:
    """Counts and prints checks."""

    def __init__(self):
        self.passed = 0
        self.failed = 0

    def expect(self, name, holds, detail=""):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(f"{'ok  ' if holds else 'FAIL'}  {name}{'' if holds else f': {detail}'}", flush=True)

    def same(self, name, found, wanted):
        self.expect(name, found == wanted, f"found {found!r}, wanted {wanted!r}")

    def within(self, name, found, low, high):
        self.expect(f"{name} ({found})", low <= found <= high, f"wanted {low} to {high}")


def run(lab):
    """Returns the checks made."""
    checks = Checks()
    untouched = snmp.mirror_state()
    checks.same("the mirror table is empty at first", untouched, [])
    for part in (_tables, _copies, _moves, _refusals, _rows, _links, _rhythms, _names, _baseline):
        part(lab, checks)
        lab.clear_mirror()
        checks.same(f"{part.__name__[1:]}: nothing is left mirrored", lab.filters(), [])
    selftest_worlds.run(lab, checks)
    checks.same("the mirror table is as it was", snmp.mirror_state(), untouched)
    return checks


def _tables(lab, checks):
    lab.place_suspect("h9", "steady")
    time.sleep(0.3)
    names = [line.split("STRING: ")[-1].strip('"') for line in snmp.walk(".1.3.6.1.2.1.31.1.1.1.1")]
    ports = [name for name in names if name.startswith("port")]
    checks.same("ifName has 24 ports", ports, [f"port{n}" for n in range(1, 25)])
    checks.expect("ifName has interfaces that are no ports, too", {"lo", "br0", "mgmt0"} <= set(names), names)
    base = [line.split()[-1] for line in snmp.walk(".1.3.6.1.2.1.17.1.4.1.2")]
    checks.same("bridge port n is ifIndex n + 48", base, [str(48 + n) for n in range(1, 25)])
    up = snmp.get(f".1.3.6.1.2.1.2.2.1.8.{topology.if_index(9)}")
    checks.same("ifOperStatus is up", up, "1")
    alias = snmp.get(f".1.3.6.1.2.1.31.1.1.1.18.{topology.if_index(9)}")
    checks.same("ifAlias is what the admin wrote", alias, f'"{topology.alias_of(9)}"')
    instance = ".".join(str(int(part, 16)) for part in MAC.split(":"))
    checks.same("the forwarding table names the port", snmp.get(f".1.3.6.1.2.1.17.4.3.1.2.{instance}"), "9")
    learnt = snmp.walk(".1.3.6.1.2.1.17.4.3.1.2")
    checks.expect("the forwarding table has every machine", len(learnt) >= 26, f"{len(learnt)} rows")
    arp = snmp.walk(".1.3.6.1.2.1.4.22.1.2", topology.ROUTER_ADDRESS)
    row = [line for line in arp if topology.SUSPECT.address in line]
    hexes = MAC.replace(":", " ").upper()
    checks.expect("the router's ARP table knows the suspect", row and hexes in row[0].upper(), arp)
    v3 = ("-v3", "-u", daemons.V3_USER, "-l", "authPriv", "-a", "SHA-256", "-A", daemons.V3_AUTH)
    v3 += ("-x", "AES", "-X", daemons.V3_PRIV)
    checks.same("SNMPv3 reads", snmp.get(".1.3.6.1.2.1.1.5.0", access=v3), '"office-1"')
    checks.same("SNMPv3 writes", snmp.set_values(*snmp.create(3), access=v3), "noError")
    checks.same("smonCapabilities says dataSource and portCopy", snmp.get(".1.3.6.1.2.1.16.19.15.0"), '"("')


def _copies(lab, checks):
    lab.place_suspect("h9", "steady")
    checks.same("nothing mirrored: no foreign unicast", _heard(2), 0)
    loud = capture.listen(2, expression="ether broadcast")
    checks.within("nothing mirrored: broadcasts are heard all the same", len(loud), 1, 40)

    snmp.mirror_exactly({9})
    checks.within("its own port, rx: about 100 frames a second", _heard(2), 140, 260)
    others = {source for _, source, _ in capture.listen(1)} - {MAC}
    checks.same("its own port, rx: nobody else", others, set())

    snmp.mirror_exactly({10}, {9})
    checks.same("another port, rx: not one frame of it", _heard(2), 0)
    snmp.mirror_exactly(ALL - {9}, {10})
    frames = capture.listen(3)
    checks.same("all other ports, rx: not one frame of it", capture.count_from(frames, MAC), 0)
    checks.expect("others do talk to it", any(dest == MAC for _, _, dest in frames), "no decoy in 3 s")

    snmp.mirror_exactly(ALL, ALL - {9})
    frames = capture.listen(4)
    checks.within("all ports: it is heard", capture.count_from(frames, MAC), 320, 480)
    checks.same("all ports: every machine is heard", len({source for _, source, _ in frames}), 22)
    snmp.mirror_exactly(set(), ALL)
    checks.same("taken away in one request: silence", _heard(1), 0)

    snmp.set_values(*snmp.create(topology.UPLINK))
    checks.same("the uplink, rx: not one frame of it", _heard(2), 0)
    snmp.set_values((snmp.column(DIRECTION, topology.UPLINK, topology.LAPTOP_PORT), "i", TX_ONLY))
    checks.within("the uplink, tx: all its frames", _heard(2), 140, 260)
    snmp.set_values(*snmp.destroy(topology.UPLINK))

    snmp.set_values(*snmp.create(9), *snmp.create(9, dest=4))
    second = capture.Capture("h4")
    checks.within("two destinations: the first hears it", _heard(1), 60, 140)
    checks.within("two destinations: the second hears it", capture.count_from(second.stop(), MAC), 60, 240)


def _moves(lab, checks):
    snmp.mirror_exactly({17})
    lab.place_suspect("h17", "steady")
    checks.within("moved to port 17: heard there", _heard(1), 60, 140)
    lab.place_suspect("h3", "steady")
    checks.same("moved to port 3: not heard on 17 any more", _heard(1), 0)
    lab.place_suspect("m2", "steady")
    snmp.mirror_exactly({topology.UPLINK}, {17})
    checks.within("behind the uplink: heard on port 23", _heard(1), 60, 140)
    lab.place_suspect(None, "steady")
    checks.same("unplugged: heard nowhere", _heard(1), 0)


def _refusals(_lab, checks):
    own = topology.LAPTOP_PORT
    status, direction = snmp.column(STATUS, 5, own), snmp.column(DIRECTION, 5, own)
    before = snmp.mirror_state()
    missing = status.rsplit(".", 2)[0] + ".7.72"
    alone = [
        ("a column of a row that is not there", "inconsistentName", [(direction, "i", 1)]),
        ("activating a row that is not there", "inconsistentValue", [(status, "i", ACTIVE)]),
        ("notReady cannot be asked for", "wrongValue", [(status, "i", 3)]),
        ("a direction that does not exist", "wrongValue", [(direction, "i", 4), (status, "i", 4)]),
        ("a string for a number", "wrongType", [(status, "s", "4")]),
        ("the drop counter", "notWritable", [(snmp.column(DROP_EVENTS, 5, own), "i", 1)]),
        ("an index column", "noAccess", [(snmp.column(SOURCE, 5, own), "i", 1)]),
        ("an ifIndex that is no port", "noCreation", [(missing, "i", 4)]),
        ("a table that is only read", "notWritable", [(".1.3.6.1.2.1.17.4.3.1.2.2.0.0.0.0.1", "i", 1)]),
        ("a port copied to itself", "noCreation", snmp.create(5, dest=5)),
        ("one bad pair among good ones", "noCreation", snmp.create(6) + snmp.create(5, dest=5)),
        ("a destination that is a source in the same request", "inconsistentValue", snmp.create(6) + snmp.create(7, dest=6)),
    ]
    for name, wanted, triples in alone:
        checks.same(f"refused: {name}", snmp.set_values(*triples), wanted)
    checks.same("a read-only community cannot write", snmp.set_values(*snmp.create(5), access=("-v2c", "-c", daemons.READ)), "noAccess")
    unheard = snmp.set_values(*snmp.create(5), access=("-v2c", "-c", "wrong"), retries=0)
    checks.same("a wrong community gets no answer", unheard, "Timeout")
    checks.same("no refused request has changed anything", snmp.mirror_state(), before)

    snmp.set_values(*snmp.create(5))
    checks.same("refused: creating a row twice", snmp.set_values(*snmp.create(5)), "inconsistentValue")
    checks.same("refused: the destination as a source", snmp.set_values(*snmp.create(own, dest=6)), "inconsistentValue")
    checks.same("refused: a source as a destination", snmp.set_values(*snmp.create(6, dest=5)), "inconsistentValue")


def _rows(lab, checks):
    lab.place_suspect("h5", "steady")
    own = topology.LAPTOP_PORT
    status, direction = snmp.column(STATUS, 5, own), snmp.column(DIRECTION, 5, own)
    snmp.set_values((status, "i", CREATE_AND_WAIT))
    checks.same("createAndWait: the row is notInService", snmp.get(status), str(NOT_IN_SERVICE))
    checks.same("createAndWait: the default copies both directions", snmp.get(direction), str(BOTH))
    checks.same("createAndWait: nothing is mirrored yet", _heard(1), 0)
    snmp.set_values((direction, "i", RX_ONLY))
    snmp.set_values((status, "i", ACTIVE))
    checks.within("active: it is mirrored", _heard(1), 60, 140)
    snmp.set_values((status, "i", NOT_IN_SERVICE))
    checks.same("notInService: not any more", _heard(1), 0)
    checks.same("destroy", snmp.set_values(*snmp.destroy(5)), "noError")
    checks.same("destroying what is not there is no error", snmp.set_values(*snmp.destroy(5)), "noError")
    checks.same("the row is gone", snmp.mirror_state(), [])
    last = lab.writes()[-1]
    checks.expect("the agent's log says what was written", last["what"] == "written" and last["rows"] == [], last)


def _links(_lab, checks):
    status = snmp.column(STATUS, 5, topology.LAPTOP_PORT)
    snmp.set_values(*snmp.create(5))
    netns.batch("sw", ["link set port5 down"])
    time.sleep(0.2)
    checks.same("the cable is out: the row is notReady", snmp.get(status), "3")
    checks.same("a port that is down cannot be activated", snmp.set_values((status, "i", ACTIVE)), "inconsistentValue")
    snmp.set_values(*snmp.destroy(5))
    checks.same("a port that is down cannot be mirrored", snmp.set_values(*snmp.create(5)), "inconsistentValue")
    netns.batch("sw", ["link set port5 up"])
    checks.same("the cable is back: it can", snmp.set_values(*snmp.create(5)), "noError")


def _rhythms(lab, checks):
    snmp.mirror_exactly({6})
    lab.place_suspect("h6", "bursty")
    frames = capture.listen(25)
    times = [at for at, source, _ in frames if source == MAC]
    checks.within("bursty: at least a burst of 100 frames in 25 s", len(times), 90, 220)
    checks.expect("bursty: no burst is longer than 2 s", _longest_run(times) < 2.3, f"{_longest_run(times):.2f} s")
    lab.place_suspect("h6", "rare")
    checks.within("rare: some 0.2 frames a second", _heard(15), 0, 10)
    lab.place_suspect("h6", "silent")
    checks.same("silent: nothing at all", _heard(5), 0)
    checks.same("silent: it does answer when it is asked", _ask_for(topology.SUSPECT.address), MAC)
    lab.place_suspect(None, "silent")
    checks.same("unplugged: nobody answers", _ask_for(topology.SUSPECT.address), None)


def _names(lab, checks):
    lab.place_suspect("h12", "rare", with_names=True)
    answer = daemons.netbios_names("laptop", topology.SUSPECT.address)
    checks.expect("nmbd tells the laptop its name", daemons.NETBIOS_NAME in answer, answer)


def _baseline(lab, checks):
    lab.place_suspect("h14", "steady")
    answer = halving.run(f"ether src {MAC}")
    checks.same("halving by hand finds the steady suspect", answer.port, 14)
    print(f"      in {answer.seconds:.1f} s and {answer.changes} changes")


def _ask_for(address):
    """The MAC that the laptop's kernel gets for an address by ARP."""
    netns.batch("laptop", ["neigh flush dev eth0"])
    netns.check(netns.inside("laptop", ["bash", "-c", f"echo > /dev/udp/{address}/9"]))
    time.sleep(1)
    shown = json.loads(netns.check(["ip", "-n", netns.full("laptop"), "-j", "neigh", "show", address]))
    return shown[0].get("lladdr") if shown else None


def _heard(seconds):
    return capture.count_from(capture.listen(seconds), MAC)


def _longest_run(times):
    longest, start = 0.0, None
    for earlier, later in zip([None, *times], times):
        if earlier is None or later - earlier > 1.0:
            start = later
        longest = max(longest, later - start)
    return longest
