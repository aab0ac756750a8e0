"""A rate limit: what one user may still send from one source."""

from __future__ import annotations

from typing import final


@final
class Bucket:
    """Statements that one user may still send from one source: as many as the limit names at once, refilled evenly
    over the limit's unit. elsewhere: what other workers let pass so far; what they let pass meanwhile is taken out
    here too."""

    def __init__(self, now: float, elsewhere: int = 0) -> None:
        self._at = now
        self._left = -1.0
        self._elsewhere = elsewhere

    def take(self, rate: float, burst: float, now: float, count: int = 1, elsewhere: int = 0) -> bool:
        """Take `count`; False, and nothing is taken, where there are not so many. rate: refilled a second; burst: held
        at most."""
        if self._left < 0.0:
            self._left = burst
        self._left = min(burst, self._left + max(0.0, now - self._at) * rate)
        self._at = now
        if elsewhere > self._elsewhere:
            self._left = max(0.0, self._left - (elsewhere - self._elsewhere))
        self._elsewhere = elsewhere
        if self._left < count:
            return False
        self._left -= count
        return True
