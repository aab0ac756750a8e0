"""Durations, rates, windows, zones."""

from __future__ import annotations

import pytest

from dbgate.policy.values import parse_burst, parse_duration, parse_rate, parse_window, parse_zone
from tests.rows import rows


@rows(("text", "seconds"), [("500ms", 0.5), ("30s", 30.0), ("5m", 300.0), ("1h", 3600.0)])
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@rows("text", ["30", "0s", "1.5s", "-1s", "1 s", "1d", "", "1h30m"])
def test_bad_durations(text: str) -> None:
    with pytest.raises(ValueError, match="expected a duration such as 500ms"):
        parse_duration(text)


@rows(("text", "rate"), [("200/s", 200.0), ("120/m", 2.0), ("3600/h", 1.0), ("1/h", 1 / 3600)])
def test_rates(text: str, rate: float) -> None:
    assert parse_rate(text) == rate
    assert f"{parse_burst(text):g}" == text.partition("/")[0]


@rows("text", ["200", "0/s", "x/s", "200/d", "200 / s", "-5/s"])
def test_bad_rates(text: str) -> None:
    with pytest.raises(ValueError, match="expected a rate such as 200/s"):
        parse_rate(text)


@rows(
    ("text", "start", "end"),
    [("09:00-18:00", 540, 1080), ("22:00-06:00", 1320, 360), ("00:00-24:00", 0, 1440)],
)
def test_windows(text: str, start: int, end: int) -> None:
    window = parse_window(text)
    assert (window.start, window.end, window.text) == (start, end, text)


@rows(
    "text",
    [
        "9:00-18:00",
        "09:00",
        "09:00-18:60",
        "24:00-06:00",
        "09:00-24:01",
        "09:61-10:00",
        "09:00-09:00",
        "25:00-26:00",
    ],
)
def test_bad_windows(text: str) -> None:
    with pytest.raises(ValueError, match="expected a window such as 09:00-18:00"):
        parse_window(text)


def test_zones() -> None:
    assert str(parse_zone("Asia/Seoul")) == "Asia/Seoul"
    assert str(parse_zone("UTC")) == "UTC"


@rows(
    ("text", "hint"),
    [("Asia/Seol", "Asia/Seoul"), ("../etc/passwd", ""), ("Asia", ""), ("/etc", ""), ("\0", "")],
)
def test_bad_zones(text: str, hint: str) -> None:
    with pytest.raises(ValueError, match=f"expected a time zone such as UTC.*{hint}"):
        parse_zone(text)
