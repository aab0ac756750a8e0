"""Where workloads are played: the database, who takes part, and the clock that watches the processors."""

from __future__ import annotations

import os
import statistics
import time
from dataclasses import dataclass, field
from typing import Protocol

from benchmarks.candidates import Candidate
from benchmarks.load import Load
from benchmarks.processes import CpuTime, cpu_of, cpu_of_machine
from tests.servers.mariadb import MariaDB

SENT = "sent"  # among the values of a run: statements that went through the candidate


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One run of a workload through one candidate; values by name (report.COLUMNS has their units)."""

    candidate: str
    round: int
    values: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Column:
    """A figure of a workload's table."""

    key: str
    title: str
    digits: int = 0


@dataclass(kw_only=True)
class Stage:
    """seconds: of one run; workers: dbgate's workers and HAProxy's threads; idle: sessions of the memory workload;
    saturated: the lowest events a second of any candidate, once measured."""

    server: MariaDB
    workers: int
    seconds: float
    idle: int
    growth: tuple[int, ...]
    saturated: float = 0.0
    notes: list[str] = field(default_factory=list)


class Workload(Protocol):
    """name: for --only; title: in the document; what: a sentence that says what is measured; columns: the first one
    is what candidates are compared by; compared: whether its ratios mean something; rounds: at most so many, 0 = as
    many as there are; weight: length in runs of Stage.seconds."""

    name: str
    title: str
    what: str
    columns: tuple[Column, ...]
    candidates: tuple[str, ...]
    compared: bool
    rounds: int
    weight: float

    def begin(self, candidates: list[Candidate], stage: Stage) -> None:
        """Before the first round: warms caches up."""

    def run(self, candidate: Candidate, stage: Stage) -> dict[str, float]:
        """One run; its values."""


class Watch:
    """The CPU that the candidate, the database and everybody else used since it was made."""

    def __init__(self, candidate: Candidate, server: MariaDB) -> None:
        assert server.process is not None
        self._pid = candidate.pid()
        self._database = server.process.pid
        self._began = time.monotonic()
        self._machine = cpu_of_machine()
        self._own = cpu_of(self._pid) if self._pid else CpuTime()
        self._other = cpu_of(self._database)

    def values(self, load: Load, scale: float = 1.0) -> dict[str, float]:
        """The figures of a run of sysbench. scale: units of the workload in one query."""
        own = (cpu_of(self._pid) if self._pid else CpuTime()) - self._own
        database = cpu_of(self._database) - self._other
        took = time.monotonic() - self._began
        known = own.total + database.total + load.cpu.total
        others = max(0.0, cpu_of_machine() - self._machine - known) / (took * (os.cpu_count() or 1))
        found = {
            "rate": load.qps * scale,
            "average": load.average_ms,
            **{f"p{percent}": value for percent, value in load.percentiles.items()},
            "others": others * 100,
            SENT: float(load.queries),
        }
        if self._pid:
            found["user_us"] = own.user * 1e6 / load.queries
            found["kernel_us"] = own.kernel * 1e6 / load.queries
            found["cpu_unit"] = own.total / (load.queries * scale)
        return found


def median(measures: list[Measure], candidate: str, key: str) -> float | None:
    """Over the rounds; None where the candidate has no such figure."""
    values = series(measures, candidate, key)
    return statistics.median(values) if values else None


def series(measures: list[Measure], candidate: str, key: str) -> list[float]:
    """One figure of one candidate, round by round."""
    return [one.values[key] for one in measures if one.candidate == candidate and key in one.values]


def ratios(measures: list[Measure], candidate: str, to: str, key: str = "rate") -> list[float]:
    """One candidate's figure ÷ another's, round by round: what ran side by side is compared."""
    base = {one.round: one.values[key] for one in measures if one.candidate == to and key in one.values}
    return [
        one.values[key] / base[one.round]
        for one in measures
        if one.candidate == candidate and key in one.values and base.get(one.round)
    ]
