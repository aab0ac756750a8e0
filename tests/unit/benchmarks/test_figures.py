"""The benchmark's own arithmetic: what sysbench and /proc say, and what is made of it."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import micro, plot, report
from benchmarks.__main__ import arguments, pace
from benchmarks.candidates import DBGATE, DIRECT, HAPROXY, POLICY, rules
from benchmarks.load import LoadError, parse, percentiles
from benchmarks.processes import CpuTime
from benchmarks.report import (
    BEGIN,
    END,
    Section,
    read_json,
    replace_measured,
    spread,
    table,
    text,
    write_json,
)
from benchmarks.stage import Column, Measure, ratios
from benchmarks.targets import outcomes
from benchmarks.workloads import QUICK, catalogue
from dbgate.policy.compile import compile_policy
from dbgate.policy.load import parse_policy

SYSBENCH = """
Latency histogram (values are in milliseconds)
       value  ------------- distribution ------------- count
       0.500 |****************************************  50
       0.700 |***********************************       44
       1.550 |***                                       4
       2.000 |*                                         2
SQL statistics:
    queries performed:
        read:                            30123
        total:                           30123
    transactions:                        30123  (10040.91 per sec.)
    queries:                             30123  (10040.91 per sec.)
    ignored errors:                      0      (0.00 per sec.)

General statistics:
    total time:                          3.0000s
    total number of events:              100

Latency (ms):
         min:                                    0.11
         avg:                                    0.79
         95th percentile:                        1.55
"""


def a_run(candidate: str, number: int, rate: float, user: float = 0.0) -> Measure:
    values = {"rate": rate, "p99": 1.0}
    if user:
        values |= {"user_us": user}
    return Measure(candidate=candidate, round=number, values=values)


RUNS = [
    a_run(DIRECT, 0, 1000),
    a_run(HAPROXY, 0, 800, 4),
    a_run(DBGATE, 0, 600, 10),
    a_run(DIRECT, 1, 2000),
    a_run(HAPROXY, 1, 1000, 5),
    a_run(DBGATE, 1, 900, 20),
]
COLUMNS = (Column(key="rate", title="queries/s"), Column(key="user_us", title="user", digits=1))


def a_section(name: str = "point-text-8", measures: list[Measure] = RUNS, compared: bool = True) -> Section:
    return Section(
        name=name,
        title=f"The title of {name}",
        what="what is measured",
        columns=COLUMNS,
        compared=compared,
        measures=measures,
        when="2026-01-01",
        seconds=3.0,
        notes=["a note of its own"],
    )


def growing(*costs: float) -> Section:
    values = {f"us@{10**power}": cost for power, cost in enumerate(costs)}
    runs = [Measure(candidate=name, round=0, values=values) for name in (HAPROXY, DBGATE)]
    return a_section("growth-sessions", runs, compared=False)


def test_sysbench_is_read() -> None:
    load = parse(SYSBENCH, CpuTime(user=1.0))
    assert (load.queries, load.qps, load.events, load.average_ms) == (30123, 10040.91, 100, 0.79)
    assert load.percentiles == {50: 0.5, 95: 1.55, 99: 2.0}
    assert load.cpu.total == 1.0


def test_percentiles_are_the_least_value_that_so_many_did_not_exceed() -> None:
    assert percentiles([(1.0, 95), (2.0, 4), (3.0, 1)]) == {50: 1.0, 95: 1.0, 99: 2.0}
    assert percentiles([]) == {}


def test_errors_and_gaps_are_no_measurement() -> None:
    errors = SYSBENCH.replace("errors:                      0", "errors:                      1")
    with pytest.raises(LoadError, match="met 1 errors"):
        parse(errors, CpuTime())
    assert parse(errors, CpuTime(), retried=True).queries == 30123  # a deadlock in a hundred
    with pytest.raises(LoadError, match="met 12 errors"):
        parse(
            errors.replace("errors:                      1", "errors:                      12"),
            CpuTime(),
            True,
        )
    with pytest.raises(LoadError, match="did not print histogram"):
        parse(SYSBENCH.replace(" |", " :"), CpuTime())
    with pytest.raises(LoadError, match="no query"):
        parse(SYSBENCH.replace("queries:                             30123", "queries:  0"), CpuTime())


def test_ratios_compare_what_ran_side_by_side() -> None:
    assert ratios(RUNS, DBGATE, HAPROXY) == [0.75, 0.9]
    assert spread([3.0, 1.0, 2.0], 1) == "2.0 (1.0–3.0)"
    assert (spread([3.0], 1), spread([])) == ("3.0", "–")


def test_the_table_has_a_row_for_each_candidate() -> None:
    lines = table(a_section()).splitlines()
    assert lines[0] == "| | queries/s | ÷ direct | ÷ HAProxy | user |"
    assert [row.split(" | ")[0] for row in lines[2:]] == ["| direct", "| HAProxy (tcp)", "| dbgate"]
    assert "0.82 (0.75–0.90)" in lines[4] and "15.0 (10.0–20.0)" in lines[4]
    assert lines[2].endswith("| – |")


def test_targets_say_by_how_much_they_are_missed() -> None:
    results = {"point-text-8": RUNS, "growth-sessions": growing(5, 5, 5).measures}
    micro_figures = {
        "decision, 10 rules": 1.0,
        "decision, 1,000 rules": 1.01,
        "gate: a new shape each time": 150.0,
    }
    found = {one.says: one.text() for one in outcomes(results, micro_figures)}
    assert found["rate ≥ 0.95 of HAProxy"] == "**missed by 0.12** (0.82)"
    assert found["user CPU a query ≤ HAProxy's + 5 µs"] == "**missed by 5.50** (15.00)"
    assert found["user µs at the last point ≤ 1.15 × that at the second"] == "met (1.00)"
    assert found["a decision by 1,000 rules ≤ 1.05 × one by 10"] == "met (1.01)"
    assert found["a new point select ≤ 100 µs"] == "**missed by 50.00** (150.00)"


def test_the_other_targets_are_judged_where_there_are_figures() -> None:
    def half(candidate: str, p99: float) -> Measure:
        return Measure(candidate=candidate, round=0, values={"p99": p99})

    results = {
        "warm-exact": [a_run(HAPROXY, 0, 1000), a_run(DBGATE, 0, 1000)],
        "warm-digest": [a_run(HAPROXY, 0, 500), a_run(DBGATE, 0, 475)],
        "idle": [Measure(candidate=DBGATE, round=0, values={"session_kb": 7.0})],
        "half-load": [half(DIRECT, 1.0), half(HAPROXY, 1.5), half(DBGATE, 1.59)],
        "connect": [a_run(HAPROXY, 0, 1000), a_run(DBGATE, 0, 700), a_run("ProxySQL", 0, 1400)],
    }
    found = {one.workload: (one.met, round(one.value, 2)) for one in outcomes(results, {})}
    assert found == {
        "warm-digest": (True, 0.95),
        "idle": (False, 7.0),
        "half-load": (True, 1.59),
        "connect": (False, 0.5),  # behind a rival; its own target comes first
    }


def test_only_the_measured_part_of_the_document_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "_version", lambda *command: "1.2.3")
    document = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    measured = text([a_section()], {"lexer": 1.5}, ["a note"], ["cpu.svg"])
    changed = replace_measured(document, measured)
    assert changed.startswith("before\n") and changed.endswith("\nafter\n")
    assert "old" not in changed and "a note" in changed and "a note of its own" in changed
    assert "#### The title of point-text-8" in changed and "![cpu](images/cpu.svg)" in changed
    assert "- Target rate ≥ 0.95 of HAProxy: **missed by 0.12** (0.82)" in changed
    assert replace_measured(changed, measured).count(BEGIN) == 1
    with pytest.raises(ValueError, match="no place"):
        replace_measured("nothing", "x")
    path = tmp_path / "new" / "runs.json"
    write_json([a_section()], {"lexer": 1.5}, ["a note"], path)
    assert read_json(path) == ([a_section()], {"lexer": 1.5}, ["a note"])


def test_plots_are_written_for_what_has_figures(tmp_path: Path) -> None:
    assert plot.write([], tmp_path) == []
    names = plot.write([a_section(), growing(5, 6, 5)], tmp_path)
    assert names == ["throughput.svg", "cpu.svg", "growth-sessions.svg"]
    for name in names:
        assert ElementTree.parse(tmp_path / name).getroot().tag.endswith("svg")
    assert "0.82" in (tmp_path / "throughput.svg").read_text()


def test_a_run_fits_into_its_time() -> None:
    workloads = catalogue(False)
    rounds, seconds = pace(workloads, 3, 540)
    assert rounds == 3 and 1 <= seconds <= 5
    assert pace(workloads, 3, 1) == (1, 1.0)
    assert pace(workloads[:1], 3, 10_000) == (3, 20.0)


def test_workloads_are_chosen_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert [one.name for one in arguments(["--only", "idle,growth-shapes"]).workloads] == [
        "idle",
        "growth-shapes",
    ]
    assert [one.name for one in arguments(["--quick"]).workloads] == list(QUICK)
    full = [one.name for one in arguments(["--full"]).workloads]
    assert len(full) == len(set(full)) and set(full) > {one.name for one in arguments([]).workloads}
    with pytest.raises(SystemExit):
        arguments(["--only", "nothing"])
    assert "no workload 'nothing'" in capsys.readouterr().err


def test_a_policy_of_many_rules_is_a_policy() -> None:
    many = compile_policy(parse_policy(rules(20)))
    assert len(many.entries) == 10
    assert len(compile_policy(parse_policy(POLICY)).entries) == 1


def test_the_parts_of_a_querys_way_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(micro, "ROUNDS", 2)
    monkeypatch.setattr(micro.best, "__defaults__", (5,))
    assert 0 <= micro.best(lambda n: n) < 1000
    assert 0 < micro.gate(micro.point) < 100_000
    assert min(micro.shell(), micro.packets(), micro.decisions(10)) > 0
    with pytest.raises(AssertionError, match="blocked"):
        micro.gate(lambda n: b"DROP TABLE sbtest1")
