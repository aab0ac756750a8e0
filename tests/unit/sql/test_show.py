from __future__ import annotations

from tests.rows import rows
from tests.unit.sql.contexts import MY, error, needs, one

S = "SELECT shop.secret"


@rows(
    "sql",
    [
        "SHOW VARIABLES", "SHOW GLOBAL VARIABLES LIKE 'x'", "SHOW SESSION STATUS WHERE Variable_name = 'x'", "SHOW WARNINGS LIMIT 5",
        "SHOW ERRORS", "SHOW COUNT(*) WARNINGS", "SHOW COLLATION", "SHOW CHARACTER SET LIKE 'utf8%'", "SHOW CHARSET",
    ],
)  # fmt: skip
def test_session(sql: str) -> None:
    assert one(sql).session and needs(sql) == ""


@rows(
    ("sql", "expected"),
    [
        ("SHOW VARIABLES WHERE (SELECT s FROM secret)", f"{S}; bare SHOW"),
        ("SHOW STATUS WHERE f(1)", "bare SHOW; fn shop.f"),
        ("SHOW TABLES", "bare SHOW; visible SHOW shop"),
        ("SHOW FULL TABLES FROM other LIKE 'x'", "bare SHOW; visible SHOW other"),
        ("SHOW TABLE STATUS IN other WHERE Name = (SELECT s FROM secret)", f"{S}; bare SHOW; visible SHOW other"),
        ("SHOW OPEN TABLES FROM MySQL", "bare SHOW; visible SHOW mysql"),
        ("SHOW TRIGGERS", "bare SHOW; visible SHOW shop"),
        ("SHOW EVENTS FROM other", "bare SHOW; visible SHOW other"),
        ("SHOW COLUMNS FROM users", "any SHOW shop.users"),
        ("SHOW FULL COLUMNS FROM users IN other LIKE 'x'", "any SHOW other.users"),
        ("SHOW EXTENDED FIELDS IN other.users", "any SHOW other.users"),
        ("SHOW INDEX FROM users WHERE f(1)", "any SHOW shop.users; fn shop.f"),
        ("SHOW CREATE TABLE users", "any SHOW shop.users"),
        ("SHOW CREATE VIEW other.v", "any SHOW other.v"),
        ("SHOW CREATE DATABASE IF NOT EXISTS other", "bare SHOW; visible SHOW other"),
        ("SHOW CREATE PROCEDURE p", "bare SHOW; visible SHOW shop"),
        ("SHOW CREATE PACKAGE BODY sys.p", "bare SHOW; visible SHOW sys"),
        ("SHOW CREATE TRIGGER other.t", "bare SHOW; visible SHOW other"),
        ("SHOW CREATE USER root", "bare ADMIN"),
        ("SHOW DATABASES", "bare SHOW"),
        ("SHOW ENGINES", "bare SHOW"),
        ("SHOW PROCEDURE STATUS LIKE 'x'", "bare SHOW"),
        ("SHOW PROFILE FOR QUERY 1", "bare SHOW"),
        ("SHOW GRANTS FOR root", "bare ADMIN"),
        ("SHOW FULL PROCESSLIST", "bare ADMIN"),
        ("SHOW MASTER STATUS", "bare ADMIN"),
        ("SHOW SLAVE STATUS", "bare ADMIN"),
        ("SHOW ALL SLAVES STATUS", "bare ADMIN"),
        ("SHOW ENGINE INNODB STATUS", "bare ADMIN"),
        ("SHOW BINARY LOGS", "bare ADMIN"),
        ("SHOW EXPLAIN FOR 1", "bare ADMIN"),
        ("DESCRIBE users", "any SHOW shop.users"),
        ("DESC other.users name", "any SHOW other.users"),
        ("EXPLAIN users 'n%'", "any SHOW shop.users"),
        ("EXPLAIN extended", "any SHOW shop.extended"),
        ("CHECK TABLE users, other.x EXTENDED", "any ADMIN shop.users; any ADMIN other.x; bare ADMIN"),
        ("OPTIMIZE LOCAL TABLE users", "any ADMIN shop.users; bare ADMIN"),
        ("ANALYZE NO_WRITE_TO_BINLOG TABLES users", "any ADMIN shop.users; bare ADMIN"),
        ("CHECKSUM TABLE users, secret EXTENDED", f"{S}; SELECT shop.users"),
        ("LOCK TABLES users READ, other.x AS y WRITE, secret z LOW_PRIORITY WRITE",
         "any LOCK shop.users; any LOCK other.x; any LOCK shop.secret; bare LOCK"),
        ("LOCK TABLE users READ WAIT 5, secret READ", "any LOCK shop.users; any LOCK shop.secret; bare LOCK"),
        ("LOCK INSTANCE FOR BACKUP", "bare ADMIN"),
    ],
)  # fmt: skip
def test_needs(sql: str, expected: str) -> None:
    assert set(needs(sql).split("; ")) == set(expected.split("; "))


def test_mysql() -> None:
    assert needs("SHOW REPLICA STATUS", MY) == "bare ADMIN"
    assert error("SHOW PARSE_TREE SELECT * FROM users", MY) != ""


@rows(
    "sql",
    [
        "SHOW", "SHOW x", "SHOW TABLE", "SHOW COLUMNS", "SHOW COLUMNS FROM 1", "SHOW CREATE x", "SHOW CREATE", "SHOW CREATE TABLE",
        "SHOW CREATE TABLE a b", "SHOW GRANTS SELECT", "DESCRIBE", "DESC users a b c", "CHECK users", "CHECK TABLE", "LOCK TABLES 1",
        "CHECKSUM x", "SHOW VARIABLES WHERE (", "SHOW TABLES WHERE (WITH t AS (SELECT 1) SELECT * FROM t)",
    ],
)  # fmt: skip
def test_refused(sql: str) -> None:
    assert error(sql) != ""
