from __future__ import annotations

import time

from dbgate.dashboard import words


def test_numbers() -> None:
    assert words.count(1234567) == "1,234,567" and words.count(None) == "–"
    assert [words.rate(n) for n in (0, 0.123, 9.99, 12.34, 1234.5, None)] == [
        "0.0",
        "0.12",
        "9.99",
        "12.3",
        "1,234",
        "–",
    ]
    assert [words.percent(n) for n in (0, 0.0123, 0.123, 1, None)] == [
        "0 %",
        "1.23 %",
        "12.3 %",
        "100 %",
        "–",
    ]
    assert [words.micros(n) for n in (850, 12_300, 123_000, 1_200_000, None)] == [
        "850 µs",
        "12.3 ms",
        "123 ms",
        "1.20 s",
        "–",
    ]
    assert [words.size(n) for n in (12, 2048, 1 << 50, None)] == ["12 B", "2.0 KiB", "1024.0 TiB", "–"]


def test_times() -> None:
    assert [words.lasting(n) for n in (0, 45, 3600, 90_061, None)] == ["0 s", "45 s", "1 h", "1 d 1 h", "–"]
    assert words.clock("2026-01-31T09:00:00.123456Z") == words.clock(1769850000) == "2026-01-31 09:00:00"
    assert words.clock("nonsense") == "–" and words.ago("") == "never" and words.ago(0) == "never"
    assert words.ago(time.time() - 90_000) == "1 d 1 h ago"
    assert words.moment(1e30) is None
