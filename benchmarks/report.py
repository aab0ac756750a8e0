"""From runs to figures: medians with their spread, as JSON and as a table people can read."""

from __future__ import annotations

import json
import os
import platform
import statistics
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.load import Load
from benchmarks.processes import CpuTime

BEGIN = "<!-- measured: written by ./run bench -->"
END = "<!-- end of measured -->"


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of the load through one candidate. others: the share of the machine's CPU that was spent by processes
    that are not part of the measurement."""

    candidate: str
    round: int
    load: Load
    cpu: CpuTime
    others: float

    @property
    def user_us(self) -> float:
        return self.cpu.user * 1e6 / self.load.queries

    @property
    def kernel_us(self) -> float:
        return self.cpu.kernel * 1e6 / self.load.queries


def spread(values: list[float], digits: int = 0) -> str:
    """Median, with the least and the greatest value."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def ratios(runs: list[Run], candidate: str, to: str) -> list[float]:
    """qps of one candidate ÷ that of another, round by round: what ran side by side is compared."""
    base = {run.round: run.load.qps for run in runs if run.candidate == to}
    return [run.load.qps / base[run.round] for run in runs if run.candidate == candidate]


def table(runs: list[Run]) -> str:
    """A Markdown table, one row a candidate."""
    names = list(dict.fromkeys(run.candidate for run in runs))
    lines = [
        "| | queries/s | ÷ direct | ÷ HAProxy | µs CPU a query: user | kernel | latency ms: average | 95 % | others' CPU |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name in names:
        own = [run for run in runs if run.candidate == name]
        cells = [
            name,
            spread([run.load.qps for run in own]),
            spread(ratios(runs, name, "direct"), 2),
            spread(ratios(runs, name, "HAProxy (tcp)"), 2),
            spread([run.user_us for run in own], 1) if any(run.cpu.total for run in own) else "–",
            spread([run.kernel_us for run in own], 1) if any(run.cpu.total for run in own) else "–",
            spread([run.load.average_ms for run in own], 2),
            spread([run.load.p95_ms for run in own], 2),
            f"{statistics.median(run.others for run in own):.0%}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def machine() -> str:
    """One line that says where the figures come from."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return f"{os.cpu_count()} cores ({model}), Linux {platform.release()}, Python {platform.python_version()}"


def text(runs: list[Run], title: str, notes: list[str]) -> str:
    """The measured part of docs/performance.md."""
    when = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    parts = [BEGIN, f"### {title}", f"{when}, {machine()}.", *notes, table(runs), END]
    return "\n\n".join(parts)


def write_json(runs: list[Run], path: Path) -> None:
    """Every single run, for those who want more than medians."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        json.dumps({"machine": machine(), "runs": [asdict(run) for run in runs]}, indent=1) + "\n"
    )


def replace_measured(document: str, measured: str) -> str:
    """The document with the part between the marks replaced; ValueError where it has no marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the document has no place for measured figures")
    return before + measured + after
