"""Long work on a worker's event loop, a little at a time, so that its sessions go on meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import Final, TypeVar

T = TypeVar("T")

SLICE_SECONDS: Final = 0.00025  # at a time: what a statement may have to wait …
PAUSE_SECONDS: Final = 0.001  # … and the time between, which is the sessions' own


async def in_slices(pieces: Generator[None, None, T]) -> T:
    """What `pieces` returns in the end. Between two of its yields it should do little."""
    while True:
        until = time.perf_counter() + SLICE_SECONDS
        try:
            next(pieces)
            while time.perf_counter() < until:
                next(pieces)
        except StopIteration as done:
            found: T = done.value
            return found
        await asyncio.sleep(PAUSE_SECONDS)
