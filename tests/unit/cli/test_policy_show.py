from __future__ import annotations

import json

import pytest

from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator


def test_show(run: Run, gateway: FakeOperator) -> None:
    shown = run("policy", "show").stdout
    assert "abcdef123456" in shown
    assert "/etc/dbgate/policy.yaml" in shown
    assert "refused" not in shown
    gateway.problems = ["policy.yaml:1:1: no"]
    assert "The latest reload was refused:\n  policy.yaml:1:1: no\n" in run("policy", "show").stdout
    assert json.loads(run("policy", "show", "-o", "json").stdout)["problems"] == gateway.problems


def test_no_policy_at_all(run: Run, gateway: FakeOperator, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none() -> object:
        return {"file": "p.yaml", "version": "", "loaded_at": "", "problems": []}

    monkeypatch.setattr(gateway, "policy_info", none)
    shown = run("policy", "show").stdout
    assert "none: everything is refused" in shown
    assert "never" in shown


def test_no_gateway_is_3(run: Run) -> None:
    assert run("policy", "show", "--socket", "/nonexistent").exit_code == 3


def test_the_text_of_a_version(run: Run, gateway: FakeOperator) -> None:
    assert run("policy", "show", "2").stdout == "version: 1\naccess_control: []\n"
    detail = json.loads(run("policy", "show", "2", "-o", "json").stdout)
    assert (detail["number"], detail["text"]) == (2, "version: 1\naccess_control: []\n")
    assert run("policy", "show", "7").exit_code == 1
    assert run("policy", "show", "x").exit_code == 2
