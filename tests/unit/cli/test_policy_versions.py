from __future__ import annotations

import json

from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator, version


def test_versions(run: Run, gateway: FakeOperator) -> None:
    shown = run("policy", "versions").stdout.splitlines()
    assert shown[0].split() == ["NUMBER", "VERSION", "LOADED", "BY", "NOTE"]
    assert shown[1].split() == ["*", "2", "000000000002", "2026-01-02", "09:00:00", "alice", "(uid", "1000)"]
    assert shown[2].split()[0] == "1"
    assert len(shown) == 3
    answer = json.loads(run("policy", "versions", "-o", "json").stdout)
    assert [one["number"] for one in answer["versions"]] == [2, 1]
    assert answer["refused"] is None


def test_what_was_refused_and_what_is_wrong_with_the_store(run: Run, gateway: FakeOperator) -> None:
    gateway.problems = ["p.yaml:1:1: bad\x1b"]
    gateway.read_only = "/etc/dbgate: Read-only file system"
    gateway.versions = [version(number) for number in range(9, 0, -1)]
    shown = run("policy", "versions", "-n", "2").stdout
    assert "(7 older: --lines 9)" in shown
    assert "by file watch, was refused:\n  p.yaml:1:1: bad\\x1b\n" in shown
    assert "in memory only" in shown
    assert "Read-only file system" in shown
    assert len(json.loads(run("policy", "versions", "-n", "2", "-o", "json").stdout)["versions"]) == 2


def test_none(run: Run, gateway: FakeOperator) -> None:
    gateway.versions = []
    assert run("policy", "versions").stdout == "No version yet: no policy was in force so far.\n"


def test_no_gateway_is_3(run: Run) -> None:
    assert run("policy", "versions", "--socket", "/nonexistent").exit_code == 3
