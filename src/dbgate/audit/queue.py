"""Records that wait to be written: a bounded queue between two threads, without a lock.

One thread puts (the one with the event loop), one takes. Each counter has one writer, and what they share is a deque,
whose ends are safe to use at once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, final

from dbgate.audit.record import Record
from dbgate.audit.redact import LineEncoder

_RECORD_COST: Final = 1024  # bytes a waiting record is reckoned at, besides its statement
_ITEM_COST: Final = 64


@final
class RecordQueue:
    """max_records, max_bytes: its bounds; wake: called by put() when the taking thread has said that it is asleep."""

    def __init__(self, max_records: int, max_bytes: int, wake: Callable[[], None]) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._wake = wake
        self._records: deque[Record] = deque()
        # the putting thread's
        self._bytes_in = 0
        self.accepted = 0
        self.refused = 0
        self.open = True
        # the taking thread's
        self._bytes_out = 0
        self.broken = 0  # records that could not be encoded
        self.cause = ""  # … and why not, the last of them
        self.asleep = False

    def put(self, record: Record) -> None:
        """Take a finished record. Never blocks, never raises; one that does not fit is counted in `refused`. The
        caller does not change the record afterwards."""
        size = self._bytes_in + _cost(record)
        if (
            len(self._records) >= self._max_records
            or size - self._bytes_out > self._max_bytes
            or not self.open
        ):
            self.refused += 1
            return
        self._bytes_in = size
        self.accepted += 1
        self._records.append(record)
        if self.asleep:
            self.asleep = False
            self._wake()

    def waiting(self) -> int:
        """How many records are in the queue."""
        return len(self._records)

    def take(self, encoder: LineEncoder, wall_offset: float, records: int, size: int) -> list[bytes]:
        """Lines of the oldest records: at most `records` of them, and no more once `size` bytes are passed.
        wall_offset: Unix seconds minus Record.at. A record that cannot be encoded is counted in `broken`."""
        lines: list[bytes] = []
        encoded = 0
        cost = 0
        waiting = self._records
        while len(lines) < records and encoded < size and waiting:
            record = waiting.popleft()
            cost += _cost(record)
            try:
                line = encoder.line(record, wall_offset + record.at)
            except Exception as error:  # a defect must cost one record, not the log
                self.broken += 1
                self.cause = f"{type(error).__name__} while encoding"
                continue
            lines.append(line)
            encoded += len(line)
        self._bytes_out += cost
        return lines

    def drop(self) -> int:
        """Let go of all that waits; gives how many records that were."""
        count = len(self._records)
        self._records.clear()
        return count


def _cost(record: Record) -> int:
    return _RECORD_COST + len(record.statement) + _ITEM_COST * len(record.tables)
