"""Outlines: what is left of a statement when what does not matter is gone. What they are compared for: test_shape.py."""

from __future__ import annotations

from dbgate.sql.outline import ANY_ASSIGNMENTS, ANY_LITERAL, ANY_TABLE, outline
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
