"""Lines of the audit log that are on their way, where they outlive the process: a file that is mapped into memory.

The kernel keeps what was written to such a file also when the process is killed at the next instruction. So a line that
is put here before its statement is answered is not lost with the process: the next one of the same name finds it. What
it does not survive is a crash of the machine; the log itself, which nobody syncs, does not either.

A process may also be killed between the write into the log and the note of it here, or within that write. So the place
of each write is noted first: what is found there, line by line, is in the log already, and is not brought there twice.

The file: two counts of bytes that ever came in, and that ever reached the log, and the place of the last write into the
log (device, inode, offset, length), 64 bits each; then a ring of lines.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
from typing import Final, final

SIZE: Final = 4 << 20  # bytes of the ring
HEAD: Final = 4096  # in front of it
MODE: Final = 0o640
MOST_READ: Final = 64 << 20  # of what was written last; more is nonsense: a batch has a few MiB
_MASK: Final = (1 << 64) - 1


@final
class PendingLines:
    """path: the file. `add` is for the thread that puts records, `done` and `left` for the one that writes them. OSError
    where the file cannot be had: no room, no right, or another process has it."""

    def __init__(self, path: str, size: int = SIZE) -> None:
        self._size = size
        self._path = path
        fd = os.open(path, os.O_RDWR | os.O_CREAT, MODE)
        fresh = False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            fresh = os.fstat(fd).st_size == 0
            if os.fstat(fd).st_size not in (0, HEAD + size):
                os.ftruncate(fd, 0)  # of another release: its counts mean nothing here
            os.posix_fallocate(fd, 0, HEAD + size)  # a full disk must show here, and not as a signal later
            self._map = mmap.mmap(fd, HEAD + size)
        except BaseException:
            if fresh:
                with contextlib.suppress(OSError):
                    os.unlink(path)
            os.close(fd)
            raise
        self._fd = fd  # kept for its lock
        self._counts = memoryview(self._map)[:16].cast("Q")
        self._place = memoryview(self._map)[16:48].cast("Q")

    def left(self) -> bytes:
        """What another process has put here and not brought to the log; whole lines."""
        came, went = self._counts
        if not 0 <= came - went <= self._size:
            return b""
        at = went % self._size
        ring = self._map[HEAD + at : HEAD + min(at + came - went, self._size)]
        return ring + self._map[HEAD : HEAD + came - went - len(ring)]

    def add(self, line: bytes) -> int:
        """Keep a line; gives its length, 0 = there was no room for it."""
        came, went = self._counts
        length = len(line)
        if came - went + length > self._size:
            return 0
        at = came % self._size
        room = self._size - at
        if length <= room:
            self._map[HEAD + at : HEAD + at + length] = line
        else:
            self._map[HEAD + at : HEAD + self._size] = line[:room]
            self._map[HEAD : HEAD + length - room] = line[room:]
        self._counts[0] = came + length  # last: from here on it counts
        return length

    def done(self, size: int) -> None:
        """The oldest `size` bytes are in the log."""
        if size:
            self._counts[1] += size

    def writing(self, device: int, inode: int, offset: int, length: int) -> None:
        """The next thing that happens is a write of `length` bytes at `offset` of that file."""
        place = self._place
        place[3] = 0  # no place while it changes
        place[0] = device & _MASK
        place[1] = inode & _MASK
        place[2] = offset
        place[3] = length

    def settle(self, files: list[str]) -> None:
        """Take what is `left` and was written into the log all the same as done. files: where the log, or what has
        become of it by rotation, may be."""
        device, inode, offset, length = self._place
        left = self.left()
        if not left or not 0 < length <= MOST_READ or offset >> 62:
            return
        for path in files:
            try:
                fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            except OSError:
                continue
            try:
                here = os.fstat(fd)
                if (here.st_dev & _MASK, here.st_ino & _MASK) == (device, inode):
                    self.done(_length_of_those_in(left, os.pread(fd, length, offset)))
                    return
            except OSError:
                continue
            finally:
                os.close(fd)

    def level(self) -> float:
        """How full it is: 1.0 = up to the last byte."""
        return (self._counts[0] - self._counts[1]) / self._size

    def close(self) -> None:
        """Let go of the file. It stays where something is in it."""
        came, went = self._counts
        if came == went:
            with contextlib.suppress(OSError):
                os.unlink(self._path)
        self._counts.release()
        self._place.release()
        self._map.close()
        os.close(self._fd)


def _length_of_those_in(lines: bytes, written: bytes) -> int:
    """How many bytes of `lines`, from their begin, are whole lines that `written` has. They were written in their order,
    maybe with others between them that were never here."""
    there = set(written.split(b"\n"))
    length = 0
    for line in lines.split(b"\n")[:-1]:
        if line not in there:
            break
        length += len(line) + 1
    return length
