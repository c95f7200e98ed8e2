"""The machines' traffic: one process that holds a socket in every namespace and sends by a timetable.

    hosts.py SEED < commands

A command is a line of JSON, {"suspects": {PLACE: [MAC, ADDRESS]}, "rhythm": RHYTHM, "kind": KIND}; each is answered by
a line `ok`. Sends real UDP through the kernels of the machines, and raw frames where sources are forged; the sockets
also take what arrives, so that no ICMP error answers.
"""

import heapq
import json
import random
import selectors
import socket
import sys
import time

import frames
import netns
import topology

PORT = 4000
HOST_RATE = 3.0  # frames a second of an ordinary machine
BROADCAST_RATE = 4.0  # of all of them together: what every port hears without any mirror
DECOY_SHARE = 0.1  # of an ordinary machine's frames go to the suspect: they say nothing about where it is
SUSPECT_BROADCASTS = 0.1  # a second: heard without any mirror
FORGED_PORT = 14857  # the UDP port by which a suspect with forged addresses can be told
GHOST_SEEN = (1.0, 3.0)  # seconds that the switch knows where the ghost is
GHOST_GONE = (0.5, 2.0)  # seconds that it does not: frames to the ghost go to every port


def gaps(rhythm, random_source):
    """The suspect's pauses between frames, in seconds: endless, or empty for one that sends nothing."""
    if rhythm == "steady":
        while True:
            yield random_source.expovariate(100.0)
    if rhythm == "rare":
        while True:
            yield random_source.expovariate(0.2)
    if rhythm == "bursty":
        # 2 s at 50 frames a second, then 20 s of silence; the first burst comes at any time in a cycle.
        yield random_source.uniform(0.0, 22.0)
        while True:
            for _ in range(99):
                yield 0.02
            yield 20.02


class Traffic:
    """The timetable and the sockets."""

    def __init__(self, seed):
        self._random = random.Random(seed)
        self._plan = []
        self._order = 0
        self._suspects = {}
        self._kind = "plain"
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

    def set_suspects(self, suspects, rhythm, kind):
        """The suspects now send from their places; each announces itself like any new machine.

        `kind` says what their frames are: `plain`; `forged-mac` and `forged-ip`, a new source in every frame; `flooded`, to
        a machine that no switch knows; `switching`, to one that comes and goes; `near`, every other one to a machine on
        another port of the same switch.
        """
        known, self._suspects = self._suspects, suspects
        self._kind = kind
        self._generation += 1
        for place, machine in suspects.items():
            if known.get(place) != machine:
                self._announce(place, *machine)
            self._suspect_next(place, gaps(rhythm, self._random), self._generation)
            if rhythm in ("steady", "bursty") and kind == "plain":
                self._at(self._gap(SUSPECT_BROADCASTS), self._suspect_broadcast, place, self._generation)
        if kind == "switching":
            self._ghost_appears(self._generation)

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
        if place not in self._suspects:
            self._send(place, self._peer_of(place))

    def _peer_of(self, place):
        # Not the router: it resolves addresses for itself, and the suspect's answers would be no rhythm of its own.
        decoys = self._suspects and place != "gw"
        if decoys and self._random.random() < DECOY_SHARE:
            return topology.SUSPECT.address
        others = [other for other in self._udp if other not in (place, "gw", *self._suspects)]
        chosen = self._random.choice(others + ["gw"] * 4)
        return topology.ROUTER_ADDRESS if chosen == "gw" else topology.own_identity(chosen).address

    def _broadcast(self):
        self._at(self._gap(BROADCAST_RATE), self._broadcast)
        others = [place for place in self._udp if place not in self._suspects]
        self._send(self._random.choice(others), topology.BROADCAST)

    def _suspect_next(self, place, pauses, generation, due=None):
        if generation != self._generation:
            return
        if due is not None:
            self._suspect_sends(place)
        pause = next(pauses, None)
        if pause is not None:
            start = due or time.monotonic()
            self._at(pause, self._suspect_next, place, pauses, generation, start + pause, since=start)

    def _suspect_sends(self, place):
        if self._kind in ("forged-mac", "forged-ip"):
            self._send_raw(place, self._forged(*self._suspects[place]))
        elif self._kind in ("flooded", "switching"):
            self._send(place, topology.GHOST.address)
        elif self._kind == "near" and self._random.random() < 0.5:
            near = next(port for port in topology.HOST_PORTS if topology.place_of(port) not in self._suspects)
            self._send(place, topology.own_identity(topology.place_of(near)).address)
        else:
            self._send(place, self._suspects_peer(place))

    def _suspects_peer(self, place):
        """Somebody on the other side of the uplink, so that every frame crosses the switch."""
        if place in topology.BEHIND_UPLINK:
            return topology.own_identity(topology.place_of(self._random.choice(topology.HOST_PORTS))).address
        return self._random.choice((topology.ROUTER_ADDRESS, topology.own_identity("m1").address))

    def _forged(self, mac, address):
        """A packet to somewhere outside with a source that was never used before."""
        source = frames.mac_bytes(mac)
        if self._kind == "forged-mac":
            source = self._random.randbytes(6)
            source = bytes([source[0] & 0xFE]) + source[1:]  # a machine's, not a group's
        else:
            address = ".".join(str(self._random.randrange(1, 224)) for _ in range(4))
        macs = (source, frames.mac_bytes(topology.ROUTER.mac))
        ports = (self._random.randrange(1024, 65536), FORGED_PORT)
        return frames.udp(macs, (address, topology.OUTSIDE), ports, self._random.randbytes(64))

    def _ghost_appears(self, generation):
        """The ghost is heard from a random place, so that the switch learns where it is."""
        if generation == self._generation:
            ghost = topology.GHOST
            place = self._random.choice([place for place in topology.places() if place not in self._suspects])
            self._announce(place, ghost.mac, ghost.address)
            self._at(self._random.uniform(*GHOST_SEEN), self._ghost_vanishes, generation)

    def _ghost_vanishes(self, generation):
        topology.forget(topology.GHOST)
        if generation == self._generation:
            self._at(self._random.uniform(*GHOST_GONE), self._ghost_appears, generation)

    def _suspect_broadcast(self, place, generation):
        if generation == self._generation:
            self._at(self._gap(SUSPECT_BROADCASTS), self._suspect_broadcast, place, generation)
            self._send(place, topology.BROADCAST)

    def _send(self, place, address):
        payload = bytes(self._random.randrange(40, 400))
        try:
            self._udp[place].sendto(payload, (address, PORT))
        except OSError:
            pass  # a cable is just being replugged

    def _announce(self, place, mac, address):
        self._send_raw(place, frames.announcement(frames.mac_bytes(mac), address))

    def _send_raw(self, place, frame):
        try:
            self._raw[place].sendto(frame, ("eth0", 0))
        except OSError:
            pass  # a cable is just being replugged


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
            traffic.set_suspects(command["suspects"], command["rhythm"], command["kind"])
            print("ok", flush=True)


if __name__ == "__main__":
    main()
