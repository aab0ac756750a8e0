"""Long work of the supervisor, in a thread that gives way to whoever serves clients."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from typing import Final, TypeVar, cast

T = TypeVar("T")

NICE: Final = 10  # of the thread alone, as Linux has it: the workers and the database go first


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
