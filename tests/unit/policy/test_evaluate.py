"""The order of decision, access rules, time and rate, and how verdicts combine."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from dbgate.policy.compile import compile_policy
from dbgate.policy.evaluate import admit, combine, decide, decide_noting, find_entry, row_cap
from dbgate.policy.load import parse_policy
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.catalog import VIEW, Behind
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import Analysis, Detection, RoutineRef, Statement
from tests.rows import rows
from tests.unit.policy.making import APP, analysis, compiled, entry_of, need, statement

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC).timestamp()
NIGHT = datetime(2024, 3, 5, 3, tzinfo=UTC).timestamp()

SELECT = statement("SELECT")


def test_an_allowed_statement() -> None:
    policy = compiled(APP)
    verdict = decide(policy, entry_of(policy), analysis(SELECT))
    assert (verdict.effect, verdict.rule, verdict.entry, verdict.line) == (ALLOW, "", "app", 2)


@rows("mode", ["enforce", "monitor"])
def test_what_is_never_monitored(mode: str) -> None:
    policy = compiled(f"global: {{mode: {mode}}}\n{APP}sql_rules: {{mode: {mode}}}\n")
    entry = entry_of(policy)
    unknown_after = Statement("SET", ("SET",), (), True, session_state="sql_mode=ORACLE")
    hidden = Statement("EXECUTE", ("EXECUTE",), (), dynamic="EXECUTE IMMEDIATE", folded=unknown_after)
    for text, rule, step in (
        (analysis(SELECT, error="unbalanced"), "parse-error", 2),
        (analysis(), "parse-error", 2),
        (analysis(SELECT, session_state="charset"), "session-state", 2),
        (analysis(SELECT, unknown_after), "session-state", 2),
        (analysis(hidden), "session-state", 2),
    ):
        verdict = decide(policy, entry, text)
        assert (verdict.effect, verdict.rule, verdict.mode, verdict.step) == (BLOCK, rule, "enforce", step)
        assert verdict.entry == "app"
    assert decide(policy, None, analysis(SELECT)).rule == "no-access-rule"
    assert decide(policy, None, analysis(SELECT, error="x")).rule == "parse-error"
    assert decide(None, None, analysis(SELECT)).rule == "no-policy"
    assert decide(None, entry, analysis(SELECT)).rule == "no-policy"


def test_an_error_while_deciding_is_a_block() -> None:
    policy = compiled(APP)
    broken = Analysis(("no statement",), "", "", "", "", "", "", True)  # type: ignore[arg-type]
    for entry in (None, entry_of(policy)):
        verdict = decide(policy, entry, broken)
        assert (verdict.effect, verdict.rule, verdict.mode) == (BLOCK, "internal-error", "enforce")
        assert verdict.reason.endswith("Error while deciding")


USERS = """
access_control:
- {name: narrow, user: app_one, source_ip: [10.1.0.0/16, "fd00::/8"]}
- {name: glob, user: ["app_*", "*_app"], source_ip: 10.0.0.0/8}
- {name: again, user: app_one, source_ip: 10.0.0.0/7}
- {name: any, user: [root, "r?ot"]}
- {name: rest, user: "*", source_ip: 192.168.0.0/16}
"""


@rows(
    ("user", "ip", "name"),
    [
        ("app_one", "10.1.2.3", "narrow"),
        ("app_one", "::ffff:10.1.2.3", "narrow"),
        ("app_one", "fd00::1", "narrow"),
        ("app_one", "10.2.2.3", "glob"),
        ("app_one", "11.2.2.3", "again"),
        ("app_one", "12.0.0.1", None),
        ("app_one", "fe00::1", None),
        ("app_one", "192.168.3.3", "rest"),
        ("the_app", "10.2.2.3", "glob"),
        ("APP_one", "10.1.2.3", None),
        ("root", "", "any"),
        ("root", "not an address", "any"),
        ("r00t", "1.1.1.1", None),
        ("riot", "1.1.1.1", "any"),
        ("", "192.168.0.1", "rest"),
        ("x" * 100_000, "192.168.0.1", "rest"),
    ],
)
def test_the_first_rule_that_matches_user_and_source(user: str, ip: str, name: str | None) -> None:
    entry = find_entry(compiled(USERS), user, ip)
    assert (entry.name if entry is not None else None) == name


def test_no_policy_has_no_entries() -> None:
    assert find_entry(None, "app", "10.0.0.1") is None


TIMED = """
access_control:
- name: app
  user: app
  time_restriction: {allow: "09:00-18:00", timezone: Asia/Seoul}
  rate_limit: 5/m
  mode: %s
"""


@rows(("mode", "effect"), [("enforce", BLOCK), ("monitor", WOULD_BLOCK)])
def test_time_and_rate(mode: str, effect: int) -> None:
    policy = compiled(TIMED % mode)
    entry = entry_of(policy)
    assert admit(policy, entry, NIGHT, True) is None  # 12:00 in Seoul
    closed = admit(policy, entry, NOON, True)  # 21:00
    assert closed is not None
    assert (closed.effect, closed.rule, closed.line, closed.mode) == (effect, "time-restriction", 5, mode)
    assert closed.reason == "entry 'app' is open only 09:00-18:00 (Asia/Seoul)"
    quick = admit(policy, entry, NIGHT, False)
    assert quick is not None
    assert (quick.effect, quick.rule, quick.line, quick.step) == (effect, "rate-limit", 6, 4)
    assert quick.reason == "more than 5/m by this user and source"
    both = admit(policy, entry, NOON, False)
    assert both is not None and both.rule == "time-restriction"


def test_where_nothing_is_limited_everybody_is_admitted() -> None:
    policy = compiled(APP)
    assert admit(policy, entry_of(policy), NOON, True) is None
    assert admit(policy, entry_of(policy), NOON, False) is None
    assert admit(policy, None, NOON, False) is None
    assert admit(None, None, NOON, False) is None


def test_a_monitored_rule_does_not_end_the_evaluation() -> None:
    text = (
        "access_control:\n- {name: app, user: app, allowed_tables: shop.users, allowed_operations: SELECT%s}\n"
        "sql_rules: {mode: monitor, block_statements: [SELECT]}\n"
    )
    secret = analysis(statement("SELECT", "secret"))
    policy = compiled(text % "")
    verdict = decide(policy, entry_of(policy), secret)
    assert (verdict.effect, verdict.rule) == (BLOCK, "table-denied")
    assert decide(policy, entry_of(policy), analysis(SELECT)).rule == "block-statement"
    policy = compiled(text % ", mode: monitor")
    verdict = decide(policy, entry_of(policy), secret)
    assert (verdict.effect, verdict.rule, verdict.mode) == (WOULD_BLOCK, "block-statement", "monitor")


EVERYTHING_WRONG = Statement(
    "SELECT",
    ("SELECT", "DROP"),
    (need("SELECT", "user", "mysql"), need("DROP")),
    detections=(Detection("stacked", "x"),),
    creates_routine=True,
    unfiltered=("DELETE",),
)


def test_the_order_of_decision() -> None:
    """The same statement breaks every rule; with each one monitored in its turn, the next one decides."""
    entry = "{name: app, user: app, allowed_tables: shop.users, allowed_operations: SELECT%s}\n"
    rules = "sql_rules: {mode: %s, block_statements: [DROP], injection: {mode: %s}}\n"

    def rule(sql: str, injection: str, blocked: str, *, create: str = "true", schema: str = "true") -> str:
        policy = compiled(
            "access_control:\n- " + entry % blocked + rules % (sql, injection)
            + f"procedure_control: {{block_create_alter: {create}}}\n"
            + f"data_protection: {{block_schema_access: {schema}}}\n"
        )  # fmt: skip
        return decide(policy, entry_of(policy), analysis(EVERYTHING_WRONG)).rule

    blocking = ", blocked_operations: DROP"
    assert rule("enforce", "enforce", blocking) == "block-statement"
    assert rule("monitor", "enforce", blocking) == "injection"
    assert rule("monitor", "monitor", blocking) == "procedure"
    assert rule("monitor", "monitor", blocking, create="false") == "schema-access"
    assert rule("monitor", "monitor", blocking, create="false", schema="false") == "blocked-operation"
    assert rule("monitor", "monitor", "", create="false", schema="false") == "table-denied"


def test_a_text_is_allowed_only_if_every_statement_in_it_is() -> None:
    policy = compiled(APP)
    entry = entry_of(policy)
    assert decide(policy, entry, analysis(SELECT, SELECT)).effect == ALLOW
    assert decide(policy, entry, analysis(SELECT, statement("DELETE"))).effect == BLOCK


def test_what_dynamic_sql_runs_is_judged_to_any_depth() -> None:
    policy = compiled(APP + "procedure_control: {block_dynamic_sql: false}\n")
    entry = entry_of(policy)
    text = SELECT
    for _ in range(3):
        text = Statement("EXECUTE", ("EXECUTE",), (), True, dynamic="EXECUTE IMMEDIATE", folded=text)
    assert decide(policy, entry, analysis(text)).effect == ALLOW
    text = Statement("EXECUTE", ("EXECUTE",), (), True, dynamic="x", folded=statement("DELETE"))
    assert decide(policy, entry, analysis(SELECT, text)).rule == "operation-denied"


def test_each_step_can_be_the_one_that_blocks_or_watches() -> None:
    called = Statement("SELECT", ("SELECT",), (need("SELECT"),), functions=(RoutineRef("shop", "f"),))
    for mode, effect in (("enforce", BLOCK), ("monitor", WOULD_BLOCK)):
        policy = compiled(APP.replace("name: app", f"name: app, blocked_operations: DROP, mode: {mode}"))
        for step, what in (
            (7, Statement("CREATE", ("CREATE",), (), creates_routine=True)),
            (8, statement("SELECT", "user", "mysql")),
            (9, statement("DROP")),
            (10, statement("SELECT", "secret")),
            (11, called),
        ):
            verdict = decide(policy, entry_of(policy), analysis(what))
            assert (verdict.effect, verdict.step) == (effect, step)


effects = st.sampled_from([ALLOW, WOULD_BLOCK, BLOCK])


def test_what_is_behind_a_name_goes_through_the_same_steps() -> None:
    text = APP.replace("[SELECT, INSERT]", "[SELECT, INSERT, CALL], blocked_operations: [UPDATE]") + (
        "sql_rules: {block_statements: [DROP]}\nprocedure_control: {mode: blacklist, blacklist: [shop.evil]}\n"
    )
    policy = compiled(text)
    for step, unit in (
        (0, Statement("", ("SELECT",), (need("SELECT"),), True)),
        (5, Statement("", ("DROP",), (need("DROP"),), True)),
        (7, Statement("", (), (), True, calls=(RoutineRef("shop", "evil"),))),
        (8, Statement("", ("SELECT",), (need("SELECT", "user", "mysql"),), True)),
        (9, Statement("", ("UPDATE",), (need("UPDATE"),), True)),
        (10, Statement("", ("SELECT",), (need("SELECT", "secret"),), True)),
        (11, Statement("", (), (), True, functions=(RoutineRef("shop", "f"),))),
    ):
        verdict = decide(
            policy, entry_of(policy), analysis(statement()), (Behind(VIEW, "view shop.v", unit, "", False),)
        )
        if not step:
            assert verdict.effect == ALLOW
            continue
        assert (verdict.effect, verdict.step) == (BLOCK, step)
        assert "behind view shop.v" in verdict.reason


def test_one_verdict_of_two() -> None:
    def verdict(effect: int, step: int) -> Verdict:
        return Verdict(effect, "r", step=step)

    early, late = verdict(BLOCK, 2), verdict(BLOCK, 5)
    blocked, watched = verdict(BLOCK, 4), verdict(WOULD_BLOCK, 4)
    allowed, would = verdict(ALLOW, 12), verdict(WOULD_BLOCK, 7)
    for admitted, decided, expected in (
        (None, allowed, allowed),
        (None, late, late),
        (blocked, allowed, blocked),
        (blocked, would, blocked),
        (blocked, late, blocked),
        (blocked, early, early),
        (watched, allowed, watched),
        (watched, would, watched),
        (watched, late, late),
    ):
        assert combine(admitted, decided) is expected


@given(effects, st.integers(1, 12), st.sampled_from([None, WOULD_BLOCK, BLOCK]))
def test_combining_never_lets_more_through(decided: int, step: int, admitted: int | None) -> None:
    first = None if admitted is None else Verdict(admitted, step=4)
    assert combine(first, Verdict(decided, step=step)).effect == max(decided, admitted or ALLOW)


def test_row_caps() -> None:
    text = (
        "access_control:\n- {user: app, max_result_rows: 5, mode: monitor}\n- {user: other}\n"
        "data_protection: {max_result_rows: 100}\n"
    )
    policy = compiled(text)
    assert row_cap(policy, entry_of(policy)) == (5, "monitor")
    assert row_cap(policy, entry_of(policy, "other")) == (100, "enforce")
    assert row_cap(policy, None) == (100, "enforce")
    assert row_cap(None, None) == (0, "enforce")
    assert row_cap(compiled(APP), entry_of(compiled(APP))) == (0, "enforce")


SHAPES = """\
access_control:
- {name: app, user: [app, "a*"], source_ip: 10.0.0.1, allowed_tables: [shop.users], allowed_operations: [SELECT]}
- {name: rest, user: app, allowed_tables: [shop.users], allowed_operations: [SELECT]}
sql_rules: {shapes: {mode: enforce, file: s.yaml}}
"""
LEARNED = (
    b"users:\n  app: [{shape: '00000000000000000000000000000000', operations: [SELECT], tables: [shop.users]}]\n"
    b"  abc: []\n  nobody: []\n"
)


def test_a_user_with_learned_shapes_has_an_entry_of_its_own() -> None:
    policy = compile_policy(parse_policy(SHAPES, "p.yaml", lambda name: LEARNED))

    def found(user: str, client_ip: str) -> tuple[str, int, int]:
        entry = entry_of(policy, user, client_ip)
        return entry.name, entry.number, len(entry.learned)

    app, rest = found("app", "10.0.0.1"), found("app", "10.0.0.2")
    assert (app[0], app[2], rest[0], rest[2]) == ("app", 1, "rest", 1)
    assert found("abc", "10.0.0.1")[::2] == ("app", 0)
    assert found("axe", "10.0.0.1") == ("app", 0, 0)
    assert len({app[1], rest[1], found("abc", "10.0.0.1")[1], 0}) == 4
    assert find_entry(policy, "nobody", "10.0.0.1") is None
    assert find_entry(policy, "abc", "10.0.0.2") is None


def test_the_catalogs_columns_reach_every_unit() -> None:
    policy = compiled(
        "access_control:\n- {name: app, user: app, grants: [{tables: shop.users, operations: SELECT, columns: id}]}\n"
    )
    entry = entry_of(policy)
    known = TableColumns({"shop\0users": ("id",)})
    two = analysis(SELECT, SELECT)
    assert decide(policy, entry, two, columns=known).effect == ALLOW
    assert decide(policy, entry, two).rule == "column-denied"
    findings: list[Verdict] = []
    verdict = decide_noting(policy, entry, two, findings, (), TableColumns({"shop\0users": ("id", "ssn")}))
    assert (verdict.rule, verdict.step, findings) == ("column-denied", 10, [verdict])
