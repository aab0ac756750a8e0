"""What the pages of all workers say together: totals, and the statistics that the control API gives (docs/control-api.md).

Readers copy a page slot by slot while its worker goes on counting. Each slot is whole, two slots may be a statement apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final, NotRequired, TypedDict

from dbgate.stats import layout
from dbgate.stats.histogram import BUCKETS, percentile

QPS_WINDOW: Final = 10.0  # seconds
LATENCY_WINDOW: Final = 60.0
_SAMPLE_EVERY: Final = 0.5  # closer samples tell nothing new
_MAX_SAMPLES: Final = 256


class RuleLine(TypedDict):
    """Hits of one rule at one line of the policy file (0: no line), under the present policy."""

    rule: str
    line: int
    blocked: int
    monitored: int
    last_hit_ms: int


class RuleCount(TypedDict):
    """Statements and logins that a rule blocked, or would have."""

    blocked: int
    monitored: int


class Latency(TypedDict):
    """Time from a command to the end of its reply, in microseconds, of statements that passed. window_s: the time
    looked back on; 0 = since the start, for none passed lately."""

    p50: int
    p95: int
    p99: int
    mean: int
    count: int
    window_s: float


class CacheStats(TypedDict):
    """How verdicts were found. hit_rate: 0 to 1."""

    exact_hits: int
    digest_hits: int
    misses: int
    hit_rate: float
    bytes: int


class AuditStats(TypedDict):
    """Records in the log, lost, and waiting; failing: the log cannot be written at the moment."""

    written: int
    dropped: int
    queued: int
    failing: bool


class PolicyStats(TypedDict):
    """The policy's life since the gateway's start. version, number: the one in force; loads: that succeeded, the first
    included; refusals: loads that changed nothing; refused: the latest load was one."""

    version: str
    number: int
    loads: int
    refusals: int
    refused: bool


class Stats(TypedDict):
    """Totals since the gateway's start, over all its workers, but for qps (statements a second, over window_s),
    active_sessions and latency_us. block_rate is the share of all statements that were blocked, 0 to 1."""

    captured_at_ms: int
    total_connections: int
    active_sessions: int
    denied_connections: int
    total_queries: int
    blocked_queries: int
    monitored_blocks: int
    failed_queries: int
    capped_results: int
    rows: int
    bytes: int
    qps: float
    window_s: float
    block_rate: float
    latency_us: Latency
    cache: CacheStats
    audit: AuditStats
    operations: dict[str, int]
    rules: dict[str, RuleCount]
    rule_lines: list[RuleLine]
    policy: NotRequired[PolicyStats]


class Totals:
    """The sum of pages. slots: by number as in layout, the header left at 0; hits: key -> (blocked, monitored, last hit in
    Unix ms), of the newest policy epoch only; pages: how many could be read."""

    def __init__(self, pages: Sequence[memoryview]) -> None:
        self.slots = [0] * layout.FIRST_HIT
        self.hits: dict[int, tuple[int, int, int]] = {}
        self.epoch = 0
        self.pages = 0
        for page in pages:
            slots = page.cast("B")[: layout.PAGE_BYTES].cast("Q").tolist()
            if slots[layout.SLOT_MAGIC] != layout.MAGIC or slots[layout.SLOT_VERSION] != layout.VERSION:
                continue  # its worker has not started yet
            self.pages += 1
            for slot in range(layout.CONNECTIONS, layout.FIRST_HIT):
                self.slots[slot] += slots[slot]
            self._add_hits(slots)

    def _add_hits(self, slots: list[int]) -> None:
        epoch = slots[layout.SLOT_EPOCH]
        if epoch < self.epoch:
            return
        if epoch > self.epoch:
            self.epoch = epoch
            self.hits = {}
        for base in range(layout.FIRST_HIT, layout.SLOTS, layout.HIT_WIDTH):
            key = slots[base]
            if not key:
                break
            blocked, monitored, last = self.hits.get(key, (0, 0, 0))
            self.hits[key] = (
                blocked + slots[base + layout.HIT_BLOCKED],
                monitored + slots[base + layout.HIT_MONITORED],
                max(last, slots[base + layout.HIT_LAST]),
            )

    @property
    def buckets(self) -> list[int]:
        """The latency histogram, by bucket number."""
        return self.slots[layout.FIRST_BUCKET : layout.FIRST_BUCKET + BUCKETS]

    def operations(self) -> dict[str, int]:
        """Statements by operation, those that occurred."""
        first = layout.FIRST_OPERATION
        return {
            name: self.slots[first + n] for n, name in enumerate(layout.OPERATIONS) if self.slots[first + n]
        }

    def rules(self) -> dict[str, RuleCount]:
        """Blocks by rule id, those that occurred."""
        found: dict[str, RuleCount] = {}
        for n, name in enumerate(layout.RULES):
            blocked = self.slots[layout.FIRST_BLOCKED + n]
            monitored = self.slots[layout.FIRST_MONITORED + n]
            if blocked or monitored:
                found[name] = {"blocked": blocked, "monitored": monitored}
        return found

    def rule_lines(self) -> list[RuleLine]:
        """Blocks by rule and line of the present policy file, most first."""
        lines: list[RuleLine] = []
        for key, (blocked, monitored, last) in self.hits.items():
            line, index = divmod(key - 1, 1 << layout.RULE_BITS)
            rule = layout.RULES[min(index, len(layout.RULES) - 1)]
            lines.append(
                {"rule": rule, "line": line, "blocked": blocked, "monitored": monitored, "last_hit_ms": last}
            )
        return sorted(lines, key=_most_hits)


def _most_hits(line: RuleLine) -> tuple[int, int]:
    return (-line["blocked"] - line["monitored"], line["line"])


class _Sample:
    def __init__(self, at: float, totals: Totals) -> None:
        self.at = at
        self.queries = totals.slots[layout.QUERIES]
        self.duration_sum = totals.slots[layout.DURATION_SUM]
        self.buckets = totals.buckets


class StatsReader:
    """Turns pages into statistics. `now` is monotonic seconds. Call sample() about once a second, so that rates have
    something to compare with; stats() takes a sample too."""

    def __init__(self, pages: Sequence[memoryview], now: float) -> None:
        self._pages = pages
        self._samples: deque[_Sample] = deque(maxlen=_MAX_SAMPLES)
        self._samples.append(_Sample(now, Totals(pages)))

    def sample(self, now: float) -> Totals:
        """Remember the counts at `now`, and give them."""
        totals = Totals(self._pages)
        if now - self._samples[-1].at >= _SAMPLE_EVERY:
            self._samples.append(_Sample(now, totals))
            while len(self._samples) > 2 and self._samples[1].at <= now - LATENCY_WINDOW:
                self._samples.popleft()
        return totals

    def stats(self, now: float, wall_ms: int) -> Stats:
        """The statistics at `now`; `wall_ms` (Unix) becomes captured_at_ms."""
        totals = self.sample(now)
        slots = totals.slots
        queries = slots[layout.QUERIES]
        blocked = slots[layout.BLOCKED]
        before = self._before(now - QPS_WINDOW)
        window = now - before.at
        looked_up = slots[layout.CACHE_EXACT] + slots[layout.CACHE_DIGEST] + slots[layout.CACHE_MISS]
        return {
            "captured_at_ms": wall_ms,
            "total_connections": slots[layout.CONNECTIONS],
            "active_sessions": slots[layout.SESSIONS],
            "denied_connections": slots[layout.DENIED],
            "total_queries": queries,
            "blocked_queries": blocked,
            "monitored_blocks": slots[layout.MONITORED],
            "failed_queries": slots[layout.ERRORS],
            "capped_results": slots[layout.CAPPED],
            "rows": slots[layout.ROWS],
            "bytes": slots[layout.BYTES],
            "qps": round((queries - before.queries) / window, 2) if window > 0 else 0.0,
            "window_s": round(window, 3),
            "block_rate": round(blocked / queries, 6) if queries else 0.0,
            "latency_us": self._latency(now, totals),
            "cache": {
                "exact_hits": slots[layout.CACHE_EXACT],
                "digest_hits": slots[layout.CACHE_DIGEST],
                "misses": slots[layout.CACHE_MISS],
                "hit_rate": round(1 - slots[layout.CACHE_MISS] / looked_up, 6) if looked_up else 0.0,
                "bytes": slots[layout.CACHE_BYTES],
            },
            "audit": {
                "written": slots[layout.AUDIT_WRITTEN],
                "dropped": slots[layout.AUDIT_DROPPED],
                "queued": slots[layout.AUDIT_QUEUED],
                "failing": slots[layout.AUDIT_FAILING] > 0,
            },
            "operations": totals.operations(),
            "rules": totals.rules(),
            "rule_lines": totals.rule_lines(),
        }

    def _before(self, moment: float) -> _Sample:
        """The latest sample not after `moment`, or the oldest there is."""
        found = self._samples[0]
        for sample in self._samples:
            if sample.at > moment:
                break
            found = sample
        return found

    def _latency(self, now: float, totals: Totals) -> Latency:
        before = self._before(now - LATENCY_WINDOW)
        counts = [late - early for late, early in zip(totals.buckets, before.buckets, strict=True)]
        duration_sum = totals.slots[layout.DURATION_SUM] - before.duration_sum
        window = round(now - before.at, 3)
        if sum(counts) <= 0:
            counts, duration_sum, window = totals.buckets, totals.slots[layout.DURATION_SUM], 0.0
        count = sum(counts)
        return {
            "p50": percentile(counts, 0.50),
            "p95": percentile(counts, 0.95),
            "p99": percentile(counts, 0.99),
            "mean": duration_sum // count if count > 0 else 0,
            "count": count,
            "window_s": window,
        }
