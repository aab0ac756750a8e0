from __future__ import annotations

import io
import json
import time
from typing import Any

import pytest
from rich.console import Console

from dbgate.cli import output as output_module
from dbgate.cli import stats as stats_module
from dbgate.cli.stats import render
from dbgate.stats import layout
from dbgate.stats.counters import Counters
from dbgate.stats.snapshot import StatsReader
from tests.unit.cli.conftest import Run
from tests.unit.control.fake import FakeOperator


def text(of: Any) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(of)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_table(run: Run, gateway: FakeOperator) -> None:
    result = run("stats")
    assert result.exit_code == 0
    lines = {line.split("  ")[0].strip(): line for line in result.stdout.splitlines()}
    assert lines["Sessions"].split()[1] == "1"
    assert lines["Queries"].split()[1] == "4"
    assert "25.00% of all queries" in lines["Blocked"]
    assert lines["blocked-operation"].split()[:4] == ["blocked-operation", "7", "1", "0"]
    assert lines["SELECT"].split() == ["SELECT", "3"]


def test_json(run: Run, gateway: FakeOperator) -> None:
    got = json.loads(run("stats", "-o", "json").stdout)
    for name in (
        "total_connections",
        "active_sessions",
        "total_queries",
        "blocked_queries",
        "monitored_blocks",
        "qps",
        "block_rate",
        "latency_us",
        "captured_at_ms",
    ):
        assert name in got
    assert {"p50", "p95", "p99"} <= set(got["latency_us"])


def test_watch_json_is_a_line_each(run: Run, gateway: FakeOperator) -> None:
    result = run("stats", "--watch", "--count", "3", "--interval", "0.1", "-o", "json")
    assert result.exit_code == 0
    assert [json.loads(line)["total_queries"] for line in result.stdout.splitlines()] == [4, 4, 4]


def test_watch_into_a_pipe_prints_one_after_the_other(run: Run, gateway: FakeOperator) -> None:
    result = run("stats", "-w", "--count", "2", "--interval", "0.1")
    assert result.stdout.count("Sessions") == 2
    assert "\x1b" not in result.stdout


def test_watch_on_a_terminal_draws_over_itself(
    run: Run, gateway: FakeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(
        output_module, "console", lambda: Console(file=screen, force_terminal=True, width=100)
    )
    result = run("stats", "-w", "--count", "2", "--interval", "0.1")
    assert result.exit_code == 0
    assert "\x1b[" in screen.getvalue()
    assert "Sessions" in screen.getvalue()


def test_watch_ends_with_the_gateway(
    run: Run, gateway: FakeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(seconds: float) -> None:
        gateway.fault = RuntimeError("gone")

    monkeypatch.setattr(stats_module.time, "sleep", gone)
    result = run("stats", "-w", "-o", "json")
    assert result.exit_code == 3
    assert len(result.stdout.splitlines()) == 1


def test_ctrl_c_ends_a_watch_quietly(
    run: Run, gateway: FakeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(stats_module.time, "sleep", interrupt)
    result = run("stats", "-w", "-o", "json")
    assert result.exit_code == 0
    assert result.stderr == ""


def test_no_gateway_is_3(run: Run) -> None:
    for more in ((), ("-w",), ("-o", "json")):
        assert run("stats", "--socket", "/nonexistent", *more).exit_code == 3


def test_what_is_wrong_stands_out() -> None:
    page = memoryview(bytearray(layout.PAGE_BYTES))
    counters = Counters(page)
    counters.audit(5, 3, 0, True)
    for line in range(15):
        counters.finished(
            "query.would_block", "SET", "shape", line, 0, 0, 5, 0, False, int(time.time() * 1000)
        )
    shown = text(render(StatsReader([page], 0.0).stats(1.0, 1)))
    assert "THE LOG CANNOT BE WRITTEN" in shown
    assert "3 lost" in shown
    assert "(and 5 more: -o json)" in shown
    assert "0s ago" in shown


def test_an_old_gateway_that_says_little_is_shown_all_the_same() -> None:
    shown = text(render({"total_queries": 7}))  # type: ignore[typeddict-item]
    assert "7" in shown
    assert "Rules" not in shown


def test_the_policy_and_a_refused_load(
    run: Run, gateway: FakeOperator, monkeypatch: pytest.MonkeyPatch
) -> None:
    stats = gateway.reader.stats(5.0, 1)

    async def with_policy() -> object:
        return {**stats, "policy": policy}

    monkeypatch.setattr(gateway, "stats", with_policy)
    policy = {"version": "abc", "number": 7, "loads": 1, "refusals": 0, "refused": False}
    shown = run("stats").stdout
    assert "version 7" in shown
    assert "REFUSED" not in shown
    policy["refused"] = True
    assert "THE LATEST LOAD WAS REFUSED" in run("stats").stdout
