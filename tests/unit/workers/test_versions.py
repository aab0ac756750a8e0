"""Which version is in force, what was refused, and the way back."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest

from dbgate.errors import PolicyError
from dbgate.workers import versions
from dbgate.workers.policies import Outcome
from dbgate.workers.reload import load_file
from dbgate.workers.versions import CannotWrite, History, rfc3339

ONE = "version: 1\naccess_control: []\n"
TWO = ONE + "data_protection: {max_result_rows: 5}\n"
SHAPES = ONE + "sql_rules: {shapes: {mode: detect, file: s.yaml}}\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disks of test machines are slow, and nothing here is about crashes of a machine."""
    monkeypatch.setattr("dbgate.sinks.policy_store.os.fsync", lambda number: None)


class World:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "p.yaml"
        self.file.write_text(ONE)
        self.history = History(str(self.file), "", 10)
        self.refuse = False
        self.seen = ""

    async def load(self, text: str, author: str = "SIGHUP", note: str = "") -> int:
        self.file.write_text(text)
        await self.history.loaded(load_file(str(self.file)), author, note)
        return self.history.live

    async def reload(self, note: str) -> Outcome:
        self.seen = self.file.read_text()
        if self.refuse:
            return Outcome(False, "old", "old", False, ("worker 1 ended",))
        await self.history.loaded(load_file(str(self.file)), "alice", note)
        return Outcome(True, "new", "old", True)


def test_a_version_for_each_load_that_brings_something_new(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        assert await world.load(ONE, "start") == 1
        assert await world.load(ONE) == 1
        assert await world.load(TWO, "alice (uid 1)") == 2
        assert await world.load(ONE) == 3  # back by hand is a new one too
        assert world.history.loads == 4
        described = world.history.describe()
        assert [(one["number"], one["author"], one["live"]) for one in described["versions"]] == [
            (3, "SIGHUP", True),
            (2, "alice (uid 1)", False),
            (1, "start", False),
        ]
        assert described["folder"] == str(world.file) + ".versions"
        assert described["versions"][0]["time"].endswith("Z")
        restarted = History(str(world.file), "", 10)
        await restarted.loaded(load_file(str(world.file)), "start")
        assert restarted.live == 3

    asyncio.run(main())


def test_a_refusal_is_remembered_until_a_load_succeeds(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        assert world.history.refusal() is None
        world.history.not_loaded(("p.yaml:1:1: bad",), "file watch")
        refusal = world.history.describe()["refused"]
        assert refusal is not None
        assert (refusal["author"], refusal["problems"]) == ("file watch", ["p.yaml:1:1: bad"])
        await world.load(ONE)
        assert world.history.refusal() is None
        assert world.history.refusals == 1

    asyncio.run(main())


def test_texts_and_differences(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        await world.load(ONE)
        await world.load(TWO)
        text = world.history.text(2)
        assert text is not None
        assert (text["text"], text["shapes"], text["live"]) == (TWO, None, True)
        assert world.history.text(9) is None
        diff = world.history.diff(1, 2)
        assert diff is not None
        assert [(one["what"], one["rule"]) for one in diff["changes"]] == [
            ("added", "data_protection.max_result_rows")
        ]
        assert "+data_protection: {max_result_rows: 5}" in diff["text"]
        assert world.history.diff(1, 9) is None

    asyncio.run(main())


def test_rollback_is_a_new_version(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        await world.load(ONE)
        await world.load(TWO)
        found = await world.history.rollback(1, world.reload)
        assert found is not None
        assert world.file.read_text() == ONE
        newest = world.history.describe()["versions"][0]
        assert (newest["number"], newest["note"], newest["live"]) == (3, "rollback to 1", True)
        assert await world.history.rollback(9, world.reload) is None
        await world.history.rollback(3, world.reload)  # to what is live already
        assert world.history.live == 4

    asyncio.run(main())


def test_shapes_go_back_too(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        shapes = tmp_path / "s.yaml"
        shapes.write_text("users: {}\n")
        await world.load(SHAPES)
        shapes.write_text("users: {app: []}\n")
        assert await world.load(SHAPES) == 2
        diff = world.history.diff(1, 2)
        assert diff is not None
        assert diff["changes"][0]["rule"] == "the learned shapes"
        await world.history.rollback(1, world.reload)
        assert shapes.read_text() == "users: {}\n"
        await world.history.rollback(3, world.reload)  # the shapes are as they were: nothing to write
        assert shapes.read_text() == "users: {}\n"

    asyncio.run(main())


def test_a_refused_rollback_leaves_the_files_as_they_were(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        await world.load(ONE)
        await world.load(TWO)
        world.refuse = True
        found = await world.history.rollback(1, world.reload)
        assert found is not None
        assert not found[1].ok
        assert world.seen == ONE
        assert world.file.read_text() == TWO

    asyncio.run(main())


def test_files_that_are_gone_come_back(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        shapes = tmp_path / "s.yaml"
        shapes.write_text("users: {}\n")
        await world.load(SHAPES)
        shapes.unlink()
        world.file.unlink()
        world.refuse = True
        await world.history.rollback(1, world.reload)
        assert not shapes.exists() and not world.file.exists()
        world.refuse = False
        await world.history.rollback(1, world.reload)
        assert (shapes.read_text(), world.file.read_text()) == ("users: {}\n", SHAPES)

    asyncio.run(main())


def test_a_version_of_another_release_is_compared_as_text(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        world.history.store.add("x", "nonsense: 1\n", None, "an older release", "", 1.0)
        await world.load(ONE)
        diff = world.history.diff(1, 2)
        assert diff is not None
        assert "cannot be compared by rules" in diff["changes"][0]["details"][0]
        assert "-nonsense: 1" in diff["text"]

    asyncio.run(main())


def test_a_version_that_is_no_valid_policy_any_more(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        world.history.store.add("x", "nonsense: 1\n", None, "an older release", "", 1.0)
        with pytest.raises(PolicyError):
            await world.history.rollback(1, world.reload)
        assert world.file.read_text() == ONE

    asyncio.run(main())


def test_a_file_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        world = World(tmp_path)
        shapes = tmp_path / "s.yaml"
        shapes.write_text("users: {}\n")
        await world.load(SHAPES)
        shapes.write_text("users: {app: []}\n")
        await world.load(SHAPES + "# more\n")
        real = versions.replace_file

        def refuse(path: str, content: bytes) -> None:
            if path.endswith("p.yaml"):
                raise OSError(30, "Read-only file system", path)
            real(path, content)

        monkeypatch.setattr(versions, "replace_file", refuse)
        with pytest.raises(CannotWrite, match="Read-only"):
            await world.history.rollback(1, world.reload)
        assert shapes.read_text() == "users: {app: []}\n"
        assert "could not be put back" in caplog.text
        assert world.seen == ""

    asyncio.run(main())


def test_a_store_that_cannot_be_used_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def main() -> None:
        caplog.set_level(logging.INFO)
        world = World(tmp_path)
        blocker = Path(str(world.file) + ".versions")
        blocker.write_text("")
        assert await world.load(ONE) == 1
        assert await world.load(TWO) == 2
        assert caplog.text.count("kept in memory only") == 1
        assert world.history.describe()["trouble"]
        assert await world.history.rollback(1, world.reload)
        blocker.unlink()
        await world.load(TWO)
        assert "again" in caplog.text
        monkeypatch.setattr(world.history.store, "newest", lambda: 1 / 0)
        assert await world.load(ONE) == world.history.live
        assert "could not be kept" in caplog.text

    asyncio.run(main())


def test_times_are_written_as_everywhere() -> None:
    assert rfc3339(1_700_000_000.5) == "2023-11-14T22:13:20.500Z"
