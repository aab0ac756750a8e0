from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.errors import ProtocolError
from dbgate.wire.build import packet
from dbgate.wire.constants import MAX_PAYLOAD
from dbgate.wire.rows import count_rows
from tests.rows import rows

from .making import chain, eof, err, ok, row

ALL = 1 << 60


@given(st.lists(st.binary(max_size=300).map(row), max_size=10), st.integers(0, 255), st.integers(0, 12))
def test_rows_are_counted_up_to_what_is_none(rows: list[bytes], seq: int, room: int) -> None:
    data = chain(rows, seq)
    for end in (eof(), err(), ok(header=0xFE)):
        whole = b"head" + data + packet(seq + len(rows), end)
        count = min(room, len(rows))
        assert count_rows(whole, 4, seq, room) == (4 + len(chain(rows[:count], seq)), count)
        assert count_rows(whole, 4, seq, ALL) == (4 + len(data), len(rows))


@rows("tail", [b"", b"\x05", b"\x05\x00\x00\x03", b"\x05\x00\x00\x03abcd", b"\x00\x00\x00\x03x"])
def test_what_is_not_a_whole_row_is_left(tail: bytes) -> None:
    data = chain([row(b"1"), row(None)]) + tail
    assert count_rows(data, 0, 1, ALL) == (len(data) - len(tail), 2)


def test_continued_rows_are_left() -> None:
    data = chain([row(b"1"), b"x" * MAX_PAYLOAD])
    assert count_rows(data, 0, 1, ALL) == (6, 1)


def test_numbers_must_follow() -> None:
    with pytest.raises(ProtocolError, match="number 9 where 2"):
        count_rows(packet(1, row(b"1")) + packet(9, row(b"1")), 0, 1, ALL)
