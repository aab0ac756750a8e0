"""The benchmark's own arithmetic: what sysbench and /proc say, and what is made of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import micro
from benchmarks.load import Load, LoadError, parse
from benchmarks.processes import CpuTime, cpu_of, cpu_of_machine, tree
from benchmarks.report import BEGIN, END, Run, ratios, replace_measured, spread, table, text, write_json

SYSBENCH = """
SQL statistics:
    queries performed:
        read:                            30123
        total:                           30123
    transactions:                        30123  (10040.91 per sec.)
    queries:                             30123  (10040.91 per sec.)
    ignored errors:                      0      (0.00 per sec.)

Latency (ms):
         min:                                    0.11
         avg:                                    0.79
         95th percentile:                        1.55
"""


def a_run(candidate: str, number: int, qps: float, user: float = 0.0) -> Run:
    load = Load(queries=int(qps), qps=qps, average_ms=0.5, p95_ms=1.0, cpu=CpuTime())
    return Run(
        candidate=candidate, round=number, load=load, cpu=CpuTime(user=user, kernel=user * 2), others=0.01
    )


RUNS = [
    a_run("direct", 0, 1000),
    a_run("HAProxy (tcp)", 0, 800, 0.004),
    a_run("dbgate", 0, 600, 0.006),
    a_run("direct", 1, 2000),
    a_run("HAProxy (tcp)", 1, 1000, 0.005),
    a_run("dbgate", 1, 900, 0.018),
]


def test_sysbench_is_read() -> None:
    load = parse(SYSBENCH, CpuTime(user=1.0))
    assert (load.queries, load.qps, load.average_ms, load.p95_ms) == (30123, 10040.91, 0.79, 1.55)
    assert load.cpu.total == 1.0


def test_errors_and_gaps_are_no_measurement() -> None:
    with pytest.raises(LoadError, match="met 3 errors"):
        parse(SYSBENCH.replace("errors:                      0", "errors:                      3"), CpuTime())
    with pytest.raises(LoadError, match="did not print p95"):
        parse(SYSBENCH.replace("95th", "99th"), CpuTime())


def test_ratios_compare_what_ran_side_by_side() -> None:
    assert ratios(RUNS, "dbgate", "HAProxy (tcp)") == [0.75, 0.9]
    assert spread([3.0, 1.0, 2.0], 1) == "2.0 (1.0–3.0)"


def test_the_table_has_a_row_for_each_candidate() -> None:
    rows = table(RUNS).splitlines()[2:]
    assert [row.split(" | ")[0] for row in rows] == ["| direct", "| HAProxy (tcp)", "| dbgate"]
    assert "0.82 (0.75–0.90)" in rows[2]
    assert "15.0 (10.0–20.0)" in rows[2] and "30.0 (20.0–40.0)" in rows[2]
    assert "| – | – |" in rows[0]


def test_only_the_measured_part_of_the_document_changes(tmp_path: Path) -> None:
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    changed = replace_measured(document, text(RUNS, "A title", ["a note"]))
    assert changed.startswith("before\n") and changed.endswith("\nafter\n")
    assert "old" not in changed and "### A title" in changed and "a note" in changed
    assert replace_measured(changed, text(RUNS, "B", [])).count(BEGIN) == 1
    with pytest.raises(ValueError, match="no place"):
        replace_measured("nothing", "x")
    write_json(RUNS, tmp_path / "new" / "runs.json")
    assert '"candidate": "dbgate"' in (tmp_path / "new" / "runs.json").read_text()


def test_the_cpu_of_a_process_and_its_children_is_counted() -> None:
    before = cpu_of_machine()
    burn = "import time; t = time.process_time()\nwhile time.process_time() - t < 0.15: pass\nprint(flush=True); input()"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}])"
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        assert len(tree(process.pid)) == 2
        assert cpu_of(process.pid).total >= 0.14
        process.stdin.write(b"\n")
        process.stdin.close()
    assert cpu_of_machine() - before >= 0.14
    assert cpu_of(os.getpid()).user > 0


def test_the_parts_of_a_querys_way_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro, "ROUNDS", 2)
    monkeypatch.setattr(micro.best, "__defaults__", (5,))
    assert 0 <= micro.best(lambda n: n) < 1000
    assert 0 < micro.gate(micro.point) < 100_000
    with pytest.raises(AssertionError, match="blocked"):
        micro.gate(lambda n: b"DROP TABLE sbtest1")
