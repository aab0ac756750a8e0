from __future__ import annotations

from dbgate.sql.patterns import CLOSED, FIRSTS, SPACE, pattern_of
from tests.unit.sql.contexts import ANSI, LATIN1, MA


def test_one_pattern_a_variant() -> None:
    assert pattern_of(MA, 0, False) is pattern_of(MA, 0, False)
    assert pattern_of(MA, 0, False) is not pattern_of(ANSI, 0, False)
    assert pattern_of(MA, 0, True) is not pattern_of(MA, 0, False)


def test_no_gaps() -> None:
    text = bytes(range(256)) * 3
    for ctx, charset in ((MA, 0), (LATIN1, 1), (MA, 2)):
        for bulk in (False, True):
            assert b"".join(pattern_of(ctx, charset, bulk).findall(text)) == text


def test_white_space() -> None:
    assert [code for code in range(256) if FIRSTS[1][code] == SPACE] == [9, 10, 11, 12, 13, 32, 0xA0]


def test_closed() -> None:
    assert CLOSED[0].fullmatch(rb"'a\''") and not CLOSED[0].fullmatch(rb"'a\'")
    assert CLOSED[1].fullmatch(rb"'a\'")
