from __future__ import annotations

import json

from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator


def test_rollback(run: Run, gateway: FakeOperator) -> None:
    result = run("policy", "rollback", "1")
    assert result.stdout == (
        "Version 1 is live again, as version 3 (policy 000000000001, before: abcdef123456).\n"
    )
    assert "as before" in run("policy", "rollback", "2").stdout
    assert json.loads(run("policy", "rollback", "1", "-o", "json").stdout)["number"] == 3
    assert [act[:2] for act in gateway.acts] == [("rollback", "1"), ("rollback", "2"), ("rollback", "1")]


def test_what_cannot_be(run: Run, gateway: FakeOperator) -> None:
    result = run("policy", "rollback", "9")
    assert result.exit_code == 1
    assert "there is no version 9" in result.stderr
    gateway.problems = ["p.yaml:1:1: bad"]
    result = run("policy", "rollback", "1")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "p.yaml:1:1: bad" in result.stderr
    gateway.read_only = "Read-only file system"
    result = run("policy", "rollback", "1")
    assert result.exit_code == 1
    assert "nothing was changed: Read-only" in result.stderr
    assert "policy show 1" in result.stderr
    assert run("policy", "rollback", "0").exit_code == 2
    assert run("policy", "rollback", "1", "--socket", "/nonexistent").exit_code == 3
