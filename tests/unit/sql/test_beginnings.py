"""Shapes of statements that are told by their beginning."""

from __future__ import annotations

import pytest

from dbgate.sql.beginnings import ANY_NAME, begins, checked
from dbgate.sql.outline import outline
from tests.rows import rows
from tests.unit.sql.lexed import CTX, lexed


def items(text: str, pattern: bool = False) -> tuple[str, ...]:
    tokens = lexed(text)
    return outline(tokens, 0, len(tokens), CTX, [] if pattern else None)


def begin(shape: str, text: str) -> bool:
    return begins(checked(items(shape, True)), items(text))


@rows(
    ("shape", "text"),
    [
        ("DROP TABLE", "DROP TABLE t"),
        ("DROP TABLE *", "DROP TABLES a, b RESTRICT"),
        ("DROP TABLES *", "DROP TABLE a"),
        ("DROP TABLE users", "DROP TABLE a, shop.`Users`"),
        ("DROP TEMPORARY TABLE", "DROP TEMPORARY TABLE t"),
        ("DROP DATABASE *", "DROP SCHEMA IF EXISTS shop"),
        ("DROP SCHEMA *", "DROP DATABASE shop"),
        ("CREATE TABLE *", "CREATE OR REPLACE TEMPORARY TABLE IF NOT EXISTS t (a INT)"),
        (
            "CREATE VIEW *",
            "CREATE OR REPLACE ALGORITHM = MERGE DEFINER = root@localhost SQL SECURITY DEFINER VIEW v AS SELECT 1",
        ),
        ("CREATE VIEW *", "CREATE DEFINER = `table` VIEW v AS SELECT 1"),
        ("CREATE PROCEDURE", "CREATE DEFINER = CURRENT_USER() PROCEDURE p() SELECT 1"),
        ("CREATE PROCEDURE p", "CREATE DEFINER = CURRENT_USER PROCEDURE IF NOT EXISTS p() SELECT 1"),
        ("CREATE INDEX", "CREATE UNIQUE INDEX i ON t (a)"),
        ("CREATE UNIQUE INDEX", "CREATE UNIQUE INDEX i ON t (a)"),
        ("ALTER TABLE * RENAME", "ALTER ONLINE TABLE t RENAME TO u"),
        ("SHOW TABLES", "SHOW FULL TABLES FROM shop"),
        ("SHOW PROCESSLIST", "SHOW FULL PROCESSLIST"),
        ("OPTIMIZE TABLE *", "OPTIMIZE LOCAL TABLES t, u"),
        ("CREATE OR REPLACE", "CREATE OR REPLACE TABLE t (a INT)"),
        ("CALL *", "CALL shop.p(1)"),
        ("CALL p", "CALL shop.p(1)"),
    ],
)
def test_what_a_shape_means(shape: str, text: str) -> None:
    assert begin(shape, text)


@rows(
    ("shape", "text"),
    [
        ("DROP TABLE users", "DROP TABLE a, b"),
        ("DROP TABLE users", "DROP TABLE a RESTRICT users"),
        ("DROP TABLE users", "DROP TABLE"),
        ("DROP TEMPORARY TABLE", "DROP TABLE t"),
        ("CREATE TABLE *", "CREATE VIEW v AS SELECT 1"),
        ("CREATE TABLE *", "CREATE OR REPLACE"),
        ("CREATE TABLE t", "CREATE TABLE IF NOT"),
        ("CREATE VIEW *", "CREATE DEFINER ="),
        ("CREATE VIEW *", "CREATE DEFINER = VIEW"),
        ("SHOW TABLES", "SHOW TABLE STATUS"),
        ("CALL *", "CALL ("),
        ("ALTER TABLE * DROP COLUMN", "ALTER TABLE t ADD COLUMN a INT"),
    ],
)
def test_what_it_does_not_mean(shape: str, text: str) -> None:
    assert not begin(shape, text)


def test_objects_that_are_none() -> None:
    for shape in ("DROP TABEL x", "CREATE *", "ALTER ONLINE users"):
        with pytest.raises(ValueError, match="of what"):
            checked(items(shape, True))
    assert checked(("CALL", ANY_NAME)) == ("CALL", ANY_NAME)
