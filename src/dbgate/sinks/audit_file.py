"""The audit log's writer: a bounded queue that the event loop fills, and one thread that writes it out.

What does not fit into the queue is counted, and when the log can be written again an `audit.dropped` line says how many
are missing. While the disk is full, or the file cannot be opened, records wait in the queue up to its bounds. Who lets
no statement go unrecorded (`strict`) looks at `failing` and `level()`, and stops the statements; then what ran is kept
past the bounds.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from typing import Final

from dbgate.audit.queue import RecordQueue
from dbgate.audit.record import Record
from dbgate.audit.redact import LineEncoder
from dbgate.sinks.log_file import Log, open_log, rotated
from dbgate.sinks.pending import PendingLines

LOG: Final = logging.getLogger("dbgate.sinks")

QUEUE_RECORDS: Final = 65_536
QUEUE_BYTES: Final = 64 << 20
MAX_BYTES: Final = 256 << 20
MAX_FILES: Final = 8

_BATCH_BYTES: Final = 1 << 20  # that are written at a stretch
# Seconds between looks at the queue while there is traffic. Each look takes the interpreter's lock from the event loop
# some ten times, around the system calls of a write.
_TICK: Final = 0.05
_FEW: Final = 256  # records that are left waiting for more, at most
_QUIET_TICKS: Final = 20  # empty looks after which the thread sleeps until it is woken
_RETRY_FIRST: Final = 0.05  # seconds, doubled up to _RETRY_MOST while the log cannot be written
_RETRY_MOST: Final = 1.0


class AuditFile:
    """path: the file, "-" for standard output; instance: this gateway's name; wall: monotonic seconds (Record.at) ->
    Unix seconds; on_trouble: called from the writer's thread with one line when writing or rotating starts to fail
    ("" when it works again); on_lost: called from there with each line that a strict log could not write before the
    end; pending: a file for lines on their way (pending.py), used once the log was strict, "" = none;
    sync_every: seconds after which what was written is synced to the disk, 0 = never. put(record) takes a finished
    record; it is for one thread, the one with the event loop."""

    def __init__(
        self,
        path: str,
        instance: str,
        wall: Callable[[float], float],
        *,
        max_bytes: int = MAX_BYTES,
        max_files: int = MAX_FILES,
        queue_records: int = QUEUE_RECORDS,
        queue_bytes: int = QUEUE_BYTES,
        randomness: Callable[[int], bytes] = os.urandom,
        now: Callable[[], float] = time.monotonic,
        on_trouble: Callable[[str], None] | None = None,
        on_lost: Callable[[str], None] | None = None,
        pending: str = "",
        sync_every: float = 0.0,
    ) -> None:
        self._log: Log = open_log(path, max_bytes, max_files, sync_every > 0.0)
        self._files = rotated(path, max_files)
        self._lines = LineEncoder(instance, randomness)  # for the thread's own
        self._wall = wall
        self._now = now
        self._on_trouble = on_trouble
        self._on_lost = on_lost
        self.failing = ""  # why nothing can be written at the moment; the thread's
        self._wake = threading.Event()
        self._queue = RecordQueue(
            queue_records, queue_bytes, LineEncoder(instance, randomness), wall, self._wake.set
        )
        self.put: Callable[[Record], None] = self._queue.put
        self.put_all: Callable[[list[Record], float], None] = self._queue.put_all
        self.put_now: Callable[[Record], None] = self._queue.put_now
        self._pending_path = pending
        self._pending: PendingLines | None = None
        self._pending_refused = False
        # A batch goes into one file whole, so it must not be a large part of a small one.
        self._batch_bytes = min(_BATCH_BYTES, max_bytes // 4) if max_bytes else _BATCH_BYTES
        self._few = min(_FEW, queue_records // 4)  # a queue that is nearly full must not be left waiting
        # The thread's, as those of the queue that are its taker's.
        self._lost = 0
        self._written = 0
        self._reported = 0
        self._trouble = ""
        self._drop_cause = ""
        self._reopen = False
        self._deadline = 0.0
        self._sync_every = sync_every
        self._sync_error = ""
        self._sync_at = -1.0  # when what was written is to be synced; < 0: nothing is
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)

    @property
    def dropped(self) -> int:
        """Records that were not kept, since the start."""
        return self._queue.refused + self._queue.broken + self._lost

    @property
    def written(self) -> int:
        """Records whose lines are in the log, since the start."""
        return self._written

    @property
    def queued(self) -> int:
        """Records that wait."""
        return self._queue.accepted - self._written - self._lost

    @property
    def trouble(self) -> str:
        """What is wrong with the log at the moment ("" = nothing): it cannot be written, or not rotated."""
        return self._trouble

    @property
    def strict(self) -> bool:
        """Whether records of what ran are kept past the queue's bounds. Setting it again tries again to have the file
        for lines on their way, where that could not be had."""
        return self._queue.strict

    @strict.setter
    def strict(self, value: bool) -> None:
        self._queue.strict = value
        if value:
            self._open_pending()

    def _open_pending(self) -> None:
        if not self._pending_path or self._pending is not None:
            return
        try:
            pending = PendingLines(self._pending_path)
        except OSError as error:
            if not self._pending_refused:
                LOG.warning(
                    "a process that is killed would lose audit records on their way: %s: %s",
                    self._pending_path,
                    error,
                )
            self._pending_refused = True
            return
        if self._pending_refused:
            LOG.info("a process that is killed loses no audit records on their way: %s", self._pending_path)
        pending.settle(self._files)
        left = pending.left()
        if left:
            self._queue.recover(left)
        self._log.before_write = pending.writing
        self._queue.keep = pending.add
        self._pending = pending
        self._wake.set()

    def level(self) -> float:
        """How full the queue is: 1.0 = up to one of its bounds."""
        pending = self._pending
        return self._queue.level() if pending is None else max(self._queue.level(), pending.level())

    def start(self) -> None:
        """Start the writer's thread (after the process has forked). What a process before left on its way comes first."""
        if self._pending_path and os.path.exists(self._pending_path):
            self._open_pending()
        self._thread.start()

    def reopen(self) -> None:
        """Open the path anew (SIGUSR1), so that a log that was moved away is let go. Safe in any thread."""
        self._reopen = True
        self._wake.set()

    def flush(self, timeout: float) -> bool:
        """Wait until what was put so far is in the log, at most `timeout` seconds. For tests and orderly ends."""
        deadline = time.monotonic() + timeout
        goal = self._queue.accepted
        while self._queue.accepted - self.queued < goal or self._reported != self.dropped:
            if time.monotonic() > deadline or not self._thread.is_alive():
                return False
            self._wake.set()
            time.sleep(0.002)
        return True

    def close(self, timeout: float = 5.0) -> int:
        """Write what waits, for at most `timeout` seconds, and end the thread. Returns how many records were not
        kept since the start."""
        self._deadline = time.monotonic() + timeout
        self._queue.open = False
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout + 1.0)
        return self.dropped + self.queued

    def _run(self) -> None:
        quiet = 0
        queue = self._queue
        while True:
            if self._reopen:
                self._reopen = False
                self._log.reopen()
            if queue.waiting() or self.dropped != self._reported:
                self._write_batch()
                quiet = 0
                if queue.open and queue.waiting() < self._few:
                    # Written as they come, records would make batches of one or two, and each batch takes the
                    # interpreter's lock from the event loop several times.
                    self._pause(_TICK)
            elif not queue.open:
                if queue.waiting():  # put after the look at the queue, and then it was closed
                    continue
                break
            elif quiet < _QUIET_TICKS or self._sync_at >= 0.0:
                quiet += 1
                self._pause(_TICK)
            else:
                self._sleep()
            if 0.0 <= self._sync_at <= self._now():
                self._sync()
        if self._sync_at >= 0.0:
            self._sync()
        self._log.close()
        if self._pending is not None:
            self._pending.close()

    def _sync(self) -> None:
        """What the disk cannot take is told, and tried again after the next write."""
        self._sync_at = -1.0
        self._sync_error = ""
        try:
            self._log.sync()
        except OSError as error:
            self._sync_error = f"cannot sync: {error}"
        self._set_trouble(self._sync_error or self._log.rotation_error)

    def _sleep(self) -> None:
        """Until somebody wakes us. The flag is up before the last look, so no record is overlooked."""
        queue = self._queue
        queue.asleep = True
        if not queue.waiting() and queue.open and not self._reopen:
            self._wake.wait()
        self._wake.clear()
        queue.asleep = False

    def _pause(self, seconds: float) -> None:
        if self._wake.wait(seconds):
            self._wake.clear()

    def _write_batch(self) -> None:
        queue = self._queue
        lines = queue.take(self._batch_bytes)
        kept = queue.taken_kept
        count = len(lines)
        retry = _RETRY_FIRST
        while True:
            dropped = self.dropped
            notice = self._notice(dropped) if dropped != self._reported else b""
            try:
                self._log.append(notice + b"".join(lines))
                break
            except OSError as error:
                self._fail(str(error))
            except Exception as error:  # a defect here must not end the thread, and with it the log
                self._fail(f"{type(error).__name__}: {error}")
            if not queue.open and time.monotonic() >= self._deadline:
                # Nobody waits any longer: these are lost, and the count is all that is left of them.
                self._give_up(lines)
                return
            self._pause(retry)
            if self._reopen:
                self._reopen = False
                self._log.reopen()
            retry = min(retry * 2, _RETRY_MOST)
        if self._pending is not None:
            self._pending.done(kept)
        self._written += count
        if self._sync_every and self._sync_at < 0.0:
            self._sync_at = self._now() + self._sync_every
        self._reported = dropped
        self._drop_cause = queue.cause = ""
        self.failing = ""
        self._set_trouble(self._sync_error or self._log.rotation_error)

    def _notice(self, dropped: int) -> bytes:
        record = Record("audit.dropped", self._now(), "", "", "", 0)
        record.dropped = dropped - self._reported
        cause = self._drop_cause or self._queue.cause or "the queue was full"
        record.reason = f"{record.dropped} records were not kept: {cause}"
        return self._lines.line(record, self._wall(record.at))

    def _fail(self, message: str) -> None:
        self._drop_cause = f"the log could not be written: {message}"
        self.failing = message
        self._set_trouble(message)

    def _give_up(self, lines: list[bytes]) -> None:
        count = len(lines)
        if self._queue.strict and self._on_lost is not None:
            while lines:
                for line in lines:
                    self._lost += 1
                    self._on_lost(line.decode().rstrip())
                lines = self._queue.take(self._batch_bytes)
        else:
            self._lost += count + self._queue.drop()
        self._reported = self.dropped
        self._tell(f"{count} audit records could not be written before the end: {self._trouble}")

    def _set_trouble(self, message: str) -> None:
        if self._trouble != message:
            self._trouble = message
            self._tell(message)

    def _tell(self, message: str) -> None:
        if self._on_trouble is not None:
            self._on_trouble(message)
