from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from dbgate.control.tokens import Tokens
from tests.unit.cli.conftest import Run


def test_a_token_and_its_line(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    for name, role in (("ops", "operator"), ("wall", "viewer")):
        out = tmp_path / f"{name}.token"
        result = run("token", name, "--role", role, "--tokens", str(file), "--out", str(out))
        assert result.exit_code == 0, result.stderr
        token = out.read_text().strip()
        assert token not in result.stdout and token not in file.read_text()
        assert stat.S_IMODE(out.stat().st_mode) == 0o600
        found = Tokens(str(file)).find(f"Bearer {token}")
        assert found is not None and (found.token, found.acts) == (name, role == "operator")
    got = run("token", "third", "--tokens", str(file), "--out", str(tmp_path / "3"), "-o", "json")
    assert json.loads(got.stdout)["role"] == "viewer"
    assert len(file.read_text().splitlines()) == 3


def test_nothing_is_overwritten(run: Run, tmp_path: Path) -> None:
    file, out = tmp_path / "tokens", tmp_path / "out"
    assert run("token", "one", "--tokens", str(file), "--out", str(out)).exit_code == 0
    before = (file.read_text(), out.read_text())
    for name, where, code in (("two", out, 1), ("one", tmp_path / "other", 1), ("o n e", tmp_path / "x", 2)):
        result = run("token", name, "--tokens", str(file), "--out", str(where))
        assert (result.exit_code, result.stdout) == (code, "")
        assert "→" in result.stderr
    assert (file.read_text(), out.read_text()) == before
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("missing", ["tokens", "out"])
def test_places_that_cannot_be_written(run: Run, tmp_path: Path, missing: str) -> None:
    places = {"tokens": tmp_path / "tokens", "out": tmp_path / "out"}
    places[missing] = tmp_path / "no" / "such" / "folder"
    result = run("token", "one", "--tokens", str(places["tokens"]), "--out", str(places["out"]))
    assert result.exit_code == 2
    assert not places["out"].exists() and not places["tokens"].exists()
