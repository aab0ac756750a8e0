from __future__ import annotations

from dbgate.policy.conflicts import Warnings, check_conflicts, never_hit
from dbgate.policy.load import parse_policy
from tests.rows import rows

RULE = "- {user: a, allowed_tables: TABLES, allowed_operations: [SELECT, CALL]}\n"


def found(text: str) -> list[str]:
    warnings = Warnings(parse_policy(text))
    check_conflicts(warnings)
    return [f"{one.line}: {one.key}: {one.message}" for one in warnings.problems]


def rule(tables: str = "[a.b]") -> str:
    return "access_control:\n" + RULE.replace("TABLES", tables)


@rows(
    ("tables", "expected"),
    [
        ("[a.b, a.c, 'b.*']", None),
        ("[a.b, a.b]", "access_control[0].allowed_tables[1]: 'a.b' stands here twice"),
        ("[a.b, 'a.*']", "access_control[0].allowed_tables[0]: 'a.b' is in 'a.*' of the same list already"),
        ("['a.*', a.b]", "access_control[0].allowed_tables[1]: 'a.b' is in 'a.*' of the same list already"),
        ("[a.rep_x, 'a.rep_*']", "access_control[0].allowed_tables[0]: 'a.rep_x' is in 'a.rep_*' of the same list already"),
        ("['*', b]", "access_control[0].allowed_tables[1]: 'b' is in '*' of the same list already"),
        ("[b, 'a.*']", None),
        ("['*.b', a.b]", "access_control[0].allowed_tables[1]: 'a.b' is in '*.b' of the same list already"),
        ("['x_*.b', x_1.b, y_1.b]", "access_control[0].allowed_tables[1]: 'x_1.b' is in 'x_*.b' of the same list already"),
        ("['a.x*', 'a.x*y', 'a.*']", "access_control[0].allowed_tables[0]: 'a.x*' is in 'a.*' of the same list already"),
        ("['b*', bc]", "access_control[0].allowed_tables[1]: 'bc' is in 'b*' of the same list already"),
    ],
)  # fmt: skip
def test_tables_that_another_item_has(tables: str, expected: str | None) -> None:
    got = found(rule(tables))
    assert got[:1] == ([f"2: {expected}"] if expected else [])


def test_what_is_allowed_here_and_blocked_there() -> None:
    assert found(rule() + "sql_rules: {block_statements: [SELECT]}\n") == [
        "2: access_control[0].allowed_operations[0]: SELECT is in sql_rules.block_statements, which wins"
    ]
    grants = "access_control:\n- {user: a, blocked_operations: BLOCKED, grants: [{tables: a.b, operations: [INSERT]}]}\n"
    for blocked in ("[INSERT]", "['*']"):
        assert found(grants.replace("BLOCKED", blocked)) == [
            "2: access_control[0].grants[0].operations[0]: INSERT is in blocked_operations, which wins"
        ]
    assert found(grants.replace("BLOCKED", "[DROP]")) == []


def test_statements_and_patterns_without_effect() -> None:
    rules = (
        "sql_rules:\n  block_statements: [DROP, 'DROP TABLE *', 'DELETE FROM *', 'DELETE FROM *', UPDATE]\n"
        "  require_where: [UPDATE, DELETE]\n  block_patterns: [x, {pattern: x, literals: true}, x]\n"
    )
    assert [one.partition(": ")[2] for one in found(rule() + rules)] == [
        "sql_rules.block_statements[1]: never used: DROP is blocked as a whole",
        "sql_rules.block_statements[3]: 'DELETE FROM *' stands here twice",
        "sql_rules.require_where[0]: never used: UPDATE is blocked as a whole by block_statements",
        "sql_rules.block_patterns[2]: this pattern stands here twice",
    ]


def test_a_whitelist_for_nobody() -> None:
    listed = "procedure_control: {mode: whitelist, whitelist: [a.p]}\n"
    assert found(rule() + listed) == []
    assert found(rule().replace(", CALL", "") + listed) == [
        "3: procedure_control.whitelist: never used: no access rule has CALL in allowed_operations"
    ]


def test_what_was_never_hit() -> None:
    file = parse_policy(
        "access_control:\n- {user: a, allowed_operations: [SHOW],\n   blocked_operations: [DROP,\n     ALTER]}\n"
        "sql_rules:\n  require_where: UPDATE\n  block_patterns:\n  - x\n  - y\n  block_statements: [TRUNCATE]\n"
    )

    def keys(hit: set[int]) -> list[str]:
        return [problem.key for problem in never_hit(file, hit)]

    assert keys({3, 4, 6, 8, 9, 10}) == []
    first, second, third = keys({3, 9, 10})
    assert first == "sql_rules.block_patterns[0]"
    assert second.startswith("sql_rules.require_where")
    assert third == "access_control[0].blocked_operations[1]"


@rows(
    ("rights", "expected"),
    [
        ("", None),
        ("allowed_tables: shop.orders, allowed_operations: SELECT, ", "SELECT"),
        ("allowed_tables: orders, allowed_operations: SELECT, ", "SELECT"),
        ("allowed_tables: 'shop.*', allowed_operations: '*', ", "SELECT, UPDATE"),
        ("allowed_tables: '*', allowed_operations: UPDATE, ", "UPDATE"),
        ("allowed_tables: shop.users, allowed_operations: '*', ", None),
        ("allowed_tables: shop.orders, allowed_operations: DELETE, ", None),
    ],
)
def test_columns_of_a_table_that_is_granted_as_a_whole(rights: str, expected: str | None) -> None:
    for table in ("shop.orders", "orders"):
        text = (
            "global: {default_schema: shop}\naccess_control:\n"
            f"- {{user: a, {rights}grants: [{{tables: {table}, operations: [SELECT, UPDATE], columns: [id]}}]}}\n"
        )
        message = (
            f"3: access_control[0].grants[0].columns: without effect for {expected}: this rule grants that on all "
            f"columns of '{table}' already"
        )
        assert found(text) == ([message] if expected else [])


@rows(
    ("table", "whole", "told"),
    [
        ("'shop.rep_*'", "'shop.*'", True),
        ("'shop.rep_*'", "shop.rep_x", False),
        ("'s*.rep'", "'*'", True),
        ("'s*.rep'", "'shop.*'", False),
        ("rep", "rep", True),
        ("rep", "shop.rep", False),
    ],
)
def test_columns_of_many_tables(table: str, whole: str, told: bool) -> None:
    text = (
        f"access_control:\n- {{user: a, grants: [{{tables: {whole}, operations: SELECT}}, "
        f"{{tables: {table}, operations: SELECT, columns: [id]}}]}}\n"
    )
    assert any("without effect for SELECT" in line for line in found(text)) is told
