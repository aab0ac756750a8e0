from __future__ import annotations

from dbgate.policy.load import parse_policy
from dbgate.policy.precedence import Precedence


def order(*rules: str) -> Precedence:
    lines = "".join(f"- {{{rule}, allowed_operations: [SHOW]}}\n" for rule in rules)
    return Precedence(parse_policy(f"access_control:\n{lines}").policy.access_control)


def test_exact_names() -> None:
    rules = order("user: a", "user: [a, b]", "user: 'x*'", "user: xy")
    assert rules.takers(1, "a") == {0}
    assert rules.takers(1, "b") == set()
    assert rules.takers(3, "xy") == {2}


def test_globs() -> None:
    rules = order("user: 'ab*'", "user: 'a*c'", "user: 'abc?'", "user: 'a*c'", "user: 'a*'")
    assert rules.takers(2, "abc?") == {0}
    assert rules.takers(3, "a*c") == {1}
    assert rules.takers(4, "a*") == set()


def test_sources() -> None:
    rules = order(
        "user: a, source_ip: 10.0.0.0/8",
        "user: a, source_ip: [10.1.0.0/16, 11.0.0.0/8]",
        "user: a, source_ip: [10.1.0.0/16, 11.1.0.0/16]",
        "user: a",
        "user: a, source_ip: 12.0.0.0/8",
    )
    assert rules.takers(1, "a") == set()
    assert rules.takers(2, "a") == {0, 1}
    assert rules.takers(3, "a") == set()
    assert rules.takers(4, "a") == {3}


def test_exceptions_of_a_glob() -> None:
    rules = order("user: app_one", "user: 'app_*'", "user: app_two")
    assert rules.exceptions(1, "app_*") == [("app_one", 0)]
    assert rules.exceptions(0, "app_one") == []
