"""A file to which several processes append whole lines, that rotates by size (docs/adr/0010-audit-log-file.md).

Every append happens under flock on the file itself, so a batch is never torn by another process's, a write that the
disk cut short is taken back before anybody else can append behind it, and whoever finds the file full rotates it.
Nothing here is for the event loop: every call may block. Made for the audit writer's thread.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
import time
from collections.abc import Callable
from typing import Final, Protocol

STDOUT: Final = "-"
MODE: Final = 0o640
# Seconds; a holder keeps it for one write, so a longer wait means a stopped process
LOCK_TIMEOUT: Final = 2.0
_OPEN_ATTEMPTS: Final = 16  # each lost one means that another process rotated in between


class Log(Protocol):
    """Where batches of whole lines go. rotation_error: "" or why the last rotation failed; then lines go on to the
    file as it is. before_write: called with device, inode, offset and length of each write into a regular file, while
    nobody else can write there."""

    rotation_error: str
    before_write: Callable[[int, int, int, int], None] | None

    def append(self, batch: bytes) -> None:
        """Write all of `batch` (it ends with a line end), or raise OSError and leave nothing of it behind."""

    def reopen(self) -> None:
        """Open the path anew at the next append (after an outside rotation)."""

    def sync(self) -> None:
        """Have what was appended so far outlive a crash of the machine, or raise OSError. May take long."""

    def close(self) -> None:
        """Give the file descriptors back; never raises."""


def open_log(path: str, max_bytes: int, max_files: int, synced: bool = False) -> Log:
    """The log at `path`: "-" is standard output, anything else a file. It is opened at the first append. synced: it is
    synced now and then, and so is a file that it lets go."""
    return StreamLog(1) if path == STDOUT else LogFile(path, max_bytes, max_files, synced)


class LogFile:
    """path: the file, made with mode 0640 if absent; max_bytes: rotate before an append would take it past this
    (0 = never); max_files: how many rotated files are kept, path.1 being the newest (0 = none: the file is emptied)."""

    def __init__(self, path: str, max_bytes: int, max_files: int, synced: bool = False) -> None:
        self.path = os.path.abspath(path)
        self.max_bytes = max_bytes
        self.max_files = max_files
        self.rotation_error = ""
        self.before_write: Callable[[int, int, int, int], None] | None = None
        self._synced = synced  # a file that is let go is synced first
        self._fd = -1
        self._regular = True
        self._place = (0, 0)  # device and inode of what is open
        self._end = -1  # where our last write ended
        self._unsynced = False
        self._folder_unsynced = False

    def append(self, batch: bytes) -> None:
        """See Log. A batch larger than max_bytes gets a file of its own."""
        try:
            fd, size = self._locked()
            # Again, for others may have filled the new file before we hold its lock.
            while self._is_full(size, len(batch)) and self._rotate(fd):
                self.close()
                fd, size = self._locked()
            if self.before_write is not None and self._regular:
                self.before_write(*self._place, size, len(batch))
            self._write(fd, size, batch)
            self._end = size + len(batch)
            self._unsynced = self._regular
            fcntl.flock(fd, fcntl.LOCK_UN)
        except OSError:
            self.close()  # and with it the lock
            raise

    def reopen(self) -> None:
        """See Log."""
        self.close()

    def sync(self) -> None:
        """See Log."""
        if self._unsynced and self._fd >= 0:
            os.fdatasync(self._fd)
            self._unsynced = False
        if self._folder_unsynced:
            folder = os.open(os.path.dirname(self.path), os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(folder)  # the file's name, and those that rotation gave
            finally:
                os.close(folder)
            self._folder_unsynced = False

    def close(self) -> None:
        """See Log. Closing gives the lock back too."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            if self._synced and self._unsynced:
                with contextlib.suppress(OSError):  # it has gone elsewhere, and so has who could mend it
                    os.fdatasync(fd)
            self._unsynced = False
            with contextlib.suppress(
                OSError
            ):  # the descriptor is gone all the same; a network file system tells of old writes
                os.close(fd)

    def _locked(self) -> tuple[int, int]:
        """The descriptor of the file that the path names now, locked, and its size."""
        for _ in range(_OPEN_ATTEMPTS):
            fresh = self._fd < 0
            fd = self._open() if fresh else self._fd
            _lock(fd)
            here = os.fstat(fd)
            try:
                there = os.stat(self.path)
            except FileNotFoundError:
                there = None
            if there is not None and (here.st_ino, here.st_dev) == (there.st_ino, there.st_dev):
                size = here.st_size
                self._place = (here.st_dev, here.st_ino)
                foreign = fresh or size != self._end
                if foreign and self._regular and size and os.pread(fd, 1, size - 1) != b"\n":
                    # The machine went down in the middle of a line, or another process was killed in the middle of a
                    # write: end it, so that ours is not glued to it.
                    size += os.write(fd, b"\n")
                return fd, size
            self.close()
        raise OSError(errno.EAGAIN, "the audit log is rotated faster than it can be opened", self.path)

    def _open(self) -> int:
        try:
            self._regular = stat.S_ISREG(os.stat(self.path).st_mode)
        except FileNotFoundError:
            self._regular = True
        if self._regular:
            self._fd = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, MODE)
            self._folder_unsynced = True
        else:
            # A FIFO without a reader must be an error that is tried again, not a thread that hangs in open().
            self._fd = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_NONBLOCK)
        return self._fd

    def _write(self, fd: int, size: int, batch: bytes) -> None:
        done = 0
        try:
            while done < len(batch):
                done += _write_some(fd, batch[done:] if done else batch)
        except OSError:
            if done and self._regular:
                os.ftruncate(fd, size)
            raise

    def _is_full(self, size: int, more: int) -> bool:
        return bool(self.max_bytes and self._regular and size and size + more > self.max_bytes)

    def _rotate(self, fd: int) -> bool:
        """Move the file away, oldest first; False where the folder does not let us. The caller holds the lock."""
        try:
            if self.max_files == 0:
                os.ftruncate(fd, 0)
                return True
            _unlink_from(self.path, self.max_files)
            for number in range(self.max_files - 1, 0, -1):
                _rename(f"{self.path}.{number}", f"{self.path}.{number + 1}")
            # Last, for at this moment another process may make the new file and need the names above.
            os.rename(self.path, f"{self.path}.1")
        except OSError as error:
            self.rotation_error = f"cannot rotate: {error}"
            return False
        self.rotation_error = ""
        return True


class StreamLog:
    """A pipe, terminal or file that was handed to the process (standard output). No rotation: whoever collects the
    stream does that. Lines of several processes do not mix where the stream can be locked, and up to PIPE_BUF where
    it cannot (a socket)."""

    def __init__(self, fd: int) -> None:
        self.rotation_error = ""
        self.before_write: Callable[[int, int, int, int], None] | None = None
        self._fd = fd
        self._lock_fd = -1
        self._lockable = True
        self._owed = b""

    def append(self, batch: bytes) -> None:
        """See Log. Once a part of a batch is out the rest is owed, and goes out before anything else."""
        self._take_lock()
        try:
            self._pay()
            self._owed = batch
            try:
                self._pay()
            except OSError:
                if len(self._owed) == len(batch):
                    self._owed = b""
                    raise
        finally:
            if self._lock_fd >= 0 and not self._owed:
                fcntl.flock(self._lock_fd, fcntl.LOCK_UN)

    def reopen(self) -> None:
        """Nothing to open."""

    def sync(self) -> None:
        """Nothing to sync: whoever collects the stream does that."""

    def close(self) -> None:
        """See Log. The stream itself stays open: it is not ours."""
        if self._lock_fd >= 0:
            os.close(self._lock_fd)
            self._lock_fd = -1

    def _pay(self) -> None:
        while self._owed:
            self._owed = self._owed[_write_some(self._fd, self._owed) :]

    def _take_lock(self) -> None:
        if self._lock_fd < 0 and self._lockable:
            # Processes that inherited the stream share one open file description, and with it one lock; a
            # description of our own excludes the others.
            try:
                self._lock_fd = os.open(f"/proc/self/fd/{self._fd}", os.O_WRONLY | os.O_APPEND)
            except OSError:
                self._lockable = False
        if self._lock_fd >= 0:
            _lock(self._lock_fd)


def _write_some(fd: int, data: bytes) -> int:
    """One write; waits where the descriptor is non-blocking and full."""
    while True:
        try:
            return os.write(fd, data)
        except BlockingIOError:
            poller = select.poll()
            poller.register(fd, select.POLLOUT)
            if not poller.poll(LOCK_TIMEOUT * 1000):
                raise


def _lock(fd: int) -> None:
    deadline = time.monotonic() + LOCK_TIMEOUT
    pause = 0.0005
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise TimeoutError(errno.ETIMEDOUT, "another process holds the audit log's lock") from None
            time.sleep(pause)
            pause = min(pause * 2, 0.02)


def rotated(path: str, max_files: int) -> list[str]:
    """The path of a log and those that its files have after rotation, newest first."""
    return [path, *(f"{path}.{number}" for number in range(1, max_files + 1))]


def _rename(old: str, new: str) -> None:
    # Absent: a gap, for there are fewer files than the cap so far.
    with contextlib.suppress(FileNotFoundError):
        os.rename(old, new)


def _unlink_from(path: str, number: int) -> None:
    """Remove path.number and those behind it (the cap may have been lowered)."""
    while True:
        try:
            os.unlink(f"{path}.{number}")
        except FileNotFoundError:
            return
        number += 1
