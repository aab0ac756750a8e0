from __future__ import annotations

from pathlib import Path

import pytest

from dbgate.cli.policy_sources import compiled, read_policy, refuse
from dbgate.control.client import ControlClient
from dbgate.errors import PolicyError, Problem
from tests.unit.control.fake import FakeOperator

TEXT = "access_control:\n- {user: a, allowed_operations: [SHOW]}\n"


def test_by_number_by_file_and_the_live_one(gateway: FakeOperator, tmp_path: Path) -> None:
    client = ControlClient(str(tmp_path / "dbgate.sock"))
    gateway.texts = {1: TEXT, 2: TEXT + "# two\n"}
    Path("p.yaml").write_text(TEXT)
    assert read_policy(client, "1").name == "version 1"
    assert read_policy(client, "live").text == TEXT + "# two\n"
    named = read_policy(client, "p.yaml")
    assert (named.name, named.text) == ("p.yaml", TEXT)
    assert compiled(named).version == named.file.version


def test_what_a_version_names_comes_with_it(
    gateway: FakeOperator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.texts[1] = TEXT + "sql_rules: {shapes: {mode: detect, file: s.yaml}}\n"
    whole = gateway.policy_version

    async def with_shapes(number: int) -> object:
        return {**(await whole(number) or {}), "shapes": "users: {}\n"}

    monkeypatch.setattr(gateway, "policy_version", with_shapes)
    named = read_policy(ControlClient(str(tmp_path / "dbgate.sock")), "1")
    assert named.file.shapes_text == "users: {}\n"


def test_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        refuse("x", PolicyError([Problem("x", 1, 2, "key", "bad")]))
    assert caught.value.code == 1
    assert "x is not a valid policy:" in capsys.readouterr().err
