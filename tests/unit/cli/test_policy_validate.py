from __future__ import annotations

import json
from pathlib import Path

import pytest

from dbgate.policy.load import parse_policy
from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator

GOOD = """\
version: 1
global:
  default_schema: shop
access_control:
  - name: app
    user: app
    allowed_tables: [orders]
    allowed_operations: [SELECT]
"""
WARNED = (
    GOOD
    + """\
  - name: again
    user: app
    allowed_tables: [orders]
    allowed_operations: [SELECT]
"""
)
BAD = """\
version: 1
access_contrl: []
global:
  mode: enforced
"""


def put(folder: Path, text: str | bytes) -> str:
    path = folder / "policy.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def test_a_good_file(run: Run, tmp_path: Path) -> None:
    path = put(tmp_path, GOOD)
    result = run("policy", "validate", path)
    assert result.exit_code == 0, result.output
    assert f"{path}: valid: policy " in result.stdout
    assert "1 access rule, 0 errors, 0 warnings" in result.stdout
    got = json.loads(run("policy", "validate", path, "-o", "json").stdout)
    assert (got["valid"], got["access_rules"], got["errors"], got["warnings"]) == (True, 1, [], [])
    assert len(got["version"]) == 12


def test_a_bad_file_is_1_with_every_place(run: Run, tmp_path: Path) -> None:
    path = put(tmp_path, BAD)
    result = run("policy", "validate", path)
    assert result.exit_code == 1
    assert f"error: {path}:2:1: access_contrl" in result.stdout
    assert "access_control" in result.stdout
    assert f"error: {path}:4:9: global.mode" in result.stdout
    assert "NOT valid: 2 errors" in result.stdout
    got = json.loads(run("policy", "validate", path, "-o", "json").stdout)
    assert not got["valid"]
    assert [(error["line"], error["column"]) for error in got["errors"]] == [(2, 1), (4, 9)]


@pytest.mark.parametrize("text", ["", "- a\n", "a: [\n", "\x00", b"\xff\xfe", "version: 1\nversion: 1\n"])
def test_what_is_no_policy_is_1(run: Run, tmp_path: Path, text: str | bytes) -> None:
    result = run("policy", "validate", put(tmp_path, text))
    assert result.exit_code == 1
    assert "error: " in result.stdout


def test_warnings_are_no_errors_unless_strict(run: Run, tmp_path: Path) -> None:
    path = put(tmp_path, WARNED)
    result = run("policy", "validate", path)
    assert result.exit_code == 0
    assert f"warning: {path}:9:" in result.stdout
    result = run("policy", "validate", path, "--strict")
    assert result.exit_code == 1
    assert "NOT valid (--strict)" in result.stdout
    assert json.loads(run("policy", "validate", path, "--strict", "-o", "json").stdout)["valid"] is False


def test_no_file_is_2(run: Run) -> None:
    assert run("policy", "validate", "/nonexistent/policy.yaml").exit_code == 2
    assert run("policy", "validate").exit_code == 2


def test_a_file_cannot_send_control_sequences(run: Run, tmp_path: Path) -> None:
    result = run("policy", "validate", put(tmp_path, '"k\\e[2Jey": 1\n'))
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout


NEVER = """\
access_control:
- {user: a, allowed_tables: [a.b], allowed_operations: [SELECT], blocked_operations: [DROP]}


sql_rules:

  block_statements: [TRUNCATE]
  block_patterns: [x]
"""


def test_rules_that_never_hit(run: Run, gateway: FakeOperator, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("p.yaml").write_text(NEVER)
    refused = run("policy", "validate", "p.yaml", "--stats")
    assert refused.exit_code == 1
    assert "cannot be told" in refused.stderr
    live = parse_policy(NEVER).version

    async def info() -> object:
        return {"file": "p.yaml", "version": live, "loaded_at": "", "problems": []}

    monkeypatch.setattr(gateway, "policy_info", info)
    shown = run("policy", "validate", "p.yaml", "--stats").stdout  # line 7 has hit once
    assert "block_statements" not in shown
    assert "p.yaml:8:20: sql_rules.block_patterns[0]: never hit so far" in shown
    assert "blocked_operations[0]: never hit so far" in shown
    assert run("policy", "validate", "p.yaml", "--stats", "--strict").exit_code == 1
    assert run("policy", "validate", "p.yaml", "--strict").exit_code == 0
    assert run("policy", "validate", "p.yaml", "--stats", "--socket", "/nonexistent").exit_code == 3
