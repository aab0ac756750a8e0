from __future__ import annotations

import json

from dbgate.stats import layout
from dbgate.stats.counters import Counters
from dbgate.stats.snapshot import LATENCY_WINDOW, StatsReader, Totals


def pages(count: int) -> list[memoryview]:
    return [memoryview(bytearray(layout.PAGE_BYTES)) for _ in range(count)]


def query(counters: Counters, times: int = 1, duration_us: int = 100) -> None:
    for _ in range(times):
        counters.finished("query", "SELECT", "", 0, 2, 10, duration_us, 0, False, 0)


def block(counters: Counters, line: int = 3, wall_ms: int = 5) -> None:
    counters.finished("query.blocked", "DROP", "blocked-operation", line, 0, 0, 1, 1227, False, wall_ms)


def test_pages_add_up() -> None:
    shared = pages(3)  # the third worker has not started
    first, second = Counters(shared[0]), Counters(shared[1])
    first.opened()
    second.opened()
    second.refused()
    query(first, 6)
    query(second, 2)
    block(first, wall_ms=100)
    block(second, wall_ms=200)
    first.cache(6, 2, 2, 1000)
    second.audit(9, 1, 4, True)
    stats = StatsReader(shared, 0.0).stats(1.0, 1_700_000_000_000)
    assert stats["captured_at_ms"] == 1_700_000_000_000
    assert (stats["total_connections"], stats["active_sessions"], stats["denied_connections"]) == (3, 2, 1)
    assert (stats["total_queries"], stats["blocked_queries"], stats["block_rate"]) == (10, 2, 0.2)
    assert (stats["rows"], stats["bytes"]) == (16, 80)
    assert stats["operations"] == {"SELECT": 8, "DROP": 2}
    assert stats["rules"] == {"blocked-operation": {"blocked": 2, "monitored": 0}}
    assert stats["rule_lines"] == [
        {"rule": "blocked-operation", "line": 3, "blocked": 2, "monitored": 0, "last_hit_ms": 200}
    ]
    assert stats["cache"] == {"exact_hits": 6, "digest_hits": 2, "misses": 2, "hit_rate": 0.8, "bytes": 1000}
    assert stats["audit"] == {"written": 9, "dropped": 1, "queued": 4, "failing": True}
    assert json.loads(json.dumps(stats)) == stats


def test_no_traffic_is_all_zero() -> None:
    stats = StatsReader(pages(1), 5.0).stats(5.0, 1)
    assert stats["qps"] == stats["block_rate"] == stats["cache"]["hit_rate"] == 0.0
    assert stats["latency_us"] == {"p50": 0, "p95": 0, "p99": 0, "mean": 0, "count": 0, "window_s": 0.0}
    assert stats["operations"] == stats["rules"] == {}


def test_qps_looks_back_ten_seconds() -> None:
    shared = pages(1)
    counters = Counters(shared[0])
    reader = StatsReader(shared, 0.0)
    for second in range(1, 31):
        query(counters, 10 if second <= 15 else 40)
        reader.sample(float(second))
    stats = reader.stats(30.0, 1)
    assert (stats["qps"], stats["window_s"]) == (40.0, 10.0)
    assert reader.stats(1000.0, 1)["qps"] == 0.0


def test_qps_without_a_timer_uses_what_there_is() -> None:
    shared = pages(1)
    reader = StatsReader(shared, 100.0)
    query(Counters(shared[0]), 50)
    stats = reader.stats(105.0, 1)
    assert (stats["qps"], stats["window_s"]) == (10.0, 5.0)


def test_latency_is_of_the_last_minute_or_else_of_all_time() -> None:
    shared = pages(1)
    counters = Counters(shared[0])
    reader = StatsReader(shared, 0.0)
    query(counters, 100, 10)
    reader.sample(1.0)
    for second in range(2, 100):
        reader.sample(float(second))
    query(counters, 100, 20_000)
    latency = reader.stats(100.0, 1)["latency_us"]
    assert latency["count"] == 100
    assert latency["mean"] == 20_000
    assert abs(latency["p50"] - 20_000) < 20_000 / 16
    assert latency["window_s"] == LATENCY_WINDOW
    idle = reader.stats(400.0, 1)["latency_us"]
    assert (idle["count"], idle["window_s"], idle["mean"]) == (200, 0.0, 10_005)


def test_samples_are_bounded_however_often_one_asks() -> None:
    shared = pages(1)
    reader = StatsReader(shared, 0.0)
    for n in range(2000):
        reader.sample(n / 10)
    assert len(reader._samples) <= 2 + LATENCY_WINDOW / 0.5


def test_only_the_newest_policys_lines_are_told() -> None:
    shared = pages(3)
    old, new, also_old = (Counters(page) for page in shared)
    old.policy_changed(1)
    new.policy_changed(2)
    also_old.policy_changed(1)
    block(old, 3)
    block(new, 7)
    block(also_old, 9)
    totals = Totals(shared)
    assert [line["line"] for line in totals.rule_lines()] == [7]
    assert totals.epoch == 2
    assert totals.pages == 3
    assert totals.rules()["blocked-operation"]["blocked"] == 3


def test_lines_come_most_hits_first() -> None:
    shared = pages(1)
    counters = Counters(shared[0])
    block(counters, 3)
    block(counters, 9)
    block(counters, 9)
    assert [line["line"] for line in Totals(shared).rule_lines()] == [9, 3]
