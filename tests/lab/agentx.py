"""AgentX (RFC 2741): bytes of a subagent's protocol <-> values. No tables, no policy.

With AgentX snmpd hands over all varbinds of a SET at once, to be tested, then committed or undone together.
A `pass_persist` script gets them one by one and could not refuse a PDU as a whole.
"""

import dataclasses
import socket
import struct

OPEN, CLOSE, REGISTER = 1, 2, 3
GET, GET_NEXT, GET_BULK = 5, 6, 7
TEST_SET, COMMIT_SET, UNDO_SET, CLEANUP_SET = 8, 9, 10, 11
RESPONSE = 18

INTEGER, OCTET_STRING, OBJECT_ID = 2, 4, 6
COUNTER32, GAUGE32, TIME_TICKS = 65, 66, 67
NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 129, 130

_WORD_TYPES = {INTEGER: ">i", COUNTER32: ">I", GAUGE32: ">I", TIME_TICKS: ">I"}
_BYTES_TYPES = (OCTET_STRING, 64, 68)
_NETWORK_BYTE_ORDER = 0x10
_NON_DEFAULT_CONTEXT = 0x08
_HEADER = struct.Struct(">BBBxIIII")


@dataclasses.dataclass(frozen=True)
class VarBind:
    """An object's name, type and value."""

    oid: tuple
    type: int
    value: object = None


@dataclasses.dataclass(frozen=True)
class Request:
    """A request of the master; `body` still holds its bytes."""

    kind: int
    session: int
    transaction: int
    packet: int
    body: bytes


class Reader:
    """Reads a body from left to right."""

    def __init__(self, body):
        self._body = body
        self._at = 0

    def more(self):
        return self._at < len(self._body)

    def _unpack(self, form):
        values = struct.unpack_from(form, self._body, self._at)
        self._at += struct.calcsize(form)
        return values

    def oid(self):
        """An object identifier and its include flag (RFC 2741 section 5.1)."""
        count, prefix, include, _ = self._unpack(">BBBB")
        tail = self._unpack(f">{count}I")
        head = (1, 3, 6, 1, prefix) if prefix else ()
        return head + tail, bool(include)

    def octets(self):
        (length,) = self._unpack(">I")
        value = self._body[self._at : self._at + length]
        self._at += length + -length % 4
        return value

    def ranges(self):
        """A SearchRangeList: (start, include, end)."""
        while self.more():
            start, include = self.oid()
            end, _ = self.oid()
            yield start, include, end

    def bulk_header(self):
        """`non_repeaters` and `max_repetitions` of GetBulk."""
        return self._unpack(">HH")

    def varbinds(self):
        while self.more():
            kind, _ = self._unpack(">HH")
            oid, _ = self.oid()
            yield VarBind(oid, kind, self._value(kind))

    def _value(self, kind):
        if kind in _WORD_TYPES:
            return self._unpack(_WORD_TYPES[kind])[0]
        if kind in _BYTES_TYPES:
            return self.octets()
        if kind == OBJECT_ID:
            return self.oid()[0]
        if kind == 70:  # Counter64
            return self._unpack(">Q")[0]
        return None


def _oid(oid, include=False):
    prefix = 0
    if len(oid) > 5 and oid[:4] == (1, 3, 6, 1) and oid[4] < 256:
        prefix, oid = oid[4], oid[5:]
    return struct.pack(f">BBBB{len(oid)}I", len(oid), prefix, include, 0, *oid)


def _octets(value):
    return struct.pack(">I", len(value)) + value + bytes(-len(value) % 4)


def _varbind(bind):
    head = struct.pack(">HH", bind.type, 0) + _oid(bind.oid)
    if bind.type in _WORD_TYPES:
        return head + struct.pack(_WORD_TYPES[bind.type], bind.value)
    if bind.type in _BYTES_TYPES:
        return head + _octets(bind.value)
    if bind.type == OBJECT_ID:
        return head + _oid(bind.value)
    return head


class Session:
    """A subagent's connection to snmpd."""

    def __init__(self, path, name):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.connect(path)
        self._id = 0
        self._packet = 0
        body = bytes([5, 0, 0, 0]) + _oid(()) + _octets(name.encode())
        self._id = self._ask(OPEN, body).session

    def fileno(self):
        """For `select`: readable when the master asks something."""
        return self._socket.fileno()

    def register(self, subtree):
        """Asks the master to send everything below `subtree` here."""
        self._ask(REGISTER, bytes([5, 127, 0, 0]) + _oid(subtree))

    def receive(self):
        """The master's next request, or None when it has gone."""
        header = self._exactly(_HEADER.size)
        if header is None:
            return None
        _, kind, flags, session, transaction, packet, length = _HEADER.unpack(header)
        body = self._exactly(length)
        if body is None:
            return None
        if flags & _NON_DEFAULT_CONTEXT:
            skip = Reader(body)
            skip.octets()
            body = body[skip._at :]
        return Request(kind, session, transaction, packet, body)

    def respond(self, request, error=0, index=0, binds=()):
        body = struct.pack(">IHH", 0, error, index) + b"".join(map(_varbind, binds))
        self._send(RESPONSE, request.transaction, request.packet, body)

    def _ask(self, kind, body):
        self._packet += 1
        self._send(kind, 0, self._packet, body)
        answer = self.receive()
        if answer is None or answer.kind != RESPONSE:
            raise ConnectionError("the master agent hung up")
        _, error, _ = struct.unpack_from(">IHH", answer.body)
        if error:
            raise ConnectionError(f"the master agent refused request {kind}: error {error}")
        return answer

    def _send(self, kind, transaction, packet, body):
        head = _HEADER.pack(1, kind, _NETWORK_BYTE_ORDER, self._id, transaction, packet, len(body))
        self._socket.sendall(head + body)

    def _exactly(self, length):
        parts = bytearray()
        while len(parts) < length:
            part = self._socket.recv(length - len(parts))
            if not part:
                return None
            parts += part
        return bytes(parts)
