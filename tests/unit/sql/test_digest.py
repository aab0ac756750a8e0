"""The fast key and the digest: what they fold, what they keep apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbgate.sql.digest import MAX_KEYED, digest, fast_digest
from dbgate.sql.statement import LexContext
from tests.unit.sql.lexed import ANSI, CTX, NO_ESCAPES, lexed


def same(one: str, other: str, ctx: LexContext = CTX) -> bool:
    return fast_digest(one.encode(), ctx) == fast_digest(other.encode(), ctx)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE b=1", "SELECT a FROM t WHERE b=4711"),
        ("SELECT a FROM t WHERE b=1", "SELECT a FROM t WHERE b=1.5"),
        ("SELECT a FROM t WHERE b='x'", "SELECT a FROM t WHERE b='it''s \\' -- /* # ; x=\"'"),
        ('SELECT a FROM t WHERE b="x"', 'SELECT a FROM t WHERE b="say ""\\" \'"'),
        ("SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (4)"),
        ("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b IN (1,2,3 , -4)"),
        ("SELECT a FROM t WHERE b IN ('x', 'y')", "SELECT a FROM t WHERE b IN ('x','y','z')"),
        (
            "INSERT INTO t VALUES (1, 'x', NULL), (2, 'y', DEFAULT)",
            "INSERT INTO t VALUES (1,-2,'z'),(3,4,5),(TRUE,7,8)",
        ),
    ],
)
def test_keys_without_literals(one: str, other: str) -> None:
    assert fast_digest(one.encode(), CTX) is not None
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a FROM t WHERE b=1", "SELECT a FROM t WHERE b='1'"),
        ("SELECT a FROM t WHERE b='1'", 'SELECT a FROM t WHERE b="1"'),
        ("SELECT a FROM t WHERE b=1", "SELECT a FROM t WHERE b=-1"),
        ("SELECT a FROM t1", "SELECT a FROM t2"),
        ("SELECT a FROM t", "SELECT A FROM t"),
        ("SELECT a FROM t", "SELECT `a` FROM t"),
        ("SELECT `a1`", "SELECT `a2`"),
        ("SELECT 1e0", "SELECT 2e0"),
        ("SELECT .5", "SELECT .6"),
        ("SELECT 0x1F", "SELECT 0x2F"),
        ("SELECT x'41'", "SELECT y'41'"),
        ("SELECT @1", "SELECT @2"),
        ("SELECT a.1", "SELECT a.2"),
        ("SELECT a WHERE b IN (1, 2)", "SELECT a WHERE b IN (1, 'x')"),
        ("SELECT a WHERE b IN (1, c)", "SELECT a WHERE b IN (1, 2)"),
        ("INSERT INTO t VALUES (1, a)", "INSERT INTO t VALUES (1, 2)"),
        ("SELECT /* x */ 1", "SELECT /* y */ 1"),
        ("SELECT 'a' 'b'", "SELECT 'a'"),
    ],
)
def test_keys_that_differ(one: str, other: str) -> None:
    assert not same(one, other)


def test_no_key() -> None:
    assert fast_digest(b"SELECT '\0'", CTX) is None
    assert fast_digest(b"SELECT '" + b"x" * MAX_KEYED + b"'", CTX) is None
    assert fast_digest(b"SELECT \1", CTX) is None


def test_modes_of_the_lexer() -> None:
    assert not same('SELECT "a"', 'SELECT "b"', ANSI)
    assert not same('SELECT "a ""\'"', 'SELECT "b ""\'"', ANSI)
    assert same("SELECT 'a'", "SELECT 'b'", ANSI)
    # Without backslash escapes 'a\' ends at its backslash, and what follows is no string.
    assert not same("SELECT 'a\\', b, 'c'", "SELECT 'a\\', d, 'c'", NO_ESCAPES)
    assert same("SELECT 'a\\', b, 'c'", "SELECT 'a\\', d, 'c'")
    assert same("SELECT 'a''b\\'", "SELECT 'c'", NO_ESCAPES)
    assert same(
        "SELECT 'a\\'", "SELECT 'b'", LexContext(2, 101106, ansi_quotes=True, no_backslash_escapes=True)
    )


SAME_DIGEST = [
    ("SELECT a FROM t WHERE b=1", "select  a from/**/t where B = 2"),
    ("SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (1,2,-3,NULL)"),
    ("INSERT INTO t VALUES (1,'x'),(2,'y')", "INSERT INTO t VALUES (1,'x')"),
    ("SELECT 'a' -- x", "SELECT 'b'"),
]


@pytest.mark.parametrize(("one", "other"), SAME_DIGEST)
def test_digests_alike(one: str, other: str) -> None:
    if "b=1" in one:
        other = other.replace("B", "b")
    assert digest(lexed(one)) == digest(lexed(other))
    assert len(digest(lexed(one))) == 32


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("SELECT a", "SELECT b"),
        ("SELECT 1", "SELECT 'x'"),
        ("SELECT 0x1", "SELECT 1"),
        ("SELECT b'1'", "SELECT 1"),
        ("SELECT `a`", "SELECT a"),
        ("SELECT @a", "SELECT @b"),
        ("SELECT @@a", "SELECT @@b"),
        ("SELECT t.a", "SELECT t.b"),
        ("SELECT a IN (1, b)", "SELECT a IN (1, 2)"),
        ("SELECT f(1)", "SELECT f(1, 2)"),
        ("INSERT INTO t VALUES (1),(a)", "INSERT INTO t VALUES (1),(2)"),
        ("SELECT a IN (1", "SELECT a IN (1)"),
        ("SELECT a IN (-1", "SELECT a IN (1)"),
        ("SELECT a IN (1 2)", "SELECT a IN (1)"),
        ("SELECT a IN (", "SELECT a IN (1)"),
        ("SELECT ?", "SELECT 1"),
    ],
)
def test_digests_apart(one: str, other: str) -> None:
    assert digest(lexed(one)) != digest(lexed(other))


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=60), st.booleans(), st.booleans())
def test_any_bytes(text: bytes, ansi: bool, plain: bool) -> None:
    ctx = LexContext(2, 101106, ansi_quotes=ansi, no_backslash_escapes=plain)
    key = fast_digest(text, ctx)
    assert key is None or isinstance(key, bytes)
