"""Every way to another policy leaves its author, its record and its version."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dbgate.config.settings import load
from dbgate.workers.policies import Outcome, Policies
from dbgate.workers.policy_life import PolicyLife

ONE = "version: 1\naccess_control: []\n"
TWO = ONE + "# two\n"
BY_COLUMN = """version: 1
access_control:
  - {user: app, grants: [{tables: [shop.orders], operations: [SELECT], columns: [id]}]}
"""


class FakeJournal:
    def __init__(self) -> None:
        self.told: list[tuple[bool, str]] = []

    def reloaded(self, outcome: Outcome, author: str) -> None:
        self.told.append((outcome.ok, author))


class FakeCatalogs:
    """Whether columns are needed, as it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bool, str]] = []
        self.live = lambda: ""

    async def before(self, limits: bool) -> None:
        self.told.append(("before", limits, self.live()))

    async def follow(self, limits: bool) -> None:
        self.told.append(("follow", limits, self.live()))


class World:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "p.yaml"
        self.file.write_text(ONE)
        self.policies = Policies(str(self.file))
        self.journal = FakeJournal()
        self.followed = 0
        journal: Any = self.journal
        self.catalogs = FakeCatalogs()
        self.catalogs.live = lambda: self.policies.version
        catalogs: Any = self.catalogs
        settings = load({"policy": str(self.file)}, {})
        self.life = PolicyLife(settings, self.policies, journal, [], self.follow, catalogs)

    def follow(self) -> None:
        self.followed += 1

    def authors(self) -> list[str]:
        return [one["author"] for one in self.life.history.describe()["versions"]]


def test_start_reload_watch_and_rollback(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        world = World(tmp_path)
        await world.life.first()
        world.file.write_text(ONE + "# two\n")
        assert (await world.life.reload("alice (uid 1)")).ok
        world.file.write_text(ONE + "# three\n")
        await world.life.watch.look()
        await world.life.watch.look()
        assert world.authors() == ["file watch", "alice (uid 1)", "start"]
        world.file.write_text("nonsense: 1\n")
        assert not (await world.life.reload("SIGHUP")).ok
        refusal = world.life.history.refusal()
        assert refusal is not None
        assert refusal["author"] == "SIGHUP"
        assert "policy file was refused" in caplog.text
        found = await world.life.roll_back(1, "bob (uid 2)")
        assert found is not None
        assert found[1].ok
        assert world.file.read_text() == ONE
        await world.life.watch.look()  # what the rollback wrote is no news
        assert world.authors()[0] == "bob (uid 2)"
        assert len(world.authors()) == 4
        assert world.journal.told == [
            (True, "alice (uid 1)"),
            (True, "file watch"),
            (False, "SIGHUP"),
            (True, "bob (uid 2)"),
        ]
        assert world.followed == 5

    asyncio.run(main())


def test_no_policy_at_the_start(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        world.file.write_text("nonsense: 1\n")
        await world.life.first()
        refusal = world.life.history.refusal()
        assert refusal is not None
        assert refusal["author"] == "start"
        await world.life.watch.look()
        assert world.journal.told == []
        world.file.write_text(ONE)
        await world.life.watch.look()
        assert world.life.history.live == 1

    asyncio.run(main())


def test_the_catalog_knows_before_a_policy_that_needs_columns_is_live(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        await world.life.first()
        one = world.policies.version
        world.file.write_text(BY_COLUMN)
        assert (await world.life.reload("alice (uid 1)")).ok
        two = world.policies.version
        world.file.write_text("nonsense: 1\n")
        assert not (await world.life.reload("alice (uid 1)")).ok
        world.file.write_text(ONE)
        assert (await world.life.reload("alice (uid 1)")).ok
        assert world.catalogs.told == [
            ("follow", False, one),
            ("before", True, one),
            ("follow", True, two),
            ("follow", True, two),  # the file was refused
            ("before", False, two),
            ("follow", False, one),
        ]

    asyncio.run(main())


def test_what_was_loaded_by_command_is_not_loaded_again_by_the_watch(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        await world.life.first()
        world.file.write_text(TWO)
        command = asyncio.create_task(world.life.reload("alice (uid 1)"))
        await asyncio.sleep(0)
        await (
            world.life._reload_watched()
        )  # it has seen the new text, and comes to its turn after the command
        assert (await command).changed
        assert [author for _, author in world.journal.told] == ["alice (uid 1)"]
        world.file.write_text("nonsense: 1\n")
        await world.life._reload_watched()
        world.file.write_text(TWO)  # back to what is live: the refusal must go
        await world.life._reload_watched()
        assert world.life.history.refused is None
        assert [ok for ok, _ in world.journal.told] == [True, False, True]

    asyncio.run(main())
