"""Versions of a policy are there whole or not at all, are never changed, and are not lost by a folder that fails."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from dbgate.sinks import policy_store
from dbgate.sinks.policy_store import PolicyStore, fingerprint, replace_file


def add(store: PolicyStore, text: str = "a", **more: str) -> int:
    made = store.add(fingerprint(text, None)[:12], text, None, more.get("author", "start"), "", 1.5)
    return made.number


def test_numbers_go_up_and_survive_a_restart(tmp_path: Path) -> None:
    folder = str(tmp_path / "p.yaml.versions")
    store = PolicyStore(folder, 10)
    assert store.all() == []
    assert store.newest() is None
    assert [add(store, "a"), add(store, "b", author="alice")] == [1, 2]
    again = PolicyStore(folder, 10)
    newest = again.newest()
    assert newest is not None
    assert (newest.number, newest.text, newest.author, newest.time) == (2, "b", "alice", 1.5)
    assert newest.sha256.startswith(newest.version)
    assert [one.number for one in again.all()] == [2, 1]
    assert add(again, "a") == 3
    first = again.get(1)
    assert first is not None
    assert first.text == "a"
    assert again.get(9) is None
    for name in os.listdir(folder):
        assert stat.S_IMODE(os.stat(os.path.join(folder, name)).st_mode) == 0o640


def test_shapes_are_part_of_a_version(tmp_path: Path) -> None:
    store = PolicyStore(str(tmp_path / "v"), 10)
    made = store.add("x", "text", "users: {}", "start", "note", 1.0)
    assert store.get(made.number) == made
    assert made.sha256 != fingerprint("text", None)


def test_the_oldest_go(tmp_path: Path) -> None:
    store = PolicyStore(str(tmp_path), 3)
    for text in "abcde":
        add(store, text)
    assert [one.number for one in store.all()] == [5, 4, 3]
    assert add(store) == 6  # a number is never used again


def test_what_was_changed_or_cut_is_no_version(tmp_path: Path) -> None:
    store = PolicyStore(str(tmp_path), 10)
    for text in "abcd":
        add(store, text)
    files = sorted(tmp_path.iterdir())
    files[3].write_bytes(files[3].read_bytes()[:20])
    files[2].write_text(files[2].read_text().replace('"text":"c"', '"text":"evil"'))
    (tmp_path / "000009-notes.txt").write_text("mine")
    os.rename(files[1], tmp_path / "000007-0123456789ab.json")
    assert [one.number for one in store.all()] == [1]
    newest = store.newest()
    assert newest is not None
    assert newest.number == 1
    assert add(store) == 8


def test_two_gateways_share_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = PolicyStore(str(tmp_path), 10), PolicyStore(str(tmp_path), 10)
    stale = iter([0])
    look = PolicyStore._last
    monkeypatch.setattr(one, "_last", lambda: next(stale, None) or look(one))
    assert add(two, "a") == 1
    assert add(one, "b") == 2  # it thought that 1 was free
    assert [version.text for version in two.all()] == ["b", "a"]


def test_the_same_number_and_text_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = PolicyStore(str(tmp_path), 10)
    add(store, "a")
    monkeypatch.setattr(store, "_last", lambda: 0)
    monkeypatch.setattr(store, "_taken", lambda number: False)
    monkeypatch.setattr(policy_store, "_ATTEMPTS", 3)
    assert add(store, "a") == 1  # kept in memory, and it says why
    assert "no number was free" in store.trouble
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")] == []


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "v").write_text("a file where the folder should be")
    store = PolicyStore(str(tmp_path / "v"), 2)
    assert [add(store, text) for text in "abc"] == [1, 2, 3]
    assert str(tmp_path / "v") in store.trouble
    assert [one.text for one in store.all()] == ["c", "b"]
    kept = store.get(3)
    assert kept is not None
    assert kept.text == "c"
    (tmp_path / "v").unlink()
    assert add(store, "d") == 4
    assert store.trouble == ""
    assert [one.number for one in store.all()] == [4, 3]


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "p.yaml"
    file.write_text("old")
    file.chmod(0o604)
    before = file.stat().st_ino
    replace_file(str(file), b"new")
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o604
    assert file.stat().st_ino != before
    link = tmp_path / "link.yaml"
    link.symlink_to("p.yaml")
    replace_file(str(link), b"newer")
    assert link.is_symlink()
    assert file.read_text() == "newer"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "p.yaml"]


def test_a_file_that_cannot_be_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError):
        replace_file(str(tmp_path / "no folder" / "p.yaml"), b"")
    file = tmp_path / "p.yaml"
    replace_file(str(file), b"old")  # it was gone
    assert stat.S_IMODE(file.stat().st_mode) == 0o640

    def refuse(source: str, target: Path) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(policy_store.os, "replace", refuse)
    with pytest.raises(OSError, match="Read-only"):
        replace_file(str(file), b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["p.yaml"]
    assert file.read_text() == "old"
    monkeypatch.setattr(policy_store.tempfile, "NamedTemporaryFile", lambda **options: refuse("", file))
    with pytest.raises(OSError, match="Read-only"):
        replace_file(str(file), b"new")
