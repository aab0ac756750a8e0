"""The one owner of a worker's timers: one coarse tick, however many sessions there are.

What is due in a tick is looked at a few at a time, with the sockets served in between: thousands of sessions looked at
on end would hold up everybody's statements for milliseconds, four times a second.

Sessions wait in buckets by the tick in which somebody should look at them next. A session that was busy meanwhile
says so when its bucket comes (`check` gives the next time), so that no command ever has to touch a timer.
"""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Final, Protocol

LOG: Final = logging.getLogger("dbgate.gateway")
TICK: Final = 0.25  # seconds
SLICE: Final = 32  # looks on end …
BEHIND: Final = 2  # … unless so many ticks are over: then time-outs are more urgent than anybody's turn


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
        self._due: set[Watched] = set()  # of the bucket whose time has come, those not looked at yet
        self._beat_handle: asyncio.TimerHandle | None = None
        self._slice_handle: asyncio.Handle | None = None

    def watch(self, item: Watched, at: float) -> None:
        """Looks at `item` in the first tick at or after `at`, and no more when it was to be looked at before."""
        self.forget(item)
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
        self._buckets.get(item.bucket, self._due).discard(item)

    def run(self, now: float) -> None:
        """Looks at everything that is due."""
        while self._slice(now):
            pass

    def _slice(self, now: float) -> bool:
        """Looks at some of what is due; gives whether there is more."""
        current = int(now / self._tick)
        while not self._due:
            if self._done >= current:
                return False
            self._done += 1
            self._due = self._buckets.pop(self._done, set())
        due = self._due
        most = SLICE if current - self._done <= BEHIND else len(due)
        for _ in range(min(most, len(due))):
            if not due:  # a look may make others be forgotten
                break
            item = due.pop()
            try:
                again = item.check(now)
            except Exception:  # one session's defect must not stop the time of the others
                LOG.exception("a session's time-out check failed")
                continue
            if again:
                self.watch(item, again)
        return True

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Ticks on `loop` until stop()."""
        self.stop()
        self._beat_handle = loop.call_later(self._tick, self._beat, loop)

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        self._beat_handle = loop.call_later(self._tick, self._beat, loop)
        if self._slice_handle is None:
            self._some(loop)

    def _some(self, loop: asyncio.AbstractEventLoop) -> None:
        self._slice_handle = None
        if self._slice(time.monotonic()):
            self._slice_handle = loop.call_soon(self._some, loop)

    def stop(self) -> None:
        """No tick after this; run() may still be called by hand."""
        for handle in (self._beat_handle, self._slice_handle):
            if handle is not None:
                handle.cancel()
        self._beat_handle = self._slice_handle = None
