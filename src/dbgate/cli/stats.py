"""`dbgate-cli stats`: what the gateway is doing, once or again and again."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

import click

from dbgate.cli.options import gateway_options, output_option

if TYPE_CHECKING:
    from rich.console import Group
    from rich.table import Table

    from dbgate.control.client import ControlClient
    from dbgate.stats.snapshot import Stats

_MOST_RULES = 10


@click.command()
@click.option("-w", "--watch", is_flag=True, help="Show them again and again, until Ctrl-C.")
@click.option(
    "--interval",
    type=click.FloatRange(min=0.1, max=3600),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="With --watch: the time between two looks.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=None,
    metavar="N",
    help="With --watch: end after so many looks.",
)
@output_option
@gateway_options
def stats(client: ControlClient, watch: bool, interval: float, count: int | None, output: str) -> None:
    """Show connections, queries, blocks and latency, over all workers.

    With --watch and -o json each look is one line.
    """
    from dbgate.cli import output as out

    if watch:
        try:
            _watch(client, interval, count, output)
        except KeyboardInterrupt:
            return
    elif output == "json":
        out.print_json(client.stats())
    else:
        found = client.stats()  # before anything that only a table needs is loaded
        out.console().print(render(found))


def _watch(client: ControlClient, interval: float, count: int | None, output: str) -> None:
    from dbgate.cli import output as out

    if output == "json":
        for shown in _ticks(interval, count):
            del shown
            out.print_json_line(client.stats())
        return
    console = out.console()
    if not console.is_terminal:
        for shown in _ticks(interval, count):
            if shown:
                console.print()
            console.print(render(client.stats()))
        return
    from rich.live import Live

    with Live(render(client.stats()), console=console, auto_refresh=False, screen=False) as live:
        for shown in _ticks(interval, count):
            if shown:
                live.update(render(client.stats()), refresh=True)


def _ticks(interval: float, count: int | None) -> Any:
    """0, 1, 2 … with `interval` seconds between them, `count` of them."""
    shown = 0
    while count is None or shown < count:
        if shown:
            time.sleep(interval)
        yield shown
        shown += 1


def render(stats: Stats) -> Group:
    """The statistics as text blocks."""
    from rich.console import Group

    from dbgate.cli import output as out

    blocks: list[Any] = [_summary(stats)]
    if rules := _rules(stats):
        more = len(stats.get("rule_lines", [])) - _MOST_RULES
        rest = f" (and {more} more: -o json)" if more > 0 else ""
        blocks += ["", out.heading(f"Rules that hit, under the present policy{rest}"), rules]
    if operations := _operations(stats):
        blocks += ["", out.heading("Statements by operation"), operations]
    return Group(*blocks)


def _summary(stats: Stats) -> Table:
    from rich.table import Table

    from dbgate.cli import output as out

    data = cast("dict[str, Any]", stats)
    num = out.number
    blocked = num(data, "blocked_queries")
    monitored = num(data, "monitored_blocks")
    dropped = num(data, "audit", "dropped")
    failing = bool((data.get("audit") or {}).get("failing"))
    window = num(data, "latency_us", "window_s")
    made = Table.grid(padding=(0, 2))
    made.add_column(style="bold")
    made.add_column(justify="right")
    made.add_column(overflow="fold")
    rows: list[tuple[str, str, str, str]] = [
        ("Sessions", out.count(num(data, "active_sessions")), "", ""),
        (
            "Connections",
            out.count(num(data, "total_connections")),
            f"{out.count(num(data, 'denied_connections'))} denied",
            "",
        ),
        (
            "Queries",
            out.count(num(data, "total_queries")),
            f"{float(data.get('qps') or 0):,.1f}/s, {out.count(num(data, 'failed_queries'))} failed on the server",
            "",
        ),
        (
            "Blocked",
            out.count(blocked),
            f"{float(data.get('block_rate') or 0):.2%} of all queries",
            "bold red" if blocked else "",
        ),
        ("Would block", out.count(monitored), "by rules in monitor mode", "yellow" if monitored else ""),
        (
            "Latency p50",
            out.micros(num(data, "latency_us", "p50")),
            f"p95 {out.micros(num(data, 'latency_us', 'p95'))}, p99 {out.micros(num(data, 'latency_us', 'p99'))}, "
            + (f"last {window} s" if window else "since the start"),
            "",
        ),
        (
            "Replies",
            out.size(num(data, "bytes")),
            f"{out.count(num(data, 'rows'))} rows, {out.count(num(data, 'capped_results'))} cut by max_result_rows",
            "",
        ),
        (
            "Cache hits",
            f"{float((data.get('cache') or {}).get('hit_rate') or 0):.1%}",
            f"{out.count(num(data, 'cache', 'misses'))} statements analysed, {out.size(num(data, 'cache', 'bytes'))}",
            "",
        ),
        (
            "Audit records",
            out.count(num(data, "audit", "written")),
            f"{out.count(num(data, 'audit', 'queued'))} waiting, {out.count(dropped)} lost"
            + (", THE LOG CANNOT BE WRITTEN" if failing else ""),
            "bold red" if dropped or failing else "",
        ),
    ]
    policy = data.get("policy") or {}
    if policy:
        refused = bool(policy.get("refused"))
        rows.append(
            (
                "Policy",
                out.one_line(str(policy.get("version") or "none")),
                f"version {policy.get('number', 0)}"
                + (", THE LATEST LOAD WAS REFUSED: dbgate-cli policy versions" if refused else ""),
                "bold red" if refused or not policy.get("version") else "",
            )
        )
    for name, value, detail, style in rows:
        emphasis = style if failing and name.startswith("Audit") else "dim"
        made.add_row(name, out.cell(value, style), out.cell(detail, emphasis, wrap=True))
    return made


def _rules(stats: Stats) -> Table | None:
    from dbgate.cli import output as out

    lines = [line for line in stats.get("rule_lines", []) if isinstance(line, dict)]
    if not lines:
        return None
    made = out.table(
        ("RULE", "LINE", "BLOCKED", "WOULD BLOCK", "LAST HIT"),
        numbers=("LINE", "BLOCKED", "WOULD BLOCK", "LAST HIT"),
        whole={"RULE": out.longest(line.get("rule", "") for line in lines), "LINE": 5},
    )
    now = time.time()
    for line in lines[:_MOST_RULES]:
        last = line.get("last_hit_ms", 0)
        made.add_row(
            out.cell(line.get("rule", "")),
            out.cell(line.get("line") or "-"),
            out.cell(out.count(line.get("blocked", 0))),
            out.cell(out.count(line.get("monitored", 0))),
            out.cell(f"{out.age(now - last / 1000)} ago" if last else "-"),
        )
    return made


def _operations(stats: Stats) -> Table | None:
    from dbgate.cli import output as out

    counts = stats.get("operations", {})
    if not counts:
        return None
    made = out.table(("OPERATION", "STATEMENTS"), numbers=("STATEMENTS",))
    for name, value in sorted(counts.items(), key=lambda item: -item[1])[:_MOST_RULES]:
        made.add_row(out.cell(name), out.cell(out.count(value)))
    return made
