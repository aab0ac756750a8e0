"""Time restrictions."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from dbgate.policy.clock import DAYS, EVERY_DAY, Clock, Window
from tests.rows import rows


def wall(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def clock(*windows: tuple[int, int], days: int = EVERY_DAY, zone: str = "UTC") -> Clock:
    return Clock([Window(start, end, "") for start, end in windows], days, ZoneInfo(zone), "")


def days(*names: str) -> int:
    return sum(1 << DAYS.index(name) for name in names)


@rows(
    ("time", "is_open"),
    [("08:59:59", False), ("09:00:00", True), ("17:59:59", True), ("18:00:00", False)],
)
def test_the_end_is_exclusive(time: str, is_open: bool) -> None:
    assert clock((540, 1080)).is_open(wall(f"2024-03-05 {time}")) is is_open


def test_the_clock_is_that_of_the_zone() -> None:
    seoul = clock((540, 1080), zone="Asia/Seoul")
    assert seoul.is_open(wall("2024-03-05 00:00"))  # 09:00 in Seoul
    assert not seoul.is_open(wall("2024-03-05 09:00"))  # 18:00


@rows(
    ("moment", "is_open"),
    [
        ("2024-03-04 23:00", False),  # Monday
        ("2024-03-05 05:59", False),  # the night of Monday
        ("2024-03-05 22:00", True),  # Tuesday
        ("2024-03-06 05:59", True),  # still Tuesday's night
        ("2024-03-06 06:00", False),
        ("2024-03-06 23:00", False),
    ],
)
def test_a_window_over_midnight_belongs_to_the_day_on_which_it_starts(moment: str, is_open: bool) -> None:
    assert clock((1320, 360), days=days("tue")).is_open(wall(moment)) is is_open


def test_sundays_night_reaches_into_monday() -> None:
    sunday = clock((1320, 360), days=days("sun"))
    assert sunday.is_open(wall("2024-03-11 03:00"))
    assert not sunday.is_open(wall("2024-03-10 03:00"))


def test_until_midnight_and_the_whole_day() -> None:
    assert clock((1380, 1440)).is_open(wall("2024-03-05 23:59:59"))
    assert not clock((1380, 1440)).is_open(wall("2024-03-06 00:00"))
    assert clock((0, 1440)).is_open(wall("2024-03-06 00:00"))


def test_several_windows() -> None:
    both = clock((60, 120), (180, 240))
    assert [both.is_open(wall(f"2024-03-05 0{h}:30")) for h in range(5)] == [False, True, False, True, False]


def test_an_hour_that_summer_time_skips_never_comes_and_one_that_it_repeats_comes_twice() -> None:
    early = clock((120, 180), zone="Europe/Berlin")  # 02:00-03:00
    skipped = wall("2024-03-31 01:00")  # 02:00 CET is 03:00 CEST
    assert not any(early.is_open(skipped + minute * 60) for minute in range(-30, 90))
    repeated = wall("2024-10-27 00:00")  # 02:00 CEST, and 02:00 CET an hour later
    assert [early.is_open(repeated + m * 60) for m in (-1, 0, 59, 60, 119, 120)] == [
        False, True, True, True, True, False,
    ]  # fmt: skip


def test_an_answer_is_kept_for_its_minute_only() -> None:
    once = clock((540, 541))
    start = wall("2024-03-05 09:00")
    assert once.is_open(start) and once.is_open(start + 59.9)
    assert not once.is_open(start + 60)
    assert not once.is_open(start + 60.1)
    assert once.is_open(start)


def test_the_memory_never_changes_an_answer() -> None:
    zone = ZoneInfo("America/New_York")
    kept = Clock([Window(1320, 130, "")], days("sat", "wed"), zone, "")
    for step in range(0, 8 * 1440, 7):
        moment = wall("2024-03-08 00:00") + step * 60
        fresh = Clock([Window(1320, 130, "")], days("sat", "wed"), zone, "")
        assert kept.is_open(moment) == fresh.is_open(moment), datetime.fromtimestamp(moment, UTC)
