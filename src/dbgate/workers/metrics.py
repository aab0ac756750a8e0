"""The supervisor's numbers as Prometheus text: made anew for each scrape, from the counters that the workers keep anyway."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from dbgate import __version__
from dbgate.gateway.certificates import expiries
from dbgate.gateway.health import Health
from dbgate.stats import layout
from dbgate.stats.histogram import bucket
from dbgate.stats.snapshot import Totals
from dbgate.workers.notices import Notices
from dbgate.workers.policies import Policies
from dbgate.workers.policy_life import PolicyLife

# Powers of two of a microsecond are edges of the counters' own buckets too, so these counts are exact: 64 µs … 67 s.
EDGES: Final = tuple(1 << power for power in range(6, 27))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a scrape tells. started_at, policy_loaded_at: Unix seconds, 0 = never; loads: of the policy by result; posts: of
    the webhook by result; policy_refused: the latest load was; expiries: of certificates, as Unix seconds, by setting."""

    totals: Totals
    health: Health
    instance: str
    started_at: float
    policy_version: str
    policy_loaded_at: float
    policy_refused: bool
    loads: dict[str, int]
    posts: dict[str, int]
    expiries: dict[str, float] = field(default_factory=dict)


class Source(Protocol):
    """What a supervisor has to tell."""

    instance: str
    started_at: float
    policies: Policies
    policy_life: PolicyLife
    notices: Notices
    certificates: dict[str, bytes]


def gather(source: Source, totals: Totals, health: Health) -> Facts:
    """The facts of this moment."""
    policies = source.policies
    return Facts(
        totals=totals,
        health=health,
        instance=source.instance,
        started_at=source.started_at,
        policy_version=policies.version,
        policy_loaded_at=policies.loaded_at,
        policy_refused=bool(policies.last_problems),
        loads=source.policy_life.loads,
        posts=source.notices.webhook.posts,
        expiries=expiries(source.certificates),
    )


def exposition(facts: Facts) -> bytes:
    """The text, format 0.0.4."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(facts))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Metric]:
        yield from self._queries()
        yield from self._clients()
        yield from self._inside()
        yield from self._policy()

    def _slot(self, slot: int) -> int:
        return self._facts.totals.slots[slot]

    def _queries(self) -> Iterator[Metric]:
        totals = self._facts.totals
        blocked, monitored = self._slot(layout.BLOCKED), self._slot(layout.MONITORED)
        allowed = max(0, self._slot(layout.QUERIES) - blocked - monitored)
        yield _labelled(
            "dbgate_queries",
            "Commands by what became of them.",
            "decision",
            {"allow": allowed, "block": blocked, "would_block": monitored},
        )
        yield _labelled(
            "dbgate_operations", "Statements by operation.", "operation", dict(totals.operations())
        )
        hits = CounterMetricFamily(
            "dbgate_rule_hits", "What a rule blocked, or would have.", labels=["rule", "decision"]
        )
        for rule, count in totals.rules().items():
            hits.add_metric([rule, "block"], count["blocked"])
            hits.add_metric([rule, "would_block"], count["monitored"])
        yield hits
        last = GaugeMetricFamily(
            "dbgate_rule_last_hit_timestamp_seconds", "When a rule was last hit.", labels=["rule"]
        )
        newest: dict[str, int] = {}
        for line in totals.rule_lines():
            newest[line["rule"]] = max(newest.get(line["rule"], 0), line["last_hit_ms"])
        for rule, milliseconds in newest.items():
            last.add_metric([rule], milliseconds / 1000)
        yield last
        yield self._durations()
        yield _counter(
            "dbgate_query_errors",
            "Commands that the server answered with an error.",
            self._slot(layout.ERRORS),
        )
        yield _counter(
            "dbgate_results_capped", "Results that max_result_rows cut.", self._slot(layout.CAPPED)
        )
        yield _counter("dbgate_rows", "Rows sent to clients.", self._slot(layout.ROWS))
        yield _counter("dbgate_reply_bytes", "Bytes of replies sent to clients.", self._slot(layout.BYTES))

    def _durations(self) -> Metric:
        buckets = self._facts.totals.buckets
        rows = [(str(edge / 1e6), float(sum(buckets[: bucket(edge)]))) for edge in EDGES]
        rows.append(("+Inf", float(sum(buckets))))
        family = HistogramMetricFamily(
            "dbgate_query_duration_seconds", "From a command that passed to the end of its reply."
        )
        family.add_metric([], rows, self._slot(layout.DURATION_SUM) / 1e6)
        return family

    def _clients(self) -> Iterator[Metric]:
        details = self._facts.health.details
        yield _counter("dbgate_connections", "Client connections taken.", self._slot(layout.CONNECTIONS))
        yield _counter(
            "dbgate_connections_denied", "Logins and connections refused.", self._slot(layout.DENIED)
        )
        yield _gauge("dbgate_sessions", "Client sessions open now.", self._slot(layout.SESSIONS))
        yield _gauge(
            "dbgate_sessions_limit", "Client sessions at once, at most.", details.get("max_connections")
        )

    def _inside(self) -> Iterator[Metric]:
        facts, details = self._facts, self._facts.health.details
        yield _counter(
            "dbgate_audit_records", "Audit records written by workers.", self._slot(layout.AUDIT_WRITTEN)
        )
        yield _counter("dbgate_audit_dropped", "Audit records lost.", self._slot(layout.AUDIT_DROPPED))
        yield _gauge(
            "dbgate_audit_queue", "Audit records that wait to be written.", self._slot(layout.AUDIT_QUEUED)
        )
        yield _gauge(
            "dbgate_audit_failing",
            "Workers that cannot write the audit log.",
            self._slot(layout.AUDIT_FAILING),
        )
        yield _labelled(
            "dbgate_cache_lookups",
            "How verdicts were found.",
            "result",
            {
                "exact": self._slot(layout.CACHE_EXACT),
                "digest": self._slot(layout.CACHE_DIGEST),
                "miss": self._slot(layout.CACHE_MISS),
            },
        )
        yield _gauge("dbgate_cache_bytes", "Memory of remembered verdicts.", self._slot(layout.CACHE_BYTES))
        yield _labelled(
            "dbgate_long_statements",
            "Long statements that were given to the processes beside the workers.",
            "result",
            {"analysed": self._slot(layout.LONG_ANALYSED), "failed": self._slot(layout.LONG_FAILED)},
        )
        yield _gauge(
            "dbgate_long_statements_waiting",
            "Long statements whose analysis is awaited.",
            self._slot(layout.LONG_WAITING),
        )
        unreachable = any(reason.startswith("server unreachable") for reason in facts.health.reasons)
        yield _gauge("dbgate_upstream_up", "Whether the server can be reached.", int(not unreachable))
        yield _gauge(
            "dbgate_ready",
            "Whether clients may be sent here.",
            int(facts.health.alive and not facts.health.reasons),
        )
        yield _gauge("dbgate_workers", "Worker processes.", details.get("workers"))
        yield _gauge(
            "dbgate_workers_ready", "Worker processes that take clients.", details.get("workers_ready")
        )
        yield _counter(
            "dbgate_worker_restarts",
            "Worker processes that were started again.",
            details.get("worker_restarts"),
        )
        yield from self._catalog()
        expiry = GaugeMetricFamily(
            "dbgate_certificate_expiry_timestamp_seconds",
            "When a certificate of the gateway expires.",
            labels=["setting"],
        )
        for setting, at in facts.expiries.items():
            expiry.add_metric([setting], at)
        yield expiry
        yield _labelled("dbgate_webhook_posts", "Alerts for the webhook.", "result", facts.posts)
        build = GaugeMetricFamily("dbgate_build_info", "This gateway.", labels=["version", "instance"])
        build.add_metric([__version__, facts.instance], 1)
        yield build
        yield _gauge("dbgate_start_time_seconds", "When the gateway was started.", facts.started_at)
        yield _gauge("dbgate_scrape_time_seconds", "When this was told.", round(time.time(), 3))

    def _catalog(self) -> Iterator[Metric]:
        """Without samples where there is none: then names alone are judged, and nothing can be out of date."""
        known = self._facts.health.details.get("catalog")
        age = GaugeMetricFamily("dbgate_catalog_age_seconds", "Since the catalog was read; -1: never yet.")
        failing = GaugeMetricFamily(
            "dbgate_catalog_failing", "Whether the latest reading of the catalog failed."
        )
        if isinstance(known, dict):
            age.add_metric([], _number(known.get("age_s")))
            failing.add_metric([], int(bool(known.get("problem"))))
        yield age
        yield failing

    def _policy(self) -> Iterator[Metric]:
        facts = self._facts
        info = GaugeMetricFamily(
            "dbgate_policy_info",
            "The policy that is live; version none: everything is refused.",
            labels=["version"],
        )
        info.add_metric([facts.policy_version or "none"], 1)
        yield info
        yield _gauge(
            "dbgate_policy_loaded_timestamp_seconds",
            "When the live policy was loaded.",
            facts.policy_loaded_at,
        )
        yield _gauge(
            "dbgate_policy_refused", "Whether the latest policy file was refused.", int(facts.policy_refused)
        )
        yield _labelled("dbgate_policy_loads", "Loads of the policy file.", "result", facts.loads)


def _counter(name: str, help_text: str, value: object) -> Metric:
    return CounterMetricFamily(name, help_text, value=_number(value))


def _gauge(name: str, help_text: str, value: object) -> Metric:
    return GaugeMetricFamily(name, help_text, value=_number(value))


def _labelled(name: str, help_text: str, label: str, values: dict[str, int]) -> Metric:
    family = CounterMetricFamily(name, help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
