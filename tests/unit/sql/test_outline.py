"""Outlines: what is left of a statement when what does not matter is gone. What they are compared for: test_shape.py."""

from __future__ import annotations

import pytest

from dbgate.sql.outline import ANY_ASSIGNMENTS, ANY_LITERAL, ANY_NAME, ANY_TABLE, LONGEST, outline
from tests.rows import rows
from tests.unit.sql.lexed import CTX, lexed


def items(text: str, pattern: bool = False) -> str:
    tokens = lexed(text)
    return " ".join(outline(tokens, 0, len(tokens), CTX, [] if pattern else None)).replace("\0", "!")


@rows(
    ("text", "left"),
    [
        ("select a /* x */ from Shop.`Users` u where (u.id = 5)", "SELECT A FROM .USERS WHERE ID = 5"),
        ("INSERT LOW_PRIORITY IGNORE INTO t VALUE (1), (2)", "INSERT .T VALUES"),
        ("EXPLAIN WITH x AS (SELECT 1) DELETE FROM t WHERE 1 LIMIT 2", "DELETE FROM .T WHERE 1 = 1 LIMIT 2"),
        ("SELECT 'A', `select`, a.b FROM t AS x", "SELECT 'A , `SELECT , B FROM .T"),
        ("", ""),
    ],
)
def test_of_statements(text: str, left: str) -> None:
    assert items(text) == left


@rows(
    ("text", "left"),
    [
        ("DELETE FROM * WHERE 1=1", f"DELETE FROM {ANY_TABLE} WHERE 1 = 1"),
        (
            "UPDATE * SET * = ? WHERE id = ?",
            f"UPDATE {ANY_TABLE} SET {ANY_ASSIGNMENTS} WHERE ID = {ANY_LITERAL}",
        ),
        ("SELECT *, COUNT(*) FROM shop.*", f"SELECT * , COUNT ( * ) FROM {ANY_TABLE}"),
    ],
)
def test_of_shapes(text: str, left: str) -> None:
    assert items(text, True) == left.replace("\0", "!")


@rows(
    ("text", "left"),
    [
        ("(SELECT a FROM t)", "SELECT A FROM .T"),
        ("SELECT a FROM t PARTITION (p0, p1) WHERE b = 1", "SELECT A FROM .T WHERE B = 1"),
        ("DROP TABLE IF EXISTS t", "DROP TABLE .T"),
        ("INSERT INTO t PARTITION (p0) VALUES (1)", "INSERT .T VALUES"),
        ("SET STATEMENT max_statement_time = 1 FOR SELECT a FROM t", "SELECT A FROM .T"),
        ("EXPLAIN t", "EXPLAIN T"),
        ("WITH x", "WITH X"),
        ("DELETE u FROM users AS u WHERE u.id = 1", "DELETE FROM .USERS WHERE ID = 1"),
        ("DELETE FROM u USING users AS u WHERE u.id = 1", "DELETE FROM .USERS WHERE ID = 1"),
        ("DELETE u FROM (SELECT 1) x", "DELETE U FROM ( SELECT 1 ) X"),
        ("SELECT a) FROM t", "SELECT A ) FROM .T"),
        ("SELECT u.* FROM t", "SELECT * FROM .T"),
        ("SELECT a FROM t WHERE (((a = 1 OR b = 2)))", "SELECT A FROM .T WHERE A = 1 OR B = 2"),
        ("SELECT 1e5, `where`, ? FROM t", "SELECT 1E5 , `WHERE , ? FROM .T"),
        (
            "SELECT a FROM t WHERE ((a = 1 OR b = 2) AND (c = 3))",
            "SELECT A FROM .T WHERE ( A = 1 OR B = 2 ) AND C = 3",
        ),
    ],
)
def test_what_does_not_matter_is_gone(text: str, left: str) -> None:
    assert items(text) == left


@rows(
    ("text", "left"),
    [
        ("UPDATE t SET * = ?", f"UPDATE .T SET {ANY_ASSIGNMENTS}"),
        (
            "UPDATE t SET * = ?, * = ? WHERE id = ?",
            f"UPDATE .T SET {ANY_ASSIGNMENTS} WHERE ID = {ANY_LITERAL}",
        ),
        ("ALTER TABLE * DROP COLUMN *", f"ALTER TABLE {ANY_NAME} DROP COLUMN {ANY_NAME}"),
        ("DELETE FROM shop.*", f"DELETE FROM {ANY_TABLE}"),
    ],
)
def test_what_a_star_stands_for(text: str, left: str) -> None:
    assert items(text, True) == left.replace("\0", "!")


@rows(
    ("text", "why"),
    [
        ("UPDATE t SET *, a = 1", "behind SET"),
        ("SELECT * FROM t WHERE a = *", "of no meaning"),
        ("SELECT a FROM f(*)", "of no meaning"),
        ("SELECT a FROM t LIMIT *", "of no meaning"),
        ("SELECT a FROM shop.u*", "not a pattern"),
    ],
)
def test_a_star_that_stands_for_nothing(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        items(text, True)


def test_of_the_longest_what_decides_is_kept() -> None:
    many = ", ".join(["a = 1"] * LONGEST)
    assert items(f"UPDATE t SET {many} WHERE b = 1").endswith("WHERE B = 1")
    assert items(f"UPDATE t SET {many}").startswith("UPDATE .T SET ")
    assert len(items(f"SELECT {', '.join(['a'] * LONGEST)} FROM t").split()) < 2 * LONGEST
