from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from dbgate.audit.record import Record
from dbgate.sinks.audit_file import AuditFile
from dbgate.sinks.log_file import LogFile
from dbgate.sinks.pending import PendingLines
from tests.rows import rows


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


LINES = [b'{"event_id":"%d"}\n' % number for number in range(6)]


def killed(folder: Path, written: int, *, cut: int = 0) -> None:
    """A process had six lines on their way, was about to write four of them with one that was never on its way, and was
    killed: `written` of these five are in the log, and `cut` bytes of the next."""
    pending = PendingLines(str(folder / "audit.pending"))
    for line in LINES:
        pending.add(line)
    batch = [LINES[0], b'{"event_id":"dropped"}\n', *LINES[1:4]]
    log = LogFile(str(folder / "audit.jsonl"), 0, 1)
    log.append(b'{"event_id":"old"}\n')
    log.before_write = pending.writing
    log.append(b"".join(batch))
    log.close()
    pending.close()
    rest = sum(len(line) for line in batch[written:])
    os.truncate(folder / "audit.jsonl", (folder / "audit.jsonl").stat().st_size - rest + cut)


def next_one(folder: Path) -> list[str]:
    """The lines of all files of the log, oldest first, after the next process."""
    sink = AuditFile(str(folder / "audit.jsonl"), "gw1", lambda at: at, pending=str(folder / "audit.pending"))
    sink.start()
    assert sink.close(30.0) == 0
    assert not (folder / "audit.pending").exists()
    files = sorted(folder.glob("audit.jsonl*"), reverse=True)
    return [line for path in files for line in path.read_text().splitlines()]


@rows("written", range(6))
def test_no_line_is_there_twice_wherever_the_process_was_killed(tmp_path: Path, written: int) -> None:
    folder = tmp_path / str(written)
    folder.mkdir()
    killed(folder, written)
    ids = [json.loads(line)["event_id"] for line in next_one(folder)]
    dropped = ["dropped"] if written >= 2 else []
    assert sorted(ids) == sorted(["old", "0", "1", "2", "3", "4", "5", *dropped])
    kept = [one for one in ids if one not in ("old", "dropped")]
    assert kept == ["0", "1", "2", "3", "4", "5"]


def test_half_a_line_is_ended_and_comes_again_whole(tmp_path: Path) -> None:
    killed(tmp_path, 3, cut=9)
    found = next_one(tmp_path)
    assert found[4] == '{"event_i'
    assert [json.loads(line)["event_id"] for line in found[5:]] == ["2", "3", "4", "5"]


def test_a_line_that_lacks_only_its_end_is_whole(tmp_path: Path) -> None:
    killed(tmp_path, 3, cut=len(LINES[2]) - 1)
    ids = [json.loads(line)["event_id"] for line in next_one(tmp_path)]
    assert ids == ["old", "0", "dropped", "1", "2", "3", "4", "5"]


def test_the_file_may_have_been_rotated_meanwhile(tmp_path: Path) -> None:
    killed(tmp_path, 5)
    os.rename(tmp_path / "audit.jsonl", tmp_path / "audit.jsonl.1")
    (tmp_path / "audit.jsonl").write_text('{"event_id":"another\'s"}\n')
    ids = [json.loads(line)["event_id"] for line in next_one(tmp_path)]
    assert ids == ["old", "0", "dropped", "1", "2", "3", "another's", "4", "5"]


def test_a_file_that_went_elsewhere_costs_a_repetition_and_no_record(tmp_path: Path) -> None:
    killed(tmp_path, 5)
    os.rename(tmp_path / "audit.jsonl", tmp_path / "elsewhere")
    assert [json.loads(line)["event_id"] for line in next_one(tmp_path)] == ["0", "1", "2", "3", "4", "5"]


def test_places_that_are_nonsense_cost_no_record(tmp_path: Path) -> None:
    killed(tmp_path, 5)
    here = os.stat(tmp_path / "audit.jsonl")
    pending = PendingLines(str(tmp_path / "audit.pending"))
    pending.writing(here.st_dev, here.st_ino, 3, 1 << 63)
    pending.settle([str(tmp_path / "audit.jsonl")])
    assert pending.left() == b"".join(LINES)
    pending.writing(here.st_dev, here.st_ino, 1 << 63, 10)  # pread refuses such an offset
    pending.settle([str(tmp_path / "missing"), str(tmp_path / "audit.jsonl")])
    assert pending.left() == b"".join(LINES)
    pending.close()


def test_without_a_place_for_it_the_log_works_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sink = AuditFile(str(tmp_path / "a"), "gw1", lambda at: at, pending=str(tmp_path / "no" / "where"))
    sink.strict = True
    assert "a process that is killed would lose audit records on their way" in caplog.text
    sink.start()
    sink.put_now(record("SELECT 1"))
    (tmp_path / "no").mkdir()
    sink.strict = True  # there is a place now
    sink.put_now(record("SELECT 2"))
    assert (tmp_path / "no" / "where").exists()
    assert sink.close(30.0) == 0
    got = [json.loads(line)["statement"] for line in (tmp_path / "a").read_bytes().splitlines()]
    assert got == ["SELECT 1", "SELECT 2"]


def test_a_disk_without_room_for_it_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, offset: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(OSError, match="No space"):
        PendingLines(str(tmp_path / "p"))
    assert not (tmp_path / "p").exists()
    (tmp_path / "p").write_bytes(b"x" * 10)
    with pytest.raises(OSError, match="No space"):
        PendingLines(str(tmp_path / "p"))
    assert (tmp_path / "p").exists()  # somebody's
