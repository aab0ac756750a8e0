"""Numbers and times as people read them: the filters of the templates."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any


def count(value: Any) -> str:
    """1234567 -> "1,234,567"."""
    return f"{int(value):,}" if isinstance(value, int | float) else "–"


def rate(value: Any) -> str:
    """A number a second: 3 digits that count."""
    if not isinstance(value, int | float):
        return "–"
    return (
        f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 or value == 0 else f"{value:.2f}"
    )


def percent(value: Any) -> str:
    """0.0123 -> "1.23 %"."""
    if not isinstance(value, int | float):
        return "–"
    share = value * 100
    return (
        f"{share:.0f} %"
        if share >= 99.95 or share == 0
        else f"{share:.1f} %"
        if share >= 10
        else f"{share:.2f} %"
    )


def micros(value: Any) -> str:
    """Microseconds -> "850 µs", "12.3 ms", "1.20 s"."""
    if not isinstance(value, int | float):
        return "–"
    if value < 1000:
        return f"{value:.0f} µs"
    if value < 1_000_000:
        return f"{value / 1000:.1f} ms" if value < 100_000 else f"{value / 1000:.0f} ms"
    return f"{value / 1_000_000:.2f} s"


def size(value: Any) -> str:
    """Bytes -> "1.5 MiB"."""
    if not isinstance(value, int | float):
        return "–"
    amount = float(value)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def lasting(seconds: Any) -> str:
    """A length of time in its two largest units: "2 d 3 h", "45 s"."""
    if not isinstance(seconds, int | float):
        return "–"
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        if left >= length or (unit == "s" and not parts):
            parts.append(f"{left // length} {unit}")
            left %= length
    return " ".join(parts[:2])


def moment(value: Any) -> datetime | None:
    """A time of the API or the log: RFC 3339, or Unix seconds."""
    try:
        if isinstance(value, int | float):
            return datetime.fromtimestamp(value, UTC) if value > 0 else None
        return datetime.fromisoformat(str(value).replace("Z", "+00:00"))
    except (ValueError, OverflowError, OSError):
        return None


def ago(value: Any) -> str:
    """How long ago that was: "12 s ago"."""
    then = moment(value)
    return f"{lasting(time.time() - then.timestamp())} ago" if then else "never"


def clock(value: Any) -> str:
    """A time as "2026-01-31 09:00:00" (UTC)."""
    then = moment(value)
    return then.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if then else "–"


FILTERS = {
    "count": count,
    "rate": rate,
    "percent": percent,
    "micros": micros,
    "size": size,
    "lasting": lasting,
    "ago": ago,
    "clock": clock,
}
