"""Long work of the supervisor, in a thread that gives way to whoever serves clients."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable
from typing import Final, TypeVar, cast

T = TypeVar("T")

BURST: Final = 0.0003  # seconds of work at a time; it grows by a thousandth of what it has taken so far …
BURST_MOST: Final = 0.005  # … to this
PAUSE: Final = 0.0007  # seconds of sleep behind each

NICE: Final = 10  # of the thread alone, as Linux has it: the workers and the database go first


class Gently:
    """A policy.resting.Rest: long work sleeps after each burst. To a scheduler, work that never sleeps is worth
    milliseconds at a time, whatever its priority, and so long a statement would wait where no core is free. What takes
    seconds has longer bursts, so that it ends."""

    def __init__(self) -> None:
        self._began = self._since = time.perf_counter()

    def __call__(self) -> None:
        now = time.perf_counter()
        if now - self._since >= min(BURST_MOST, max(BURST, (now - self._began) / 1000)):
            time.sleep(PAUSE)
            self._since = time.perf_counter()


async def in_background(work: Callable[[], T]) -> T:
    """As asyncio.to_thread, in a thread of its own: it has a lower priority, for good, and the end of the process does not
    wait for it (a server may not answer for long)."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def finish(error: BaseException | None, result: T | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(cast("T", result))

    def run() -> None:
        error: BaseException | None = None
        result: T | None = None
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        try:
            result = work()
        except BaseException as raised:
            error = raised
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(finish, error, result)

    threading.Thread(target=run, name="background", daemon=True).start()
    return await done
