"""A rate limit: what one user may still send from one source."""

from __future__ import annotations

from typing import final


@final
class Bucket:
    """Statements that one user may still send from one source: refilled at its rate, holding one second's worth.
    elsewhere: what other workers let pass so far; what they let pass meanwhile is taken out here too."""

    def __init__(self, now: float, elsewhere: int = 0) -> None:
        self._at = now
        self._left = -1.0
        self._elsewhere = elsewhere

    def take(self, rate: float, now: float, elsewhere: int = 0) -> bool:
        """Take one; False where there is none."""
        most = max(1.0, rate)
        if self._left < 0.0:
            self._left = most
        self._left = min(most, self._left + max(0.0, now - self._at) * rate)
        self._at = now
        if elsewhere > self._elsewhere:
            self._left = max(0.0, self._left - (elsewhere - self._elsewhere))
        self._elsewhere = elsewhere
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True
