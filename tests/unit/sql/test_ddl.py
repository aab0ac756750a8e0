from __future__ import annotations

from dbgate.sql.statement import LexContext
from tests.rows import rows
from tests.unit.sql.contexts import MA, MY, error, needs, one

C = "CREATE shop.t"
S = "SELECT shop.secret"


@rows(
    ("sql", "expected"),
    [
        ("CREATE TABLE t (a INT, KEY k (a), PRIMARY KEY (a))", C),
        ("CREATE TEMPORARY TABLE IF NOT EXISTS t (a VARCHAR(10) DEFAULT 'x')", C),
        ("CREATE OR REPLACE TABLE t (a INT)", f"{C}; DROP shop.t"),
        ("CREATE TABLE t LIKE secret", f"{C}; {S}"),
        ("CREATE TABLE t (LIKE secret)", f"{C}; {S}"),
        ("CREATE TABLE t SELECT * FROM secret", f"{C}; {S}"),
        ("CREATE TABLE t (a INT) ENGINE=InnoDB AS SELECT f(a) FROM secret", f"{C}; {S}; fn shop.f"),
        ("CREATE TABLE t AS WITH x AS (SELECT * FROM secret) SELECT * FROM x", f"{C}; {S}"),
        ("CREATE TABLE t (a INT REFERENCES secret (b), FOREIGN KEY (a) REFERENCES other.x (c))",
         f"{C}; any shop.secret; any other.x"),
        ("CREATE TABLE t (a INT) ENGINE=MERGE UNION=(secret, other.x)",
         f"{C}; {S}; UPDATE shop.secret; DELETE shop.secret; SELECT other.x; UPDATE other.x; DELETE other.x; bare ADMIN"),
        ("CREATE TABLE t (a INT) UNION (secret)", f"{C}; {S}; UPDATE shop.secret; DELETE shop.secret"),
        ("CREATE TABLE t SELECT 1 UNION (SELECT s FROM secret)", f"{C}; {S}"),
        ("CREATE TABLE t (a INT) ENGINE 'CONNECT'", f"{C}; bare ADMIN"),
        (r"CREATE TABLE t (a INT) ENGINE = '\CON\NECT'", f"{C}; bare ADMIN"),
        ("CREATE TABLE t (a INT) ENGINE `csv`", f"{C}; bare ADMIN"),
        ("CREATE TABLE t (a INT) ENGINE = 1", C),
        ("CREATE TABLE t (a INT) DATA DIRECTORY='/x'", f"{C}; bare ADMIN"),
        ("CREATE TABLE t (engine INT) ENGINE", C),
        ("CREATE VIEW t AS SELECT * FROM secret WITH CHECK OPTION", f"{C}; {S}"),
        ("CREATE OR REPLACE ALGORITHM=MERGE DEFINER=root@localhost SQL SECURITY DEFINER VIEW t (a) AS TABLE secret",
         f"{C}; DROP shop.t; {S}"),
        ("CREATE DEFINER=CURRENT_USER() VIEW t AS SELECT 1", C),
        ("CREATE DEFINER='view'@% VIEW t AS SELECT 1", C),
        ("CREATE UNIQUE INDEX i ON t (a)", C),
        ("DROP INDEX i ON t", "DROP shop.t"),
        ("CREATE SEQUENCE t", C),
        ("CREATE DATABASE IF NOT EXISTS x CHARACTER SET utf8", "schema CREATE x"),
        ("ALTER DATABASE CHARACTER SET utf8", "schema ALTER shop"),
        ("ALTER SCHEMA x COLLATE utf8_bin", "schema ALTER x"),
        ("DROP DATABASE x", "schema DROP x"),
        ("DROP TABLE IF EXISTS t, other.x CASCADE", "DROP shop.t; DROP other.x"),
        ("DROP TEMPORARY TABLE t", "DROP shop.t"),
        ("DROP VIEW t", "DROP shop.t"),
        ("DROP SEQUENCE t", "DROP shop.t"),
        ("DROP USER x", "bare GRANT"),
        ("CREATE ROLE x", "bare GRANT"),
        ("ALTER USER x IDENTIFIED BY 'y'", "bare GRANT"),
        ("DROP SERVER x", "bare ADMIN"),
        ("CREATE TABLESPACE x ADD DATAFILE 'y'", "bare ADMIN"),
        ("ALTER INSTANCE ROTATE INNODB MASTER KEY", "bare ADMIN"),
        ("DROP PREPARE x", "bare PREPARE"),
        ("ALTER TABLE t ADD COLUMN a INT, DROP COLUMN b, ALGORITHM=COPY", "ALTER shop.t"),
        ("ALTER TABLE t RENAME COLUMN a TO b, RENAME INDEX c TO d", "ALTER shop.t"),
        ("ALTER TABLE t RENAME TO secret", "ALTER shop.t; RENAME shop.t; RENAME shop.secret"),
        ("ALTER TABLE t RENAME other.x", "ALTER shop.t; RENAME shop.t; RENAME other.x"),
        ("ALTER TABLE t EXCHANGE PARTITION p WITH TABLE secret", "ALTER shop.t; ALTER shop.secret"),
        ("ALTER TABLE t TRUNCATE PARTITION p", "ALTER shop.t; TRUNCATE shop.t"),
        ("ALTER TABLE t DROP PARTITION p", "ALTER shop.t; DROP shop.t"),
        ("ALTER TABLE t ADD CHECK (a > 1), ADD FOREIGN KEY (a) REFERENCES secret (b)", "ALTER shop.t; any shop.secret"),
        ("ALTER VIEW t AS SELECT * FROM secret", f"ALTER shop.t; {S}"),
        ("RENAME TABLE t TO secret, other.x WAIT 1 TO y",
         "RENAME shop.t; RENAME shop.secret; RENAME other.x; RENAME shop.y"),
        ("RENAME TABLES IF EXISTS t TO u", "RENAME shop.t; RENAME shop.u"),
        ("RENAME USER a TO b", "bare GRANT"),
        ("TRUNCATE t", "TRUNCATE shop.t"),
        ("TRUNCATE TABLE other.t NOWAIT", "TRUNCATE other.t"),
        ("GRANT SELECT ON secret TO x", "bare GRANT"),
        ("REVOKE ALL ON *.* FROM x", "bare REVOKE"),
        ("FLUSH PRIVILEGES", "bare ADMIN"),
        ("FLUSH NO_WRITE_TO_BINLOG TABLES t, other.x WITH READ LOCK", "any shop.t; any other.x; bare ADMIN"),
        ("FLUSH TABLES", "bare ADMIN"),
        ("FLUSH TABLES t", "any shop.t; bare ADMIN"),
        ("FLUSH TABLES .t, .u", "any shop.t; any shop.u; bare ADMIN"),
        ("CREATE PROCEDURE p () SELECT 1", "bare CREATE; visible CREATE shop"),
        ("CREATE OR REPLACE FUNCTION other.f (a INT) RETURNS INT RETURN 1", "bare CREATE; bare DROP; visible CREATE other"),
        ("CREATE AGGREGATE FUNCTION f RETURNS STRING SONAME 'x.so'", "bare ADMIN; bare CREATE; visible CREATE shop"),
        ("CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW SET @a = 1", f"bare CREATE; {C}"),
        ("CREATE PACKAGE BODY p AS END", "bare CREATE; visible CREATE shop"),
        ("ALTER EVENT e DISABLE", "bare ALTER; visible ALTER shop"),
        ("DROP PROCEDURE IF EXISTS p", "bare DROP; visible DROP shop"),
    ],
)  # fmt: skip
def test_needs(sql: str, expected: str) -> None:
    assert set(needs(sql).split("; ")) == set(expected.split("; "))


@rows(
    ("sql", "routine"),
    [
        ("CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", True),
        ("DROP TRIGGER x", True),
        ("DROP TABLE t", False),
    ],
)
def test_routines(sql: str, routine: bool) -> None:
    assert one(sql).creates_routine == routine


def test_operations_hold_the_verb() -> None:
    assert one("DROP USER x").operations == ("DROP", "GRANT")
    assert one("CREATE OR REPLACE USER x").operations == ("CREATE", "DROP", "GRANT")


def test_dropping_the_current_schema() -> None:
    assert one("DROP DATABASE shop").new_schema == ""
    assert one("DROP DATABASE other").new_schema is None
    assert one("DROP SCHEMA Shop").new_schema is None
    assert one("DROP SCHEMA Shop", LexContext(MY.flavour, MY.version, fold_names=True)).new_schema == ""
    assert one("DROP DATABASE shop", MA).rereads


@rows(
    "sql",
    [
        "CREATE", "CREATE x", "DROP", "DROP x y", "ALTER", "CREATE TABLE", "CREATE TABLE (a INT)", "DROP TABLE", "DROP TABLE 1",
        "CREATE PROCEDURE", "CREATE INDEX i", "RENAME x", "RENAME TABLE 1 TO 2", "TRUNCATE", "TRUNCATE t, u",
        "ALTER TABLE t RENAME", "ALTER TABLE t EXCHANGE PARTITION p WITH TABLE 1", "CREATE DEFINER", "CREATE DEFINER=", "DROP DATABASE",
        "CREATE TABLE t UNION=(1)", "CREATE TABLE t (a INT REFERENCES 1)", "FLUSH TABLES .",
    ],
)  # fmt: skip
def test_refused(sql: str) -> None:
    assert error(sql) != ""
