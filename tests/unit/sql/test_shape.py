"""Statement shapes: what does not matter, what does, and shapes that are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.sql.lexer import lex
from dbgate.sql.outline import LONGEST, outline
from dbgate.sql.shape import StatementPattern
from dbgate.sql.statement import Statement
from tests.rows import rows
from tests.unit.sql.lexed import CTX, lexed


def statement(text: str) -> Statement:
    tokens = lexed(text)
    end = len(tokens)
    return Statement("X", (), (), outline=outline(tokens, 0, end, CTX))


def matches(pattern: str, text: str) -> bool:
    return StatementPattern(pattern).matches(statement(text))


@rows(
    "text",
    [
        "DELETE FROM users WHERE 1=1",
        "delete/**/from `shop`.`users` where (1 = 1)",
        "DELETE LOW_PRIORITY QUICK IGNORE FROM t AS x WHERE ((1=1)) LIMIT 5",
        "DELETE u FROM users AS u WHERE 1=1",
        "DELETE u.* FROM users u WHERE 1=1",
        "DELETE FROM u USING users u WHERE 2=2",
        "DELETE FROM t WHERE TRUE",
        "DELETE FROM t WHERE a=5 OR 'a'='a'",
        "DELETE FROM t PARTITION (p0, p1) WHERE 1=1",
        "DELETE FROM t WHERE 1=1 ORDER BY f(a) RETURNING a",
        "WITH x AS (SELECT 1) DELETE FROM t WHERE 1=1",
        "EXPLAIN DELETE FROM t WHERE 1=1",
        "ANALYZE FORMAT=JSON DELETE FROM t WHERE 1=1",
        "SET STATEMENT max_statement_time=1 FOR DELETE FROM t WHERE 1=1",
    ],
)
def test_a_deletion_of_everything(text: str) -> None:
    assert matches("DELETE FROM * WHERE 1=1", text)


@rows(
    "text",
    [
        "DELETE FROM t",
        "DELETE FROM t WHERE a=5",
        "DELETE FROM t WHERE 1=1 AND a=5",
        "DELETE a FROM a JOIN b ON a.x=b.x WHERE 1=1",
        "DELETE a, b FROM a, b WHERE 1=1",
        "DELETE FROM a, b USING a, b WHERE 1=1",
        "DELETE FROM a USING (SELECT 1) x WHERE 1=1",
        "UPDATE t SET a=1 WHERE 1=1",
        "SELECT 1",
        "",
        "WITH x",
        "(",
    ],
)
def test_not_a_deletion_of_everything(text: str) -> None:
    assert not matches("DELETE FROM * WHERE 1=1", text)


@rows(
    ("pattern", "text"),
    [
        ("SELECT * FROM *", "select * from shop.t"),
        ("SELECT * FROM shop.*", "(SELECT * FROM t)"),
        ("SELECT * FROM users WHERE id = ?", "SELECT * FROM shop.users u WHERE u.`id` = 5"),
        ("SELECT * FROM users WHERE id = ?", "SELECT * FROM users WHERE id = ?"),
        ("SELECT * FROM users WHERE name = ?", "SELECT * FROM users WHERE name = 'x'"),
        ("UPDATE * SET * WHERE 1=1", "UPDATE shop.users x SET a=1, b=f(2) WHERE 1"),
        ("UPDATE * SET *", "UPDATE t SET a=1"),
        ("UPDATE * SET * WHERE 1=1 LIMIT 5", "UPDATE t SET a=1 WHERE 1=1 LIMIT 5"),
        ("DROP TABLE *;", "DROP TABLE IF EXISTS a.b"),
        ("TRUNCATE *", "TRUNCATE TABLE x"),
        ("TRUNCATE TABLE *", "TRUNCATE x"),
        ("SELECT a FROM * WHERE (b=1 AND c='x')", "SELECT a AS z FROM t WHERE b=1 and c = 'x'"),
        ("SELECT a FROM * WHERE (b=1 OR c=2) AND d=3", "SELECT a FROM t WHERE ((b=1) OR (c=2)) AND (d=3)"),
        ("SELECT a FROM * WHERE b=1 OR c=2", "SELECT a FROM t WHERE (((b=1 OR c=2)))"),
        ("SELECT a FROM * WHERE (b=1 OR c=2) AND d=3", "SELECT a FROM t WHERE (((b=1 OR c=2))) AND d=3"),
        ("INSERT INTO audit VALUES (?)", "INSERT IGNORE audit VALUES (1),(2)"),
        ("ALTER TABLE * DROP COLUMN x", "ALTER TABLE a.b DROP COLUMN `x`"),
        ("SELECT * FROM a JOIN b ON a.id=b.id", "SELECT * FROM s.a AS x JOIN s.b AS y ON (x.id = y.id)"),
        ("SELECT * FROM a, b WHERE a.id=b.id", "SELECT x.* FROM a x, b y WHERE x.id=y.id"),
        ("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b IN (1,2)"),
        ("SELECT `from` FROM t", "SELECT t.`FROM` FROM t"),
        ("UPDATE * SET * = ?", "UPDATE t SET a = 1, b = DEFAULT"),
        ("UPDATE * SET * = *", "UPDATE t SET a = b"),
        ("UPDATE * x SET * WHERE x.id = ?", "UPDATE t SET a = b WHERE id = 5"),
        ("SELECT * FROM * AS x, * y", "SELECT * FROM t, u z WHERE 1"),
        ("UPDATE * SET * = ?, * = ?", "UPDATE t SET a = 1"),
        ("UPDATE * SET *=? WHERE 1=1", "UPDATE t SET a=(SELECT b FROM u WHERE c=1), d=2 WHERE 2>1"),
        ("UPDATE * SET *", "UPDATE t SET a=(SELECT b FROM u WHERE c=1 ORDER BY d LIMIT 1)"),
        ("INSERT INTO * SET *", "INSERT INTO t SET a=1"),
        ("INSERT INTO * VALUES (?)", "INSERT INTO t VALUE (1), (2)"),
        ("INSERT INTO value VALUES (?)", "INSERT INTO value VALUES (1)"),
        # A WHERE that is always true is none.
        ("DELETE FROM *", "DELETE FROM t WHERE 1=1"),
        ("DELETE FROM *", "DELETE FROM t WHERE a=5 OR 1 LIMIT 1"),
        ("UPDATE * SET *", "UPDATE t SET a=1 WHERE id=id"),
        ("SELECT * FROM *", "SELECT * FROM t WHERE 'a'='a'"),
        ("SELECT a FROM * UNION SELECT b FROM *", "SELECT a FROM t WHERE 1 UNION SELECT b FROM t WHERE 2"),
        ("SELECT COUNT(*) FROM *", "SELECT count( * ) FROM t"),
    ],
)
def test_alike(pattern: str, text: str) -> None:
    assert matches(pattern, text)


@rows(
    ("pattern", "text"),
    [
        ("SELECT * FROM *", "SELECT * FROM t WHERE a=1"),
        ("SELECT * FROM *", "SELECT * FROM a, b"),
        ("SELECT * FROM *", "SELECT * FROM (SELECT 1) x"),
        ("SELECT * FROM users WHERE id = ?", "SELECT * FROM users WHERE id = a"),
        ("SELECT * FROM users WHERE id = 5", "SELECT * FROM users WHERE id = 6"),
        ("SELECT a FROM * WHERE (b=1 OR c=2) AND d=3", "SELECT a FROM t WHERE b=1 OR c=2 AND d=3"),
        ("UPDATE * SET * WHERE 1=1 LIMIT 5", "UPDATE t SET a=1 WHERE 1=1"),
        ("UPDATE * SET *", "UPDATE t SET a=1 WHERE b=2"),
        ("SELECT a FROM t)", "SELECT a FROM t"),
        ("DELETE FROM *", "DELETE FROM t WHERE a=5"),
        ("DELETE FROM *", "DELETE FROM t WHERE 1=1 AND a=5"),
        ("DELETE FROM * WHERE 1=1", "DELETE FROM t"),
        ("SELECT * FROM *", "SELECT * FROM t WHERE 1=1 LIMIT 5"),
        ("SELECT a FROM * WHERE b IN (SELECT c FROM *)", "SELECT a FROM t WHERE b"),
        ("INSERT INTO * VALUES (?)", "INSERT INTO t (a) VALUES (1)"),
        ("DROP TABLE *", ""),
    ],
)
def test_not_alike(pattern: str, text: str) -> None:
    assert not matches(pattern, text)


@rows(
    ("text", "message"),
    [
        ("DROP", "alone"),
        ("", "begins with"),
        ("foo bar", "begins with"),
        ("DELETE FROM log_* WHERE 1=1", "not a pattern"),
        ("SELECT 1; SELECT 2", "one statement"),
        ("DELETE FROM 'x", "not closed"),
        ("UPDATE * SET *, a = 1", "any assignments"),
        ("UPDATE * SET * = ?, a = 1", "any assignments"),
        ("UPDATE * SET * = ? = ?, *, ?", "any assignments"),
        ("SELECT * FROM users WHERE * = ?", "of no meaning"),
        ("SELECT * FROM users WHERE id = *", "of no meaning"),
        ("SELECT * FROM * ORDER BY *", "of no meaning"),
        ("INSERT INTO * (*) VALUES (?)", "of no meaning"),
        ("DROP TABEL *", "DROP of what.* not 'TABEL'"),
    ],
)
def test_no_shape(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StatementPattern(text)


def test_whether_a_shape_reads_literals() -> None:
    assert not StatementPattern("DELETE FROM * WHERE 1=1").reads_literals
    assert not StatementPattern("SELECT a FROM t WHERE b=?").reads_literals
    assert StatementPattern("SELECT a FROM t WHERE b=5").reads_literals


@rows(
    ("pattern", "text"),
    [
        ("DROP TABLE", "DROP TABLE a.b, c CASCADE"),
        ("DROP TABLE *", "DROP TEMPORARY TABLE IF EXISTS a NOWAIT"),
        ("ALTER TABLE * DROP COLUMN", "ALTER TABLE a.b DROP COLUMN c, ADD d INT"),
        ("INSTALL PLUGIN", "INSTALL PLUGIN x SONAME 'y'"),
        ("GRANT ALL", "GRANT ALL ON *.* TO x"),
    ],
)
def test_other_statements_are_told_by_their_beginning(pattern: str, text: str) -> None:
    assert matches(pattern, text)
    assert not StatementPattern(pattern).whole


def test_outlines_are_bounded() -> None:
    assert len(statement("SELECT " + ", ".join("a" for _ in range(5000))).outline) <= LONGEST + 4
    many = ", ".join("a=b" for _ in range(3000))
    assert matches("UPDATE * SET * WHERE 1=1", f"UPDATE t SET {many} WHERE 1=1")
    assert not matches("UPDATE * SET * WHERE 1=1", f"UPDATE t SET {many} WHERE a=1")
    inside = f"UPDATE t SET a=((SELECT {many.replace('=', '+')} FROM u WHERE c=1)), b=1 WHERE"
    assert matches("UPDATE * SET * WHERE 1=1", f"{inside} 1=1")
    assert not matches("UPDATE * SET * WHERE 1=1", f"{inside} a=1")
    assert len(statement(f"UPDATE t SET a={'(' * 5000}1{')' * 5000}").outline) <= LONGEST + 4


@given(st.binary(max_size=60), st.sampled_from([b"", b"DELETE FROM t WHERE ", b"SELECT a FROM "]))
def test_any_bytes(text: bytes, before: bytes) -> None:
    tokens = lex(before + text, CTX)
    items = outline(tokens, 0, len(tokens), CTX)
    assert all(items)


pieces = st.sampled_from(
    ["DELETE FROM", "UPDATE", "SELECT", "INSERT INTO", "DROP", "CREATE", "TABLE", "SET", "WHERE", "VALUES", "*", "* = ?", "?",
     ",", "(", ")", "=", "a", "a.b", "t.*", "`x y`", "'s'", "1", "OR REPLACE", "DEFINER =", "IF NOT EXISTS", "\ud800"]
)  # fmt: skip


@given(st.lists(pieces, max_size=12), st.text(max_size=10))
def test_any_text_is_a_shape_or_refused(words: list[str], text: str) -> None:
    try:
        pattern = StatementPattern(" ".join([*words, text]))
    except ValueError:
        return
    assert all(pattern.items)
    pattern.matches(statement(pattern.example.decode("utf-8", "replace")))
