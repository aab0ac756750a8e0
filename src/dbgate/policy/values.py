"""The small languages inside a policy file's values: durations, rates, windows of time, zones.

Every function takes the text and gives the value, or raises ValueError with what was expected.
"""

from __future__ import annotations

import re
from datetime import tzinfo
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from dbgate.policy.clock import Window
from dbgate.policy.wording import nearest, shown

_DURATION: Final = re.compile(r"([0-9]{1,9})(ms|s|m|h)")
_RATE: Final = re.compile(r"([0-9]{1,9})/(s|m|h)")
_WINDOW: Final = re.compile(r"([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def parse_duration(text: str) -> float:
    """Seconds of "500ms", "30s", "5m", "1h"."""
    match = _DURATION.fullmatch(text)
    if match is None or int(match.group(1)) == 0:
        raise ValueError(f"expected a duration such as 500ms, 30s, 5m or 1h, found {shown(text)}")
    return int(match.group(1)) * _SECONDS[match.group(2)]


def parse_rate(text: str) -> float:
    """Statements per second of "200/s", "600/m", "5000/h"."""
    match = _RATE.fullmatch(text)
    if match is None or int(match.group(1)) == 0:
        raise ValueError(f"expected a rate such as 200/s, 600/m or 5000/h, found {shown(text)}")
    return int(match.group(1)) / _SECONDS[match.group(2)]


def parse_burst(text: str) -> float:
    """How many statements a rate that parse_rate takes lets pass at once: as many as it names."""
    return float(text.partition("/")[0])


def parse_window(text: str) -> Window:
    """The window of "09:00-18:00"; "22:00-06:00" runs over midnight, "00:00-24:00" is the whole day."""
    expected = f"expected a window such as 09:00-18:00, found {shown(text)}"
    match = _WINDOW.fullmatch(text)
    if match is None:
        raise ValueError(expected)
    hours1, minutes1, hours2, minutes2 = (int(group) for group in match.groups())
    start = hours1 * 60 + minutes1
    end = hours2 * 60 + minutes2
    if minutes1 > 59 or minutes2 > 59 or start >= 1440 or end > 1440:
        raise ValueError(f"{expected}: times run from 00:00 to 23:59, an end may be 24:00")
    if start == end:
        raise ValueError(f"{expected}: it is empty; the whole day is 00:00-24:00")
    return Window(start, end, text)


def parse_zone(text: str) -> tzinfo:
    """The zone of a name in the tz database, such as Asia/Seoul."""
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        hint = nearest(text, sorted(available_timezones()))
        raise ValueError(
            f"expected a time zone such as UTC or Asia/Seoul, found {shown(text)}{hint}"
        ) from None
