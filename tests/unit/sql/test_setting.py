from __future__ import annotations

from dbgate.sql.analyze import analyze
from dbgate.sql.facts import Facts
from dbgate.sql.lexer import lex
from dbgate.sql.setting import same_modes
from dbgate.sql.sqlmode import parse_sql_mode
from dbgate.sql.statement import LexContext
from tests.rows import rows
from tests.unit.sql.contexts import ANSI, MA, MY, error, needs, one

S = "SELECT shop.secret"


@rows(
    "sql",
    [
        "SET @a = 1", "SET @a := 1, @b = 'x', @`c` = @a", "SET autocommit = 0", "SET SESSION wait_timeout = 5", "SET LOCAL sql_notes = 0",
        "SET @@foreign_key_checks = OFF", "SET @@session.unique_checks = DEFAULT", "SET @@local . sql_safe_updates = 1",
        "SET `time_zone` = '+00:00', lock_wait_timeout = 3", "SET TRANSACTION READ ONLY", "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
        "SET character_set_results = NULL", "SET character_set_results = 'binary'", "SET @x = CONCAT('a', 'b')",
        "SET autocommit=1, session_track_schema=1", "SET SESSION session_track_schema = ON", "SET @@session_track_schema = 'true'",
    ],
)  # fmt: skip
def test_harmless(sql: str) -> None:
    statement = one(sql)
    assert statement.session and needs(sql) == "" and not statement.rereads and statement.session_state == ""


@rows(
    "sql",
    [
        "SET NAMES utf8", "SET NAMES 'utf8' COLLATE utf8_bin", "SET NAMES DEFAULT", "SET CHARACTER SET latin1", "SET NAMES @x", "SET NAMES 45",
        "SET NAMES utf8mb4, sql_mode = ''", "SET sql_mode = '', NAMES utf8mb4", "SET NAMES utf8mb4, NAMES latin1", "SET CHARSET utf8",
        "SET character_set_client = utf8mb4", "SET @@character_set_connection = @x", "SET collation_connection = 'utf8mb4_bin'",
        "SET character_set_client = 45", "SET sql_mode = ''", "SET sql_mode = 0", "SET SESSION sql_mode = 'ANSI_QUOTES'", "SET sql_mode = @old",
        "SET sql_mode = DEFAULT", "SET sql_mode = CONCAT(@@sql_mode, ',ANSI')", "SET sql_mode = ANSI",
    ],
)  # fmt: skip
def test_read_back(sql: str) -> None:
    statement = one(sql)
    assert statement.session and statement.rereads and statement.session_state == "" and needs(sql) == ""


@rows(
    ("sql", "charset"),
    [
        ("SET NAMES utf8mb4", "utf8mb4"),
        ("SET NAMES 'UTF8MB4' COLLATE utf8mb4_bin;", "utf8mb4"),
        ("set names `latin1`", "latin1"),
    ],
)
def test_told(sql: str, charset: str) -> None:
    statement = one(sql)
    assert statement.session and not statement.rereads and statement.session_state == "" and needs(sql) == ""
    assert statement.new_charset == charset


def test_in_a_program_it_may_not_run() -> None:
    inside = one("BEGIN NOT ATOMIC SET NAMES latin1; END")
    assert inside.rereads and inside.new_charset == ""


@rows(
    "sql",
    [
        "SET NAMES gbk", "SET CHARACTER SET sjis", "SET character_set_client = big5", "SET @@session.character_set_client = cp932",
        "SET collation_connection = 'gbk_chinese_ci'", "SET character_set_client = 28", "SET character_set_client = 123456", "SET NAMES klingon",
        "SET character_set_results = ucs2", "SET sql_mode = 'ORACLE'", "SET sql_mode = CONCAT(@@sql_mode, ',MSSQL')",
        "SET sql_mode = 512", "SET timestamp = 1", "SET @a = 1, sql_log_bin = 0", "SET pseudo_thread_id = 1", "SET gtid_next = 'x'",
        "SET resultset_metadata = NONE", "SET SESSION session_track_schema = 0",
        "SET session_track_schema = (1)", "SET session_track_schema = DEFAULT", "SET session_track_gtids = ON",
        "SET STATEMENT sql_mode = 'ANSI_QUOTES' FOR SELECT 1", "SET STATEMENT character_set_client = utf8mb4 FOR SELECT 1",
        "SET STATEMENT sql_mode = @a FOR SELECT 1", "SET STATEMENT timestamp = 1 FOR SELECT 1",
    ],
)  # fmt: skip
def test_session_state(sql: str) -> None:
    assert one(sql).session_state != ""


@rows(
    ("sql", "expected"),
    [
        ("SET @a = (SELECT s FROM secret)", S),
        ("SET @a = 1, @b = (SELECT s FROM secret, users), @c = f(1)", f"{S}; SELECT shop.users; fn shop.f"),
        ("SET wait_timeout = (SELECT s FROM secret)", S),
        ("SET GLOBAL x = 1", "bare ADMIN"),
        ("SET @@global.x = 1", "bare ADMIN"),
        ("SET autocommit = 0, @@GLOBAL . x = 1", "bare ADMIN"),
        ("SET PERSIST x = 1", "bare ADMIN"),
        ("SET @@persist_only.x = 1", "bare ADMIN"),
        ("SET GLOBAL TRANSACTION READ ONLY", "bare ADMIN"),
        ("SET max_connections = 1", "bare SET"),
        ("SET a.b = 1", "bare SET"),
        ("SET @@a.b = 1", "bare SET"),
        ("SET PASSWORD = 'x'", "bare GRANT"),
        ("SET PASSWORD FOR root = PASSWORD('x')", "bare GRANT"),
        ("SET ROLE x", "bare GRANT"),
        ("SET DEFAULT ROLE x FOR y", "bare GRANT"),
        ("SET RESOURCE GROUP x", "bare ADMIN"),
        ("SET STATEMENT max_statement_time = 1, lock_wait_timeout = (SELECT 1) FOR SELECT * FROM secret", S),
        ("SET STATEMENT x = 1 FOR DELETE FROM users", "DELETE shop.users; bare SET"),
    ],
)
def test_needs(sql: str, expected: str) -> None:
    assert set(needs(sql).split("; ")) == set(expected.split("; "))


@rows(
    "sql",
    [
        "SET",
        "SET 1 = 2",
        "SET a",
        "SET a.",
        "SET a. = 1",
        "SET a = (1",
        "SET @a",
        "SET a b",
        "SET STATEMENT x = 1",
    ],
)
def test_refused(sql: str) -> None:
    assert error(sql) != ""


@rows(
    ("sql", "refused"),
    [
        ("SET NAMES utf8mb4; SELECT 1", False),
        ("SET NAMES utf8; SELECT 1", False),
        ("SET NAMES latin1; SELECT 1", True),
        ("SET NAMES DEFAULT; SELECT 1", True),
        ("SET sql_mode = 'STRICT_TRANS_TABLES'; SELECT 1", False),
        ("SET sql_mode = 'ANSI_QUOTES'; SELECT 1", True),
        ("SET sql_mode = @a; SELECT 1", True),
        ("SELECT 1; SET sql_mode = 'ANSI_QUOTES'", False),
        ("SET character_set_results = latin1; SELECT 1", False),
    ],
)
def test_a_change_behind_which_something_follows(sql: str, refused: bool) -> None:
    assert bool(analyze(sql.encode(), MA, "shop").session_state) == refused


def test_same_modes() -> None:
    assert same_modes(parse_sql_mode("ANSI_QUOTES"), Facts(lex(b"", ANSI), ANSI, ""))
    assert not same_modes(parse_sql_mode(""), Facts(lex(b"", ANSI), ANSI, ""))


@rows(
    "sql",
    [
        "BEGIN", "BEGIN WORK", "START TRANSACTION", "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ WRITE", "COMMIT AND NO CHAIN NO RELEASE",
        "ROLLBACK", "ROLLBACK WORK TO SAVEPOINT `a b`", "ROLLBACK TO x", "SAVEPOINT commit_1", "RELEASE SAVEPOINT x",
    ],
)  # fmt: skip
@rows("ctx", [MA, MY])
def test_transactions(sql: str, ctx: LexContext) -> None:
    statement = one(sql, ctx)
    assert (statement.verb, statement.session, statement.needs) == ("TRANSACTION", True, ())


@rows("sql", ["COMMIT 1", "ROLLBACK TO (SELECT 1)", "START TRANSACTION SELECT"])
def test_transactions_refused(sql: str) -> None:
    assert error(sql) != ""


def test_set_statement_of_a_mode_by_which_a_text_is_read_as_before() -> None:
    statement = one("SET STATEMENT sql_mode = 'STRICT_ALL_TABLES', max_statement_time = 1 FOR SELECT 1")
    assert statement.session_state == "" and not statement.rereads
