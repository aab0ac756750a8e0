"""The documented errors say where and what."""

from __future__ import annotations

from dbgate.errors import ConfigError, DbgateError, PolicyError, Problem, ProtocolError


def test_problem_names_place_and_key() -> None:
    assert str(Problem("p.yaml", 3, 7, "mode", "expected enforce or monitor")) == (
        "p.yaml:3:7: mode: expected enforce or monitor"
    )
    assert str(Problem("p.yaml", 1, 1, "", "empty file")) == "p.yaml:1:1: empty file"


def test_policy_error_lists_every_problem_in_order() -> None:
    problems = [Problem("p", 1, 2, "a", "x"), Problem("p", 2, 2, "b", "y")]
    error = PolicyError(problems)
    assert error.problems == problems
    assert str(error) == "p:1:2: a: x\np:2:2: b: y"


def test_all_are_of_one_family() -> None:
    assert issubclass(PolicyError, DbgateError)
    assert issubclass(ConfigError, DbgateError)
    assert issubclass(ProtocolError, DbgateError)
