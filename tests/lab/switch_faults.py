"""How the switch misbehaves: what it accepts, keeps and shows, and when its data plane follows. No I/O.

Agent and data plane are two things: the agent's rows are what SNMP shows, and what is copied can be less, later or
nothing at all.
"""

import dataclasses

import portcopy


@dataclasses.dataclass(frozen=True)
class Faults:
    """What is wrong with the switch; as constructed, nothing is."""

    late: float = 0.0  # seconds from the answer of a SET until the data plane follows
    at_most: int | None = None  # sources that are kept, those that were there first
    shows_all: bool = False  # the sources above `at_most` are shown and not copied; otherwise they vanish
    lost_after: int | None = None  # decided SETs until the data plane loses all its copies, once
    lost_pause: float = 0.0  # seconds between that SET and the loss
    rows_too: bool = False  # the agent's rows are lost as well
    both_only: bool = False  # a source can only be copied in both directions

    def directions(self):
        """The values of portCopyDirection that are accepted."""
        return (portcopy.BOTH,) if self.both_only else portcopy.DIRECTIONS

    def shown(self, rows):
        """What the agent makes of the rows that it was told."""
        return rows if self.shows_all else self._kept(rows)

    def copied(self, rows):
        """What the data plane has to do for the rows that are shown."""
        return portcopy.copies(self._kept(rows))

    def _kept(self, rows):
        return rows if self.at_most is None else dict(list(rows.items())[: self.at_most])


class Timetable:
    """Sets of copies that the data plane has to follow in turn, each at its time."""

    def __init__(self):
        self._due = []

    def add(self, at, copies):
        """A later order never overtakes an earlier one."""
        earliest = self._due[-1][0] if self._due else at
        self._due.append((max(at, earliest), copies))

    def take(self, now):
        """Returns the newest set that is due by now, or None; older ones are done with."""
        taken = None
        while self._due and self._due[0][0] <= now:
            taken = self._due.pop(0)[1]
        return taken

    def pause(self, now):
        """Seconds until something is due; None if nothing is."""
        return max(0.0, self._due[0][0] - now) if self._due else None
