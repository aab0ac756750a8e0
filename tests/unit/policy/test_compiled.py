"""The values of a compiled policy that do something themselves."""

from __future__ import annotations

from dbgate.policy import compiled as module
from dbgate.policy.compiled import PatternRules
from dbgate.policy.operations import mask_allows
from dbgate.policy.verdict import ALLOW
from tests.rows import rows
from tests.unit.policy.making import APP, compiled, entry_of


def test_sensitive_names_keep_their_order_and_are_remembered() -> None:
    policy = compiled(
        APP + "data_protection: {sensitive_columns: [{pattern: 'ssn|passport'}, {pattern: '^pin$'}]}"
    )
    names = ("pin", "id", "user_ssn", "PASSPORT_no", "pins")
    assert policy.sensitive(names) == ("pin", "user_ssn", "PASSPORT_no")
    assert policy.sensitive(names) == ("pin", "user_ssn", "PASSPORT_no")
    assert compiled(APP).sensitive(names) == ()
    assert policy.sensitive(("x" * 100 + "ssn",)) == ("x" * 100 + "ssn",)


def test_the_memory_of_names_is_bounded() -> None:
    policy = compiled(APP + "data_protection: {sensitive_columns: [{pattern: 'ssn'}]}")
    for n in range(3 * module._REMEMBERED_NAMES):
        assert policy.sensitive((f"c{n}",)) == ()
    assert len(policy._sensitive_names) <= module._REMEMBERED_NAMES
    assert policy.sensitive(("ssn",)) == ("ssn",)


def test_an_entry_has_the_verdict_of_its_last_step_ready() -> None:
    allowed = entry_of(compiled(APP)).allowed
    assert (allowed.effect, allowed.rule, allowed.line, allowed.entry, allowed.step) == (
        ALLOW,
        "",
        2,
        "app",
        12,
    )


def test_grants_by_columns_count_as_granted_and_want_a_catalog() -> None:
    policy = compiled(
        "access_control:\n- {user: app, grants: [{tables: s.t, operations: SELECT, columns: id}]}\n- {user: b}\n"
    )
    assert policy.limits_columns and not compiled(APP).limits_columns
    assert [mask_allows(entry_of(policy).granted, name) for name in ("SELECT", "UPDATE")] == [True, False]
    blocked = "access_control:\n- {user: app, blocked_operations: SELECT, grants: [{tables: s.t, operations: SELECT, columns: id}]}\n"
    assert not compiled(blocked).limits_columns


def test_patterns_keep_their_texts() -> None:
    rules = PatternRules(["a", "b"], [1, 2])
    assert rules.texts[rules.regexes.first("xb")] == "b"


@rows(
    ("rules", "reads"),
    [
        ("", False),
        ("block_statements: [DROP, 'DELETE FROM * WHERE 1=1']", False),
        ("block_statements: ['DELETE FROM * WHERE id = 7']", True),
        ("block_patterns: ['UNION\\s+SELECT']", False),
        ("block_patterns: ['id = 7']", True),
        ("block_patterns: [{pattern: union, literals: true}]", True),
    ],
)
def test_whether_any_rule_reads_literals(rules: str, reads: bool) -> None:
    assert compiled(APP + f"sql_rules: {{{rules}}}").reads_literals is reads
