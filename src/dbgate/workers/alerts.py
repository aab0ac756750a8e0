"""Alerts of the policy: many statements a second, and blocks. Looked at once a second, from the counters, so that an
alert costs the data path nothing and a storm of blocks makes one line a second and not a thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

QUIET_SECONDS: Final = 60.0  # between two alerts about the same high volume


class Alerts:
    """tell: takes one line for the audit log (an `alert` record) and the gateway's own log."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._at = 0.0
        self._queries = 0
        self._blocked = 0
        self._volume_told = -QUIET_SECONDS
        self._first = True

    def look(self, now: float, queries: int, blocked: int, on_block: bool, threshold_qps: float) -> None:
        """queries, blocked: totals so far; threshold_qps: 0 = no alert about volume. now: monotonic seconds."""
        passed = now - self._at
        new_queries = queries - self._queries
        new_blocked = blocked - self._blocked
        self._at = now
        self._queries = queries
        self._blocked = blocked
        if self._first or passed <= 0:
            self._first = False
            return
        if on_block and new_blocked > 0:
            self._tell(f"{new_blocked} statement{'s' if new_blocked > 1 else ''} blocked in {passed:.1f} s")
        qps = new_queries / passed
        if threshold_qps and qps > threshold_qps and now - self._volume_told >= QUIET_SECONDS:
            self._volume_told = now
            self._tell(f"{qps:.0f} statements a second, over the threshold of {threshold_qps:g}")
