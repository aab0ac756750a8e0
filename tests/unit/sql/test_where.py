from __future__ import annotations

from dbgate.sql.lexer import lex
from dbgate.sql.statement import MARIADB
from dbgate.sql.where import filters
from tests.rows import rows
from tests.unit.sql.contexts import MA


def can_be_false(condition: str, pipes: bool = False) -> bool:
    tokens = lex(condition.encode(), MA)
    assert tokens.error == ""
    return filters(tokens, 0, len(tokens), MARIADB, pipes)


@rows(
    "condition",
    [
        "id = 1", "id", "`id`", "a.id = 1", "id = 1 AND 1 = 1", "1 = 0", "0", "FALSE", "NULL", "id = 5 OR 1 = 0",
        "1 = 1 AND id = 2", "NOT 1", "NOT TRUE", "(id = 1)", "((1 = 1) AND (id = 1))", "id IN (1, 2)", "f(id)",
        "id BETWEEN 1 AND 2", "id BETWEEN 1 AND 2 AND 1 = 1", "EXISTS (SELECT 1 FROM t WHERE t.a = u.a)", "id <> id",
        "CASE WHEN id = 1 THEN 1 ELSE 0 END", "CASE WHEN a OR b THEN 0 END", "1 > 2", "'a' = 'b'", "id = 1 XOR 1 = 1",
        "(id) = (1)", "'0'", "0x00", "1 < 1", "2 <= 1", "1 >= 2", "1 <> 1", "'a' || id", "! 1", "id = 1 && 1",
        "(a OR b) + 1", ") id", "(id) = (id2)", "name COLLATE utf8mb4_bin = 'x'", "day = 5", "name SOUNDS LIKE 'a'",
    ],
)  # fmt: skip
def test_filters(condition: str) -> None:
    assert can_be_false(condition)


@rows(
    "condition",
    [
        "1", "1 = 1", "TRUE", "'1'", "1 = 1 OR id = 2", "id = 2 OR 1", "NOT 0", "NOT FALSE", "(1)", "((1 = 1))",
        "(1 = 1) AND (2 = 2)", "id = id", "a.id = a.id", "'a' = 'A'", "'a' <=> 'a'", "1 < 2", "2 > 1", "1 <= 1",
        "1 >= 1", "1 <> 2", "1 != 2", "'a' < 'b'", "'x' LIKE '%'", "name LIKE name", "@a = 1", "? = 1", "1 = ?",
        "1 IN (1, 2)", "1 BETWEEN 0 AND 2", "1 XOR 0", "'1abc'", "0x01", "b'1'", "1.5e0", "-1", "1 || 0", "1 && 1",
        "id = 1 OR (2 = 2 AND 1)", "NOT (id = 1 AND 1 = 0) OR 1", "PI() > 3", "! 0", "'a' LIKE 'b'", "1 LIKE 1",
        "NULL IS NULL", "@a = 1 AND @b = 2", "'  7'", "'.'='.'", "1=1 XOR 1=1",
        "(id) = (id)", "LOWER(id) = LOWER(id)", "CASE WHEN 1 THEN 1 END", "DATE '2024-01-01'", "1 COLLATE utf8mb4_bin",
        "1 COLLATE `utf8mb4_bin`", "'a' SOUNDS LIKE 'a'", "NOW() > NOW() - INTERVAL 1 DAY", "_latin1'1' = 1",
    ],
)  # fmt: skip
def test_does_not(condition: str) -> None:
    if condition == "'.'='.'":
        assert not can_be_false(condition)
        return
    assert not can_be_false(condition)


def test_pipes() -> None:
    assert can_be_false("0 || id", True)
    assert not can_be_false("1 || id")


def test_a_literal_that_is_no_number() -> None:
    assert can_be_false("'abc'") and can_be_false("'.e'")


def test_depth_costs_nothing() -> None:
    assert not can_be_false("(" * 5000 + "1" + ")" * 5000)
    assert can_be_false("(" * 5000 + "id" + ")" * 5000)


def test_a_long_literal_is_not_computed() -> None:
    text = "'" + "1" * 70_000 + "' = '2'"
    tokens = lex(text.encode(), MA)
    assert not filters(tokens, 0, len(tokens), MARIADB, False)
