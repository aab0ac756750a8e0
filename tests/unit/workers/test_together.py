"""However many ask, the question is put seldom, and no answer is older than what was asked."""

from __future__ import annotations

import asyncio

import pytest

from dbgate.workers.together import Together
from tests.shell.gateway.shell import run


class World:
    """The thing that is asked about: a number that counts the questions."""

    def __init__(self, gap: float, burst: int = 2) -> None:
        self.asked = 0
        self.fails = False
        self.together = Together(self.ask, gap, burst)

    async def ask(self) -> int:
        self.asked += 1
        now = self.asked
        await asyncio.sleep(0)
        if self.fails:
            raise OSError("x")
        return now

    async def crowd(self, count: int) -> list[int]:
        return await asyncio.gather(*(self.together.answer() for _ in range(count)))


def test_who_comes_now_and_then_is_answered_at_once() -> None:
    async def main() -> None:
        world = World(3600)
        assert await world.together.answer() == 1
        assert await world.together.answer() == 2

    run(main())


def test_a_crowd_shares_one_question() -> None:
    async def main() -> None:
        world = World(0.02)
        assert await world.crowd(50) == [1] * 50
        assert await world.crowd(50) == [2] * 50
        assert await world.crowd(50) == [3] * 50  # after the gap

    run(main())


def test_an_answer_is_never_older_than_the_question() -> None:
    async def main() -> None:
        world = World(0.02, 1)
        first = asyncio.create_task(world.together.answer())
        while not world.asked:
            await asyncio.sleep(0)
        assert await world.together.answer() == 2  # the one under way may not know of what has just happened
        assert await first == 1

    run(main())


def test_one_who_goes_away_takes_nothing_from_the_others() -> None:
    async def main() -> None:
        world = World(0.02, 1)
        await world.together.answer()
        gone = asyncio.create_task(world.together.answer())
        stays = asyncio.create_task(world.together.answer())
        await asyncio.sleep(0)
        gone.cancel()
        assert await stays == 2
        assert gone.cancelled()

    run(main())


def test_a_failure_is_told_to_all_and_is_not_the_end() -> None:
    async def main() -> None:
        world = World(0.0)
        world.fails = True
        failed = await asyncio.gather(*(world.together.answer() for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in failed] == [OSError] * 3
        world.fails = False
        assert await world.together.answer() == 2
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await World(3600, 0).together.answer()

    run(main())
