"""What the project wants to reach, and how far it is."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from benchmarks.candidates import DBGATE, DIRECT, HAPROXY, PURE
from benchmarks.stage import Measure, median, ratios

Results = dict[str, list[Measure]]  # by workload


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """workload: whose table it stands under, "" = the micro-benchmarks; value beside bound in the same unit; most:
    the bound is an upper one."""

    workload: str
    says: str
    value: float
    bound: float
    most: bool = False

    @property
    def met(self) -> bool:
        return self.value <= self.bound if self.most else self.value >= self.bound

    def text(self) -> str:
        """ "met (0.97)", or "missed by 0.03 (0.92)"."""
        shown = f"{self.value:,.2f}"
        return (
            f"met ({shown})" if self.met else f"**missed by {abs(self.value - self.bound):,.2f}** ({shown})"
        )


def _ratio(measures: list[Measure], candidate: str = DBGATE, to: str = HAPROXY) -> float | None:
    found = ratios(measures, candidate, to)
    return statistics.median(found) if found else None


def _level(results: Results) -> list[Outcome]:
    """At least so much of HAProxy's rate, and at most so much more of its CPU."""
    found = []
    for name, measures in results.items():
        bound = {"bulk": 0.95, "connect": 0.65}.get(name, 0.95)
        if name not in ("bulk", "connect") and not name.startswith(("point-", "read-only", "read-write")):
            continue
        ratio = _ratio(measures)
        if ratio is not None:
            found.append(Outcome(workload=name, says=f"rate ≥ {bound} of HAProxy", value=ratio, bound=bound))
        own, base = median(measures, DBGATE, "user_us"), median(measures, HAPROXY, "user_us")
        if name.startswith("point-") and own is not None and base is not None:
            says = "user CPU a query ≤ HAProxy's + 5 µs"
            found.append(Outcome(workload=name, says=says, value=own, bound=base + 5, most=True))
    return found


def _caches(results: Results) -> list[Outcome]:
    digest, exact = _ratio(results.get("warm-digest", [])), _ratio(results.get("warm-exact", []))
    if digest is None or exact is None:
        return []
    says = "warm digest ≥ 0.9 of warm exact (each as a share of HAProxy)"
    return [Outcome(workload="warm-digest", says=says, value=digest / exact, bound=0.9)]


def _rest(results: Results) -> list[Outcome]:
    found = []
    memory = median(results.get("idle", []), DBGATE, "session_kb")
    if memory is not None:
        found.append(Outcome(workload="idle", says="KB a session ≤ 6", value=memory, bound=6, most=True))
    half = results.get("half-load", [])
    direct, relay, own = (median(half, name, "p99") for name in (DIRECT, HAPROXY, DBGATE))
    if direct is not None and relay is not None and own is not None:
        bound = direct + 1.2 * max(0.0, relay - direct)
        says = "99 % latency in ms ≤ direct + 1.2 × what HAProxy adds"
        found.append(Outcome(workload="half-load", says=says, value=own, bound=bound, most=True))
    pure = _ratio(results.get("variants", []), PURE)
    if pure is not None:
        says = "pure Python ≥ 0.75 of HAProxy"
        found.append(Outcome(workload="variants", says=says, value=pure, bound=0.75))
    for name in ("growth-sessions", "growth-shapes"):
        flat = growth(results.get(name, []))
        if len(flat) > 1:
            says = "user µs at the last point ≤ 1.15 × that at the second"
            least = flat[1][1] if len(flat) > 2 else flat[0][1]
            found.append(Outcome(workload=name, says=says, value=flat[-1][1] / least, bound=1.15, most=True))
    return found


def growth(measures: list[Measure], candidate: str = DBGATE) -> list[tuple[int, float]]:
    """(how many, µs a query) of a growth workload."""
    points = sorted({int(key[3:]) for one in measures for key in one.values if key.startswith("us@")})
    found = []
    for point in points:
        value = median(measures, candidate, f"us@{point}")
        if value is not None:
            found.append((point, value))
    return found


def _micro(micro: dict[str, float]) -> list[Outcome]:
    """The targets that are about a part of a query's way."""
    found = []
    few, many = micro.get("decision, 10 rules"), micro.get("decision, 1,000 rules")
    if few and many:
        says = "a decision by 1,000 rules ≤ 1.05 × one by 10"
        found.append(Outcome(workload="", says=says, value=many / few, bound=1.05, most=True))
    for name, says, bound in (
        ("gate: a new shape each time", "a new point select ≤ 100 µs", 100.0),
        ("analysis, report of twenty lines", "a new join of twenty lines ≤ 1,500 µs", 1500.0),
    ):
        if name in micro:
            found.append(Outcome(workload="", says=says, value=micro[name], bound=bound, most=True))
    return found


def rivals(results: Results) -> list[Outcome]:
    """Ahead of every other candidate that inspects, wherever it was measured."""
    ours = (DIRECT, HAPROXY)
    found = []
    for workload, measures in results.items():
        for name in dict.fromkeys(one.candidate for one in measures):
            ratio = _ratio(measures, DBGATE, name)
            if name not in ours and not name.startswith("dbgate") and ratio is not None:
                found.append(Outcome(workload=workload, says=f"ahead of {name}", value=ratio, bound=1.0))
    return found


def outcomes(results: Results, micro: dict[str, float]) -> list[Outcome]:
    """All targets for which there are figures."""
    return [*_level(results), *_caches(results), *_rest(results), *rivals(results), *_micro(micro)]
