"""Which of many rules against a statement decides, for every mix of modes: told again by a few lines of their own."""

from __future__ import annotations

from itertools import product

from dbgate.policy.evaluate import admit, combine, decide
from dbgate.policy.explain import explain
from dbgate.policy.verdict import BLOCK, WOULD_BLOCK
from dbgate.sql.analyze import analyze
from dbgate.sql.statement import MARIADB, LexContext
from tests.unit.policy.making import compiled, entry_of

POLICY = """
global: {GLOBAL default_schema: shop}
access_control:
- {ENTRY user: app, allowed_tables: [users], allowed_operations: [INSERT], blocked_operations: [SELECT], DOOR}
sql_rules:
  RULES
  block_statements: [SELECT]
  block_patterns: [evil]
  injection: {INJECTION detectors: [{DETECTOR name: tautology}]}
"""
NOON = 1_700_049_600.0
STATEMENT = analyze(b"SELECT evil(1) FROM mysql.user WHERE id=1 OR 1=1", LexContext(MARIADB, 101106), "shop")
DOORS = (
    ("", "rate_limit: 5/s", True),
    ("rate-limit", "rate_limit: 5/s", False),
    ("time-restriction", "time_restriction: {allow: '00:00-00:01'}", True),
)


def test_the_first_enforced_rule_decides_or_else_the_first_monitored_one() -> None:
    modes = (None, "enforce", "monitor")
    for number, stated in enumerate(product(modes, repeat=5)):
        door, key, rate_ok = DOORS[number % 3]
        text = POLICY.replace("DOOR", key)
        for name, mode in zip(("GLOBAL", "ENTRY", "RULES", "INJECTION", "DETECTOR"), stated, strict=True):
            comma = "" if name == "RULES" else ","
            text = text.replace(name, f"mode: {mode}{comma}" if mode else "")
        general, entry_mode, rules_mode, injection, detector = stated
        general = general or "enforce"
        by_rules = rules_mode or general
        by_entry = entry_mode or general
        against = [
            ("block-statement", by_rules),
            ("injection", detector or injection or by_rules),
            ("block-pattern", by_rules),
            ("schema-access", by_entry),
            ("blocked-operation", by_entry),
            ("operation-denied", by_entry),
            ("function-denied", by_entry),
        ]
        if door:
            against.insert(0, (door, by_entry))
        enforced = [rule for rule, mode in against if mode == "enforce"]
        expected = (BLOCK, enforced[0]) if enforced else (WOULD_BLOCK, against[0][0])
        policy = compiled(text)
        verdict = combine(
            admit(policy, entry_of(policy), NOON, rate_ok), decide(policy, entry_of(policy), STATEMENT)
        )
        assert (verdict.effect, verdict.rule) == expected, text
        told = explain(policy, "app", "10.0.0.1", STATEMENT, NOON, rate_ok).verdict
        assert (told.effect, told.rule) == expected
