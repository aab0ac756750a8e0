"""Time restrictions: windows of wall-clock time in a zone, on days of the week."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Final, final

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
EVERY_DAY: Final = 0b1111111


@final
class Window:
    """From `start` to `end`, exclusive, in minutes after midnight (0 … 1440). Where end <= start it runs over
    midnight and belongs to the day on which it starts."""

    def __init__(self, start: int, end: int, text: str) -> None:
        self.start = start
        self.end = end
        self.text = text


@final
class Clock:
    """When an access rule is open. days: bit 0 is Monday; zone: what the windows' wall clock shows."""

    def __init__(self, windows: list[Window], days: int, zone: tzinfo, text: str) -> None:
        self.windows = windows
        self.days = days
        self.zone = zone
        self.text = text
        # The last answer: (minute since the epoch) * 2 + open. One int, so that a reader in another thread never
        # sees half of it. Windows end at whole minutes and zones are whole minutes from UTC, so that an answer
        # holds for its minute.
        self._memo = -(1 << 60)

    def is_open(self, wall: float) -> bool:
        """Whether the moment `wall` (seconds since the epoch) is inside."""
        minute = int(wall // 60.0)
        memo = self._memo
        if memo >> 1 == minute:
            return memo & 1 == 1
        is_open = self._look(minute * 60)
        self._memo = minute * 2 + (1 if is_open else 0)
        return is_open

    def _look(self, wall: int) -> bool:
        there = datetime.fromtimestamp(wall, self.zone)
        time = there.hour * 60 + there.minute
        today = self.days >> there.weekday() & 1 == 1
        yesterday = self.days >> (there.weekday() + 6) % 7 & 1 == 1
        for window in self.windows:
            if window.start < window.end:
                if today and window.start <= time < window.end:
                    return True
            elif (today and time >= window.start) or (yesterday and time < window.end):
                return True
        return False
