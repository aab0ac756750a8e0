"""A client that does not take its reply."""

from __future__ import annotations

from typing import final


@final
class Stall:
    """From the moment (monotonic seconds) at which the kernel's buffer was full until all is with the kernel again.
    left: bytes that wait for the client then."""

    __slots__ = ("_left", "_since")

    def __init__(self, left: int, now: float) -> None:
        self._since = now
        self._left = left

    def lasts(self, left: int, now: float) -> float:
        """Seconds for which the client has taken nothing. left: bytes that now wait for it."""
        if left != self._left:
            self._since = now
            self._left = left
        return now - self._since
