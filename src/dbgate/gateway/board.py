"""A small shared-memory board: what each worker tells the supervisor and the others, without a message.

One row of 64-bit integers a worker, and only that worker writes it (an aligned store of 8 bytes is whole on every
machine that runs this). It carries the number of sessions, so that a limit counts over all workers, and when the
server was last reached or not, so that health need not open connections of its own.
"""

from __future__ import annotations

import mmap
import os
from typing import Final

ROWS: Final = 256  # the most workers that settings allow
_COLUMNS: Final = 8

SESSIONS: Final = 0  # client sessions that are open now
REACHED_MS: Final = 1  # monotonic milliseconds of the last greeting from the server
FAILED_MS: Final = 2  # … of the last failed attempt to connect to it
REFUSED: Final = 3  # connections refused over the limit, since the start
BEAT_MS: Final = 4  # monotonic milliseconds of the worker's latest sign of life
HALTED: Final = 5  # 1 while it lets no statement pass because records cannot be kept

SIZE: Final = ROWS * _COLUMNS * 8


class Board:
    """The board behind a file descriptor that the processes share. rows: how many of them there can be anything in,
    from the first on; a sum is made for each client that comes."""

    def __init__(self, fd: int, rows: int = ROWS) -> None:
        self._map = mmap.mmap(fd, SIZE)
        self._cells = memoryview(self._map).cast("q")
        self._end = rows * _COLUMNS

    @staticmethod
    def create() -> int:
        """A descriptor of a new, zeroed board; it lives until the last process that has it ends."""
        fd = os.memfd_create("dbgate-board", os.MFD_CLOEXEC)
        os.ftruncate(fd, SIZE)
        return fd

    def get(self, row: int, column: int) -> int:
        """One cell; rows are workers."""
        return self._cells[row * _COLUMNS + column]

    def set(self, row: int, column: int, value: int) -> None:
        """For the row's own worker only, and the supervisor once that is gone."""
        self._cells[row * _COLUMNS + column] = value

    def add(self, row: int, column: int, value: int) -> None:
        """For the row's own worker only."""
        self._cells[row * _COLUMNS + column] += value

    def total(self, column: int) -> int:
        """The sum over all workers."""
        return sum(self._cells[column : self._end : _COLUMNS])

    def latest(self, column: int) -> int:
        """The largest value of any worker."""
        return max(self._cells[column : self._end : _COLUMNS])

    def clear_row(self, row: int) -> None:
        """What a worker left behind when it died is not true any more: it has no sessions, and is not stuck."""
        self.set(row, SESSIONS, 0)
        self.set(row, BEAT_MS, 0)
        self.set(row, HALTED, 0)

    def close(self) -> None:
        """Let the memory go, in this process."""
        self._cells.release()
        self._map.close()


class Seats:
    """One worker's share of the limit on sessions. `limit` is for the instance and may change with the policy."""

    def __init__(self, board: Board, row: int, limit: int) -> None:
        self._board = board
        self._row = row
        self.limit = limit

    def take(self) -> bool:
        """One more session, unless the instance is full. It counts itself first and looks then, so that two workers
        that do it at once may both refuse, but never both pass the limit."""
        self._board.add(self._row, SESSIONS, 1)
        if self._board.total(SESSIONS) > self.limit:
            self._board.add(self._row, SESSIONS, -1)
            self._board.add(self._row, REFUSED, 1)
            return False
        return True

    def leave(self) -> None:
        """The end of a session that had taken a seat."""
        self._board.add(self._row, SESSIONS, -1)

    @property
    def taken(self) -> int:
        """Sessions that are open, over all workers."""
        return self._board.total(SESSIONS)

    def alive(self, now: float) -> None:
        """The worker's loop goes round."""
        self._board.set(self._row, BEAT_MS, int(now * 1000))

    def halted(self, yes: bool) -> None:
        """The worker lets no statement pass, or does again."""
        self._board.set(self._row, HALTED, int(yes))

    def reached(self, now: float) -> None:
        """The server greeted."""
        self._board.set(self._row, REACHED_MS, int(now * 1000))

    def failed(self, now: float) -> None:
        """The server could not be reached."""
        self._board.set(self._row, FAILED_MS, int(now * 1000))
