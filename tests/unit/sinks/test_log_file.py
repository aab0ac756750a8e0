from __future__ import annotations

import errno
import fcntl
import os
import socket
import threading
from pathlib import Path

import pytest

from dbgate.sinks import log_file
from dbgate.sinks.log_file import Log, LogFile, StreamLog, open_log


def lines(path: Path) -> list[str]:
    text = path.read_text()
    assert not text or text.endswith("\n")
    return text.splitlines()


def test_appends_whole_batches(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 0, 1)
    log.append(b"one\n")
    log.append(b"two\nthree\n")
    log.close()
    log.close()
    assert lines(path) == ["one", "two", "three"]
    assert path.stat().st_mode & 0o777 & ~0o640 == 0


def test_rotates_before_the_bound_and_keeps_so_many(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 10, 2)
    for n in range(10):
        log.append(b"line%d\n" % n)  # six bytes: one line a file
    assert lines(path) == ["line9"]
    assert lines(tmp_path / "a.log.1") == ["line8"]
    assert lines(tmp_path / "a.log.2") == ["line7"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2"]
    log.close()


def test_a_lowered_cap_removes_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    for n in (1, 2, 3, 4):
        (tmp_path / f"a.log.{n}").write_text(f"{n}\n")
    log = LogFile(str(path), 5, 2)
    log.append(b"a\n")
    log.append(b"bbbb\n")
    log.close()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.log", "a.log.1", "a.log.2"]
    assert lines(tmp_path / "a.log.2") == ["1"]


def test_no_kept_files_empties_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 5, 0)
    log.append(b"aaa\n")
    log.append(b"bbb\n")
    log.close()
    assert lines(path) == ["bbb"]
    assert list(tmp_path.iterdir()) == [path]


def test_a_batch_over_the_bound_gets_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 5, 3)
    log.append(b"x" * 20 + b"\n")
    log.append(b"y\n")
    log.close()
    assert lines(path) == ["y"]
    assert lines(tmp_path / "a.log.1") == ["x" * 20]


def test_follows_an_outside_rotation_without_being_told(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 0, 1)
    log.append(b"one\n")
    path.rename(tmp_path / "moved")
    log.append(b"two\n")
    assert lines(path) == ["two"]
    path.rename(tmp_path / "moved2")
    path.touch()
    log.reopen()
    log.append(b"three\n")
    log.close()
    assert lines(path) == ["three"]
    assert lines(tmp_path / "moved") == ["one"]


def test_a_rotation_by_another_process_while_waiting_for_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    first, second = LogFile(str(path), 0, 1), LogFile(str(path), 0, 1)
    first.append(b"one\n")
    second.append(b"two\n")
    holder = os.open(path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    thread = threading.Thread(target=second.append, args=(b"three\n",))
    thread.start()
    path.rename(tmp_path / "a.log.1")
    os.close(holder)
    thread.join()
    first.close()
    second.close()
    assert lines(path) == ["three"]
    assert lines(tmp_path / "a.log.1") == ["one", "two"]


def test_a_new_file_that_others_filled_meanwhile_is_rotated_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.log"
    log, other = LogFile(str(path), 10, 5), LogFile(str(path), 10, 5)
    log.append(b"first\n")
    close = log.close

    def slow_close() -> None:  # gives the lock back, and the other is first to have that of the new file
        monkeypatch.undo()
        close()
        other.append(b"second\n")

    monkeypatch.setattr(log, "close", slow_close)
    log.append(b"third\n")
    assert [lines(tmp_path / name) for name in ("a.log.2", "a.log.1", "a.log")] == [
        ["first"],
        ["second"],
        ["third"],
    ]
    log.close()
    other.close()


def test_a_half_line_left_by_a_crash_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b'{"torn":')
    log = LogFile(str(path), 0, 1)
    log.append(b"{}\n")
    log.append(b"{}\n")
    log.close()
    assert lines(path) == ['{"torn":', "{}", "{}"]


def test_a_write_cut_short_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 0, 1)
    log.append(b"before\n")
    real_write = os.write
    calls: list[int] = []

    def full_disk(fd: int, data: bytes) -> int:
        calls.append(fd)
        if len(calls) == 1:
            return real_write(fd, data[:3])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(log_file.os, "write", full_disk)
    with pytest.raises(OSError, match="No space"):
        log.append(b"abcdef\n")
    monkeypatch.undo()
    assert lines(path) == ["before"]
    log.append(b"after\n")
    log.close()
    assert lines(path) == ["before", "after"]


def test_a_write_in_parts_is_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 0, 1)
    real_write = os.write
    monkeypatch.setattr(log_file.os, "write", lambda fd, data: real_write(fd, data[:4]))
    log.append(b"abcdefghij\n")
    monkeypatch.undo()
    log.close()
    assert lines(path) == ["abcdefghij"]


def test_a_folder_that_cannot_be_changed_lets_the_file_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 5, 2)
    log.append(b"aaa\n")

    def refuse(old: str, new: str) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(log_file.os, "rename", refuse)
    log.append(b"bbb\n")
    assert "cannot rotate" in log.rotation_error
    monkeypatch.undo()
    assert lines(path) == ["aaa", "bbb"]
    log.append(b"ccc\n")
    assert log.rotation_error == ""
    log.close()
    assert lines(path) == ["ccc"]


def test_a_missing_folder_is_an_error_then_heals(tmp_path: Path) -> None:
    path = tmp_path / "later" / "a.log"
    log = LogFile(str(path), 0, 1)
    with pytest.raises(FileNotFoundError):
        log.append(b"one\n")
    path.parent.mkdir()
    log.append(b"two\n")
    log.close()
    assert lines(path) == ["two"]


def test_a_stopped_lock_holder_is_an_error_not_a_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.log"
    path.touch()
    monkeypatch.setattr(log_file, "LOCK_TIMEOUT", 0.05)
    holder = os.open(path, os.O_RDWR)
    fcntl.flock(holder, fcntl.LOCK_EX)
    log = LogFile(str(path), 0, 1)
    with pytest.raises(TimeoutError, match="lock"):
        log.append(b"one\n")
    os.close(holder)
    log.append(b"two\n")
    log.close()
    assert lines(path) == ["two"]


def test_a_path_that_is_replaced_all_the_time_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 0, 1)
    real_stat = os.stat

    def always_new(target: str) -> os.stat_result:
        path.unlink(missing_ok=True)
        return real_stat(target)

    monkeypatch.setattr(log_file.os, "stat", always_new)
    with pytest.raises(OSError, match="rotated faster"):
        log.append(b"one\n")


def test_dev_null_and_a_fifo(tmp_path: Path) -> None:
    null = LogFile("/dev/null", 10, 1)
    for _ in range(5):
        null.append(b"123456789\n")
    null.close()
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    log = LogFile(str(fifo), 5, 1)
    with pytest.raises(OSError, match="No such device"):
        log.append(b"nobody reads\n")
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    log.append(b"hello world\n")
    assert os.read(reader, 100) == b"hello world\n"
    log.close()
    os.close(reader)


def test_stream_writes_and_locks(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    log = StreamLog(writer)
    log.append(b"one\n")
    log.reopen()
    log.append(b"two\n")
    log.close()
    assert os.read(reader, 100) == b"one\ntwo\n"
    os.close(reader)
    os.close(writer)


def test_stream_that_cannot_be_locked() -> None:
    left, right = socket.socketpair()
    log = StreamLog(left.fileno())
    log.append(b"one\n")
    assert right.recv(100) == b"one\n"
    log.close()
    left.close()
    right.close()


def test_stream_owes_the_rest_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_file, "LOCK_TIMEOUT", 0.01)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    room = fcntl.fcntl(writer, fcntl.F_GETPIPE_SZ)
    log = StreamLog(writer)
    batch = b"x" * 99 + b"\n"
    log.append(batch * (room // 100 + 50))  # more than fits: the part that does not is owed
    with pytest.raises(BlockingIOError):
        log.append(b"late\n")  # still full: refused whole
    got = os.read(reader, room)
    log.append(b"last\n")
    got += os.read(reader, room)
    assert got == batch * (room // 100 + 50) + b"last\n"
    log.close()
    os.close(reader)
    os.close(writer)


def test_open_log() -> None:
    logs: list[Log] = [open_log("-", 1, 1), open_log("x", 1, 1)]
    assert [type(log) for log in logs] == [StreamLog, LogFile]
    assert [log.rotation_error for log in logs] == ["", ""]


def test_a_line_that_a_killed_process_left_half_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log, other = LogFile(str(path), 0, 1), LogFile(str(path), 0, 1)
    log.append(b"one\n")
    other.append(b"two\n")
    with open(path, "ab") as killed:
        killed.write(b"ha")
    log.append(b"three\n")  # it had the file open all the time
    other.append(b"four\n")
    assert lines(path) == ["one", "two", "ha", "three", "four"]
    log.close()
    other.close()


def test_where_a_write_goes_is_told_before_it(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    log = LogFile(str(path), 12, 1)
    told: list[tuple[int, int, int, int]] = []
    log.before_write = lambda *place: told.append(place)
    for line in (b"one\n", b"two\n", b"next\n"):
        log.append(line)
    old, new = os.stat(tmp_path / "a.log.1"), os.stat(path)
    assert told == [
        (old.st_dev, old.st_ino, 0, 4),
        (old.st_dev, old.st_ino, 4, 4),
        (new.st_dev, new.st_ino, 0, 5),
    ]
    log.close()


def test_a_close_that_fails_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a network file system close() may tell of writes of long ago; the descriptor is gone all the same."""
    log = LogFile(str(tmp_path / "a.log"), 0, 1)
    log.append(b"1\n")
    close = os.close

    def failing(fd: int) -> None:
        close(fd)
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    with monkeypatch.context() as patched:
        patched.setattr(os, "close", failing)
        log.reopen()
    log.append(b"2\n")
    log.close()
    assert (tmp_path / "a.log").read_bytes() == b"1\n2\n"


def test_sync_asks_the_disk_once_for_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    whole, name = os.fdatasync, os.fsync

    def fdatasync(fd: int) -> None:
        asked.append(os.path.basename(os.readlink(f"/proc/self/fd/{fd}")))
        whole(fd)

    def fsync(fd: int) -> None:
        asked.append("the folder")
        name(fd)

    monkeypatch.setattr(os, "fdatasync", fdatasync)
    monkeypatch.setattr(os, "fsync", fsync)
    log = LogFile(str(tmp_path / "a.log"), 10, 2, True)
    log.sync()
    assert asked == []  # nothing was written
    log.append(b"12345\n")
    log.sync()
    log.sync()
    assert asked == ["a.log", "the folder"]
    log.append(b"67\n")
    log.append(b"rotated\n")
    assert asked[2:] == ["a.log.1"]  # before it is let go
    log.sync()
    assert asked[3:] == ["a.log", "the folder"]
    log.append(b"x\n")
    log.close()
    assert asked[5:] == ["a.log"]
    never = LogFile(str(tmp_path / "b.log"), 0, 1)
    never.append(b"x\n")
    never.close()
    assert len(asked) == 6
    stream = StreamLog(1)
    stream.sync()
    assert len(asked) == 6
