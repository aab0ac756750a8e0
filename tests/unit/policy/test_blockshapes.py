"""Shapes in block_statements that can never match."""

from __future__ import annotations

from dbgate.policy.blockshapes import never_matches, no_statement
from dbgate.sql.shape import StatementPattern
from tests.rows import rows


@rows(
    ("shape", "statement"),
    [
        ("DELETE FROM * WHERE 1=1", "DELETE FROM t WHERE 1=1"),
        ("UPDATE * SET * = ?, *=? WHERE id = ?", "UPDATE t SET a = 1 WHERE id = ?"),
        ("INSERT INTO users VALUES (?)", "INSERT INTO users VALUES (?)"),
        ("SELECT *, COUNT(*) FROM shop.*, b", "SELECT *, COUNT(*) FROM shop.t, b"),
        (
            "SELECT `a b` FROM t WHERE x = 'it''s' AND y > .5;",
            "SELECT `a b` FROM t WHERE x = 'it''s' AND y > .5;",
        ),
        ("SELECT @@session.a INTO @x FROM t AS u", "SELECT @@session.a INTO @x FROM t AS u"),
        ("DROP TABLE *", "DROP TABLE t"),
    ],
)
def test_what_is_made_of_a_shape_has_it(shape: str, statement: str) -> None:
    pattern = StatementPattern(shape)
    assert pattern.example.decode() == statement
    assert (never_matches(pattern), no_statement(pattern)) == ("", "")


def test_what_no_server_takes() -> None:
    pattern = StatementPattern("DELETE FROM")
    assert (never_matches(pattern), no_statement(pattern)) == ("", "a name was expected")


def test_what_does_not_have_its_own_shape() -> None:
    pattern = StatementPattern("SELECT 1")
    pattern.example = b"SELECT 2"
    assert never_matches(pattern) == "SELECT 2"
