"""The judge itself must be able to fail: each kind of miss, and each exception, on made-up openings."""

from __future__ import annotations

import random

import pytest

from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, MYSQL, LexContext
from tests.differential.grammar import Made, make
from tests.differential.judge import Behind, locks_rows, misses, refused, unopened
from tests.differential.truth import Opened
from tests.differential.world import behind

CTX = LexContext(MARIADB, 101119)


def judged(sql: str, *opened: tuple[str, str, str], known: Behind | None = None) -> list[str]:
    text = sql.encode()
    return misses(
        analyze(text, CTX, "shop"),
        [Opened(schema, table, event) for event, schema, table in opened],
        known or behind(),
        locks_rows(text, CTX),
    )


@pytest.mark.parametrize(
    ("sql", "opened", "count"),
    [
        ("SELECT * FROM a", [("READ", "shop", "a")], 0),
        ("SELECT * FROM a", [("READ", "shop", "b")], 1),
        ("SELECT * FROM a", [("READ", "vault", "a")], 1),
        ("SELECT * FROM a", [("WRITE", "shop", "a")], 1),
        ("SELECT * FROM a FOR UPDATE", [("WRITE", "shop", "a")], 0),
        ("SELECT * FROM a FOR UPDATE", [("WRITE", "shop", "b")], 1),
        ("INSERT INTO a SELECT * FROM b", [("WRITE", "shop", "a"), ("READ", "shop", "b")], 0),
        ("INSERT INTO a SELECT * FROM b", [("WRITE", "shop", "b"), ("READ", "shop", "a")], 2),
        ("UPDATE a, b SET a.x = 1", [("WRITE", "shop", "a"), ("WRITE", "shop", "b")], 1),
        ("SELECT * FROM v1", [("READ", "shop", "a"), ("READ", "vault", "k")], 0),
        ("SELECT * FROM v1", [("READ", "shop", "b")], 1),
        ("SELECT * FROM v2", [("READ", "shop", "a"), ("READ", "shop", "c")], 0),
        ("SELECT f1(1)", [("READ", "vault", "k"), ("READ", "mysql", "proc")], 0),
        ("SELECT f1(1)", [("READ", "shop", "b")], 1),
        ("SELECT 1", [("READ", "mysql", "user")], 1),
        ("SELECT 1", [("READ", "mysql", "proc")], 1),
        ("SELECT 1", [("WRITE", "mysql", "table_stats"), ("READ", "mysql", "time_zone_name")], 0),
        ("DROP DATABASE vault", [("DROP", "vault", "a")], 0),
        ("DROP DATABASE vault", [("DROP", "shop", "a")], 1),
        ("DROP TABLE a", [("DROP", "shop", "a"), ("DROP", "shop", "b")], 1),
        ("ALTER TABLE a ADD z INT", [("ALTER", "shop", "a"), ("READ", "shop", "a")], 0),
        ("RENAME TABLE a TO z", [("RENAME", "shop", "a"), ("RENAME", "shop", "z")], 0),
        ("CREATE TABLE z AS SELECT * FROM a", [("CREATE", "shop", "z"), ("WRITE", "shop", "z"), ("READ", "shop", "a")], 0),
        ("GRANT SELECT ON a TO u", [("WRITE", "mysql", "db")], 0),
    ],
)  # fmt: skip
def test_judges(sql: str, opened: list[tuple[str, str, str]], count: int) -> None:
    assert len(judged(sql, *opened)) == count


def test_refusals() -> None:
    assert refused(analyze(b"SELECT '", CTX, "")).startswith("parse-error")
    assert refused(analyze(b"SET NAMES gbk", CTX, "")).startswith("session-state")
    assert refused(analyze(b"EXECUTE p", CTX, "")).startswith("dynamic-sql")
    assert refused(analyze(b"EXECUTE IMMEDIATE 'SELECT 1'", CTX, "")) == ""
    assert refused(analyze(b"SELECT 1", CTX, "")) == ""


def test_over_reporting() -> None:
    assert unopened(analyze(b"SELECT * FROM a, b", CTX, "shop"), [Opened("shop", "a", "READ")]) == [
        ("shop", "b")
    ]


@pytest.mark.parametrize("flavour", [MARIADB, MYSQL])
def test_the_generator_makes_every_kind_and_we_understand_it(flavour: int) -> None:
    choose = random.Random(5)
    ctx = LexContext(flavour, 101119 if flavour == MARIADB else 90700)
    made: list[Made] = [make(choose, ctx, "shop") for _ in range(400)]
    assert len({one.kind for one in made}) >= 20
    understood = [one for one in made if not analyze(one.text, ctx, "shop").error]
    assert len(understood) > 0.95 * len(made)
