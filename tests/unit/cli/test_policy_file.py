from __future__ import annotations

import os
from pathlib import Path

import pytest

from dbgate.cli import policy_file
from dbgate.control.messages import PolicyInfo
from dbgate.errors import PolicyError


def test_parse(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("version: 1\n")
    assert policy_file.parse(str(path)).filename == str(path)
    path.write_text("versoin: 1\n")
    with pytest.raises(PolicyError):
        policy_file.parse(str(path))


def test_what_cannot_be_read_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "big").write_text("x" * 20)
    monkeypatch.setattr(policy_file, "MOST_BYTES", 10)
    for path in (tmp_path / "none.yaml", tmp_path, tmp_path / "big"):
        with pytest.raises(SystemExit) as caught:
            policy_file.read_bytes(str(path))
        assert caught.value.code == 2
        assert "give the path of a policy file" in capsys.readouterr().err


def test_the_shapes_that_a_policy_names_are_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "policy.yaml"
    path.write_text("sql_rules: {shapes: {mode: enforce, file: shapes.yaml}}\n")
    with pytest.raises(PolicyError):
        policy_file.parse(str(path))
    (tmp_path / "shapes.yaml").write_text("users: {}\n")
    assert policy_file.parse(str(path)).shapes is not None
    assert policy_file.reader(str(path))("shapes.yaml") == b"users: {}\n"


def test_the_gateways_file_is_read_where_it_is_one_of_this_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = tmp_path / "p.yaml"
    here.write_text("")

    def info(path: str) -> PolicyInfo:
        return {"file": path, "version": "v", "loaded_at": "", "problems": []}

    assert policy_file.local_file(info(str(here)), "do this") == str(here)
    os.mkfifo(tmp_path / "fifo")  # whoever opens it may wait for ever
    for path in ("", str(tmp_path), str(tmp_path / "none"), str(tmp_path / "fifo"), "/dev/zero", "a\0b"):
        with pytest.raises(SystemExit) as caught:
            policy_file.local_file(info(path), "do this")
        assert caught.value.code == 2
        said = capsys.readouterr().err
        assert "is not here" in said
        assert "do this" in said
