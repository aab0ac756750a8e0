"""Lines that wait to be written: a bounded queue between two threads, without a lock.

One thread puts (the one with the event loop), one takes. Each counter has one writer, and what they share is a deque,
whose ends are safe to use at once. A record becomes its line when it is put: were that the other thread's work, the two
would fight over the interpreter's lock, which cost more than the work itself.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, final

from dbgate.audit.record import Record
from dbgate.audit.redact import LineEncoder

_LINE_COST: Final = 100  # bytes that a waiting line is reckoned at, besides its own


@final
class RecordQueue:
    """max_records, max_bytes: its bounds; encoder: the putting thread's own; wall: Record.at -> Unix seconds; wake:
    called by put() when the taking thread has said that it is asleep."""

    def __init__(
        self,
        max_records: int,
        max_bytes: int,
        encoder: LineEncoder,
        wall: Callable[[float], float],
        wake: Callable[[], None],
    ) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._encoder = encoder
        self._wall = wall
        self._wake = wake
        self._lines: deque[bytes] = deque()
        # the putting thread's
        self._bytes_in = 0
        self.accepted = 0
        self.refused = 0
        self.broken = 0  # records that could not be encoded
        self.cause = ""  # … and why not, the last of them
        self.open = True
        # What was let through is kept past the bounds; who puts looks at `level`, and lets nothing more through.
        self.strict = False
        self.keep: Callable[[bytes], int] | None = (
            None  # puts a line where it outlives the process; gives its length
        )
        self._kept_from = -1  # … from this one on, -1 = no line so far
        self._kept: deque[int] = deque()  # what `keep` gave for each line since
        # the taking thread's
        self._bytes_out = 0
        self._taken = 0
        self.taken_kept = 0  # bytes that `keep` took of the lines that were taken last
        self.asleep = False

    def put(self, record: Record) -> None:
        """Take a finished record. Never blocks, never raises; one that does not fit is counted in `refused`, one that
        cannot be encoded in `broken`. One that is `kept` is here already."""
        if record.kept:
            return
        if (len(self._lines) >= self._max_records and not self._owed(record)) or not self.open:
            self.refused += 1
            return
        try:
            line = self._encoder.line(record, self._wall(record.at))
        except Exception as error:  # a defect must cost one record, not the log
            self.broken += 1
            self.cause = f"{type(error).__name__} while encoding"
        else:
            size = self._bytes_in + _LINE_COST + len(line)
            if size - self._bytes_out > self._max_bytes and not self._owed(record):
                self.refused += 1
                return
            self._bytes_in = size
            keep = self.keep
            if keep is not None or self._kept_from >= 0:
                if self._kept_from < 0:
                    self._kept_from = self.accepted
                self._kept.append(0 if keep is None else keep(line))
            self.accepted += 1
            self._lines.append(line)
        if self.asleep:
            self.asleep = False
            self._wake()

    def put_all(self, records: list[Record], offset: float) -> None:
        """As put() for each of them, in order, at half of the cost of a call for each. offset: what `wall` adds."""
        plain = self.open and self.keep is None and self._kept_from < 0
        encoder = self._encoder
        lines = self._lines
        room = self._max_records - len(lines) if plain else 0
        # At least, as the other thread takes meanwhile.
        left = self._max_bytes - self._bytes_in + self._bytes_out
        for record in records:
            if room <= 0 or record.kept:
                self.put(record)
                continue
            try:
                line = encoder.line(record, record.at + offset)
            except Exception as error:  # a defect must cost one record, not the log
                self.broken += 1
                self.cause = f"{type(error).__name__} while encoding"
                continue
            size = _LINE_COST + len(line)
            if size > left:
                self.put(record)
                left = self._max_bytes - self._bytes_in + self._bytes_out
                continue
            left -= size
            room -= 1
            self._bytes_in += size
            self.accepted += 1
            lines.append(line)
        if self.asleep and records:
            self.asleep = False
            self._wake()

    def recover(self, lines: bytes) -> None:
        """Take whole lines that another process left where `keep` puts them; they are the oldest of what is there."""
        if self._kept_from < 0:
            self._kept_from = self.accepted
        self._kept.append(len(lines))
        self._bytes_in += _LINE_COST + len(lines)
        self.accepted += 1
        self._lines.append(lines)

    def put_now(self, record: Record) -> None:
        """Take a record before its statement is answered; put() then knows that it is here."""
        self.put(record)
        record.kept = True

    def _owed(self, record: Record) -> bool:
        """Whether a record must be kept though the queue is full: its statement went to the server."""
        return self.strict and (record.decision != "block" or record.truncated)

    def level(self) -> float:
        """How full it is: 1.0 = up to one of its bounds."""
        size = self._bytes_in - self._bytes_out
        return max(len(self._lines) / self._max_records, size / self._max_bytes)

    def waiting(self) -> int:
        """How many lines are in the queue."""
        return len(self._lines)

    def take(self, size: int) -> list[bytes]:
        """The oldest lines, no more once `size` bytes are passed."""
        taken: list[bytes] = []
        length = 0
        cost = 0
        waiting = self._lines
        while length < size and waiting:
            line = waiting.popleft()
            taken.append(line)
            length += len(line)
            cost += _LINE_COST + len(line)
        self._bytes_out += cost
        first = self._taken
        self._taken += len(taken)
        self.taken_kept = 0
        if self._kept_from >= 0:
            for _ in range(max(first, self._kept_from), self._taken):
                self.taken_kept += self._kept.popleft()
        return taken

    def drop(self) -> int:
        """Let go of all that waits; gives how many lines that were."""
        count = len(self._lines)
        self._lines.clear()
        return count
