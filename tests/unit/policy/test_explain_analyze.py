"""From SQL text to verdict: what the sample policies say of real statements, and explain beside the data path."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from dbgate.policy.compile import compile_policy
from dbgate.policy.compiled import CompiledPolicy
from dbgate.policy.evaluate import admit, combine, decide, find_entry
from dbgate.policy.explain import explain
from dbgate.policy.load import parse_policy
from dbgate.sql.analyze import analyze, command
from dbgate.sql.statement import MARIADB, MYSQL, LexContext
from tests.rows import rows
from tests.unit.policy.making import POLICIES

ON_LINUX = LexContext(MARIADB, 101106)
FOLDING = LexContext(MYSQL, 90700, fold_names=True)

NIGHT = 1_709_650_800.0  # 2024-03-05 15:00 UTC: 00:00 in Seoul


def sample(path: Path) -> CompiledPolicy:
    return compile_policy(parse_policy(path.read_text(), path.name))


SHIPPED = sample(Path(__file__).parents[3] / "config" / "policy.yaml")
FIRST = sample(POLICIES / "first_format.yaml")

APP = ("app_service", "172.17.0.1")
ADMIN = ("admin", "127.0.0.1")
BATCH = ("batch", "10.20.0.1")


@rows(
    ("who", "text", "expected"),
    [
        (APP, "SELECT * FROM users", ""),
        (APP, "SELECT * FROM shop.report_2024", ""),
        (APP, "SELECT * FROM Users", "table-denied"),
        (APP, "SELECT * FROM salaries", "table-denied"),
        (APP, "SELECT * FROM other.users", "table-denied"),
        (APP, "SELECT * FROM users JOIN salaries USING (id)", "table-denied"),
        (APP, "SELECT (SELECT pay FROM salaries LIMIT 1)", "table-denied"),
        (APP, "INSERT INTO orders SELECT * FROM users", ""),
        (APP, "INSERT INTO orders SELECT * FROM salaries", "table-denied"),
        (APP, "REPLACE INTO users VALUES (1)", "operation-denied"),
        (APP, "REPLACE INTO sessions VALUES (1)", ""),
        (APP, "DELETE FROM users WHERE id = 1", "operation-denied"),
        (APP, "DELETE FROM sessions WHERE id = 1", ""),
        (APP, "DELETE FROM sessions", "require-where"),
        (APP, "DELETE FROM sessions WHERE 1 = 1", "block-statement"),
        (APP, "TRUNCATE TABLE sessions", "block-statement"),
        (APP, "UPDATE users SET a = 1", "require-where"),
        (APP, "UPDATE users SET a = 1 WHERE id = 2", ""),
        (APP, "SELECT f_tax(1)", ""),
        (APP, "SELECT F_Tax(1)", ""),
        (APP, "SELECT f_other(1)", "function-denied"),
        (APP, "CALL SP_get_user_info(1)", ""),
        (APP, "CALL sp_other()", "procedure"),
        (APP, "CREATE PROCEDURE p() SELECT 1", "procedure"),
        (APP, "EXECUTE IMMEDIATE 'SELECT 1'", "dynamic-sql"),
        (APP, "SELECT * FROM information_schema.tables", "schema-access"),
        (APP, "SELECT * FROM INFORMATION_SCHEMA.TABLES", "schema-access"),
        (ADMIN, "SELECT * FROM mysql.user", "schema-access"),
        (ADMIN, "DROP DATABASE shop", ""),
        (ADMIN, "DROP TABLE anything", ""),
        (APP, "DROP DATABASE shop", "operation-denied"),
        (APP, "SELECT 1 UNION SELECT 2", "block-pattern"),
        (APP, "SELECT 'UNION SELECT'", ""),
        (APP, "SET NAMES utf8mb4", ""),
        (APP, "BEGIN", ""),
        (APP, "USE shop", ""),
        (APP, "USE other", "table-denied"),
        (APP, "SET sql_mode = 'ORACLE'", "session-state"),
        (APP, "SELECT * FROM (", "parse-error"),
        (APP, "SELECT * FROM users; SELECT * FROM orders", ""),
        (APP, "SELECT * FROM users; DROP TABLE users", "injection"),
    ],
)  # fmt: skip
def test_the_policy_that_ships(who: tuple[str, str], text: str, expected: str) -> None:
    found = explain(SHIPPED, *who, analyze(text.encode(), ON_LINUX, "shop"), NIGHT).verdict
    assert found.rule == expected, found.reason


def test_a_monitored_rule_lets_through_and_says_so() -> None:
    for text, found in (
        ("SELECT * FROM orders", ""),
        ("SELECT * FROM users", "table-denied"),
        ("DROP TABLE orders", "blocked-operation"),
    ):
        verdict = explain(SHIPPED, *BATCH, analyze(text.encode(), ON_LINUX, "shop"), NIGHT).verdict
        assert (verdict.rule, verdict.effect) == (found, 1 if found else 0)
    assert explain(SHIPPED, *BATCH, analyze(b"TRUNCATE orders", ON_LINUX, "shop"), NIGHT).verdict.effect == 2


def test_a_server_that_folds_names() -> None:
    for text in ("SELECT * FROM USERS", "select * from Shop.Users"):
        assert explain(SHIPPED, *APP, analyze(text.encode(), FOLDING, "shop"), NIGHT).verdict.rule == ""
        assert (
            explain(SHIPPED, *APP, analyze(text.encode(), ON_LINUX, "shop"), NIGHT).verdict.rule
            == "table-denied"
        )


def test_a_file_of_the_first_format_keeps_its_meaning() -> None:
    web = ("web", "172.20.1.1")
    for text, found in (
        ("SELECT * FROM accounts", ""),
        ("SELECT * FROM any_schema.accounts", ""),
        ("SELECT * FROM salaries", "table-denied"),
        ("UPDATE accounts SET a = 1", ""),
        ("DELETE FROM accounts WHERE id = 1", "operation-denied"),
        ("DELETE FROM accounts WHERE 1=1", "block-statement"),
        ("DELETE FROM `accounts` WHERE (1 = 1)", "block-statement"),
        ("DROP TABLE accounts", "block-statement"),
        ("DROP USER x", "block-statement"),
        ("ALTER TABLE accounts ADD x int", "blocked-operation"),
        ("SELECT * FROM accounts UNION SELECT 1", "block-pattern"),
        ("SELECT * FROM accounts WHERE n = '' OR 'a' = 'a'", "injection"),
        ("SELECT SLEEP(5)", "injection"),
        ("CALL sp_other()", "procedure"),
    ):
        verdict = explain(FIRST, *web, analyze(text.encode(), ON_LINUX, "shop"), NIGHT).verdict
        assert verdict.rule == found, (text, verdict)
    night = ("night_reader", "192.168.7.9")
    select = analyze(b"SELECT * FROM invoices", ON_LINUX, "shop")
    assert explain(FIRST, *night, select, NIGHT).verdict.rule == ""
    assert explain(FIRST, *night, select, NIGHT + 7 * 3600).verdict.rule == "time-restriction"
    assert explain(FIRST, "web", "10.0.0.1", select, NIGHT).verdict.rule == "no-access-rule"


def test_commands_that_are_no_text() -> None:
    for kind, name, found in (
        ("init_db", "shop", ""),
        ("init_db", "other", "table-denied"),
        ("field_list", "users", ""),
        ("field_list", "salaries", "table-denied"),
        ("drop_db", "shop", "operation-denied"),
        ("admin", "KILL", "operation-denied"),
        ("session", "PING", ""),
        ("nonsense", "", "parse-error"),
    ):
        what = command(kind, name, ON_LINUX, "shop")
        assert explain(SHIPPED, *APP, what, NIGHT).verdict.rule == found, (kind, name)


WORDS = (
    "SELECT INSERT UPDATE DELETE FROM INTO users orders salaries mysql.user WHERE id = 1 OR '1' ; ( ) * , UNION SET "
    "NAMES utf8 sql_mode CALL sp_other f_tax( DROP TABLE /*!50000 */ -- SLEEP(1) USE shop EXECUTE IMMEDIATE"
)
words = st.sampled_from(WORDS.split())


@settings(max_examples=max(10, settings.default.max_examples // 3))
@given(
    st.lists(words, min_size=1, max_size=12).map(" ".join),
    st.sampled_from([APP, ADMIN, BATCH, ("nobody", "1.1.1.1")]),
    st.sampled_from([ON_LINUX, FOLDING]),
    st.sampled_from(["shop", ""]),
    st.booleans(),
)
def test_explain_is_the_data_path(
    text: str, who: tuple[str, str], ctx: LexContext, schema: str, rate_ok: bool
) -> None:
    what = analyze(text.encode(), ctx, schema)
    entry = find_entry(SHIPPED, *who)
    verdict = combine(admit(SHIPPED, entry, NIGHT, rate_ok), decide(SHIPPED, entry, what))
    told = explain(SHIPPED, *who, what, NIGHT, rate_ok).verdict
    assert repr(told) == repr(verdict)
    assert verdict.rule != "internal-error"
