from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dbgate.audit.record import Record
from dbgate.sinks.audit_file import AuditFile
from dbgate.sinks.pending import PendingLines


def test_lines_come_back_in_order_and_whole(tmp_path: Path) -> None:
    path = str(tmp_path / "p")
    pending = PendingLines(path, 100)
    assert pending.left() == b""
    expected = b""
    for number in range(40):  # round the ring, again and again
        line = b"%02d" % number + b"x" * (number % 17) + b"\n"
        assert pending.add(line) == len(line)
        expected += line
        assert pending.left() == expected
        while len(expected) > 60:
            first = expected.index(b"\n") + 1
            pending.done(first)
            pending.done(0)
            expected = expected[first:]
    assert pending.add(b"y" * 90) == 0  # no room
    assert pending.level() == len(expected) / 100
    pending.close()
    again = PendingLines(path, 100)
    assert again.left() == expected
    again.done(len(expected))
    again.close()
    assert not os.path.exists(path)  # nothing is in it


def test_a_file_that_cannot_be_used(tmp_path: Path) -> None:
    path = str(tmp_path / "p")
    one = PendingLines(path, 100)
    with pytest.raises(OSError, match="unavailable"):
        PendingLines(path, 100)
    one.add(b"line\n")
    one.close()
    other = PendingLines(path, 200)  # of another size: begun anew
    assert other.left() == b""
    other._counts[0] = 7_000  # nonsense
    assert other.left() == b""
    other.close()


def record(statement: str) -> Record:
    made = Record("query", 100.0, "s1", "app", "10.0.0.1", 4711)
    made.statement = statement
    return made


def test_what_a_killed_process_had_taken_is_in_the_log_of_the_next(tmp_path: Path) -> None:
    path, pending = tmp_path / "audit.jsonl", tmp_path / "audit.pending"
    killed = AuditFile(str(path), "gw1", lambda at: at, pending=str(pending))
    killed.put(record("before it was strict"))
    killed.strict = True
    for number in range(5):
        killed.put_now(record(f"SELECT {number}"))
    assert killed._pending is not None
    killed._pending.close()  # the writer has not even begun
    assert not path.exists() and pending.exists()
    sink = AuditFile(str(path), "gw1", lambda at: at, pending=str(pending))
    sink.start()
    sink.put(record("afterwards"))
    sink.strict = True
    twice = record("once")
    sink.put_now(twice)
    sink.put(twice)
    assert sink.level() < 0.01
    assert sink.close(30.0) == 0
    got = [json.loads(line)["statement"] for line in path.read_bytes().splitlines()]
    assert got == [f"SELECT {number}" for number in range(5)] + ["afterwards", "once"]
    assert not pending.exists()


def test_without_a_place_for_it_the_log_works_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = AuditFile(str(tmp_path / "a"), "gw1", lambda at: at, pending=str(tmp_path / "no" / "where"))
    sink.strict = True
    assert "a process that is killed would lose audit records on their way" in caplog.text
    sink.start()
    sink.put_now(record("SELECT 1"))
    assert sink.close(30.0) == 0
