"""The worlds in which the suspect is looked for: who sends what, how the switch misbehaves, and what is right there.

A world is arranged anew for each run, for halfspan and for the baseline alike.
"""

import dataclasses
import time

import halfspan
import judge
import loss
import portcopy
import topology

MOST_CHANGES_STEADY = 7


@dataclasses.dataclass(frozen=True)
class Pace:
    """How fast a searcher is, so that what happens in mid-run does."""

    seconds: float
    sets: int  # requests until it knows


class World:
    """The suspect is on one port, the switch is honest; other worlds say what is different."""

    name = ""
    rhythm = "steady"
    kind = "plain"
    # Seconds that the search may take.
    patience = 300
    # Whether `undecided` and `not_seen` are answers as well; a wrong port never is.
    may_give_up = False
    target = ("--ip", topology.SUSPECT.address)
    options = ("--yes", "--no-tables")
    # How the baseline tells the suspect's frames, and which direction it has copied.
    expression = f"ether src {topology.SUSPECT.mac}"
    direction = portcopy.RX_ONLY
    candidates = topology.HOST_PORTS

    def __init__(self, lab, dice, port, number, pace):
        self.lab = lab
        self.dice = dice
        self.port = port
        self.pace = pace
        # Worlds that have variants take turns in them.
        self.number = number
        self.title = f"port {port}"

    def arrange(self):
        """Plugs the suspect in. The switch is still honest: it is looked at after this."""
        self.lab.place_suspect(topology.place_of(self.port), self.rhythm, with_names=True, kind=self.kind)

    def arguments(self):
        """What `locate` is asked for."""
        return (*self.target, *self.options, "--max-time", str(self.patience))

    def faults(self):
        """What is wrong with the switch while it is searched."""
        return {}

    def setup(self):
        """What halfspan is configured with."""
        return halfspan.Setup()

    def disturb(self):
        """Begins what lasts as long as the run."""
        self.lab.daemons.command_switch(faults=self.faults())

    def meanwhile(self):
        """Happens once while the run goes on, in a thread of its own."""

    def calm(self):
        """Ends what `disturb` has begun."""
        self.lab.daemons.command_switch(settle=True)
        self.lab.daemons.command_switch(faults={})

    def right(self):
        """The ports that may be named."""
        return {self.port}

    def right_alone(self):
        """The ports of which one alone is the whole truth."""
        return self.right()

    def judge(self, result, finished):
        """Judges halfspan's answer."""
        if self.may_give_up:
            judge.not_wrong(result, finished, self.right(), self.patience)
        else:
            judge.located(result, finished, self.port)

    def _pause(self):
        """Until a random moment of the run."""
        time.sleep(self.dice.uniform(0.1, 0.9) * self.pace.seconds)


class Steady(World):
    """100 frames a second."""

    name = "steady"

    def judge(self, result, finished):
        super().judge(result, finished)
        few = result.changes is None or result.changes <= MOST_CHANGES_STEADY
        result.complain_unless(few, f"{result.changes} changes before the proof")


class Bursty(World):
    """2 s at 50 frames a second, 20 s of silence."""

    name = "bursty"
    rhythm = "bursty"


class Rare(World):
    """0.2 frames a second."""

    name = "rare"
    rhythm = "rare"


class Silent(World):
    """Says nothing by itself; has to be woken."""

    name = "silent"
    rhythm = "silent"


class Tables(World):
    """Steady, with the switch's forwarding table as a head start."""

    name = "tables"
    options = ("--yes",)


class _Forged(World):
    target = ("--filter", "udp port 14857")
    expression = "udp port 14857"

    def judge(self, result, finished):
        judge.located(result, finished, self.port, identified=False)
        suspect = (finished.report() or {}).get("suspect", {})
        for what, known in self.keeps.items():
            result.complain_unless(suspect.get(what) == known, f"{what} {suspect.get(what)}")


class SpoofedMac(_Forged):
    """Forges its source MAC, a new one in every frame; searched by --filter."""

    name = "spoofed-mac"
    kind = "forged-mac"
    keeps = {"mac": None, "ip": topology.SUSPECT.address}


class SpoofedIp(_Forged):
    """Forges its source IP, a new one in every frame; searched by --filter."""

    name = "spoofed-ip"
    kind = "forged-ip"
    keeps = {"mac": topology.SUSPECT.mac, "ip": None}


class Duplicate(World):
    """The suspect's MAC, address or both are on two ports: several_places, both named."""

    name = "duplicate"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.twin = self.dice.choice([port for port in topology.HOST_PORTS if port != self.port])
        other = topology.own_identity(topology.place_of(self.twin))
        same = topology.SUSPECT
        self.shared, self.identity = [
            ("MAC and address", same),
            ("MAC", topology.Machine(same.mac, other.address)),
            ("address", topology.Machine(other.mac, same.address)),
        ][self.number % 3]
        if self.shared == "MAC":
            self.target = ("--mac", same.mac)
        elif self.shared == "address":
            self.target = ("--filter", f"src host {same.address}")
            self.expression = f"src host {same.address}"
        self.title = f"ports {self.port}, {self.twin}: {self.shared}"

    def arrange(self):
        places = {topology.place_of(self.port): topology.SUSPECT, topology.place_of(self.twin): self.identity}
        self.lab.place_suspects(places, self.rhythm)

    def right(self):
        return {self.port, self.twin}

    def right_alone(self):
        return set()

    def judge(self, result, finished):
        judge.several(result, finished, self.right())


class Late(World):
    """A SET is answered at once and the data plane follows 0.2 to 3 s later."""

    name = "late"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.late = self.dice.uniform(0.2, 3.0)
        self.title += f", {self.late:.1f} s late"

    def faults(self):
        return {"late": self.late}


class LostSession(World):
    """In mid-run the data plane loses all copies: with the agent's rows still shown, or gone as well."""

    name = "lost-session"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.rows_too = self.number % 2 == 0
        self.after = self.dice.randrange(1, self.pace.sets)
        self.title += f", after {self.after} SETs, rows {'gone' if self.rows_too else 'shown'}"

    def faults(self):
        pause = self.dice.uniform(0.0, 0.3)
        return {"lost_after": self.after, "lost_pause": pause, "rows_too": self.rows_too}


class CutShort(World):
    """At most 8 sources are kept, without a word: the agent shows those 8."""

    name = "cut-short"

    def faults(self):
        return {"at_most": 8}


class CutUnseen(World):
    """At most 8 sources are copied, and the agent shows all that it was told."""

    name = "cut-unseen"

    def faults(self):
        return {"at_most": 8, "shows_all": True}


class Lossy(World):
    """5 % of the requests and 5 % of the answers are lost."""

    name = "lossy"

    def disturb(self):
        super().disturb()
        loss.begin(5)

    def calm(self):
        loss.end()
        super().calm()


class Both(World):
    """The switch can copy both directions only."""

    name = "both"
    direction = portcopy.BOTH

    def faults(self):
        return {"both_only": True}

    def setup(self):
        return halfspan.Setup(profile=halfspan.BOTH_ONLY)


class BothNear(Both):
    """The same, and every other frame goes to a machine on another port, which shows the suspect as well."""

    name = "both-near"
    kind = "near"


class Flapping(World):
    """The suspect's peer comes and goes: for seconds its frames are flooded to every port."""

    name = "flapping"
    kind = "switching"


class Flood(World):
    """All frames of the suspect are flooded to every port, the laptop's as well."""

    name = "flood"
    kind = "flooded"
    may_give_up = True
    patience = 30


class _Changing(World):
    """Something happens to the suspect in mid-run."""

    may_give_up = True
    patience = 30

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.happened = None

    def meanwhile(self):
        self._pause()
        self._change()
        self.happened = time.monotonic()

    def after_the_search(self):
        """Whether it came too late to be noticed: when nothing was mirrored any more but the last port."""
        last = [entry["at"] for entry in self.lab.writes() if entry["what"] == "written" and entry["rows"]]
        return self.happened is None or not last or self.happened >= last[-1]


class Moves(_Changing):
    """The suspect moves to another port in mid-run."""

    name = "moves"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.there = self.dice.choice([port for port in topology.HOST_PORTS if port != self.port])
        self.title += f" to {self.there}"

    def _change(self):
        self.lab.move_suspects({topology.place_of(self.there): topology.SUSPECT}, self.rhythm)

    def right(self):
        return {self.port, self.there} if self.after_the_search() else {self.there}


class Stops(_Changing):
    """The suspect falls silent for good, or is unplugged, in mid-run."""

    name = "stops"

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.unplugged = self.number % 2 == 0
        self.title += ", is unplugged" if self.unplugged else ", falls silent"

    def _change(self):
        self.lab.fall_silent()
        if self.unplugged:
            self.lab.wiring.pull_out(topology.place_of(self.port))


WORLDS = (
    Steady,
    Bursty,
    Rare,
    Silent,
    Tables,
    SpoofedMac,
    SpoofedIp,
    Duplicate,
    Late,
    LostSession,
    CutShort,
    CutUnseen,
    Lossy,
    Both,
    BothNear,
    Flapping,
    Moves,
    Stops,
    Flood,
)
