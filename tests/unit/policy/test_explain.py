"""Explaining a verdict, which is deciding with the steps written down."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from dbgate.policy.evaluate import admit, combine, decide, find_entry
from dbgate.policy.explain import STEP_NAMES, explain
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import (
    NEED_ANY_RIGHT,
    NEED_BARE,
    NEED_SCHEMA,
    NEED_SCHEMA_VISIBLE,
    NEED_TABLE,
    Analysis,
    Detection,
    Need,
    RoutineRef,
    Statement,
)
from tests.unit.policy.making import APP, analysis, compiled, statement

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC).timestamp()


def outcomes(
    text: str, *statements: Statement, user: str = "app", wall: float = NOON, **more: str
) -> list[str]:
    steps = explain(compiled(text), user, "10.0.0.1", analysis(*statements, **more), wall).steps  # type: ignore[arg-type]
    assert [step.number for step in steps] == list(range(1, 13))
    assert [step.name for step in steps] == list(STEP_NAMES.values())
    return [step.outcome for step in steps]


def test_an_allowed_statement_passes_every_step() -> None:
    explanation = explain(compiled(APP), "app", "10.0.0.1", analysis(statement("SELECT")), NOON)
    assert [step.outcome for step in explanation.steps] == ["passed"] * 12
    assert (explanation.verdict.effect, explanation.entry, explanation.entry_line) == (ALLOW, "app", 2)
    assert (explanation.user, explanation.client_ip) == ("app", "10.0.0.1")
    assert explanation.steps[-1].reason == "granted by entry 'app'"
    assert explanation.steps[-1].line == 2


def test_a_block_ends_at_its_step() -> None:
    explanation = explain(compiled(APP), "app", "10.0.0.1", analysis(statement("SELECT", "secret")), NOON)
    assert [step.outcome for step in explanation.steps] == ["passed"] * 9 + ["block"] + ["not reached"] * 2
    step = explanation.steps[9]
    assert (step.rule, step.line, step.reason) == (
        "table-denied",
        2,
        "SELECT on shop.secret is not granted to entry 'app'",
    )


def test_columns_are_judged_as_on_the_data_path() -> None:
    policy = compiled(
        "access_control:\n- {name: app, user: app, grants: [{tables: shop.users, operations: SELECT, columns: id}]}\n"
    )
    for columns, outcome in ((("id",), "passed"), (("id", "ssn"), "block")):
        known = TableColumns({"shop\0users": columns})
        told = explain(policy, "app", "10.0.0.1", analysis(statement("SELECT")), NOON, columns=known)
        assert told.steps[9].outcome == outcome
    assert (told.steps[9].rule, told.steps[9].line) == ("column-denied", 2)
    assert told.steps[9].reason == (
        "SELECT of all columns of shop.users, of which ssn is not granted to entry 'app'"
    )


def test_monitored_steps_are_shown_and_passed() -> None:
    text = (
        APP.replace("name: app", "name: app, mode: monitor")
        + "sql_rules: {mode: monitor, block_statements: DROP}\n"
    )
    found = outcomes(text, statement("DROP", "secret"))
    assert [found[4], found[9], found[10], found[11]] == ["would_block", "would_block", "passed", "passed"]
    enforced = "sql_rules: {mode: enforce, block_statements: DROP}\n"
    assert outcomes(APP + enforced, statement("DROP"))[3:6] == ["passed", "block", "not reached"]


def test_steps_before_the_statement_is_known() -> None:
    assert outcomes(APP, user="other")[:2] == ["passed", "block"]
    assert outcomes(APP, statement(), user="other")[:4] == ["passed", "passed", "block", "not reached"]
    assert outcomes(APP, statement(), error="unbalanced")[:3] == ["passed", "block", "not reached"]
    none = explain(None, "app", "10.0.0.1", analysis(statement()), NOON)
    assert (none.verdict.rule, none.entry, none.entry_line) == ("no-policy", "", 0)
    assert none.steps[0].outcome == "block"


def test_time_and_rate_stand_in_their_place() -> None:
    text = APP.replace("name: app", "name: app, rate_limit: 1/s, time_restriction: {allow: '00:00-06:00'}")
    assert outcomes(text, statement("DROP"))[2:5] == ["passed", "block", "not reached"]
    night = NOON - 9 * 3600
    assert outcomes(text, statement("SELECT"), wall=night) == ["passed"] * 12
    slow = explain(compiled(text), "app", "10.0.0.1", analysis(statement("SELECT")), night, rate_ok=False)
    assert slow.verdict.rule == "rate-limit"


def test_an_error_inside_reaches_no_step() -> None:
    broken = Analysis((None,), "", "", "", "", "", "", True)  # type: ignore[arg-type]
    explanation = explain(compiled(APP), "app", "10.0.0.1", broken, NOON)
    assert explanation.verdict.rule == "internal-error"
    assert {step.outcome for step in explanation.steps} == {"not reached"}


# --- explain and the data path cannot differ ----------------------------------------------------------------------

OPERATIONS = ["SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "DROP", "CALL", "SET", "SHOW"]
SCHEMAS = ["shop", "mysql", "other", "Information_Schema"]
TABLES = ["users", "orders", "log_1"]

operations = st.sampled_from(OPERATIONS)
modes = st.sampled_from(["", "mode: enforce", "mode: monitor"])
names = st.sampled_from(["shop.users", "'shop.*'", "users", "'*'", "shop.log_*", "other.orders", "'*.users'"])


@st.composite
def entries(draw: st.DrawFn) -> str:
    parts = [
        "user: " + draw(st.sampled_from(["app", "other", "a*", "'*'", "[app, b]"])),
        draw(st.sampled_from(["", "source_ip: 10.0.0.0/8", "source_ip: 11.0.0.0/8"])),
        f"allowed_tables: [{', '.join(draw(st.lists(names, max_size=3)))}]",
        f"allowed_operations: [{', '.join(draw(st.lists(operations, max_size=5)))}]",
        f"blocked_operations: [{', '.join(draw(st.lists(operations, max_size=1)))}]",
        f"grants: [{{tables: {draw(names)}, operations: {draw(operations)}}}]" if draw(st.booleans()) else "",
        draw(st.sampled_from(["", "allowed_functions: [f]", "allowed_functions: [shop.g]"])),
        draw(
            st.sampled_from(["", "time_restriction: {allow: 09:00-13:00}", "time_restriction: {days: sun}"])
        ),
        draw(st.sampled_from(["", "rate_limit: 1/s"])),
        draw(modes),
    ]
    return "- {" + ", ".join(part for part in parts if part) + "}\n"


@st.composite
def policies(draw: st.DrawFn) -> str:
    rules = [
        draw(modes),
        f"block_statements: [{', '.join(draw(st.lists(operations, max_size=2)))}]",
        draw(
            st.sampled_from(
                ["", "block_patterns: ['union']", "block_patterns: [{pattern: secret, literals: true}]"]
            )
        ),
        draw(st.sampled_from(["", "injection: {mode: monitor}", "injection: {detectors: [tautology]}"])),
        draw(st.sampled_from(["", "require_where: [DELETE]"])),
    ]
    procedures = [
        draw(st.sampled_from(["", "mode: whitelist, whitelist: [p]", "mode: blacklist, blacklist: [p]"])),
        draw(st.sampled_from(["", "block_dynamic_sql: false"])),
        draw(st.sampled_from(["", "block_create_alter: false"])),
    ]
    return (
        f"global: {{{draw(modes)}}}\n"
        f"access_control:\n{''.join(draw(st.lists(entries(), min_size=1, max_size=3)))}"
        f"sql_rules: {{{', '.join(part for part in rules if part)}}}\n"
        f"procedure_control: {{{', '.join(part for part in procedures if part)}}}\n"
        f"data_protection: {{block_schema_access: {draw(st.sampled_from(['true', 'false']))}}}\n"
    )


needs = st.builds(
    Need,
    st.sampled_from([NEED_TABLE, NEED_TABLE, NEED_ANY_RIGHT, NEED_SCHEMA, NEED_SCHEMA_VISIBLE, NEED_BARE]),
    operations,
    st.sampled_from(["", *SCHEMAS]),
    st.sampled_from(TABLES),
)
routines = st.lists(
    st.builds(RoutineRef, st.sampled_from(["", "shop", "sys"]), st.sampled_from("fgp")), max_size=1
)


def _statements(folded: st.SearchStrategy[Statement | None]) -> st.SearchStrategy[Statement]:
    return st.builds(
        Statement,
        verb=operations,
        operations=st.lists(operations, max_size=2).map(tuple),
        needs=st.lists(needs, max_size=3).map(tuple),
        session=st.booleans(),
        functions=routines.map(tuple),
        calls=routines.map(tuple),
        creates_routine=st.booleans(),
        dynamic=st.sampled_from(["", "", "PREPARE"]),
        folded=folded,
        unfiltered=st.sampled_from([(), ("DELETE",)]),
        detections=st.sampled_from([(), (Detection("tautology", "x"), Detection("stacked", "y"))]),
        session_state=st.sampled_from(["", "", "", "unknown"]),
        canonical=st.sampled_from(["", "UNION"]),
        canonical_literals=st.sampled_from(["", "secret"]),
    )


statements = _statements(st.none() | _statements(st.none()))
analyses = st.builds(
    Analysis,
    statements=st.lists(statements, max_size=2).map(tuple),
    error=st.sampled_from(["", "", "", "bad"]),
    session_state=st.sampled_from(["", "", "", "bad"]),
    masked=st.just(""),
    digest=st.just(""),
    canonical=st.sampled_from(["SELECT", "UNION"]),
    canonical_literals=st.sampled_from(["SELECT", "secret"]),
    shared=st.booleans(),
    folded=st.booleans(),
)


@settings(max_examples=max(10, settings.default.max_examples // 3))
@given(policies(), st.sampled_from(["app", "b", "zz"]), analyses, st.booleans())
def test_explain_is_the_data_path(text: str, user: str, what: Analysis, rate_ok: bool) -> None:
    policy = compiled(text)
    entry = find_entry(policy, user, "10.0.0.1")
    verdict = combine(admit(policy, entry, NOON, rate_ok), decide(policy, entry, what))
    explanation = explain(policy, user, "10.0.0.1", what, NOON, rate_ok)
    told = explanation.verdict
    assert repr(told) == repr(verdict)
    assert (told.step, told.entry) == (verdict.step, verdict.entry)
    assert verdict.rule != "internal-error"
    blocks = [step for step in explanation.steps if step.outcome == "block"]
    watched = [step for step in explanation.steps if step.outcome == "would_block"]
    if verdict.effect == BLOCK:
        assert [(step.rule, step.line, step.reason) for step in blocks] == [
            (verdict.rule, verdict.line, verdict.reason)
        ]
    else:
        assert not blocks
        assert bool(watched) == (verdict.effect == WOULD_BLOCK)
        if watched:
            assert (watched[0].rule, watched[0].line) == (verdict.rule, verdict.line)


def test_a_connection_in_clear_is_stopped_at_the_door() -> None:
    text = "access_control: [{user: app, require_tls: true, allowed_tables: ['*'], allowed_operations: [SELECT]}]"
    statements = analysis(statement("SELECT"))
    explanation = explain(compiled(text), "app", "10.0.0.1", statements, NOON, tls=False)
    stopped = [step for step in explanation.steps if step.outcome == "block"]
    assert [(step.number, step.rule) for step in stopped] == [(3, "tls-required")]
    assert explain(compiled(text), "app", "10.0.0.1", statements, NOON).verdict.effect == ALLOW


def test_what_the_gateway_itself_refuses_goes_before_everything() -> None:
    text = "access_control: [{user: app, require_tls: true, allowed_tables: ['*'], allowed_operations: [SELECT]}]"
    refused = Verdict(BLOCK, "session-state", 0, "sql_mode cannot be followed", "enforce", "", 2)
    for policy, tls in ((compiled(text), False), (None, True)):
        found = explain(
            policy, "app", "10.0.0.1", analysis(statement("SELECT")), NOON, tls=tls, refused=refused
        )
        assert found.verdict is refused
        assert [step.outcome for step in found.steps[:3]] == ["passed", "block", "not reached"]
