"""The fast key and the digest: what they fold, what they keep apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql import digest as module
from dbgate.sql.digest import MAX_KEYED, digest, fast_digest, joined_digest
from dbgate.sql.statement import LexContext
from tests.rows import rows
from tests.unit.sql.lexed import ANSI, CTX, NO_ESCAPES, lexed


def same(one: str, other: str, ctx: LexContext = CTX) -> bool:
    return fast_digest(one.encode(), ctx) == fast_digest(other.encode(), ctx)


@rows(
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


@rows(
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
    ("SELECT a FROM t WHERE b=1", "select  a from/**/t where b = 2;;"),
    ("SELECT a FROM t WHERE b IN (1)", "SELECT a FROM t WHERE b IN (1,2,-3,NULL)"),
    ("INSERT INTO t VALUES (1,'x'),(2,'y')", "INSERT INTO t VALUES (1,'x')"),
    ("SELECT 'a' -- x", "SELECT 'b'"),
    # Kinds of literals, and the placeholders of a prepared statement.
    ("SELECT 1", "SELECT 'x'"),
    ("SELECT 0x1", "SELECT b'1'"),
    ("SELECT a FROM t WHERE b = ?", "SELECT a FROM t WHERE b = 'x'"),
    ("SELECT a FROM t WHERE b IN (?, ?) LIMIT ?", "SELECT a FROM t WHERE b IN ('x') LIMIT 5"),
    ("INSERT INTO t VALUES (?, ?)", "INSERT INTO t VALUES (1, X'00'), (NULL, DEFAULT)"),
    # Signs and constants in a literal's place.
    ("SELECT a FROM t WHERE b = -1", "SELECT a FROM t WHERE b = +2.5"),
    ("-1", "1"),
    ("UPDATE t SET a = NULL, b = TRUE WHERE c = 1", "UPDATE t SET a = 1, b = 'x' WHERE c = -1"),
    ("UPDATE t SET a = NULL", "UPDATE t SET a = 1"),
    # Rows and lists of more than literals.
    ("INSERT INTO t VALUES (1, NOW())", "INSERT INTO t VALUES (1, NOW()), (2, NOW()), ('x', NOW())"),
    ("INSERT INTO t VALUES (1, NOW()), (2, 3)", "INSERT INTO t VALUES (1, 2), (2, NOW()), (4, 5)"),
    (
        "SELECT a FROM t WHERE (b, c) IN ((1, 2))",
        "SELECT a FROM t WHERE (b, c) IN ((1, 2), (?, ?), ('x', NULL))",
    ),
    (
        "INSERT INTO t VALUES (1) ON DUPLICATE KEY UPDATE a = VALUES(a)",
        "INSERT INTO t VALUES (1), (2) ON DUPLICATE KEY UPDATE a = VALUES(a)",
    ),
]


def test_the_loop_and_the_pattern_make_one_key(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [text.encode() for pair in SAME_DIGEST for text in pair]
    by_pattern = [fast_digest(text, CTX) for text in texts]
    monkeypatch.setattr(module, "_LOOPS", True)  # as it is where the module is compiled
    assert [fast_digest(text, CTX) for text in texts] == by_pattern


@rows(("one", "other"), SAME_DIGEST)
def test_digests_alike(one: str, other: str) -> None:
    assert digest(lexed(one)) == digest(lexed(other))
    assert len(digest(lexed(one))) == 32


@rows(
    ("one", "other"),
    [
        ("SELECT a", "SELECT b"),
        ("SELECT `a`", "SELECT a"),
        ("SELECT @a", "SELECT @b"),
        ("SELECT @@a", "SELECT @@b"),
        ("SELECT t.a", "SELECT t.b"),
        ("SELECT a IN (1, b)", "SELECT a IN (1, 2)"),
        ("SELECT f(1)", "SELECT f(1, 2)"),
        ("INSERT INTO t VALUES (1),(a)", "INSERT INTO t VALUES (1),(2)"),
        ("INSERT INTO t VALUES (1),(SELECT 1 FROM s)", "INSERT INTO t VALUES (1),(1)"),
        ("SELECT a IN (1", "SELECT a IN (1)"),
        ("SELECT a IN (-1", "SELECT a IN (1)"),
        ("SELECT a IN (1 2)", "SELECT a IN (1)"),
        ("SELECT a IN (", "SELECT a IN (1)"),
        ("SELECT a IN ((1), b)", "SELECT a IN ((1))"),
        ("VALUES (1), (NOW()", "VALUES (1)"),
        ("SELECT a - 1", "SELECT a"),
        ("SELECT a - 1", "SELECT a + 1"),
        ("SELECT a WHERE b = 1 OR 1 = 1", "SELECT a WHERE b = 1"),
        ("SELECT a WHERE b IS NULL", "SELECT a WHERE b IS NOT NULL"),
        ("SELECT a FROM t LIMIT 1", "SELECT a FROM t LIMIT 1, 1"),
        ("SELECT 1; SELECT 1", "SELECT 1"),
    ],
)
def test_digests_apart(one: str, other: str) -> None:
    assert digest(lexed(one)) != digest(lexed(other))


def test_the_digest_of_a_text_that_runs_another() -> None:
    one = digest(lexed("SELECT 1"))
    assert joined_digest(one, [one]) not in (one, joined_digest(one, [one, one]))
    assert len(joined_digest(one, [one])) == 32


LITERALS = st.sampled_from(["1", "-7", "2.5", "'x'", "'it''s'", "''", "0x41", "NULL", "TRUE", "DEFAULT", "?"])


@given(st.lists(LITERALS, min_size=1, max_size=9), LITERALS, LITERALS, st.integers(1, 5))
def test_any_literals_and_any_number_of_them_have_one_shape(
    items: list[str], one: str, other: str, rows: int
) -> None:
    listed = ", ".join(items)
    found = digest(lexed(f"SELECT a FROM t WHERE c IN ({listed})"))
    assert found == digest(lexed("SELECT a FROM t WHERE c IN (1)"))
    many = ", ".join([f"({listed})"] * rows)
    assert digest(lexed(f"INSERT INTO t VALUES {many}")) == digest(lexed(f"INSERT INTO t VALUES ({listed})"))
    calls = ", ".join([f"({one}, NOW())", f"({other}, NOW())"] * rows)
    assert digest(lexed(f"INSERT INTO t VALUES {calls}")) == digest(lexed("INSERT INTO t VALUES (1, NOW())"))
    assert digest(lexed(f"UPDATE t SET a = {one}, b = 1 WHERE c = 1")) == digest(
        lexed(f"UPDATE t SET a = {other}, b = 'x' WHERE c = 'y'")
    )


@given(st.binary(max_size=60), st.booleans(), st.booleans())
def test_any_bytes(text: bytes, ansi: bool, plain: bool) -> None:
    ctx = LexContext(2, 101106, ansi_quotes=ansi, no_backslash_escapes=plain)
    key = fast_digest(text, ctx)
    assert key is None or isinstance(key, bytes)
