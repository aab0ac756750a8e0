"""The loop cuts what the pattern cuts, byte for byte."""

from __future__ import annotations

from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql import digest
from dbgate.sql.digest import PATTERNS, fast_digest
from dbgate.sql.skeleton import skeleton
from tests.rows import rows
from tests.unit.sql.lexed import ANSI, CTX, NO_ESCAPES

MODES = [(ansi, plain) for ansi in (False, True) for plain in (False, True)]


def by_pattern(text: bytes, ansi: bool, plain: bool) -> bytes:
    return b"\0".join(chain.from_iterable(PATTERNS[ansi * 2 + plain].findall(text)))


@rows(
    "text",
    [
        b"",
        b"SELECT c FROM sbtest1 WHERE id=5042",
        b"INSERT INTO t VALUES ('it''s', \"x\", 1.5, -2, .5, 1e3, 0x1F, x'41', @1, a.1, 12.)",
        b"SELECT `a1`, `b``c`, \"a\\\"b\", 'a\\'b' -- '",
        b"SELECT 'open",
        b'SELECT "open',
        b"SELECT `open",
        b"SELECT 'open\\",
        b"'a''",
        b"a = '" + b"x" * 70 + b"''\\'" + b"y" * 50 + b"\\\\' AND b = 1",
        b"a = '" + b"\\x" * 70 + b"''' AND b = \"" + b"'" * 50 + b'\\\\"" AND b = 1',
        b"a = '" + b"x" * 70 + b"\\'",
        b"a = '" + b"x" * 70 + b"''",
        b"1.5.5 1.a 1.5a 7\xc3\xa9 \xc3\xa97 $1 1$",
    ],
)
def test_statements(text: bytes) -> None:
    for ansi, plain in MODES:
        assert skeleton(text, ansi, plain) == by_pattern(text, ansi, plain)


PIECES = st.sampled_from(
    [
        b"'",
        b'"',
        b"`",
        b"\\",
        b"1",
        b"23",
        b".",
        b"a",
        b"t1",
        b" ",
        b",",
        b"(",
        b"@",
        b"$",
        b"\xc3\xa9",
        b"x'41'",
        b"0x1F",
        b"1e5",
        b"'it''s'",
        b"'a\\'b'",
        b"=",
        b"-",
        b"\n",
        b"_utf8'x'",
        b"\x00",
        b"\xff",
    ]
)


@given(st.one_of(st.lists(PIECES, max_size=12).map(b"".join), st.binary(max_size=40)))
def test_any_bytes(text: bytes) -> None:
    for ansi, plain in MODES:
        assert skeleton(text, ansi, plain) == by_pattern(text, ansi, plain)


@given(st.lists(st.one_of(PIECES, st.just(b"x" * 40), st.just(b"\\'" * 20)), max_size=12).map(b"'".join))
def test_long_strings(text: bytes) -> None:
    for ansi, plain in MODES:
        assert skeleton(text, ansi, plain) == by_pattern(text, ansi, plain)


def test_keys_are_the_same_either_way(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        b"SELECT a FROM t WHERE b IN (1, 2) AND c = 'it''s \\' x'",
        b"INSERT INTO t VALUES (1, 'a'), (2, \"b\")",
    ]
    keys = []
    for loops in (False, True):
        monkeypatch.setattr(digest, "_LOOPS", loops)
        keys.append([fast_digest(text, ctx) for text in texts for ctx in (CTX, ANSI, NO_ESCAPES)])
    assert keys[0] == keys[1]
