"""Alerts of the policy: many statements a second, and blocks. Looked at once a second, from the counters, so that an
alert costs the data path nothing and a storm of blocks makes one line a second and not a thousand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

QUIET_SECONDS: Final = 60.0  # between two alerts about the same high volume


class Alerts:
    """tell: takes a kind (blocks, volume, rows) and one line for the audit log (an `alert` record), the gateway's own log
    and the webhook."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell
        self._at = 0.0
        self._queries = 0
        self._blocked = 0
        self._capped = 0
        self._volume_told = -QUIET_SECONDS
        self._first = True

    def look(
        self, now: float, queries: int, blocked: int, on_block: bool, threshold_qps: float, capped: int = 0
    ) -> None:
        """queries, blocked, capped (results cut by max_result_rows): totals so far; threshold_qps: 0 = no alert about
        volume. now: monotonic seconds."""
        passed = now - self._at
        new_queries = queries - self._queries
        new_blocked = blocked - self._blocked
        new_capped = capped - self._capped
        self._at = now
        self._queries = queries
        self._blocked = blocked
        self._capped = capped
        if self._first or passed <= 0:
            self._first = False
            return
        if on_block and new_blocked > 0:
            self._tell(
                "blocks", f"{new_blocked} statement{'s' if new_blocked > 1 else ''} blocked in {passed:.1f} s"
            )
        if threshold_qps and new_capped > 0:
            results = f"{new_capped} result{'s' if new_capped > 1 else ''}"
            self._tell("rows", f"{results} cut by max_result_rows in {passed:.1f} s")
        qps = new_queries / passed
        if threshold_qps and qps > threshold_qps and now - self._volume_told >= QUIET_SECONDS:
            self._volume_told = now
            self._tell("volume", f"{qps:.0f} statements a second, over the threshold of {threshold_qps:g}")
