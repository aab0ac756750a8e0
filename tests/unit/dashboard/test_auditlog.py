from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbgate.dashboard import auditlog
from dbgate.dashboard.auditlog import Search, near, parse, search
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
    older = search(str(path), Search(before=found.reached), 100)
    assert [one["event_id"] for one in older.records] == ["6", "5", "4", "3", "2", "1", "0"]
    assert older.reached == "" and older.trouble == []


def test_rotated_files_are_read_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for number, name in enumerate(("audit.jsonl.2", "audit.jsonl.1", "audit.jsonl")):
        write_log(tmp_path / name, [at(number, event_id=str(number))])
    found = search(str(path), Search(), 100)
    assert [one["event_id"] for one in found.records] == ["2", "1", "0"]
    path.unlink()
    os.link(tmp_path / "audit.jsonl.1", path)  # a rotation between two looks
    assert [one["event_id"] for one in search(str(path), Search(), 100).records] == ["1", "0"]


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
