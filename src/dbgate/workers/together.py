"""One question for all who ask the same at about the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Together(Generic[T]):
    """ask: asks, at most once in `gap` seconds but for the first `burst` times after a quiet while, however many want to
    know. Who comes too soon waits, and shares the answer with all who wait: it is never older than what was asked."""

    def __init__(self, ask: Callable[[], Awaitable[T]], gap: float, burst: int) -> None:
        self._ask = ask
        self._gap = gap
        self._burst = burst
        self._next: asyncio.Task[T] | None = None  # a question that was not put yet
        self._free = 0.0  # the loop's time at which all that were put so far will have had their gap

    async def answer(self) -> T:
        """What `ask` gives, asked after this call."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_task(self._put())
        return await asyncio.shield(self._next)  # one who goes away takes nothing from the others

    async def _put(self) -> T:
        now = asyncio.get_running_loop().time()
        self._free = max(self._free, now) + self._gap
        try:
            await asyncio.sleep(max(0.0, self._free - self._burst * self._gap - now))
        finally:
            self._next = None  # who comes from now on wants to know what is then
        return await self._ask()
