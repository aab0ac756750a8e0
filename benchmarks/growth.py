"""Whether a query costs the same however many sessions there are, and however many shapes were seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.candidates import DBGATE, HAPROXY, Candidate
from benchmarks.idle import close, open_sessions
from benchmarks.load import Script, play
from benchmarks.stage import SENT, Column, Stage, Watch

SHAPES = (10, 100, 1_000, 10_000, 100_000)
THREADS = 8


def _columns(points: tuple[int, ...], noun: str) -> tuple[Column, ...]:
    return tuple(Column(key=f"us@{point}", title=f"{point:,} {noun}", digits=1) for point in points)


@dataclass(kw_only=True)
class GrowthOfSessions:
    """Point selects of 8 clients while the others are logged in and idle. A single client for the first point."""

    name: str = "growth-sessions"
    title: str = "Growth: user µs a query by open sessions"
    what: str = "point selects of up to 8 clients, the other sessions are idle"
    columns: tuple[Column, ...] = field(default_factory=lambda: _columns((1, 100, 1_000, 5_000), "sessions"))
    candidates: tuple[str, ...] = (HAPROXY, DBGATE)
    compared: bool = False
    rounds: int = 2
    weight: float = 6.0

    def begin(self, candidates: list[Candidate], stage: Stage) -> None:
        for candidate in candidates:
            play(candidate.port, Script(name="oltp_point_select"), 1)

    def run(self, candidate: Candidate, stage: Stage) -> dict[str, float]:
        values = {SENT: 0.0}
        for point in stage.growth:
            busy = min(point, THREADS)
            sessions = open_sessions(candidate.port, point - busy)
            try:
                watch = Watch(candidate, stage.server)
                run = watch.values(
                    play(candidate.port, Script(name="oltp_point_select", threads=busy), stage.seconds)
                )
            finally:
                close(sessions)
            values[f"us@{point}"] = run["user_us"]
            values[f"kernel@{point}"] = run["kernel_us"]
            values[SENT] += run[SENT]
        return values


@dataclass(kw_only=True)
class GrowthOfShapes:
    """Point selects whose alias is one of so many; each was sent before, twice on average."""

    name: str = "growth-shapes"
    title: str = "Growth: user µs a query by distinct shapes"
    what: str = "point selects with one of so many aliases, after each was seen twice on average"
    columns: tuple[Column, ...] = field(default_factory=lambda: _columns(SHAPES, "shapes"))
    candidates: tuple[str, ...] = (HAPROXY, DBGATE)
    compared: bool = False
    rounds: int = 1
    weight: float = 12.0

    def begin(self, candidates: list[Candidate], stage: Stage) -> None:
        pass

    def run(self, candidate: Candidate, stage: Stage) -> dict[str, float]:
        values = {SENT: 0.0}
        for point in SHAPES:
            script = Script(name="shapes.lua", options=(f"--shapes={point}",))
            warm = Script(name="shapes.lua", options=(f"--shapes={point}",), events=2 * point)
            play(candidate.port, warm, 60)
            watch = Watch(candidate, stage.server)
            run = watch.values(play(candidate.port, script, stage.seconds))
            values[f"us@{point}"] = run["user_us"]
            values[f"kernel@{point}"] = run["kernel_us"]
            values[SENT] += run[SENT]
        return values
