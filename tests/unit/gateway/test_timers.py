"""One tick for all: who is due is looked at, who is not is left alone."""

from __future__ import annotations

import asyncio
import itertools
import weakref

import pytest

from dbgate.gateway.timers import SLICE, Timers
from tests.shell.gateway.shell import run


class Item:
    def __init__(self, again: float = 0.0) -> None:
        self.again = again
        self.looks: list[float] = []
        self.bucket = 0

    def check(self, now: float) -> float:
        self.looks.append(now)
        return now + self.again if self.again else 0.0


def test_looked_at_when_due_and_only_then() -> None:
    timers = Timers(100.0, tick=0.25)
    item = Item()
    timers.watch(item, 101.0)
    timers.run(100.9)
    assert item.looks == []
    timers.run(101.3)
    assert item.looks == [101.3]
    timers.run(200.0)
    assert len(item.looks) == 1


def test_looked_at_again_when_it_says_so() -> None:
    timers = Timers(0.0)
    item = Item(again=1.0)
    timers.watch(item, 0.0)
    for quarter in range(1, 21):
        timers.run(quarter * 0.25)
    assert 4 <= len(item.looks) <= 6


def test_a_time_that_has_passed_is_the_next_tick() -> None:
    timers = Timers(50.0)
    item = Item()
    timers.watch(item, 3.0)
    timers.run(50.3)
    assert item.looks == [50.3]


def test_one_that_is_forgotten_is_looked_at_no_more_and_not_kept() -> None:
    timers = Timers(0.0)
    stays, goes = Item(), Item(again=1.0)
    timers.watch(goes, 1.0)
    timers.watch(stays, 1.0)
    gone = weakref.ref(goes)
    timers.forget(goes)
    timers.forget(goes)  # nor does it matter to say so twice, or too late
    del goes
    assert gone() is None
    timers.run(2.0)
    assert stays.looks == [2.0]
    timers.forget(stays)


def test_one_that_raises_does_not_stop_the_others(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Item):
        def check(self, now: float) -> float:
            raise KeyError("defect")

    timers = Timers(0.0)
    item = Item()
    timers.watch(Broken(), 1.0)
    timers.watch(item, 1.0)
    timers.run(2.0)
    assert item.looks == [2.0]
    assert "time-out check failed" in caplog.text


def test_ticks_on_a_loop_until_stopped() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        timers = Timers(loop.time(), tick=0.01)
        item = Item(again=0.01)
        timers.watch(item, loop.time())
        timers.start(loop)
        while len(item.looks) < 2:
            await asyncio.sleep(0.01)
        timers.stop()
        looks = len(item.looks)
        await asyncio.sleep(0.05)
        assert len(item.looks) == looks

    run(main())


def test_looked_at_once_though_watched_twice() -> None:
    timers = Timers(0.0)
    item = Item()
    timers.watch(item, 5.0)
    timers.watch(item, 1.0)
    timers.run(2.0)
    timers.run(10.0)
    assert item.looks == [2.0]


def test_one_that_is_forgotten_by_another_look_is_not_looked_at() -> None:
    timers = Timers(0.0)

    class Ender(Item):
        def check(self, now: float) -> float:
            for other in items:
                if other is not self:
                    timers.forget(other)
            return super().check(now)

    items = [Ender() for _ in range(3)]
    for item in items:
        timers.watch(item, 1.0)
    timers.run(2.0)
    assert sum(len(item.looks) for item in items) == 1


def crowd(late: float, tick: float) -> tuple[Timers, list[Item]]:
    """Many that are due since `late` seconds, with timers that have just been started."""
    loop = asyncio.get_running_loop()
    since = loop.time() - late
    timers = Timers(since, tick=tick)
    items = [Item() for _ in range(100 * SLICE)]
    for item in items:
        timers.watch(item, since)
    timers.start(loop)
    return timers, items


def test_others_have_their_turn_between_many_looks() -> None:
    async def main() -> None:
        timers, items = crowd(60.0, tick=60.0)
        timers._beat(asyncio.get_running_loop())
        seen: list[int] = []
        while not seen or seen[-1] < len(items):
            await asyncio.sleep(0)
            looked = sum(len(item.looks) for item in items)
            if not seen or looked != seen[-1]:
                seen.append(looked)
        timers.stop()
        assert max(after - before for before, after in itertools.pairwise(seen)) <= SLICE

    run(main())


def test_stopped_among_many_looks() -> None:
    async def main() -> None:
        timers, items = crowd(60.0, tick=60.0)
        timers._beat(asyncio.get_running_loop())
        timers.stop()
        looked = sum(len(item.looks) for item in items)
        for _ in range(10):
            await asyncio.sleep(0)
        assert sum(len(item.looks) for item in items) == looked < len(items)

    run(main())


def test_one_that_is_behind_looks_at_all_at_once() -> None:
    async def main() -> None:
        timers, items = crowd(10.0, tick=0.01)
        while not any(item.looks for item in items):
            await asyncio.sleep(0)
        assert all(item.looks for item in items)
        timers.stop()

    run(main())
