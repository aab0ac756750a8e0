from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.wire import constants as c
from dbgate.wire.codec import Reader
from dbgate.wire.kinds import RESULT
from dbgate.wire.response import Reply
from dbgate.wire.table import table

OLD = c.CLIENT_PROTOCOL_41
NEW = OLD | c.CLIENT_DEPRECATE_EOF
MARIADB = NEW | c.MARIADB_CACHE_METADATA | c.MARIADB_EXTENDED_METADATA
CELLS = st.text(max_size=40)


def read(capabilities: int, data: bytes, seq: int = 1, names: bool = True) -> Reply:
    """What a client of these capabilities makes of it."""
    reply = Reply(capabilities)
    reply.begin(RESULT, seq)
    reply.watch(-1, 0, False, names)
    reply.expect(False, False, True)
    out: list[bytes] = []
    assert reply.feed(data, 0, out) == len(data)
    assert reply.done
    return reply


@pytest.mark.parametrize("capabilities", [OLD, NEW, MARIADB])
@given(st.integers(1, 255), st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=300))
def test_what_was_put_in_comes_out(capabilities: int, seq: int, rows: list[list[str]]) -> None:
    data = table(seq, ("name", "größe"), [tuple(row) for row in rows], capabilities, 0xFFFF)
    reply = read(capabilities, data, seq)
    assert [name.decode() for name in reply.names] == ["name", "größe"]
    cells = []
    for raw in reply.kept:
        one = Reader(raw)
        cells.append([one.lenenc_bytes().decode() for _ in range(2)])
        assert one.left() == 0
    assert cells == rows
    assert reply.error_code == 0


def test_only_what_tells_of_a_transaction_is_kept_of_the_status() -> None:
    for capabilities in (OLD, NEW):
        open_one = read(capabilities, table(1, ("a",), [], capabilities, 0xFFFF))
        assert open_one.status == c.SERVER_STATUS_IN_TRANS | c.SERVER_STATUS_AUTOCOMMIT
        assert read(capabilities, table(1, ("a",), [], capabilities, 0)).status == 0


def test_a_definition_has_one_more_string_where_that_was_agreed_on() -> None:
    plain = len(table(1, ("a", "b"), [], NEW, 0))
    extended = len(table(1, ("a", "b"), [], NEW | c.MARIADB_EXTENDED_METADATA, 0))
    assert extended - plain == 2


def test_what_no_character_set_has_is_shown() -> None:
    reply = read(NEW, table(1, ("a",), [("x\udcff",)], NEW, 0))
    assert reply.kept == [b"\x07x\\udcff"]
