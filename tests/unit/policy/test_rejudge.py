"""Recorded statements under another policy: the same answer as on the data path, or none."""

from __future__ import annotations

import pytest

from dbgate.policy import rejudge
from dbgate.policy.evaluate import decide, find_entry
from dbgate.policy.rejudge import (
    BEHIND,
    COLUMNS,
    OTHER_FACTS,
    OUTER,
    PATTERN,
    SHAPE,
    STATE,
    WHERE,
    Recorded,
    Rejudge,
    facts,
)
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, LexContext
from tests.rows import rows
from tests.unit.policy.making import compiled

CONTEXT = LexContext(MARIADB, 101106)
APP = """\
access_control:
- {name: app, user: app, allowed_tables: [shop.users, shop.orders], allowed_operations: [SELECT, UPDATE, DELETE]}
- {name: night, user: night, allowed_tables: [shop.users], allowed_operations: [SELECT],
   time_restriction: {allow: ["00:00-06:00"]}}
- {name: slow, user: slow, allowed_tables: [shop.users], allowed_operations: [SELECT], rate_limit: 1/s}
"""
NOON = 1_700_049_600.0
NIGHT = NOON - 10 * 3600


def record(sql: str, user: str = "app", rule: str = "", wall: float = NOON, **changes: object) -> Recorded:
    """What the log has of a statement, with its literals masked."""
    analysis = analyze(sql.encode(), CONTEXT, "shop")
    operations, tables = facts(analysis)
    detections = {found.detector for unit in analysis.statements for found in unit.detections}
    values: dict[str, object] = {
        "user": user,
        "client_ip": "10.0.0.1",
        "schema": "shop",
        "statement": analysis.masked,
        "digest": analysis.digest,
        "operations": tuple(sorted(operations)),
        "tables": tuple(sorted(tables)),
        "detections": tuple(sorted(detections)),
        "rule": rule,
        "wall": wall,
    }
    return Recorded(**{**values, **changes})  # type: ignore[arg-type]


@rows(
    "sql",
    [
        "SELECT * FROM users WHERE id = 5",
        "SELECT * FROM users u JOIN orders o ON u.id = o.id WHERE o.name = 'x' LIMIT 3",
        "DROP TABLE users",
        "SELECT * FROM secret",
        "DELETE FROM users WHERE id IN (1, 2, 3)",
        "SELECT * FROM users WHERE id = 1 OR 1=1",
        "SELECT * FROM users WHERE id = 1 -- '",
        "SET NAMES utf8mb4",
        "START TRANSACTION",
        "SELECT 1; SELECT * FROM mysql.user",
    ],
)
def test_the_answer_is_that_of_the_data_path(sql: str) -> None:
    policy = compiled(APP)
    expected = decide(policy, find_entry(policy, "app", "10.0.0.1"), analyze(sql.encode(), CONTEXT, "shop"))
    test = Rejudge(policy)
    for _ in range(2):  # the second time from memory
        verdict, unknown = test.judge(record(sql))
        assert (verdict.effect, verdict.rule, unknown) == (expected.effect, expected.rule, "")


def test_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    verdict, unknown = Rejudge(compiled(APP)).judge(record("SELECT 1", user="mallory"))
    assert (verdict.rule, unknown) == ("no-access-rule", "")


def test_the_time_of_the_record_counts_and_is_not_remembered() -> None:
    test = Rejudge(compiled(APP))
    sql = "SELECT * FROM users"
    assert test.judge(record(sql, "night"))[0].rule == "time-restriction"
    assert test.judge(record(sql, "night", wall=NIGHT))[0].effect == ALLOW
    assert test.judge(record(sql, "night"))[0].rule == "time-restriction"
    cut = record(sql, "night", digest="0" * 32)
    verdict, unknown = test.judge(cut)
    assert (verdict.rule, unknown) == ("time-restriction", "")  # closed, whatever the statement was
    assert test.judge(record(sql, "night", wall=NIGHT, digest="0" * 32))[1] == rejudge.NOT_READ


def test_what_cannot_be_read_again() -> None:
    test = Rejudge(compiled(APP))
    for changes in ({"digest": "0" * 32}, {"statement": "SELECT * FROM users WHERE …"}, {"statement": "'"}):
        verdict, unknown = test.judge(record("SELECT * FROM users WHERE id = 5", **changes))
        assert (verdict.effect, unknown) == (ALLOW, rejudge.NOT_READ)
    for facts_changed in ({"tables": ("shop.behind_a_view",)}, {"operations": ("SELECT", "UPDATE")}):
        assert test.judge(record("SELECT * FROM users", **facts_changed))[1] == OTHER_FACTS


def test_what_depends_on_more_than_the_statement() -> None:
    test = Rejudge(compiled(APP))
    assert test.judge(record("SELECT * FROM users", rule="rate-limit"))[1] == OUTER
    assert test.judge(record("SELECT * FROM secret", rule="rate-limit"))[1] == ""


def test_commands_that_are_no_text() -> None:
    test = Rejudge(compiled(APP))
    use = record("SELECT 1", statement="USE shop", digest="", operations=("USE",), tables=())
    verdict, unknown = test.judge(use)
    assert (verdict.effect, unknown) == (ALLOW, "")
    assert test.judge(record("SELECT 1", statement="KILL ?", digest=""))[1] == rejudge.NOT_READ


def test_folded_names_are_found() -> None:
    test = Rejudge(compiled(APP))
    seen = record("SELECT * FROM Users", tables=("shop.users",))
    assert test.judge(seen)[1] == ""
    assert test.judge(seen)[0].effect == ALLOW


def test_recorded_detections_count_and_no_others() -> None:
    test = Rejudge(compiled(APP))
    seen = record("SELECT * FROM users WHERE id = 5")
    assert test.judge(seen)[0].effect == ALLOW
    detected = record("SELECT * FROM users WHERE id = 5", detections=("tautology",))
    assert test.judge(detected)[0].rule == "injection"
    undetected = record("SELECT * FROM users WHERE id = 1 OR 1=1", detections=())
    assert test.judge(undetected)[0].effect == ALLOW


def test_dynamic_sql_whose_text_was_kept() -> None:
    text = APP.replace("[SELECT, UPDATE", "[SELECT, EXECUTE, PREPARE, UPDATE")
    policy = compiled(text + "procedure_control: {block_dynamic_sql: false}\n")
    sql = "EXECUTE IMMEDIATE 'SELECT * FROM secret'"
    seen = record(sql, statement=sql)
    assert Rejudge(policy).judge(seen)[0].rule == "table-denied"
    assert Rejudge(policy).judge(record(sql))[1] != ""


@rows(
    ("rules", "sql", "expected"),
    [
        ("block_patterns: [sleep]", "SELECT * FROM users WHERE id = 5", ""),
        ("block_patterns: ['1=1']", "SELECT * FROM users WHERE id = 5", PATTERN),
        ("block_patterns: ['1=1']", "SELECT * FROM users", ""),
        ("block_patterns: ['1=1']", "DROP TABLE users", ""),
        ('block_patterns: ["x\'"]', "SELECT * FROM users WHERE id = 5", PATTERN),
        ("block_patterns: [{pattern: evil, literals: true}]", "SELECT * FROM users WHERE id = 5", PATTERN),
        ("block_statements: ['DELETE FROM * WHERE 1=1']", "DELETE FROM users WHERE id = 5", SHAPE),
        ("block_statements: ['DELETE FROM * WHERE 1=1']", "SELECT * FROM users WHERE id = 5", ""),
        ("block_statements: ['DELETE FROM *']", "DELETE FROM users WHERE id = 5", ""),
        ("block_statements: ['DELETE FROM *']", "DELETE FROM users WHERE 1 = 0", SHAPE),
        ("block_statements: ['DELETE FROM *']", "DELETE FROM users WHERE id LIKE '%'", SHAPE),
        ("block_statements: ['UPDATE * SET * = ?']", "UPDATE users SET a = 5", ""),
        ("block_statements: ['DROP TABLE']", "DROP TABLE users", ""),
        ("require_where: [DELETE]", "DELETE FROM users WHERE id = 5", ""),
        ("require_where: [DELETE]", "DELETE FROM users", ""),
        ("require_where: [DELETE]", "DELETE FROM users WHERE 1=0", WHERE),
        ("require_where: [DELETE]", "DELETE FROM users WHERE id LIKE '%'", WHERE),
        ("require_where: [UPDATE]", "UPDATE users SET a = 5", ""),
        ("require_where: [UPDATE]", "DELETE FROM users WHERE 1=1", ""),
        ("{mode: monitor, block_patterns: ['1=1']}", "SELECT * FROM users WHERE id = 5", ""),
        ("require_where: []", "SET @@timestamp = 5", STATE),
    ],
)
def test_literals_that_were_not_kept_are_never_guessed(rules: str, sql: str, expected: str) -> None:
    text = rules if rules.startswith("{") else "{injection: {detectors: []}, " + rules + "}"
    test = Rejudge(compiled(APP + f"sql_rules: {text}\n"))
    verdict, unknown = test.judge(record(sql))
    assert unknown == expected, verdict
    if not expected and sql == "DELETE FROM users":
        assert verdict.rule == "require-where"


def test_a_monitored_rule_is_no_block() -> None:
    test = Rejudge(compiled("global: {mode: monitor}\n" + APP))
    assert test.judge(record("SELECT * FROM secret"))[0].effect == WOULD_BLOCK
    assert Rejudge(compiled(APP)).judge(record("SELECT * FROM secret"))[0].effect == BLOCK


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rejudge, "_CACHE_BYTES", 4000)
    monkeypatch.setattr(rejudge, "_MOST_CLIENTS", 2)
    test = Rejudge(compiled(APP))
    for number in range(20):
        seen = record(f"SELECT c{number} FROM users", client_ip=f"10.0.0.{number}")
        assert test.judge(seen)[0].effect == ALLOW
    assert len(test._answers) < 5
    assert len(test._clients) <= 2


def test_what_was_refused_for_what_is_behind_a_name() -> None:
    """The same policy judges the text alone, and would let it pass."""
    judge = Rejudge(compiled(APP))
    seen = record("SELECT * FROM users", rule="table-denied", behind=True)
    assert judge.judge(seen)[1] == BEHIND
    refused = record("SELECT * FROM secret", rule="table-denied", behind=True)
    verdict, unknown = judge.judge(refused)
    assert (verdict.effect, unknown) == (BLOCK, "")


LIMITED = """\
access_control:
- {name: app, user: app%s, allowed_tables: [shop.users], allowed_operations: [SELECT],
   grants: [{tables: shop.orders, operations: [SELECT], columns: [id]}]}
"""


@rows(
    ("sql", "rule", "expected"),
    [
        ("SELECT id FROM orders", "column-denied", COLUMNS),
        ("SELECT * FROM orders WHERE id = 5", "column-denied", COLUMNS),
        ("SELECT u.id FROM users u JOIN orders o ON o.id = u.id", "column-denied", COLUMNS),
        ("SELECT * FROM users", "", ""),
        ("DELETE FROM orders", "operation-denied", ""),
        ("SELECT id FROM secret", "table-denied", ""),
        ("SELECT id FROM orders, secret", "table-denied", ""),
    ],
)
def test_which_columns_a_table_had_is_never_guessed(sql: str, rule: str, expected: str) -> None:
    for mode in ("", ", mode: monitor"):
        verdict, unknown = Rejudge(compiled(LIMITED % mode)).judge(record(sql))
        assert (verdict.rule, unknown) == (rule, expected)
