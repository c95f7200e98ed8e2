"""portCopyTable of the SMON-MIB (RFC 2613): which rows there are and which changes are allowed. No I/O.

The rules are those of RowStatus (RFC 2579) and of the table's own text. Beyond the text, a destination may
not be a source and the other way round, as on most switches.
"""

import dataclasses

import agentx

TABLE = (1, 3, 6, 1, 2, 1, 16, 22, 1, 3, 1)
ENTRY = TABLE + (1,)
SOURCE, DEST, DROP_EVENTS, DIRECTION, STATUS = 1, 2, 3, 4, 5

RX_ONLY, TX_ONLY, BOTH = 1, 2, 3
DIRECTIONS = (RX_ONLY, TX_ONLY, BOTH)
ACTIVE, NOT_IN_SERVICE, NOT_READY, CREATE_AND_GO, CREATE_AND_WAIT, DESTROY = 1, 2, 3, 4, 5, 6

NO_ACCESS, WRONG_TYPE, WRONG_LENGTH, WRONG_VALUE, NO_CREATION = 6, 7, 8, 10, 11
INCONSISTENT_VALUE, COMMIT_FAILED, UNDO_FAILED, NOT_WRITABLE, INCONSISTENT_NAME = 12, 14, 15, 17, 18


class Refusal(Exception):
    """A change is not allowed: the error-status, and which varbind (from 1) is to blame.

    `applied` is what the switch carries out all the same, part of its state.
    """

    def __init__(self, error, index, applied=None):
        super().__init__(error, index)
        self.error = error
        self.index = index
        self.applied = applied


@dataclasses.dataclass(frozen=True)
class Row:
    """One pair's state."""

    direction: int = BOTH
    status: int = NOT_IN_SERVICE


def test(rows, up, binds, is_integer, directions=DIRECTIONS):
    """Returns the rows that `binds` lead to, or raises `Refusal`; `rows` stay as they are.

    `rows` maps (source, dest) to `Row`; `up` maps the ifIndex of each port to whether it is up; `is_integer`
    tells whether a varbind's type is INTEGER; `directions` are those that the switch can copy.
    """
    wishes = {}
    for index, bind in enumerate(binds, 1):
        pair, column = _place(bind, index)
        _check_value(bind, column, index, is_integer, directions)
        if column in wishes.setdefault(pair, {}):
            raise Refusal(INCONSISTENT_VALUE, index)
        wishes[pair][column] = (bind.value, index)
    after = dict(rows)
    for pair, wish in wishes.items():
        _change(after, up, pair, wish)
    _check_roles(after, wishes)
    return after


def _place(bind, index):
    suffix = bind.oid[len(ENTRY) :]
    if bind.oid[: len(ENTRY)] != ENTRY or not suffix:
        raise Refusal(NOT_WRITABLE, index)
    column, instance = suffix[0], suffix[1:]
    if column in (SOURCE, DEST):
        raise Refusal(NO_ACCESS, index)
    if column == DROP_EVENTS:
        raise Refusal(NOT_WRITABLE, index)
    if column not in (DIRECTION, STATUS) or len(instance) != 2:
        raise Refusal(NO_CREATION, index)
    return instance, column


def _check_value(bind, column, index, is_integer, directions):
    if not is_integer(bind):
        raise Refusal(WRONG_TYPE, index)
    allowed = {
        DIRECTION: directions,
        STATUS: (ACTIVE, NOT_IN_SERVICE, CREATE_AND_GO, CREATE_AND_WAIT, DESTROY),
    }
    if bind.value not in allowed[column]:
        raise Refusal(WRONG_VALUE, index)


def _change(rows, up, pair, wish):
    status, status_index = wish.get(STATUS, (None, 0))
    direction, direction_index = wish.get(DIRECTION, (None, 0))
    index = status_index or direction_index
    creating = status in (CREATE_AND_GO, CREATE_AND_WAIT)
    row = rows.get(pair)
    if status == DESTROY:
        rows.pop(pair, None)
        return
    if row is None and status is None:
        raise Refusal(INCONSISTENT_NAME, index)
    if (row is None) != creating:
        raise Refusal(INCONSISTENT_VALUE, index)
    if creating:
        row = _created(pair, up, index)
    if direction is not None:
        row = dataclasses.replace(row, direction=direction)
    rows[pair] = _with_status(row, status, all(up.get(end) for end in pair), index)


def _created(pair, up, index):
    source, dest = pair
    if source == dest or source not in up or dest not in up:
        raise Refusal(NO_CREATION, index)
    return Row()


def _with_status(row, status, both_up, index):
    if status in (CREATE_AND_GO, ACTIVE):
        if not both_up:
            raise Refusal(INCONSISTENT_VALUE, index)
        return dataclasses.replace(row, status=ACTIVE)
    if status in (CREATE_AND_WAIT, NOT_IN_SERVICE):
        return dataclasses.replace(row, status=NOT_IN_SERVICE)
    return row


def _check_roles(rows, wishes):
    sources = {source for source, _ in rows}
    dests = {dest for _, dest in rows}
    for (source, dest), wish in wishes.items():
        if (source, dest) in rows and (source in dests or dest in sources):
            raise Refusal(INCONSISTENT_VALUE, max(index for _, index in wish.values()))


def without_links(rows, up):
    """The rows after a look at the links: an active row whose port is not up becomes notReady and stays so."""

    def seen(pair, row):
        lost = row.status == ACTIVE and not all(up.get(end) for end in pair)
        return dataclasses.replace(row, status=NOT_READY) if lost else row

    return {pair: seen(pair, row) for pair, row in rows.items()}


def copies(rows):
    """What the data plane has to do: a set of (hook, source, dest), hook being `ingress` or `egress`."""
    wanted = set()
    for (source, dest), row in rows.items():
        if row.status == ACTIVE:
            wanted |= {(hook, source, dest) for hook in _HOOKS[row.direction]}
    return wanted


_HOOKS = {RX_ONLY: ("ingress",), TX_ONLY: ("egress",), BOTH: ("ingress", "egress")}


class Family:
    """A switch with this table."""

    name = "smon-portcopy"
    sys_object_id = (1, 3, 6, 1, 4, 1, 8072, 3, 2, 10)

    def start(self):
        """The state of a switch that nobody has mirrored yet."""
        return {}

    def test(self, rows, ports, binds, faults):
        """Returns the rows that `binds` lead to, or raises `Refusal`."""
        return test(rows, _up(ports), binds, lambda bind: bind.type == agentx.INTEGER, faults.directions())

    def without_links(self, rows, ports):
        """The rows after a look at the links."""
        return without_links(rows, _up(ports))

    def shown(self, rows, faults):
        """What the agent makes of the rows that it was told."""
        return faults.shown(rows)

    def copies(self, rows, _ports, faults):
        """What the data plane has to do for the rows that are shown."""
        return faults.copied(rows)

    def log(self, rows):
        """The rows as the log keeps them."""
        return sorted((*pair, row.direction, row.status) for pair, row in rows.items())


def _up(ports):
    return {port.if_index: port.up for port in ports}
