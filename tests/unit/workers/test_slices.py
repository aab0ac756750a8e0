"""Long work on a loop: all of it is done, its failure is told, and what else is ready goes between its pieces."""

from __future__ import annotations

import asyncio
from collections.abc import Generator

import pytest

from dbgate.workers import slices
from dbgate.workers.slices import in_slices


def counting(upto: int, seen: list[int]) -> Generator[None, None, str]:
    for number in range(upto):
        seen.append(number)
        yield
    return "done"


def test_others_come_between_the_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0.0)  # one piece at a time
    monkeypatch.setattr(slices, "PAUSE_SECONDS", 0.0)
    seen: list[int] = []
    between: list[int] = []

    async def main() -> str:
        work = asyncio.ensure_future(in_slices(counting(20, seen)))
        while not work.done():
            between.append(len(seen))
            await asyncio.sleep(0)
        return await work

    assert asyncio.run(main()) == "done"
    assert seen == list(range(20))
    assert set(between) >= set(range(1, 20))


def test_many_pieces_go_together() -> None:
    seen: list[int] = []
    assert asyncio.run(in_slices(counting(0, seen))) == "done"
    assert asyncio.run(in_slices(counting(1000, seen))) == "done"
    assert len(seen) == 1000


def failing() -> Generator[None, None, None]:
    yield
    raise KeyError("x")


def test_a_failure_is_told() -> None:
    with pytest.raises(KeyError):
        asyncio.run(in_slices(failing()))
