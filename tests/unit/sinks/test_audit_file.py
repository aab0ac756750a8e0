from __future__ import annotations

import errno
import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dbgate.audit.record import Record
from dbgate.sinks import audit_file
from dbgate.sinks.audit_file import AuditFile


class FakeLog:
    """Takes batches while `error` is None; counts what it was asked."""

    def __init__(self) -> None:
        self.rotation_error = ""
        self.before_write = None
        self.synced: list[int] = []  # bytes that were there at each sync
        self.sync_error: OSError | None = None
        self.error: OSError | None = None
        self.got = b""
        self.reopened = 0
        self.closed = False
        self.attempts = 0

    def append(self, batch: bytes) -> None:
        self.attempts += 1
        if self.error is not None:
            raise self.error
        self.got += batch

    def reopen(self) -> None:
        self.reopened += 1

    def sync(self) -> None:
        self.synced.append(len(self.got))
        if self.sync_error is not None:
            raise self.sync_error

    def close(self) -> None:
        self.closed = True

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.got.splitlines()]


def record(statement: str = "SELECT ?") -> Record:
    made = Record("query", 100.0, "s1", "app", "10.0.0.1", 4711)
    made.statement = statement
    return made


def wait_for(what: Any, timeout: float = 30.0) -> None:
    deadline = time.monotonic() + timeout
    while not what():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)


@pytest.fixture
def log() -> FakeLog:
    return FakeLog()


@pytest.fixture
def sink(log: FakeLog, monkeypatch: pytest.MonkeyPatch) -> Iterator[AuditFile]:
    monkeypatch.setattr(audit_file, "open_log", lambda *_: log)
    monkeypatch.setattr(audit_file, "_RETRY_FIRST", 0.005)
    monkeypatch.setattr(audit_file, "_RETRY_MOST", 0.01)
    made = AuditFile(
        "x", "gw1", lambda at: at + 1_700_000_000.0, queue_records=10, queue_bytes=100_000, now=lambda: 200.0
    )
    yield made
    made.close(1.0)


def test_a_small_queue_that_filled_up_is_not_left_waiting(
    sink: AuditFile, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_file, "_TICK", 60.0)
    log.error = OSError(errno.ENOSPC, "No space left on device")
    sink.put(record())
    sink.start()
    wait_for(lambda: sink.failing)
    for _ in range(10):
        sink.put(record())
    log.error = None
    wait_for(lambda: sink.queued == 0)


def test_lines_reach_the_file_in_order_with_wall_time(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    sink = AuditFile(str(path), "gw1", lambda at: at + 1_700_000_000.0)
    sink.start()
    for n in range(1000):
        sink.put(record(f"SELECT {n}"))
    assert sink.close(60.0) == 0
    got = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert [line["statement"] for line in got] == [f"SELECT {n}" for n in range(1000)]
    assert {line["time"] for line in got} == {"2023-11-14T22:15:00.000000Z"}
    assert len({line["event_id"] for line in got}) == 1000
    assert sink.written == 1000
    assert sink.dropped == sink.queued == 0


class LateQueue:
    """The queue of `sink`, into which a record is put, and which is closed, behind the thread's first look at it."""

    def __init__(self, sink: AuditFile) -> None:
        self.__dict__.update(sink=sink, real=sink._queue, looked=False)

    def waiting(self) -> int:
        found: int = self.real.waiting()
        if not self.looked:
            self.__dict__["looked"] = True
            self.real.put(record())
            self.real.open = False
        return found

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.real, name, value)


def test_what_is_put_just_before_the_end_is_written(sink: AuditFile, log: FakeLog) -> None:
    sink._queue = LateQueue(sink)  # type: ignore[assignment]
    sink.start()
    sink._thread.join(30)
    assert len(log.events()) == 1 and sink.queued == 0


def test_batches_fit_into_small_files(tmp_path: Path) -> None:
    sink = AuditFile(str(tmp_path / "audit.jsonl"), "gw1", lambda at: at, max_bytes=16_384, max_files=1000)
    for n in range(500):
        sink.put(record(f"SELECT {n}"))
    sink.start()
    assert sink.close(60.0) == 0
    files = list(tmp_path.iterdir())
    assert len(files) > 12
    assert max(path.stat().st_size for path in files) <= 16_384
    assert sum(path.read_bytes().count(b"\n") for path in files) == 500


def test_a_full_queue_drops_counts_and_tells(sink: AuditFile, log: FakeLog) -> None:
    for n in range(25):
        sink.put(record(f"SELECT {n}"))
    assert (sink.queued, sink.dropped) == (10, 15)
    sink.start()
    assert sink.flush(5.0)
    events = log.events()
    assert [e["event"] for e in events] == ["audit.dropped"] + ["query"] * 10
    assert events[0]["dropped"] == 15
    assert "15 records were not kept: the queue was full" in events[0]["reason"]
    assert events[0]["time"] == "2023-11-14T22:16:40.000000Z"
    sink.put(record())
    assert sink.flush(5.0)
    assert len(log.events()) == 12  # told once
    assert (sink.written, sink.dropped) == (11, 15)


def test_the_queue_is_bounded_by_bytes_too(sink: AuditFile) -> None:
    for _ in range(5):
        sink.put(record("x" * 40_000))
    assert (sink.queued, sink.dropped) == (2, 3)
    sink.start()
    assert sink.flush(5.0)
    sink.put(record("x" * 40_000))
    assert sink.flush(5.0)
    assert (sink.written, sink.dropped) == (3, 3)


def test_a_full_disk_keeps_what_fits_and_recovers(sink: AuditFile, log: FakeLog) -> None:
    told: list[str] = []
    sink._on_trouble = told.append
    log.error = OSError(errno.ENOSPC, "No space left on device")
    sink.start()
    sink.put(record("first"))
    wait_for(lambda: log.attempts > 2)
    assert "No space" in sink.trouble
    for n in range(12):
        sink.put(record(f"{n}"))
    assert sink.dropped == 2
    assert sink.queued == 11
    log.error = None
    assert sink.flush(5.0)
    wait_for(lambda: len(log.events()) == 12)
    events = log.events()
    assert [e["statement"] for e in events if e["event"] == "query"] == ["first"] + [
        f"{n}" for n in range(10)
    ]
    notice = next(e for e in events if e["event"] == "audit.dropped")
    assert notice["dropped"] == 2
    assert "No space" in notice["reason"]
    wait_for(lambda: sink.trouble == "")
    assert len(told) == 2
    assert "No space" in told[0]
    assert told[1] == ""


def test_the_end_does_not_wait_for_a_full_disk_for_ever(sink: AuditFile, log: FakeLog) -> None:
    told: list[str] = []
    sink._on_trouble = told.append
    log.error = OSError(errno.ENOSPC, "No space left on device")
    sink.start()
    sink.put(record())
    sink.put(record())
    assert sink.close(0.1) == 2
    sink._thread.join(30)
    assert log.closed
    assert "could not be written before the end" in told[-1]


def test_a_strict_log_says_what_it_could_not_write(
    sink: AuditFile, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: list[str] = []
    sink._on_lost = lost.append
    sink.strict = True
    assert sink.strict and sink.level() == 0.0
    log.error = OSError(errno.ENOSPC, "No space left on device")
    monkeypatch.setattr(sink, "_batch_bytes", 1)
    for n in range(30):  # three times what the queue is for
        sink.put(record(f"SELECT {n}"))
    assert sink.level() == 3.0
    sink.start()
    wait_for(lambda: "No space left" in sink.failing)
    assert sink.close(0.05) == 30
    assert [json.loads(line)["statement"] for line in lost] == [f"SELECT {n}" for n in range(30)]


def test_a_defect_while_writing_is_tried_again(
    sink: AuditFile, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = log.append
    monkeypatch.setattr(log, "append", lambda batch: {}["missing"])
    sink.start()
    sink.put(record())
    wait_for(lambda: sink.failing == "KeyError: 'missing'")
    monkeypatch.setattr(log, "append", append)
    assert sink.flush(5.0)
    assert (sink.failing, len(log.events())) == ("", 1)


def test_after_the_end_records_are_counted(sink: AuditFile) -> None:
    sink.start()
    sink.close(1.0)
    sink.put(record())
    assert sink.dropped == 1


def test_close_without_start_counts_what_waits(sink: AuditFile) -> None:
    sink.put(record())
    sink.put(record())
    assert sink.close(0.1) == 2


def test_a_record_that_cannot_be_encoded_costs_only_itself(sink: AuditFile, log: FakeLog) -> None:
    bad = record()
    bad.at = float("nan")
    sink.put(record("before"))
    sink.put(bad)
    sink.put(record("after"))
    sink.start()
    assert sink.flush(5.0)
    events = log.events()
    assert [e["statement"] for e in events if e["event"] == "query"] == ["before", "after"]
    assert any(e["event"] == "audit.dropped" and "ValueError while encoding" in e["reason"] for e in events)


def test_reopen_is_passed_on_asleep_busy_and_failing(sink: AuditFile, log: FakeLog, monkeypatch: Any) -> None:
    monkeypatch.setattr(audit_file, "_QUIET_TICKS", 0)
    sink.start()
    wait_for(lambda: sink._queue.asleep)
    sink.reopen()
    wait_for(lambda: log.reopened == 1)
    log.error = OSError(errno.EACCES, "Permission denied")
    sink.put(record())
    wait_for(lambda: log.attempts > 1)
    sink.reopen()
    wait_for(lambda: log.reopened == 2)
    log.error = None
    assert sink.flush(5.0)


def test_a_sleeping_writer_is_woken_by_put(sink: AuditFile, log: FakeLog, monkeypatch: Any) -> None:
    monkeypatch.setattr(audit_file, "_QUIET_TICKS", 0)
    sink.start()
    for n in range(5):
        wait_for(lambda: sink._queue.asleep)
        sink.put(record())
        wait_for(lambda n=n: sink.written == n + 1, 2.0)


def test_flush_says_when_it_could_not(sink: AuditFile, log: FakeLog) -> None:
    sink.put(record())
    assert not sink.flush(0.01)  # never started
    log.error = OSError(errno.ENOSPC, "No space left on device")
    sink.start()
    assert not sink.flush(0.05)
    assert sink.queued == 1
    log.error = None
    assert sink.flush(5.0)


def test_a_failed_rotation_is_told(sink: AuditFile, log: FakeLog) -> None:
    log.rotation_error = "cannot rotate: no"
    sink.start()
    sink.put(record())
    assert sink.flush(5.0)
    wait_for(lambda: sink.trouble == "cannot rotate: no")


def test_a_thread_that_hangs_in_a_write_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    release = threading.Event()

    class Hanging(FakeLog):
        def append(self, batch: bytes) -> None:
            release.wait(60)

    monkeypatch.setattr(audit_file, "open_log", lambda *_: Hanging())
    sink = AuditFile("x", "gw1", lambda at: at)
    sink.start()
    sink.put(record())
    wait_for(lambda: sink.queued == 1 and not sink._queue.waiting())
    assert sink.close(-0.9) == 1
    assert sink._thread.is_alive()  # the end came before that of the write
    release.set()
    sink._thread.join(30)


def test_what_was_written_is_synced_now_and_then(log: FakeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_file, "open_log", lambda *_: log)
    clock = [100.0]
    told: list[str] = []
    sink = AuditFile("x", "gw1", lambda at: at, now=lambda: clock[0], on_trouble=told.append, sync_every=5.0)
    sink.start()
    sink.put(record())
    assert sink.flush(30.0)
    sink.put(record())
    assert sink.flush(30.0)
    assert log.synced == []  # five seconds are not over
    clock[0] = 105.0
    wait_for(lambda: log.synced == [len(log.got)], 30.0)
    log.sync_error = OSError(errno.EIO, "broken")
    clock[0] = 200.0
    sink.put(record())
    assert sink.flush(30.0)
    clock[0] = 205.0
    wait_for(lambda: told == ["cannot sync: [Errno 5] broken"], 30.0)
    log.sync_error = None
    sink.put(record())
    assert sink.close(30.0) == 0
    assert log.synced[-1] == len(log.got) and log.closed  # the end waits for no time
    assert told[-1] == "" and sink.trouble == ""


def test_without_the_setting_nothing_is_synced(log: FakeLog, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_file, "open_log", lambda *_: log)
    sink = AuditFile("x", "gw1", lambda at: at)
    sink.start()
    sink.put(record())
    assert sink.close(30.0) == 0
    assert log.synced == []
