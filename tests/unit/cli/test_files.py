from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dbgate.cli import files
from dbgate.cli.files import replace_file


def test_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "p"
    file.write_text("old")
    file.chmod(0o604)
    (tmp_path / "link").symlink_to("p")
    replace_file(str(tmp_path / "link"), b"new")
    assert (tmp_path / "link").is_symlink()
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o604
    assert sorted(os.listdir(tmp_path)) == ["link", "p"]


def test_a_new_file(tmp_path: Path) -> None:
    replace_file(str(tmp_path / "p"), b"new", 0o640)
    assert (tmp_path / "p").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "p").stat().st_mode) == 0o640


def test_what_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        replace_file(str(tmp_path / "none" / "p"), b"")
    file = tmp_path / "p"
    file.write_text("old")

    def refuse(*arguments: object, **options: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(files.os, "replace", refuse)
    with pytest.raises(OSError, match="Read-only"):
        replace_file(str(file), b"new")
    monkeypatch.setattr(files.tempfile, "NamedTemporaryFile", refuse)
    with pytest.raises(OSError, match="Read-only"):
        replace_file(str(file), b"new")
    assert os.listdir(tmp_path) == ["p"]
    assert file.read_text() == "old"
