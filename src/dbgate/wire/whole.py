"""A reply that has come in one chunk: its end found by one loop over its headers, without anything kept.

For the replies of every day, of which most are: an OK, or a result set. What is in any way special is left to
wire.response, which follows replies over chunks; what is taken here is what it would have found.
"""

from __future__ import annotations

import struct
from typing import Final, final

from dbgate.wire.constants import (
    EOF_HEADER,
    HEADER,
    MAX_PAYLOAD,
    OK_HEADER,
    SERVER_MORE_RESULTS_EXISTS,
    SERVER_PS_OUT_PARAMS,
    SERVER_SESSION_STATE_CHANGED,
    SERVER_STATUS_CURSOR_EXISTS,
    SERVER_STATUS_DB_DROPPED,
)
from dbgate.wire.response import Reply
from dbgate.wire.status import column_name, plain_ok

NOT_SURE: Final = -1
_SPECIAL: Final = (
    SERVER_MORE_RESULTS_EXISTS
    | SERVER_STATUS_CURSOR_EXISTS
    | SERVER_STATUS_DB_DROPPED
    | SERVER_SESSION_STATE_CHANGED
)
_OLD_EOF: Final = 5  # bytes of an EOF packet of the old form
_LONGEST_HEAD: Final = 1024  # bytes of definitions that are kept to be compared with
MOST_LEARNT: Final = 20  # how often one statement's reply may look different before that is given up

_header_at: Final = struct.Struct("<I").unpack_from


def take_whole(reply: Reply, data: bytes) -> bool:
    """Where `data` is certainly all of an ordinary reply, takes it: `reply` is then as if it had been fed. Else does
    nothing and says False."""
    if not reply.fresh or (reply.special and not reply.names_only):
        return False
    found = whole_reply(data, reply.old_eof, reply.cached)
    if found < 0:
        return False
    count = found >> 32
    if data[HEADER] == OK_HEADER:
        reply.affected_rows = count
    elif 0 <= reply.cap < count + reply.counted:
        return False
    else:
        reply.rows = count
        if reply.names_wanted:
            reply.head = data[HEADER + data[0] : _behind_definitions(data)]
    reply.status = found >> 16 & 0xFFFF
    reply.warnings = found & 0xFFFF
    reply.size = len(data)
    reply.fresh = False
    reply.done = True
    return True


def _behind_definitions(data: bytes) -> int:
    """Of a whole result set: the place behind its column definitions."""
    pos = HEADER + data[0]
    for _ in range(data[HEADER]):
        pos += HEADER + (data[pos] | data[pos + 1] << 8 | data[pos + 2] << 16)
    return pos


@final
class Seen:
    """What a result set of one row was like: all in front of its row, and all behind it. Uncompiled, to compare these
    costs a fraction of a walk over the packets.

    head: up to the row; tail: the closing packet; header: of a row's packet, but for its length; old_eof: what kind of
    reply it was; found: what whole_reply says of such a one; learnt: how often this was set."""

    __slots__ = ("at", "beside", "cached", "found", "head", "header", "learnt", "old_eof", "tail")

    def __init__(self) -> None:
        self.head = b""
        self.at = 0  # the length of head
        self.tail = b""
        self.beside = 1 << 60  # bytes that are not the row's payload; no reply is so long
        self.header = 0
        self.old_eof = False
        self.cached = False
        self.found = NOT_SURE
        self.learnt = 0

    def learn(self, data: bytes, old_eof: bool, cached: bool, found: int) -> None:
        """`data` is a whole result set of one row, of which whole_reply says `found`."""
        self.learnt += 1
        at = _behind_definitions(data) + (HEADER + _OLD_EOF if old_eof else 0)
        behind = at + HEADER + (data[at] | data[at + 1] << 8 | data[at + 2] << 16)
        if at > _LONGEST_HEAD:
            self.learnt = MOST_LEARNT
            return
        self.head = data[:at]
        self.at = at
        self.tail = data[behind:]
        self.beside = at + HEADER + len(self.tail)
        self.header = data[at + 3] << 24
        self.old_eof = old_eof
        self.cached = cached
        self.found = found


def whole_again(seen: Seen, data: bytes, old_eof: bool, cached: bool = False) -> int:
    """As whole_reply, for one more reply to a statement whose replies `seen` has to do with, and none other's."""
    row = len(data) - seen.beside
    at = seen.at
    if (
        0 < row < MAX_PAYLOAD
        and data[:at] == seen.head
        and _header_at(data, at)[0] == row + seen.header
        and data[at + HEADER] < EOF_HEADER
        and data[at + HEADER + row :] == seen.tail
        and old_eof == seen.old_eof
        and cached == seen.cached
    ):
        return seen.found
    found = whole_reply(data, old_eof, cached)
    if found >> 32 == 1 and data[HEADER] != OK_HEADER and seen.learnt < MOST_LEARNT:
        seen.learn(data, old_eof, cached, found)
    return found


def names_in(head: bytes) -> list[bytes]:
    """The original names of the columns whose definitions `head` has, as status.column_name tells them; ProtocolError
    where one is none."""
    names: list[bytes] = []
    pos = 0
    while pos < len(head):
        stop = pos + HEADER + (head[pos] | head[pos + 1] << 8 | head[pos + 2] << 16)
        names.append(column_name(head, pos + HEADER, stop))
        pos = stop
    return names


def whole_reply(data: bytes, old_eof: bool, cached: bool = False) -> int:
    """A chunk that is one ordinary reply, from packet number 1 to its end: count << 32 | status << 16 | warnings, where
    count is of the affected rows for an OK (its first byte is OK_HEADER), else of the rows; NOT_SURE otherwise.
    old_eof: without CLIENT_DEPRECATE_EOF; cached: with MARIADB_CACHE_METADATA, as all clients by libmariadb are: a byte
    behind the number of columns says that their definitions follow."""
    have = len(data)
    if have < HEADER + 7 or data[3] != 1:
        return NOT_SURE
    if data[HEADER] == OK_HEADER:
        if HEADER + (data[0] | data[1] << 8 | data[2] << 16) != have:
            return NOT_SURE
        plain = plain_ok(data, HEADER, have)
        return NOT_SURE if plain >= 0 and plain >> 16 & _SPECIAL else plain
    if data[0] != (2 if cached else 1) or data[1] or data[2]:
        return NOT_SURE
    left = data[HEADER]
    if left >= 0xFB or (cached and data[HEADER + 1] != 1):
        return NOT_SURE
    pos = HEADER + data[0]
    seq = 2
    while left > 0:
        if have - pos <= HEADER or data[pos + 3] != seq:
            return NOT_SURE
        length = data[pos] | data[pos + 1] << 8 | data[pos + 2] << 16
        if length == 0 or length == MAX_PAYLOAD:
            return NOT_SURE
        pos += HEADER + length
        seq = (seq + 1) & 0xFF
        left -= 1
    if old_eof:
        # The end of the definitions: 0xFE, warnings, status.
        if have - pos < HEADER + _OLD_EOF or data[pos + 3] != seq or data[pos + HEADER] != EOF_HEADER:
            return NOT_SURE
        if data[pos] != _OLD_EOF or data[pos + 1] or data[pos + 2]:
            return NOT_SURE
        if (data[pos + 7] | data[pos + 8] << 8) & (SERVER_STATUS_CURSOR_EXISTS | SERVER_PS_OUT_PARAMS):
            return NOT_SURE
        pos += HEADER + _OLD_EOF
        seq = (seq + 1) & 0xFF
    rows = 0
    while have - pos > HEADER:
        if data[pos + 3] != seq:
            return NOT_SURE
        length = data[pos] | data[pos + 1] << 8 | data[pos + 2] << 16
        stop = pos + HEADER + length
        first = data[pos + HEADER]
        if length == 0 or length == MAX_PAYLOAD or stop > have or first > EOF_HEADER:
            return NOT_SURE
        if first == EOF_HEADER:
            if stop != have:
                return NOT_SURE
            return _ended(data, pos + HEADER, stop, rows, old_eof)
        rows += 1
        pos = stop
        seq = (seq + 1) & 0xFF
    return NOT_SURE


def _ended(data: bytes, pos: int, stop: int, rows: int, old_eof: bool) -> int:
    """data[pos:stop] begins with 0xFE and is the last packet: an EOF, or an OK in its place."""
    if old_eof:
        if stop - pos != _OLD_EOF:
            return NOT_SURE
        status = data[pos + 3] | data[pos + 4] << 8
        warnings = data[pos + 1] | data[pos + 2] << 8
    else:
        plain = plain_ok(data, pos, stop)
        if plain < 0 or plain >> 32:
            return NOT_SURE
        status = plain >> 16 & 0xFFFF
        warnings = plain & 0xFFFF
    return NOT_SURE if status & _SPECIAL else rows << 32 | status << 16 | warnings
