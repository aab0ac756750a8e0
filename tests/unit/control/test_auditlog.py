from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.config.options import OPTIONS
from dbgate.control import auditlog
from dbgate.control.auditlog import Search, near, parse, search
from tests.shell.dashboard.pages import EVENT, line, write_log


def at(number: int, **changes: Any) -> dict[str, Any]:
    return line(
        time=f"2026-11-23T{number // 3600:02d}:{number // 60 % 60:02d}:{number % 60:02d}.000000Z", **changes
    )


def test_the_newest_first_and_no_more_than_asked(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write_log(path, [at(n, event_id=str(n)) for n in range(10)])
    found = search(str(path), Search(), 3)
    assert [one["event_id"] for one in found.records] == ["9", "8", "7"]
    older = search(str(path), Search(), 100, place=found.older)
    assert [one["event_id"] for one in older.records] == ["6", "5", "4", "3", "2", "1", "0"]
    assert older.older == older.reached == "" and older.trouble == []


def test_rotated_files_are_read_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for number, name in enumerate(("audit.jsonl.2", "audit.jsonl.1", "audit.jsonl")):
        write_log(tmp_path / name, [at(number, event_id=str(number))])
    found = search(str(path), Search(), 100)
    assert [one["event_id"] for one in found.records] == ["2", "1", "0"]
    path.unlink()
    os.link(tmp_path / "audit.jsonl.1", path)  # a rotation between two looks
    assert [one["event_id"] for one in search(str(path), Search(), 100).records] == ["1", "0"]


def test_as_many_files_as_the_settings_allow(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    write_log(path, [at(100, event_id="100")])
    for number in range(1, 101):
        write_log(tmp_path / f"audit.jsonl.{number}", [at(100 - number, event_id=str(100 - number))])
    ids = [str(number) for number in range(100, -1, -1)]
    found = search(str(path), Search(), 200)
    assert [one["event_id"] for one in found.records] == ids
    older = search(str(path), Search(), 200, place=found.places[80])
    assert [one["event_id"] for one in older.records] == ids[81:]
    (most,) = (option.high for option in OPTIONS if option.name == "audit_max_files")
    assert most + 1 == auditlog.MOST_FILES


@pytest.mark.parametrize(
    ("wanted", "fits"),
    [
        (Search(), True),
        (Search(user="app"), True),
        (Search(user="ap"), False),
        (Search(rule="table-denied"), True),
        (Search(rule="injection"), False),
        (Search(table="shop.payroll"), True),
        (Search(table="PAYROLL"), True),
        (Search(table="roll"), False),
        (Search(source="10.0.0.7"), True),
        (Search(source="10.0."), True),
        (Search(source="10.0.0"), False),
        (Search(event="query"), True),
        (Search(event="query.blocked"), True),
        (Search(event="query.block"), False),
        (Search(event="alert,query"), True),
        (Search(text="salary from"), True),
        (Search(text="not granted"), True),
        (Search(text="nowhere"), False),
        (Search(instance="gw1", session="a-1", digest="0123456789abcdef0123456789abcdef"), True),
        (Search(instance="gw2"), False),
        (Search(decision="block", digest="0123"), True),
        (Search(decision="allow"), False),
        (Search(digest="1234"), False),
        (Search(since="2026-11-23T03:42:01.412567Z"), True),
        (Search(since="2026-11-23T03:42:02"), False),
        (Search(before="2026-11-23T03:42:01.412567Z"), False),
    ],
)
def test_filters(tmp_path: Path, wanted: Search, fits: bool) -> None:
    path = tmp_path / "audit.jsonl"
    write_log(path, [line()])
    assert bool(search(str(path), wanted, 10).records) is fits


def test_what_is_no_record_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(
        b'\xff\xfe\n[1]\n{"no": "time"}\n'
        + b"[" * 100_000
        + b"\n"
        + json.dumps(line()).encode()
        + b'\n{"time": "20'
    )
    assert [one["event_id"] for one in search(str(path), Search(), 10).records] == [EVENT]


def test_the_work_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditlog, "_BLOCK", 4096)
    path = tmp_path / "audit.jsonl"
    write_log(path, [at(n, event_id=str(n), db_user="rare" if n == 0 else "app") for n in range(2000)])
    found = search(str(path), Search(user="rare"), 10, budget=20_000)
    assert found.records == [] and found.reached > at(1900)["time"]
    following = search(str(path), Search(user="rare", before=at(5)["time"]), 10, budget=1 << 22)
    assert [one["event_id"] for one in following.records] == ["0"] and following.reached == ""


def test_before_begins_near_its_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditlog, "_BLOCK", 1024)
    monkeypatch.setattr(auditlog, "_SLACK", 2048)
    path = tmp_path / "audit.jsonl"
    write_log(path, [at(n, event_id=str(n)) for n in range(3000)])
    found = search(str(path), Search(before=at(100)["time"]), 5, budget=10_000)
    assert [one["event_id"] for one in found.records] == ["99", "98", "97", "96", "95"]


def test_since_ends_the_search(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditlog, "_BLOCK", 4096)
    path = tmp_path / "audit.jsonl"
    write_log(path, [at(n, event_id=str(n)) for n in range(2000)])
    found = search(str(path), Search(since=at(1998)["time"]), 10, budget=50_000)
    assert [one["event_id"] for one in found.records] == ["1999", "1998"] and found.reached == ""


def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    assert "no such file" in search(str(tmp_path / "x"), Search(), 10).trouble[0]
    (tmp_path / "folder").mkdir()
    assert search(str(tmp_path / "folder"), Search(), 10).trouble


def test_an_event_id_tells_its_time() -> None:
    since, before = near(EVENT)
    assert since < line()["time"] < before
    for wrong in ("", "x", EVENT[:-1], EVENT[:-1] + "U", "Z" * 26):
        assert near(wrong) == ("", "")


@given(st.binary(max_size=400))
def test_any_bytes_are_a_record_or_none(content: bytes) -> None:
    found = parse(content)
    assert found is None or isinstance(found["time"], str)


def every_page(path: str, wanted: Search, count: int, budget: int) -> list[str]:
    """The ids of all pages together, each going on where the one before it ended."""
    ids: list[str] = []
    place = ""
    for _ in range(10_000):
        found = search(path, wanted, count, budget, place)
        assert len(found.records) == len(found.places)
        ids += [one["event_id"] for one in found.records]
        place = found.older
        if not place:
            return ids
    raise AssertionError("the pages have no end")


@given(
    st.lists(st.integers(0, 60), max_size=40), st.integers(1, 9), st.integers(20, 600), st.integers(1, 2000)
)
def test_pages_leave_nothing_out(times: list[int], count: int, block: int, budget: int) -> None:
    """In whatever order of time statements ended, however short the blocks, and however little is read at a time."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(auditlog, "_BLOCK", block)
        half = len(times) // 2
        records = [at(when, event_id=str(n), text="é" * (n % 5)) for n, when in enumerate(times)]
        write_log(Path(folder) / "a.1", records[:half])
        write_log(Path(folder) / "a", records[half:])
        wanted = [str(n) for n in reversed(range(len(times)))]
        assert every_page(f"{folder}/a", Search(), count, budget) == wanted


def test_a_place_stays_while_the_log_is_rotated(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_log(path, [at(n, event_id=str(n)) for n in range(6)])
    found = search(str(path), Search(), 2)
    path.rename(tmp_path / "a.1")
    write_log(path, [at(9, event_id="9")])
    following = search(str(path), Search(), 9, place=found.older)
    assert [one["event_id"] for one in following.records] == ["3", "2", "1", "0"]
    (tmp_path / "a.1").unlink()
    assert "rotated away" in search(str(path), Search(), 9, place=found.older).trouble[0]


def test_a_page_has_so_many_bytes_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditlog, "MOST_FOUND", 1000)
    path = tmp_path / "a"
    write_log(path, [at(n, event_id=str(n), statement="x" * 600) for n in range(4)])
    assert len(search(str(path), Search(), 9).records) == 2
    assert every_page(str(path), Search(), 9, 1 << 20) == ["3", "2", "1", "0"]


def test_it_rests_after_each_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditlog, "_BLOCK", 512)
    path = tmp_path / "a"
    write_log(path, [at(n) for n in range(10)])
    rests: list[float] = []
    search(str(path), Search(), 99, wait=rests.append)
    assert len(rests) == -(-path.stat().st_size // 512) and all(one >= 0 for one in rests)
