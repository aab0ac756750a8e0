"""What is measured. Most workloads are a script that sysbench plays as fast as it can."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benchmarks.candidates import DBGATE, DIRECT, HAPROXY, MANY_RULES, NO_AUDIT, PURE, TLS, Candidate
from benchmarks.growth import GrowthOfSessions, GrowthOfShapes
from benchmarks.idle import IdleMemory
from benchmarks.load import Script, play
from benchmarks.stage import Column, Stage, Watch, Workload

USUAL = (DIRECT, HAPROXY, DBGATE)
WARM_SECONDS = 1.0
BULK_MB = 20.0
QUERIES = Column(key="rate", title="queries/s")
COST = (
    Column(key="user_us", title="µs CPU a query: user", digits=1),
    Column(key="kernel_us", title="kernel", digits=1),
)
LATENCY = (
    Column(key="p50", title="ms: 50 %", digits=2),
    Column(key="p95", title="95 %", digits=2),
    Column(key="p99", title="99 %", digits=2),
)
OTHERS = Column(key="others", title="others' CPU %")


@dataclass(kw_only=True)
class Throughput:
    """As much as the candidate takes. scale: units of the first column in one query."""

    name: str
    title: str
    what: str
    script: Script
    columns: tuple[Column, ...] = (QUERIES, *COST, *LATENCY, OTHERS)
    candidates: tuple[str, ...] = USUAL
    scale: float = 1.0
    compared: bool = True
    rounds: int = 0
    weight: float = 1.0

    def begin(self, candidates: list[Candidate], stage: Stage) -> None:
        for candidate in candidates:  # caches, pools and branch predictors
            play(candidate.port, self.script, WARM_SECONDS, candidate.tls)

    def run(self, candidate: Candidate, stage: Stage) -> dict[str, float]:
        watch = Watch(candidate, stage.server)
        values = watch.values(play(candidate.port, self.script, stage.seconds, candidate.tls), self.scale)
        if "cpu_unit" in values:
            values["cpu_gb"] = values["cpu_unit"] * 1e6  # ms a GB, where the unit is MB
        return values


@dataclass(kw_only=True)
class HalfOfSaturation:
    """Latency when there is room: point selects at half of what the slowest candidate can do."""

    name: str = "half-load"
    title: str = "Point selects at half of saturation, 8 threads"
    what: str = (
        "latency of a point select, queueing included, when they arrive at half the rate that the slowest candidate can take "
        "(the same rate for all)"
    )
    columns: tuple[Column, ...] = (QUERIES, *LATENCY, *COST, OTHERS)
    candidates: tuple[str, ...] = USUAL
    compared: bool = False
    rounds: int = 0
    weight: float = 1.0

    def begin(self, candidates: list[Candidate], stage: Stage) -> None:
        script = Script(name="oltp_point_select")
        stage.saturated = min(play(one.port, script, max(1.0, stage.seconds / 2)).qps for one in candidates)
        stage.notes.append(f"{self.title}: {stage.saturated / 2:,.0f} queries/s.")

    def run(self, candidate: Candidate, stage: Stage) -> dict[str, float]:
        script = Script(name="oltp_point_select", rate=max(1, int(stage.saturated / 2)))
        watch = Watch(candidate, stage.server)
        return watch.values(play(candidate.port, script, stage.seconds))


def _point(threads: int, prepared: bool) -> Throughput:
    kind = "prepared" if prepared else "text"
    return Throughput(
        name=f"point-{kind}-{threads}",
        title=f"Point select, {kind}, {threads} threads",
        what="sysbench oltp_point_select: one row by its key",
        script=Script(name="oltp_point_select", threads=threads, prepared=prepared),
    )


def _transactions(name: str, threads: int, prepared: bool) -> Throughput:
    kind = "prepared" if prepared else "text"
    word = name.replace("_", "-")
    return Throughput(
        name=f"{word}-{threads}" if not prepared else f"{word}-prepared-{threads}",
        title=f"{word.capitalize()} transactions, {kind}, {threads} threads",
        what=f"sysbench oltp_{name}; a latency is that of a whole transaction",
        script=Script(name=f"oltp_{name}", threads=threads, prepared=prepared, retried=name == "read_write"),
    )


def _lua(name: str, title: str, what: str, script: Script) -> Throughput:
    return Throughput(name=name, title=title, what=what, script=script)


def _special() -> list[Workload]:
    warm = Script(name="warm.lua")
    bulk = _lua(
        "bulk",
        "Bulk results",
        "20,000 rows of 1,000 bytes in each result, one client",
        Script(name="bulk.lua", threads=1),
    )
    connect = _lua(
        "connect",
        "Connect, one query, close",
        "a login, a point select and the end of the session",
        Script(name="connect.lua"),
    )
    point = Script(name="oltp_point_select")
    return [
        _lua("warm-exact", "Warm cache, the same bytes", "20 distinct texts", warm),
        _lua(
            "warm-digest",
            "Warm cache, new literals",
            "one shape, new literals in each text",
            replace(warm, options=("--vary=on",)),
        ),
        _lua(
            "cold", "Cold cache", "every statement has a shape that was never seen", Script(name="shapes.lua")
        ),
        _lua(
            "report",
            "A report of twenty lines",
            "joins, a derived table, new literals each time",
            Script(name="report.lua"),
        ),
        replace(
            bulk,
            scale=BULK_MB,
            columns=(
                Column(key="rate", title="MB/s"),
                Column(key="cpu_gb", title="ms CPU a GB"),
                *LATENCY,
                OTHERS,
            ),
        ),
        replace(connect, columns=(Column(key="rate", title="connections/s"), *connect.columns[1:])),
        replace(
            _lua(
                "variants",
                "Variants of dbgate",
                "point selects: rules, audit, TLS on the client's leg and the compiler by turns",
                point,
            ),
            candidates=(HAPROXY, DBGATE, NO_AUDIT, MANY_RULES, TLS, PURE),
        ),
        HalfOfSaturation(),
        IdleMemory(),
    ]


QUICK = ("point-text-8", "point-prepared-64", "read-only-8", "warm-digest", "cold", "bulk", "connect", "idle")


def catalogue(full: bool) -> list[Workload]:
    """What a plain run measures, or everything."""
    growth: list[Workload] = [GrowthOfSessions(), GrowthOfShapes()]
    if not full:
        return [
            *(_point(threads, prepared) for prepared in (False, True) for threads in (8, 64)),
            _transactions("read_only", 8, False),
            _transactions("read_write", 8, False),
            *_special(),
        ]
    threads = (1, 8, 64)
    kinds = (False, True)
    return [
        *(_point(count, prepared) for prepared in kinds for count in threads),
        *(
            _transactions(name, count, prepared)
            for name in ("read_only", "read_write")
            for prepared in kinds
            for count in threads
        ),
        *_special(),
        *growth,
    ]
