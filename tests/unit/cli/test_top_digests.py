from __future__ import annotations

import json
from pathlib import Path

from dbgate.cli import top_digests
from dbgate.cli.top_digests import HotDigests


def line(number: int, duration: int, **more: object) -> str:
    record = {
        "event": "query",
        "statement": f'SELECT "{number}" FROM t',
        "digest": f"{number:032x}",
        "duration_us": duration,
    }
    return json.dumps({**record, **more}) + "\n"


def test_the_hottest_are_those_that_time_was_spent_on(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text(
        line(1, 10) * 5 + line(2, 100) + json.dumps({"event": "connection.open", "digest": ""}) + "\n"
    )
    hot = HotDigests(str(log))
    hot.look(1000.0)
    assert [(one.digest[-1], one.count, one.spent_us) for one in hot.hottest(5)] == [
        ("2", 1, 100),
        ("1", 5, 50),
    ]
    assert hot.hottest(1)[0].statement == 'SELECT "2" FROM t'
    with log.open("a") as more:
        more.write(line(1, 60) + line(3, -1) + line(4, 1)[:20])  # the last one is not there yet
    hot.look(1002.0)
    assert [(one.digest[-1], one.count, one.spent_us) for one in hot.hottest(2)] == [
        ("1", 6, 110),
        ("2", 1, 100),
    ]
    with log.open("a") as more:
        more.write(line(4, 1)[20:])
    hot.look(1061.0)  # what the first look found is over a minute old
    assert [one.digest[-1] for one in hot.hottest(5)] == ["1", "4", "3"]


def test_a_log_that_was_rotated_begins_anew(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text(line(1, 10))
    hot = HotDigests(str(log))
    hot.look(0.0)
    log.rename(tmp_path / "audit.jsonl.1")
    hot.look(1.0)  # nobody has made the new one yet
    log.write_text(line(2, 10) * 3)
    hot.look(2.0)
    assert {one.digest[-1]: one.count for one in hot.hottest(5)} == {"1": 1, "2": 3}
    log.write_text(line(3, 10))  # cut, in place
    hot.look(3.0)
    assert {one.digest[-1]: one.count for one in hot.hottest(5)} == {"1": 1, "2": 3, "3": 1}


def test_of_too_much_the_newest_is_read(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    log.write_text("")
    hot = HotDigests(str(log))
    hot.look(0.0)
    log.write_text(line(1, 1) * 10)
    hot.look(1.0)
    with log.open("a") as more:
        more.write(line(2, 1) * (top_digests.MOST_READ // len(line(2, 1)) + 100))
    hot.look(2.0)
    assert hot.skipped > 0
    counts = {one.digest[-1]: one.count for one in hot.hottest(5)}
    assert counts["1"] == 10 and counts["2"] < top_digests.MOST_READ // len(line(2, 1)) + 1


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    hot = HotDigests(str(tmp_path / "nothing"))
    hot.look(0.0)
    assert hot.hottest(5) == []
