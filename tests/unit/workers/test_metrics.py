"""/metrics as Prometheus reads it."""

from __future__ import annotations

from types import SimpleNamespace

from prometheus_client.parser import text_string_to_metric_families

from dbgate import __version__
from dbgate.gateway.health import Health
from dbgate.stats import layout
from dbgate.stats.counters import Counters
from dbgate.stats.snapshot import Totals
from dbgate.workers.metrics import EDGES, Facts, exposition, gather


def counted() -> Totals:
    page = memoryview(bytearray(layout.PAGE_BYTES))
    counters = Counters(page)
    counters.opened()
    for duration in (10, 64, 900, 1_000_000):
        counters.finished("query", "SELECT", "", 0, 1, 50, duration, 0, False, 0)
    counters.finished(
        "query.blocked", "DROP", "blocked-operation", 7, 0, 0, 9, 1227, False, 1_700_000_000_000
    )
    counters.finished("query.would_block", "DELETE", "table-denied", 9, 0, 0, 9, 0, False, 1_700_000_001_000)
    counters.audit(5, 2, 1, False)
    counters.cache(exact=3, digest=2, misses=1, held_bytes=4096)
    counters.long_statements(analysed=6, failed=1, waiting=2)
    return Totals([page])


def facts(health: Health) -> Facts:
    return Facts(
        totals=counted(),
        health=health,
        instance='gw "1"\n',
        started_at=1_700_000_000.0,
        policy_version="abc",
        policy_loaded_at=1_700_000_100.0,
        policy_refused=True,
        loads={"live": 2, "refused": 1},
        posts={"sent": 4, "failed": 0, "dropped": 0},
        expiries={"tls_cert": 1_800_000_000.0},
    )


def samples(health: Health) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = exposition(facts(health)).decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


READY = Health(
    alive=True, details={"max_connections": 100, "workers": 2, "workers_ready": 2, "worker_restarts": 1}
)


def test_what_is_told() -> None:
    found = samples(READY)

    def value(name: str, **labels: str) -> float:
        return found[(name, tuple(sorted(labels.items())))]

    assert value("dbgate_queries_total", decision="allow") == 4
    assert value("dbgate_queries_total", decision="block") == 1
    assert value("dbgate_queries_total", decision="would_block") == 1
    assert value("dbgate_operations_total", operation="SELECT") == 4
    assert value("dbgate_rule_hits_total", rule="blocked-operation", decision="block") == 1
    assert value("dbgate_rule_hits_total", rule="table-denied", decision="would_block") == 1
    assert value("dbgate_rule_last_hit_timestamp_seconds", rule="table-denied") == 1_700_000_001
    assert value("dbgate_connections_total") == value("dbgate_sessions") == 1
    assert value("dbgate_sessions_limit") == 100
    assert value("dbgate_audit_records_total") == 5 and value("dbgate_audit_dropped_total") == 2
    assert value("dbgate_audit_queue") == 1 and value("dbgate_audit_failing") == 0
    assert value("dbgate_cache_lookups_total", result="exact") == 3
    assert value("dbgate_cache_bytes") == 4096
    assert value("dbgate_long_statements_total", result="analysed") == 6
    assert value("dbgate_long_statements_total", result="failed") == 1
    assert value("dbgate_long_statements_waiting") == 2
    assert value("dbgate_policy_info", version="abc") == 1
    assert value("dbgate_policy_loads_total", result="refused") == 1
    assert value("dbgate_policy_refused") == 1
    assert value("dbgate_webhook_posts_total", result="sent") == 4
    assert value("dbgate_build_info", version=__version__, instance='gw "1"\n') == 1
    assert value("dbgate_certificate_expiry_timestamp_seconds", setting="tls_cert") == 1_800_000_000
    assert value("dbgate_upstream_up") == value("dbgate_ready") == 1
    assert value("dbgate_workers_ready") == 2 and value("dbgate_worker_restarts_total") == 1


def test_the_histogram_counts_up() -> None:
    found = samples(READY)
    buckets = {
        float(dict(labels)["le"]): number
        for (name, labels), number in found.items()
        if name.endswith("_seconds_bucket")
    }
    counts = [buckets[edge] for edge in sorted(buckets)]
    total = counts[-1]
    assert counts == sorted(counts) and total == found[("dbgate_query_duration_seconds_count", ())]
    assert len(buckets) == len(EDGES) + 1
    # 10 µs is below the first edge of 64 µs; 64 µs itself is not
    assert buckets[0.000128] - buckets[0.000064] == 1
    assert buckets[0.001024] - buckets[0.000512] == 1
    assert found[("dbgate_query_duration_seconds_sum", ())] >= 1.000974


def test_an_unwell_gateway() -> None:
    found = samples(Health(alive=True, reasons=("server unreachable: connection refused",)))
    assert found[("dbgate_upstream_up", ())] == 0 and found[("dbgate_ready", ())] == 0
    assert found[("dbgate_workers", ())] == 0
    assert samples(Health(alive=False))[("dbgate_ready", ())] == 0


def test_gather() -> None:
    source = SimpleNamespace(
        instance="gw",
        started_at=1.0,
        policies=SimpleNamespace(version="", loaded_at=0.0, last_problems=("bad",)),
        policy_life=SimpleNamespace(loads={"live": 0, "refused": 1}),
        notices=SimpleNamespace(webhook=SimpleNamespace(posts={"sent": 0})),
        certificates={},
    )
    found = gather(source, counted(), READY)
    assert found.policy_refused and found.loads["refused"] == 1
    assert b'dbgate_policy_info{version="none"} 1.0' in exposition(found)


def test_a_catalog_is_told_of_where_there_is_one() -> None:
    age, failing = ("dbgate_catalog_age_seconds", ()), ("dbgate_catalog_failing", ())
    assert age not in samples(READY)
    for known, told in (
        ({"objects": 3, "tables": 0, "age_s": 41, "problem": ""}, (41, 0)),
        ({"objects": 3, "tables": 0, "age_s": 400, "problem": "access denied"}, (400, 1)),
        ({"objects": 0, "tables": 0, "age_s": -1, "problem": "access denied"}, (-1, 1)),
    ):
        found = samples(Health(alive=True, details={"catalog": known}))
        assert (found[age], found[failing]) == told
    assert failing not in samples(Health(alive=True, details={"catalog": None}))
