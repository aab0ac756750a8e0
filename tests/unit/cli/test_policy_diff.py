from __future__ import annotations

import json
from pathlib import Path

from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator

ONE = """\
access_control:
  - {name: app, user: app, allowed_tables: [a.b], allowed_operations: [SELECT]}
"""
TWO = """\
# more
access_control:
  - {name: app, user: app, allowed_tables: [a.b, a.c], allowed_operations: [SELECT]}
  - {name: new, user: new, allowed_tables: [a.b], allowed_operations: [SELECT]}
audit: {on_failure: allow}
"""


def test_two_files(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(ONE)
    (tmp_path / "two.yaml").write_text(TWO)
    result = run("policy", "diff", "one.yaml", "two.yaml", "--socket", "/nonexistent")
    assert result.exit_code == 0
    lines = [line.rstrip() for line in result.stdout.splitlines()]
    assert lines[:4] == [
        "From one.yaml to two.yaml:",
        "~ access rule 'app' changed (line 2, now 3)",
        "    allowed_tables: + a.c",
        "+ access rule 'new' added (line 4)",
    ]
    assert "+ audit.on_failure added (line 5)" in lines
    text = run("policy", "diff", "one.yaml", "two.yaml", "--text").stdout
    assert text.startswith("--- one.yaml\n+++ two.yaml\n")
    assert "+audit: {on_failure: allow}\n" in text
    answer = json.loads(run("policy", "diff", "one.yaml", "two.yaml", "-o", "json").stdout)
    assert [change["what"] for change in answer["changes"]] == ["changed", "added", "added"]
    assert answer["text"] == text


def test_what_says_the_same(run: Run, tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text(ONE)
    (tmp_path / "same.yaml").write_text("# a comment\n" + ONE)
    assert run("policy", "diff", "one.yaml", "one.yaml").stdout == "one.yaml and one.yaml say the same.\n"
    assert "in comments or layout only" in run("policy", "diff", "one.yaml", "same.yaml").stdout


def test_versions_and_files(run: Run, gateway: FakeOperator, tmp_path: Path) -> None:
    gateway.texts = {1: ONE, 2: TWO}
    assert "From version 1 to version 2" in run("policy", "diff", "1", "2").stdout
    assert run("policy", "diff", "1").stdout == run("policy", "diff", "1", "2").stdout  # 2 is live
    (tmp_path / "one.yaml").write_text(ONE)
    assert run("policy", "diff", "1", "one.yaml").stdout.startswith("version 1 and one.yaml say the same")
    shown = run("policy", "diff", "2", "1").stdout
    assert "- access rule 'new' removed (line 4)" in shown


def test_what_cannot_be_compared(run: Run, gateway: FakeOperator, tmp_path: Path) -> None:
    assert run("policy", "diff", "1", "9").exit_code == 1
    assert run("policy", "diff", "1", "nowhere.yaml").exit_code == 2
    (tmp_path / "bad.yaml").write_text("nonsense: 1\n")
    result = run("policy", "diff", "bad.yaml", "1")
    assert result.exit_code == 1
    assert "bad.yaml is not a valid policy:" in result.stderr
    gateway.texts[1] = ONE + "sql_rules: {shapes: {mode: enforce, file: s.yaml}}\n"
    assert "s.yaml cannot be read" in run("policy", "diff", "1").stderr
    gateway.versions = []
    result = run("policy", "diff", "live", "live")
    assert result.exit_code == 1
    assert "has no policy" in result.stderr


def test_no_gateway_is_3(run: Run) -> None:
    assert run("policy", "diff", "1", "2", "--socket", "/nonexistent").exit_code == 3
