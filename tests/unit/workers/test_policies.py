"""A policy goes live in every worker or in none."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from dbgate.policy.compile import build_policy
from dbgate.workers import policies
from dbgate.workers.messages import Prepared
from dbgate.workers.policies import Policies
from dbgate.workers.process import WorkerGone, WorkerProcess
from tests.shell.gateway.shell import run

ONE = "version: 1\naccess_control: []\n"
TWO = ONE + "# two\n"


class FakeWorker:
    """A worker that says what it is told to say."""

    def __init__(self, row: int) -> None:
        self.row = row
        self.pid = 100 + row
        self.ready = asyncio.Event()
        self.ready.set()
        self.live = ""
        self.held: dict[int, str] = {}
        self.aborted = 0
        self.crashed = False
        self.prepare_gives: object = None
        self.commit_does: object = None

    async def prepare(self, plan: bytes) -> tuple[int, Prepared]:
        if isinstance(self.prepare_gives, BaseException):
            raise self.prepare_gives
        if self.prepare_gives == "slow":
            await asyncio.sleep(3600)
        if self.prepare_gives == "reborn":
            self.pid += 1000
        version = build_policy(plan).version
        self.held[7] = version
        if isinstance(self.prepare_gives, Prepared):
            return 7, self.prepare_gives
        return 7, Prepared(7, version)

    async def commit(self, number: int, version: str, epoch: int) -> None:
        if isinstance(self.commit_does, BaseException):
            raise self.commit_does
        if self.commit_does == "slow":
            await asyncio.sleep(3600)
        self.live = self.held.pop(number)

    def abort(self, number: int) -> None:
        self.held.pop(number, None)
        self.aborted += 1

    def crash(self) -> None:
        self.crashed = True


class World:
    def __init__(self, path: Path, count: int = 3) -> None:
        self.file = path / "p.yaml"
        self.file.write_text(ONE)
        self.policies = Policies(str(self.file))
        self.workers = [FakeWorker(row) for row in range(count)]

    async def first(self) -> str:
        assert await self.policies.load_first() == ()
        for worker in self.workers:
            worker.live = self.policies.version
        return self.policies.version

    async def reload(self, text: str) -> policies.Outcome:
        self.file.write_text(text)
        return await self.policies.reload(cast(list[WorkerProcess], self.workers))

    def live(self) -> set[str]:
        return {worker.live for worker in self.workers}


def test_live_everywhere(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        before = await world.first()
        outcome = await world.reload(TWO)
        assert outcome.ok
        assert outcome.changed
        assert outcome.previous == before
        assert world.live() == {outcome.version} == {world.policies.version}
        assert world.policies.epoch == 2
        again = await world.reload(TWO)
        assert again.ok
        assert not again.changed

    run(main())


def test_a_bad_file_changes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        before = await world.first()
        outcome = await world.reload("nonsense: 1\n")
        assert not outcome.ok
        assert "nonsense" in outcome.problems[0]
        assert world.policies.last_problems == outcome.problems
        assert world.live() == {before} == {outcome.version}
        assert (await world.reload(ONE)).ok
        assert world.policies.last_problems == ()

    run(main())


def test_no_policy_at_first(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        world.file.write_text("")
        assert await world.policies.load_first()
        assert world.policies.version == ""
        assert (await world.reload(ONE)).previous == ""
        assert world.policies.version

    run(main())


@pytest.mark.parametrize(
    ("gives", "words"),
    [
        (WorkerGone("worker 1 ended"), "worker 1 ended; the old policy stays"),
        (Prepared(7, "", "KeyError: x"), "worker 1 cannot compile the policy: KeyError: x"),
        (Prepared(7, "other"), "worker 1 compiled another version"),
        ("reborn", "a worker ended meanwhile"),
    ],
)
def test_one_worker_that_cannot_keeps_the_old_everywhere(tmp_path: Path, gives: object, words: str) -> None:
    async def main() -> None:
        world = World(tmp_path)
        before = await world.first()
        world.workers[1].prepare_gives = gives
        if gives == "reborn":

            async def late(plan: bytes) -> tuple[int, Prepared]:
                await asyncio.sleep(0)
                world.workers[1].ready.clear()  # it crashed after it had answered
                return 7, Prepared(7, build_policy(plan).version)

            cast(Any, world.workers[2]).prepare = late
        outcome = await world.reload(TWO)
        assert not outcome.ok
        assert words in outcome.problems[0]
        assert world.live() == {before} == {world.policies.version}
        assert not any(worker.held for worker in world.workers)

    run(main())


def test_a_defect_is_not_hidden(tmp_path: Path) -> None:
    async def main() -> None:
        world = World(tmp_path)
        await world.first()
        world.workers[0].prepare_gives = ZeroDivisionError()
        with pytest.raises(ZeroDivisionError):
            await world.reload(TWO)

    run(main())


def test_a_worker_that_takes_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "PREPARE_SECONDS", 0.05)

    async def main() -> None:
        world = World(tmp_path)
        before = await world.first()
        world.workers[2].prepare_gives = "slow"
        assert "in time" in (await world.reload(TWO)).problems[0]
        world.workers[2].prepare_gives = None
        world.workers[0].ready.clear()
        assert "in time" in (await world.reload(TWO)).problems[0]
        assert world.live() == {before}

    run(main())


def test_after_the_first_swap_there_is_no_way_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that died then starts with the new policy; one that hangs is ended, so that it does too."""
    monkeypatch.setattr(policies, "COMMIT_SECONDS", 0.05)

    async def main() -> None:
        world = World(tmp_path)
        await world.first()
        world.workers[0].commit_does = WorkerGone("worker 0 ended")
        world.workers[1].commit_does = "slow"
        outcome = await world.reload(TWO)
        assert outcome.ok
        assert world.policies.version == outcome.version
        assert not world.workers[0].crashed
        assert world.workers[1].crashed
        assert world.workers[2].live == outcome.version

    run(main())
