"""What a worker counts, on its page of shared memory. One writer: the worker's event loop. Nothing here blocks, and a
statement costs well under a microsecond."""

from __future__ import annotations

from typing import Final, final

from dbgate.stats import layout
from dbgate.stats.histogram import bucket

_OTHER_OPERATION: Final = len(layout.OPERATIONS) - 1
_OTHER_RULE: Final = len(layout.RULES) - 1
_OPERATION_SLOTS: Final = {name: layout.FIRST_OPERATION + n for n, name in enumerate(layout.OPERATIONS)}
_RULE_INDEX: Final = {name: n for n, name in enumerate(layout.RULES)}
_MAX_LINE: Final = (1 << 40) - 1

_HITS_END: Final = layout.FIRST_HIT + layout.HITS * layout.HIT_WIDTH
_CONNECTIONS: Final = layout.CONNECTIONS
_SESSIONS: Final = layout.SESSIONS
_DENIED: Final = layout.DENIED
_QUERIES: Final = layout.QUERIES
_BLOCKED: Final = layout.BLOCKED
_MONITORED: Final = layout.MONITORED
_ERRORS: Final = layout.ERRORS
_ROWS: Final = layout.ROWS
_BYTES: Final = layout.BYTES
_CAPPED: Final = layout.CAPPED
_DURATION_SUM: Final = layout.DURATION_SUM
_FIRST_BUCKET: Final = layout.FIRST_BUCKET
_OTHER_OPERATION_SLOT: Final = layout.FIRST_OPERATION + _OTHER_OPERATION


@final
class Counters:
    """page: at least layout.PAGE_BYTES of writable shared memory, zeroed when it was new. A worker that takes over
    the page of one that crashed goes on with its counters and starts its gauges at 0."""

    def __init__(self, page: memoryview, pid: int = 0) -> None:
        slots = page.cast("B")[: layout.PAGE_BYTES].cast("Q")
        self._slots = slots
        # Of passed(), not on the page yet.
        self._queries = 0
        self._rows = 0
        self._bytes = 0
        self._duration = 0
        self._operation = ""
        self._hits: dict[int, int] = {}  # key -> first slot
        self._seen: dict[int, int] = {}
        if slots[layout.SLOT_MAGIC] != layout.MAGIC or slots[layout.SLOT_VERSION] != layout.VERSION:
            slots[:] = memoryview(bytes(layout.PAGE_BYTES)).cast("Q")
            slots[layout.SLOT_VERSION] = layout.VERSION
            slots[layout.SLOT_MAGIC] = layout.MAGIC
        for gauge in layout.GAUGES:
            slots[gauge] = 0
        slots[layout.SLOT_PID] = pid
        slots[layout.SLOT_STARTS] += 1
        for base in range(layout.FIRST_HIT, _HITS_END, layout.HIT_WIDTH):
            key = slots[base]
            if not key:
                break
            self._hits[key] = base

    def opened(self) -> None:
        """A client connected."""
        slots = self._slots
        slots[_CONNECTIONS] += 1
        slots[_SESSIONS] += 1

    def closed(self) -> None:
        """A client that was counted by opened() is gone."""
        slots = self._slots
        if slots[_SESSIONS]:
            slots[_SESSIONS] -= 1

    def refused(self) -> None:
        """A connection was turned away before any login (over a limit, draining)."""
        slots = self._slots
        slots[_CONNECTIONS] += 1
        slots[_DENIED] += 1

    def finished(
        self,
        event: str,
        operation: str,
        rule: str,
        rule_line: int,
        rows: int,
        reply_bytes: int,
        duration_us: int,
        error_code: int,
        truncated: bool,
        wall_ms: int,
    ) -> None:
        """One finished audit record, by its fields; `wall_ms` (Unix) is when, for the rule's last hit. Events that
        are neither statements nor refused logins are not counted."""
        slots = self._slots
        if event == "query":
            slots[_QUERIES] += 1
        elif event == "query.blocked":
            slots[_QUERIES] += 1
            slots[_BLOCKED] += 1
            self._hit(rule, rule_line, wall_ms, True)
        elif event == "query.would_block":
            slots[_QUERIES] += 1
            slots[_MONITORED] += 1
            self._hit(rule, rule_line, wall_ms, False)
        elif event == "connection.denied":
            slots[_DENIED] += 1
            if rule:  # else it was the server who refused the login, or a limit of the gateway
                self._hit(rule, rule_line, wall_ms, True)
            return
        else:
            return
        slots[_OPERATION_SLOTS.get(operation, _OTHER_OPERATION_SLOT)] += 1
        if rows > 0:
            slots[_ROWS] += rows
        if reply_bytes > 0:
            slots[_BYTES] += reply_bytes
        if truncated:
            slots[_CAPPED] += 1
        if event == "query.blocked":
            # Its error is ours, and its time would make the server look fast.
            return
        if error_code:
            slots[_ERRORS] += 1
        if duration_us >= 0:
            slots[_FIRST_BUCKET + bucket(duration_us)] += 1
            slots[_DURATION_SUM] += duration_us

    def passed(self, operation: str, rows: int, reply_bytes: int, duration_us: int) -> None:
        """As finished() for an ordinary statement: one that passed, without a rule's name on it, without an error and
        whole. settle() is owed; until then it is counted in part."""
        if operation != self._operation:
            self.settle()
            self._operation = operation
        self._queries += 1
        self._rows += rows
        self._bytes += reply_bytes
        self._duration += duration_us
        self._slots[_FIRST_BUCKET + bucket(duration_us)] += 1

    def settle(self) -> None:
        """Puts on the page what passed() has gathered."""
        if self._queries:
            slots = self._slots
            slots[_QUERIES] += self._queries
            slots[_OPERATION_SLOTS.get(self._operation, _OTHER_OPERATION_SLOT)] += self._queries
            slots[_ROWS] += self._rows
            slots[_BYTES] += self._bytes
            slots[_DURATION_SUM] += self._duration
            self._queries = self._rows = self._bytes = self._duration = 0

    def cache(self, exact: int, digest: int, misses: int, held_bytes: int) -> None:
        """The caches' totals since this worker's start; from its timer, not for each statement."""
        self._advance(layout.CACHE_EXACT, exact)
        self._advance(layout.CACHE_DIGEST, digest)
        self._advance(layout.CACHE_MISS, misses)
        self._slots[layout.CACHE_BYTES] = max(held_bytes, 0)

    def audit(self, written: int, dropped: int, queued: int, failing: bool) -> None:
        """The audit sink's totals since this worker's start; from its timer."""
        self._advance(layout.AUDIT_WRITTEN, written)
        self._advance(layout.AUDIT_DROPPED, dropped)
        self._slots[layout.AUDIT_QUEUED] = max(queued, 0)
        self._slots[layout.AUDIT_FAILING] = 1 if failing else 0

    def long_statements(self, analysed: int, failed: int, waiting: int) -> None:
        """Totals of the process beside this worker since its start, and what waits for it; from the worker's timer."""
        self._advance(layout.LONG_ANALYSED, analysed)
        self._advance(layout.LONG_FAILED, failed)
        self._slots[layout.LONG_WAITING] = max(waiting, 0)

    def policy_changed(self, epoch: int) -> None:
        """Lines mean other rules from now on: the table of hits starts anew for policy `epoch`."""
        slots = self._slots
        if slots[layout.SLOT_EPOCH] == epoch:
            return
        self._hits.clear()
        slots[layout.FIRST_HIT : _HITS_END] = memoryview(bytes((_HITS_END - layout.FIRST_HIT) * 8)).cast("Q")
        slots[layout.SLOT_EPOCH] = epoch

    def _advance(self, slot: int, total: int) -> None:
        """Add what `total`, a count that starts at 0 with each worker, grew by since the last call."""
        last = self._seen.get(slot, 0)
        if total > last:
            self._slots[slot] += total - last
            self._seen[slot] = total

    def _hit(self, rule: str, line: int, wall_ms: int, blocked: bool) -> None:
        slots = self._slots
        index = _RULE_INDEX.get(rule, _OTHER_RULE)
        slots[(layout.FIRST_BLOCKED if blocked else layout.FIRST_MONITORED) + index] += 1
        if not 0 <= line <= _MAX_LINE:
            line = 0
        key = (line << layout.RULE_BITS) + index + 1
        base = self._hits.get(key, -1)
        if base < 0:
            free = len(self._hits)
            if free == layout.HITS:
                return  # the totals by rule still have it
            base = layout.FIRST_HIT + free * layout.HIT_WIDTH
            self._hits[key] = base
            slots[base] = key
        slots[base + (layout.HIT_BLOCKED if blocked else layout.HIT_MONITORED)] += 1
        if wall_ms > 0:
            slots[base + layout.HIT_LAST] = wall_ms
