"""From the file to what decisions look things up in."""

from __future__ import annotations

import pytest

from dbgate.policy.compile import build_policy, building, compile_policy
from dbgate.policy.compiled import (
    PROCEDURES_BLACKLIST,
    PROCEDURES_BY_CALL,
    PROCEDURES_WHITELIST,
    CompiledEntry,
    CompiledPolicy,
)
from dbgate.policy.load import parse_policy
from dbgate.policy.operations import PARTLY, operations_mask
from dbgate.policy.planning import plan_policy
from tests.unit.policy.making import POLICIES, compiled, entry_of


def test_everything_reaches_its_place() -> None:
    policy = compile_policy(parse_policy((POLICIES / "everything.yaml").read_text()))
    assert (policy.max_connections, policy.idle_timeout_s) == (77, 0.5)
    assert (policy.log_level, policy.log_format, policy.log_literals) == ("warning", "text", True)
    assert (policy.alert_on_block, policy.alert_on_high_volume, policy.alert_threshold_qps) == (
        True,
        True,
        10,
    )
    assert (policy.block_schema_access, policy.row_cap, policy.row_cap_mode) == (False, 900, "monitor")
    assert policy.sensitive(("id", "SSN", "ssn2")) == ("SSN",)
    sql = policy.sql
    assert sql.enforced
    assert sql.block_operations == {"TRUNCATE": 40, "DELETE": 40, "REPLACE": 40}
    assert sql.require_where == {"UPDATE": 49}
    assert sql.patterns is not None and (sql.patterns.texts, sql.patterns.lines) == (
        ["INTO\\s+OUTFILE"],
        [42],
    )
    assert sql.literal_patterns is not None and sql.literal_patterns.lines == [43]
    assert sql.detectors == {"tautology": False, "stacked": True}
    assert sql.detector_lines == {"tautology": 47, "stacked": 48}
    assert sql.other_detectors == -1
    rules = policy.procedures
    assert (rules.kind, rules.line, rules.block_dynamic, rules.block_create) == (
        PROCEDURES_BLACKLIST,
        53,
        False,
        False,
    )
    assert (rules.block_dynamic_line, rules.block_create_line) == (54, 55)
    app, everyone = policy.entries
    assert (app.name, app.line, app.mode, app.number) == ("app", 14, "enforce", 0)
    assert app.bare == operations_mask(["SELECT", "INSERT", "CALL"])
    assert app.blocked == {"DROP": 20}
    assert (app.rate, app.burst, app.rate_text, app.rate_line) == (2.0, 120.0, "120/m", 32)
    assert (app.row_cap, app.row_cap_line) == (50, 31)
    assert app.has_clock and app.clock is not None
    assert app.clock.text == "09:00-18:00, 20:00-02:00 on mon, fri (Asia/Seoul)"
    assert (app.clock.days, app.clock_line, app.functions_line) == (0b10001, 27, 26)
    assert app.rights.on_table("shop", "stock") == operations_mask(["*"]) & ~operations_mask(["DROP"])
    assert (everyone.name, everyone.mode, everyone.row_cap, everyone.row_cap_line) == (
        "*@*",
        "monitor",
        900,
        58,
    )
    assert (everyone.bare, everyone.rate, everyone.has_clock, everyone.functions) == (0, 0.0, False, None)
    assert everyone.burst == 0.0
    assert (everyone.rights.on_table("public", "news"), app.column_rights) == (PARTLY, None)
    assert everyone.column_rights is not None and policy.limits_columns
    numbers = everyone.rights.grants_on("public", "news")
    assert everyone.column_rights.columns(numbers, "SELECT") == {"id", "title"}
    assert everyone.column_rights.line(numbers, "SELECT") == 36


def test_what_an_empty_policy_is() -> None:
    policy = compiled("access_control: []")
    assert (policy.max_connections, policy.idle_timeout_s, policy.log_level, policy.log_format) == (
        0,
        0.0,
        "",
        "",
    )
    assert (policy.block_schema_access, policy.row_cap, policy.row_cap_mode) == (True, 0, "enforce")
    assert policy.sensitive(("ssn",)) == ()
    assert (policy.procedures.kind, policy.procedures.block_dynamic) == (PROCEDURES_BY_CALL, True)
    assert (policy.sql.patterns, policy.sql.literal_patterns, policy.sql.other_detectors) == (None, None, 1)


def test_the_most_specific_mode_counts() -> None:
    def modes(text: str) -> tuple[str, bool, int]:
        policy = compiled(text + "\naccess_control: [{user: app}]")
        return entry_of(policy).mode, policy.sql.enforced, policy.sql.other_detectors

    assert modes("") == ("enforce", True, 1)
    assert modes("global: {mode: monitor}") == ("monitor", False, 0)
    assert modes("sql_rules: {mode: monitor}") == ("enforce", False, 0)
    assert modes("global: {mode: monitor}\nsql_rules: {mode: enforce}") == ("monitor", True, 1)
    assert modes("sql_rules: {mode: monitor, injection: {mode: enforce}}") == ("enforce", False, 1)
    policy = compiled(
        "sql_rules: {injection: {mode: monitor, detectors: [{name: stacked, mode: enforce}, tautology]}}"
    )
    assert policy.sql.detectors == {"stacked": True, "tautology": False}


def test_blocking_everything_names_the_line_of_the_item() -> None:
    entry = entry_of(compiled("access_control:\n- user: app\n  blocked_operations:\n    - DROP\n    - '*'\n"))
    assert (entry.blocked["DROP"], entry.blocked["SELECT"], entry.blocked["REPLACE"]) == (4, 5, 5)


def test_a_single_value_has_the_line_of_its_key() -> None:
    policy = compiled("access_control: []\nsql_rules:\n  block_statements: DROP\n  block_patterns: x\n")
    assert policy.sql.block_operations == {"DROP": 3}
    assert policy.sql.patterns is not None and policy.sql.patterns.lines == [4]


def test_a_right_that_is_blocked_is_none() -> None:
    entry = entry_of(
        compiled(
            "access_control: [{user: app, allowed_tables: a.b, allowed_operations: SELECT, blocked_operations: '*'}]"
        )
    )
    assert (entry.bare, entry.granted, entry.rights.reachable) == (0, 0, 0)


def test_time_without_windows_or_days() -> None:
    def clock(text: str) -> tuple[int, str]:
        made = entry_of(compiled(f"access_control: [{{user: app, time_restriction: {text}}}]")).clock
        assert made is not None
        return made.days, made.text

    assert clock("{days: sun}") == (0b1000000, "all day on sun (UTC)")
    assert clock("{allow: 22:00-06:00, timezone: Asia/Seoul}") == (0b1111111, "22:00-06:00 (Asia/Seoul)")


def test_procedure_lists_without_lines_of_their_own() -> None:
    policy = compiled("access_control: []\nprocedure_control:\n  mode: whitelist\n")
    assert (policy.procedures.kind, policy.procedures.line) == (PROCEDURES_WHITELIST, 2)
    assert (policy.procedures.block_dynamic_line, policy.procedures.block_create_line) == (2, 2)


def test_shapes_stand_beside_operations() -> None:
    policy = compiled(
        "access_control: []\nsql_rules:\n  block_statements:\n    - 'DELETE FROM * WHERE 1=1'\n    - DROP\n"
    )
    assert policy.sql.block_operations == {"DROP": 5}
    assert [(shape.text, shape.line) for shape in policy.sql.shapes] == [("DELETE FROM * WHERE 1=1", 4)]


SHAPES = """\
access_control:
- {name: app, user: [app, "a*"], source_ip: 10.0.0.1, allowed_tables: [shop.users], allowed_operations: [SELECT]}
- {name: rest, user: app, allowed_tables: [shop.users], allowed_operations: [SELECT]}
sql_rules: {shapes: {mode: MODE, file: s.yaml}}
"""
LEARNED = (
    b"users:\n  app: [{shape: '00000000000000000000000000000000', operations: [SELECT], tables: [shop.users]}]\n"
    b"  abc: []\n  nobody: []\n"
)


def test_shapes() -> None:
    def made(mode: str) -> CompiledPolicy:
        return compile_policy(parse_policy(SHAPES.replace("MODE", mode), "p.yaml", lambda name: LEARNED))

    assert [made(mode).sql.new_shapes for mode in ("learning", "detect", "enforce")] == [-1, 0, 1]
    assert compiled("access_control: []").sql.new_shapes == -1
    policy = made("enforce")
    assert policy.sql.new_shapes_line == 4
    assert {user: sorted(found) for user, found in policy.variants.items()} == {
        "app": [0, 1],
        "abc": [0],
        "nobody": [],
    }
    variants = [entry for found in policy.variants.values() for entry in found.values()]
    assert sorted(entry.number for entry in variants) == [2, 3, 4]
    (shape,) = policy.variants["app"][1].learned.values()
    assert (shape.operations, shape.tables, shape.detectors) == ({"SELECT"}, {"shop.users"}, frozenset())
    # Everything else is the entry's.
    base = vars(policy.entries[1]) if hasattr(policy.entries[1], "__dict__") else {}
    for name, value in base.items():
        if name not in ("number", "learned", "allowed"):
            assert getattr(policy.variants["app"][1], name) == value
    assert policy.entries[0].learned == {}


def test_the_webhook_reaches_its_place() -> None:
    assert compiled("alerts: {webhook: 'https://x/y'}\n").alert_webhook == "https://x/y"
    assert compiled("alerts: {on_block: true}\n").alert_webhook == ""


def test_whether_records_are_required() -> None:
    assert compiled("audit: {on_failure: block}\n").records_required
    assert not compiled("audit: {on_failure: allow}\n").records_required
    assert not compiled("alerts: {on_block: true}\n").records_required


def test_a_policy_is_made_in_many_small_pieces() -> None:
    tables = ", ".join(f"s.t{n}" for n in range(300))
    patterns = ", ".join(f"p{n}" for n in range(100))
    text = (
        f"access_control: [{{user: [a, b], allowed_tables: [{tables}], allowed_operations: SELECT}}]\n"
        f"sql_rules: {{block_patterns: [{patterns}], block_statements: [SELECT * FROM *]}}\n"
    )
    pieces = building(plan_policy(parse_policy(text)))
    assert sum(1 for _ in pieces) >= 12
    policy = compile_policy(parse_policy(text))
    assert policy.sql.patterns is not None
    assert [policy.sql.patterns.regexes.first(f"a p{n}.") for n in (0, 31, 32, 99)] == [0, 3, 3, 9]
    assert policy.sql.patterns.regexes.first("nothing") == -1


def test_rights_without_capital_letters_are_kept_once() -> None:
    def entry(table: str) -> CompiledEntry:
        return entry_of(
            compiled(f"access_control: [{{user: app, allowed_tables: {table}, allowed_operations: SELECT}}]")
        )

    select = operations_mask(["SELECT"])
    small, large = entry("s.t"), entry("S.T")
    assert small.rights is small.rights_folded
    assert (large.rights.on_table("S", "T"), large.rights.on_table("s", "t")) == (select, 0)
    assert (large.rights_folded.on_table("S", "T"), large.rights_folded.on_table("s", "t")) == (0, select)


def test_what_is_no_plan_is_no_policy() -> None:
    with pytest.raises(ValueError, match="array"):
        build_policy(b"\x00")
