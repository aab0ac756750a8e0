"""What explain says of a statement is what the gate does with it: the first time, from its caches, and as a prepared one."""

from __future__ import annotations

from functools import cache

from hypothesis import given
from hypothesis import strategies as st

from dbgate.gate.brain import Brain
from dbgate.policy.explain import explain
from dbgate.policy.verdict import BLOCK, EFFECT_NAMES
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import LexContext
from tests.unit.gate.play import Play, brain, packet
from tests.unit.sql.honest import HONEST
from tests.unit.sql.injected import injected

POLICY = """
global: {default_schema: shop, mode: %s}
access_control:
- {name: app, user: app, allowed_tables: [users, orders], allowed_operations: [SELECT, INSERT, UPDATE, DELETE, CALL, LOAD],
   allowed_functions: [f_tax]}
- {name: late, user: late, allowed_tables: ['*'], allowed_operations: ['*'], time_restriction: {allow: "00:00-09:00"}}
- {name: eager, user: eager, allowed_tables: ['*'], allowed_operations: ['*'], blocked_operations: [INSERT], mode: monitor}
sql_rules:
  mode: %s
  block_statements: [DROP, "DELETE FROM * WHERE 1=1"]
  block_patterns: ["into\\\\s+outfile", {pattern: canary, literals: true}]
  require_where: [UPDATE, DELETE]
procedure_control: {mode: whitelist, whitelist: [sp_one]%s}
"""
POLICIES = [
    POLICY % (whole, rules, dynamic)
    for whole in ("enforce", "monitor")
    for rules in ("enforce", "monitor")
    for dynamic in ("", ", block_dynamic_sql: false")
]
# one or more for each rule, beside what applications and attackers send
CHOSEN = [
    "SELECT id FROM users", "SELECT id FROM orders WHERE id = 5", "SELECT salary FROM payroll", "UPDATE users SET name = 'x'",
    "UPDATE users SET name = 'x' WHERE id = 1", "DELETE FROM users WHERE 1=1", "DELETE FROM orders", "DROP TABLE users",
    "TRUNCATE users", "CREATE TABLE t (a INT)", "CALL sp_one()", "CALL sp_two()", "SELECT f_tax(1)", "SELECT shop.f_other(1)",
    "SELECT user FROM mysql.user", "SELECT * FROM information_schema.tables", "SET GLOBAL read_only = 1", "SET NAMES gbk",
    "SET sql_mode = 'ORACLE'", "BEGIN", "SELECT 'canary'", "SELECT id FROM users INTO OUTFILE '/tmp/x'", "SELECT 1 FROM",
    "PREPARE s FROM 'SELECT id FROM users'", "EXECUTE IMMEDIATE 'DROP TABLE users'", "SELECT SLEEP(5)", "USE mysql",
    "SELECT id FROM users WHERE name = '' OR 1=1 -- '", "SELECT 1; DROP TABLE users", "INSERT INTO users VALUES (1)", "",
    "SHOW PROCESSLIST", "KILL 3", "GRANT ALL ON *.* TO x", "CREATE PROCEDURE p() SELECT 1", "EXPLAIN SELECT * FROM payroll",
]  # fmt: skip
TEXTS = [*CHOSEN, *HONEST, *injected()[::7]]


MORNING, AFTERNOON = 0.0, 54_000.0  # seconds since the epoch


@cache
def one(text: str) -> Brain:
    return brain(text)


def taken(shared: Brain, user: str, command: bytes) -> tuple[object, ...]:
    """What becomes of a command in a session of its own."""
    shared.wall_offset = MORNING
    play = Play(shared).login(user.encode())
    shared.wall_offset = AFTERNOON
    play.client(packet(0, command))
    passed = play.to_server == packet(0, command)
    play.take(play.gate.server_closed(play.now))
    (record,) = [record for record in play.records if record.event.startswith("query")]
    return passed, record.decision, record.rule, record.rule_line


def told(shared: Brain, user: str, sql: bytes, ctx: LexContext, prepared: bool) -> tuple[object, ...]:
    """The same, of what explain says."""
    analysis = analyze(sql, ctx, "shop", prepared)
    verdict = explain(shared.policy, user, "10.0.0.9", analysis, AFTERNOON).verdict
    line = (
        verdict.line if verdict.rule else 0
    )  # a record names the rule that stopped it, not the one that granted
    return verdict.effect != BLOCK, EFFECT_NAMES[verdict.effect], verdict.rule, line


@given(st.sampled_from(POLICIES), st.sampled_from(["app", "late", "eager"]), st.sampled_from(TEXTS))
def test_explain_is_what_the_gate_does(text: str, user: str, statement: str) -> None:
    shared = one(text)
    sql = statement.encode()
    shared.wall_offset = MORNING
    ctx = Play(shared).login(user.encode()).gate.state.ctx
    said = told(shared, user, sql, ctx, False)
    for _ in range(3):  # the third time it comes from the cache of whole texts
        assert taken(shared, user, b"\x03" + sql) == said, (text, user, statement)
    assert taken(shared, user, b"\x16" + sql) == told(shared, user, sql, ctx, True), (text, user, statement)
