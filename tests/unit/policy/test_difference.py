from __future__ import annotations

from dbgate.policy.difference import ADDED, CHANGED, MOVED, REMOVED, Change, compare, text_diff
from dbgate.policy.load import PolicyFile, parse_policy
from tests.rows import rows

ONE = """\
version: 1
global: {mode: enforce}
access_control:
  - name: app
    user: app
    allowed_tables: [shop.users, shop.orders]
    allowed_operations: [SELECT]
  - name: report
    user: report
    allowed_tables: shop.sales
    allowed_operations: [SELECT]
    mode: monitor
sql_rules:
  require_where: [UPDATE]
"""


def parse(text: str, shapes: str | None = None) -> PolicyFile:
    def read(name: str) -> bytes:
        if shapes is None:
            raise FileNotFoundError(2, "No such file")
        return shapes.encode()

    return parse_policy(text, "p.yaml", read)


def changes(new: str, old: str = ONE) -> list[Change]:
    return compare(parse(old), parse(new))


def test_nothing_differs() -> None:
    assert changes(ONE) == []
    assert changes(ONE.replace("access_control:", "# a comment\naccess_control:")) == []
    assert changes(ONE.replace("shop.sales", "[shop.sales]")) == []


def test_a_rule_that_differs() -> None:
    new = ONE.replace("[shop.users, shop.orders]", "[shop.orders, shop.items]").replace(
        "    mode: monitor\n", "    rate_limit: 5/s\n"
    )
    found = changes(new)
    assert [(one.what, one.rule, one.line_from, one.line_to) for one in found] == [
        (CHANGED, "access rule 'app'", 4, 4),
        (CHANGED, "access rule 'report'", 8, 8),
    ]
    assert found[0].details == ["allowed_tables: - shop.users", "allowed_tables: + shop.items"]
    assert found[1].details == ["mode: monitor → not set", "rate_limit: 5/s"]


def test_the_order_of_a_list_is_told() -> None:
    found = changes(ONE.replace("[shop.users, shop.orders]", "[shop.orders, shop.users]"))
    assert found[0].details == ["allowed_tables: in another order, or another number of times"]


def test_rules_come_and_go() -> None:
    start = ONE.index("  - name: report")
    end = ONE.index("sql_rules")
    new = ONE[:start] + "  - {user: new, allowed_tables: ['*'], allowed_operations: [SELECT]}\n" + ONE[end:]
    found = changes(new)
    assert [(one.what, one.rule, one.line_from, one.line_to) for one in found] == [
        (ADDED, "access rule 'new@*'", 0, 8),
        (REMOVED, "access rule 'report'", 8, 0),
    ]
    assert "user: new" in found[0].details


def test_order_is_meaning() -> None:
    middle, start = ONE.index("  - name: report"), ONE.index("  - name: app")
    end = ONE.index("sql_rules")
    new = ONE[:start] + ONE[middle:end] + ONE[start:middle] + ONE[end:]
    found = changes(new)
    assert [one.what for one in found] == [MOVED]
    assert found[0].details == ["stands at place 2, before at 1"] or found[0].details == [
        "stands at place 1, before at 2"
    ]


def test_two_rules_of_one_name() -> None:
    twice = "access_control:\n" + "  - {name: a, user: x, allowed_operations: [SHOW]}\n" * 2
    found = changes(twice.replace("[SHOW]}\n  - {name: a, user: x", "[SHOW]}\n  - {name: a, user: y"), twice)
    assert [(one.what, one.rule) for one in found] == [(CHANGED, "access rule 'a (2)'")]


@rows(
    ("old", "new", "expected"),
    [
        ("require_where: [UPDATE]", "require_where: [UPDATE, DELETE]", (CHANGED, 14, 14, ["+ DELETE"])),
        ("  require_where: [UPDATE]\n", "  {}\n", (REMOVED, 14, 0, ["- UPDATE"])),
    ],
)
def test_keys_of_a_section(old: str, new: str, expected: tuple[str, int, int, list[str]]) -> None:
    found = changes(ONE.replace(old, new))
    assert [(one.what, one.line_from, one.line_to, one.details) for one in found] == [expected]
    assert found[0].rule == "sql_rules.require_where"


def test_whole_sections_and_values_of_every_kind() -> None:
    more = ONE + (
        "  injection: {detectors: [{name: tautology, mode: monitor}]}\n"
        f"  block_patterns: [{'x' * 300}]\n"
        "audit: {on_failure: allow}\n"
        "data_protection: {block_schema_access: false, max_result_rows: 5}\n"
    )
    found = {one.rule: one for one in changes(more)}
    assert list(found) == [
        "sql_rules.injection",
        "sql_rules.block_patterns",
        "data_protection.block_schema_access",
        "data_protection.max_result_rows",
        "audit.on_failure",
    ]
    assert found["sql_rules.injection"].details == ["detectors: + {name: tautology, mode: monitor}"]
    assert found["sql_rules.block_patterns"].details[0].endswith("xx…")
    assert found["data_protection.block_schema_access"].details == ["false"]
    assert {one.what for one in found.values()} == {ADDED}
    gone = compare(parse(more), parse(ONE))
    assert {one.what for one in gone} == {REMOVED}
    version = changes(ONE.replace("version: 1\n", ""))
    assert [(one.what, one.rule, one.details) for one in version] == [(REMOVED, "version", ["1 → not set"])]
    assert changes(ONE.replace("mode: enforce", "mode: monitor"))[0].details == ["enforce → monitor"]


def test_null_and_nested_lists_are_shown() -> None:
    windows = ONE.replace("    mode: monitor\n", "    time_restriction: {allow: ['09:00-18:00']}\n")
    found = changes(windows.replace("{allow: ['09:00-18:00']}", "null"), windows)
    assert found[0].details == ["time_restriction.allow: - 09:00-18:00"]
    grants = ONE.replace("    mode: monitor\n", "    grants: [{tables: [a.b], operations: [SELECT]}]\n")
    assert (
        changes(grants, grants.replace("[a.b]", "[a.c]"))[0].details[1]
        == "grants: + {tables: [a.b], operations: [SELECT]}"
    )
    assert changes("access_control:\n", "access_control: []\n") == []
    single = "access_control: {user: a, allowed_operations: SHOW}\n"
    assert changes(single, "access_control: [{user: a, allowed_operations: [SHOW]}]\n") == []


def test_learned_shapes() -> None:
    text = ONE + "  shapes: {mode: learning, file: s.yaml}\n"
    found = compare(parse(text), parse(text, "users: {}\n"))
    assert [(one.what, one.rule, one.details) for one in found] == [
        (CHANGED, "the learned shapes", ["+ users: {}"])
    ]


def test_the_text() -> None:
    assert text_diff(ONE, ONE, "a", "b") == ""
    found = text_diff("a: 1\nb: 2", "a: 1\nb: 3", "version 1", "version 2")
    assert found == "--- version 1\n+++ version 2\n@@ -1,2 +1,2 @@\n a: 1\n-b: 2\n+b: 3\n"


GRANTS = """\
access_control:
- name: app
  user: app
  grants:
  - {tables: shop.orders, operations: [SELECT], columns: [id, total]}
  - {tables: shop.users, operations: [SELECT]}
  - {tables: shop.items, operations: [SELECT], columns: id}
"""


@rows(
    ("old", "new", "expected"),
    [
        ("[id, total]", "[id, ssn]", ["grants: {tables: shop.orders, operations: [SELECT]}: columns: - total",
                                      "grants: {tables: shop.orders, operations: [SELECT]}: columns: + ssn"]),
        (", columns: [id, total]", "", ["grants: {tables: shop.orders, operations: [SELECT]}: columns [id, total] → all columns"]),
        ("users, operations: [SELECT]", "users, operations: [SELECT], columns: [id]",
         ["grants: {tables: shop.users, operations: [SELECT]}: all columns → columns [id]"]),
        ("columns: id}", "columns: key}", ["grants: {tables: shop.items, operations: [SELECT]}: columns: id → key"]),
        ("tables: shop.items", "tables: shop.parts",
         ["grants: - {tables: shop.items, operations: [SELECT], columns: id}",
          "grants: + {tables: shop.parts, operations: [SELECT], columns: id}"]),
        ("users, operations: [SELECT]", "users, operations: [INSERT]",
         ["grants: - {tables: shop.users, operations: [SELECT]}", "grants: + {tables: shop.users, operations: [INSERT]}"]),
    ],
)  # fmt: skip
def test_columns_of_a_grant_that_differ(old: str, new: str, expected: list[str]) -> None:
    found = changes(GRANTS.replace(old, new), GRANTS)
    assert [one.details for one in found] == [expected]


def test_a_column_among_very_many_is_told() -> None:
    many = ", ".join(f"column_{number}" for number in range(100))
    found = changes(
        GRANTS.replace("[id, total]", f"[{many}, ssn]"), GRANTS.replace("[id, total]", f"[{many}]")
    )
    assert found[0].details == ["grants: {tables: shop.orders, operations: [SELECT]}: columns: + ssn"]


def test_a_single_grant_in_the_place_of_a_list() -> None:
    one = "access_control: [{user: app, grants: {tables: shop.orders, operations: SELECT, columns: [id]}}]\n"
    assert changes(one.replace("[id]", "[id, ssn]"), one)[0].details == ["grants.columns: + ssn"]
