"""The one owner of a worker's timers: one coarse tick, however many sessions there are.

Sessions wait in buckets by the second in which somebody should look at them next. A session that was busy meanwhile
says so when its bucket comes (`check` gives the next time), so that no command ever has to touch a timer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final, Protocol

LOG: Final = logging.getLogger("dbgate.gateway")
TICK: Final = 0.25  # seconds; how late a time-out may be noticed


class Watched(Protocol):
    """Something with time-outs. bucket: where it waits, for Timers alone."""

    bucket: int

    def check(self, now: float) -> float:
        """Acts on what is overdue; gives the monotonic second of the next look, 0.0 = no more."""


class Timers:
    """Buckets of `Watched` by time. `now` is monotonic seconds everywhere."""

    def __init__(self, now: float, tick: float = TICK) -> None:
        self._tick = tick
        self._buckets: dict[int, set[Watched]] = {}
        self._done = int(now / tick)
        self._handle: asyncio.TimerHandle | None = None

    def watch(self, item: Watched, at: float) -> None:
        """Looks at `item` in the first tick at or after `at`."""
        number = max(int(at / self._tick) + 1, self._done + 1)
        bucket = self._buckets.get(number)
        if bucket is None:
            self._buckets[number] = {item}
        else:
            bucket.add(item)
        item.bucket = number

    def forget(self, item: Watched) -> None:
        """Nobody needs to look at it any more. It would be kept until its next look, and with thousands of logins a
        second that is most of the memory."""
        bucket = self._buckets.get(item.bucket)
        if bucket is not None:
            bucket.discard(item)

    def run(self, now: float) -> None:
        """Looks at everything that is due."""
        current = int(now / self._tick)
        while self._done < current:
            self._done += 1
            for item in self._buckets.pop(self._done, ()):
                try:
                    again = item.check(now)
                except Exception:  # one session's defect must not stop the time of the others
                    LOG.exception("a session's time-out check failed")
                    continue
                if again:
                    self.watch(item, again)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ticks on `loop` until stop()."""
        self.stop()
        self._handle = loop.call_later(self._tick, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._handle = loop.call_later(self._tick, self._beat, loop)
        self.run(time.monotonic())

    def stop(self) -> None:
        """No tick after this; run() may still be called by hand."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
