"""Frames, and the scope of common table expressions."""

from __future__ import annotations

from dbgate.sql.facts import Facts
from dbgate.sql.frames import Frames
from dbgate.sql.lexer import lex
from dbgate.sql.modes import EXPR, TABLES
from dbgate.sql.statement import LexContext
from tests.rows import rows
from tests.unit.sql.contexts import MA, MY, error, needs

U = "SELECT shop.users"
S = "SELECT shop.secret"


@rows(
    ("sql", "expected"),
    [
        ("WITH t AS (SELECT * FROM users) SELECT * FROM t, t AS u", U),
        ("WITH t AS (SELECT 1) (SELECT * FROM users)", U),
        ("SELECT * FROM users `u` JOIN secret v", f"{S}; {U}"),
        ("UPDATE users SET .a.b = 1, c = 2", "UPDATE shop.users"),
        ("SELECT CAST(a AS CHAR) AS `b`, 1 AS 'c' FROM users", U),
        ("WITH secret AS (SELECT * FROM secret) SELECT * FROM secret", S),
        ("WITH a AS (SELECT * FROM users), b AS (SELECT * FROM a) SELECT * FROM b", U),
        ("WITH a AS (SELECT * FROM b), b AS (SELECT * FROM users) SELECT * FROM b", f"SELECT shop.b; {U}"),
        ("WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n FROM t) SELECT n FROM t, users", U),
        (
            "WITH RECURSIVE t AS (WITH u AS (SELECT 1) SELECT * FROM u), v AS (SELECT 1 UNION SELECT * FROM v) SELECT * FROM v, users",
            U,
        ),
        ("SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret) t, secret", S),
        (
            "SELECT (WITH secret AS (SELECT 1 a) SELECT a FROM secret) FROM users UNION SELECT s FROM secret",
            f"{S}; {U}",
        ),
        ("WITH secret AS (SELECT 1) SELECT * FROM (SELECT * FROM secret) b, secret, users", U),
        (
            "WITH a AS (SELECT 1), b AS (SELECT * FROM (WITH c AS (SELECT 1), d AS (SELECT * FROM c) SELECT * FROM d, a) e) SELECT * FROM b, a, users",
            U,
        ),
        ("WITH t AS (SELECT 1) SELECT * FROM shop.t", "SELECT shop.t"),
        ("WITH t AS (SELECT 1) SELECT * FROM .t", "SELECT shop.t"),
        (
            "WITH t AS (SELECT 1), u (a, b) AS (SELECT 1, 2) SELECT * FROM users WHERE a IN (SELECT * FROM t)",
            U,
        ),
        ("WITH t AS (SELECT * FROM users) SELECT 1 UNION SELECT * FROM t", U),
        ("WITH RECURSIVE t AS (SELECT 1) CYCLE a, b RESTRICT SELECT * FROM t, users", U),
        ("SELECT * FROM users WITH ROLLUP", U),
        ("SELECT * FROM users AS a JOIN secret `b`", f"{S}; {U}"),
        ("UPDATE users AS a SET a.b = 1", "UPDATE shop.users"),
        ("SELECT * FROM (SELECT 1 FROM users) AS t JOIN secret AS 'x'", f"{S}; {U}"),
        ("SELECT t.a FROM users FOR SYSTEM_TIME ALL AS t, secret u more", f"{S}; {U}"),
        (
            "SELECT NTH_VALUE(a, 1) FROM FIRST OVER (), NTH_VALUE(a, 1) FROM LAST RESPECT NULLS OVER () FROM users",
            U,
        ),
        ("SELECT {fn ABS(a)} FROM {oj users}", U),
        ("SELECT MAX(1) FROM first", "SELECT shop.first"),
    ],
)
def test_scopes(sql: str, expected: str) -> None:
    assert needs(sql) == expected


@rows(
    "sql",
    [
        "WITH secret AS (SELECT 1) SELECT * FROM (WITH b AS (SELECT * FROM secret) SELECT * FROM b) t, secret, users",
        "WITH secret AS (SELECT 1) SELECT (WITH b AS (SELECT * FROM secret) SELECT 1) FROM users",
        "WITH secret AS (SELECT 1) SELECT (WITH secret AS (SELECT * FROM secret) SELECT * FROM secret) FROM users",
        "WITH secret AS (SELECT 1), b AS (SELECT * FROM (WITH c AS (SELECT * FROM secret) SELECT 1) d) SELECT * FROM b, secret, users",
        "WITH secret AS (SELECT 1), b AS (WITH c AS (SELECT * FROM secret) SELECT 1) SELECT * FROM b, secret, users",
        "WITH secret AS (SELECT 1) SELECT * FROM users WHERE 1 IN (WITH b AS (SELECT 1), c AS (SELECT (SELECT 1 FROM secret)) SELECT 1)",
    ],
)
def test_mariadb_does_not_see_a_with_around_a_with(sql: str) -> None:
    assert needs(sql, MA) == f"{S}; {U}"
    assert needs(sql, MY) == U


def test_case_of_names() -> None:
    sql = "WITH Secret AS (SELECT 1 FROM users) SELECT * FROM secret"
    assert needs(sql, MA) == U
    assert needs(sql, MY) == f"{S}; {U}"
    assert needs(sql, LexContext(MY.flavour, MY.version, fold_names=True)) == U


@rows(
    "sql",
    [
        "WITH t AS", "WITH t AS SELECT 1", "WITH t AS (SELECT 1)", "WITH t AS (SELECT 1),", "WITH t AS (SELECT 1) x SELECT 1",
        "SELECT (", "SELECT (SELECT 1 FROM )", "SELECT * FROM users u WITH x AS (SELECT 1)", "SELECT * FROM WITH", "WITH t AS ()",
        "SELECT {1} FROM users", "UPDATE users SET 1", "UPDATE users SET a = 1, 2", "WITH recursive AS (SELECT 1) SELECT 1", "WITH t AS 'x'",
    ],
)  # fmt: skip
def test_refused(sql: str) -> None:
    assert error(sql) != "" or sql == "WITH t AS ()"


def frames(sql: str) -> Frames:
    return Frames(Facts(lex(sql.encode(), MA), MA, "shop"))


def test_names_in_scope_are_counted() -> None:
    one = frames("a")
    one.show("a")
    one.show("a")
    one.hide("a")
    assert "a" in one.visible
    one.hide("a")
    assert "a" not in one.visible


def test_depth_counts_queries() -> None:
    one = frames("(")
    one.mode = TABLES
    one.open(0)
    one.enter_query()
    one.enter_query()
    assert (one.depth, one.selects) == (1, 2)
    one.mode = EXPR
    one.close()
    assert one.depth == 0
