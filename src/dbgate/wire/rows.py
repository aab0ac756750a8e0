"""Rows that are only counted, at the speed of a loop over packet headers."""

from __future__ import annotations

from dbgate.errors import ProtocolError
from dbgate.wire.constants import EOF_HEADER, HEADER, MAX_PAYLOAD


def count_rows(data: bytes, pos: int, seq: int, room: int) -> tuple[int, int]:
    """Take whole rows from data[pos:], which begins with a packet, as long as they are plain: complete, not continued,
    and no EOF or ERR by their first byte; `room` at most. Returns (place behind the last one, how many). `seq` is the
    number of the first; a wrong one raises ProtocolError."""
    have = len(data)
    rows = 0
    while rows < room and have - pos > HEADER:
        length = data[pos] | data[pos + 1] << 8 | data[pos + 2] << 16
        if data[pos + 3] != seq:
            raise ProtocolError(f"server sent packet number {data[pos + 3]} where {seq} was due")
        stop = pos + HEADER + length
        if stop > have or data[pos + HEADER] >= EOF_HEADER or length == 0 or length == MAX_PAYLOAD:
            break
        seq = (seq + 1) & 0xFF
        rows += 1
        pos = stop
    return pos, rows
