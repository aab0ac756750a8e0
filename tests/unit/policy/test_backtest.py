from __future__ import annotations

import pytest

from dbgate.policy import backtest
from dbgate.policy.backtest import ALLOWED, BLOCKED, MONITORED, Backtest
from dbgate.policy.rejudge import OUTER, Rejudge
from tests.unit.policy.making import compiled
from tests.unit.policy.test_rejudge import APP, record


def test_what_changes_by_rule_and_digest() -> None:
    test = Backtest(Rejudge(compiled(APP)))
    test.add(record("SELECT * FROM users WHERE id = 5"), "allow")
    for number in range(3):
        test.add(record(f"SELECT * FROM secret WHERE id = {number}"), "allow")
    test.add(record("SELECT * FROM users", rule="operation-denied"), "block")
    test.add(record("SELECT * FROM secret", rule="table-denied"), "block")
    test.add(record("SELEC", rule="parse-error"), "block")
    test.add(record("SELECT * FROM users", rule="rate-limit"), "block")
    test.add(record("SELECT * FROM users", rule="max-result-rows"), "block")
    tally = test.tally
    assert (tally.records, tally.same, tally.undecided) == (9, 4, 1)
    assert tally.changed == {BLOCKED: 3, ALLOWED: 1, MONITORED: 0}
    assert tally.unknown == {OUTER: 1}
    first, second = tally.by_count()
    assert (first.what, first.count, first.rule, first.line, first.entry) == (
        BLOCKED,
        3,
        "table-denied",
        2,
        "app",
    )
    assert first.statement == "SELECT * FROM secret WHERE id = ?"
    assert "shop.secret" in first.reason
    assert (second.what, second.rule) == (ALLOWED, "operation-denied")


def test_a_monitored_policy() -> None:
    test = Backtest(Rejudge(compiled("global: {mode: monitor}\n" + APP)))
    test.add(record("SELECT * FROM secret"), "allow")
    test.add(record("SELECT * FROM secret", rule="table-denied"), "would_block")
    test.add(record("SELECT * FROM secret", rule="table-denied"), "block")
    assert test.tally.changed == {BLOCKED: 0, ALLOWED: 1, MONITORED: 1}
    assert test.tally.same == 1


def test_two_policies() -> None:
    wider = APP.replace("shop.orders]", "shop.orders, shop.secret]")
    test = Backtest(Rejudge(compiled(APP)), Rejudge(compiled(wider)))
    test.add(record("SELECT * FROM secret", rule="table-denied"), "block")  # what was decided does not count
    test.add(record("SELECT * FROM users"), "block")
    doubtful = Rejudge(compiled(APP + "sql_rules: {block_patterns: ['1=1']}\n"))
    assert test.tally.changed == {BLOCKED: 1, ALLOWED: 0, MONITORED: 0}
    for before, after in ((doubtful, Rejudge(compiled(APP))), (Rejudge(compiled(APP)), doubtful)):
        other = Backtest(after, before)
        other.add(record("SELECT * FROM users WHERE id = 5"), "allow")
        assert other.tally.undecided == 1


def test_groups_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtest, "_MOST_GROUPS", 2)
    test = Backtest(Rejudge(compiled(APP)))
    for number in range(5):
        test.add(record(f"SELECT c{number} FROM secret"), "allow")
    assert len(test.tally.groups) == 2
    assert (test.tally.ungrouped, test.tally.changed[BLOCKED]) == (3, 5)
