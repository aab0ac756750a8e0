"""Plots as SVG, readable on light and on dark pages."""

from __future__ import annotations

import math
import statistics
from html import escape
from pathlib import Path

from benchmarks.candidates import DBGATE, HAPROXY
from benchmarks.report import Section
from benchmarks.stage import median, ratios
from benchmarks.targets import growth

STYLE = """<style>
text{font:13px system-ui,sans-serif;fill:#24292f}.small{font-size:11px;fill:#57606a}.axis{stroke:#8c959f;stroke-width:1}
.grid{stroke:#d0d7de;stroke-width:1}.a{fill:#0969da;stroke:#0969da}.b{fill:#8c959f;stroke:#8c959f}.line{fill:none;stroke-width:2}
.spread{stroke:#24292f;stroke-width:1.5}
@media (prefers-color-scheme: dark){text{fill:#e6edf3}.small{fill:#9da7b3}.grid{stroke:#30363d}.a{fill:#58a6ff;stroke:#58a6ff}
.b{fill:#6e7681;stroke:#6e7681}.spread{stroke:#e6edf3}}
</style>"""
LEFT, WIDTH, ROW = 290, 400, 26
UNLIKE = (
    "bulk",
    "connect",
    "cold",
    "report",
)  # their queries cost so much more that the others could not be seen


def _svg(width: float, height: float, body: list[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img">\n{STYLE}\n' + "\n".join(body) + "\n</svg>\n"
    )


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, kind: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" class="{kind}"/>'


def throughput(sections: list[Section]) -> str:
    """dbgate's rate as a share of HAProxy's, one bar a workload, with the least and the greatest; "" = no figures."""
    bars = [(one.title, ratios(one.measures, DBGATE, HAPROXY)) for one in sections if one.compared]
    bars = [(title, values) for title, values in bars if values]
    if not bars:
        return ""
    most = max(1.1, *(max(values) for _, values in bars))
    height = 50 + ROW * len(bars)
    body = [_text(LEFT, 18, "dbgate ÷ HAProxy (rate; the line is where they are level)")]
    for number, (title, values) in enumerate(bars):
        y = 34 + ROW * number
        middle = statistics.median(values)
        body.append(_text(LEFT - 8, y + 13, title, "end"))
        body.append(
            f'<rect x="{LEFT}" y="{y}" width="{middle / most * WIDTH:.1f}" height="17" rx="2" class="a"/>'
        )
        low, high = (LEFT + value / most * WIDTH for value in (min(values), max(values)))
        body.append(_line(low, y + 8.5, high, y + 8.5, "spread"))
        body.append(_text(LEFT + WIDTH + 10, y + 13, f"{middle:.2f}"))
    body.append(_line(LEFT + WIDTH / most, 26, LEFT + WIDTH / most, height - 12, "axis"))
    return _svg(LEFT + WIDTH + 60, height, body)


def cost(sections: list[Section]) -> str:
    """User µs of CPU a query, HAProxy and dbgate, two bars a workload; "" = no figures."""
    bars = []
    for one in sections:
        own, base = median(one.measures, DBGATE, "user_us"), median(one.measures, HAPROXY, "user_us")
        if one.compared and one.name not in UNLIKE and own is not None and base is not None:
            bars.append((one.title, own, base))
    if not bars:
        return ""
    most = max(1.0, *(max(own, base) for _, own, base in bars))
    height = 50 + 36 * len(bars)
    body = [
        _text(
            LEFT,
            18,
            "µs of user CPU a query: dbgate (above), HAProxy (below); the dear ones are in their tables",
        )
    ]
    for number, (title, own, base) in enumerate(bars):
        y = 34 + 36 * number
        body.append(_text(LEFT - 8, y + 17, title, "end"))
        for value, kind, down in ((own, "a", 0), (base, "b", 14)):
            wide = value / most * WIDTH
            body.append(
                f'<rect x="{LEFT}" y="{y + down}" width="{wide:.1f}" height="12" rx="2" class="{kind}"/>'
            )
            body.append(_text(LEFT + wide + 6, y + down + 10, f"{value:.1f}", kind="small"))
    return _svg(LEFT + WIDTH + 60, height, body)


def curve(section: Section) -> str:
    """µs a query of dbgate and HAProxy by how many there are, on a logarithmic scale; "" = no figures."""
    lines = [(name, kind, growth(section.measures, name)) for name, kind in ((DBGATE, "a"), (HAPROXY, "b"))]
    lines = [line for line in lines if len(line[2]) > 1]
    if not lines:
        return ""
    xs = sorted({math.log10(x) for _, _, points in lines for x, _ in points})
    most = max(y for _, _, points in lines for _, y in points) * 1.15 or 1.0
    left, top, width, height = 50.0, 40.0, 560.0, 220.0

    def place(x: float, y: float) -> tuple[float, float]:
        along = (math.log10(x) - xs[0]) / ((xs[-1] - xs[0]) or 1.0)
        return left + along * width, top + height - y / most * height

    body = [_text(left, 20, section.title)]
    for part in range(5):
        y = top + height - height * part / 4
        body += [_line(left, y, left + width, y, "grid")]
        body += [_text(left - 6, y + 4, f"{most * part / 4:.0f}", "end", "small")]
    for name, kind, points in lines:
        places = [place(x, y) for x, y in points]
        way = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        body.append(f'<polyline points="{way}" class="line {kind}" style="fill:none"/>')
        body += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" class="{kind}"/>' for x, y in places]
        body.append(_text(places[-1][0] + 8, places[-1][1] + 4, name))
    for x, _ in lines[0][2]:
        body.append(_text(place(x, 0)[0], top + height + 18, f"{x:,}", "middle", "small"))
    return _svg(left + width + 120, top + height + 30, body)


def write(sections: list[Section], folder: Path) -> list[str]:
    """Writes what there are figures for; gives the names of the files."""
    plots = {"throughput.svg": throughput(sections), "cpu.svg": cost(sections)}
    plots.update({f"{one.name}.svg": curve(one) for one in sections if one.name.startswith("growth-")})
    written = []
    for name, drawn in plots.items():
        if drawn:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(drawn)
            written.append(name)
    return written
