from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator


def test_reload(run: Run, gateway: FakeOperator) -> None:
    result = run("policy", "reload")
    assert (result.exit_code, result.stdout) == (0, "Policy fedcba654321 is live (before: abcdef123456).\n")
    assert json.loads(run("policy", "reload", "-o", "json").stdout) == {
        "version": "fedcba654321",
        "previous": "abcdef123456",
        "changed": True,
    }
    assert [act[0] for act in gateway.acts] == ["reload", "reload"]


def test_nothing_changed(run: Run, gateway: FakeOperator, monkeypatch: pytest.MonkeyPatch) -> None:
    async def same(author: str) -> object:
        return {"version": "a1", "previous": "a1", "changed": False}

    monkeypatch.setattr(gateway, "reload", same)
    assert run("policy", "reload").stdout == "Policy a1 is live; the file has not changed.\n"


def test_a_refused_file_is_1_with_its_problems(run: Run, gateway: FakeOperator) -> None:
    gateway.problems = ["policy.yaml:3:5: user: expected a name", "policy.yaml:9:1: sql_rule: unknown key"]
    for output in ("table", "json"):
        result = run("policy", "reload", "-o", output)
        assert result.exit_code == 1
        assert result.stdout == ""
        assert "policy abcdef123456 stays" in result.stderr
        for problem in gateway.problems:
            assert f"\n  {problem}\n" in result.stderr
        assert "policy validate" in result.stderr


def test_no_gateway_is_3(run: Run) -> None:
    assert run("policy", "reload", "--socket", "/nonexistent").exit_code == 3
