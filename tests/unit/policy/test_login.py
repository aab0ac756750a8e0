"""Logins."""

from __future__ import annotations

from datetime import UTC, datetime

from dbgate.policy.evaluate import find_entry
from dbgate.policy.login import MOST_KNOWN, judge_login, use_schema
from dbgate.policy.verdict import ALLOW, BLOCK, WOULD_BLOCK, Verdict
from tests.rows import rows
from tests.unit.policy.making import compiled

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC).timestamp()
NIGHT = datetime(2024, 3, 5, 3, tzinfo=UTC).timestamp()

TEXT = """
access_control:
- name: app
  user: app
  source_ip: 10.0.0.0/8
  allowed_tables: [shop.users, "Sales.*"]
  allowed_operations: [SELECT]
  time_restriction: {allow: "09:00-18:00"}
  rate_limit: 1/s
- {name: watched, user: watched, allowed_tables: [shop.users], allowed_operations: [SELECT], mode: monitor,
   time_restriction: {allow: "09:00-18:00"}}
- {name: all, user: root, allowed_tables: '*', allowed_operations: '*'}
- {name: no-use, user: stuck, allowed_tables: '*', allowed_operations: '*', blocked_operations: USE}
"""


def login(
    user: str, schema: str = "", ip: str = "10.1.2.3", wall: float = NOON, folded: bool = False
) -> Verdict:
    return judge_login(compiled(TEXT), user, ip, schema, wall, folded)


@rows(
    ("user", "schema", "ip", "wall", "effect", "rule", "line"),
    [
        ("app", "", "10.1.2.3", NOON, ALLOW, "", 3),
        ("app", "shop", "10.1.2.3", NOON, ALLOW, "", 3),
        ("app", "Sales", "10.1.2.3", NOON, ALLOW, "", 3),
        ("app", "sales", "10.1.2.3", NOON, BLOCK, "table-denied", 3),
        ("app", "other", "10.1.2.3", NOON, BLOCK, "table-denied", 3),
        ("app", "mysql", "10.1.2.3", NOON, BLOCK, "schema-access", 0),
        ("app", "", "10.1.2.3", NIGHT, BLOCK, "time-restriction", 8),
        ("app", "other", "10.1.2.3", NIGHT, BLOCK, "time-restriction", 8),
        ("app", "", "11.1.2.3", NOON, BLOCK, "no-access-rule", 0),
        ("App", "", "10.1.2.3", NOON, BLOCK, "no-access-rule", 0),
        ("app", "", "", NOON, BLOCK, "no-access-rule", 0),
        ("watched", "", "", NIGHT, WOULD_BLOCK, "time-restriction", 11),
        ("watched", "other", "", NOON, WOULD_BLOCK, "table-denied", 10),
        ("watched", "other", "", NIGHT, WOULD_BLOCK, "time-restriction", 11),
        ("root", "anything", "", NOON, ALLOW, "", 12),
        ("root", "information_schema", "", NOON, BLOCK, "schema-access", 0),
        ("stuck", "shop", "", NOON, BLOCK, "blocked-operation", 13),
        ("stuck", "", "", NOON, ALLOW, "", 13),
    ],
)
def test_logins(user: str, schema: str, ip: str, wall: float, effect: int, rule: str, line: int) -> None:
    verdict = login(user, schema, ip, wall)
    assert (verdict.effect, verdict.rule, verdict.line) == (effect, rule, line)


def test_a_server_without_case_finds_the_schema_in_any_case() -> None:
    assert login("app", "SALES", folded=True).effect == ALLOW
    assert login("app", "SALES", folded=False).effect == BLOCK


def test_no_policy() -> None:
    verdict = judge_login(None, "app", "10.0.0.1", "", NOON, False)
    assert (verdict.effect, verdict.rule) == (BLOCK, "no-policy")


def test_the_reason_names_who_and_from_where() -> None:
    assert login("nobody").reason == "no access rule matches user 'nobody' from 10.1.2.3"
    assert login("nobody", ip="").reason == "no access rule matches user 'nobody' from nowhere"


def test_a_change_of_schema_in_words() -> None:
    analysis = use_schema("shop", True)
    (statement,) = analysis.statements
    assert (statement.verb, statement.session, statement.new_schema, analysis.folded) == (
        "USE",
        True,
        "shop",
        True,
    )


def test_what_is_known_of_a_schema_is_the_same_verdict() -> None:
    policy = compiled(TEXT)
    known: dict[str, Verdict] = {}
    for user, schema, folded in (
        ("app", "shop", False),
        ("app", "SHOP", False),
        ("app", "SHOP", True),
        ("root", "shop", False),
        ("app", "nowhere", False),
    ):
        fresh = judge_login(policy, user, "10.1.2.3", schema, NOON, folded)
        for _ in range(2):
            again = judge_login(policy, user, "10.1.2.3", schema, NOON, folded, known=known)
            assert (again.effect, again.rule, again.line, again.reason) == (
                fresh.effect,
                fresh.rule,
                fresh.line,
                fresh.reason,
            )
    assert len(known) == 5
    assert (
        judge_login(policy, "app", "10.1.2.3", "shop", NIGHT, False, known=known).rule == "time-restriction"
    )
    for number in range(MOST_KNOWN + 5):
        judge_login(policy, "app", "10.1.2.3", f"s{number}", NOON, False, known=known)
    assert len(known) <= MOST_KNOWN


def test_an_entry_that_was_looked_up_counts() -> None:
    policy = compiled(TEXT)
    entry = find_entry(policy, "app", "10.1.2.3")
    assert entry is not None
    for schema, effect in (("shop", ALLOW), ("other", BLOCK)):
        found = judge_login(policy, "app", "10.1.2.3", schema, NOON, False, False, "", None, entry)
        assert found.effect == effect
        assert judge_login(policy, "app", "10.1.2.3", schema, NOON, False).rule == found.rule
