"""The server's own schemas beside an application's rows."""

from __future__ import annotations

from dbgate.sql.injection_schemas import counted_product, heavy_join, metadata_beside_rows
from tests.rows import rows
from tests.unit.sql.lexed import lexed


def beside(text: str) -> str:
    tokens = lexed(text)
    return metadata_beside_rows(tokens, 0, len(tokens))


@rows(
    "text",
    [
        "SELECT a FROM t WHERE b=(SELECT c FROM information_schema.tables)",
        "SELECT a FROM t WHERE b=1 UNION SELECT user FROM mysql.user",
        "INSERT INTO t VALUES ((SELECT 1 FROM `mysql`.`user`))",
        "UPDATE LOW_PRIORITY t SET a=(SELECT 1 FROM u JOIN sys.x)",
        "SELECT a FROM t WHERE b=1 AND @@version LIKE '5%'",
        "SELECT a FROM t WHERE b=1 AND @@global.datadir = 'x'",
    ],
)
def test_probes(text: str) -> None:
    assert beside(text)


@rows(
    "text",
    [
        "SELECT a FROM information_schema.tables WHERE b=(SELECT c FROM mysql.user)",
        "SELECT (SELECT COUNT(*) FROM information_schema.tables)",
        "INSERT INTO s SELECT a FROM information_schema.tables",
        "SELECT a FROM (SELECT b FROM information_schema.tables) x",
        "SELECT mysql.a, x.sys.y FROM mysql WHERE (mysql.b = 1)",
        "SELECT f(@@time_zone), a FROM t WHERE b > f(@@global.time_zone)",
        "SELECT @@version LIKE '5%'",
        "SELECT a FROM t WHERE (SELECT b, x.mysql.c FROM u)",
        "SELECT a FROM",
    ],
)
def test_honest(text: str) -> None:
    assert beside(text) == ""


def test_heavy_join() -> None:
    tokens = lexed("SELECT COUNT(*) FROM information_schema.columns A, information_schema.columns B")
    assert heavy_join(tokens, 0, len(tokens))
    tokens = lexed(
        "SELECT 1 FROM information_schema.columns A, information_schema.tables B, information_schema"
    )
    assert heavy_join(tokens, 0, len(tokens)) == ""
    tokens = lexed("SELECT 1 FROM information_schema.columns A JOIN information_schema.columns B ON A.x=B.x")
    assert heavy_join(tokens, 0, len(tokens)) == ""


@rows(
    "text",
    [
        "SELECT COUNT(*) FROM t a, t b, t c",
        "SELECT a FROM t WHERE b=1 AND (SELECT COUNT(*) FROM s.t AS a, s.t AS b, `T` c)",
        "SELECT COUNT(a.b) FROM t a CROSS JOIN t b JOIN t c",
        "SELECT COUNT(*) FROM t, t b, t c LIMIT 1",
        "SELECT COUNT(*) FROM t a, t b, t c WHERE 1",
        "SELECT a FROM t WHERE b = 1 AND (SELECT COUNT(*) FROM t a, t b, t c WHERE 1=1)",
        "SELECT a FROM t WHERE b = 1 AND (SELECT SUM(a.x) FROM t a, u b, v c)",
        "SELECT a FROM t WHERE b = 1 AND (SELECT MAX(a.x) FROM t a, t b, t c)",
        "SELECT a FROM t WHERE b = 1 AND (SELECT COUNT(*) FROM t, u, v)",
    ],
)
def test_counted_products(text: str) -> None:
    tokens = lexed(text)
    assert counted_product(tokens, 0, len(tokens))


@rows(
    "text",
    [
        "SELECT COUNT(*) FROM t a, t b",
        "SELECT COUNT(*) FROM t a, t b, t c WHERE a.x = b.x",
        "SELECT COUNT(*) FROM t a JOIN t b ON a.x = b.x JOIN t c ON b.x = c.x",
        "SELECT COUNT(*) FROM t a JOIN t b USING (x) JOIN t c USING (x)",
        "SELECT a.n + b.n * 10 + c.n * 100 FROM t a, t b, t c",
        "SELECT MAX(x) FROM t a, t b, t c",
        "SELECT COUNT(*) FROM a, b, c",
        "SELECT COUNT(*) FROM (SELECT 1) x",
        "SELECT COUNT(*) FROM t a,",
        "SELECT COUNT(*) FROM t a, t b, t c WHERE",
        "SELECT COUNT(*) FROM t a, t b, t c WHERE 1 < a.x",
        "SELECT (SELECT COUNT(*) FROM t), (SELECT SUM(x) FROM u, v)",
        "SELECT a FROM t WHERE (SELECT SUM(x) FROM t, u, v WHERE t.id = u.id AND u.id = v.id) > 5",
    ],
)
def test_other_joins(text: str) -> None:
    tokens = lexed(text)
    assert counted_product(tokens, 0, len(tokens)) == ""
