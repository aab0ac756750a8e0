"""Warnings."""

from __future__ import annotations

from dbgate.policy.check import check_policy
from dbgate.policy.load import parse_policy
from tests.rows import rows

SCHEMA = "global: {default_schema: shop}\n"
GOOD = "allowed_tables: [a.b], allowed_operations: [SELECT]"
CALLS = GOOD.replace("[SELECT]", "[CALL]").replace("operations: SELECT", "operations: [CALL]")


def warnings(text: str) -> list[str]:
    return [str(problem).removeprefix("policy.yaml:") for problem in check_policy(parse_policy(text))]


def entries(*lines: str) -> str:
    return SCHEMA + "access_control:\n" + "".join(f"- {{{line}}}\n" for line in lines)


def test_shapes_of_no_statement() -> None:
    shapes = "sql_rules: {block_statements: [DROP, 'DELETE FROM *', 'ALTER TABLE', 'DELETE FROM']}\n"
    assert warnings(entries(f"user: a, {GOOD}") + shapes) == [
        "4:70: sql_rules.block_statements[3]: no statement has this shape: a name was expected"
    ]


def test_nothing_to_say() -> None:
    assert warnings(entries(f"user: a, {GOOD}", f"user: b, {GOOD}")) == []


@rows(
    ("text", "expected"),
    [
        (SCHEMA, "1:1: access_control: there is no access rule: nobody can log in"),
        (
            "access_control:\n- {user: a, allowed_tables: [users, x.y], allowed_operations: [SELECT]}",
            "2:30: access_control[0].allowed_tables[0]: 'users' names no schema and global.default_schema is not set, "
            "so it is that table in any schema",
        ),
        (
            "access_control:\n- {user: a, grants: [{tables: users, operations: SELECT}]}",
            "2:31: access_control[0].grants[0].tables[0]: 'users' names no schema and global.default_schema is not "
            "set, so it is that table in any schema",
        ),
        (
            entries("user: a, allowed_tables: mysql.user, allowed_operations: SELECT"),
            "3:29: access_control[0].allowed_tables[0]: 'mysql.user' stays blocked by "
            "data_protection.block_schema_access",
        ),
        (
            entries("user: a, grants: [{tables: mysql.user, operations: SELECT, columns: [User]}]")
            + "data_protection: {block_schema_access: false}\n",
            "3:31: access_control[0].grants[0].tables[0]: the catalog leaves mysql out, so nothing is granted by columns "
            "there",
        ),
        (
            entries("user: a, blocked_operations: DROP"),
            "3:3: access_control[0]: this rule grants no operation: who it matches can log in and do nothing",
        ),
        (
            entries("user: a, allowed_tables: x, grants: [{tables: y, operations: SELECT}]"),
            "3:29: access_control[0].allowed_tables: without allowed_operations this list grants nothing",
        ),
        (
            entries("user: a, allowed_operations: [SHOW, SELECT]"),
            "3:33: access_control[0].allowed_operations: without allowed_tables these reach no table",
        ),
        (
            entries(f"user: a, {GOOD}, blocked_operations: SELECT"),
            "3:57: access_control[0].allowed_operations[0]: SELECT is in blocked_operations, which wins",
        ),
        (
            entries("user: a, grants: [{tables: x, operations: [SELECT, SET]}]"),
            "3:55: access_control[0].grants[0].operations[1]: SET touches no table: only allowed_operations can "
            "grant it",
        ),
        (
            entries(f"user: a, source_ip: 10.0.0.1/8, {GOOD}"),
            "3:24: access_control[0].source_ip[0]: '10.0.0.1/8' has bits beyond its prefix length; it means the "
            "whole block around it",
        ),
        (
            entries(f"name: x, user: a, {GOOD}", f"name: x, user: b, {GOOD}"),
            "4:10: access_control[1].name: 'x' is also the name of the rule in line 3",
        ),
        (
            entries(f"user: a, {GOOD}") + "sql_rules: {block_patterns: ['x*']}",
            "4:30: sql_rules.block_patterns[0]: this pattern matches the empty text, and so every statement",
        ),
        (
            entries(f"user: a, {GOOD}") + "sql_rules: {injection: {detectors: []}}",
            "4:36: sql_rules.injection.detectors: no detector is on; leave the key out for all",
        ),
        (
            entries(f"user: a, {GOOD}") + "procedure_control: {mode: whitelist}",
            "4:27: procedure_control.mode: the whitelist is empty: no procedure can be called",
        ),
        (
            entries(f"user: a, {GOOD}") + "procedure_control: {mode: blacklist}",
            "4:27: procedure_control.mode: the blacklist is empty: CALL alone decides",
        ),
        (
            entries(f"user: a, {CALLS}")
            + "procedure_control: {mode: whitelist, whitelist: a.b, blacklist: a.c}",
            "4:65: procedure_control.blacklist: not used: mode is whitelist",
        ),
        (
            entries(f"user: a, {GOOD}")
            + "procedure_control: {mode: blacklist, whitelist: a.b, blacklist: a.c}",
            "4:49: procedure_control.whitelist: not used: mode is blacklist",
        ),
        (
            f"access_control:\n- {{user: a, {CALLS}}}\nprocedure_control: {{mode: whitelist, whitelist: b}}",
            "3:49: procedure_control.whitelist[0]: 'b' names no schema, so it is that procedure in any schema",
        ),
    ],
)
def test_one_warning(text: str, expected: str) -> None:
    assert warnings(text) == [expected]


@rows(
    ("first", "second", "unused"),
    [
        ("user: a", "user: a", True),
        ("user: a", "user: [a, b]", False),
        ("user: [a, b]", "user: b", True),
        ("user: '*'", "user: b", True),
        ("user: '*'", "user: 'x*y'", True),
        ("user: 'ab*'", "user: 'abc?'", True),
        ("user: 'a?*'", "user: 'abc*'", False),
        ("user: 'a*c'", "user: 'a*c'", True),
        ("user: 'a*c'", "user: 'abc'", True),
        ("user: 'a*c'", "user: 'a*'", False),
        ("user: a", "user: 'a*'", False),
        ("user: A", "user: a", False),
        ("user: a, source_ip: 10.0.0.0/8", "user: a, source_ip: 10.1.0.0/16", True),
        ("user: a, source_ip: 10.0.0.0/8", "user: a, source_ip: [10.1.0.0/16, 11.0.0.0/8]", False),
        ("user: a, source_ip: 10.0.0.0/8", "user: a", False),
        ("user: a", "user: a, source_ip: 10.0.0.0/8", True),
        ("user: a, source_ip: '::/0'", "user: a, source_ip: 10.0.0.0/8", False),
    ],
)
def test_a_rule_that_never_comes_to_its_turn(first: str, second: str, unused: bool) -> None:
    found = warnings(entries(f"{first}, {GOOD}", f"{second}, {GOOD}"))
    expected = ["4:3: access_control[1]: never used: earlier access rules match first (line 3)"]
    if unused:
        assert found == expected
    else:
        assert all("never comes to this rule" in one for one in found)


def test_a_user_who_never_comes_to_a_rule() -> None:
    found = warnings(entries(f"user: a, {GOOD}", f"user: [b, a], {GOOD}"))
    message = "'a' never comes to this rule: an earlier one matches first (line 3)"
    assert found == [f"4:14: access_control[1].user[1]: {message}"]


def test_several_rules_can_take_all_of_another() -> None:
    text = entries(f"user: a, {GOOD}", f"user: b, source_ip: 10.0.0.0/8, {GOOD}", f"user: [b, a], {GOOD}",
                   f"user: [b, a], source_ip: 10.0.0.0/24, {GOOD}")  # fmt: skip
    found = warnings(text)
    assert found[1:] == ["6:3: access_control[3]: never used: earlier access rules match first (line 3, 4)"]
    assert "'a' never comes to this rule" in found[0]


def test_users_of_whom_nothing_was_learned() -> None:
    text = entries(f"user: [a, b, 'c*'], {GOOD}") + "sql_rules: {shapes: {mode: MODE, file: s.yaml}}\n"
    shapes = b'users:\n  a: [{statement: "SELECT ?", shape: "00000000000000000000000000000000"}]\n'

    def found(mode: str, data: bytes) -> list[str]:
        file = parse_policy(text.replace("MODE", mode), "p.yaml", lambda name: data)
        return [str(problem) for problem in check_policy(file)]

    message = "no shape was learned of 'b': everything that this user sends is new"
    assert found("detect", shapes) == [f"p.yaml:3:14: access_control[0].user[1]: {message}"]
    assert found("learning", shapes) == []
