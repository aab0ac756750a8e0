from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from dbgate.control.api import ReloadRefused
from dbgate.policy.load import parse_policy
from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator

TEXT = """\
# the shop
access_control:
  - name: app          # line 3
    user: app
    allowed_tables: [a.b]
    allowed_operations: [SELECT]
    mode: monitor      # until spring
  - name: twice
    user: x
    allowed_operations: [SHOW]
    mode: monitor
  - name: twice
    user: y
    allowed_operations: [SHOW]
    mode: monitor
sql_rules: {mode: monitor, require_where: [DELETE]}
"""


class World:
    def __init__(self, gateway: FakeOperator, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.file = file
        self.file.write_text(TEXT)
        self.loaded_at = "2026-01-31T08:00:00.000Z"
        self.hits: list[dict[str, Any]] = []
        self.gateway = gateway
        whole = gateway.stats

        async def info() -> object:
            version = parse_policy(TEXT).version
            return {"file": str(file), "version": version, "loaded_at": self.loaded_at, "problems": []}

        async def stats() -> object:
            return {**(await whole()), "rule_lines": self.hits}

        monkeypatch.setattr(gateway, "policy_info", info)
        monkeypatch.setattr(gateway, "stats", stats)

    def hit(self, rule: str, line: int) -> None:
        self.hits.append({"rule": rule, "line": line, "blocked": 0, "monitored": 2, "last_hit_ms": 1})


@pytest.fixture
def world(gateway: FakeOperator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(gateway, tmp_path / "p.yaml", monkeypatch)


def test_what_is_monitored(run: Run, world: World) -> None:
    world.hit("table-denied", 3)
    lines = run("policy", "promote").stdout.splitlines()
    assert lines[0].split() == ["RULE", "LINE", "WOULD", "BLOCK", "RECORD"]
    assert lines[1].split() == ["app", "7", "2", "not", "clean"]
    assert lines[4].split() == ["sql_rules", "16", "0", "clean"]
    assert lines[5].startswith("Since the policy was loaded, ")
    answer = json.loads(run("policy", "promote", "-o", "json").stdout)
    first = answer["monitored"][0]
    assert (first["rule"], first["would_block"], first["clean"]) == ("app", 2, False)


def test_a_clean_rule_is_promoted(run: Run, world: World) -> None:
    result = run("policy", "promote", "app")
    assert result.exit_code == 0, result.stderr
    assert world.file.read_text() == TEXT.replace("mode: monitor      # until", "mode: enforce      # until")
    assert f"app is enforced now (line 7 of {world.file}); policy fedcba654321 is live." in result.stdout
    assert world.gateway.acts[-1][0] == "reload"


def test_json(run: Run, world: World) -> None:
    answer = json.loads(run("policy", "promote", "sql_rules", "-o", "json").stdout)
    assert (answer["rule"], answer["was"], answer["mode"], answer["version"]) == (
        "sql_rules",
        "monitor",
        "enforce",
        "fedcba654321",
    )


@pytest.mark.parametrize(
    ("rule", "hit", "words"),
    [
        ("app", ("table-denied", 3), "would have blocked\n  2 × table-denied (line 3)"),
        ("app", ("require-where", 16), "other monitored rules took statements first\n  2 × require-where"),
    ],
)
def test_what_is_not_clean_is_refused(
    run: Run, world: World, rule: str, hit: tuple[str, int], words: str
) -> None:
    world.hit(*hit)
    result = run("policy", "promote", rule)
    assert (result.exit_code, result.stdout) == (1, "")
    assert words in result.stderr
    assert world.file.read_text() == TEXT
    assert run("policy", "promote", rule, "--force").exit_code == 0
    assert world.file.read_text() != TEXT


def test_a_short_record_says_little(run: Run, world: World) -> None:
    world.loaded_at = "never"
    result = run("policy", "promote", "app")
    assert result.exit_code == 1
    assert "says little" in result.stderr
    assert run("policy", "promote", "app", "--min-age", "soon").exit_code == 2
    assert run("policy", "promote", "app", "--min-age", "0s").exit_code == 0


def test_a_record_that_is_not_whole(run: Run, world: World) -> None:
    for number in range(1024):
        world.hit("no-access-rule", number)
    assert "not all are counted" in run("policy", "promote", "app").stderr
    assert run("policy", "promote", "app", "--force").exit_code == 0


def test_rules_that_cannot_be_named(run: Run, world: World) -> None:
    assert "several rules" in run("policy", "promote", "twice").stderr
    assert "did you mean 'app'" in run("policy", "promote", "aap").stderr
    result = run("policy", "promote", "zzz")
    assert result.exit_code == 1
    assert "lists what is" in result.stderr


def test_files_that_do_not_fit(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.file.write_text(TEXT + "# changed\n")
    assert "reload it first" in run("policy", "promote", "app").stderr
    world.file.write_text("nonsense: 1\n")
    assert run("policy", "promote", "app").exit_code == 1
    world.file.unlink()
    assert run("policy", "promote", "app").exit_code == 2


def test_a_text_that_cannot_be_edited(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "dbgate.policy.staging.promoted", lambda *given: (_ for _ in ()).throw(ValueError("no"))
    )
    result = run("policy", "promote", "app")
    assert result.exit_code == 1
    assert "write mode: enforce there yourself" in result.stderr


def test_a_reload_that_is_refused_puts_the_file_back(
    run: Run, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(author: str) -> object:
        raise ReloadRefused(["worker 1 ended"], "abc")

    monkeypatch.setattr(world.gateway, "reload", refuse)
    result = run("policy", "promote", "app")
    assert result.exit_code == 1
    assert "worker 1 ended" in result.stderr
    assert world.file.read_text() == TEXT


def test_a_file_that_cannot_be_written(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, content: bytes) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("dbgate.cli.files.replace_file", refuse)
    result = run("policy", "promote", "app")
    assert result.exit_code == 2
    assert "Read-only" in result.stderr


def test_nothing_is_monitored(run: Run, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "access_control: []\n"
    world.file.write_text(text)

    async def info() -> object:
        return {
            "file": str(world.file),
            "version": parse_policy(text).version,
            "loaded_at": "",
            "problems": [],
        }

    monkeypatch.setattr(world.gateway, "policy_info", info)
    assert "Nothing is in monitor mode" in run("policy", "promote").stdout


def test_no_gateway_is_3(run: Run) -> None:
    assert run("policy", "promote", "--socket", "/nonexistent").exit_code == 3
