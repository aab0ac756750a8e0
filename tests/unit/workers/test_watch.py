"""What happens to the policy file is noticed, however it happens; what is no change is not."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from dbgate.workers import watch as module
from dbgate.workers.watch import Watch, places


class World:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.live: bytes | None = path.read_bytes() if path.exists() else None
        self.seen: list[bytes | None] = []
        self.refuse = False
        self.watch = Watch(str(path), lambda: self.live, self.changed)

    async def changed(self) -> None:
        content = self.path.read_bytes() if self.path.exists() else None
        self.seen.append(content)
        if not self.refuse and content is not None:
            self.live = content

    async def until(self, look: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not look():
                await asyncio.sleep(0.01)


def play(world: World, story: Callable[[World], object]) -> None:
    """The story's steps while the watch runs."""

    async def main() -> None:
        task = asyncio.create_task(world.watch.run())
        try:
            await story(world)  # type: ignore[misc]
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(main())


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.06)
    monkeypatch.setattr(module, "QUIET_MS", 10)


def replace(path: Path, text: str) -> None:
    new = path.with_name("new")
    new.write_text(text)
    os.replace(new, path)


def test_atomic_replace_and_in_place(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("one")
    world = World(path)

    async def story(world: World) -> None:
        replace(path, "two")
        await world.until(lambda: world.live == b"two")
        path.write_text("three")
        await world.until(lambda: world.live == b"three")
        (tmp_path / "other").write_text("x")
        replace(path, "three")  # the same content
        replace(path, "four")
        await world.until(lambda: world.live == b"four")
        assert world.seen == [b"two", b"three", b"four"]

    play(world, story)


def test_a_swapped_link_as_kubernetes_does_it(tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        (tmp_path / f"..{name}").mkdir()
        (tmp_path / f"..{name}" / "p.yaml").write_text(name)
    (tmp_path / "..data").symlink_to("..one")
    path = tmp_path / "p.yaml"
    path.symlink_to("..data/p.yaml")
    world = World(path)

    async def story(world: World) -> None:
        for name in ("two", "three"):
            (tmp_path / "..data_tmp").symlink_to(f"..{name}")
            os.replace(tmp_path / "..data_tmp", tmp_path / "..data")
            await world.until(lambda name=name: world.live == name.encode())  # type: ignore[misc]
        replace(tmp_path / "..three" / "p.yaml", "in its new folder")
        await world.until(lambda: world.live == b"in its new folder")

    play(world, story)


def test_a_change_before_the_watch_began_counts(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("one")
    world = World(path)
    world.watch.remember()
    path.write_text("two")

    async def story(world: World) -> None:
        await world.until(lambda: world.live == b"two")

    play(world, story)


def test_a_bad_file_is_tried_once(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("bad")
    world = World(path)
    world.live, world.refuse = None, True
    world.watch.remember()  # it was refused at the start

    async def main() -> None:
        await world.watch.look()
        assert world.seen == []
        path.write_text("worse")
        await world.watch.look()
        await world.watch.look()
        assert world.seen == [b"worse"]
        path.write_text("bad")
        await world.watch.look()
        path.unlink()
        await world.watch.look()
        assert world.seen == [b"worse", b"bad", None]

    asyncio.run(main())


def test_a_file_taken_back_to_what_is_live(tmp_path: Path) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("good")
    world = World(path)
    world.refuse = True

    async def main() -> None:
        for text in ("bad", "good", "bad"):
            path.write_text(text)
            await world.watch.look()
            await world.watch.look()
        assert world.seen == [
            b"bad",
            b"good",
            b"bad",
        ]  # good again, so that nobody thinks it is still refused

    asyncio.run(main())


def test_a_folder_that_is_not_there_yet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "later" / "p.yaml"
    world = World(path)

    async def story(world: World) -> None:
        await world.until(lambda: "No such folder" in caplog.text)
        path.parent.mkdir()
        path.write_text("one")
        await world.until(lambda: world.live == b"one")
        os.rename(path.parent, tmp_path / "gone")  # and replaced as a whole
        path.parent.mkdir()
        path.write_text("two")
        await world.until(lambda: world.live == b"two")
        replace(path, "three")
        await world.until(lambda: world.live == b"three")

    play(world, story)


def test_a_defect_does_not_end_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "p.yaml"
    path.write_text("one")
    world = World(path)
    faults = iter([ZeroDivisionError()])

    async def fail() -> None:
        for fault in faults:
            raise fault
        await world.changed()

    world.watch = Watch(str(path), lambda: world.live, fail)

    async def story(world: World) -> None:
        path.write_text("two")
        await world.until(lambda: "failed" in caplog.text)
        path.write_text("three")
        await world.until(lambda: world.live == b"three")

    play(world, story)


def test_places(tmp_path: Path) -> None:
    here = str(tmp_path.resolve())
    assert places(f"{here}/p.yaml") == {(here, "p.yaml")}
    (tmp_path / "deep").mkdir()
    (tmp_path / "real.yaml").write_text("")
    (tmp_path / "deep" / "p.yaml").symlink_to("../real.yaml")
    (tmp_path / "way").symlink_to(f"{here}/deep")
    assert places(f"{here}/way/p.yaml") == {
        (here, "way"),
        (f"{here}/deep", "p.yaml"),
        (here, "real.yaml"),
    }
    (tmp_path / "loop").symlink_to("loop")
    assert places(f"{here}/loop") == {(here, "loop")}
