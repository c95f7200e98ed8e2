"""The machines' traffic: one process that holds a socket in every namespace and sends by a timetable.

    hosts.py SEED < commands

A command is a line of JSON, {"suspect": PLACE or null, "mode": MODE}; each is answered by a line `ok`. Sends
real UDP through the kernels of the machines; the sockets also take what arrives, so that no ICMP error answers.
"""

import heapq
import json
import random
import selectors
import socket
import struct
import sys
import time

import netns
import topology

PORT = 4000
HOST_RATE = 3.0  # frames a second of an ordinary machine
BROADCAST_RATE = 4.0  # of all of them together: what every port hears without any mirror
DECOY_SHARE = 0.1  # of an ordinary machine's frames go to the suspect: they say nothing about where it is
SUSPECT_BROADCASTS = 0.1  # a second: heard without any mirror


def gaps(mode, random_source):
    """The suspect's pauses between frames, in seconds: endless, or empty for a mode that sends nothing."""
    if mode == "steady":
        while True:
            yield random_source.expovariate(100.0)
    if mode == "rare":
        while True:
            yield random_source.expovariate(0.2)
    if mode == "bursty":
        # 2 s at 50 frames a second, then 20 s of silence; the first burst comes at any time in a cycle.
        yield random_source.uniform(0.0, 22.0)
        while True:
            for _ in range(99):
                yield 0.02
            yield 20.02


MODES = ("steady", "bursty", "rare", "silent")


class Traffic:
    """The timetable and the sockets."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._plan = []
        self._order = 0
        self._suspect = None
        self._generation = 0
        self._udp = {}
        self._raw = {}
        for place in ("gw", *topology.places()):
            with netns.entered(place):
                self._udp[place] = _udp_socket()
                self._raw[place] = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        for place in self._udp:
            self._at(self._gap(HOST_RATE), self._talk, place)
        self._at(self._gap(BROADCAST_RATE), self._broadcast)

    def set_suspect(self, place, mode):
        """The suspect now sends from `place`, in the rhythm of `mode`; it announces itself like any new machine."""
        self._suspect = place
        self._generation += 1
        if place is None:
            return
        self._announce(place)
        pauses = gaps(mode, self._random)
        self._suspect_next(pauses, self._generation)
        if mode in ("steady", "bursty"):
            self._at(self._gap(SUSPECT_BROADCASTS), self._suspect_broadcast, self._generation)

    def run_due(self):
        """Sends what is due; returns the seconds until the next."""
        while self._plan and self._plan[0][0] <= time.monotonic():
            _, _, action, arguments = heapq.heappop(self._plan)
            action(*arguments)
        return max(0.0, self._plan[0][0] - time.monotonic())

    def _at(self, pause, action, *arguments, since=None):
        self._order += 1
        when = (since or time.monotonic()) + pause
        heapq.heappush(self._plan, (when, self._order, action, arguments))

    def _gap(self, rate):
        return self._random.expovariate(rate)

    def _talk(self, place):
        self._at(self._gap(HOST_RATE), self._talk, place)
        if place != self._suspect:
            self._send(place, self._peer_of(place))

    def _peer_of(self, place):
        # Not the router: it resolves addresses for itself, and the suspect's answers would be no rhythm of its own.
        decoys = self._suspect is not None and place != "gw"
        if decoys and self._random.random() < DECOY_SHARE:
            return topology.SUSPECT.address
        others = [other for other in self._udp if other not in (place, self._suspect, "gw")]
        chosen = self._random.choice(others + ["gw"] * 4)
        return topology.ROUTER_ADDRESS if chosen == "gw" else topology.own_identity(chosen).address

    def _broadcast(self):
        self._at(self._gap(BROADCAST_RATE), self._broadcast)
        others = [place for place in self._udp if place != self._suspect]
        self._send(self._random.choice(others), topology.BROADCAST)

    def _suspect_next(self, pauses, generation, due=None):
        if generation != self._generation:
            return
        if due is not None:
            self._send(self._suspect, self._suspects_peer())
        pause = next(pauses, None)
        if pause is not None:
            start = due or time.monotonic()
            self._at(pause, self._suspect_next, pauses, generation, start + pause, since=start)

    def _suspects_peer(self):
        """Somebody on the other side of the uplink, so that every frame crosses the switch."""
        if self._suspect in topology.BEHIND_UPLINK:
            return topology.own_identity(topology.place_of(self._random.choice(topology.HOST_PORTS))).address
        return self._random.choice((topology.ROUTER_ADDRESS, topology.own_identity("m1").address))

    def _suspect_broadcast(self, generation):
        if generation == self._generation:
            self._at(self._gap(SUSPECT_BROADCASTS), self._suspect_broadcast, generation)
            self._send(self._suspect, topology.BROADCAST)

    def _send(self, place, address):
        payload = bytes(self._random.randrange(40, 400))
        try:
            self._udp[place].sendto(payload, (address, PORT))
        except OSError:
            pass  # a cable is just being replugged

    def _announce(self, place):
        """A gratuitous ARP request, as a kernel sends when it gets an address."""
        suspect = topology.SUSPECT
        mac = bytes.fromhex(suspect.mac.replace(":", ""))
        ip = socket.inet_aton(suspect.address)
        head = b"\xff" * 6 + mac + b"\x08\x06"
        arp = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + mac + ip + bytes(6) + ip
        self._raw[place].sendto(head + arp, ("eth0", 0))


def _udp_socket():
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    # Never read: a small buffer fills up and the kernel drops the rest without a word on the wire.
    made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.bind(("0.0.0.0", PORT))
    return made


def main():
    traffic = Traffic(int(sys.argv[1]))
    waiting = selectors.DefaultSelector()
    waiting.register(sys.stdin, selectors.EVENT_READ)
    print("ok", flush=True)
    while True:
        if waiting.select(traffic.run_due()):
            line = sys.stdin.readline()
            if not line:
                return
            command = json.loads(line)
            traffic.set_suspect(command["suspect"], command["mode"])
            print("ok", flush=True)


if __name__ == "__main__":
    main()
