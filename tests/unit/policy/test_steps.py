"""Every rule that a step can name: blocked, monitored, and the twin that passes."""

from __future__ import annotations

from dbgate.policy import steps
from dbgate.policy.evaluate import decide
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from dbgate.sql.columns import TableColumns
from dbgate.sql.statement import (
    NEED_ANY_RIGHT,
    NEED_SCHEMA,
    NEED_SCHEMA_VISIBLE,
    NEED_TABLE,
    Detection,
    Need,
    RoutineRef,
    Statement,
)
from tests.rows import rows
from tests.unit.policy.making import analysis, bare, compiled, entry_of, judge, need, statement

ANY = "access_control:\n- {name: app, user: app, allowed_tables: '*', allowed_operations: '*'%s}\n"
OPEN = ANY % ""
USERS = (
    "access_control:\n- {name: app, user: app, allowed_tables: [shop.users, shop.log_*], "
    "allowed_operations: [SELECT, INSERT, CALL]%s}\n"
)

SELECT = statement("SELECT")
CALL = Statement("CALL", ("CALL",), (bare("CALL"),), calls=(RoutineRef("shop", "Sp_One"),))


def sql_rules(body: str, mode: str) -> str:
    return OPEN + f"sql_rules:\n  mode: {mode}\n{body}"


def by_sql_rules(body: str) -> tuple[str, str]:
    """The policy with sql_rules in each mode."""
    return sql_rules(body, "enforce"), sql_rules(body, "monitor")


def by_entry(text: str, more: str = "") -> tuple[str, str]:
    """The policy with the entry in each mode. `text` has one %s inside the entry."""
    return text % "" + more, text % ", mode: monitor" + more


DETECTED = Statement("SELECT", ("SELECT",), (need("SELECT"),), detections=(Detection("tautology", "1=1"),))
DYNAMIC = Statement("PREPARE", ("PREPARE",), (bare("PREPARE"),), dynamic="PREPARE")
CREATES = Statement("CREATE", ("CREATE",), (Need(NEED_SCHEMA, "CREATE", "shop"),), creates_routine=True)
UNFILTERED = Statement("UPDATE", ("UPDATE",), (need("UPDATE"),), unfiltered=("UPDATE",))
F_TAX = Statement("SELECT", ("SELECT",), (need("SELECT"),), functions=(RoutineRef("shop", "f_tax"),))
UDF = Statement("SELECT", ("SELECT",), (need("SELECT"),), functions=(RoutineRef("", "sys_exec"),))
DROP_USER = Statement("DROP", ("GRANT",), (bare("GRANT"),))
REPLACE = statement("REPLACE")
DELETE_ALL = Statement(
    "DELETE", ("DELETE",), (need("DELETE"),), outline=("DELETE", "FROM", ".USERS", "WHERE", "1", "=", "1")
)
BLOCKING = (
    "access_control:\n- name: app\n  user: app\n  allowed_tables: '*'\n  allowed_operations: '*'\n"
    "  blocked_operations:\n  - DROP\n  - ALTER\n"
)
BLACKLIST = "procedure_control: {mode: blacklist, blacklist: [sp_one]}"

# rule, (policy enforced, policy monitored), blocked statement, statement that passes, line, words of the reason
CASES = [
    ("block-statement", by_sql_rules("  block_statements: [DROP, TRUNCATE]"), statement("TRUNCATE"), SELECT, 5,
     "TRUNCATE is in block_statements"),
    ("block-statement", by_sql_rules("  block_statements: [DROP]"), DROP_USER, statement("GRANT"), 5,
     "DROP is in block_statements"),
    ("block-statement", by_sql_rules("  block_statements:\n  - DELETE"), REPLACE, statement("INSERT"), 6,
     "REPLACE is in block_statements"),
    ("block-statement", by_sql_rules("  block_statements:\n  - DROP\n  - 'DELETE FROM * WHERE 1=1'"), DELETE_ALL,
     statement("DELETE"), 7, "the statement has the shape 'DELETE FROM * WHERE 1=1' of block_statements"),
    ("require-where", by_sql_rules("  require_where: [UPDATE]"), UNFILTERED, statement("UPDATE"), 5,
     "UPDATE without a WHERE that can be false"),
    ("injection", by_sql_rules("  injection: {detectors: [tautology]}"), DETECTED, SELECT, 5, "tautology: 1=1"),
    ("injection", by_sql_rules("  injection: {}"), DETECTED, SELECT, 5, "tautology: 1=1"),
    ("injection", by_sql_rules(""), DETECTED, SELECT, 3, "tautology: 1=1"),
    ("injection", (OPEN, "global: {mode: monitor}\n" + OPEN), DETECTED, SELECT, 0, "tautology: 1=1"),
    ("dynamic-sql", by_entry(ANY), DYNAMIC, SELECT, 0, "dynamic SQL (PREPARE) is blocked by block_dynamic_sql"),
    ("dynamic-sql", by_entry(ANY, "procedure_control:\n  block_dynamic_sql: false"), DYNAMIC, SELECT, 4,
     "dynamic SQL (PREPARE) whose text is not known beforehand"),
    ("procedure", by_entry(ANY), CREATES, statement("CREATE"), 0,
     "CREATE of a routine, trigger or event is blocked by block_create_alter"),
    ("procedure", by_entry(USERS, "procedure_control:\n  mode: whitelist\n  whitelist: [sp_two]"), CALL, SELECT, 5,
     "procedure shop.Sp_One is not on the whitelist"),
    ("procedure", by_entry(USERS, BLACKLIST), CALL, SELECT, 3, "procedure shop.Sp_One is on the blacklist"),
    ("procedure", by_entry(USERS, BLACKLIST),
     Statement("CALL", ("CALL",), (bare("CALL"),), calls=(RoutineRef("", "sp_two"),)), SELECT, 3,
     "procedure sp_two has no schema, so the blacklist cannot tell which one it is"),
    ("schema-access", by_entry(ANY, "data_protection: {max_result_rows: 9}"),
     statement("SELECT", "user", "sys"), SELECT, 3, "schema sys is closed by block_schema_access"),
    ("schema-access", by_entry(ANY), statement("SELECT", "user", "MySQL"), SELECT, 0,
     "schema MySQL is closed by block_schema_access"),
    ("schema-access", by_entry(ANY, "data_protection:\n  block_schema_access: true"),
     Statement("CALL", ("CALL",), (bare("CALL"),), calls=(RoutineRef("sys", "p"),)), SELECT, 4,
     "schema sys is closed by block_schema_access"),
    ("blocked-operation", (BLOCKING, BLOCKING + "  mode: monitor\n"), statement("ALTER"), SELECT, 8,
     "ALTER is in blocked_operations of entry 'app'"),
    ("blocked-operation", by_entry(ANY.replace("allowed_operations: '*'", "allowed_operations: '*', "
     "blocked_operations: [INSERT]")), REPLACE, statement("DELETE"), 2,
     "REPLACE is in blocked_operations of entry 'app'"),
    ("operation-denied", by_entry(USERS), statement("UPDATE"), SELECT, 2,
     "UPDATE on shop.users is not granted to entry 'app'"),
    ("operation-denied", by_entry(USERS), statement("UPDATE", "secret"), SELECT, 2,
     "UPDATE on shop.secret is not granted to entry 'app'"),
    ("operation-denied", by_entry(USERS), Statement("SET", ("SET",), (bare("SET"),)), SELECT, 2,
     "SET without a table is not in allowed_operations of entry 'app'"),
    ("table-denied", by_entry(USERS), statement("SELECT", "secret"), statement("SELECT", "log_1"), 2,
     "SELECT on shop.secret is not granted to entry 'app'"),
    ("table-denied", by_entry(USERS), statement("SELECT", "users", ""), SELECT, 2,
     "SELECT on users: no schema is named and none is current"),
    ("table-denied", by_entry(ANY), statement("SELECT", "users", ""), SELECT, 2,
     "SELECT on users: no schema is named and none is current"),
    ("table-denied", by_entry(ANY), Statement("DROP", ("DROP",), (Need(NEED_SCHEMA, "DROP"),)),
     Statement("DROP", ("DROP",), (Need(NEED_SCHEMA, "DROP", "shop"),)), 2,
     "DROP on a schema: no schema is named and none is current"),
    ("table-denied", by_entry(USERS), Statement("SHOW", (), (Need(NEED_ANY_RIGHT, "SHOW", "shop", "secret"),)),
     Statement("SHOW", (), (Need(NEED_ANY_RIGHT, "SHOW", "shop", "users"),)), 2,
     "no right on shop.secret is granted to entry 'app'"),
    ("table-denied", by_entry(USERS), Statement("USE", ("USE",), (Need(NEED_SCHEMA_VISIBLE, "USE", "other"),), True),
     Statement("USE", ("USE",), (Need(NEED_SCHEMA_VISIBLE, "USE", "shop"),), True), 2,
     "no table of schema other is granted to entry 'app'"),
    ("table-denied", by_entry(USERS), Statement("SELECT", ("SELECT",), (Need(NEED_SCHEMA, "SELECT", "shop"),)), SELECT,
     2, "SELECT on the whole schema shop is not granted to entry 'app'"),
    ("operation-denied", by_entry(USERS), Statement("DROP", ("DROP",), (Need(NEED_SCHEMA, "DROP", "shop"),)), SELECT,
     2, "DROP on the whole schema shop is not granted to entry 'app'"),
    ("function-denied", by_entry(USERS), F_TAX, SELECT, 2,
     "function shop.f_tax is not in allowed_functions of entry 'app'"),
    ("function-denied", by_entry(USERS.replace("%s", ", allowed_functions: [f_tax]%s")), UDF, F_TAX, 2,
     "function sys_exec is not in allowed_functions of entry 'app'"),
]  # fmt: skip


@rows(("rule", "texts", "bad", "good", "line", "reason"), CASES)
def test_each_rule(
    rule: str, texts: tuple[str, str], bad: Statement, good: Statement, line: int, reason: str
) -> None:
    enforced = judge(texts[0], bad)
    assert (enforced.effect, enforced.rule, enforced.line, enforced.reason) == (BLOCK, rule, line, reason)
    assert (enforced.mode, enforced.entry) == ("enforce", "app")
    monitored = judge(texts[1], bad)
    assert (monitored.effect, monitored.rule, monitored.reason) == (WOULD_BLOCK, rule, reason)
    assert (monitored.mode, monitored.entry, monitored.line) == ("monitor", "app", line)
    for text in texts:
        assert judge(text, good).effect == ALLOW
        assert judge(text, good, good).effect == ALLOW
    assert judge(texts[0], good, bad).effect == BLOCK


PATTERNS = "sql_rules:\n  mode: %s\n  block_patterns:\n  - other\n  - 'union\\s+select'\n  - {pattern: hidden, literals: true}\n"


@rows(
    ("canonical", "literals", "line", "reason"),
    [
        ("SELECT 1 UNION  SELECT 2", "", 7, "matches 'union\\\\s+select'"),
        ("SELECT '?'", "SELECT 'HIDDEN'", 8, "matches 'hidden'"),
        ("other UNION SELECT", "hidden", 6, "matches 'other'"),
    ],
)
def test_block_patterns(canonical: str, literals: str, line: int, reason: str) -> None:
    text = analysis(SELECT, canonical=canonical, canonical_literals=literals)
    for mode, effect in (("enforce", BLOCK), ("monitor", WOULD_BLOCK)):
        policy = compiled(OPEN + PATTERNS % mode)
        verdict = decide(policy, entry_of(policy), text)
        assert (verdict.effect, verdict.rule, verdict.line, verdict.reason) == (
            effect,
            "block-pattern",
            line,
            reason,
        )
        assert decide(policy, entry_of(policy), analysis(SELECT)).effect == ALLOW


def folding(text: str, inner: Statement) -> Verdict:
    outer = Statement("EXECUTE", ("EXECUTE",), (), True, dynamic="EXECUTE IMMEDIATE", folded=inner)
    return judge(text + "procedure_control: {block_dynamic_sql: false}\n", outer)


def test_dynamic_sql_that_folds_is_judged_as_what_it_runs() -> None:
    assert folding(USERS % "", SELECT).effect == ALLOW
    assert folding(USERS % "", statement("SELECT", "secret")).rule == "table-denied"
    assert folding(USERS % "", CREATES).rule == "procedure"
    assert folding(USERS % "", F_TAX).rule == "function-denied"
    assert folding(USERS % "", DYNAMIC).rule == "dynamic-sql"
    assert folding(USERS % "", DETECTED).rule == "injection"
    assert folding(BLOCKING, statement("DROP")).rule == "blocked-operation"
    assert (
        folding(sql_rules("  block_statements: [DROP]\n", "enforce"), statement("DROP")).rule
        == "block-statement"
    )
    nested = Statement(
        "PREPARE", ("PREPARE",), (), True, dynamic="PREPARE", folded=statement("SELECT", "secret")
    )
    assert folding(USERS % "", nested).rule == "table-denied"


def readable(canonical: str, literals: str) -> Statement:
    return Statement(
        "SELECT", ("SELECT",), (need("SELECT"),), canonical=canonical, canonical_literals=literals
    )


@rows(
    ("canonical", "literals", "line"),
    [("SELECT 1", "SELECT 1", 0), ("UNION SELECT", "x", 7), ("x", "HIDDEN", 8), ("", "", 6)],
)
def test_patterns_read_what_dynamic_sql_runs(canonical: str, literals: str, line: int) -> None:
    verdict = folding(OPEN + PATTERNS % "enforce", readable(canonical, literals))
    assert (verdict.rule, verdict.line) == (("block-pattern", line) if line else ("", 2))


def test_detectors_each_have_their_mode_and_an_enforced_one_is_found_behind_a_monitored_one() -> None:
    rules = "sql_rules: {injection: {mode: monitor, detectors: [tautology, {name: stacked, mode: enforce}]}}"
    both = Statement(
        "SELECT",
        ("SELECT",),
        (need("SELECT"),),
        detections=(Detection("time_delay", "off"), Detection("tautology", "a"), Detection("stacked", "b")),
    )
    verdict = judge(OPEN + rules, both)
    assert (verdict.effect, verdict.reason, verdict.line) == (BLOCK, "stacked: b", 3)
    first = Statement("SELECT", ("SELECT",), (need("SELECT"),), detections=both.detections[:2])
    assert judge(OPEN + rules, first).reason == "tautology: a"
    assert judge(OPEN + rules, first).effect == WOULD_BLOCK
    off = Statement("SELECT", ("SELECT",), (need("SELECT"),), detections=both.detections[:1])
    assert judge(OPEN + rules, off).effect == ALLOW


def test_the_first_monitored_detection_is_the_one_reported() -> None:
    two = Statement(
        "SELECT",
        ("SELECT",),
        (need("SELECT"),),
        detections=(Detection("tautology", "a"), Detection("stacked", "b")),
    )
    assert judge(OPEN + "sql_rules: {injection: {mode: monitor}}", two).reason == "tautology: a"


@rows("canonical", ["UNION SELECT", "x"])
def test_an_enforced_pattern_is_found_behind_a_monitored_detection(canonical: str) -> None:
    rules = "sql_rules:\n  mode: %s\n  injection: {mode: monitor}\n  block_patterns: [union, {pattern: x, literals: true}]"
    assert judge(OPEN + rules % "enforce", DETECTED, canonical=canonical).rule == "block-pattern"
    verdict = judge(OPEN + rules % "monitor", DETECTED, canonical=canonical)
    assert (verdict.rule, verdict.effect) == ("injection", WOULD_BLOCK)


def test_a_session_statement_needs_no_right_but_what_is_inside_it_does() -> None:
    set_names = Statement("SET", ("SET",), (), True)
    assert judge(USERS % "", set_names).effect == ALLOW
    assert judge(USERS % ", blocked_operations: [SET]", set_names).rule == "blocked-operation"
    assert judge(sql_rules("  block_statements: [SET]", "enforce"), set_names).rule == "block-statement"
    inside = Statement("SET", ("SET",), (need("SELECT", "secret"),), True)
    assert judge(USERS % "", inside).rule == "table-denied"
    system = Statement("SET", ("SET",), (need("SELECT", "user", "mysql"),), True)
    assert judge(OPEN, system).rule == "schema-access"
    calls = Statement("SET", ("SET",), (), True, functions=(RoutineRef("shop", "f"),))
    assert judge(USERS % "", calls).rule == "function-denied"


def test_a_statement_of_which_no_need_is_known_needs_its_operations_without_a_table() -> None:
    assert judge(USERS % "", Statement("SELECT", ("SELECT",), ())).effect == ALLOW
    assert judge(USERS % "", Statement("UPDATE", ("UPDATE",), ())).rule == "operation-denied"
    nothing = judge(OPEN, Statement("MYSTERY", (), ()))
    assert (nothing.rule, nothing.reason) == ("operation-denied", "nothing is known of what MYSTERY needs")


def test_needs_of_kinds_and_operations_that_nobody_knows_are_refused() -> None:
    assert judge(OPEN, Statement("X", ("X",), (Need(99, "SELECT", "shop", "users"),))).effect == BLOCK
    assert (
        judge(OPEN, Statement("X", ("X",), (Need(NEED_TABLE, "X", "shop", "users"),))).rule
        == "operation-denied"
    )


def test_replace_needs_itself_or_both_its_parts() -> None:
    grants = "access_control:\n- {name: app, user: app, grants: [%s]}\n"
    both = "{tables: shop.users, operations: INSERT}, {tables: 'shop.*', operations: DELETE}"
    assert judge(grants % both, REPLACE).effect == ALLOW
    assert judge(grants % "{tables: shop.users, operations: REPLACE}", REPLACE).effect == ALLOW
    apart = "{tables: shop.users, operations: INSERT}, {tables: shop.orders, operations: DELETE}"
    assert judge(grants % apart, REPLACE).rule == "operation-denied"


def test_grants_are_exact_pairs() -> None:
    text = (
        "access_control:\n- {name: app, user: app, grants: [{tables: shop.users, operations: SELECT}, "
        "{tables: shop.log, operations: [INSERT, SHOW]}]}\n"
    )
    assert judge(text, SELECT).effect == judge(text, statement("INSERT", "log")).effect == ALLOW
    assert judge(text, statement("INSERT")).rule == "operation-denied"
    assert judge(text, statement("SELECT", "other")).rule == "table-denied"
    assert judge(text, Statement("SHOW", ("SHOW",), (bare("SHOW"),))).rule == "operation-denied"


def test_names_compare_as_the_server_compares_them() -> None:
    policy = compiled(
        "access_control:\n- {user: app, allowed_tables: Shop.Users, allowed_operations: SELECT}\n"
    )
    entry = entry_of(policy)
    for table, schema, folded, effect in (
        ("Users", "Shop", False, ALLOW),
        ("users", "shop", False, BLOCK),
        ("users", "shop", True, ALLOW),
    ):
        assert (
            decide(policy, entry, analysis(statement("SELECT", table, schema), folded=folded)).effect
            == effect
        )


@rows("folded", [False, True])
def test_the_information_schema_has_no_case_on_any_server(folded: bool) -> None:
    policy = compiled(
        "access_control:\n- {user: app, allowed_tables: Information_Schema.Tables, allowed_operations: SELECT}\n"
        "data_protection: {block_schema_access: false}\n"
    )
    entry = entry_of(policy)
    granted = statement("SELECT", "tables", "information_schema")
    assert decide(policy, entry, analysis(granted, folded=folded)).effect == ALLOW
    if not folded:
        assert (
            decide(policy, entry, analysis(statement("SELECT", "TABLES", "INFORMATION_SCHEMA"))).effect
            == ALLOW
        )
    other = statement("SELECT", "columns", "information_schema")
    assert decide(policy, entry, analysis(other, folded=folded)).rule == "table-denied"


def test_schema_access_can_be_left_to_the_grants() -> None:
    text = OPEN + "data_protection: {block_schema_access: false}\n"
    assert judge(text, statement("SELECT", "user", "mysql")).effect == ALLOW
    assert judge(USERS % "" + "data_protection: {block_schema_access: false}\n",
                 statement("SELECT", "user", "mysql")).rule == "table-denied"  # fmt: skip


def test_which_procedures_may_be_called() -> None:
    blacklist = OPEN + BLACKLIST + "\n"
    two = Statement("CALL", ("CALL",), (bare("CALL"),), calls=(RoutineRef("shop", "sp_two"),))
    accent = Statement("CALL", ("CALL",), (bare("CALL"),), calls=(RoutineRef("shop", "sp_öne"),))
    assert judge(blacklist, two).effect == ALLOW
    assert judge(blacklist, accent).rule == "procedure"
    assert judge(OPEN, CALL).effect == ALLOW
    placed = (
        "global: {default_schema: shop}\nprocedure_control: {mode: whitelist, whitelist: [sp_one]}\n" + OPEN
    )
    assert judge(placed, CALL).effect == ALLOW
    elsewhere = Statement("CALL", ("CALL",), (bare("CALL"),), calls=(RoutineRef("other", "sp_one"),))
    assert judge(placed, elsewhere).rule == "procedure"
    nowhere = Statement("CALL", ("CALL",), (bare("CALL"),), calls=(RoutineRef("", "sp_zero"),))
    assert judge(placed, nowhere).reason == "procedure sp_zero is not on the whitelist"
    assert judge("access_control:\n- {user: app, allowed_tables: '*', allowed_operations: SELECT}\n",
                 CALL).rule == "operation-denied"  # fmt: skip


def test_routines_may_be_created_where_the_file_says_so() -> None:
    assert judge(OPEN + "procedure_control: {block_create_alter: false}\n", CREATES).effect == ALLOW


def test_a_whole_schema_needs_its_star() -> None:
    text = (
        "access_control:\n- {user: app, allowed_tables: ['shop.*', 'a_?.*', b.x], allowed_operations: DROP}\n"
    )
    for schema, effect in (("shop", ALLOW), ("a_1", ALLOW), ("b", BLOCK), ("c", BLOCK)):
        drop = Statement("DROP", ("DROP",), (Need(NEED_SCHEMA, "DROP", schema),))
        assert judge(text, drop).effect == effect


def test_a_right_on_some_columns_is_a_right_on_the_table() -> None:
    text = "access_control:\n- {user: app, allowed_operations: [SHOW], grants: [{tables: shop.users, operations: SELECT, columns: id}]}\n"
    for kind, table in ((NEED_ANY_RIGHT, "users"), (NEED_SCHEMA_VISIBLE, "")):
        assert judge(text, Statement("SHOW", ("SHOW",), (Need(kind, "", "shop", table),))).effect == ALLOW
        assert judge(text, Statement("SHOW", ("SHOW",), (Need(kind, "", "other", table),))).effect == BLOCK
    verdict = judge(text, statement("DELETE"))
    assert (verdict.rule, verdict.reason) == (
        "operation-denied",
        "DELETE on shop.users is not granted to entry 'app@*'",
    )
    assert judge(text, statement("SELECT", "orders")).rule == "table-denied"


def test_who_has_columns_of_a_table_is_asked_for_them() -> None:
    text = "access_control:\n- {name: app, user: app, grants: [{tables: shop.users, operations: [SELECT], columns: id}]}\n"
    policy = compiled(text)
    known = TableColumns({"shop\0users": ("id",)})
    assert steps.granted(entry_of(policy), (SELECT,), False, known) is None
    found = steps.granted(entry_of(policy), (SELECT,), False)
    assert found is not None
    assert (found.effect, found.rule, found.step, found.line) == (BLOCK, "column-denied", 10, 2)
