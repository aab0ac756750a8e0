"""From a file to a policy that can be put live; each way a file can be bad is a finding with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from dbgate.errors import PolicyError
from dbgate.policy.compile import build_policy
from dbgate.workers import reload

GOOD = "version: 1\naccess_control:\n  - {user: app, allowed_tables: ['*'], allowed_operations: [SELECT]}\n"


def test_a_good_file(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(GOOD)
    loaded = reload.load_file(str(file))
    assert loaded.text == GOOD
    assert loaded.version
    assert loaded.version == reload.load_text(GOOD, "other.yaml").version
    assert loaded.version != reload.load_text(GOOD + "# more\n", "p.yaml").version


def finding(path: Path) -> str:
    with pytest.raises(PolicyError) as caught:
        reload.load_file(str(path))
    return str(caught.value)


def test_bad_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "p.yaml"
    assert finding(file) == f"{file}:1:1: cannot be read: No such file or directory"
    assert "cannot be read: Is a directory" in finding(tmp_path)
    file.write_bytes(b"version: 1\n# \xff\n")
    assert finding(file) == f"{file}:2:1: not UTF-8 text"
    file.write_text("version: 1\nnonsense: 2\n")
    assert f"{file}:2:1: nonsense" in finding(file)
    monkeypatch.setattr(reload, "MOST_BYTES", 10)
    assert "larger than" in finding(file)


SHAPES = GOOD + "sql_rules: {shapes: {mode: MODE, file: shapes.yaml}}\n"


def test_the_policy_and_its_shapes_are_one_version(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(SHAPES.replace("MODE", "learning"))
    before = reload.load_file(str(file))
    assert before.shapes is None
    assert reload.load_text(before.text, "p.yaml").version == before.version
    (tmp_path / "shapes.yaml").write_text("users: {}\n")
    loaded = reload.load_file(str(file))
    assert loaded.shapes == "users: {}\n"
    assert loaded.version != before.version
    # A worker gets the plan, and makes the same of it.
    assert build_policy(loaded.plan).version == loaded.version
    assert reload.load_text(loaded.text, loaded.filename, loaded.shapes).version == loaded.version


def test_shapes_that_are_missing_or_bad(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text(SHAPES.replace("MODE", "enforce"))
    assert finding(file).startswith(
        f"{file}:4:43: sql_rules.shapes.file: shapes.yaml cannot be read: No such file"
    )
    (tmp_path / "shapes.yaml").write_text("users: {}\nuser: 1\n")
    assert finding(file) == f"{tmp_path}/shapes.yaml:2:1: user: unknown key; did you mean 'users'?"
