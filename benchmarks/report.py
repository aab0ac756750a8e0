"""From runs to figures: medians with their spread, as JSON and as tables people can read."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.candidates import DBGATE, DIRECT, HAPROXY
from benchmarks.stage import Column, Measure, ratios, series
from benchmarks.targets import Outcome, Results, outcomes

BEGIN = "<!-- measured: written by ./run bench -->"
END = "<!-- end of measured -->"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A workload that was played. seconds: of one run."""

    name: str
    title: str
    what: str
    columns: tuple[Column, ...]
    compared: bool
    measures: list[Measure]
    when: str
    seconds: float
    notes: list[str] = field(default_factory=list)


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")


def spread(values: list[float], digits: int = 0) -> str:
    """Median, with the least and the greatest value where there are several."""
    if not values:
        return "–"
    middle, low, high = statistics.median(values), min(values), max(values)
    if len(values) == 1:
        return f"{middle:,.{digits}f}"
    return f"{middle:,.{digits}f} ({low:,.{digits}f}–{high:,.{digits}f})"


def table(section: Section) -> str:
    """A Markdown table, one row a candidate."""
    names = list(dict.fromkeys(one.candidate for one in section.measures))
    columns = [
        column for column in section.columns if any(column.key in one.values for one in section.measures)
    ]
    bases = [base for base in (DIRECT, HAPROXY, DBGATE) if base in names] if section.compared else []
    if DIRECT in bases:
        bases.remove(DBGATE) if DBGATE in bases else None
    titles = [columns[0].title, *(f"÷ {base.partition(' ')[0]}" for base in bases)]
    titles += [column.title for column in columns[1:]]
    lines = ["| | " + " | ".join(titles) + " |", "|---" * (len(titles) + 1) + "|"]
    for name in names:
        cells = [name, spread(series(section.measures, name, columns[0].key), columns[0].digits)]
        cells += [spread(ratios(section.measures, name, base), 2) for base in bases]
        cells += [spread(series(section.measures, name, one.key), one.digits) for one in columns[1:]]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _version(*command: str) -> str:
    binary = shutil.which(command[0], path=os.environ.get("PATH", "") + ":/usr/sbin")
    if binary is None:
        return "none"
    done = subprocess.run([binary, *command[1:]], capture_output=True, text=True, timeout=20)
    match = re.search(r"\d+\.\d+[\w.-]*", done.stdout + done.stderr)
    return match[0] if match else "unknown"


def machine() -> str:
    """One line that says where the figures come from."""
    model = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            model = line.partition(":")[2].strip()
            break
    return (
        f"{os.cpu_count()} cores ({model}), Linux {platform.release()}, "
        f"MariaDB {_version('mariadbd', '--version')}, HAProxy {_version('haproxy', '-v')}, "
        f"sysbench {_version('sysbench', '--version')}, Python {platform.python_version()}, "
        f"uvloop {importlib.metadata.version('uvloop')}"
    )


def targets_table(found: list[Outcome], titles: dict[str, str]) -> str:
    """All targets, in one table."""
    lines = ["| | target | |", "|---|---|---|"]
    for one in found:
        lines.append(f"| {titles.get(one.workload, 'one process, no sockets')} | {one.says} | {one.text()} |")
    return "\n".join(lines)


def _part(section: Section, found: list[Outcome]) -> str:
    rounds = 1 + max((one.round for one in section.measures), default=0)
    turns = f"{rounds} rounds" if rounds > 1 else "1 round"
    parts = [
        f"#### {section.title}",
        f"{section.what[:1].upper()}{section.what[1:]}. {section.when}, {turns}.",
    ]
    parts.append(table(section))
    own = [f"- Target {one.says}: {one.text()}" for one in found if one.workload == section.name]
    own += [f"- {note}" for note in section.notes]
    return "\n\n".join([*parts, "\n".join(own)] if own else parts)


def text(sections: list[Section], micro: dict[str, float], notes: list[str], images: list[str]) -> str:
    """The measured part of docs/performance.md. images: names in docs/images."""
    results: Results = {one.name: one.measures for one in sections}
    found = outcomes(results, micro)
    titles = {one.name: one.title for one in sections}
    parts = [
        BEGIN,
        f"{machine()}. Written {now()}. Medians (least–greatest).",
        "\n".join(f"- {n}" for n in notes),
    ]
    if found:
        met = sum(one.met for one in found)
        parts += [f"### Targets: {met} of {len(found)} met", targets_table(found, titles)]
    parts += ["### Workloads", *(f"![{name.partition('.')[0]}](images/{name})" for name in images)]
    parts += [_part(one, found) for one in sections if one.measures]
    if micro:
        lines = ["| one process, no sockets: best of several rounds | µs of CPU |", "|---|---|"]
        lines += [f"| {name} | {value:,.2f} |" for name, value in micro.items()]
        parts += ["### Where the microseconds go", "\n".join(lines)]
    return "\n\n".join(part for part in [*parts, END] if part)


def write_json(sections: list[Section], micro: dict[str, float], notes: list[str], path: Path) -> None:
    """Every single run, for those who want more than medians."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {
        "machine": machine(),
        "date": now(),
        "notes": notes,
        "micro": micro,
        "workloads": [asdict(one) for one in sections],
    }
    path.write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n")


def read_json(path: Path) -> tuple[list[Section], dict[str, float], list[str]]:
    """What write_json wrote: (sections, micro, notes)."""
    whole = json.loads(path.read_text())
    sections = []
    for one in whole["workloads"]:
        one["columns"] = tuple(Column(**column) for column in one["columns"])
        one["measures"] = [Measure(**measure) for measure in one["measures"]]
        sections.append(Section(**one))
    return sections, whole["micro"], whole["notes"]


def replace_measured(document: str, measured: str) -> str:
    """The document with the part between the marks replaced; ValueError where it has no marks."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the document has no place for measured figures")
    return before + measured + after
