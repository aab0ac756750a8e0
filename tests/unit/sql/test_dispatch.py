from __future__ import annotations

from dbgate.sql.dispatch import scan_body, scan_part
from dbgate.sql.facts import Facts
from dbgate.sql.lexer import lex
from dbgate.sql.statement import LexContext
from tests.rows import rows
from tests.unit.sql.contexts import MA, MY, error, needs, one, shown

U = "SELECT shop.users"
S = "SELECT shop.secret"


@rows(
    "sql",
    [
        "SELECT 1", "SELECT @@version_comment LIMIT 1", "SELECT VERSION(), DATABASE(), NOW()", "SELECT LAST_INSERT_ID()", "SELECT 1 FROM DUAL",
        "USE shop", "UNLOCK TABLES", "GET DIAGNOSTICS @a = NUMBER", "SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'x'", "RESIGNAL", "DO 1, 2",
        "VALUES (1)", "SET NAMES utf8", "COMMIT", "SHOW WARNINGS",
    ],
)  # fmt: skip
@rows("ctx", [MA, MY])
def test_session_statements(sql: str, ctx: LexContext) -> None:
    assert one(sql, ctx).session


@rows(
    ("sql", "expected"),
    [
        ("EXPLAIN SELECT * FROM secret", S),
        ("EXPLAIN EXTENDED SELECT * FROM secret", S),
        ("EXPLAIN PARTITIONS SELECT * FROM secret", S),
        ("EXPLAIN FORMAT=JSON SELECT * FROM secret", S),
        ("EXPLAIN ANALYZE SELECT * FROM secret", S),
        ("EXPLAIN INTO @v FORMAT=JSON SELECT * FROM secret", S),
        ("DESC UPDATE users SET a = 1", "UPDATE shop.users"),
        ("DESCRIBE (SELECT * FROM secret)", S),
        ("EXPLAIN WITH t AS (SELECT * FROM secret) SELECT * FROM t", S),
        ("EXPLAIN FOR SCHEMA other SELECT * FROM users", "SELECT other.users"),
        ("EXPLAIN FOR CONNECTION 1", "bare ADMIN"),
        ("ANALYZE SELECT * FROM secret", S),
        ("ANALYZE FORMAT=JSON DELETE FROM users", "DELETE shop.users"),
        ("ANALYZE TABLE users", "any ADMIN shop.users; bare ADMIN"),
        ("EXPLAIN users", "any SHOW shop.users"),
        ("SET STATEMENT max_statement_time=1 FOR EXPLAIN SELECT * FROM secret", S),
        ("WITH t AS (SELECT 1) SELECT * FROM t", "bare SELECT"),
        ("SELECT SLEEP(1)", "bare SELECT"),
        ("WITH t AS (SELECT 1) UPDATE users SET a = 1", "UPDATE shop.users"),
        ("WITH t AS (SELECT 1) DELETE FROM users", "DELETE shop.users"),
        ("SELECT /*+ SET_VAR(max_connections=1) */ 1", "bare SET"),
        ("USE other", "visible USE other"),
        ("KILL 1", "bare ADMIN"),
        ("KILL (SELECT s FROM secret)", f"{S}; bare ADMIN"),
        ("SHUTDOWN", "bare ADMIN"),
        ("START REPLICA", "bare ADMIN"),
        ("STOP SLAVE", "bare ADMIN"),
        ("RESET MASTER", "bare ADMIN"),
        ("IMPORT TABLE FROM 'x'", "bare ADMIN; bare LOAD"),
        ("UNLOCK INSTANCE", "bare ADMIN"),
        ("CACHE INDEX users KEY (a, b), other.x IN c", "any ADMIN shop.users; any ADMIN other.x; bare ADMIN"),
        ("XA START 'x'", "bare TRANSACTION"),
        ("HELP 'x'", "SELECT mysql.help_category; SELECT mysql.help_keyword; SELECT mysql.help_relation; SELECT mysql.help_topic; bare SHOW"),
        ("PREPARE s FROM 'SELECT 1'", "bare PREPARE"),
        ("PREPARE s FROM CONCAT('a', (SELECT s FROM secret))", f"{S}; bare PREPARE"),
        ("EXECUTE s USING @a", "bare EXECUTE"),
        ("EXECUTE IMMEDIATE 'SELECT ?' USING (SELECT s FROM secret)", f"{S}; bare EXECUTE"),
        ("DEALLOCATE PREPARE s", "bare PREPARE"),
        ("TRUNCATE users", "TRUNCATE shop.users"),
        ("RENAME TABLE a TO b", "RENAME shop.a; RENAME shop.b"),
        ("LOCK TABLES a READ", "any LOCK shop.a; bare LOCK"),
        ("GRANT x TO y", "bare GRANT"),
        ("HANDLER a CLOSE", "HANDLER shop.a; SELECT shop.a"),
        ("LOAD DATA INFILE 'x' INTO TABLE a", "INSERT shop.a; bare LOAD"),
        ("CHECK TABLE a", "any ADMIN shop.a; bare ADMIN"),
        ("CHECKSUM TABLE a", "SELECT shop.a"),
        ("FLUSH LOGS", "bare ADMIN"),
        ("CALL p()", "bare CALL; call shop.p"),
        ("REPLACE INTO a VALUES (1)", "REPLACE shop.a"),
    ],
)  # fmt: skip
def test_needs(sql: str, expected: str) -> None:
    assert set(needs(sql).split("; ")) == set(expected.split("; "))


@rows(
    ("sql", "verb"),
    [
        ("EXPLAIN SELECT 1", "EXPLAIN"), ("EXPLAIN FOR CONNECTION 1", "ADMIN"), ("DESC users", "SHOW"), ("USE x", "USE"),
        ("BEGIN NOT ATOMIC SELECT 1; END", "BEGIN"), ("START TRANSACTION", "TRANSACTION"), ("EXECUTE s", "EXECUTE"),
    ],
)  # fmt: skip
def test_verbs(sql: str, verb: str) -> None:
    assert one(sql).verb == verb


def test_the_body_of_a_definition() -> None:
    def read(sql: str) -> Facts:
        return scan_body(lex(sql.encode(), MA), MA, "shop", scan_part)

    found = read(
        "CREATE DEFINER=`a`@`%` PROCEDURE p(x INT) BEGIN INSERT INTO t VALUES (x); DELETE FROM u; END"
    )
    assert [shown(need) for need in found.statement().needs] == ["INSERT shop.t", "DELETE shop.u"]
    found = read("CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW UPDATE log SET n = 1")
    assert [shown(need) for need in found.statement().needs] == ["UPDATE shop.log"]
    assert read("SELECT 1").error == "a definition that is not understood"
    assert read("CREATE PROCEDURE p() BEGIN FROB; END").error == "a statement that is not known"


def test_explain_keeps_operations() -> None:
    assert one("EXPLAIN SELECT 1").operations == ("SELECT",)


@rows(
    "sql",
    [
        "xyz", "1", "EXPLAIN", "EXPLAIN SET a = 1", "EXPLAIN SET STATEMENT sort_buffer_size = 1 FOR COMMIT", "EXPLAIN FOR SCHEMA x DROP TABLE y", "USE", "USE a b", "SET STATEMENT a = 1 FOR",
        "EXPLAIN SET STATEMENT sort_buffer_size = 1 FOR DROP TABLE a", "DECLARE x INT; SELECT (",
        "WITH t AS (SELECT 1) REPLACE INTO t VALUES (1)", "CACHE INDEX 1 IN c", "CACHE INDEX a",
        "CREATE PROCEDURE p () CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SELECT 1", "RETURN (",
    ],
)  # fmt: skip
def test_refused(sql: str) -> None:
    assert error(sql) != "" or sql == "CACHE INDEX a"
